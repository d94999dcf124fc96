/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

static int read_goal(char *word, enum mig_plan_goal *ret)
{
	for (int i = 0; i < MIG_PLAN_N_GOALS; i++) {
		if (strcmp(word, mig_plan_goal_name((enum mig_plan_goal)i)) == 0 ||
		    (i == MIG_PLAN_UNITS && strcmp(word, "headroom") == 0)) {
			*ret = (enum mig_plan_goal)i;
			return 0;
		}
	}
	return -1;
}

static int check_money(const struct task *task, struct mig_error *err)
{
	for (int t = 0; t < task->fleet->n; t++) {
		const char *key = task->fleet->pools[t].type->key;

		if (!task->fleet->prices[t].is_known)
			return mig_fail(err, MIG_E_INVAL,
					"--objective money: no price is known of %s; give one "
					"with --price %s=USD_PER_H",
					key, key);
	}
	return 0;
}

int task_goals(struct task *task, const char *text, struct mig_error *err)
{
	const char *fallback = task->fleet->is_current ? "gpus,moves" : "gpus";
	cleanup_free char *copy = strdup(text ? text : fallback);
	int rc = copy ? 0 : mig_fail(err, MIG_E_NOMEM, "read the options");
	char *rest = copy;

	while (rc == 0 && rest) {
		char *word = strsep(&rest, ",");
		enum mig_plan_goal goal;

		if (read_goal(word, &goal) < 0)
			return mig_fail(err, MIG_E_INVAL,
					"--objective: \"%s\" is none; there are gpus, money, "
					"moves and headroom, the first counts first",
					word);
		for (int i = 0; i < task->n_goals; i++) {
			if (task->goals[i] == goal)
				return mig_fail(err, MIG_E_INVAL, "--objective names %s twice",
						word);
		}
		task->goals[task->n_goals++] = goal;
		if (goal == MIG_PLAN_MONEY)
			rc = check_money(task, err);
	}
	return rc;
}

static bool is_dropped(const struct task_drop *drops, int n, enum task_drop_kind kind,
		       int index)
{
	for (int i = 0; i < n; i++) {
		if (drops[i].kind == kind && drops[i].index == index)
			return true;
	}
	return false;
}

/* Zeroed memory that goes with the problem; NULL when it ran out. */
static void *problem_alloc(struct task_problem *p, size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);

	if (memory)
		p->memory[p->n_memory++] = memory;
	return memory;
}

void task_problem_free(struct task_problem *p)
{
	for (int i = 0; i < p->n_memory; i++)
		free(p->memory[i]);
	*p = (struct task_problem){ 0 };
}

static int out_of_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "make a plan");
}

/* The power of ten that makes whole numbers of a class's need and rates; lower where these
 * would be larger than the planner takes. */
static int choose_places(const struct mig_model *m, const struct mig_decimal *rates, int n)
{
	int places = m->need.places;

	for (int i = 0; i < n; i++)
		places = rates[i].places > places ? rates[i].places : places;
	for (;; places--) {
		const int64_t need = mig_decimal_scale(m->need, places, true);
		bool is_fit = need >= 0 && need <= MIG_PLAN_NEED_MAX;

		for (int i = 0; i < n && is_fit; i++) {
			const int64_t rate = mig_decimal_scale(rates[i], places, false);

			is_fit = rate >= 0 && rate <= MIG_PLAN_RATE_MAX;
		}
		if (is_fit)
			return places;
	}
}

/* What a class is made from, one after the other. */
struct class_maker {
	const struct task *task;
	const struct mig_model *model;
	struct mig_plan_option options[MIG_PLAN_OPTIONS_MAX];
	struct mig_decimal rates[MIG_PLAN_OPTIONS_MAX];
	int n;
};

static int add_pool_options(struct class_maker *c, const struct mig_model *m, int pool,
			    struct mig_error *err)
{
	const struct mig_gpu_type *type = c->task->fleet->pools[pool].type;

	for (int i = 0; i < type->n_profiles; i++) {
		struct mig_decimal rate;

		if (mig_model_limit(m, type, i, &rate) != MIG_LIMIT_NONE)
			continue;
		if (c->n == MIG_PLAN_OPTIONS_MAX)
			return mig_fail(err, MIG_E_INVAL,
					"model \"%s\" could use more than %d kinds of "
					"instances; name some with \"profile\"",
					m->name, MIG_PLAN_OPTIONS_MAX);
		c->rates[c->n] = rate;
		c->options[c->n++] =
			(struct mig_plan_option){ .pool = pool, .profile = i, .rate = 1 };
	}
	return 0;
}

