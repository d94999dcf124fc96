/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What depends on the driver's version: one table. Which symbols a driver has is the column
 * `since` of abi/nvml.def; everything else stands in version.c.
 */
#ifndef SIM_VERSION_H
#define SIM_VERSION_H

#include <stdbool.h>

struct sim_version {
	unsigned branch, minor, patch; /* 580.126.09 */
};

enum sim_feature {
	SIM_UUID_V5,         /* MIG-<uuid> instead of MIG-GPU-<uuid>/gi/ci */
	SIM_MIX_4G_3G,       /* 4g and 3g instances on one GPU */
	SIM_ASK_MODE_OFF,    /* profiles, placements and capacity are told with MIG off */
	SIM_PROFILE_V3,      /* version 3 of the profile structs */
	SIM_FI_RESETLESS,    /* field 184 */
	SIM_FI_ASK_MODE_OFF, /* field 199 */
	SIM_TEXTS_28_29,     /* nvmlErrorString knows 28 and 29 */
	SIM_FEATURES,
};

/** sim_version_parse - "580.126.09" or "470.57"; branch 450 or later, when MIG began. */
bool sim_version_parse(const char *text, struct sim_version *ret);

/** sim_version_has - does a driver have a feature? */
bool sim_version_has(const struct sim_version *driver, enum sim_feature feature);

/** sim_version_gi_profiles - NVML's profile numbers 0 … n-1 are known to a driver. */
unsigned sim_version_gi_profiles(const struct sim_version *driver);
unsigned sim_version_ci_profiles(const struct sim_version *driver);

/** sim_version_cuda - the CUDA version of a driver, 1000 * major + 10 * minor. */
int sim_version_cuda(const struct sim_version *driver);

#endif
