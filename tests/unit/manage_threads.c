/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs of a machine changed at the same time, each by a thread of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sim/inject.h"
#include "tests/changes.h"

#define EIGHT "8xH100-SXM5-80GB"

enum { GPUS = 8, ROUNDS = 6 };

static struct mig_home home;
static int n_told;

static const char *const layouts[] = {
	"7x1g.10gb",
	"3g.40gb@0 3g.40gb@4",
	"2x1c.3g.40gb@4 2g.20gb 1g.10gb",
	"7g.80gb",
};

static void count(const struct mig_snapshot *s, const struct mig_step *step, bool is_undo,
		  void *arg)
{
	(void)s, (void)step, (void)is_undo, (void)arg;
	n_told++; /* by one thread at a time */
}

/* GPU i is to become layout (@round + i). */
static void make_all(int round)
{
	struct mig_wanted wanted[GPUS];

	look();
	for (int i = 0; i < GPUS; i++)
		wanted[i] = want(layouts[(round + i) % 4]);
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, wanted, NULL, &change, &err), 0);
}

static int run_all(bool is_independent)
{
	const struct mig_run_options opt = { .home = &home,
					     .verb = "test",
					     .on_step = count,
					     .is_independent = is_independent };

	err = (struct mig_error){ 0 };
	n_told = 0;
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

static const char *layout_of(int gpu_index, char *buf, size_t len)
{
	struct mig_request req = mig_gpu_request(&snap.gpus[gpu_index]);

	return mig_request_format(&req, buf, len);
}

/* There is nothing left to do to make it so. */
static void check_layout(int gpu_index, int which)
{
	const struct mig_wanted w = want(layouts[which]);
	struct mig_change left;

	assert_int_equal(mig_change_make_one(&snap, gpu_index, &w, NULL, &left, &err), 0);
	assert_int_equal(left.n_steps, 0);
	mig_change_free(&left);
}

static void begin(void)
{
	start(EIGHT);
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
}

static void gpus_change_at_the_same_time(void **state)
{
	struct mig_record rec;

	(void)state;
	begin();
	for (int round = 0; round < ROUNDS; round++) {
		make_all(round);
		if (run_all(round & 1) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(n_told, change.n_steps);
		look();
		for (int i = 0; i < GPUS; i++)
			check_layout(i, (round + i) % 4);
	}
	assert_int_equal(mig_record_read(&home, &rec, &err), 0);
	assert_int_equal(rec.n_changes, ROUNDS);
	for (int i = 0; i < GPUS; i++)
		assert_true(mig_record_is_same(mig_record_gpu(&rec, snap.gpus[i].uuid),
					       &snap.gpus[i]));
	mig_record_free(&rec);
	stop();
}

static void one_that_fails_keeps_the_others_from_nothing(void **state)
{
	char before[GPUS][256], now_text[256];
	int n_failed = 0;

	(void)state;
	begin();
	make_all(0);
	assert_int_equal(run_all(true), 0);
	make_all(1);
	for (int i = 0; i < GPUS; i++)
		layout_of(i, before[i], sizeof(before[i]));
	assert_true(sim_inject_fault(machine_folder(), name,
				     "nvmlDeviceCreateGpuInstanceWithPlacement#5=TIMEOUT",
				     &err) >= 0);
	assert_true(run_all(true) < 0);
	assert_true(has_words(err.msg, "7 other GPUs were changed as wanted"));
	look();
	for (int i = 0; i < GPUS; i++) {
		n_failed += change.gpus[i].rc < 0;
		if (change.gpus[i].rc < 0)
			assert_string_equal(layout_of(i, now_text, sizeof(now_text)),
					    before[i]);
		else
			check_layout(i, (1 + i) % 4);
	}
	assert_int_equal(n_failed, 1);
	stop();
}

static void or_all_or_none_are_changed(void **state)
{
	char before[GPUS][256], now_text[256];

	(void)state;
	begin();
	make_all(0);
	assert_int_equal(run_all(false), 0);
	make_all(1);
	for (int i = 0; i < GPUS; i++)
		layout_of(i, before[i], sizeof(before[i]));
	assert_true(sim_inject_fault(machine_folder(), name,
				     "nvmlDeviceCreateGpuInstanceWithPlacement#5=TIMEOUT",
				     &err) >= 0);
	assert_true(run_all(false) < 0);
	assert_true(has_words(err.msg, "undone: all is as it was"));
	look();
	for (int i = 0; i < GPUS; i++)
		assert_string_equal(layout_of(i, now_text, sizeof(now_text)), before[i]);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gpus_change_at_the_same_time),
		cmocka_unit_test(one_that_fails_keeps_the_others_from_nothing),
		cmocka_unit_test(or_all_or_none_are_changed),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
