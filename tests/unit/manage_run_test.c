/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that something comes in the way of: other tools, holders, a driver that is not
 * ready. What the door does on the machine is what another tool does meanwhile.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <unistd.h>

#include "sim/inject.h"
#include "tests/changes.h"

/* --- Failures on the way ---------------------------------------------------------- */

/* Another tool: a GI of that NVML number at @start, with its default CI. */
static nvmlGpuInstance_t intrude(unsigned id, unsigned at, unsigned size)
{
	const nvmlGpuInstancePlacement_t place = { at, size };
	nvmlGpuInstance_t gi = NULL;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), id, &place, &gi),
		 NVML_SUCCESS);
	return gi;
}

static void a_change_is_undone_whole_when_a_later_part_fails(void **state)
{
	char before[512];

	(void)state;
	start(A100);
	reach("3x1c.3g.40gb@4 2g.20gb@0");
	snprintf(before, sizeof(before), "%s", now());
	make("3g.40gb@4 2g.20gb@0 1g.10gb@2 1g.10gb@3");
	intrude(19, 3, 1); /* takes the last place after the change was made */
	assert_int_equal(run(), -MIG_E_NOSPACE);
	assert_int_equal(err.code, MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "create 1g.10gb@3"));
	assert_true(has_words(err.msg, "undone: all is as it was"));
	assert_true(has_words(err.msg, "1g.10gb@3 stand")); /* what is in the way */
	assert_int_equal(err.nvml, NVML_ERROR_INSUFFICIENT_RESOURCES);
	reach("3x1c.3g.40gb@4 2g.20gb@0"); /* takes the intruder away and nothing else */
	assert_int_equal(change.n_steps, 1);
	assert_string_equal(now(), before);
	stop();
}

static void what_is_made_again_has_its_ids_and_uuids(void **state)
{
	char uuids[3][MIG_UUID_MAX];
	const struct mig_gi *gi;

	(void)state;
	start(A100);
	reach("1c.3g.40gb@0 2c.3g.40gb@0");
	gi = &snap.gpus[0].gis[0];
	for (int i = 0; i < 2; i++)
		snprintf(uuids[i], sizeof(uuids[i]), "%s", gi->cis[i].uuid);
	make("7g.80gb");
	intrude(19, 6, 1);
	assert_int_equal(run(), -MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "all is as it was"));
	look();
	gi = &snap.gpus[0].gis[0];
	assert_int_equal(gi->n_cis, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(gi->cis[i].id, i);
		assert_string_equal(gi->cis[i].uuid, uuids[i]);
		assert_int_equal(gi->cis[i].profile, i);
	}
	assert_int_equal(gi->cis[1].start, 1);
	stop();
}

static void a_compute_instance_that_comes_back_renumbered_is_told(void **state)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	(void)state;
	start(A100);
	reach("3x1c.3g.40gb@0");
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 1, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	look();
	make("7g.80gb"); /* ids 1 and 2 go, and would come back as 0 and 1 */
	intrude(19, 6, 1);
	assert_int_equal(run(), -MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "but for the ids and UUIDs of 2 compute instances"));
	stop();
}

/* --- Other tools ------------------------------------------------------------------ */

static void what_another_tool_took_away_is_noticed_before_the_first_step(void **state)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	(void)state;
	start(A100);
	reach("3g.40gb@0 3g.40gb@4");
	make("7x1g.10gb");
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 2, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	assert_int_equal(run(), -MIG_E_NOENT);
	assert_true(has_words(err.msg, "nothing was changed"));
	assert_true(has_words(err.msg, "another tool changed the GPU meanwhile; try again"));
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	assert_int_equal(run(), -MIG_E_NOENT);
	assert_string_equal(now(), "3g.40gb@0");
	stop();
}

static void an_instance_of_another_kind_in_its_place_is_not_destroyed(void **state)
{
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
	nvmlComputeInstance_t ci;

	(void)state;
	start(A100);
	reach("-3g.40gb@0");
	make("7g.80gb");
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 1, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	gi = intrude(5, 0, 4); /* a 4g.40gb: the same place, the same id */
	assert_int_equal(run(), -MIG_E_NOENT);
	assert_true(has_words(err.msg, "is now one of profile 5 at 0"));
	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
	assert_int_equal(info.id, 1);

	/* A compute instance made meanwhile in a GI that is to go: found, not waited for. */
	look();
	make("7g.80gb");
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci), NVML_SUCCESS);
	assert_int_equal(run(), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "compute instance 0 is in it"));
	stop();
}

