/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of a layout. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <mig/geometry.h>

#include "tests/layouts.h"
#include "tests/models.h"

static struct mig_gpu_type a100, a30, rtx;
static char buf[MIG_PICTURE_BYTES];

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	a30 = model_a30();
	rtx = model_rtx_pro_6000();
	return 0;
}

/* Columns of a line that ends in a newline. */
static int columns(const char *line)
{
	int n = 0;

	for (; *line && *line != '\n'; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

static void a_gpu_is_drawn_in_its_units(void **state)
{
	const struct mig_layout lay = layout_of(&a100, "3g.40gb@0 2g.20gb@4 1g.10gb+me@6");
	const struct mig_picture ascii = { .has_ruler = true };
	const struct mig_picture wide = { .is_unicode = true, .columns = 100 };

	(void)state;
	assert_string_equal(
		mig_layout_draw(&lay, &ascii, buf, sizeof(buf)),
		"+-----------------------------------+-----------------+--------+xxxxxxxx+\n"
		"|3g.40gb                            |2g.20gb          |1g.10+me| wasted |\n"
		"+-----------------------------------+-----------------+--------+xxxxxxxx+\n"
		" 0        1        2        3        4        5        6        7\n");
	assert_string_equal(mig_layout_draw(&lay, &wide, buf, sizeof(buf)),
			    "┌───────────────────────────────────────────────┬─────────────────"
			    "──────┬───────────┬╌╌╌╌╌╌╌╌╌╌╌┐\n"
			    "│3g.40gb                                        │2g.20gb          "
			    "      │1g.10gb+me │░ wasted ░░│\n"
			    "└───────────────────────────────────────────────┴─────────────────"
			    "──────┴───────────┴╌╌╌╌╌╌╌╌╌╌╌┘\n");
}

static void free_units_show_as_one_stretch(void **state)
{
	const struct mig_layout lay = layout_of(&rtx, "1g.24gb+me.all@3");
	const struct mig_layout empty = mig_layout_empty(&a30);
	const struct mig_picture line = { .is_line = true };

	(void)state;
	assert_string_equal(
		mig_layout_draw(&lay, NULL, buf, sizeof(buf)),
		"+.................+-----------------+...................................+\n"
		"|      free       |1g.24gb+me.all   |               free                |\n"
		"+.................+-----------------+...................................+\n");
	assert_string_equal(mig_layout_draw(&empty, &line, buf, sizeof(buf)),
			    "|                                   free                          "
			    "          |\n");
}

static void labels_take_the_place_of_names_and_are_made_harmless(void **state)
{
	const struct mig_layout lay = layout_of(&a30, "1g.6gb@0 1g.6gb@1 1g.6gb@2 1g.6gb@3");
	const char *const labels[] = { "größe", "\033[2Jred", "a very long name", NULL };
	struct mig_picture pic = { .labels = labels, .is_line = true, .columns = 41 };

	(void)state;
	assert_string_equal(mig_layout_draw(&lay, &pic, buf, sizeof(buf)),
			    "|gr??e    |?[2Jred  |a very l~|1g.6gb   |\n");
	pic.is_unicode = true;
	assert_string_equal(mig_layout_draw(&lay, &pic, buf, sizeof(buf)),
			    "│größe    │?[2Jred  │a very l…│1g.6gb   │\n");
}

static void a_label_that_is_no_utf8_keeps_the_lines_straight(void **state)
{
	static const char *const broken[] = { "\x80\x80\x80", "\xff\xfe",
					      "\xc3",         "\xc2\x9b[m",
					      "\xe2\x82",     "\xf0\x9f\x98\x80\xf0\x9f\x98" };
	const struct mig_layout lay = layout_of(&a30, "4g.24gb@0");

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const struct mig_picture pic = { .labels = &broken[i],
						 .is_line = true,
						 .is_unicode = true };

		mig_layout_draw(&lay, &pic, buf, sizeof(buf));
		assert_int_equal(columns(buf), 77);
		assert_non_null(strchr(buf, '?'));
		assert_null(strstr(buf, "\xc2\x9b"));
	}
}

static void names_lose_gb_then_memory_then_their_end(void **state)
{
	const struct mig_layout lay = layout_of(&a100, "1g.10gb+me@0");
	static const struct {
		int columns;
		const char *name;
	} rows[] = { { 89, "|1g.10gb+me|" }, { 80, "|1g.10+me|" }, { 70, "|1g+me  |" },
		     { 49, "|1g+me|" },      { 40, "|1g~|" },      { 1, "|~|" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_picture pic = { .is_line = true, .columns = rows[i].columns };

		mig_layout_draw(&lay, &pic, buf, sizeof(buf));
		if (strncmp(buf, rows[i].name, strlen(rows[i].name)) != 0)
			fail_msg("in %d columns: %s", rows[i].columns, buf);
	}
}

static int straight_lines(const struct mig_layout *lay, void *arg)
{
	const struct mig_picture *pic = arg;
	const char *line = mig_layout_draw(lay, pic, buf, sizeof(buf)), *end;
	const int want = columns(line);
	int n = 0;

	for (; (end = strchr(line, '\n')); line = end + 1, n++)
		assert_int_equal(columns(line), want);
	assert_int_equal(n, 3);
	assert_int_equal(*line, '\0');
	assert_in_range(want, 1, pic->columns > 33 ? pic->columns : 33);
	return 0;
}

static void every_layout_has_straight_lines_at_every_width(void **state)
{
	const struct mig_gpu_type *const types[] = { &a100, &a30, &rtx };

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (int width = 1; width <= MIG_PICTURE_COLUMNS; width += 9) {
			struct mig_picture pic = { .columns = width, .is_unicode = width % 2 };

			assert_int_equal(mig_layout_each(types[t], UINT32_MAX, straight_lines,
							 &pic),
					 0);
		}
	}
}

static void a_short_buffer_cuts_the_picture(void **state)
{
	const struct mig_layout lay = layout_of(&a100, "7g.80gb@0");
	char small[8] = "1234567";

	(void)state;
	assert_string_equal(mig_layout_draw(&lay, NULL, small, sizeof(small)), "+------");
	assert_ptr_equal(mig_layout_draw(&lay, NULL, small, 0), small);
	assert_string_equal(small, "+------");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpu_is_drawn_in_its_units),
		cmocka_unit_test(free_units_show_as_one_stretch),
		cmocka_unit_test(labels_take_the_place_of_names_and_are_made_harmless),
		cmocka_unit_test(a_label_that_is_no_utf8_keeps_the_lines_straight),
		cmocka_unit_test(names_lose_gb_then_memory_then_their_end),
		cmocka_unit_test(every_layout_has_straight_lines_at_every_width),
		cmocka_unit_test(a_short_buffer_cuts_the_picture),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
