/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/plan_exhaustive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/test.h"

/* ------------------------------------------------------------ all layouts */

static const int *engines_of(const struct mig_profile *p, int *ret)
{
	ret[0] = p->copy_engines;
	ret[1] = p->decoders;
	ret[2] = p->encoders;
	ret[3] = p->jpeg;
	ret[4] = p->ofa;
	return ret;
}

/* May all these stand on one GPU? Units are looked at one by one. */
static bool may_stand(const struct mig_gpu_type *type, const struct every_layout *l)
{
	int engines[5] = { 0 }, whole[5] = { 0 }, e[5];
	bool taken[MIG_UNITS_MAX] = { false };

	for (int i = 0; i < l->n; i++) {
		const struct mig_profile *p = &type->profiles[l->slots[i].profile];

		if (!(p->starts >> l->slots[i].start & 1))
			return false;
		for (int u = l->slots[i].start; u < l->slots[i].start + p->size; u++) {
			if (u >= type->units || taken[u])
				return false;
			taken[u] = true;
		}
		engines_of(p, e);
		for (int k = 0; k < 5; k++)
			engines[k] += e[k];
		if (l->counts[l->slots[i].profile] > p->max_count)
			return false;
	}
	for (int i = 0; i < type->n_profiles; i++) {
		engines_of(&type->profiles[i], e);
		for (int k = 0; k < 5 && type->profiles[i].size == type->units; k++)
			whole[k] = e[k] > whole[k] ? e[k] : whole[k];
	}
	for (int k = 0; k < 5; k++) {
		if (engines[k] > whole[k])
			return false;
	}
	return true;
}

static void put(struct every_layout *l, int profile, int start)
{
	int at = l->n++;

	for (; at > 0 && l->slots[at - 1].start > start; at--)
		l->slots[at] = l->slots[at - 1];
	l->slots[at] = (struct mig_slot){ (uint8_t)profile, (uint8_t)start };
	l->counts[profile]++;
}

static void walk(const struct mig_gpu_type *type, uint32_t profiles,
		 const struct every_layout *l, int from, struct every *ret)
{
	if (ret->n % 256 == 0)
		ret->all = realloc(ret->all, (size_t)(ret->n + 256) * sizeof(ret->all[0]));
	CHECK(ret->all);
	ret->all[ret->n++] = *l;
	for (int start = from; start < type->units; start++) {
		for (int i = 0; i < type->n_profiles; i++) {
			struct every_layout next = *l;

			if (!(profiles >> i & 1) || next.n == MIG_UNITS_MAX)
				continue;
			put(&next, i, start);
			if (may_stand(type, &next))
				walk(type, profiles, &next, start + 1, ret);
		}
	}
}

struct every every_layout(const struct mig_gpu_type *type, uint32_t profiles,
			  const struct every_layout *base)
{
	struct every ret = { 0 };
	const struct every_layout none = { 0 };

	walk(type, profiles, base ? base : &none, 0, &ret);
	return ret;
}

/* ------------------------------------------------------------ all plans */

enum { CLASSES_MAX = 4, POOLS_MAX = 3, GPUS_MAX = 16 };

struct gpu {
	int pool, present; /* or -1 */
};

struct attempt {
	const struct mig_plan_problem *p;
	int n_gpus;
	struct gpu gpus[GPUS_MAX];
	struct every fresh[POOLS_MAX]; /* each multiset once */
	int last[GPUS_MAX];            /* what each fresh GPU became */
	/* What is there to take: by anybody, and by one class alone. */
	int open[POOLS_MAX][MIG_PROFILES_MAX];
	int own[CLASSES_MAX][POOLS_MAX][MIG_PROFILES_MAX];
	int64_t used[POOLS_MAX], totals[MIG_PLAN_N_GOALS], best[MIG_PLAN_N_GOALS];
	bool is_found;
	long n_left; /* plans that may still be tried */
};

static bool cover_all(struct attempt *a, int k, int64_t workload);

