/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans made by hand, in tests/plans, with certificates that can be followed on paper. Each
 * number in them is changed by one, both ways: the change is refused, or the number is listed
 * with the test, which says why it does not matter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <mig/verify.h>

#include "shared/text.h"

static struct mig_catalog *catalog;

static json_t *load(const char *name)
{
	char path[128];
	json_error_t err;
	json_t *doc;

	snprintf(path, sizeof(path), "tests/plans/%s.json", name);
	doc = json_load_file(path, JSON_REJECT_DUPLICATES, &err);
	if (!doc)
		fail_msg("%s:%d: %s", path, err.line, err.text);
	return doc;
}

static int verify_text(const char *text, struct mig_verified *ret, struct mig_error *err)
{
	return mig_verify(catalog, text, strlen(text), "p.json", ret, err);
}

static int verify(const json_t *doc, struct mig_verified *ret, struct mig_error *err)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int rc;

	assert_non_null(text);
	rc = verify_text(text, ret, err);
	free(text);
	return rc;
}

static bool is_verified(const json_t *doc)
{
	struct mig_verified verified;
	struct mig_error err = { 0 };
	const int rc = verify(doc, &verified, &err);

	if (rc < 0 && rc != -MIG_E_UNPROVEN && rc != -MIG_E_SYNTAX)
		fail_msg("%s", err.msg);
	return rc == 0;
}

/* ------------------------------------------------------------ changes */

/* A walk over all numbers of a document; where changed ones are verified is noted. */
struct changes {
	json_t *doc;
	char path[256];
	int n_numbers, n_refused;
	struct text accepted;
};

static void try_change(struct changes *c, json_t *number, int by)
{
	const double real = json_is_real(number) ? json_real_value(number) : 0;
	const json_int_t whole = json_integer_value(number);

	if (json_is_real(number))
		json_real_set(number, real + by * 1e-6);
	else
		json_integer_set(number, whole + by);
	if (is_verified(c->doc))
		text_add(&c->accepted, "%s %+d\n", c->path + 1, by);
	else
		c->n_refused++;
	if (json_is_real(number))
		json_real_set(number, real);
	else
		json_integer_set(number, whole);
}

static void change_below(struct changes *c, json_t *value)
{
	const size_t len = strlen(c->path);
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_number(value)) {
		c->n_numbers++;
		try_change(c, value, -1);
		try_change(c, value, 1);
	}
	json_object_foreach(value, key, item)
	{
		text_append(c->path, sizeof(c->path), ".%s", key);
		change_below(c, item);
		c->path[len] = '\0';
	}
	json_array_foreach(value, i, item)
	{
		text_append(c->path, sizeof(c->path), "[%zu]", i);
		change_below(c, item);
		c->path[len] = '\0';
	}
}

/* All numbers of a document matter, except for these changes. */
static void all_matter_but(const char *name, const char *accepted)
{
	struct changes c = { .doc = load(name) };

	assert_true(is_verified(c.doc));
	change_below(&c, c.doc);
	assert_string_equal(text_str(&c.accepted), accepted);
	assert_true(c.n_refused > c.n_numbers);
	text_free(&c.accepted);
	json_decref(c.doc);
}

