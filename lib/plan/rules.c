/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/rules.h"

#include <stdlib.h>

bool plan_membership_open(const struct mig_plan_problem *p, struct plan_membership *ret)
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

void plan_membership_close(struct plan_membership *of)
{
	free(of->first);
	free(of->rules);
}

static bool is_member(const struct plan_membership *of, int cls, int rule)
{
	for (int i = cls >= 0 ? of->first[cls] : 0; cls >= 0 && i < of->first[cls + 1]; i++) {
		if (of->rules[i] == rule)
			return true;
	}
	return false;
}

int plan_rule_count(const struct plan_membership *of, const struct mig_plan_group *g, int rule)
{
	int n = 0;

	for (int s = 0; s < g->layout.n_slots; s++)
		n += is_member(of, g->classes[s], rule);
	return n;
}

int plan_node_size(const struct mig_plan_problem *p, int pool, int rule)
{
	return p->rules[rule].scope == MIG_PLAN_ON_NODE && p->pools[pool].gpus_per_node > 1
		       ? p->pools[pool].gpus_per_node
		       : 1;
}

/* The most instances that @rule counts together anywhere in pool @t. */
static bool keeps_rule(const struct mig_plan_problem *p, const struct plan_membership *of,
		       const struct mig_plan_group *groups, int n, int t, int rule)
{
	const int size = plan_node_size(p, t, rule), max = p->rules[rule].max;
	int64_t in_node = 0, sum = 0;

	/* Present GPUs first, as when they were told; then the others. */
	for (int is_last = 0; is_last < 2; is_last++) {
		for (int i = 0; i < n; i++) {
			const struct mig_plan_group *g = &groups[i];
			int64_t left = g->count, each;

			if (g->pool != t || (g->present < 0) != is_last)
				continue;
			each = plan_rule_count(of, g, rule);
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
	struct plan_membership of = { 0 };
	int broken = -1;

	if (p->n_rules > 0 && !plan_membership_open(p, &of))
		broken = -2;
	for (int r = 0; r < p->n_rules && broken == -1; r++) {
		for (int t = 0; t < p->n_pools && broken == -1; t++)
			broken = keeps_rule(p, &of, groups, n, t, r) ? -1 : r;
	}
	plan_membership_close(&of);
	return broken;
}
