/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linear program's point is whole but for a few columns; those are taken back, and what
 * they supplied is found anew by an exact search over the GPUs that are free again. If that
 * is not the least that the linear program allows, some more are taken back.
 */
#include "lib/plan/supply.h"

#include <stdlib.h>
#include <string.h>

/* GPUs and moves in the order in which they count, and what is known of them. */
struct pack {
	const struct plan_supply *s;
	int pool;
	enum mig_plan_goal first, second;
	int n_rows, n_columns;
	int *column; /* of the model, of each column here */
	int *row_of_source;
	int row_of_item[MIG_PROFILES_MAX];
	int usable_row, fresh_row, first_row;
	struct lp lp;
	int64_t most_first; /* allowed of the first goal */
	int64_t bound;      /* of the second, once the first is decided */
	int64_t *whole;     /* of each column here: what is not taken back */
	int64_t *best;      /* the best so far */
	int64_t best_cost;  /* of the second goal; -1: none is found */
};

static void choose_goals(struct pack *k)
{
	k->first = MIG_PLAN_GPUS;
	k->second = MIG_PLAN_MOVES;
	for (int i = 0; i < k->s->m->n_goals; i++) {
		const enum mig_plan_goal goal = k->s->m->goals[i];

		if (goal == MIG_PLAN_GPUS || goal == MIG_PLAN_MONEY)
			return;
		if (goal == MIG_PLAN_MOVES) {
			k->first = MIG_PLAN_MOVES;
			k->second = MIG_PLAN_GPUS;
			return;
		}
	}
}

static bool is_here(const struct pack *k, int source)
{
	return k->s->m->sources[source].pool == k->pool;
}

static bool number_rows(struct pack *k)
{
	const struct plan_model *m = k->s->m;
	const bool is_limited = m->usable[k->pool] != MIG_PLAN_UNLIMITED;

	k->row_of_source = malloc((size_t)m->n_sources * sizeof(int));
	if (!k->row_of_source)
		return false;
	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		const int item = m->item_of[k->pool][i];

		k->row_of_item[i] = item >= 0 && k->s->demand[item] > 0 ? k->n_rows++ : -1;
	}
	for (int i = 0; i < m->n_sources; i++)
		k->row_of_source[i] =
			is_here(k, i) && !m->sources[i].is_fresh ? k->n_rows++ : -1;
	k->usable_row = is_limited ? k->n_rows++ : -1;
	k->fresh_row = is_limited ? k->n_rows++ : -1;
	k->first_row = k->n_rows++;
	return true;
}

/* The rows of a column of the model, and its entries there. Returns how many. */
static int entries_of(const struct pack *k, const struct plan_column *c, int *rows,
		      int64_t *entries)
{
	const bool is_fresh = k->s->m->sources[c->source].is_fresh;
	int n = 0;

	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (c->supply[i] && k->row_of_item[i] >= 0) {
			rows[n] = k->row_of_item[i];
			entries[n++] = c->supply[i];
		}
	}
	if (!is_fresh) {
		rows[n] = k->row_of_source[c->source];
		entries[n++] = 1;
	}
	if (k->usable_row >= 0 && c->gpus) {
		rows[n] = k->usable_row;
		entries[n++] = 1;
	}
	if (k->fresh_row >= 0 && is_fresh) {
		rows[n] = k->fresh_row;
		entries[n++] = 1;
	}
	if (plan_column_cost(k->s->m, c, k->first)) {
		rows[n] = k->first_row;
		entries[n++] = plan_column_cost(k->s->m, c, k->first);
	}
	return n;
}

enum { ENTRIES_MAX = MIG_PROFILES_MAX + 4 };

/* What a row wants, less what is decided already. */
static int64_t wanted(const struct pack *k, int row)
{
	const struct plan_model *m = k->s->m;

	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (k->row_of_item[i] == row)
			return k->s->demand[m->item_of[k->pool][i]];
	}
	if (row == k->usable_row)
		return m->usable[k->pool];
	if (row == k->fresh_row)
		return m->fresh[k->pool];
	if (row == k->first_row)
		return k->most_first;
	for (int i = 0; i < m->n_sources; i++) {
		if (k->row_of_source[i] == row)
			return m->sources[i].count;
	}
	return 0;
}

static enum lp_sense sense_of(const struct pack *k, int row)
{
	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (k->row_of_item[i] == row)
			return LP_MORE;
	}
	return row == k->usable_row || row == k->fresh_row || row == k->first_row ? LP_LESS
										  : LP_EQUAL;
}

