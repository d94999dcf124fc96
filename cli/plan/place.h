/* SPDX-License-Identifier: Apache-2.0 */
/* Every GPU of a plan one by one, on its node, with what it shall be and be called. */
#ifndef CLI_PLAN_PLACE_H
#define CLI_PLAN_PLACE_H

#include "cli/plan/seat.h"

struct place {
	char node[NODE_NAME_MAX + 32]; /* "": the only one */
	int index;                     /* on the node, as NVML counts */
	int64_t gpu;                   /* in its pool; of the machine at hand its index */
	const struct mig_plan_group *group;
	struct mig_request request;
	struct mig_want_names names;
};

struct places {
	size_t n;
	struct place *places; /* those of a node stand together */
};

/** places_make - @ret: places_free() it in any case. Errors: INVAL - too many GPUs; NOMEM. */
int places_make(const struct task *task, const struct seats *seats, struct places *ret,
		struct mig_error *err) MIG_MUST_USE;
void places_free(struct places *p);

#endif
