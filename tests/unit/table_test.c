/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "shared/table.h"

static const struct table_column columns[] = {
	{ "name", "NAME", TABLE_STRING },
	{ "mem_mib", "MIB", TABLE_NUMBER },
	{ "uuid", NULL, TABLE_STRING },
	{ "is_held", "HELD", TABLE_BOOL },
};

static struct table two_rows(void)
{
	struct table t = table_new(columns, 4);

	table_cell(&t, "3g.%dgb", 40);
	table_cell(&t, "%d", 40192);
	table_cell(&t, "MIG-1");
	table_cell(&t, "yes");
	table_cell(&t, "é");
	table_cell(&t, "7");
	table_unknown(&t);
	table_cell(&t, "no");
	return t;
}

static void expect_text(const struct table *t, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	table_print(out, t);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void expect_json(const struct table *t, const char *want)
{
	json_t *json = table_json(t);
	char *text;

	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

static void text_and_json_say_the_same(void **state)
{
	struct table t = two_rows();

	(void)state;
	expect_text(&t, "NAME       MIB  HELD\n"
			"3g.40gb  40192  yes\n"
			"é            7  no\n");
	expect_json(&t, "[{\"name\":\"3g.40gb\",\"mem_mib\":40192,\"uuid\":\"MIG-1\","
			"\"is_held\":true},"
			"{\"name\":\"é\",\"mem_mib\":7,\"is_held\":false}]");
	table_free(&t);
	assert_null(t.cells);
}

static void unknown_is_a_dash_and_absent_from_json(void **state)
{
	struct table t = table_new(columns, 4);

	(void)state;
	table_cell(&t, "a");
	table_unknown(&t);
	expect_text(&t, "NAME  MIB  HELD\n"
			"a       -  -\n");
	expect_json(&t, "[{\"name\":\"a\"}]");
	table_free(&t);
}

static void an_empty_table_is_a_heading_and_an_empty_array(void **state)
{
	struct table t = table_new(columns, 4);

	(void)state;
	expect_text(&t, "NAME  MIB  HELD\n");
	expect_json(&t, "[]");
	table_free(&t);
}

static void what_a_cell_holds_cannot_steer_the_terminal(void **state)
{
	struct table t = table_new(columns, 1);

	(void)state;
	table_cell(&t, "%s", "\033[31mred\nx\xc2\x9b!");
	expect_text(&t, "NAME\n?[31mred?x?!\n");
	expect_json(&t, "[{\"name\":\"\\u001B[31mred\\nx\xc2\x9b!\"}]");
	table_free(&t);
}

static void bytes_that_are_no_utf8_do_not_spoil_the_json(void **state)
{
	struct table t = table_new(columns, 1);

	(void)state;
	table_cell(&t, "%s", "a\xff\xfe\"b");
	expect_json(&t, "[{\"name\":\"a??\\\"b\"}]");
	table_free(&t);
}

static void a_number_that_is_none_stays_text(void **state)
{
	static const struct table_column number = { "n", "N", TABLE_NUMBER };
	static const char *const cells[] = { "183.5", "-3", "7/7", "true", "nan", "" };
	struct table t = table_new(&number, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		table_cell(&t, "%s", cells[i]);
	expect_json(&t, "[{\"n\":183.5},{\"n\":-3},{\"n\":\"7/7\"},{\"n\":\"true\"},"
			"{\"n\":\"nan\"},{\"n\":\"\"}]");
	table_free(&t);
}

static void a_table_that_is_short_makes_no_json(void **state)
{
	struct table t = two_rows();

	(void)state;
	t.is_short = true;
	table_cell(&t, "ignored");
	assert_int_equal(t.n_cells, 8);
	assert_null(table_json(&t));
	table_free(&t);
}

static void many_rows_are_all_there(void **state)
{
	struct table t = table_new(columns, 1);
	json_t *json;

	(void)state;
	for (int i = 0; i < 5000; i++)
		table_cell(&t, "%d", i);
	json = table_json(&t);
	assert_int_equal(json_array_size(json), 5000);
	json_decref(json);
	table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_json_say_the_same),
		cmocka_unit_test(unknown_is_a_dash_and_absent_from_json),
		cmocka_unit_test(an_empty_table_is_a_heading_and_an_empty_array),
		cmocka_unit_test(what_a_cell_holds_cannot_steer_the_terminal),
		cmocka_unit_test(bytes_that_are_no_utf8_do_not_spoil_the_json),
		cmocka_unit_test(a_number_that_is_none_stays_text),
		cmocka_unit_test(a_table_that_is_short_makes_no_json),
		cmocka_unit_test(many_rows_are_all_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
