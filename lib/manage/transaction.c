/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change as a whole: what is in its way is found before the first step, GPUs are changed at
 * the same time, what fails is undone, and what came of it is recorded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "lib/manage/run.h"
#include "lib/record/record.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* One GPU of it, and its thread. */
struct part {
	struct run *run;
	int gpu;
	bool is_asked; /* there are steps for it, and nothing was in their way */
	bool is_threaded;
	int rc; /* what came of it */
	struct mig_error err;
	int n_undone;   /* steps, or a negative error code: not all could be undone */
	char left[512]; /* what was not undone */
	pthread_t thread;
};

/* What lasts, beside the driver. */
struct keeping {
	struct mig_record record;
	struct record_slot slot;
};

/* A switch that is to stay pending is no failure to undo. */
static bool is_left(const struct run *run, int rc)
{
	return rc == -MIG_E_PENDING && run->opt->keep_pending;
}

static void *run_part(void *arg)
{
	struct part *part = arg;
	struct run *run = part->run;

	part->rc = gpu_run(run, part->gpu, &part->err);
	/* All or none: what others do is not known yet. */
	if (part->rc < 0 && run->opt->is_independent && !is_left(run, part->rc))
		part->n_undone = gpu_undo(run, part->gpu, part->left, sizeof(part->left));
	return NULL;
}

static bool has_steps(const struct run *run, int gpu)
{
	for (int i = 0; i < run->change->n_steps; i++) {
		if (run->change->steps[i].gpu == gpu)
			return true;
	}
	return false;
}

/* Return: how many GPUs are to be changed. Errors: of the first that may not, unless each stands
 * for itself; then the others go on. */
static int check_all(struct run *run, struct part *parts, struct mig_error *err)
{
	int n = 0;

	for (int i = 0; i < run->snap->n_gpus; i++) {
		struct part *p = &parts[i];

		*p = (struct part){ .run = run, .gpu = i };
		if (!has_steps(run, i))
			continue;
		p->rc = gpu_check(run, i, &p->err);
		if (p->rc < 0 && !run->opt->is_independent) {
			*err = p->err;
			return p->rc;
		}
		p->is_asked = p->rc == 0;
		n += p->is_asked;
	}
	return n;
}

static void run_all(struct part *parts, int n_gpus, int n_asked)
{
	for (int i = 0; i < n_gpus; i++) {
		struct part *p = &parts[i];

		if (!p->is_asked)
			continue;
		p->is_threaded =
			n_asked > 1 && pthread_create(&p->thread, NULL, run_part, p) == 0;
		if (!p->is_threaded)
			run_part(p);
	}
	for (int i = 0; i < n_gpus; i++) {
		if (parts[i].is_threaded)
			pthread_join(parts[i].thread, NULL);
	}
}

/* The first GPU that failed, or NULL. */
static struct part *first_failed(const struct run *run, struct part *parts)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (parts[i].rc < 0)
			return &parts[i];
	}
	return NULL;
}

/* All or none: where one failed, the others are taken back too. */
static void undo_all(struct run *run, struct part *parts)
{
	const struct part *failed = first_failed(run, parts);

	if (!failed || is_left(run, failed->rc))
		return;
	for (int i = run->snap->n_gpus - 1; i >= 0; i--) {
		if (parts[i].is_asked)
			parts[i].n_undone =
				gpu_undo(run, i, parts[i].left, sizeof(parts[i].left));
	}
}

/* --- What is said of a failure ---------------------------------------------------------- */

/* The compute instance that stands where @ci of @gi stood, or NULL. */
static const struct mig_ci *same_place(const struct mig_gpu *now, const struct mig_gi *gi,
				       const struct mig_ci *ci)
{
	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *g = &now->gis[i];

		for (int k = 0;
		     g->start == gi->start && g->profile == gi->profile && k < g->n_cis; k++) {
			if (g->cis[k].start == ci->start && g->cis[k].profile == ci->profile)
				return &g->cis[k];
		}
	}
	return NULL;
}

