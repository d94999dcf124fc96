/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of GPUs that are alike go through three steps: columns are dealt out to the present
 * groups of their source, kept slots are given to the classes that they serve, open slots to
 * the classes whose turn it is. A run is split where a class has got all that it wants.
 */
#include "lib/plan/expand.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN = -2, DROPPED = -3 }; /* of a slot, beside a class and NOBODY */

struct run {
	int column, present; /* @present: or -1 */
	int64_t count;
	int32_t slots[MIG_UNITS_MAX]; /* of the column's layout */
};

/* Instances that a class is still to get, of one of its options. */
struct want {
	int64_t left;
	int32_t cls;
	int next; /* of the same item, or -1 */
};

struct expansion {
	const struct plan_model *m;
	int n_runs, room_runs;
	struct run *runs;
	struct want *wants;
	int64_t *first_want; /* of each class: its options' follow each other */
	int *turn;           /* of each item: the first want that may have something left */
	int64_t *extra;      /* of each want: instances that stay though they are not wanted */
	bool may_stay;       /* rather an instance too many than a move */
};

static bool add_run(struct expansion *e, const struct run *r)
{
	if (e->n_runs == e->room_runs) {
		const int room = e->room_runs * 2 + 256;
		void *grown = realloc(e->runs, (size_t)room * sizeof(e->runs[0]));

		if (!grown)
			return false;
		e->runs = grown;
		e->room_runs = room;
	}
	e->runs[e->n_runs++] = *r;
	return true;
}

static bool add_wants(struct expansion *e, const struct plan_choice *choice)
{
	const struct mig_plan_problem *p = e->m->problem;
	int64_t n = 0;
	int *last = calloc((size_t)e->m->n_items + 1, sizeof(int));

	e->first_want = calloc((size_t)p->n_classes + 1, sizeof(int64_t));
	e->turn = calloc((size_t)e->m->n_items + 1, sizeof(int));
	for (int k = 0; k < p->n_classes; k++)
		n += p->classes[k].n_options;
	e->wants = calloc((size_t)n + 1, sizeof(e->wants[0]));
	e->extra = calloc((size_t)n + 1, sizeof(int64_t));
	if (!last || !e->first_want || !e->turn || !e->wants || !e->extra) {
		free(last);
		return false;
	}
	for (int r = 0; r < e->m->n_items; r++)
		e->turn[r] = last[r] = -1;
	n = 0;
	for (int k = 0; k < p->n_classes; k++) {
		e->first_want[k] = n;
		for (int o = 0; o < p->classes[k].n_options; o++, n++) {
			const struct mig_plan_option *opt = &p->classes[k].options[o];
			const int item = e->m->item_of[opt->pool][opt->profile];

			e->wants[n] = (struct want){ 0, k, -1 };
			if (last[item] >= 0)
				e->wants[last[item]].next = (int)n;
			else
				e->turn[item] = (int)n;
			last[item] = (int)n;
		}
	}
	for (int i = 0; i < choice->n_chosen; i++) {
		const struct plan_chosen *c = &choice->chosen[i];

		for (int o = 0; o < p->classes[c->cls].n_options; o++)
			e->wants[e->first_want[c->cls] + o].left +=
				c->count * choice->n[c->first + o];
	}
	free(last);
	return true;
}

/* ------------------------------------------------------------ columns to present groups */

static void open_slots(const struct plan_model *m, struct run *r)
{
	const struct plan_column *c = &m->columns[r->column];

	for (int i = 0; i < MIG_UNITS_MAX; i++)
		r->slots[i] = i < c->layout.n_slots ? OPEN : DROPPED;
}

/* The present groups of each source, in their order: heads and nexts. */
static bool list_groups(const struct plan_model *m, int **ret_head, int **ret_next)
{
	int *head = malloc(((size_t)m->n_sources + 1) * sizeof(int));
	int *next = malloc(((size_t)m->problem->n_present + 1) * sizeof(int));

	*ret_head = head;
	*ret_next = next;
	if (!head || !next)
		return false;
	for (int i = 0; i < m->n_sources; i++)
		head[i] = -1;
	for (int h = m->problem->n_present - 1; h >= 0; h--) {
		next[h] = head[m->state_of[h]];
		head[m->state_of[h]] = h;
	}
	return true;
}

