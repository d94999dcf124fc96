/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for GPUs that have instances already, and for what must stand apart. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/fleet.h"

static struct mig_gpu_type a100;

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
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

/* ------------------------------------------------------------ rules */

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
	assert_string_equal(plan->reason, "no plan was found that keeps rule 0: at most 1 "
					  "instances on one node");
	mig_plan_free(plan);
	f.pool.gpus_per_node = 2;
	plan = solve(&f.p);
	assert_int_equal(plan->totals[MIG_PLAN_GPUS], 2);
	mig_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_half_empty_gpus_become_one_by_one_move),
		cmocka_unit_test(what_is_held_stays_whatever_the_goals),
		cmocka_unit_test(what_is_idle_goes_without_being_a_move),
		cmocka_unit_test(a_slot_of_the_first_profile_at_0_is_not_an_empty_gpu),
		cmocka_unit_test(replicas_that_are_to_stand_apart_take_a_gpu_each),
		cmocka_unit_test(a_rule_that_cannot_be_kept_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
