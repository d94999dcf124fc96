/* SPDX-License-Identifier: Apache-2.0 */
/* A planner that tries everything, for problems of a few GPUs. It shares no code with
 * lib/plan or lib/geometry: it knows the profiles' sizes, starts, counts and engines. */
#ifndef TESTS_PLAN_EXHAUSTIVE_H
#define TESTS_PLAN_EXHAUSTIVE_H

#include <mig/plan.h>

enum { EXHAUSTIVE_FRESH = 4 }; /* GPUs without instances that are tried, of each pool */

/* One GPU that is full or not: what stands where. */
struct every_layout {
	int n;
	struct mig_slot slots[MIG_UNITS_MAX];
	uint8_t counts[MIG_PROFILES_MAX];
};

struct every {
	int n;
	struct every_layout *all; /* free() it */
};

/** every_layout - all layouts of @type with these profiles beside @base, which may be NULL. */
struct every every_layout(const struct mig_gpu_type *type, uint32_t profiles,
			  const struct every_layout *base);

enum exhaustive_answer {
	EXHAUSTIVE_FOUND,
	EXHAUSTIVE_NONE,     /* there is no plan with EXHAUSTIVE_FRESH fresh GPUs of a pool */
	EXHAUSTIVE_TOO_MANY, /* to try them all */
};

/**
 * exhaustive_solve - the least of the problem's goals in their order, by trying all.
 * @ret:	one value for each goal, where it is found.
 */
enum exhaustive_answer exhaustive_solve(const struct mig_plan_problem *p, int64_t *ret);

#endif
