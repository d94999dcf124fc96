/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk: one simulated GPU, asked through NVML, and the account of it.
 */
#ifndef PROPERTY_WALK_H
#define PROPERTY_WALK_H

#include "tests/door.h"
#include "tests/property/account.h"

enum op {
	CREATE,
	CREATE_AT,
	DESTROY,
	CI_CREATE,
	CI_CREATE_AT,
	CI_DESTROY,
	MODE,
	RESET,
	REBOOT,
	OPS
};
enum { CODES = 32, INDICES = 8 };

struct mig_index {
	unsigned long serial; /* of the CI; 0: a hole */
	int gi, ci;
};

struct walk {
	struct account acc;
	struct mig_index index[INDICES];
	nvmlDevice_t device;
	const char *machine;
	uint64_t seed;
	unsigned long counts[OPS][CODES];
};

/** profile_of - the account's profile of that index. */
static inline const struct account_profile *profile_of(const struct walk *w, int profile)
{
	return &w->acc.family->profiles[profile];
}

/** capacities_agree - is what remains of every profile what the account says? */
void capacities_agree(const struct walk *w);

/** listings_agree - and the mode, every GI, every CI, every index of a MIG device? */
void listings_agree(struct walk *w);

#endif
