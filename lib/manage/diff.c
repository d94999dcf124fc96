/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a GPU has to what is wanted of it, disturbing as little as possible. A GPU has
 * few instances, so every set of them that might stay is tried, with every way to say which
 * want each one serves; the rest of the wants must then fit beside them.
 */
#include <string.h>

#include "lib/manage/change.h"

/* One way: which GI serves which want. */
struct plan {
	int serves[MIG_GIS_MAX];   /* want served by the GI, or -1: it goes */
	int starts[MIG_UNITS_MAX]; /* of the wants that no GI serves */
	int score;                 /* MIG devices that stay, then GIs that stay */
};

struct search {
	const struct mig_gpu *gpu;
	const struct mig_request *request;
	int worth[MIG_GIS_MAX][MIG_UNITS_MAX]; /* of GI for want; -1: cannot serve it */
	int most[MIG_GIS_MAX + 1]; /* what the GIs from that one on are worth at best */
	struct plan now, best;
};

/* A device that stays outweighs any number of GPU instances that merely stay. */
enum { WORTH_GI = 1, WORTH_DEVICE = 64 };

static int worth_of(const struct mig_gpu *gpu, const struct mig_gi *gi,
		    const struct mig_want *want)
{
	if (gi->profile != want->profile || (want->start >= 0 && want->start != gi->start))
		return -1;
	/* Without compute instances a GPU instance is a device itself. */
	if (gi->n_cis == 0)
		return WORTH_GI + WORTH_DEVICE;
	return WORTH_GI +
	       WORTH_DEVICE * ci_match_best(&gpu->type->profiles[gi->profile], gi, want).n_kept;
}

static bool add_staying(const struct search *s, struct mig_layout *lay)
{
	for (int i = 0; i < s->gpu->n_gis; i++) {
		const struct mig_gi *gi = &s->gpu->gis[i];

		if (s->now.serves[i] >= 0 &&
		    mig_layout_add(lay, gi->profile, gi->start, NULL) < 0)
			return false;
	}
	return true;
}

/* Do the wants that nothing serves fit beside the GIs that stay? */
static bool rest_fits(struct search *s)
{
	struct mig_request rest = { .type = s->request->type };
	struct mig_layout lay = mig_layout_empty(s->gpu->type);
	int which[MIG_UNITS_MAX], starts[MIG_UNITS_MAX];
	bool is_served[MIG_UNITS_MAX] = { false };

	for (int i = 0; i < s->gpu->n_gis; i++) {
		if (s->now.serves[i] >= 0)
			is_served[s->now.serves[i]] = true;
	}
	for (int w = 0; w < s->request->n; w++) {
		if (is_served[w])
			continue;
		which[rest.n] = w;
		rest.want[rest.n++] = s->request->want[w];
	}
	if (rest.n == 0) /* what stands stands, whatever the catalog thinks of it */
		return true;
	if (!add_staying(s, &lay))
		return false;
	if (mig_request_place(&rest, &lay, starts, NULL, NULL) < 0)
		return false;
	for (int i = 0; i < rest.n; i++)
		s->now.starts[which[i]] = starts[i];
	return true;
}

/* Two wants that ask for the same are one choice. */
static bool is_repeated(const struct mig_request *r, const bool *is_taken, int w)
{
	for (int k = 0; k < w; k++) {
		if (!is_taken[k] && memcmp(&r->want[k], &r->want[w], sizeof(r->want[w])) == 0)
			return true;
	}
	return false;
}

static void choose(struct search *s, int gi, bool *is_taken, int score)
{
	if (score + s->most[gi] <= s->best.score)
		return;
	if (gi == s->gpu->n_gis) {
		s->now.score = score;
		if (rest_fits(s))
			s->best = s->now;
		return;
	}
	for (int w = 0; w < s->request->n; w++) {
		if (s->worth[gi][w] < 0 || is_taken[w] || is_repeated(s->request, is_taken, w))
			continue;
		is_taken[w] = true;
		s->now.serves[gi] = w;
		choose(s, gi + 1, is_taken, score + s->worth[gi][w]);
		is_taken[w] = false;
	}
	s->now.serves[gi] = -1;
	choose(s, gi + 1, is_taken, score);
}

