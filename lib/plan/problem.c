/* SPDX-License-Identifier: Apache-2.0 */
/* Is that a problem that can be asked? Everything behind this file may rely on it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/plan.h"
#include "shared/cleanup.h"

const char *mig_plan_goal_name(enum mig_plan_goal goal)
{
	static const char *const names[MIG_PLAN_N_GOALS] = {
		[MIG_PLAN_GPUS] = "gpus",
		[MIG_PLAN_MONEY] = "money",
		[MIG_PLAN_MOVES] = "moves",
		[MIG_PLAN_UNITS] = "units",
	};

	return goal >= 0 && goal < MIG_PLAN_N_GOALS ? names[goal] : "unknown";
}

/* One number, where it stands, and between what it must be. */
static int check_range(const char *of, int index, const char *what, int64_t v, int64_t low,
		       int64_t high, struct mig_error *err)
{
	if (v >= low && v <= high)
		return 0;
	return mig_fail(err, MIG_E_INVAL,
			"%s %d: %s is %" PRId64 ", not %" PRId64 " to %" PRId64, of, index,
			what, v, low, high);
}

static uint32_t pool_profiles(const struct mig_plan_pool *pool)
{
	const uint32_t all = (1U << pool->type->n_profiles) - 1;

	return pool->profiles ? pool->profiles & all : all;
}

static int check_pool(const struct mig_plan_problem *p, int t, struct mig_error *err)
{
	const struct mig_plan_pool *pool = &p->pools[t];
	int rc;

	if (!pool->type || pool->type->n_profiles < 1 ||
	    pool->type->n_profiles > MIG_PROFILES_MAX || pool->type->units < 1 ||
	    pool->type->units > MIG_UNITS_MAX)
		return mig_fail(err, MIG_E_INVAL, "pool %d: its GPU type cannot be cut", t);
	if (pool->n_gpus != MIG_PLAN_UNLIMITED) {
		rc = check_range("pool", t, "n_gpus", pool->n_gpus, 0, MIG_PLAN_COUNT_MAX, err);
		if (rc < 0)
			return rc;
	}
	rc = check_range("pool", t, "n_reserved", pool->n_reserved, 0,
			 pool->n_gpus == MIG_PLAN_UNLIMITED ? 0 : pool->n_gpus, err);
	if (rc == 0)
		rc = check_range("pool", t, "price", pool->price_uusd_per_h, 0,
				 MIG_PLAN_PRICE_MAX, err);
	if (rc == 0)
		rc = check_range("pool", t, "gpus_per_node", pool->gpus_per_node, 0, INT16_MAX,
				 err);
	return rc;
}

static int check_option(const struct mig_plan_problem *p, int k, int o, struct mig_error *err)
{
	const struct mig_plan_class *c = &p->classes[k];
	const struct mig_plan_option *opt = &c->options[o];

	if (opt->pool < 0 || opt->pool >= p->n_pools)
		return mig_fail(err, MIG_E_INVAL, "%s: option %d is of pool %d; there are %d",
				c->name, o, opt->pool, p->n_pools);
	if (opt->profile < 0 || opt->profile >= MIG_PROFILES_MAX ||
	    !(pool_profiles(&p->pools[opt->pool]) >> opt->profile & 1))
		return mig_fail(err, MIG_E_INVAL,
				"%s: option %d is profile %d, which pool %d does not have",
				c->name, o, opt->profile, opt->pool);
	for (int i = 0; i < o; i++) {
		if (c->options[i].pool == opt->pool && c->options[i].profile == opt->profile)
			return mig_fail(err, MIG_E_INVAL, "%s: options %d and %d are the same",
					c->name, i, o);
	}
	return check_range(c->name, o, "rate", opt->rate, 1, MIG_PLAN_RATE_MAX, err);
}

static int check_class(const struct mig_plan_problem *p, int k, struct mig_error *err)
{
	const struct mig_plan_class *c = &p->classes[k];
	int rc;

	if (!c->name)
		return mig_fail(err, MIG_E_INVAL, "class %d has no name", k);
	rc = check_range(c->name, k, "count", c->count, 0, MIG_PLAN_COUNT_MAX, err);
	if (rc == 0)
		rc = check_range(c->name, k, "need", c->need, 1, MIG_PLAN_NEED_MAX, err);
	if (rc == 0)
		rc = check_range(c->name, k, "min_instances", c->min_instances, 0,
				 MIG_PLAN_COUNT_MAX, err);
	if (rc == 0)
		rc = check_range(c->name, k, "n_options", c->n_options, 0, MIG_PLAN_OPTIONS_MAX,
				 err);
	for (int o = 0; o < c->n_options && rc == 0; o++)
		rc = check_option(p, k, o, err);
	for (int o = 0; o < c->n_options && rc == 0; o++) {
		if (c->need / c->options[o].rate > MIG_PLAN_COUNT_MAX)
			return mig_fail(err, MIG_E_INVAL,
					"%s: its need takes over %" PRId64
					" instances of option %d",
					c->name, MIG_PLAN_COUNT_MAX, o);
	}
	return rc;
}

static bool is_option(const struct mig_plan_class *c, int pool, int profile)
{
	for (int o = 0; o < c->n_options; o++) {
		if (c->options[o].pool == pool && c->options[o].profile == profile)
			return true;
	}
	return false;
}

