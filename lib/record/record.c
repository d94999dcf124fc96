/* SPDX-License-Identifier: Apache-2.0 */
/* A record beside a snapshot: what is known of what stands, and which names still hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record/record.h"
#include "shared/text.h"

const struct mig_record_gpu *mig_record_gpu(const struct mig_record *rec, const char *uuid)
{
	for (int i = 0; i < rec->n_gpus; i++) {
		if (strcmp(rec->gpus[i].uuid, uuid) == 0)
			return &rec->gpus[i];
	}
	return NULL;
}

/* Return: how many are left. */
static int take_out(struct mig_record_gpu *gpus, int n, const char *uuid)
{
	int n_left = 0;

	for (int i = 0; i < n; i++) {
		if (strcmp(gpus[i].uuid, uuid) != 0)
			gpus[n_left++] = gpus[i];
	}
	return n_left;
}

bool mig_record_forget(struct mig_record *rec, const char *uuid)
{
	const bool was = mig_record_gpu(rec, uuid) != NULL;

	rec->n_gpus = take_out(rec->gpus, rec->n_gpus, uuid);
	rec->n_before = take_out(rec->before, rec->n_before, uuid);
	return was;
}

static const char *gi_profile_name(const struct mig_gpu *gpu, const struct mig_gi *gi)
{
	return gpu->type && gi->profile >= 0 ? gpu->type->profiles[gi->profile].name : "";
}

static const char *ci_profile_name(const struct mig_gpu *gpu, const struct mig_gi *gi,
				   const struct mig_ci *ci)
{
	if (!gpu->type || gi->profile < 0 || ci->profile < 0)
		return "";
	return gpu->type->profiles[gi->profile].ci[ci->profile].name;
}

/* What nobody can name could not be brought back either: it is left out. */
void mig_record_gpu_of(const struct mig_gpu *gpu, struct mig_record_gpu *ret)
{
	*ret = (struct mig_record_gpu){ .mode = gpu->mode };
	text_copy(ret->uuid, sizeof(ret->uuid), gpu->uuid);
	for (int i = 0; i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];
		struct mig_record_gi *r = &ret->gis[ret->n_gis];

		if (gi->profile < 0 || gi->start < 0)
			continue;
		ret->n_gis++;
		r->id = gi->id;
		text_copy(r->profile, sizeof(r->profile), gi_profile_name(gpu, gi));
		r->start = gi->start;
		for (int k = 0; k < gi->n_cis; k++) {
			struct mig_record_ci *c = &r->cis[r->n_cis];

			if (gi->cis[k].profile < 0)
				continue;
			r->n_cis++;
			c->id = gi->cis[k].id;
			text_copy(c->profile, sizeof(c->profile),
				  ci_profile_name(gpu, gi, &gi->cis[k]));
			c->start = gi->cis[k].start;
			text_copy(c->uuid, sizeof(c->uuid), gi->cis[k].uuid);
		}
	}
}

static bool is_same_ci(const struct mig_record_ci *a, const struct mig_record_ci *b)
{
	return a->start == b->start && strcmp(a->profile, b->profile) == 0 &&
	       strcmp(a->uuid, b->uuid) == 0;
}

static bool is_same_gi(const struct mig_record_gi *a, const struct mig_record_gi *b)
{
	if (a->start != b->start || a->n_cis != b->n_cis || strcmp(a->profile, b->profile) != 0)
		return false;
	for (int i = 0; i < a->n_cis; i++) {
		if (!is_same_ci(&a->cis[i], &b->cis[i]))
			return false;
	}
	return true;
}

bool mig_record_is_same(const struct mig_record_gpu *rec, const struct mig_gpu *gpu)
{
	struct mig_record_gpu now;

	mig_record_gpu_of(gpu, &now);
	if (rec->mode != now.mode || rec->n_gis != now.n_gis || gpu->n_gis != now.n_gis ||
	    strcmp(rec->uuid, now.uuid) != 0)
		return false;
	for (int i = 0; i < rec->n_gis; i++) {
		if (!is_same_gi(&rec->gis[i], &now.gis[i]))
			return false;
	}
	return true;
}

