/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small integer programs: the least c'x with Ax = b (or >=, <=) and x >= 0 whole. What is
 * left of a plan when almost all of it is decided, or a whole plan where that is small.
 */
#ifndef LIB_PLAN_IP_H
#define LIB_PLAN_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/plan/lp.h"

struct ip {
	int n_rows, n_columns, n_entries;
	enum lp_sense *sense;
	int64_t *b, *cost;
	int *start, *row; /* of column j: entries start[j] to start[j + 1] */
	int64_t *entry;
	int room_columns, room_entries;
	bool is_short;
};

struct ip_answer {
	bool is_found;    /* @x is a solution, of @cost */
	bool is_complete; /* nothing was left out: no other one is better, or there is none */
	int64_t cost;
	int64_t *x; /* the caller's, one for each column */
};

bool ip_open(struct ip *ip, int n_rows);
void ip_close(struct ip *ip);
void ip_row(struct ip *ip, int row, enum lp_sense sense, int64_t b);

/** ip_column - one more column. A lack of memory shows in ip_search(). */
void ip_column(struct ip *ip, int64_t cost, int n, const int *rows, const int64_t *entries);

/**
 * ip_search - branch and bound, depth first.
 * @max_nodes:	after so many it ends with what it has.
 * @most:	only solutions of that cost or less are looked for.
 * @enough:	one of that cost or less ends it too.
 *
 * Return: 0, or -MIG_E_NOMEM.
 */
int ip_search(const struct ip *ip, int64_t max_nodes, int64_t most, int64_t enough,
	      struct ip_answer *ret);

/** ip_is_solution - is @x one? In whole numbers. */
bool ip_is_solution(const struct ip *ip, const int64_t *x);

#endif
