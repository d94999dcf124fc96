/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a change that failed: what was undone, what was not, and what is new. */
#include <stdio.h>
#include <string.h>

#include "lib/manage/transaction.h"
#include "shared/text.h"

bool part_is_left(const struct run *run, int rc)
{
	return rc == -MIG_E_PENDING && run->opt->keep_pending;
}

const struct part *parts_failed(const struct run *run, const struct part *parts)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (parts[i].rc < 0)
			return &parts[i];
	}
	return NULL;
}

const struct mig_ci *parts_same_place(const struct mig_gpu *now, const struct mig_gi *gi,
				      const struct mig_ci *ci)
{
	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *g = &now->gis[i];

		for (int k = 0;
		     g->start == gi->start && g->profile == gi->profile && k < g->n_cis; k++) {
			/* Where the driver does not tell, the id stands for the place. */
			if (g->cis[k].start == ci->start &&
			    (ci->start >= 0 || g->cis[k].id == ci->id) &&
			    g->cis[k].profile == ci->profile)
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
			const struct mig_ci *c = parts_same_place(now, gi, ci);

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

/* "it and the 2 steps before it were"; @n: without it. Those of several GPUs were done at the same
 * time. */
static const char *which_steps(bool is_several, bool has_effect, int n, char *buf, size_t len)
{
	if (is_several)
		return "all that was done by then was";
	if (has_effect && n == 0)
		return "that was";
	snprintf(buf, len, "%sthe %d step%s before it %s", has_effect ? "it and " : "", n,
		 n == 1 ? "" : "s", n == 1 && !has_effect ? "was" : "were");
	return buf;
}

/* Are steps of more than one GPU done? */
static bool is_several(const struct run *run)
{
	int first = -1;

	for (int i = 0; i < run->change->n_steps; i++) {
		const int gpu = run->change->steps[i].gpu;

		if (first >= 0 && gpu != first)
			return true;
		first = gpu;
	}
	return false;
}

/* @gpu: the one, or -1: all. @has_effect: of the @n_undone steps one is the step that failed. */
static void say_undone(const struct run *run, const struct mig_snapshot *now, int gpu,
		       int n_undone, bool has_effect, struct mig_error *err)
{
	char but[640] = "", which[512], what[32] = "all", steps[64];
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
	if (has_effect)
		mig_hint(err, -err->code, "it took effect all the same");
	if (n_undone > 0)
		mig_hint(err, -err->code, "%s undone: %s is as it was%s",
			 which_steps(gpu < 0 && is_several(run), has_effect,
				     n_undone - has_effect, steps, sizeof(steps)),
			 what, but);
}

static void say_left(const struct run *run, const char *left, struct mig_error *err)
{
	mig_hint(err, -err->code, "not undone: %s; see 'migctl status' for what stands%s", left,
		 run->opt->home ? ", and 'migctl recover' tries again" : "");
	err->code = MIG_E_HALFDONE;
}

/* Each GPU that failed by itself says what was undone of it. */
static void say_each(const struct run *run, const struct mig_snapshot *now, struct part *parts)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		struct part *p = &parts[i];

		if (p->rc == 0 || part_is_left(run, p->rc) || !p->is_asked)
			continue;
		if (p->n_undone >= 0) {
			say_undone(run, now, i, p->n_undone, p->has_effect, &p->err);
			continue;
		}
		say_left(run, p->left, &p->err);
		p->rc = -MIG_E_HALFDONE;
	}
}

/* The GPU that failed says what was undone of all. */
static void say_all(const struct run *run, const struct mig_snapshot *now, struct part *parts)
{
	struct part *failed = NULL;
	char left[512] = "";
	int n_undone = 0;

	for (int i = run->snap->n_gpus - 1; i >= 0; i--)
		failed = parts[i].rc < 0 ? &parts[i] : failed;
	if (!failed || part_is_left(run, failed->rc))
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
		say_undone(run, now, -1, n_undone, failed->has_effect, &failed->err);
	}
}

int parts_result(const struct run *run, const struct part *parts, struct mig_error *err)
{
	const struct part *failed = parts_failed(run, parts);
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

void parts_say(const struct run *run, const struct mig_snapshot *now, struct part *parts)
{
	if (run->opt->is_independent)
		say_each(run, now, parts);
	else
		say_all(run, now, parts);
}
