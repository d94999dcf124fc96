/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of a recovery: what was made, and which names hold. */
#include <stdlib.h>
#include <string.h>

#include "lib/manage/recover.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* Those that stood before and never went, bit k for the k-th. */
static unsigned kept(const struct recovery *r, int gpu, const struct mig_gi *gi)
{
	const struct mig_gi *was = recover_gi_at(&r->before.gpus[gpu], gi->profile, gi->start);
	unsigned set = 0;

	for (int k = 0; k < gi->n_cis; k++) {
		if (recover_has_ci(was, &gi->cis[k]) &&
		    !recover_is_begun(r, MIG_STEP_CI_DESTROY, gpu, was, &gi->cis[k]))
			set |= 1U << k;
	}
	return set;
}

/* What tells which compute instance a step made, the surest first. */
enum proof { BY_IDS, BY_PLACE, BY_PROFILE, N_PROOFS };

static bool is_made_by(const struct journal_step *s, const struct mig_gi *gi,
		       const struct mig_ci *ci, enum proof proof)
{
	const enum proof has = s->made_ci >= 0         ? BY_IDS
			       : s->step.ci_start >= 0 ? BY_PLACE
						       : BY_PROFILE;

	if (has != proof)
		return false;
	if (proof == BY_IDS)
		return ci->id == s->made_ci && gi->id == s->made_gi;
	return ci->profile == s->step.ci_profile &&
	       (proof == BY_PROFILE || ci->start == s->step.ci_start);
}

/*
 * The compute instance that a step made, by ids; or where its writer was killed before it could note
 * them, or a recovery did the step, by its place. Of those that are alike each is of one step.
 */
static bool find_made(const struct recovery *r, int step, struct mig_record_id *ret)
{
	const struct mig_step *wanted = &r->text.steps[step].step;
	const struct mig_gi *gi =
		recover_gi_at(&r->now.gpus[wanted->gpu], wanted->profile, wanted->start);
	unsigned taken = gi ? kept(r, wanted->gpu, gi) : 0;

	for (int i = 0; gi && i < N_PROOFS * r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i % r->text.n_steps];
		int k = 0;

		if (s->step.kind != MIG_STEP_CI_CREATE || s->step.gpu != wanted->gpu ||
		    s->step.profile != wanted->profile || s->step.start != wanted->start)
			continue;
		while (k < gi->n_cis &&
		       (taken >> k & 1 ||
			!is_made_by(s, gi, &gi->cis[k], (enum proof)(i / r->text.n_steps))))
			k++;
		if (k == gi->n_cis)
			continue;
		taken |= 1U << k;
		if (&s->step != wanted)
			continue;
		*ret = (struct mig_record_id){ .gpu = wanted->gpu,
					       .gi = gi->id,
					       .ci = gi->cis[k].id };
		return true;
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
				recover_gi_at(&r->before.gpus[g], gi->profile, gi->start);

			for (int k = 0; k < gi->n_cis; k++) {
				const bool is_new = !recover_has_ci(was, &gi->cis[k]) ||
						    recover_is_begun(r, MIG_STEP_CI_DESTROY, g,
								     was, &gi->cis[k]);

				if (is_new)
					ret[n++] = (struct mig_record_id){
						.gpu = g, .gi = gi->id, .ci = gi->cis[k].id
					};
			}
		}
	}
	return n;
}

bool recover_is_news(const struct recovery *r, const struct mig_change_name *name)
{
	const struct mig_gpu *was = &r->before.gpus[name->gpu];
	const struct mig_record_ci *ci;

	for (int i = 0; name->step < 0 && i < was->n_gis; i++) {
		for (int k = 0; was->gis[i].id == name->gi && k < was->gis[i].n_cis; k++) {
			const struct mig_ref ref = { name->gpu, i, k };

			if (was->gis[i].cis[k].id != name->ci)
				continue;
			return mig_record_look(&r->record, r->home, &r->before, &ref, &ci) ==
				       MIG_RECORD_STALE ||
			       !ci || strcmp(ci->name, name->name) != 0;
		}
	}
	return true;
}

