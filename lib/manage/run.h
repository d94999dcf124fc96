/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of running a change share: the order of steps, and one step. */
#ifndef MANAGE_RUN_H
#define MANAGE_RUN_H

#include <mig/manage.h>

#include "lib/nvml/nvml.h"

struct run {
	struct mig_machine *machine;
	struct mig_nvml *nvml;
	const struct mig_snapshot *snap;
	struct mig_change *change;
	const struct mig_run_options *opt;
	int n_renumbered; /* compute instances that came back under another id */
};

/**
 * step_check - may this step be done? Asked of every step before the first is done.
 *
 * Errors: BUSY - somebody holds what would go; NOENT - it is not there any more, or another
 * instance is in its place.
 */
int step_check(struct run *run, const struct mig_step *step,
	       struct mig_error *err) MIG_MUST_USE;

/** step_perform - do a step, or take it back: the one function that changes the driver. */
int step_perform(struct run *run, struct mig_step *step, bool is_undo,
		 struct mig_error *err) MIG_MUST_USE;

/** step_can_undo - is what the step belongs to there? Not if its own GI did not come back. */
bool step_can_undo(const struct run *run, const struct mig_step *step);

#endif
