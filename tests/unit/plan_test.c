/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: what is found, what is proven, what is refused and in which words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/fleet.h"

static struct mig_gpu_type a100, a30, rtx;

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	a30 = model_a30();
	rtx = model_rtx_pro_6000();
	return 0;
}

static int64_t gpus_for(const struct mig_plan_problem *p)
{
	struct mig_plan *plan = solve(p);
	const int64_t n = plan->totals[MIG_PLAN_GPUS];

	assert_int_equal(plan->status, MIG_PLAN_OPTIMAL);
	mig_plan_free(plan);
	return n;
}

static void nothing_takes_no_gpu(void **state)
{
	struct fleet f;

	(void)state;
	fleet_of(&f, &a100);
	assert_int_equal(gpus_for(&f.p), 0);
	add_kind(&f, "3g.40gb", 0);
	assert_int_equal(gpus_for(&f.p), 0);
}

static void seven_small_models_share_one_gpu(void **state)
{
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 7);
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_OPTIMAL);
	assert_int_equal(plan->n_groups, 1);
	assert_int_equal(plan->groups[0].count, 1);
	assert_string_equal(layout_text(&plan->groups[0].layout), "7x1g.10gb@0,1,2,3,4,5,6");
	assert_int_equal(plan->measures[0].bound, 1);
	mig_plan_free(plan);
}

static void three_of_a_half_gpu_take_two(void **state)
{
	struct fleet f;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 3);
	assert_int_equal(gpus_for(&f.p), 2);
}

static void media_engines_are_one_a_gpu(void **state)
{
	struct fleet f;

	(void)state;
	fleet_of(&f, &a30);
	add_kind(&f, "1g.6gb+me", 3);
	add_kind(&f, "1g.6gb", 9);
	assert_int_equal(gpus_for(&f.p), 3);
	fleet_of(&f, &rtx);
	add_kind(&f, "1g.24gb+me.all", 2);
	add_kind(&f, "2g.48gb-me", 2);
	assert_int_equal(gpus_for(&f.p), 2);
}

static void a_million_workloads_are_as_quick_as_ten(void **state)
{
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 700000);
	add_kind(&f, "2g.20gb", 200000);
	add_kind(&f, "3g.40gb", 100000);
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_OPTIMAL);
	assert_true(plan->n_groups < 32);
	mig_plan_free(plan);
}

static void a_need_is_met_by_the_cheapest_mix_of_profiles(void **state)
{
	/* 3g.40gb twice gives 10, of one GPU; 1g.10gb seven times gives 7. */
	struct mig_plan_option options[] = {
		{ .profile = layout_profile(&a100, "1g.10gb"), .rate = 1 },
		{ .profile = layout_profile(&a100, "3g.40gb"), .rate = 5 },
	};
	struct mig_plan_class c = {
		.name = "ranker", .count = 1, .need = 11, .n_options = 2, .options = options
	};
	struct mig_plan_pool pool = { .type = &a100, .n_gpus = MIG_PLAN_UNLIMITED };
	struct mig_plan_problem p = {
		.n_pools = 1, .pools = &pool, .n_classes = 1, .classes = &c
	};
	struct mig_plan *plan;

	(void)state;
	assert_int_equal(gpus_for(&p), 2);
	c.need = 9;
	assert_int_equal(gpus_for(&p), 1);
	c.min_instances = 5;
	plan = solve(&p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 1);
	assert_int_equal(plan->covers[0].n_instances[0] + plan->covers[0].n_instances[1], 5);
	mig_plan_free(plan);
}

