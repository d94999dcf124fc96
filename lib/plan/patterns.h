/* SPDX-License-Identifier: Apache-2.0 */
/* The covers that a plan near the bound may have. */
#ifndef LIB_PLAN_PATTERNS_H
#define LIB_PLAN_PATTERNS_H

#include "lib/plan/price.h"

enum { PLAN_PATTERNS_MAX = 4000 }; /* of all classes */

struct plan_pattern {
	int cls;
	int64_t n[MIG_PLAN_OPTIONS_MAX];
};

struct plan_patterns {
	int n, room;
	struct plan_pattern *all; /* by class */
	bool is_cut;              /* some are not here */
};

/** plan_patterns_open - with room for @n_more than plan_patterns_list() lists. false: no memory. */
bool plan_patterns_open(struct plan_patterns *out, int n_more);
void plan_patterns_close(struct plan_patterns *out);

/** plan_patterns_add - one more, at the end; @n: of each option. Its index; -1: no room. */
int plan_patterns_add(struct plan_patterns *out, int cls, int n_options, const int64_t *n);

/**
 * plan_patterns_list - covers whose price is at most @slack above the least of their class.
 * @slack:	made less until they are not too many.
 *
 * Only such as need all their instances.
 */
void plan_patterns_list(struct plan_patterns *out, const struct plan_stage *s,
			plan_wide *slack);

#endif
