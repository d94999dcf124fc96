/* SPDX-License-Identifier: Apache-2.0 */
/* The plan that is handed out: it owns all that it points to. */
#ifndef LIB_PLAN_ANSWER_H
#define LIB_PLAN_ANSWER_H

#include "lib/plan/choose.h"
#include "lib/plan/expand.h"
#include "lib/plan/price.h"

/** plan_answer_certificate - the proof of the stage's bound, into measure @i of @plan. */
int plan_answer_certificate(struct mig_plan *plan, int i, const struct plan_stage *s,
			    struct mig_error *err);

/** plan_answer_covers - copy what was chosen. */
int plan_answer_covers(struct mig_plan *plan, const struct mig_plan_problem *p,
		       const struct plan_choice *choice, struct mig_error *err);

/** plan_answer_hopeless - class @cls has no option at all: the plan says so, and proves it. */
int plan_answer_hopeless(struct mig_plan *plan, const struct mig_plan_problem *p, int cls,
			 struct mig_error *err);

/** plan_answer_infeasible - the status, and the reason in words. @rule: one that stands in the way, or -1. */
void plan_answer_infeasible(struct mig_plan *plan, const struct plan_stage *s, int rule);

#endif