static void money_prefers_two_cheap_gpus_to_one_dear_one(void **state)
{
	struct mig_plan_option options[] = {
		{ .pool = 0, .profile = layout_profile(&a100, "2g.20gb"), .rate = 1 },
		{ .pool = 1, .profile = layout_profile(&a30, "2g.12gb"), .rate = 1 },
	};
	struct mig_plan_class c = {
		.name = "bert", .count = 3, .need = 1, .n_options = 2, .options = options
	};
	struct mig_plan_pool pools[] = {
		{ .type = &a100, .n_gpus = MIG_PLAN_UNLIMITED, .price_uusd_per_h = 1000000 },
		{ .type = &a30, .n_gpus = MIG_PLAN_UNLIMITED, .price_uusd_per_h = 320000 },
	};
	struct mig_plan_problem p = { .n_pools = 2,
				      .pools = pools,
				      .n_classes = 1,
				      .classes = &c,
				      .n_goals = 2,
				      .goals = { MIG_PLAN_MONEY, MIG_PLAN_GPUS } };
	struct mig_plan *plan = solve(&p);

	(void)state;
	/* Half a GPU is cheaper still, and no certificate says that there is none. */
	assert_int_equal(plan->status, MIG_PLAN_FEASIBLE);
	assert_int_equal(plan->measures[0].bound, 480000);
	assert_true(plan->measures[0].is_searched);
	assert_int_equal(plan->totals[MIG_PLAN_MONEY], 640000);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	mig_plan_free(plan);
	p.goals[0] = MIG_PLAN_GPUS;
	p.goals[1] = MIG_PLAN_MONEY;
	plan = solve(&p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 1);
	mig_plan_free(plan);
}

static void too_few_gpus_are_proven_to_be_too_few(void **state)
{
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 5);
	f.pool.n_gpus = 3;
	assert_int_equal(gpus_for(&f.p), 3);
	f.pool.n_reserved = 1;
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_INFEASIBLE);
	assert_int_equal(plan->n_measures, 1);
	assert_int_equal(plan->measures[0].certificate.denominator, 0);
	assert_int_equal(plan->pool, 0);
	assert_string_equal(plan->reason, "all together they need more GPUs than there are: "
					  "pool 0 (A100-SXM4-80GB) has 2 to give");
	mig_plan_free(plan);
}

static void a_class_that_fits_nowhere_is_named(void **state)
{
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 5);
	f.classes[0].n_options = 0;
	f.classes[0].name = "llama-70b";
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_INFEASIBLE);
	assert_int_equal(plan->culprit, 0);
	assert_string_equal(plan->reason, "llama-70b fits no profile that it may use");
	mig_plan_free(plan);
}

/* ------------------------------------------------------------ refusals */

static void assert_refused(const struct mig_plan_problem *p, const char *msg)
{
	struct mig_error err = { 0 };
	struct mig_plan *plan = NULL;

	assert_int_equal(mig_plan_solve(p, NULL, &plan, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, msg);
	assert_null(plan);
}

static void what_cannot_be_asked_is_refused_by_name(void **state)
{
	struct mig_plan_present there;
	struct fleet f;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 1);
	f.options[0].rate = 0;
	assert_refused(&f.p, "3g.40gb 0: rate is 0, not 1 to 1000000000000");
	f.options[0].rate = 1;
	f.options[0].pool = 1;
	assert_refused(&f.p, "3g.40gb: option 0 is of pool 1; there are 1");
	f.options[0].pool = 0;
	f.pool.profiles = 1;
	assert_refused(&f.p, "3g.40gb: option 0 is profile 4, which pool 0 does not have");
	f.pool.profiles = 0;
	f.classes[0].count = -1;
	assert_refused(&f.p, "3g.40gb 0: count is -1, not 0 to 1000000000");
	f.classes[0].count = 1;
	f.p.n_goals = 2;
	f.p.goals[0] = f.p.goals[1] = MIG_PLAN_MOVES;
	assert_refused(&f.p, "the goal moves stands twice");
	f.p.n_goals = 0;
	f.classes[0].need = MIG_PLAN_NEED_MAX;
	assert_refused(&f.p, "3g.40gb: its need takes over 1000000000 instances of option 0");
	f.classes[0].need = 1000000000;
	f.classes[0].count = 1000000000;
	assert_refused(&f.p, "plan: all instances and prices together are beyond 64 bits");
	f.classes[0].need = f.classes[0].count = 1;
	there = now(&a100, "1g.10gb@0", 1, 0);
	f.p.present = &there;
	f.p.n_present = 1;
	assert_refused(&f.p, "present 0: slot 0 serves 3g.40gb, which has no such option");
	there = now(&a100, "3g.40gb@0", 2, 0);
	f.pool.n_gpus = 1;
	assert_refused(&f.p, "pool 0 has 1 GPUs, and 2 are present");
}

