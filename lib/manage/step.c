/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a change. Every call that changes the driver is here, behind step_perform();
 * there is no second path.
 */
#include <stdlib.h>
#include <time.h>

#include "lib/device/machine.h"
#include "lib/manage/run.h"
#include "shared/cleanup.h"

enum { RETRY_FIRST_MS = 10, RETRY_TOTAL_MS = 2000 };

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0)
		;
}

static int gpu_handle(struct run *run, const struct mig_step *step, struct mig_nvml_gpu *ret,
		      struct mig_error *err)
{
	return mig_nvml_gpu_by_index(run->nvml, (unsigned)run->snap->gpus[step->gpu].index, ret,
				     err);
}

int step_gi(const struct run *run, const struct mig_step *step)
{
	return step->owner >= 0 ? run->change->steps[step->owner].gi : step->gi;
}

static int gi_handle(struct run *run, const struct mig_step *step, struct mig_nvml_gi *ret,
		     struct mig_error *err)
{
	struct mig_nvml_gpu gpu;
	int rc = gpu_handle(run, step, &gpu, err);

	return rc < 0 ? rc
		      : mig_nvml_gi_by_id(run->nvml, gpu, (unsigned)step_gi(run, step), ret,
					  err);
}

/* NULL: a GPU instance of a profile that nobody described; it can go, but not come back. */
static const struct mig_profile *profile_of(const struct run *run, const struct mig_step *step)
{
	const struct mig_gpu_type *type = run->snap->gpus[step->gpu].type;

	return type && step->profile >= 0 ? &type->profiles[step->profile] : NULL;
}

static int no_profile(struct mig_error *err)
{
	return mig_fail(err, MIG_E_UNSUPPORTED,
			"its profile is not known, so it cannot be made again");
}

/* --- GPU instances ---------------------------------------------------------------- */

/* What the driver made may not be what was asked for; then it is to go again. */
static int check_gi(struct run *run, struct mig_step *step, const struct mig_profile *p,
		    struct mig_nvml_gi gi, struct mig_error *err)
{
	struct mig_nvml_gi_info info;
	int rc = mig_nvml_gi_info(run->nvml, gi, &info, err);

	if (rc < 0)
		return rc;
	step->gi = info.id;
	if (info.profile_id == p->id && (int)info.placement.start == step->start)
		return 0;
	return mig_fail(err, MIG_E_NVML,
			"the driver made profile %d at %u instead of profile %d at %d",
			info.profile_id, info.placement.start, p->id, step->start);
}

