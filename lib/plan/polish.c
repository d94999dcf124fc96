/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plan/polish.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan/patterns.h"

enum {
	WORKLOADS_MAX = 2000,
	GPUS_MAX = 20000,
	TABU = 12, /* steps for which what was changed stays as it is */
};

struct workload {
	int cls, pattern;
	int64_t free_at; /* the step from which on it may change again */
};

struct polishing {
	struct plan_polish *p;
	const struct plan_model *m;
	struct plan_patterns patterns;
	int *first; /* of each class: its first pattern */
	int n_workloads;
	struct workload *workloads;
	int64_t *count;   /* of each column */
	int64_t *free_at; /* of each column */
	int64_t *lack;    /* of each item: demand less supply; below 0: spare */
	double *worth;    /* of each item */
	double spare;     /* what a spare instance counts against one that is lacking */
	int64_t n_steps;
};

bool plan_polish_fits(const struct plan_stage *s, const int64_t *count)
{
	const struct plan_model *m = s->m;
	int64_t workloads = 0, gpus = 0;

	if (m->problem->n_present > 0 || s->goal > 0 ||
	    (m->goals[0] != MIG_PLAN_GPUS && m->goals[0] != MIG_PLAN_MONEY))
		return false;
	for (int k = 0; k < m->problem->n_classes; k++)
		workloads += m->problem->classes[k].count;
	for (int j = 0; j < m->n_columns; j++)
		gpus += count[j];
	return workloads <= WORKLOADS_MAX && gpus <= GPUS_MAX;
}

/* ------------------------------------------------------------ where it begins */

static int find_pattern(const struct polishing *a, int cls, const int64_t *n)
{
	const size_t size = (size_t)a->m->problem->classes[cls].n_options * sizeof(*n);

	for (int i = a->first[cls]; i < a->first[cls + 1]; i++) {
		if (memcmp(a->patterns.all[i].n, n, size) == 0)
			return i;
	}
	return -1;
}

static int item_at(const struct polishing *a, int cls, int option)
{
	const struct mig_plan_option *o = &a->m->problem->classes[cls].options[option];

	return a->m->item_of[o->pool][o->profile];
}

static void take_pattern(struct polishing *a, int pattern, int sign)
{
	const struct plan_pattern *p = &a->patterns.all[pattern];

	for (int o = 0; o < a->m->problem->classes[p->cls].n_options; o++)
		a->lack[item_at(a, p->cls, o)] += sign * p->n[o];
}

static void take_column(struct polishing *a, int j, int64_t n)
{
	const struct plan_column *c = &a->m->columns[j];
	const int pool = a->m->sources[c->source].pool;

	a->count[j] += n;
	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (c->supply[i])
			a->lack[a->m->item_of[pool][i]] -= n * c->supply[i];
	}
}

/* Every workload with the cover that the plan has for it; one that is no pattern becomes one,
 * behind those that may be chosen. */
static bool begin(struct polishing *a)
{
	const struct plan_choice *from = a->p->from;

	a->n_workloads = 0;
	memset(a->lack, 0, (size_t)a->m->n_items * sizeof(a->lack[0]));
	memset(a->count, 0, (size_t)a->m->n_columns * sizeof(a->count[0]));
	for (int i = 0; i < from->n_chosen; i++) {
		const struct plan_chosen *c = &from->chosen[i];
		int at = find_pattern(a, c->cls, from->n + c->first);

		if (at < 0)
			at = plan_patterns_add(&a->patterns, c->cls,
					       a->m->problem->classes[c->cls].n_options,
					       from->n + c->first);
		if (at < 0)
			return false;
		for (int64_t w = 0; w < c->count; w++) {
			a->workloads[a->n_workloads++] = (struct workload){ c->cls, at, 0 };
			take_pattern(a, at, 1);
		}
	}
	for (int j = 0; j < a->m->n_columns; j++) {
		a->free_at[j] = 0;
		take_column(a, j, a->p->from_count[j]);
	}
	a->n_steps = 0;
	return true;
}

/* ------------------------------------------------------------ steps */

/* How bad an item's lack, or what it has to spare, is. */
static double badness(const struct polishing *a, int item, int64_t lack)
{
	return a->worth[item] * (double)lack * (lack > 0 ? 1 : -a->spare);
}

static double changed(const struct polishing *a, int item, int64_t by)
{
	return badness(a, item, a->lack[item] + by) - badness(a, item, a->lack[item]);
}

