/* SPDX-License-Identifier: Apache-2.0 */
/* What must stand apart: who is under which rule, and is it kept? See struct mig_plan_rule. */
#ifndef LIB_PLAN_RULES_H
#define LIB_PLAN_RULES_H

#include "lib/plan/plan.h"

/* The rules of each class: rules[first[k]] to rules[first[k + 1]]. */
struct plan_membership {
	int *first, *rules;
};

/** plan_membership_open - false: no memory; close it then, too. */
bool plan_membership_open(const struct mig_plan_problem *p, struct plan_membership *ret);
void plan_membership_close(struct plan_membership *of);

/** plan_rule_count - instances on one GPU of @g that @rule counts. */
int plan_rule_count(const struct plan_membership *of, const struct mig_plan_group *g, int rule);

/** plan_node_size - of how many GPUs of @pool side by side @rule counts the instances together. */
int plan_node_size(const struct mig_plan_problem *p, int pool, int rule);

/** plan_first_broken_rule - the first rule that groups do not keep, or -1; -2: no memory. */
int plan_first_broken_rule(const struct mig_plan_problem *p,
			   const struct mig_plan_group *groups, int n);

#endif
