/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GPU that fell off the bus: the snapshot says so and shows the others, changes that touch it
 * are refused, and one that falls off in the middle of a change takes nothing of the others along.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <mig/record.h>

#include "sim/inject.h"
#include "tests/changes.h"

#define TWO "2xA100-SXM4-80GB"

static void lose(int index, bool is_lost)
{
	if (sim_inject_lost(machine_folder(), name, index, is_lost, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct mig_snapshot copy_of_snapshot(void)
{
	struct mig_snapshot was = snap;

	snap = (struct mig_snapshot){ 0 };
	look();
	return was;
}

static void a_lost_gpu_is_a_gpu_of_which_the_index_is_known(void **state)
{
	struct mig_snapshot was;
	const struct mig_gpu *gpu;

	(void)state;
	start("3xA100-SXM4-80GB");
	reach("3g.40gb@4");
	lose(1, true);
	was = copy_of_snapshot();
	assert_int_equal(snap.n_gpus, 3);
	gpu = &snap.gpus[1];
	assert_true(gpu->is_lost);
	assert_int_equal(gpu->lost_code, NVML_ERROR_GPU_IS_LOST);
	assert_int_equal(gpu->index, 1);
	assert_int_equal(gpu->minor, -1);
	assert_int_equal(gpu->n_gis, 0);
	assert_false(gpu->has_mig);
	assert_null(gpu->type);
	assert_string_equal(gpu->uuid, "");
	assert_string_equal(gpu->name, "");
	for (int i = 0; i < 3; i += 2) {
		assert_false(snap.gpus[i].is_lost);
		assert_int_equal(snap.gpus[i].index, i);
		assert_string_equal(snap.gpus[i].uuid, was.gpus[i].uuid);
		assert_int_equal(snap.gpus[i].n_gis, was.gpus[i].n_gis);
	}
	mig_snapshot_free(&was);
	lose(1, false);
	look();
	assert_false(snap.gpus[1].is_lost);
	assert_true(snap.gpus[1].has_mig);
	stop();
}

static void the_refusal_names_the_gpu_and_the_way_out(void **state)
{
	(void)state;
	start(TWO);
	assert_int_equal(mig_gpu_check_lost(&snap.gpus[1], &err), 0);
	lose(1, true);
	look();
	assert_int_equal(mig_gpu_check_lost(&snap.gpus[1], &err), -MIG_E_NVML);
	assert_true(has_words(err.msg, "GPU 1 is lost: it fell off the bus"));
	assert_true(has_words(err.msg, "reboot"));
	assert_int_equal(err.nvml, NVML_ERROR_GPU_IS_LOST);
	stop();
}

/* What a driver answers of a GPU that it cannot open, and how many are lost then. Once is not believed. */
static const struct {
	const char *fault;
	int n_lost; /* 0: the snapshot fails */
} openings[] = {
	{ "nvmlDeviceGetHandleByIndex_v2#2..=UNKNOWN", 1 },
	{ "nvmlDeviceGetHandleByIndex_v2#2..=IRQ_ISSUE", 1 },
	{ "nvmlDeviceGetHandleByIndex_v2#2..=NO_PERMISSION", 0 },
	{ "nvmlDeviceGetUUID#3..=GPU_IS_LOST", 1 },
	{ "nvmlDeviceGetUUID#3..=TIMEOUT", 0 },
	{ "nvmlDeviceGetMigMode#2..=GPU_IS_LOST", 1 },
	{ "nvmlDeviceGetGpuInstances#1..=GPU_IS_LOST", 2 },
	{ "nvmlDeviceGetMigDeviceHandleByIndex#1..=GPU_IS_LOST", 1 },
};

static int n_lost(struct mig_snapshot *s)
{
	int n = 0;

	for (int i = 0; i < s->n_gpus; i++)
		n += s->gpus[i].is_lost;
	return n;
}

static void what_cannot_be_opened_is_lost_and_what_fails_otherwise_is_not(void **state)
{
	(void)state;
	start(TWO);
	reach("3g.40gb@4");
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		struct mig_snapshot got = { 0 };
		int rc;

		assert_int_equal(sim_inject_fault(machine_folder(), name, openings[i].fault,
						  &err),
				 0);
		rc = mig_snapshot_take(machine, &got, &err);
		if ((rc == 0) != (openings[i].n_lost > 0) || n_lost(&got) != openings[i].n_lost)
			fail_msg("%s: %d, and %d GPUs are lost", openings[i].fault, rc,
				 n_lost(&got));
		mig_snapshot_free(&got);
		assert_int_equal(sim_inject_clear(machine_folder(), name, NULL, &err), 1);
	}
	stop();
}

static void one_answer_that_fails_is_asked_for_again(void **state)
{
	static const char *const faults[] = { "nvmlDeviceGetCount_v2#1=UNKNOWN",
					      "nvmlDeviceGetHandleByIndex_v2#2=GPU_IS_LOST",
					      "nvmlDeviceGetUUID#3=TIMEOUT",
					      "nvmlDeviceGetAttributes_v2#1=UNKNOWN" };

	(void)state;
	start(TWO);
	reach("3x1c.3g.40gb@4");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char before[512];

		snprintf(before, sizeof(before), "%s", now());
		assert_int_equal(sim_inject_fault(machine_folder(), name, faults[i], &err), 0);
		assert_string_equal(now(), before);
		assert_int_equal(n_lost(&snap), 0);
		assert_int_equal(sim_inject_clear(machine_folder(), name, NULL, &err), 1);
	}
	stop();
}

static void what_touches_a_lost_gpu_is_refused_and_the_others_can_be_changed(void **state)
{
	static const enum mig_want_mode modes[] = { MIG_WANT_OFF, MIG_WANT_ON, MIG_WANT_MODE };
	const struct mig_ref whole = { 1, -1, -1 };
	struct mig_change refused = { 0 };
	struct mig_request request;
	struct mig_wanted wanted;

	(void)state;
	start(TWO);
	lose(1, true);
	look();
	wanted = want("7g.80gb");
	request = wanted.request;
	for (int i = 0; i < 3; i++) {
		wanted.mode = modes[i];
		assert_int_equal(mig_change_make_one(&snap, 1, &wanted, NULL, &refused, &err),
				 -MIG_E_NVML);
		assert_true(has_words(err.msg, "GPU 1 is lost"));
	}
	assert_int_equal(mig_change_create(&snap, 1, &request, NULL, &refused, &err),
			 -MIG_E_NVML);
	assert_int_equal(mig_change_destroy(&snap, &whole, 1, false, &refused, &err),
			 -MIG_E_NVML);
	assert_null(refused.steps);
	reach("3g.40gb@4 2g.20gb@0");
	assert_string_equal(now(), "2g.20gb@0 3g.40gb@4");
	stop();
}

static void an_instance_of_a_lost_gpu_is_not_called_gone(void **state)
{
	static const char *const names[] = { "1/2", "1/2/0", "1:0", "1:3g.40gb@4" };
	struct mig_ref ref;

	(void)state;
	start(TWO);
	lose(1, true);
	look();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(mig_ref_parse(&snap, names[i], &ref, NULL, &err), -MIG_E_NVML);
		assert_true(has_words(err.msg, "GPU 1 is lost"));
	}
	assert_int_equal(mig_ref_parse(&snap, "1", &ref, NULL, &err), 0);
	assert_int_equal(ref.gpu, 1);
	/* It has no UUID and no bus id, and no empty ones either. */
	assert_int_equal(mig_ref_parse(&snap, "", &ref, NULL, &err), -MIG_E_NOENT);
	stop();
}

