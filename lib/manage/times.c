/* SPDX-License-Identifier: Apache-2.0 */
/* When the steps of a change begin and end, and for how long what is wanted is away. */
#include "lib/manage/change.h"

/* Is this a step at which a MIG device comes, or goes? A GPU instance is one itself when none of
 * its compute instances comes or goes with it. */
static bool is_of_device(const struct mig_change *change, int i, bool is_coming)
{
	const enum mig_step_kind ci = is_coming ? MIG_STEP_CI_CREATE : MIG_STEP_CI_DESTROY;
	const enum mig_step_kind gi = is_coming ? MIG_STEP_GI_CREATE : MIG_STEP_GI_DESTROY;

	if (change->steps[i].kind == ci)
		return true;
	for (int k = 0; k < change->n_steps; k++) {
		if (change->steps[k].owner == i)
			return false;
	}
	return change->steps[i].kind == gi;
}

static bool is_same_kind(const struct mig_step *a, const struct mig_step *b)
{
	const bool a_is_gi = a->kind == MIG_STEP_GI_CREATE || a->kind == MIG_STEP_GI_DESTROY;
	const bool b_is_gi = b->kind == MIG_STEP_GI_CREATE || b->kind == MIG_STEP_GI_DESTROY;

	return a->gpu == b->gpu && a->profile == b->profile && a_is_gi == b_is_gi &&
	       (a_is_gi || a->ci_profile == b->ci_profile) && a->profile >= 0;
}

int mig_change_again(const struct mig_change *change, int step)
{
	int before = 0; /* devices of this kind that come earlier */

	if (!is_of_device(change, step, true))
		return -1;
	for (int i = 0; i < step; i++)
		before += is_same_kind(&change->steps[i], &change->steps[step]) &&
			  is_of_device(change, i, true);
	for (int i = 0; i < change->n_steps; i++) {
		if (is_same_kind(&change->steps[i], &change->steps[step]) &&
		    is_of_device(change, i, false) && before-- == 0)
			return i;
	}
	return -1;
}
