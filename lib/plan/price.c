/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/cover.h"
#include "shared/cleanup.h"

enum {
	MAX_ROUNDS = 2000,
	MAX_IDLE = 30,   /* rounds that teach nothing */
	PRICE_BITS = 40, /* a price is a whole number of 2^-40 of a GPU's cost, at best */
	SUM_BITS = 60,   /* no cover costs more than 2^60 */
};

static int no_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
}

/* The most that one GPU adds to a goal: costs are divided by it. */
static double scale_of(const struct plan_model *m, enum mig_plan_goal goal)
{
	double most = 1;

	for (int t = 0; goal == MIG_PLAN_MONEY && t < m->problem->n_pools; t++)
		most = lp_larger(most, (double)m->problem->pools[t].price_uusd_per_h);
	return most;
}

/* What all values of a goal are multiples of. */
static int64_t step_of(const struct plan_model *m, enum mig_plan_goal goal)
{
	int64_t step = 0;

	for (int t = 0; goal == MIG_PLAN_MONEY && t < m->problem->n_pools; t++) {
		int64_t a = m->problem->pools[t].price_uusd_per_h;

		while (a != 0) {
			const int64_t rest = step % a;

			step = a;
			a = rest;
		}
	}
	return step > 0 ? step : 1;
}

/* The largest denominator with which no cover's price passes 2^60. */
static int choose_denominator(struct plan_stage *s, struct mig_error *err)
{
	const double scale = s->scales[s->goal];
	double most = 1, room;

	for (int k = 0; k < s->m->problem->n_classes; k++)
		most = lp_larger(most, (double)plan_cover_most(&s->m->problem->classes[k]));
	/* An item may be dearer than a GPU where GPUs are short, and have dear units besides. */
	room = lp_smaller(ldexp(1, SUM_BITS) / (most * 2048), ldexp(1, PRICE_BITS));
	if (room < scale)
		return mig_fail(err, MIG_E_INVAL,
				"plan: the largest price times the most instances of one "
				"workload is beyond 64 bits");
	s->denominator = (int64_t)(room / scale);
	return 0;
}

/* ------------------------------------------------------------ the linear program */

static int number_rows(struct plan_stage *s)
{
	const struct plan_model *m = s->m;
	int n = m->n_items;

	s->state_row = n;
	n += m->n_sources - m->problem->n_pools; /* the fresh sources stand last */
	for (int t = 0; t < m->problem->n_pools; t++) {
		const bool is_limited = m->usable[t] != MIG_PLAN_UNLIMITED;

		s->usable_row[t] = is_limited ? n++ : -1;
		s->fresh_row[t] = is_limited ? n++ : -1;
	}
	s->budget_row = n;
	n += s->goal;
	s->convex_row = n++;
	return n;
}

static void set_rows(struct plan_stage *s)
{
	const struct plan_model *m = s->m;

	for (int r = 0; r < m->n_items; r++)
		lp_row(&s->lp, r, LP_MORE, 0);
	for (int i = 0; i < m->n_sources - m->problem->n_pools; i++)
		lp_row(&s->lp, s->state_row + i, LP_EQUAL, (double)m->sources[i].count);
	for (int t = 0; t < m->problem->n_pools; t++) {
		if (s->usable_row[t] < 0)
			continue;
		lp_row(&s->lp, s->usable_row[t], LP_LESS, (double)m->usable[t]);
		lp_row(&s->lp, s->fresh_row[t], LP_LESS, (double)m->fresh[t]);
	}
	for (int i = 0; i < s->goal; i++) {
		const int64_t fixed = m->goals[i] == MIG_PLAN_UNITS ? m->stranger_units : 0;

		lp_row(&s->lp, s->budget_row + i, LP_LESS,
		       (double)(s->values[i] - fixed) / s->scales[i]);
	}
	lp_row(&s->lp, s->convex_row, LP_EQUAL, s->cut_scale);
}

struct entries {
	int n;
	int rows[MIG_PROFILES_MAX + MIG_PLAN_N_GOALS + 4];
	double values[MIG_PROFILES_MAX + MIG_PLAN_N_GOALS + 4];
};

static void put(struct entries *e, int row, double value)
{
	if (row < 0 || value == 0)
		return;
	e->rows[e->n] = row;
	e->values[e->n++] = value;
}

