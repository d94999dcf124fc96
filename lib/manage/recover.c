/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a change that was cut short. The driver is asked what there is, and the journal only
 * what was meant: nothing is done because the journal says that it was not.
 *
 *	of each GPU:	what stands there now must be explained by the layout before and the steps
 *			that were begun; else another tool was here, and all of it is left alone
 *	all done	it is finished
 *	else		back to the layout before; where somebody holds what would go, forth
 *
 * Going back or forth is a change like any other, made from what there is now. Cut short itself
 * it leaves what the same journal explains, so it can be tried again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mig/manage.h>

#include "lib/manage/journal.h"
#include "lib/record/record.h"
#include "shared/cleanup.h"
#include "shared/text.h"

struct recovery {
	struct mig_machine *machine;
	const struct mig_home *home;
	const struct mig_recover_options *opt;
	struct journal_text text;
	struct mig_snapshot now;
	struct mig_snapshot
		before; /* as the journal has it, with the types of @now; gpus owned */
	int *gpu_of;    /* of the journal's GPUs, index into @now */
	struct mig_recovered *ret;
};

/* --- From names back to indices --------------------------------------------------------- */

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

static int find_gpu(const struct mig_snapshot *snap, const char *uuid)
{
	for (int i = 0; i < snap->n_gpus; i++) {
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

		if (gpu < 0)
			return mig_fail(
				err, MIG_E_NOENT,
				"GPU %s, which the change was about, is not here now; "
				"try again when it is, or 'migctl recover --forget' leaves the rest as it is",
				r->text.gpus[s->step.gpu].uuid);
		s->step.gpu = gpu;
		s->step.profile = *s->profile ? profile_of(type, s->profile) : -1;
		s->step.ci_profile = ci_profile_of(type, s->step.profile, s->ci_profile);
	}
	for (int i = 0; i < r->text.n_names; i++)
		r->text.names[i].gpu = r->gpu_of[r->text.names[i].gpu];
	return 0;
}

static int look(struct recovery *r, struct mig_error *err)
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

static const struct mig_gi *gi_at(const struct mig_gpu *gpu, int profile, int start)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].profile == profile && gpu->gis[i].start == start)
			return &gpu->gis[i];
	}
	return NULL;
}

static bool has_ci(const struct mig_gi *gi, const struct mig_ci *like)
{
	for (int k = 0; gi && k < gi->n_cis; k++) {
		if (gi->cis[k].profile == like->profile && gi->cis[k].start == like->start)
			return true;
	}
	return false;
}

/* Was a step of that kind begun, for that GI, and for a CI step for that CI? @ci NULL: a GI's. */
static bool is_begun(const struct recovery *r, enum mig_step_kind kind, int gpu,
		     const struct mig_gi *gi, const struct mig_ci *ci)
{
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i];

		if (!s->is_begun || s->step.kind != kind || s->step.gpu != gpu ||
		    s->step.profile != gi->profile || s->step.start != gi->start)
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
		if (!has_ci(was, &gi->cis[k]) &&
		    !is_begun(r, MIG_STEP_CI_CREATE, gpu, gi, &gi->cis[k]))
			return "has a compute instance that this change did not make";
	}
	for (int k = 0; was && k < was->n_cis; k++) {
		if (!has_ci(gi, &was->cis[k]) &&
		    !is_begun(r, MIG_STEP_CI_DESTROY, gpu, was, &was->cis[k]))
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
		const struct mig_gi *was = gi_at(before, gi->profile, gi->start);
		const char *what;

		if (!was && !is_begun(r, MIG_STEP_GI_CREATE, gpu, gi, NULL))
			return "stands there, and this change did not make it";
		what = alien_ci(r, gpu, gi, was);
		if (what)
			return what;
	}
	for (int i = 0; i < before->n_gis; i++) {
		const struct mig_gi *was = *ret = &before->gis[i];

		if (!gi_at(now, was->profile, was->start) &&
		    !is_begun(r, MIG_STEP_GI_DESTROY, gpu, was, NULL))
			return "is gone, and this change did not take it";
	}
	return NULL;
}

