/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include <mig/error.h>

static void a_code_has_a_name_a_text_and_a_status_of_either_sign(void **state)
{
	(void)state;
	assert_string_equal(mig_error_name(MIG_E_NOSPACE), "NOSPACE");
	assert_string_equal(mig_error_name(-MIG_E_NOSPACE), "NOSPACE");
	assert_string_equal(mig_strerror(-MIG_E_NOSPACE), "no room for this profile");
	assert_int_equal(mig_exit_status(-MIG_E_NOSPACE), 4);
	assert_string_equal(mig_error_name(0), "OK");
	assert_int_equal(mig_exit_status(0), 0);
	assert_int_equal(mig_exit_status(MIG_E_DIFFERENT), 1);
}

static void a_code_that_is_none_has_words_all_the_same(void **state)
{
	static const int codes[] = { 9999, -9999, INT_MAX, INT_MIN };

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(mig_error_name(codes[i]), "UNKNOWN");
		assert_string_equal(mig_strerror(codes[i]), "unknown error");
		assert_int_equal(mig_exit_status(codes[i]), 1);
	}
}

static void context_goes_in_front_and_the_way_out_behind(void **state)
{
	struct mig_error err = { .nvml = 3 };
	int rc = mig_fail(&err, MIG_E_BUSY, "held by %d", 42);

	(void)state;
	assert_int_equal(rc, -MIG_E_BUSY);
	assert_int_equal(err.code, MIG_E_BUSY);
	assert_int_equal(err.nvml, 0);
	assert_int_equal(mig_wrap(&err, rc, "GPU %d", 0), rc);
	assert_int_equal(mig_hint(&err, rc, "stop it %s", "first"), rc);
	assert_string_equal(err.msg, "GPU 0: held by 42; stop it first");
}

static void nothing_is_added_where_nothing_failed_or_nobody_listens(void **state)
{
	struct mig_error err = { .msg = "as it was" };

	(void)state;
	assert_int_equal(mig_wrap(&err, 3, "no"), 3);
	assert_int_equal(mig_hint(&err, 0, "no"), 0);
	assert_string_equal(err.msg, "as it was");
	assert_int_equal(mig_fail(NULL, MIG_E_IO, "x"), -MIG_E_IO);
	assert_int_equal(mig_wrap(NULL, -MIG_E_IO, "x"), -MIG_E_IO);
	assert_int_equal(mig_hint(NULL, -MIG_E_IO, "x"), -MIG_E_IO);
}

static void a_long_message_is_cut_and_keeps_its_context(void **state)
{
	struct mig_error err = { 0 };
	char longer[2 * sizeof(err.msg)];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	mig_fail(&err, MIG_E_IO, "%s", longer);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	mig_hint(&err, -MIG_E_IO, "no room for this");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	mig_wrap(&err, -MIG_E_IO, "outer");
	assert_memory_equal(err.msg, "outer: xxx", 10);
	mig_wrap(&err, -MIG_E_IO, "%s", longer);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_has_a_name_a_text_and_a_status_of_either_sign),
		cmocka_unit_test(a_code_that_is_none_has_words_all_the_same),
		cmocka_unit_test(context_goes_in_front_and_the_way_out_behind),
		cmocka_unit_test(nothing_is_added_where_nothing_failed_or_nobody_listens),
		cmocka_unit_test(a_long_message_is_cut_and_keeps_its_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
