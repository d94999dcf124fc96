/* SPDX-License-Identifier: Apache-2.0 */
/* From the machine as it is to a plan: the steps, and how long they will take. */
#ifndef CLI_PLAN_MIGRATE_H
#define CLI_PLAN_MIGRATE_H

#include <jansson.h>

#include "cli/verb.h"
#include "cli/plan/seat.h"

/** migrate_print - the steps in words, with moves and predicted seconds. */
int migrate_print(struct cli *cli, const struct task *task, const struct mig_plan *plan,
		  const struct seats *seats, struct mig_error *err) MIG_MUST_USE;

/** migrate_json - the same into "migration" of a document. */
int migrate_json(struct cli *cli, json_t *doc, const struct task *task,
		 const struct mig_plan *plan, const struct seats *seats,
		 struct mig_error *err) MIG_MUST_USE;

#endif