static bool open_pack(struct pack *k)
{
	const struct plan_model *m = k->s->m;
	int rows[ENTRIES_MAX];
	int64_t whole[ENTRIES_MAX];
	double entries[ENTRIES_MAX];

	choose_goals(k);
	k->column = malloc(((size_t)m->n_columns + 1) * sizeof(int));
	k->whole = calloc((size_t)m->n_columns + 1, sizeof(int64_t));
	k->best = calloc((size_t)m->n_columns + 1, sizeof(int64_t));
	if (!k->column || !k->whole || !k->best || !number_rows(k) ||
	    !lp_open(&k->lp, k->n_rows))
		return false;
	for (int j = 0; j < m->n_columns; j++) {
		const struct plan_column *c = &m->columns[j];
		int n;

		if (!is_here(k, c->source))
			continue;
		k->column[k->n_columns++] = j;
		n = entries_of(k, c, rows, whole);
		for (int i = 0; i < n; i++)
			entries[i] = (double)whole[i];
		lp_column(&k->lp, (double)plan_column_cost(m, c, k->first), n, rows, entries);
	}
	for (int i = 0; i < k->n_rows; i++)
		lp_row(&k->lp, i, sense_of(k, i), (double)wanted(k, i));
	return true;
}

static void close_pack(struct pack *k)
{
	lp_close(&k->lp);
	free(k->column);
	free(k->row_of_source);
	free(k->whole);
	free(k->best);
}

/* ------------------------------------------------------------ what is left, exactly */

/* The rest of every row when the whole part is taken; false where that is too much already. */
static bool find_rest(const struct pack *k, int64_t *rest)
{
	int rows[ENTRIES_MAX];
	int64_t entries[ENTRIES_MAX];

	for (int i = 0; i < k->n_rows; i++)
		rest[i] = wanted(k, i);
	for (int j = 0; j < k->n_columns; j++) {
		const struct plan_column *c = &k->s->m->columns[k->column[j]];
		const int n = k->whole[j] ? entries_of(k, c, rows, entries) : 0;

		for (int i = 0; i < n; i++)
			rest[rows[i]] -= entries[i] * k->whole[j];
	}
	for (int i = 0; i < k->n_rows; i++) {
		if (rest[i] < 0 && sense_of(k, i) != LP_MORE)
			return false;
	}
	return true;
}

/* Could that column be of use for what is left? */
static bool is_useful(const struct pack *k, const struct plan_column *c, const int64_t *rest)
{
	if (!k->s->m->sources[c->source].is_fresh)
		return rest[k->row_of_source[c->source]] > 0;
	if (k->fresh_row >= 0 && rest[k->fresh_row] == 0)
		return false;
	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (c->supply[i] && k->row_of_item[i] >= 0 && rest[k->row_of_item[i]] > 0)
			return true;
	}
	return false;
}

/* The integer program of what is left. @used: the columns here that it has. */
static bool open_rest(const struct pack *k, const int64_t *rest, struct ip *ip, int *used)
{
	int *row = malloc((size_t)k->n_rows * sizeof(int)), n_rows = 0, n = 0;
	bool is_open;

	for (int i = 0; row && i < k->n_rows; i++) {
		const enum lp_sense sense = sense_of(k, i);
		const bool is_done = sense == LP_MORE    ? rest[i] <= 0
				     : sense == LP_EQUAL ? rest[i] == 0
							 : false;

		row[i] = is_done ? -1 : n_rows++;
	}
	is_open = row && ip_open(ip, n_rows);
	for (int i = 0; is_open && i < k->n_rows; i++) {
		if (row[i] >= 0)
			ip_row(ip, row[i], sense_of(k, i), rest[i]);
	}
	for (int j = 0; is_open && j < k->n_columns; j++) {
		const struct plan_column *c = &k->s->m->columns[k->column[j]];
		int rows[ENTRIES_MAX], n_here = 0, n_all;
		int64_t entries[ENTRIES_MAX];

		if (!is_useful(k, c, rest))
			continue;
		n_all = entries_of(k, c, rows, entries);
		for (int i = 0; i < n_all; i++) {
			if (row[rows[i]] < 0)
				continue;
			rows[n_here] = row[rows[i]];
			entries[n_here++] = entries[i];
		}
		used[n++] = j;
		ip_column(ip, plan_column_cost(k->s->m, c, k->second), n_here, rows, entries);
	}
	free(row);
	return is_open;
}

static int64_t cost_of_whole(const struct pack *k, enum mig_plan_goal goal)
{
	int64_t sum = 0;

	for (int j = 0; j < k->n_columns; j++)
		sum += k->whole[j] *
		       plan_column_cost(k->s->m, &k->s->m->columns[k->column[j]], goal);
	return sum;
}

