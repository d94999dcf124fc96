/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes whose process is killed at every call that it makes to the driver, and recoveries
 * likewise: afterwards the layout is the old one or the new one, names say what they said, and
 * nothing that was wanted in both was touched.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "tests/killed.h"

#define OLD "3g.40gb@0 2x1c.3g.40gb@4"
#define NEW "2g.20gb@0 1g.10gb@2 2x1c.3g.40gb@4"
#define TWO "2xA100-SXM4-80GB"

/* What a change and a recovery ask of a driver after the first snapshot, as far as they change it
 * or look at what they changed. */
static const char *const calls[] = {
	"nvmlDeviceGetGpuInstanceById",
	"nvmlGpuInstanceGetInfo",
	"nvmlGpuInstanceGetComputeInstanceById",
	"nvmlComputeInstanceGetInfo_v2",
	"nvmlDeviceCreateGpuInstanceWithPlacement",
	"nvmlGpuInstanceCreateComputeInstance",
	"nvmlGpuInstanceCreateComputeInstanceWithPlacement",
	"nvmlComputeInstanceDestroy",
	"nvmlGpuInstanceDestroy",
};

enum { N_CALLS = sizeof(calls) / sizeof(calls[0]) };

static struct mig_run_options kept(void)
{
	return (struct mig_run_options){ .home = &home, .verb = "test", .time_s = 1 };
}

