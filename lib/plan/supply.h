/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supply: how often each column is taken, once it is decided how many instances of each
 * item there must be. Pools have nothing to do with each other then.
 */
#ifndef LIB_PLAN_SUPPLY_H
#define LIB_PLAN_SUPPLY_H

#include "lib/plan/ip.h"
#include "lib/plan/plan.h"

struct plan_supply {
	const struct plan_model *m;
	const int64_t *demand; /* of each item */
	int64_t max_nodes;
	int64_t *count; /* the answer: of each column; one array for all pools */
};

enum plan_supply_status {
	PLAN_SUPPLY_FOUND,
	PLAN_SUPPLY_TOO_FEW, /* the pool has too few GPUs, as far as could be seen */
	PLAN_SUPPLY_NO_MEMORY,
};

/**
 * plan_supply_pool - the least of the model's goals, in their order, for one pool.
 * @ret_gpus:	GPUs with instances then.
 *
 * What is no goal comes after what is one: no plan moves what it need not move.
 */
enum plan_supply_status plan_supply_pool(const struct plan_supply *s, int pool,
					 int64_t *ret_gpus);

#endif