/* Is what the change did to a GPU on record? */
static bool is_recorded(const struct recovery *r, int gpu)
{
	return r->is_recorded[gpu] && r->ret->gpus[gpu].way == MIG_RECOVERED_DONE;
}

/* Is it that of an instance on another GPU, which has it again? Then it stays there. */
static bool stays(const struct recovery *r, const struct mig_change_name *name)
{
	struct mig_ref from;

	return mig_record_find(&r->record, r->home, &r->before, name->name, &from, NULL) == 0 &&
	       from.gpu != name->gpu && r->ret->gpus[from.gpu].is_concerned &&
	       r->ret->gpus[from.gpu].way == MIG_RECOVERED_BACK;
}

/* The names that the change was to give; what went back has those that it had. */
static int add_named(const struct recovery *r, struct mig_record_id *ret)
{
	int n = 0;

	for (int i = 0; i < r->text.n_names; i++) {
		const struct mig_change_name *name = &r->text.names[i];

		if (name->gpu < 0 || r->ret->gpus[name->gpu].way == MIG_RECOVERED_BACK ||
		    is_recorded(r, name->gpu) || !recover_is_news(r, name) || stays(r, name))
			continue;
		if (name->step < 0)
			ret[n] = (struct mig_record_id){ .gpu = name->gpu,
							 .gi = name->gi,
							 .ci = name->ci };
		else if (r->text.steps[name->step].step.gpu != name->gpu ||
			 !find_made(r, name->step, &ret[n]))
			continue;
		text_copy(ret[n++].name, sizeof(ret[0].name), name->name);
	}
	return n;
}

int recover_keep(struct recovery *r, struct mig_error *err)
{
	const size_t n = (size_t)r->now.n_gpus, room = n * MIG_GIS_MAX * MIG_CIS_MAX + 1;
	const bool is_renewal = r->text.is_renewal;
	cleanup_free bool *is_done = calloc(n + 1, sizeof(*is_done));
	cleanup_free bool *is_back = calloc(n + 1, sizeof(*is_back));
	cleanup_free bool *is_saved = calloc(n + 1, sizeof(*is_saved));
	cleanup_free struct mig_record_id *made = calloc(room, sizeof(*made));
	cleanup_free struct mig_record_id *named =
		calloc((size_t)r->text.n_names + 1, sizeof(*named));
	struct mig_record_change what = { .verb = r->text.verb,
					  .time_s = r->opt->time_s,
					  .part_of = r->text.part_of,
					  .before = &r->before,
					  .after = &r->now,
					  .is_changed = is_renewal ? NULL : is_done,
					  .is_saved = is_renewal ? is_done : is_saved,
					  .is_back = is_back,
					  .made = made,
					  .named = named };
	bool is_any = false;
	int rc;

	if (!is_done || !is_back || !is_saved || !made || !named)
		return mig_fail(err, MIG_E_NOMEM, "record what was recovered");
	for (size_t i = 0; i < n; i++) {
		is_done[i] = r->ret->gpus[i].is_concerned &&
			     r->ret->gpus[i].way != MIG_RECOVERED_BACK;
		is_back[i] = r->ret->gpus[i].is_concerned && !is_done[i];
		is_done[i] &= !is_recorded(r, (int)i);
		/* A recovery was killed when it had put on record that it went forth. */
		is_saved[i] = is_back[i] && r->is_recorded[i] && r->text.is_forth;
		is_any |= is_done[i] || is_back[i];
		is_back[i] &= !is_saved[i];
	}
	if (!is_any)
		return 0;
	what.n_made = add_made(r, made);
	what.n_named = add_named(r, named);
	rc = mig_record_add(&r->record, r->home, &what, err);
	return rc < 0 ? rc : mig_record_write(r->home, &r->record, err);
}