static bool deal_out(struct expansion *e, const struct plan_source *src, const int64_t *count,
		     int group, const int *next)
{
	int64_t in_group = group >= 0 ? e->m->problem->present[group].count : 0;

	for (int j = src->first_column; j < src->first_column + src->n_columns; j++) {
		for (int64_t left = count[j]; left > 0;) {
			struct run r = { .column = j, .present = -1, .count = left };

			while (group >= 0 && in_group == 0) {
				group = next[group];
				in_group = group >= 0 ? e->m->problem->present[group].count : 0;
			}
			if (group >= 0) {
				r.present = group;
				r.count = left < in_group ? left : in_group;
				in_group -= r.count;
			}
			left -= r.count;
			open_slots(e->m, &r);
			if (!add_run(e, &r))
				return false;
		}
	}
	return true;
}

static bool make_runs(struct expansion *e, const int64_t *count)
{
	int *head, *next;
	bool is_done = list_groups(e->m, &head, &next);

	for (int i = 0; i < e->m->n_sources && is_done; i++)
		is_done = deal_out(e, &e->m->sources[i], count, head[i], next);
	free(head);
	free(next);
	return is_done;
}

/* ------------------------------------------------------------ slots to classes */

/* The slot of @now that stands as @slot does, or -1. */
static int find_slot(const struct mig_plan_present *now, const struct mig_slot *slot)
{
	for (int i = 0; i < now->layout.n_slots; i++) {
		if (now->layout.slots[i].profile == slot->profile &&
		    now->layout.slots[i].start == slot->start)
			return i;
	}
	return -1;
}

static struct want *want_of(struct expansion *e, int cls, int pool, int profile)
{
	const struct mig_plan_class *c = &e->m->problem->classes[cls];

	for (int o = 0; o < c->n_options; o++) {
		if (c->options[o].pool == pool && c->options[o].profile == profile)
			return &e->wants[e->first_want[cls] + o];
	}
	return NULL;
}

/* Give slot @i of run @at to @cls, for as many of its GPUs as @left says; the others become a
 * run of their own, where the slot is still open. */
static bool give(struct expansion *e, int at, int i, int32_t cls, int64_t *left)
{
	struct run *r = &e->runs[at];

	if (*left < r->count) {
		struct run rest = *r;

		rest.count -= *left;
		r->count = *left;
		if (!add_run(e, &rest))
			return false;
		r = &e->runs[at];
	}
	*left -= r->count;
	r->slots[i] = cls;
	return true;
}

/* Slots that are kept stay with whom they serve, while that class wants them. */
static bool keep_slots(struct expansion *e, int at)
{
	const struct plan_column *c = &e->m->columns[e->runs[at].column];
	const struct mig_plan_present *now = &e->m->problem->present[e->runs[at].present];

	for (int i = 0; i < c->layout.n_slots; i++) {
		const int was = find_slot(now, &c->layout.slots[i]);
		struct want *want;

		if (was < 0 || e->runs[at].slots[i] != OPEN)
			continue;
		if (now->classes[was] == MIG_PLAN_NOBODY) {
			if (now->held >> was & 1)
				e->runs[at].slots[i] = MIG_PLAN_NOBODY;
			continue;
		}
		want = want_of(e, now->classes[was], now->pool, c->layout.slots[i].profile);
		if (want && want->left > 0) {
			if (!give(e, at, i, now->classes[was], &want->left))
				return false;
		} else if (now->held >> was & 1) {
			e->runs[at].slots[i] = MIG_PLAN_NOBODY;
		}
	}
	return true;
}

/* Leave slot @i with the class that it serves, whether that wants it or not. */
static bool stay(struct expansion *e, int at, int i)
{
	const struct run *r = &e->runs[at];
	const struct plan_column *c = &e->m->columns[r->column];
	const struct mig_plan_present *now;
	struct want *want;
	int was;

	if (!e->may_stay || r->present < 0)
		return false;
	now = &e->m->problem->present[r->present];
	was = find_slot(now, &c->layout.slots[i]);
	if (was < 0 || now->classes[was] < 0 ||
	    e->m->problem->classes[now->classes[was]].count == 0)
		return false;
	want = want_of(e, now->classes[was], now->pool, c->layout.slots[i].profile);
	if (!want)
		return false;
	e->extra[want - e->wants] += r->count;
	e->runs[at].slots[i] = now->classes[was];
	return true;
}