/* Makes a GI in a place that was just freed, before the undo gets there. */
static void take_place(const struct mig_snapshot *s, const struct mig_step *step, bool is_undo,
		       void *arg)
{
	bool *is_done = arg;

	(void)s;
	if (*is_done || is_undo || step->kind != MIG_STEP_GI_CREATE)
		return;
	intrude(9, 0, 4);
	*is_done = true;
}

static void what_cannot_be_undone_is_named_and_the_rest_is_undone(void **state)
{
	bool is_done = false;
	const struct mig_run_options opt = { .on_step = take_place, .arg = &is_done };

	(void)state;
	start(A100);
	reach("1c.3g.40gb@0 2g.20gb@4");
	make("7g.80gb");
	err = (struct mig_error){ 0 };
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_HALFDONE);
	assert_int_equal(err.code, MIG_E_HALFDONE);
	assert_true(has_words(err.msg, "create 7g.80gb@0"));
	assert_true(has_words(err.msg, "not undone: 'GPU 0: destroy 3g.40gb@0'"));
	assert_true(has_words(err.msg, "compute instance 1c.3g.40gb 0"));
	/* The intruder's GI, which has our GI's id, got no compute instance of ours. */
	look();
	assert_int_equal(snap.gpus[0].n_gis, 2);
	assert_int_equal(snap.gpus[0].gis[0].n_cis, 0);
	assert_int_equal(snap.gpus[0].gis[1].start, 4);
	assert_int_equal(snap.gpus[0].gis[1].n_cis, 1);
	stop();
}

/* --- Holders ---------------------------------------------------------------------- */

static struct sim_tenant *hold(const char *device)
{
	struct sim_tenant *tenant = NULL;

	if (sim_tenant_begin(machine_folder(), name, device, (int)getpid(), 0, &tenant, &err) <
	    0)
		fail_msg("%s: %s", device, err.msg);
	return tenant;
}

static void what_is_held_is_refused_by_name_and_nothing_changes(void **state)
{
	struct sim_tenant *tenant;
	char words[64];

	(void)state;
	start(A100);
	reach("2g.20gb@0 3x1c.3g.40gb@4");
	tenant = hold("0/2/1");
	make("7g.80gb");
	snprintf(words, sizeof(words), "manage_run_test (pid %d) on GPU 0 GI 2 CI 1",
		 (int)getpid());
	assert_int_equal(run(), -MIG_E_BUSY);
	assert_true(has_words(err.msg, words));
	assert_true(has_words(err.msg, "nothing was changed"));
	assert_int_equal(mig_change_run(machine, &snap, &change, NULL, NULL), -MIG_E_BUSY);
	assert_string_equal(now(), "2g.20gb@0 3x1c.3g.40gb@4");

	/* What the holder does not need may go around it. */
	make("1c.3g.40gb@4");
	assert_int_equal(run(), -MIG_E_BUSY); /* it keeps CI 0, not the held one */
	make("2g.20gb@0 3x1c.3g.40gb@4 1g.10gb");
	assert_int_equal(run(), 0);
	sim_tenant_end(tenant);
	reach("7g.80gb");
	stop();
}

/* Indices move: the snapshot's index of the free device is the held one's now. */
static void a_holder_is_found_though_indices_moved(void **state)
{
	struct mig_holder holders[MIG_HOLDERS_MAX];
	struct sim_tenant *tenant;
	const struct mig_gpu *g;
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	(void)state;
	start(A100);
	reach("2g.20gb@0 2g.20gb@2 2g.20gb@4");
	g = &snap.gpus[0];
	assert_int_equal(g->gis[0].cis[0].index, 0);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), (unsigned)g->gis[0].id, &gi),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	intrude(19, 6, 1);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 13, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci), NVML_SUCCESS);
	tenant = hold("0/13/0");
	/* In this process the new device has index 0. */
	assert_int_equal(mig_holders(machine, g, g->gis[0].id, 0, holders, &err), 0);
	assert_int_equal(mig_holders(machine, g, 13, 0, holders, &err), 1);
	assert_int_equal(holders[0].gi, 13);
	assert_int_equal(holders[0].pid, getpid());
	assert_int_equal(mig_holders(machine, g, -1, -1, holders, &err), 1);
	sim_tenant_end(tenant);
	stop();
}

static void the_first_drivers_list_processes_too(void **state)
{
	static const char *const drivers[] = { "450.80.02", "470.57.02", "515.43.04" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sim_tenant *tenant;

		start_driver(A100, drivers[i]);
		mig_on(0);
		reach("3g.40gb");
		tenant = hold("0/2/0");
		make("7g.80gb");
		assert_int_equal(run(), -MIG_E_BUSY);
		sim_tenant_end(tenant);
		assert_int_equal(run(), 0);
		assert_string_equal(now(), "7g.80gb@0");
		stop();
	}
}

