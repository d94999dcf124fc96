/* SPDX-License-Identifier: Apache-2.0 */
/* What a journal says beside what stands: in the same terms, and whether it explains it. */
#include <stdlib.h>
#include <string.h>

#include "lib/manage/recover.h"
#include "shared/text.h"

static int profile_of(const struct mig_gpu_type *type, const char *name)
{
	const struct mig_profile *p = type ? mig_profile_find(type, name) : NULL;

	return p ? (int)(p - type->profiles) : -1;
}

static int ci_profile_of(const struct mig_gpu_type *type, int profile, const char *name)
{
	const struct mig_ci_profile *c =
		profile >= 0 ? mig_ci_profile_find(&type->profiles[profile], name) : NULL;

	return c ? (int)(c - type->profiles[profile].ci) : -1;
}

static void restore_gpu(const struct mig_record_gpu *rec, struct mig_gpu *gpu)
{
	gpu->mode = gpu->mode_pending = rec->mode;
	gpu->n_gis = rec->n_gis;
	for (int i = 0; i < rec->n_gis; i++) {
		const struct mig_record_gi *r = &rec->gis[i];
		struct mig_gi *gi = &gpu->gis[i];

		*gi = (struct mig_gi){ .id = r->id,
				       .profile = profile_of(gpu->type, r->profile),
				       .start = r->start,
				       .n_cis = r->n_cis };
		for (int k = 0; k < r->n_cis; k++) {
			gi->cis[k] =
				(struct mig_ci){ .id = r->cis[k].id,
						 .profile =
							 ci_profile_of(gpu->type, gi->profile,
								       r->cis[k].profile),
						 .start = r->cis[k].start,
						 .index = -1 };
			text_copy(gi->cis[k].uuid, sizeof(gi->cis[k].uuid), r->cis[k].uuid);
		}
	}
}

/* One that was lost then has no UUID, and the change was not about it. */
static int find_gpu(const struct mig_snapshot *snap, const char *uuid)
{
	for (int i = 0; *uuid && i < snap->n_gpus; i++) {
		if (strcmp(snap->gpus[i].uuid, uuid) == 0)
			return i;
	}
	return -1;
}

/* The steps' GPUs and profiles by their indices now. */
static int translate(struct recovery *r, struct mig_error *err)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		struct journal_step *s = &r->text.steps[i];
		const int gpu = r->gpu_of[s->step.gpu];
		const struct mig_gpu_type *type = gpu >= 0 ? r->now.gpus[gpu].type : NULL;

		if (gpu < 0) {
			int rc = mig_fail(
				err, MIG_E_NOENT,
				"GPU %s, which the change was about, is not here now; "
				"try again when it is, or 'migctl recover --forget' leaves the rest as it is",
				r->text.gpus[s->step.gpu].uuid);

			return mig_blame_lost(&r->now, rc, err);
		}
		s->step.gpu = gpu;
		s->step.profile = *s->profile ? profile_of(type, s->profile) : -1;
		s->step.ci_profile = ci_profile_of(type, s->step.profile, s->ci_profile);
	}
	for (int i = 0; i < r->text.n_names; i++)
		r->text.names[i].gpu = r->gpu_of[r->text.names[i].gpu];
	return 0;
}

int recover_look(struct recovery *r, struct mig_error *err)
{
	int rc = mig_snapshot_take(r->machine, &r->now, err);

	if (rc < 0)
		return rc;
	r->before = r->now;
	r->before.gpus = calloc((size_t)r->now.n_gpus + 1, sizeof(*r->before.gpus));
	r->gpu_of = calloc((size_t)r->text.n_gpus + 1, sizeof(*r->gpu_of));
	r->ret->gpus = calloc((size_t)r->now.n_gpus + 1, sizeof(*r->ret->gpus));
	if (!r->before.gpus || !r->gpu_of || !r->ret->gpus)
		return mig_fail(err, MIG_E_NOMEM, "recover");
	r->ret->n_gpus = r->now.n_gpus;
	for (int i = 0; i < r->now.n_gpus; i++)
		r->before.gpus[i] = r->now.gpus[i];
	for (int i = 0; i < r->text.n_gpus; i++) {
		r->gpu_of[i] = find_gpu(&r->now, r->text.gpus[i].uuid);
		if (r->gpu_of[i] >= 0)
			restore_gpu(&r->text.gpus[i], &r->before.gpus[r->gpu_of[i]]);
	}
	return translate(r, err);
}

