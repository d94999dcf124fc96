/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four ways in which GPUs without gaps in the catalog are cut.
 * Source: nvidia-smi mig -lgip on A100, A30, H100 and RTX PRO 6000 (drivers 535 to 580).
 */
#include "tests/property/account.h"

/* NVML number, id, slots, compute slices, {copy engines, decoders, encoders, JPEG, OFA} */
const struct account_family family_a100 = {
	.slots = 8, .units_per_slot = 1, .has_dead_slot = true, .mode_survives_reboot = true,
	.n_profiles = 7,
	.profiles = {
		{ 4, 0, 8, 7, { 7, 5, 0, 1, 1 } },
		{ 3, 5, 4, 4, { 4, 2, 0, 0, 0 } },
		{ 2, 9, 4, 3, { 3, 2, 0, 0, 0 } },
		{ 1, 14, 2, 2, { 2, 1, 0, 0, 0 } },
		{ 9, 15, 2, 1, { 1, 1, 0, 0, 0 } },
		{ 0, 19, 1, 1, { 1, 0, 0, 0, 0 } },
		{ 7, 20, 1, 1, { 1, 1, 0, 1, 1 } },
	},
};

const struct account_family family_a30 = {
	.slots = 4, .units_per_slot = 1, .mode_survives_reboot = true,
	.n_profiles = 5,
	.profiles = {
		{ 3, 0, 4, 4, { 4, 4, 0, 1, 1 } },
		{ 1, 5, 2, 2, { 2, 2, 0, 0, 0 } },
		{ 8, 6, 2, 2, { 2, 2, 0, 1, 1 } },
		{ 0, 14, 1, 1, { 1, 1, 0, 0, 0 } },
		{ 7, 21, 1, 1, { 1, 1, 0, 1, 1 } },
	},
};

const struct account_family family_h100 = {
	.slots = 8, .units_per_slot = 1, .has_dead_slot = true,
	.n_profiles = 7,
	.profiles = {
		{ 4, 0, 8, 7, { 8, 7, 0, 7, 1 } },
		{ 3, 5, 4, 4, { 4, 4, 0, 4, 0 } },
		{ 2, 9, 4, 3, { 3, 3, 0, 3, 0 } },
		{ 1, 14, 2, 2, { 2, 2, 0, 2, 0 } },
		{ 9, 15, 2, 1, { 1, 1, 0, 1, 0 } },
		{ 0, 19, 1, 1, { 1, 1, 0, 1, 0 } },
		{ 7, 20, 1, 1, { 1, 1, 0, 1, 1 } },
	},
};

const struct account_family family_rtx = {
	.slots = 4, .units_per_slot = 3,
	.n_profiles = 11,
	.profiles = {
		{ 3, 0, 4, 4, { 4, 4, 4, 4, 1 } },
		{ 12, 32, 4, 4, { 4, 4, 4, 4, 1 } },
		{ 1, 5, 2, 2, { 2, 2, 2, 2, 0 } },
		{ 11, 35, 2, 2, { 2, 2, 2, 2, 0 } },
		{ 16, 64, 2, 2, { 2, 4, 4, 4, 1 } },
		{ 14, 66, 2, 2, { 2, 0, 0, 0, 0 } },
		{ 0, 14, 1, 1, { 1, 1, 1, 1, 0 } },
		{ 7, 21, 1, 1, { 1, 1, 1, 1, 1 } },
		{ 10, 47, 1, 1, { 1, 1, 1, 1, 0 } },
		{ 15, 65, 1, 1, { 1, 4, 4, 4, 1 } },
		{ 13, 67, 1, 1, { 1, 0, 0, 0, 0 } },
	},
};