/* What it would do if a workload took another pattern. */
static double try_pattern(const struct polishing *a, const struct workload *w, int pattern)
{
	const int64_t *old = a->patterns.all[w->pattern].n, *new = a->patterns.all[pattern].n;
	double sum = 0;

	for (int o = 0; o < a->m->problem->classes[w->cls].n_options; o++) {
		if (old[o] != new[o])
			sum += changed(a, item_at(a, w->cls, o), new[o] - old[o]);
	}
	return sum;
}

/* And if one GPU took another column of its source. */
static double try_column(const struct polishing *a, int from, int to)
{
	const struct plan_column *old = &a->m->columns[from], *new = &a->m->columns[to];
	const int pool = a->m->sources[old->source].pool;
	double sum = 0;

	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (old->supply[i] != new->supply[i])
			sum += changed(a, a->m->item_of[pool][i],
				       (int64_t)old->supply[i] - new->supply[i]);
	}
	return sum;
}

struct step {
	double by;
	int workload, pattern; /* a workload takes a pattern */
	int from, to;          /* or, with workload -1, a GPU another column */
};

static void best_pattern(const struct polishing *a, struct step *best)
{
	for (int w = 0; w < a->n_workloads; w++) {
		const struct workload *load = &a->workloads[w];

		if (load->free_at > a->n_steps)
			continue;
		for (int i = a->first[load->cls]; i < a->first[load->cls + 1]; i++) {
			const double by =
				i == load->pattern ? best->by : try_pattern(a, load, i);

			if (by < best->by)
				*best = (struct step){ by, w, i, 0, 0 };
		}
	}
}

static void best_column(const struct polishing *a, struct step *best)
{
	for (int j = 0; j < a->m->n_columns; j++) {
		const struct plan_source *src = &a->m->sources[a->m->columns[j].source];

		if (a->count[j] == 0)
			continue;
		for (int i = src->first_column; i < src->first_column + src->n_columns; i++) {
			double by;

			if (i == j || a->free_at[i] > a->n_steps)
				continue;
			by = try_column(a, j, i);
			if (by < best->by)
				*best = (struct step){ by, -1, 0, j, i };
		}
	}
}

static bool is_met(const struct polishing *a)
{
	for (int r = 0; r < a->m->n_items; r++) {
		if (a->lack[r] > 0)
			return false;
	}
	return true;
}

/* The best step, and the next, even where it makes things worse for a while. */
static bool settle(struct polishing *a)
{
	const int64_t end = a->n_steps + a->p->max_steps;

	for (; !is_met(a); a->n_steps++) {
		struct step best = { .by = HUGE_VAL };

		if (a->n_steps == end)
			return false;
		best_pattern(a, &best);
		best_column(a, &best);
		if (best.by == HUGE_VAL)
			continue;
		if (best.workload >= 0) {
			take_pattern(a, a->workloads[best.workload].pattern, -1);
			take_pattern(a, best.pattern, 1);
			a->workloads[best.workload].pattern = best.pattern;
			a->workloads[best.workload].free_at = a->n_steps + TABU;
		} else {
			take_column(a, best.from, -1);
			take_column(a, best.to, 1);
			a->free_at[best.from] = a->n_steps + TABU;
		}
	}
	return true;
}

/* ------------------------------------------------------------ GPUs away */

/* The column of a pool that is missed the least, or -1: the pool is not used. */
static int least_missed(const struct polishing *a, int pool)
{
	double least = HUGE_VAL;
	int best = -1;

	for (int j = 0; j < a->m->n_columns; j++) {
		const struct plan_column *c = &a->m->columns[j];
		double by = 0;

		if (a->count[j] == 0 || a->m->sources[c->source].pool != pool)
			continue;
		for (int i = 0; i < MIG_PROFILES_MAX; i++)
			by += c->supply[i] ? changed(a, a->m->item_of[pool][i], c->supply[i])
					   : 0;
		if (by < least) {
			least = by;
			best = j;
		}
	}
	return best;
}

static int write_answer(const struct polishing *a)
{
	struct plan_choice *out = a->p->choice;

	plan_choice_close(out);
	if (!plan_choice_open(out, a->m))
		return -MIG_E_NOMEM;
	for (int w = 0; w < a->n_workloads; w++) {
		const struct workload *load = &a->workloads[w];

		if (!plan_choice_add(out, a->m, load->cls, 1, a->patterns.all[load->pattern].n))
			return -MIG_E_NOMEM;
	}
	memcpy(a->p->count, a->count, (size_t)a->m->n_columns * sizeof(a->count[0]));
	a->p->is_better = true;
	return 0;
}

