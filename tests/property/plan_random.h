/* SPDX-License-Identifier: Apache-2.0 */
/* Random problems of a size at which no one can try everything: classes with rates that
 * are nearly in proportion to compute slices, over A100s, A30s or both. */
#ifndef TESTS_PLAN_RANDOM_H
#define TESTS_PLAN_RANDOM_H

#include <mig/plan.h>

#include "tests/models.h"
#include "tests/test.h"

enum { RANDOM_CLASSES = 12, RANDOM_OPTIONS = 8 };

struct random_problem {
	struct mig_plan_problem p;
	struct mig_gpu_type types[2];
	struct mig_plan_pool pools[2];
	struct mig_plan_class classes[RANDOM_CLASSES];
	struct mig_plan_option options[RANDOM_CLASSES][RANDOM_OPTIONS];
};

static inline void random_class(struct random_problem *r, int k, uint64_t *seed)
{
	const int64_t base = 20 + below(80, seed);
	struct mig_plan_class *c = &r->classes[k];

	*c = (struct mig_plan_class){
		.name = "work",
		.count = 1 + below(3, seed),
		.need = base * (1 + (int)below(12, seed)) + below(40, seed),
		.min_instances = below(3, seed),
		.options = r->options[k],
	};
	for (int t = 0; t < r->p.n_pools; t++) {
		for (int i = 0; i < r->types[t].n_profiles; i++) {
			const int slices = r->types[t].profiles[i].compute_slices;

			if (c->n_options == RANDOM_OPTIONS || below(3, seed) == 0)
				continue;
			r->options[k][c->n_options++] = (struct mig_plan_option){
				t, i, base * slices - (slices - 1) * (int)below(8, seed)
			};
		}
	}
	/* One that every class may use, so that there is always a plan. */
	if (c->n_options == 0)
		r->options[k][c->n_options++] = (struct mig_plan_option){ 0, 0, base };
}

static inline void random_problem(struct random_problem *r, uint64_t *seed)
{
	memset(r, 0, sizeof(*r));
	r->types[0] = model_a100();
	r->types[1] = model_a30();
	r->p.n_pools = 1 + (int)below(2, seed);
	r->p.pools = r->pools;
	r->p.classes = r->classes;
	r->p.n_classes = 2 + (int)below(RANDOM_CLASSES - 2, seed);
	for (int t = 0; t < r->p.n_pools; t++)
		r->pools[t] = (struct mig_plan_pool){
			.type = &r->types[t],
			.n_gpus = MIG_PLAN_UNLIMITED,
			.price_uusd_per_h = t == 0 ? 1000000 : 320000,
		};
	for (int k = 0; k < r->p.n_classes; k++)
		random_class(r, k, seed);
	r->p.n_goals = 1;
	r->p.goals[0] = r->p.n_pools > 1 ? MIG_PLAN_MONEY : MIG_PLAN_GPUS;
}

static inline struct mig_plan *solve_random(const struct random_problem *r)
{
	struct mig_error err = { 0 };
	struct mig_plan *plan = NULL;

	if (mig_plan_solve(&r->p, NULL, &plan, &err) < 0 ||
	    mig_plan_check(&r->p, plan, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return plan;
}

#endif
