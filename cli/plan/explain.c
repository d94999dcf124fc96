/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* Every type of the catalog that can be read; the caller frees the list. */
static const struct mig_gpu_type **all_types(struct mig_catalog *catalog, size_t *ret_n)
{
	const int n = mig_catalog_count(catalog);
	const struct mig_gpu_type **types = calloc((size_t)n + 1, sizeof(*types));

	*ret_n = 0;
	for (int i = 0; types && i < n; i++) {
		const struct mig_gpu_type *type;

		if (mig_catalog_find(catalog, mig_catalog_key(catalog, i), &type, NULL) == 0)
			types[(*ret_n)++] = type;
	}
	return types;
}

/* The GPU type with the least memory that has an instance for a model, or NULL. */
static const struct mig_gpu_type *smallest_type(const struct mig_model *m,
						const struct mig_gpu_type *const *types,
						size_t n)
{
	const struct mig_gpu_type *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (types[i]->mem_mib.v == MIG_UNKNOWN || !mig_model_fits(m, types[i]))
			continue;
		if (!best || types[i]->mem_mib.v < best->mem_mib.v)
			best = types[i];
	}
	return best;
}

/* Of the fleet's types, the largest: what it lacks is the least that would be needed. */
static const struct mig_gpu_type *largest_type(const struct fleet *fleet)
{
	const struct mig_gpu_type *best = fleet->pools[0].type;

	for (int t = 1; t < fleet->n; t++) {
		if (fleet->pools[t].type->mem_mib.v > best->mem_mib.v)
			best = fleet->pools[t].type;
	}
	return best;
}

static bool fits_fleet(const struct mig_model *m, const struct fleet *fleet)
{
	for (int t = 0; t < fleet->n; t++) {
		if (mig_model_fits(m, fleet->pools[t].type))
			return true;
	}
	return false;
}

static int refuse(const struct task *task, const struct mig_model *m,
		  const struct mig_gpu_type *const *types, size_t n, struct mig_error *err)
{
	const struct mig_gpu_type *smallest = smallest_type(m, types, n);
	char why[512];
	int rc = mig_fail(err, MIG_E_NOSPACE, "%s:%u: model \"%s\" goes onto no %s: %s",
			  task->models->name, m->line, m->name,
			  task->fleet->n > 1 ? "GPU of this plan"
					     : task->fleet->pools[0].type->key,
			  mig_model_explain(m, largest_type(task->fleet), why, sizeof(why)));

	if (smallest)
		return mig_hint(err, rc, "the smallest GPU type that would do is %s",
				smallest->key);
	/* These say the way out already, and it is no other GPU. */
	if (m->tensor_parallel > 1 || m->pins.n > 0)
		return rc;
	return mig_hint(err, rc, "no GPU type whose memory is in the catalog would do");
}

/* Nothing to explain, and no need to read the whole catalog. */
static bool is_all_well(const struct task *task)
{
	const struct mig_gpu_type *types[MIG_PLAN_POOLS_MAX];

	for (int t = 0; t < task->fleet->n; t++)
		types[t] = task->fleet->pools[t].type;
	for (size_t k = 0; k < task->models->n; k++) {
		if (!fits_fleet(&task->models->models[k], task->fleet))
			return false;
	}
	return mig_models_check(task->models, types, (size_t)task->fleet->n, NULL) == 0;
}

int explain_unfit(struct cli *cli, const struct task *task, struct mig_error *err)
{
	struct mig_catalog *catalog;
	const struct mig_gpu_type **types;
	size_t n;
	int rc;

	if (is_all_well(task))
		return 0;
	rc = cli_catalog(cli, &catalog, err);
	if (rc < 0)
		return rc;
	types = all_types(catalog, &n);
	if (!types)
		return mig_fail(err, MIG_E_NOMEM, "read the catalog");
	rc = mig_models_check(task->models, types, n, err);
	for (size_t k = 0; k < task->models->n && rc == 0; k++) {
		const struct mig_model *m = &task->models->models[k];

		if (!fits_fleet(m, task->fleet))
			rc = refuse(task, m, types, n, err);
	}
	free(types);
	return rc;
}

