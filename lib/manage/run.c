/* SPDX-License-Identifier: Apache-2.0 */
/* Running a change: look first, do step after step, and undo what was done when one fails. */
#include <stdio.h>
#include <string.h>

#include "lib/device/machine.h"
#include "lib/manage/run.h"
#include "shared/text.h"

enum { STEP_BYTES = 256 }; /* a step in words */

/* A refused create tells little ("insufficient resources"); the driver's state tells why. */
static void explain_place(const struct mig_gpu *now, const struct mig_profile *p, int start,
			  struct mig_error *err)
{
	struct mig_layout lay = mig_gpu_layout(now);
	struct mig_error why;

	for (int i = 0; now->type && i < now->type->n_profiles; i++) {
		if (now->type->profiles[i].id != p->id)
			continue;
		if (mig_layout_add(&lay, i, start, &why) < 0)
			mig_hint(err, -err->code, "%s", why.msg);
		else
			mig_hint(err, -err->code,
				 "the place is free by all that the driver tells");
	}
}

static void explain(struct run *run, const struct mig_step *step, struct mig_error *err)
{
	const struct mig_gpu_type *type = run->snap->gpus[step->gpu].type;
	struct mig_snapshot now;

	if (step->kind != MIG_STEP_GI_CREATE || mig_snapshot_take(run->machine, &now, NULL) < 0)
		return;
	if (step->gpu < now.n_gpus)
		explain_place(&now.gpus[step->gpu], &type->profiles[step->profile], step->start,
			      err);
	mig_snapshot_free(&now);
}

/*
 * Undo the steps before @failed, the last first. One that cannot be undone does not keep the
 * others from it. Return: 0, or HALFDONE: @ret names what was not undone, and why.
 */
static int undo(struct run *run, int failed, char *ret, size_t len)
{
	char step_text[STEP_BYTES];
	struct mig_error why;
	int n_left = 0;

	ret[0] = '\0';
	for (int i = failed - 1; i >= 0; i--) {
		struct mig_step *step = &run->change->steps[i];
		const bool can = step_can_undo(run, step);

		if (can && step_perform(run, step, true, &why) == 0)
			continue;
		mig_step_format(run->snap, step, step_text, sizeof(step_text));
		text_append(ret, len, "%s'%s'", n_left++ ? ", " : "", step_text);
		if (can)
			text_append(ret, len, " (%s)", why.msg);
	}
	return n_left ? -MIG_E_HALFDONE : 0;
}

static void tell_undone(const struct run *run, int n, int rc, struct mig_error *err)
{
	char but[96] = "";

	if (run->n_renumbered)
		snprintf(but, sizeof(but),
			 ", but for the ids and UUIDs of %d compute instance%s",
			 run->n_renumbered, run->n_renumbered == 1 ? "" : "s");
	if (n)
		mig_hint(err, rc, "the %d step%s before it %s undone: all is as it was%s", n,
			 n == 1 ? "" : "s", n == 1 ? "was" : "were", but);
}

static int fail_step(struct run *run, int failed, int rc, struct mig_error *err)
{
	char text[STEP_BYTES], left[sizeof(err->msg)];

	mig_wrap(err, rc, "%s",
		 mig_step_format(run->snap, &run->change->steps[failed], text, sizeof(text)));
	if (rc == -MIG_E_PENDING && run->opt->keep_pending)
		return rc;
	if (rc == -MIG_E_PERM)
		mig_hint(err, rc, "only root may; try sudo");
	if (undo(run, failed, left, sizeof(left)) == 0) {
		tell_undone(run, failed, rc, err);
		return rc;
	}
	mig_hint(err, rc, "not undone: %s; see 'migctl status' for what stands", left);
	err->code = MIG_E_HALFDONE;
	return -MIG_E_HALFDONE;
}

static int check_steps(struct run *run, struct mig_error *err)
{
	char text[STEP_BYTES];

	for (int i = 0; i < run->change->n_steps; i++) {
		const struct mig_step *step = &run->change->steps[i];
		int rc = step_check(run, step, err);

		if (rc == -MIG_E_PERM)
			mig_hint(err, rc, "only root may; try sudo");
		if (rc < 0)
			return mig_wrap(err, rc, "%s: refused, and nothing was changed",
					mig_step_format(run->snap, step, text, sizeof(text)));
	}
	return 0;
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
	};
	struct mig_error own;
	int rc;

	err = err ? err : &own; /* messages are built step by step */
	rc = check_steps(&run, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < change->n_steps; i++) {
		rc = step_perform(&run, &change->steps[i], false, err);
		if (rc < 0) {
			explain(&run, &change->steps[i], err);
			return fail_step(&run, i, rc, err);
		}
	}
	return 0;
}