static void add_column(struct plan_stage *s, const struct plan_column *c)
{
	const struct plan_model *m = s->m;
	const struct plan_source *src = &m->sources[c->source];
	struct entries e = { 0 };

	for (int i = 0; i < MIG_PROFILES_MAX; i++)
		put(&e, c->supply[i] ? m->item_of[src->pool][i] : -1, c->supply[i]);
	if (!src->is_fresh)
		put(&e, s->state_row + c->source, 1);
	put(&e, s->usable_row[src->pool], c->gpus);
	put(&e, src->is_fresh ? s->fresh_row[src->pool] : -1, 1);
	for (int i = 0; i < s->goal; i++)
		put(&e, s->budget_row + i,
		    (double)plan_column_cost(m, c, m->goals[i]) / s->scales[i]);
	lp_column(&s->lp,
		  (double)plan_column_cost(m, c, m->goals[s->goal]) / s->scales[s->goal], e.n,
		  e.rows, e.values);
}

static void add_cut_column(struct plan_stage *s, const struct plan_cut *cut)
{
	const struct plan_model *m = s->m;
	const size_t room = (size_t)m->n_items + MIG_PLAN_N_GOALS + 1;
	cleanup_free int *rows = calloc(room, sizeof(*rows));
	cleanup_free double *values = calloc(room, sizeof(*values));
	double units = 0;
	int n = 0;

	if (!rows || !values) {
		s->lp.is_short = true;
		return;
	}
	for (int r = 0; r < m->n_items; r++) {
		units += cut->demand[r] * m->items[r].size / s->cut_scale;
		if (cut->demand[r] > 0) {
			rows[n] = r;
			values[n++] = -cut->demand[r] / s->cut_scale;
		}
	}
	for (int i = 0; i < s->goal; i++) {
		if (m->goals[i] == MIG_PLAN_UNITS) {
			rows[n] = s->budget_row + i;
			values[n++] = units / s->scales[i];
		}
	}
	rows[n] = s->convex_row;
	values[n++] = 1;
	lp_column(&s->lp, m->goals[s->goal] == MIG_PLAN_UNITS ? units : 0, n, rows, values);
}

static int open_lp(struct plan_stage *s, struct mig_error *err)
{
	lp_close(&s->lp);
	s->cut_scale = 1;
	for (int c = 0; c < s->n_cuts; c++) {
		for (int r = 0; r < s->m->n_items; r++)
			s->cut_scale = lp_larger(s->cut_scale, s->cuts[c].demand[r]);
	}
	if (!lp_open(&s->lp, number_rows(s)))
		return no_memory(err);
	set_rows(s);
	for (int j = 0; j < s->m->n_columns; j++)
		add_column(s, &s->m->columns[j]);
	for (int c = 0; c < s->n_cuts; c++)
		add_cut_column(s, &s->cuts[c]);
	return 0;
}

/* ------------------------------------------------------------ prices */

static int64_t whole(double v)
{
	/* Rounded up or down, a price is a price: the bound is computed from what it is. */
	return v <= 0 ? 0 : v >= ldexp(1, SUM_BITS) ? INT64_C(1) << SUM_BITS : (int64_t)v;
}

/* Row prices @y as whole prices; @is_ray: they are a ray, and the goal counts for nothing. */
static void round_prices(const struct plan_stage *s, const double *y, bool is_ray,
			 struct plan_prices *ret)
{
	const struct plan_model *m = s->m;
	const double by = is_ray ? ldexp(1, PRICE_BITS - 10)
				 : (double)s->denominator * s->scales[s->goal];
	/* No item is dearer than 64 GPUs: that keeps the sums in their bounds. */
	const double most = by * 63;
	int64_t unit_price;

	ret->denominator = is_ray ? 0 : s->denominator;
	for (int t = 0; t < m->problem->n_pools; t++) {
		ret->rents[t] = s->usable_row[t] < 0 ? 0 : whole(-y[s->usable_row[t]] * by);
		ret->fresh_rents[t] = s->fresh_row[t] < 0 ? 0 : whole(-y[s->fresh_row[t]] * by);
	}
	memset(ret->budgets, 0, sizeof(ret->budgets));
	for (int i = 0; i < s->goal; i++)
		ret->budgets[i] =
			whole(lp_smaller(-y[s->budget_row + i] * by, most) / s->scales[i]);
	unit_price = plan_unit_price(s, ret);
	for (int r = 0; r < m->n_items; r++)
		ret->items[r] =
			whole(lp_smaller(y[r] * by, most)) + unit_price * m->items[r].size;
	plan_prices_repair(s, ret);
}

