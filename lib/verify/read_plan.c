/* SPDX-License-Identifier: Apache-2.0 */
/* The plan and what is said to be proved of it. */
#include <stdlib.h>
#include <string.h>

#include "lib/verify/layout.h"

static struct slot read_slot(struct json *j, const struct document *doc,
			     const struct pool *pool, const char *flag)
{
	const char *const keys[] = { "profile", "start", "class", flag, NULL };
	struct slot slot = { .cls = NOBODY };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 1U << 2, &seen)) >= 0) {
		if (i == 0)
			slot.profile = (uint8_t)mig_verify_profile(j, pool);
		else if (i == 1)
			slot.start = (uint8_t)mig_json_int(j, 0, MIG_UNITS_MAX - 1, keys[i]);
		else if (i == 2)
			slot.cls = (int32_t)mig_json_int(j, 0, (int64_t)doc->n_classes - 1,
							 keys[i]);
		else
			slot.is_fixed = mig_json_bool(j);
	}
	return slot;
}

void mig_verify_slots(struct json *j, struct document *doc, struct gpus *g, const char *flag)
{
	size_t n = 0;

	g->first = doc->n_slots;
	while (mig_json_item(j, &n)) {
		struct slot *slots =
			mig_verify_room(j, doc->slots, doc->n_slots, sizeof(*slots));

		if (!slots)
			return;
		doc->slots = slots;
		if (n > MIG_UNITS_MAX)
			mig_json_fail(j, "more instances than a GPU can have");
		slots[doc->n_slots] = read_slot(j, doc, &doc->pools[g->pool], flag);
		if (n > 1 && slots[doc->n_slots].start <= slots[doc->n_slots - 1].start)
			mig_json_fail(j, "slots must stand by increasing start");
		doc->n_slots++;
		g->n_slots = (int)n;
	}
}

/* ------------------------------------------------------------ layouts and covers */

static struct gpus read_group(struct json *j, struct document *doc, struct json_text *ret_text)
{
	static const char *const keys[] = {
		"pool", "present", "count", "layout", "slots", NULL
	};
	struct gpus g = { .pool = -1, .present = NO_PRESENT };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 1U << 1, &seen)) >= 0) {
		if (i == 0)
			g.pool = (int32_t)mig_json_int(j, 0, doc->n_pools - 1, keys[i]);
		else if (i == 1)
			g.present = (int32_t)mig_json_int(j, 0, (int64_t)doc->n_present - 1,
							  keys[i]);
		else if (i == 2)
			g.count = mig_json_int(j, 1, COUNT_MAX, keys[i]);
		else if (i == 3)
			*ret_text = mig_json_string(j);
		else if (g.pool < 0)
			mig_json_fail(j, "\"pool\" must be before \"slots\"");
		else
			mig_verify_slots(j, doc, &g, "is_kept");
	}
	return g;
}

void mig_verify_read_layouts(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		struct gpus *groups =
			mig_verify_room(j, doc->groups, doc->n_groups, sizeof(*groups));
		struct json_text text = { "", 0 };
		struct gpus *g;
		char slots[512];

		if (!groups)
			return;
		doc->groups = groups;
		g = &groups[doc->n_groups];
		*g = read_group(j, doc, &text);
		if (j->rc < 0)
			return;
		mig_slots_text(doc->pools[g->pool].type, mig_verify_slots_of(doc, g),
			       g->n_slots, slots, sizeof(slots));
		if (!mig_json_text_is(text, slots))
			mig_json_fail(j, "layout %zu says \"%.*s\", and its slots are \"%s\"",
				      n - 1, (int)(text.len < 256 ? text.len : 256), text.s,
				      slots);
		doc->n_groups++;
	}
}

static void read_numbers(struct json *j, struct document *doc, struct cover *v)
{
	const int n_options = doc->classes[v->cls].n_options;
	size_t n = 0;

	v->first = doc->n_numbers;
	while (mig_json_item(j, &n)) {
		int64_t *numbers =
			mig_verify_room(j, doc->numbers, doc->n_numbers, sizeof(*numbers));

		if (!numbers)
			return;
		doc->numbers = numbers;
		numbers[doc->n_numbers++] = mig_json_int(j, 0, INT64_MAX, "n_instances");
	}
	if (n != (size_t)n_options)
		mig_json_fail(j, "n_instances has %zu numbers; class %d has %d options", n,
			      v->cls, n_options);
}

