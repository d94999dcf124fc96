/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prices of items, and what they prove.
 *
 * At any prices the parts of the problem come apart: each class takes its least cover, each
 * GPU its best column, and the sum of that is less than any plan costs. The best prices are
 * found by a linear program over what the classes chose at earlier prices (cuts), which
 * answers with new prices, until both sides meet.
 */
#ifndef LIB_PLAN_PRICE_H
#define LIB_PLAN_PRICE_H

#include "lib/plan/lp.h"
#include "lib/plan/plan.h"

/* Prices in whole numbers, as <mig/plan.h> has them in a certificate. */
struct plan_prices {
	int64_t denominator;
	int64_t *items; /* one for each item */
	int64_t rents[MIG_PLAN_POOLS_MAX], fresh_rents[MIG_PLAN_POOLS_MAX];
	int64_t budgets[MIG_PLAN_N_GOALS];
};

/* What all classes together take at some prices. */
struct plan_cut {
	int64_t *prices; /* of each item; the covers are found from these again */
	double *demand;  /* of each item */
	double weight;   /* of the cut, once the stage is solved; all sum up to 1 */
};

/* One goal after another is a stage; cuts are good for all of them. */
struct plan_stage {
	const struct plan_model *m;
	int goal;              /* index into the model's goals */
	const int64_t *values; /* of the goals before */
	int64_t max_nodes;     /* of the search for a cover */
	int n_cuts, room_cuts;
	struct plan_cut *cuts;
	/* What came of it: */
	bool is_infeasible;      /* then @best proves that */
	double relaxed;          /* the least without whole numbers; @bound is near it */
	int64_t bound;           /* of this goal */
	int64_t step;            /* its values are multiples of that */
	struct plan_prices best; /* the prices that prove it */

	/* While it runs: */
	struct lp lp;
	double scales[MIG_PLAN_N_GOALS]; /* of a goal: its costs are divided by that */
	double cut_scale, best_value;
	int usable_row[MIG_PLAN_POOLS_MAX], fresh_row[MIG_PLAN_POOLS_MAX]; /* or -1 */
	int state_row, budget_row, convex_row;
	int64_t denominator;
};

/** plan_stage_solve - the best prices for stage @goal; earlier cuts are used and kept. */
int plan_stage_solve(struct plan_stage *s, int goal, const int64_t *values,
		     struct mig_error *err);
void plan_stage_close(struct plan_stage *s);

/* What prices come to; see bound.c. */
struct plan_bound {
	int64_t *class_least;  /* of each class, or NULL: not kept */
	int64_t *source_least; /* of each source, or NULL */
	double *demand;        /* of each item, by the least covers; or NULL */
	plan_wide total;       /* the sum in brackets of <mig/plan.h> */
};

/** plan_unit_price - what a placement unit costs in these prices: more than 0 where units are a
 * goal. It is in the items' prices already. */
int64_t plan_unit_price(const struct plan_stage *s, const struct plan_prices *p);

/** plan_prices_repair - lower prices, or raise rents, until no fresh GPU gains anything. */
void plan_prices_repair(const struct plan_stage *s, struct plan_prices *p);

/** plan_column_weight - the weight of <mig/plan.h>, but for strangers, at the best layout of
 * a column. */
plan_wide plan_column_weight(const struct plan_stage *s, const struct plan_prices *p,
			     const struct plan_column *c);

/** plan_prices_evaluate - the bound that @p proves; what @ret has room for is filled in. */
void plan_prices_evaluate(const struct plan_stage *s, const struct plan_prices *p,
			  struct plan_bound *ret);

#endif
