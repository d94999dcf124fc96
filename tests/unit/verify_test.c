/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that are not so, or not proved, are refused in words; covers are priced exactly. */
#include "tests/plans.h"

/* A plan with one member set to @json is refused in these words, and nothing is written. */
static void refused(const char *name, const char *object, const char *member, const char *json,
		    const char *msg)
{
	struct mig_verified verified = { .n_goals = 77 };
	struct mig_error err = { 0 };
	json_t *doc = load(name), *at = *object ? find(doc, object) : doc;
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	if (json_is_array(at))
		json_array_set_new(at, (size_t)atoi(member), value);
	else
		json_object_set_new(at, member, value);
	assert_int_equal(verify(doc, &verified, &err), -MIG_E_UNPROVEN);
	assert_string_equal(err.msg, msg);
	assert_int_equal(verified.n_goals, 77);
	json_decref(doc);
}

static void a_certificate_is_refused_by_what_breaks_it(void **state)
{
	(void)state;
	refused("fixed", "measures/0/certificate", "denominator", "6",
		"p.json: certificate of gpus: layout 7x1g.10gb@0,1,2,3,4,5,6 of pool 0 has "
		"weight -1, below 0");
	refused("fixed", "measures/0/certificate/prices/0", "3g.40gb", "4",
		"p.json: certificate of gpus: layout 3g.40gb@4 4x1g.10gb@0,1,2,3 of pool 0 has "
		"weight -1, below 0");
	refused("covers", "measures/0/certificate/class_least", "0", "12",
		"p.json: certificate of gpus: class 0 (ranker): the cover 11 x 1g.10gb costs 11, "
		"below its class_least 12");
	refused("moves", "measures/1/certificate/present_least", "0", "2",
		"p.json: certificate of moves: with layout \"\" present group 0 has weight 1, "
		"below its present_least 2");
	refused("fixed", "measures/0/certificate/rents", "0", "1",
		"p.json: certificate of gpus: pool 0 has no limit, and rents");
	refused("fixed", "measures/0/certificate/class_least", "0", "0",
		"p.json: certificate of gpus: the bound is 2, proved is 0");
	refused("infeasible", "measures/0/certificate/rents", "0", "5",
		"p.json: infeasible: that takes a certificate with the denominator 0 that sums "
		"up to more than 0: it has 0 and 0");
}

static void a_status_is_said_rightly(void **state)
{
	(void)state;
	refused("fixed", "", "status", "\"feasible\"",
		"p.json: feasible: each value is its bound, so it is optimal");
	refused("apart", "", "status", "\"optimal\"",
		"p.json: optimal: not every value is its bound");
	refused("infeasible", "", "status", "\"not_found\"",
		"p.json: it has neither a plan nor a proof that there is none");
	refused("infeasible", "", "measures", "[]",
		"p.json: infeasible: that takes one measure, with a certificate and without "
		"value and bound");
	refused("infeasible", "", "n_gpus", "1", "p.json: there is no plan, and parts of one");
	refused("fixed", "", "objective", "[\"money\"]",
		"p.json: objective and measures are not the problem's goals");
}

static void a_plan_is_refused_by_what_is_not_so(void **state)
{
	(void)state;
	refused("fixed", "layouts/0", "count", "1",
		"p.json: class 0 (chat): the layouts have 7 instances too few of its option 0");
	refused("fixed", "assignment/0", "n_instances", "[0]",
		"p.json: assignment 0: the rates of class 0 (chat) sum up to 0, its need is 1");
	refused("fixed", "problem/classes/0", "min_instances", "2",
		"p.json: assignment 0: class 0 (chat) has 1 instances and wants 2");
	refused("fixed", "assignment/0", "count", "13",
		"p.json: class 0 (chat) has 14 workloads, the assignment covers 13");
	refused("fixed", "problem/pools/0", "n_gpus", "1",
		"p.json: pool 0: 2 GPUs are used, of 1 with 0 reserved");
	refused("fixed", "totals", "units", "15",
		"p.json: units: the document says 15, it is 14");
	refused("fixed", "", "cost_usd_per_h", "7.01",
		"p.json: cost_usd_per_h: the document says 7.01, it is 7");
	refused("fixed", "", "gap", "1", "p.json: gap: the document says 1, it is 0");
	refused("apart", "problem/pools/0", "n_gpus", "3",
		"p.json: pool 0: 4 GPUs are used, of 3 with 0 reserved");
}

