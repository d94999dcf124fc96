/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/ip.h"

#include <stdlib.h>
#include <string.h>

#include <mig/error.h>

#include "lib/plan/plan.h"

bool ip_open(struct ip *ip, int n_rows)
{
	*ip = (struct ip){ .n_rows = n_rows };
	ip->sense = calloc((size_t)n_rows + 1, sizeof(*ip->sense));
	ip->b = calloc((size_t)n_rows + 1, sizeof(*ip->b));
	ip->start = calloc(1, sizeof(*ip->start));
	ip->is_short = !ip->sense || !ip->b || !ip->start;
	return !ip->is_short;
}

void ip_close(struct ip *ip)
{
	free(ip->sense);
	free(ip->b);
	free(ip->cost);
	free(ip->start);
	free(ip->row);
	free(ip->entry);
	*ip = (struct ip){ 0 };
}

void ip_row(struct ip *ip, int row, enum lp_sense sense, int64_t b)
{
	ip->sense[row] = sense;
	ip->b[row] = b;
}

static bool grow(void **array, size_t n, size_t size)
{
	void *grown = realloc(*array, n * size);

	if (grown)
		*array = grown;
	return grown;
}

static bool make_room(struct ip *ip, int n_entries)
{
	if (ip->n_columns == ip->room_columns) {
		const size_t n = (size_t)ip->room_columns * 2 + 64;

		if (!grow((void **)&ip->cost, n, sizeof(*ip->cost)) ||
		    !grow((void **)&ip->start, n + 1, sizeof(*ip->start)))
			return false;
		ip->room_columns = (int)n;
	}
	if (ip->n_entries + n_entries > ip->room_entries) {
		const size_t n = (size_t)(ip->room_entries + n_entries) * 2 + 256;

		if (!grow((void **)&ip->row, n, sizeof(*ip->row)) ||
		    !grow((void **)&ip->entry, n, sizeof(*ip->entry)))
			return false;
		ip->room_entries = (int)n;
	}
	return true;
}

void ip_column(struct ip *ip, int64_t cost, int n, const int *rows, const int64_t *entries)
{
	if (ip->is_short || !make_room(ip, n)) {
		ip->is_short = true;
		return;
	}
	ip->cost[ip->n_columns++] = cost;
	for (int i = 0; i < n; i++) {
		ip->row[ip->n_entries] = rows[i];
		ip->entry[ip->n_entries++] = entries[i];
	}
	ip->start[ip->n_columns] = ip->n_entries;
}

/* Does each row's sum stand to its number as it should? */
static bool rows_hold(const struct ip *ip, const plan_wide *sums)
{
	for (int i = 0; i < ip->n_rows; i++) {
		if ((sums[i] < ip->b[i] && ip->sense[i] != LP_LESS) ||
		    (sums[i] > ip->b[i] && ip->sense[i] != LP_MORE))
			return false;
	}
	return true;
}

bool ip_is_solution(const struct ip *ip, const int64_t *x)
{
	plan_wide *sums = calloc((size_t)ip->n_rows + 1, sizeof(*sums));
	bool is_solution = sums != NULL;

	for (int j = 0; is_solution && j < ip->n_columns; j++) {
		is_solution = x[j] >= 0;
		for (int k = ip->start[j]; x[j] && k < ip->start[j + 1]; k++)
			sums[ip->row[k]] += (plan_wide)ip->entry[k] * x[j];
	}
	is_solution = is_solution && rows_hold(ip, sums);
	free(sums);
	return is_solution;
}

/* A variable whose range was cut on the way to a node. */
struct branch {
	int column;
	bool is_upper;
	int64_t limit;
};

struct search {
	const struct ip *ip;
	int64_t max_nodes, enough, n_nodes;
	double most; /* what a solution may cost */
	struct branch path[256];
	int64_t *low, *now;
	struct ip_answer *ret;
	bool is_short;
};

enum { DEPTH_MAX = sizeof(((struct search *)0)->path) / sizeof(struct branch) };

