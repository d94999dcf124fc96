/* SPDX-License-Identifier: Apache-2.0 */
/* How one GPU serves a request: which GPU instances stay, for what, and where the rest goes. */
#ifndef MANAGE_PLAN_H
#define MANAGE_PLAN_H

#include "lib/manage/change.h"

struct plan {
	struct known known;
	const struct mig_request *request;
	struct matching gis;                                 /* GIs of the GPU, and wants */
	struct ci_match cis[MATCH_HAVE_MAX][MATCH_WANT_MAX]; /* where gis.worth is not -1 */
	int starts[MIG_UNITS_MAX]; /* of the wants that no GI serves */
};

/**
 * plan_make - the best way, by the order of mig_change_make().
 * @plan:	known and request are the caller's; the rest is filled.
 *
 * Errors: NOSPACE - the request fits no empty GPU.
 */
int plan_make(struct plan *plan, struct mig_error *err) MIG_MUST_USE;

/** plan_steps - append the steps of a plan to a change, and count what they do. */
int plan_steps(struct mig_change *change, const struct plan *plan,
	       struct mig_error *err) MIG_MUST_USE;

#endif
