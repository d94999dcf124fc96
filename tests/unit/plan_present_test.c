/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for GPUs that have instances already, and for what must stand apart. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/fleet.h"

static struct mig_gpu_type a100, a30;

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	a30 = model_a30();
	return 0;
}

static void two_half_empty_gpus_become_one_by_one_move(void **state)
{
	struct mig_plan_present there[] = { now(&a100, "3g.40gb@4", 1, 0),
					    now(&a100, "3g.40gb@0", 1, 0) };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 2);
	f.pool.n_gpus = 2;
	f.p.present = there;
	f.p.n_present = 2;
	f.p.n_goals = 2;
	f.p.goals[0] = MIG_PLAN_GPUS;
	f.p.goals[1] = MIG_PLAN_MOVES;
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_OPTIMAL);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 1);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 1);
	assert_int_equal(plan->n_groups, 2);
	mig_plan_free(plan);

	f.p.goals[0] = MIG_PLAN_MOVES;
	f.p.goals[1] = MIG_PLAN_GPUS;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 0);
	mig_plan_free(plan);
}

static void what_is_held_stays_whatever_the_goals(void **state)
{
	struct mig_plan_present there[] = { now(&a100, "3g.40gb@4", 1, 0),
					    now(&a100, "1g.10gb@1", 1, MIG_PLAN_NOBODY) };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	there[0].held = there[1].held = 1;
	fleet_of(&f, &a100);
	add_kind(&f, "3g.40gb", 2);
	f.pool.n_gpus = 2;
	f.p.present = there;
	f.p.n_present = 2;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	for (int i = 0; i < plan->n_groups; i++)
		assert_int_not_equal(plan->groups[i].kept, 0);
	mig_plan_free(plan);
}

static void what_is_idle_goes_without_being_a_move(void **state)
{
	struct mig_plan_present there = now(&a100, "2g.20gb@0 1g.10gb@6", 1, MIG_PLAN_NOBODY);
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "7g.80gb", 1);
	f.p.present = &there;
	f.p.n_present = 1;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 1);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 0);
	mig_plan_free(plan);
}

static void a_slot_of_the_first_profile_at_0_is_not_an_empty_gpu(void **state)
{
	struct mig_plan_present there[] = { now(&a100, "1g.10gb@0", 3, 0),
					    now(&a100, "", 2, 0) };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 3);
	f.pool.n_gpus = 5;
	f.p.present = there;
	f.p.n_present = 2;
	f.p.n_goals = 1;
	f.p.goals[0] = MIG_PLAN_MOVES;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 0);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 3);
	mig_plan_free(plan);
}

static void what_is_held_serves_its_class_before_what_is_not(void **state)
{
	struct mig_plan_present there[] = { now(&a30, "2g.12gb@0", 1, 0),
					    now(&a30, "2g.12gb@0", 1, 0) };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	/* Four fit, and four are wanted: none may be left to a class that has enough. */
	there[1].held = 1;
	fleet_of(&f, &a30);
	add_kind(&f, "2g.12gb", 1);
	add_kind(&f, "2g.12gb", 3);
	f.pool.n_gpus = 2;
	f.p.present = there;
	f.p.n_present = 2;
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_OPTIMAL);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 1);
	mig_plan_free(plan);
}

/* ------------------------------------------------------------ rules */

static void what_is_held_stays_where_another_is_tried_beside_it(void **state)
{
	const int32_t cls = 0;
	struct mig_plan_rule rule = { MIG_PLAN_ON_GPU, 1, 1, &cls };
	struct mig_plan_present there[] = { now(&a100, "1g.10gb@0", 1, 0),
					    now(&a100, "1g.10gb@0 1g.10gb@1", 1, 0) };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	there[0].held = 1;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 3);
	f.pool.n_gpus = 3;
	f.p.present = there;
	f.p.n_present = 2;
	f.p.rules = &rule;
	f.p.n_rules = 1;
	f.p.n_goals = 1;
	f.p.goals[0] = MIG_PLAN_MOVES;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 3);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 1);
	mig_plan_free(plan);
}

static void replicas_that_are_to_stand_apart_take_a_gpu_each(void **state)
{
	const int32_t cls = 0;
	struct mig_plan_rule rule = { MIG_PLAN_ON_GPU, 1, 1, &cls };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 3);
	add_kind(&f, "2g.20gb", 6);
	f.p.rules = &rule;
	f.p.n_rules = 1;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 3);
	mig_plan_free(plan);
}

