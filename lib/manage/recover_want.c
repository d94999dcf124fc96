/* SPDX-License-Identifier: Apache-2.0 */
/* What a recovery wants of a GPU: the layout before the change, or the one that it was to make. */
#include "lib/manage/recover.h"

/* The layout before, as a want with every start. */
static void want_back(const struct recovery *r, int gpu, struct mig_wanted *ret)
{
	const struct mig_gpu *before = &r->before.gpus[gpu];

	ret->mode = before->mode ? MIG_WANT_ON : MIG_WANT_OFF;
	if (before->type)
		ret->request = mig_gpu_request(before);
}

static bool goes(const struct recovery *r, enum mig_step_kind kind, int gpu,
		 const struct mig_gi *gi, const struct mig_ci *ci)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct mig_step *s = &r->text.steps[i].step;

		if (s->kind == kind && s->gpu == gpu && s->gi == gi->id &&
		    (!ci || s->ci == ci->id))
			return true;
	}
	return false;
}

static void add_ci(struct mig_want *want, int profile, int start)
{
	if (profile < 0 || want->n_ci == MIG_CI_PROFILES_MAX)
		return;
	want->ci_start[want->n_ci] = (int8_t)start;
	want->ci[want->n_ci++] = (uint8_t)profile;
}

/* What stays of the layout before. */
static void want_kept(const struct recovery *r, int gpu, struct mig_request *req)
{
	const struct mig_gpu *before = &r->before.gpus[gpu];

	for (int i = 0; i < before->n_gis && req->n < MIG_UNITS_MAX; i++) {
		const struct mig_gi *gi = &before->gis[i];
		struct mig_want *want = &req->want[req->n];

		if (gi->profile < 0 || goes(r, MIG_STEP_GI_DESTROY, gpu, gi, NULL))
			continue;
		*want = mig_want_empty(gi->profile, gi->start);
		for (int k = 0; k < gi->n_cis; k++) {
			if (!goes(r, MIG_STEP_CI_DESTROY, gpu, gi, &gi->cis[k]))
				add_ci(want, gi->cis[k].profile, gi->cis[k].start);
		}
		req->n++;
	}
}

/* What the steps make comes to it. */
static void want_made(const struct recovery *r, int gpu, struct mig_request *req)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct mig_step *s = &r->text.steps[i].step;

		if (s->gpu != gpu || s->profile < 0)
			continue;
		if (s->kind == MIG_STEP_GI_CREATE && req->n < MIG_UNITS_MAX)
			req->want[req->n++] = mig_want_empty(s->profile, s->start);
		for (int w = 0; s->kind == MIG_STEP_CI_CREATE && w < req->n; w++) {
			if (req->want[w].profile == s->profile &&
			    req->want[w].start == s->start)
				add_ci(&req->want[w], s->ci_profile, s->ci_start);
		}
	}
}

static void want_forth(const struct recovery *r, int gpu, struct mig_wanted *ret)
{
	unsigned mode = r->before.gpus[gpu].mode;

	for (int i = 0; i < r->text.n_steps; i++) {
		const struct mig_step *s = &r->text.steps[i].step;

		if (s->gpu == gpu && s->kind == MIG_STEP_MODE)
			mode = s->mode;
	}
	ret->mode = mode ? MIG_WANT_ON : MIG_WANT_OFF;
	if (!r->now.gpus[gpu].type)
		return;
	ret->request = mig_request_empty(r->now.gpus[gpu].type);
	want_kept(r, gpu, &ret->request);
	want_made(r, gpu, &ret->request);
}

/* A reset by itself was done or was not, and what waited for it is another change's. */
static bool is_reset(const struct recovery *r, int gpu)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		if (r->text.steps[i].step.gpu == gpu &&
		    r->text.steps[i].step.kind == MIG_STEP_RESET)
			return true;
	}
	return false;
}

void recover_want(const struct recovery *r, int gpu, enum mig_recovered_way way,
		  struct mig_wanted *ret)
{
	if (is_reset(r, gpu))
		return;
	if (way == MIG_RECOVERED_BACK)
		want_back(r, gpu, ret);
	else
		want_forth(r, gpu, ret);
}