static int run_kept(void)
{
	const struct mig_run_options opt = kept();

	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

/* A change of GPU 0 to @text, its first and last compute instance bearing names. */
static void make_named(const char *text, const char *first, const char *last)
{
	struct mig_wanted w;
	int n;

	look(); /* wants point to the types of a snapshot */
	w = want(text);
	n = w.request.n - 1;
	w.names.n = 2;
	w.names.of[0] = (struct mig_want_name){ .want = 0, .ci = 0 };
	w.names.of[1] = (struct mig_want_name){ .want = (uint8_t)n,
						.ci = (uint8_t)(w.request.want[n].n_ci - 1) };
	snprintf(w.names.of[0].name, MIG_INSTANCE_NAME_MAX, "%s", first);
	snprintf(w.names.of[1].name, MIG_INSTANCE_NAME_MAX, "%s", last);
	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &w, NULL, &change, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static void kill_at(const char *call, unsigned n)
{
	char spec[SIM_SPEC_MAX];

	snprintf(spec, sizeof(spec), "%s#%u=kill", call, n);
	set_fault(spec);
}

static void run_in_child(void)
{
	if (run_kept() < 0)
		_exit(1);
}

static enum mig_recover_way child_way;

static void recover_in_child(void)
{
	if (recover_so(child_way) < 0)
		_exit(1);
}

/* OLD, with names on it, on record. */
static void reset_to_old(void)
{
	clear_faults();
	make_named(OLD, "a/first", "b/last");
	if (run_kept() < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(now(), OLD);
	assert_string_equal(place_of("a/first"), "3g.40gb@0");
	assert_string_equal(place_of("b/last"), "3g.40gb@4");
	make_named(NEW, "c/first", "b/last");
}

static void check_ended(const char *call, unsigned n)
{
	const bool is_new = strcmp(now(), NEW) == 0;

	if (!is_new && strcmp(now(), OLD) != 0)
		fail_msg("%s#%u: the layout is %s", call, n, now());
	assert_false(is_unfinished());
	assert_string_equal(place_of("b/last"), "3g.40gb@4");
	assert_string_equal(place_of("a/first"), is_new ? "NOENT" : "3g.40gb@0");
	assert_string_equal(place_of("c/first"), is_new ? "2g.20gb@0" : "NOENT");
}

static void a_change_killed_at_any_call_is_ended_whole(void **state)
{
	int n_killed = 0, n_unfinished = 0, n_kept = 0;

	(void)state;
	begin(A100);
	for (int call = 0; call < N_CALLS; call++) {
		for (unsigned n = 1; n < 100; n++) {
			bool was_unfinished;

			reset_to_old();
			kill_at(calls[call], n);
			if (!dies(run_in_child))
				break;
			clear_faults();
			n_killed++;
			was_unfinished = is_unfinished();
			n_unfinished += was_unfinished;
			if (was_unfinished) { /* nothing is begun before it is ended */
				look();
				make("7g.80gb");
				assert_int_equal(run_kept(), -MIG_E_UNFINISHED);
				assert_true(has_words(err.msg, "migctl recover"));
			}
			if (recover_so(MIG_RECOVER_EITHER) < 0)
				fail_msg("%s#%u: %s", calls[call], n, err.msg);
			check_ended(calls[call], n);
			n_kept += strcmp(now(), NEW) == 0;
		}
	}
	printf("%d killed, %d left unfinished, %d of these finished\n", n_killed, n_unfinished,
	       n_kept);
	assert_true(n_killed > 25 && n_unfinished > 20 && n_kept > 0);
	stop();
}

/* Return: how many were killed. */
static int kill_recoveries(enum mig_recover_way way)
{
	int n_killed = 0;

	child_way = way;
	for (int call = 0; call < N_CALLS; call++) {
		for (unsigned n = 1; n < 100; n++) {
			bool is_dead;

			reset_to_old();
			kill_at("nvmlGpuInstanceCreateComputeInstance", 1);
			assert_true(dies(run_in_child));
			clear_faults();
			kill_at(calls[call], n);
			is_dead = dies(recover_in_child);
			clear_faults();
			if (!is_dead) {
				check_ended(calls[call], n);
				break;
			}
			n_killed++;
			if (recover_so(MIG_RECOVER_EITHER) < 0)
				fail_msg("%s#%u: %s", calls[call], n, err.msg);
			check_ended(calls[call], n);
		}
	}
	return n_killed;
}

static void a_recovery_killed_at_any_call_is_ended_by_the_next(void **state)
{
	int n_back, n_forth;

	(void)state;
	begin(A100);
	n_back = kill_recoveries(MIG_RECOVER_EITHER);
	n_forth = kill_recoveries(MIG_RECOVER_FORTH);
	printf("%d recoveries killed on the way back, %d forth\n", n_back, n_forth);
	assert_true(n_back > 10 && n_forth > 10);
	stop();
}

static void killed_half_way(void)
{
	reset_to_old();
	kill_at("nvmlGpuInstanceCreateComputeInstance", 1);
	assert_true(dies(run_in_child));
	clear_faults();
	assert_true(is_unfinished());
}

static void it_can_be_told_which_way_to_go(void **state)
{
	(void)state;
	begin(A100);
	killed_half_way();
	assert_int_equal(recover_so(MIG_RECOVER_FORTH), 0);
	assert_string_equal(now(), NEW);
	check_ended("forth", 0);
	killed_half_way();
	assert_int_equal(recover_so(MIG_RECOVER_BACK), 0);
	assert_string_equal(now(), OLD);
	check_ended("back", 0);
	killed_half_way();
	assert_int_equal(recover_so(MIG_RECOVER_FORGET), 0);
	assert_false(is_unfinished());
	assert_string_not_equal(now(), OLD);
	assert_string_not_equal(now(), NEW);
	stop();
}

/* Of a lost GPU not even the UUID is known. */
static void one_that_was_cut_short_beside_lost_gpus_can_be_ended(void **state)
{
	(void)state;
	begin("3xA100-SXM4-80GB");
	for (int gpu = 1; gpu < 3; gpu++)
		assert_int_equal(sim_inject_lost(machine_folder(), name, gpu, true, &err), 0);
	look();
	killed_half_way();
	assert_int_equal(recover_so(MIG_RECOVER_BACK), 0);
	check_ended("back", 0);
	killed_half_way();
	for (int gpu = 1; gpu < 3; gpu++)
		assert_int_equal(sim_inject_lost(machine_folder(), name, gpu, false, &err), 0);
	assert_int_equal(recover_so(MIG_RECOVER_FORTH), 0);
	check_ended("forth", 0);
	assert_int_equal(snap.gpus[1].n_gis, 0);
	stop();
}

static void one_that_went_forth_and_was_killed_at_its_end_can_go_back(void **state)
{
	char path[1100], kept[1200];
	struct mig_record rec;

	(void)state;
	begin(A100);
	killed_half_way();
	journal_path(&home, path, sizeof(path));
	snprintf(kept, sizeof(kept), "%s.kept", path);
	assert_int_equal(link(path, kept), 0);
	assert_int_equal(recover_so(MIG_RECOVER_FORTH), 0);
	assert_string_equal(now(), NEW);
	assert_int_equal(rename(kept, path), 0);
	assert_int_equal(recover_so(MIG_RECOVER_BACK), 0);
	assert_string_equal(now(), OLD);
	assert_int_equal(mig_record_read(&home, &rec, &err), 0);
	assert_true(mig_record_is_same(&rec.gpus[0], &snap.gpus[0]));
	mig_record_free(&rec);
	stop();
}

static void what_another_tool_did_meanwhile_is_reported_and_left(void **state)
{
	const nvmlGpuInstancePlacement_t place = { 3, 1 };
	nvmlGpuInstance_t gi;
	char before[512];

	(void)state;
	begin(A100);
	killed_half_way();
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), 19, &place, &gi),
		 NVML_SUCCESS);
	snprintf(before, sizeof(before), "%s", now());
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), -MIG_E_UNFINISHED);
	assert_true(has_words(err.msg, "GPU 0: 1g.10gb@3 stands there"));
	assert_true(has_words(err.msg, "another tool was here"));
	assert_string_equal(now(), before);
	assert_true(is_unfinished());
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	check_ended("after the other tool", 0);

	killed_half_way();
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 2, &gi), NVML_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		nvmlComputeInstance_t ci;

		CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, i, &ci), NVML_SUCCESS);
		CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	}
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), -MIG_E_UNFINISHED);
	assert_true(has_words(err.msg, "3g.40gb@4 lacks a compute instance"));
	stop();
}

