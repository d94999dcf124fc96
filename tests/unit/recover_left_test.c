/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of two GPUs that was cut short, and one of them is lost then: the other is ended, and the
 * lost one later, wherever a recovery was killed meanwhile. What is wrong with a GPU that the change
 * was not about keeps nobody from it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "shared/file.h"
#include "tests/killed.h"

#define TWO "2xA100-SXM4-80GB"
#define OLD "3g.40gb@4"
#define NEW "2g.20gb@0 1g.10gb@2"

/* What a recovery that was killed at some place left: files, in the order of writing. */
enum place {
	BEFORE_LEFT,  /* nothing */
	BEFORE_KEPT,  /* the journal says which GPU is left */
	BEFORE_ENDED, /* and the other is on record */
	AFTER_ALL,    /* it was not killed */
	N_PLACES,
};

/* Where the change itself was killed. */
enum cut {
	IN_THE_MIDDLE,
	BEFORE_THE_RECORD, /* every step of both was done */
	N_CUTS,
};

static void lose(bool is_lost)
{
	if (sim_inject_lost(machine_folder(), name, 1, is_lost, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Both GPUs to @text, the first instance of each bearing a name. */
static int change_both(const char *text, bool is_atomic)
{
	const struct mig_run_options opt = {
		.home = &home, .verb = "apply", .time_s = 1, .is_independent = !is_atomic
	};
	static const char *const names[] = { "a", "b" };
	struct mig_wanted both[2];

	look();
	for (int i = 0; i < 2; i++) {
		both[i] = want(text);
		both[i].names.n = 1;
		snprintf(both[i].names.of[0].name, MIG_INSTANCE_NAME_MAX, "%s", names[i]);
	}
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, both, NULL, &change, &err), 0);
	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

static void change_in_child(void)
{
	if (change_both(NEW, false) < 0)
		_exit(1);
}

static void change_all_in_child(void)
{
	if (change_both(NEW, true) < 0)
		_exit(1);
}

/* OLD on record, and a change to NEW that is cut short. The driver is asked for the number of GPUs
 * once before the change, and once when all its steps are done. */
static void cut_short(void (*in_child)(void), enum cut cut)
{
	begin(TWO);
	assert_int_equal(change_both(OLD, false), 0);
	set_fault(cut == BEFORE_THE_RECORD ? "nvmlDeviceGetCount_v2#2=kill"
					   : "nvmlGpuInstanceCreateComputeInstance#1=kill");
	assert_true(dies(in_child));
	clear_faults();
}

static const char *stands_on(int gpu)
{
	static char text[2][512];
	struct mig_request req;

	look();
	req = mig_gpu_request(&snap.gpus[gpu]);
	return mig_request_format(&req, text[gpu], sizeof(text[gpu]));
}

static int n_left(int want_rc)
{
	const struct mig_recover_options opt = { .time_s = 2 };
	struct mig_recovered r = { 0 };
	int n;

	err = (struct mig_error){ 0 };
	assert_int_equal(mig_recover(machine, &home, &opt, &r, &err), want_rc);
	n = r.n_left;
	mig_recovered_free(&r);
	return n;
}

/* --- files ------------------------------------------------------------------------------ */

static const char *file(const char *called)
{
	static char path[1100];

	snprintf(path, sizeof(path), "%s/%s", home.run, called);
	return path;
}

static char *contents(const char *called)
{
	char *text;

	assert_int_equal(mig_file_read(file(called), &text, &err), 0);
	return text;
}

static void put(const char *called, const char *text)
{
	assert_int_equal(mig_file_replace(file(called), text, strlen(text), &err), 0);
}

/* The journal's lines before the first that says @note. */
static void cut_journal(const char *note)
{
	char *text = contents("journal");
	size_t len = 0;

	for (size_t i = 0; text[i] && strncmp(text + i, note, strlen(note)) != 0; i++)
		len = text[i] == '\n' ? i + 1 : len;
	assert_true(len < strlen(text));
	assert_int_equal(mig_file_replace(file("journal"), text, len, &err), 0);
	free(text);
}

/* A recovery that leaves GPU 1, as if it had been killed at a place. */
static void leave(enum place place)
{
	char *journal = contents("journal"), *record = contents("record");

	assert_int_equal(n_left(0), 1);
	if (place == BEFORE_LEFT) {
		put("journal", journal);
		put("record", record);
	} else if (place < AFTER_ALL) {
		cut_journal("\"ended\"");
	}
	if (place == BEFORE_KEPT)
		put("record", record);
	free(journal);
	free(record);
}

/* --- what must hold --------------------------------------------------------------------- */

static void check_record(const char *wanted)
{
	struct mig_record rec;

	look();
	assert_int_equal(mig_record_read(&home, &rec, &err), 0);
	for (int i = 0; i < 2; i++) {
		const struct mig_record_gpu *gpu = mig_record_gpu(&rec, snap.gpus[i].uuid);

		assert_string_equal(stands_on(i), wanted);
		assert_non_null(gpu);
		assert_true(mig_record_is_same(gpu, &snap.gpus[i]));
	}
	mig_record_free(&rec);
	assert_string_not_equal(place_of("a"), "NOENT");
	assert_string_equal(place_of("b"), place_of("a"));
}

static void of_a_lost_gpu_the_change_is_left_wherever_a_recovery_was_killed(void **state)
{
	(void)state;
	for (int i = 0; i < N_CUTS * N_PLACES * 2; i++) {
		const enum cut cut = (enum cut)(i % N_CUTS);
		const enum place place = (enum place)(i / N_CUTS % N_PLACES);
		const char *wanted = cut == BEFORE_THE_RECORD ? NEW : OLD;
		const bool is_back_at_once = i / N_CUTS / N_PLACES;

		cut_short(change_in_child, cut);
		lose(true);
		leave(place);
		assert_string_equal(stands_on(0), wanted);
		assert_true(is_unfinished());
		if (!is_back_at_once) { /* there is nothing more to be done, or it is done again */
			n_left(place == AFTER_ALL ? -MIG_E_UNFINISHED
			       : place == BEFORE_ENDED && cut == BEFORE_THE_RECORD
				       ? -MIG_E_UNFINISHED
				       : 0);
			assert_true(is_unfinished());
		}
		lose(false);
		assert_int_equal(n_left(0), 0);
		assert_false(is_unfinished());
		check_record(wanted);
		stop();
	}
}

static void what_was_ended_is_nobodys_business(void **state)
{
	const nvmlGpuInstancePlacement_t place = { 0, 1 };
	struct mig_unfinished u;
	nvmlGpuInstance_t gi;

	(void)state;
	cut_short(change_in_child, IN_THE_MIDDLE);
	lose(true);
	leave(AFTER_ALL);
	assert_int_equal(mig_unfinished_look(&home, &u, &err), 1);
	assert_int_equal(u.n_left, 1);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), 19, &place, &gi),
		 NVML_SUCCESS);
	lose(false);
	look();
	assert_string_equal(u.left, snap.gpus[1].uuid);
	assert_int_equal(n_left(0), 0);
	assert_int_equal(snap.gpus[0].n_gis, 2);
	assert_string_equal(stands_on(1), OLD);
	stop();
}

