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
	int *gpu_of;    /* of the journal's GPUs, index into @now */
	struct mig_record record;
	bool is_recorded; /* what was done is on record: its writer was killed after that */
	struct mig_recovered *ret;
};

/** recover_look - the machine now, and as the journal has it, in the same terms. Errors: NOENT - a
 *  GPU of the change is not here; NVML, NOMEM. */
int recover_look(struct recovery *r, struct mig_error *err) MIG_MUST_USE;

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
