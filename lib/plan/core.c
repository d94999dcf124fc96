/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/core.h"

#include <stdlib.h>
#include <string.h>

#include "lib/plan/patterns.h"

enum {
	ROWS_MAX = 400,
	WORK_MAX = 10000000, /* nodes times rows times columns of a search */
	ENTRIES_MAX = MIG_PLAN_OPTIONS_MAX * 2 + MIG_PROFILES_MAX + MIG_PLAN_N_GOALS + 4,
};

struct building {
	struct plan_core *core;
	const struct plan_model *m;
	struct plan_patterns patterns;
	int *column; /* of the model, of each column here after the patterns */
	int n_columns;
	int *class_row, *held_row; /* held_row: of each option of all classes, or -1 */
	int usable_row[MIG_PLAN_POOLS_MAX], fresh_row[MIG_PLAN_POOLS_MAX]; /* or -1: no limit */
	int state_row, budget_row, n_rows;
	plan_wide slack; /* how much dearer than the least a part may be */
	struct ip ip;
};

/* ------------------------------------------------------------ the program */

static bool number_rows(struct building *b)
{
	const struct plan_model *m = b->m;
	const struct mig_plan_problem *p = m->problem;
	int64_t n_options = 0;
	int n = m->n_items;

	for (int k = 0; k < p->n_classes; k++)
		n_options += p->classes[k].n_options;
	b->class_row = malloc(((size_t)p->n_classes + 1) * sizeof(int));
	b->held_row = malloc(((size_t)n_options + 1) * sizeof(int));
	if (!b->class_row || !b->held_row)
		return false;
	for (int k = 0; k < p->n_classes; k++)
		b->class_row[k] = p->classes[k].count > 0 ? n++ : -1;
	for (int64_t o = 0; o < n_options; o++)
		b->held_row[o] = m->held[o] > 0 ? n++ : -1;
	b->state_row = n;
	n += m->n_sources - p->n_pools;
	for (int t = 0; t < p->n_pools; t++) {
		const bool is_limited = m->usable[t] != MIG_PLAN_UNLIMITED;

		b->usable_row[t] = is_limited ? n++ : -1;
		b->fresh_row[t] = is_limited ? n++ : -1;
	}
	b->budget_row = n;
	b->n_rows = n + b->core->stage->goal;
	return true;
}

static void set_rows(struct building *b)
{
	const struct plan_model *m = b->m;
	const struct mig_plan_problem *p = m->problem;

	for (int r = 0; r < m->n_items; r++)
		ip_row(&b->ip, r, LP_MORE, 0);
	for (int k = 0; k < p->n_classes; k++) {
		if (b->class_row[k] >= 0)
			ip_row(&b->ip, b->class_row[k], LP_EQUAL, p->classes[k].count);
		for (int o = 0; o < p->classes[k].n_options; o++) {
			const int64_t at = m->first_option[k] + o;

			if (b->held_row[at] >= 0)
				ip_row(&b->ip, b->held_row[at], LP_MORE, m->held[at]);
		}
	}
	for (int i = 0; i < m->n_sources - p->n_pools; i++)
		ip_row(&b->ip, b->state_row + i, LP_EQUAL, m->sources[i].count);
	for (int t = 0; t < p->n_pools; t++) {
		if (b->usable_row[t] < 0)
			continue;
		ip_row(&b->ip, b->usable_row[t], LP_LESS, m->usable[t]);
		ip_row(&b->ip, b->fresh_row[t], LP_LESS, m->fresh[t]);
	}
	for (int i = 0; i < b->core->stage->goal; i++)
		ip_row(&b->ip, b->budget_row + i, LP_LESS,
		       b->core->stage->values[i] -
			       (m->goals[i] == MIG_PLAN_UNITS ? m->stranger_units : 0));
}

struct entries {
	int n;
	int rows[ENTRIES_MAX];
	int64_t values[ENTRIES_MAX];
};

static void put(struct entries *e, int row, int64_t value)
{
	if (row < 0 || value == 0)
		return;
	e->rows[e->n] = row;
	e->values[e->n++] = value;
}

/* A cost in this stage's goal is the column's; in an earlier one it is on that one's row. */
static int64_t put_costs(const struct building *b, struct entries *e, int64_t units,
			 const struct plan_column *c)
{
	const struct plan_stage *s = b->core->stage;
	int64_t cost = 0;

	for (int i = 0; i <= s->goal; i++) {
		const int64_t v = b->m->goals[i] == MIG_PLAN_UNITS ? units
				  : c ? plan_column_cost(b->m, c, b->m->goals[i])
				      : 0;

		if (i == s->goal)
			cost = v;
		else
			put(e, b->budget_row + i, v);
	}
	return cost;
}

static void add_pattern(struct building *b, const struct plan_pattern *p)
{
	const struct mig_plan_class *c = &b->m->problem->classes[p->cls];
	struct entries e = { 0 };
	int64_t units = 0, cost;

	for (int o = 0; o < c->n_options; o++) {
		const int item = b->m->item_of[c->options[o].pool][c->options[o].profile];

		put(&e, item, -p->n[o]);
		put(&e, b->held_row[b->m->first_option[p->cls] + o], p->n[o]);
		units += p->n[o] * b->m->items[item].size;
	}
	put(&e, b->class_row[p->cls], 1);
	cost = put_costs(b, &e, units, NULL);
	ip_column(&b->ip, cost, e.n, e.rows, e.values);
}