/* --- Settling --------------------------------------------------------------------- */

static void a_gpu_instance_that_settles_is_waited_for(void **state)
{
	(void)state;
	settle_ms = 50;
	start(A100);
	reach("3g.40gb");
	reach("7g.80gb");
	assert_string_equal(now(), "7g.80gb@0");
	settle_ms = 0;
	stop();
}

static void one_that_never_settles_is_given_up_in_words(void **state)
{
	(void)state;
	settle_ms = 60000;
	start(A100);
	reach("3g.40gb@4");
	make("7g.80gb");
	assert_int_equal(run(), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "destroy 3g.40gb@4"));
	assert_true(has_words(err.msg, "no process is on it, and it stayed so for 2 seconds"));
	assert_true(has_words(err.msg, "1 step before it was undone"));
	assert_string_equal(now(), "3g.40gb@4");
	settle_ms = 0;
	stop();
}

/* --- MIG mode --------------------------------------------------------------------- */

static void ask_mode(enum mig_want_mode mode)
{
	const struct mig_wanted w = { .mode = mode };

	look();
	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &w, NULL, &change, &err) < 0)
		fail_msg("%s", err.msg);
}

static void mode_is(unsigned current, unsigned pending)
{
	look();
	assert_int_equal(snap.gpus[0].mode, current);
	assert_int_equal(snap.gpus[0].mode_pending, pending);
}

static void mig_goes_on_with_its_instances_and_off_without(void **state)
{
	(void)state;
	start_driver(A100, NULL);
	make("3g.40gb 4x1g.10gb"); /* MIG is off: one change switches and creates */
	assert_int_equal(change.steps[0].kind, MIG_STEP_MODE);
	assert_int_equal(change.gpus[0].mode, 1);
	assert_int_equal(run(), 0);
	mode_is(1, 1);
	assert_int_equal(snap.gpus[0].n_gis, 5);
	ask_mode(MIG_WANT_MODE);
	assert_int_equal(change.n_steps, 0);
	ask_mode(MIG_WANT_OFF);
	assert_int_equal(change.gpus[0].n_destroyed, 5);
	assert_int_equal(run(), 0);
	mode_is(0, 0);
	ask_mode(MIG_WANT_OFF);
	assert_int_equal(change.n_steps, 0);
	stop();
}

static void a_switch_that_must_wait_is_taken_back_unless_it_may_wait(void **state)
{
	const struct mig_run_options keep = { .keep_pending = true };
	struct sim_tenant *tenant;

	(void)state;
	start_driver(A100, NULL);
	tenant = hold("GPU:0");
	ask_mode(MIG_WANT_MODE);
	assert_int_equal(run(), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "refused, and nothing was changed: held by manage_run"));
	mode_is(0, 0);
	assert_int_equal(mig_change_run(machine, &snap, &change, &keep, &err), -MIG_E_PENDING);
	mode_is(0, 1);
	/* One that was pending before stays so, whoever asks again. */
	ask_mode(MIG_WANT_MODE);
	assert_int_equal(change.n_steps, 1);
	assert_int_equal(run(), -MIG_E_BUSY);
	mode_is(0, 1);
	ask_mode(MIG_WANT_OFF);
	assert_int_equal(run(), 0);
	mode_is(0, 0);
	sim_tenant_end(tenant);
	/* Who is in the way the driver need not tell. */
	if (sim_inject_fault(machine_folder(), name, "nvmlDeviceSetMigMode@activation=IN_USE",
			     &err) < 0)
		fail_msg("%s", err.msg);
	ask_mode(MIG_WANT_MODE);
	assert_int_equal(run(), -MIG_E_PENDING);
	assert_true(has_words(err.msg, "after a reset"));
	assert_true(has_words(err.msg, "the switch was taken back"));
	assert_true(has_words(err.msg, "no process is on the GPU"));
	mode_is(0, 0);
	stop();
}

static void a_hopper_that_is_held_refuses_the_switch(void **state)
{
	struct sim_tenant *tenant;

	(void)state;
	start_driver("1xH100-SXM5-80GB", NULL);
	tenant = hold("GPU:0");
	ask_mode(MIG_WANT_MODE);
	assert_int_equal(run(), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "refused, and nothing was changed: held by manage_run"));
	mode_is(0, 0);
	sim_tenant_end(tenant);
	stop();
}

