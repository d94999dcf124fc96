/* SPDX-License-Identifier: Apache-2.0 */
/* What a model needs beyond memory: numbers, and things that MIG gives to some instances only. */
#include <stddef.h>
#include <string.h>

#include "workload.h"

enum { ENGINES_MAX = 64, TENSOR_MAX = 1024 };

struct int_need {
	const char *key;
	size_t offset;
	int64_t min, max;
};

static const struct int_need int_needs[] = {
	{ "tensor-parallel", offsetof(struct mig_model, tensor_parallel), 1, TENSOR_MAX },
	{ "nvdec", offsetof(struct mig_model, nvdec), 0, ENGINES_MAX },
	{ "nvenc", offsetof(struct mig_model, nvenc), 0, ENGINES_MAX },
	{ "nvjpeg", offsetof(struct mig_model, nvjpeg), 0, ENGINES_MAX },
	{ "ofa", offsetof(struct mig_model, ofa), 0, ENGINES_MAX },
};

struct bool_need {
	const char *key;
	size_t offset;
};

static const struct bool_need bool_needs[] = {
	{ "graphics", offsetof(struct mig_model, graphics) },
	{ "profiling", offsetof(struct mig_model, profiling) },
	{ "debugger", offsetof(struct mig_model, debugger) },
};

static int read_ints(const struct models_reader *r, const struct yaml_node *map,
		     struct mig_model *m)
{
	for (size_t i = 0; i < sizeof(int_needs) / sizeof(int_needs[0]); i++) {
		const struct int_need *need = &int_needs[i];
		const struct yaml_node *node = yaml_get(map, need->key);
		int64_t v;
		int rc;

		if (!node)
			continue;
		rc = yaml_int(r->file, node, need->min, need->max, &v, r->err);
		if (rc < 0)
			return mig_hint(r->err, rc, "in \"%s\"", need->key);
		*(int *)((char *)m + need->offset) = (int)v;
	}
	return 0;
}

static int read_bools(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m)
{
	for (size_t i = 0; i < sizeof(bool_needs) / sizeof(bool_needs[0]); i++) {
		const struct bool_need *need = &bool_needs[i];
		const struct yaml_node *node = yaml_get(map, need->key);
		const struct yaml_node *value;
		int rc;

		if (!node)
			continue;
		rc = yaml_want(r->file, map, need->key, YAML_TEXT, &value, r->err);
		if (rc == 0)
			rc = yaml_bool(r->file, value, (bool *)((char *)m + need->offset),
				       r->err);
		if (rc < 0)
			return mig_hint(r->err, rc, "in \"%s\"", need->key);
	}
	return 0;
}

/* A need is said in the unit of its table. */
static int read_by_table(const struct models_reader *r, const struct yaml_node *map,
			 const char *key, const struct mig_model_rows *table, bool *ret_has,
			 struct mig_decimal *ret)
{
	const struct yaml_node *node = yaml_get(map, key);
	int rc;

	if (!node)
		return 0;
	rc = models_read_decimal(r, node, key, ret);
	if (rc < 0)
		return rc;
	if (table->n == 0)
		return yaml_fail(
			r->file, node, r->err,
			"a need for %s wants to know what an instance does: give \"%s\" "
			"as a table such as {1g.10gb: 183.6, 2g.20gb: 337.8}, too",
			key, key);
	*ret_has = true;
	return 0;
}

int models_read_needs(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m)
{
	static const char *const known[] = { "throughput", "latency",   "tensor-parallel",
					     "graphics",   "profiling", "debugger",
					     "nvdec",      "nvenc",     "nvjpeg",
					     "ofa",        NULL };
	const struct yaml_node *node = yaml_get(map, "needs"), *later;
	int rc;

	if (!node)
		return 0;
	rc = yaml_want(r->file, map, "needs", YAML_MAP, &node, r->err);
	if (rc < 0)
		return rc;
	later = yaml_get(node, "decode-tokens-per-second");
	if (later)
		return mig_fail(
			r->err, MIG_E_UNSUPPORTED,
			"%s:%u: rates are not predicted yet, so "
			"\"decode-tokens-per-second\" cannot be asked for; give a table "
			"\"throughput\" of what each profile does, and needs: "
			"{throughput: N}",
			yaml_name(r->file), later->line);
	rc = yaml_keys(r->file, node, known, r->err);
	if (rc == 0)
		rc = read_ints(r, node, m);
	if (rc == 0)
		rc = read_bools(r, node, m);
	if (rc == 0)
		rc = read_by_table(r, node, "throughput", &m->throughput, &m->has_need,
				   &m->need);
	if (rc == 0)
		rc = read_by_table(r, node, "latency", &m->latency, &m->has_latency,
				   &m->max_latency);
	return rc;
}
