/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a machine that leave a record, faults that end them, and recoveries, for tests. Include
 * it after cmocka.h.
 */
#ifndef TESTS_KILLED_H
#define TESTS_KILLED_H

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/manage/journal.h"
#include "sim/inject.h"
#include "sim/machine.h"
#include "tests/changes.h"

static struct mig_home home;

static inline void begin(const char *spec)
{
	start(spec);
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
}

/* "nvmlGpuInstanceDestroy#1=kill" */
static inline void set_fault(const char *spec)
{
	if (sim_inject_fault(machine_folder(), name, spec, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
}

static inline void clear_faults(void)
{
	assert_true(sim_inject_clear(machine_folder(), name, NULL, &err) >= 0);
}

/* In a process of its own: did a fault kill it? */
static inline bool dies(void (*act)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) && WEXITSTATUS(status) != 0)
		fail_msg("it ended with status %d", WEXITSTATUS(status));
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static inline int recover_so(enum mig_recover_way way)
{
	const struct mig_recover_options opt = { .way = way, .time_s = 2 };
	struct mig_recovered r = { 0 };
	int rc;

	err = (struct mig_error){ 0 };
	rc = mig_recover(machine, &home, &opt, &r, &err);
	mig_recovered_free(&r);
	return rc;
}

static inline bool is_unfinished(void)
{
	struct mig_unfinished u;
	const int rc = mig_unfinished_look(&home, &u, &err);

	if (rc < 0)
		fail_msg("%s", err.msg);
	return rc;
}

/* "3g.40gb@0", where the instance of that name is; or the error's name. */
static inline const char *place_of(const char *called)
{
	static char text[128];
	struct mig_record rec;
	struct mig_ref ref;
	int rc;

	look();
	if (mig_record_read(&home, &rec, &err) < 0)
		fail_msg("%s", err.msg);
	rc = mig_record_find(&rec, &home, &snap, called, &ref, &err);
	mig_record_free(&rec);
	if (rc < 0)
		return mig_error_name(rc);
	snprintf(text, sizeof(text), "%s@%d",
		 snap.gpus[ref.gpu].type->profiles[snap.gpus[ref.gpu].gis[ref.gi].profile].name,
		 snap.gpus[ref.gpu].gis[ref.gi].start);
	return text;
}

#endif
