/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Covers: the instances that one workload takes. At given prices the least one is a small
 * knapsack, solved exactly; a search that gets too long says what it knows for certain.
 */
#ifndef LIB_PLAN_COVER_H
#define LIB_PLAN_COVER_H

#include "lib/plan/plan.h"

struct plan_cover_search {
	const struct mig_plan_class *cls;
	const int64_t *prices; /* one for each option of the class; >= 0 */
	int64_t max_nodes;
	/* The answer: */
	int64_t n[MIG_PLAN_OPTIONS_MAX]; /* of each option */
	int64_t cost;                    /* of that cover */
	int64_t least;                   /* no cover costs less; usually @cost */
};

/**
 * plan_cover_least - the cover of least price for @s->cls, which has an option.
 *
 * Prices times the most instances of a cover must stay below 2^62; plan_cover_most() says
 * how many that is. Equal covers: the one found first, always the same.
 */
void plan_cover_least(struct plan_cover_search *s);

/** plan_cover_most - no cover that plan_cover_least() looks at has more instances. */
int64_t plan_cover_most(const struct mig_plan_class *c);

#endif