static int new_cut(struct plan_stage *s, struct plan_cut *ret, struct mig_error *err)
{
	const size_t n = (size_t)s->m->n_items + 1;

	if (s->n_cuts == s->room_cuts) {
		const int room = s->room_cuts * 2 + 32;
		void *grown = realloc(s->cuts, (size_t)room * sizeof(s->cuts[0]));

		if (!grown)
			return no_memory(err);
		s->cuts = grown;
		s->room_cuts = room;
	}
	*ret = (struct plan_cut){ calloc(n, sizeof(int64_t)), calloc(n, sizeof(double)), 0 };
	if (ret->prices && ret->demand)
		return 0;
	free(ret->prices);
	free(ret->demand);
	return no_memory(err);
}

static void keep_best(struct plan_stage *s, const struct plan_prices *p,
		      const struct plan_bound *b)
{
	const double value = p->denominator == 0 ? (double)b->total
						 : (double)b->total / (double)p->denominator;
	int64_t *items = s->best.items;

	if (value <= s->best_value)
		return;
	s->best_value = value;
	memcpy(items, p->items, (size_t)s->m->n_items * sizeof(items[0]));
	s->best = *p;
	s->best.items = items;
	if (p->denominator > 0) {
		const plan_wide d = p->denominator;

		/* Rounded up; C rounds towards 0. */
		s->bound = (int64_t)(b->total / d) + (b->total > 0 && b->total % d != 0);
		if (s->bound % s->step > 0)
			s->bound += s->step - s->bound % s->step;
	}
}

/* Ask the classes at prices @y: a cut more, and maybe a better bound. */
static int ask(struct plan_stage *s, const double *y, bool is_ray, plan_wide *ret_total,
	       struct mig_error *err)
{
	struct plan_cut cut = { 0 };
	struct plan_prices p = { 0 };
	struct plan_bound b = { 0 };
	int rc = new_cut(s, &cut, err);

	if (rc < 0 || !cut.prices || !cut.demand)
		return rc;
	p.items = cut.prices;
	b.demand = cut.demand;
	round_prices(s, y, is_ray, &p);
	plan_prices_evaluate(s, &p, &b);
	*ret_total = b.total;
	if (!is_ray || b.total > 0)
		keep_best(s, &p, &b);
	s->cuts[s->n_cuts++] = cut;
	if (s->lp.n_rows > 0)
		add_cut_column(s, &cut);
	return 0;
}

/* Prices in proportion to units: where the first cut comes from. */
static int ask_first(struct plan_stage *s, struct mig_error *err)
{
	const int n_rows = number_rows(s);
	cleanup_free double *y = calloc((size_t)n_rows, sizeof(double));
	plan_wide total;

	if (!y)
		return no_memory(err);
	for (int r = 0; r < s->m->n_items; r++) {
		const struct plan_item *item = &s->m->items[r];
		const struct mig_plan_pool *pool = &s->m->problem->pools[item->pool];

		y[r] = (double)item->size / pool->type->units;
		if (s->m->goals[s->goal] == MIG_PLAN_MONEY)
			y[r] *= (double)pool->price_uusd_per_h / s->scales[s->goal];
	}
	return ask(s, y, false, &total, err);
}

static void read_weights(struct plan_stage *s)
{
	for (int c = 0; c < s->n_cuts; c++)
		s->cuts[c].weight = s->lp.x[s->m->n_columns + c] / s->cut_scale;
}

/* Has the bound reached what the linear program says? */
static bool has_met(const struct plan_stage *s)
{
	const enum mig_plan_goal goal = s->m->goals[s->goal];
	const int64_t fixed = goal == MIG_PLAN_UNITS ? s->m->stranger_units : 0;
	const double relaxed = s->lp.value * s->scales[s->goal] + (double)fixed;

	return relaxed - s->best_value <= 1e-9 * lp_larger(fabs(relaxed), 1) ||
	       lp_above(relaxed - 1e-6) <= s->bound;
}

/* Where the rounds stand. */
struct rounds {
	double *best_y, *y;
	bool has_best, is_exact;
	int n_idle;        /* rounds since something was learnt */
	double last_value; /* of the linear program */
};

