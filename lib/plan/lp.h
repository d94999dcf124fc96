/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear programs: the least c'x with Ax = b (or >=, <=) and x >= 0, for some hundred rows
 * and any number of columns, which may be added after a solution. A revised simplex with
 * an explicit inverse, in doubles: it finds prices and points that are then rounded and
 * checked in integers, and proves nothing itself.
 */
#ifndef LIB_PLAN_LP_H
#define LIB_PLAN_LP_H

#include <stdbool.h>
#include <stdint.h>

enum lp_sense { LP_LESS = -1, LP_EQUAL, LP_MORE };

enum lp_status {
	LP_OPTIMAL,
	LP_INFEASIBLE, /* y is then a ray: y'A <= 0 for every column, and y'b > 0 */
	LP_UNBOUNDED,
	LP_STUCK, /* too many steps, or numbers that got lost */
	LP_NO_MEMORY,
};

struct lp {
	int n_rows, n_columns, n_entries;
	double *b;
	enum lp_sense *sense;
	int *start, *row; /* of column j: entries start[j] to start[j + 1] */
	double *entry, *cost;
	double *x; /* of each column, once solved */
	double *y; /* the price of each row, once solved */
	double value;

	int room_columns, room_entries;
	int *basis;     /* the column that is basic in each row */
	char *is_basic; /* of each column */
	int *unit;      /* of each row: its slack's or artificial's sign; see lp.c */
	double *inverse, *basic_x, *step;
	bool has_basis, is_short;
	int n_steps, n_since_inverse;
	unsigned seed;
};

/** lp_open - @n_rows rows, each "= 0" until lp_row() says otherwise. false: no memory. */
bool lp_open(struct lp *lp, int n_rows);
void lp_close(struct lp *lp);

/** lp_row - what the sum of a row is to be; after a solution only the number may change. */
void lp_row(struct lp *lp, int row, enum lp_sense sense, double b);

/** lp_column - one more column; returns its index. A failure shows in lp_solve(). */
int lp_column(struct lp *lp, double cost, int n, const int *rows, const double *entries);

/** lp_solve - from the last basis, if there is one that still serves. */
enum lp_status lp_solve(struct lp *lp);

/*
 * The whole number below, above or nearest to a value; of what no int64_t holds, the nearest that
 * one does, and 0 of a NaN. Not libm's: a program that plans little would load it for these.
 */
static inline int64_t lp_below(double x)
{
	const double most = 9.2e18;
	int64_t n;

	if (!(x > -most && x < most))
		return x > 0 ? INT64_MAX : x < 0 ? INT64_MIN : 0;
	n = (int64_t)x;
	return n - (x < (double)n);
}

static inline int64_t lp_above(double x)
{
	const int64_t n = lp_below(x);

	return (double)n < x && n < INT64_MAX ? n + 1 : n;
}

static inline int64_t lp_nearest(double x)
{
	return lp_below(x + 0.5);
}

static inline double lp_larger(double a, double b)
{
	return a > b ? a : b;
}

static inline double lp_smaller(double a, double b)
{
	return a < b ? a : b;
}

#endif
