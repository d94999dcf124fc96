/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as files that apply takes: layout files, and partition files in mig-parted's format. */
#ifndef CLI_PLAN_FILES_H
#define CLI_PLAN_FILES_H

#include "cli/plan/seat.h"

/**
 * files_layout - write the plan as a layout file.
 * @path:	where the plan has several nodes, a folder that is there: each node's file in it is
 *		called NODE.yaml.
 */
int files_layout(const struct task *task, const struct seats *seats, const char *path,
		 struct mig_error *err) MIG_MUST_USE;

/** files_partitions - write it as a partition file: one label for each node. */
int files_partitions(const struct task *task, const struct seats *seats, const char *path,
		     struct mig_error *err) MIG_MUST_USE;

#endif
