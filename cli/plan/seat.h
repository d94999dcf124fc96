/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPU each of a plan's groups is, and what its instances are called. */
#ifndef CLI_PLAN_SEAT_H
#define CLI_PLAN_SEAT_H

#include "cli/plan/task.h"

/* GPUs that are one group's, by number in their pool; of the machine at hand by NVML's index,
 * then each GPU has a seat of its own. */
struct seat {
	const struct mig_plan_group *group;
	int64_t first, count;
};

struct seats {
	int n;
	struct seat *seats; /* by pool, then number */
};

/** seats_make - a seat for every GPU that a plan speaks of. @ret: seats_free() it. */
int seats_make(const struct task *task, const struct task_problem *p,
	       const struct mig_plan *plan, struct seats *ret,
	       struct mig_error *err) MIG_MUST_USE;
void seats_free(struct seats *seats);

/* Names for instances, "chat/0", "chat/1", handed out in the order of seats and slots. */
struct seat_names {
	const struct task *task;
	int64_t *next; /* of each model */
};

int seat_names_begin(const struct task *task, struct seat_names *ret,
		     struct mig_error *err) MIG_MUST_USE;
void seat_names_end(struct seat_names *names);

/** seat_name - of slot @i of GPU @gpu: that which it has already, else a new one; "": nobody's. */
const char *seat_name(struct seat_names *names, const struct mig_plan_group *group, int64_t gpu,
		      int i, char *buf, size_t len);

#endif