static void what_somebody_holds_is_finished_instead_of_undone(void **state)
{
	struct sim_tenant *tenant;

	(void)state;
	begin(A100);
	reset_to_old();
	kill_at("nvmlGpuInstanceCreateComputeInstance", 2);
	assert_true(dies(run_in_child));
	clear_faults();
	look();
	/* The 2g.20gb is made already, and somebody is on it. */
	assert_int_equal(sim_tenant_begin(machine_folder(), name, "0/3/0", getpid(), 1 << 20,
					  &tenant, &err),
			 0);
	assert_int_equal(recover_so(MIG_RECOVER_BACK), -MIG_E_BUSY);
	assert_true(is_unfinished());
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_string_equal(now(), NEW);
	check_ended("held", 0);
	sim_tenant_end(tenant);
	stop();
}

static void a_reboot_ends_a_change_and_says_so(void **state)
{
	struct mig_recovered r;

	(void)state;
	begin("1xH100-SXM5-80GB");
	killed_half_way();
	/* A reboot ends every process: the library is started anew. */
	mig_machine_close(machine);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	assert_int_equal(sim_machine_reboot(machine_folder(), name, &err), 0);
	machine_be(name);
	machine = machine_open(name, catalog);
	look();
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
	assert_int_equal(mig_recover(machine, &home, NULL, &r, &err), 0);
	assert_true(r.was_unfinished && r.is_other_boot);
	mig_recovered_free(&r);
	assert_false(is_unfinished());
	assert_string_equal(place_of("a/first"), "STALE");
	assert_true(has_words(err.msg, "migctl restore"));
	stop();
}

static void a_journal_that_cannot_be_removed_is_no_end(void **state)
{
	struct mig_recovered r;
	const struct mig_recover_options forget = { .way = MIG_RECOVER_FORGET };
	char path[1100];

	(void)state;
	begin(A100);
	journal_path(&home, path, sizeof(path));
	assert_int_equal(mkdir(path, 0755), 0); /* which nobody may unlink */
	assert_true(mig_recover(machine, &home, &forget, &r, &err) < 0);
	assert_true(has_words(err.msg, "remove "));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mig_recover(machine, &home, &forget, &r, &err), 0);
	assert_false(r.was_unfinished);
	stop();
}

