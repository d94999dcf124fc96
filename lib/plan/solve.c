/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal after goal: prices and the bound that they prove; covers that come near those prices'
 * mix; for these, columns of GPUs. The best plan so far is kept. What is found for a later
 * goal may better an earlier one: from there on all is done again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/answer.h"
#include "lib/plan/apart.h"
#include "lib/plan/core.h"
#include "lib/plan/cover.h"
#include "lib/plan/polish.h"
#include "lib/plan/supply.h"
#include "shared/cleanup.h"

/* More than a goal's value is. */
#define ANY_VALUE (INT64_C(1) << 61)

enum {
	COVER_NODES = 20000,
	SEARCH_NODES = 400,
	N_VARIANTS = 12,         /* ways to round, for many classes */
	MORE_VARIANTS = 200,     /* for few */
	ANEW_VARIANTS = 16,      /* of which every other one is placed anew, with rules */
	VARIED_CLASSES = 200000, /* classes in all variants together, about */
	POLISH_STEPS = 3000,
};

/* A plan as covers, columns and GPUs, and what it comes to. */
struct draft {
	struct plan_choice choice;
	int64_t *count; /* of each column */
	struct plan_groups groups;
	int64_t totals[MIG_PLAN_N_GOALS];
	bool is_found;
};

struct solving {
	const struct mig_plan_problem *problem;
	struct plan_model m;
	struct plan_stage stage;
	struct draft best;
	int64_t max_nodes;
	struct plan_solver solver;
	int broken_rule; /* by a plan that would have been one without rules; or -1 */
	int64_t values[MIG_PLAN_N_GOALS]; /* of the goals that are done */
	struct mig_plan *plan;
};

static int no_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
}

/* Sums over all classes and GPUs stay in 64 bits, or the problem is refused. */
static int check_sums(const struct mig_plan_problem *p, struct mig_error *err)
{
	const plan_wide most = INT64_C(1) << 50;
	plan_wide instances = 0, money = 0;

	for (int k = 0; k < p->n_classes; k++)
		instances += (plan_wide)p->classes[k].count *
			     (p->classes[k].n_options ? plan_cover_most(&p->classes[k]) : 0);
	for (int t = 0; t < p->n_pools; t++)
		money = p->pools[t].price_uusd_per_h > money ? p->pools[t].price_uusd_per_h
							     : money;
	if (instances > most || (money > 0 && instances > ((plan_wide)1 << 61) / money))
		return mig_fail(err, MIG_E_INVAL,
				"plan: all instances and prices together are beyond 64 bits");
	return 0;
}

static void draft_close(struct draft *d)
{
	plan_choice_close(&d->choice);
	free(d->count);
	free(d->groups.all);
	*d = (struct draft){ 0 };
}

static bool draft_open(struct draft *d, const struct plan_model *m)
{
	*d = (struct draft){ 0 };
	d->count = calloc((size_t)m->n_columns + 1, sizeof(int64_t));
	return d->count && plan_choice_open(&d->choice, m);
}

static void total_columns(const struct solving *a, struct draft *d)
{
	for (int j = 0; j < a->m.n_columns; j++) {
		for (int g = 0; d->count[j] && g < MIG_PLAN_N_GOALS; g++)
			d->totals[g] += d->count[j] * plan_column_cost(&a->m, &a->m.columns[j],
								       (enum mig_plan_goal)g);
	}
	d->totals[MIG_PLAN_UNITS] = d->choice.units + a->m.stranger_units;
	d->is_found = true;
}

/* Columns for the covers of a draft. */
static int supply_draft(const struct solving *a, struct draft *d)
{
	const struct plan_supply s = {
		.m = &a->m,
		.demand = d->choice.demand,
		.max_nodes = a->max_nodes,
		.count = d->count,
	};

	for (int t = 0; t < a->problem->n_pools; t++) {
		int64_t gpus;

		switch (plan_supply_pool(&s, t, &gpus)) {
		case PLAN_SUPPLY_NO_MEMORY:
			return -MIG_E_NOMEM;
		case PLAN_SUPPLY_TOO_FEW:
			return 0;
		default:
			break;
		}
	}
	total_columns(a, d);
	return 0;
}

/* Is @x better than @y by the first @n_goals goals? */
static bool is_better(const struct solving *a, const struct draft *x, const struct draft *y,
		      int n_goals)
{
	if (!x->is_found || !y->is_found)
		return x->is_found && !y->is_found;
	for (int i = 0; i < n_goals; i++) {
		const enum mig_plan_goal goal = a->m.goals[i];

		if (x->totals[goal] != y->totals[goal])
			return x->totals[goal] < y->totals[goal];
	}
	return false;
}

static bool is_at_bound(const struct solving *a, int goal)
{
	if (!a->best.is_found)
		return false;
	for (int i = 0; i < goal; i++) {
		if (a->best.totals[a->m.goals[i]] > a->values[i])
			return false;
	}
	return a->best.totals[a->m.goals[goal]] <= a->stage.bound;
}

