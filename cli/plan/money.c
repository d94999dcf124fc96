/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/money.h"

#include <stdlib.h>

static int bad(const char *path, const char *what, struct mig_error *err)
{
	return mig_fail(err, MIG_E_SYNTAX, "%s is no whole plan document: %s", path, what);
}

static int64_t int_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* What @n of a pool's GPUs cost; -1: beyond 64 bits, or nonsense. */
static int64_t price_of(const json_t *pools, int64_t pool, int64_t n)
{
	int64_t v = int_at(json_array_get(pools, (size_t)pool), "price_uusd_per_h");

	return n < 0 || v < 0 || __builtin_mul_overflow(v, n, &v) ? -1 : v;
}

/* @sum + @v into @sum; false: beyond 64 bits. */
static bool add_to(int64_t *sum, int64_t v)
{
	return !__builtin_add_overflow(*sum, v, sum);
}

/* The share of a layout's money that each of its instances takes, by placement units. */
static int add_layout(struct mig_catalog *catalog, const json_t *pools, const json_t *layout,
		      struct plan_cost *c, const char *path, struct mig_error *err)
{
	const int64_t count = int_at(layout, "count"), pool = int_at(layout, "pool");
	const int64_t price = price_of(pools, pool, count);
	const struct mig_gpu_type *type;
	int64_t left = price;
	const json_t *slot;
	size_t i;
	int rc = mig_catalog_find(catalog,
				  text_at(json_array_get(pools, (size_t)pool), "gpu_type"),
				  &type, err);

	if (rc < 0)
		return mig_wrap(err, rc, "%s", path);
	if (price < 0)
		return bad(path, "a count or price is out of range", err);
	json_array_foreach(json_object_get(layout, "slots"), i, slot)
	{
		const struct mig_profile *p = mig_profile_find(type, text_at(slot, "profile"));
		const json_t *cls = json_object_get(slot, "class");
		const size_t k = (size_t)json_integer_value(cls);
		int64_t share;

		if (!p || (cls && k >= c->n))
			return bad(path, "a slot has no such profile or class", err);
		if (!cls)
			continue;
		share = (int64_t)((__int128)price * p->size / type->units);
		if (!add_to(&c->models[k].n_instances, count) ||
		    !add_to(&c->models[k].uusd_per_h, share) || (left -= share) < 0)
			return bad(path, "a layout has more instances than its GPU", err);
	}
	if (json_array_size(json_object_get(layout, "slots")) == 0)
		return 0;
	if (!add_to(&c->n_gpus, count) || !add_to(&c->uusd_per_h, price) ||
	    !add_to(&c->room_uusd_per_h, left))
		return bad(path, "a count or price is out of range", err);
	return 0;
}

/* With GPUs of its own: as many as its need takes at the best rate an instance has, and of the
 * kind that is cheapest so. */
static int add_alone(const json_t *pools, const json_t *cls, struct model_cost *m,
		     const char *path, struct mig_error *err)
{
	const int64_t count = int_at(cls, "count"), need = int_at(cls, "need");
	const int64_t least = int_at(cls, "min_instances");
	const json_t *option;
	bool is_any = false;
	size_t i;

	json_array_foreach(json_object_get(cls, "options"), i, option)
	{
		const int64_t rate = int_at(option, "rate");
		int64_t n = rate > 0 ? need / rate + (need % rate > 0) : -1;
		int64_t price;

		n = n >= 0 && n < least ? least : n;
		if (n < 0 || __builtin_mul_overflow(n, count, &n))
			return bad(path, "a rate or need is out of range", err);
		price = price_of(pools, int_at(option, "pool"), n);
		if (price < 0)
			return bad(path, "a price is out of range", err);
		if (is_any && (price > m->alone_uusd_per_h ||
			       (price == m->alone_uusd_per_h && n >= m->n_alone)))
			continue;
		is_any = true;
		m->n_alone = n;
		m->alone_uusd_per_h = price;
	}
	return 0;
}

int plan_cost_count(struct mig_catalog *catalog, const json_t *doc, const char *path,
		    struct plan_cost *c, struct mig_error *err)
{
	const json_t *problem = json_object_get(doc, "problem");
	const json_t *pools = json_object_get(problem, "pools"), *item;
	const json_t *classes = json_object_get(problem, "classes");
	size_t i;
	int rc = 0;

	*c = (struct plan_cost){ .n = json_array_size(classes) };
	c->models = calloc(c->n + 1, sizeof(*c->models));
	if (!c->models)
		return mig_fail(err, MIG_E_NOMEM, "count the cost");
	json_array_foreach(classes, i, item)
	{
		c->models[i].name = text_at(item, "name");
		rc = add_alone(pools, item, &c->models[i], path, err);
		if (rc < 0)
			return rc;
		if (!add_to(&c->n_alone, c->models[i].n_alone) ||
		    !add_to(&c->alone_uusd_per_h, c->models[i].alone_uusd_per_h))
			return bad(path, "a need or price is out of range", err);
	}
	json_array_foreach(json_object_get(doc, "layouts"), i, item)
	{
		rc = add_layout(catalog, pools, item, c, path, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void plan_cost_free(struct plan_cost *c)
{
	free(c->models);
	*c = (struct plan_cost){ 0 };
}
