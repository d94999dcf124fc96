/* SPDX-License-Identifier: Apache-2.0 */
/* What a change did becomes part of the record. */
#include <stdlib.h>
#include <string.h>

#include "lib/record/record.h"
#include "shared/text.h"

/* The record that is being made; it takes the old one's place once nothing can fail any more. */
struct next {
	const struct mig_record *old;
	const struct mig_home *home;
	const struct mig_record_change *change;
	struct mig_record rec;
};

static bool is_id(const struct mig_record_id *id, int gpu, int gi, int ci)
{
	return id->gpu == gpu && id->gi == gi && id->ci == ci;
}

static bool was_made(const struct mig_record_change *c, int gpu, int gi, int ci)
{
	for (int i = 0; i < c->n_made; i++) {
		if (is_id(&c->made[i], gpu, gi, ci))
			return true;
	}
	return false;
}

static const char *name_given(const struct mig_record_change *c, int gpu, int gi, int ci)
{
	for (int i = 0; i < c->n_named; i++) {
		if (is_id(&c->named[i], gpu, gi, ci))
			return c->named[i].name;
	}
	return "";
}

static bool is_given(const struct mig_record_change *c, const char *name)
{
	for (int i = 0; i < c->n_named; i++) {
		if (!c->after->gpus[c->named[i].gpu].is_lost &&
		    strcmp(c->named[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Does it go on with the last change? */
static bool is_part(const struct next *n)
{
	return n->change->part_of && n->change->part_of == n->old->n_changes;
}

/* There is room: next_new() saw to it. */
static uint64_t count_one(struct mig_record *rec, const char *gpu, int gi_start, int ci_place)
{
	struct mig_record_count *c = NULL;

	for (int i = 0; i < rec->n_counts && !c; i++) {
		if (rec->counts[i].gi_start == gi_start &&
		    rec->counts[i].ci_start == ci_place && strcmp(rec->counts[i].gpu, gpu) == 0)
			c = &rec->counts[i];
	}
	if (!c) {
		c = &rec->counts[rec->n_counts++];
		*c = (struct mig_record_count){ .gi_start = gi_start, .ci_start = ci_place };
		text_copy(c->gpu, sizeof(c->gpu), gpu);
	}
	return ++c->n;
}

/* What the old record has of an instance that is the recorded one, or NULL. */
static const struct mig_record_ci *known(const struct next *n, const struct mig_snapshot *snap,
					 const struct mig_ref *ref)
{
	const char *uuid = snap->gpus[ref->gpu].gis[ref->gi].cis[ref->ci].uuid;
	const struct mig_record_ci *was;

	if (mig_record_look(n->old, n->home, snap, ref, &was) == MIG_RECORD_MADE)
		return was;
	return was && was->n_made == 0 && strcmp(was->uuid, uuid) == 0 ? was : NULL;
}

/* What the old record has of an instance that was kept: its count, and its name. */
static void carry(struct next *n, const struct mig_ref *ref, struct mig_record_ci *ci)
{
	const struct mig_record_ci *was = known(n, n->change->after, ref);

	if (!was)
		return;
	ci->n_made = was->n_made;
	if (!is_given(n->change, was->name))
		text_copy(ci->name, sizeof(ci->name), was->name);
}

static void add_gpu(struct next *n, int gpu, struct mig_record_gpu *ret)
{
	const struct mig_gpu *now = &n->change->after->gpus[gpu];
	int at = 0;

	mig_record_gpu_of(now, ret);
	text_copy(ret->boot, sizeof(ret->boot), n->home->boot);
	for (int i = 0; i < now->n_gis; i++) {
		const struct mig_gi *gi = &now->gis[i];
		struct mig_record_gi *rg = &ret->gis[at];
		int k_at = 0;

		if (gi->profile < 0 || gi->start < 0)
			continue;
		at++;
		for (int k = 0; k < gi->n_cis; k++) {
			struct mig_record_ci *ci = &rg->cis[k_at];
			const char *name = name_given(n->change, gpu, gi->id, gi->cis[k].id);

			if (gi->cis[k].profile < 0)
				continue;
			k_at++;
			if (was_made(n->change, gpu, gi->id, gi->cis[k].id))
				ci->n_made = count_one(&n->rec, now->uuid, gi->start,
						       record_place(gi->cis[k].start,
								    gi->cis[k].id));
			else
				carry(n, &(struct mig_ref){ gpu, i, k }, ci);
			if (*name)
				text_copy(ci->name, sizeof(ci->name), name);
		}
	}
}

/* What went on the way and was made again is as good as it was: it is recorded, and has its name. */
static void renew_ci(struct next *n, int gpu, struct mig_record_gi *rg,
		     struct mig_record_ci *ci)
{
	const struct mig_record_change *c = n->change;
	const struct mig_gpu *now = &c->after->gpus[gpu];
	struct mig_ref was, is;
	const int place = record_place(ci->start, ci->id);
	const struct mig_gi *gi;

	if (!record_standing_at(&c->before->gpus[gpu], rg->start, place, &was) ||
	    !record_standing_at(now, rg->start, place, &is) || !known(n, c->before, &was))
		return;
	gi = &now->gis[is.gi];
	if (!was_made(c, gpu, gi->id, gi->cis[is.ci].id))
		return;
	rg->id = gi->id;
	ci->id = gi->cis[is.ci].id;
	text_copy(ci->uuid, sizeof(ci->uuid), gi->cis[is.ci].uuid);
	ci->n_made = count_one(&n->rec, now->uuid, rg->start, record_place(ci->start, ci->id));
}

static void renew(struct next *n, int gpu)
{
	for (int g = 0; g < n->rec.n_gpus; g++) {
		struct mig_record_gpu *rec = &n->rec.gpus[g];

		if (strcmp(rec->uuid, n->change->after->gpus[gpu].uuid) != 0)
			continue;
		for (int i = 0; i < rec->n_gis; i++) {
			for (int k = 0; k < rec->gis[i].n_cis; k++)
				renew_ci(n, gpu, &rec->gis[i], &rec->gis[i].cis[k]);
		}
	}
}

/* A name that was given elsewhere is no longer that of an instance on another GPU. */
static void take_names(struct next *n, struct mig_record_gpu *gpu)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			struct mig_record_ci *ci = &gpu->gis[i].cis[k];

			if (*ci->name && is_given(n->change, ci->name))
				ci->name[0] = '\0';
		}
	}
}

/* Does the instance stand where and as it stood, and was it not made on the way? */
static bool is_kept(const struct mig_record_change *c, int gpu, const struct mig_gi *gi,
		    const struct mig_ci *ci)
{
	const struct mig_gpu *now = &c->after->gpus[gpu];
	const struct mig_gi *g = mig_gpu_find_gi(now, gi->id);

	for (int k = 0; g && g->profile == gi->profile && g->start == gi->start && k < g->n_cis;
	     k++) {
		if (g->cis[k].id == ci->id && g->cis[k].profile == ci->profile)
			return !was_made(c, gpu, gi->id, ci->id);
	}
	return false;
}

static void add_gone(struct next *n, int gpu, const struct mig_gi *gi, const struct mig_ci *ci)
{
	const struct mig_record_change *c = n->change;
	const struct mig_gpu *g = &c->before->gpus[gpu];
	struct mig_record_gone *list = n->rec.gone;
	const struct mig_record_ci *was = NULL;
	struct mig_ref ref = { gpu, (int)(gi - g->gis), (int)(ci - gi->cis) };
	int n_moved = n->rec.n_gone;

	if (!g->type || gi->profile < 0 || ci->profile < 0)
		return;
	if (n_moved == MIG_RECORD_GONE_MAX)
		n_moved--;
	memmove(&list[1], list, (size_t)n_moved * sizeof(*list));
	n->rec.n_gone = n_moved + 1;
	list[0] = (struct mig_record_gone){ .gi_start = gi->start,
					    .ci_start = ci->start,
					    .change = n->old->n_changes + !is_part(n),
					    .time_s = c->time_s };
	text_copy(list[0].gpu, sizeof(list[0].gpu), g->uuid);
	text_copy(list[0].uuid, sizeof(list[0].uuid), ci->uuid);
	text_copy(list[0].gi_profile, sizeof(list[0].gi_profile),
		  g->type->profiles[gi->profile].name);
	text_copy(list[0].ci_profile, sizeof(list[0].ci_profile),
		  g->type->profiles[gi->profile].ci[ci->profile].name);
	if (mig_record_look(n->old, n->home, c->before, &ref, &was) == MIG_RECORD_MADE)
		text_copy(list[0].name, sizeof(list[0].name), was->name);
}

static void add_all_gone(struct next *n, int gpu)
{
	const struct mig_gpu *was = &n->change->before->gpus[gpu];

	for (int i = 0; i < was->n_gis; i++) {
		for (int k = 0; k < was->gis[i].n_cis; k++) {
			if (!is_kept(n->change, gpu, &was->gis[i], &was->gis[i].cis[k]))
				add_gone(n, gpu, &was->gis[i], &was->gis[i].cis[k]);
		}
	}
}

/* As it was before the change, with the names that held then. */
static void add_before(struct next *n, int gpu)
{
	const struct mig_gpu *was = &n->change->before->gpus[gpu];
	struct mig_record_gpu *ret;

	for (int i = 0; i < n->rec.n_before; i++) {
		if (strcmp(n->rec.before[i].uuid, was->uuid) == 0)
			return;
	}
	ret = &n->rec.before[n->rec.n_before++];
	mig_record_gpu_of(was, ret);
	text_copy(ret->boot, sizeof(ret->boot), n->home->boot);
	for (int i = 0; i < ret->n_gis; i++) {
		for (int k = 0; k < ret->gis[i].n_cis; k++) {
			struct mig_record_ci *ci = &ret->gis[i].cis[k];
			const struct mig_record_ci *rec;
			struct mig_ref ref;

			if (!record_standing_at(was, ret->gis[i].start,
						record_place(ci->start, ci->id), &ref))
				continue;
			rec = known(n, n->change->before, &ref);
			if (!rec)
				continue;
			ci->n_made = rec->n_made;
			text_copy(ci->name, sizeof(ci->name), rec->name);
		}
	}
}

/* Does a name leave it for another GPU's instance? Then that is to be undone with the rest. */
static bool is_robbed(const struct next *n, int gpu)
{
	const struct mig_gpu *was = &n->change->before->gpus[gpu];
	const struct mig_record_gpu *rec = mig_record_gpu(n->old, was->uuid);

	for (int i = 0; rec && n->change->is_changed && i < rec->n_gis; i++) {
		for (int k = 0; k < rec->gis[i].n_cis; k++) {
			if (*rec->gis[i].cis[k].name &&
			    is_given(n->change, rec->gis[i].cis[k].name))
				return mig_record_is_same(rec, was);
		}
	}
	return false;
}

/* Copies of the old lists with room for what may come. */
static int next_new(struct next *n, struct mig_error *err)
{
	const struct mig_record *old = n->old;
	const size_t gpus = (size_t)n->change->after->n_gpus;
	const size_t counts = (size_t)old->n_counts + (size_t)n->change->n_made;
	struct mig_record *rec = &n->rec;

	*rec = *old;
	rec->n_before = is_part(n) ? old->n_before : 0;
	rec->gpus = calloc((size_t)old->n_gpus + gpus + 1, sizeof(*rec->gpus));
	rec->before = calloc(gpus + (size_t)old->n_before + 1, sizeof(*rec->before));
	rec->counts = calloc(counts + 1, sizeof(*rec->counts));
	rec->gone = calloc(MIG_RECORD_GONE_MAX, sizeof(*rec->gone));
	if (!rec->gpus || !rec->before || !rec->counts || !rec->gone) {
		mig_record_free(rec);
		return mig_fail(err, MIG_E_NOMEM, "record a change of %zu GPUs", gpus);
	}
	if (old->n_gpus)
		memcpy(rec->gpus, old->gpus, (size_t)old->n_gpus * sizeof(*rec->gpus));
	if (rec->n_before)
		memcpy(rec->before, old->before, (size_t)old->n_before * sizeof(*rec->before));
	if (old->n_counts)
		memcpy(rec->counts, old->counts, (size_t)old->n_counts * sizeof(*rec->counts));
	if (old->n_gone)
		memcpy(rec->gone, old->gone, (size_t)old->n_gone * sizeof(*rec->gone));
	return 0;
}

/* Was MIG just switched on where instances are on record that went with it? Then these are what
 * is wanted still. */
static bool is_on_the_way(const struct next *n, int gpu)
{
	const struct mig_gpu *was = &n->change->before->gpus[gpu];
	const struct mig_gpu *now = &n->change->after->gpus[gpu];
	const struct mig_record_gpu *rec = mig_record_gpu(n->old, now->uuid);

	return rec && rec->mode && rec->n_gis && !was->mode && now->mode && now->n_gis == 0;
}

static struct mig_record_gpu *place_for(struct mig_record *rec, const char *uuid)
{
	for (int i = 0; i < rec->n_gpus; i++) {
		if (strcmp(rec->gpus[i].uuid, uuid) == 0)
			return &rec->gpus[i];
	}
	return &rec->gpus[rec->n_gpus++];
}

/* One GPU of the change. */
static void add(struct next *n, int gpu)
{
	const struct mig_record_change *c = n->change;
	const bool is_changed = c->is_changed && c->is_changed[gpu];
	const bool is_saved = c->is_saved && c->is_saved[gpu];
	const bool is_back = c->is_back && c->is_back[gpu];

	if (is_changed || is_robbed(n, gpu))
		add_before(n, gpu);
	if (is_changed || is_saved || is_back)
		add_all_gone(n, gpu);
	if (is_back)
		renew(n, gpu);
	else if ((is_changed || is_saved) && !is_on_the_way(n, gpu))
		add_gpu(n, gpu, place_for(&n->rec, c->after->gpus[gpu].uuid));
}

/* A change has a number, and a way back. Where all was undone the last one's stay. */
static void end(struct next *n)
{
	const struct mig_record_change *c = n->change;

	if (n->rec.n_before == 0) {
		for (int i = 0; i < n->old->n_before; i++)
			n->rec.before[i] = n->old->before[i];
		n->rec.n_before = n->old->n_before;
		return;
	}
	n->rec.n_changes += !is_part(n);
	n->rec.time_s = c->time_s;
	text_copy(n->rec.verb, sizeof(n->rec.verb), c->verb);
}

int mig_record_add(struct mig_record *rec, const struct mig_home *home,
		   const struct mig_record_change *change, struct mig_error *err)
{
	struct next n = { .old = rec, .home = home, .change = change };
	int rc = next_new(&n, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < n.rec.n_gpus; i++)
		take_names(&n, &n.rec.gpus[i]);
	for (int g = 0; g < change->after->n_gpus; g++) {
		/* What stands on a lost one is not known; what is wanted of it is what was. */
		if (!change->after->gpus[g].is_lost)
			add(&n, g);
	}
	end(&n);
	mig_record_free(rec);
	*rec = n.rec;
	return 0;
}
