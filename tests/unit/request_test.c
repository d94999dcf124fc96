/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: how they are written, and how GPU instances are split. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include <mig/geometry.h>

#include "tests/layouts.h"
#include "tests/models.h"

#define GRAMMAR "; write [COUNTx]PROFILE[@START], such as 2x1g.10gb or 3g.40gb@4"

static struct mig_gpu_type a100;

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	return 0;
}

/* @words, each an item, on top of @req; the error of the first that is refused. */
static int add_words(struct mig_request *req, const char *words, struct mig_error *err)
{
	char buf[512], *save, *word;
	int rc = 0;

	snprintf(buf, sizeof(buf), "%s", words);
	for (word = strtok_r(buf, " ", &save); word && rc == 0;
	     word = strtok_r(NULL, " ", &save))
		rc = mig_request_add(req, word, err);
	return rc;
}

static struct mig_request request(const struct mig_gpu_type *type, const char *words)
{
	struct mig_request req = mig_request_empty(type);
	struct mig_error err = { 0 };

	if (add_words(&req, words, &err) < 0)
		fail_msg("%s", err.msg);
	return req;
}

static void assert_same(const struct mig_request *a, const struct mig_request *b)
{
	assert_ptr_equal(a->type, b->type);
	assert_int_equal(a->n, b->n);
	for (int i = 0; i < a->n; i++) {
		assert_int_equal(a->want[i].profile, b->want[i].profile);
		assert_int_equal(a->want[i].start, b->want[i].start);
		assert_int_equal(a->want[i].n_ci, b->want[i].n_ci);
		assert_memory_equal(a->want[i].ci, b->want[i].ci, a->want[i].n_ci);
	}
}

static void every_way_of_naming_a_profile_means_the_same(void **state)
{
	static const char *const ways[] = { "3g.40gb@4",      "9@4",          "MIG 3g.40gb@4",
					    "1x9@4",          "3c.3g.40gb@4", "1x3g.40gb@4",
					    "1xMIG 3g.40gb@4" };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct mig_request req = mig_request_empty(&a100);

		assert_int_equal(mig_request_add(&req, ways[i], NULL), 0);
		assert_int_equal(req.n, 1);
		assert_int_equal(req.want[0].profile, layout_profile(&a100, "3g.40gb"));
		assert_int_equal(req.want[0].start, 4);
		assert_int_equal(req.want[0].n_ci, 1);
		assert_true(
			a100.profiles[req.want[0].profile].ci[req.want[0].ci[0]].is_default);
	}
}

