/* SPDX-License-Identifier: Apache-2.0 */
/* What must stand apart: see struct mig_plan_rule. */
#ifndef LIB_PLAN_APART_H
#define LIB_PLAN_APART_H

#include "lib/plan/expand.h"

/**
 * plan_keep_apart - change groups until every rule is kept.
 *
 * Instances of the same profile change places, or one goes where units are free, or onto a
 * GPU that is not used yet. The groups are one GPU each afterwards, or merged where they are
 * alike side by side: with rules about nodes their order says which GPUs share one.
 *
 * Return: 0; -MIG_E_NOSPACE when a rule could not be kept, @ret_rule saying which;
 * -MIG_E_INVAL when there are too many GPUs to look at one by one; -MIG_E_NOMEM.
 */
int plan_keep_apart(const struct plan_model *m, struct plan_groups *groups, int *ret_rule);

/** plan_first_broken_rule - the first rule that groups do not keep, or -1; -2: no memory. */
int plan_first_broken_rule(const struct mig_plan_problem *p,
			   const struct mig_plan_group *groups, int n);

#endif