/* With a need each instance counts by its rate, rounded down; what is then nothing is no
 * option: a need would take more of it than there can be. */
static void scale_rates(struct class_maker *c, int places)
{
	int n = 0;

	for (int i = 0; i < c->n; i++) {
		c->options[i].rate = mig_decimal_scale(c->rates[i], places, false);
		if (c->options[i].rate > 0)
			c->options[n++] = c->options[i];
	}
	c->n = n;
}

static int make_class(const struct task *task, int index, const struct task_drop *drops, int n,
		      struct mig_plan_option *room, struct task_problem *p,
		      struct mig_plan_class *ret, struct mig_error *err)
{
	const struct mig_model *model = &task->models->models[index];
	struct class_maker c = { .task = task, .model = model };
	struct mig_model asked = *model;
	int rc = 0;

	if (is_dropped(drops, n, TASK_DROP_LATENCY, index))
		asked.has_latency = false;
	if (is_dropped(drops, n, TASK_DROP_PINS, index))
		asked.pins.n = 0;
	for (int t = 0; t < task->fleet->n && rc == 0; t++)
		rc = add_pool_options(&c, &asked, t, err);
	if (rc < 0)
		return rc;
	*ret = (struct mig_plan_class){
		.name = model->name, .count = model->replicas, .need = 1, .options = room
	};
	if (model->has_need) {
		p->places[index] = choose_places(model, c.rates, c.n);
		scale_rates(&c, p->places[index]);
		ret->need = mig_decimal_scale(model->need, p->places[index], true);
		ret->count = 1;
		ret->min_instances = model->has_replicas ? model->replicas : 0;
		if (is_dropped(drops, n, TASK_DROP_REPLICAS, index))
			ret->min_instances = 0;
	}
	ret->n_options = c.n;
	memcpy(room, c.options, (size_t)c.n * sizeof(*room));
	return 0;
}

static int make_classes(const struct task *task, const struct task_drop *drops, int n,
			struct task_problem *p, struct mig_error *err)
{
	const size_t n_models = task->models->n;
	struct mig_plan_class *classes = problem_alloc(p, n_models, sizeof(*classes));
	struct mig_plan_option *options =
		problem_alloc(p, n_models,
			      MIG_PLAN_OPTIONS_MAX * sizeof(struct mig_plan_option));
	int rc = 0;

	p->places = problem_alloc(p, n_models, sizeof(*p->places));
	if (!classes || !options || !p->places)
		return out_of_memory(err);
	for (size_t k = 0; k < n_models && rc == 0; k++)
		rc = make_class(task, (int)k, drops, n, &options[k * MIG_PLAN_OPTIONS_MAX], p,
				&classes[k], err);
	p->problem.classes = classes;
	p->problem.n_classes = (int)n_models;
	return rc;
}

static int make_pools(const struct task *task, const struct task_drop *drops, int n,
		      struct task_problem *p, struct mig_error *err)
{
	const size_t n_pools = (size_t)task->fleet->n;
	struct mig_plan_pool *pools = problem_alloc(p, n_pools, sizeof(*pools));

	if (!pools)
		return out_of_memory(err);
	memcpy(pools, task->fleet->pools, n_pools * sizeof(*pools));
	for (int t = 0; t < task->fleet->n; t++) {
		if (is_dropped(drops, n, TASK_DROP_RESERVE, 0))
			pools[t].n_reserved = 0;
		if (is_dropped(drops, n, TASK_DROP_INVENTORY, t)) {
			pools[t].n_gpus = MIG_PLAN_UNLIMITED;
			pools[t].n_reserved = 0;
		}
	}
	p->problem.pools = pools;
	p->problem.n_pools = task->fleet->n;
	return 0;
}

struct rule_maker {
	struct mig_plan_rule *rules;
	int32_t *classes;
	int n, n_classes, room;
};

