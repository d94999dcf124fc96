/* SPDX-License-Identifier: Apache-2.0 */
/* What must stand apart: see struct mig_plan_rule. */
#ifndef LIB_PLAN_APART_H
#define LIB_PLAN_APART_H

#include "lib/plan/expand.h"

/**
 * plan_keep_apart - change groups until every rule is kept.
 * @choice:	whose covers change where an instance goes on as another option of its class.
 * @anew:	all that may move is placed anew, what is under rules first: slower, and often
 *		with fewer GPUs where much is under rules. No more than so many instances and
 *		GPUs: else that is no way.
 *
 * Instances of the same profile change places, or one goes where units are free, or onto a
 * GPU that is not used yet. The groups are one GPU each afterwards, or merged where they are
 * alike side by side: with rules about nodes their order says which GPUs share one.
 *
 * Return: 0; -MIG_E_NOSPACE when a rule could not be kept, @ret_rule saying which;
 * -MIG_E_INVAL when there are too many GPUs to look at one by one; -MIG_E_NOMEM.
 */
int plan_keep_apart(const struct plan_model *m, struct plan_choice *choice,
		    struct plan_groups *groups, bool anew, int *ret_rule);

#endif
