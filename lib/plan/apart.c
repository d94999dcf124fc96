/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/apart.h"

#include <stdlib.h>
#include <string.h>

#include "lib/plan/rules.h"

enum {
	GPUS_MAX = 1 << 18,    /* that are looked at one by one */
	REBUILD_MAX = 1 << 22, /* instances times GPUs, for all to be placed anew */
};

struct apart {
	const struct plan_model *m;
	struct plan_membership of;
	int n;
	struct mig_plan_group *gpus; /* one each; those of a pool side by side */
	int pool_first[MIG_PLAN_POOLS_MAX + 1];
	int64_t used[MIG_PLAN_POOLS_MAX];
	struct plan_choice *choice;
	bool is_short; /* of memory */
};

/* An instance that is to be somewhere: best on GPU @gpu, where it is, at @start. */
struct loose {
	int pool, profile, cls, gpu, start;
	int size;
	bool is_ruled;
};

/* Instances that rule @rule counts together with those of GPU @g. */
static int count_near(const struct apart *a, int g, int rule)
{
	const int pool = a->gpus[g].pool, size = plan_node_size(a->m->problem, pool, rule);
	const int first = a->pool_first[pool] + (g - a->pool_first[pool]) / size * size;
	int n = 0;

	for (int i = first; i < first + size && i < a->pool_first[pool + 1]; i++)
		n += plan_rule_count(&a->of, &a->gpus[i], rule);
	return n;
}

/* Does a rule of @cls have more than its most around GPU @g? */
static bool is_broken(const struct apart *a, int g, int cls)
{
	for (int i = cls >= 0 ? a->of.first[cls] : 0; cls >= 0 && i < a->of.first[cls + 1];
	     i++) {
		if (count_near(a, g, a->of.rules[i]) > a->m->problem->rules[a->of.rules[i]].max)
			return true;
	}
	return false;
}

static bool is_held(const struct apart *a, const struct mig_plan_group *g, int slot)
{
	const struct mig_plan_present *now;

	if (g->present < 0)
		return false;
	now = &a->m->problem->present[g->present];
	for (int i = 0; i < now->layout.n_slots; i++) {
		if (now->layout.slots[i].start == g->layout.slots[slot].start)
			return now->held >> i & 1;
	}
	return false;
}

static void see_kept(const struct apart *a, struct mig_plan_group *g)
{
	if (g->present >= 0)
		g->kept = plan_group_kept(g, &a->m->problem->present[g->present]);
}

/* Change the class of slot @s of GPU @g with one elsewhere, so that neither breaks a rule. */
static bool exchange(struct apart *a, int g, int s)
{
	struct mig_plan_group *here = &a->gpus[g];
	const int profile = here->layout.slots[s].profile, cls = here->classes[s];

	for (int i = a->pool_first[here->pool]; i < a->pool_first[here->pool + 1]; i++) {
		struct mig_plan_group *there = &a->gpus[i];

		for (int t = 0; i != g && t < there->layout.n_slots; t++) {
			const int other = there->classes[t];

			if (there->layout.slots[t].profile != profile || other < 0 ||
			    other == cls || is_held(a, there, t))
				continue;
			here->classes[s] = other;
			there->classes[t] = cls;
			if (!is_broken(a, g, other) && !is_broken(a, i, cls)) {
				see_kept(a, here);
				see_kept(a, there);
				return true;
			}
			here->classes[s] = cls;
			there->classes[t] = other;
		}
	}
	return false;
}

static void take_out(struct apart *a, int g, int s)
{
	struct mig_plan_group *here = &a->gpus[g];

	if (mig_layout_remove(&here->layout, here->layout.slots[s].start, NULL) < 0)
		return;
	memmove(&here->classes[s], &here->classes[s + 1],
		(size_t)(MIG_UNITS_MAX - 1 - s) * sizeof(here->classes[0]));
	here->classes[MIG_UNITS_MAX - 1] = MIG_PLAN_NOBODY;
	a->used[here->pool] -= here->layout.n_slots == 0;
	see_kept(a, here);
}