static int add_rule(struct rule_maker *r, bool on_node, int a, int b, struct mig_error *err)
{
	struct mig_plan_rule *rule = &r->rules[r->n];
	int32_t *classes = &r->classes[r->n_classes];

	if (r->n == r->room)
		return mig_fail(err, MIG_E_INVAL,
				"more than %d rules of \"spread\" and "
				"\"apart-from\"",
				r->room);
	*rule = (struct mig_plan_rule){ .scope = on_node ? MIG_PLAN_ON_NODE : MIG_PLAN_ON_GPU,
					.max = 1,
					.n_classes = b < 0 ? 1 : 2,
					.classes = classes };
	classes[0] = a;
	if (b >= 0)
		classes[1] = b;
	r->n_classes += rule->n_classes;
	r->n++;
	return 0;
}

/* The other model says the same of this one, and was first. */
static bool is_said(const struct mig_models *models, int a, const struct mig_model_apart *apart)
{
	const struct mig_model *other = &models->models[apart->model];

	for (size_t i = 0; apart->model < a && i < other->n_apart; i++) {
		if (other->apart[i].model == a && other->apart[i].on_node == apart->on_node)
			return true;
	}
	return false;
}

static int make_rules(const struct task *task, const struct task_drop *drops, int n,
		      struct task_problem *p, struct mig_error *err)
{
	struct rule_maker r = { .room = MIG_PLAN_RULES_MAX };
	int rc = 0;

	r.rules = problem_alloc(p, MIG_PLAN_RULES_MAX + 1, sizeof(*r.rules));
	r.classes = problem_alloc(p, 2 * MIG_PLAN_RULES_MAX + 2, sizeof(*r.classes));
	if (!r.rules || !r.classes)
		return out_of_memory(err);
	for (int k = 0; k < (int)task->models->n && rc == 0; k++) {
		const struct mig_model *m = &task->models->models[k];

		if (m->spread != MIG_SPREAD_NONE && !is_dropped(drops, n, TASK_DROP_SPREAD, k))
			rc = add_rule(&r, m->spread == MIG_SPREAD_NODE, k, -1, err);
		for (size_t i = 0; i < m->n_apart && rc == 0; i++) {
			const int other = m->apart[i].model;

			if (!is_said(task->models, k, &m->apart[i]) &&
			    !is_dropped(drops, n, TASK_DROP_APART, k) &&
			    !is_dropped(drops, n, TASK_DROP_APART, other))
				rc = add_rule(&r, m->apart[i].on_node, k, other, err);
		}
	}
	p->problem.rules = r.rules;
	p->problem.n_rules = r.n;
	return rc;
}

int task_model_find(const struct task *task, const char *name)
{
	const size_t len = strcspn(name, "/");

	for (size_t k = 0; k < task->models->n; k++) {
		const char *model = task->models->models[k].name;

		if (strlen(model) == len && strncmp(model, name, len) == 0)
			return (int)k;
	}
	return MIG_PLAN_NOBODY;
}

static bool is_option(const struct mig_plan_class *cls, int pool, int profile)
{
	for (int i = 0; i < cls->n_options; i++) {
		if (cls->options[i].pool == pool && cls->options[i].profile == profile)
			return true;
	}
	return false;
}

/* Whom a slot serves, and whether it must stay. What no longer may serve its model serves
 * nobody; what is held by a process stays, whoever it is. */
static void fill_slot(const struct task *task, const struct task_drop *drops, int n,
		      const struct task_problem *p, struct mig_plan_present *h, int gpu, int i)
{
	const struct mig_slot *slot = &h->layout.slots[i];
	int cls = task_model_find(task, task->names[gpu].at[slot->start]);

	if (cls >= 0 && !is_option(&p->problem.classes[cls], h->pool, slot->profile))
		cls = MIG_PLAN_NOBODY;
	h->classes[i] = cls;
	if (task->held[gpu] & 1U << i || (cls >= 0 && task->models->models[cls].keep_running &&
					  !is_dropped(drops, n, TASK_DROP_KEEP, cls)))
		h->held |= (uint16_t)(1U << i);
}

static int make_present(const struct task *task, const struct task_drop *drops, int n,
			struct task_problem *p, struct mig_error *err)
{
	const int n_gpus = task->fleet->snap.n_gpus;
	struct mig_plan_present *present = problem_alloc(p, (size_t)n_gpus, sizeof(*present));