/* --- Is what stands explained? ---------------------------------------------------------- */

const struct mig_gi *recover_gi_at(const struct mig_gpu *gpu, int profile, int start)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].profile == profile && gpu->gis[i].start == start)
			return &gpu->gis[i];
	}
	return NULL;
}

bool recover_has_ci(const struct mig_gi *gi, const struct mig_ci *like)
{
	for (int k = 0; gi && k < gi->n_cis; k++) {
		if (gi->cis[k].profile == like->profile && gi->cis[k].start == like->start)
			return true;
	}
	return false;
}

bool recover_is_begun(const struct recovery *r, enum mig_step_kind kind, int gpu,
		      const struct mig_gi *gi, const struct mig_ci *ci)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i];

		if (!(s->is_begun || r->text.is_forth) || s->step.kind != kind ||
		    s->step.gpu != gpu || s->step.profile != gi->profile ||
		    s->step.start != gi->start)
			continue;
		if (!ci || (s->step.ci_profile == ci->profile &&
			    (s->step.ci_start < 0 || s->step.ci_start == ci->start)))
			return true;
	}
	return false;
}

static const char *alien_ci(const struct recovery *r, int gpu, const struct mig_gi *gi,
			    const struct mig_gi *was)
{
	for (int k = 0; k < gi->n_cis; k++) {
		if (!recover_has_ci(was, &gi->cis[k]) &&
		    !recover_is_begun(r, MIG_STEP_CI_CREATE, gpu, gi, &gi->cis[k]))
			return "has a compute instance that this change did not make";
	}
	for (int k = 0; was && k < was->n_cis; k++) {
		if (!recover_has_ci(gi, &was->cis[k]) &&
		    !recover_is_begun(r, MIG_STEP_CI_DESTROY, gpu, was, &was->cis[k]))
			return "lacks a compute instance that this change did not take";
	}
	return NULL;
}

/* NULL, or what was not this change's doing; @ret is where. */
static const char *alien(const struct recovery *r, int gpu, const struct mig_gi **ret)
{
	const struct mig_gpu *now = &r->now.gpus[gpu], *before = &r->before.gpus[gpu];

	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *gi = *ret = &now->gis[i];
		const struct mig_gi *was = recover_gi_at(before, gi->profile, gi->start);
		const char *what;

		if (!was && !recover_is_begun(r, MIG_STEP_GI_CREATE, gpu, gi, NULL))
			return "stands there, and this change did not make it";
		what = alien_ci(r, gpu, gi, was);
		if (what)
			return what;
	}
	for (int i = 0; i < before->n_gis; i++) {
		const struct mig_gi *was = *ret = &before->gis[i];

		if (!recover_gi_at(now, was->profile, was->start) &&
		    !recover_is_begun(r, MIG_STEP_GI_DESTROY, gpu, was, NULL))
			return "is gone, and this change did not take it";
	}
	return NULL;
}

int recover_check(const struct recovery *r, struct mig_error *err)
{
	for (int i = 0; i < r->now.n_gpus; i++) {
		const struct mig_gpu *gpu = &r->now.gpus[i];
		const struct mig_gi *gi;
		const char *what = r->ret->gpus[i].is_concerned ? alien(r, i, &gi) : NULL;

		if (what)
			return mig_fail(
				err, MIG_E_UNFINISHED,
				"GPU %d: %s@%d %s: another tool was here, or a reset, so "
				"all was left as it is; look at 'migctl status', then "
				"'migctl recover --forget' leaves it so",
				i,
				gi->profile >= 0 ? gpu->type->profiles[gi->profile].name
						 : "an instance",
				gi->start, what);
	}
	return 0;
}
