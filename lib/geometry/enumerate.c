/* SPDX-License-Identifier: Apache-2.0 */
/* All layouts of a GPU, and the order in which starts are preferred. */
#include "lib/geometry/geometry.h"

/* What the allocator tells apart: profiles of one kind take the same units, whatever
 * engines they bring. */
struct kind {
	int compute_slices, size;
	uint16_t starts;
};

static int kinds_of(const struct mig_gpu_type *type, struct kind *kinds)
{
	int n = 0, k;

	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];

		for (k = 0; k < n; k++) {
			if (kinds[k].compute_slices == p->compute_slices &&
			    kinds[k].size == p->size)
				break;
		}
		if (k == n)
			kinds[n++] = (struct kind){ p->compute_slices, p->size, 0 };
		kinds[k].starts |= p->starts;
	}
	return n;
}

/* How many (kind, start) pairs are possible on @free. */
static int capacity(const struct kind *kinds, int n, uint16_t free)
{
	int sum = 0;

	for (int k = 0; k < n; k++)
		sum += __builtin_popcount(kinds[k].starts & mig_unit_runs(free, kinds[k].size));
	return sum;
}

int mig_layout_ranked_starts(const struct mig_layout *lay, int profile, uint8_t *ret)
{
	const uint16_t free = mig_free_units(lay);
	uint16_t open = mig_layout_starts(lay, profile);
	struct kind kinds[MIG_PROFILES_MAX];
	int left[MIG_UNITS_MAX], n_kinds, n = 0, at;

	if (!open)
		return 0;
	n_kinds = kinds_of(lay->type, kinds);
	for (; open; open = mig_units_but_first(open), n++) {
		const int start = __builtin_ctz(open);
		const uint16_t taken = mig_unit_span(lay->type->profiles[profile].size, start);
		const int after = capacity(kinds, n_kinds, free & (uint16_t)~taken);

		/* Starts come in increasing order, so a later equal stays behind. */
		for (at = n; at > 0 && left[at - 1] < after; at--) {
			left[at] = left[at - 1];
			ret[at] = ret[at - 1];
		}
		left[at] = after;
		ret[at] = (uint8_t)start;
	}
	return n;
}

int mig_layout_best_start(const struct mig_layout *lay, int profile)
{
	uint8_t starts[MIG_UNITS_MAX];

	return mig_layout_ranked_starts(lay, profile, starts) > 0 ? starts[0] : -1;
}

struct walk {
	uint32_t profiles;
	int (*visit)(const struct mig_layout *lay, void *arg);
	void *arg;
};

/*
 * Visit @lay, then every layout that has one or more instances beside @lay's, all of them
 * from unit @from on. Instances are added from low units to high ones only, so that every
 * layout is reached by one way.
 */
static int walk_from(const struct walk *w, const struct mig_layout *lay, int from)
{
	int rc = w->visit(lay, w->arg);

	for (int i = 0; i < lay->type->n_profiles && rc == 0; i++) {
		uint16_t open = (w->profiles >> i & 1) ? mig_layout_starts(lay, i) : 0;

		for (open &= mig_units_from(from); open && rc == 0;
		     open = mig_units_but_first(open)) {
			const int start = __builtin_ctz(open);
			struct mig_layout next = *lay;

			if (mig_layout_add(&next, i, start, NULL) == 0)
				rc = walk_from(w, &next, start + lay->type->profiles[i].size);
		}
	}
	return rc;
}

int mig_layout_each_beside(const struct mig_layout *lay, uint32_t profiles,
			   int (*visit)(const struct mig_layout *lay, void *arg), void *arg)
{
	const struct walk w = { .profiles = profiles, .visit = visit, .arg = arg };

	return walk_from(&w, lay, 0);
}

int mig_layout_each(const struct mig_gpu_type *type, uint32_t profiles,
		    int (*visit)(const struct mig_layout *lay, void *arg), void *arg)
{
	const struct mig_layout lay = mig_layout_empty(type);

	return mig_layout_each_beside(&lay, profiles, visit, arg);
}
