/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws that hold whatever the best plan is: more work takes no less, the order of things
 * means nothing, a class in two parts is the same class, prices in another currency are the
 * same prices, and more GPUs to choose from cost no more.
 *
 *	plan_laws_prop [SEED [PROBLEMS]]
 */
#include "tests/property/plan_random.h"

static unsigned long n_more, n_same, n_optimal;

/* The value and bound of a problem's goal. */
struct result {
	int64_t value, bound;
	bool is_optimal;
};

static struct result result_of(const struct random_problem *r)
{
	struct mig_plan *plan = solve_random(r);
	struct result ret = { plan->measures[0].value, plan->measures[0].bound,
			      plan->status == MIG_PLAN_OPTIMAL };

	mig_plan_free(plan);
	n_optimal += ret.is_optimal;
	return ret;
}

/* One value where both are proven; otherwise each within what the other proves. */
static void check_same(struct result a, struct result b)
{
	CHECK(a.bound <= b.value && b.bound <= a.value);
	n_same += a.is_optimal && b.is_optimal;
	if (a.is_optimal && b.is_optimal)
		CHECK(a.value == b.value);
}

static void more_work_takes_no_less(struct random_problem r, struct result before,
				    uint64_t *seed)
{
	struct result after;

	r.p.classes = r.classes;
	r.p.pools = r.pools;
	r.classes[below((unsigned)r.p.n_classes, seed)].count++;
	after = result_of(&r);
	CHECK(after.bound >= before.bound);
	CHECK(after.value >= before.bound);
	n_more += after.value > before.value;
}

static void order_means_nothing(struct random_problem r, struct result before)
{
	r.p.classes = r.classes;
	r.p.pools = r.pools;
	for (int i = 0; i < r.p.n_classes / 2; i++) {
		const struct mig_plan_class c = r.classes[i];

		r.classes[i] = r.classes[r.p.n_classes - 1 - i];
		r.classes[r.p.n_classes - 1 - i] = c;
	}
	check_same(before, result_of(&r));
}

static void a_class_in_two_parts_is_the_same(struct random_problem r, struct result before)
{
	r.p.classes = r.classes;
	r.p.pools = r.pools;
	if (r.p.n_classes == RANDOM_CLASSES || r.classes[0].count < 2)
		return;
	r.classes[r.p.n_classes] = r.classes[0];
	r.classes[r.p.n_classes].count = 1;
	r.classes[0].count--;
	r.p.n_classes++;
	check_same(before, result_of(&r));
}

static void scaled_prices_scale_the_cost(struct random_problem r, struct result before)
{
	r.p.classes = r.classes;
	r.p.pools = r.pools;
	for (int t = 0; t < r.p.n_pools; t++)
		r.pools[t].price_uusd_per_h *= 7;
	if (r.p.goals[0] == MIG_PLAN_MONEY) {
		before.value *= 7;
		before.bound *= 7;
	}
	check_same(before, result_of(&r));
}

static void more_gpus_cost_no_more(struct random_problem r, struct result unlimited)
{
	struct mig_plan *plan;
	int64_t bound;

	r.p.classes = r.classes;
	r.p.pools = r.pools;
	if (r.p.n_pools < 2)
		return;
	r.pools[1].n_gpus = 3;
	plan = solve_random(&r);
	CHECK(plan->status != MIG_PLAN_NOT_FOUND);
	bound = plan->measures[0].bound;
	if (plan->status != MIG_PLAN_INFEASIBLE)
		CHECK(plan->measures[0].value >= unlimited.bound);
	mig_plan_free(plan);
	r.pools[1].n_gpus = 4;
	plan = solve_random(&r);
	if (plan->status == MIG_PLAN_OPTIMAL && bound != MIG_UNKNOWN)
		CHECK(plan->measures[0].bound <= bound ||
		      plan->measures[0].value >= unlimited.bound);
	mig_plan_free(plan);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 120;

	printf("seed %llu\n", (unsigned long long)seed);
	for (unsigned long i = 0; i < n; i++) {
		static struct random_problem r;
		struct result before;

		random_problem(&r, &seed);
		before = result_of(&r);
		more_work_takes_no_less(r, before, &seed);
		order_means_nothing(r, before);
		a_class_in_two_parts_is_the_same(r, before);
		scaled_prices_scale_the_cost(r, before);
		more_gpus_cost_no_more(r, before);
	}
	printf("%lu times more, %lu times the same by certificate, %lu optimal\n", n_more,
	       n_same, n_optimal);
	CHECK(n_more > n / 4 && n_same > n && n_optimal > n);
	return 0;
}
