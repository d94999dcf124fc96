/* SPDX-License-Identifier: Apache-2.0 */
/* From the problem as it was asked to the one that is solved: items, sources, columns. */
#include <stdlib.h>
#include <string.h>

#include "lib/plan/columns.h"
#include "lib/plan/plan.h"
#include "shared/cleanup.h"

static int no_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "plan: out of memory");
}

static int find_items(struct plan_model *m, struct mig_error *err)
{
	const struct mig_plan_problem *p = m->problem;

	memset(m->item_of, -1, sizeof(m->item_of));
	m->items = calloc((size_t)p->n_pools * MIG_PROFILES_MAX, sizeof(m->items[0]));
	if (!m->items)
		return no_memory(err);
	for (int k = 0; k < p->n_classes; k++) {
		for (int o = 0; o < p->classes[k].n_options; o++) {
			const struct mig_plan_option *opt = &p->classes[k].options[o];

			m->item_of[opt->pool][opt->profile] = 0;
		}
	}
	for (int t = 0; t < p->n_pools; t++) {
		for (int i = 0; i < MIG_PROFILES_MAX; i++) {
			if (m->item_of[t][i] < 0)
				continue;
			m->item_of[t][i] = (int16_t)m->n_items;
			m->items[m->n_items++] =
				(struct plan_item){ t, i, p->pools[t].type->profiles[i].size };
		}
	}
	return 0;
}

/* A present group as its state: without what is idle, and without whom it serves. */
static struct plan_source state_of(const struct mig_plan_present *h)
{
	struct plan_source s = { .pool = h->pool, .count = h->count };

	s.layout = mig_layout_empty(h->layout.type);
	for (int i = 0; i < h->layout.n_slots; i++) {
		const struct mig_slot *slot = &h->layout.slots[i];
		const bool is_held = h->held >> i & 1, is_served = h->classes[i] >= 0;
		const unsigned bit = 1U << s.layout.n_slots;

		/* Slots are by increasing start, so each becomes the last. */
		if ((!is_held && !is_served) ||
		    mig_layout_add(&s.layout, slot->profile, slot->start, NULL) < 0)
			continue;
		s.held |= (uint16_t)(is_held ? bit : 0);
		s.strangers |= (uint16_t)(is_served ? 0 : bit);
		s.stranger_units +=
			is_served ? 0 : h->layout.type->profiles[slot->profile].size;
	}
	return s;
}

static int compare_states(const struct plan_source *a, const struct plan_source *b)
{
	if (a->pool != b->pool)
		return a->pool < b->pool ? -1 : 1;
	if (a->held != b->held)
		return a->held < b->held ? -1 : 1;
	if (a->strangers != b->strangers)
		return a->strangers < b->strangers ? -1 : 1;
	/* A slot of profile 0 at 0 looks like none. */
	if (a->layout.n_slots != b->layout.n_slots)
		return a->layout.n_slots < b->layout.n_slots ? -1 : 1;
	return memcmp(a->layout.slots, b->layout.slots, sizeof(a->layout.slots));
}

struct seen {
	struct plan_source state;
	int group;
};

static int compare_seen(const void *a, const void *b)
{
	return compare_states(&((const struct seen *)a)->state,
			      &((const struct seen *)b)->state);
}

/* One source for all present groups of a state. */
static int find_states(struct plan_model *m, struct mig_error *err)
{
	const struct mig_plan_problem *p = m->problem;
	cleanup_free struct seen *seen = calloc((size_t)p->n_present + 1, sizeof(*seen));
	struct plan_source *last = NULL;

	m->state_of = calloc((size_t)p->n_present + 1, sizeof(m->state_of[0]));
	m->sources = calloc((size_t)(p->n_present + p->n_pools), sizeof(m->sources[0]));
	if (!seen || !m->state_of || !m->sources)
		return no_memory(err);
	for (int h = 0; h < p->n_present; h++)
		seen[h] = (struct seen){ state_of(&p->present[h]), h };
	qsort(seen, (size_t)p->n_present, sizeof(*seen), compare_seen);
	for (int i = 0; i < p->n_present; i++) {
		const struct plan_source *s = &seen[i].state;

		if (last && compare_states(last, s) == 0) {
			last->count += s->count;
		} else {
			last = &m->sources[m->n_sources++];
			*last = *s;
		}
		m->state_of[seen[i].group] = m->n_sources - 1;
	}
	return 0;
}