/* Inside a GI that stays, what the want has no use for goes, and what it lacks comes. */
static int change_cis(struct mig_change *change, const struct mig_gpu *gpu,
		      const struct mig_gi *gi, const struct mig_want *want, bool is_creating,
		      struct mig_error *err)
{
	const struct ci_match m = ci_match_best(&gpu->type->profiles[gi->profile], gi, want);
	struct mig_gpu_change *g = &change->gpus[gpu->index];
	struct mig_step step = {
		.kind = MIG_STEP_CI_CREATE,
		.gpu = gpu->index,
		.profile = gi->profile,
		.start = gi->start,
		.gi = gi->id,
		.owner = -1,
		.ci = -1,
	};
	int rc = 0;

	for (int i = gi->n_cis - 1; !is_creating && i >= 0 && rc >= 0; i--) {
		if (m.keep >> i & 1)
			continue;
		rc = change_add_ci_destroy(change, step, &gi->cis[i], err);
		g->n_destroyed++;
	}
	for (int i = 0; is_creating && i < m.n_make && rc >= 0; i++) {
		step.ci_profile = m.make[i];
		step.ci_start = m.start[i];
		rc = change_add(change, step, err);
		g->n_created++;
	}
	if (is_creating)
		g->n_kept += want->n_ci ? m.n_kept : 1;
	return rc < 0 ? rc : 0;
}

/* What goes: all of it before anything comes, so that what comes finds room. */
static int add_going(struct mig_change *change, const struct search *s, struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; i < s->gpu->n_gis && rc >= 0; i++) {
		const struct mig_gi *gi = &s->gpu->gis[i];
		const int w = s->best.serves[i];

		rc = w < 0 ? change_add_gi_destroy(change, s->gpu, gi, err)
			   : change_cis(change, s->gpu, gi, &s->request->want[w], false, err);
	}
	return rc;
}

static int add_coming(struct mig_change *change, const struct search *s, struct mig_error *err)
{
	bool is_served[MIG_UNITS_MAX] = { false };
	int rc = 0;

	for (int i = 0; i < s->gpu->n_gis && rc >= 0; i++) {
		const int w = s->best.serves[i];

		if (w < 0)
			continue;
		is_served[w] = true;
		rc = change_cis(change, s->gpu, &s->gpu->gis[i], &s->request->want[w], true,
				err);
	}
	for (int w = 0; w < s->request->n && rc >= 0; w++) {
		if (!is_served[w])
			rc = change_add_want(change, s->gpu, &s->request->want[w],
					     s->best.starts[w], err);
	}
	return rc;
}

static int add_mode(struct mig_change *change, const struct mig_gpu *gpu, unsigned mode,
		    struct mig_error *err)
{
	const struct mig_step step = { .kind = MIG_STEP_MODE,
				       .gpu = gpu->index,
				       .mode = mode,
				       .gi = -1,
				       .owner = -1,
				       .ci = -1 };

	change->gpus[gpu->index].mode = mode;
	if (gpu->mode == mode && gpu->mode_pending == mode)
		return 0;
	return change_add(change, step, err) < 0 ? -MIG_E_NOMEM : 0;
}

/* How many devices there are of each kind: GI profile, and CI profile of it; those of the
 * last column are GPU instances without compute instances. */
struct census {
	int n[MIG_PROFILES_MAX][MIG_CI_PROFILES_MAX + 1];
};

static void count_want(struct census *c, const struct mig_want *want)
{
	if (!want->n_ci)
		c->n[want->profile][MIG_CI_PROFILES_MAX]++;
	for (int k = 0; k < want->n_ci; k++)
		c->n[want->profile][want->ci[k]]++;
}

/* The devices of a GI, of its CIs those of @which (bit i: cis[i]). */
static void count_gi(struct census *c, const struct mig_gi *gi, unsigned which)
{
	if (gi->profile < 0)
		return;
	if (!gi->n_cis)
		c->n[gi->profile][MIG_CI_PROFILES_MAX]++;
	for (int k = 0; k < gi->n_cis; k++) {
		if (which >> k & 1 && gi->cis[k].profile >= 0)
			c->n[gi->profile][gi->cis[k].profile]++;
	}
}

