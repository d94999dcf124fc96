/* SPDX-License-Identifier: Apache-2.0 */
/* How long changes of a GPU take: data/timing.yaml, and other files of its format. */
#include "catalog.h"

#include <string.h>
#include <strings.h>

#include "shared/cleanup.h"
#include "shared/text.h"

#define FORMAT_VERSION "migctl-timing/v1"

enum { MS_MAX = 3600000 };

static void yaml_free_p(struct yaml_file **file)
{
	yaml_file_free(*file);
}

static int read_ms(struct mig_gpu_file *f, const struct yaml_node *map, const char *key,
		   int64_t *ret)
{
	const struct yaml_node *node;
	int rc = yaml_want(f->yaml, map, key, YAML_TEXT, &node, f->err);

	return rc < 0 ? rc : yaml_int(f->yaml, node, 1, MS_MAX, ret, f->err);
}

/* {1: 110, 2: 120}: milliseconds by compute slices. */
static int read_create(struct mig_gpu_file *f, const struct yaml_node *map,
		       struct mig_timing *ret)
{
	const struct yaml_node *list;
	int rc = yaml_want(f->yaml, map, "create-ms", YAML_MAP, &list, f->err);

	for (size_t i = 0; rc == 0 && i < list->n; i++) {
		int64_t slices;

		rc = yaml_int(f->yaml, list->keys[i], 1, MIG_UNITS_MAX, &slices, f->err);
		if (rc == 0)
			rc = yaml_int(f->yaml, list->items[i], 1, MS_MAX,
				      &ret->create_ms[slices], f->err);
	}
	return rc;
}

/* An entry's source, in words. @as: the type asked for is another one than the entry's. */
static int read_origin(struct mig_gpu_file *f, const struct yaml_node *map, const char *as,
		       enum mig_basis *ret_basis, char *ret)
{
	const struct yaml_node *text;
	int rc = mig_gpu_file_source(f, map, "source", ret_basis);

	if (rc < 0)
		return rc;
	text = yaml_get(yaml_get(f->sources, yaml_get(map, "source")->text), "text");
	ret[0] = '\0';
	text_append(ret, MIG_ORIGIN_MAX, "published: %s", text->text);
	if (!as)
		return 0;
	*ret_basis = MIG_BASIS_ASSUMED;
	ret[0] = '\0';
	text_append(ret, MIG_ORIGIN_MAX, "assumed: as %s (published: %s)", as, text->text);
	return 0;
}

static int read_instances(struct mig_gpu_file *f, const struct yaml_node *map, const char *as,
			  struct mig_timing *ret)
{
	static const char *const known[] = { "gpu-type", "create-ms", "destroy-ms", "source",
					     NULL };
	int rc;

	for (int i = 0; i <= MIG_UNITS_MAX; i++)
		ret->create_ms[i] = MIG_UNKNOWN;
	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = read_create(f, map, ret)) < 0 ||
	    (rc = read_ms(f, map, "destroy-ms", &ret->destroy_ms)) < 0)
		return rc;
	return read_origin(f, map, as, &ret->basis, ret->origin);
}

static int read_mode(struct mig_gpu_file *f, const struct yaml_node *map, const char *as,
		     struct mig_timing *ret)
{
	static const char *const known[] = { "gpu-type", "switch-ms", "source", NULL };
	int rc;

	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = read_ms(f, map, "switch-ms", &ret->switch_ms)) < 0)
		return rc;
	return read_origin(f, map, as, &ret->switch_basis, ret->switch_origin);
}

/* Does @key name a GPU type of the kind @start: "A100-SXM4-80GB" is an A100? */
static bool is_of(const char *key, const char *start)
{
	const size_t n = strlen(start);

	return strncasecmp(key, start, n) == 0 && (key[n] == '\0' || key[n] == '-');
}

/*
 * The entry of list @what that speaks of @key is read last, so that it is what stays; before
 * it all others, so that each is checked, and that of "others".
 */
