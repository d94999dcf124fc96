/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slow account of plans and their proofs, for problems of two pools, two present groups and
 * small needs: it lists every layout that a GPU can be given and every cover of a workload.
 * It shares no code with lib/verify.
 */
#ifndef TESTS_VERIFY_SLOW_H
#define TESTS_VERIFY_SLOW_H

#include <stdbool.h>

#include <mig/plan.h>

/** slow_list - list the layouts of a problem's GPUs, which slow_is_true() looks at. */
void slow_list(const struct mig_plan_problem *p);
void slow_forget(void);

/** slow_is_true - does the plan do what was asked, and is proved what is said to be? */
bool slow_is_true(const struct mig_plan_problem *p, const struct mig_plan *plan);

#endif