/* Decide option @o of one workload that lacks @need and @instances still. */
static bool cover_one(struct attempt *a, int k, int64_t workload, int o, int64_t need,
		      int64_t instances)
{
	const struct mig_plan_class *c = &a->p->classes[k];
	const struct mig_plan_option *opt = &c->options[o];
	int *open, *own;
	bool is_covered = false;

	if (need <= 0 && instances <= 0)
		return cover_all(a, k, workload + 1);
	if (o == c->n_options)
		return false;
	open = &a->open[opt->pool][opt->profile];
	own = &a->own[k][opt->pool][opt->profile];
	if (cover_one(a, k, workload, o + 1, need, instances))
		return true;
	/* One of its own first: nobody else can have it. */
	if (*own > 0) {
		(*own)--;
		is_covered = cover_one(a, k, workload, o, need - opt->rate, instances - 1);
		(*own)++;
	} else if (*open > 0) {
		(*open)--;
		is_covered = cover_one(a, k, workload, o, need - opt->rate, instances - 1);
		(*open)++;
	}
	return is_covered;
}

static bool cover_all(struct attempt *a, int k, int64_t workload)
{
	if (k == a->p->n_classes)
		return true;
	if (workload == a->p->classes[k].count)
		return cover_all(a, k + 1, 0);
	return cover_one(a, k, workload, 0, a->p->classes[k].need,
			 a->p->classes[k].min_instances);
}

/* -1, 0 or 1: is what we have so far less than the best, by the goals? */
static int compare_best(const struct attempt *a)
{
	for (int i = 0; i < a->p->n_goals; i++) {
		const int64_t v = a->totals[a->p->goals[i]], best = a->best[a->p->goals[i]];

		if (v != best)
			return v < best ? -1 : 1;
	}
	return 0;
}

static void try_gpu(struct attempt *a, int at);

/* GPU @at with this layout; slot i of what stands there now is kept where bit i says so. */
static void try_layout(struct attempt *a, int at, const struct every_layout *l, unsigned kept)
{
	const int pool = a->gpus[at].pool;
	const struct mig_plan_present *now =
		a->gpus[at].present >= 0 ? &a->p->present[a->gpus[at].present] : NULL;
	const struct attempt before = *a;

	for (int i = 0; i < l->n; i++) {
		const struct mig_slot *s = &l->slots[i];
		int was = -1;

		a->totals[MIG_PLAN_UNITS] += a->p->pools[pool].type->profiles[s->profile].size;
		for (int h = 0; now && h < now->layout.n_slots; h++) {
			if ((kept >> h & 1) && now->layout.slots[h].start == s->start)
				was = h;
		}
		if (was < 0)
			a->open[pool][s->profile]++;
		else if (now->classes[was] >= 0)
			a->own[now->classes[was]][pool][s->profile]++;
	}
	for (int h = 0; now && h < now->layout.n_slots; h++)
		a->totals[MIG_PLAN_MOVES] += now->classes[h] >= 0 && !(kept >> h & 1);
	if (l->n > 0) {
		a->totals[MIG_PLAN_GPUS]++;
		a->totals[MIG_PLAN_MONEY] += a->p->pools[pool].price_uusd_per_h;
		a->used[pool]++;
	}
	if (a->p->pools[pool].n_gpus == MIG_PLAN_UNLIMITED ||
	    a->used[pool] <= a->p->pools[pool].n_gpus - a->p->pools[pool].n_reserved)
		try_gpu(a, at + 1);
	memcpy(a->open, before.open, sizeof(a->open));
	memcpy(a->own, before.own, sizeof(a->own));
	memcpy(a->used, before.used, sizeof(a->used));
	memcpy(a->totals, before.totals, sizeof(a->totals));
}