	p->gpus = problem_alloc(p, (size_t)n_gpus, sizeof(*p->gpus));
	if (!present || !p->gpus)
		return out_of_memory(err);
	for (int i = 0; i < n_gpus; i++) {
		struct mig_plan_present *h = &present[p->problem.n_present];

		if (fleet_pool_of(task->fleet, i) < 0)
			continue;
		*h = (struct mig_plan_present){
			.pool = fleet_pool_of(task->fleet, i),
			.count = 1,
			.layout = mig_gpu_layout(&task->fleet->snap.gpus[i]),
		};
		if (h->layout.n_slots == 0)
			continue;
		h->layout.type = task->fleet->pools[h->pool].type;
		for (int k = 0; k < MIG_UNITS_MAX; k++)
			h->classes[k] = MIG_PLAN_NOBODY;
		for (int k = 0; k < h->layout.n_slots; k++)
			fill_slot(task, drops, n, p, h, i, k);
		p->gpus[p->problem.n_present++] = i;
	}
	p->problem.present = present;
	return 0;
}

int task_problem_make(const struct task *task, const struct task_drop *drops, int n,
		      struct task_problem *ret, struct mig_error *err)
{
	struct task_problem p = { 0 };
	int rc = make_pools(task, drops, n, &p, err);

	if (rc == 0)
		rc = make_classes(task, drops, n, &p, err);
	if (rc == 0)
		rc = make_rules(task, drops, n, &p, err);
	if (rc == 0 && task->fleet->is_current)
		rc = make_present(task, drops, n, &p, err);
	p.problem.n_goals = task->n_goals;
	memcpy(p.problem.goals, task->goals, sizeof(p.problem.goals));
	if (rc < 0) {
		task_problem_free(&p);
		return rc;
	}
	*ret = p;
	return 0;
}

int task_present_find(const struct task_problem *p, int gpu)
{
	for (int h = 0; h < p->problem.n_present; h++) {
		if (p->gpus[h] == gpu)
			return h;
	}
	return -1;
}

bool task_has(const struct task *task, struct task_drop drop)
{
	const bool is_pool = drop.kind == TASK_DROP_INVENTORY || drop.kind == TASK_DROP_RESERVE;
	const struct mig_model *m = &task->models->models[is_pool ? 0 : drop.index];

	switch (drop.kind) {
	case TASK_DROP_RESERVE:
		for (int t = 0; t < task->fleet->n; t++) {
			if (task->fleet->pools[t].n_reserved > 0)
				return drop.index == 0;
		}
		return false;
	case TASK_DROP_INVENTORY:
		return task->fleet->pools[drop.index].n_gpus != MIG_PLAN_UNLIMITED;
	case TASK_DROP_LATENCY:
		return m->has_latency;
	case TASK_DROP_PINS:
		return m->pins.n > 0;
	case TASK_DROP_REPLICAS:
		return m->has_need && m->has_replicas;
	case TASK_DROP_SPREAD:
		return m->spread != MIG_SPREAD_NONE;
	case TASK_DROP_APART:
		return m->n_apart > 0;
	case TASK_DROP_KEEP:
		return m->keep_running && task->fleet->is_current;
	default:
		return false;
	}
}

const char *task_drop_format(const struct task *task, struct task_drop drop, char *buf,
			     size_t len)
{
	static const char *const words[TASK_N_DROPS] = {
		[TASK_DROP_LATENCY] = "\"latency\"",   [TASK_DROP_PINS] = "\"profile\"",
		[TASK_DROP_REPLICAS] = "\"replicas\"", [TASK_DROP_SPREAD] = "\"spread\"",
		[TASK_DROP_APART] = "\"apart-from\"",  [TASK_DROP_KEEP] = "\"keep-running\"",
	};
	const struct mig_model *m = task->models->models;

	if (drop.kind == TASK_DROP_RESERVE)
		snprintf(buf, len, "--reserve");
	else if (drop.kind == TASK_DROP_INVENTORY)
		snprintf(buf, len, "the limit of %" PRId64 " %s",
			 task->fleet->pools[drop.index].n_gpus,
			 task->fleet->pools[drop.index].type->key);
	else
		snprintf(buf, len, "%s of %s", words[drop.kind], m[drop.index].name);
	return buf;
}