int mig_record_missing(const struct mig_record *rec, const struct mig_home *home,
		       const struct mig_gpu *gpu)
{
	const struct mig_record_gpu *was = mig_record_gpu(rec, gpu->uuid);
	struct mig_record_gpu now;
	int n = 0;

	if (!was || gpu->is_lost || gpu->is_partial || strcmp(was->boot, home->boot) == 0)
		return 0;
	mig_record_gpu_of(gpu, &now);
	for (int i = 0; i < was->n_gis; i++) {
		bool is_there = false;

		for (int k = 0; k < now.n_gis; k++)
			is_there |= is_same_gi(&was->gis[i], &now.gis[k]);
		n += !is_there;
	}
	return n;
}

int mig_record_check_missing(const struct mig_record *rec, const struct mig_home *home,
			     const struct mig_gpu *gpu, struct mig_error *err)
{
	const int n = mig_record_missing(rec, home, gpu);

	if (n == 0)
		return 0;
	return mig_fail(err, MIG_E_STALE,
			"%d GPU instance%s on record went with a reboot: 'migctl restore' "
			"brings %s back, 'migctl save --forget %d' gives %s up",
			n, n == 1 ? "" : "s", n == 1 ? "it" : "them", gpu->index,
			n == 1 ? "it" : "them");
}

/* --- Back to a request ------------------------------------------------------------------ */

static int want_of(const struct mig_record_gi *gi, const struct mig_gpu_type *type,
		   struct mig_want *ret, struct mig_error *err)
{
	const struct mig_profile *p = mig_profile_find(type, gi->profile);

	if (!p)
		return mig_fail(err, MIG_E_NOENT, "%s has no profile %s (any more)", type->key,
				gi->profile);
	*ret = mig_want_empty((int)(p - type->profiles), gi->start);
	for (int i = 0; i < gi->n_cis; i++) {
		const struct mig_ci_profile *c = mig_ci_profile_find(p, gi->cis[i].profile);

		if (!c)
			return mig_fail(err, MIG_E_NOENT,
					"a %s of %s has no compute instance profile %s (any "
					"more)",
					p->name, type->key, gi->cis[i].profile);
		ret->ci_start[ret->n_ci] = (int8_t)gi->cis[i].start;
		ret->ci[ret->n_ci++] = (uint8_t)(c - p->ci);
	}
	return 0;
}

int mig_record_request(const struct mig_record_gpu *rec, const struct mig_gpu_type *type,
		       struct mig_request *ret, struct mig_want_names *ret_names,
		       struct mig_error *err)
{
	struct mig_request req = mig_request_empty(type);
	struct mig_want_names names = { 0 };

	for (int i = 0; i < rec->n_gis; i++) {
		const struct mig_record_gi *gi = &rec->gis[i];
		int rc = want_of(gi, type, &req.want[req.n], err);

		if (rc < 0)
			return rc;
		for (int k = 0; k < gi->n_cis; k++) {
			struct mig_want_name *n = &names.of[names.n];

			if (!*gi->cis[k].name || names.n == MIG_WANT_NAMES_MAX)
				continue;
			names.n++;
			n->want = (uint8_t)req.n;
			n->ci = (uint8_t)k;
			text_copy(n->name, sizeof(n->name), gi->cis[k].name);
		}
		req.n++;
	}
	*ret = req;
	if (ret_names)
		*ret_names = names;
	return 0;
}

/* --- Names ------------------------------------------------------------------------------ */

int record_place(int start, int id)
{
	return start >= 0 ? start : -1 - id;
}

static const struct mig_record_count *count_of(const struct mig_record *rec, const char *gpu,
					       int gi_start, int ci_place)
{
	for (int i = 0; i < rec->n_counts; i++) {
		const struct mig_record_count *c = &rec->counts[i];

		if (c->gi_start == gi_start && c->ci_start == ci_place &&
		    strcmp(c->gpu, gpu) == 0)
			return c;
	}
	return NULL;
}

