/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mig/cost.h>
#include <mig/workload.h>

#include "shared/arena.h"
#include "shared/yaml.h"

extern const char mig_builtin_prices[];

const char *mig_usd_parse(const char *s, int64_t *ret)
{
	struct mig_decimal d;
	const char *fault = mig_decimal_parse(s, &d);
	int64_t v;

	if (fault)
		return fault;
	v = mig_decimal_scale(d, 6, true);
	if (v < 0 || v > MIG_PRICE_MAX)
		return "is more than a million USD an hour";
	*ret = v;
	return NULL;
}

const char *mig_usd_format(int64_t uusd, char *buf, size_t len)
{
	int places = 6;
	int64_t fraction = uusd % 1000000;

	while (places > 2 && fraction % 10 == 0) {
		fraction /= 10;
		places--;
	}
	snprintf(buf, len, "%" PRId64 ".%0*" PRId64, uusd / 1000000, places, fraction);
	return buf;
}

struct reader {
	struct yaml_file *file;
	struct mig_prices *prices;
	struct mig_error *err;
};

static const char *copy(const struct reader *r, const char *s)
{
	char *p = arena_alloc(r->prices->memory, strlen(s) + 1);

	return p ? strcpy(p, s) : NULL;
}

/* "2026-11-09": a price without a day says nothing. */
static bool date_ok(const char *s)
{
	static const char shape[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(shape); i++) {
		if (shape[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != shape[i])
			return false;
	}
	return true;
}

static int read_texts(const struct reader *r, const struct yaml_node *map,
		      const struct yaml_node *sources, struct mig_price *ret)
{
	const struct yaml_node *type, *date, *source, *text;
	int rc = yaml_want(r->file, map, "gpu-type", YAML_TEXT, &type, r->err);

	if (rc == 0)
		rc = yaml_want(r->file, map, "date", YAML_TEXT, &date, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, map, "source", YAML_TEXT, &source, r->err);
	if (rc != 0)
		return rc;
	if (!date_ok(date->text))
		return yaml_fail(r->file, date, r->err, "\"%s\" is no date such as 2026-11-09",
				 date->text);
	text = yaml_get(sources, source->text);
	if (!text || text->kind != YAML_TEXT)
		return yaml_fail(r->file, source, r->err, "\"sources\" has no text \"%s\"",
				 source->text);
	ret->gpu_type = copy(r, type->text);
	ret->date = copy(r, date->text);
	ret->source = copy(r, text->text);
	if (!ret->gpu_type || !ret->date || !ret->source)
		return mig_fail(r->err, MIG_E_NOMEM, "read prices");
	for (const struct mig_price *p = r->prices->prices; p < ret; p++) {
		if (strcasecmp(p->gpu_type, ret->gpu_type) == 0)
			return yaml_fail(r->file, type, r->err, "%s has a price already",
					 ret->gpu_type);
	}
	return 0;
}

static int read_price(const struct reader *r, const struct yaml_node *map,
		      const struct yaml_node *sources, struct mig_price *ret)
{
	static const char *const known[] = { "gpu-type", "usd-per-h", "date", "source", NULL };
	const struct yaml_node *usd;
	const char *fault;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->file, map, r->err, "a price must be a map");
	rc = yaml_keys(r->file, map, known, r->err);
	if (rc == 0)
		rc = read_texts(r, map, sources, ret);
	if (rc == 0)
		rc = yaml_want(r->file, map, "usd-per-h", YAML_TEXT, &usd, r->err);
	if (rc != 0)
		return rc;
	fault = mig_usd_parse(usd->text, &ret->uusd_per_h);
	if (fault)
		return yaml_fail(r->file, usd, r->err, "\"usd-per-h\": \"%s\" %s", usd->text,
				 fault);
	return 0;
}

static int read_root(const struct reader *r)
{
	static const char *const known[] = { "version", "prices", "sources", NULL };
	const struct yaml_node *root = yaml_root(r->file), *version, *list, *sources;
	struct mig_price *prices;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(r->file, root, r->err, "a price file is a map");
	rc = yaml_want(r->file, root, "version", YAML_TEXT, &version, r->err);
	if (rc < 0)
		return rc;
	if (strcmp(version->text, "migctl-price/v1") != 0)
		return yaml_fail(r->file, version, r->err, "version must be migctl-price/v1");
	rc = yaml_keys(r->file, root, known, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, root, "prices", YAML_LIST, &list, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, root, "sources", YAML_MAP, &sources, r->err);
	if (rc != 0)
		return rc;
	prices = arena_alloc(r->prices->memory, (list->n + 1) * sizeof(*prices));
	if (!prices)
		return mig_fail(r->err, MIG_E_NOMEM, "read prices");
	r->prices->prices = prices;
	for (size_t i = 0; i < list->n && rc == 0; i++)
		rc = read_price(r, list->items[i], sources, &prices[i]);
	r->prices->n = list->n;
	return rc;
}

int mig_prices_parse(const char *text, size_t len, const char *name, struct mig_prices **ret,
		     struct mig_error *err)
{
	struct mig_prices *prices = calloc(1, sizeof(*prices));
	struct reader r = { .prices = prices, .err = err };
	int rc;

	if (prices)
		prices->memory = calloc(1, sizeof(*prices->memory));
	if (!prices || !prices->memory) {
		mig_prices_free(prices);
		return mig_fail(err, MIG_E_NOMEM, "read prices");
	}
	rc = yaml_read(text, len, name, &r.file, err);
	if (rc == 0) {
		rc = read_root(&r);
		yaml_file_free(r.file);
	}
	if (rc < 0) {
		mig_prices_free(prices);
		return rc;
	}
	*ret = prices;
	return 0;
}

int mig_prices_builtin(struct mig_prices **ret, struct mig_error *err)
{
	return mig_prices_parse(mig_builtin_prices, strlen(mig_builtin_prices), "data/price",
				ret, err);
}

void mig_prices_free(struct mig_prices *prices)
{
	if (!prices)
		return;
	if (prices->memory)
		arena_free(prices->memory);
	free(prices->memory);
	free(prices);
}

const struct mig_price *mig_prices_find(const struct mig_prices *prices, const char *gpu_type)
{
	for (size_t i = 0; i < prices->n; i++) {
		if (strcasecmp(prices->prices[i].gpu_type, gpu_type) == 0)
			return &prices->prices[i];
	}
	return NULL;
}
