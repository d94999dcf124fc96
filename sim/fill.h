/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FILL_H
#define SIM_FILL_H

#include "sim/image.h"

/**
 * sim_fill - the unchanging part of a machine's image, from what it is to be.
 * @ret:	zeroed before; contents are undefined after a failure.
 *
 * Errors: INVAL (name, driver version, an orientation that the type does not have),
 * UNSUPPORTED (a type has gaps, or no driver of this version drives it), IO (no random
 * numbers for the machine's id).
 */
int sim_fill(const char *name, const struct sim_options *opt, struct sim_fixed *ret,
	     struct mig_error *err) MIG_MUST_USE;

/** sim_fill_has_orientations - is there mirrored silicon of that type? */
bool sim_fill_has_orientations(const struct mig_gpu_type *type);

#endif
