/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of one pool and one profile a class, for tests of plans. */
#ifndef TESTS_FLEET_H
#define TESTS_FLEET_H

#include <mig/plan.h>

#include "tests/layouts.h"
#include "tests/models.h"

enum { KINDS_MAX = 8 };

/* So many instances of profiles, of GPUs without limit unless told otherwise. */
struct fleet {
	struct mig_plan_problem p;
	struct mig_plan_pool pool;
	struct mig_plan_class classes[KINDS_MAX];
	struct mig_plan_option options[KINDS_MAX];
};

static inline void add_kind(struct fleet *f, const char *profile, int64_t count)
{
	const int k = f->p.n_classes++;

	f->options[k] =
		(struct mig_plan_option){ .profile = layout_profile(f->pool.type, profile),
					  .rate = 1 };
	f->classes[k] = (struct mig_plan_class){ .name = profile,
						 .count = count,
						 .need = 1,
						 .n_options = 1,
						 .options = &f->options[k] };
}

static inline void fleet_of(struct fleet *f, const struct mig_gpu_type *type)
{
	memset(f, 0, sizeof(*f));
	f->pool = (struct mig_plan_pool){ .type = type, .n_gpus = MIG_PLAN_UNLIMITED };
	f->p.n_pools = 1;
	f->p.pools = &f->pool;
	f->p.classes = f->classes;
}

/* Solved, checked; the caller frees it. */
static inline struct mig_plan *solve(const struct mig_plan_problem *p)
{
	struct mig_error err = { 0 };
	struct mig_plan *plan = NULL;

	if (mig_plan_solve(p, NULL, &plan, &err) < 0 || mig_plan_check(p, plan, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

/* @count GPUs of @type that look so, every slot serving @cls. */
static inline struct mig_plan_present now(const struct mig_gpu_type *type, const char *layout,
					  int64_t count, int cls)
{
	struct mig_plan_present h = { .count = count, .layout = layout_of(type, layout) };

	for (int i = 0; i < MIG_UNITS_MAX; i++)
		h.classes[i] = cls;
	return h;
}

#endif