/* No prices let the classes' needs be met by these cuts: prove it, or learn a better one. */
static int answer_ray(struct plan_stage *s, struct rounds *r, struct mig_error *err)
{
	plan_wide total = 0;
	const int rc = ask(s, s->lp.y, true, &total, err);

	s->is_infeasible = rc == 0 && total > 0;
	r->n_idle++;
	return rc;
}

/*
 * Ask near the best prices so far and towards those that the linear program says: from far
 * ones little is learnt. When that teaches nothing, at exactly those.
 */
static int ask_next(struct plan_stage *s, struct rounds *r, struct mig_error *err)
{
	const double before = s->best_value, share = r->has_best && !r->is_exact ? 0.6 : 0;
	plan_wide total;
	int rc;

	for (int i = 0; i < s->lp.n_rows; i++)
		r->y[i] = share * r->best_y[i] + (1 - share) * s->lp.y[i];
	rc = ask(s, r->y, false, &total, err);
	if (rc < 0)
		return rc;
	r->is_exact = s->best_value <= before;
	r->n_idle++;
	if (!r->is_exact) {
		memcpy(r->best_y, r->y, (size_t)s->lp.n_rows * sizeof(double));
		r->has_best = true;
		r->n_idle = 0;
	}
	if (s->lp.value < r->last_value - 1e-12 * fabs(r->last_value))
		r->n_idle = 0;
	r->last_value = s->lp.value;
	return 0;
}

static int run_rounds(struct plan_stage *s, struct rounds *r, struct mig_error *err)
{
	for (int n = 0; n < MAX_ROUNDS && r->n_idle < MAX_IDLE; n++) {
		const enum lp_status status = lp_solve(&s->lp);
		int rc;

		if (status == LP_NO_MEMORY)
			return no_memory(err);
		if (status == LP_INFEASIBLE) {
			rc = answer_ray(s, r, err);
			if (rc < 0 || s->is_infeasible)
				return rc;
			continue;
		}
		if (status != LP_OPTIMAL)
			return 0;
		read_weights(s);
		s->relaxed = s->lp.value * s->scales[s->goal];
		if (has_met(s))
			return 0;
		rc = ask_next(s, r, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Where items cost no more than their units there is a bound already. */
static int begin_at_nothing(struct plan_stage *s, struct mig_error *err)
{
	struct plan_prices p = { .denominator = s->denominator };
	struct plan_bound b = { 0 };

	free(s->best.items);
	s->best.items = calloc((size_t)s->m->n_items + 1, sizeof(int64_t));
	p.items = calloc((size_t)s->m->n_items + 1, sizeof(int64_t));
	if (!s->best.items || !p.items) {
		free(p.items);
		return no_memory(err);
	}
	for (int r = 0; r < s->m->n_items; r++)
		p.items[r] = plan_unit_price(s, &p) * s->m->items[r].size;
	plan_prices_evaluate(s, &p, &b);
	keep_best(s, &p, &b);
	free(p.items);
	return 0;
}

int plan_stage_solve(struct plan_stage *s, int goal, const int64_t *values,
		     struct mig_error *err)
{
	cleanup_free double *best_y = NULL, *y = NULL;
	struct rounds rounds = { .is_exact = true };
	int rc;

	s->goal = goal;
	s->values = values;
	s->is_infeasible = false;
	s->best_value = -HUGE_VAL;
	s->bound = 0;
	s->step = step_of(s->m, s->m->goals[goal]);
	for (int i = 0; i <= goal; i++)
		s->scales[i] = scale_of(s->m, s->m->goals[i]);
	rc = choose_denominator(s, err);
	if (rc < 0)
		return rc;
	rc = begin_at_nothing(s, err);
	if (rc < 0)
		return rc;
	lp_close(&s->lp);
	if (s->n_cuts == 0)
		rc = ask_first(s, err);
	if (rc == 0)
		rc = open_lp(s, err);
	if (rc < 0)
		return rc;
	best_y = calloc((size_t)s->lp.n_rows, sizeof(double));
	y = calloc((size_t)s->lp.n_rows, sizeof(double));
	if (!best_y || !y)
		return no_memory(err);
	rounds.best_y = best_y;
	rounds.y = y;
	return run_rounds(s, &rounds, err);
}

void plan_stage_close(struct plan_stage *s)
{
	for (int c = 0; c < s->n_cuts; c++) {
		free(s->cuts[c].prices);
		free(s->cuts[c].demand);
	}
	free(s->cuts);
	free(s->best.items);
	lp_close(&s->lp);
	*s = (struct plan_stage){ 0 };
}
