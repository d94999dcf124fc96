/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a change that was cut short. The driver is asked what there is, and the journal only
 * what was meant: nothing is done because the journal says that it was not.
 *
 *	of each GPU:	what stands there now must be explained by the layout before and the steps
 *			that were begun; else another tool was here, and all of it is left alone
 *	not here	it is left, and the journal with it; see recover_left.c
 *	all done	it is finished
 *	else		back to the layout before; where somebody holds what would go, forth
 *
 * Going back or forth is a change like any other, made from what there is now. Cut short itself
 * it leaves what the same journal explains, so it can be tried again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/manage/recover.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* A recovery that went forth was killed when it had put that on record: so it is done. */
static bool went_forth(const struct recovery *r, int gpu)
{
	return r->is_recorded[gpu] && r->text.is_forth && r->text.forth_n_written >= 0 &&
	       r->record.n_written > (uint64_t)r->text.forth_n_written;
}

/* Does a GPU have what the change was to make of it? A recovery that was cut short or failed may have
 * put it back, whatever the journal says. */
static bool is_made(const struct recovery *r, int gpu)
{
	struct mig_wanted wanted = { 0 };
	struct mig_change change;
	bool is_same;

	recover_want(r, gpu, MIG_RECOVERED_FORTH, &wanted);
	if (mig_change_make_one(&r->now, gpu, &wanted, NULL, &change, NULL) < 0)
		return true; /* nobody can tell: the journal's word stands */
	is_same = change.n_steps == 0;
	mig_change_free(&change);
	return is_same;
}

static void concern(struct recovery *r)
{
	for (int i = 0; i < r->now.n_gpus; i++)
		r->ret->gpus[i].way = MIG_RECOVERED_DONE;
	for (int i = 0; i < r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i];
		struct mig_recovered_gpu *g;

		if (s->step.gpu < 0)
			continue;
		g = &r->ret->gpus[s->step.gpu];
		g->is_concerned = true;
		if (!s->is_done || s->is_undo_begun)
			g->way = MIG_RECOVERED_BACK;
	}
	for (int i = 0; i < r->now.n_gpus; i++) {
		struct mig_recovered_gpu *g = &r->ret->gpus[i];

		if (r->opt->way != MIG_RECOVER_BACK && went_forth(r, i))
			g->way = MIG_RECOVERED_DONE;
		if (g->is_concerned && g->way == MIG_RECOVERED_DONE && !is_made(r, i))
			g->way = MIG_RECOVERED_BACK;
	}
	/* Where it only gave names nothing had to be done for that. */
	for (int i = 0; i < r->text.n_names; i++) {
		if (r->text.names[i].gpu >= 0 && recover_is_news(r, &r->text.names[i]))
			r->ret->gpus[r->text.names[i].gpu].is_concerned = true;
	}
	for (int i = 0; r->text.is_atomic && i < r->now.n_gpus; i++) {
		for (int k = 0; k < r->now.n_gpus; k++) {
			if (r->ret->gpus[i].way == MIG_RECOVERED_BACK &&
			    r->ret->gpus[k].is_concerned)
				r->ret->gpus[k].way = MIG_RECOVERED_BACK;
		}
	}
}

static int note_forth(const struct recovery *r, struct mig_error *err)
{
	if (r->text.is_forth)
		return 0;
	return journal_append(r->home,
			      json_pack("[{s:b, s:I}]", "forth", true, "n_written",
					(json_int_t)r->record.n_written),
			      err);
}

/* Bring those GPUs there whose way it is. */
static int go(struct recovery *r, enum mig_recovered_way way, struct mig_error *err)
{
	const struct mig_run_options run = { .on_step = r->opt->on_step,
					     .reset = r->opt->reset,
					     .arg = r->opt->arg,
					     .who = r->opt->who,
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
		recover_want(r, i, way, &wanted[i]);
	}
	rc = mig_change_make(&r->now, wanted, NULL, &change, err);
	if (rc < 0)
		return rc;
	/* It does steps that were never begun: cut short, they have to be explained, too. */
	if (way == MIG_RECOVERED_FORTH)
		rc = note_forth(r, err);
	if (rc < 0) {
		mig_change_free(&change);
		return rc;
	}
	rc = mig_change_run(r->machine, &r->now, &change, &run, err);
	for (int i = 0; i < r->now.n_gpus; i++)
		r->ret->gpus[i].rc = change.gpus[i].rc;
	mig_change_free(&change);
	return rc;
}

/* Those that somebody's hold keeps from going back go forth instead. Return: how many; none where
 * one failed for another reason, which would be forgotten over it. */