static void a_switch_is_undone_when_a_create_after_it_fails(void **state)
{
	bool is_done = false;
	const struct mig_run_options opt = { .on_step = take_place, .arg = &is_done };
	nvmlGpuInstance_t gi;

	(void)state;
	start_driver(A100, NULL);
	make("7g.80gb");
	/* The switch back is refused while the intruder's instance is there. */
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_HALFDONE);
	assert_true(has_words(err.msg, "not undone: 'GPU 0: switch MIG on' ("));
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 1, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	mode_is(1, 1);
	stop();
}

/* The catalog knows a profile that this driver does not: found once MIG is on. */
static void what_the_catalog_promised_is_checked_before_the_first_create(void **state)
{
	(void)state;
	start_driver(A100, "515.43.04");
	assert_int_not_equal(snap.gpus[0].type->basis, MIG_BASIS_DRIVER);
	make("3g.40gb 1g.20gb");
	assert_int_equal(run(), -MIG_E_UNSUPPORTED);
	assert_true(
		has_words(err.msg, "now that MIG is on, the driver has no profile 1g.20gb"));
	mode_is(0, 0);
	make("3g.40gb 2g.20gb");
	assert_int_equal(run(), 0);
	assert_string_equal(now(), "2g.20gb@0 3g.40gb@4");
	assert_int_equal(snap.gpus[0].type->basis, MIG_BASIS_DRIVER);
	stop();
}

static void a_reset_is_refused_without_somebody_to_do_it(void **state)
{
	struct mig_step step = { .kind = MIG_STEP_RESET, .gi = -1, .owner = -1, .ci = -1 };
	struct mig_gpu_change g = { 0 };
	struct mig_change reset = { .n_steps = 1, .steps = &step, .n_gpus = 1, .gpus = &g };
	struct sim_tenant *tenant;

	(void)state;
	start_driver(A100, NULL);
	assert_int_equal(mig_change_run(machine, &snap, &reset, NULL, &err),
			 -MIG_E_UNSUPPORTED);
	assert_true(has_words(err.msg, "GPU 0: reset: this program cannot reset a GPU"));
	tenant = hold("GPU:0");
	assert_int_equal(mig_change_run(machine, &snap, &reset, NULL, &err), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "held by manage_run_test"));
	sim_tenant_end(tenant);
	stop();
}

/* --- Several GPUs ---------------------------------------------------------------- */

/* A failure on one GPU undoes what was done on the others. */
static void a_change_of_several_gpus_is_one(void **state)
{
	const nvmlGpuInstancePlacement_t place = { 4, 4 };
	struct mig_wanted w[2];
	nvmlGpuInstance_t gi;

	(void)state;
	start("2xA100-SXM4-80GB");
	w[0] = want("3g.40gb");
	/* The first is made, whatever GPU 0 has come to by then; so something is undone. */
	w[1] = want("1g.10gb@0 3g.40gb@4");
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(1), 9, &place, &gi),
		 NVML_SUCCESS);
	assert_int_equal(run(), -MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "GPU 1: create 3g.40gb@4"));
	assert_true(
		has_words(err.msg, "all that was done by then was undone: all is as it was"));
	look();
	assert_int_equal(snap.gpus[0].n_gis, 0);
	assert_int_equal(snap.gpus[1].n_gis, 1); /* the other tool's */
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_undone_whole_when_a_later_part_fails),
		cmocka_unit_test(what_is_made_again_has_its_ids_and_uuids),
		cmocka_unit_test(a_compute_instance_that_comes_back_renumbered_is_told),
		cmocka_unit_test(what_another_tool_took_away_is_noticed_before_the_first_step),
		cmocka_unit_test(an_instance_of_another_kind_in_its_place_is_not_destroyed),
		cmocka_unit_test(what_cannot_be_undone_is_named_and_the_rest_is_undone),
		cmocka_unit_test(what_is_held_is_refused_by_name_and_nothing_changes),
		cmocka_unit_test(a_holder_is_found_though_indices_moved),
		cmocka_unit_test(the_first_drivers_list_processes_too),
		cmocka_unit_test(a_gpu_instance_that_settles_is_waited_for),
		cmocka_unit_test(one_that_never_settles_is_given_up_in_words),
		cmocka_unit_test(mig_goes_on_with_its_instances_and_off_without),
		cmocka_unit_test(a_switch_that_must_wait_is_taken_back_unless_it_may_wait),
		cmocka_unit_test(a_hopper_that_is_held_refuses_the_switch),
		cmocka_unit_test(a_switch_is_undone_when_a_create_after_it_fails),
		cmocka_unit_test(what_the_catalog_promised_is_checked_before_the_first_create),
		cmocka_unit_test(a_reset_is_refused_without_somebody_to_do_it),
		cmocka_unit_test(a_change_of_several_gpus_is_one),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