enum { DROPS_MAX = 64, PAIRS_MAX = 16, SHOWN_MAX = 6 };

/* Is there a plan without these? @ret_gpus: of pool @pool, how many it takes then. */
static bool is_feasible_without(const struct task *task, const struct task_drop *drops, int n,
				int64_t *ret_gpus)
{
	struct task bare = *task;
	struct task_problem p;
	struct mig_plan *plan = NULL;
	bool is_feasible;

	bare.n_goals = 1;
	bare.goals[0] = MIG_PLAN_GPUS;
	if (task_problem_make(&bare, drops, n, &p, NULL) < 0)
		return false;
	is_feasible = mig_plan_solve(&p.problem, NULL, &plan, NULL) == 0 &&
		      (plan->status == MIG_PLAN_OPTIMAL || plan->status == MIG_PLAN_FEASIBLE);
	*ret_gpus = 0;
	for (int i = 0; is_feasible && i < plan->n_groups; i++) {
		if (plan->groups[i].pool == drops[0].index &&
		    plan->groups[i].layout.n_slots > 0)
			*ret_gpus += plan->groups[i].count;
	}
	mig_plan_free(plan);
	task_problem_free(&p);
	return is_feasible;
}

/* Every constraint of the task, in the order in which people would rather give them up. */
static int list_drops(const struct task *task, struct task_drop *ret)
{
	int n = 0;

	for (int kind = 0; kind < TASK_N_DROPS; kind++) {
		const bool is_pool = kind == TASK_DROP_INVENTORY || kind == TASK_DROP_RESERVE;
		const int n_of = is_pool ? task->fleet->n : (int)task->models->n;

		for (int i = 0; i < n_of && n < DROPS_MAX; i++) {
			const struct task_drop drop = { (enum task_drop_kind)kind, i };

			if (task_has(task, drop))
				ret[n++] = drop;
		}
	}
	return n;
}

static void add_way(const struct task *task, const struct task_drop *drops, int n, int64_t gpus,
		    char *buf, size_t len)
{
	char one[160], other[160];

	text_append(buf, len, "%s%s", *buf ? ", or " : "without ",
		    task_drop_format(task, drops[0], one, sizeof(one)));
	if (n > 1)
		text_append(buf, len, " and %s",
			    task_drop_format(task, drops[1], other, sizeof(other)));
	else if (drops[0].kind == TASK_DROP_INVENTORY &&
		 gpus > task->fleet->pools[drops[0].index].n_gpus -
				 task->fleet->pools[drops[0].index].n_reserved)
		text_append(buf, len, " (%" PRId64 " would do)", gpus);
}

/* The constraints that alone stand in the way; where there is none, the pairs. */
static void find_ways(const struct task *task, char *buf, size_t len)
{
	struct task_drop drops[DROPS_MAX];
	const int n = list_drops(task, drops);
	int64_t gpus;
	int found = 0;

	for (int i = 0; i < n && found < SHOWN_MAX; i++) {
		if (is_feasible_without(task, &drops[i], 1, &gpus)) {
			add_way(task, &drops[i], 1, gpus, buf, len);
			found++;
		}
	}
	for (int i = 0; i < n && i < PAIRS_MAX && found == 0; i++) {
		for (int k = i + 1; k < n && k < PAIRS_MAX && found < SHOWN_MAX; k++) {
			const struct task_drop pair[] = { drops[i], drops[k] };

			if (is_feasible_without(task, pair, 2, &gpus)) {
				add_way(task, pair, 2, gpus, buf, len);
				found++;
			}
		}
	}
}

int explain_infeasible(const struct task *task, const struct mig_plan *plan,
		       struct mig_error *err)
{
	const bool is_proved = plan->status == MIG_PLAN_INFEASIBLE;
	char ways[640] = "";
	int rc = mig_fail(err, MIG_E_NOSPACE, "%s: %s%s", task->models->name,
			  is_proved ? "there is no plan: " : "", plan->reason);

	find_ways(task, ways, sizeof(ways));
	if (*ways)
		return mig_hint(err, rc, "%s there is one", ways);
	return mig_hint(err, rc,
			"no constraint, and no two of them, can be dropped to get one");
}