/* Those that came back under another id or UUID. Return: how many; @ret names them. */
static int renumbered(const struct mig_gpu *was, const struct mig_gpu *now, char *ret,
		      size_t len)
{
	int n = 0;

	ret[0] = '\0';
	for (int i = 0; i < was->n_gis; i++) {
		const struct mig_gi *gi = &was->gis[i];

		for (int k = 0; k < gi->n_cis && gi->profile >= 0; k++) {
			const struct mig_ci *ci = &gi->cis[k];
			const struct mig_ci *c = same_place(now, gi, ci);

			if (!c || ci->profile < 0 ||
			    (c->id == ci->id && strcmp(c->uuid, ci->uuid) == 0))
				continue;
			text_append(ret, len, "%s%s@%d+%d is now %s", n++ ? ", " : "",
				    was->type->profiles[gi->profile].ci[ci->profile].name,
				    gi->start, ci->start, c->uuid);
		}
	}
	return n;
}

static void say_undone(struct run *run, const struct mig_snapshot *now, int gpu, int n_undone,
		       struct mig_error *err)
{
	char but[640] = "", which[512], what[32] = "all";
	int n = 0;

	for (int i = 0; now && i < run->snap->n_gpus; i++) {
		if ((gpu < 0 || gpu == i) && n == 0)
			n = renumbered(&run->snap->gpus[i], &now->gpus[i], which,
				       sizeof(which));
	}
	if (n)
		snprintf(but, sizeof(but),
			 ", but for the ids and UUIDs of %d compute instance%s: %s", n,
			 n == 1 ? "" : "s", which);
	if (n_undone > 0 && gpu >= 0)
		snprintf(what, sizeof(what), "GPU %d", gpu);
	if (n_undone > 0)
		mig_hint(err, -err->code,
			 "the %d step%s before it %s undone: %s is as it was%s", n_undone,
			 n_undone == 1 ? "" : "s", n_undone == 1 ? "was" : "were", what, but);
}

static void say_left(struct run *run, const char *left, struct mig_error *err)
{
	mig_hint(err, -err->code, "not undone: %s; see 'migctl status' for what stands%s", left,
		 run->opt->home ? ", and 'migctl recover' tries again" : "");
	err->code = MIG_E_HALFDONE;
}

/* Each GPU that failed by itself says what was undone of it. */
static void say_each(struct run *run, const struct mig_snapshot *now, struct part *parts)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		struct part *p = &parts[i];

		if (p->rc == 0 || is_left(run, p->rc) || !p->is_asked)
			continue;
		if (p->n_undone >= 0) {
			say_undone(run, now, i, p->n_undone, &p->err);
			continue;
		}
		say_left(run, p->left, &p->err);
		p->rc = -MIG_E_HALFDONE;
	}
}

/* The GPU that failed says what was undone of all. */
static void say_all(struct run *run, const struct mig_snapshot *now, struct part *parts)
{
	struct part *failed = first_failed(run, parts);
	char left[512] = "";
	int n_undone = 0;

	if (!failed || is_left(run, failed->rc))
		return;
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (parts[i].n_undone < 0)
			text_append(left, sizeof(left), "%s%s", *left ? ", " : "",
				    parts[i].left);
		else
			n_undone += parts[i].n_undone;
	}
	if (*left) {
		say_left(run, left, &failed->err);
		failed->rc = -MIG_E_HALFDONE;
	} else {
		say_undone(run, now, -1, n_undone, &failed->err);
	}
}

