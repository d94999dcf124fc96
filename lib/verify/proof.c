/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: what <mig/plan.h> says of them is checked here anew. With D the denominator, a
 * GPU of pool t that has some layout weighs
 *
 *	D * (what it adds to the goal) + budgets * (what it adds to the earlier goals)
 *	+ rents[t] and, if it has no instances now, fresh_rents[t], if any instance is on it
 *	- the prices of its instances, a stranger's excepted
 *
 * No GPU without instances may weigh less than 0, no present one less than present_least, and
 * no cover of a workload cost less than class_least. All GPUs of a plan together then weigh
 * what the goal's value times D is, and more than the least parts sum up to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/verify/cover.h"
#include "lib/verify/kinds.h"
#include "lib/verify/layout.h"
#include "shared/text.h"

struct prover {
	const struct document *doc;
	struct shape shapes[POOLS_MAX];
	struct kinds kinds;
	const struct measure *m; /* whose certificate is looked at */
	int n_earlier;           /* goals before its own */
	int64_t steps;           /* that may still be spent on covers */
};

/* Some seconds. A plan takes few, most of its classes none. */
static const int64_t steps_max = 500000000;

/* ------------------------------------------------------------ weights */

/* What one of each goal weighs. */
static void goal_weights(const struct prover *a, wide *ret)
{
	for (int i = 0; i < N_GOALS; i++)
		ret[i] = 0;
	for (int i = 0; i < a->n_earlier; i++)
		ret[a->doc->goals[i]] = a->m->certificate.budgets[i];
	ret[a->m->goal] = a->m->certificate.denominator;
}

/* Every product is of two numbers of the document, so no sum of a few is too large. */
static struct weights pool_weights(const struct prover *a, int t, bool is_fresh)
{
	const struct certificate *c = &a->m->certificate;
	const struct pool *pool = &a->doc->pools[t];
	struct weights w = { .profiles = pool->profiles };
	wide goal[N_GOALS];

	goal_weights(a, goal);
	w.base = goal[GPUS] + goal[MONEY] * pool->price + c->rents[t] +
		 (is_fresh ? c->fresh_rents[t] : 0);
	w.moved = goal[MOVES];
	for (int i = 0; i < pool->type->n_profiles; i++) {
		w.strange[i] = goal[UNITS] * pool->type->profiles[i].size;
		w.made[i] = w.strange[i] - c->prices[t][i];
	}
	return w;
}

static const char *goal_of(const struct prover *a)
{
	return mig_verify_goals[a->m->goal];
}

/* (1) */
static int check_fresh(const struct prover *a, int t)
{
	const struct weights w = pool_weights(a, t, true);
	struct slot slots[MIG_UNITS_MAX];
	char text[512], weight[WIDE_TEXT];
	int n;
	const wide least = mig_least_weight(&a->shapes[t], &w, NULL, 0, slots, &n);

	if (least >= 0)
		return 0;
	return mig_verify_no(
		a->doc, "certificate of %s: layout %s of pool %d has weight %s, below 0",
		goal_of(a), mig_slots_text(a->doc->pools[t].type, slots, n, text, sizeof(text)),
		t, mig_verify_text(least, weight));
}

/* (2) */
static int check_present(const struct prover *a, const struct weights *w, const wide *least)
{
	const struct document *doc = a->doc;
	struct slot slots[MIG_UNITS_MAX];
	char text[512], weight[WIDE_TEXT];
	const struct gpus *g;
	size_t h = 0;
	int n;

	while (h < doc->n_present &&
	       a->m->certificate.present_least[h] <= least[a->kinds.of[h]])
		h++;
	if (h == doc->n_present)
		return 0;
	g = &doc->present[h];
	mig_least_weight(&a->shapes[g->pool], &w[g->pool], mig_verify_slots_of(doc, g),
			 g->n_slots, slots, &n);
	return mig_verify_no(
		doc,
		"certificate of %s: with layout \"%s\" present group %zu has weight %s, below its "
		"present_least %" PRId64,
		goal_of(a),
		mig_slots_text(doc->pools[g->pool].type, slots, n, text, sizeof(text)), h,
		mig_verify_text(least[a->kinds.of[h]], weight),
		a->m->certificate.present_least[h]);
}

