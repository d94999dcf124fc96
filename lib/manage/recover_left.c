/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPUs of an unfinished change that are not here, as when one fell off the bus. Unless the change
 * is all or none the others are ended, and the journal stays for those that are left:
 *
 *	left	what is put on record next has nothing of them, though it is newer than the change
 *	(the record is written)
 *	ended	the others are nobody's business any more: other tools may change them
 *
 * Killed before the record is written, the next recovery does all of it again; killed after, it
 * finds the others as they shall be, and on record.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/manage/recover.h"
#include "shared/text.h"

static bool is_newer(const struct recovery *r, int gpu)
{
	const int64_t n = r->text.states[gpu].n_written;

	return n >= 0 && r->record.n_written > (uint64_t)n;
}

/* Is a step of it still to be done or taken back, or is it not on record? */
static bool has_work(const struct recovery *r, int gpu)
{
	bool is_concerned = false;

	for (int i = 0; i < r->text.n_steps; i++) {
		const struct journal_step *s = &r->text.steps[i];

		if (s->step.gpu != gpu)
			continue;
		if (!s->is_done || s->is_undo_begun)
			return true;
		is_concerned = true;
	}
	return is_concerned && !is_newer(r, gpu);
}

void recover_find_left(struct recovery *r)
{
	for (int g = 0; g < r->text.n_gpus; g++) {
		if (r->text.states[g].is_ended)
			r->gpu_of[g] = -1;
		else if (r->gpu_of[g] >= 0)
			r->is_recorded[r->gpu_of[g]] = is_newer(r, g);
		else
			r->is_left[g] = has_work(r, g);
	}
}

static int first_left(const struct recovery *r)
{
	for (int g = 0; g < r->text.n_gpus; g++) {
		if (r->is_left[g])
			return g;
	}
	return -1;
}

int recover_check_left(const struct recovery *r, struct mig_error *err)
{
	const int left = first_left(r);
	bool has_others = false;
	int rc;

	for (int i = 0; i < r->now.n_gpus; i++)
		has_others |= r->ret->gpus[i].is_concerned &&
			      !(r->ret->gpus[i].way == MIG_RECOVERED_DONE && r->is_recorded[i]);
	if (left < 0 || (has_others && !r->text.is_atomic))
		return 0;
	rc = mig_fail(
		err, MIG_E_UNFINISHED,
		"GPU %s, which the change was about, is not here now%s; try again when it "
		"is, or 'migctl recover --forget' leaves the rest as it is",
		r->text.gpus[left].uuid, has_others ? ", and the change is all or none" : "");
	return mig_blame_lost(&r->now, rc, err);
}

int recover_name_left(struct recovery *r, struct mig_error *err)
{
	r->ret->left = calloc((size_t)r->text.n_gpus + 1, sizeof(*r->ret->left));
	if (!r->ret->left)
		return mig_fail(err, MIG_E_NOMEM, "recover");
	for (int g = 0; g < r->text.n_gpus; g++) {
		if (r->is_left[g])
			text_copy(r->ret->left[r->ret->n_left++], sizeof(r->ret->left[0]),
				  r->text.gpus[g].uuid);
	}
	return 0;
}

int recover_note_left(const struct recovery *r, struct mig_error *err)
{
	const uint64_t n = r->record.n_written;
	json_t *notes = json_array();

	for (int g = 0; g < r->text.n_gpus; g++) {
		const int64_t base =
			is_newer(r, g) ? r->text.states[g].n_written : (int64_t)n + 1;

		if (r->is_left[g])
			json_array_append_new(notes, json_pack("{s:i, s:I}", "left", g,
							       "n_written", (json_int_t)base));
		/* The recovery that left it put nothing on record; this one does. */
		else if (r->text.states[g].is_left && r->gpu_of[g] >= 0 &&
			 !r->is_recorded[r->gpu_of[g]])
			json_array_append_new(notes, json_pack("{s:i, s:I}", "here", g,
							       "n_written", (json_int_t)n));
	}
	return journal_append(r->home, notes, err);
}

int recover_note_ended(const struct recovery *r, uint64_t n_changes, struct mig_error *err)
{
	const uint64_t part_of =
		r->record.n_changes != n_changes ? r->record.n_changes : r->text.part_of;
	json_t *notes = json_array();

	for (int g = 0; g < r->text.n_gpus; g++) {
		if (r->gpu_of[g] >= 0)
			json_array_append_new(notes, json_pack("{s:i, s:I}", "ended", g,
							       "part_of", (json_int_t)part_of));
	}
	return journal_append(r->home, notes, err);
}
