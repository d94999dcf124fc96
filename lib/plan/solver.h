/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer programs that our own search has to give up, by a library that is opened only
 * then. What it answers is checked in whole numbers before it is believed.
 */
#ifndef LIB_PLAN_SOLVER_H
#define LIB_PLAN_SOLVER_H

#include "lib/plan/ip.h"
#include "lib/plan/plan.h"

/**
 * mig_solve_ip - what the library exports: see lib/solve/.
 * @most:	only solutions of that cost or less are looked for.
 * @step:	costs are multiples of that.
 *
 * The answer as ip_search() gives it. Return: 0, or -MIG_E_NOMEM.
 */
MIG_API int mig_solve_ip(const struct ip *ip, int64_t max_nodes, int64_t most, int64_t step,
			 struct ip_answer *ret);

struct plan_solver {
	const char *path; /* NULL: there is none */
	void *library;    /* opened when first asked */
	__typeof__(&mig_solve_ip) solve;
};

/**
 * plan_solver_ask - the same question to the solver; nothing is found where there is none.
 *
 * Errors: NOLIB - the library is not there, or is none; NOMEM.
 */
int plan_solver_ask(struct plan_solver *s, const struct ip *ip, int64_t most, int64_t step,
		    struct ip_answer *ret, struct mig_error *err);

void plan_solver_close(struct plan_solver *s);

#endif