/* Seven workloads fill a GPU, at 1/7 of it each: no GPU bears more, so fourteen take two. */
static void each_number_of_a_plan_with_fixed_profiles_matters(void **state)
{
	(void)state;
	all_matter_but("fixed",
		       /* 14/8 is 2, too */
		       "measures[0].certificate.denominator +1\n"
		       /* less for what no class may have */
		       "measures[0].certificate.prices[0].1g.10gb+me -1\n"
		       "measures[0].certificate.prices[0].1g.20gb -1\n"
		       "measures[0].certificate.prices[0].2g.20gb -1\n"
		       "measures[0].certificate.prices[0].3g.40gb -1\n"
		       "measures[0].certificate.prices[0].4g.40gb -1\n"
		       "measures[0].certificate.prices[0].7g.80gb -1\n"
		       /* no rule speaks of nodes */
		       "problem.pools[0].gpus_per_node +1\n"
		       /* a need takes one instance anyway, and one that does more is one */
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

/* 19000 takes 11 instances at 1836, which is the most for the price: 11/7 GPUs are 2. */
static void each_number_of_a_plan_with_covers_matters(void **state)
{
	(void)state;
	all_matter_but("covers",
		       /* 11/8 and 10/7 are 2, too */
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.10gb+me -1\n"
		       "measures[0].certificate.prices[0].1g.20gb -1\n"
		       "measures[0].certificate.prices[0].4g.40gb -1\n"
		       /* so large an instance does little for its price even then */
		       "measures[0].certificate.prices[0].7g.80gb -1\n"
		       "measures[0].certificate.class_least[0] -1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       /* 11 of 1836 are 20196: as much as is needed, and not yet twelve */
		       "problem.classes[0].need -1\n"
		       "problem.classes[0].need +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate -1\n"
		       "problem.classes[0].options[0].rate +1\n"
		       "problem.classes[0].options[1].rate -1\n"
		       "problem.classes[0].options[1].rate +1\n"
		       "problem.classes[0].options[2].rate -1\n"
		       "problem.classes[0].options[2].rate +1\n"
		       "problem.classes[0].options[3].rate -1\n"
		       "problem.classes[0].options[3].rate +1\n");
}

/*
 * Two GPUs with one instance each; one would do. A GPU in use costs the 1 that its use of the
 * first goal's budget does, one that is emptied moves an instance: 2 * 1, less the budget of
 * 1 for the one GPU in use, is one move.
 */
static void each_number_of_a_plan_with_moves_matters(void **state)
{
	(void)state;
	all_matter_but("moves",
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       /* for GPUs of which there are none */
		       "measures[0].certificate.fresh_rents[0] +1\n"
		       /* a move more or less worth, and an instance that stands for no class */
		       "measures[1].certificate.denominator +1\n"
		       "measures[1].certificate.prices[0].4g.24gb +1\n"
		       "measures[1].certificate.fresh_rents[0] +1\n"
		       /* one GPU is in use, and no rent is taken */
		       "problem.pools[0].n_gpus +1\n"
		       "problem.pools[0].n_reserved +1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

/* A quarter of an A30 for 10 and a seventh of an A100 for 35: at 5 an instance the A30 is 10
 * too cheap, which is its rent. 11 * 5 - 10 is 45. */
static void each_number_of_a_plan_for_money_matters(void **state)
{
	(void)state;
	all_matter_but("money", "measures[0].certificate.prices[0].1g.6gb+me -1\n"
				"measures[0].certificate.prices[0].2g.12gb -1\n"
				"measures[0].certificate.prices[0].2g.12gb+me -1\n"
				"measures[0].certificate.prices[0].4g.24gb -1\n"
				"measures[0].certificate.prices[1].1g.10gb+me -1\n"
				"measures[0].certificate.prices[1].1g.20gb -1\n"
				"measures[0].certificate.prices[1].2g.20gb -1\n"
				"measures[0].certificate.prices[1].3g.40gb -1\n"
				"measures[0].certificate.prices[1].4g.40gb -1\n"
				"measures[0].certificate.prices[1].7g.80gb -1\n"
				/* 44 is 45, where money is spent in steps of 5 */
				"measures[0].certificate.rents[0] +1\n"
				"measures[0].certificate.fresh_rents[0] +1\n"
				"problem.pools[0].gpus_per_node +1\n"
				"problem.pools[1].gpus_per_node +1\n"
				"problem.classes[0].min_instances +1\n"
				"problem.classes[0].options[0].rate +1\n"
				"problem.classes[0].options[1].rate +1\n");
}

/* What is proved does not know of rules: 5 quarters, beside a stranger's half, are 7/4. */
static void each_number_of_a_plan_with_rules_matters(void **state)
{
	(void)state;
	all_matter_but("apart",
		       /* 7/5 and 5/4 are 2, too */
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       "measures[0].certificate.class_least[0] -1\n"
		       "measures[0].certificate.present_least[0] -1\n"
		       "problem.pools[0].n_gpus +1\n"
		       /* what is apart on two GPUs is so on each */
		       "problem.pools[0].gpus_per_node -1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n"
		       "problem.classes[1].min_instances +1\n"
		       "problem.classes[1].options[0].rate +1\n"
		       "problem.rules[0].max +1\n"
		       "problem.rules[1].max +1\n"
		       /* the other class is apart already */
		       "problem.rules[1].classes[0] -1\n");
}

/* Five quarters on the one GPU that is not reserved. */
static void each_number_of_an_infeasible_problem_matters(void **state)
{
	(void)state;
	all_matter_but("infeasible",
		       /* a word of explanation */
		       "pool -1\n"
		       "pool +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       /* fewer GPUs and more workloads make it no better */
		       "problem.pools[0].n_gpus -1\n"
		       "problem.pools[0].n_reserved +1\n"
		       "problem.pools[0].price_uusd_per_h +1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       "problem.classes[0].count +1\n"
		       "problem.classes[0].need +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

/* ------------------------------------------------------------ refusals in words */

/* What a path of members and indices leads to: "measures/0/certificate". */
static json_t *find(json_t *value, const char *path)
{
	char copy[256];

	text_copy(copy, sizeof(copy), path);
	for (char *rest = copy, *word; (word = strsep(&rest, "/"));) {
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
					     : json_object_get(value, word);
		if (!value)
			fail_msg("%s: there is no %s", path, word);
	}
	return value;
}

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

/* ------------------------------------------------------------ reading */

/* A document that is none is refused with the line. */
static void malformed(const char *text, const char *msg)
{
	struct mig_verified verified = { .n_goals = 77 };
	struct mig_error err = { 0 };

	assert_int_equal(verify_text(text, &verified, &err), -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_int_equal(verified.n_goals, 77);
}

/* The plan with one piece of its text replaced by another. */
static void replaced(const char *name, const char *piece, const char *by, const char *msg)
{
	json_t *doc = load(name);
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15)), *at;
	struct text changed = { 0 };

	assert_non_null(text);
	at = strstr(text, piece);
	assert_non_null(at);
	text_add_bytes(&changed, text, (size_t)(at - text));
	text_add(&changed, "%s%s", by, at + strlen(piece));
	malformed(text_str(&changed), msg);
	text_free(&changed);
	free(text);
	json_decref(doc);
}

static void numbers_are_whole_and_in_range(void **state)
{
	(void)state;
	replaced("fixed", "\"need\":1,", "\"need\":1.0,",
		 "p.json:1: need is 1.0: it must be a whole number, written as one");
	replaced("fixed", "\"need\":1,", "\"need\":1e0,",
		 "p.json:1: need is 1e0: it must be a whole number, written as one");
	replaced("fixed", "\"need\":1,", "\"need\":\"1\",",
		 "p.json:1: a number is wanted here");
	replaced("fixed", "\"need\":1,", "\"need\":01,", "p.json:1: a number is wanted here");
	replaced("fixed", "\"need\":1,", "\"need\":0,",
		 "p.json:1: need is 0, not 1 to 1000000000000000");
	replaced("fixed", "\"need\":1,", "\"need\":18446744073709551617,",
		 "p.json:1: need is 18446744073709551617, not 1 to 1000000000000000");
	replaced("fixed", "\"denominator\":7", "\"denominator\":-7",
		 "p.json:1: denominator is -7, not 0 to 9223372036854775807");
	replaced("fixed", "\"rents\":[0]", "\"rents\":[0,0]",
		 "p.json:1: rents has 2 numbers, not 1");
	replaced("fixed", "\"class\":0", "\"class\":1", "p.json:1: class is 1, not 0 to 0");
}

static void members_are_known_and_stand_once(void **state)
{
	(void)state;
	replaced("fixed", "\"need\":1,", "", "p.json:1: \"need\" is missing before here");
	replaced("fixed", "\"need\":1,", "\"need\":1,\"need\":1,",
		 "p.json:1: \"need\" stands here twice");
	replaced("fixed", "\"need\":1,", "\"need\":1,\"max_gpus\":1,",
		 "p.json:1: \"max_gpus\" has no meaning here");
	replaced("fixed", "\"status\":\"optimal\",", "", "p.json:1: \"status\" is missing");
	replaced("fixed",
		 "\"status\":", "\"gap\":0,\"status\":", "p.json:1: \"gap\" stands here twice");
	replaced("fixed", "migctl.plan/v1", "migctl.plan/v2",
		 "p.json:1: it is no migctl.plan/v1");
	replaced("fixed", "\"profile\":\"1g.10gb\"", "\"profile\":\"1g.5gb\"",
		 "p.json:1: A100-SXM4-80GB has no profile \"1g.5gb\"");
	replaced("fixed", "\"layout\":\"7x1g.10gb@0,1,2,3,4,5,6\"", "\"layout\":\"7x1g.10gb\"",
		 "p.json:1: layout 0 says \"7x1g.10gb\", and its slots are "
		 "\"7x1g.10gb@0,1,2,3,4,5,6\"");
}

static void what_is_no_json_is_refused(void **state)
{
	(void)state;
	malformed("", "p.json:1: the document ends where '{' is wanted");
	malformed("[]", "p.json:1: '{' is wanted here");
	malformed("{\n\"a\" 1}", "p.json:2: ':' is wanted here");
	malformed("{\"a\": nul}", "p.json:1: a value is wanted here");
	malformed("{\"a\": [1, 2", "p.json:1: the document ends where ',' is wanted");
	malformed("{\"a\": \"\\x\"}",
		  "p.json:1: a string with a byte that may not stand in one");
	malformed("{\"a\": \"\xff\"}",
		  "p.json:1: a string with a byte that may not stand in one");
	malformed("{\"a\": \"\xc2\x9b\"}",
		  "p.json:1: a string with a byte that may not stand in one");
	malformed(
		"{\"a\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		"p.json:1: deeper than 32 levels");
	malformed("{} {}", "p.json:1: something stands behind the document");
}

static void a_gpu_type_that_nobody_knows_is_refused(void **state)
{
	struct mig_verified verified;
	struct mig_error err = { 0 };
	json_t *doc = load("fixed");

	(void)state;
	json_object_set_new(find(doc, "problem/pools/0"), "gpu_type",
			    json_string("A100-SXM4-81GB"));
	assert_int_equal(verify(doc, &verified, &err), -MIG_E_NOENT);
	assert_memory_equal(err.msg, "p.json:1: ", 10);
	json_decref(doc);
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

static int open_catalog(void **state)
{
	(void)state;
	return mig_catalog_open(NULL, &catalog, NULL);
}

static int close_catalog(void **state)
{
	(void)state;
	mig_catalog_close(catalog);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_of_a_plan_with_fixed_profiles_matters),
		cmocka_unit_test(each_number_of_a_plan_with_covers_matters),
		cmocka_unit_test(each_number_of_a_plan_with_moves_matters),
		cmocka_unit_test(each_number_of_a_plan_for_money_matters),
		cmocka_unit_test(each_number_of_a_plan_with_rules_matters),
		cmocka_unit_test(each_number_of_an_infeasible_problem_matters),
		cmocka_unit_test(a_certificate_is_refused_by_what_breaks_it),
		cmocka_unit_test(a_status_is_said_rightly),
		cmocka_unit_test(a_plan_is_refused_by_what_is_not_so),
		cmocka_unit_test(what_is_held_stays_and_what_is_kept_was_there),
		cmocka_unit_test(a_layout_must_be_possible),
		cmocka_unit_test(rules_count_instances_of_a_gpu_and_of_a_node),
		cmocka_unit_test(covers_are_priced_exactly_however_large_the_numbers),
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(members_are_known_and_stand_once),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_gpu_type_that_nobody_knows_is_refused),
		cmocka_unit_test(what_was_verified_is_told),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
