/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

enum { PLACES_MAX = 1 << 14 }; /* GPUs that go into files */

/* The first index of each pool's GPUs on a machine that is not divided into nodes. */
static void find_bases(const struct task *task, const struct seats *seats,
		       int64_t bases[MIG_PLAN_POOLS_MAX])
{
	int64_t n[MIG_PLAN_POOLS_MAX] = { 0 }, base = 0;

	for (int i = 0; i < seats->n; i++)
		n[seats->seats[i].group->pool] = seats->seats[i].first + seats->seats[i].count;
	for (int t = 0; t < task->fleet->n; t++) {
		const int64_t limit = task->fleet->pools[t].n_gpus;

		bases[t] = base;
		base += limit == MIG_PLAN_UNLIMITED ? n[t] : limit;
	}
}

/* What a kept slot is, compute instances and all, as it stands. */
static const struct mig_want *standing(const struct mig_request *here, int start)
{
	for (int i = 0; i < here->n; i++) {
		if (here->want[i].start == start)
			return &here->want[i];
	}
	return NULL;
}

static struct mig_want fresh(const struct mig_gpu_type *type, const struct mig_slot *slot)
{
	struct mig_want want = mig_want_empty(slot->profile, slot->start);
	const struct mig_profile *p = &type->profiles[slot->profile];

	for (int k = 0; k < p->n_ci; k++) {
		if (p->ci[k].is_default) {
			want.n_ci = 1;
			want.ci[0] = (uint8_t)k;
		}
	}
	return want;
}

static void fill_place(const struct task *task, struct seat_names *names, struct place *place)
{
	const struct mig_plan_group *g = place->group;
	const bool is_here = task->fleet->is_current;
	const struct mig_request here =
		is_here ? mig_gpu_request(&task->fleet->snap.gpus[place->gpu])
			: mig_request_empty(g->layout.type);

	/* The GPU's own type, of which the pool's is a likeness. */
	place->request = mig_request_empty(is_here ? task->fleet->snap.gpus[place->gpu].type
						   : g->layout.type);
	for (int i = 0; i < g->layout.n_slots; i++) {
		const struct mig_slot *slot = &g->layout.slots[i];
		const struct mig_want *now =
			g->kept & 1U << i ? standing(&here, slot->start) : NULL;
		struct mig_want *want = &place->request.want[place->request.n++];
		struct mig_want_name *name = &place->names.of[place->names.n];
		char text[160];

		*want = now ? *now : fresh(g->layout.type, slot);
		seat_name(names, g, place->gpu, i, text, sizeof(text));
		/* A GPU instance that is split has no one name to bear. */
		if (want->n_ci != 1 || !mig_instance_name_ok(text))
			continue;
		*name = (struct mig_want_name){ .want = (uint8_t)i };
		text_copy(name->name, sizeof(name->name), text);
		place->names.n++;
	}
}

int places_make(const struct task *task, const struct seats *seats, struct places *ret,
		struct mig_error *err)
{
	int64_t bases[MIG_PLAN_POOLS_MAX], n = 0;
	struct seat_names names;
	int rc = seat_names_begin(task, &names, err);

	find_bases(task, seats, bases);
	for (int i = 0; i < seats->n; i++)
		n += seats->seats[i].count;
	if (rc == 0 && n > PLACES_MAX)
		rc = mig_fail(err, MIG_E_INVAL,
			      "%" PRId64 " GPUs are more than go into files, %d", n,
			      PLACES_MAX);
	ret->places = rc == 0 ? calloc((size_t)n + 1, sizeof(*ret->places)) : NULL;
	if (rc == 0 && !ret->places)
		rc = mig_fail(err, MIG_E_NOMEM, "make files of a plan");
	for (int i = 0; i < seats->n && rc == 0; i++) {
		const struct seat *s = &seats->seats[i];
		const int pool = s->group->pool;
		const int per_node = task->fleet->pools[pool].gpus_per_node;

		for (int64_t k = s->first; k < s->first + s->count; k++) {
			struct place *place = &ret->places[ret->n++];

			place->gpu = k;
			place->group = s->group;
			fleet_node_name(task->fleet, pool, k, place->node, sizeof(place->node));
			place->index = (int)(task->fleet->is_current ? k
					     : *place->node          ? k % per_node
								     : bases[pool] + k);
			fill_place(task, &names, place);
		}
	}
	seat_names_end(&names);
	return rc;
}

void places_free(struct places *p)
{
	free(p->places);
	*p = (struct places){ 0 };
}