/* --- In the middle ---------------------------------------------------------------------- */

static int steps_left; /* of GPU 1: the GPUs are changed at the same time */

static void lose_after(const struct mig_snapshot *of, const struct mig_step *step, bool is_undo,
		       void *arg)
{
	(void)of;
	(void)arg;
	if (step->gpu == 1 && !is_undo && steps_left-- == 0)
		lose(1, true);
}

#define OLD "2g.20gb@0 3g.40gb@4"

/* One change of both GPUs; GPU 1 is lost before its step @at. The first instance of GPU 1 is to
 * bear the name @called, unless that is NULL. */
static int reach_both_as(const char *text, int at, const char *called,
			 const struct mig_run_options *opt)
{
	struct mig_wanted both[2];

	look();
	both[0] = both[1] = want(text);
	if (called) {
		both[1].names.n = 1;
		snprintf(both[1].names.of[0].name, sizeof(both[1].names.of[0].name), "%s",
			 called);
	}
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, both, NULL, &change, &err), 0);
	steps_left = at;
	return mig_change_run(machine, &snap, &change, opt, &err);
}

static int reach_both(const char *text, int at)
{
	const struct mig_run_options opt = { .on_step = lose_after };

	return reach_both_as(text, at, NULL, &opt);
}

static void a_gpu_lost_in_the_middle_takes_nothing_of_the_other_along(void **state)
{
	int at = 0, rc = -1, n_halfdone = 0;

	(void)state;
	start(TWO);
	for (; rc < 0; at++) {
		assert_int_equal(reach_both(OLD, -1), 0);
		rc = reach_both("7g.80gb", at);
		if (rc < 0) {
			assert_true(has_words(err.msg, "GPU 1"));
			assert_true(has_words(err.msg, "GPU is lost"));
			assert_string_equal(now(), OLD);
			assert_true(snap.gpus[1].is_lost);
		}
		n_halfdone += rc == -MIG_E_HALFDONE;
		lose(1, false);
	}
	/* It was lost before each of its steps, and once not at all. */
	assert_string_equal(now(), "7g.80gb@0");
	assert_int_equal(at, change.n_steps / 2 + 1);
	/* What had been done on it could not be undone, and that was said. */
	assert_true(n_halfdone > 0);
	stop();
}

/* --- What is kept of it ----------------------------------------------------------------- */

static struct mig_home home;

