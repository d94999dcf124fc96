/* SPDX-License-Identifier: Apache-2.0 */
/* What lasts of a change beside the driver's state: the journal on the way, the record at the end. */
#include <stdlib.h>
#include <string.h>

#include "lib/manage/transaction.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* Is it not on record that this instance bears that name? */
static bool is_news(const struct run *run, const struct mig_record *rec,
		    const struct mig_change_name *name)
{
	const struct mig_ref ref = { name->gpu, name->gi, name->ci };
	const struct mig_record_ci *was;

	return name->step >= 0 ||
	       mig_record_look(rec, run->opt->home, run->snap, &ref, &was) ==
		       MIG_RECORD_STALE ||
	       !was || strcmp(was->name, name->name) != 0;
}

/* Was its mode switched before this, for this change's sake? */
static bool was_switched(const struct run *run, int gpu)
{
	const struct mig_snapshot *before = run->opt->before;

	return before && before->gpus[gpu].mode != run->snap->gpus[gpu].mode;
}

static bool has_news(const struct run *run, const struct mig_record *rec)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (was_switched(run, i))
			return true;
	}
	for (int i = 0; i < run->change->n_names; i++) {
		if (is_news(run, rec, &run->change->names[i]))
			return true;
	}
	return false;
}

static uint64_t part_of(const struct run *run)
{
	return run->opt->number ? *run->opt->number : 0;
}

int keep_look(struct run *run, struct keeping *k, struct mig_error *err)
{
	*k = (struct keeping){ .slot.fd = -1 };
	return run->opt->home ? mig_record_read(run->opt->home, &k->record, err) : 0;
}

struct names keep_names(const struct run *run, const struct keeping *k)
{
	return (struct names){ .machine = run->machine,
			       .snap = run->snap,
			       .change = run->change,
			       .home = run->opt->home,
			       .rec = &k->record,
			       .who = run->opt->who };
}

int keep_begin(struct run *run, bool has_steps, struct keeping *k, struct mig_error *err)
{
	const struct mig_home *home = run->opt->home;
	struct journal_head head = { .verb = run->opt->verb,
				     .is_atomic = !run->opt->is_independent,
				     .is_renewal = run->opt->is_renewal };
	int rc;

	run->journal.fd = -1;
	if (!home || !(has_steps || has_news(run, &k->record)))
		return 0;
	head.part_of = part_of(run);
	head.n_written = (int64_t)k->record.n_written;
	rc = journal_begin(home, run->snap, run->change, &head, &run->journal, err);
	if (rc == 0)
		rc = record_reserve(home, record_bytes(&k->record, run->snap->n_gpus), &k->slot,
				    err);
	if (rc < 0)
		(void)journal_end(&run->journal, NULL);
	return rc;
}

void keep_end(struct keeping *k)
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

/* Is it as was wanted, and stays so? */
static bool is_well(const struct run *run, const struct part *parts, int gpu)
{
	return parts[gpu].rc == 0 && !parts[gpu].n_undone &&
	       (run->opt->is_independent || !parts_failed(run, parts));
}

bool keep_stays(const struct run *run, const struct part *parts, const struct keeping *k,
		int name)
{
	const struct names n = keep_names(run, k);
	struct mig_ref from;

	return names_bearer(&n, name, &from) && from.gpu != run->change->names[name].gpu &&
	       parts[from.gpu].rc < 0;
}

/* The names that the change gives, by the ids of what bears them now. */
static int add_named(struct run *run, const struct part *parts, const struct keeping *k,
		     struct mig_record_id *ret)
{
	int n = 0;