/* Devices of a kind that was there and is wanted, and still did not stay. */
static int count_disturbed(const struct search *s)
{
	struct census wanted = { 0 }, had = { 0 }, kept = { 0 };
	int n = 0;

	for (int w = 0; w < s->request->n; w++)
		count_want(&wanted, &s->request->want[w]);
	for (int i = 0; i < s->gpu->n_gis; i++) {
		const struct mig_gi *gi = &s->gpu->gis[i];
		const int w = s->best.serves[i];

		count_gi(&had, gi, ~0U);
		if (w >= 0)
			count_gi(&kept, gi,
				 ci_match_best(&s->gpu->type->profiles[gi->profile], gi,
					       &s->request->want[w])
					 .keep);
	}
	for (int p = 0; p < s->gpu->type->n_profiles; p++) {
		for (int c = 0; c <= MIG_CI_PROFILES_MAX; c++) {
			const int both =
				wanted.n[p][c] < had.n[p][c] ? wanted.n[p][c] : had.n[p][c];

			n += both > kept.n[p][c] ? both - kept.n[p][c] : 0;
		}
	}
	return n;
}

/* What each GI is worth for each want, and what the last ones are worth together. */
static void weigh(struct search *s)
{
	for (int i = s->gpu->n_gis - 1; i >= 0; i--) {
		const struct mig_gi *gi = &s->gpu->gis[i];
		int most = 0;

		for (int w = 0; w < s->request->n; w++) {
			const int worth = gi->profile < 0
						  ? -1
						  : worth_of(s->gpu, gi, &s->request->want[w]);

			s->worth[i][w] = worth;
			most = worth > most ? worth : most;
		}
		s->most[i] = s->most[i + 1] + most;
	}
}

static int change_on(struct mig_change *change, const struct mig_gpu *gpu,
		     const struct mig_request *request, struct mig_error *err)
{
	struct search s = { .gpu = gpu, .request = request, .best = { .score = -1 } };
	bool is_taken[MIG_UNITS_MAX] = { false };
	struct mig_layout empty = mig_layout_empty(gpu->type);
	int starts[MIG_UNITS_MAX], rc;

	/* Asked of the empty GPU, the refusal speaks of the request itself. */
	rc = mig_request_place(request, &empty, starts, NULL, err);
	if (rc < 0)
		return mig_wrap(err, rc, "GPU %d", gpu->index);
	weigh(&s);
	choose(&s, 0, is_taken, 0);
	change->gpus[gpu->index].n_disturbed = count_disturbed(&s);
	rc = add_going(change, &s, err);
	if (rc == 0)
		rc = add_mode(change, gpu, 1, err);
	return rc < 0 ? rc : add_coming(change, &s, err);
}

static int change_off(struct mig_change *change, const struct mig_gpu *gpu,
		      struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; i < gpu->n_gis && rc >= 0; i++)
		rc = change_add_gi_destroy(change, gpu, &gpu->gis[i], err);
	return rc < 0 ? rc : add_mode(change, gpu, 0, err);
}

static int change_gpu(struct mig_change *change, const struct mig_gpu *gpu,
		      const struct mig_wanted *wanted, struct mig_error *err)
{
	int rc;

	if (wanted->mode == MIG_WANT_UNTOUCHED)
		return 0;
	change->gpus[gpu->index].is_named = true;
	rc = mig_gpu_check_lost(gpu, err);
	if (rc < 0)
		return rc;
	/* A GPU that cannot do MIG has it off. */
	if (wanted->mode == MIG_WANT_OFF && !gpu->has_mig)
		return 0;
	/* What instances there are, and of what profiles, does not matter to the mode. */
	if (wanted->mode == MIG_WANT_MODE && gpu->has_mig)
		return add_mode(change, gpu, 1, err);
	rc = wanted->mode == MIG_WANT_ON ? change_check_request(gpu, &wanted->request, err)
					 : change_check_gpu(gpu, err);
	if (rc < 0)
		return rc;
	if (wanted->mode == MIG_WANT_OFF)
		return change_off(change, gpu, err);
	return change_on(change, gpu, &wanted->request, err);
}

int mig_change_make_one(const struct mig_snapshot *snap, int gpu,
			const struct mig_wanted *wanted, struct mig_change *ret,
			struct mig_error *err)
{
	struct mig_change change;
	int rc = change_new(snap, &change, err);

	if (rc == 0)
		rc = change_gpu(&change, &snap->gpus[gpu], wanted, err);
	return change_finish(&change, rc, ret);
}

int mig_change_make(const struct mig_snapshot *snap, const struct mig_wanted *wanted,
		    struct mig_change *ret, struct mig_error *err)
{
	struct mig_change change;
	int rc = change_new(snap, &change, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		rc = change_gpu(&change, &snap->gpus[i], &wanted[i], err);
	return change_finish(&change, rc, ret);
}
