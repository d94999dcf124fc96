/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_SVG_H
#define CLI_PLAN_SVG_H

#include "cli/plan/seat.h"

/** svg_write - a plan as a picture for a browser. Errors: IO, NOMEM. */
int svg_write(const struct task *task, const struct mig_plan *plan, const struct seats *seats,
	      const char *path, struct mig_error *err) MIG_MUST_USE;

#endif