static int read_list(struct mig_gpu_file *f, const struct yaml_node *root, const char *what,
		     const char *key,
		     int (*read)(struct mig_gpu_file *f, const struct yaml_node *map,
				 const char *as, struct mig_timing *ret),
		     struct mig_timing *ret)
{
	const struct yaml_node *list, *others, *other, *type, *found = NULL, *as = NULL;
	struct mig_timing any;
	int rc;

	if ((rc = yaml_want(f->yaml, root, what, YAML_LIST, &list, f->err)) < 0 ||
	    (rc = yaml_want(f->yaml, root, "others", YAML_MAP, &others, f->err)) < 0 ||
	    (rc = yaml_want(f->yaml, others, what, YAML_TEXT, &other, f->err)) < 0)
		return rc;
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *map = list->items[i];

		if (map->kind != YAML_MAP)
			return yaml_fail(f->yaml, map, f->err, "an entry is a map");
		if ((rc = yaml_want(f->yaml, map, "gpu-type", YAML_TEXT, &type, f->err)) < 0 ||
		    (rc = read(f, map, NULL, &any)) < 0)
			return rc;
		found = is_of(key, type->text) ? map : found;
		as = strcmp(other->text, type->text) == 0 ? map : as;
	}
	if (!as)
		return yaml_fail(f->yaml, other, f->err, "\"%s\" has no entry for %s", what,
				 other->text);
	return found ? read(f, found, NULL, ret) : read(f, as, other->text, ret);
}

static int read_root(struct mig_gpu_file *f, const struct yaml_node *root, const char *key,
		     struct mig_timing *ret)
{
	static const char *const known[] = { "version", "instances", "mode",
					     "others",  "sources",   NULL };
	static const char *const lists[] = { "instances", "mode", NULL };
	const struct yaml_node *version, *others;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(f->yaml, root, f->err, "a map is wanted, with version: %s",
				 FORMAT_VERSION);
	if ((rc = yaml_want(f->yaml, root, "version", YAML_TEXT, &version, f->err)) < 0)
		return rc;
	if (strcmp(version->text, FORMAT_VERSION) != 0)
		return yaml_fail(f->yaml, version, f->err, "version \"%s\"; this reads %s",
				 version->text, FORMAT_VERSION);
	if ((rc = yaml_keys(f->yaml, root, known, f->err)) < 0 ||
	    (rc = mig_gpu_file_sources(f, root)) < 0 ||
	    (rc = yaml_want(f->yaml, root, "others", YAML_MAP, &others, f->err)) < 0 ||
	    (rc = yaml_keys(f->yaml, others, lists, f->err)) < 0 ||
	    (rc = read_list(f, root, "instances", key, read_instances, ret)) < 0 ||
	    (rc = read_list(f, root, "mode", key, read_mode, ret)) < 0)
		return rc;
	return mig_gpu_file_all_used(f);
}

int mig_timing_parse(const char *text, size_t len, const char *name, const char *key,
		     struct mig_timing *ret, struct mig_error *err)
{
	CLEANUP(yaml_free_p) struct yaml_file *yaml = NULL;
	struct mig_gpu_file f = { .err = err };
	struct mig_timing timing = { 0 };
	int rc = yaml_read(text, len, name, &yaml, err);

	if (rc < 0)
		return rc;
	f.yaml = yaml;
	rc = read_root(&f, yaml_root(yaml), key, &timing);
	if (rc == 0)
		*ret = timing;
	return rc;
}

int mig_timing_find(const char *key, struct mig_timing *ret, struct mig_error *err)
{
	return mig_timing_parse(mig_builtin_timing, strlen(mig_builtin_timing), "timing.yaml",
				key, ret, err);
}

int64_t mig_timing_create_ms(const struct mig_timing *timing, int slices)
{
	for (int i = slices > 0 ? slices : 0; i <= MIG_UNITS_MAX; i++) {
		if (timing->create_ms[i] != MIG_UNKNOWN)
			return timing->create_ms[i];
	}
	return MIG_UNKNOWN;
}