static void count_slot(struct plan_model *m, const struct mig_plan_present *h, int slot)
{
	const int k = h->classes[slot];
	const struct mig_plan_class *c = &m->problem->classes[k];

	for (int o = 0; o < c->n_options; o++) {
		if (c->options[o].pool != h->pool ||
		    c->options[o].profile != h->layout.slots[slot].profile)
			continue;
		m->standing[m->first_option[k] + o] += h->count;
		m->held[m->first_option[k] + o] += h->held >> slot & 1 ? h->count : 0;
	}
}

static int count_standing(struct plan_model *m, struct mig_error *err)
{
	const struct mig_plan_problem *p = m->problem;
	int64_t n = 0;

	m->first_option = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	for (int k = 0; m->first_option && k < p->n_classes; k++) {
		m->first_option[k] = n;
		n += p->classes[k].n_options;
	}
	m->standing = calloc((size_t)n + 1, sizeof(int64_t));
	m->held = calloc((size_t)n + 1, sizeof(int64_t));
	if (!m->first_option || !m->standing || !m->held)
		return no_memory(err);
	for (int h = 0; h < p->n_present; h++) {
		for (int i = 0; i < p->present[h].layout.n_slots; i++) {
			if (p->present[h].classes[i] >= 0)
				count_slot(m, &p->present[h], i);
		}
	}
	return 0;
}

static void count_gpus(struct plan_model *m)
{
	const struct mig_plan_problem *p = m->problem;

	for (int t = 0; t < p->n_pools; t++) {
		const bool is_open = p->pools[t].n_gpus == MIG_PLAN_UNLIMITED;

		m->usable[t] = is_open ? MIG_PLAN_UNLIMITED
				       : p->pools[t].n_gpus - p->pools[t].n_reserved;
		m->fresh[t] = p->pools[t].n_gpus;
	}
	for (int i = 0; i < m->n_sources; i++) {
		const struct plan_source *s = &m->sources[i];

		if (m->fresh[s->pool] != MIG_PLAN_UNLIMITED)
			m->fresh[s->pool] -= s->count;
		m->stranger_units += s->count * s->stranger_units;
	}
}

/* The profiles of a pool that are items: others serve nobody. */
static uint32_t useful_profiles(const struct plan_model *m, int pool)
{
	uint32_t set = 0;

	for (int i = 0; i < MIG_PROFILES_MAX; i++)
		set |= m->item_of[pool][i] >= 0 ? 1U << i : 0;
	return set;
}

static int find_columns(struct plan_model *m, struct mig_error *err)
{
	struct plan_fillings *known = plan_fillings_open();
	struct plan_columns cols = { 0 };
	int rc = known ? 0 : -MIG_E_NOMEM;

	for (int i = 0; i < m->n_sources && rc == 0; i++)
		rc = plan_columns_add(&cols, &m->sources[i], i,
				      useful_profiles(m, m->sources[i].pool), known);
	plan_fillings_close(known);
	m->columns = cols.all;
	m->n_columns = cols.n;
	return rc < 0 ? no_memory(err) : 0;
}

int plan_model_open(struct plan_model *m, const struct mig_plan_problem *problem,
		    struct mig_error *err)
{
	int rc;

	*m = (struct plan_model){ .problem = problem, .n_goals = problem->n_goals };
	memcpy(m->goals, problem->goals, sizeof(m->goals));
	if (m->n_goals == 0)
		m->goals[m->n_goals++] = MIG_PLAN_GPUS;
	rc = find_items(m, err);
	if (rc == 0)
		rc = find_states(m, err);
	if (rc == 0)
		rc = count_standing(m, err);
	if (rc < 0)
		return rc;
	count_gpus(m);
	for (int t = 0; t < problem->n_pools; t++) {
		m->sources[m->n_sources++] = (struct plan_source){
			.pool = t,
			.is_fresh = true,
			.count = m->fresh[t],
			.layout = mig_layout_empty(problem->pools[t].type),
		};
	}
	return find_columns(m, err);
}

void plan_model_close(struct plan_model *m)
{
	free(m->items);
	free(m->sources);
	free(m->columns);
	free(m->state_of);
	free(m->first_option);
	free(m->standing);
	free(m->held);
	*m = (struct plan_model){ 0 };
}

int64_t plan_column_cost(const struct plan_model *m, const struct plan_column *c,
			 enum mig_plan_goal goal)
{
	switch (goal) {
	case MIG_PLAN_GPUS:
		return c->gpus;
	case MIG_PLAN_MONEY:
		return c->gpus * m->problem->pools[m->sources[c->source].pool].price_uusd_per_h;
	case MIG_PLAN_MOVES:
		return c->moves;
	default:
		return 0;
	}
}
