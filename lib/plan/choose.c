/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linear program mixes the covers of a few price vectors. A class with many workloads
 * is split among them in that proportion; what cannot be split is given so that the running
 * sums of demand stay near where the mix would have them.
 */
#include "lib/plan/choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/cover.h"

enum {
	MIXED_MAX = 64, /* cuts that are mixed; a basis has no more than it has rows */
	BIG_COVER = 24, /* instances from which on one cover is itself a mix */
};

bool plan_choice_open(struct plan_choice *c, const struct plan_model *m)
{
	*c = (struct plan_choice){ 0 };
	c->demand = calloc((size_t)m->n_items + 1, sizeof(int64_t));
	return c->demand;
}

void plan_choice_close(struct plan_choice *c)
{
	free(c->chosen);
	free(c->n);
	free(c->demand);
	*c = (struct plan_choice){ 0 };
}

static bool make_room(struct plan_choice *c, int n_options)
{
	void *grown;

	if (c->n_chosen == c->room_chosen) {
		const int room = c->room_chosen * 2 + 64;

		grown = realloc(c->chosen, (size_t)room * sizeof(c->chosen[0]));
		if (!grown)
			return false;
		c->chosen = grown;
		c->room_chosen = room;
	}
	if (c->n_numbers + n_options > c->room_numbers) {
		const int64_t room = c->room_numbers * 2 + n_options + 256;

		grown = realloc(c->n, (size_t)room * sizeof(c->n[0]));
		if (!grown)
			return false;
		c->n = grown;
		c->room_numbers = room;
	}
	return true;
}

static int item_of(const struct plan_model *m, const struct mig_plan_option *o)
{
	return m->item_of[o->pool][o->profile];
}

bool plan_choice_add(struct plan_choice *c, const struct plan_model *m, int cls, int64_t count,
		     const int64_t *n)
{
	const struct mig_plan_class *k = &m->problem->classes[cls];

	if (count == 0)
		return true;
	if (!make_room(c, k->n_options))
		return false;
	c->chosen[c->n_chosen++] = (struct plan_chosen){ cls, count, c->n_numbers };
	for (int o = 0; o < k->n_options; o++) {
		const int item = item_of(m, &k->options[o]);

		c->n[c->n_numbers++] = n[o];
		c->demand[item] += count * n[o];
		c->units += count * n[o] * m->items[item].size;
	}
	return true;
}

