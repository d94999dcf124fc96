/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANAGE_CHANGE_H
#define MANAGE_CHANGE_H

#include <mig/manage.h>

/** change_new - an empty change for a snapshot. Errors: NOMEM. */
int change_new(const struct mig_snapshot *snap, struct mig_change *ret,
	       struct mig_error *err) MIG_MUST_USE;

/** change_finish - hand @change over to @ret, or free it when making it failed. Return: @rc. */
int change_finish(struct mig_change *change, int rc, struct mig_change *ret);

/** change_add - one more step; its index, or -NOMEM. */
int change_add(struct mig_change *change, struct mig_step step, struct mig_error *err);

/**
 * change_add_ci_destroy - one CI of the GI that @step speaks of.
 *
 * The CIs of a GI go the highest id first: undone in reverse, each takes the lowest free id,
 * and has its own again.
 */
int change_add_ci_destroy(struct mig_change *change, struct mig_step step,
			  const struct mig_ci *ci, struct mig_error *err) MIG_MUST_USE;

/** change_add_gi_destroy - the CIs of a GI, then the GI. */
int change_add_gi_destroy(struct mig_change *change, const struct mig_gpu *gpu,
			  const struct mig_gi *gi, struct mig_error *err) MIG_MUST_USE;

/** change_add_want - a GI at @start, and the CIs wanted in it. Return: the index of its step,
 *  those of its CIs following; or an error. */
int change_add_want(struct mig_change *change, const struct mig_gpu *gpu,
		    const struct mig_want *want, int start, struct mig_error *err) MIG_MUST_USE;

/** change_add_name - one more name that an instance bears afterwards. Errors: NOMEM. */
int change_add_name(struct mig_change *change, struct mig_change_name name,
		    struct mig_error *err) MIG_MUST_USE;

/** change_check_gpu - may this GPU's instances be changed? Errors: UNSUPPORTED, PERM. */
int change_check_gpu(const struct mig_gpu *gpu, struct mig_error *err) MIG_MUST_USE;

/**
 * change_check_request - may this be made on this GPU? Whether it fits is asked elsewhere.
 *
 * Errors: as change_check_gpu(); INVAL - a profile that the GPU has not; NOSPACE - the CIs of
 * one item do not fit into its GI.
 */
int change_check_request(const struct mig_gpu *gpu, const struct mig_request *request,
			 struct mig_error *err) MIG_MUST_USE;

/**
 * ci_starts_needed - where the CIs of a new GI begin, or -1 for all of them where the driver,
 * making one after the other, ends with as good a way of its own.
 *
 * The CIs of @want fit, by change_check_request().
 */
void ci_starts_needed(const struct mig_profile *gi, const struct mig_want *want,
		      int *ret_starts);

/*
 * What a standing thing is worth for something wanted: one that is held outweighs all names,
 * a name that is wanted all MIG devices, and these all GPU instances that merely stay. Last,
 * of two that are alike one whose name nobody wants now is left alone.
 */
#define WORTH_OTHER_NAME INT64_C(1)
#define WORTH_GI         (WORTH_OTHER_NAME << 7)
#define WORTH_DEVICE     (WORTH_GI << 4)
#define WORTH_NAME       (WORTH_DEVICE << 7)
#define WORTH_HELD       (WORTH_NAME << 7)

enum { MATCH_HAVE_MAX = 8, MATCH_WANT_MAX = MIG_UNITS_MAX };

/* Which of what stands serves what is wanted: GIs of a GPU, or CIs of a GI. */
struct matching {
	int n_have, n_want;
	int64_t worth[MATCH_HAVE_MAX][MATCH_WANT_MAX]; /* of have for want; -1: cannot serve */
	int like[MATCH_WANT_MAX]; /* two wants with the same number take the same room */
	/* Do the wants that nothing serves fit beside what stays? */
	bool (*rest_fits)(const struct matching *m, const void *arg);
	const void *arg;
	int serves[MATCH_HAVE_MAX]; /* the want served, or -1: it goes */
};

/**
 * match_best - find m->serves of the most worth. To keep nothing must be a way.
 * Return: the worth.
 */
int64_t match_best(struct matching *m);

/** match_left - the wants that nothing serves, bit w for want w. */
unsigned match_left(const struct matching *m);

/* What is known beyond the snapshot of the instances of one GPU. */
struct known {
	const struct mig_gpu *gpu;
	const struct mig_change_hints *hints; /* never NULL */
	const struct mig_want_names *wanted;
};

/** known_is_held - is a GI (@ci -1), or a CI of it, held? Indices. */
bool known_is_held(const struct known *known, int gi, int ci);

/** known_name - the name of a CI that stands, or NULL. */
const char *known_name(const struct known *known, int gi, int ci);

/** known_wanted_name - the name that is wanted for CI @ci of want @want, or NULL. */
const char *known_wanted_name(const struct known *known, int want, int ci);

/** known_is_name_wanted - does some want ask for that name? */
bool known_is_name_wanted(const struct known *known, const char *name);

/* How the CIs of one GI become those that a want asks for. */
struct ci_match {
	int64_t worth;
	int serves
		[MIG_CIS_MAX]; /* the want's CI that each of the GI's serves, or -1: it goes */
	int n_kept;
	unsigned make;                  /* bit k: CI k of the want is to be made */
	int start[MIG_CI_PROFILES_MAX]; /* where; -1: the driver chooses */
};

/** ci_match_best - the way that keeps what is worth most. @gi, @want: indices; the GI's
 *  profile is the want's. */
struct ci_match ci_match_best(const struct known *known, int gi, const struct mig_request *req,
			      int want);

#endif
