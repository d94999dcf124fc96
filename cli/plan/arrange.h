/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_ARRANGE_H
#define CLI_PLAN_ARRANGE_H

#include "cli/plan/seat.h"

/**
 * arrange_nodes - number the GPUs of a plan such that each node keeps the rules about nodes.
 *
 * A plan says how many GPUs are cut alike, not which nodes they are in. Where there are such
 * rules every GPU goes to the first node that it may go to; otherwise nothing is done.
 *
 * Errors: NOSPACE - no node is left for a GPU, or a GPU breaks a rule by itself; NOMEM.
 */
int arrange_nodes(const struct task *task, const struct mig_plan_problem *problem,
		  struct seats *seats, struct mig_error *err) MIG_MUST_USE;

#endif
