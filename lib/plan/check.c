/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a plan do what its problem asks? Everything is counted anew from groups and covers;
 * nothing of what found the plan is used here.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/apart.h"
#include "shared/cleanup.h"

/* Instances of each option of each class: what covers want, less what groups have. */
struct account {
	const struct mig_plan_problem *p;
	const struct mig_plan *plan;
	int64_t *first; /* of each class: where its options begin */
	int64_t *open;
	int64_t *workloads; /* of each class: still without a cover */
	int64_t *present;   /* of each present group: GPUs in no group yet */
	struct mig_error *err;
};

static bool open_account(struct account *a)
{
	const struct mig_plan_problem *p = a->p;
	int64_t n = 0;

	a->first = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	a->workloads = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	a->present = calloc((size_t)p->n_present + 1, sizeof(int64_t));
	if (!a->first || !a->workloads || !a->present)
		return false;
	for (int k = 0; k < p->n_classes; k++) {
		a->first[k] = n;
		n += p->classes[k].n_options;
		a->workloads[k] = p->classes[k].count;
	}
	for (int h = 0; h < p->n_present; h++)
		a->present[h] = p->present[h].count;
	a->open = calloc((size_t)n + 1, sizeof(int64_t));
	return a->open;
}

static void close_account(struct account *a)
{
	free(a->first);
	free(a->open);
	free(a->workloads);
	free(a->present);
}

/* ------------------------------------------------------------ covers */

static int check_cover(struct account *a, int i)
{
	const struct mig_plan_cover *v = &a->plan->covers[i];
	const struct mig_plan_class *c;
	plan_wide rate = 0, instances = 0;

	if (v->cls < 0 || v->cls >= a->p->n_classes || v->count < 1)
		return mig_fail(a->err, MIG_E_DIFFERENT,
				"cover %d: %" PRId64 " of class %d: there is none", i, v->count,
				v->cls);
	c = &a->p->classes[v->cls];
	for (int o = 0; o < c->n_options; o++) {
		if (v->n_instances[o] < 0)
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"cover %d of %s: fewer than no instances", i, c->name);
		rate += (plan_wide)v->n_instances[o] * c->options[o].rate;
		instances += v->n_instances[o];
		a->open[a->first[v->cls] + o] += v->count * v->n_instances[o];
	}
	if (rate < c->need || instances < c->min_instances)
		return mig_fail(a->err, MIG_E_DIFFERENT, "cover %d does not meet %s's need", i,
				c->name);
	a->workloads[v->cls] -= v->count;
	return 0;
}

static int check_covers(struct account *a)
{
	for (int i = 0; i < a->plan->n_covers; i++) {
		const int rc = check_cover(a, i);

		if (rc < 0)
			return rc;
	}
	for (int k = 0; k < a->p->n_classes; k++) {
		if (a->workloads[k] != 0)
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"%s: %" PRId64 " workloads have no cover",
					a->p->classes[k].name, a->workloads[k]);
	}
	return 0;
}

/* ------------------------------------------------------------ groups */

static bool is_layout(const struct mig_layout *lay, const struct mig_gpu_type *type)
{
	struct mig_layout again = mig_layout_empty(type);

	if (lay->type != type)
		return false;
	for (int i = 0; i < lay->n_slots; i++) {
		if (mig_layout_add(&again, lay->slots[i].profile, lay->slots[i].start, NULL) <
		    0)
			return false;
	}
	return true;
}

/* What stands in @now as @slot does: its index, or -1. */
static int same_slot(const struct mig_plan_present *now, const struct mig_slot *slot)
{
	for (int i = 0; now && i < now->layout.n_slots; i++) {
		if (memcmp(&now->layout.slots[i], slot, sizeof(*slot)) == 0)
			return i;
	}
	return -1;
}

