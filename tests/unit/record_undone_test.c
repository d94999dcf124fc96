/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on record is what is wanted: a change that was undone, or cut short and taken back,
 * leaves it so, whatever stood there before; and it leaves names where they were.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/killed.h"

#define WANTED "2g.20gb@0 3g.40gb@4"

static struct mig_record rec;

static void read_record(void)
{
	mig_record_free(&rec);
	if (mig_record_read(&home, &rec, &err) < 0)
		fail_msg("%s", err.msg);
}

static int run_kept(const char *verb, bool is_renewal)
{
	const struct mig_run_options opt = {
		.home = &home, .verb = verb, .time_s = 1, .is_renewal = is_renewal
	};

	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

/* GPU 0 to @text, its first compute instance bearing a name. */
static void make_named(const char *text, const char *called)
{
	struct mig_wanted w;

	look();
	w = want(text);
	w.names.n = 1;
	snprintf(w.names.of[0].name, MIG_INSTANCE_NAME_MAX, "%s", called);
	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &w, NULL, &change, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static void make_recorded(void)
{
	struct mig_wanted w = { .mode = MIG_WANT_ON };

	look();
	read_record();
	assert_int_equal(rec.n_gpus, 1);
	assert_int_equal(mig_record_request(&rec.gpus[0], snap.gpus[0].type, &w.request,
					    &w.names, &err),
			 0);
	mig_change_free(&change);
	assert_int_equal(mig_change_make_one(&snap, 0, &w, NULL, &change, &err), 0);
}

/* WANTED is on record, named, and gone without anybody's having written that down. */
static void begin_without_what_is_wanted(void)
{
	begin(A100);
	make_named(WANTED, "llm");
	assert_int_equal(run_kept("apply", false), 0);
	reach("");
}

static void check_still_wanted(void)
{
	assert_string_equal(now(), "");
	make_recorded();
	assert_int_equal(rec.n_changes, 1);
	assert_int_equal(run_kept("restore", true), 0);
	assert_string_equal(now(), WANTED);
	assert_string_equal(place_of("llm"), "2g.20gb@0");
	read_record();
	assert_int_equal(rec.n_changes, 1);
}

static void end(void)
{
	mig_record_free(&rec);
	stop();
}

static void what_could_not_be_brought_back_is_wanted_still(void **state)
{
	(void)state;
	begin_without_what_is_wanted();
	make_recorded();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES");
	assert_int_equal(run_kept("restore", true), -MIG_E_NOSPACE);
	clear_faults();
	check_still_wanted();
	end();
}

static void what_was_undone_takes_nothing_off_the_record(void **state)
{
	(void)state;
	begin_without_what_is_wanted();
	look();
	make("1g.10gb@0 1g.10gb@1");
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES");
	assert_int_equal(run_kept("apply", false), -MIG_E_NOSPACE);
	clear_faults();
	check_still_wanted();
	end();
}

static void restore_in_child(void)
{
	(void)run_kept("restore", true);
}

static void a_restore_that_was_killed_and_taken_back_is_wanted_still(void **state)
{
	(void)state;
	begin_without_what_is_wanted();
	make_recorded();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=kill");
	assert_true(dies(restore_in_child));
	clear_faults();
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	check_still_wanted();
	end();
}

static void a_restore_that_was_killed_and_finished_is_no_change(void **state)
{
	(void)state;
	begin_without_what_is_wanted();
	make_recorded();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=kill");
	assert_true(dies(restore_in_child));
	clear_faults();
	assert_int_equal(recover_so(MIG_RECOVER_FORTH), 0);
	assert_string_equal(now(), WANTED);
	assert_string_equal(place_of("llm"), "2g.20gb@0");
	read_record();
	assert_int_equal(rec.n_changes, 1);
	assert_string_equal(rec.verb, "apply");
	end();
}

/* The same file by another name, which stays when the change is done. */
static void keep_journal(const struct mig_snapshot *s, const struct mig_step *step,
			 bool is_undo, void *arg)
{
	char from[1100], to[1200];

	(void)s, (void)step, (void)is_undo, (void)arg;
	journal_path(&home, from, sizeof(from));
	snprintf(to, sizeof(to), "%s.kept", from);
	(void)link(from, to);
}

/* As it is where the process is killed when all is done, and on record. */
static void run_killed_at_the_end(void)
{
	const struct mig_run_options opt = {
		.home = &home, .verb = "apply", .time_s = 5, .on_step = keep_journal
	};
	char from[1200], to[1100];

	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), 0);
	journal_path(&home, to, sizeof(to));
	snprintf(from, sizeof(from), "%s.kept", to);
	assert_int_equal(rename(from, to), 0);
}