/* Take a GPU of a pool away, and see whether the others can do without. */
static int shrink(struct polishing *a, int pool, bool *ret_is_done)
{
	const int j = least_missed(a, pool);
	const size_t n_columns = (size_t)a->m->n_columns, n_items = (size_t)a->m->n_items;
	int64_t *count, *lack;
	struct workload *workloads;

	*ret_is_done = false;
	if (j < 0)
		return 0;
	count = malloc((n_columns + 1) * sizeof(int64_t));
	lack = malloc((n_items + 1) * sizeof(int64_t));
	workloads = malloc(((size_t)a->n_workloads + 1) * sizeof(*workloads));
	if (count && lack && workloads) {
		memcpy(count, a->count, n_columns * sizeof(int64_t));
		memcpy(lack, a->lack, n_items * sizeof(int64_t));
		memcpy(workloads, a->workloads, (size_t)a->n_workloads * sizeof(*workloads));
		take_column(a, j, -1);
		*ret_is_done = settle(a);
		if (!*ret_is_done) {
			memcpy(a->count, count, n_columns * sizeof(int64_t));
			memcpy(a->lack, lack, n_items * sizeof(int64_t));
			memcpy(a->workloads, workloads,
			       (size_t)a->n_workloads * sizeof(*workloads));
		}
	}
	free(count);
	free(lack);
	free(workloads);
	return count && lack && workloads ? 0 : -MIG_E_NOMEM;
}

/* The cheaper pools last: what the dear ones leave is tried there. */
static int shrink_all(struct polishing *a)
{
	bool is_done[MIG_PLAN_POOLS_MAX] = { false };
	int rc = 0;

	for (int n = 0; n < a->m->problem->n_pools && rc == 0; n++) {
		const struct mig_plan_pool *pools = a->m->problem->pools;
		bool is_shrunk = true;
		int dear = -1;

		for (int t = 0; t < a->m->problem->n_pools; t++) {
			if (!is_done[t] && (dear < 0 || pools[t].price_uusd_per_h >
								pools[dear].price_uusd_per_h))
				dear = t;
		}
		is_done[dear] = true;
		if (a->m->goals[0] == MIG_PLAN_MONEY && pools[dear].price_uusd_per_h == 0)
			continue;
		while (is_shrunk && rc == 0) {
			rc = shrink(a, dear, &is_shrunk);
			if (rc == 0 && is_shrunk)
				rc = write_answer(a);
		}
	}
	return rc;
}

/* The patterns' first of each class; false where a class has none. */
static bool index_patterns(struct polishing *a)
{
	const struct mig_plan_problem *p = a->m->problem;
	int at = 0;

	for (int k = 0; k < p->n_classes; k++) {
		a->first[k] = at;
		while (at < a->patterns.n && a->patterns.all[at].cls == k)
			at++;
		if (at == a->first[k] && p->classes[k].count > 0)
			return false;
	}
	a->first[p->n_classes] = at;
	return true;
}

int plan_polish(struct plan_polish *p)
{
	const struct plan_model *m = p->stage->m;
	struct polishing a = { .p = p, .m = m, .spare = 0.02 };
	/* Covers that cost a twentieth of a GPU more than the least are worth a look. */
	plan_wide slack = (plan_wide)(p->stage->scales[p->stage->goal] / 20 *
				      (double)p->stage->best.denominator);
	int rc = -MIG_E_NOMEM;

	p->is_better = false;
	a.first = calloc((size_t)m->problem->n_classes + 1, sizeof(int));
	a.workloads = calloc(WORKLOADS_MAX + 1, sizeof(a.workloads[0]));
	a.count = calloc((size_t)m->n_columns + 1, sizeof(int64_t));
	a.free_at = calloc((size_t)m->n_columns + 1, sizeof(int64_t));
	a.lack = calloc((size_t)m->n_items + 1, sizeof(int64_t));
	a.worth = calloc((size_t)m->n_items + 1, sizeof(double));
	if (plan_patterns_open(&a.patterns, WORKLOADS_MAX) && a.first && a.workloads &&
	    a.count && a.free_at && a.lack && a.worth) {
		rc = 0;
		plan_patterns_list(&a.patterns, p->stage, &slack);
		for (int r = 0; r < m->n_items; r++)
			a.worth[r] = (double)(p->stage->best.items[r] + 1) /
				     (double)(p->stage->best.denominator + 1) /
				     p->stage->scales[p->stage->goal];
		if (index_patterns(&a)) {
			rc = begin(&a) ? 0 : -MIG_E_NOMEM;
			if (rc == 0 && settle(&a))
				rc = shrink_all(&a);
		}
	}
	plan_patterns_close(&a.patterns);
	free(a.first);
	free(a.workloads);
	free(a.count);
	free(a.free_at);
	free(a.lack);
	free(a.worth);
	return rc;
}