static int gi_create(struct run *run, struct mig_step *step, struct mig_error *err)
{
	const struct mig_profile *p = profile_of(run, step);
	struct mig_nvml_gpu gpu;
	struct mig_nvml_gi gi;
	int rc;

	step->gi = -1; /* the id that it had may be another's by now */
	if (!p)
		return no_profile(err);
	rc = gpu_handle(run, step, &gpu, err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_gi_create(run->nvml, gpu, p->id, (unsigned)step->start, (unsigned)p->size,
				&gi, err);
	return rc < 0 ? rc : check_gi(run, step, p, gi, err);
}

/* Is the GI that a step names still there? */
static bool gi_exists(struct run *run, const struct mig_step *step)
{
	struct mig_nvml_gi gi;

	return gi_handle(run, step, &gi, NULL) == 0;
}

/* BUSY: this holds a GI that the driver says is in use. 0: nothing that the driver tells of. */
static int find_use(struct run *run, const struct mig_step *step, struct mig_nvml_gi gi,
		    struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[step->gpu];
	struct mig_nvml_ci ci;
	int rc = mig_check_free(run->machine, gpu, step_gi(run, step), -1, run->opt->who, err);

	if (rc == -MIG_E_BUSY)
		return rc;
	for (unsigned i = 0; i < MIG_CIS_MAX; i++) {
		if (mig_nvml_ci_by_id(run->nvml, gi, i, &ci, NULL) == 0)
			return mig_fail(err, MIG_E_BUSY,
					"compute instance %u is in it: another tool made it "
					"meanwhile",
					i);
	}
	return 0;
}

/*
 * Just after its last compute instance went the driver may answer "in use" for a while,
 * with nobody there (go-nvml issue 146; the FAR scheduler's authors retry likewise).
 */
static int gi_destroy(struct run *run, struct mig_step *step, struct mig_error *err)
{
	struct mig_nvml_gi gi;
	int rc = gi_handle(run, step, &gi, err);

	if (rc < 0)
		return rc;
	rc = mig_nvml_gi_destroy(run->nvml, gi, err);
	for (long ms = RETRY_FIRST_MS, slept = 0; rc == -MIG_E_BUSY && slept < RETRY_TOTAL_MS;
	     slept += ms, ms *= 2) {
		if (find_use(run, step, gi, err) == -MIG_E_BUSY)
			return rc;
		sleep_ms(ms < RETRY_TOTAL_MS - slept ? ms : RETRY_TOTAL_MS - slept);
		rc = mig_nvml_gi_destroy(run->nvml, gi, err);
	}
	if (rc == -MIG_E_BUSY)
		return mig_hint(
			err, rc,
			"no process is on it, and it stayed so for %d seconds: a container "
			"or monitoring agent may keep its device files open",
			RETRY_TOTAL_MS / 1000);
	if (rc == 0 && gi_exists(run, step))
		return mig_fail(err, MIG_E_NVML,
				"the driver says it is gone, and still lists it");
	return rc;
}

/* --- Compute instances ------------------------------------------------------------ */

/* The driver's own id of the CI profile with as many slices, for GPUs the catalog misjudges. */
static int ci_profile_id(struct run *run, struct mig_nvml_gi gi, int compute_slices)
{
	for (unsigned i = 0; i < MIG_NVML_CI_PROFILES; i++) {
		struct mig_nvml_ci_profile p;
		int rc = mig_nvml_ci_profile(run->nvml, gi, i, &p, NULL);

		if (rc == -MIG_E_INVAL)
			break;
		if (rc == 0 && p.compute_slices == compute_slices)
			return p.id;
	}
	return -1;
}

static int ci_make(struct run *run, struct mig_nvml_gi gi, const struct mig_ci_profile *p,
		   int start, struct mig_nvml_ci *ret, struct mig_error *err)
{
	int id, rc = mig_nvml_ci_create(run->nvml, gi, p->id, start, p->size, ret, err);

	if (rc != -MIG_E_UNSUPPORTED && rc != -MIG_E_INVAL)
		return rc;
	id = ci_profile_id(run, gi, p->compute_slices);
	if (id < 0 || id == p->id)
		return rc;
	return mig_nvml_ci_create(run->nvml, gi, id, start, p->size, ret, err);
}

static int ci_create(struct run *run, struct mig_step *step, struct mig_error *err)
{
	const struct mig_profile *p = profile_of(run, step);
	struct mig_nvml_ci_info info;
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;
	int rc;

	if (!p || step->ci_profile < 0)
		return no_profile(err);
	rc = gi_handle(run, step, &gi, err);
	if (rc < 0)
		return rc;
	rc = ci_make(run, gi, &p->ci[step->ci_profile], step->ci_start, &ci, err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_ci_info(run->nvml, ci, &info, err);
	if (rc == 0)
		step->ci = info.id;
	return rc;
}

static int ci_destroy(struct run *run, struct mig_step *step, struct mig_error *err)
{
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;
	int rc = gi_handle(run, step, &gi, err);

	if (rc < 0)
		return rc;
	rc = mig_nvml_ci_by_id(run->nvml, gi, (unsigned)step->ci, &ci, err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_ci_destroy(run->nvml, ci, err);
	if (rc == 0 && mig_nvml_ci_by_id(run->nvml, gi, (unsigned)step->ci, &ci, NULL) == 0)
		return mig_fail(err, MIG_E_NVML,
				"the driver says it is gone, and still lists it");
	return rc;
}

/* --- MIG mode --------------------------------------------------------------------- */

static int set_mode(struct run *run, const struct mig_step *step, unsigned mode,
		    struct mig_error *err)
{
	unsigned current, pending;
	struct mig_nvml_gpu gpu;
	int rc = gpu_handle(run, step, &gpu, err);

	if (rc == 0)
		rc = mig_nvml_set_mode(run->nvml, gpu, mode, err);
	if (rc == 0)
		rc = gpu_handle(run, step, &gpu, err); /* the switch may reset the GPU */
	if (rc == 0)
		rc = mig_nvml_mode(run->nvml, gpu, &current, &pending, err);
	if (rc == 0 && current != mode)
		return mig_fail(
			err, MIG_E_PENDING,
			"the driver took it, and MIG is still %s until the GPU is reset",
			current ? "on" : "off");
	return rc;
}

/* A switch that waits for a reset is taken back, unless it was pending before. */
static int take_back(struct run *run, const struct mig_step *step, int rc,
		     struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[step->gpu];
	struct mig_error held;

	if (gpu->mode_pending != step->mode) {
		(void)set_mode(run, step, gpu->mode, NULL);
		mig_hint(err, rc, "the switch was taken back");
	}
	if (mig_check_free(run->machine, gpu, -1, -1, NULL, &held) == -MIG_E_BUSY)
		return mig_hint(err, rc, "the GPU is %s", held.msg);
	return mig_hint(err, rc, "no process is on the GPU: 'migctl %s %d --reset' resets it",
			step->mode ? "enable" : "disable", gpu->index);
}

static const struct mig_profile *profile_by_id(const struct mig_gpu_type *type, int id)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (type->profiles[i].id == id)
			return &type->profiles[i];
	}
	return NULL;
}

/* Does the driver have this step's profile, at this place, as the snapshot has it? */
static bool is_as_planned(const struct run *run, const struct mig_step *step,
			  const struct mig_gpu_type *type)
{
	const struct mig_profile *want = profile_of(run, step);
	const struct mig_profile *has = want ? profile_by_id(type, want->id) : NULL;

	return has && has->size == want->size && has->starts >> step->start & 1;
}

/*
 * Older drivers tell profiles only while MIG is on. What was planned by the catalog is then
 * looked at again before the first create.
 */
static int check_profiles(struct run *run, const struct mig_step *mode, struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[mode->gpu];
	cleanup_free struct mig_gpu_type *type = NULL;
	struct mig_nvml_gpu handle;
	int rc;

	if (!mode->mode || !gpu->type || gpu->type->basis == MIG_BASIS_DRIVER)
		return 0;
	type = calloc(1, sizeof(*type));
	if (!type)
		return mig_fail(err, MIG_E_NOMEM, "read the profiles");
	rc = gpu_handle(run, mode, &handle, err);
	if (rc == 0)
		rc = device_type_read(run->machine, handle, gpu, type, err);
	for (int i = 0; rc == 0 && i < run->change->n_steps; i++) {
		const struct mig_step *step = &run->change->steps[i];

		if (step->gpu == mode->gpu && step->kind == MIG_STEP_GI_CREATE &&
		    !is_as_planned(run, step, type))
			rc = mig_fail(err, MIG_E_UNSUPPORTED,
				      "now that MIG is on, the driver has no profile %s at %d, "
				      "which the catalog describes",
				      gpu->type->profiles[step->profile].name, step->start);
	}
	return rc;
}

/* Does the driver keep the switch for the next reset? That a call needs one may also mean that it
 * was never made. */
static bool is_waiting(struct run *run, const struct mig_step *step)
{
	unsigned current, pending;
	struct mig_nvml_gpu gpu;
	int rc = gpu_handle(run, step, &gpu, NULL);

	if (rc == 0)
		rc = mig_nvml_mode(run->nvml, gpu, &current, &pending, NULL);
	return rc < 0 || (current != step->mode && pending == step->mode);
}

/* The driver refuses because somebody is on the GPU: who? */
static int blame(struct run *run, const struct mig_step *step, int rc, struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[step->gpu];
	struct mig_error held;

	if (mig_check_free(run->machine, gpu, -1, -1, NULL, &held) == -MIG_E_BUSY)
		return mig_hint(err, rc, "the GPU is %s", held.msg);
	return mig_hint(
		err, rc,
		"the driver lists no process on it: 'migctl who %d' says who else may be in the way",
		gpu->index);
}

static int mode_switch(struct run *run, struct mig_step *step, struct mig_error *err)
{
	int rc = set_mode(run, step, step->mode, err);

	if (rc == -MIG_E_PENDING && is_waiting(run, step))
		return run->opt->keep_pending ? rc : take_back(run, step, rc, err);
	if (rc < 0)
		return rc == -MIG_E_BUSY ? blame(run, step, rc, err) : rc;
	rc = check_profiles(run, step, err);
	if (rc < 0 && set_mode(run, step, run->snap->gpus[step->gpu].mode, NULL) < 0)
		mig_hint(err, rc, "and MIG could not be switched back");
	return rc;
}

static int mode_back(struct run *run, struct mig_step *step, struct mig_error *err)
{
	return set_mode(run, step, run->snap->gpus[step->gpu].mode, err);
}

static int reset(struct run *run, struct mig_step *step, struct mig_error *err)
{
	int rc;

	if (!run->opt->reset)
		return mig_fail(err, MIG_E_UNSUPPORTED, "this program cannot reset a GPU");
	pthread_mutex_lock(&run->lock);
	rc = run->opt->reset(&run->snap->gpus[step->gpu], run->opt->arg, err);
	pthread_mutex_unlock(&run->lock);
	return rc;
}

static int nothing(struct run *run, struct mig_step *step, struct mig_error *err)
{
	(void)run, (void)step, (void)err;
	return 0;
}

/* --- Any step --------------------------------------------------------------------- */

/* What each kind of step does, and what takes it back. A reset is not taken back: the mode
 * switch before it is. */
static const struct {
	int (*forth)(struct run *run, struct mig_step *step, struct mig_error *err);
	int (*back)(struct run *run, struct mig_step *step, struct mig_error *err);
} kinds[] = {
	[MIG_STEP_CI_DESTROY] = { ci_destroy, ci_create },
	[MIG_STEP_GI_DESTROY] = { gi_destroy, gi_create },
	[MIG_STEP_MODE] = { mode_switch, mode_back },
	[MIG_STEP_RESET] = { reset, nothing },
	[MIG_STEP_GI_CREATE] = { gi_create, gi_destroy },
	[MIG_STEP_CI_CREATE] = { ci_create, ci_destroy },
};

static void tell(struct run *run, const struct mig_step *step, bool is_undo)
{
	if (!run->opt->on_step)
		return;
	pthread_mutex_lock(&run->lock);
	run->opt->on_step(run->snap, step, is_undo, run->opt->arg);
	pthread_mutex_unlock(&run->lock);
}

int step_perform(struct run *run, struct mig_step *step, bool is_undo, struct mig_error *err)
{
	const int number = (int)(step - run->change->steps);
	int rc;

	tell(run, step, is_undo);
	rc = journal_note(&run->journal, JOURNAL_BEGIN, number, is_undo, -1, -1, err);
	/* The way back is gone whatever becomes of the journal. */
	if (rc < 0 && !is_undo)
		return rc;
	rc = (is_undo ? kinds[step->kind].back : kinds[step->kind].forth)(run, step, err);
	if (rc < 0 && !step_took_effect(run, step, is_undo, rc))
		return rc;
	run->states[number] = is_undo ? STEP_UNDONE : STEP_DONE;
	/* That it is done the driver shows, too. */
	(void)journal_note(&run->journal, JOURNAL_DONE, number, is_undo, step_gi(run, step),
			   step->ci, NULL);
	/* Taken back it is, whatever the driver says; and done, if so, to be taken back. */
	return is_undo ? 0 : rc;
}

bool step_can_undo(const struct run *run, const struct mig_step *step)
{
	return step->owner < 0 || run->change->steps[step->owner].gi >= 0;
}

/* Is the GI that a step destroys, or destroys in, the one that the snapshot saw? */
static int check_there(struct run *run, const struct mig_step *step, struct mig_nvml_gi *ret,
		       struct mig_error *err)
{
	const struct mig_profile *p = profile_of(run, step);
	struct mig_nvml_gi_info info;
	int rc = gi_handle(run, step, ret, err);

	if (rc == 0)
		rc = mig_nvml_gi_info(run->nvml, *ret, &info, err);
	if (rc == 0 && p &&
	    (info.profile_id != p->id || (int)info.placement.start != step->start))
		rc = mig_fail(err, MIG_E_NOENT,
			      "GPU instance %d is now one of profile %d at %u", info.id,
			      info.profile_id, info.placement.start);
	if (rc == -MIG_E_NOENT)
		mig_hint(err, rc, "another tool changed the GPU meanwhile; try again");
	return rc;
}

/*
 * A GPU that a process is on is not switched: up to Ampere the driver keeps the switch for the next
 * reset, which may be what is wanted; from Hopper on it refuses.
 */
static int check_mode(struct run *run, const struct mig_step *step, struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[step->gpu];
	const bool may_wait = !gpu->type || gpu->type->mode_needs_reset != 0;

	/* What only ends a switch that waits disturbs nobody. */
	if (gpu->mode == step->mode || (run->opt->keep_pending && may_wait))
		return 0;
	return mig_check_free(run->machine, gpu, -1, -1, NULL, err);
}

int step_check(struct run *run, const struct mig_step *step, struct mig_error *err)
{
	const struct mig_gpu *gpu = &run->snap->gpus[step->gpu];
	struct mig_nvml_gi gi;
	struct mig_nvml_ci ci;
	int rc;

	if (step->kind == MIG_STEP_MODE)
		return check_mode(run, step, err);
	if (step->kind == MIG_STEP_RESET)
		return mig_check_free(run->machine, gpu, -1, -1, run->opt->who, err);
	if (step->kind != MIG_STEP_CI_DESTROY && step->kind != MIG_STEP_GI_DESTROY)
		return 0;
	rc = check_there(run, step, &gi, err);
	if (rc < 0 || step->kind == MIG_STEP_GI_DESTROY)
		return rc;
	rc = mig_nvml_ci_by_id(run->nvml, gi, (unsigned)step->ci, &ci, err);
	if (rc == -MIG_E_NOENT)
		mig_hint(err, rc, "another tool changed the GPU meanwhile; try again");
	return rc < 0 ? rc
		      : mig_check_free(run->machine, gpu, step->gi, step->ci, run->opt->who,
				       err);
}
