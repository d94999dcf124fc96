/* SPDX-License-Identifier: Apache-2.0 */
/* How one GPU serves a request: which GPU instances stay, for what, and where the rest goes. */
#ifndef MANAGE_SERVING_H
#define MANAGE_SERVING_H

#include "lib/manage/change.h"

struct serving {
	struct known known;
	const struct mig_request *request;
	struct matching gis;                                 /* GIs of the GPU, and wants */
	struct ci_match cis[MATCH_HAVE_MAX][MATCH_WANT_MAX]; /* where gis.worth is not -1 */
	int starts[MIG_UNITS_MAX]; /* of the wants that no GI serves */
};

/**
 * serving_make - the best way, by the order of mig_change_make().
 * @serving:	known and request are the caller's; the rest is filled.
 *
 * Errors: NOSPACE - the request fits no empty GPU.
 */
int serving_make(struct serving *serving, struct mig_error *err) MIG_MUST_USE;

/** serving_steps - append the steps of a serving to a change, and count what they do. */
int serving_steps(struct mig_change *change, const struct serving *serving,
		  struct mig_error *err) MIG_MUST_USE;

#endif
