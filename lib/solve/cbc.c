/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmig-solve.so: integer programs by CBC, COIN-OR's branch and cut. A library of its own,
 * for it takes longer to load than most of migctl takes to run.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <coin/Cbc_C_Interface.h>

#include "lib/plan/solver.h"

/* The limits of a row's sum. */
static void set_rows(const struct ip *ip, double *low, double *high)
{
	for (int i = 0; i < ip->n_rows; i++) {
		low[i] = ip->sense[i] == LP_LESS ? -DBL_MAX : (double)ip->b[i];
		high[i] = ip->sense[i] == LP_MORE ? DBL_MAX : (double)ip->b[i];
	}
}

struct arrays {
	double *entry, *cost, *low, *high;
};

static bool load(Cbc_Model *model, const struct ip *ip, struct arrays *a)
{
	a->entry = calloc((size_t)ip->n_entries + 1, sizeof(double));
	a->cost = calloc((size_t)ip->n_columns + 1, sizeof(double));
	a->low = calloc((size_t)ip->n_rows + 1, sizeof(double));
	a->high = calloc((size_t)ip->n_rows + 1, sizeof(double));
	if (!a->entry || !a->cost || !a->low || !a->high)
		return false;
	for (int k = 0; k < ip->n_entries; k++)
		a->entry[k] = (double)ip->entry[k];
	for (int j = 0; j < ip->n_columns; j++)
		a->cost[j] = (double)ip->cost[j];
	set_rows(ip, a->low, a->high);
	Cbc_loadProblem(model, ip->n_columns, ip->n_rows, ip->start, ip->row, a->entry, NULL,
			NULL, a->cost, a->low, a->high);
	for (int j = 0; j < ip->n_columns; j++)
		Cbc_setInteger(model, j);
	return true;
}

static void read_answer(Cbc_Model *model, const struct ip *ip, struct ip_answer *ret)
{
	const double *x = Cbc_getColSolution(model);

	ret->is_complete = Cbc_isProvenOptimal(model) || Cbc_isProvenInfeasible(model);
	ret->is_found = !Cbc_isProvenInfeasible(model) && x &&
			Cbc_getObjValue(model) < DBL_MAX / 2 &&
			Cbc_numberSavedSolutions(model) > 0;
	ret->cost = 0;
	for (int j = 0; ret->is_found && j < ip->n_columns; j++) {
		ret->x[j] = llround(x[j]);
		ret->cost += ret->x[j] * ip->cost[j];
	}
}

MIG_API int mig_solve_ip(const struct ip *ip, int64_t max_nodes, int64_t most, int64_t step,
			 struct ip_answer *ret)
{
	Cbc_Model *model = Cbc_newModel();
	struct arrays a = { 0 };
	bool is_loaded;

	if (!model)
		return -MIG_E_NOMEM;
	is_loaded = load(model, ip, &a);
	if (is_loaded) {
		char increment[32];

		snprintf(increment, sizeof(increment), "%.3f", (double)step - 0.001);
		Cbc_setLogLevel(model, 0);
		if (most < INT64_MAX)
			Cbc_setCutoff(model, (double)most + 0.5);
		Cbc_setParameter(model, "increment", increment);
		Cbc_setMaximumNodes(model, max_nodes > 1000000 ? 1000000 : (int)max_nodes);
		Cbc_solve(model);
		read_answer(model, ip, ret);
	}
	free(a.entry);
	free(a.cost);
	free(a.low);
	free(a.high);
	Cbc_deleteModel(model);
	return is_loaded ? 0 : -MIG_E_NOMEM;
}