/* Slots of present groups, and of what they become. */
static void what_is_held_stays_and_what_is_kept_was_there(void **state)
{
	(void)state;
	refused("moves", "problem/present/0/slots/0", "is_held", "true",
		"p.json: layout 1: the 1g.6gb at 0 is held and does not stay");
	refused("moves", "layouts/0/slots/1", "is_kept", "true",
		"p.json: layout 0: the 1g.6gb at 1 is kept and does not stand there now");
	refused("moves", "layouts/0/slots/0", "is_kept", "false",
		"p.json: moves: the document says 1, it is 2");
	refused("moves", "layouts/1", "count", "2",
		"p.json: present group 0 is of 2 GPUs, the layouts have 3");
	refused("apart", "layouts/0/slots/2", "is_kept", "false",
		"p.json: layout 0: the 2g.12gb at 2 serves nobody");
	refused("apart", "problem/present/0/slots/0", "is_held", "false",
		"p.json: layout 0: the 2g.12gb at 2 is kept, serves nobody, and is not held");
	refused("apart", "layouts/0/slots/2", "class", "0",
		"p.json: layout 0: the 2g.12gb at 2 is a stranger's that is held, and cannot be "
		"used");
}

static void a_layout_must_be_possible(void **state)
{
	(void)state;
	refused("fixed", "layouts", "0",
		"{\"pool\": 0, \"count\": 2, \"layout\": \"2g.20gb@1\", \"slots\":"
		"[{\"profile\": \"2g.20gb\", \"start\": 1, \"class\": 0, \"is_kept\": false}]}",
		"p.json: layout 0 cannot be on a GPU of type A100-SXM4-80GB: a 2g.20gb cannot start at 1");
	refused("fixed", "layouts", "0",
		"{\"pool\": 0, \"count\": 2, \"layout\": \"3g.40gb@0 1g.10gb@3\", \"slots\":"
		"[{\"profile\": \"3g.40gb\", \"start\": 0, \"class\": 0, \"is_kept\": false},"
		" {\"profile\": \"1g.10gb\", \"start\": 3, \"class\": 0, \"is_kept\": false}]}",
		"p.json: layout 0 cannot be on a GPU of type A100-SXM4-80GB: the 1g.10gb at 3 begins before the "
		"end of the one before it");
	refused("fixed", "layouts", "0",
		"{\"pool\": 0, \"count\": 2, \"layout\": \"2x1g.10gb+me@0,1\", \"slots\":"
		"[{\"profile\": \"1g.10gb+me\", \"start\": 0, \"class\": 0, \"is_kept\": false},"
		" {\"profile\": \"1g.10gb+me\", \"start\": 1, \"class\": 0, \"is_kept\": false}]}",
		"p.json: layout 0 cannot be on a GPU of type A100-SXM4-80GB: it takes 2 JPEG engines and the GPU "
		"has 1");
	refused("fixed", "layouts", "0",
		"{\"pool\": 0, \"count\": 2, \"layout\": \"2g.20gb@2\", \"slots\":"
		"[{\"profile\": \"2g.20gb\", \"start\": 2, \"class\": 0, \"is_kept\": false}]}",
		"p.json: layout 0: the 2g.20gb at 2 is no option of its class");
}

static void rules_count_instances_of_a_gpu_and_of_a_node(void **state)
{
	(void)state;
	refused("apart", "problem/rules/0", "classes", "[1]",
		"p.json: rule 0: layout 1 puts 2 instances on one node, the most is 1");
	refused("apart", "problem/rules/1", "classes", "[0, 1]",
		"p.json: rule 1: layout 0 puts 2 instances on one GPU, the most is 1");
	refused("apart", "problem/pools/0", "gpus_per_node", "3",
		"p.json: rule 0: layout 2 puts 2 instances on one node, the most is 1");
	refused("fixed", "problem", "rules",
		"[{\"scope\": \"node\", \"max\": 13, \"classes\": [0]}, "
		"{\"scope\": \"gpu\", \"max\": 6, \"classes\": [0]}]",
		"p.json: rule 1: layout 0 puts 7 instances on one GPU, the most is 6");
}

/* ------------------------------------------------------------ covers */

