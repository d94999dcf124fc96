/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step whose call failed, and was done all the same: a call that timed out was perhaps carried
 * out, and what was made and could not be looked at is there. As with a change that was cut short
 * the driver is believed about what there is. What another tool made at that very place just then
 * cannot be told from ours, here as there.
 */
#include "lib/device/machine.h"
#include "lib/manage/run.h"

static bool gpu_of(struct run *run, const struct mig_step *step, struct mig_nvml_gpu *ret)
{
	const unsigned index = (unsigned)run->snap->gpus[step->gpu].index;

	return mig_nvml_gpu_by_index(run->nvml, index, ret, NULL) == 0;
}

/* Its id becomes the step's. */
static bool gi_is_made(struct run *run, struct mig_step *step)
{
	const struct mig_gpu_type *type = run->snap->gpus[step->gpu].type;
	struct mig_nvml_gi gis[MIG_GIS_MAX];
	struct mig_nvml_gi_info info;
	struct mig_nvml_gpu gpu;
	int n;

	if (!type || step->profile < 0 || !gpu_of(run, step, &gpu))
		return false;
	n = mig_nvml_gi_list(run->nvml, gpu, type->profiles[step->profile].id, gis, MIG_GIS_MAX,
			     NULL);
	for (int i = 0; i < n; i++) {
		if (mig_nvml_gi_info(run->nvml, gis[i], &info, NULL) < 0 ||
		    (int)info.placement.start != step->start)
			continue;
		step->gi = info.id;
		return true;
	}
	return false;
}

/* The GI that a step is about, or is in. NOENT: the driver has none. */
static int find_gi(struct run *run, const struct mig_step *step, struct mig_nvml_gi *ret)
{
	struct mig_nvml_gpu gpu;

	if (step_gi(run, step) < 0 || !gpu_of(run, step, &gpu))
		return -MIG_E_NVML;
	return mig_nvml_gi_by_id(run->nvml, gpu, (unsigned)step_gi(run, step), ret, NULL);
}

static bool is_done_to(const struct run *run, const struct mig_step *like, int i,
		       enum mig_step_kind kind, enum step_state state, int ci)
{
	const struct mig_step *s = &run->change->steps[i];

	return s->gpu == like->gpu && s->kind == kind && s->ci == ci &&
	       run->states[i] == state && step_gi(run, s) == step_gi(run, like);
}

/* Did this compute instance stand before the step was begun? */
static bool stood(const struct run *run, const struct mig_step *step, int ci)
{
	const struct mig_gi *gi =
		mig_gpu_find_gi(&run->snap->gpus[step->gpu], step_gi(run, step));
	bool is_there = false;

	for (int k = 0; gi && k < gi->n_cis; k++)
		is_there |= gi->cis[k].id == ci;
	for (int i = 0; i < run->change->n_steps; i++) {
		if (is_done_to(run, step, i, MIG_STEP_CI_CREATE, STEP_DONE, ci) ||
		    is_done_to(run, step, i, MIG_STEP_CI_DESTROY, STEP_UNDONE, ci))
			return true;
		if (is_done_to(run, step, i, MIG_STEP_CI_DESTROY, STEP_DONE, ci))
			is_there = false;
	}
	return is_there;
}

static bool ci_is_made(struct run *run, struct mig_step *step)
{
	const struct mig_gpu_type *type = run->snap->gpus[step->gpu].type;
	const struct mig_profile *p =
		type && step->profile >= 0 ? &type->profiles[step->profile] : NULL;
	struct mig_nvml_ci_info info;
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;

	if (!p || step->ci_profile < 0 || find_gi(run, step, &gi) < 0)
		return false;
	for (unsigned id = 0; id < MIG_CIS_MAX; id++) {
		if (mig_nvml_ci_by_id(run->nvml, gi, id, &ci, NULL) < 0 ||
		    mig_nvml_ci_info(run->nvml, ci, &info, NULL) < 0 ||
		    info.profile_id != p->ci[step->ci_profile].id ||
		    (step->ci_start >= 0 && info.placement.size &&
		     (int)info.placement.start != step->ci_start) ||
		    stood(run, step, info.id))
			continue;
		step->ci = info.id;
		return true;
	}
	return false;
}

static bool ci_is_gone(struct run *run, const struct mig_step *step)
{
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;
	int rc = find_gi(run, step, &gi);

	if (rc == 0)
		rc = mig_nvml_ci_by_id(run->nvml, gi, (unsigned)step->ci, &ci, NULL);
	return rc == -MIG_E_NOENT;
}

static bool is_mode(struct run *run, const struct mig_step *step, unsigned mode)
{
	unsigned current, pending;
	struct mig_nvml_gpu gpu;

	return gpu_of(run, step, &gpu) &&
	       mig_nvml_mode(run->nvml, gpu, &current, &pending, NULL) == 0 && current == mode;
}

bool step_is_shown(struct run *run, struct mig_step *step, bool is_undo, int rc)
{
	const bool is_made = (step->kind == MIG_STEP_GI_CREATE ||
			      step->kind == MIG_STEP_CI_CREATE) != is_undo;
	struct mig_nvml_gi gi;

	/* Where there was no room, what stands there is somebody else's. */
	if (is_made && rc == -MIG_E_NOSPACE)
		return false;
	switch (step->kind) {
	case MIG_STEP_GI_CREATE:
	case MIG_STEP_GI_DESTROY:
		return is_made ? gi_is_made(run, step)
			       : find_gi(run, step, &gi) == -MIG_E_NOENT;
	case MIG_STEP_CI_CREATE:
	case MIG_STEP_CI_DESTROY:
		return is_made ? ci_is_made(run, step) : ci_is_gone(run, step);
	case MIG_STEP_MODE:
		return rc != -MIG_E_PENDING &&
		       is_mode(run, step,
			       is_undo ? run->snap->gpus[step->gpu].mode : step->mode);
	default:
		return false;
	}
}
