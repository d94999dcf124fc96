/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/cover.h"

enum {
	COVERS_OF_CLASS = 500,
	STEPS_OF_CLASS = 20000, /* of listing them */
};

struct listing {
	struct plan_patterns *out;
	const struct mig_plan_class *c;
	int cls, n_found, n_steps;
	int64_t prices[MIG_PLAN_OPTIONS_MAX];
	double best_price; /* of a unit of rate */
	plan_wide most;
	int64_t n[MIG_PLAN_OPTIONS_MAX];
};

bool plan_patterns_open(struct plan_patterns *out, int n_more)
{
	*out = (struct plan_patterns){ .room = PLAN_PATTERNS_MAX + n_more };
	out->all = calloc((size_t)out->room, sizeof(out->all[0]));
	return out->all;
}

void plan_patterns_close(struct plan_patterns *out)
{
	free(out->all);
	*out = (struct plan_patterns){ 0 };
}

int plan_patterns_add(struct plan_patterns *out, int cls, int n_options, const int64_t *n)
{
	struct plan_pattern *p = &out->all[out->n];

	if (out->n == out->room)
		return -1;
	*p = (struct plan_pattern){ .cls = cls };
	memcpy(p->n, n, (size_t)n_options * sizeof(n[0]));
	return out->n++;
}

static void keep_pattern(struct listing *l)
{
	struct plan_patterns *out = l->out;

	if (l->n_found == COVERS_OF_CLASS || out->n == PLAN_PATTERNS_MAX) {
		out->is_cut = true;
		return;
	}
	plan_patterns_add(out, l->cls, l->c->n_options, l->n);
	l->n_found++;
}

/* Without one more instance it would be no cover: others are of no use. */
static bool is_minimal(const struct listing *l, int64_t need, int64_t instances)
{
	for (int o = 0; o < l->c->n_options; o++) {
		if (l->n[o] > 0 && need + l->c->options[o].rate <= 0 && instances + 1 <= 0)
			return false;
	}
	return true;
}

/* Does what costs @price and lacks @need stay within the price, at the best rate there is? */
static bool is_within(const struct listing *l, int64_t need, plan_wide price)
{
	const double rest = need > 0 ? (double)need * l->best_price : 0;

	return price <= l->most && (double)price + rest * (1 - 1e-9) <= (double)l->most + 1;
}

/* All covers within the price, from option @o on. */
static void list_covers(struct listing *l, int o, int64_t need, int64_t instances,
			plan_wide price)
{
	if (l->n_found == COVERS_OF_CLASS || l->n_steps++ > STEPS_OF_CLASS) {
		l->out->is_cut = true;
		return;
	}
	if (o == l->c->n_options) {
		if (need <= 0 && instances <= 0 && is_minimal(l, need, instances))
			keep_pattern(l);
		return;
	}
	for (int64_t n = 0; is_within(l, need, price); n++) {
		l->n[o] = n;
		list_covers(l, o + 1, need, instances, price);
		if (need <= 0 && instances <= 0)
			break;
		need -= l->c->options[o].rate;
		instances--;
		price += l->prices[o];
	}
	l->n[o] = 0;
}

/* The covers of a class that cost at most @slack more than its least. */
static void list_class(struct plan_patterns *out, const struct plan_stage *s, int cls,
		       plan_wide slack)
{
	struct listing l = { .out = out, .cls = cls, .c = &s->m->problem->classes[cls] };
	struct plan_cover_search least = { .cls = l.c, .prices = l.prices };

	l.best_price = HUGE_VAL;
	for (int o = 0; o < l.c->n_options; o++) {
		l.prices[o] = s->best.items[s->m->item_of[l.c->options[o].pool]
							 [l.c->options[o].profile]];
		l.best_price = lp_smaller(l.best_price,
					  (double)l.prices[o] / (double)l.c->options[o].rate);
	}
	least.max_nodes = s->max_nodes;
	plan_cover_least(&least);
	l.most = least.least + slack;
	list_covers(&l, 0, l.c->need, l.c->min_instances, 0);
}

void plan_patterns_list(struct plan_patterns *out, const struct plan_stage *s, plan_wide *slack)
{
	const struct mig_plan_problem *p = s->m->problem;

	for (;;) {
		out->n = 0;
		for (int k = 0; k < p->n_classes && out->n < PLAN_PATTERNS_MAX; k++) {
			if (p->classes[k].count > 0)
				list_class(out, s, k, *slack);
		}
		if (out->n < PLAN_PATTERNS_MAX || *slack == 0)
			return;
		*slack /= 2;
		out->is_cut = true;
	}
}
