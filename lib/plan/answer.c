/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/cover.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static int no_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
}

int plan_answer_certificate(struct mig_plan *plan, int i, const struct plan_stage *s,
			    struct mig_error *err)
{
	const struct plan_model *m = s->m;
	const struct mig_plan_problem *p = m->problem;
	struct mig_plan_certificate *c = &plan->measures[i].certificate;
	cleanup_free int64_t *by_source = calloc((size_t)m->n_sources + 1, sizeof(int64_t));
	int64_t *classes = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	int64_t *present = calloc((size_t)p->n_present + 1, sizeof(int64_t));
	struct plan_bound b = { .class_least = classes, .source_least = by_source };

	c->class_least = classes;
	c->present_least = present;
	if (!by_source || !classes || !present)
		return no_memory(err);
	plan_prices_evaluate(s, &s->best, &b);
	for (int h = 0; h < p->n_present; h++)
		present[h] = by_source[m->state_of[h]];
	c->denominator = s->best.denominator;
	for (int r = 0; r < m->n_items; r++)
		c->prices[m->items[r].pool][m->items[r].profile] = s->best.items[r];
	memcpy(c->rents, s->best.rents, sizeof(c->rents));
	memcpy(c->fresh_rents, s->best.fresh_rents, sizeof(c->fresh_rents));
	memcpy(c->budgets, s->best.budgets, sizeof(c->budgets));
	return 0;
}

int plan_answer_covers(struct mig_plan *plan, const struct mig_plan_problem *p,
		       const struct plan_choice *choice, struct mig_error *err)
{
	struct mig_plan_cover *covers = calloc((size_t)choice->n_chosen + 1, sizeof(*covers));
	int64_t *numbers = calloc((size_t)choice->n_numbers + 1, sizeof(*numbers)), at = 0;

	if (!covers || !numbers) {
		free(covers);
		free(numbers);
		return no_memory(err);
	}
	/* The first cover's numbers begin the block that all of them share, if there is one. */
	covers[0].n_instances = numbers;
	for (int i = 0; i < choice->n_chosen; i++) {
		const struct plan_chosen *c = &choice->chosen[i];
		const int n_options = p->classes[c->cls].n_options;

		covers[i] = (struct mig_plan_cover){ c->cls, c->count, numbers + at };
		memcpy(numbers + at, choice->n + c->first,
		       (size_t)n_options * sizeof(*numbers));
		at += n_options;
	}
	plan->covers = covers;
	plan->n_covers = choice->n_chosen;
	return 0;
}

static int64_t usable_gpus(const struct mig_plan_pool *pool)
{
	return pool->n_gpus == MIG_PLAN_UNLIMITED ? INT64_MAX : pool->n_gpus - pool->n_reserved;
}

/* A class that even all the GPUs could not serve by what it may use of them, or -1. */
static int find_culprit(const struct mig_plan_problem *p, int *ret_pool)
{
	for (int k = 0; k < p->n_classes; k++) {
		const struct mig_plan_class *c = &p->classes[k];
		bool is_served = false;

		for (int o = 0; o < c->n_options && !is_served; o++) {
			is_served = usable_gpus(&p->pools[c->options[o].pool]) > 0;
			*ret_pool = c->options[o].pool;
		}
		if (c->count > 0 && !is_served)
			return k;
	}
	*ret_pool = -1;
	return -1;
}

/* The pool whose GPUs are worth the most by the prices that prove it. */
static int scarcest_pool(const struct plan_stage *s)
{
	const struct mig_plan_problem *p = s->m->problem;
	int best = -1;

	for (int t = 0; t < p->n_pools; t++) {
		if (p->pools[t].n_gpus != MIG_PLAN_UNLIMITED &&
		    (best < 0 || s->best.rents[t] + s->best.fresh_rents[t] >
					 s->best.rents[best] + s->best.fresh_rents[best]))
			best = t;
	}
	return best;
}

void plan_answer_infeasible(struct mig_plan *plan, const struct plan_stage *s, int rule)
{
	const struct mig_plan_problem *p = s->m->problem;
	const char *name;
	int pool = -1;

	plan->status = s->is_infeasible ? MIG_PLAN_INFEASIBLE : MIG_PLAN_NOT_FOUND;
	plan->culprit = find_culprit(p, &pool);
	plan->pool = plan->culprit >= 0 ? pool : scarcest_pool(s);
	if (plan->culprit >= 0) {
		name = p->classes[plan->culprit].name;
		snprintf(plan->reason, sizeof(plan->reason),
			 "%s needs a GPU of pool %d (%s), which has none to give", name, pool,
			 p->pools[pool].type->key);
	} else if (!s->is_infeasible && rule >= 0) {
		snprintf(plan->reason, sizeof(plan->reason),
			 "no plan was found that keeps rule %d: at most %d instances on one %s",
			 rule, p->rules[rule].max,
			 p->rules[rule].scope == MIG_PLAN_ON_GPU ? "GPU" : "node");
	} else if (!s->is_infeasible) {
		snprintf(plan->reason, sizeof(plan->reason),
			 "no plan was found, and no proof that there is none");
	} else if (plan->pool >= 0) {
		snprintf(plan->reason, sizeof(plan->reason),
			 "all together they need more GPUs than there are: pool %d (%s) has "
			 "%" PRId64 " to give",
			 plan->pool, p->pools[plan->pool].type->key,
			 usable_gpus(&p->pools[plan->pool]));
	} else {
		snprintf(plan->reason, sizeof(plan->reason), "no plan was found");
	}
}

int plan_answer_hopeless(struct mig_plan *plan, const struct mig_plan_problem *p, int cls,
			 struct mig_error *err)
{
	struct mig_plan_measure *m = &plan->measures[0];
	int64_t *classes = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	int64_t *present = calloc((size_t)p->n_present + 1, sizeof(int64_t));

	m->certificate.class_least = classes;
	m->certificate.present_least = present;
	if (!classes || !present)
		return no_memory(err);
	/* Without a cover there is none that costs less than 1, at whatever prices. */
	classes[cls] = 1;
	m->bound = m->value = MIG_UNKNOWN;
	m->goal = p->n_goals > 0 ? p->goals[0] : MIG_PLAN_GPUS;
	plan->n_measures = 1;
	plan->status = MIG_PLAN_INFEASIBLE;
	plan->culprit = cls;
	plan->pool = -1;
	snprintf(plan->reason, sizeof(plan->reason), "%s fits no profile that it may use",
		 p->classes[cls].name);
	return 0;
}

void mig_plan_free(struct mig_plan *plan)
{
	if (!plan)
		return;
	for (int i = 0; i < MIG_PLAN_N_GOALS; i++) {
		free((void *)plan->measures[i].certificate.class_least);
		free((void *)plan->measures[i].certificate.present_least);
	}
	if (plan->covers)
		free((void *)plan->covers[0].n_instances);
	free((void *)plan->covers);
	free((void *)plan->groups);
	free(plan);
}