/* Is a draft what the problem asks for, counted anew? */
static int check_draft(const struct solving *a, const struct draft *d)
{
	struct mig_plan plan = { .status = MIG_PLAN_FEASIBLE,
				 .groups = d->groups.all,
				 .n_groups = d->groups.n };
	int rc = plan_answer_covers(&plan, a->problem, &d->choice, NULL);

	memcpy(plan.totals, d->totals, sizeof(plan.totals));
	if (rc == 0)
		rc = mig_plan_check(a->problem, &plan, NULL);
	plan_answer_free_covers(&plan);
	return rc;
}

/* Make the GPUs of a draft, if its columns promise that it is better than the best; if it is,
 * it becomes the best. @anew: as plan_keep_apart(). */
static int offer_draft(struct solving *a, struct draft *d, bool anew)
{
	int rc, rule = -1;

	/* What columns come to is the least that GPUs may: who serves whom is still open. */
	if (!is_better(a, d, &a->best, a->m.n_goals))
		return 0;
	rc = plan_expand(&a->m, &d->choice, d->count, &d->groups);
	if (rc == 0 && a->problem->n_rules > 0)
		rc = plan_keep_apart(&a->m, &d->choice, &d->groups, anew, &rule);
	if (rc == -MIG_E_NOSPACE) {
		a->broken_rule = rule;
		return 0;
	}
	if (rc < 0)
		return rc;
	plan_groups_total(a->problem, d->groups.all, d->groups.n, d->totals);
	if (!is_better(a, d, &a->best, a->m.n_goals))
		return 0;
	/* Whatever went wrong above: a worse plan or none is handed out, never a wrong one. */
	rc = check_draft(a, d);
	if (rc == 0) {
		const struct draft old = a->best;

		a->best = *d;
		*d = old;
	}
	return rc == -MIG_E_DIFFERENT ? 0 : rc;
}

/* One way to round the stage's mix. */
static int draft_variant(struct solving *a, unsigned variant, bool anew)
{
	struct draft d;
	int rc = draft_open(&d, &a->m) ? 0 : -MIG_E_NOMEM;

	if (rc == 0)
		rc = plan_choose(&d.choice, &a->stage, variant);
	if (rc == 0)
		rc = supply_draft(a, &d);
	if (rc == 0)
		rc = offer_draft(a, &d, anew);
	draft_close(&d);
	return rc;
}

/* Look for a plan that is better by one, or for any, exactly, again and again. */
static int search_core(struct solving *a, int goal, bool *ret_is_searched,
		       struct mig_error *err)
{
	bool is_open = true;

