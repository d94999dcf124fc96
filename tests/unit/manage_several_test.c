/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of several GPUs at the same time, all or none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "tests/killed.h"

static int n_begun;

/* Each step takes a while: what another thread finds out meanwhile, this one is to see. */
static void count(const struct mig_snapshot *s, const struct mig_step *step, bool is_undo,
		  void *arg)
{
	const struct timespec t = { .tv_nsec = 20 * 1000000 };

	(void)s, (void)step, (void)arg;
	n_begun += !is_undo;
	nanosleep(&t, NULL);
}

static void no_step_is_begun_once_another_gpu_has_failed(void **state)
{
	const struct mig_run_options opt = { .on_step = count };
	struct mig_wanted w[2];

	(void)state;
	start("2xA100-SXM4-80GB");
	w[0] = w[1] = want("7x1g.10gb");
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	assert_int_equal(change.n_steps, 28);
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#1=INSUFFICIENT_RESOURCES");
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_NOSPACE);
	clear_faults();
	assert_in_range(n_begun, 1, 6);
	look();
	assert_int_equal(snap.gpus[0].n_gis + snap.gpus[1].n_gis, 0);
	stop();
}

static void who_is_in_the_way_of_a_switch_is_found_before_the_first_step(void **state)
{
	const struct mig_run_options opt = { .on_step = count };
	struct sim_tenant *tenant;
	struct mig_wanted w[2];

	(void)state;
	start_driver("2xA100-SXM4-80GB", NULL);
	assert_int_equal(sim_tenant_begin(machine_folder(), name, "GPU:1", (int)getpid(), 0,
					  &tenant, &err),
			 0);
	w[0] = w[1] = want("1g.10gb");
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	n_begun = 0;
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_BUSY);
	assert_int_equal(n_begun, 0);
	assert_true(has_words(err.msg,
			      "GPU 1: switch MIG on: refused, and nothing was changed: "
			      "held by manage_several"));
	sim_tenant_end(tenant);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_step_is_begun_once_another_gpu_has_failed),
		cmocka_unit_test(who_is_in_the_way_of_a_switch_is_found_before_the_first_step),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