static void a_solver_that_is_not_there_is_an_error_only_when_it_is_needed(void **state)
{
	struct mig_plan_effort effort = { .solver = "/nonexistent/libmig-solve.so" };
	struct mig_error err = { 0 };
	struct fleet f;
	struct mig_plan *plan = NULL;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 1);
	effort.max_nodes = 0;
	assert_int_equal(mig_plan_solve(&f.p, &effort, &plan, NULL), 0);
	mig_plan_free(plan);

	/* One node is not enough to find out. */
	effort.max_nodes = 1;
	plan = NULL;
	fleet_of(&f, &a30);
	f.pool.price_uusd_per_h = 320000;
	add_kind(&f, "2g.12gb", 3);
	add_kind(&f, "1g.6gb+me", 3);
	f.options[0].rate = 2;
	f.classes[0].need = 3;
	assert_int_equal(mig_plan_solve(&f.p, &effort, &plan, &err), -MIG_E_NOLIB);
	assert_non_null(strstr(err.msg, "/nonexistent/libmig-solve.so"));
	assert_null(plan);
}

static void a_plan_that_was_changed_is_found_out(void **state)
{
	struct mig_plan_present there = now(&a100, "3g.40gb@0", 1, 0);
	struct mig_error err = { 0 };
	struct mig_plan_group group;
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 2);
	f.p.present = &there;
	f.p.n_present = 1;
	plan = solve(&f.p);
	assert_int_equal(plan->n_groups, 1);
	group = plan->groups[0];
	free((void *)plan->groups);
	plan->groups = &group;

	plan->totals[MIG_PLAN_GPUS]++;
	assert_int_equal(mig_plan_check(&f.p, plan, &err), -MIG_E_DIFFERENT);
	assert_string_equal(err.msg, "gpus: the plan says 2, it is 1");
	plan->totals[MIG_PLAN_GPUS]--;
	group.classes[1] = 7;
	assert_int_equal(mig_plan_check(&f.p, plan, &err), -MIG_E_DIFFERENT);
	assert_string_equal(err.msg, "group 0: there is no class 7");
	group.classes[1] = 0;
	group.kept = 3;
	assert_int_equal(mig_plan_check(&f.p, plan, &err), -MIG_E_DIFFERENT);
	assert_string_equal(err.msg, "group 0: slot 1 is kept, and was not there");
	group.kept = 1;
	assert_int_equal(mig_plan_check(&f.p, plan, &err), 0);
	plan->groups = NULL;
	mig_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_takes_no_gpu),
		cmocka_unit_test(seven_small_models_share_one_gpu),
		cmocka_unit_test(three_of_a_half_gpu_take_two),
		cmocka_unit_test(media_engines_are_one_a_gpu),
		cmocka_unit_test(a_million_workloads_are_as_quick_as_ten),
		cmocka_unit_test(a_need_is_met_by_the_cheapest_mix_of_profiles),
		cmocka_unit_test(money_prefers_two_cheap_gpus_to_one_dear_one),
		cmocka_unit_test(too_few_gpus_are_proven_to_be_too_few),
		cmocka_unit_test(a_class_that_fits_nowhere_is_named),
		cmocka_unit_test(what_cannot_be_asked_is_refused_by_name),
		cmocka_unit_test(a_solver_that_is_not_there_is_an_error_only_when_it_is_needed),
		cmocka_unit_test(a_plan_that_was_changed_is_found_out),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