/* The worst that happened is the result: what could not be undone, else the first failure. */
static int result(const struct run *run, struct part *parts, struct mig_error *err)
{
	const struct part *failed = first_failed(run, parts);
	int n_failed = 0, n_done = 0;

	if (!failed)
		return 0;
	for (int i = 0; i < run->snap->n_gpus; i++) {
		n_failed += parts[i].rc < 0;
		n_done += parts[i].rc == 0 && parts[i].is_asked;
		if (parts[i].rc == -MIG_E_HALFDONE && failed->rc != -MIG_E_HALFDONE)
			failed = &parts[i];
	}
	*err = failed->err;
	if (run->opt->is_independent && n_failed > 1)
		mig_hint(err, failed->rc, "%d more GPU%s failed", n_failed - 1,
			 n_failed == 2 ? "" : "s");
	if (run->opt->is_independent && n_done > 0)
		mig_hint(err, failed->rc, "%d other GPU%s changed as wanted", n_done,
			 n_done == 1 ? " was" : "s were");
	else if (run->opt->is_independent && !failed->is_asked)
		mig_hint(err, failed->rc, "nothing was changed");
	return failed->rc;
}

/* --- What lasts ------------------------------------------------------------------------- */

static int keep_begin(struct run *run, struct keeping *k, struct mig_error *err)
{
	const struct mig_home *home = run->opt->home;
	int rc;

	*k = (struct keeping){ .slot.fd = -1 };
	run->journal.fd = -1;
	if (!home)
		return 0;
	rc = mig_record_read(home, &k->record, err);
	if (rc < 0)
		return rc;
	rc = journal_begin(home, run->snap, run->change, run->opt->verb,
			   !run->opt->is_independent, &run->journal, err);
	if (rc == 0)
		rc = record_reserve(home, record_bytes(&k->record, run->snap->n_gpus), &k->slot,
				    err);
	if (rc < 0) {
		journal_end(&run->journal);
		mig_record_free(&k->record);
	}
	return rc;
}

static void keep_end(struct keeping *k)
{
	record_let_go(&k->slot);
	mig_record_free(&k->record);
}

/* The compute instances that this change made, or made again. */
static int add_made(struct run *run, struct mig_record_id *ret)
{
	int n = 0;

	for (int i = 0; i < run->change->n_steps; i++) {
		const struct mig_step *s = &run->change->steps[i];

		if ((s->kind == MIG_STEP_CI_CREATE && run->states[i] == STEP_DONE) ||
		    (s->kind == MIG_STEP_CI_DESTROY && run->states[i] == STEP_UNDONE))
			ret[n++] = (struct mig_record_id){ .gpu = s->gpu,
							   .gi = step_gi(run, s),
							   .ci = s->ci };
	}
	return n;
}

static bool any_failed(const struct run *run, const struct part *parts)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (parts[i].rc < 0)
			return true;
	}
	return false;
}

/* The names that the change gives, by the ids of what bears them now. */
static int add_named(struct run *run, const struct part *parts, struct mig_record_id *ret)
{
	int n = 0;

	for (int i = 0; i < run->change->n_names; i++) {
		const struct mig_change_name *name = &run->change->names[i];
		const struct mig_gpu *gpu = &run->snap->gpus[name->gpu];
		const struct mig_step *s =
			name->step >= 0 ? &run->change->steps[name->step] : NULL;

		if (parts[name->gpu].rc < 0 || parts[name->gpu].n_undone ||
		    (!run->opt->is_independent && any_failed(run, parts)))
			continue;
		ret[n] = (struct mig_record_id){
			.gpu = name->gpu,
			.gi = s ? step_gi(run, s) : gpu->gis[name->gi].id,
			.ci = s ? s->ci : gpu->gis[name->gi].cis[name->ci].id,
		};
		text_copy(ret[n].name, sizeof(ret[n].name), name->name);
		n++;
	}
	return n;
}

