/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/apart.h"

#include <stdlib.h>
#include <string.h>

enum { GPUS_MAX = 1 << 18 }; /* that are looked at one by one */

/* The rules of each class: rules[first[k]] to rules[first[k + 1]]. */
struct membership {
	int *first, *rules;
};

struct apart {
	const struct plan_model *m;
	struct membership of;
	int n;
	struct mig_plan_group *gpus; /* one each; those of a pool side by side */
	int pool_first[MIG_PLAN_POOLS_MAX + 1];
	int64_t used[MIG_PLAN_POOLS_MAX];
};

static bool find_membership(const struct mig_plan_problem *p, struct membership *ret)
{
	int n = 0;

	for (int r = 0; r < p->n_rules; r++)
		n += p->rules[r].n_classes;
	ret->first = calloc((size_t)p->n_classes + 2, sizeof(int));
	ret->rules = calloc((size_t)n + 1, sizeof(int));
	if (!ret->first || !ret->rules)
		return false;
	/* Counted one place further on, so that filling in moves each start to its place. */
	for (int r = 0; r < p->n_rules; r++) {
		for (int i = 0; i < p->rules[r].n_classes; i++)
			ret->first[p->rules[r].classes[i] + 2]++;
	}
	for (int k = 2; k <= p->n_classes; k++)
		ret->first[k] += ret->first[k - 1];
	for (int r = 0; r < p->n_rules; r++) {
		for (int i = 0; i < p->rules[r].n_classes; i++)
			ret->rules[ret->first[p->rules[r].classes[i] + 1]++] = r;
	}
	return true;
}

static void free_membership(struct membership *of)
{
	free(of->first);
	free(of->rules);
}

static bool is_member(const struct membership *of, int cls, int rule)
{
	for (int i = cls >= 0 ? of->first[cls] : 0; cls >= 0 && i < of->first[cls + 1]; i++) {
		if (of->rules[i] == rule)
			return true;
	}
	return false;
}

static int count_on_gpu(const struct membership *of, const struct mig_plan_group *g, int rule)
{
	int n = 0;

	for (int s = 0; s < g->layout.n_slots; s++)
		n += is_member(of, g->classes[s], rule);
	return n;
}

static int node_size(const struct mig_plan_problem *p, int pool, int rule)
{
	return p->rules[rule].scope == MIG_PLAN_ON_NODE && p->pools[pool].gpus_per_node > 1
		       ? p->pools[pool].gpus_per_node
		       : 1;
}

/* Instances that rule @rule counts together with those of GPU @g. */
static int count_near(const struct apart *a, int g, int rule)
{
	const int pool = a->gpus[g].pool, size = node_size(a->m->problem, pool, rule);
	const int first = a->pool_first[pool] + (g - a->pool_first[pool]) / size * size;
	int n = 0;

	for (int i = first; i < first + size && i < a->pool_first[pool + 1]; i++)
		n += count_on_gpu(&a->of, &a->gpus[i], rule);
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

static bool put_in(struct apart *a, int g, int profile, int cls)
{
	struct mig_plan_group *there = &a->gpus[g];
	const int start = mig_layout_best_start(&there->layout, profile);
	int at = 0;

	if (start < 0 || mig_layout_add(&there->layout, profile, start, NULL) < 0)
		return false;
	while (there->layout.slots[at].start != start)
		at++;
	memmove(&there->classes[at + 1], &there->classes[at],
		(size_t)(MIG_UNITS_MAX - 1 - at) * sizeof(there->classes[0]));
	there->classes[at] = cls;
	a->used[there->pool] += there->layout.n_slots == 1;
	see_kept(a, there);
	return true;
}

/* Move slot @s of GPU @g to free units of a GPU that is used already, or @is_fresh: of one
 * that is not. */
static bool relocate(struct apart *a, int g, int s, bool is_fresh)
{
	const struct mig_plan_group *here = &a->gpus[g];
	const int pool = here->pool, profile = here->layout.slots[s].profile,
		  cls = here->classes[s];
	const int64_t usable = a->m->usable[pool];

	if (is_fresh && usable != MIG_PLAN_UNLIMITED && a->used[pool] >= usable)
		return false;
	for (int i = a->pool_first[pool]; i < a->pool_first[pool + 1]; i++) {
		int at = 0;

		if (i == g || (a->gpus[i].layout.n_slots == 0) != is_fresh ||
		    !put_in(a, i, profile, cls))
			continue;
		if (!is_broken(a, i, cls)) {
			take_out(a, g, s);
			return true;
		}
		while (a->gpus[i].classes[at] != cls ||
		       a->gpus[i].layout.slots[at].profile != profile)
			at++;
		take_out(a, i, at);
	}
	return false;
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

	for (int t = 0; t < p->n_pools; t++)
		most = p->pools[t].gpus_per_node > most ? p->pools[t].gpus_per_node : most;
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
			if (!exchange(a, g, s) && !relocate(a, g, s, false) &&
			    !relocate(a, g, s, true))
				return false;
		}
	}
	return true;
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
		if (node_size(a->m->problem, pool, r) > 1)
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

int plan_keep_apart(const struct plan_model *m, struct plan_groups *groups, int *ret_rule)
{
	struct apart a = { .m = m };
	int rc = find_membership(m->problem, &a.of) ? 0 : -MIG_E_NOMEM;

	*ret_rule = -1;
	if (rc == 0)
		rc = list_gpus(&a, groups);
	if (rc == 0) {
		rc = repair(&a) ? 0 : -MIG_E_NOSPACE;
		merge(&a, groups);
		*ret_rule = plan_first_broken_rule(m->problem, groups->all, groups->n);
		if (*ret_rule >= 0)
			rc = -MIG_E_NOSPACE;
	}
	free(a.gpus);
	free_membership(&a.of);
	return rc;
}

/* ------------------------------------------------------------ are they kept? */

/* The most instances that @rule counts together anywhere in pool @t. */
static bool keeps_rule(const struct mig_plan_problem *p, const struct membership *of,
		       const struct mig_plan_group *groups, int n, int t, int rule)
{
	const int size = node_size(p, t, rule), max = p->rules[rule].max;
	int64_t in_node = 0, sum = 0;

	/* Present GPUs first, as when they were told; then the others. */
	for (int is_last = 0; is_last < 2; is_last++) {
		for (int i = 0; i < n; i++) {
			const struct mig_plan_group *g = &groups[i];
			int64_t left = g->count, each;

			if (g->pool != t || (g->present < 0) != is_last)
				continue;
			each = count_on_gpu(of, g, rule);
			while (left > 0) {
				const int64_t here =
					left < size - in_node ? left : size - in_node;

				sum += each * here;
				if (sum > max)
					return false;
				in_node = (in_node + here) % size;
				sum = in_node == 0 ? 0 : sum;
				left -= here;
				/* Whole nodes of GPUs that are alike need one look. */
				if (in_node == 0 && left > size)
					left = size + left % size;
			}
		}
	}
	return true;
}

int plan_first_broken_rule(const struct mig_plan_problem *p,
			   const struct mig_plan_group *groups, int n)
{
	struct membership of = { 0 };
	int broken = -1;

	if (p->n_rules > 0 && !find_membership(p, &of))
		broken = -2;
	for (int r = 0; r < p->n_rules && broken == -1; r++) {
		for (int t = 0; t < p->n_pools && broken == -1; t++)
			broken = keeps_rule(p, &of, groups, n, t, r) ? -1 : r;
	}
	free_membership(&of);
	return broken;
}
