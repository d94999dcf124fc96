/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/arrange.h"

#include <inttypes.h>
#include <stdlib.h>

enum { GPUS_MAX = 4096 }; /* that are sorted into nodes one by one */

struct node_use {
	int n_gpus;
	int *used; /* of each rule */
};

struct arranger {
	const struct task *task;
	const struct mig_plan_problem *problem;
	struct node_use *nodes; /* of one pool */
	int *used;              /* of all of them */
	int64_t n_nodes;
};

/* How many instances on a GPU a rule counts. */
static int counted(const struct mig_plan_rule *rule, const struct mig_plan_group *g)
{
	int n = 0;

	for (int i = 0; i < g->layout.n_slots; i++) {
		for (int k = 0; k < rule->n_classes; k++)
			n += g->classes[i] == rule->classes[k];
	}
	return n;
}

static int check_gpu(const struct arranger *a, const struct mig_plan_group *g,
		     struct mig_error *err)
{
	for (int r = 0; r < a->problem->n_rules; r++) {
		const struct mig_plan_rule *rule = &a->problem->rules[r];
		const int n = counted(rule, g);

		if (n > rule->max)
			return mig_fail(err, MIG_E_NOSPACE,
					"the plan that was found puts %d instances on one GPU "
					"where \"spread\" or \"apart-from\" of %s allows %d",
					n, a->problem->classes[rule->classes[0]].name,
					rule->max);
	}
	return 0;
}

static bool may_go(const struct arranger *a, const struct node_use *node,
		   const struct mig_plan_group *g, int per_node)
{
	if (node->n_gpus >= per_node)
		return false;
	for (int r = 0; r < a->problem->n_rules; r++) {
		const struct mig_plan_rule *rule = &a->problem->rules[r];

		if (rule->scope == MIG_PLAN_ON_NODE &&
		    node->used[r] + counted(rule, g) > rule->max)
			return false;
	}
	return true;
}

/* The number of a GPU in its pool, once it is on a node. -1: no node takes it. */
static int64_t seat_gpu(struct arranger *a, const struct mig_plan_group *g, int per_node)
{
	for (int64_t i = 0; i < a->n_nodes; i++) {
		struct node_use *node = &a->nodes[i];

		if (!may_go(a, node, g, per_node))
			continue;
		for (int r = 0; r < a->problem->n_rules; r++)
			node->used[r] += counted(&a->problem->rules[r], g);
		return i * per_node + node->n_gpus++;
	}
	return -1;
}

static int begin_pool(struct arranger *a, int64_t n_nodes, struct mig_error *err)
{
	const size_t n_rules = (size_t)a->problem->n_rules;

	free(a->nodes);
	free(a->used);
	a->n_nodes = n_nodes;
	a->nodes = calloc((size_t)n_nodes + 1, sizeof(*a->nodes));
	a->used = calloc(((size_t)n_nodes + 1) * n_rules, sizeof(*a->used));
	if (!a->nodes || !a->used)
		return mig_fail(err, MIG_E_NOMEM, "sort GPUs into nodes");
	for (int64_t i = 0; i < n_nodes; i++)
		a->nodes[i].used = &a->used[(size_t)i * n_rules];
	return 0;
}

/* More nodes than GPUs are of no use. */
static int64_t nodes_of(const struct mig_plan_pool *pool, int64_t n_gpus)
{
	const int per_node = pool->gpus_per_node ? pool->gpus_per_node : 1;
	const int64_t n = pool->n_gpus == MIG_PLAN_UNLIMITED
				  ? n_gpus
				  : (pool->n_gpus + per_node - 1) / per_node;

	return n < n_gpus ? n : n_gpus;
}

static int arrange_pool(struct arranger *a, int pool, int64_t n_gpus, const struct seats *from,
			struct seats *to, struct mig_error *err)
{
	const struct mig_plan_pool *of = &a->problem->pools[pool];
	const int per_node = of->gpus_per_node ? of->gpus_per_node : 1;
	int rc = begin_pool(a, nodes_of(of, n_gpus), err);

	for (int i = 0; i < from->n && rc == 0; i++) {
		const struct seat *s = &from->seats[i];

		for (int64_t k = 0; s->group->pool == pool && k < s->count; k++) {
			const int64_t gpu = seat_gpu(a, s->group, per_node);

			if (gpu < 0 || (a->task->fleet->is_current && gpu >= per_node))
				return mig_fail(
					err, MIG_E_NOSPACE,
					"%s: no way was found to sort the plan's GPUs "
					"into nodes as \"spread\" and \"apart-from\" of "
					"nodes want it; give more nodes",
					a->task->models->name);
			to->seats[to->n++] =
				(struct seat){ s->group,
					       a->task->fleet->is_current ? s->first : gpu, 1 };
		}
	}
	return rc;
}

static bool has_node_rules(const struct mig_plan_problem *p)
{
	for (int r = 0; r < p->n_rules; r++) {
		if (p->rules[r].scope == MIG_PLAN_ON_NODE)
			return true;
	}
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	if (x->group->pool != y->group->pool)
		return x->group->pool < y->group->pool ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

int arrange_nodes(const struct task *task, const struct mig_plan_problem *problem,
		  struct seats *seats, struct mig_error *err)
{
	struct arranger a = { .task = task, .problem = problem };
	struct seats to = { 0 };
	int64_t n[MIG_PLAN_POOLS_MAX] = { 0 }, sum = 0;
	int rc = 0;

	for (int i = 0; i < seats->n && rc == 0; i++) {
		n[seats->seats[i].group->pool] += seats->seats[i].count;
		sum += seats->seats[i].count;
		rc = check_gpu(&a, seats->seats[i].group, err);
	}
	if (rc < 0 || !has_node_rules(problem))
		return rc;
	if (sum > GPUS_MAX)
		return mig_fail(err, MIG_E_INVAL,
				"rules about nodes are kept for %d GPUs at most, not %" PRId64,
				GPUS_MAX, sum);
	to.seats = calloc((size_t)sum + 1, sizeof(*to.seats));
	if (!to.seats)
		return mig_fail(err, MIG_E_NOMEM, "sort GPUs into nodes");
	for (int t = 0; t < problem->n_pools && rc == 0; t++)
		rc = arrange_pool(&a, t, n[t], seats, &to, err);
	free(a.nodes);
	free(a.used);
	qsort(to.seats, (size_t)to.n, sizeof(*to.seats), by_place);
	seats_free(rc == 0 ? seats : &to);
	if (rc == 0)
		*seats = to;
	return rc;
}
