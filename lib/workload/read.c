/* SPDX-License-Identifier: Apache-2.0 */
/* Reading models files: all of a file or nothing. */
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "workload.h"

enum { COMMAND_WORDS_MAX = 1024 };

static const int64_t replicas_max = 1000000000;

void *models_alloc(const struct models_reader *r, size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n ? n : 1, size, &bytes))
		return NULL;
	p = arena_alloc(r->memory, bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

const char *models_copy(const struct models_reader *r, const char *s)
{
	const size_t size = strlen(s) + 1;
	char *copy = arena_alloc(r->memory, size);

	return copy ? memcpy(copy, s, size) : NULL;
}

int models_out_of_memory(const struct models_reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", yaml_name(r->file));
}

/* A name goes into the names of instances and files: letters, digits and "._-". */
static bool name_ok(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	enum { NAME_BYTES = 48 };

	return *s && strchr(letters, *s) && s[strspn(s, more)] == '\0' &&
	       strlen(s) <= NAME_BYTES;
}

static int read_name(const struct models_reader *r, const struct yaml_node *map,
		     struct mig_model *m)
{
	const struct yaml_node *node;
	int rc = yaml_want(r->file, map, "name", YAML_TEXT, &node, r->err);

	if (rc < 0)
		return rc;
	if (!name_ok(node->text))
		return yaml_fail(
			r->file, node, r->err,
			"\"%s\" is no name for a model: a letter, then letters, digits "
			"and \"._-\", 48 bytes at most",
			node->text);
	for (const struct mig_model *before = r->models; before < m; before++) {
		if (strcmp(before->name, node->text) == 0)
			return yaml_fail(r->file, node, r->err,
					 "model \"%s\" stands on line %u already; for several "
					 "alike write replicas: N",
					 node->text, before->line);
	}
	m->name = models_copy(r, node->text);
	return m->name ? 0 : models_out_of_memory(r);
}

static int read_size(const struct models_reader *r, const struct yaml_node *map,
		     const char *key, struct mig_model *m)
{
	const struct yaml_node *node = yaml_get(map, key);
	const char *unit;
	int rc;

	if (!node)
		return 0;
	rc = yaml_want(r->file, map, key, YAML_TEXT, &node, r->err);
	if (rc < 0)
		return rc;
	if (m->mem_bytes)
		return yaml_fail(r->file, node, r->err,
				 "\"%s\" beside \"memory\" on line %u: an instance's memory is "
				 "said once",
				 key, m->mem_line);
	unit = node->text + strspn(node->text, "0123456789. ");
	if (*unit == '\0' || unit == node->text || !text_parse_bytes(node->text, &m->mem_bytes))
		return yaml_fail(r->file, node, r->err,
				 "\"%s\": \"%s\" is no size with a unit such as 1.2GiB or "
				 "640MiB",
				 key, node->text);
	if (m->mem_bytes == 0)
		return yaml_fail(r->file, node, r->err, "\"%s\" must be above 0", key);
	m->mem_line = node->line;
	return 0;
}

static int read_replicas(const struct models_reader *r, const struct yaml_node *map,
			 struct mig_model *m)
{
	static const char *const keys[] = { "replicas", "count" };

	m->replicas = 1;
	for (size_t i = 0; i < 2; i++) {
		const struct yaml_node *node = yaml_get(map, keys[i]);
		int rc;

		if (!node)
			continue;
		if (m->has_replicas)
			return yaml_fail(r->file, node, r->err,
					 "\"replicas\" and \"count\" are one thing; say it "
					 "once");
		rc = yaml_int(r->file, node, 1, replicas_max, &m->replicas, r->err);
		if (rc < 0)
			return mig_hint(r->err, rc, "in \"%s\"", keys[i]);
		m->has_replicas = true;
	}
	return 0;
}

static int read_command(const struct models_reader *r, const struct yaml_node *map,
			struct mig_model *m)
{
	const struct yaml_node *node = yaml_get(map, "command");
	const char **words;
	int rc;

	if (!node)
		return 0;
	rc = yaml_want(r->file, map, "command", YAML_LIST, &node, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "no shell reads it: [\"python3\", \"serve.py\"]");
	if (node->n == 0 || node->n > COMMAND_WORDS_MAX)
		return yaml_fail(r->file, node, r->err, "\"command\" must have 1 to %d words",
				 COMMAND_WORDS_MAX);
	words = models_alloc(r, node->n + 1, sizeof(*words));
	if (!words)
		return models_out_of_memory(r);
	for (size_t i = 0; i < node->n; i++) {
		if (node->items[i]->kind != YAML_TEXT)
			return yaml_fail(r->file, node->items[i], r->err,
					 "a word of \"command\" must be text");
		words[i] = models_copy(r, node->items[i]->text);
		if (!words[i])
			return models_out_of_memory(r);
	}
	m->n_command = node->n;
	m->command = words;
	return 0;
}

/* "spread: gpu" or "spread: node"; "pack: true", which every plan does, forbids it. */
static int read_spread(const struct models_reader *r, const struct yaml_node *map,
		       struct mig_model *m)
{
	const struct yaml_node *node = yaml_get(map, "spread"), *pack = yaml_get(map, "pack");
	bool is_packed = false;
	int rc = 0;

	if (pack)
		rc = yaml_want(r->file, map, "pack", YAML_TEXT, &pack, r->err);
	if (rc == 0 && pack)
		rc = yaml_bool(r->file, pack, &is_packed, r->err);
	if (rc == 0 && node)
		rc = yaml_want(r->file, map, "spread", YAML_TEXT, &node, r->err);
	if (rc < 0 || !node)
		return rc;
	if (strcmp(node->text, "gpu") == 0)
		m->spread = MIG_SPREAD_GPU;
	else if (strcmp(node->text, "node") == 0)
		m->spread = MIG_SPREAD_NODE;
	else
		return yaml_fail(
			r->file, node, r->err,
			"\"spread\" is gpu or node: no two replicas on one; not \"%s\"",
			node->text);
	if (is_packed)
		return yaml_fail(r->file, node, r->err,
				 "\"spread\" and \"pack\" contradict each other");
	return 0;
}

static int read_parts(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m)
{
	const struct yaml_node *node = yaml_get(map, "profile");
	int rc = read_name(r, map, m);

	if (rc == 0)
		rc = read_size(r, map, "memory", m);
	if (rc == 0)
		rc = read_size(r, map, "weights", m);
	if (rc == 0)
		rc = read_replicas(r, map, m);
	if (rc == 0 && node)
		rc = models_read_pins(r, node, &m->pins);
	if (rc == 0)
		rc = models_read_rows(r, map, "throughput", &m->throughput);
	if (rc == 0)
		rc = models_read_rows(r, map, "latency", &m->latency);
	if (rc == 0)
		rc = models_read_needs(r, map, m);
	if (rc == 0)
		rc = read_spread(r, map, m);
	if (rc == 0)
		rc = read_command(r, map, m);
	node = yaml_get(map, "keep-running");
	if (rc == 0 && node)
		rc = yaml_want(r->file, map, "keep-running", YAML_TEXT, &node, r->err);
	if (rc == 0 && node)
		rc = yaml_bool(r->file, node, &m->keep_running, r->err);
	return rc;
}

/* What sizes a model from its files comes with a later call. Refused, never passed over. */
static int refuse_later(const struct models_reader *r, const struct yaml_node *map)
{
	static const char *const later[] = { "hf-config", "dtype", "context", "batch" };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		for (size_t k = 0; k < map->n; k++) {
			if (strcmp(map->keys[k]->text, later[i]) == 0)
				return mig_fail(
					r->err, MIG_E_UNSUPPORTED,
					"%s:%u: models are not sized from their files "
					"yet, so \"%s\" cannot be used; give \"memory\" "
					"(what an instance must have), and a table "
					"\"throughput\" of what each profile does",
					yaml_name(r->file), map->keys[k]->line, later[i]);
		}
	}
	return 0;
}

