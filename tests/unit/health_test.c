/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a machine when something is wrong with it: libraries and settings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/opened.h"

static struct mig_machine *open_library(const char *variable)
{
	const struct mig_machine_options opt = { .library = getenv(variable) };
	struct mig_machine *machine = NULL;

	assert_int_equal(mig_machine_open(&opt, &machine, NULL), 0);
	return machine;
}

static void a_library_is_of_the_version_of_its_driver(void **state)
{
	struct mig_machine *machine = machine_open(machine_start("1xA30", "555.58.02"), NULL);
	struct mig_library lib;

	(void)state;
	mig_machine_library(machine, &lib);
	assert_string_equal(lib.version, "555.58.02");
	assert_string_equal(lib.driver, "555.58.02");
	assert_string_equal(lib.path, getenv("MIG_TEST_NVML"));
	assert_int_equal(lib.n_missing, 0);
	mig_machine_close(machine);
	machine_stop();
}

static void what_an_older_driver_lacks_is_named(void **state)
{
	struct mig_machine *machine = machine_open(machine_start("1xA30", "450.80.02"), NULL);
	struct mig_library lib;
	bool is_named = false;

	(void)state;
	mig_machine_library(machine, &lib);
	assert_in_range(lib.n_missing, 8, 100);
	for (int i = 0; i < 8; i++)
		is_named |=
			strcmp(lib.missing[i], "nvmlDeviceCreateGpuInstanceWithPlacement") == 0;
	assert_true(is_named);
	mig_machine_close(machine);
	machine_stop();
}

static void a_library_that_lacks_everything_tells_nothing(void **state)
{
	struct mig_machine *machine = open_library("MIG_TEST_BARE_NVML");
	struct mig_library lib;

	(void)state;
	mig_machine_library(machine, &lib);
	assert_string_equal(lib.version, "");
	assert_string_equal(lib.driver, "");
	assert_in_range(lib.n_missing, 30, 200);
	mig_machine_close(machine);
}

static void a_gpu_tells_how_it_is_set(void **state)
{
	struct mig_machine *machine = machine_open(machine_start("2xA30", NULL), NULL);
	struct mig_gpu_settings set = { 7, 7, 7, 7 };
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_machine_gpus(machine, NULL), 2);
	assert_int_equal(mig_gpu_check(machine, 1, &set, NULL), 0);
	assert_int_equal(set.persistence, 1);
	assert_int_equal(set.accounting, 0);
	assert_int_equal(set.compute_mode, 0);
	assert_int_equal(set.virtualization, 0);
	set.persistence = 7;
	assert_true(mig_gpu_check(machine, 2, &set, &err) < 0);
	assert_true(has_words(err.msg, "open GPU 2"));
	assert_int_equal(set.persistence, 7);
	mig_machine_close(machine);
	machine_stop();
}

static void a_lost_gpu_does_not_hide_the_others(void **state)
{
	struct mig_machine *machine = open_library("MIG_TEST_LOST_NVML");
	struct mig_gpu_settings set;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_machine_gpus(machine, NULL), 2);
	assert_int_equal(mig_gpu_check(machine, 0, &set, NULL), 0);
	assert_int_equal(set.persistence, 0);
	assert_int_equal(set.accounting, 1);
	assert_int_equal(set.compute_mode, 2);
	assert_int_equal(set.virtualization, 2);
	assert_int_equal(mig_gpu_check(machine, 1, &set, &err), -MIG_E_NVML);
	assert_true(has_words(err.msg, "GPU is lost"));
	mig_machine_close(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_is_of_the_version_of_its_driver),
		cmocka_unit_test(what_an_older_driver_lacks_is_named),
		cmocka_unit_test(a_library_that_lacks_everything_tells_nothing),
		cmocka_unit_test(a_gpu_tells_how_it_is_set),
		cmocka_unit_test(a_lost_gpu_does_not_hide_the_others),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
