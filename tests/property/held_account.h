/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPUs with holders and names as plain values, and the account of what a change of one keeps: it
 * puts every want into every place. It shares no code with lib/manage.
 */
#ifndef TESTS_HELD_ACCOUNT_H
#define TESTS_HELD_ACCOUNT_H

#include <mig/device.h>

/* A MIG device that stands, or is wanted; start -1: anywhere. */
struct ci {
	int kind, start;
	int name; /* -1: none */
	bool is_held, is_gone;
	int step; /* that made it, or -1 */
};

struct gi {
	int kind, start, n;
	struct ci cis[MIG_CIS_MAX];
	bool is_held, is_gone; /* is_held: without compute instances */
	int step;
};

struct gpu {
	const struct mig_gpu_type *type;
	int n;
	struct gi gis[2 * MIG_UNITS_MAX];
};

/** span - the set of @size units from @start. */
static inline unsigned span(int size, int start)
{
	return ((1U << size) - 1) << start;
}

/** account_worth - what is kept, as a number, the weightier first: held, names that are wanted,
 *  MIG devices, GPU instances. */
long account_worth(int held, int names, int devices, int gis);

/** account_most_kept - the most of @from, as account_worth(), that can be kept on the way to @to. */
long account_most_kept(const struct gpu *from, const struct gpu *to);

/** account_is_held - is a GPU instance held, or anything in it? */
bool account_is_held(const struct gi *gi);

/** account_nearest - the most MIG devices of @to that can stand beside what is held of @from. */
int account_nearest(const struct gpu *from, const struct gpu *to);

#endif
