/* SPDX-License-Identifier: Apache-2.0 */
/* A plan from beginning to end, for the verbs that make one. */
#ifndef CLI_PLAN_PLAN_H
#define CLI_PLAN_PLAN_H

#include <jansson.h>

#include "cli/plan/seat.h"

/* Zero-initialised is empty. */
struct planner {
	struct mig_models *models;
	struct fleet fleet;
	uint16_t *held;
	struct task_names *names;
	struct task task;
	struct task_problem p;
	struct mig_plan *plan;
	struct seats seats; /* empty where there is no plan */
};

/** planner_run - read, solve, check. @pl: planner_free() it in any case. */
int planner_run(struct cli *cli, const char *path, struct planner *pl,
		struct mig_error *err) MIG_MUST_USE;
void planner_free(struct planner *pl);

/** planner_document - the plan as JSON, migctl.plan/v1. */
json_t *planner_document(const struct planner *pl);

#endif
