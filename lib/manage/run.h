/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of running a change share: the order of steps, and one step. */
#ifndef MANAGE_RUN_H
#define MANAGE_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include <mig/manage.h>

#include "lib/manage/journal.h"
#include "lib/nvml/nvml.h"

/* How far a step came in this process. */
enum step_state { STEP_NOT_DONE, STEP_DONE, STEP_UNDONE };

/* One change being run. GPUs are changed at the same time, each by a thread of its own: what is
 * written here is written by one of them, or under @lock. */
struct run {
	struct mig_machine *machine;
	struct mig_nvml *nvml;
	const struct mig_snapshot *snap;
	struct mig_change *change;
	const struct mig_run_options *opt;
	struct journal journal;
	enum step_state *states; /* one for each step */
	pthread_mutex_t lock;    /* around the caller's functions */
	atomic_bool is_over; /* all or none, and one has failed: no step is begun any more */
};

/**
 * step_check - may this step be done? Asked of every step before the first is done.
 *
 * Errors: BUSY - somebody holds what would go; NOENT - it is not there any more, or another
 * instance is in its place.
 */
int step_check(struct run *run, const struct mig_step *step,
	       struct mig_error *err) MIG_MUST_USE;

/** step_perform - do a step, or take it back: the one function that changes the driver. It is
 *  in the journal before it is begun. */
int step_perform(struct run *run, struct mig_step *step, bool is_undo,
		 struct mig_error *err) MIG_MUST_USE;

/** step_took_effect - did a step that failed with @rc, or whose taking back did, take effect all the
 *  same? What it made has its id in @step then. */
bool step_took_effect(struct run *run, struct mig_step *step, bool is_undo, int rc);

/** step_can_undo - is what the step belongs to there? Not if its own GI did not come back. */
bool step_can_undo(const struct run *run, const struct mig_step *step);

/** step_gi - the id of the step's GI now: that of the step which made it, or made it again; or -1. */
int step_gi(const struct run *run, const struct mig_step *step);

/** gpu_check - may all steps of a GPU be done? Errors: as step_check(). */
int gpu_check(struct run *run, int gpu, struct mig_error *err) MIG_MUST_USE;

/**
 * gpu_run - the steps of one GPU.
 * @ret_effect:	did the step that failed take effect all the same?
 *
 * Where all or none is changed and another GPU has failed, it ends without an error.
 * Errors: as mig_change_run(). What was done is to be undone then.
 */
int gpu_run(struct run *run, int gpu, bool *ret_effect, struct mig_error *err) MIG_MUST_USE;

/**
 * gpu_undo - take back what was done on a GPU, the last step first. One that cannot be undone
 * does not keep the others from it.
 * @ret:	names what was not undone, and why; "" if nothing.
 *
 * Return: how many steps were undone. Errors: HALFDONE.
 */
int gpu_undo(struct run *run, int gpu, char *ret, size_t len) MIG_MUST_USE;

#endif