	for (int i = 0; i < run->change->n_names; i++) {
		const struct mig_change_name *name = &run->change->names[i];
		const struct mig_gpu *gpu = &run->snap->gpus[name->gpu];
		const struct mig_step *s =
			name->step >= 0 ? &run->change->steps[name->step] : NULL;

		if (!is_news(run, &k->record, name) || !is_well(run, parts, name->gpu) ||
		    keep_stays(run, parts, k, i))
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

/* Is a part of it not undone? A recovery will end that, and put it on record. */
static bool is_half(const struct run *run, const struct part *parts, int gpu)
{
	for (int i = 0; i < run->snap->n_gpus; i++) {
		if (parts[i].n_undone < 0 && (i == gpu || !run->opt->is_independent))
			return true;
	}
	return false;
}

/* What of each GPU is to be recorded: @is_done - it was changed; @is_back - it was put back.
 * Return: is anything? */
static bool sort_out(const struct run *run, const struct part *parts,
		     const struct mig_record *rec, bool *is_done, bool *is_back)
{
	bool is_any = false;

	for (int i = 0; i < run->change->n_steps; i++) {
		const int gpu = run->change->steps[i].gpu;

		if (is_half(run, parts, gpu))
			continue;
		is_done[gpu] |= run->states[i] == STEP_DONE;
		is_back[gpu] |= run->states[i] == STEP_UNDONE;
	}
	for (int i = 0; i < run->change->n_names; i++) {
		const struct mig_change_name *name = &run->change->names[i];

		is_done[name->gpu] |= is_news(run, rec, name) && is_well(run, parts, name->gpu);
	}
	for (int i = 0; i < run->snap->n_gpus; i++) {
		is_done[i] |= was_switched(run, i) && is_well(run, parts, i);
		is_back[i] &= !is_done[i];
		is_any |= is_done[i] || is_back[i];
	}
	return is_any;
}

static int record_outcome(struct run *run, const struct part *parts, struct keeping *k,
			  const struct mig_snapshot *after, struct mig_error *err)
{
	const size_t n = (size_t)run->snap->n_gpus;
	const bool is_renewal = run->opt->is_renewal;
	cleanup_free bool *is_done = calloc(n + 1, sizeof(*is_done));
	cleanup_free bool *is_back = calloc(n + 1, sizeof(*is_back));
	cleanup_free struct mig_record_id *made =
		calloc((size_t)run->change->n_steps + 1, sizeof(*made));
	cleanup_free struct mig_record_id *named =
		calloc((size_t)run->change->n_names + 1, sizeof(*named));
	struct mig_record_change what = { .verb = run->opt->verb,
					  .time_s = run->opt->time_s,
					  .part_of = part_of(run),
					  .before = run->opt->before ? run->opt->before
								     : run->snap,
					  .after = after,
					  .is_changed = is_renewal ? NULL : is_done,
					  .is_saved = is_renewal ? is_done : NULL,
					  .is_back = is_back,
					  .made = made,
					  .named = named };
	uint64_t number;
	int rc;

	if (!is_done || !is_back || !made || !named)
		return mig_fail(err, MIG_E_NOMEM, "record the change");
	if (!sort_out(run, parts, &k->record, is_done, is_back))
		return 0;
	what.n_made = add_made(run, made);
	what.n_named = add_named(run, parts, k, named);
	number = k->record.n_changes;
	rc = mig_record_add(&k->record, run->opt->home, &what, err);
	if (run->opt->number && rc == 0 && k->record.n_changes != number)
		*run->opt->number = k->record.n_changes;
	return rc < 0 ? rc : record_commit(&k->slot, run->opt->home, &k->record, err);
}

/* The end of the journal: the driver is done with, and what came of it is on record. */
int keep_outcome(struct run *run, const struct part *parts, struct keeping *k,
		 const struct mig_snapshot *after, struct mig_error *err)
{
	int rc = 0;

	if (run->journal.fd < 0)
		return 0;
	if (!after) {
		journal_leave(&run->journal);
		return mig_hint(err, -err->code, "'migctl recover' puts it on record");
	}
	rc = record_outcome(run, parts, k, after, err);
	if (rc < 0) {
		mig_wrap(err, rc, "it is not on record");
		mig_hint(err, rc, "'migctl recover' puts it there");
	}
	for (int i = 0; i < run->snap->n_gpus; i++)
		rc = parts[i].rc == -MIG_E_HALFDONE ? -MIG_E_HALFDONE : rc;
	if (rc == 0) {
		rc = journal_end(&run->journal, err);
		if (rc < 0) {
			mig_wrap(err, rc, "its journal is still there");
			mig_hint(err, rc, "'migctl recover' tries again");
		}
		return rc;
	}
	journal_leave(&run->journal);
	return rc == -MIG_E_HALFDONE ? 0 : rc;
}
