/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/lp.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Beside the columns each row i has two units of its own, which are stored nowhere: the
 * slack -1 - i (entry +1 for <=, -1 for >=, none for =) and the artificial -1 - i - n_rows,
 * whose entry has the sign that made the first basis feasible (unit[i]).
 */
#define TINY      1e-9 /* a reduced cost or pivot that is none */
#define FEASIBLE  1e-9 /* how far below 0 a basic value may be, relative to the largest b */
#define N_REFRESH 120  /* steps after which the inverse is made anew */

bool lp_open(struct lp *lp, int n_rows)
{
	const size_t m = (size_t)n_rows;

	*lp = (struct lp){ .n_rows = n_rows, .seed = 1 };
	lp->b = calloc(m, sizeof(double));
	lp->sense = calloc(m, sizeof(*lp->sense));
	lp->y = calloc(m, sizeof(double));
	lp->basis = calloc(m, sizeof(int));
	lp->unit = calloc(m, sizeof(int));
	lp->inverse = calloc(m * m, sizeof(double));
	lp->basic_x = calloc(m, sizeof(double));
	lp->step = calloc(m, sizeof(double));
	lp->start = calloc(1, sizeof(int));
	lp->is_short = !lp->b || !lp->sense || !lp->y || !lp->basis || !lp->unit ||
		       !lp->inverse || !lp->basic_x || !lp->step || !lp->start;
	return !lp->is_short;
}

void lp_close(struct lp *lp)
{
	free(lp->b);
	free(lp->sense);
	free(lp->start);
	free(lp->row);
	free(lp->entry);
	free(lp->cost);
	free(lp->x);
	free(lp->y);
	free(lp->basis);
	free(lp->is_basic);
	free(lp->unit);
	free(lp->inverse);
	free(lp->basic_x);
	free(lp->step);
	*lp = (struct lp){ 0 };
}

void lp_row(struct lp *lp, int row, enum lp_sense sense, double b)
{
	lp->sense[row] = sense;
	lp->b[row] = b;
}

static bool grow(void **array, size_t n, size_t size)
{
	void *grown = realloc(*array, n * size);

	if (grown)
		*array = grown;
	return grown;
}

static bool make_room(struct lp *lp, int n_entries)
{
	if (lp->n_columns == lp->room_columns) {
		const size_t n = (size_t)lp->room_columns * 2 + 64;

		if (!grow((void **)&lp->cost, n, sizeof(double)) ||
		    !grow((void **)&lp->x, n, sizeof(double)) ||
		    !grow((void **)&lp->is_basic, n, 1) ||
		    !grow((void **)&lp->start, n + 1, sizeof(int)))
			return false;
		lp->room_columns = (int)n;
	}
	if (lp->n_entries + n_entries > lp->room_entries) {
		const size_t n = (size_t)(lp->room_entries + n_entries) * 2 + 256;

		if (!grow((void **)&lp->row, n, sizeof(int)) ||
		    !grow((void **)&lp->entry, n, sizeof(double)))
			return false;
		lp->room_entries = (int)n;
	}
	return true;
}

int lp_column(struct lp *lp, double cost, int n, const int *rows, const double *entries)
{
	const int j = lp->n_columns;

	if (lp->is_short || !make_room(lp, n)) {
		lp->is_short = true;
		return -1;
	}
	lp->cost[j] = cost;
	lp->x[j] = 0;
	lp->is_basic[j] = 0;
	for (int i = 0; i < n; i++) {
		lp->row[lp->n_entries] = rows[i];
		lp->entry[lp->n_entries++] = entries[i];
	}
	lp->start[++lp->n_columns] = lp->n_entries;
	return j;
}

static bool is_artificial(const struct lp *lp, int column)
{
	return column < -lp->n_rows;
}

static int slack_of(int row)
{
	return -1 - row;
}

static int artificial_of(const struct lp *lp, int row)
{
	return -1 - row - lp->n_rows;
}