/* All of it is one change, though it went on record in two parts. */
static void what_was_ended_in_parts_is_undone_together(void **state)
{
	struct mig_record rec;

	(void)state;
	cut_short(change_in_child, BEFORE_THE_RECORD);
	lose(true);
	leave(AFTER_ALL);
	lose(false);
	assert_int_equal(n_left(0), 0);
	assert_int_equal(mig_record_read(&home, &rec, &err), 0);
	assert_int_equal(rec.n_changes, 2);
	assert_int_equal(rec.n_before, 2);
	mig_record_free(&rec);
	stop();
}

static void a_change_of_all_or_none_waits_for_all(void **state)
{
	(void)state;
	cut_short(change_all_in_child, IN_THE_MIDDLE);
	lose(true);
	assert_int_equal(n_left(-MIG_E_UNFINISHED), 0);
	assert_non_null(strstr(err.msg, "is not here now, and the change is all or none"));
	assert_non_null(strstr(err.msg, "GPU 1 is lost, and may be it"));
	lose(false);
	assert_int_equal(n_left(0), 0);
	check_record(OLD);
	stop();
}

/* --- what the change was not about ------------------------------------------------------ */

static void change_one_in_child(void)
{
	const struct mig_run_options opt = { .home = &home, .verb = "apply", .time_s = 1 };

	if (mig_change_run(machine, &snap, &change, &opt, &err) < 0)
		_exit(1);
}

/* A change of GPU 0 alone, by what @snap says of both. */
static void cut_one_short(void)
{
	make(NEW);
	set_fault("nvmlGpuInstanceCreateComputeInstance#1=kill");
	assert_true(dies(change_one_in_child));
	clear_faults();
}

static void a_gpu_that_was_lost_before_the_change_is_not_in_the_way(void **state)
{
	(void)state;
	begin("3xA100-SXM4-80GB");
	for (int i = 1; i < 3; i++) {
		if (sim_inject_lost(machine_folder(), name, i, true, &err) < 0)
			fail_msg("%s", err.msg);
	}
	look();
	cut_one_short();
	assert_int_equal(n_left(0), 0);
	assert_false(is_unfinished());
	assert_string_equal(stands_on(0), "");
	stop();
}

/* A journal has no word for it; so it seems to have come since. */
static void an_instance_that_nobody_can_name_on_another_gpu_is_not_in_the_way(void **state)
{
	(void)state;
	begin(TWO);
	assert_int_equal(change_both(OLD, false), 0);
	look();
	snap.gpus[1].gis[0].profile = -1;
	cut_one_short();
	assert_int_equal(n_left(0), 0);
	assert_string_equal(stands_on(0), OLD);
	assert_string_equal(stands_on(1), OLD);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			of_a_lost_gpu_the_change_is_left_wherever_a_recovery_was_killed),
		cmocka_unit_test(what_was_ended_is_nobodys_business),
		cmocka_unit_test(what_was_ended_in_parts_is_undone_together),
		cmocka_unit_test(a_change_of_all_or_none_waits_for_all),
		cmocka_unit_test(a_gpu_that_was_lost_before_the_change_is_not_in_the_way),
		cmocka_unit_test(
			an_instance_that_nobody_can_name_on_another_gpu_is_not_in_the_way),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
