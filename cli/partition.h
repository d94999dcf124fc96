/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to what is wanted of each GPU of a machine. */
#ifndef CLI_PARTITION_H
#define CLI_PARTITION_H

#include <mig/config.h>
#include <mig/device.h>

#include "cli/verb.h"

/* How a machine's GPUs shall be cut, as a partition file or a layout file says it. */
struct partition {
	struct mig_config *config;            /* the file, if it is a partition file, and */
	const struct mig_config_label *label; /* the config of it that was chosen */
	struct mig_layout_file *layout;       /* the file, if it is a layout file */
	struct mig_config_want *wants;        /* one for each GPU of the snapshot */
};

/** partition_read - read the file of --file, whatever its kind; partition_free() @p in any case. */
int partition_read(struct cli *cli, struct partition *p, struct mig_error *err) MIG_MUST_USE;

/** partition_select - what the file wants of the GPUs of @snap, into @p->wants. */
int partition_select(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err) MIG_MUST_USE;

void partition_free(struct partition *p);

/** partition_present - what stands on a GPU, as files are compared with it. */
struct mig_config_present partition_present(const struct mig_gpu *gpu);

/** partition_machine - the machine, as a layout file names it; borrows from @snap. */
struct mig_layout_machine partition_machine(const struct mig_snapshot *snap);

#endif