static int reach_kept(const char *text, int at, const char *called, struct mig_snapshot *ret)
{
	const struct mig_run_options opt = { .on_step = lose_after,
					     .home = &home,
					     .verb = "apply",
					     .is_independent = true,
					     .ret_after = ret };

	return reach_both_as(text, at, called, &opt);
}

/* Two GPUs of which all is on record, and the first instance of GPU 1 is called "llm". */
static void start_kept(void)
{
	start(TWO);
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
	assert_int_equal(reach_kept(OLD, -1, "llm", NULL), 0);
}

static struct mig_record record_now(void)
{
	struct mig_record rec;

	if (mig_record_read(&home, &rec, &err) < 0)
		fail_msg("%s", err.msg);
	return rec;
}

/* On record is GPU 0 as it stands, and GPU 1 as it stood, name and all. */
static void check_kept(const struct mig_snapshot *was)
{
	struct mig_record rec = record_now();
	const struct mig_record_gpu *mine;

	assert_int_equal(rec.n_gpus, 2);
	mine = mig_record_gpu(&rec, snap.gpus[0].uuid);
	assert_non_null(mine);
	assert_true(mig_record_is_same(mine, &snap.gpus[0]));
	mine = mig_record_gpu(&rec, was->gpus[1].uuid);
	assert_non_null(mine);
	assert_true(mig_record_is_same(mine, &was->gpus[1]));
	assert_string_equal(mine->gis[0].cis[0].name, "llm");
	mig_record_free(&rec);
}

static void of_a_gpu_lost_in_the_middle_the_record_stays_and_of_the_other_it_is_made(
	void **state)
{
	int at = 0, rc = -1, n_halfdone = 0;

	(void)state;
	for (; rc < 0; at++) {
		struct mig_unfinished unfinished;
		struct mig_recovered recovered;
		struct mig_snapshot was;

		start_kept();
		look();
		was = copy_of_snapshot();
		rc = reach_kept("7g.80gb", at, "llm", NULL);
		assert_string_equal(now(), "7g.80gb@0");
		if (rc < 0) {
			assert_true(has_words(err.msg, "1 other GPU was changed as wanted"));
			check_kept(&was);
		}
		/* What could not be undone is unfinished until the GPU is back. */
		assert_int_equal(mig_unfinished_look(&home, &unfinished, &err),
				 rc == -MIG_E_HALFDONE);
		if (rc == -MIG_E_HALFDONE) {
			n_halfdone++;
			assert_int_equal(mig_recover(machine, &home, NULL, &recovered, &err),
					 -MIG_E_UNFINISHED);
			assert_true(has_words(err.msg, "GPU 1 is lost, and may be it"));
			check_kept(&was);
			lose(1, false);
			assert_int_equal(mig_recover(machine, &home, NULL, &recovered, &err),
					 0);
			mig_recovered_free(&recovered);
			look();
			check_kept(&snap);
		}
		mig_snapshot_free(&was);
		stop();
	}
	assert_true(n_halfdone > 0);
}

static void fail_opening(int at)
{
	char fault[64];

	snprintf(fault, sizeof(fault), "nvmlDeviceGetHandleByIndex_v2#%d=IRQ_ISSUE", at);
	assert_int_equal(sim_inject_fault(machine_folder(), name, fault, &err), 0);
}

/* The driver cannot open GPU 1 just after the change: whichever of its openings that is. One answer
 * that fails is not believed, so the next one does too. */
static void of_a_gpu_lost_just_afterwards_the_record_stays(void **state)
{
	bool is_seen = false;

	(void)state;
	for (int at = 1; !is_seen && at < 100; at++) {
		struct mig_snapshot was, after = { 0 };

		start_kept();
		look();
		was = copy_of_snapshot();
		fail_opening(at + snap.n_gpus);
		fail_opening(at + snap.n_gpus + 1);
		if (reach_kept("7g.80gb", -1, "llm", &after) == 0 && after.gpus[1].is_lost) {
			is_seen = true;
			look();
			check_kept(&was);
		}
		mig_snapshot_free(&after);
		mig_snapshot_free(&was);
		stop();
	}
	assert_true(is_seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_gpu_is_a_gpu_of_which_the_index_is_known),
		cmocka_unit_test(the_refusal_names_the_gpu_and_the_way_out),
		cmocka_unit_test(what_cannot_be_opened_is_lost_and_what_fails_otherwise_is_not),
		cmocka_unit_test(one_answer_that_fails_is_asked_for_again),
		cmocka_unit_test(
			what_touches_a_lost_gpu_is_refused_and_the_others_can_be_changed),
		cmocka_unit_test(an_instance_of_a_lost_gpu_is_not_called_gone),
		cmocka_unit_test(a_gpu_lost_in_the_middle_takes_nothing_of_the_other_along),
		cmocka_unit_test(
			of_a_gpu_lost_in_the_middle_the_record_stays_and_of_the_other_it_is_made),
		cmocka_unit_test(of_a_gpu_lost_just_afterwards_the_record_stays),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
