/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#include "shared/text.h"
#include "shared/yaml.h"

static struct yaml_file *read_text(const char *text)
{
	struct yaml_file *file = NULL;
	struct mig_error err = { 0 };

	if (yaml_read(text, strlen(text), "f.yaml", &file, &err) < 0)
		fail_msg("%s", err.msg);
	return file;
}

static void expect_refused(const char *text, size_t len, const char *says)
{
	struct yaml_file *file = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(yaml_read(text, len, "f.yaml", &file, &err), -MIG_E_SYNTAX);
	assert_null(file);
	if (strncmp(err.msg, says, strlen(says)) != 0)
		fail_msg("got \"%s\", want \"%s\"", err.msg, says);
}

static void nodes_know_their_kind_text_and_line(void **state)
{
	struct yaml_file *file = read_text("# comment\n"
					   "a: 80\n"
					   "b:\n"
					   "  - \"80\"\n"
					   "  - {c: d,\n"
					   "     e: }\n");
	const struct yaml_node *root = yaml_root(file), *b, *map;

	(void)state;
	assert_string_equal(yaml_name(file), "f.yaml");
	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->n, 2);
	assert_int_equal(root->line, 2);
	assert_string_equal(root->keys[0]->text, "a");
	assert_string_equal(root->items[0]->text, "80");
	assert_false(root->items[0]->is_quoted);
	b = yaml_get(root, "b");
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->n, 2);
	assert_string_equal(b->items[0]->text, "80");
	assert_true(b->items[0]->is_quoted);
	assert_int_equal(b->items[0]->line, 4);
	map = b->items[1];
	assert_string_equal(yaml_get(map, "c")->text, "d");
	assert_string_equal(yaml_get(map, "e")->text, "");
	assert_int_equal(yaml_get(map, "e")->line, 6);
	assert_null(yaml_get(map, "f"));
	assert_null(yaml_get(b, "c"));
	yaml_file_free(file);
	yaml_file_free(NULL);
}

static void what_is_no_plain_tree_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "f.yaml:1: nothing in it" },
		{ "# only this\n", "f.yaml:1: nothing in it" },
		{ "a: 1\n---\nb: 2\n", "f.yaml:2: a second document" },
		{ "a: &x 1\nb: *x\n", "f.yaml:1: anchors" },
		{ "a: 1\nb: *x\n", "f.yaml:2: anchors" },
		{ "a:\n  &x [1]\n", "f.yaml:2: anchors" },
		{ "a: !!str 1\n", "f.yaml:1: tags" },
		{ "a: !x {}\n", "f.yaml:1: tags" },
		{ "a: ! 1\n", "f.yaml:1: tags" },
		{ "[a]: 1\n", "f.yaml:1: a key must be a word" },
		{ "b: 1\n{a: 1}: 2\n", "f.yaml:2: a key must be a word" },
		{ "a: 1\nb: 2\na: 3\n", "f.yaml:3: \"a\" stands here and on line 1" },
		{ "a: \"x\\0y\"\n", "f.yaml:1: a NUL" },
		{ "a: [1\nb: 2\n", "f.yaml:2: did not find" },
		{ "a: 1\n\tb: 2\n", "f.yaml:2: " },
		{ "a: 1\nb: \x01\n", "f.yaml:2: control characters" },
		{ "a: 1\n\n\xff\n", "f.yaml:3: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_refused(cases[i].text, strlen(cases[i].text), cases[i].says);
	expect_refused("a: 1\nb: \0 2\n", 12, "f.yaml:2: control characters");
}

static void the_depth_is_bounded(void **state)
{
	char text[2 * 17 + 1] = "";

	(void)state;
	memset(text, '[', 16);
	memset(text + 16, ']', 16);
	yaml_file_free(read_text(text));
	memset(text, '[', 17);
	memset(text + 17, ']', 17);
	expect_refused(text, 34, "f.yaml:1: nested deeper than 16");
	memset(text, '[', 34);
	expect_refused(text, 34, "f.yaml:1: nested deeper than 16");
}

static void the_number_of_values_and_bytes_is_bounded(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (int i = 0; i < YAML_NODES_MAX - 1; i++)
		text_add_bytes(&t, "- x\n", 4);
	yaml_file_free(read_text(text_str(&t)));
	text_add_bytes(&t, "- x\n", 4);
	expect_refused(t.s, t.len, "f.yaml:65536: more than 65536 values");
	while (t.len <= YAML_BYTES_MAX)
		text_add_bytes(&t, "#\n", 2);
	expect_refused(t.s, t.len, "f.yaml:1: larger than 1 MiB");
	text_free(&t);
}

