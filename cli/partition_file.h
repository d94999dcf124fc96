/* SPDX-License-Identifier: Apache-2.0 */
/* A partition file and the config of it that was chosen, or a layout file, and what it wants of
 * a machine. */
#ifndef CLI_PARTITION_FILE_H
#define CLI_PARTITION_FILE_H

#include <mig/config.h>
#include <mig/device.h>
#include <mig/manage.h>

/* Zero-initialised is empty. */
struct partition {
	struct mig_config *config; /* NULL, and the label with it, for a layout file */
	const struct mig_config_label *label;
	struct mig_layout_file *layout; /* NULL for a partition file */
	bool is_any_machine;           /* set by the caller: a layout file of another will do */
	struct mig_config_want *wants; /* one for each GPU of the snapshot */
};

/**
 * partition_read - read a file of either kind, and find the config in a partition file.
 * @path:	"-": standard input.
 * @label:	NULL or "": the only one; a layout file has none.
 */
int partition_read(struct partition *p, const char *path, const char *label,
		   struct mig_error *err) MIG_MUST_USE;
void partition_free(struct partition *p);

/** partition_gpus - the GPUs of a machine, as files ask for them; free() it. NULL: no memory.
 *  Borrows from @snap. */
struct mig_config_gpu *partition_gpus(const struct mig_snapshot *snap);

/** partition_machine - the machine, as a layout file names it. Borrows from @snap. */
struct mig_layout_machine partition_machine(const struct mig_snapshot *snap);

/** partition_select - what the file wants of each GPU of a machine, into @p->wants. */
int partition_select(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err) MIG_MUST_USE;

/** partition_wanted - the same as a change is made from, and select anew; @ret: one for each GPU. */
int partition_wanted(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_wanted *ret, struct mig_error *err) MIG_MUST_USE;

/** partition_present - what stands on a GPU, as files are compared with it. */
struct mig_config_present partition_present(const struct mig_gpu *gpu);

/** partition_wanted_text - "7x1g.10gb", "no instances" or "MIG off", into @buf. Returns it. */
const char *partition_wanted_text(const struct mig_config_want *want, char *buf, size_t size);

/** partition_present_text - the same of what stands; with starts where @want may have them. */
const char *partition_present_text(const struct mig_config_want *want,
				   const struct mig_gpu *gpu, char *buf, size_t size);

/** partition_hidden_difference - what these two texts do not show of a GPU that differs; or "". */
const char *partition_hidden_difference(const struct mig_config_want *want,
					const struct mig_gpu *gpu, const char *wanted,
					const char *has);

#endif