static int turn_round(struct recovery *r)
{
	int n = 0;

	for (int i = 0; i < r->now.n_gpus; i++) {
		if (r->ret->gpus[i].rc < 0 && r->ret->gpus[i].rc != -MIG_E_BUSY)
			return 0;
	}
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

/* Of a GPU that cannot be read there is nothing to put on record. */
static int check_read(const struct recovery *r, const struct mig_snapshot *now,
		      struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; i < now->n_gpus && rc == 0; i++) {
		if (r->ret->gpus[i].is_concerned)
			rc = mig_gpu_check_lost(&now->gpus[i], err);
	}
	return rc;
}

static int look_again(struct recovery *r, struct mig_error *err)
{
	struct mig_snapshot now;
	int rc = mig_snapshot_take(r->machine, &now, err);

	if (rc < 0)
		return rc;
	if (now.n_gpus != r->now.n_gpus)
		rc = mig_fail(err, MIG_E_NVML, "of %d GPUs the driver shows %d now",
			      r->now.n_gpus, now.n_gpus);
	else
		rc = check_read(r, &now, err);
	if (rc < 0) {
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

/* All of them that way, as somebody said; but what is done and on record is a change like any. */
static void turn_all(struct recovery *r, enum mig_recovered_way way)
{
	for (int i = 0; i < r->now.n_gpus; i++) {
		if (!r->is_recorded[i] || r->ret->gpus[i].way != MIG_RECOVERED_DONE)
			r->ret->gpus[i].way = way;
	}
}

static int go_all(struct recovery *r, struct mig_error *err)
{
	struct mig_error back;
	int rc;

	if (r->opt->way == MIG_RECOVER_FORTH) {
		turn_all(r, MIG_RECOVERED_FORTH);
		rc = go(r, MIG_RECOVERED_FORTH, err);
		return rc < 0 ? rc : look_again(r, err);
	}
	if (r->opt->way == MIG_RECOVER_BACK)
		turn_all(r, MIG_RECOVERED_BACK);
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

/* Return: 1, or 0 when there is none. A change that is ended and seems unfinished would not let
 * another begin. */
static int drop_journal(const struct mig_home *home, struct mig_error *err)
{
	char path[1100];

	if (unlink(journal_path(home, path, sizeof(path))) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return mig_fail(err, errno == EACCES || errno == EPERM ? MIG_E_PERM : MIG_E_IO,
			"remove %s: %s", path, strerror(errno));
}

/* The GPUs are as they shall be: on record with them, and the journal has done its duty, but for
 * what is left. */
static int finish(struct recovery *r, struct mig_error *err)
{
	const uint64_t n_changes = r->record.n_changes;
	int rc = recover_note_left(r, err);

	if (rc == 0)
		rc = recover_keep(r, err);
	if (rc == 0)
		rc = r->ret->n_left ? recover_note_ended(r, n_changes, err)
				    : drop_journal(r->home, err);
	return rc < 0 ? rc : 0;
}

static int recover(struct recovery *r, struct mig_error *err)
{
	int rc = mig_record_read(r->home, &r->record, err);

	if (rc == 0)
		rc = recover_look(r, err);
	if (rc < 0)
		return rc;
	concern(r);
	rc = recover_check_left(r, err);
	if (rc == 0)
		rc = recover_name_left(r, err);
	if (rc == 0)
		rc = recover_check(r, err);
	if (rc == 0)
		rc = go_all(r, err);
	return rc < 0 ? rc : finish(r, err);
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
		rc = drop_journal(home, err);
		recovered.was_unfinished = rc > 0;
		if (rc >= 0)
			*ret = recovered;
		return rc < 0 ? rc : 0;
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
		rc = drop_journal(home, err);
	else if (rc == 0 && recovered.was_unfinished)
		rc = recover(&r, err);
	free(r.before.gpus);
	free(r.gpu_of);
	free(r.is_left);
	free(r.is_recorded);
	mig_record_free(&r.record);
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
	free(recovered->left);
	*recovered = (struct mig_recovered){ 0 };
}

/* Others were ended without them. */
static void look_left(const struct journal_text *text, struct mig_unfinished *ret)
{
	bool is_any_ended = false;

	for (int g = 0; g < text->n_gpus; g++)
		is_any_ended |= text->states[g].is_ended;
	for (int g = text->n_gpus - 1; g >= 0 && is_any_ended; g--) {
		if (!text->states[g].is_left)
			continue;
		ret->n_left++;
		text_copy(ret->left, sizeof(ret->left), text->gpus[g].uuid);
	}
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
	look_left(&text, ret);
	journal_text_free(&text);
	return 1;
}
