/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a plan, in an order in which all that is made finds room, and what is wanted is
 * there soon: a GPU instance is made as soon as it fits, and nothing goes before it must.
 */
#include <string.h>

#include "lib/manage/plan.h"
#include "shared/text.h"

struct order {
	struct mig_change *change;
	const struct plan *plan;
	const struct mig_gpu *gpu;
	struct mig_error *err;
	struct mig_layout lay;  /* what stands by now */
	bool is_known;          /* does the catalog account for all of it? */
	unsigned going, coming; /* bit i: GI i is still to go, want i still to come */
	int made_ci[MIG_UNITS_MAX]
		   [MIG_CI_PROFILES_MAX]; /* the step that makes a want's CI, or -1 */
};

/* Inside a GI that stays, what the want has no use for goes, then what it lacks comes. */
static int add_cis(struct order *o, int g)
{
	const struct mig_gi *gi = &o->gpu->gis[g];
	const int w = o->plan->gis.serves[g];
	const struct mig_want *want = &o->plan->request->want[w];
	const struct ci_match *m = &o->plan->cis[g][w];
	struct mig_gpu_change *count = &o->change->gpus[o->gpu->index];
	struct mig_step step = { .kind = MIG_STEP_CI_CREATE,
				 .gpu = o->gpu->index,
				 .profile = gi->profile,
				 .start = gi->start,
				 .gi = gi->id,
				 .owner = -1,
				 .ci = -1 };
	int rc = 0;

	for (int c = gi->n_cis - 1; c >= 0 && rc >= 0; c--) {
		if (m->serves[c] >= 0)
			continue;
		rc = change_add_ci_destroy(o->change, step, &gi->cis[c], o->err);
		count->n_destroyed++;
	}
	for (int k = 0; k < want->n_ci && rc >= 0; k++) {
		if (!(m->make >> k & 1))
			continue;
		step.ci_profile = want->ci[k];
		step.ci_start = m->start[k];
		rc = o->made_ci[w][k] = change_add(o->change, step, o->err);
		count->n_created++;
	}
	count->n_kept += want->n_ci ? m->n_kept : 1;
	return rc < 0 ? rc : 0;
}

static int destroy_gi(struct order *o, int g)
{
	const struct mig_gi *gi = &o->gpu->gis[g];

	o->going &= ~(1U << g);
	if (o->is_known)
		o->is_known = mig_layout_remove(&o->lay, gi->start, NULL) == 0;
	return change_add_gi_destroy(o->change, o->gpu, gi, o->err);
}

static bool fits(const struct order *o, int w)
{
	const int profile = o->plan->request->want[w].profile;

	return !o->is_known || mig_layout_starts(&o->lay, profile) >> o->plan->starts[w] & 1;
}

static bool is_in_the_way(const struct order *o, int g, int w)
{
	const struct mig_gpu_type *type = o->gpu->type;
	const struct mig_gi *gi = &o->gpu->gis[g];
	const int start = o->plan->starts[w];

	return gi->start < start + type->profiles[o->plan->request->want[w].profile].size &&
	       start < gi->start + type->profiles[gi->profile].size;
}

/* What stands on the units of a want goes; and if it is engines that lack, more. */
static int make_room(struct order *o, int w)
{
	int rc = 0;

	for (int g = 0; g < o->gpu->n_gis && rc == 0; g++) {
		if (o->going >> g & 1 && is_in_the_way(o, g, w))
			rc = destroy_gi(o, g);
	}
	for (int g = 0; g < o->gpu->n_gis && rc == 0 && !fits(o, w); g++) {
		if (o->going >> g & 1)
			rc = destroy_gi(o, g);
	}
	return rc;
}