/* Every GPU that the change was about, before anything is done to any. */
static int check(const struct recovery *r, struct mig_error *err)
{
	for (int i = 0; i < r->now.n_gpus; i++) {
		const struct mig_gpu *gpu = &r->now.gpus[i];
		const struct mig_gi *gi;
		const char *what = r->ret->gpus[i].is_concerned ? alien(r, i, &gi) : NULL;

		if (what)
			return mig_fail(
				err, MIG_E_UNFINISHED,
				"GPU %d: %s@%d %s: another tool was here, so all was left "
				"as it is; look at 'migctl status', then 'migctl recover "
				"--forget' leaves it so",
				i,
				gi->profile >= 0 ? gpu->type->profiles[gi->profile].name
						 : "an instance",
				gi->start, what);
	}
	return 0;
}

/* --- Back and forth --------------------------------------------------------------------- */

static void concern(struct recovery *r)
{
	for (int i = 0; i < r->now.n_gpus; i++)
		r->ret->gpus[i].way = MIG_RECOVERED_DONE;
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i];
		struct mig_recovered_gpu *g = &r->ret->gpus[s->step.gpu];

		g->is_concerned = true;
		if (!s->is_done || s->is_undo_begun)
			g->way = MIG_RECOVERED_BACK;
	}
	for (int i = 0; r->text.is_atomic && i < r->now.n_gpus; i++) {
		for (int k = 0; k < r->now.n_gpus; k++) {
			if (r->ret->gpus[i].way == MIG_RECOVERED_BACK &&
			    r->ret->gpus[k].is_concerned)
				r->ret->gpus[k].way = MIG_RECOVERED_BACK;
		}
	}
}

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

/* Bring those GPUs there whose way it is. */
static int go(struct recovery *r, enum mig_recovered_way way, struct mig_error *err)
{
	const struct mig_run_options run = { .on_step = r->opt->on_step,
					     .reset = r->opt->reset,
					     .arg = r->opt->arg,
					     .is_independent = !r->text.is_atomic };
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)r->now.n_gpus + 1, sizeof(*wanted));
	struct mig_change change;
	int rc;

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "recover");
	for (int i = 0; i < r->now.n_gpus; i++) {
		if (!r->ret->gpus[i].is_concerned || r->ret->gpus[i].way != way)
			continue;
		if (way == MIG_RECOVERED_BACK)
			want_back(r, i, &wanted[i]);
		else
			want_forth(r, i, &wanted[i]);
	}
	rc = mig_change_make(&r->now, wanted, NULL, &change, err);
	if (rc < 0)
		return rc;
	rc = mig_change_run(r->machine, &r->now, &change, &run, err);
	for (int i = 0; i < r->now.n_gpus; i++)
		r->ret->gpus[i].rc = change.gpus[i].rc;
	mig_change_free(&change);
	return rc;
}

/* Those that somebody's hold keeps from going back go forth instead. Return: how many. */
static int turn_round(struct recovery *r)
{
	int n = 0;

	for (int i = 0; i < r->now.n_gpus; i++) {
		struct mig_recovered_gpu *g = &r->ret->gpus[i];

		if (!g->is_concerned || g->way != MIG_RECOVERED_BACK ||
		    (g->rc != -MIG_E_BUSY && !r->text.is_atomic))
			continue;
		g->way = MIG_RECOVERED_FORTH;
		n++;
	}
	return n;
}

static int look_again(struct recovery *r, struct mig_error *err)
{
	struct mig_snapshot now;
	int rc = mig_snapshot_take(r->machine, &now, err);

	if (rc < 0)
		return rc;
	if (now.n_gpus != r->now.n_gpus) {
		rc = mig_fail(err, MIG_E_NVML, "of %d GPUs the driver shows %d now",
			      r->now.n_gpus, now.n_gpus);
		mig_snapshot_free(&now);
		return rc;
	}
	/* The types belong to the snapshot that @before was made with: it keeps them. */
	for (int i = 0; i < now.n_gpus; i++)
		now.gpus[i].type = r->now.gpus[i].type;
	free(r->now.gpus);
	free(now.types);
	r->now.gpus = now.gpus;
	return 0;
}

static int go_all(struct recovery *r, struct mig_error *err)
{
	struct mig_error back;
	int rc;

	if (r->opt->way == MIG_RECOVER_FORTH) {
		for (int i = 0; i < r->now.n_gpus; i++)
			r->ret->gpus[i].way = MIG_RECOVERED_FORTH;
		rc = go(r, MIG_RECOVERED_FORTH, err);
		return rc < 0 ? rc : look_again(r, err);
	}
	for (int i = 0; r->opt->way == MIG_RECOVER_BACK && i < r->now.n_gpus; i++)
		r->ret->gpus[i].way = MIG_RECOVERED_BACK;
	rc = go(r, MIG_RECOVERED_BACK, err);
	if (rc == -MIG_E_BUSY && r->opt->way == MIG_RECOVER_EITHER && turn_round(r) > 0) {
		back = *err;
		rc = look_again(r, err);
		if (rc == 0)
			rc = go(r, MIG_RECOVERED_FORTH, err);
		if (rc < 0)
			mig_hint(err, rc, "and it cannot be undone: %s", back.msg);
	}
	return rc < 0 ? rc : look_again(r, err);
}

