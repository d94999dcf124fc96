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

/* How long a step takes by itself; MIG_UNKNOWN: nobody knows. */
static int64_t step_ms(const struct mig_gpu *gpu, const struct mig_timing *timing,
		       const struct mig_step *step)
{
	switch (step->kind) {
	case MIG_STEP_GI_CREATE:
		return mig_timing_create_ms(timing,
					    gpu->type->profiles[step->profile].compute_slices);
	case MIG_STEP_GI_DESTROY:
		return timing->destroy_ms;
	case MIG_STEP_MODE:
		return timing->switch_ms;
	case MIG_STEP_CI_CREATE:
	case MIG_STEP_CI_DESTROY:
		return step->owner >= 0 ? 0 : MIG_UNKNOWN;
	default:
		return MIG_UNKNOWN;
	}
}

static int gpu_times(const struct mig_gpu *gpu, const struct mig_change *change,
		     struct mig_step_time *ret, struct mig_error *err)
{
	struct mig_timing timing;
	double now_s = 0;
	int rc = mig_timing_find(gpu->type ? gpu->type->key : gpu->name, &timing, err);

	for (int i = 0; rc == 0 && i < change->n_steps; i++) {
		const struct mig_step *step = &change->steps[i];
		int64_t ms;

		if (step->gpu != gpu->index)
			continue;
		ms = step_ms(gpu, &timing, step);
		ret[i] = (struct mig_step_time){ .begin_s = now_s,
						 .is_known = ms != MIG_UNKNOWN };
		now_s += ret[i].is_known ? (double)ms / 1000 : 0;
		ret[i].end_s = now_s;
	}
	return rc;
}

int mig_change_times(const struct mig_snapshot *snap, const struct mig_change *change,
		     struct mig_step_time *ret, struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		rc = gpu_times(&snap->gpus[i], change, ret, err);
	return rc;
}

double mig_change_away_s(const struct mig_change *change, const struct mig_step_time *times,
			 int step)
{
	const int again = mig_change_again(change, step);
	const double s = again < 0 ? 0 : times[step].end_s - times[again].begin_s;

	return s > 0 ? s : 0;
}
