/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a change gives: one that an instance has is not taken from it behind its back. It goes
 * where that instance goes too, or where somebody said what all of its GPU shall be, and never from
 * an instance that is held.
 */
#include <stdio.h>

#include "lib/manage/names.h"
#include "lib/record/record.h"
#include "shared/text.h"

bool names_bearer(const struct names *n, int name, struct mig_ref *ret)
{
	struct mig_ref ref;

	if (mig_record_find(n->rec, n->home, n->snap, n->change->names[name].name, &ref, NULL) <
	    0)
		return false;
	*ret = ref;
	return true;
}

/* Does it go, with its GPU instance or alone? */
static bool goes(const struct names *n, const struct mig_ref *ref)
{
	const struct mig_gi *gi = &n->snap->gpus[ref->gpu].gis[ref->gi];

	for (int i = 0; i < n->change->n_steps; i++) {
		const struct mig_step *s = &n->change->steps[i];

		if (s->kind == MIG_STEP_CI_DESTROY && s->gpu == ref->gpu && s->gi == gi->id &&
		    s->ci == gi->cis[ref->ci].id)
			return true;
	}
	return false;
}

/* Is it taken from an instance that stays? */
static bool is_move(const struct names *n, int i, struct mig_name_move *ret)
{
	const struct mig_change_name *name = &n->change->names[i];
	struct mig_ref from;

	if (!names_bearer(n, i, &from) || goes(n, &from) ||
	    (name->step < 0 && name->gpu == from.gpu && name->gi == from.gi &&
	     name->ci == from.ci))
		return false;
	*ret = (struct mig_name_move){ .name = i,
				       .from = from,
				       .is_said = from.gpu < n->change->n_gpus &&
						  n->change->gpus[from.gpu].is_whole };
	return true;
}

/* "3g.40gb@4 on GPU 0 (MIG-...)" */
static const char *describe(const struct mig_snapshot *snap, const struct mig_ref *ref,
			    char *buf, size_t len)
{
	const struct mig_gpu *gpu = &snap->gpus[ref->gpu];
	const struct mig_gi *gi = &gpu->gis[ref->gi];
	const struct mig_ci *ci = &gi->cis[ref->ci];

	snprintf(buf, len, "%s@%d on GPU %d (%s)",
		 gi->profile >= 0 && ci->profile >= 0
			 ? gpu->type->profiles[gi->profile].ci[ci->profile].name
			 : "an instance",
		 gi->start, gpu->index, ci->uuid);
	return buf;
}

/* Is it one of a layout that a reboot took, and that would be brought back without it? */
static int check_missing(const struct names *n, const char *name, struct mig_error *err)
{
	struct mig_error why;
	int rc = mig_record_find(n->rec, n->home, n->snap, name, &(struct mig_ref){ 0 }, &why);

	if (rc != -MIG_E_STALE)
		return 0;
	for (int i = 0; i < n->snap->n_gpus; i++) {
		const struct mig_gpu *gpu = &n->snap->gpus[i];

		if (record_has_name(mig_record_gpu(n->rec, gpu->uuid), name) &&
		    mig_record_missing(n->rec, n->home, gpu) > 0 &&
		    !(i < n->change->n_gpus && n->change->gpus[i].is_whole))
			return mig_fail(err, MIG_E_STALE, "%s", why.msg);
	}
	return 0;
}

int names_check(const struct names *n, int i, struct mig_error *err)
{
	const char *name = n->change->names[i].name;
	struct mig_name_move move;
	const struct mig_gpu *gpu;
	const struct mig_gi *gi;
	char what[256];
	int rc;

	if (!is_move(n, i, &move))
		return check_missing(n, name, err);
	describe(n->snap, &move.from, what, sizeof(what));
	gpu = &n->snap->gpus[move.from.gpu];
	if (!move.is_said)
		return mig_fail(err, MIG_E_EXIST,
				"the name %s is that of %s, which stays; choose another, or "
				"destroy that one first; a layout file that says what GPU %d "
				"shall have moves it, too",
				name, what, gpu->index);
	gi = &gpu->gis[move.from.gi];
	rc = mig_check_free(n->machine, gpu, gi->id, gi->cis[move.from.ci].id, n->who, err);
	return rc < 0 ? mig_wrap(err, rc, "the name %s would leave %s", name, what) : 0;
}

int mig_change_moves(const struct mig_snapshot *snap, const struct mig_change *change,
		     const struct mig_home *home, const struct mig_record *rec,
		     struct mig_name_move *ret)
{
	const struct names n = { .snap = snap, .change = change, .home = home, .rec = rec };
	int n_moves = 0;

	for (int i = 0; i < change->n_names; i++)
		n_moves += is_move(&n, i, &ret[n_moves]);
	return n_moves;
}

int mig_change_check_names(struct mig_machine *machine, const struct mig_snapshot *snap,
			   const struct mig_change *change, const struct mig_home *home,
			   const struct mig_record *rec, const struct mig_who *who,
			   struct mig_error *err)
{
	const struct names n = { machine, snap, change, home, rec, who };
	int rc = 0;

	for (int i = 0; i < change->n_names && rc == 0; i++)
		rc = names_check(&n, i, err);
	return rc;
}

/* Does it make or take instances of a GPU of which something else may be wanted still? */
static bool is_partial(const struct mig_change *change, int gpu)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];

		if (s->gpu == gpu && s->kind != MIG_STEP_MODE && s->kind != MIG_STEP_RESET)
			return gpu < change->n_gpus && !change->gpus[gpu].is_whole;
	}
	return false;
}

int mig_change_check_missing(const struct mig_snapshot *snap, const struct mig_change *change,
			     const struct mig_home *home, const struct mig_record *rec, int gpu,
			     struct mig_error *err)
{
	return is_partial(change, gpu)
		       ? mig_record_check_missing(rec, home, &snap->gpus[gpu], err)
		       : 0;
}
