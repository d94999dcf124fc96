/* SPDX-License-Identifier: Apache-2.0 */
/* From models and a fleet to a problem for <mig/plan.h>. */
#ifndef CLI_PLAN_TASK_H
#define CLI_PLAN_TASK_H

#include <mig/plan.h>
#include <mig/workload.h>

#include "cli/plan/fleet.h"

/* What somebody could give up, so that there is a plan. */
enum task_drop_kind {
	TASK_DROP_RESERVE,
	TASK_DROP_LATENCY,
	TASK_DROP_PINS,
	TASK_DROP_REPLICAS, /* as a least number beside a need for throughput */
	TASK_DROP_SPREAD,
	TASK_DROP_APART,
	TASK_DROP_KEEP,
	TASK_DROP_INVENTORY, /* how many GPUs there are of a pool */
	TASK_N_DROPS
};

struct task_drop {
	enum task_drop_kind kind;
	int index; /* of a model, or of a pool */
};

/* What the instances of a GPU are called, by the placement unit where they begin; "": nothing. */
struct task_names {
	char at[MIG_UNITS_MAX][MIG_INSTANCE_NAME_MAX];
};

/* Models, fleet and goals; then the problem, whose class k is model k. */
struct task {
	const struct mig_models *models;
	const struct fleet *fleet;
	int n_goals;
	enum mig_plan_goal goals[MIG_PLAN_N_GOALS];
	/* Of the machine at hand, one for each GPU: bit i for a slot i that somebody holds, and the
	 * names, which say what serves which model. */
	const uint16_t *held;
	const struct task_names *names;
};

/* A problem, with all that it points to. */
struct task_problem {
	struct mig_plan_problem problem;
	int *gpus;   /* of each present group: the GPU of the machine at hand */
	int *places; /* of each class: its need and rates are times ten to that */
	void *memory[8];
	int n_memory;
};

/** task_goals - read "gpus,money,moves,headroom"; the default where @text is NULL. */
int task_goals(struct task *task, const char *text, struct mig_error *err) MIG_MUST_USE;

/**
 * task_problem_make - the problem of a task.
 * @drops:	@n constraints that are left out of it.
 * @ret:	written on success only; task_problem_free() it.
 *
 * Errors: INVAL - what the planner's bounds do not allow, by name; NOMEM.
 */
int task_problem_make(const struct task *task, const struct task_drop *drops, int n,
		      struct task_problem *ret, struct mig_error *err) MIG_MUST_USE;
void task_problem_free(struct task_problem *p);

/** task_has - does the task have such a constraint at all? */
bool task_has(const struct task *task, struct task_drop drop);

/** task_drop_format - "the latency of chat", "that there are 8 A100-SXM4-80GB". */
const char *task_drop_format(const struct task *task, struct task_drop drop, char *buf,
			     size_t len);

/** task_present_find - the group of a GPU of the machine at hand, or -1: it has nothing on it. */
int task_present_find(const struct task_problem *p, int gpu);

/** task_model_find - the model that an instance's name names: "chat/1" is chat; or NOBODY. */
int task_model_find(const struct task *task, const char *name);

#endif
