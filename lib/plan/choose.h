/* SPDX-License-Identifier: Apache-2.0 */
/* Which covers the workloads of each class get. */
#ifndef LIB_PLAN_CHOOSE_H
#define LIB_PLAN_CHOOSE_H

#include "lib/plan/price.h"

/* So many workloads of a class take these instances each. */
struct plan_chosen {
	int32_t cls;
	int64_t count;
	int64_t first; /* index of its first number in plan_choice.n */
};

struct plan_choice {
	int n_chosen, room_chosen;
	struct plan_chosen *chosen; /* by class */
	int64_t n_numbers, room_numbers;
	int64_t *n;      /* for each chosen, one number for each option of its class */
	int64_t *demand; /* of each item, all together */
	int64_t units;   /* under all those instances */
};

/** plan_choice_open - nothing is chosen yet. false: no memory. */
bool plan_choice_open(struct plan_choice *c, const struct plan_model *m);
void plan_choice_close(struct plan_choice *c);

/** plan_choice_add - @count more workloads of class @cls with cover @n. false: no memory. */
bool plan_choice_add(struct plan_choice *c, const struct plan_model *m, int cls, int64_t count,
		     const int64_t *n);

/** plan_choice_tidy - in order of classes, without what was chosen for no workload. */
void plan_choice_tidy(struct plan_choice *c);

/* Ways to choose, beside the variants of rounding. */
enum { PLAN_STAY = 1 << 16 }; /* added to a variant: what serves a class now goes on */

/**
 * plan_choose - a cover for every workload, so that all together come near what the solved
 * stage's cuts take on their weights.
 * @variant:	0, 1, 2...: other ways to round, of no order.
 *
 * Held instances are in the covers of their classes wherever those want so many.
 * Return: 0, or -MIG_E_NOMEM.
 */
int plan_choose(struct plan_choice *c, const struct plan_stage *s, unsigned variant);

#endif