static int read_model(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m)
{
	static const char *const known[] = { "name",         "memory",  "weights",
					     "replicas",     "count",   "profile",
					     "throughput",   "latency", "needs",
					     "spread",       "pack",    "apart-from",
					     "keep-running", "command", NULL };
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->file, map, r->err, "a model must be a map with a \"name\"");
	m->line = map->line;
	m->tensor_parallel = 1;
	rc = refuse_later(r, map);
	if (rc == 0)
		rc = yaml_keys(r->file, map, known, r->err);
	if (rc == 0)
		rc = read_parts(r, map, m);
	if (rc < 0)
		return rc;
	/* Without any of these a plan could only guess the smallest instance there is. */
	if (!m->mem_bytes && m->pins.n == 0 && m->throughput.n == 0)
		return yaml_fail(r->file, map, r->err,
				 "model \"%s\": nothing says which instances will do; give "
				 "\"memory\", \"profile\" or a table \"throughput\"",
				 m->name);
	return 0;
}

/* The nearest of the models' names to one that there is none of, or NULL. */
static const char *nearest_model(const struct models_reader *r, const char *name)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < r->n; i++) {
		const unsigned d = text_distance(r->models[i].name, name);

		if (d < least) {
			least = d;
			best = r->models[i].name;
		}
	}
	return best;
}

static int find_model(const struct models_reader *r, const struct yaml_node *node,
		      const struct mig_model *self, int *ret)
{
	const char *meant;

	if (node->kind != YAML_TEXT)
		return yaml_fail(r->file, node, r->err,
				 "\"apart-from\" names models: [chat, ranker]");
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->models[i].name, node->text) != 0)
			continue;
		if (&r->models[i] == self)
			return yaml_fail(r->file, node, r->err,
					 "model \"%s\" apart from itself: write spread: gpu",
					 self->name);
		*ret = (int)i;
		return 0;
	}
	meant = nearest_model(r, node->text);
	return yaml_fail(r->file, node, r->err,
			 "\"apart-from\": no model is called \"%s\"%s%s%s", node->text,
			 meant ? "; did you mean \"" : "", meant ? meant : "",
			 meant ? "\"?" : "");
}