/* The row of a slack or artificial, and its entry there. */
static int unit_row(const struct lp *lp, int column, double *ret_entry)
{
	if (is_artificial(lp, column)) {
		const int row = -1 - column - lp->n_rows;

		*ret_entry = lp->unit[row];
		return row;
	}
	*ret_entry = -(double)lp->sense[-1 - column];
	return -1 - column;
}

static double cost_of(const struct lp *lp, int column, bool is_phase1)
{
	if (is_phase1)
		return is_artificial(lp, column) ? 1 : 0;
	return column >= 0 ? lp->cost[column] : 0;
}

/* Every row's slack where it is feasible, or else an artificial. */
static void first_basis(struct lp *lp)
{
	const int m = lp->n_rows;

	memset(lp->inverse, 0, (size_t)m * (size_t)m * sizeof(double));
	if (lp->n_columns > 0)
		memset(lp->is_basic, 0, (size_t)lp->n_columns);
	for (int i = 0; i < m; i++) {
		const double slack = -(double)lp->sense[i];

		lp->unit[i] = lp->b[i] < 0 ? -1 : 1;
		if (slack != 0 && lp->b[i] * slack >= 0) {
			lp->basis[i] = slack_of(i);
			lp->inverse[(size_t)i * (size_t)m + (size_t)i] = slack;
		} else {
			lp->basis[i] = artificial_of(lp, i);
			lp->inverse[(size_t)i * (size_t)m + (size_t)i] = lp->unit[i];
		}
	}
	lp->n_since_inverse = 0;
	lp->has_basis = true;
}

static void find_basic_x(struct lp *lp)
{
	const int m = lp->n_rows;

	for (int i = 0; i < m; i++) {
		const double *inverse = lp->inverse + (size_t)i * (size_t)m;
		double sum = 0;

		for (int k = 0; k < m; k++)
			sum += inverse[k] * lp->b[k];
		lp->basic_x[i] = sum;
	}
}

static void find_y(struct lp *lp, bool is_phase1)
{
	const int m = lp->n_rows;

	memset(lp->y, 0, (size_t)m * sizeof(double));
	for (int i = 0; i < m; i++) {
		const double *inverse = lp->inverse + (size_t)i * (size_t)m;
		const double cost = cost_of(lp, lp->basis[i], is_phase1);

		for (int k = 0; cost != 0 && k < m; k++)
			lp->y[k] += cost * inverse[k];
	}
}

/* After a column of reduced cost @by became basic in @row: the same, without all the sums. */
static void move_y(struct lp *lp, int row, double by)
{
	const double *inverse = lp->inverse + (size_t)row * (size_t)lp->n_rows;

	for (int k = 0; k < lp->n_rows; k++)
		lp->y[k] += by * inverse[k];
}

static double reduced_cost(const struct lp *lp, int column, bool is_phase1)
{
	double d = cost_of(lp, column, is_phase1);

	if (column < 0) {
		double entry;
		const int row = unit_row(lp, column, &entry);

		return d - lp->y[row] * entry;
	}
	for (int k = lp->start[column]; k < lp->start[column + 1]; k++)
		d -= lp->y[lp->row[k]] * lp->entry[k];
	return d;
}

/* step = inverse times a column. */
static void find_step(struct lp *lp, int column)
{
	const size_t m = (size_t)lp->n_rows;

	if (column < 0) {
		double entry;
		const int row = unit_row(lp, column, &entry);

		for (size_t i = 0; i < m; i++)
			lp->step[i] = lp->inverse[i * m + (size_t)row] * entry;
		return;
	}
	for (size_t i = 0; i < m; i++) {
		const double *inverse = lp->inverse + i * m;
		double sum = 0;

		for (int k = lp->start[column]; k < lp->start[column + 1]; k++)
			sum += inverse[lp->row[k]] * lp->entry[k];
		lp->step[i] = sum;
	}
}

