/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_EXPLAIN_H
#define CLI_PLAN_EXPLAIN_H

#include "cli/plan/task.h"

/**
 * explain_unfit - refuse the first model that no GPU of the fleet has an instance for.
 *
 * Errors: NOSPACE - the model, the limit, and the smallest GPU type that would do; NOENT - a
 * profile that no GPU type of the catalog has; NOMEM.
 */
int explain_unfit(struct cli *cli, const struct task *task, struct mig_error *err) MIG_MUST_USE;

/**
 * explain_infeasible - the error of a problem that has no plan.
 *
 * The message has the planner's reason, and what could be given up: each constraint that alone
 * stands in the way, or else pairs of them. Errors: NOSPACE, as wanted; or what else failed.
 */
int explain_infeasible(const struct task *task, const struct mig_plan *plan,
		       struct mig_error *err) MIG_MUST_USE;

#endif
