/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/held_account.h"

long account_worth(int held, int names, int devices, int gis)
{
	return ((held * 100L + names) * 100L + devices) * 100L + gis;
}

static long best_cis(const struct mig_profile *p, const struct gi *want, const struct gi *has,
		     int k, unsigned used)
{
	long best = -1;

	if (k == want->n)
		return 0;
	for (int start = 0; start < 8; start++) {
		const struct ci *w = &want->cis[k];
		const unsigned units = span(p->ci[w->kind].size, start);
		long here = 0, rest;

		if (!(p->ci[w->kind].starts >> start & 1) || used & units ||
		    (w->start >= 0 && w->start != start))
			continue;
		for (int i = 0; i < has->n; i++) {
			const struct ci *c = &has->cis[i];

			if (c->kind == w->kind && c->start == start)
				here = account_worth(c->is_held,
						     w->name >= 0 && c->name == w->name, 1, 0);
		}
		rest = best_cis(p, want, has, k + 1, used | units);
		if (rest >= 0 && rest + here > best)
			best = rest + here;
	}
	return best;
}

/* Of the value of want @w in each place: 0 where nothing like it stands. */
struct account {
	const struct gpu *from, *to;
	long at[MIG_UNITS_MAX][MIG_UNITS_MAX];
};

static void weigh(struct account *acc)
{
	for (int w = 0; w < acc->to->n; w++) {
		const struct gi *want = &acc->to->gis[w];
		const struct mig_profile *p = &acc->to->type->profiles[want->kind];

		for (int i = 0; i < acc->from->n; i++) {
			const struct gi *gi = &acc->from->gis[i];
			long *at = &acc->at[w][gi->start];

			if (gi->kind != want->kind)
				continue;
			*at = account_worth(0, 0, 0, 1);
			*at += gi->n ? best_cis(p, want, gi, 0, 0)
				     : account_worth(gi->is_held, 0, 1, 0);
		}
	}
}

static long best_gis(const struct account *acc, int w, unsigned used)
{
	const struct gi *want = &acc->to->gis[w];
	const struct mig_profile *p = &acc->to->type->profiles[want->kind];
	long best = -1;

	if (w == acc->to->n)
		return 0;
	for (int start = 0; start < acc->to->type->units; start++) {
		const unsigned units = span(p->size, start);
		long rest;

		if (!(p->starts >> start & 1) || used & units ||
		    (want->start >= 0 && want->start != start))
			continue;
		rest = best_gis(acc, w + 1, used | units);
		if (rest >= 0 && rest + acc->at[w][start] > best)
			best = rest + acc->at[w][start];
	}
	return best;
}

long account_most_kept(const struct gpu *from, const struct gpu *to)
{
	struct account acc = { from, to, { { 0 } } };

	weigh(&acc);
	return best_gis(&acc, 0, 0);
}

/* --- The nearest target ------------------------------------------------------------- */

bool account_is_held(const struct gi *gi)
{
	bool held = gi->is_held;

	for (int k = 0; k < gi->n; k++)
		held |= gi->cis[k].is_held;
	return held;
}

/* The most compute instances of @want that stand, when those held stay. */
static int most_beside(const struct mig_profile *p, const struct gi *want, const struct gi *has,
		       int k, unsigned used)
{
	int best;

	if (k == want->n)
		return 0;
	best = most_beside(p, want, has, k + 1, used);
	for (int start = 0; start < 8; start++) {
		const struct ci *w = &want->cis[k];
		const unsigned units = span(p->ci[w->kind].size, start);
		bool is_free = !(used & units);
		int n;

		if (!(p->ci[w->kind].starts >> start & 1) ||
		    (w->start >= 0 && w->start != start))
			continue;
		for (int i = 0; i < has->n && is_free; i++) {
			const struct ci *c = &has->cis[i];
			const bool is_it = c->kind == w->kind && c->start == start;

			is_free = !c->is_held || is_it ||
				  !(units & span(p->ci[c->kind].size, c->start));
		}
		if (!is_free)
			continue;
		n = 1 + most_beside(p, want, has, k + 1, used | units);
		best = n > best ? n : best;
	}
	return best;
}

/* The most devices, and then units, of wants from @w on. */
static int best_nearest(const struct gpu *from, const struct gpu *to, int w, unsigned used)
{
	const struct gi *want = &to->gis[w];
	const struct mig_profile *p = &to->type->profiles[want->kind];
	int best;

	if (w == to->n)
		return 0;
	best = best_nearest(from, to, w + 1, used);
	for (int start = 0; start < to->type->units; start++) {
		const unsigned units = span(p->size, start);
		int n = want->n ? want->n : 1, sum;

		if (!(p->starts >> start & 1) || used & units ||
		    (want->start >= 0 && want->start != start))
			continue;
		for (int i = 0; i < from->n; i++) {
			const struct gi *gi = &from->gis[i];

			if (!account_is_held(gi) ||
			    !(units & span(to->type->profiles[gi->kind].size, gi->start)))
				continue;
			if (gi->kind != want->kind || gi->start != start)
				n = 0;
			else
				n = want->n ? most_beside(p, want, gi, 0, 0) : gi->n == 0;
		}
		if (!n)
			continue;
		sum = n * 1000 + p->size + best_nearest(from, to, w + 1, used | units);
		best = sum > best ? sum : best;
	}
	return best;
}

int account_nearest(const struct gpu *from, const struct gpu *to)
{
	return best_nearest(from, to, 0, 0) / 1000;
}
