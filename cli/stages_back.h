/* SPDX-License-Identifier: Apache-2.0 */
/* A change in stages whose later stage failed: the earlier ones are taken back. */
#ifndef CLI_STAGES_BACK_H
#define CLI_STAGES_BACK_H

#include "cli/stages.h"

struct stages_run {
	struct cli *cli;
	const struct stages *stages;
	const struct mig_snapshot *before; /* as it was when we came */
	bool has_switches, has_instances;  /* that differ */
	bool is_switched;                  /* the stage of the modes was begun */
	bool is_part;                      /* and the record knows it as part of what follows */
	bool is_cutting;                   /* the stage of the instances was begun */
	bool is_taken_back;                /* stages_back() was called */
	char back[256];                    /* the GPUs whose modes were switched back: "0, 3" */
	struct mig_named *named;           /* the names that stood */
	int n_named;
	struct mig_error *err;
};

enum stages_part {
	PART_ALL,
	PART_MODES,   /* every mode; instances go where MIG goes off */
	PART_MODES_ON /* MIG on where it is wanted on */
};

/** stages_wanted - what is wanted of each GPU of @snap, or a part of it. */
int stages_wanted(const struct stages *s, const struct mig_snapshot *snap,
		  enum stages_part part, struct mig_wanted *ret,
		  struct mig_error *err) MIG_MUST_USE;

/** stages_back - GPUs whose modes were switched become what they were. Return: @rc, its error
 *  with what came of that. */
int stages_back(struct stages_run *r, int rc) MIG_MUST_USE;

#endif