static void a_rule_that_cannot_be_kept_is_named(void **state)
{
	const int32_t classes[] = { 0, 1 };
	struct mig_plan_rule rule = { MIG_PLAN_ON_NODE, 1, 2, classes };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 1);
	add_kind(&f, "2g.20gb", 1);
	f.pool.n_gpus = 4;
	f.pool.gpus_per_node = 4;
	f.p.rules = &rule;
	f.p.n_rules = 1;
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_NOT_FOUND);
	assert_string_equal(plan->reason, "no plan was found that has at most 1 instance of "
					  "1g.10gb, 2g.20gb on one node");
	mig_plan_free(plan);
	f.pool.gpus_per_node = 2;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	mig_plan_free(plan);
}

static void those_that_stand_apart_in_several_ways_share_gpus(void **state)
{
	const int32_t web = 0, ledger = 1, foes[] = { 2, 1 };
	const struct mig_plan_rule rules[] = { { MIG_PLAN_ON_NODE, 1, 1, &web },
					       { MIG_PLAN_ON_GPU, 1, 1, &ledger },
					       { MIG_PLAN_ON_GPU, 1, 2, foes } };
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a100);
	add_kind(&f, "1g.10gb", 3);
	add_kind(&f, "1g.10gb", 2);
	add_kind(&f, "1g.10gb", 1);
	f.pool.n_gpus = 6;
	f.pool.gpus_per_node = 2;
	f.p.rules = rules;
	f.p.n_rules = 3;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 3);
	mig_plan_free(plan);
}

static void replicas_go_to_another_pool_where_theirs_has_too_few_gpus(void **state)
{
	const struct mig_plan_option options[] = {
		{ .pool = 1, .profile = layout_profile(&a30, "1g.6gb"), .rate = 1 },
		{ .pool = 0, .profile = layout_profile(&a100, "1g.10gb"), .rate = 1 },
	};
	const struct mig_plan_class web = {
		.name = "web", .count = 4, .need = 1, .n_options = 2, .options = options
	};
	const struct mig_plan_pool pools[] = {
		{ .type = &a100, .n_gpus = 3, .price_uusd_per_h = 2000000 },
		{ .type = &a30, .n_gpus = 2, .price_uusd_per_h = 500000 },
	};
	const int32_t cls = 0;
	const struct mig_plan_rule rule = { MIG_PLAN_ON_NODE, 1, 1, &cls };
	const struct mig_plan_problem p = { .n_pools = 2,
					    .pools = pools,
					    .n_classes = 1,
					    .classes = &web,
					    .n_rules = 1,
					    .rules = &rule,
					    .n_goals = 1,
					    .goals = { MIG_PLAN_MONEY } };
	struct mig_plan *plan = solve(&p);

	(void)state;
	assert_int_equal(plan->status, MIG_PLAN_FEASIBLE);
	assert_int_equal(plan->totals[MIG_PLAN_MONEY], 5000000);
	mig_plan_free(plan);
}

static void what_is_under_no_rule_makes_room_for_what_is(void **state)
{
	const int32_t cls = 1;
	struct mig_plan_rule rule = { MIG_PLAN_ON_GPU, 1, 1, &cls };
	struct mig_plan_present there[] = {
		now(&a30, "2g.12gb@0 2g.12gb@2", 1, 0),
		now(&a30, "1g.6gb@0 1g.6gb@1", 1, 1),
	};
	struct fleet f;
	struct mig_plan *plan;

	(void)state;
	fleet_of(&f, &a30);
	add_kind(&f, "2g.12gb", 2);
	add_kind(&f, "1g.6gb", 2);
	f.pool.n_gpus = 2;
	f.p.present = there;
	f.p.n_present = 2;
	f.p.rules = &rule;
	f.p.n_rules = 1;
	f.p.n_goals = 1;
	f.p.goals[0] = MIG_PLAN_MOVES;
	plan = solve(&f.p);
	assert_int_equal(plan->status, MIG_PLAN_FEASIBLE);
	assert_int_equal(plan->totals[MIG_PLAN_MOVES], 2);
	mig_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_half_empty_gpus_become_one_by_one_move),
		cmocka_unit_test(what_is_held_stays_whatever_the_goals),
		cmocka_unit_test(what_is_idle_goes_without_being_a_move),
		cmocka_unit_test(a_slot_of_the_first_profile_at_0_is_not_an_empty_gpu),
		cmocka_unit_test(what_is_held_serves_its_class_before_what_is_not),
		cmocka_unit_test(what_is_held_stays_where_another_is_tried_beside_it),
		cmocka_unit_test(replicas_that_are_to_stand_apart_take_a_gpu_each),
		cmocka_unit_test(those_that_stand_apart_in_several_ways_share_gpus),
		cmocka_unit_test(replicas_go_to_another_pool_where_theirs_has_too_few_gpus),
		cmocka_unit_test(what_is_under_no_rule_makes_room_for_what_is),
		cmocka_unit_test(a_rule_that_cannot_be_kept_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
