/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a running change share: the GPUs of it, what is said, and what is kept. */
#ifndef MANAGE_TRANSACTION_H
#define MANAGE_TRANSACTION_H

#include "lib/manage/names.h"
#include "lib/manage/run.h"
#include "lib/record/record.h"

/* One GPU of it, and its thread. */
struct part {
	struct run *run;
	int gpu;
	bool is_asked; /* there are steps for it, and nothing was in their way */
	bool is_threaded;
	bool has_effect; /* the step that failed took effect all the same */
	int rc;          /* what came of it */
	struct mig_error err;
	int n_undone;   /* steps, or a negative error code: not all could be undone */
	char left[512]; /* what was not undone */
	pthread_t thread;
};

/* What lasts, beside the driver. */
struct keeping {
	struct mig_record record;
	struct record_slot slot;
};

/** part_is_left - a switch that is to stay pending is no failure to undo. */
bool part_is_left(const struct run *run, int rc);

/** parts_failed - the first GPU that failed, or NULL. */
const struct part *parts_failed(const struct run *run, const struct part *parts);

/** parts_same_place - the compute instance that stands where @ci of @gi stood, or NULL. */
const struct mig_ci *parts_same_place(const struct mig_gpu *now, const struct mig_gi *gi,
				      const struct mig_ci *ci);

/**
 * parts_say - the GPUs that failed say what was undone of them.
 * @now:	the machine afterwards, for what came back under other ids; or NULL.
 */
void parts_say(const struct run *run, const struct mig_snapshot *now, struct part *parts);

/** parts_result - what the whole came to: what could not be undone, else the first failure. */
int parts_result(const struct run *run, const struct part *parts, struct mig_error *err);

/** keep_look - what is on record. @ret: keep_end() it. Errors: as mig_record_read(). */
int keep_look(struct run *run, struct keeping *ret, struct mig_error *err) MIG_MUST_USE;

/** keep_names - the names of the change beside that record. */
struct names keep_names(const struct run *run, const struct keeping *k);

/**
 * keep_begin - all is written down before the first step; after keep_look().
 * @has_steps:	where no step is to be done, only names that are not on record are worth it.
 *
 * Errors: as mig_change_run().
 */
int keep_begin(struct run *run, bool has_steps, struct keeping *k,
	       struct mig_error *err) MIG_MUST_USE;

/**
 * keep_stays - the name @name of the change is that of an instance on another GPU, which did not
 * become as was wanted: it stays there.
 */
bool keep_stays(const struct run *run, const struct part *parts, const struct keeping *k,
		int name);

/**
 * keep_outcome - what came of it is put on record, and the journal ends; unless something could
 * not be undone.
 * @after:	NULL: it is not known, and @err says why.
 *
 * Errors: that of @after; IO, NOMEM. A recovery will put it on record then.
 */
int keep_outcome(struct run *run, const struct part *parts, struct keeping *k,
		 const struct mig_snapshot *after, struct mig_error *err) MIG_MUST_USE;

void keep_end(struct keeping *k);

#endif