static bool fill_slots(struct expansion *e, int at)
{
	const struct plan_column *c = &e->m->columns[e->runs[at].column];
	const int pool = e->m->sources[c->source].pool;

	for (int i = 0; i < c->layout.n_slots; i++) {
		const int item = e->m->item_of[pool][c->layout.slots[i].profile];
		int turn = item >= 0 ? e->turn[item] : -1;

		if (e->runs[at].slots[i] != OPEN)
			continue;
		while (turn >= 0 && e->wants[turn].left == 0)
			turn = e->wants[turn].next;
		if (item >= 0)
			e->turn[item] = turn;
		if (turn < 0)
			e->runs[at].slots[i] = DROPPED; /* unless it stays, below */
		else if (!give(e, at, i, e->wants[turn].cls, &e->wants[turn].left))
			return false;
	}
	for (int i = 0; i < c->layout.n_slots; i++) {
		if (e->runs[at].slots[i] == DROPPED)
			stay(e, at, i);
	}
	return true;
}

/* What stays unwanted is added to the first cover of its class, for one workload. */
static bool add_extra(const struct expansion *e, struct plan_choice *choice)
{
	const struct mig_plan_problem *p = e->m->problem;
	const int n_chosen = choice->n_chosen;
	int last = -1;

	for (int i = 0; i < n_chosen; i++) {
		const struct plan_chosen c = choice->chosen[i];
		int64_t n[MIG_PLAN_OPTIONS_MAX], extra = 0;

		for (int o = 0; o < p->classes[c.cls].n_options; o++) {
			n[o] = choice->n[c.first + o] + e->extra[e->first_want[c.cls] + o];
			extra += e->extra[e->first_want[c.cls] + o];
		}
		if (c.cls == last || extra == 0)
			continue;
		last = c.cls;
		choice->chosen[i].count--;
		if (!plan_choice_add(choice, e->m, c.cls, 1, n))
			return false;
	}
	plan_choice_tidy(choice);
	return true;
}