static void twins_among_many_keys_are_found(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (int i = 0; i < 30000; i++)
		text_add(&t, "k%d: 1\n", i);
	yaml_file_free(read_text(text_str(&t)));
	text_add(&t, "k7: 1\n");
	expect_refused(t.s, t.len, "f.yaml:30001: \"k7\" stands here and on line 8");
	text_free(&t);
}

static void unknown_keys_are_named_with_what_was_meant(void **state)
{
	static const char *const known[] = { "placement", "size", NULL };
	struct yaml_file *file = read_text("size: 1\nplacemnt: 2\n");
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(yaml_keys(file, yaml_root(file), known, &err), -MIG_E_SYNTAX);
	assert_string_equal(err.msg, "f.yaml:2: unknown key \"placemnt\": did you mean "
				     "\"placement\"? (known: placement, size)");
	yaml_file_free(file);

	file = read_text("size: 1\nzebra: 2\n");
	assert_int_equal(yaml_keys(file, yaml_root(file), known, &err), -MIG_E_SYNTAX);
	assert_string_equal(err.msg,
			    "f.yaml:2: unknown key \"zebra\" (known: placement, size)");
	yaml_file_free(file);

	file = read_text("size: 1\n");
	assert_int_equal(yaml_keys(file, yaml_root(file), known, &err), 0);
	yaml_file_free(file);
}

static void a_wanted_key_is_there_and_of_its_kind(void **state)
{
	struct yaml_file *file = read_text("a: 1\nb: [1]\n");
	const struct yaml_node *node = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(yaml_want(file, yaml_root(file), "b", YAML_LIST, &node, &err), 0);
	assert_int_equal(node->n, 1);
	node = NULL;
	assert_int_equal(yaml_want(file, yaml_root(file), "b", YAML_MAP, &node, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, "f.yaml:2: \"b\" must be a map, not a list");
	assert_int_equal(yaml_want(file, yaml_root(file), "c", YAML_MAP, &node, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, "f.yaml:1: \"c\" is missing here");
	assert_null(node);
	assert_int_equal(yaml_fail(file, NULL, NULL, "anything"), -MIG_E_SYNTAX);
	yaml_file_free(file);
}

static void numbers_are_plain_and_in_range(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t v;
	} cases[] = {
		{ "7", true, 7 },
		{ "-7", true, -7 },
		{ "0", true, 0 },
		{ "0x1F", true, 31 },
		{ "1000", true, 1000 },
		{ "1001", false, 0 },
		{ "-1001", false, 0 },
		{ "\"7\"", false, 0 },
		{ "010", false, 0 },
		{ "7.0", false, 0 },
		{ "1e2", false, 0 },
		{ ".nan", false, 0 },
		{ "~", false, 0 },
		{ "--7", false, 0 },
		{ "+7", false, 0 },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775808", false, 0 },
		{ "[7]", false, 0 },
		{ "{}", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct yaml_file *file = read_text(cases[i].text);
		struct mig_error err = { 0 };
		int64_t v = 77;
		const int rc = yaml_int(file, yaml_root(file), -1000, 1000, &v, &err);

		if (rc != (cases[i].ok ? 0 : -MIG_E_SYNTAX))
			fail_msg("%s: %d %s", cases[i].text, rc, err.msg);
		assert_int_equal(v, cases[i].ok ? cases[i].v : 77);
		assert_true(cases[i].ok || strncmp(err.msg, "f.yaml:1: ", 10) == 0);
		yaml_file_free(file);
	}
}

static void truth_is_true_or_false(void **state)
{
	static const char *const neither[] = { "yes", "True", "1", "\"true\"", "[true]", "~" };
	struct yaml_file *file = read_text("[true, false]");
	bool truth = false;

	(void)state;
	assert_int_equal(yaml_bool(file, yaml_root(file)->items[0], &truth, NULL), 0);
	assert_true(truth);
	assert_int_equal(yaml_bool(file, yaml_root(file)->items[1], &truth, NULL), 0);
	assert_false(truth);
	yaml_file_free(file);
	for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
		file = read_text(neither[i]);
		truth = true;
		assert_int_equal(yaml_bool(file, yaml_root(file), &truth, NULL), -MIG_E_SYNTAX);
		assert_true(truth);
		yaml_file_free(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_know_their_kind_text_and_line),
		cmocka_unit_test(what_is_no_plain_tree_is_refused),
		cmocka_unit_test(the_depth_is_bounded),
		cmocka_unit_test(the_number_of_values_and_bytes_is_bounded),
		cmocka_unit_test(twins_among_many_keys_are_found),
		cmocka_unit_test(unknown_keys_are_named_with_what_was_meant),
		cmocka_unit_test(a_wanted_key_is_there_and_of_its_kind),
		cmocka_unit_test(numbers_are_plain_and_in_range),
		cmocka_unit_test(truth_is_true_or_false),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