/* Of one workload on A100 at these prices, is @least what a cover costs at least? */
static bool covers_cost(json_int_t need, json_int_t min_instances, json_int_t least,
			const json_int_t *rates, const json_int_t *prices)
{
	static const char *const profiles[] = { "1g.10gb", "2g.20gb", "3g.40gb" };
	json_t *doc = load("infeasible"), *pool = find(doc, "problem/pools/0");
	json_t *cls = find(doc, "problem/classes/0"), *options = find(cls, "options");
	json_t *cert = find(doc, "measures/0/certificate"), *price = json_object();
	bool ret;

	/* With no GPU at all, each class that costs anything is infeasible. */
	json_object_set_new(pool, "gpu_type", json_string("A100-SXM4-80GB"));
	json_object_set_new(pool, "profiles", json_array());
	json_object_set_new(pool, "n_gpus", json_integer(0));
	json_object_set_new(pool, "n_reserved", json_integer(0));
	json_object_set_new(cls, "need", json_integer(need));
	json_object_set_new(cls, "min_instances", json_integer(min_instances));
	json_array_clear(options);
	for (int i = 0; i < 3; i++) {
		json_array_append_new(find(pool, "profiles"), json_string(profiles[i]));
		json_array_append_new(options,
				      json_pack("{s:i, s:s, s:I}", "pool", 0, "profile",
						profiles[i], "rate", rates[i]));
		json_object_set_new(price, profiles[i], json_integer(prices[i]));
	}
	json_object_set_new(price, "1g.10gb+me", json_integer(0));
	json_object_set_new(price, "1g.20gb", json_integer(0));
	json_object_set_new(price, "4g.40gb", json_integer(0));
	json_object_set_new(price, "7g.80gb", json_integer(0));
	json_array_set_new(find(cert, "prices"), 0, price);
	json_array_set_new(find(cert, "rents"), 0, json_integer(INT64_MAX));
	json_array_set_new(find(cert, "class_least"), 0, json_integer(least));
	ret = is_verified(doc);
	json_decref(doc);
	return ret;
}

static void least_is(json_int_t need, json_int_t min_instances, json_int_t least,
		     const json_int_t *rates, const json_int_t *prices)
{
	assert_true(covers_cost(need, min_instances, least, rates, prices));
	assert_false(covers_cost(need, min_instances, least + 1, rates, prices));
}

static void covers_are_priced_exactly_however_large_the_numbers(void **state)
{
	const json_int_t coins[] = { 6, 9, 20 }, some[] = { 7, 10, 22 };
	const json_int_t large[] = { 333333333333, 500000000001, 1000000000000 };
	const json_int_t dear[] = { 400000000000000000, 600000000000000000,
				    1200000000000000000 };
	const json_int_t ones[] = { 1, 1, 1 }, prices[] = { 5, 3, 4 };

	(void)state;
	/* 43 is no sum of 6, 9 and 20; 44 is 4 x 6 + 20. */
	least_is(43, 0, 44, coins, coins);
	least_is(44, 0, 44, coins, coins);
	/* 12 needs 2 x 6 at 14; three instances 3 x 6 at 21. */
	least_is(12, 0, 14, coins, some);
	least_is(12, 3, 21, coins, some);
	least_is(1, 1000000000, 7000000000, coins, some);
	/* Five of the largest; for one more ten of the next, at the same price. */
	least_is(5000000000000, 0, 6000000000000000000, large, dear);
	least_is(5000000000001, 0, 6000000000000000000, large, dear);
	least_is(7, 0, 21, ones, prices);
}

static void what_was_verified_is_told(void **state)
{
	struct mig_verified v;
	json_t *doc = load("moves");

	(void)state;
	assert_int_equal(verify(doc, &v, NULL), 0);
	assert_true(v.is_optimal && !v.is_infeasible);
	assert_int_equal(v.n_goals, 2);
	assert_string_equal(v.goals[1].goal, "moves");
	assert_int_equal(v.goals[1].value, 1);
	assert_int_equal(v.goals[1].bound, 1);
	assert_int_equal(v.n_workloads, 2);
	assert_int_equal(v.n_present, 2);
	/* What is for people is not looked at. */
	json_object_set_new(doc, "models", json_pack("[{s:f}]", "usd_per_h", 1.5));
	assert_int_equal(verify(doc, &v, NULL), 0);
	/* A goal of which nothing is claimed makes a plan feasible, and no more. */
	json_object_del(find(doc, "measures/1"), "bound");
	json_object_del(find(doc, "measures/1"), "certificate");
	json_object_set_new(doc, "status", json_string("feasible"));
	assert_int_equal(verify(doc, &v, NULL), 0);
	assert_true(!v.is_optimal);
	assert_int_equal(v.goals[1].bound, MIG_UNKNOWN);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_refused_by_what_breaks_it),
		cmocka_unit_test(a_status_is_said_rightly),
		cmocka_unit_test(a_plan_is_refused_by_what_is_not_so),
		cmocka_unit_test(what_is_held_stays_and_what_is_kept_was_there),
		cmocka_unit_test(a_layout_must_be_possible),
		cmocka_unit_test(rules_count_instances_of_a_gpu_and_of_a_node),
		cmocka_unit_test(covers_are_priced_exactly_however_large_the_numbers),
		cmocka_unit_test(what_was_verified_is_told),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