	while (is_open && !is_at_bound(a, goal)) {
		const enum mig_plan_goal g = a->m.goals[goal];
		const int64_t before = a->best.is_found ? a->best.totals[g] : ANY_VALUE;
		struct draft d;
		struct plan_core core = { .stage = &a->stage,
					  .target = before - a->stage.step,
					  .max_nodes = a->max_nodes,
					  .solver = &a->solver };
		int rc = draft_open(&d, &a->m) ? 0 : -MIG_E_NOMEM;

		core.choice = &d.choice;
		core.count = d.count;
		if (rc == 0)
			rc = plan_core_search(&core, err);
		if (rc == 0 && core.is_found) {
			total_columns(a, &d);
			rc = offer_draft(a, &d, false);
		}
		*ret_is_searched = !core.is_found && core.is_complete;
		is_open = a->best.is_found && a->best.totals[g] < before;
		draft_close(&d);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Do without a GPU here and there. */
static int polish(struct solving *a, int goal)
{
	struct draft d;
	struct plan_polish p = { .stage = &a->stage,
				 .from = &a->best.choice,
				 .from_count = a->best.count,
				 .max_steps = POLISH_STEPS };
	int rc;

	if (!a->best.is_found || is_at_bound(a, goal) ||
	    !plan_polish_fits(&a->stage, a->best.count))
		return 0;
	rc = draft_open(&d, &a->m) ? 0 : -MIG_E_NOMEM;
	p.choice = &d.choice;
	p.count = d.count;
	if (rc == 0)
		rc = plan_polish(&p);
	if (rc == 0 && p.is_better) {
		total_columns(a, &d);
		rc = offer_draft(a, &d, false);
	}
	draft_close(&d);
	return rc;
}

/* Round in several ways, until one is as good as the bound. */
static int draft_variants(struct solving *a, int goal)
{
	const int by_size = VARIED_CLASSES / (a->problem->n_classes + 1);
	const int most = by_size > MORE_VARIANTS ? MORE_VARIANTS
			 : by_size < N_VARIANTS  ? N_VARIANTS
						 : by_size;

	for (unsigned v = 0; v < (unsigned)most && !is_at_bound(a, goal); v++) {
		const bool anew = a->problem->n_rules > 0 && v < ANEW_VARIANTS && v % 2 == 1;
		int rc = a->problem->n_present > 0 ? draft_variant(a, v | PLAN_STAY, anew) : 0;

		if (rc == 0 && !is_at_bound(a, goal))
			rc = draft_variant(a, v, anew);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The bound and the value of one goal. @ret_is_over: there is no plan. */
static int solve_goal(struct solving *a, int goal, bool *ret_is_over, struct mig_error *err)
{
	struct mig_plan_measure *measure = &a->plan->measures[goal];
	int rc = plan_stage_solve(&a->stage, goal, a->values, err);

	*ret_is_over = measure->is_searched = false;
	if (rc < 0)
		return rc;
	if (!a->stage.is_infeasible)
		rc = draft_variants(a, goal);
	if (rc == 0 && !a->stage.is_infeasible)
		rc = polish(a, goal);
	if (rc == 0 && !a->stage.is_infeasible)
		rc = search_core(a, goal, &measure->is_searched, err);
	if (rc == -MIG_E_INVAL)
		return mig_fail(err, MIG_E_INVAL,
				"plan: too many GPUs for rules about what stands apart");
	if (rc < 0)
		return rc == -MIG_E_NOMEM ? no_memory(err) : rc;
	measure->goal = a->m.goals[goal];
	measure->bound = a->stage.bound;
	a->plan->n_measures = goal + 1;
	if (a->stage.is_infeasible || !a->best.is_found) {
		*ret_is_over = true;
		plan_answer_infeasible(a->plan, &a->stage, a->broken_rule);
		measure->bound = MIG_UNKNOWN;
		a->plan->n_measures = a->stage.is_infeasible;
		return a->stage.is_infeasible
			       ? plan_answer_certificate(a->plan, goal, &a->stage, err)
			       : 0;
	}
	a->values[goal] = a->best.totals[a->m.goals[goal]];
	return plan_answer_certificate(a->plan, goal, &a->stage, err);
}

/* The goal after @goal; or an earlier one that the best plan has bettered since its turn: its
 * value is in the bounds of those behind it. */
static int next_goal(const struct solving *a, int goal)
{
	for (int i = 0; i < goal; i++) {
		if (a->best.totals[a->m.goals[i]] != a->values[i])
			return i;
	}
	return goal + 1;
}

static int write_answer(struct solving *a, struct mig_error *err)
{
	struct mig_plan *plan = a->plan;

	plan->n_groups = a->best.groups.n;
	plan->groups = take(a->best.groups.all);
	memcpy(plan->totals, a->best.totals, sizeof(plan->totals));
	plan->status = MIG_PLAN_OPTIMAL;
	plan->culprit = plan->pool = -1;
	for (int i = 0; i < plan->n_measures; i++) {
		plan->measures[i].value = plan->totals[plan->measures[i].goal];
		if (plan->measures[i].value != plan->measures[i].bound)
			plan->status = MIG_PLAN_FEASIBLE;
	}
	return plan_answer_covers(plan, a->problem, &a->best.choice, err);
}

static int solve_all(struct solving *a, struct mig_error *err)
{
	bool is_over = false;
	int rc;

	for (int k = 0; k < a->problem->n_classes; k++) {
		if (a->problem->classes[k].count > 0 && a->problem->classes[k].n_options == 0)
			return plan_answer_hopeless(a->plan, a->problem, k, err);
	}
	rc = plan_model_open(&a->m, a->problem, err);
	if (rc < 0)
		return rc;
	a->stage.m = &a->m;
	a->stage.max_nodes = COVER_NODES;
	for (int i = 0; i < a->m.n_goals && !is_over; i = next_goal(a, i)) {
		rc = solve_goal(a, i, &is_over, err);
		if (rc < 0)
			return rc;
	}
	return is_over ? 0 : write_answer(a, err);
}

int mig_plan_solve(const struct mig_plan_problem *problem, const struct mig_plan_effort *effort,
		   struct mig_plan **ret, struct mig_error *err)
{
	struct solving a = { .problem = problem, .max_nodes = SEARCH_NODES, .broken_rule = -1 };
	int rc = mig_plan_problem_check(problem, err);

	if (rc == 0)
		rc = check_sums(problem, err);
	if (rc < 0)
		return rc;
	if (effort && effort->max_nodes > 0)
		a.max_nodes = effort->max_nodes;
	a.solver.path = effort ? effort->solver : NULL;
	a.plan = calloc(1, sizeof(*a.plan));
	if (!a.plan)
		return no_memory(err);
	rc = solve_all(&a, err);
	draft_close(&a.best);
	plan_solver_close(&a.solver);
	plan_stage_close(&a.stage);
	plan_model_close(&a.m);
	if (rc < 0) {
		mig_plan_free(a.plan);
		return rc;
	}
	*ret = a.plan;
	return 0;
}