/* Put an instance for @cls at @start of GPU @g: its slot, or -1 where it does not fit. */
static int put_in(struct apart *a, int g, int profile, int start, int cls)
{
	struct mig_plan_group *there = &a->gpus[g];
	int at = 0;

	if (start < 0 || mig_layout_add(&there->layout, profile, start, NULL) < 0)
		return -1;
	while (there->layout.slots[at].start != start)
		at++;
	memmove(&there->classes[at + 1], &there->classes[at],
		(size_t)(MIG_UNITS_MAX - 1 - at) * sizeof(there->classes[0]));
	there->classes[at] = cls;
	a->used[there->pool] += there->layout.n_slots == 1;
	see_kept(a, there);
	return at;
}

/* The same, where that breaks no rule and the pool has a GPU more to give, if it takes one. */
static bool try_on(struct apart *a, int g, int profile, int start, int cls)
{
	const struct mig_plan_group *there = &a->gpus[g];
	const int64_t usable = a->m->usable[there->pool];
	int at;

	if (there->layout.n_slots == 0 && usable != MIG_PLAN_UNLIMITED &&
	    a->used[there->pool] >= usable)
		return false;
	at = put_in(a, g, profile, start, cls);
	if (at >= 0 && is_broken(a, g, cls)) {
		take_out(a, g, at);
		at = -1;
	}
	return at >= 0;
}

/* On free units of any GPU of @pool but @except that is used already, or @is_fresh: that is
 * not. */
