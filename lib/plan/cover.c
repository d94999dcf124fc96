/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/cover.h"

#include <string.h>

/* An option that may be in a least cover. */
struct choice {
	int option;
	int64_t rate, price;
	double loss; /* what an instance costs beyond the best price of its rate */
};

struct search {
	struct plan_cover_search *s;
	struct choice choices[MIG_PLAN_OPTIONS_MAX + 1]; /* the best a rate last */
	int n;
	double best_price; /* of a unit of rate */
	int64_t now[MIG_PLAN_OPTIONS_MAX];
	int64_t n_nodes;
};

static int64_t ceil_div(int64_t a, int64_t b)
{
	return a <= 0 ? 0 : (a - 1) / b + 1;
}

int64_t plan_cover_most(const struct mig_plan_class *c)
{
	int64_t most = c->min_instances;

	for (int o = 0; o < c->n_options; o++) {
		const int64_t n = ceil_div(c->need, c->options[o].rate);

		most = n > most ? n : most;
	}
	return most + 1;
}

/* Is another option as good and as cheap? Of equals the first stays. */
static bool is_beaten(const struct plan_cover_search *s, int o)
{
	const struct mig_plan_option *opt = s->cls->options;

	for (int i = 0; i < s->cls->n_options; i++) {
		if (i != o && opt[i].rate >= opt[o].rate && s->prices[i] <= s->prices[o] &&
		    (opt[i].rate > opt[o].rate || s->prices[i] < s->prices[o] || i < o))
			return true;
	}
	return false;
}

static void take_choices(struct search *a)
{
	const struct plan_cover_search *s = a->s;
	int best = 0;

	for (int o = 0; o < s->cls->n_options; o++) {
		struct choice *c = &a->choices[a->n];

		if (is_beaten(s, o))
			continue;
		*c = (struct choice){ o, s->cls->options[o].rate, s->prices[o], 0 };
		if ((double)c->price * (double)a->choices[best].rate <
		    (double)a->choices[best].price * (double)c->rate)
			best = a->n;
		a->n++;
	}
	a->best_price = (double)a->choices[best].price / (double)a->choices[best].rate;
	for (int i = 0; i < a->n; i++)
		a->choices[i].loss = (double)a->choices[i].price -
				     a->best_price * (double)a->choices[i].rate;
	/* The best goes last: what the others leave is its own, without a search. */
	a->choices[a->n] = a->choices[best];
	memmove(&a->choices[best], &a->choices[best + 1],
		(size_t)(a->n - best) * sizeof(a->choices[0]));
}

/* The more an option loses, the earlier it is decided: few of it are worth a try. */
static void sort_choices(struct search *a)
{
	for (int i = 1; i < a->n - 1; i++) {
		const struct choice c = a->choices[i];
		int at = i;

		for (; at > 0 && a->choices[at - 1].loss < c.loss; at--)
			a->choices[at] = a->choices[at - 1];
		a->choices[at] = c;
	}
}

/* Can what costs @cost and lacks @need still beat the best? Never says no wrongly: doubles
 * are off by less than the margin, and costs are whole. */
static bool is_hopeless(const struct search *a, int64_t cost, int64_t need)
{
	const double rest = need > 0 ? a->best_price * (double)need : 0;

	return ((double)cost + rest) * (1 - 1e-13) > (double)a->s->cost - 0.5;
}

static void finish(struct search *a, int64_t cost, int64_t need, int64_t instances)
{
	const struct choice *c = &a->choices[a->n - 1];
	const int64_t by_rate = ceil_div(need, c->rate);
	const int64_t n = by_rate > instances ? by_rate : instances;

	cost += n * c->price;
	if (cost >= a->s->cost)
		return;
	a->now[a->n - 1] = n;
	a->s->cost = cost;
	memset(a->s->n, 0, sizeof(a->s->n));
	for (int i = 0; i < a->n; i++)
		a->s->n[a->choices[i].option] = a->now[i];
}

/* Decide choice @at and all behind it; @need and @instances are still lacking, or <= 0. */
static void decide(struct search *a, int at, int64_t cost, int64_t need, int64_t instances)
{
	const struct choice *c = &a->choices[at];

	if (at == a->n - 1) {
		finish(a, cost, need, instances);
		return;
	}
	for (int64_t n = 0;; n++) {
		if (is_hopeless(a, cost, need) || ++a->n_nodes > a->s->max_nodes)
			return;
		a->now[at] = n;
		decide(a, at + 1, cost, need, instances);
		if (need <= 0 && instances <= 0)
			return;
		cost += c->price;
		need -= c->rate;
		instances--;
	}
}

/* What no cover can be cheaper than, whatever is combined. */
static int64_t relaxed_cost(const struct search *a)
{
	const struct choice *best = &a->choices[a->n - 1];
	const plan_wide by_rate =
		((plan_wide)a->s->cls->need * best->price + best->rate - 1) / best->rate;
	int64_t least = a->choices[0].price;

	for (int i = 1; i < a->n; i++)
		least = a->choices[i].price < least ? a->choices[i].price : least;
	least *= a->s->cls->min_instances;
	return by_rate > least ? (int64_t)by_rate : least;
}

void plan_cover_least(struct plan_cover_search *s)
{
	struct search a = { .s = s };

	s->cost = INT64_MAX;
	a.n = 0;
	take_choices(&a);
	sort_choices(&a);
	decide(&a, 0, 0, s->cls->need, s->cls->min_instances);
	s->least = s->cost;
	if (a.n_nodes > s->max_nodes) {
		const int64_t relaxed = relaxed_cost(&a);

		s->least = relaxed < s->cost ? relaxed : s->cost;
	}
}