static struct cover read_cover(struct json *j, struct document *doc)
{
	static const char *const keys[] = { "class", "count", "n_instances", NULL };
	struct cover v = { .cls = NOBODY };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			v.cls = (int32_t)mig_json_int(j, 0, (int64_t)doc->n_classes - 1,
						      keys[i]);
		else if (i == 1)
			v.count = mig_json_int(j, 1, COUNT_MAX, keys[i]);
		else if (v.cls == NOBODY)
			mig_json_fail(j, "\"class\" must be before \"n_instances\"");
		else if (j->rc == 0)
			read_numbers(j, doc, &v);
	}
	return v;
}

void mig_verify_read_assignment(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		struct cover *covers =
			mig_verify_room(j, doc->covers, doc->n_covers, sizeof(*covers));

		if (!covers)
			return;
		doc->covers = covers;
		covers[doc->n_covers] = read_cover(j, doc);
		doc->n_covers += j->rc == 0;
	}
}

/* ------------------------------------------------------------ measures */

/* As many numbers as there must be. Only what may be below 0 has a @low below 0. */
static void read_ints(struct json *j, int64_t *ret, size_t count, int64_t low, const char *what)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		const int64_t v = mig_json_int(j, low, INT64_MAX, what);

		if (n <= count)
			ret[n - 1] = v;
	}
	if (n != count)
		mig_json_fail(j, "%s has %zu numbers, not %zu", what, n, count);
}

static int64_t *read_many(struct json *j, size_t count, int64_t low, const char *what)
{
	int64_t *ret = calloc(count + 1, sizeof(*ret));

	if (!ret)
		mig_json_no_memory(j);
	else
		read_ints(j, ret, count, low, what);
	return ret;
}

static void read_prices(struct json *j, const struct document *doc, struct certificate *c)
{
	const char *names[MIG_PROFILES_MAX + 1] = { NULL };
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		const struct mig_gpu_type *type;
		unsigned seen = 0;
		int i;

		if (n > (size_t)doc->n_pools)
			break;
		type = doc->pools[n - 1].type;
		memset(names, 0, sizeof(names));
		for (i = 0; i < type->n_profiles; i++)
			names[i] = type->profiles[i].name;
		while ((i = mig_json_field(j, names, 0, &seen)) >= 0)
			c->prices[n - 1][i] = mig_json_int(j, 0, INT64_MAX, names[i]);
	}
	if (n != (size_t)doc->n_pools)
		mig_json_fail(j, "prices is of %zu pools, not %d", n, doc->n_pools);
}

static void read_certificate(struct json *j, const struct document *doc, int n_earlier,
			     struct certificate *c)
{
	static const char *const keys[] = { "denominator",   "prices",  "rents",
					    "fresh_rents",   "budgets", "class_least",
					    "present_least", NULL };
	const size_t n_pools = (size_t)doc->n_pools;
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			c->denominator = mig_json_int(j, 0, INT64_MAX, keys[i]);
		else if (i == 1)
			read_prices(j, doc, c);
		else if (i == 2)
			read_ints(j, c->rents, n_pools, 0, keys[i]);
		else if (i == 3)
			read_ints(j, c->fresh_rents, n_pools, 0, keys[i]);
		else if (i == 4)
			read_ints(j, c->budgets, (size_t)n_earlier, 0, keys[i]);
		else if (i == 5)
			c->class_least = read_many(j, doc->n_classes, 0, keys[i]);
		else
			c->present_least = read_many(j, doc->n_present, INT64_MIN, keys[i]);
	}
}

static void read_measure(struct json *j, const struct document *doc, int n_earlier,
			 struct measure *m)
{
	static const char *const keys[] = { "goal",        "value",       "bound",
					    "is_searched", "certificate", NULL };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 1U << 1 | 1U << 2 | 1U << 4, &seen)) >= 0) {
		if (i == 0)
			m->goal = (enum goal)mig_json_word(j, mig_verify_goals, "goal");
		else if (i == 1)
			m->value = mig_json_int(j, 0, INT64_MAX, keys[i]);
		else if (i == 2)
			m->bound = mig_json_int(j, 0, INT64_MAX, keys[i]);
		else if (i == 3)
			mig_json_bool(j);
		else
			read_certificate(j, doc, n_earlier, &m->certificate);
	}
	m->has_value = seen >> 1 & 1;
	m->has_bound = seen >> 2 & 1;
	m->has_certificate = seen >> 4 & 1;
}

void mig_verify_read_measures(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		if (n > (size_t)doc->n_goals) {
			mig_json_fail(j, "more measures than goals");
			return;
		}
		read_measure(j, doc, (int)n - 1, &doc->measures[n - 1]);
		doc->n_measures = (int)n;
	}
}
