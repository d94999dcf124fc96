/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a GPU instance is split into compute instances. It is the geometry of a GPU once
 * more, with compute slices for units and nothing but them to share out.
 */
#include "lib/geometry/geometry.h"

#include <string.h>

#include "shared/text.h"

/* The places of a GPU instance: as many as its widest compute instance has. Not its
 * compute slices: the only one of a 1g with two memory slices is two long. */
static uint16_t places(const struct mig_profile *gi)
{
	uint16_t all = 0;

	for (int i = 0; i < gi->n_ci; i++) {
		const struct mig_ci_profile *c = &gi->ci[i];
		const int last = c->starts ? 31 - __builtin_clz(c->starts) : 0;

		all |= mig_unit_span(c->size, 0);
		all |= mig_unit_span(c->size, last);
	}
	return all;
}

static uint16_t open_starts(const struct mig_profile *gi, uint16_t free, int ci)
{
	const struct mig_ci_profile *c = &gi->ci[ci];

	return (c->starts ? c->starts : mig_units_from(0)) & mig_unit_runs(free, c->size);
}

uint16_t mig_ci_starts(const struct mig_profile *gi, uint16_t used, int ci)
{
	if (ci < 0 || ci >= gi->n_ci)
		return 0;
	return open_starts(gi, places(gi) & (uint16_t)~used, ci);
}

/* mig_ci_starts() with the best first; returns how many there are. */
static int ranked_starts(const struct mig_profile *gi, uint16_t used, int ci, uint8_t *ret)
{
	const uint16_t free = places(gi) & (uint16_t)~used;
	uint16_t open = mig_ci_starts(gi, used, ci);
	int left[MIG_UNITS_MAX], n = 0, at;

	for (; open; open = mig_units_but_first(open), n++) {
		const int start = __builtin_ctz(open);
		const uint16_t taken = mig_unit_span(gi->ci[ci].size, start);
		int after = 0;

		for (int i = 0; i < gi->n_ci; i++)
			after +=
				__builtin_popcount(open_starts(gi, free & (uint16_t)~taken, i));
		for (at = n; at > 0 && left[at - 1] < after; at--) {
			left[at] = left[at - 1];
			ret[at] = ret[at - 1];
		}
		left[at] = after;
		ret[at] = (uint8_t)start;
	}
	return n;
}

int mig_ci_best_start(const struct mig_profile *gi, uint16_t used, int ci)
{
	uint8_t starts[MIG_UNITS_MAX];

	return ranked_starts(gi, used, ci, starts) > 0 ? starts[0] : -1;
}

/* Where a want's compute instance may begin while @free is free. */
static uint16_t want_starts(const struct mig_profile *gi, const struct mig_want *want, int i,
			    uint16_t free)
{
	const uint16_t open = open_starts(gi, free, want->ci[i]);
	const int start = want->ci_start[i];

	if (start < 0)
		return open;
	return start < MIG_UNITS_MAX ? open & mig_unit_span(1, start) : 0;
}

/* Do the compute instances of a want from @from on fit? */
static bool rest_fits(const struct mig_profile *gi, const struct mig_want *want, int from,
		      uint16_t used)
{
	const uint16_t free = places(gi) & (uint16_t)~used;
	struct mig_piece pieces[MIG_CI_PROFILES_MAX];
	int n = 0;

	for (int i = from; i < want->n_ci; i++)
		pieces[n++] = (struct mig_piece){ want_starts(gi, want, i, free),
						  (uint8_t)gi->ci[want->ci[i]].size };
	return mig_pieces_fit(pieces, n, free);
}

/* The profile that a want has more of than a GPU instance may hold, or -1. */
static int too_many(const struct mig_profile *gi, const struct mig_want *want)
{
	int count[MIG_CI_PROFILES_MAX] = { 0 };

	for (int i = 0; i < want->n_ci; i++) {
		const int max = gi->ci[want->ci[i]].max_count;

		if (++count[want->ci[i]] > max && max >= 0)
			return want->ci[i];
	}
	return -1;
}

static int refuse(const struct mig_profile *gi, const struct mig_want *want,
		  struct mig_error *err)
{
	const int many = too_many(gi, want);
	char names[512] = "";

	if (many >= 0)
		return mig_fail(err, MIG_E_NOSPACE, "a %s holds at most %d of %s", gi->name,
				gi->ci[many].max_count, gi->ci[many].name);
	for (int i = 0; i < want->n_ci; i++) {
		text_append(names, sizeof(names), "%s%s", i ? ", " : "",
			    gi->ci[want->ci[i]].name);
		if (want->ci_start[i] >= 0)
			text_append(names, sizeof(names), " at slice %d", want->ci_start[i]);
	}
	return mig_fail(err, MIG_E_NOSPACE, "the compute slices of a %s do not hold %s",
			gi->name, names);
}

int mig_want_place(const struct mig_profile *gi, const struct mig_want *want, uint16_t used,
		   int *ret_starts, struct mig_error *err)
{
	int starts[MIG_CI_PROFILES_MAX];
	uint8_t ranked[MIG_UNITS_MAX];

	if (want->n_ci > MIG_CI_PROFILES_MAX)
		return mig_fail(err, MIG_E_INVAL, "a %s with %d compute instances", gi->name,
				want->n_ci);
	for (int i = 0; i < want->n_ci; i++) {
		if (want->ci[i] >= gi->n_ci)
			return mig_fail(err, MIG_E_INVAL,
					"%s has no compute instance profile %d", gi->name,
					want->ci[i]);
	}
	if (too_many(gi, want) >= 0 || !rest_fits(gi, want, 0, used))
		return refuse(gi, want, err);

	for (int i = 0; i < want->n_ci; i++) {
		const int size = gi->ci[want->ci[i]].size;
		const int n_ranked = ranked_starts(gi, used, want->ci[i], ranked);
		int k = 0;

		while (k < n_ranked - 1 &&
		       ((want->ci_start[i] >= 0 && want->ci_start[i] != ranked[k]) ||
			!rest_fits(gi, want, i + 1, used | mig_unit_span(size, ranked[k]))))
			k++;
		starts[i] = ranked[k];
		used |= mig_unit_span(size, ranked[k]);
	}
	if (ret_starts)
		memcpy(ret_starts, starts, (size_t)want->n_ci * sizeof(starts[0]));
	return 0;
}

int mig_ci_place(const struct mig_profile *gi, const uint8_t *cis, int n, uint16_t used,
		 int *ret_starts, struct mig_error *err)
{
	struct mig_want want = mig_want_empty(0, -1);

	if (n > MIG_CI_PROFILES_MAX)
		return mig_fail(err, MIG_E_NOSPACE, "a %s holds no %d compute instances",
				gi->name, n);
	memcpy(want.ci, cis, (size_t)n);
	want.n_ci = (uint8_t)n;
	return mig_want_place(gi, &want, used, ret_starts, err);
}