/* One list of names; @apart has room for them. */
static int read_apart_list(const struct models_reader *r, const struct yaml_node *list,
			   bool on_node, struct mig_model *m, struct mig_model_apart *apart)
{
	if (list->kind != YAML_LIST)
		return yaml_fail(r->file, list, r->err,
				 "\"apart-from\" must be a list of models, [chat], or "
				 "{gpu: [chat], node: [ranker]}");
	for (size_t i = 0; i < list->n; i++) {
		int rc = find_model(r, list->items[i], m, &apart[m->n_apart].model);

		if (rc < 0)
			return rc;
		apart[m->n_apart++].on_node = on_node;
	}
	return 0;
}

static int read_apart(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m)
{
	static const char *const known[] = { "gpu", "node", NULL };
	const struct yaml_node *node = yaml_get(map, "apart-from");
	struct mig_model_apart *apart;
	size_t n = 0;
	int rc = 0;

	if (!node)
		return 0;
	if (node->kind == YAML_MAP)
		rc = yaml_keys(r->file, node, known, r->err);
	if (rc < 0)
		return rc;
	n = node->n;
	for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++)
		n += node->items[i]->n;
	apart = models_alloc(r, n, sizeof(*apart));
	if (!apart)
		return models_out_of_memory(r);
	m->apart = apart;
	if (node->kind != YAML_MAP)
		return read_apart_list(r, node, false, m, apart);
	for (size_t i = 0; i < node->n && rc == 0; i++)
		rc = read_apart_list(r, node->items[i],
				     strcmp(node->keys[i]->text, "node") == 0, m, apart);
	return rc;
}

static int read_models(struct models_reader *r, const struct yaml_node *list)
{
	int rc = 0;

	if (list->n == 0)
		return yaml_fail(r->file, list, r->err, "\"models\" must have at least one");
	if (list->n > MIG_MODELS_MAX)
		return yaml_fail(r->file, list, r->err,
				 "\"models\" has %zu, more than %d; those alike are one with "
				 "replicas: N",
				 list->n, MIG_MODELS_MAX);
	r->models = models_alloc(r, list->n, sizeof(*r->models));
	if (!r->models)
		return models_out_of_memory(r);
	for (size_t i = 0; i < list->n && rc == 0; i++)
		rc = read_model(r, list->items[i], &r->models[i]);
	r->n = list->n;
	for (size_t i = 0; i < list->n && rc == 0; i++)
		rc = read_apart(r, list->items[i], &r->models[i]);
	return rc;
}

static int read_root(struct models_reader *r)
{
	static const char *const known[] = { "version", "models", NULL };
	const struct yaml_node *root = yaml_root(r->file), *node;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(r->file, root, r->err,
				 "a models file is a map with \"version\" and \"models\"");
	rc = yaml_want(r->file, root, "version", YAML_TEXT, &node, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "write version: migctl/v1");
	if (strcmp(node->text, "migctl/v1") != 0)
		return yaml_fail(r->file, node, r->err,
				 "version \"%s\" is none of a models file, which is migctl/v1",
				 node->text);
	if (!yaml_get(root, "models") &&
	    (yaml_get(root, "gpus") || yaml_get(root, "mig-configs")))
		return yaml_fail(r->file, root, r->err,
				 "this is a layout file; a models file has \"models\"");
	rc = yaml_keys(r->file, root, known, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, root, "models", YAML_LIST, &node, r->err);
	return rc < 0 ? rc : read_models(r, node);
}

int mig_models_parse(const char *text, size_t len, const char *name, struct mig_models **ret,
		     struct mig_error *err)
{
	struct models_reader r = { .err = err };
	struct mig_models *models = calloc(1, sizeof(*models));
	struct arena *memory = calloc(1, sizeof(*memory));
	int rc;

	r.memory = memory;
	if (models && memory)
		models->memory = memory;
	rc = models && memory ? yaml_read(text, len, name, &r.file, err)
			      : mig_fail(err, MIG_E_NOMEM, "read %s", name);
	if (rc == 0) {
		rc = read_root(&r);
		models->name = models_copy(&r, name);
		if (rc == 0 && !models->name)
			rc = models_out_of_memory(&r);
		models->models = r.models;
		models->n = r.n;
		yaml_file_free(r.file);
	}
	if (rc == 0) {
		*ret = models;
		return 0;
	}
	if (memory)
		arena_free(memory);
	free(memory);
	free(models);
	return rc;
}

int mig_models_read(const char *path, struct mig_models **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);

	return rc < 0 ? rc : mig_models_parse(text, len, path, ret, err);
}

void mig_models_free(struct mig_models *models)
{
	if (!models)
		return;
	arena_free(models->memory);
	free(models->memory);
	free(models);
}