/* Held instances that their class does not take: they stand there all the same. */
static void add_unused(struct building *b)
{
	const struct mig_plan_problem *p = b->m->problem;

	for (int k = 0; k < p->n_classes; k++) {
		for (int o = 0; o < p->classes[k].n_options; o++) {
			const struct mig_plan_option *opt = &p->classes[k].options[o];
			const int item = b->m->item_of[opt->pool][opt->profile];
			const int row = b->held_row[b->m->first_option[k] + o];
			struct entries e = { 0 };
			int64_t cost;

			if (row < 0)
				continue;
			put(&e, item, -1);
			put(&e, row, 1);
			cost = put_costs(b, &e, b->m->items[item].size, NULL);
			ip_column(&b->ip, cost, e.n, e.rows, e.values);
		}
	}
}

static void add_columns(struct building *b, const int64_t *source_least)
{
	const struct plan_model *m = b->m;

	for (int j = 0; j < m->n_columns; j++) {
		const struct plan_column *c = &m->columns[j];
		const struct plan_source *src = &m->sources[c->source];
		const plan_wide over =
			plan_column_weight(b->core->stage, &b->core->stage->best, c) -
			(src->is_fresh ? 0 : source_least[c->source]);
		struct entries e = { 0 };
		int64_t cost;

		if (over > b->slack)
			continue;
		for (int i = 0; i < MIG_PROFILES_MAX; i++)
			put(&e, c->supply[i] ? m->item_of[src->pool][i] : -1, c->supply[i]);
		put(&e, src->is_fresh ? b->fresh_row[src->pool] : b->state_row + c->source, 1);
		put(&e, b->usable_row[src->pool], c->gpus);
		cost = put_costs(b, &e, 0, c);
		ip_column(&b->ip, cost, e.n, e.rows, e.values);
		b->column[b->n_columns++] = j;
	}
}

static int read_answer(struct building *b, const int64_t *x)
{
	struct plan_core *core = b->core;
	const int first = b->ip.n_columns - b->n_columns;

	for (int i = 0; i < b->patterns.n; i++) {
		if (!plan_choice_add(core->choice, b->m, b->patterns.all[i].cls, x[i],
				     b->patterns.all[i].n))
			return -MIG_E_NOMEM;
	}
	memset(core->count, 0, (size_t)b->m->n_columns * sizeof(core->count[0]));
	for (int i = 0; i < b->n_columns; i++)
		core->count[b->column[i]] = x[first + i];
	return 0;
}

static int search(struct building *b, struct mig_error *err)
{
	struct plan_core *core = b->core;
	/* A node takes about as long as its program is large. */
	const int64_t nodes = 1 + WORK_MAX / (b->n_rows * (int64_t)(b->ip.n_columns + 1));
	struct ip_answer answer = { .x = calloc((size_t)b->ip.n_columns + 1, sizeof(int64_t)) };
	int rc = answer.x ? 0 : -MIG_E_NOMEM;

	if (rc == 0)
		rc = ip_search(&b->ip, nodes < core->max_nodes ? nodes : core->max_nodes,
			       core->target, core->stage->bound, &answer);
	if (rc == 0 && !answer.is_found && !answer.is_complete)
		rc = plan_solver_ask(core->solver, &b->ip, core->target, core->stage->step,
				     &answer, err);
	if (rc == 0) {
		core->is_found = answer.is_found;
		core->is_complete = answer.is_complete && !b->patterns.is_cut;
	}
	if (rc == 0 && core->is_found)
		rc = read_answer(b, answer.x);
	free(answer.x);
	return rc;
}

/* Which parts a plan as good as the target may have, and the program of them. */
static int build(struct building *b)
{
	const struct plan_stage *s = b->core->stage;
	const struct plan_model *m = b->m;
	int64_t *source_least = calloc((size_t)m->n_sources + 1, sizeof(int64_t));
	struct plan_bound bound = { .source_least = source_least };
	bool is_done = source_least && number_rows(b) && plan_patterns_open(&b->patterns, 0);

	if (is_done && b->n_rows <= ROWS_MAX) {
		plan_prices_evaluate(s, &s->best, &bound);
		b->slack = (plan_wide)s->best.denominator * b->core->target - bound.total;
		plan_patterns_list(&b->patterns, s, &b->slack);
		b->column = malloc(((size_t)m->n_columns + 1) * sizeof(int));
		is_done = b->column && ip_open(&b->ip, b->n_rows);
	}
	if (is_done && b->n_rows <= ROWS_MAX) {
		set_rows(b);
		for (int i = 0; i < b->patterns.n; i++)
			add_pattern(b, &b->patterns.all[i]);
		add_unused(b);
		add_columns(b, source_least);
	}
	free(source_least);
	return is_done ? 0 : -MIG_E_NOMEM;
}

int plan_core_search(struct plan_core *core, struct mig_error *err)
{
	struct building b = { .core = core, .m = core->stage->m };
	int rc = build(&b);

	if (rc < 0)
		mig_fail(err, MIG_E_NOMEM, "plan: out of memory");

	core->is_found = core->is_complete = false;
	if (rc == 0 && b.n_rows <= ROWS_MAX)
		rc = search(&b, err);
	plan_patterns_close(&b.patterns);
	free(b.column);
	free(b.class_row);
	free(b.held_row);
	ip_close(&b.ip);
	return rc;
}
