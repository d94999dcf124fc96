/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand on one GPU, and the least that it can weigh.
 *
 * An instance lies on the units from its start on, and no two on the same. Besides, what a GPU
 * has a limited number of is shared out: its engines of each kind, and each profile's
 * count. Every such limit is a "stock" here: a capacity, and what an instance of each profile
 * takes of it. Stocks that no layout can use up are dropped, and what is left of the others
 * is one number, so that all layouts are walked unit by unit, not one by one.
 */
#ifndef LIB_VERIFY_LAYOUT_H
#define LIB_VERIFY_LAYOUT_H

#include "lib/verify/verify.h"

enum { STOCKS_MAX = MIG_PROFILES_MAX + 5, STATES_MAX = 1 << 14 };

struct stock {
	int64_t capacity;
	int64_t takes[MIG_PROFILES_MAX];
};

struct shape {
	const struct mig_gpu_type *type;
	int n_stocks, n_states;
	struct stock stocks[STOCKS_MAX];
	int delta[MIG_PROFILES_MAX]; /* of the state, by an instance of that profile */
	bool *fits;                  /* [state * MIG_PROFILES_MAX + profile] */
	wide *least;                 /* room for one walk: [unit * n_states + state] */
};

/**
 * mig_shape_open - the limits of a GPU type. @ret: mig_shape_close() it in any case.
 *
 * Errors: UNSUPPORTED - too many states; NOMEM.
 */
int mig_shape_open(const struct mig_gpu_type *type, struct shape *ret,
		   struct mig_error *err) MIG_MUST_USE;
void mig_shape_close(struct shape *shape);

/** mig_layout_wrong - why these slots are no layout of that type, into @buf; or NULL. */
const char *mig_layout_wrong(const struct mig_gpu_type *type, const struct slot *slots, int n,
			     char *buf, size_t len);

/** mig_slots_text - "3g.40gb@4 2x1g.10gb@0,1", largest profiles first, into @buf. */
const char *mig_slots_text(const struct mig_gpu_type *type, const struct slot *slots, int n,
			   char *buf, size_t len);

/* What the parts of a layout weigh, for one pool under one certificate. */
struct weights {
	wide base;                   /* of a GPU with any instance */
	wide moved;                  /* of a present slot of a class that is not left there */
	wide made[MIG_PROFILES_MAX]; /* of an instance */
	wide strange[MIG_PROFILES_MAX]; /* of a stranger's */
	uint32_t profiles;              /* that may be made */
};

/**
 * mig_least_weight - the least weight of any layout that a GPU can be given.
 * @now:	the slots that are there, of @n; none for a GPU without instances.
 * @ret_slots:	a layout that has it, and how many slots; may be NULL.
 */
wide mig_least_weight(const struct shape *shape, const struct weights *w,
		      const struct slot *now, int n, struct slot *ret_slots, int *ret_n);

#endif
