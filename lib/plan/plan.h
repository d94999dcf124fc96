/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share. The room solves one integer program, by parts:
 *
 *	classes choose covers  ->  demand of each item  <=  supply  <-  GPUs choose columns
 *
 * An item is a profile of a pool. A source is GPUs that are alike now: the fresh ones of a
 * pool, or a state of present ones; a column is what one GPU of a source may become. Only
 * the item rows couple the two sides; their prices decide everything, and prove it.
 */
#ifndef LIB_PLAN_H
#define LIB_PLAN_H

#include <mig/plan.h>

__extension__ typedef __int128 plan_wide; /* sums of products of 64-bit numbers */

struct plan_item {
	int pool, profile, size;
};

/* GPUs that are alike now, whichever classes they serve. */
struct plan_source {
	int pool;
	bool is_fresh;            /* they have no instance and belong to no present group */
	int64_t count;            /* or MIG_PLAN_UNLIMITED, fresh ones only */
	struct mig_layout layout; /* what stands on each, without what is idle */
	uint16_t held;            /* bit i: slot i stays */
	uint16_t strangers;       /* bit i: slot i is held and serves nobody */
	int stranger_units;       /* under those, of one GPU */
	int first_column, n_columns;
};

/* What one GPU of a source may become. */
struct plan_column {
	int source;
	uint16_t kept;                    /* bit i: slot i of the source stays */
	uint8_t gpus, moves;              /* 0 or 1; slots of classes that do not stay */
	uint8_t supply[MIG_PROFILES_MAX]; /* of each profile of the pool that is an item */
	struct mig_layout layout;
};

/* The problem, in the form that the room works on. */
struct plan_model {
	const struct mig_plan_problem *problem;
	int n_goals;
	enum mig_plan_goal goals[MIG_PLAN_N_GOALS];
	int n_items;
	struct plan_item *items;
	int16_t item_of[MIG_PLAN_POOLS_MAX][MIG_PROFILES_MAX]; /* index of an item, or -1 */
	int n_sources, n_columns;
	struct plan_source *sources;
	struct plan_column *columns;
	int32_t *state_of; /* of each present group: its source */
	/* Of the options of all classes, one class after the other; class k's begin at
	 * first_option[k]: instances that serve it now, and those of them that are held. */
	int64_t *first_option, *standing, *held;
	int64_t usable[MIG_PLAN_POOLS_MAX]; /* GPUs that may bear instances, or UNLIMITED */
	int64_t fresh[MIG_PLAN_POOLS_MAX];  /* GPUs of no present group, or UNLIMITED */
	int64_t stranger_units;             /* placement units that stay as they are */
};

/* model.c: make it, let go of it. */
int plan_model_open(struct plan_model *m, const struct mig_plan_problem *problem,
		    struct mig_error *err);
void plan_model_close(struct plan_model *m);

/** plan_column_cost - what a column adds to a goal; units are counted at the demand. */
int64_t plan_column_cost(const struct plan_model *m, const struct plan_column *c,
			 enum mig_plan_goal goal);

#endif
