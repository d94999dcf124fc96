/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs that a plan may use, from the options of the verb: pools of those that are alike. */
#ifndef CLI_PLAN_FLEET_H
#define CLI_PLAN_FLEET_H

#include <mig/cost.h>
#include <mig/plan.h>

#include "cli/plan/nodes.h"
#include "cli/verb.h"

/* Where a pool's price is from. */
struct fleet_price {
	bool is_known;
	char date[16];    /* "": the user's own */
	char source[256]; /* "list price: ...", "given" */
};

struct fleet {
	int n;
	struct mig_plan_pool pools[MIG_PLAN_POOLS_MAX];
	struct fleet_price prices[MIG_PLAN_POOLS_MAX];
	struct node_list nodes; /* of --nodes; otherwise empty */
	int *node_pools;        /* of the list's nodes */
	bool is_current;        /* the machine at hand: */
	struct mig_snapshot snap;
	bool *is_out;      /* of its GPUs: MIG is off there, and a process is on it */
	int gpus_per_node; /* of --gpus-per-node, or 0 */
};

/**
 * fleet_open - read --gpu-type, --nodes, --from-current, --gpus-per-node, --reserve, --price.
 * @ret:	fleet_free() it in any case.
 */
int fleet_open(struct cli *cli, struct fleet *ret, struct mig_error *err) MIG_MUST_USE;
void fleet_free(struct fleet *fleet);

/** fleet_pool_of - the pool of a GPU of the machine at hand, or -1: it is not to be used. */
int fleet_pool_of(const struct fleet *fleet, int gpu);

/** fleet_node_name - the node of GPU @gpu of pool @pool, "" where there are no nodes. */
const char *fleet_node_name(const struct fleet *fleet, int pool, int64_t gpu, char *buf,
			    size_t len);

#endif
