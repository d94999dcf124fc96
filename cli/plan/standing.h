/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_STANDING_H
#define CLI_PLAN_STANDING_H

#include "cli/plan/task.h"

/**
 * standing_read - what is known of the instances of the machine at hand: holders and names.
 * @ret_held, @ret_names: one for each GPU of @snap; written in any case; the caller frees them.
 */
int standing_read(struct cli *cli, const struct mig_snapshot *snap, uint16_t **ret_held,
		  struct task_names **ret_names, struct mig_error *err) MIG_MUST_USE;

#endif
