/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/solver.h"

#include <dlfcn.h>

enum { SOLVER_NODES = 6000 }; /* 200 services on three types of GPU: a gap below 0.1 % */

static int open_solver(struct plan_solver *s, struct mig_error *err)
{
	s->library = dlopen(s->path, RTLD_NOW | RTLD_LOCAL);
	if (!s->library)
		return mig_fail(err, MIG_E_NOLIB, "open the solver: %s", dlerror());
	s->solve = (__typeof__(s->solve))dlsym(s->library, "mig_solve_ip");
	if (!s->solve)
		return mig_fail(err, MIG_E_NOLIB, "%s is no solver: %s", s->path, dlerror());
	return 0;
}

int plan_solver_ask(struct plan_solver *s, const struct ip *ip, int64_t most, int64_t step,
		    struct ip_answer *ret, struct mig_error *err)
{
	int rc = 0;

	ret->is_found = ret->is_complete = false;
	if (!s->path || ip->is_short)
		return 0;
	if (!s->solve)
		rc = open_solver(s, err);
	if (rc < 0)
		return rc;
	if (s->solve(ip, SOLVER_NODES, most, step, ret) < 0)
		return mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
	ret->is_found = ret->is_found && ret->cost <= most && ip_is_solution(ip, ret->x);
	return 0;
}

void plan_solver_close(struct plan_solver *s)
{
	if (s->library)
		dlclose(s->library);
	*s = (struct plan_solver){ 0 };
}