static int check_all_present(const struct prover *a)
{
	const struct document *doc = a->doc;
	struct weights w[POOLS_MAX];
	wide *least = calloc(a->kinds.n + 1, sizeof(*least));
	int rc;

	if (!least)
		return mig_fail(doc->err, MIG_E_NOMEM, "%s: out of memory", doc->name);
	for (int t = 0; t < doc->n_pools; t++)
		w[t] = pool_weights(a, t, false);
	for (size_t i = 0; i < a->kinds.n; i++) {
		const struct gpus *g = &doc->present[a->kinds.first[i]];

		least[i] =
			mig_least_weight(&a->shapes[g->pool], &w[g->pool],
					 mig_verify_slots_of(doc, g), g->n_slots, NULL, NULL);
	}
	rc = check_present(a, w, least);
	free(least);
	return rc;
}

/* ------------------------------------------------------------ covers */

static const char *cover_text(const struct document *doc, const struct cls *c,
			      const struct cheaper *cover, char *buf, size_t len)
{
	buf[0] = '\0';
	for (int o = 0; o < c->n_options; o++) {
		const struct option *opt = &doc->options[c->first + (size_t)o];

		if (cover->n_instances[o] > 0)
			text_append(buf, len, "%s%" PRId64 " x %s", buf[0] ? " + " : "",
				    cover->n_instances[o],
				    doc->pools[opt->pool].type->profiles[opt->profile].name);
	}
	return buf;
}

/* (3) */
static int check_class(struct prover *a, size_t k)
{
	const struct document *doc = a->doc;
	const struct cls *c = &doc->classes[k];
	const int64_t least = a->m->certificate.class_least[k];
	struct cheaper cover;
	char text[512], cost[WIDE_TEXT];

	switch (mig_cover_least(doc, c, &a->m->certificate, least, &a->steps, &cover)) {
	case COVER_HOLDS:
		return 0;
	case COVER_CHEAPER:
		return mig_verify_no(doc,
				     "certificate of %s: class %zu (%.*s): the cover %s costs "
				     "%s, below its class_least %" PRId64,
				     goal_of(a), k, (int)c->name.len, c->name.s,
				     cover_text(doc, c, &cover, text, sizeof(text)),
				     mig_verify_text(cover.cost, cost), least);
	default:
		return mig_verify_no(doc,
				     "certificate of %s: class %zu (%.*s): whether all covers "
				     "cost its class_least %" PRId64 " is too hard to tell",
				     goal_of(a), k, (int)c->name.len, c->name.s, least);
	}
}

/* ------------------------------------------------------------ the bound */

/* The sum in brackets. false: too large to be added up. */
static bool sum_up(const struct prover *a, wide *ret)
{
	const struct certificate *c = &a->m->certificate;
	const struct document *doc = a->doc;
	bool fits = true;

	*ret = 0;
	for (size_t k = 0; k < doc->n_classes; k++)
		fits &= mig_verify_add(ret, doc->classes[k].count, c->class_least[k]);
	for (size_t h = 0; h < doc->n_present; h++)
		fits &= mig_verify_add(ret, doc->present[h].count, c->present_least[h]);
	for (int t = 0; t < doc->n_pools; t++) {
		const struct pool *p = &doc->pools[t];

		if (p->n_gpus == UNLIMITED)
			continue;
		fits &= mig_verify_add(ret, -(wide)c->rents[t], p->n_gpus - p->n_reserved);
		fits &= mig_verify_add(ret, -(wide)c->fresh_rents[t], p->n_gpus - p->n_present);
	}
	for (int i = 0; i < a->n_earlier; i++)
		fits &= mig_verify_add(ret, -(wide)c->budgets[i], doc->measures[i].value);
	return fits;
}

/* @v up to a multiple of @step, which is above 0. */
static wide round_up(wide v, wide step)
{
	const wide rest = v % step;

	return rest > 0 ? v - rest + step : v - rest;
}

/* Money is spent in whole GPUs. */
static int64_t money_step(const struct document *doc)
{
	int64_t step = 0;

	for (int t = 0; t < doc->n_pools; t++) {
		int64_t a = doc->pools[t].price;

		while (a) {
			const int64_t rest = step % a;

			step = a;
			a = rest;
		}
	}
	return step;
}

