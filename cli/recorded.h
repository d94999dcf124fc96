/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded layouts as what is wanted of a machine. */
#ifndef CLI_RECORDED_H
#define CLI_RECORDED_H

#include <mig/manage.h>
#include <mig/record.h>

#include "cli/verb.h"

/** recorded_find - the index of a recorded GPU in a snapshot, or -1. */
int recorded_find(const struct mig_snapshot *snap, const struct mig_record_gpu *rec);

/** recorded_want - what would bring a GPU back to what was recorded. Errors: NOENT. */
int recorded_want(const struct mig_gpu *gpu, const struct mig_record_gpu *rec,
		  struct mig_wanted *ret, struct mig_error *err) MIG_MUST_USE;

/** recorded_restore - the machine back to what is on record; the verb of its name. */
int recorded_restore(struct cli *cli, const struct mig_snapshot *snap,
		     struct mig_error *err) MIG_MUST_USE;

/** recorded_time - "2026-11-27 23:40:01 UTC" into @buf of 32 bytes; returns it. */
const char *recorded_time(int64_t time_s, char *buf, size_t len);

/**
 * recover_run - end a change that was cut short, one way or the other.
 * @ret:	mig_recovered_free() it.
 *
 * Errors: as mig_recover().
 */
int recover_run(struct cli *cli, const struct mig_snapshot *snap, enum mig_recover_way way,
		struct mig_recovered *ret, struct mig_error *err) MIG_MUST_USE;

#endif