/* Subtract the pivot row from all others, so that the step becomes a unit. */
static void pivot_inverse(struct lp *lp, int row)
{
	const size_t m = (size_t)lp->n_rows;
	double *pivot = lp->inverse + (size_t)row * m;
	const double scale = 1 / lp->step[row];

	for (size_t k = 0; k < m; k++)
		pivot[k] *= scale;
	for (size_t i = 0; i < m; i++) {
		double *inverse = lp->inverse + i * m;
		const double by = lp->step[i];

		if (i == (size_t)row || by == 0)
			continue;
		for (size_t k = 0; k < m; k++)
			inverse[k] -= by * pivot[k];
	}
}

/*
 * The inverse anew from the basis: begin with units and bring the columns in one by one,
 * each in the row that is still free where its pivot is largest. false: it is singular.
 */
static bool refresh_inverse(struct lp *lp)
{
	const int m = lp->n_rows;
	int *old = malloc((size_t)m * sizeof(int));
	bool is_regular = old != NULL;

	if (!old)
		return false;
	memcpy(old, lp->basis, (size_t)m * sizeof(int));
	memset(lp->inverse, 0, (size_t)m * (size_t)m * sizeof(double));
	for (int i = 0; i < m; i++) {
		lp->inverse[(size_t)i * (size_t)m + (size_t)i] = 1;
		lp->basis[i] = INT32_MIN;
	}
	/* Slacks and artificials first: they cost no fill. */
	for (int pass = 0; pass < 2 && is_regular; pass++) {
		for (int i = 0; i < m && is_regular; i++) {
			int best = -1;

			if ((old[i] >= 0) != (pass == 1))
				continue;
			find_step(lp, old[i]);
			for (int r = 0; r < m; r++) {
				if (lp->basis[r] == INT32_MIN &&
				    (best < 0 || fabs(lp->step[r]) > fabs(lp->step[best])))
					best = r;
			}
			is_regular = best >= 0 && fabs(lp->step[best]) > TINY;
			if (is_regular) {
				pivot_inverse(lp, best);
				lp->basis[best] = old[i];
			}
		}
	}
	free(old);
	lp->n_since_inverse = 0;
	return is_regular;
}

/* A number in [1/2, 1), different each time: it keeps ties from going in circles. */
static double shake(struct lp *lp)
{
	lp->seed = lp->seed * 1664525U + 1013904223U;
	return 0.5 + (double)(lp->seed >> 8) / (double)(1U << 25);
}

/* The column that comes in: the one that gains the most a unit. @is_tied: by and large. */
static bool choose_entering(struct lp *lp, bool is_phase1, bool is_tied, int *ret)
{
	double best = TINY;
	bool is_found = false;

	for (int j = -lp->n_rows; j < lp->n_columns; j++) {
		double gain;

		if (j >= 0 ? lp->is_basic[j] : lp->sense[-1 - j] == LP_EQUAL)
			continue;
		gain = -reduced_cost(lp, j, is_phase1);
		if (gain > TINY && is_tied)
			gain *= shake(lp);
		if (gain > best) {
			best = gain;
			*ret = j;
			is_found = true;
		}
	}
	return is_found;
}

/* The row whose basic column goes, or -1: none ever does. */
static int choose_leaving(const struct lp *lp, bool is_phase1)
{
	double least = HUGE_VAL;
	int best = -1;

	for (int i = 0; i < lp->n_rows; i++) {
		const bool is_stuck = !is_phase1 && is_artificial(lp, lp->basis[i]);
		const double step = lp->step[i];
		double ratio;

		/* An artificial that is still here is 0, and has to stay so. */
		if (is_stuck ? fabs(step) < 1e-7 : step < TINY)
			continue;
		ratio = is_stuck || lp->basic_x[i] < 0 ? 0 : lp->basic_x[i] / step;
		if (ratio < least - 1e-12 ||
		    (ratio < least + 1e-12 && fabs(step) > fabs(lp->step[best]))) {
			least = ratio < least ? ratio : least;
			best = i;
		}
	}
	return best;
}

