/* SPDX-License-Identifier: Apache-2.0 */
/* From columns and covers to GPUs: what each slot of each layout serves. */
#ifndef LIB_PLAN_EXPAND_H
#define LIB_PLAN_EXPAND_H

#include "lib/plan/choose.h"

struct plan_groups {
	int n, room;
	struct mig_plan_group *all; /* free() it */
};

/**
 * plan_expand - the groups of GPUs of a plan.
 * @count:	how often each column of the model is taken; it supplies what @choice demands.
 *
 * Kept slots go to the classes that they serve already, open ones to whom they are needed
 * by. What is left over is left out; but where moves matter more than units, what its column
 * keeps stays with its class, and is added to a cover of @choice.
 * Return: 0, or -MIG_E_NOMEM.
 */
int plan_expand(const struct plan_model *m, struct plan_choice *choice, const int64_t *count,
		struct plan_groups *ret);

/** plan_group_kept - the slots of @g that stand in @now already, for the same class or idle. */
uint16_t plan_group_kept(const struct mig_plan_group *g, const struct mig_plan_present *now);

/** plan_group_is_alike - but for their counts, are these the same? */
bool plan_group_is_alike(const struct mig_plan_group *a, const struct mig_plan_group *b);

/** plan_groups_total - what groups add up to, of each goal. */
void plan_groups_total(const struct mig_plan_problem *p, const struct mig_plan_group *groups,
		       int n, int64_t ret[MIG_PLAN_N_GOALS]);

#endif
