/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/verify_slow.h"

#include "tests/property/plan_exhaustive.h"
#include "tests/test.h"

__extension__ typedef __int128 wide;

/* Every layout that GPUs can be given: of a pool's fresh ones, or of a present group. */
struct listed {
	struct every_layout layout;
	int moves;
	uint32_t n_strange[MIG_PROFILES_MAX]; /* instances that are a stranger's */
};

struct list {
	int n;
	struct listed *all;
};

static struct list fresh_of[2], present_of[2];

static void add_listed(struct list *list, const struct every_layout *l,
		       const struct listed *about)
{
	if ((list->n & (list->n - 1)) == 0)
		list->all = realloc(list->all,
				    (size_t)(list->n ? 2 * list->n : 1) * sizeof(*list->all));
	CHECK(list->all);
	list->all[list->n] = *about;
	list->all[list->n++].layout = *l;
}

static void list_beside(const struct mig_plan_pool *pool, const struct every_layout *base,
			const struct listed *about, struct list *list)
{
	struct every every = every_layout(pool->type, pool->profiles, base);

	for (int i = 0; i < every.n; i++)
		add_listed(list, &every.all[i], about);
	free(every.all);
}

static void list_present(const struct mig_plan_problem *p, int h)
{
	const struct mig_plan_present *now = &p->present[h];

	for (unsigned kept = 0; kept < 1U << now->layout.n_slots; kept++) {
		struct every_layout base = { 0 };
		struct listed about = { 0 };

		if ((kept & now->held) != now->held)
			continue;
		for (int s = 0; s < now->layout.n_slots; s++) {
			const struct mig_slot *slot = &now->layout.slots[s];

			if (!(kept >> s & 1)) {
				about.moves += now->classes[s] >= 0;
				continue;
			}
			base.slots[base.n++] = *slot;
			base.counts[slot->profile]++;
			if ((now->held >> s & 1) && now->classes[s] < 0)
				about.n_strange[slot->profile]++;
		}
		list_beside(&p->pools[now->pool], &base, &about, &present_of[h]);
	}
}

void slow_list(const struct mig_plan_problem *p)
{
	const struct listed nothing = { 0 };

	for (int t = 0; t < p->n_pools; t++)
		list_beside(&p->pools[t], NULL, &nothing, &fresh_of[t]);
	for (int h = 0; h < p->n_present; h++)
		list_present(p, h);
}

void slow_forget(void)
{
	for (int i = 0; i < 2; i++) {
		free(fresh_of[i].all);
		free(present_of[i].all);
		fresh_of[i] = present_of[i] = (struct list){ 0 };
	}
}

static int64_t adds(const struct mig_plan_pool *pool, enum mig_plan_goal goal,
		    const struct listed *l)
{
	int64_t units = 0;

	if (goal == MIG_PLAN_MOVES)
		return l->moves;
	if (goal != MIG_PLAN_UNITS)
		return l->layout.n == 0        ? 0
		       : goal == MIG_PLAN_GPUS ? 1
					       : pool->price_uusd_per_h;
	for (int i = 0; i < l->layout.n; i++)
		units += pool->type->profiles[l->layout.slots[i].profile].size;
	return units;
}

static bool weighs(const struct mig_plan_problem *p, const struct mig_plan *plan, int i,
		   int pool, bool is_fresh, const struct list *list, int64_t least)
{
	const struct mig_plan_certificate *c = &plan->measures[i].certificate;

	for (int k = 0; k < list->n; k++) {
		const struct listed *l = &list->all[k];
		wide w =
			(wide)c->denominator * adds(&p->pools[pool], plan->measures[i].goal, l);

		for (int g = 0; g < i; g++)
			w += (wide)c->budgets[g] * adds(&p->pools[pool], p->goals[g], l);
		if (l->layout.n > 0)
			w += (wide)c->rents[pool] + (is_fresh ? c->fresh_rents[pool] : 0);
		for (int s = 0; s < l->layout.n; s++)
			w -= c->prices[pool][l->layout.slots[s].profile];
		for (int s = 0; s < p->pools[pool].type->n_profiles; s++)
			w += (wide)l->n_strange[s] * c->prices[pool][s];
		if (w < least)
			return false;
	}
	return true;
}

/* The least price of a cover, by trying every number of every option. */
static wide least_cover(const struct mig_plan_class *c, const struct mig_plan_certificate *cert,
			int o, int64_t need, int64_t instances)
{
	wide least = (wide)1 << 100, price;

	if (need <= 0 && instances <= 0)
		return 0;
	if (o == c->n_options)
		return least;
	price = cert->prices[c->options[o].pool][c->options[o].profile];
	for (int64_t n = 0;; n++) {
		const int64_t open = need - n * c->options[o].rate;
		const wide all = n * price + least_cover(c, cert, o + 1, open, instances - n);

		least = all < least ? all : least;
		if (open <= 0 && instances <= n)
			return least;
	}
}

