/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Covers of one workload: numbers n[o] >= 0 of instances with
 *
 *	sum n[o] * rate[o] >= need	and	sum n[o] >= min_instances
 *
 * Is there one whose price is below what is claimed? With u and v >= 0 such that
 * u * rate[o] + v <= price[o] for each option, what is still open of a cover costs at least
 * u * (need that is open) + v * (instances that are open). Mostly that proves the claim
 * at once; otherwise all covers are tried that this does not rule out. u and v may be any
 * such numbers: they are chosen so that little is left to try. They are fractions over @q.
 */
#include "lib/verify/cover.h"

#include <string.h>

enum { STEPS_MAX = 2000000 }; /* for one class */

struct offer {
	int64_t price, rate;
	int option;
};

struct search {
	int n;
	struct offer offers[OPTIONS_MAX]; /* the last is one that u and v price exactly */
	wide u, v, q;
	int64_t counts[OPTIONS_MAX]; /* of the offers, on the way */
	int64_t n_steps, max_steps;
	bool is_too_hard;
};

/* ------------------------------------------------------------ offers */

/* One that costs no more and does no less makes another one superfluous. */
static bool is_dominated(const struct offer *offers, int n, int i)
{
	for (int k = 0; k < n; k++) {
		const bool is_as_good =
			offers[k].price <= offers[i].price && offers[k].rate >= offers[i].rate;
		const bool is_same =
			offers[k].price == offers[i].price && offers[k].rate == offers[i].rate;

		if (k != i && is_as_good && (!is_same || k < i))
			return true;
	}
	return false;
}

static void list_offers(const struct document *doc, const struct cls *cls,
			const struct certificate *cert, struct search *a)
{
	struct offer all[OPTIONS_MAX];

	for (int i = 0; i < cls->n_options; i++) {
		const struct option *o = &doc->options[cls->first + (size_t)i];

		all[i] = (struct offer){ cert->prices[o->pool][o->profile], o->rate, i };
	}
	for (int i = 0; i < cls->n_options; i++) {
		if (!is_dominated(all, cls->n_options, i))
			a->offers[a->n++] = all[i];
	}
}

