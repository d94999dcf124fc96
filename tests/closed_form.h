/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many A100s instances of given profiles take, from what one sees of its placements:
 * a GPU not taken by 7g is a lower half (4g, 3g, or two quarters) and an upper one (3g, or a
 * quarter and a tail); a quarter holds a 2g, a 1g of two memory slices or two 1g, a tail one
 * of the last two. Nothing is searched but the number of GPUs.
 */
#ifndef TESTS_CLOSED_FORM_H
#define TESTS_CLOSED_FORM_H

#include <stdbool.h>
#include <stdint.h>

/* Do @m A100s hold @d: so many 1g, 2g, 3g, 4g, 7g, and 1g with two memory slices? */
static inline bool closed_form_holds(int64_t m, const int64_t *d)
{
	const int64_t halves = m - d[4], low_3g = d[2] > halves ? d[2] - halves : 0;
	const int64_t low = halves - d[3] - low_3g, high = halves - (d[2] - low_3g);
	const int64_t quarters = 2 * low + high, tails = high;
	const int64_t in_tails = d[5] < tails ? d[5] : tails;
	const int64_t rest = quarters - d[1] - (d[5] - in_tails);

	return halves >= 0 && low >= 0 && d[1] <= quarters && rest >= 0 &&
	       2 * rest + (tails - in_tails) >= d[0];
}

/* The fewest that hold @d. */
static inline int64_t closed_form_gpus(const int64_t *d)
{
	int64_t low = 0, high = d[0] + d[1] + d[2] + d[3] + d[4] + d[5];

	while (low < high) {
		const int64_t m = (low + high) / 2;

		if (closed_form_holds(m, d))
			high = m;
		else
			low = m + 1;
	}
	return low;
}

#endif
