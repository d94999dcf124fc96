/* SPDX-License-Identifier: Apache-2.0 */
/* The problem: what was asked. Each number is held to its range here, and all that points
 * somewhere is known to point at something. */
#include <string.h>

#include "lib/verify/layout.h"

static const struct mig_gpu_type *read_type(struct json *j, struct mig_catalog *cat)
{
	const struct json_text key = mig_json_string(j);
	const struct mig_gpu_type *type = NULL;
	char name[MIG_NAME_MAX];
	int rc;

	if (j->rc < 0)
		return NULL;
	if (key.len >= sizeof(name)) {
		mig_json_fail(j, "that is no name of a GPU type");
		return NULL;
	}
	memcpy(name, key.s, key.len);
	name[key.len] = '\0';
	rc = mig_catalog_find(cat, name, &type, j->err);
	if (rc < 0) {
		j->rc = mig_wrap(j->err, rc, "%s:%u", j->name, j->line);
		return NULL;
	}
	if (!mig_json_text_is(key, type->key))
		mig_json_fail(j, "the catalog calls that GPU type %s", type->key);
	if (type->n_profiles < 1 || type->units < 1 || type->units > MIG_UNITS_MAX)
		mig_json_fail(j, "%s cannot be cut", type->key);
	return type;
}

int mig_verify_profile(struct json *j, const struct pool *pool)
{
	const struct json_text name = mig_json_string(j);

	for (int i = 0; j->rc == 0 && i < pool->type->n_profiles; i++) {
		if (mig_json_text_is(name, pool->type->profiles[i].name))
			return i;
	}
	mig_json_fail(j, "%s has no profile \"%.*s\"", pool->type ? pool->type->key : "GPU",
		      (int)(name.len < 64 ? name.len : 64), name.s);
	return 0;
}

static void read_profiles(struct json *j, struct pool *pool)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		const int i = mig_verify_profile(j, pool);

		if (pool->profiles >> i & 1)
			mig_json_fail(j, "the profile stands here twice");
		pool->profiles |= 1U << i;
	}
}

static void read_pool(struct json *j, struct mig_catalog *cat, struct pool *pool)
{
	static const char *const keys[] = { "gpu_type",   "profiles",         "n_gpus",
					    "n_reserved", "price_uusd_per_h", "gpus_per_node",
					    NULL };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i != 0 && !pool->type)
			mig_json_fail(j, "\"gpu_type\" must be the first of a pool");
		if (i == 0)
			pool->type = read_type(j, cat);
		else if (i == 1)
			read_profiles(j, pool);
		else if (i == 2)
			pool->n_gpus = mig_json_int(j, UNLIMITED, COUNT_MAX, keys[i]);
		else if (i == 3)
			pool->n_reserved = mig_json_int(j, 0, COUNT_MAX, keys[i]);
		else if (i == 4)
			pool->price = mig_json_int(j, 0, PRICE_MAX, keys[i]);
		else
			pool->gpus_per_node = mig_json_int(j, 0, INT16_MAX, keys[i]);
	}
	if (pool->n_reserved > (pool->n_gpus == UNLIMITED ? 0 : pool->n_gpus))
		mig_json_fail(j, "more GPUs are reserved than there are");
}

static void read_pools(struct json *j, struct mig_catalog *cat, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		if (n > POOLS_MAX) {
			mig_json_fail(j, "more than %d pools", POOLS_MAX);
			return;
		}
		read_pool(j, cat, &doc->pools[n - 1]);
		doc->n_pools = (int)n;
	}
	if (n == 0)
		mig_json_fail(j, "there is no pool");
}

static int32_t read_index(struct json *j, size_t n, const char *what)
{
	return (int32_t)mig_json_int(j, 0, (int64_t)n - 1, what);
}

static struct option read_option(struct json *j, const struct document *doc)
{
	static const char *const keys[] = { "pool", "profile", "rate", NULL };
	struct option o = { .pool = -1 };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			o.pool = read_index(j, (size_t)doc->n_pools, keys[i]);
		else if (i == 2)
			o.rate = mig_json_int(j, 1, RATE_MAX, keys[i]);
		else if (o.pool < 0)
			mig_json_fail(j, "\"pool\" must be before \"profile\"");
		else
			o.profile = mig_verify_profile(j, &doc->pools[o.pool]);
	}
	return o;
}

static void read_options(struct json *j, struct document *doc, struct cls *cls)
{
	size_t n = 0;

	cls->first = doc->n_options;
	while (mig_json_item(j, &n)) {
		struct option *options =
			mig_verify_room(j, doc->options, doc->n_options, sizeof(*options));
		struct option o;

		if (!options)
			return;
		doc->options = options;
		o = read_option(j, doc);
		if (j->rc < 0)
			return;
		if (n > OPTIONS_MAX)
			mig_json_fail(j, "more than %d options", OPTIONS_MAX);
		if (!(doc->pools[o.pool].profiles >> o.profile & 1))
			mig_json_fail(j, "the pool does not have that profile");
		for (size_t i = cls->first; i < doc->n_options; i++) {
			if (options[i].pool == o.pool && options[i].profile == o.profile)
				mig_json_fail(j, "the option stands here twice");
		}
		options[doc->n_options++] = o;
		cls->n_options = (int)n;
	}
}

