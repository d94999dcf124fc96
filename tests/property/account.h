/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second, plain account of what one MIG GPU does, from published behaviour alone: the
 * instance ids are the nodes of a tree over the memory slots, one of which may have no
 * compute; engines are counted; the driver takes the id that leaves most. It shares no
 * code with sim/ or lib/, and does not know the catalog.
 *
 *	id 0                    all slots
 *	1, 2                    halves
 *	3, 4, 5, 6              quarters
 *	7 … 14                  eighths, on GPUs with eight slots
 *
 * Every call answers what NVML must answer and changes the account as NVML must.
 */
#ifndef PROPERTY_ACCOUNT_H
#define PROPERTY_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ACCOUNT_IDS = 15,
	ACCOUNT_PROFILES = 11, /* of a GPU, at most */
	ACCOUNT_KINDS = 5,     /* of compute instances in one GI, at most */
	ACCOUNT_CIS = 8,       /* in one GI, at most */
	ACCOUNT_ENGINES = 5,   /* copy engines, decoders, encoders, JPEG, OFA */
};

struct account_profile {
	int nvml_profile; /* NVML_GPU_INSTANCE_PROFILE_* */
	int id, slots, compute_slices;
	int engines[ACCOUNT_ENGINES];
};

/* What GPUs that are cut alike have in common. */
struct account_family {
	int slots;          /* of the tree: 8 or 4 */
	int units_per_slot; /* NVML's placement units */
	bool has_dead_slot; /* one slot has no compute; which, depends on the orientation */
	bool mode_survives_reboot;
	int n_profiles;
	struct account_profile profiles[ACCOUNT_PROFILES]; /* [0] spans the GPU */
};

extern const struct account_family family_a100, family_a30, family_h100, family_rtx;

struct account_ci {
	bool is_used;
	int kind, start;
	unsigned long serial; /* which creation made it */
};

struct account_gi {
	bool is_used;
	int profile; /* index into the family's */
	struct account_ci ci[ACCOUNT_CIS];
};

struct account {
	const struct account_family *family;
	bool is_mirrored, is_on;
	unsigned long n_made;              /* CIs, ever */
	struct account_gi gi[ACCOUNT_IDS]; /* by id */
	/* Bit i: a CI of that kind may begin at slice i. Not published for every kind: read
	 * from the driver before the first step. */
	unsigned ci_starts[ACCOUNT_PROFILES][ACCOUNT_KINDS];
};

/* A kind of CI in a profile, by increasing slices. */
struct account_kind {
	int nvml_profile, id, slices, size, max;
};

int account_kinds(const struct account_profile *p, struct account_kind kinds[ACCOUNT_KINDS]);

/** account_start - the placement start of an id in NVML's coordinates. */
int account_start(const struct account *a, int id);

/** account_size - the length of a profile's placement in NVML's units. */
int account_size(const struct account *a, int profile);

/** account_capacity - how many more of a profile fit now. */
int account_capacity(const struct account *a, int profile);

/** account_ever_starts - where a profile may begin on an empty GPU. */
unsigned account_ever_starts(const struct account *a, int profile);

/** account_gi_create - @start < 0: where the driver likes. Return: an NVML code. */
int account_gi_create(struct account *a, int profile, int start, int size, int *ret_id);
int account_gi_destroy(struct account *a, int id);

int account_ci_capacity(const struct account *a, int gi, int kind);
int account_ci_create(struct account *a, int gi, int kind, int start, int size, int *ret_id);
int account_ci_destroy(struct account *a, int gi, int id);

int account_set_mode(struct account *a, bool on);
void account_reset(struct account *a);
void account_reboot(struct account *a);

int account_n_gis(const struct account *a);
int account_n_cis(const struct account *a, int gi);

#endif
