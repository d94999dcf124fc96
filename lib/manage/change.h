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

/** change_add_want - a GI at @start, and the CIs wanted in it. */
int change_add_want(struct mig_change *change, const struct mig_gpu *gpu,
		    const struct mig_want *want, int start, struct mig_error *err) MIG_MUST_USE;

/** change_check_gpu - may this GPU be changed? Errors: NVML - it is_lost; UNSUPPORTED, PERM. */
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
 * @cis fit, by change_check_request().
 */
void ci_starts_needed(const struct mig_profile *gi, const uint8_t *cis, int n, int *ret_starts);

/* How the CIs of one GI become those that a want asks for. */
struct ci_match {
	unsigned keep; /* bit i: the GI's cis[i] stays */
	int n_kept;
	int n_make;                        /* CIs to make, and */
	uint8_t make[MIG_CI_PROFILES_MAX]; /* their profiles, in order */
	int start[MIG_CI_PROFILES_MAX];    /* and starts; -1: the driver chooses */
};

/** ci_match_best - the way that keeps the most of the GI's CIs. */
struct ci_match ci_match_best(const struct mig_profile *profile, const struct mig_gi *gi,
			      const struct mig_want *want);

#endif
