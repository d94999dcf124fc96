/* SPDX-License-Identifier: Apache-2.0 */
/* Is the plan possible, does it do what was asked, and are its values true? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verify/layout.h"
#include "shared/cleanup.h"

/* What is counted over covers and groups. Numbers wide enough for what fits a document. */
struct account {
	const struct document *doc;
	wide *open; /* of each option: instances that covers have, less those of groups */
	int64_t *workloads;    /* of each class: without a cover so far */
	int64_t *present;      /* of each present group: GPUs in no group so far */
	wide used[POOLS_MAX];  /* GPUs with an instance */
	wide fresh[POOLS_MAX]; /* those that no present group has; left empty, they have a place
				* in a node all the same */
	wide totals[N_GOALS];
};

int mig_verify_no(const struct document *doc, const char *fmt, ...)
{
	char what[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return mig_fail(doc->err, MIG_E_UNPROVEN, "%s: %s", doc->name, what);
}

bool mig_verify_add(wide *sum, wide a, wide b)
{
	wide product;

	return !__builtin_mul_overflow(a, b, &product) &&
	       !__builtin_add_overflow(*sum, product, sum);
}

const char *mig_verify_text(wide v, char *buf)
{
	char digits[WIDE_TEXT];
	size_t n = 0, at = 0;
	const bool is_minus = v < 0;

	do {
		digits[n++] = (char)('0' + (v < 0 ? -(v % 10) : v % 10));
		v /= 10;
	} while (v);
	if (is_minus)
		buf[at++] = '-';
	while (n > 0)
		buf[at++] = digits[--n];
	buf[at] = '\0';
	return buf;
}

static int too_large(const struct document *doc)
{
	return mig_verify_no(doc, "its numbers are larger than can be added up");
}

/* ------------------------------------------------------------ covers */

static int check_cover(struct account *a, size_t i)
{
	const struct document *doc = a->doc;
	const struct cover *v = &doc->covers[i];
	const struct cls *c = &doc->classes[v->cls];
	wide rate = 0, instances = 0;

	for (int o = 0; o < c->n_options; o++) {
		const int64_t n = doc->numbers[v->first + (size_t)o];
		const size_t at = c->first + (size_t)o;

		if (!mig_verify_add(&rate, n, doc->options[at].rate) ||
		    !mig_verify_add(&instances, n, 1) ||
		    !mig_verify_add(&a->open[at], n, v->count))
			return too_large(doc);
	}
	if (rate < c->need)
		return mig_verify_no(doc,
				     "assignment %zu: the rates of class %d (%.*s) sum up to "
				     "%" PRId64 ", its need is %" PRId64,
				     i, v->cls, (int)c->name.len, c->name.s, (int64_t)rate,
				     c->need);
	if (instances < c->min_instances)
		return mig_verify_no(doc,
				     "assignment %zu: class %d (%.*s) has %" PRId64
				     " instances and wants %" PRId64,
				     i, v->cls, (int)c->name.len, c->name.s, (int64_t)instances,
				     c->min_instances);
	a->workloads[v->cls] -= v->count;
	return 0;
}

static int check_covers(struct account *a)
{
	int rc = 0;

	for (size_t i = 0; i < a->doc->n_covers && rc == 0; i++)
		rc = check_cover(a, i);
	for (size_t k = 0; k < a->doc->n_classes && rc == 0; k++) {
		const struct cls *c = &a->doc->classes[k];

		if (a->workloads[k] != 0)
			rc = mig_verify_no(a->doc,
					   "class %zu (%.*s) has %" PRId64
					   " workloads, the assignment covers %" PRId64,
					   k, (int)c->name.len, c->name.s, c->count,
					   c->count - a->workloads[k]);
	}
	return rc;
}

/* ------------------------------------------------------------ groups */

/* The slot of @g that is there now with the same profile at @start, or NULL. */
static const struct slot *slot_at(const struct document *doc, const struct gpus *g,
				  const struct slot *like)
{
	const struct slot *slots = mig_verify_slots_of(doc, g);

	for (int i = 0; i < g->n_slots; i++) {
		if (slots[i].start == like->start && slots[i].profile == like->profile)
			return &slots[i];
	}
	return NULL;
}

/* What a slot that is kept may serve: what it serves now, anything if that is nobody. */
static const char *wrong_kept(const struct slot *slot, const struct slot *was)
{
	if (!was)
		return "is kept and does not stand there now";
	if (slot->cls == NOBODY)
		return was->is_fixed ? NULL : "is kept, serves nobody, and is not held";
	if (was->is_fixed && was->cls == NOBODY)
		return "is a stranger's that is held, and cannot be used";
	if (was->cls != NOBODY && was->cls != slot->cls)
		return "is kept and serves another class now";
	return NULL;
}

static int check_slot(struct account *a, size_t i, int s)
{
	const struct document *doc = a->doc;
	const struct gpus *g = &doc->groups[i];
	const struct pool *pool = &doc->pools[g->pool];
	const struct slot *slot = &doc->slots[g->first + (size_t)s];
	const struct slot *was = NULL;
	const char *why = NULL;
	int option = 0;

	if (g->present != NO_PRESENT)
		was = slot_at(doc, &doc->present[g->present], slot);
	if (slot->is_fixed)
		why = wrong_kept(slot, was);
	else if (slot->cls == NOBODY)
		why = "serves nobody";
	else if (!(pool->profiles >> slot->profile & 1))
		why = "is new, and the pool does not have its profile";
	if (!why && slot->cls != NOBODY) {
		option = mig_verify_option(doc, slot->cls, g->pool, slot->profile);
		if (option < 0)
			why = "is no option of its class";
		else
			a->open[doc->classes[slot->cls].first + (size_t)option] -= g->count;
	}
	return why ? mig_verify_no(doc, "layout %zu: the %s at %d %s", i,
				   pool->type->profiles[slot->profile].name, slot->start, why)
		   : 0;
}

/* Held slots of what these GPUs are now stand where they stood; a slot of a class that does
 * not is a move. */
static int check_present(struct account *a, size_t i)
{
	const struct document *doc = a->doc;
	const struct gpus *g = &doc->groups[i], *now = &doc->present[g->present];

	if (now->pool != g->pool)
		return mig_verify_no(doc, "layout %zu: present group %d is of pool %d", i,
				     g->present, now->pool);
	a->present[g->present] -= g->count;
	for (int s = 0; s < now->n_slots; s++) {
		const struct slot *was = &doc->slots[now->first + (size_t)s];
		const struct slot *is = slot_at(doc, g, was);
		const bool is_kept = is && is->is_fixed;

		if (was->is_fixed && !is_kept)
			return mig_verify_no(
				doc, "layout %zu: the %s at %d is held and does not stay", i,
				doc->pools[g->pool].type->profiles[was->profile].name,
				was->start);
		if (!is_kept && was->cls != NOBODY)
			a->totals[MOVES] += g->count;
	}
	return 0;
}

static void count_group(struct account *a, const struct gpus *g)
{
	const struct pool *pool = &a->doc->pools[g->pool];
	const struct slot *slots = mig_verify_slots_of(a->doc, g);

	for (int s = 0; s < g->n_slots; s++)
		a->totals[UNITS] +=
			(wide)g->count * pool->type->profiles[slots[s].profile].size;
	a->fresh[g->pool] += g->present == NO_PRESENT ? g->count : 0;
	if (g->n_slots == 0)
		return;
	a->used[g->pool] += g->count;
	a->totals[GPUS] += g->count;
	a->totals[MONEY] += (wide)g->count * pool->price;
}

static int check_group(struct account *a, size_t i)
{
	const struct document *doc = a->doc;
	const struct gpus *g = &doc->groups[i];
	const struct mig_gpu_type *type = doc->pools[g->pool].type;
	char why[256];
	int rc = 0;

	if (mig_layout_wrong(type, mig_verify_slots_of(doc, g), g->n_slots, why, sizeof(why)))
		return mig_verify_no(doc, "layout %zu cannot be on a GPU of type %s: %s", i,
				     type->key, why);
	for (int s = 0; s < g->n_slots && rc == 0; s++)
		rc = check_slot(a, i, s);
	if (rc == 0 && g->present != NO_PRESENT)
		rc = check_present(a, i);
	if (rc == 0)
		count_group(a, g);
	return rc;
}

/* Every GPU that is present is in a group, and each option has what covers want of it. */
static int check_even(const struct account *a)
{
	const struct document *doc = a->doc;
	char n[WIDE_TEXT];

	for (size_t h = 0; h < doc->n_present; h++) {
		if (a->present[h] != 0)
			return mig_verify_no(doc,
					     "present group %zu is of %" PRId64
					     " GPUs, the layouts have %" PRId64,
					     h, doc->present[h].count,
					     doc->present[h].count - a->present[h]);
	}
	for (size_t k = 0; k < doc->n_classes; k++) {
		const struct cls *c = &doc->classes[k];

		for (int o = 0; o < c->n_options; o++) {
			const wide open = a->open[c->first + (size_t)o];

			if (open != 0)
				return mig_verify_no(
					doc,
					"class %zu (%.*s): the layouts have %s instances too "
					"%s of its option %d",
					k, (int)c->name.len, c->name.s,
					mig_verify_text(open > 0 ? open : -open, n),
					open > 0 ? "few" : "many", o);
		}
	}
	return 0;
}

static int check_pools(const struct account *a)
{
	const struct document *doc = a->doc;
	char used[WIDE_TEXT];

	for (int t = 0; t < doc->n_pools; t++) {
		const struct pool *pool = &doc->pools[t];

		if (pool->n_gpus == UNLIMITED)
			continue;
		if (a->used[t] > pool->n_gpus - pool->n_reserved)
			return mig_verify_no(doc,
					     "pool %d: %s GPUs are used, of %" PRId64
					     " with %" PRId64 " reserved",
					     t, mig_verify_text(a->used[t], used), pool->n_gpus,
					     pool->n_reserved);
		if (a->fresh[t] > pool->n_gpus - pool->n_present)
			return mig_verify_no(
				doc,
				"pool %d: %s GPUs are of no present group, there are "
				"%" PRId64,
				t, mig_verify_text(a->fresh[t], used),
				pool->n_gpus - pool->n_present);
	}
	return 0;
}

/* ------------------------------------------------------------ values */

static int differs(const struct document *doc, const char *what, int64_t said, wide is)
{
	char text[WIDE_TEXT];

	return mig_verify_no(doc, "%s: the document says %" PRId64 ", it is %s", what, said,
			     mig_verify_text(is, text));
}

static int check_values(const struct account *a)
{
	const struct document *doc = a->doc;

	for (int i = 0; i < N_GOALS; i++) {
		if (doc->summary.totals[i] != a->totals[i])
			return differs(doc, mig_verify_goals[i], doc->summary.totals[i],
				       a->totals[i]);
	}
	for (int i = 0; i < doc->n_measures; i++) {
		const struct measure *m = &doc->measures[i];

		if (!m->has_value)
			return mig_verify_no(doc, "measure %d has no value", i);
		if (m->value != a->totals[m->goal])
			return differs(doc, mig_verify_goals[m->goal], m->value,
				       a->totals[m->goal]);
	}
	return 0;
}

/* The document's first lines say the same again. */
static int check_summary(const struct document *doc)
{
	const struct summary *s = &doc->summary;
	const struct measure *first = &doc->measures[0];
	const double usd = (double)s->totals[MONEY] / 1e6, off = s->usd_per_h - usd;

	if (!s->has_n_gpus || s->n_gpus != s->totals[GPUS])
		return differs(doc, "n_gpus", s->n_gpus, s->totals[GPUS]);
	/* As near as fifteen digits can say it. */
	if (s->has_usd_per_h && !(off <= 1e-14 * usd && -off <= 1e-14 * usd))
		return mig_verify_no(doc,
				     "cost_usd_per_h: the document says %.15g, it is %.15g",
				     s->usd_per_h, usd);
	if (!s->has_value || s->value != first->value)
		return differs(doc, "value", s->value, first->value);
	if (s->has_lower_bound != first->has_bound || s->has_gap != first->has_bound)
		return mig_verify_no(doc,
				     "lower_bound and gap go with a bound of the first goal");
	if (!first->has_bound)
		return 0;
	if (s->lower_bound != first->bound)
		return differs(doc, "lower_bound", s->lower_bound, first->bound);
	if (s->gap != (wide)first->value - first->bound)
		return differs(doc, "gap", s->gap, (wide)first->value - first->bound);
	return 0;
}

/* ------------------------------------------------------------ all of it */

static int open_account(struct account *a)
{
	const struct document *doc = a->doc;

	a->open = calloc(doc->n_options + 1, sizeof(*a->open));
	a->workloads = calloc(doc->n_classes + 1, sizeof(*a->workloads));
	a->present = calloc(doc->n_present + 1, sizeof(*a->present));
	if (!a->open || !a->workloads || !a->present)
		return mig_fail(doc->err, MIG_E_NOMEM, "%s: out of memory", doc->name);
	for (size_t k = 0; k < doc->n_classes; k++)
		a->workloads[k] = doc->classes[k].count;
	for (size_t h = 0; h < doc->n_present; h++)
		a->present[h] = doc->present[h].count;
	return 0;
}

int mig_verify_plan(const struct document *doc)
{
	struct account a = { .doc = doc };
	int rc = doc->summary.has_totals ? 0 : mig_verify_no(doc, "there are no totals");

	if (rc == 0)
		rc = open_account(&a);
	if (rc == 0)
		rc = check_covers(&a);
	for (size_t i = 0; i < doc->n_groups && rc == 0; i++)
		rc = check_group(&a, i);
	if (rc == 0)
		rc = check_even(&a);
	if (rc == 0)
		rc = check_pools(&a);
	if (rc == 0)
		rc = check_values(&a);
	if (rc == 0)
		rc = check_summary(doc);
	free(a.open);
	free(a.workloads);
	free(a.present);
	return rc;
}
