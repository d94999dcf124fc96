/* SPDX-License-Identifier: Apache-2.0 */
/* What all verbs that change a machine have in common once they know the steps. */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include <mig/manage.h>

#include "cli/verb.h"

/* How a change is carried out. */
struct change_how {
	bool keep_pending; /* a mode switch that waits for a reset is the answer, not undone */
	bool is_independent; /* a GPU that fails does not keep the others from their change */
	bool is_renewal;     /* what is on record is brought back: not a change to be undone */
	const struct mig_snapshot
		*before;                /* what it began with, where that is not the snapshot */
	struct mig_snapshot *ret_after; /* change_run(): filled on success; may be NULL */
};

/**
 * change_carry_out - show the steps with --dry-run, else run them and say what was done.
 * @snap:	the snapshot that @change was made from.
 * @schema:	of the JSON document: "migctl.create/v1".
 */
int change_carry_out(struct cli *cli, const struct mig_snapshot *snap,
		     struct mig_change *change, const char *schema,
		     const struct change_how *how, struct mig_error *err) MIG_MUST_USE;

/** change_run - the running alone, without a word on stdout. */
int change_run(struct cli *cli, const struct mig_snapshot *snap, struct mig_change *change,
	       const struct change_how *how, struct mig_error *err) MIG_MUST_USE;

/**
 * change_json - a change as JSON: {gpus: [...], steps: [...]}, into @doc.
 * @now:	the machine afterwards, for the UUIDs of what was made; NULL: it was not run.
 */
void change_json(json_t *doc, const struct mig_snapshot *snap, const struct mig_snapshot *now,
		 const struct mig_change *change);

/** change_print - a change in words, GPU by GPU, untouched ones named. */
void change_print(const struct mig_snapshot *snap, const struct mig_change *change);

/** reset_gpu - reset a GPU of hardware or of a simulated machine; @arg is the struct cli. */
int reset_gpu(const struct mig_gpu *gpu, void *arg, struct mig_error *err) MIG_MUST_USE;

#endif