static bool try_pool(struct apart *a, int pool, int profile, int cls, int except, bool is_fresh)
{
	for (int i = a->pool_first[pool]; i < a->pool_first[pool + 1]; i++) {
		const struct mig_layout *there = &a->gpus[i].layout;

		if (i != except && (there->n_slots == 0) == is_fresh &&
		    try_on(a, i, profile, mig_layout_best_start(there, profile), cls))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------ by another option */

/* A chosen cover of @cls that is still one with an instance of option @to in place of one of
 * @from; or -1. */
static int find_cover(const struct apart *a, int cls, int from, int to)
{
	const struct mig_plan_class *k = &a->m->problem->classes[cls];

	for (int i = 0; i < a->choice->n_chosen; i++) {
		const struct plan_chosen *c = &a->choice->chosen[i];
		const int64_t *n = a->choice->n + c->first;
		int64_t rate = k->options[to].rate - k->options[from].rate;

		if (c->cls != cls || c->count == 0 || n[from] == 0)
			continue;
		for (int o = 0; o < k->n_options; o++)
			rate += n[o] * k->options[o].rate;
		if (rate >= k->need)
			return i;
	}
	return -1;
}

static void change_cover(struct apart *a, int chosen, int from, int to)
{
	const struct plan_chosen *c = &a->choice->chosen[chosen];
	const int n_options = a->m->problem->classes[c->cls].n_options;
	int64_t n[MIG_PLAN_OPTIONS_MAX];

	memcpy(n, a->choice->n + c->first, (size_t)n_options * sizeof(n[0]));
	n[from]--;
	n[to]++;
	a->is_short |= !plan_choice_change(a->choice, a->m, chosen, n);
}

/* Find a place for an instance of @cls, if need be as another option of it. */
static bool try_anywhere(struct apart *a, const struct loose *l, bool is_fresh)
{
	const struct mig_plan_class *k = &a->m->problem->classes[l->cls];
	int from = 0;

	if (try_pool(a, l->pool, l->profile, l->cls, l->gpu, is_fresh))
		return true;
	while (k->options[from].pool != l->pool || k->options[from].profile != l->profile)
		from++;
	for (int to = 0; to < k->n_options; to++) {
		const struct mig_plan_option *o = &k->options[to];
		const int chosen = to == from ? -1 : find_cover(a, l->cls, from, to);

		if (chosen >= 0 && try_pool(a, o->pool, o->profile, l->cls, l->gpu, is_fresh)) {
			change_cover(a, chosen, from, to);
			return true;
		}
	}
	return false;
}

/* Move slot @s of GPU @g to another one. */
static bool relocate(struct apart *a, int g, int s)
{
	const struct mig_plan_group *here = &a->gpus[g];
	const struct loose l = { .pool = here->pool,
				 .profile = here->layout.slots[s].profile,
				 .cls = here->classes[s],
				 .gpu = g };

	if (!try_anywhere(a, &l, false) && !try_anywhere(a, &l, true))
		return false;
	take_out(a, g, s);
	return true;
}

/* Instances of classes under rules, in all groups. */
static int64_t count_under_rules(const struct apart *a, const struct plan_groups *groups)
{
	int64_t n = 0;

	for (int i = 0; i < groups->n; i++) {
		for (int s = 0; s < groups->all[i].layout.n_slots; s++) {
			const int k = groups->all[i].classes[s];

			if (k >= 0 && a->of.first[k] < a->of.first[k + 1])
				n += groups->all[i].count;
		}
	}
	return n;
}

static void list_groups(struct apart *a, const struct plan_groups *groups, int t, bool is_fresh)
{
	for (int i = 0; i < groups->n; i++) {
		const struct mig_plan_group *g = &groups->all[i];

		if (g->pool != t || (g->present < 0) != is_fresh)
			continue;
		for (int64_t c = 0; c < g->count; c++) {
			a->gpus[a->n] = *g;
			a->gpus[a->n++].count = 1;
		}
		a->used[t] += g->layout.n_slots > 0 ? g->count : 0;
	}
}

static void list_unused(struct apart *a, int t, int64_t n)
{
	struct mig_plan_group g = { .pool = t, .present = -1, .count = 1 };

	g.layout = mig_layout_empty(a->m->problem->pools[t].type);
	for (int s = 0; s < MIG_UNITS_MAX; s++)
		g.classes[s] = MIG_PLAN_NOBODY;
	for (; n > 0; n--)
		a->gpus[a->n++] = g;
}

static int largest_node(const struct mig_plan_problem *p)
{
	int most = 1;

	for (int r = 0; r < p->n_rules; r++) {
		for (int t = 0; t < p->n_pools; t++) {
			const int size = plan_node_size(p, t, r);

			most = size > most ? size : most;
		}
	}
	return most;
}

/* All GPUs of the groups, and as many more as there are instances under rules: each of them
 * may want a node for itself. */
static int list_gpus(struct apart *a, const struct plan_groups *groups)
{
	const struct mig_plan_problem *p = a->m->problem;
	const int64_t more = count_under_rules(a, groups) * largest_node(p);
	int64_t n = more * p->n_pools;

	for (int i = 0; i < groups->n; i++)
		n += groups->all[i].count;
	if (n > GPUS_MAX)
		return -MIG_E_INVAL;
	a->gpus = calloc((size_t)n + 1, sizeof(a->gpus[0]));
	if (!a->gpus)
		return -MIG_E_NOMEM;
	for (int t = 0; t < p->n_pools; t++) {
		int64_t unused = more, first;

		a->pool_first[t] = a->n;
		/* Present GPUs in their order first: that is how nodes are told. */
		list_groups(a, groups, t, false);
		first = a->n;
		list_groups(a, groups, t, true);
		if (a->m->fresh[t] != MIG_PLAN_UNLIMITED &&
		    unused > a->m->fresh[t] - (a->n - first))
			unused = a->m->fresh[t] - (a->n - first);
		list_unused(a, t, unused);
		a->pool_first[t + 1] = a->n;
	}
	return 0;
}

/* Every slot that breaks a rule goes somewhere else. */
static bool repair(struct apart *a)
{
	for (int g = 0; g < a->n; g++) {
		for (int s = a->gpus[g].layout.n_slots - 1; s >= 0; s--) {
			if (!is_broken(a, g, a->gpus[g].classes[s]) ||
			    is_held(a, &a->gpus[g], s))
				continue;
			if (!exchange(a, g, s) && !relocate(a, g, s))
				return false;
		}
	}
	return true;
}

/* ------------------------------------------------------------ all anew */

/* Those under rules first, for they have fewer places; then the large ones. */
static int compare_loose(const void *va, const void *vb)
{
	const struct loose *a = va, *b = vb;

	if (a->is_ruled != b->is_ruled)
		return a->is_ruled ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	if (a->gpu != b->gpu)
		return a->gpu < b->gpu ? -1 : 1;
	return a->start - b->start;
}

/* Take out all that serves a class and is not held: how many these are. */
static int64_t take_all_out(struct apart *a, struct loose *ret)
{
	int64_t n = 0;

	for (int g = 0; g < a->n; g++) {
		const struct mig_plan_group *here = &a->gpus[g];

		for (int s = here->layout.n_slots - 1; s >= 0; s--) {
			const struct mig_slot *slot = &here->layout.slots[s];
			const int k = here->classes[s];

			if (k < 0 || is_held(a, here, s))
				continue;
			ret[n++] = (struct loose){
				.pool = here->pool,
				.profile = slot->profile,
				.cls = k,
				.gpu = g,
				.start = slot->start,
				.size = here->layout.type->profiles[slot->profile].size,
				.is_ruled = a->of.first[k] < a->of.first[k + 1],
			};
			take_out(a, g, s);
		}
	}
	return n;
}

/* Put everything that may move in its place again, or in another one. */
static bool rebuild(struct apart *a)
{
	struct loose *all;
	int64_t n = 0;
	bool is_done = true;

	for (int g = 0; g < a->n; g++)
		n += a->gpus[g].layout.n_slots;
	if (n * a->n > REBUILD_MAX)
		return false;
	all = malloc(((size_t)n + 1) * sizeof(*all));
	if (!all) {
		a->is_short = true;
		return false;
	}
	n = take_all_out(a, all);
	qsort(all, (size_t)n, sizeof(*all), compare_loose);
	for (int64_t i = 0; i < n && is_done; i++) {
		struct loose *l = &all[i];

		if (a->gpus[l->gpu].present < 0)
			l->start = mig_layout_best_start(&a->gpus[l->gpu].layout, l->profile);
		is_done = try_on(a, l->gpu, l->profile, l->start, l->cls);
		l->gpu = -1;
		is_done = is_done || try_anywhere(a, l, false) || try_anywhere(a, l, true);
	}
	free(all);
	return is_done;
}

/* Is a GPU of no use behind this one, in the same pool? */
static bool is_last_used(const struct apart *a, int g)
{
	for (int i = g + 1; i < a->pool_first[a->gpus[g].pool + 1]; i++) {
		if (a->gpus[i].layout.n_slots > 0)
			return false;
	}
	return true;
}

static bool has_nodes(const struct apart *a, int pool)
{
	for (int r = 0; r < a->m->problem->n_rules; r++) {
		if (plan_node_size(a->m->problem, pool, r) > 1)
			return true;
	}
	return false;
}

static void merge(struct apart *a, struct plan_groups *groups)
{
	int n = 0;

	for (int i = 0; i < a->n; i++) {
		/* A GPU that is left free before others makes nodes come out even. */
		if (a->gpus[i].present < 0 && a->gpus[i].layout.n_slots == 0 &&
		    (!has_nodes(a, a->gpus[i].pool) || is_last_used(a, i)))
			continue;
		if (n > 0 && plan_group_is_alike(&a->gpus[n - 1], &a->gpus[i]))
			a->gpus[n - 1].count++;
		else
			a->gpus[n++] = a->gpus[i];
	}
	free(groups->all);
	groups->all = a->gpus;
	groups->n = n;
	a->gpus = NULL;
}

static int keep_all(struct apart *a, bool anew, int *ret_rule)
{
	bool is_done;

	/* Placing anew takes out what stands in the way, so the rule is told before. */
	*ret_rule = anew ? plan_first_broken_rule(a->m->problem, a->gpus, a->n) : -1;
	is_done = anew ? rebuild(a) : repair(a);
	if (is_done || !anew)
		*ret_rule = plan_first_broken_rule(a->m->problem, a->gpus, a->n);
	if (a->is_short || *ret_rule == -2)
		return -MIG_E_NOMEM;
	return is_done && *ret_rule < 0 ? 0 : -MIG_E_NOSPACE;
}

int plan_keep_apart(const struct plan_model *m, struct plan_choice *choice,
		    struct plan_groups *groups, bool anew, int *ret_rule)
{
	struct apart a = { .m = m, .choice = choice };
	int rc = plan_membership_open(m->problem, &a.of) ? 0 : -MIG_E_NOMEM;

	*ret_rule = -1;
	if (rc == 0)
		rc = list_gpus(&a, groups);
	if (rc == 0) {
		rc = keep_all(&a, anew, ret_rule);
		merge(&a, groups);
	}
	if (rc == 0)
		plan_choice_tidy(choice);
	free(a.gpus);
	plan_membership_close(&a.of);
	return rc;
}
