/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/seat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* The next GPU of the machine at hand that is of a pool and has nothing on it. */
static int next_empty(const struct task *task, const struct task_problem *p, int pool, int from)
{
	const int n = task->fleet->snap.n_gpus;

	while (from < n &&
	       (fleet_pool_of(task->fleet, from) != pool || task_present_find(p, from) >= 0))
		from++;
	return from;
}

static int by_place(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	if (x->group->pool != y->group->pool)
		return x->group->pool < y->group->pool ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int seat_here(const struct task *task, const struct task_problem *p,
		     const struct mig_plan_group *g, int *next, struct seats *ret)
{
	for (int64_t i = 0; i < g->count; i++) {
		int gpu = g->present >= 0 ? p->gpus[g->present] : 0;

		if (g->present < 0) {
			gpu = next_empty(task, p, g->pool, next[g->pool]);
			next[g->pool] = gpu + 1;
		}
		if (gpu >= task->fleet->snap.n_gpus)
			return -1;
		ret->seats[ret->n++] = (struct seat){ g, gpu, 1 };
	}
	return 0;
}

int seats_make(const struct task *task, const struct task_problem *p,
	       const struct mig_plan *plan, struct seats *ret, struct mig_error *err)
{
	const size_t room = (size_t)plan->n_groups + (size_t)task->fleet->snap.n_gpus + 1;
	int64_t first[MIG_PLAN_POOLS_MAX] = { 0 };
	int next[MIG_PLAN_POOLS_MAX] = { 0 };
	struct seats seats = { .seats = calloc(room, sizeof(*seats.seats)) };

	if (!seats.seats)
		return mig_fail(err, MIG_E_NOMEM, "make a plan");
	for (int i = 0; i < plan->n_groups; i++) {
		const struct mig_plan_group *g = &plan->groups[i];

		if (!task->fleet->is_current) {
			/* GPUs that stay empty between others only keep these on their nodes. */
			if (g->layout.n_slots > 0)
				seats.seats[seats.n++] =
					(struct seat){ g, first[g->pool], g->count };
			first[g->pool] += g->count;
		} else if (g->layout.n_slots == 0 && g->present < 0) {
			continue;
		} else if (seat_here(task, p, g, next, &seats) < 0) {
			seats_free(&seats);
			return mig_fail(err, MIG_E_INVAL,
					"the plan has more GPUs than are here");
		}
	}
	qsort(seats.seats, (size_t)seats.n, sizeof(*seats.seats), by_place);
	*ret = seats;
	return 0;
}

void seats_free(struct seats *seats)
{
	free(seats->seats);
	*seats = (struct seats){ 0 };
}

int seat_names_begin(const struct task *task, struct seat_names *ret, struct mig_error *err)
{
	*ret = (struct seat_names){ task, calloc(task->models->n, sizeof(*ret->next)) };
	return ret->next ? 0 : mig_fail(err, MIG_E_NOMEM, "name instances");
}

void seat_names_end(struct seat_names *names)
{
	free(names->next);
	names->next = NULL;
}

/* Does an instance that stands bear the name already? */
static bool is_taken(const struct task *task, const char *name)
{
	for (int i = 0; i < task->fleet->snap.n_gpus; i++) {
		for (int k = 0; k < MIG_UNITS_MAX; k++) {
			if (strcmp(task->names[i].at[k], name) == 0)
				return true;
		}
	}
	return false;
}

const char *seat_name(struct seat_names *names, const struct mig_plan_group *g, int64_t gpu,
		      int i, char *buf, size_t len)
{
	const int cls = g->classes[i];
	const struct mig_slot *slot = &g->layout.slots[i];
	const bool is_standing = names->task->fleet->is_current && (g->kept & 1U << i);
	const char *now = is_standing ? names->task->names[gpu].at[slot->start] : "";

	if (*now && (cls == MIG_PLAN_NOBODY || task_model_find(names->task, now) == cls))
		return text_copy(buf, len, now);
	if (cls == MIG_PLAN_NOBODY)
		return text_copy(buf, len, "");
	do {
		snprintf(buf, len, "%s/%" PRId64, names->task->models->models[cls].name,
			 names->next[cls]++);
	} while (is_taken(names->task, buf));
	return buf;
}