static int64_t gcd(int64_t a, int64_t b)
{
	while (b) {
		const int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Rates that share a divisor cover in steps of it. Returns the need in these steps. */
static int64_t divide_rates(struct search *a, int64_t need)
{
	int64_t step = 0;

	for (int i = 0; i < a->n; i++)
		step = gcd(a->offers[i].rate, step);
	for (int i = 0; i < a->n; i++)
		a->offers[i].rate /= step;
	return need / step + (need % step > 0);
}

/* ------------------------------------------------------------ u and v */

/* Do u and v price no offer above its price? They are below 2^104, rates below 2^40. */
static bool is_dual(const struct search *a, wide u, wide v, wide q)
{
	if (u < 0 || v < 0)
		return false;
	for (int i = 0; i < a->n; i++) {
		if (u * a->offers[i].rate + v > q * a->offers[i].price)
			return false;
	}
	return true;
}

/* Take these if they are allowed and promise more than what was found before. */
static void try_dual(struct search *a, wide u, wide v, wide q, int64_t need, int64_t instances,
		     double *best)
{
	double worth;

	if (!is_dual(a, u, v, q))
		return;
	worth = ((double)u * (double)need + (double)v * (double)instances) / (double)q;
	if (worth <= *best)
		return;
	*best = worth;
	a->u = u;
	a->v = v;
	a->q = q;
}

/* Only u, only v, or both where two offers meet. Which is taken proves nothing by itself. */
static void choose_dual(struct search *a, int64_t need, int64_t instances)
{
	double best = -1;

	for (int i = 0; i < a->n; i++) {
		const struct offer *x = &a->offers[i];

		try_dual(a, x->price, 0, x->rate, need, instances, &best);
		if (instances <= 1)
			continue;
		try_dual(a, 0, x->price, 1, need, instances, &best);
		for (int k = 0; k < a->n; k++) {
			const struct offer *y = &a->offers[k];

			if (x->rate > y->rate)
				try_dual(a, x->price - y->price,
					 (wide)y->price * x->rate - (wide)x->price * y->rate,
					 x->rate - y->rate, need, instances, &best);
		}
	}
}

/* How much of an offer's price u and v do not account for. */
static wide excess(const struct search *a, const struct offer *o)
{
	return a->q * o->price - a->u * o->rate - a->v;
}

/* The offers of which few can be in a cheap cover come first. */
static void sort_offers(struct search *a)
{
	for (int i = 1; i < a->n; i++) {
		const struct offer o = a->offers[i];
		int at = i;

		for (; at > 0 && excess(a, &a->offers[at - 1]) < excess(a, &o); at--)
			a->offers[at] = a->offers[at - 1];
		a->offers[at] = o;
	}
}

/* ------------------------------------------------------------ the search */

/* Can what is open be had for @left? false, too, where it cannot be told. */
static bool may_cover(struct search *a, wide need, wide instances, wide left)
{
	wide worth = 0;

	if (!mig_verify_add(&worth, a->u, need > 0 ? need : 0) ||
	    !mig_verify_add(&worth, a->v, instances > 0 ? instances : 0)) {
		a->is_too_hard = true;
		return false;
	}
	return left >= 0 && worth <= a->q * left;
}

/* The last offer has to do all that is open. */
static bool cover_by_last(struct search *a, wide need, wide instances, wide left)
{
	const struct offer *o = &a->offers[a->n - 1];
	wide n = need > 0 ? (need + o->rate - 1) / o->rate : 0;

	n = n > instances ? n : instances;
	n = n > 0 ? n : 0;
	if (n > 0 && left / n < o->price)
		return false;
	a->counts[a->n - 1] = (int64_t)n;
	return true;
}

/* Is there a cover for @left with offers from @i on? Its numbers are left in counts. */
static bool find_cover(struct search *a, int i, wide need, wide instances, wide left)
{
	const struct offer *o = &a->offers[i];

	if (i == a->n - 1)
		return cover_by_last(a, need, instances, left);
	for (int64_t n = 0; may_cover(a, need, instances, left); n++) {
		if (++a->n_steps > a->max_steps)
			a->is_too_hard = true;
		if (a->is_too_hard)
			return false;
		a->counts[i] = n;
		if (find_cover(a, i + 1, need, instances, left))
			return true;
		need -= o->rate;
		instances--;
		left -= o->price;
	}
	a->counts[i] = 0;
	return false;
}

static void tell(const struct search *a, struct cheaper *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < a->n; i++) {
		ret->n_instances[a->offers[i].option] = a->counts[i];
		ret->cost += (wide)a->counts[i] * a->offers[i].price;
	}
}

enum cover_answer mig_cover_least(const struct document *doc, const struct cls *cls,
				  const struct certificate *cert, int64_t least, int64_t *steps,
				  struct cheaper *ret)
{
	struct search a;
	int64_t need;
	bool is_found;

	if (least <= 0 || cls->n_options == 0)
		return COVER_HOLDS;
	a.n = 0;
	a.n_steps = 0;
	a.max_steps = *steps < STEPS_MAX ? *steps : STEPS_MAX;
	a.is_too_hard = false;
	list_offers(doc, cls, cert, &a);
	need = divide_rates(&a, cls->need);
	choose_dual(&a, need, cls->min_instances);
	/* What u and v say of all covers: mostly no search is needed. */
	if (!may_cover(&a, need, cls->min_instances, least - 1))
		return a.is_too_hard ? COVER_TOO_HARD : COVER_HOLDS;
	sort_offers(&a);
	memset(a.counts, 0, sizeof(a.counts));
	is_found = find_cover(&a, 0, need, cls->min_instances, least - 1);
	*steps -= a.n_steps;
	if (is_found) {
		tell(&a, ret);
		return COVER_CHEAPER;
	}
	return a.is_too_hard ? COVER_TOO_HARD : COVER_HOLDS;
}