/* An instance that was made again on the way back has its name again. */
static int add_names_back(struct run *run, const struct mig_record *rec,
			  const struct mig_snapshot *after, const struct part *parts,
			  struct mig_record_id *ret, int n)
{
	for (int g = 0; g < run->snap->n_gpus; g++) {
		const struct mig_gpu *gpu = &run->snap->gpus[g];

		for (int i = 0; parts[g].n_undone && i < gpu->n_gis; i++) {
			for (int k = 0; k < gpu->gis[i].n_cis; k++) {
				const struct mig_ref ref = { g, i, k };
				const struct mig_record_ci *was;
				const struct mig_ci *ci =
					same_place(&after->gpus[g], &gpu->gis[i],
						   &gpu->gis[i].cis[k]);

				if (!ci ||
				    mig_record_look(rec, run->opt->home, run->snap, &ref,
						    &was) != MIG_RECORD_MADE ||
				    !*was->name)
					continue;
				ret[n] = (struct mig_record_id){ .gpu = g,
								 .gi = gpu->gis[i].id,
								 .ci = ci->id };
				text_copy(ret[n].name, sizeof(ret[n].name), was->name);
				n++;
			}
		}
	}
	return n;
}

/* What of each GPU is to be recorded: it was changed, or was put back. */
static void sort_out(const struct run *run, const struct part *parts, bool *is_changed,
		     bool *is_back)
{
	for (int i = 0; i < run->change->n_steps; i++) {
		const int gpu = run->change->steps[i].gpu;

		is_changed[gpu] |= run->states[i] == STEP_DONE;
		is_back[gpu] |= run->states[i] == STEP_UNDONE;
	}
	for (int i = 0; i < run->change->n_names; i++) {
		const int gpu = run->change->names[i].gpu;

		is_changed[gpu] |= parts[gpu].rc == 0 && !parts[gpu].n_undone &&
				   (run->opt->is_independent || !any_failed(run, parts));
	}
	for (int i = 0; i < run->snap->n_gpus; i++) {
		is_back[i] = run->opt->is_renewal ? is_changed[i] || is_back[i]
						  : is_back[i] && !is_changed[i];
		is_changed[i] &= !run->opt->is_renewal;
	}
}

static int record_outcome(struct run *run, const struct part *parts, struct keeping *k,
			  const struct mig_snapshot *after, struct mig_error *err)
{
	const size_t n = (size_t)run->snap->n_gpus;
	const size_t room = n * MIG_GIS_MAX * MIG_CIS_MAX + (size_t)run->change->n_names + 1;
	cleanup_free bool *is_changed = calloc(n + 1, sizeof(*is_changed));
	cleanup_free bool *is_back = calloc(n + 1, sizeof(*is_back));
	cleanup_free struct mig_record_id *made =
		calloc((size_t)run->change->n_steps + 1, sizeof(*made));
	cleanup_free struct mig_record_id *named = calloc(room, sizeof(*named));
	struct mig_record_change what = { .verb = run->opt->verb,
					  .time_s = run->opt->time_s,
					  .before = run->opt->before ? run->opt->before
								     : run->snap,
					  .after = after,
					  .is_changed = is_changed,
					  .is_back = is_back,
					  .made = made,
					  .named = named };
	int rc;

	if (!is_changed || !is_back || !made || !named)
		return mig_fail(err, MIG_E_NOMEM, "record the change");
	sort_out(run, parts, is_changed, is_back);
	what.n_made = add_made(run, made);
	what.n_named = add_named(run, parts, named);
	what.n_named = add_names_back(run, &k->record, after, parts, named, what.n_named);
	rc = mig_record_add(&k->record, run->opt->home, &what, err);
	return rc < 0 ? rc : record_commit(&k->slot, run->opt->home, &k->record, err);
}

