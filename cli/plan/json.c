/* SPDX-License-Identifier: Apache-2.0 */
/* A problem and its plan as JSON: the structs of <mig/plan.h>, member by member. Profiles and
 * GPU types stand by name, classes, pools and present groups by index. */
#include "cli/plan/json.h"

static const char *const statuses[] = { [MIG_PLAN_OPTIMAL] = "optimal",
					[MIG_PLAN_FEASIBLE] = "feasible",
					[MIG_PLAN_INFEASIBLE] = "infeasible",
					[MIG_PLAN_NOT_FOUND] = "not_found" };

static void put_int(json_t *object, const char *key, int64_t v)
{
	json_object_set_new(object, key, json_integer(v));
}

static json_t *json_ints(const int64_t *v, int n)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, json_integer(v[i]));
	return array;
}

static json_t *json_goals(const struct mig_plan_problem *p)
{
	json_t *array = json_array();

	for (int i = 0; i < p->n_goals; i++)
		json_array_append_new(array, json_string(mig_plan_goal_name(p->goals[i])));
	if (p->n_goals == 0)
		json_array_append_new(array, json_string(mig_plan_goal_name(MIG_PLAN_GPUS)));
	return array;
}

static json_t *json_pools(const struct mig_plan_problem *p)
{
	json_t *array = json_array();

	for (int i = 0; i < p->n_pools; i++) {
		const struct mig_plan_pool *pool = &p->pools[i];
		json_t *object = json_object(), *profiles = json_array();

		for (int k = 0; k < pool->type->n_profiles; k++) {
			if (pool->profiles == 0 || (pool->profiles & 1U << k))
				json_array_append_new(profiles,
						      json_string(
							      pool->type->profiles[k].name));
		}
		json_object_set_new(object, "gpu_type", json_string(pool->type->key));
		json_object_set_new(object, "profiles", profiles);
		put_int(object, "n_gpus", pool->n_gpus);
		put_int(object, "n_reserved", pool->n_reserved);
		put_int(object, "price_uusd_per_h", pool->price_uusd_per_h);
		put_int(object, "gpus_per_node", pool->gpus_per_node);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_options(const struct mig_plan_problem *p, const struct mig_plan_class *cls)
{
	json_t *array = json_array();

	for (int i = 0; i < cls->n_options; i++) {
		const struct mig_plan_option *o = &cls->options[i];
		const struct mig_gpu_type *type = p->pools[o->pool].type;
		json_t *object = json_object();

		put_int(object, "pool", o->pool);
		json_object_set_new(object, "profile",
				    json_string(type->profiles[o->profile].name));
		put_int(object, "rate", o->rate);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_classes(const struct mig_plan_problem *p)
{
	json_t *array = json_array();

	for (int i = 0; i < p->n_classes; i++) {
		const struct mig_plan_class *cls = &p->classes[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(cls->name));
		put_int(object, "count", cls->count);
		put_int(object, "need", cls->need);
		put_int(object, "min_instances", cls->min_instances);
		json_object_set_new(object, "options", json_options(p, cls));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_rules(const struct mig_plan_problem *p)
{
	json_t *array = json_array();

	for (int i = 0; i < p->n_rules; i++) {
		const struct mig_plan_rule *rule = &p->rules[i];
		json_t *object = json_object(), *classes = json_array();

		for (int k = 0; k < rule->n_classes; k++)
			json_array_append_new(classes, json_integer(rule->classes[k]));
		json_object_set_new(object, "scope",
				    json_string(rule->scope == MIG_PLAN_ON_NODE ? "node"
										: "gpu"));
		put_int(object, "max", rule->max);
		json_object_set_new(object, "classes", classes);
		json_array_append_new(array, object);
	}
	return array;
}

/* The instances of a layout: whom each serves (nobody: no "class"), and the bit of @flags. */
static json_t *json_slots(const struct mig_layout *lay, const int32_t *classes,
			  const char *flag, uint16_t flags)
{
	json_t *array = json_array();

	for (int i = 0; i < lay->n_slots; i++) {
		const struct mig_slot *slot = &lay->slots[i];
		json_t *object = json_object();

		json_object_set_new(object, "profile",
				    json_string(lay->type->profiles[slot->profile].name));
		put_int(object, "start", slot->start);
		if (classes[i] != MIG_PLAN_NOBODY)
			put_int(object, "class", classes[i]);
		json_object_set_new(object, flag, json_boolean(flags & 1U << i));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_present(const struct mig_plan_problem *p)
{
	json_t *array = json_array();

	for (int i = 0; i < p->n_present; i++) {
		const struct mig_plan_present *present = &p->present[i];
		json_t *object = json_object();

		put_int(object, "pool", present->pool);
		put_int(object, "count", present->count);
		json_object_set_new(object, "slots",
				    json_slots(&present->layout, present->classes, "is_held",
					       present->held));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_problem(const struct mig_plan_problem *p)
{
	json_t *object = json_object();

	json_object_set_new(object, "pools", json_pools(p));
	json_object_set_new(object, "classes", json_classes(p));
	json_object_set_new(object, "rules", json_rules(p));
	json_object_set_new(object, "present", json_present(p));
	json_object_set_new(object, "goals", json_goals(p));
	return object;
}

static json_t *json_layouts(const struct mig_plan *plan)
{
	json_t *array = json_array();
	char text[256];

	for (int i = 0; i < plan->n_groups; i++) {
		const struct mig_plan_group *g = &plan->groups[i];
		json_t *object = json_object();

		put_int(object, "pool", g->pool);
		if (g->present >= 0)
			put_int(object, "present", g->present);
		put_int(object, "count", g->count);
		json_object_set_new(object, "layout",
				    json_string(
					    mig_layout_format(&g->layout, text, sizeof(text))));
		json_object_set_new(object, "slots",
				    json_slots(&g->layout, g->classes, "is_kept", g->kept));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_assignment(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	json_t *array = json_array();

	for (int i = 0; i < plan->n_covers; i++) {
		const struct mig_plan_cover *cover = &plan->covers[i];
		json_t *object = json_object();

		put_int(object, "class", cover->cls);
		put_int(object, "count", cover->count);
		json_object_set_new(object, "n_instances",
				    json_ints(cover->n_instances,
					      p->classes[cover->cls].n_options));
		json_array_append_new(array, object);
	}
	return array;
}

/* One object of prices a pool, each with every profile of the pool's type. */
static json_t *json_prices(const struct mig_plan_problem *p,
			   const struct mig_plan_certificate *cert)
{
	json_t *array = json_array();

	for (int t = 0; t < p->n_pools; t++) {
		const struct mig_gpu_type *type = p->pools[t].type;
		json_t *object = json_object();

		for (int k = 0; k < type->n_profiles; k++)
			put_int(object, type->profiles[k].name, cert->prices[t][k]);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_certificate(const struct mig_plan_problem *p,
				const struct mig_plan_certificate *cert, int n_earlier)
{
	json_t *object = json_object();

	put_int(object, "denominator", cert->denominator);
	json_object_set_new(object, "prices", json_prices(p, cert));
	json_object_set_new(object, "rents", json_ints(cert->rents, p->n_pools));
	json_object_set_new(object, "fresh_rents", json_ints(cert->fresh_rents, p->n_pools));
	json_object_set_new(object, "budgets", json_ints(cert->budgets, n_earlier));
	json_object_set_new(object, "class_least", json_ints(cert->class_least, p->n_classes));
	json_object_set_new(object, "present_least",
			    json_ints(cert->present_least, p->n_present));
	return object;
}

static bool has_plan(const struct mig_plan *plan)
{
	return plan->status == MIG_PLAN_OPTIMAL || plan->status == MIG_PLAN_FEASIBLE;
}

static json_t *json_measures(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	const bool is_plan = has_plan(plan);
	json_t *array = json_array();

	for (int i = 0; i < plan->n_measures; i++) {
		const struct mig_plan_measure *m = &plan->measures[i];
		json_t *object = json_object();

		json_object_set_new(object, "goal", json_string(mig_plan_goal_name(m->goal)));
		if (is_plan)
			put_int(object, "value", m->value);
		if (m->bound != MIG_UNKNOWN && is_plan)
			put_int(object, "bound", m->bound);
		json_object_set_new(object, "is_searched", json_boolean(m->is_searched));
		if (m->bound != MIG_UNKNOWN || plan->status == MIG_PLAN_INFEASIBLE)
			json_object_set_new(object, "certificate",
					    json_certificate(p, &m->certificate, i));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *json_totals(const struct mig_plan *plan)
{
	json_t *object = json_object();

	for (int i = 0; i < MIG_PLAN_N_GOALS; i++)
		put_int(object, mig_plan_goal_name((enum mig_plan_goal)i), plan->totals[i]);
	return object;
}

/* What most readers look for, of the first goal, before the whole. */
static void put_summary(json_t *doc, const struct mig_plan *plan)
{
	const struct mig_plan_measure *first = &plan->measures[0];

	put_int(doc, "n_gpus", plan->totals[MIG_PLAN_GPUS]);
	json_object_set_new(doc, "cost_usd_per_h",
			    json_real((double)plan->totals[MIG_PLAN_MONEY] / 1e6));
	if (plan->n_measures == 0)
		return;
	put_int(doc, "value", first->value);
	if (first->bound == MIG_UNKNOWN)
		return;
	put_int(doc, "lower_bound", first->bound);
	put_int(doc, "gap", first->value - first->bound);
}

void plan_json(json_t *doc, const struct mig_plan_problem *problem, const struct mig_plan *plan)
{
	const bool is_plan = has_plan(plan);

	json_object_set_new(doc, "status", json_string(statuses[plan->status]));
	json_object_set_new(doc, "objective", json_goals(problem));
	if (is_plan) {
		put_summary(doc, plan);
		json_object_set_new(doc, "totals", json_totals(plan));
	} else {
		json_object_set_new(doc, "reason", json_string(plan->reason));
		if (plan->culprit >= 0)
			put_int(doc, "culprit", plan->culprit);
		if (plan->pool >= 0)
			put_int(doc, "pool", plan->pool);
	}
	json_object_set_new(doc, "measures", json_measures(problem, plan));
	json_object_set_new(doc, "layouts", is_plan ? json_layouts(plan) : json_array());
	json_object_set_new(doc, "assignment",
			    is_plan ? json_assignment(problem, plan) : json_array());
	json_object_set_new(doc, "problem", json_problem(problem));
}