static void what_was_read_is_written_as_it_was_meant(void **state)
{
	static const struct {
		const char *words, *written;
	} rows[] = {
		{ "3x1g.10gb", "3x1g.10gb" },
		{ "1g.10gb 1g.10gb 9 1g.10gb", "2x1g.10gb 3g.40gb 1g.10gb" },
		{ "2x1g.10gb@5,2", "2x1g.10gb@5,2" },
		{ "1g.10gb@5 1g.10gb@2 1g.10gb", "2x1g.10gb@5,2 1g.10gb" },
		{ "1g.10gb@5 1g.10gb@5,2", "1g.10gb@5 2x1g.10gb@5,2" },
		{ "3g.40gb@4,0", "2x3g.40gb@4,0" },
		{ "4x1c.3g.40gb", "3x1c.3g.40gb 1c.3g.40gb" },
		{ "2x1c.3g.40gb@4 1c.3g.40gb", "3x1c.3g.40gb@4" },
		{ "2c.3g.40gb 3x1c.3g.40gb", "2c.3g.40gb 1c.3g.40gb 2x1c.3g.40gb" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_request req = request(&a100, rows[i].words);
		struct mig_request again;
		char buf[256];

		mig_request_format(&req, buf, sizeof(buf));
		assert_string_equal(buf, rows[i].written);
		again = request(&a100, buf);
		assert_same(&req, &again);
	}
}

static void compute_instances_fill_a_gpu_instance_before_the_next(void **state)
{
	static const struct {
		const char *words;
		int n;       /* GPU instances */
		int n_ci[4]; /* compute instances of each */
		int start[4];
	} rows[] = {
		{ "3x1c.3g.40gb", 1, { 3 }, { -1 } },
		{ "4x1c.3g.40gb", 2, { 3, 1 }, { -1, -1 } },
		{ "1c.3g.40gb 3g.40gb 1c.3g.40gb", 2, { 2, 1 }, { -1, -1 } },
		{ "1c.3g.40gb 1c.2g.20gb 2c.3g.40gb", 2, { 2, 1 }, { -1, -1 } },
		{ "2c.3g.40gb 2c.3g.40gb 1c.3g.40gb 1c.3g.40gb", 2, { 2, 2 }, { -1, -1 } },
		{ "2x2c.4g.40gb", 1, { 2 }, { -1 } },
		{ "2c.4g.40gb 2x1c.4g.40gb", 1, { 3 }, { -1 } },
		{ "1c.3g.40gb@4 1c.3g.40gb@0 1c.3g.40gb@4", 2, { 2, 1 }, { 4, 0 } },
		{ "4x1c.3g.40gb@4,0", 2, { 3, 1 }, { 4, 0 } },
		{ "1c.3g.40gb@4 1c.3g.40gb", 1, { 2 }, { 4 } },
		{ "7x1c.7g.80gb", 1, { 7 }, { -1 } },
		{ "2x3c.7g.80gb 1c.7g.80gb", 1, { 3 }, { -1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_request req = request(&a100, rows[i].words);

		assert_int_equal(req.n, rows[i].n);
		for (int k = 0; k < req.n; k++) {
			assert_int_equal(req.want[k].n_ci, rows[i].n_ci[k]);
			assert_int_equal(req.want[k].start, rows[i].start[k]);
		}
	}
}

static void counts_of_a_file_read_like_counts_of_an_item(void **state)
{
	struct mig_request req = mig_request_empty(&a100);
	const struct mig_request want = request(&a100, "4x1c.3g.40gb");
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_request_add_count(&req, "1c.3g.40gb", 4, NULL), 0);
	assert_same(&req, &want);
	assert_int_equal(mig_request_add_count(&req, "1g.10gb", 0, NULL), 0);
	assert_same(&req, &want);
	assert_int_equal(mig_request_add_count(&req, "1g.11gb", 0, NULL), -MIG_E_NOENT);
	assert_int_equal(mig_request_add_count(&req, "1g.10gb@3", 1, NULL), -MIG_E_NOENT);
	assert_int_equal(mig_request_add_count(&req, "1g.10gb", -1, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "1g.10gb: a count of -1; a count is 0 or more");
	assert_int_equal(mig_request_add_count(&req, "1g.10gb", 8, &err), -MIG_E_NOSPACE);
	assert_same(&req, &want);
}

static void a_refused_item_changes_nothing_and_is_named(void **state)
{
	static const struct {
		const char *item;
		int code;
		const char *msg;
	} refused[] = {
		{ "", MIG_E_SYNTAX, "\"\": it names no profile" GRAMMAR },
		{ "2x", MIG_E_SYNTAX, "\"2x\": it names no profile" GRAMMAR },
		{ "@4", MIG_E_SYNTAX, "\"@4\": it names no profile" GRAMMAR },
		{ "0x3g.40gb", MIG_E_SYNTAX, "\"0x3g.40gb\": a count is 1 or more" GRAMMAR },
		{ "3g.40gb@", MIG_E_SYNTAX,
		  "\"3g.40gb@\": a start is the number of a placement unit" GRAMMAR },
		{ "3g.40gb@4 ", MIG_E_SYNTAX,
		  "\"3g.40gb@4 \": a start is the number of a placement unit" GRAMMAR },
		{ "3g.40gb@-1", MIG_E_SYNTAX,
		  "\"3g.40gb@-1\": a start is the number of a placement unit" GRAMMAR },
		{ "2x1g.10gb@4", MIG_E_SYNTAX,
		  "\"2x1g.10gb@4\": one start for each instance, or none" GRAMMAR },
		{ "2x1g.10gb@4,4", MIG_E_SYNTAX,
		  "\"2x1g.10gb@4,4\": a start is named twice" GRAMMAR },
		{ "2x1c.3g.40gb@0,4", MIG_E_SYNTAX,
		  "\"2x1c.3g.40gb@0,4\": more starts than GPU instances" GRAMMAR },
		{ "4x1c.3g.40gb@0", MIG_E_NOSPACE,
		  "4x1c.3g.40gb@0: so many need more GPU instances than starts are named" },
		{ "3g.40gb@2", MIG_E_NOSPACE,
		  "3g.40gb cannot begin at unit 2; it may begin at 0 or 4" },
		{ "1g.10gb@70000", MIG_E_NOSPACE,
		  "1g.10gb cannot begin at unit 70000; it may begin at 0, 1, 2, 3, 4, 5 or 6" },
		{ "2x3g.40gb", MIG_E_NOSPACE,
		  "2x3g.40gb: one A100-SXM4-80GB holds at most 2 of 3g.40gb, and the request "
		  "asks for more" },
		{ "99999999999999999999x1g.10gb", MIG_E_NOSPACE,
		  "99999999999999999999x1g.10gb: one A100-SXM4-80GB holds at most 7 of "
		  "1g.10gb, and the request asks for more" },
		{ "3g.20gb", MIG_E_NOENT,
		  "3g.20gb: A100-SXM4-80GB has no such profile; it has 1g.10gb, 1g.10gb+me, "
		  "1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb" },
		{ "3c.4g.40gb", MIG_E_NOENT,
		  "3c.4g.40gb: a 4g.40gb has no such compute instance; it has 1c.4g.40gb, "
		  "2c.4g.40gb, 4g.40gb" },
		{ "1c.9", MIG_E_NOENT,
		  "1c.9: A100-SXM4-80GB has no such profile; it has 1g.10gb, 1g.10gb+me, "
		  "1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb" },
		{ "1", MIG_E_NOENT,
		  "1: A100-SXM4-80GB has no such profile; it has 1g.10gb, 1g.10gb+me, 1g.20gb, "
		  "2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb" },
	};
	const struct mig_request before = request(&a100, "3g.40gb");

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct mig_request req = before;
		struct mig_error err = { 0 };

		assert_int_equal(mig_request_add(&req, refused[i].item, &err),
				 -refused[i].code);
		assert_string_equal(err.msg, refused[i].msg);
		assert_same(&req, &before);
	}
}

static void a_type_whose_compute_instances_are_unknown_is_not_guessed_at(void **state)
{
	struct mig_gpu_type t = a100;
	struct mig_request req = mig_request_empty(&t);
	struct mig_error err = { 0 };

	(void)state;
	t.profiles[layout_profile(&t, "3g.40gb")].n_ci = 0;
	assert_int_equal(mig_request_add(&req, "3g.40gb", &err), -MIG_E_UNSUPPORTED);
	assert_string_equal(err.msg, "3g.40gb: nothing is known of its compute instances");
}

static int ci_of(const struct mig_profile *gi, const char *name)
{
	const struct mig_ci_profile *ci = mig_ci_profile_find(gi, name);

	assert_non_null(ci);
	return (int)(ci - gi->ci);
}

static void compute_instances_stand_where_the_driver_put_them(void **state)
{
	/* `nvidia-smi mig -lci` on A100s: MIG User Guide; drivers 515.43 and 580.126. */
	static const struct {
		const char *gi, *names[4];
		int starts[4];
	} seen[] = {
		{ "2g.20gb", { "1c.2g.20gb", "1c.2g.20gb" }, { 0, 1 } },
		{ "3g.40gb", { "1c.3g.40gb", "1c.3g.40gb", "1c.3g.40gb" }, { 0, 1, 2 } },
		{ "3g.40gb", { "1c.3g.40gb", "2c.3g.40gb" }, { 0, 1 } },
		{ "4g.40gb", { "4g.40gb" }, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		const struct mig_profile *gi =
			&a100.profiles[layout_profile(&a100, seen[i].gi)];
		uint16_t used = 0;

		for (int k = 0; k < 4 && seen[i].names[k]; k++) {
			const int ci = ci_of(gi, seen[i].names[k]);

			assert_int_equal(mig_ci_best_start(gi, used, ci), seen[i].starts[k]);
			used |= (uint16_t)(((1U << gi->ci[ci].size) - 1) << seen[i].starts[k]);
		}
	}
}

static void after_one_of_four_the_driver_s_free_counts_are_right(void **state)
{
	const struct mig_profile *gi = &a100.profiles[layout_profile(&a100, "4g.40gb")];

	(void)state;
	/* -lcip of a 4g with one 1c, driver 515.43: 1c 3/4, 2c 1/2, 4g 0/1. */
	assert_int_equal(mig_ci_starts(gi, 0x1, ci_of(gi, "1c.4g.40gb")), 0xe);
	assert_int_equal(mig_ci_starts(gi, 0x1, ci_of(gi, "2c.4g.40gb")), 0x4);
	assert_int_equal(mig_ci_starts(gi, 0x1, ci_of(gi, "4g.40gb")), 0);
	assert_int_equal(mig_ci_starts(gi, 0, gi->n_ci), 0);
	assert_int_equal(mig_ci_best_start(gi, 0xf, ci_of(gi, "1c.4g.40gb")), -1);
}

static void a_compute_instance_may_be_longer_than_its_slices(void **state)
{
	const struct mig_profile *gi = &a100.profiles[layout_profile(&a100, "1g.20gb")];

	(void)state;
	assert_int_equal(gi->ci[0].size, 2);
	assert_int_equal(mig_ci_starts(gi, 0, 0), 0x1);
	assert_int_equal(mig_ci_starts(gi, 0x2, 0), 0);
}

static void several_compute_instances_are_placed_together_or_not_at_all(void **state)
{
	const struct mig_profile *gi = &a100.profiles[layout_profile(&a100, "7g.80gb")];
	const uint8_t c1 = (uint8_t)ci_of(gi, "1c.7g.80gb"),
		      c2 = (uint8_t)ci_of(gi, "2c.7g.80gb");
	const uint8_t c3 = (uint8_t)ci_of(gi, "3c.7g.80gb"),
		      c4 = (uint8_t)ci_of(gi, "4c.7g.80gb");
	const uint8_t fit[] = { c1, c2, c4 }, slices[] = { c3, c3, c2 },
		      many[] = { c2, c2, c2, c2 };
	struct mig_error err = { 0 };
	int starts[4] = { -7, -7, -7, -7 };

	(void)state;
	assert_int_equal(mig_ci_place(gi, slices, 3, 0, starts, &err), -MIG_E_NOSPACE);
	assert_string_equal(err.msg, "the compute slices of a 7g.80gb do not hold 3c.7g.80gb, "
				     "3c.7g.80gb, 2c.7g.80gb");
	assert_int_equal(mig_ci_place(gi, many, 4, 0, starts, &err), -MIG_E_NOSPACE);
	assert_string_equal(err.msg, "a 7g.80gb holds at most 3 of 2c.7g.80gb");
	assert_int_equal(starts[0], -7);
	assert_int_equal(mig_ci_place(gi, fit, 3, 0, starts, NULL), 0);
	assert_int_equal(starts[0], 6);
	assert_int_equal(starts[1], 4);
	assert_int_equal(starts[2], 0);
	assert_int_equal(mig_ci_place(gi, fit, 3, 0x20, starts, NULL), -MIG_E_NOSPACE);
}

static void a_compute_instance_stands_where_it_is_wanted_or_not_at_all(void **state)
{
	const struct mig_profile *gi = &a100.profiles[layout_profile(&a100, "3g.40gb")];
	struct mig_want want = mig_want_empty(layout_profile(&a100, "3g.40gb"), -1);
	struct mig_error err = { 0 };
	int starts[4] = { -7, -7, -7, -7 };

	(void)state;
	want.n_ci = 2;
	want.ci[0] = (uint8_t)ci_of(gi, "1c.3g.40gb");
	want.ci[1] = (uint8_t)ci_of(gi, "2c.3g.40gb");
	want.ci_start[1] = 0;
	assert_int_equal(mig_want_place(gi, &want, 0, starts, &err), 0);
	assert_int_equal(starts[0], 2);
	assert_int_equal(starts[1], 0);
	want.ci_start[1] = 1;
	assert_int_equal(mig_want_place(gi, &want, 0, starts, &err), 0);
	assert_int_equal(starts[0], 0);
	assert_int_equal(starts[1], 1);
	want.ci_start[0] = 1;
	starts[0] = -7;
	assert_int_equal(mig_want_place(gi, &want, 0, starts, &err), -MIG_E_NOSPACE);
	assert_string_equal(err.msg, "the compute slices of a 3g.40gb do not hold 1c.3g.40gb "
				     "at slice 1, 2c.3g.40gb at slice 1");
	assert_int_equal(starts[0], -7);
	want.ci_start[0] = 100;
	assert_int_equal(mig_want_place(gi, &want, 0, starts, NULL), -MIG_E_NOSPACE);
}

static void a_split_whose_starts_nobody_knows_may_begin_anywhere(void **state)
{
	struct mig_profile gi = a100.profiles[layout_profile(&a100, "3g.40gb")];
	const int c2 = ci_of(&gi, "2c.3g.40gb");

	(void)state;
	gi.ci[c2].starts = 0;
	assert_int_equal(mig_ci_starts(&gi, 0, c2), 0x3);
	assert_int_equal(mig_ci_starts(&gi, 0x1, c2), 0x2);
}

static void a_name_never_means_two_things(void **state)
{
	static const char *const good[] = { "a",    "team-a/llm", "Llama_2.7b/replica-1",
					    "gpus", "x/0",        "capital/12" };
	static const char *const bad[] = {
		"",     "0",     "0/2",   "/a",       "a/",
		"a//b", "-a",    "a/-b",  "a b",      "a:b",
		"a@4",  "a=b",   "GPU-1", "mig-0929", "gpu0/gi1/access",
		"MIG0", "cap12", "gi2",   "a\xc3\xa4"
	};
	char longest[MIG_INSTANCE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(mig_instance_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (mig_instance_name_ok(bad[i]))
			fail_msg("'%s' was taken for a name", bad[i]);
	}
	memset(longest, 'a', sizeof(longest));
	longest[MIG_INSTANCE_NAME_MAX] = '\0';
	assert_false(mig_instance_name_ok(longest));
	longest[MIG_INSTANCE_NAME_MAX - 1] = '\0';
	assert_true(mig_instance_name_ok(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_of_naming_a_profile_means_the_same),
		cmocka_unit_test(what_was_read_is_written_as_it_was_meant),
		cmocka_unit_test(compute_instances_fill_a_gpu_instance_before_the_next),
		cmocka_unit_test(counts_of_a_file_read_like_counts_of_an_item),
		cmocka_unit_test(a_refused_item_changes_nothing_and_is_named),
		cmocka_unit_test(a_type_whose_compute_instances_are_unknown_is_not_guessed_at),
		cmocka_unit_test(compute_instances_stand_where_the_driver_put_them),
		cmocka_unit_test(after_one_of_four_the_driver_s_free_counts_are_right),
		cmocka_unit_test(a_compute_instance_may_be_longer_than_its_slices),
		cmocka_unit_test(several_compute_instances_are_placed_together_or_not_at_all),
		cmocka_unit_test(a_compute_instance_stands_where_it_is_wanted_or_not_at_all),
		cmocka_unit_test(a_split_whose_starts_nobody_knows_may_begin_anywhere),
		cmocka_unit_test(a_name_never_means_two_things),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