/* The recorded compute instance at a place, or NULL. */
static const struct mig_record_ci *recorded_at(const struct mig_record_gpu *gpu, int gi_start,
					       int ci_place,
					       const struct mig_record_gi **ret_gi)
{
	for (int i = 0; gpu && i < gpu->n_gis; i++) {
		const struct mig_record_gi *gi = &gpu->gis[i];

		for (int k = 0; gi->start == gi_start && k < gi->n_cis; k++) {
			if (record_place(gi->cis[k].start, gi->cis[k].id) != ci_place)
				continue;
			*ret_gi = gi;
			return &gi->cis[k];
		}
	}
	return NULL;
}

enum mig_record_knows mig_record_look(const struct mig_record *rec, const struct mig_home *home,
				      const struct mig_snapshot *snap,
				      const struct mig_ref *ref,
				      const struct mig_record_ci **ret)
{
	const struct mig_gpu *gpu = &snap->gpus[ref->gpu];
	const struct mig_gi *gi = &gpu->gis[ref->gi];
	const struct mig_ci *ci = &gi->cis[ref->ci];
	const struct mig_record_gpu *g = mig_record_gpu(rec, gpu->uuid);
	const struct mig_record_gi *rg = NULL;
	const int place = record_place(ci->start, ci->id);
	const struct mig_record_ci *rc = recorded_at(g, gi->start, place, &rg);
	const struct mig_record_count *count = count_of(rec, gpu->uuid, gi->start, place);

	if (ret)
		*ret = rc;
	if (!rc)
		return MIG_RECORD_NOTHING;
	if (strcmp(g->boot, home->boot) != 0 ||
	    strcmp(rg->profile, gi_profile_name(gpu, gi)) != 0 ||
	    strcmp(rc->profile, ci_profile_name(gpu, gi, ci)) != 0 ||
	    strcmp(rc->uuid, ci->uuid) != 0 || rc->n_made != (count ? count->n : 0))
		return MIG_RECORD_STALE;
	return rc->n_made ? MIG_RECORD_MADE : MIG_RECORD_NOTHING;
}

bool record_has_name(const struct mig_record_gpu *gpu, const char *name)
{
	for (int i = 0; gpu && i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (strcmp(gpu->gis[i].cis[k].name, name) == 0)
				return true;
		}
	}
	return false;
}

bool record_standing_at(const struct mig_gpu *gpu, int gi_start, int ci_place,
			struct mig_ref *ret)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; gpu->gis[i].start == gi_start && k < gpu->gis[i].n_cis; k++) {
			const struct mig_ci *ci = &gpu->gis[i].cis[k];

			if (record_place(ci->start, ci->id) != ci_place)
				continue;
			*ret = (struct mig_ref){ gpu->index, i, k };
			return true;
		}
	}
	return false;
}

static int stale(const struct mig_gpu *gpu, const struct mig_record_gi *gi,
		 const struct mig_record_ci *ci, const char *name, const char *but,
		 struct mig_error *err)
{
	return mig_fail(err, MIG_E_STALE,
			"%s was given to %s@%d on GPU %d (%s), and %s; give it again in a "
			"layout file, or use what 'migctl status' shows",
			name, ci->profile, gi->start, gpu->index, ci->uuid, but);
}

static int find_on(const struct mig_record *rec, const struct mig_home *home,
		   const struct mig_snapshot *snap, const struct mig_gpu *gpu,
		   const struct mig_record_gi *gi, const struct mig_record_ci *ci,
		   struct mig_ref *ret, struct mig_error *err)
{
	const struct mig_gi *now;
	struct mig_ref ref;
	char but[256];