static int create_gi(struct order *o, int w)
{
	const struct mig_want *want = &o->plan->request->want[w];
	int rc = change_add_want(o->change, o->gpu, want, o->plan->starts[w], o->err);

	if (rc < 0)
		return rc;
	for (int k = 0; k < want->n_ci; k++)
		o->made_ci[w][k] = rc + 1 + k;
	o->coming &= ~(1U << w);
	if (o->is_known)
		o->is_known =
			mig_layout_add(&o->lay, want->profile, o->plan->starts[w], NULL) == 0;
	return 0;
}

static int destroy_all(struct order *o)
{
	int rc = 0;

	for (int g = 0; g < o->gpu->n_gis && rc == 0; g++) {
		if (o->going >> g & 1)
			rc = destroy_gi(o, g);
	}
	return rc;
}

static int add_gis(struct order *o)
{
	int rc = 0;

	while (o->coming && rc == 0) {
		int w = __builtin_ctz(o->coming);

		for (int i = w; i < o->plan->request->n && !fits(o, w); i++) {
			if (o->coming >> i & 1 && fits(o, i))
				w = i;
		}
		rc = make_room(o, w);
		if (rc == 0)
			rc = create_gi(o, w);
	}
	return rc == 0 ? destroy_all(o) : rc;
}

/* What stands, and what is to go and come. */
static void look(struct order *o)
{
	o->is_known = true;
	o->lay = mig_layout_empty(o->gpu->type);
	o->coming = match_left(&o->plan->gis);
	for (int g = 0; g < o->gpu->n_gis; g++) {
		const struct mig_gi *gi = &o->gpu->gis[g];

		if (o->plan->gis.serves[g] < 0)
			o->going |= 1U << g;
		o->is_known = o->is_known && gi->profile >= 0 &&
			      mig_layout_add(&o->lay, gi->profile, gi->start, NULL) == 0;
	}
}

/* The name that a compute instance which stays has afterwards, or NULL. */
static const char *name_kept(const struct known *known, int g, int c, int w, int k)
{
	const char *wanted = known_wanted_name(known, w, k), *own = known_name(known, g, c);

	if (wanted || !own)
		return wanted;
	return known_is_name_wanted(known, own) ? NULL : own;
}

static int add_name(struct order *o, int step, int g, int c, const char *name)
{
	struct mig_change_name n = { .gpu = o->gpu->index, .step = step, .gi = g, .ci = c };

	if (!name)
		return 0;
	text_copy(n.name, sizeof(n.name), name);
	return change_add_name(o->change, n, o->err);
}

static int add_names(struct order *o)
{
	const struct known *known = &o->plan->known;
	int rc = 0;

	for (int g = 0; g < o->gpu->n_gis; g++) {
		const int w = o->plan->gis.serves[g];

		for (int c = 0; w >= 0 && rc == 0 && c < o->gpu->gis[g].n_cis; c++) {
			const int k = o->plan->cis[g][w].serves[c];

			if (k >= 0)
				rc = add_name(o, -1, g, c, name_kept(known, g, c, w, k));
		}
	}
	for (int w = 0; w < o->plan->request->n; w++) {
		for (int k = 0; rc == 0 && k < o->plan->request->want[w].n_ci; k++) {
			if (o->made_ci[w][k] >= 0)
				rc = add_name(o, o->made_ci[w][k], -1, -1,
					      known_wanted_name(known, w, k));
		}
	}
	return rc;
}

int plan_steps(struct mig_change *change, const struct plan *plan, struct mig_error *err)
{
	struct order o = { .change = change, .plan = plan, .gpu = plan->known.gpu, .err = err };
	int rc = 0;

	memset(o.made_ci, -1, sizeof(o.made_ci));
	for (int g = 0; g < o.gpu->n_gis && rc == 0; g++) {
		if (plan->gis.serves[g] >= 0)
			rc = add_cis(&o, g);
	}
	look(&o);
	/* Where nobody can say when there is room, all that goes goes first. */
	if (rc == 0 && !o.is_known)
		rc = destroy_all(&o);
	if (rc == 0)
		rc = add_gis(&o);
	return rc == 0 ? add_names(&o) : rc;
}