static int check_slot(struct account *a, int i, int s)
{
	const struct mig_plan_group *g = &a->plan->groups[i];
	const struct mig_plan_present *now =
		g->present >= 0 ? &a->p->present[g->present] : NULL;
	const struct mig_slot *slot = &g->layout.slots[s];
	const int was = same_slot(now, slot), k = g->classes[s];
	const bool is_kept = g->kept >> s & 1;
	bool is_held;
	const struct mig_plan_class *c;

	if (is_kept && (!now || was < 0))
		return mig_fail(a->err, MIG_E_DIFFERENT,
				"group %d: slot %d is kept, and was not there", i, s);
	is_held = is_kept && now && was >= 0 && (now->held >> was & 1);
	if (k == MIG_PLAN_NOBODY)
		return is_held ? 0
			       : mig_fail(a->err, MIG_E_DIFFERENT,
					  "group %d: slot %d serves nobody", i, s);
	if (is_kept && now && was >= 0 && now->classes[was] != k &&
	    (now->classes[was] >= 0 || is_held))
		return mig_fail(a->err, MIG_E_DIFFERENT,
				"group %d: slot %d is kept, and serves another class", i, s);
	if (k < 0 || k >= a->p->n_classes)
		return mig_fail(a->err, MIG_E_DIFFERENT, "group %d: there is no class %d", i,
				k);
	c = &a->p->classes[k];
	for (int o = 0; o < c->n_options; o++) {
		if (c->options[o].pool == g->pool && c->options[o].profile == slot->profile) {
			a->open[a->first[k] + o] -= g->count;
			return 0;
		}
	}
	return mig_fail(a->err, MIG_E_DIFFERENT, "group %d: slot %d is no option of %s", i, s,
			c->name);
}

/* Every held slot of what these GPUs were is kept. */
static int check_held(struct account *a, int i)
{
	const struct mig_plan_group *g = &a->plan->groups[i];
	const struct mig_plan_present *now = &a->p->present[g->present];

	for (int h = 0; h < now->layout.n_slots; h++) {
		bool is_kept = !(now->held >> h & 1);

		for (int s = 0; s < g->layout.n_slots; s++)
			is_kept |=
				(g->kept >> s & 1) && same_slot(now, &g->layout.slots[s]) == h;
		if (!is_kept)
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"group %d: held slot %d did not stay", i, h);
	}
	return 0;
}

static int check_group(struct account *a, int i)
{
	const struct mig_plan_group *g = &a->plan->groups[i];
	int rc = 0;

	if (g->pool < 0 || g->pool >= a->p->n_pools || g->count < 1 || g->present < -1 ||
	    g->present >= a->p->n_present)
		return mig_fail(a->err, MIG_E_DIFFERENT, "group %d: there is no such pool", i);
	if (!is_layout(&g->layout, a->p->pools[g->pool].type))
		return mig_fail(a->err, MIG_E_DIFFERENT, "group %d: that is no layout", i);
	for (int s = 0; s < g->layout.n_slots && rc == 0; s++)
		rc = check_slot(a, i, s);
	if (rc < 0 || g->present < 0)
		return rc;
	if (a->p->present[g->present].pool != g->pool)
		return mig_fail(a->err, MIG_E_DIFFERENT, "group %d: GPUs change their pool", i);
	a->present[g->present] -= g->count;
	return check_held(a, i);
}

static int check_groups(struct account *a)
{
	for (int i = 0; i < a->plan->n_groups; i++) {
		const int rc = check_group(a, i);

		if (rc < 0)
			return rc;
	}
	for (int h = 0; h < a->p->n_present; h++) {
		if (a->present[h] != 0)
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"present %d: %" PRId64 " GPUs are in no group", h,
					a->present[h]);
	}
	for (int k = 0; k < a->p->n_classes; k++) {
		for (int o = 0; o < a->p->classes[k].n_options; o++) {
			if (a->open[a->first[k] + o] != 0)
				return mig_fail(a->err, MIG_E_DIFFERENT,
						"%s: option %d lacks %" PRId64 " instances",
						a->p->classes[k].name, o,
						a->open[a->first[k] + o]);
		}
	}
	return 0;
}

