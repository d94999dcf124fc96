/* SPDX-License-Identifier: Apache-2.0 */
/* What prices prove, in whole numbers: the left and right sides of <mig/plan.h>'s rules. */
#include <string.h>

#include "lib/plan/cover.h"
#include "lib/plan/price.h"

int64_t plan_unit_price(const struct plan_stage *s, const struct plan_prices *p)
{
	if (s->m->goals[s->goal] == MIG_PLAN_UNITS)
		return p->denominator;
	for (int i = 0; i < s->goal; i++) {
		if (s->m->goals[i] == MIG_PLAN_UNITS)
			return p->budgets[i];
	}
	return 0;
}

/* What a column costs before its instances bring anything in. */
static plan_wide column_cost(const struct plan_stage *s, const struct plan_prices *p,
			     const struct plan_column *c)
{
	const struct plan_model *m = s->m;
	const struct plan_source *src = &m->sources[c->source];
	plan_wide cost = (plan_wide)p->denominator * plan_column_cost(m, c, m->goals[s->goal]);

	for (int i = 0; i < s->goal; i++)
		cost += (plan_wide)p->budgets[i] * plan_column_cost(m, c, m->goals[i]);
	if (c->gpus)
		cost += p->rents[src->pool] + (src->is_fresh ? p->fresh_rents[src->pool] : 0);
	return cost;
}

/* What they bring in, net of the units that they take. */
static plan_wide column_income(const struct plan_stage *s, const struct plan_prices *p,
			       const struct plan_column *c, int64_t unit_price)
{
	const int pool = s->m->sources[c->source].pool;
	plan_wide income = 0;

	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		const int item = s->m->item_of[pool][i];

		if (c->supply[i])
			income += (plan_wide)c->supply[i] *
				  (p->items[item] - unit_price * s->m->items[item].size);
	}
	return income;
}

plan_wide plan_column_weight(const struct plan_stage *s, const struct plan_prices *p,
			     const struct plan_column *c)
{
	const int64_t unit_price = plan_unit_price(s, p);

	return column_cost(s, p, c) - column_income(s, p, c, unit_price) +
	       (plan_wide)unit_price * s->m->sources[c->source].stranger_units;
}

/* Lower the prices of @pool so that what @c brings in does not pass what it costs. */
static void lower_prices(const struct plan_stage *s, struct plan_prices *p, int pool,
			 plan_wide cost, plan_wide income, int64_t unit_price)
{
	for (int r = 0; r < s->m->n_items; r++) {
		const int64_t units = unit_price * s->m->items[r].size;

		if (s->m->items[r].pool == pool)
			p->items[r] = (int64_t)((p->items[r] - units) * cost / income) + units;
	}
}

void plan_prices_repair(const struct plan_stage *s, struct plan_prices *p)
{
	const int64_t unit_price = plan_unit_price(s, p);

	for (int i = 0; i < s->m->n_sources; i++) {
		const struct plan_source *src = &s->m->sources[i];

		if (!src->is_fresh)
			continue;
		for (int k = 0; k < src->n_columns; k++) {
			const struct plan_column *c = &s->m->columns[src->first_column + k];
			const plan_wide cost = column_cost(s, p, c);
			const plan_wide income = column_income(s, p, c, unit_price);

			if (income <= cost)
				continue;
			if (s->m->usable[src->pool] != MIG_PLAN_UNLIMITED)
				p->rents[src->pool] += (int64_t)(income - cost);
			else
				lower_prices(s, p, src->pool, cost, income, unit_price);
		}
	}
}

static plan_wide classes_total(const struct plan_stage *s, const struct plan_prices *p,
			       struct plan_bound *ret)
{
	const struct mig_plan_problem *problem = s->m->problem;
	int64_t prices[MIG_PLAN_OPTIONS_MAX];
	plan_wide total = 0;

	for (int k = 0; k < problem->n_classes; k++) {
		const struct mig_plan_class *c = &problem->classes[k];
		struct plan_cover_search search;

		if (ret->class_least)
			ret->class_least[k] = 0;
		if (c->count == 0 || c->n_options == 0)
			continue;
		for (int o = 0; o < c->n_options; o++)
			prices[o] = p->items[s->m->item_of[c->options[o].pool]
							  [c->options[o].profile]];
		search.cls = c;
		search.prices = prices;
		search.max_nodes = s->max_nodes;
		plan_cover_least(&search);
		total += (plan_wide)c->count * search.least;
		if (ret->class_least)
			ret->class_least[k] = search.least;
		for (int o = 0; ret->demand && o < c->n_options; o++)
			ret->demand[s->m->item_of[c->options[o].pool][c->options[o].profile]] +=
				(double)c->count * (double)search.n[o];
	}
	return total;
}

static plan_wide sources_total(const struct plan_stage *s, const struct plan_prices *p,
			       struct plan_bound *ret)
{
	plan_wide total = 0;

	for (int i = 0; i < s->m->n_sources; i++) {
		const struct plan_source *src = &s->m->sources[i];
		plan_wide least = 0;

		for (int k = 0; !src->is_fresh && k < src->n_columns; k++) {
			const struct plan_column *c = &s->m->columns[src->first_column + k];
			const plan_wide w = plan_column_weight(s, p, c);

			least = k == 0 || w < least ? w : least;
		}
		if (ret->source_least)
			ret->source_least[i] = (int64_t)least;
		if (!src->is_fresh)
			total += least * src->count;
	}
	return total;
}

void plan_prices_evaluate(const struct plan_stage *s, const struct plan_prices *p,
			  struct plan_bound *ret)
{
	const struct plan_model *m = s->m;

	if (ret->demand)
		memset(ret->demand, 0, (size_t)m->n_items * sizeof(double));
	ret->total = classes_total(s, p, ret) + sources_total(s, p, ret);
	for (int t = 0; t < m->problem->n_pools; t++) {
		if (m->usable[t] != MIG_PLAN_UNLIMITED)
			ret->total -= (plan_wide)p->rents[t] * m->usable[t] +
				      (plan_wide)p->fresh_rents[t] * m->fresh[t];
	}
	for (int i = 0; i < s->goal; i++)
		ret->total -= (plan_wide)p->budgets[i] * s->values[i];
}
