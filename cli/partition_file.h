/* SPDX-License-Identifier: Apache-2.0 */
/* A partition file, the config of it that was chosen, and what it wants of a machine. */
#ifndef CLI_PARTITION_FILE_H
#define CLI_PARTITION_FILE_H

#include <mig/config.h>
#include <mig/device.h>
#include <mig/manage.h>

/* Zero-initialised is empty. */
struct partition {
	struct mig_config *config;
	const struct mig_config_label *label;
	struct mig_config_want *wants; /* one for each GPU of the snapshot */
};

/**
 * partition_read - read a file and find the config in it.
 * @path:	"-": standard input.
 * @label:	NULL or "": the only one.
 */
int partition_read(struct partition *p, const char *path, const char *label,
		   struct mig_error *err) MIG_MUST_USE;
void partition_free(struct partition *p);

/** partition_gpus - the GPUs of a machine, as configs ask for them; free() it. NULL: no memory. */
struct mig_config_gpu *partition_gpus(const struct mig_snapshot *snap);

/** partition_select - what the config wants of each GPU of a machine, into @p->wants. */
int partition_select(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err) MIG_MUST_USE;

/** partition_wanted - the same as a change is made from, and select anew; @ret: one for each GPU. */
int partition_wanted(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_wanted *ret, struct mig_error *err) MIG_MUST_USE;

/** partition_present - what stands on a GPU, as partition files are compared with it. */
struct mig_config_present partition_present(const struct mig_gpu *gpu);

/** partition_wanted_text - "7x1g.10gb", "no instances" or "MIG off", into @buf. Returns it. */
const char *partition_wanted_text(const struct mig_config_want *want, char *buf, size_t size);

/** partition_present_text - the same of what stands. */
const char *partition_present_text(const struct mig_gpu *gpu, char *buf, size_t size);

#endif