/* The end of the journal: the driver is done with, and what came of it is on record. */
static int keep_outcome(struct run *run, const struct part *parts, struct keeping *k,
			const struct mig_snapshot *after, struct mig_error *err)
{
	int rc = 0;

	if (run->journal.fd < 0)
		return 0;
	if (!after || after->n_gpus != run->snap->n_gpus) {
		journal_leave(&run->journal);
		return 0;
	}
	rc = record_outcome(run, parts, k, after, err);
	if (rc < 0)
		mig_wrap(err, rc, "the change was made, but is not on record");
	for (int i = 0; i < run->snap->n_gpus; i++)
		rc = parts[i].rc == -MIG_E_HALFDONE ? -MIG_E_HALFDONE : rc;
	if (rc == 0)
		journal_end(&run->journal);
	else
		journal_leave(&run->journal);
	return rc == -MIG_E_HALFDONE ? 0 : rc;
}

/* --- All of it -------------------------------------------------------------------------- */

static bool needs_after(const struct run *run, struct part *parts)
{
	return run->opt->home || run->opt->ret_after || first_failed(run, parts);
}

/* A change that is a list of steps alone has no room for what came of each GPU. */
static void hand_out(const struct run *run, const struct part *parts)
{
	for (int i = 0; i < run->change->n_gpus && i < run->snap->n_gpus; i++) {
		run->change->gpus[i].rc = parts[i].rc;
		run->change->gpus[i].err = parts[i].err;
	}
}

static int finish(struct run *run, struct keeping *k, struct part *parts, struct mig_error *err)
{
	struct mig_snapshot after = { 0 };
	struct mig_error why = { 0 };
	const bool is_known =
		needs_after(run, parts) && mig_snapshot_take(run->machine, &after, &why) == 0;
	const struct mig_snapshot *now =
		is_known && after.n_gpus == run->snap->n_gpus ? &after : NULL;
	int rc, kept;

	if (run->opt->is_independent)
		say_each(run, now, parts);
	else
		say_all(run, now, parts);
	kept = keep_outcome(run, parts, k, now, &why);
	rc = result(run, parts, err);
	if (rc == 0 && kept < 0) {
		*err = why;
		rc = kept;
	}
	if (rc == 0 && run->opt->ret_after && !is_known) {
		*err = why;
		rc = mig_wrap(err, -why.code, "done, but the result cannot be read");
	}
	if (rc == 0 && run->opt->ret_after)
		*run->opt->ret_after = after;
	else
		mig_snapshot_free(&after);
	return rc;
}

static int run_change(struct run *run, struct part *parts, struct mig_error *err)
{
	struct keeping k = { .slot.fd = -1 };
	const int n_asked = check_all(run, parts, err);
	int rc = n_asked < 0 ? n_asked : 0;

	/* Nothing to do for anybody: no trace is left of it. */
	if (rc == 0 && (n_asked > 0 || run->change->n_names > 0))
		rc = keep_begin(run, &k, err);
	if (rc < 0) {
		hand_out(run, parts);
		return rc;
	}
	run_all(parts, run->snap->n_gpus, n_asked);
	if (!run->opt->is_independent)
		undo_all(run, parts);
	rc = finish(run, &k, parts, err);
	hand_out(run, parts);
	keep_end(&k);
	return rc;
}

int mig_change_run(struct mig_machine *machine, const struct mig_snapshot *snap,
		   struct mig_change *change, const struct mig_run_options *opt,
		   struct mig_error *err)
{
	static const struct mig_run_options plain;
	struct run run = {
		.machine = machine,
		.nvml = mig_machine_nvml(machine),
		.snap = snap,
		.change = change,
		.opt = opt ? opt : &plain,
		.journal.fd = -1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	cleanup_free struct part *parts = calloc((size_t)snap->n_gpus + 1, sizeof(*parts));
	struct mig_error own;
	int rc;

	err = err ? err : &own; /* messages are built step by step */
	run.states = calloc((size_t)change->n_steps + 1, sizeof(*run.states));
	rc = parts && run.states ? run_change(&run, parts, err)
				 : mig_fail(err, MIG_E_NOMEM, "run a change");
	free(run.states);
	pthread_mutex_destroy(&run.lock);
	return rc;
}