static int check_bound(const struct prover *a)
{
	const struct document *doc = a->doc;
	const int64_t denominator = a->m->certificate.denominator;
	const int64_t step = a->m->goal == MONEY ? money_step(doc) : 1;
	char text[WIDE_TEXT];
	wide sum;

	if (!sum_up(a, &sum))
		return mig_verify_no(doc,
				     "certificate of %s: its numbers are larger than can be "
				     "added up",
				     goal_of(a));
	if (doc->status == INFEASIBLE) {
		if (denominator == 0 && sum > 0)
			return 0;
		return mig_verify_no(
			doc,
			"infeasible: that takes a certificate with the "
			"denominator 0 that sums up to more than 0: it has %" PRId64 " and %s",
			denominator, mig_verify_text(sum, text));
	}
	if (denominator == 0)
		return mig_verify_no(doc, "certificate of %s: its denominator is 0",
				     goal_of(a));
	sum = round_up(sum, denominator) / denominator;
	sum = sum > 0 && step > 1 ? round_up(sum, step) : sum;
	sum = sum > 0 ? sum : 0;
	if (sum == a->m->bound)
		return 0;
	return mig_verify_no(doc, "certificate of %s: the bound is %" PRId64 ", proved is %s",
			     goal_of(a), a->m->bound, mig_verify_text(sum, text));
}

/* (4): only present_least may be below 0, which the reader saw to; and no rents where there
 * is no limit, for the bound takes none off there. */
static int check_rents(const struct prover *a, int t)
{
	const struct certificate *c = &a->m->certificate;

	if (a->doc->pools[t].n_gpus == UNLIMITED &&
	    (c->rents[t] != 0 || c->fresh_rents[t] != 0))
		return mig_verify_no(a->doc,
				     "certificate of %s: pool %d has no limit, and rents",
				     goal_of(a), t);
	return 0;
}

static int check_certificate(struct prover *a)
{
	int rc = 0;

	for (int t = 0; t < a->doc->n_pools && rc == 0; t++)
		rc = check_rents(a, t);
	for (int t = 0; t < a->doc->n_pools && rc == 0; t++)
		rc = check_fresh(a, t);
	if (rc == 0)
		rc = check_all_present(a);
	for (size_t k = 0; k < a->doc->n_classes && rc == 0; k++)
		rc = check_class(a, k);
	return rc < 0 ? rc : check_bound(a);
}

/* ------------------------------------------------------------ all of it */

/* Is the status what measures and certificates say? */
static int check_status(const struct document *doc)
{
	const bool is_plan = doc->status == OPTIMAL || doc->status == FEASIBLE;
	bool is_optimal = true;

	if (doc->status == INFEASIBLE &&
	    (doc->n_measures != 1 || !doc->measures[0].has_certificate ||
	     doc->measures[0].has_value || doc->measures[0].has_bound))
		return mig_verify_no(doc,
				     "infeasible: that takes one measure, with a certificate "
				     "and without value and bound");
	for (int i = 0; i < doc->n_measures && is_plan; i++) {
		const struct measure *m = &doc->measures[i];

		if (m->has_bound != m->has_certificate)
			return mig_verify_no(doc, "%s: a bound goes with a certificate",
					     mig_verify_goals[m->goal]);
		if (m->has_bound && m->bound > m->value)
			return mig_verify_no(doc,
					     "%s: the bound is %" PRId64
					     ", above the value %" PRId64,
					     mig_verify_goals[m->goal], m->bound, m->value);
		is_optimal &= m->has_bound && m->bound == m->value;
	}
	if (is_plan && is_optimal != (doc->status == OPTIMAL))
		return mig_verify_no(doc, is_optimal
						  ? "feasible: each value is its bound, so it "
						    "is optimal"
						  : "optimal: not every value is its bound");
	return 0;
}

static int open_shapes(struct prover *a)
{
	int rc = 0;

	for (int t = 0; t < a->doc->n_pools && rc == 0; t++)
		rc = mig_shape_open(a->doc->pools[t].type, &a->shapes[t], a->doc->err);
	return rc < 0 ? rc : mig_kinds_find(a->doc, &a->kinds);
}

int mig_verify_proof(const struct document *doc)
{
	struct prover a = { .doc = doc, .steps = steps_max };
	int rc = check_status(doc);

	if (rc == 0)
		rc = open_shapes(&a);
	for (int i = 0; i < doc->n_measures && rc == 0; i++) {
		a.m = &doc->measures[i];
		a.n_earlier = i;
		if (a.m->has_certificate)
			rc = check_certificate(&a);
	}
	for (int t = 0; t < doc->n_pools; t++)
		mig_shape_close(&a.shapes[t]);
	mig_kinds_free(&a.kinds);
	return rc;
}
