/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of layout in which each call to the driver fails once, with each of several errors:
 * afterwards the layout is the old one or the new one, and what a tenant would have held,
 * which stays in both, was never touched, as the machine's own log says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "sim/inject.h"
#include "tests/changes.h"

#define OLD "3g.40gb@0 2x1c.3g.40gb@4"
#define NEW "2g.20gb@0 1g.10gb@2 2x1c.3g.40gb@4"

/* What an apply asks of a driver, as far as it can fail half-way. */
static const char *const calls[] = {
	"nvmlDeviceGetHandleByIndex_v2",
	"nvmlDeviceGetHandleByUUID",
	"nvmlDeviceGetMigMode",
	"nvmlDeviceGetGpuInstances",
	"nvmlDeviceGetGpuInstanceById",
	"nvmlGpuInstanceGetInfo",
	"nvmlGpuInstanceGetComputeInstances",
	"nvmlGpuInstanceGetComputeInstanceById",
	"nvmlComputeInstanceGetInfo_v2",
	"nvmlDeviceGetMigDeviceHandleByIndex",
	"nvmlDeviceGetComputeRunningProcesses_v3",
	"nvmlDeviceCreateGpuInstanceWithPlacement",
	"nvmlGpuInstanceCreateComputeInstance",
	"nvmlGpuInstanceCreateComputeInstanceWithPlacement",
	"nvmlComputeInstanceDestroy",
	"nvmlGpuInstanceDestroy",
	"nvmlDeviceGetGpuInstanceProfileInfoV",
	"nvmlGpuInstanceGetComputeInstanceProfileInfoV",
	"nvmlDeviceGetUUID",
};

static const char *const errors[] = { "IN_USE",      "INSUFFICIENT_RESOURCES",
				      "GPU_IS_LOST", "TIMEOUT",
				      "NOT_FOUND",   "UNKNOWN" };

enum {
	N_CALLS = sizeof(calls) / sizeof(calls[0]),
	N_ERRORS = sizeof(errors) / sizeof(errors[0])
};

/* The GI at 4 has id 2: a call that destroyed anything of it, or made anything in it. */
static bool see_touch(const struct sim_log_record *r, void *arg)
{
	int *n = arg;

	*n += strncmp(r->asked, "GPU 0 GI 2", strlen("GPU 0 GI 2")) == 0;
	return true;
}

static int n_touches(void)
{
	int n = 0;

	assert_int_equal(sim_log_each(machine_folder(), name, false, see_touch, &n, NULL), 0);
	return n;
}

/* How often the fault has seen its call; the fault goes. */
static unsigned take_fault(void)
{
	struct sim_injected in;

	assert_int_equal(sim_inject_list(machine_folder(), name, &in, &err), 0);
	assert_int_equal(in.n_faults, 1);
	assert_int_equal(sim_inject_clear(machine_folder(), name, NULL, &err), 1);
	return (uint32_t)in.faults[0].count;
}

/* From OLD to NEW, with that fault. Return: did it strike? */
static bool strike(const char *call, unsigned n, const char *error)
{
	struct mig_error why = { 0 };
	char spec[SIM_SPEC_MAX];
	int touches, rc;
	unsigned seen;

	reach(OLD);
	make(NEW);
	touches = n_touches();
	snprintf(spec, sizeof(spec), "%s#%u=%s", call, n, error);
	if (sim_inject_fault(machine_folder(), name, spec, &why) < 0)
		fail_msg("%s: %s", spec, why.msg);
	rc = run();
	seen = take_fault();
	if (strcmp(now(), rc < 0 ? OLD : NEW) != 0 && strcmp(now(), rc < 0 ? NEW : OLD) != 0)
		fail_msg("%s: %d, %s: the layout is %s", spec, rc, err.msg, now());
	if (n_touches() != touches)
		fail_msg("%s: what stays was touched", spec);
	return seen >= n;
}

static void each_call_of_an_apply_fails_once(void **state)
{
	int n_struck = 0, n_reached = 0;

	(void)state;
	start(A100);
	for (int call = 0; call < N_CALLS; call++)
		for (int e = 0; e < N_ERRORS; e++)
			for (unsigned n = 1; n < 40 && strike(calls[call], n, errors[e]); n++) {
				n_struck++;
				n_reached += n == 1 && e == 0;
			}
	printf("%d faults struck, in %d of %d calls\n", n_struck, n_reached, (int)N_CALLS);
	assert_true(n_struck > 100);
	assert_true(n_reached >= 6);
	stop();
}

/* A driver that timed out may have done it. */
static void what_was_done_and_called_a_failure_is_taken_back(void **state)
{
	static const char *const changing[] = {
		"nvmlDeviceCreateGpuInstanceWithPlacement",
		"nvmlGpuInstanceCreateComputeInstance",
		"nvmlComputeInstanceDestroy",
		"nvmlGpuInstanceDestroy",
	};
	static const char *const late[] = { "TIMEOUT:after", "IN_USE:after",
					    "GPU_IS_LOST:after" };
	int n_struck = 0;

	(void)state;
	start(A100);
	for (size_t call = 0; call < 4; call++)
		for (size_t e = 0; e < 3; e++)
			for (unsigned n = 1; n < 8 && strike(changing[call], n, late[e]); n++) {
				n_struck++;
				if (!*err.msg)
					continue;
				assert_string_equal(now(), OLD);
				/* An "in use" is asked again, and then it is gone. */
				assert_non_null(strstr(err.msg, "done all the same"));
			}
	assert_true(n_struck > 12);
	stop();
}

/* What a snapshot has of one MIG device after the other. */
static void write_cis(const struct mig_snapshot *s, char *buf, size_t len)
{
	const struct mig_gpu *gpu = &s->gpus[0];
	size_t at = 0;

	buf[0] = '\0';
	for (int i = 0; i < gpu->n_gis; i++)
		for (int k = 0; k < gpu->gis[i].n_cis; k++)
			at += (size_t)snprintf(buf + at, len - at, "%d@%d %d@%d %s\n",
					       gpu->gis[i].profile, gpu->gis[i].start,
					       gpu->gis[i].cis[k].profile,
					       gpu->gis[i].cis[k].start,
					       gpu->gis[i].cis[k].uuid);
}

/* A snapshot with a hole would be cut by: what it does not see is not held, and not in the way. */
static void a_question_that_fails_hides_nothing(void **state)
{
	char seen[2048], now_seen[2048], spec[SIM_SPEC_MAX];
	int n_failed = 0;

	(void)state;
	start(A100);
	reach(OLD);
	write_cis(&snap, seen, sizeof(seen));
	for (int call = 0; call < N_CALLS; call++)
		for (unsigned n = 1; n < 40; n++) {
			struct mig_snapshot s = { 0 };

			snprintf(spec, sizeof(spec), "%s#%u=UNKNOWN", calls[call], n);
			assert_int_equal(sim_inject_fault(machine_folder(), name, spec, &err),
					 0);
			if (mig_snapshot_take(machine, &s, &err) == 0 && !s.gpus[0].is_lost) {
				write_cis(&s, now_seen, sizeof(now_seen));
				if (strcmp(now_seen, seen) != 0)
					fail_msg("%s:\n%sinstead of\n%s", spec, now_seen, seen);
			} else {
				n_failed++;
			}
			mig_snapshot_free(&s);
			if (take_fault() < n)
				break;
		}
	assert_true(n_failed > 10);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_of_an_apply_fails_once),
		cmocka_unit_test(what_was_done_and_called_a_failure_is_taken_back),
		cmocka_unit_test(a_question_that_fails_hides_nothing),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