static bool is_negative(const struct mig_plan_problem *p, const struct mig_plan_certificate *c,
			int n_earlier)
{
	bool is = c->denominator < 0;

	for (int t = 0; t < p->n_pools; t++) {
		is |= c->rents[t] < 0 || c->fresh_rents[t] < 0;
		for (int i = 0; i < p->pools[t].type->n_profiles; i++)
			is |= c->prices[t][i] < 0;
	}
	for (int k = 0; k < p->n_classes; k++)
		is |= c->class_least[k] < 0;
	for (int g = 0; g < n_earlier; g++)
		is |= c->budgets[g] < 0;
	return is;
}

/* What the certificate sums up to. false: there are rents where there may be none. */
static bool sum_up(const struct mig_plan_problem *p, const struct mig_plan *plan, int i,
		   wide *ret)
{
	const struct mig_plan_certificate *c = &plan->measures[i].certificate;

	*ret = 0;
	for (int k = 0; k < p->n_classes; k++)
		*ret += (wide)p->classes[k].count * c->class_least[k];
	for (int h = 0; h < p->n_present; h++)
		*ret += (wide)p->present[h].count * c->present_least[h];
	for (int g = 0; g < i; g++)
		*ret -= (wide)c->budgets[g] * plan->measures[g].value;
	for (int t = 0; t < p->n_pools; t++) {
		int64_t fresh = p->pools[t].n_gpus;

		if (fresh == MIG_PLAN_UNLIMITED && (c->rents[t] || c->fresh_rents[t]))
			return false;
		if (fresh == MIG_PLAN_UNLIMITED)
			continue;
		for (int h = 0; h < p->n_present; h++)
			fresh -= p->present[h].pool == t ? p->present[h].count : 0;
		*ret -= (wide)c->rents[t] * (p->pools[t].n_gpus - p->pools[t].n_reserved);
		*ret -= (wide)c->fresh_rents[t] * fresh;
	}
	return true;
}

/* The least value of the goal that may be in its sum: whole, of money a sum of prices. */
static int64_t proved(const struct mig_plan_problem *p, const struct mig_plan_measure *m,
		      wide sum)
{
	int64_t v = 0, step = m->goal == MIG_PLAN_MONEY ? 0 : 1;

	for (int t = 0; t < p->n_pools && m->goal == MIG_PLAN_MONEY; t++) {
		for (int64_t a = p->pools[t].price_uusd_per_h, rest; a; a = rest) {
			rest = step % a;
			step = a;
		}
	}
	step = step ? step : 1;
	v = sum > 0 ? (int64_t)(sum / m->certificate.denominator / step) * step : 0;
	while ((wide)v * m->certificate.denominator < sum)
		v += step;
	return v;
}

static bool is_proof(const struct mig_plan_problem *p, const struct mig_plan *plan, int i)
{
	const struct mig_plan_measure *m = &plan->measures[i];
	const struct mig_plan_certificate *c = &m->certificate;
	wide sum;

	if (is_negative(p, c, i) || !sum_up(p, plan, i, &sum))
		return false;
	for (int t = 0; t < p->n_pools; t++) {
		if (!weighs(p, plan, i, t, true, &fresh_of[t], 0))
			return false;
	}
	for (int h = 0; h < p->n_present; h++) {
		if (!weighs(p, plan, i, p->present[h].pool, false, &present_of[h],
			    c->present_least[h]))
			return false;
	}
	for (int k = 0; k < p->n_classes; k++) {
		if (least_cover(&p->classes[k], c, 0, p->classes[k].need,
				p->classes[k].min_instances) < c->class_least[k])
			return false;
	}
	if (plan->status == MIG_PLAN_INFEASIBLE)
		return c->denominator == 0 && sum > 0;
	return c->denominator > 0 && m->bound == proved(p, m, sum);
}

bool slow_is_true(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	bool is_optimal = true;

	if (plan->status == MIG_PLAN_NOT_FOUND || mig_plan_problem_check(p, NULL) < 0 ||
	    mig_plan_check(p, plan, NULL) < 0)
		return false;
	if (plan->status == MIG_PLAN_INFEASIBLE && plan->n_measures == 0)
		return false;
	for (int i = 0; i < plan->n_measures; i++) {
		const struct mig_plan_measure *m = &plan->measures[i];
		const bool is_infeasible = plan->status == MIG_PLAN_INFEASIBLE;

		is_optimal &= m->bound == m->value;
		if ((m->bound != MIG_UNKNOWN || is_infeasible) && !is_proof(p, plan, i))
			return false;
	}
	return plan->status == MIG_PLAN_INFEASIBLE ||
	       is_optimal == (plan->status == MIG_PLAN_OPTIMAL);
}