static bool is_layout(const struct mig_layout *lay, const struct mig_gpu_type *type)
{
	struct mig_layout again = mig_layout_empty(type);

	if (lay->type != type || lay->n_slots > MIG_UNITS_MAX)
		return false;
	for (int i = 0; i < lay->n_slots; i++) {
		if (i > 0 && lay->slots[i].start <= lay->slots[i - 1].start)
			return false;
		if (mig_layout_add(&again, lay->slots[i].profile, lay->slots[i].start, NULL) <
		    0)
			return false;
	}
	return true;
}

static int check_present(const struct mig_plan_problem *p, int h, struct mig_error *err)
{
	const struct mig_plan_present *now = &p->present[h];
	int rc = check_range("present", h, "pool", now->pool, 0, p->n_pools - 1, err);

	if (rc == 0)
		rc = check_range("present", h, "count", now->count, 0, MIG_PLAN_COUNT_MAX, err);
	if (rc < 0)
		return rc;
	if (!is_layout(&now->layout, p->pools[now->pool].type))
		return mig_fail(err, MIG_E_INVAL, "present %d: that is no layout of a %s", h,
				p->pools[now->pool].type->key);
	for (int i = 0; i < now->layout.n_slots && rc == 0; i++) {
		const int k = now->classes[i];

		if (k == MIG_PLAN_NOBODY)
			continue;
		rc = check_range("present", h, "class", k, 0, p->n_classes - 1, err);
		if (rc == 0 &&
		    !is_option(&p->classes[k], now->pool, now->layout.slots[i].profile))
			rc = mig_fail(err, MIG_E_INVAL,
				      "present %d: slot %d serves %s, which has no such option",
				      h, i, p->classes[k].name);
	}
	return rc;
}

static int check_inventory(const struct mig_plan_problem *p, struct mig_error *err)
{
	int64_t present[MIG_PLAN_POOLS_MAX] = { 0 };

	for (int h = 0; h < p->n_present; h++)
		present[p->present[h].pool] += p->present[h].count;
	for (int t = 0; t < p->n_pools; t++) {
		if (p->pools[t].n_gpus != MIG_PLAN_UNLIMITED && present[t] > p->pools[t].n_gpus)
			return mig_fail(err, MIG_E_INVAL,
					"pool %d has %" PRId64 " GPUs, and %" PRId64
					" are present",
					t, p->pools[t].n_gpus, present[t]);
	}
	return 0;
}

static int check_rule(const struct mig_plan_problem *p, int r, struct mig_error *err)
{
	const struct mig_plan_rule *rule = &p->rules[r];
	int rc = check_range("rule", r, "max", rule->max, 1, INT32_MAX, err);

	if (rc == 0)
		rc = check_range("rule", r, "scope", rule->scope, MIG_PLAN_ON_GPU,
				 MIG_PLAN_ON_NODE, err);
	if (rc == 0)
		rc = check_range("rule", r, "n_classes", rule->n_classes, 1,
				 MIG_PLAN_CLASSES_MAX, err);
	for (int i = 0; i < rule->n_classes && rc == 0; i++)
		rc = check_range("rule", r, "class", rule->classes[i], 0, p->n_classes - 1,
				 err);
	return rc;
}

static int check_goals(const struct mig_plan_problem *p, struct mig_error *err)
{
	int rc = check_range("problem", 0, "n_goals", p->n_goals, 0, MIG_PLAN_N_GOALS, err);

	for (int i = 0; i < p->n_goals && rc == 0; i++) {
		rc = check_range("goal", i, "number", p->goals[i], 0, MIG_PLAN_N_GOALS - 1,
				 err);
		for (int j = 0; j < i && rc == 0; j++) {
			if (p->goals[i] == p->goals[j])
				rc = mig_fail(err, MIG_E_INVAL, "the goal %s stands twice",
					      mig_plan_goal_name(p->goals[i]));
		}
	}
	return rc;
}

int mig_plan_problem_check(const struct mig_plan_problem *p, struct mig_error *err)
{
	int rc = check_range("problem", 0, "n_pools", p->n_pools, 1, MIG_PLAN_POOLS_MAX, err);

	if (rc == 0)
		rc = check_range("problem", 0, "n_classes", p->n_classes, 0,
				 MIG_PLAN_CLASSES_MAX, err);
	if (rc == 0)
		rc = check_range("problem", 0, "n_rules", p->n_rules, 0, MIG_PLAN_RULES_MAX,
				 err);
	if (rc == 0)
		rc = check_range("problem", 0, "n_present", p->n_present, 0,
				 MIG_PLAN_PRESENT_MAX, err);
	if (rc == 0)
		rc = check_goals(p, err);
	for (int t = 0; t < p->n_pools && rc == 0; t++)
		rc = check_pool(p, t, err);
	for (int k = 0; k < p->n_classes && rc == 0; k++)
		rc = check_class(p, k, err);
	for (int h = 0; h < p->n_present && rc == 0; h++)
		rc = check_present(p, h, err);
	for (int r = 0; r < p->n_rules && rc == 0; r++)
		rc = check_rule(p, r, err);
	return rc < 0 ? rc : check_inventory(p, err);
}