static int compare_chosen(const void *va, const void *vb)
{
	const struct plan_chosen *a = va, *b = vb;

	if (a->cls != b->cls)
		return a->cls < b->cls ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

void plan_choice_tidy(struct plan_choice *c)
{
	int n = 0;

	for (int i = 0; i < c->n_chosen; i++) {
		if (c->chosen[i].count > 0)
			c->chosen[n++] = c->chosen[i];
	}
	c->n_chosen = n;
	if (n > 0)
		qsort(c->chosen, (size_t)n, sizeof(c->chosen[0]), compare_chosen);
}

/* A cover that the mix has for a class. */
struct part {
	double weight;
	int64_t n[MIG_PLAN_OPTIONS_MAX];
	int64_t given; /* workloads that got it */
};

struct choosing {
	struct plan_choice *out;
	const struct plan_stage *s;
	int n_mixed;
	int mixed[MIXED_MAX]; /* indices of cuts */
	double *off;          /* of each item: demand so far, less what the mix wants */
	double *worth;        /* of each item: how much being off matters */
	struct part parts[MIXED_MAX];
	int n_parts;
	bool is_staying; /* what serves a class now is taken first, held or not */
};

static void find_mixed(struct choosing *a)
{
	const struct plan_stage *s = a->s;
	int best = s->n_cuts - 1;

	for (int c = 0; c < s->n_cuts; c++) {
		if (s->cuts[c].weight > s->cuts[best].weight)
			best = c;
		if (s->cuts[c].weight > 1e-9 && a->n_mixed < MIXED_MAX)
			a->mixed[a->n_mixed++] = c;
	}
	if (a->n_mixed == 0)
		a->mixed[a->n_mixed++] = best;
}

static void least_cover(const struct choosing *a, const struct mig_plan_class *c,
			const int64_t *item_prices, struct plan_cover_search *search)
{
	int64_t prices[MIG_PLAN_OPTIONS_MAX];

	for (int o = 0; o < c->n_options; o++)
		prices[o] = item_prices[item_of(a->s->m, &c->options[o])];
	search->cls = c;
	search->prices = prices;
	search->max_nodes = a->s->max_nodes;
	plan_cover_least(search);
}

/* The different covers of a class in the mix. */
static void find_parts(struct choosing *a, const struct mig_plan_class *c)
{
	const size_t size = (size_t)c->n_options * sizeof(int64_t);
	double sum = 0;

	a->n_parts = 0;
	for (int i = 0; i < a->n_mixed; i++) {
		const struct plan_cut *cut = &a->s->cuts[a->mixed[i]];
		struct plan_cover_search search;
		int at = 0;

		least_cover(a, c, cut->prices, &search);
		while (at < a->n_parts && memcmp(a->parts[at].n, search.n, size) != 0)
			at++;
		if (at == a->n_parts) {
			a->n_parts++;
			a->parts[at].weight = 0;
			a->parts[at].given = 0;
			memcpy(a->parts[at].n, search.n, size);
		}
		a->parts[at].weight += cut->weight;
		sum += cut->weight;
	}
	for (int i = 0; i < a->n_parts; i++)
		a->parts[i].weight = sum > 0 ? a->parts[i].weight / sum : 1.0 / a->n_parts;
}

/* The demand so far grows by @count covers of @n, or, with a negative one, shrinks. */
static void move_off(struct choosing *a, const struct mig_plan_class *c, const int64_t *n,
		     double count)
{
	for (int o = 0; o < c->n_options; o++)
		a->off[item_of(a->s->m, &c->options[o])] += (double)n[o] * count;
}

/* How far off all would be with one more of these. */
static double distance(const struct choosing *a, const struct mig_plan_class *c,
		       const int64_t *n)
{
	double sum = 0;

	for (int o = 0; o < c->n_options; o++) {
		const int item = item_of(a->s->m, &c->options[o]);
		const double before = a->off[item] * a->worth[item];
		const double after = (a->off[item] + (double)n[o]) * a->worth[item];

		sum += after * after - before * before;
	}
	return sum;
}

/* One workload that is large: so much of each cover as the mix says, and the least cover of
 * what is lacking then. */
static void blend(struct choosing *a, const struct mig_plan_class *c, int64_t *ret)
{
	struct mig_plan_class rest = *c;
	struct plan_cover_search search;

	for (int o = 0; o < c->n_options; o++) {
		double sum = 0;

		for (int i = 0; i < a->n_parts; i++)
			sum += a->parts[i].weight * (double)a->parts[i].n[o];
		/* Room for the search to choose what is best for the last few. */
		ret[o] = sum > 2 ? (int64_t)(sum - 1) : 0;
		rest.need -= ret[o] * c->options[o].rate;
		rest.min_instances -= ret[o];
	}
	if (rest.need <= 0 && rest.min_instances <= 0)
		return;
	rest.need = rest.need > 0 ? rest.need : 1;
	rest.min_instances = rest.min_instances > 0 ? rest.min_instances : 0;
	least_cover(a, &rest, a->s->best.items, &search);
	for (int o = 0; o < c->n_options; o++)
		ret[o] += search.n[o];
}

static bool is_big(const struct choosing *a, const struct mig_plan_class *c)
{
	int64_t sum = 0;

	for (int o = 0; o < c->n_options; o++)
		sum += a->parts[0].n[o];
	return sum > BIG_COVER && a->n_parts > 1;
}

static const int64_t *nearest_part(const struct choosing *a, const struct mig_plan_class *c)
{
	const int64_t *best = a->parts[0].n;
	double least = HUGE_VAL;

	for (int i = 0; i < a->n_parts; i++) {
		const double d = distance(a, c, a->parts[i].n);

		if (d < least) {
			least = d;
			best = a->parts[i].n;
		}
	}
	return best;
}

/* The option of the highest rate of which there is stock, or -1. */
static int best_in_stock(const struct mig_plan_class *c, const int64_t *stock,
			 const int64_t *taken)
{
	int best = -1;

	for (int o = 0; o < c->n_options; o++) {
		if (stock[o] > taken[o] &&
		    (best < 0 || c->options[o].rate > c->options[best].rate))
			best = o;
	}
	return best;
}

/* One workload served from stock, and by its least cover beyond that. */
static void cover_from_stock(const struct choosing *a, const struct mig_plan_class *c,
			     const int64_t *stock, int64_t *ret)
{
	struct mig_plan_class rest = *c;
	struct plan_cover_search search;
	int o;

	memset(ret, 0, (size_t)c->n_options * sizeof(ret[0]));
	while ((rest.need > 0 || rest.min_instances > 0) &&
	       (o = best_in_stock(c, stock, ret)) >= 0) {
		const int64_t by_rate =
			rest.need > 0 ? (rest.need - 1) / c->options[o].rate + 1 : 0;
		int64_t n = by_rate > rest.min_instances ? by_rate : rest.min_instances;

		n = n < stock[o] - ret[o] ? n : stock[o] - ret[o];
		ret[o] += n;
		rest.need -= n * c->options[o].rate;
		rest.min_instances -= n;
	}
	if (rest.need <= 0 && rest.min_instances <= 0)
		return;
	rest.need = rest.need > 0 ? rest.need : 1;
	rest.min_instances = rest.min_instances > 0 ? rest.min_instances : 0;
	least_cover(a, &rest, a->s->best.items, &search);
	for (o = 0; o < c->n_options; o++)
		ret[o] += search.n[o];
}

/* Serve workloads from the instances that are there, while there are any; @left is what
 * remains of them. */
static int use_stock(struct choosing *a, int cls, int64_t *left)
{
	const struct plan_model *m = a->s->m;
	const struct mig_plan_class *c = &m->problem->classes[cls];
	const int64_t *there = (a->is_staying ? m->standing : m->held) + m->first_option[cls];
	int64_t stock[MIG_PLAN_OPTIONS_MAX], n[MIG_PLAN_OPTIONS_MAX];
	const int64_t none[MIG_PLAN_OPTIONS_MAX] = { 0 };

	memcpy(stock, there, (size_t)c->n_options * sizeof(stock[0]));
	while (*left > 0 && best_in_stock(c, stock, none) >= 0) {
		int64_t times = *left;

		cover_from_stock(a, c, stock, n);
		for (int o = 0; o < c->n_options; o++) {
			if (n[o] > 0 && stock[o] < n[o] * times)
				times = stock[o] / n[o];
		}
		times = times > 0 ? times : 1;
		for (int o = 0; o < c->n_options; o++)
			stock[o] = stock[o] > n[o] * times ? stock[o] - n[o] * times : 0;
		move_off(a, c, n, (double)times);
		*left -= times;
		if (!plan_choice_add(a->out, m, cls, times, n))
			return -MIG_E_NOMEM;
	}
	return 0;
}

static int choose_class(struct choosing *a, int cls)
{
	const struct mig_plan_class *c = &a->s->m->problem->classes[cls];
	int64_t left = c->count, blended[MIG_PLAN_OPTIONS_MAX];
	bool is_blended;

	find_parts(a, c);
	for (int i = 0; i < a->n_parts; i++)
		move_off(a, c, a->parts[i].n, -a->parts[i].weight * (double)c->count);
	if (use_stock(a, cls, &left) < 0)
		return -MIG_E_NOMEM;
	for (int i = 0; i < a->n_parts; i++) {
		const int64_t n = lp_below(a->parts[i].weight * (double)c->count + 1e-9);

		a->parts[i].given = n < left ? n : left;
		left -= a->parts[i].given;
		move_off(a, c, a->parts[i].n, (double)a->parts[i].given);
	}
	is_blended = left > 0 && is_big(a, c);
	if (is_blended) {
		blend(a, c, blended);
		move_off(a, c, blended, (double)left);
		if (!plan_choice_add(a->out, a->s->m, cls, left, blended))
			return -MIG_E_NOMEM;
		left = 0;
	}
	for (; left > 0; left--) {
		const int64_t *n = nearest_part(a, c);

		for (int i = 0; i < a->n_parts; i++)
			a->parts[i].given += a->parts[i].n == n;
		move_off(a, c, n, 1);
	}
	for (int i = 0; i < a->n_parts; i++) {
		if (!plan_choice_add(a->out, a->s->m, cls, a->parts[i].given, a->parts[i].n))
			return -MIG_E_NOMEM;
	}
	return 0;
}

/* Being off is bad in proportion to price; variants see prices a little differently. */
static void set_worth(struct choosing *a, unsigned variant)
{
	const struct plan_model *m = a->s->m;
	uint64_t seed = variant * UINT64_C(0x9e3779b97f4a7c15);

	for (int r = 0; r < m->n_items; r++) {
		a->worth[r] = (double)m->items[r].size /
			      m->problem->pools[m->items[r].pool].type->units;
		if (variant > 0) {
			seed = seed * UINT64_C(6364136223846793005) +
			       UINT64_C(1442695040888963407);
			a->worth[r] *= 0.5 + (double)(seed >> 40) / (double)(1 << 24);
			a->off[r] = (double)(seed >> 20 & 0xffff) / 0x8000 - 1;
		}
	}
}

/* What is held beyond what its class takes is of no use to others: it is a demand too. */
static int add_unused_held(struct plan_choice *c, const struct plan_model *m)
{
	const struct mig_plan_problem *p = m->problem;
	const int64_t n_options = p->n_classes > 0
					  ? m->first_option[p->n_classes - 1] +
						    p->classes[p->n_classes - 1].n_options
					  : 0;
	int64_t *taken;

	if (p->n_present == 0)
		return 0;
	taken = calloc((size_t)n_options + 1, sizeof(int64_t));
	if (!taken)
		return -MIG_E_NOMEM;
	for (int i = 0; i < c->n_chosen; i++) {
		const struct plan_chosen *k = &c->chosen[i];

		for (int o = 0; o < p->classes[k->cls].n_options; o++)
			taken[m->first_option[k->cls] + o] += k->count * c->n[k->first + o];
	}
	for (int k = 0; k < p->n_classes; k++) {
		for (int o = 0; o < p->classes[k].n_options; o++) {
			const int64_t at = m->first_option[k] + o;
			const int item = item_of(m, &p->classes[k].options[o]);

			if (m->held[at] <= taken[at])
				continue;
			c->demand[item] += m->held[at] - taken[at];
			c->units += (m->held[at] - taken[at]) * m->items[item].size;
		}
	}
	free(taken);
	return 0;
}

int plan_choose(struct plan_choice *c, const struct plan_stage *s, unsigned variant)
{
	struct choosing *a = calloc(1, sizeof(*a));
	int rc = -MIG_E_NOMEM;

	if (!a)
		return rc;
	*a = (struct choosing){ .out = c, .s = s, .is_staying = variant & PLAN_STAY };
	variant &= PLAN_STAY - 1;
	a->off = calloc((size_t)s->m->n_items + 1, sizeof(double));
	a->worth = calloc((size_t)s->m->n_items + 1, sizeof(double));
	if (a->off && a->worth) {
		rc = 0;
		set_worth(a, variant);
		find_mixed(a);
	}
	for (int k = 0; k < s->m->problem->n_classes && rc == 0; k++) {
		const struct mig_plan_class *cls = &s->m->problem->classes[k];

		if (cls->count > 0 && cls->n_options > 0)
			rc = choose_class(a, k);
	}
	free(a->off);
	free(a->worth);
	free(a);
	return rc < 0 ? rc : add_unused_held(c, s->m);
}
