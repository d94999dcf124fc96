/* SPDX-License-Identifier: Apache-2.0 */
/* What is no document of a plan is refused, with the line. */
#include "tests/plans.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(members_are_known_and_stand_once),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_gpu_type_that_nobody_knows_is_refused),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