static void exchange(struct lp *lp, int row, int column)
{
	const double x = lp->basic_x[row] / lp->step[row];
	const int out = lp->basis[row];

	for (int i = 0; i < lp->n_rows; i++)
		lp->basic_x[i] -= x * lp->step[i];
	lp->basic_x[row] = x;
	pivot_inverse(lp, row);
	if (out >= 0)
		lp->is_basic[out] = 0;
	if (column >= 0)
		lp->is_basic[column] = 1;
	lp->basis[row] = column;
	lp->n_steps++;
	lp->n_since_inverse++;
}

static enum lp_status run_phase(struct lp *lp, bool is_phase1)
{
	const int most = 200 * (lp->n_rows + 50);
	int n_tied = 0;

	find_y(lp, is_phase1);
	for (int n = 0; n < most; n++) {
		int column = 0, row;
		double gain;

		if (lp->n_since_inverse >= N_REFRESH) {
			if (!refresh_inverse(lp))
				return LP_STUCK;
			find_basic_x(lp);
			find_y(lp, is_phase1);
		}
		if (!choose_entering(lp, is_phase1, n_tied > 20, &column)) {
			find_y(lp, is_phase1);
			return LP_OPTIMAL;
		}
		find_step(lp, column);
		row = choose_leaving(lp, is_phase1);
		if (row < 0)
			return LP_UNBOUNDED;
		n_tied = lp->basic_x[row] / lp->step[row] > TINY ? 0 : n_tied + 1;
		gain = reduced_cost(lp, column, is_phase1);
		exchange(lp, row, column);
		move_y(lp, row, gain);
	}
	return LP_STUCK;
}

static double largest_b(const struct lp *lp)
{
	double most = 1;

	for (int i = 0; i < lp->n_rows; i++)
		most = lp_larger(most, fabs(lp->b[i]));
	return most;
}

static double artificials(const struct lp *lp)
{
	double sum = 0;

	for (int i = 0; i < lp->n_rows; i++) {
		if (is_artificial(lp, lp->basis[i]))
			sum += fabs(lp->basic_x[i]);
	}
	return sum;
}

/* Does the last basis still serve, after columns came or numbers of rows changed? */
static bool may_go_on(struct lp *lp)
{
	const double below = -FEASIBLE * largest_b(lp);

	if (!lp->has_basis)
		return false;
	find_basic_x(lp);
	for (int i = 0; i < lp->n_rows; i++) {
		if (lp->basic_x[i] < below)
			return false;
	}
	return artificials(lp) < -below;
}

static void read_solution(struct lp *lp)
{
	if (lp->n_columns > 0)
		memset(lp->x, 0, (size_t)lp->n_columns * sizeof(double));
	lp->value = 0;
	for (int i = 0; i < lp->n_rows; i++) {
		const int j = lp->basis[i];

		if (j < 0)
			continue;
		lp->x[j] = lp_larger(lp->basic_x[i], 0);
		lp->value += lp->x[j] * lp->cost[j];
	}
}

enum lp_status lp_solve(struct lp *lp)
{
	enum lp_status status;

	if (lp->is_short)
		return LP_NO_MEMORY;
	if (!may_go_on(lp)) {
		first_basis(lp);
		find_basic_x(lp);
		status = run_phase(lp, true);
		if (status == LP_OPTIMAL && artificials(lp) > FEASIBLE * largest_b(lp)) {
			lp->has_basis = false;
			return LP_INFEASIBLE;
		}
		if (status != LP_OPTIMAL) {
			lp->has_basis = false;
			return status == LP_UNBOUNDED ? LP_STUCK : status;
		}
	}
	status = run_phase(lp, false);
	if (status == LP_OPTIMAL)
		read_solution(lp);
	else
		lp->has_basis = false;
	return status;
}