static bool moves_before_units(const struct plan_model *m)
{
	for (int i = 0; i < m->n_goals; i++) {
		if (m->goals[i] == MIG_PLAN_UNITS)
			return false;
		if (m->goals[i] == MIG_PLAN_MOVES)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------ groups */

uint16_t plan_group_kept(const struct mig_plan_group *g, const struct mig_plan_present *now)
{
	unsigned kept = 0;

	for (int i = 0; i < g->layout.n_slots; i++) {
		const int was = find_slot(now, &g->layout.slots[i]);

		if (was < 0)
			continue;
		if (now->classes[was] == g->classes[i] || (now->held >> was & 1) ||
		    now->classes[was] == MIG_PLAN_NOBODY)
			kept |= 1U << i;
	}
	return (uint16_t)kept;
}

static struct mig_plan_group group_of(const struct plan_model *m, const struct run *r)
{
	const struct plan_column *c = &m->columns[r->column];
	const int pool = m->sources[c->source].pool;
	struct mig_plan_group g = { .pool = pool, .present = r->present, .count = r->count };

	g.layout = mig_layout_empty(m->problem->pools[pool].type);
	for (int i = 0; i < MIG_UNITS_MAX; i++)
		g.classes[i] = MIG_PLAN_NOBODY;
	for (int i = 0; i < c->layout.n_slots; i++) {
		const struct mig_slot *s = &c->layout.slots[i];

		/* Without some of its instances a layout is still one. */
		if (r->slots[i] == DROPPED ||
		    mig_layout_add(&g.layout, s->profile, s->start, NULL) < 0)
			continue;
		g.classes[g.layout.n_slots - 1] = r->slots[i];
	}
	if (r->present >= 0)
		g.kept = plan_group_kept(&g, &m->problem->present[r->present]);
	return g;
}

bool plan_group_is_alike(const struct mig_plan_group *a, const struct mig_plan_group *b)
{
	return a->pool == b->pool && a->present == b->present &&
	       a->layout.n_slots == b->layout.n_slots &&
	       memcmp(a->layout.slots, b->layout.slots, sizeof(a->layout.slots)) == 0 &&
	       memcmp(a->classes, b->classes, sizeof(a->classes)) == 0;
}

static int compare_groups(const void *va, const void *vb)
{
	const struct mig_plan_group *a = va, *b = vb;
	int order = (a->pool > b->pool) - (a->pool < b->pool);

	if (order == 0)
		order = (a->present > b->present) - (a->present < b->present);
	if (order == 0)
		order = a->layout.n_slots - b->layout.n_slots;
	if (order == 0)
		order = memcmp(a->layout.slots, b->layout.slots, sizeof(a->layout.slots));
	return order ? order : memcmp(a->classes, b->classes, sizeof(a->classes));
}

static bool make_groups(const struct expansion *e, struct plan_groups *ret)
{
	struct mig_plan_group *all = calloc((size_t)e->n_runs + 1, sizeof(*all));
	int n = 0;

	if (!all)
		return false;
	for (int i = 0; i < e->n_runs; i++) {
		all[n] = group_of(e->m, &e->runs[i]);
		n += all[n].layout.n_slots > 0 || all[n].present >= 0;
	}
	qsort(all, (size_t)n, sizeof(*all), compare_groups);
	ret->all = all;
	ret->n = 0;
	ret->room = e->n_runs + 1;
	for (int i = 0; i < n; i++) {
		if (ret->n > 0 && plan_group_is_alike(&all[ret->n - 1], &all[i]))
			all[ret->n - 1].count += all[i].count;
		else
			all[ret->n++] = all[i];
	}
	return true;
}

int plan_expand(const struct plan_model *m, struct plan_choice *choice, const int64_t *count,
		struct plan_groups *ret)
{
	struct expansion e = { .m = m, .may_stay = moves_before_units(m) };
	bool is_done = add_wants(&e, choice) && make_runs(&e, count);

	/* Runs that are split off stand at the end, and their turn comes there. */
	for (int i = 0; i < e.n_runs && is_done; i++)
		is_done = e.runs[i].present < 0 || keep_slots(&e, i);
	for (int i = 0; i < e.n_runs && is_done; i++)
		is_done = fill_slots(&e, i);
	is_done = is_done && add_extra(&e, choice) && make_groups(&e, ret);
	free(e.runs);
	free(e.wants);
	free(e.first_want);
	free(e.turn);
	free(e.extra);
	return is_done ? 0 : -MIG_E_NOMEM;
}

void plan_groups_total(const struct mig_plan_problem *p, const struct mig_plan_group *groups,
		       int n, int64_t ret[MIG_PLAN_N_GOALS])
{
	memset(ret, 0, MIG_PLAN_N_GOALS * sizeof(ret[0]));
	for (int h = 0; h < p->n_present; h++) {
		for (int i = 0; i < p->present[h].layout.n_slots; i++)
			ret[MIG_PLAN_MOVES] +=
				p->present[h].classes[i] >= 0 ? p->present[h].count : 0;
	}
	for (int i = 0; i < n; i++) {
		const struct mig_plan_group *g = &groups[i];
		const struct mig_plan_pool *pool = &p->pools[g->pool];

		if (g->layout.n_slots == 0)
			continue;
		ret[MIG_PLAN_GPUS] += g->count;
		ret[MIG_PLAN_MONEY] += g->count * pool->price_uusd_per_h;
		for (int s = 0; s < g->layout.n_slots; s++) {
			const struct mig_slot *slot = &g->layout.slots[s];

			ret[MIG_PLAN_UNITS] +=
				g->count * pool->type->profiles[slot->profile].size;
			/* What is kept and serves a class now has not moved. */
			if (g->kept >> s & 1) {
				const int was = find_slot(&p->present[g->present], slot);

				ret[MIG_PLAN_MOVES] -=
					p->present[g->present].classes[was] >= 0 ? g->count : 0;
			}
		}
	}
}
