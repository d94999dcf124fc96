/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a recovery share. */
#ifndef MANAGE_RECOVER_H
#define MANAGE_RECOVER_H

#include <mig/manage.h>

#include "lib/manage/journal.h"

struct recovery {
	struct mig_machine *machine;
	const struct mig_home *home;
	const struct mig_recover_options *opt;
	struct journal_text text;
	struct mig_snapshot now;
	struct mig_snapshot
		before; /* as the journal has it, with the types of @now; gpus owned */
	int *gpu_of; /* of the journal's GPUs, index into @now; -1: not here, or not to be touched */
	bool *is_left; /* of the journal's GPUs: there is something to be done, and it is not here */
	struct mig_record record;
	/* Of those of @now: what was done is on record, for its writer was killed after that. */
	bool *is_recorded;
	struct mig_recovered *ret;
};

/** recover_look - the machine now, and as the journal has it, in the same terms; steps of GPUs that
 *  are not here or ended have -1 as theirs. r->record is read. Errors: NVML, NOMEM. */
int recover_look(struct recovery *r, struct mig_error *err) MIG_MUST_USE;

/** recover_find_left - which GPUs of the change are not here, before the steps have other indices. */
void recover_find_left(struct recovery *r);

/** recover_check_left - may the others be ended without them? Errors: UNFINISHED - the change is all
 *  or none, or there is nothing to be done about the others. */
int recover_check_left(const struct recovery *r, struct mig_error *err) MIG_MUST_USE;

/** recover_name_left - r->ret->left. Errors: NOMEM. */
int recover_name_left(struct recovery *r, struct mig_error *err) MIG_MUST_USE;

/** recover_note_left - noted in the journal before anything is put on record: that nothing of those
 *  GPUs is. Errors: as journal_append(). */
int recover_note_left(const struct recovery *r, struct mig_error *err) MIG_MUST_USE;

/** recover_note_ended - noted after that: all others are ended. @n_changes: of the record before.
 *  Errors: as journal_append(). */
int recover_note_ended(const struct recovery *r, uint64_t n_changes,
		       struct mig_error *err) MIG_MUST_USE;

/** recover_check - is all that stands explained by the journal? Errors: UNFINISHED - another tool
 *  was here. */
int recover_check(const struct recovery *r, struct mig_error *err) MIG_MUST_USE;

/** recover_gi_at - the GPU instance of that profile at a place, or NULL. */
const struct mig_gi *recover_gi_at(const struct mig_gpu *gpu, int profile, int start);

/** recover_has_ci - is there a compute instance of that profile at that place? @gi may be NULL. */
bool recover_has_ci(const struct mig_gi *gi, const struct mig_ci *like);

/** recover_is_begun - was a step of that kind begun, for that GPU instance, and for a compute
 *  instance's step for that one? @ci NULL: a GPU instance's step. */
bool recover_is_begun(const struct recovery *r, enum mig_step_kind kind, int gpu,
		      const struct mig_gi *gi, const struct mig_ci *ci);

/** recover_want - what is wanted of a GPU that goes back to the layout before, or forth. */
void recover_want(const struct recovery *r, int gpu, enum mig_recovered_way way,
		  struct mig_wanted *ret);

/** recover_is_news - was a name to be given that is not on record yet? */
bool recover_is_news(const struct recovery *r, const struct mig_change_name *name);

/** recover_keep - what came of it is put on record. Errors: as mig_record_write(). */
int recover_keep(struct recovery *r, struct mig_error *err) MIG_MUST_USE;

#endif
