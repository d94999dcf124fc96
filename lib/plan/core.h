/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core: the whole problem as one integer program, with only those covers and columns
 * that a better plan could use. What the prices say of each part bounds how much dearer than
 * the least it may be; the nearer value and bound are, the fewer are left.
 */
#ifndef LIB_PLAN_CORE_H
#define LIB_PLAN_CORE_H

#include "lib/plan/choose.h"
#include "lib/plan/ip.h"
#include "lib/plan/solver.h"

struct plan_core {
	const struct plan_stage *stage; /* solved */
	int64_t target;                 /* of its goal: only plans so good are looked for */
	int64_t max_nodes;
	struct plan_solver *solver;
	/* The answer: */
	bool is_found;
	bool is_complete;           /* where none is found, there is none */
	struct plan_choice *choice; /* empty before; filled where one is found */
	int64_t *count;             /* of each column */
};

/** plan_core_search - Errors: NOMEM; NOLIB as plan_solver_ask(). */
int plan_core_search(struct plan_core *c, struct mig_error *err);

#endif
