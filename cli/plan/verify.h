/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_VERIFY_H
#define CLI_PLAN_VERIFY_H

#include "cli/verb.h"

/**
 * plan_verify - check a plan that --json printed, and say what is proved.
 *
 * Errors: as mig_verify(); with --json what is wrong stands in the document too.
 */
int plan_verify(struct cli *cli, const char *path, struct mig_error *err) MIG_MUST_USE;

#endif
