/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of one GPU: look first, do one after the other, and take back what was done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "lib/manage/transaction.h"
#include "shared/text.h"

enum { STEP_BYTES = 256 }; /* a step in words */

/* Source: NVIDIA's MIG user guide, whose tables have four slices beside three from R510 on. */
static bool is_four_beside_three(const struct mig_gpu *now, const struct mig_profile *p)
{
	for (int i = 0; i < now->n_gis; i++) {
		const int profile = now->gis[i].profile;
		const int other = profile < 0 ? 0 : now->type->profiles[profile].compute_slices;

		if (p->compute_slices + other == 7 && (other == 3 || other == 4))
			return true;
	}
	return false;
}

/* A refused create tells little ("insufficient resources"); the driver's state tells why. */
static void explain_place(const struct mig_gpu *now, const struct mig_profile *p, int start,
			  const char *driver, struct mig_error *err)
{
	struct mig_layout lay = mig_gpu_layout(now);
	struct mig_error why;

	for (int i = 0; now->type && i < now->type->n_profiles; i++) {
		if (now->type->profiles[i].id != p->id)
			continue;
		if (mig_layout_add(&lay, i, start, &why) < 0)
			mig_hint(err, -err->code, "%s", why.msg);
		else if (atoi(driver) < 510 && is_four_beside_three(now, p))
			mig_hint(err, -err->code,
				 "drivers before R510 put no four compute slices beside three");
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
			      now.driver, err);
	mig_snapshot_free(&now);
}

int gpu_check(struct run *run, int gpu, struct mig_error *err)
{
	char text[STEP_BYTES];

	for (int i = 0; i < run->change->n_steps; i++) {
		const struct mig_step *step = &run->change->steps[i];
		int rc = step->gpu == gpu ? step_check(run, step, err) : 0;

		if (rc == -MIG_E_PERM)
			mig_hint(err, rc, "only root may; try sudo");
		if (rc < 0)
			return mig_wrap(err, rc, "%s: refused%s",
					mig_step_format(run->snap, step, text, sizeof(text)),
					run->opt->is_independent ? ""
								 : ", and nothing was changed");
	}
	return 0;
}

int gpu_run(struct run *run, int gpu, bool *ret_effect, struct mig_error *err)
{
	char text[STEP_BYTES];

	for (int i = 0; i < run->change->n_steps && !atomic_load(&run->is_over); i++) {
		struct mig_step *step = &run->change->steps[i];
		int rc = step->gpu == gpu ? step_perform(run, step, false, err) : 0;

		if (rc == 0)
			continue;
		if (!run->opt->is_independent && !part_is_left(run, rc))
			atomic_store(&run->is_over, true);
		*ret_effect = run->states[i] == STEP_DONE;
		if (!*ret_effect) {
			step->outcome = MIG_STEP_FAILED;
			explain(run, step, err);
		}
		mig_wrap(err, rc, "%s", mig_step_format(run->snap, step, text, sizeof(text)));
		if (rc == -MIG_E_PERM)
			mig_hint(err, rc, "only root may; try sudo");
		return rc;
	}
	return 0;
}

int gpu_undo(struct run *run, int gpu, char *ret, size_t len)
{
	char step_text[STEP_BYTES];
	struct mig_error why;
	int n_left = 0, n_undone = 0;

	ret[0] = '\0';
	for (int i = run->change->n_steps - 1; i >= 0; i--) {
		struct mig_step *step = &run->change->steps[i];
		bool can;

		/* Others' steps are being written by their threads. */
		if (step->gpu != gpu || run->states[i] != STEP_DONE)
			continue;
		can = step_can_undo(run, step);
		if (can && step_perform(run, step, true, &why) == 0) {
			n_undone++;
			continue;
		}
		mig_step_format(run->snap, step, step_text, sizeof(step_text));
		text_append(ret, len, "%s'%s'", n_left++ ? ", " : "", step_text);
		if (can)
			text_append(ret, len, " (%s)", why.msg);
	}
	return n_left ? -MIG_E_HALFDONE : n_undone;
}