/* --- What is recorded of it ------------------------------------------------------------- */

/* The compute instance that a step made, by ids; or by its place, where its writer was killed
 * before it could note them. */
static bool find_made(const struct recovery *r, const struct journal_step *s,
		      struct mig_record_id *ret)
{
	const struct mig_gpu *gpu = &r->now.gpus[s->step.gpu];
	const struct mig_gi *gi = gi_at(gpu, s->step.profile, s->step.start);

	for (int k = 0; gi && k < gi->n_cis; k++) {
		const struct mig_ci *c = &gi->cis[k];

		if (s->made_ci >= 0
			    ? c->id == s->made_ci && gi->id == s->made_gi
			    : c->profile == s->step.ci_profile &&
				      (s->step.ci_start < 0 || s->step.ci_start == c->start)) {
			*ret = (struct mig_record_id){ .gpu = s->step.gpu,
						       .gi = gi->id,
						       .ci = c->id };
			return true;
		}
	}
	return false;
}

/* What was not there before was made, by the change or by its recovery; and so was what went on
 * the way and stands again. */
static int add_made(const struct recovery *r, struct mig_record_id *ret)
{
	int n = 0;

	for (int g = 0; g < r->now.n_gpus; g++) {
		const struct mig_gpu *gpu = &r->now.gpus[g];

		for (int i = 0; r->ret->gpus[g].is_concerned && i < gpu->n_gis; i++) {
			const struct mig_gi *gi = &gpu->gis[i];
			const struct mig_gi *was =
				gi_at(&r->before.gpus[g], gi->profile, gi->start);

			for (int k = 0; k < gi->n_cis; k++) {
				const bool is_new =
					!has_ci(was, &gi->cis[k]) ||
					is_begun(r, MIG_STEP_CI_DESTROY, g, was, &gi->cis[k]);

				if (is_new)
					ret[n++] = (struct mig_record_id){
						.gpu = g, .gi = gi->id, .ci = gi->cis[k].id
					};
			}
		}
	}
	return n;
}

/* Forth: the names that the change was to give. Back: those that were there before. */
static int add_named(const struct recovery *r, const struct mig_record *rec,
		     struct mig_record_id *ret)
{
	int n = 0;

	for (int i = 0; i < r->text.n_names; i++) {
		const struct mig_change_name *name = &r->text.names[i];

		if (name->gpu < 0 || r->ret->gpus[name->gpu].way == MIG_RECOVERED_BACK)
			continue;
		if (name->step < 0)
			ret[n] = (struct mig_record_id){ .gpu = name->gpu,
							 .gi = name->gi,
							 .ci = name->ci };
		else if (!find_made(r, &r->text.steps[name->step], &ret[n]))
			continue;
		text_copy(ret[n++].name, sizeof(ret[0].name), name->name);
	}
	for (int g = 0; g < r->now.n_gpus; g++) {
		const struct mig_gpu *was = &r->before.gpus[g];

		for (int i = 0; r->ret->gpus[g].way == MIG_RECOVERED_BACK && i < was->n_gis;
		     i++) {
			const struct mig_gi *gi =
				gi_at(&r->now.gpus[g], was->gis[i].profile, was->gis[i].start);

			for (int k = 0; gi && k < gi->n_cis; k++) {
				const struct mig_record_ci *ci;
				const struct mig_ref ref = { g, i, k };

				if (k >= was->gis[i].n_cis ||
				    mig_record_look(rec, r->home, &r->before, &ref, &ci) !=
					    MIG_RECORD_MADE ||
				    !*ci->name)
					continue;
				ret[n] = (struct mig_record_id){ .gpu = g,
								 .gi = gi->id,
								 .ci = gi->cis[k].id };
				text_copy(ret[n++].name, sizeof(ret[0].name), ci->name);
			}
		}
	}
	return n;
}

