/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws that hold whatever the best plan is: more work takes no less, the order of things
 * means nothing, a class in two parts is the same class, prices in another currency are the
 * same prices, more GPUs to choose from cost no more, and fixed profiles take what a closed
 * form says.
 *
 *	plan_laws_prop [SEED [PROBLEMS]]
 */
#include "tests/closed_form.h"
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

/* One class a profile: there is a closed form for that. */
static void fixed_profiles_take_what_the_closed_form_says(uint64_t *seed)
{
	static const char *const names[] = { "1g.10gb", "2g.20gb", "3g.40gb",
					     "4g.40gb", "7g.80gb", "1g.20gb" };
	static const unsigned scales[] = { 1, 3, 10, 40, 300, 100000 };
	const unsigned scale = scales[below(6, seed)];
	static struct random_problem r;
	struct result found;
	int64_t d[6];

	random_problem(&r, seed);
	r.p.n_pools = 1;
	r.p.n_classes = 6;
	r.p.goals[0] = MIG_PLAN_GPUS;
	for (int k = 0; k < 6; k++) {
		int profile = 0;

		while (strcmp(r.types[0].profiles[profile].name, names[k]) != 0)
			profile++;
		d[k] = below(10, seed) < 8 ? below(scale + 1, seed) : 0;
		r.options[k][0] = (struct mig_plan_option){ 0, profile, 1 };
		r.classes[k] = (struct mig_plan_class){ names[k], d[k], 1, 0, 1, r.options[k] };
	}
	found = result_of(&r);
	CHECK(found.is_optimal);
	CHECK(found.value == closed_form_gpus(d));
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 25;

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
		fixed_profiles_take_what_the_closed_form_says(&seed);
	}
	printf("%lu times more, %lu times the same by certificate, %lu optimal\n", n_more,
	       n_same, n_optimal);
	CHECK(n_more > n / 4 && n_same > n / 2 && n_optimal > n);
	return 0;
}
