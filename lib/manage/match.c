/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which compute instances of a GPU instance can stay. A GI has seven at most, so every
 * subset is tried: the largest that the want still has room for wins.
 */
#include "lib/manage/change.h"

static uint16_t slices_of(int start, int size)
{
	return (uint16_t)(((1U << size) - 1U) << start);
}

/* Try to keep just the CIs of @keep. */
static bool try_keep(const struct mig_profile *p, const struct mig_gi *gi,
		     const struct mig_want *want, unsigned keep, struct ci_match *ret)
{
	struct ci_match m = { .keep = keep, .n_kept = __builtin_popcount(keep) };
	bool is_taken[MIG_CIS_MAX] = { false };
	uint16_t used = 0;

	for (int w = 0; w < want->n_ci; w++) {
		bool is_there = false;

		for (int c = 0; c < gi->n_cis && !is_there; c++) {
			if (!(keep >> c & 1) || is_taken[c] ||
			    gi->cis[c].profile != want->ci[w])
				continue;
			is_taken[c] = is_there = true;
		}
		if (!is_there)
			m.make[m.n_make++] = want->ci[w];
	}
	for (int c = 0; c < gi->n_cis; c++) {
		if (!(keep >> c & 1))
			continue;
		if (!is_taken[c] || gi->cis[c].start < 0)
			return false;
		used |= slices_of(gi->cis[c].start, gi->cis[c].size);
	}
	if (mig_ci_place(p, m.make, m.n_make, used, m.start, NULL) < 0)
		return false;
	*ret = m;
	return true;
}

void ci_starts_needed(const struct mig_profile *gi, const uint8_t *cis, int n, int *ret_starts)
{
	bool is_needed = false;
	uint16_t used = 0;

	if (mig_ci_place(gi, cis, n, 0, ret_starts, NULL) < 0)
		n = 0; /* not of a checked request */
	for (int i = 0; i < n && !is_needed; i++) {
		is_needed = mig_ci_best_start(gi, used, cis[i]) != ret_starts[i];
		used |= slices_of(ret_starts[i], gi->ci[cis[i]].size);
	}
	for (int i = 0; i < n && !is_needed; i++)
		ret_starts[i] = -1;
}

struct ci_match ci_match_best(const struct mig_profile *profile, const struct mig_gi *gi,
			      const struct mig_want *want)
{
	struct ci_match best = { .n_kept = -1 }, m;

	/* To keep none is always a way: the want was checked to fit its GI. */
	for (unsigned keep = 0; keep < 1U << gi->n_cis; keep++) {
		if (__builtin_popcount(keep) > best.n_kept &&
		    try_keep(profile, gi, want, keep, &m))
			best = m;
	}
	/* Beside what stays we say where the others go; in an empty GI only if need be. */
	if (best.n_kept == 0)
		ci_starts_needed(profile, best.make, best.n_make, best.start);
	return best;
}