	if (strcmp(mig_record_gpu(rec, gpu->uuid)->boot, home->boot) != 0)
		return stale(
			gpu, gi, ci, ci->name,
			"the machine was started anew since: 'migctl restore' brings it back",
			err);
	if (!record_standing_at(gpu, gi->start, record_place(ci->start, ci->id), &ref))
		return stale(gpu, gi, ci, ci->name, "nothing stands there now", err);
	now = &gpu->gis[ref.gi];
	if (mig_record_look(rec, home, snap, &ref, NULL) == MIG_RECORD_STALE) {
		snprintf(but, sizeof(but), "another one stands there now: %s %s",
			 ci_profile_name(gpu, now, &now->cis[ref.ci]), now->cis[ref.ci].uuid);
		return stale(gpu, gi, ci, ci->name, but, err);
	}
	*ret = ref;
	return 0;
}

/* The names there are, for who mistook one. */
static int no_name(const struct mig_record *rec, const char *name, struct mig_error *err)
{
	int rc = mig_fail(err, MIG_E_NOENT, "no instance has the name %s", name);
	char names[256] = "";

	for (int g = 0; g < rec->n_gpus; g++) {
		for (int i = 0; i < rec->gpus[g].n_gis; i++) {
			const struct mig_record_gi *gi = &rec->gpus[g].gis[i];

			for (int k = 0; k < gi->n_cis; k++) {
				if (*gi->cis[k].name)
					text_append(names, sizeof(names), "%s%s",
						    *names ? ", " : "", gi->cis[k].name);
			}
		}
	}
	if (*names)
		return mig_hint(err, rc, "the names are %s; see 'migctl status'", names);
	return mig_hint(
		err, rc,
		"none has one: a layout file gives them, or 'migctl create --name'; see "
		"'migctl status'");
}

int mig_record_find(const struct mig_record *rec, const struct mig_home *home,
		    const struct mig_snapshot *snap, const char *name, struct mig_ref *ret,
		    struct mig_error *err)
{
	for (int g = 0; g < rec->n_gpus; g++) {
		const struct mig_record_gpu *rg = &rec->gpus[g];
		const struct mig_gpu *gpu = NULL;

		for (int i = 0; i < snap->n_gpus && !gpu; i++)
			gpu = strcmp(snap->gpus[i].uuid, rg->uuid) == 0 ? &snap->gpus[i] : NULL;
		for (int i = 0; i < rg->n_gis; i++) {
			for (int k = 0; k < rg->gis[i].n_cis; k++) {
				const struct mig_record_ci *ci = &rg->gis[i].cis[k];

				if (strcmp(ci->name, name) != 0)
					continue;
				if (!gpu)
					return mig_blame_lost(
						snap,
						mig_fail(err, MIG_E_NOENT,
							 "%s is on GPU %s, which is not here "
							 "now",
							 name, rg->uuid),
						err);
				return find_on(rec, home, snap, gpu, &rg->gis[i], ci, ret, err);
			}
		}
	}
	return no_name(rec, name, err);
}

int mig_record_named(const struct mig_record *rec, const struct mig_home *home,
		     const struct mig_snapshot *snap, int gpu, struct mig_named *ret, int max)
{
	const struct mig_gpu *g = &snap->gpus[gpu];
	int n = 0;

	for (int i = 0; i < g->n_gis; i++) {
		for (int k = 0; k < g->gis[i].n_cis && n < max; k++) {
			const struct mig_ref ref = { gpu, i, k };
			const struct mig_record_ci *ci;

			if (mig_record_look(rec, home, snap, &ref, &ci) != MIG_RECORD_MADE ||
			    !*ci->name)
				continue;
			ret[n] = (struct mig_named){ .gpu = gpu, .gi = i, .ci = k };
			text_copy(ret[n++].name, sizeof(ret[0].name), ci->name);
		}
	}
	return n;
}

const struct mig_record_gone *mig_record_was(const struct mig_record *rec, const char *uuid)
{
	for (int i = 0; i < rec->n_gone; i++) {
		if (strcmp(rec->gone[i].uuid, uuid) == 0)
			return &rec->gone[i];
	}
	return NULL;
}
