/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_MACHINE_H
#define DEVICE_MACHINE_H

#include <mig/device.h>

#include "lib/nvml/nvml.h"

struct mig_machine {
	struct mig_nvml *nvml;
	struct mig_catalog *catalog; /* borrowed, or NULL */
	bool is_brief;               /* see struct mig_machine_options */
	char root[4096];             /* likewise; "": the system's own files */
};

/** mig_machine_nvml - the door of an open machine; manage changes the driver through it. */
struct mig_nvml *mig_machine_nvml(struct mig_machine *machine);

/**
 * device_type_read - what the driver says of a GPU's profiles, completed from the catalog.
 * @ret:	worth something on success only.
 *
 * Errors: UNSUPPORTED - neither the driver nor the catalog knows how this GPU is cut.
 */
int device_type_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		     const struct mig_gpu *gpu, struct mig_gpu_type *ret,
		     struct mig_error *err) MIG_MUST_USE;

/** device_is_unanswered - is @rc that of a driver that could not answer? Otherwise it has no answer: it
 *  is too old for it, we may not ask, or what was asked about went between two calls, and the
 *  next look will tell. What could not be read must never be taken for what is not there. */
bool device_is_unanswered(int rc);

/** device_cis_read - the CI profiles of @p as the driver tells them of GPU instance @gi_id, which
 *  has that profile; @p is unchanged if it does not. */
void device_cis_read(struct mig_machine *machine, struct mig_nvml_gpu handle, int gi_id,
		     struct mig_profile *p);

/**
 * device_gis_read - fill @gpu's instances from the driver.
 *
 * Errors: PERM - this caller may not list GPU instances.
 */
int device_gis_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		    struct mig_gpu *gpu, struct mig_error *err) MIG_MUST_USE;

/** device_migs_read - fill in what MIG devices tell: UUIDs, indices, memory; or, for a GPU that
 *  is_partial, the instances themselves. @type: the one of @gpu, for CI profiles that stand
 *  there and that it lacks; NULL if nobody knows its profiles. */
int device_migs_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		     struct mig_gpu *gpu, struct mig_gpu_type *type,
		     struct mig_error *err) MIG_MUST_USE;

/** device_cis_index - once every GPU was read, and the types with them, turn what
 *  device_migs_read() left as the profile of a CI, its compute slices, into an index. */
void device_cis_index(struct mig_gpu *gpu);

#endif