/* Decide what the whole part leaves open; a better plan than the best becomes it. */
static int finish(struct pack *k)
{
	int64_t *rest = malloc((size_t)k->n_rows * sizeof(int64_t));
	int *used = malloc(((size_t)k->n_columns + 1) * sizeof(int));
	struct ip ip = { 0 };
	struct ip_answer answer = { 0 };
	const int64_t decided = cost_of_whole(k, k->second);
	int rc = rest && used ? 0 : -MIG_E_NOMEM;

	if (rc == 0 && find_rest(k, rest)) {
		rc = open_rest(k, rest, &ip, used) ? 0 : -MIG_E_NOMEM;
		answer.x = calloc((size_t)ip.n_columns + 1, sizeof(int64_t));
		if (rc == 0)
			rc = answer.x ? ip_search(&ip, k->s->max_nodes, INT64_MAX,
						  k->bound - decided, &answer)
				      : -MIG_E_NOMEM;
		if (rc == 0 && answer.is_found &&
		    (k->best_cost < 0 || decided + answer.cost < k->best_cost)) {
			k->best_cost = decided + answer.cost;
			memcpy(k->best, k->whole, (size_t)k->n_columns * sizeof(int64_t));
			for (int i = 0; i < ip.n_columns; i++)
				k->best[used[i]] += answer.x[i];
		}
	}
	free(rest);
	free(used);
	free(answer.x);
	ip_close(&ip);
	return rc;
}

/* Take the linear program's point, but for parts, and but for @n_back more of each column. */
static void take_back(struct pack *k, int64_t n_back)
{
	for (int j = 0; j < k->n_columns; j++) {
		const int64_t n = lp_below(k->lp.x[j] + 1e-6) - n_back;

		k->whole[j] = n > 0 ? n : 0;
	}
}

/* The least of the second goal with the first at its most, from the point of the program. */
static int round_point(struct pack *k)
{
	static const int64_t n_back[] = { 0, 1, 2, 4 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(n_back) / sizeof(n_back[0]) && rc == 0; i++) {
		if (k->best_cost >= 0 && k->best_cost <= k->bound)
			return 0;
		take_back(k, n_back[i]);
		rc = finish(k);
	}
	return rc;
}

static enum plan_supply_status least_second(struct pack *k)
{
	const struct plan_model *m = k->s->m;
	enum lp_status status;

	lp_row(&k->lp, k->first_row, LP_LESS, (double)k->most_first);
	for (int j = 0; j < k->n_columns; j++)
		k->lp.cost[j] =
			(double)plan_column_cost(m, &m->columns[k->column[j]], k->second);
	status = lp_solve(&k->lp);
	if (status == LP_NO_MEMORY)
		return PLAN_SUPPLY_NO_MEMORY;
	if (status != LP_OPTIMAL)
		return PLAN_SUPPLY_TOO_FEW;
	k->bound = lp_above(k->lp.value - 1e-6);
	if (round_point(k) < 0)
		return PLAN_SUPPLY_NO_MEMORY;
	return k->best_cost >= 0 ? PLAN_SUPPLY_FOUND : PLAN_SUPPLY_TOO_FEW;
}

/* More of a goal than any sensible plan has. */
static int64_t most_of_anything(const struct pack *k)
{
	int64_t most = 1;

	for (int r = 0; r < k->s->m->n_items; r++)
		most += k->s->demand[r];
	for (int i = 0; i < k->s->m->n_sources; i++)
		most += is_here(k, i) && !k->s->m->sources[i].is_fresh
				? k->s->m->sources[i].count * MIG_UNITS_MAX
				: 0;
	return most;
}

/* The first goal at the least that its linear program allows, or else a little more. */
static enum plan_supply_status least_first(struct pack *k)
{
	enum plan_supply_status found = PLAN_SUPPLY_TOO_FEW;
	enum lp_status status;
	int64_t least;

	k->most_first = most_of_anything(k);
	lp_row(&k->lp, k->first_row, LP_LESS, (double)k->most_first);
	status = lp_solve(&k->lp);
	if (status != LP_OPTIMAL)
		return status == LP_NO_MEMORY ? PLAN_SUPPLY_NO_MEMORY : PLAN_SUPPLY_TOO_FEW;
	least = lp_above(k->lp.value - 1e-6);
	for (int64_t more = 0; more < 64 && found == PLAN_SUPPLY_TOO_FEW;
	     more += more / 2 + 1) {
		k->most_first = least + more;
		found = least_second(k);
	}
	return found;
}

enum plan_supply_status plan_supply_pool(const struct plan_supply *s, int pool,
					 int64_t *ret_gpus)
{
	struct pack k = { .s = s, .pool = pool, .best_cost = -1 };
	enum plan_supply_status found = PLAN_SUPPLY_NO_MEMORY;

	*ret_gpus = 0;
	if (open_pack(&k))
		found = least_first(&k);
	for (int j = 0; found == PLAN_SUPPLY_FOUND && j < k.n_columns; j++) {
		s->count[k.column[j]] = k.best[j];
		*ret_gpus += k.best[j] * s->m->columns[k.column[j]].gpus;
	}
	close_pack(&k);
	return found;
}
