/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#include "shared/text.h"
#include "tests/test.h"

static void a_text_grows_as_it_is_added_to(void **state)
{
	struct text t = { 0 };

	(void)state;
	assert_string_equal(text_str(&t), "");
	text_add(&t, "%s", "");
	assert_string_equal(text_str(&t), "");
	for (int i = 0; i < 1000; i++)
		text_add(&t, "%03d,", i);
	assert_int_equal(t.len, 4000);
	assert_int_equal(strlen(t.s), 4000);
	assert_memory_equal(t.s + 3996, "999,", 5);
	assert_false(t.is_short);
	text_free(&t);
	assert_null(t.s);
	text_free(&t);
}

static void bytes_are_added_as_they_are(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_add_bytes(&t, NULL, 0);
	text_add_bytes(&t, "a\0b", 3);
	text_add_bytes(&t, "%s", 2);
	assert_int_equal(t.len, 5);
	assert_memory_equal(t.s, "a\0b%s", 6);
	text_free(&t);
}

static void padding_reaches_a_column_and_never_cuts(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_add(&t, "ab");
	text_pad(&t, 5);
	assert_string_equal(text_str(&t), "ab   ");
	text_pad(&t, 3);
	assert_int_equal(t.len, 5);
	text_free(&t);
	text_pad(&t, 70);
	assert_int_equal(strlen(text_str(&t)), 70);
	text_free(&t);
}

static void too_much_is_short_and_changes_nothing(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_add(&t, "kept");
	text_pad(&t, SIZE_MAX / 2);
	assert_true(t.is_short);
	text_add(&t, "lost");
	assert_string_equal(text_str(&t), "kept");
	text_free(&t);
}

static void a_copy_is_cut_and_ended(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	assert_ptr_equal(text_copy(buf, sizeof(buf), "abcdef"), buf);
	assert_string_equal(buf, "abc");
	assert_string_equal(text_copy(buf, sizeof(buf), "xy"), "xy");
	text_copy(buf, 0, "none");
	assert_string_equal(buf, "xy");
}

static void what_is_appended_is_cut_and_ended(void **state)
{
	char buf[8] = "ab";

	(void)state;
	text_append(buf, sizeof(buf), "%d", 1234);
	assert_string_equal(buf, "ab1234");
	text_append(buf, sizeof(buf), "%s", "5678");
	assert_string_equal(buf, "ab12345");
	text_append(buf, sizeof(buf), "more");
	assert_string_equal(buf, "ab12345");
	text_append(NULL, 0, "nothing");
}

static void numbers_are_whole_or_none(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		uint64_t v;
	} cases[] = {
		{ "0", true, 0 },
		{ "42", true, 42 },
		{ "0x20B210DE", true, 0x20b210de },
		{ "0xff", true, 255 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "0x10000000000000000", false, 0 },
		{ "", false, 0 },
		{ "0x", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1.0", false, 0 },
		{ "ff", false, 0 },
		{ "nan", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t v = 77;

		if (text_parse_u64(cases[i].s, &v) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].s);
		assert_int_equal(v, cases[i].ok ? cases[i].v : 77);
	}
}

static void sizes_are_said_in_the_largest_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *s;
	} cases[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 640ULL << 20, "640 MiB" },
		{ 81152ULL << 20, "79.2 GiB" },
		{ 1536, "1.5 KiB" },
		{ (1ULL << 30) - 1, "1.0 GiB" },
		{ 1ULL << 40, "1 TiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_bytes(cases[i].bytes, buf, sizeof(buf)), cases[i].s);
}

static void sizes_are_read_with_their_unit(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		uint64_t v;
	} cases[] = {
		{ "4096", true, 4096 },
		{ "6GiB", true, 6ULL << 30 },
		{ "6 gib", true, 6ULL << 30 },
		{ "512MiB", true, 512ULL << 20 },
		{ "1.5GiB", true, 3ULL << 29 },
		{ "0.25KiB", true, 256 },
		{ "1.2GB", true, 1200000000 },
		{ "7B", true, 7 },
		{ "2TiB", true, 2ULL << 40 },
		{ "1.99999999999GiB", true, (uint64_t)(1.9999999 * (1ULL << 30)) },
		{ "16777215TiB", true, 16777215ULL << 40 },
		{ "16777216TiB", false, 0 },
		{ "1.5", false, 0 },
		{ "1.GiB", false, 0 },
		{ ".5GiB", false, 0 },
		{ "GiB", false, 0 },
		{ "-1GiB", false, 0 },
		{ "1 ", false, 0 },
		{ "1GiBx", false, 0 },
		{ "", false, 0 },
		{ "nan", false, 0 },
		{ "1e3", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t v = 77;

		if (text_parse_bytes(cases[i].s, &v) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].s);
		assert_int_equal(v, cases[i].ok ? cases[i].v : 77);
	}
}

/* The words that follow from a plain recursion over the definition. */
static unsigned slow_distance(const char *a, const char *b)
{
	unsigned del, ins, sub;

	if (!*a || !*b)
		return (unsigned)(strlen(a) + strlen(b));
	del = slow_distance(a + 1, b) + 1;
	ins = slow_distance(a, b + 1) + 1;
	sub = slow_distance(a + 1, b + 1) + (*a != *b);
	del = del < ins ? del : ins;
	return del < sub ? del : sub;
}

static void distance_is_the_fewest_edits(void **state)
{
	uint64_t seed = 1;
	char longer[300];

	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("A100", "a100"), 0);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	for (int i = 0; i < 300; i++) {
		char a[7] = "", b[7] = "";

		for (unsigned k = below(7, &seed); k > 0; k--)
			a[k - 1] = (char)('a' + below(3, &seed));
		for (unsigned k = below(7, &seed); k > 0; k--)
			b[k - 1] = (char)('a' + below(3, &seed));
		assert_int_equal(text_distance(a, b), slow_distance(a, b));
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(text_distance(longer, ""), 128);
}

static void a_bus_id_is_known_however_it_is_written(void **state)
{
	(void)state;
	assert_true(text_is_bus_id("00000000:0A:00.0", "00000000:0a:00.0"));
	assert_true(text_is_bus_id("0000:0a:00.0", "00000000:0A:00.0"));
	assert_true(text_is_bus_id("0A:00.0", "00000000:0A:00.0"));
	assert_true(text_is_bus_id("0001:0A:00.0", "00000001:0A:00.0"));
	assert_false(text_is_bus_id("0A:00.0", "00000001:0A:00.0"));
	assert_false(text_is_bus_id("0B:00.0", "00000000:0A:00.0"));
	assert_false(text_is_bus_id("", "00000000:0A:00.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_grows_as_it_is_added_to),
		cmocka_unit_test(bytes_are_added_as_they_are),
		cmocka_unit_test(padding_reaches_a_column_and_never_cuts),
		cmocka_unit_test(too_much_is_short_and_changes_nothing),
		cmocka_unit_test(a_copy_is_cut_and_ended),
		cmocka_unit_test(what_is_appended_is_cut_and_ended),
		cmocka_unit_test(numbers_are_whole_or_none),
		cmocka_unit_test(sizes_are_said_in_the_largest_unit),
		cmocka_unit_test(sizes_are_read_with_their_unit),
		cmocka_unit_test(distance_is_the_fewest_edits),
		cmocka_unit_test(a_bus_id_is_known_however_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
