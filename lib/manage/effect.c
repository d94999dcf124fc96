/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a step that failed took effect all the same. A driver that answers "timeout" or "unknown
 * error" may have done what it was asked for, or do so still; only what stands tells.
 */
#include "lib/device/machine.h"
#include "lib/manage/run.h"

/* Where there was no room, what stands there is somebody else's. Otherwise another tool that made the
 * same at that very place just then cannot be told from us. */
static bool is_refusal(int rc)
{
	return rc == -MIG_E_NOSPACE;
}

static bool is_gone(struct run *run, const struct mig_step *step, bool is_ci)
{
	struct mig_nvml_gpu gpu;
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;
	int rc = mig_nvml_gpu_by_index(run->nvml, (unsigned)run->snap->gpus[step->gpu].index,
				       &gpu, NULL);

	if (rc < 0)
		return false;
	rc = mig_nvml_gi_by_id(run->nvml, gpu, (unsigned)step_gi(run, step), &gi, NULL);
	if (rc == 0 && is_ci)
		rc = mig_nvml_ci_by_id(run->nvml, gi, (unsigned)step->ci, &ci, NULL);
	return rc == -MIG_E_NOENT;
}

/* Was this compute instance there before, or is it another step's? */
static bool is_known_ci(const struct run *run, const struct mig_step *step, int gi, int ci)
{
	const struct mig_gpu *was = &run->snap->gpus[step->gpu];

	for (int i = 0; i < run->change->n_steps; i++) {
		const struct mig_step *s = &run->change->steps[i];

		if (s != step && s->gpu == step->gpu && s->kind == MIG_STEP_CI_CREATE &&
		    run->states[i] == STEP_DONE && step_gi(run, s) == gi && s->ci == ci)
			return true;
	}
	/* Of what went the id is free again. */
	for (int i = 0; i < run->change->n_steps; i++) {
		const struct mig_step *s = &run->change->steps[i];

		if (s->gpu == step->gpu && s->kind == MIG_STEP_CI_DESTROY && s->ci == ci &&
		    step_gi(run, s) == gi && (s == step || run->states[i] == STEP_DONE))
			return false;
	}
	for (int i = 0; i < was->n_gis; i++) {
		for (int k = 0; was->gis[i].id == gi && k < was->gis[i].n_cis; k++) {
			if (was->gis[i].cis[k].id == ci)
				return true;
		}
	}
	return false;
}

/* The types of two snapshots may differ: an old driver tells more while MIG is on. */
static bool is_profile(const struct run *run, const struct mig_step *step,
		       const struct mig_gpu *now, int profile)
{
	const struct mig_gpu_type *type = run->snap->gpus[step->gpu].type;

	return type && now->type && profile >= 0 && step->profile >= 0 &&
	       type->profiles[step->profile].id == now->type->profiles[profile].id;
}

static bool find_gi(const struct run *run, const struct mig_gpu *now, struct mig_step *step)
{
	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *gi = &now->gis[i];

		if (gi->start == step->start && is_profile(run, step, now, gi->profile)) {
			step->gi = gi->id;
			return true;
		}
	}
	return false;
}

static bool find_ci(const struct run *run, const struct mig_gpu *now, struct mig_step *step)
{
	const int id = step_gi(run, step);

	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *gi = &now->gis[i];

		for (int k = 0; gi->id == id && k < gi->n_cis; k++) {
			const struct mig_ci *ci = &gi->cis[k];

			if (ci->profile != step->ci_profile ||
			    (step->ci_start >= 0 && ci->start != step->ci_start) ||
			    is_known_ci(run, step, id, ci->id))
				continue;
			step->ci = ci->id;
			return true;
		}
	}
	return false;
}

/* Something stands now that the step was to make; it has its id then. */
static bool is_there(struct run *run, struct mig_step *step, bool is_ci)
{
	struct mig_snapshot now;
	bool is_found = false;

	/* The driver made something, if not what it was asked for. */
	if (!is_ci && step->gi >= 0)
		return true;
	if (mig_snapshot_take(run->machine, &now, NULL) < 0)
		return false;
	if (step->gpu < now.n_gpus)
		is_found = is_ci ? find_ci(run, &now.gpus[step->gpu], step)
				 : find_gi(run, &now.gpus[step->gpu], step);
	mig_snapshot_free(&now);
	return is_found;
}

/* A switch that waits for a reset is an answer, and no effect. */
static bool is_mode(struct run *run, const struct mig_step *step, unsigned mode, int why)
{
	unsigned current, pending;
	struct mig_nvml_gpu gpu;
	int rc = mig_nvml_gpu_by_index(run->nvml, (unsigned)run->snap->gpus[step->gpu].index,
				       &gpu, NULL);

	if (rc == 0)
		rc = mig_nvml_mode(run->nvml, gpu, &current, &pending, NULL);
	return rc == 0 && (current == mode || (pending == mode && why != -MIG_E_PENDING)) &&
	       run->snap->gpus[step->gpu].mode != step->mode;
}

bool step_took_effect(struct run *run, struct mig_step *step, bool is_undo, int rc)
{
	switch (step->kind) {
	case MIG_STEP_CI_DESTROY:
	case MIG_STEP_CI_CREATE:
		return (step->kind == MIG_STEP_CI_DESTROY) != is_undo
			       ? is_gone(run, step, true)
			       : !is_refusal(rc) && is_there(run, step, true);
	case MIG_STEP_GI_DESTROY:
	case MIG_STEP_GI_CREATE:
		return (step->kind == MIG_STEP_GI_DESTROY) != is_undo
			       ? is_gone(run, step, false)
			       : !is_refusal(rc) && is_there(run, step, false);
	case MIG_STEP_MODE:
		return is_mode(run, step,
			       is_undo ? run->snap->gpus[step->gpu].mode : step->mode, rc);
	case MIG_STEP_RESET:
		break;
	}
	return false;
}