static void what_is_on_record_already_is_not_recorded_twice(void **state)
{
	static const enum mig_recover_way ways[] = { MIG_RECOVER_EITHER, MIG_RECOVER_BACK,
						     MIG_RECOVER_FORTH };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(A100);
		make_named(WANTED, "llm");
		assert_int_equal(run_kept("apply", false), 0);
		make_named("4g.40gb@0", "big");
		run_killed_at_the_end();
		assert_int_equal(recover_so(ways[i]), 0);
		assert_string_equal(now(), "4g.40gb@0");
		assert_string_equal(place_of("big"), "4g.40gb@0");
		read_record();
		assert_int_equal(rec.n_changes, 2);
		assert_int_equal(rec.gpus[0].gis[0].cis[0].n_made, 2);
		assert_int_equal(rec.n_gone, 2);
		/* The way back has the names that were there. */
		assert_int_equal(rec.n_before, 1);
		assert_string_equal(rec.before[0].gis[0].cis[0].name, "llm");
		end();
	}
}

/* Both GPUs have a 3g.40gb at 4, named a and b; then a is wanted on GPU 1, where nothing has to be
 * made for that, and something else on GPU 0. */
static void begin_moving_a_name(void)
{
	static const char *const first[] = { "a", "b" };
	struct mig_wanted w[2];

	begin("2xA100-SXM4-80GB");
	for (int i = 0; i < 2; i++) {
		w[i] = want("3g.40gb@4");
		w[i].names.n = 1;
		snprintf(w[i].names.of[0].name, MIG_INSTANCE_NAME_MAX, "%s", first[i]);
	}
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	assert_int_equal(run_kept("apply", false), 0);
	look();
	w[0] = want("4g.40gb@0 2g.20gb@4");
	w[1] = want("3g.40gb@4");
	w[1].names.n = 1;
	snprintf(w[1].names.of[0].name, MIG_INSTANCE_NAME_MAX, "a");
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
}

static int run_each(void)
{
	const struct mig_run_options opt = {
		.home = &home, .verb = "apply", .time_s = 1, .is_independent = true
	};

	return mig_change_run(machine, &snap, &change, &opt, &err);
}

static void run_each_in_child(void)
{
	(void)run_each();
}

/* On which GPU it is. */
static int gpu_of(const char *called)
{
	struct mig_ref ref;

	look();
	read_record();
	return mig_record_find(&rec, &home, &snap, called, &ref, &err) < 0 ? -1 : ref.gpu;
}

static void a_name_stays_where_its_instance_did_not_go_after_all(void **state)
{
	(void)state;
	begin_moving_a_name();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=INSUFFICIENT_RESOURCES");
	assert_int_equal(run_each(), -MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "the name a stays where it was"));
	assert_int_equal(gpu_of("a"), 0);
	assert_int_equal(gpu_of("b"), 1);
	end();

	begin_moving_a_name();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=kill");
	assert_true(dies(run_each_in_child));
	clear_faults();
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_int_equal(gpu_of("a"), 0);
	assert_int_equal(gpu_of("b"), 1);
	end();

	begin_moving_a_name();
	set_fault("nvmlDeviceCreateGpuInstanceWithPlacement#2=kill");
	assert_true(dies(run_each_in_child));
	clear_faults();
	assert_int_equal(recover_so(MIG_RECOVER_BACK), 0);
	assert_int_equal(gpu_of("a"), 0);
	assert_int_equal(gpu_of("b"), 1);
	end();
}

/* What one that was killed left behind, and another user it was: it is not to be opened. */
static void what_was_left_behind_is_in_nobody_s_way(void **state)
{
	static const char *const left[] = { "journal.next", "record.next" };
	char path[1100];

	(void)state;
	begin(A100);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", home.run, left[i]);
		assert_int_equal(symlink("nowhere", path), 0); /* root could open all others */
	}
	make_named(WANTED, "llm");
	assert_int_equal(run_kept("apply", false), 0);
	assert_string_equal(place_of("llm"), "2g.20gb@0");
	snprintf(path, sizeof(path), "%s/nowhere", home.run);
	assert_int_equal(access(path, F_OK), -1);
	end();
}

static void a_change_whose_outcome_nobody_can_read_says_that_it_is_not_on_record(void **state)
{
	(void)state;
	begin(A100);
	make_named(WANTED, "llm");
	set_fault("nvmlDeviceGetCount_v2#1..=UNKNOWN");
	assert_int_equal(run_kept("apply", false), -MIG_E_NVML);
	clear_faults();
	assert_true(has_words(err.msg, "done, but the result cannot be read"));
	assert_true(has_words(err.msg, "'migctl recover' puts it on record"));
	assert_true(is_unfinished());
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_string_equal(now(), WANTED);
	assert_string_equal(place_of("llm"), "2g.20gb@0");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_not_be_brought_back_is_wanted_still),
		cmocka_unit_test(what_was_undone_takes_nothing_off_the_record),
		cmocka_unit_test(a_restore_that_was_killed_and_taken_back_is_wanted_still),
		cmocka_unit_test(a_restore_that_was_killed_and_finished_is_no_change),
		cmocka_unit_test(what_is_on_record_already_is_not_recorded_twice),
		cmocka_unit_test(what_was_left_behind_is_in_nobody_s_way),
		cmocka_unit_test(
			a_change_whose_outcome_nobody_can_read_says_that_it_is_not_on_record),
		cmocka_unit_test(a_name_stays_where_its_instance_did_not_go_after_all),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