static int keep(struct recovery *r, struct mig_error *err)
{
	const size_t n = (size_t)r->now.n_gpus, room = n * MIG_GIS_MAX * MIG_CIS_MAX + 1;
	cleanup_free bool *is_changed = calloc(n + 1, sizeof(*is_changed));
	cleanup_free bool *is_back = calloc(n + 1, sizeof(*is_back));
	cleanup_free struct mig_record_id *made = calloc(room, sizeof(*made));
	cleanup_free struct mig_record_id *named =
		calloc(room + (size_t)r->text.n_names, sizeof(*named));
	struct mig_record_change what = { .verb = r->text.verb,
					  .time_s = r->opt->time_s,
					  .before = &r->before,
					  .after = &r->now,
					  .is_changed = is_changed,
					  .is_back = is_back,
					  .made = made,
					  .named = named };
	struct mig_record rec;
	int rc;

	if (!is_changed || !is_back || !made || !named)
		return mig_fail(err, MIG_E_NOMEM, "record what was recovered");
	rc = mig_record_read(r->home, &rec, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		is_changed[i] = r->ret->gpus[i].is_concerned &&
				r->ret->gpus[i].way != MIG_RECOVERED_BACK;
		is_back[i] = r->ret->gpus[i].is_concerned && !is_changed[i];
	}
	what.n_made = add_made(r, made);
	what.n_named = add_named(r, &rec, named);
	rc = mig_record_add(&rec, r->home, &what, err);
	if (rc == 0)
		rc = mig_record_write(r->home, &rec, err);
	mig_record_free(&rec);
	return rc;
}

/* --- All of it -------------------------------------------------------------------------- */

static bool drop_journal(const struct mig_home *home)
{
	char path[1100];

	return unlink(journal_path(home, path, sizeof(path))) == 0;
}

static int recover(struct recovery *r, struct mig_error *err)
{
	int rc = look(r, err);

	if (rc < 0)
		return rc;
	concern(r);
	rc = check(r, err);
	if (rc == 0)
		rc = go_all(r, err);
	if (rc == 0)
		rc = keep(r, err);
	if (rc == 0)
		(void)drop_journal(r->home);
	return rc;
}

int mig_recover(struct mig_machine *machine, const struct mig_home *home,
		const struct mig_recover_options *opt, struct mig_recovered *ret,
		struct mig_error *err)
{
	static const struct mig_recover_options plain;
	struct mig_recovered recovered = { 0 };
	struct recovery r = {
		.machine = machine, .home = home, .opt = opt ? opt : &plain, .ret = &recovered
	};
	int rc;

	if (r.opt->way == MIG_RECOVER_FORGET) { /* whatever it says, and damaged too */
		recovered.was_unfinished = drop_journal(home);
		*ret = recovered;
		return 0;
	}
	rc = journal_read(home, &r.text, err);
	if (rc > 0) {
		recovered.was_unfinished = true;
		recovered.is_other_boot = strcmp(r.text.boot, home->boot) != 0;
		text_copy(recovered.verb, sizeof(recovered.verb), r.text.verb);
		rc = r.text.is_running ? mig_fail(err, MIG_E_BUSY, "process %lld is at it",
						  (long long)r.text.pid)
				       : 0;
	}
	/* The instances died with the machine: there is nothing between old and new. */
	if (rc == 0 && recovered.is_other_boot)
		(void)drop_journal(home);
	else if (rc == 0 && recovered.was_unfinished)
		rc = recover(&r, err);
	free(r.before.gpus);
	free(r.gpu_of);
	mig_snapshot_free(&r.now);
	journal_text_free(&r.text);
	if (rc < 0) {
		mig_recovered_free(&recovered);
		return rc;
	}
	*ret = recovered;
	return 0;
}

void mig_recovered_free(struct mig_recovered *recovered)
{
	if (!recovered)
		return;
	free(recovered->gpus);
	*recovered = (struct mig_recovered){ 0 };
}

int mig_unfinished_look(const struct mig_home *home, struct mig_unfinished *ret,
			struct mig_error *err)
{
	struct journal_text text;
	int rc = journal_read(home, &text, err);

	if (rc <= 0)
		return rc;
	*ret = (struct mig_unfinished){ .pid = text.pid,
					.is_running = text.is_running,
					.is_other_boot = strcmp(text.boot, home->boot) != 0,
					.n_steps = text.n_steps };
	text_copy(ret->verb, sizeof(ret->verb), text.verb);
	for (int i = 0; i < text.n_steps; i++)
		ret->n_done += text.steps[i].is_done && !text.steps[i].is_undone;
	journal_text_free(&text);
	return 1;
}
