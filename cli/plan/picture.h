/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_PICTURE_H
#define CLI_PLAN_PICTURE_H

#include "cli/plan/seat.h"

/** plan_pictures - draw every GPU of a plan; of many, those alike once; of many kinds, layouts. */
void plan_pictures(const struct task *task, const struct seats *seats);

#endif