static struct cls read_class(struct json *j, struct document *doc)
{
	static const char *const keys[] = { "name",          "count",   "need",
					    "min_instances", "options", NULL };
	struct cls cls = { 0 };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			cls.name = mig_json_string(j);
		else if (i == 1)
			cls.count = mig_json_int(j, 0, COUNT_MAX, keys[i]);
		else if (i == 2)
			cls.need = mig_json_int(j, 1, NEED_MAX, keys[i]);
		else if (i == 3)
			cls.min_instances = mig_json_int(j, 0, COUNT_MAX, keys[i]);
		else
			read_options(j, doc, &cls);
	}
	return cls;
}

static void read_classes(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		struct cls *classes =
			mig_verify_room(j, doc->classes, doc->n_classes, sizeof(*classes));

		if (!classes)
			return;
		doc->classes = classes;
		if (n > CLASSES_MAX)
			mig_json_fail(j, "more than %d classes", CLASSES_MAX);
		classes[doc->n_classes] = read_class(j, doc);
		doc->n_classes += j->rc == 0;
	}
}

static void read_ruled(struct json *j, struct document *doc, struct rule *rule)
{
	size_t n = 0;

	rule->first = doc->n_ruled;
	while (mig_json_item(j, &n)) {
		int32_t *ruled = mig_verify_room(j, doc->ruled, doc->n_ruled, sizeof(*ruled));

		if (!ruled)
			return;
		doc->ruled = ruled;
		ruled[doc->n_ruled++] = read_index(j, doc->n_classes, "class");
	}
	if (n == 0)
		mig_json_fail(j, "a rule of no classes");
	rule->n = n;
}

static struct rule read_rule(struct json *j, struct document *doc)
{
	static const char *const keys[] = { "scope", "max", "classes", NULL };
	static const char *const scopes[] = { "gpu", "node", NULL };
	struct rule rule = { 0 };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			rule.is_node = mig_json_word(j, scopes, "scope") == 1;
		else if (i == 1)
			rule.max = mig_json_int(j, 1, INT32_MAX, keys[i]);
		else
			read_ruled(j, doc, &rule);
	}
	return rule;
}

static void read_rules(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		struct rule *rules =
			mig_verify_room(j, doc->rules, doc->n_rules, sizeof(*rules));

		if (!rules)
			return;
		doc->rules = rules;
		if (n > RULES_MAX)
			mig_json_fail(j, "more than %d rules", RULES_MAX);
		rules[doc->n_rules] = read_rule(j, doc);
		doc->n_rules += j->rc == 0;
	}
}

int mig_verify_option(const struct document *doc, int32_t cls, int pool, int profile)
{
	const struct cls *c = &doc->classes[cls];

	for (int i = 0; i < c->n_options; i++) {
		const struct option *o = &doc->options[c->first + (size_t)i];

		if (o->pool == pool && o->profile == profile)
			return i;
	}
	return -1;
}

static struct gpus read_present_one(struct json *j, struct document *doc)
{
	static const char *const keys[] = { "pool", "count", "slots", NULL };
	struct gpus g = { .pool = -1 };
	const struct slot *slots;
	char why[256];
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i == 0)
			g.pool = read_index(j, (size_t)doc->n_pools, keys[i]);
		else if (i == 1)
			g.count = mig_json_int(j, 0, COUNT_MAX, keys[i]);
		else if (g.pool < 0)
			mig_json_fail(j, "\"pool\" must be before \"slots\"");
		else
			mig_verify_slots(j, doc, &g, "is_held");
	}
	if (j->rc < 0)
		return g;
	slots = mig_verify_slots_of(doc, &g);
	if (mig_layout_wrong(doc->pools[g.pool].type, slots, g.n_slots, why, sizeof(why)))
		mig_json_fail(j, "that is no layout: %s", why);
	for (i = 0; i < g.n_slots; i++) {
		if (slots[i].cls != NOBODY &&
		    mig_verify_option(doc, slots[i].cls, g.pool, slots[i].profile) < 0)
			mig_json_fail(j, "slot %d serves class %d, which has no such option", i,
				      slots[i].cls);
	}
	return g;
}

static void read_present(struct json *j, struct document *doc)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		struct gpus *present =
			mig_verify_room(j, doc->present, doc->n_present, sizeof(*present));
		struct pool *pool;

		if (!present)
			return;
		doc->present = present;
		if (n > PRESENT_MAX)
			mig_json_fail(j, "more than %d present groups", PRESENT_MAX);
		present[doc->n_present] = read_present_one(j, doc);
		if (j->rc < 0)
			return;
		pool = &doc->pools[present[doc->n_present].pool];
		pool->n_present += present[doc->n_present].count;
		if (pool->n_gpus != UNLIMITED && pool->n_present > pool->n_gpus)
			mig_json_fail(j, "more GPUs of the pool are present than there are");
		doc->n_present++;
	}
}

void mig_verify_read_problem(struct json *j, struct mig_catalog *cat, struct document *doc)
{
	static const char *const keys[] = { "pools",   "classes", "rules",
					    "present", "goals",   NULL };
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, keys, 0, &seen)) >= 0) {
		if (i > 0 && !(seen & 1))
			mig_json_fail(j, "\"pools\" must be the first of a problem");
		if ((i == 2 || i == 3) && !(seen & 2))
			mig_json_fail(j, "\"classes\" must be before \"%s\"", keys[i]);
		if (i == 0)
			read_pools(j, cat, doc);
		else if (i == 1)
			read_classes(j, doc);
		else if (i == 2)
			read_rules(j, doc);
		else if (i == 3)
			read_present(j, doc);
		else
			doc->n_goals = mig_verify_read_goals(j, doc->goals);
	}
}
