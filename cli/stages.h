/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change in stages, with what a site wants done around it:
 *
 *	apply-start hooks
 *	where a MIG mode differs:    pre-apply-mode hooks, waiting, the switches
 *	where instances differ:      pre-apply-config hooks, waiting, the instances
 *	apply-exit hooks, however it ended
 *
 * What cannot fit is refused before the first hook. When a later stage fails, the stages before
 * it are taken back: the GPUs are cut as they were.
 */
#ifndef CLI_STAGES_H
#define CLI_STAGES_H

#include <mig/manage.h>

#include "cli/hooks.h"
#include "cli/verb.h"

struct stages {
	/* What is wanted of each GPU of @snap, whose profiles the driver may tell only now. */
	int (*want)(void *arg, const struct mig_snapshot *snap, struct mig_wanted *ret,
		    struct mig_error *err);
	void *arg;
	const struct hooks *hooks; /* NULL: none */
	long drain_seconds;        /* to wait for holders to end by themselves */
	const char *schema;        /* of the JSON document; NULL: not a word on stdout */
	bool is_mode_only;         /* the modes, and no instance of a GPU that keeps its mode */
	bool may_reset;            /* a mode that waits for a reset gets it */
	bool keeps_pending;        /* or else stays waiting, and that is no failure */
	bool is_independent; /* a GPU that cannot be cut does not keep the others from it */
};

/** stages_run - bring a machine to what is wanted. With --dry-run: show it, and run no hook. */
int stages_run(struct cli *cli, const struct stages *stages, const struct mig_snapshot *snap,
	       struct mig_error *err) MIG_MUST_USE;

/** stages_change - the steps to all that is wanted. */
int stages_change(struct cli *cli, const struct stages *stages, const struct mig_snapshot *snap,
		  struct mig_change *ret, struct mig_error *err) MIG_MUST_USE;

/** stages_seconds - the seconds that option --@name says, from @min to @max. Errors: INVAL. */
int stages_seconds(const char *name, const char *text, long min, long max, long *ret,
		   struct mig_error *err) MIG_MUST_USE;

#endif
