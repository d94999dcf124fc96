/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change as a whole: what is in its way is found before the first step, GPUs are changed at
 * the same time, what fails is undone, and what came of it is recorded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "lib/manage/transaction.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static void *run_part(void *arg)
{
	struct part *part = arg;
	struct run *run = part->run;

	part->rc = gpu_run(run, part->gpu, &part->has_effect, &part->err);
	/* All or none: what others do is not known yet. */
	if (part->rc < 0 && run->opt->is_independent && !part_is_left(run, part->rc))
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

/* Errors: of the first that may not be changed, unless each stands for itself; then the others go
 * on. */
static int check_all(struct run *run, struct part *parts, struct mig_error *err)
{
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
	}
	return 0;
}

static int refuse(struct part *p, int rc, bool is_independent, struct mig_error *err)
{
	mig_wrap(&p->err, rc, "GPU %d: refused%s", p->gpu,
		 is_independent ? "" : ", and nothing was changed");
	p->rc = rc;
	p->is_asked = false;
	if (is_independent)
		return 0;
	*err = p->err;
	return rc;
}

/*
 * May the names be given? A GPU whose names may not is not changed; and neither is one that
 * gets a name from a GPU which is not. Errors: of the first, unless each stands for itself.
 */
static int check_names(struct run *run, struct part *parts, const struct keeping *k,
		       struct mig_error *err)
{
	const struct names n = keep_names(run, k);
	int rc = 0;

	for (int i = 0, is_news = 0; run->opt->home && rc == 0; i++) {
		struct part *p;
		int bad;

		if (i == run->change->n_names) {
			if (!is_news)
				break;
			i = is_news = 0;
		}
		p = &parts[run->change->names[i].gpu];
		if (p->rc < 0)
			continue;
		bad = names_check(&n, i, &p->err);
		if (bad == 0 && keep_stays(run, parts, k, i))
			bad = mig_fail(
				&p->err, MIG_E_BUSY,
				"the name %s stays where it is, for that GPU is not changed",
				run->change->names[i].name);
		is_news |= bad < 0;
		rc = bad < 0 ? refuse(p, bad, run->opt->is_independent, err) : 0;
	}
	return rc;
}

/* Is a layout on record that only a change of all of it may replace? Errors: as check_names(). */
static int check_missing(struct run *run, struct part *parts, const struct keeping *k,
			 struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; i < run->snap->n_gpus && run->opt->home && rc == 0; i++) {
		struct part *p = &parts[i];

		if (!p->is_asked || run->opt->is_renewal)
			continue;
		rc = mig_change_check_missing(run->snap, run->change, run->opt->home,
					      &k->record, i, &p->err);
		rc = rc < 0 ? refuse(p, rc, run->opt->is_independent, err) : 0;
	}
	return rc;
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

/* All or none: where one failed, the others are taken back too. */
static void undo_all(struct run *run, struct part *parts)
{
	const struct part *failed = parts_failed(run, parts);

	if (!failed || part_is_left(run, failed->rc))
		return;
	for (int i = run->snap->n_gpus - 1; i >= 0; i--) {
		if (parts[i].is_asked)
			parts[i].n_undone =
				gpu_undo(run, i, parts[i].left, sizeof(parts[i].left));
	}
}

static bool needs_after(const struct run *run, const struct part *parts)
{
	return run->opt->home || run->opt->ret_after || parts_failed(run, parts);
}

/* A change that is a list of steps alone has no room for what came of each GPU. */
static void hand_out(const struct run *run, const struct part *parts)
{
	for (int i = 0; i < run->change->n_steps; i++) {
		if (run->states[i] != STEP_NOT_DONE)
			run->change->steps[i].outcome =
				run->states[i] == STEP_DONE ? MIG_STEP_DONE : MIG_STEP_UNDONE;
	}
	for (int i = 0; i < run->change->n_gpus && i < run->snap->n_gpus; i++) {
		run->change->gpus[i].rc = parts[i].rc;
		run->change->gpus[i].is_pending = part_is_left(run, parts[i].rc);
		run->change->gpus[i].err = parts[i].err;
	}
}

/* Names that did not move, because the instance that has one stayed. */
static void say_names(const struct run *run, const struct part *parts, const struct keeping *k,
		      struct mig_error *err)
{
	char names[256] = "";
	int n = 0;

	for (int i = 0; run->opt->home && i < run->change->n_names; i++) {
		if (parts[run->change->names[i].gpu].rc == 0 && keep_stays(run, parts, k, i))
			text_append(names, sizeof(names), "%s%s", n++ ? ", " : "",
				    run->change->names[i].name);
	}
	if (n)
		mig_hint(err, -err->code, "the name%s %s stay%s where %s", n == 1 ? "" : "s",
			 names, n == 1 ? "s" : "", n == 1 ? "it was" : "they were");
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

	parts_say(run, now, parts);
	if (is_known && !now)
		(void)mig_fail(&why, MIG_E_NVML, "of %d GPUs the driver shows %d now",
			       run->snap->n_gpus, after.n_gpus);
	kept = keep_outcome(run, parts, k, now, &why);
	rc = parts_result(run, parts, err);
	if (rc < 0 && run->opt->is_independent)
		say_names(run, parts, k, err);
	if (rc == 0 && (kept < 0 || (run->opt->ret_after && !is_known))) {
		*err = why;
		rc = mig_wrap(err, -why.code,
			      is_known ? "done" : "done, but the result cannot be read");
	} else if (kept < 0) {
		mig_hint(err, rc, "%s", why.msg);
	}
	if (run->opt->ret_after && is_known &&
	    (rc == 0 || run->opt->is_independent || part_is_left(run, rc)))
		*run->opt->ret_after = after;
	else
		mig_snapshot_free(&after);
	return rc;
}

/* What is in the way is found before the first step. Return: how many GPUs are to be changed. */
static int begin(struct run *run, struct part *parts, struct keeping *k, struct mig_error *err)
{
	int n_asked = 0, rc = check_all(run, parts, err);

	/* Nothing to do for anybody: no trace is left of it. */
	if (rc < 0 || (!run->change->n_steps && !run->change->n_names && !run->opt->before))
		return rc;
	rc = keep_look(run, k, err);
	if (rc == 0)
		rc = check_missing(run, parts, k, err);
	if (rc == 0)
		rc = check_names(run, parts, k, err);
	for (int i = 0; i < run->snap->n_gpus; i++)
		n_asked += parts[i].is_asked;
	if (rc == 0 && (n_asked > 0 || run->change->n_names > 0 || run->opt->before))
		rc = keep_begin(run, n_asked > 0, k, err);
	return rc < 0 ? rc : n_asked;
}

static int run_change(struct run *run, struct part *parts, struct mig_error *err)
{
	struct keeping k = { .slot.fd = -1 };
	const int n_asked = begin(run, parts, &k, err);
	int rc;

	if (n_asked < 0) {
		hand_out(run, parts);
		keep_end(&k);
		return n_asked;
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