/* Every set of slots that may be kept, with every layout beside them. */
static void try_present(struct attempt *a, int at)
{
	const struct mig_plan_present *now = &a->p->present[a->gpus[at].present];
	const struct mig_plan_pool *pool = &a->p->pools[now->pool];

	for (unsigned kept = 0; kept < 1U << now->layout.n_slots; kept++) {
		struct every_layout base = { 0 };
		struct every beside;
		bool may_keep = (kept & now->held) == now->held;

		for (int i = 0; i < now->layout.n_slots; i++) {
			if (!(kept >> i & 1))
				continue;
			/* What is idle, or serves no workload, is as good as not there. */
			may_keep &= (now->held >> i & 1) ||
				    (now->classes[i] >= 0 &&
				     a->p->classes[now->classes[i]].count > 0);
			put(&base, now->layout.slots[i].profile, now->layout.slots[i].start);
		}
		if (!may_keep)
			continue;
		beside = every_layout(pool->type, pool->profiles, &base);
		for (int i = 0; i < beside.n; i++)
			try_layout(a, at, &beside.all[i], kept);
		free(beside.all);
	}
}

static void try_gpu(struct attempt *a, int at)
{
	const struct gpu *g = &a->gpus[at];

	if (a->n_left <= 0 || (a->is_found && compare_best(a) >= 0))
		return;
	a->n_left--;
	if (at == a->n_gpus) {
		if (cover_all(a, 0, 0)) {
			memcpy(a->best, a->totals, sizeof(a->best));
			a->is_found = true;
		}
		return;
	}
	if (g->present >= 0) {
		try_present(a, at);
		return;
	}
	/* Fresh GPUs of a pool are alike: only in order. */
	a->last[at] = at > 0 && a->gpus[at - 1].present < 0 && a->gpus[at - 1].pool == g->pool
			      ? a->last[at - 1]
			      : 0;
	for (; a->last[at] < a->fresh[g->pool].n; a->last[at]++)
		try_layout(a, at, &a->fresh[g->pool].all[a->last[at]], 0);
}

/* Of layouts with the same instances one is enough where nothing stands yet. */
static void keep_multisets(struct every *e)
{
	int n = 0;

	for (int i = 0; i < e->n; i++) {
		bool is_known = false;

		for (int j = 0; j < n && !is_known; j++)
			is_known = memcmp(e->all[i].counts, e->all[j].counts,
					  sizeof(e->all[i].counts)) == 0;
		if (!is_known)
			e->all[n++] = e->all[i];
	}
	e->n = n;
}

enum exhaustive_answer exhaustive_solve(const struct mig_plan_problem *p, int64_t *ret)
{
	struct attempt a = { .p = p, .n_left = 300000 };

	CHECK(p->n_classes <= CLASSES_MAX && p->n_pools <= POOLS_MAX);
	for (int h = 0; h < p->n_present; h++) {
		for (int64_t i = 0; i < p->present[h].count; i++)
			a.gpus[a.n_gpus++] = (struct gpu){ p->present[h].pool, h };
	}
	for (int t = 0; t < p->n_pools; t++) {
		int64_t n = p->pools[t].n_gpus;

		for (int h = 0; h < p->n_present; h++)
			n -= n > 0 && p->present[h].pool == t ? p->present[h].count : 0;
		if (n < 0 || n > EXHAUSTIVE_FRESH)
			n = EXHAUSTIVE_FRESH;
		for (int64_t i = 0; i < n; i++)
			a.gpus[a.n_gpus++] = (struct gpu){ t, -1 };
		a.fresh[t] = every_layout(p->pools[t].type, p->pools[t].profiles, NULL);
		keep_multisets(&a.fresh[t]);
	}
	try_gpu(&a, 0);
	for (int t = 0; t < p->n_pools; t++)
		free(a.fresh[t].all);
	for (int i = 0; i < p->n_goals; i++)
		ret[i] = a.best[p->goals[i]];
	return a.n_left <= 0 ? EXHAUSTIVE_TOO_MANY
	       : a.is_found  ? EXHAUSTIVE_FOUND
			     : EXHAUSTIVE_NONE;
}