/* Both GPUs to NEW, from OLD. */
static void make_both(void)
{
	struct mig_wanted w[2];

	look();
	for (int i = 0; i < 2; i++)
		w[i] = want(NEW);
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
}

static void both_to_old(void)
{
	struct mig_wanted w[2];

	look();
	for (int i = 0; i < 2; i++)
		w[i] = want(OLD);
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	assert_int_equal(run_kept(), 0);
}

static const char *layout_of(int gpu_index, char *buf, size_t len)
{
	struct mig_request req;

	look();
	req = mig_gpu_request(&snap.gpus[gpu_index]);
	return mig_request_format(&req, buf, len);
}

static void all_or_none_stays_so_over_a_kill(void **state)
{
	char a[256], b[256];
	int n_killed = 0;

	(void)state;
	begin(TWO);
	for (unsigned n = 1; n < 20; n++) {
		both_to_old();
		make_both();
		kill_at("nvmlGpuInstanceCreateComputeInstance", n);
		if (!dies(run_in_child))
			break;
		n_killed++;
		clear_faults();
		assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
		layout_of(0, a, sizeof(a));
		layout_of(1, b, sizeof(b));
		assert_string_equal(a, b);
		assert_true(strcmp(a, OLD) == 0 || strcmp(a, NEW) == 0);
	}
	clear_faults();
	assert_true(n_killed >= 3);
	stop();
}

/* GPU @index as a change leaves it that was cut short after its first instance. */
static void half_make(unsigned index)
{
	const nvmlGpuInstancePlacement_t place = { 0, 2 };
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(index), 14, &place, &gi),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 1, &ci), NVML_SUCCESS);
}

static void one_that_cannot_go_back_is_not_forgotten_over_one_that_is_held(void **state)
{
	const struct journal_head head = { .verb = "test", .n_written = -1 };
	struct mig_wanted w[2];
	struct sim_tenant *tenant;
	struct journal j;

	(void)state;
	begin(TWO);
	look();
	for (int i = 0; i < 2; i++)
		w[i] = want(NEW);
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	assert_int_equal(journal_begin(&home, &snap, &change, &head, &j, &err), 0);
	for (int i = 0; i < change.n_steps; i++)
		assert_int_equal(journal_note(&j, JOURNAL_BEGIN, i, false, -1, -1, &err), 0);
	journal_leave(&j);
	half_make(0);
	half_make(1);
	assert_int_equal(sim_tenant_begin(machine_folder(), name, "0/3/0", getpid(), 1 << 20,
					  &tenant, &err),
			 0);
	/* GPU 0 is held and could go forth; GPU 1 is sick. */
	set_fault("nvmlGpuInstanceDestroy=UNKNOWN");
	assert_true(recover_so(MIG_RECOVER_EITHER) < 0);
	assert_true(is_unfinished());
	clear_faults();
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_false(is_unfinished());
	assert_string_equal(now(), NEW);
	assert_int_equal(snap.gpus[1].n_gis, 0);
	sim_tenant_end(tenant);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_killed_at_any_call_is_ended_whole),
		cmocka_unit_test(a_recovery_killed_at_any_call_is_ended_by_the_next),
		cmocka_unit_test(it_can_be_told_which_way_to_go),
		cmocka_unit_test(one_that_was_cut_short_beside_lost_gpus_can_be_ended),
		cmocka_unit_test(one_that_went_forth_and_was_killed_at_its_end_can_go_back),
		cmocka_unit_test(what_another_tool_did_meanwhile_is_reported_and_left),
		cmocka_unit_test(what_somebody_holds_is_finished_instead_of_undone),
		cmocka_unit_test(a_reboot_ends_a_change_and_says_so),
		cmocka_unit_test(a_journal_that_cannot_be_removed_is_no_end),
		cmocka_unit_test(all_or_none_stays_so_over_a_kill),
		cmocka_unit_test(
			one_that_cannot_go_back_is_not_forgotten_over_one_that_is_held),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
