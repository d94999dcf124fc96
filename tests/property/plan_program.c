/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_program SEED N - N random problems as text, with what lib/plan makes of each; the
 * layouts are every_layout()'s. For plan_highs.py, which solves them anew:
 *
 *	problem VALUE BOUND
 *	layout COST POOL:PROFILE*COUNT...
 *	work COUNT NEED MIN POOL:PROFILE:RATE...
 *	end
 */
#include "tests/property/plan_exhaustive.h"
#include "tests/property/plan_random.h"

static void print_layouts(const struct random_problem *r, int t)
{
	struct every every =
		every_layout(&r->types[t], (1U << r->types[t].n_profiles) - 1, NULL);

	for (int i = 0; i < every.n; i++) {
		bool is_known = every.all[i].n == 0;

		for (int j = 0; j < i && !is_known; j++)
			is_known = memcmp(every.all[i].counts, every.all[j].counts,
					  sizeof(every.all[i].counts)) == 0;
		if (is_known)
			continue;
		printf("layout %lld", r->p.goals[0] == MIG_PLAN_GPUS
					      ? 1LL
					      : (long long)r->pools[t].price_uusd_per_h);
		for (int p = 0; p < r->types[t].n_profiles; p++) {
			if (every.all[i].counts[p])
				printf(" %d:%d*%d", t, p, every.all[i].counts[p]);
		}
		printf("\n");
	}
	free(every.all);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const int n = argc > 2 ? atoi(argv[2]) : 20;

	for (int i = 0; i < n; i++) {
		static struct random_problem r;
		struct mig_plan *plan;

		random_problem(&r, &seed);
		plan = solve_random(&r);
		printf("problem %lld %lld\n", (long long)plan->measures[0].value,
		       (long long)plan->measures[0].bound);
		for (int t = 0; t < r.p.n_pools; t++)
			print_layouts(&r, t);
		for (int k = 0; k < r.p.n_classes; k++) {
			const struct mig_plan_class *c = &r.classes[k];

			printf("work %lld %lld %lld", (long long)c->count, (long long)c->need,
			       (long long)c->min_instances);
			for (int o = 0; o < c->n_options; o++)
				printf(" %d:%d:%lld", c->options[o].pool, c->options[o].profile,
				       (long long)c->options[o].rate);
			printf("\n");
		}
		printf("end\n");
		mig_plan_free(plan);
	}
	return 0;
}
