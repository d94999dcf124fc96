/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polishing: a plan with some GPUs taken away lacks instances; covers and layouts are
 * changed one at a time, always the change that lowers the lack the most, until nothing is
 * lacking. For fleets of several hundred GPUs without instances, where rounding prices' mix
 * leaves a few GPUs too many.
 */
#ifndef LIB_PLAN_POLISH_H
#define LIB_PLAN_POLISH_H

#include "lib/plan/choose.h"

struct plan_polish {
	const struct plan_stage *stage; /* solved; its goal is GPUs or money, and its first */
	const struct plan_choice *from; /* of the plan to begin with */
	const int64_t *from_count;      /* of each column */
	int64_t max_steps;              /* of each try */
	/* The answer: */
	bool is_better;
	struct plan_choice *choice; /* empty before; filled where it is better */
	int64_t *count;
};

/** plan_polish_fits - is a plan of so many instances and GPUs small enough to be polished? */
bool plan_polish_fits(const struct plan_stage *s, const int64_t *count);

/** plan_polish - Return: 0, or -MIG_E_NOMEM. */
int plan_polish(struct plan_polish *p);

#endif