/* The node's linear program: lower limits are taken off the rows, upper ones are rows. */
static bool open_node(struct search *a, int depth, struct lp *lp)
{
	const struct ip *ip = a->ip;
	int n_upper = 0, *rows = malloc(((size_t)ip->n_rows + 256) * sizeof(*rows));
	double *entries = malloc(((size_t)ip->n_rows + 256) * sizeof(*entries));
	double *b = malloc(((size_t)ip->n_rows + 1) * sizeof(*b));
	bool is_open;

	memset(a->low, 0, (size_t)ip->n_columns * sizeof(a->low[0]));
	for (int d = 0; d < depth; d++) {
		if (a->path[d].is_upper)
			n_upper++;
		else
			a->low[a->path[d].column] = a->path[d].limit;
	}
	is_open = lp_open(lp, ip->n_rows + n_upper) && rows && entries && b;
	for (int i = 0; is_open && i < ip->n_rows; i++)
		b[i] = (double)ip->b[i];
	for (int j = 0; is_open && j < ip->n_columns; j++) {
		int n = 0, upper = ip->n_rows;

		for (int k = ip->start[j]; k < ip->start[j + 1]; k++) {
			rows[n] = ip->row[k];
			entries[n++] = (double)ip->entry[k];
			b[ip->row[k]] -= (double)ip->entry[k] * (double)a->low[j];
		}
		for (int d = 0; d < depth; d++) {
			if (a->path[d].is_upper && a->path[d].column == j) {
				rows[n] = upper;
				entries[n++] = 1;
				lp_row(lp, upper, LP_LESS,
				       (double)(a->path[d].limit - a->low[j]));
			}
			upper += a->path[d].is_upper;
		}
		lp_column(lp, (double)ip->cost[j], n, rows, entries);
	}
	for (int i = 0; is_open && i < ip->n_rows; i++)
		lp_row(lp, i, ip->sense[i], b[i]);
	free(rows);
	free(entries);
	free(b);
	return is_open;
}

/* Round the node's point; a solution that is better is kept. Returns the column to branch
 * on, or -1: the point was whole. */
static int read_node(struct search *a, const struct lp *lp, int64_t *ret_floor)
{
	const struct ip *ip = a->ip;
	double most = 1e-6;
	int64_t cost = 0;
	int best = -1;

	for (int j = 0; j < ip->n_columns; j++) {
		const double part = lp->x[j] - (double)lp_below(lp->x[j] + 1e-6);

		a->now[j] = a->low[j] + lp_nearest(lp->x[j]);
		cost += a->now[j] * ip->cost[j];
		/* The one nearest to the next whole number: covers want to be rounded up. */
		if (part > most) {
			most = part;
			best = j;
		}
	}
	if (best >= 0)
		*ret_floor = a->low[best] + lp_below(lp->x[best] + 1e-6);
	if (best < 0 && (double)cost <= a->most && ip_is_solution(ip, a->now)) {
		a->most = (double)cost - 1;
		a->ret->is_found = true;
		a->ret->cost = cost;
		memcpy(a->ret->x, a->now, (size_t)ip->n_columns * sizeof(a->now[0]));
	}
	return best;
}

static bool is_over(const struct search *a)
{
	return a->is_short || a->n_nodes >= a->max_nodes ||
	       (a->ret->is_found && a->ret->cost <= a->enough);
}

static double constant_cost(const struct search *a)
{
	double sum = 0;

	for (int j = 0; j < a->ip->n_columns; j++)
		sum += (double)a->low[j] * (double)a->ip->cost[j];
	return sum;
}

static void visit(struct search *a, int depth)
{
	struct lp lp = { 0 };
	enum lp_status status = LP_NO_MEMORY;
	int64_t floor_of_it = 0;
	int column = -1;

	if (is_over(a) || depth == DEPTH_MAX) {
		a->ret->is_complete = false;
		return;
	}
	a->n_nodes++;
	if (open_node(a, depth, &lp))
		status = lp_solve(&lp);
	if (status == LP_NO_MEMORY)
		a->is_short = true;
	else if (status == LP_STUCK || status == LP_UNBOUNDED)
		a->ret->is_complete = false;
	else if (status == LP_OPTIMAL &&
		 (double)lp_above(lp.value + constant_cost(a) - 1e-6) <= a->most)
		column = read_node(a, &lp, &floor_of_it);
	lp_close(&lp);
	if (column < 0)
		return;
	a->path[depth] = (struct branch){ column, false, floor_of_it + 1 };
	visit(a, depth + 1);
	if (a->ret->is_found && a->ret->cost <= a->enough)
		return;
	a->path[depth] = (struct branch){ column, true, floor_of_it };
	visit(a, depth + 1);
}

int ip_search(const struct ip *ip, int64_t max_nodes, int64_t most, int64_t enough,
	      struct ip_answer *ret)
{
	struct search a = { .ip = ip,
			    .max_nodes = max_nodes,
			    .enough = enough,
			    .most = (double)most,
			    .ret = ret };

	ret->is_found = false;
	ret->is_complete = true;
	ret->cost = 0;
	a.low = calloc((size_t)ip->n_columns + 1, sizeof(*a.low));
	a.now = calloc((size_t)ip->n_columns + 1, sizeof(*a.now));
	a.is_short = ip->is_short || !a.low || !a.now;
	if (!a.is_short)
		visit(&a, 0);
	free(a.low);
	free(a.now);
	return a.is_short ? -MIG_E_NOMEM : 0;
}