static int check_pools(struct account *a)
{
	for (int t = 0; t < a->p->n_pools; t++) {
		const struct mig_plan_pool *pool = &a->p->pools[t];
		int64_t used = 0, all = 0;

		for (int i = 0; i < a->plan->n_groups; i++) {
			const struct mig_plan_group *g = &a->plan->groups[i];

			all += g->pool == t ? g->count : 0;
			used += g->pool == t && g->layout.n_slots > 0 ? g->count : 0;
		}
		if (pool->n_gpus != MIG_PLAN_UNLIMITED &&
		    (all > pool->n_gpus || used > pool->n_gpus - pool->n_reserved))
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"pool %d: %" PRId64 " GPUs are used, too many", t,
					used);
	}
	return 0;
}

static int check_rules(struct account *a)
{
	const int broken = plan_first_broken_rule(a->p, a->plan->groups, a->plan->n_groups);

	if (broken == -2)
		return mig_fail(a->err, MIG_E_NOMEM, "plan: out of memory");
	return broken < 0 ? 0
			  : mig_fail(a->err, MIG_E_DIFFERENT, "rule %d is not kept", broken);
}

/* ------------------------------------------------------------ goals */

static void count_goals(const struct account *a, int64_t *ret)
{
	for (int i = 0; i < a->plan->n_groups; i++) {
		const struct mig_plan_group *g = &a->plan->groups[i];
		const struct mig_plan_pool *pool = &a->p->pools[g->pool];
		const struct mig_plan_present *now =
			g->present >= 0 ? &a->p->present[g->present] : NULL;

		for (int h = 0; now && h < now->layout.n_slots; h++)
			ret[MIG_PLAN_MOVES] += now->classes[h] >= 0 ? g->count : 0;
		if (g->layout.n_slots > 0) {
			ret[MIG_PLAN_GPUS] += g->count;
			ret[MIG_PLAN_MONEY] += g->count * pool->price_uusd_per_h;
		}
		for (int s = 0; s < g->layout.n_slots; s++) {
			const int was = same_slot(now, &g->layout.slots[s]);

			ret[MIG_PLAN_UNITS] +=
				g->count *
				pool->type->profiles[g->layout.slots[s].profile].size;
			if ((g->kept >> s & 1) && now->classes[was] >= 0)
				ret[MIG_PLAN_MOVES] -= g->count;
		}
	}
}

static int check_totals(struct account *a)
{
	int64_t totals[MIG_PLAN_N_GOALS] = { 0 };

	count_goals(a, totals);
	for (int i = 0; i < MIG_PLAN_N_GOALS; i++) {
		if (totals[i] != a->plan->totals[i])
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"%s: the plan says %" PRId64 ", it is %" PRId64,
					mig_plan_goal_name((enum mig_plan_goal)i),
					a->plan->totals[i], totals[i]);
	}
	for (int i = 0; i < a->plan->n_measures; i++) {
		const struct mig_plan_measure *m = &a->plan->measures[i];

		if (m->value != totals[m->goal] || m->bound > m->value)
			return mig_fail(a->err, MIG_E_DIFFERENT,
					"%s: the value is %" PRId64 " and the bound %" PRId64,
					mig_plan_goal_name(m->goal), m->value, m->bound);
	}
	return 0;
}

int mig_plan_check(const struct mig_plan_problem *problem, const struct mig_plan *plan,
		   struct mig_error *err)
{
	struct account a = { .p = problem, .plan = plan, .err = err };
	int rc = -MIG_E_NOMEM;

	if (plan->status != MIG_PLAN_OPTIMAL && plan->status != MIG_PLAN_FEASIBLE)
		return 0;
	if (!open_account(&a))
		rc = mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
	else
		rc = check_covers(&a);
	if (rc == 0)
		rc = check_groups(&a);
	if (rc == 0)
		rc = check_pools(&a);
	if (rc == 0)
		rc = check_rules(&a);
	if (rc == 0)
		rc = check_totals(&a);
	close_account(&a);
	return rc;
}
