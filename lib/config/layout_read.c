/* SPDX-License-Identifier: Apache-2.0 */
/* Reading layout files. What a file says that no machine could be is refused here, with its line. */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/yaml.h"

/* A text that must be writable again, between quotes if need be. */
static int read_writable(const struct layout_reader *r, const struct yaml_node *map,
			 const char *key, const char **ret)
{
	int rc = layout_read_text(r, map, key, ret);

	if (rc == 0 && *ret && mig_config_label_fault(*ret))
		return yaml_fail(r->yaml, yaml_get(map, key), r->err,
				 "\"%s\" must be UTF-8 of 1 to 255 bytes, without control "
				 "characters and line breaks",
				 key);
	return rc;
}

bool mig_layout_gpu_id_ok(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF",
			  dashed[] = "-0123456789abcdefABCDEF",
			  dotted[] = ":.0123456789abcdefABCDEF";

	if (strncmp(s, "GPU-", 4) == 0)
		return strspn(s + 4, hex) > 0 && s[4 + strspn(s + 4, dashed)] == '\0';
	return strspn(s, hex) > 0 && strchr(s, ':') && strchr(s, '.') &&
	       s[strspn(s, dotted)] == '\0';
}

static int read_gpu(const struct layout_reader *r, const struct yaml_node *node,
		    struct mig_layout_gpu *gpu)
{
	const bool is_text = node->kind == YAML_TEXT;
	const char *s = node->text;
	int64_t index;
	int rc;

	*gpu = (struct mig_layout_gpu){ .index = -1, .line = node->line };
	if (is_text && s[0] && s[strspn(s, "0123456789")] == '\0') {
		rc = yaml_int(r->yaml, node, 0, INT_MAX, &index, r->err);
		if (rc < 0)
			return mig_hint(r->err, rc, "a GPU's index is written as in gpu: 0");
		gpu->index = (int)index;
		return 0;
	}
	if (!is_text || !mig_layout_gpu_id_ok(s))
		return yaml_fail(r->yaml, node, r->err,
				 "%s%s%s names no GPU: that is an index (0), a UUID "
				 "(GPU-...) or a PCI bus id (\"00000000:07:00.0\")",
				 is_text ? "\"" : "a list or map", is_text ? s : "",
				 is_text ? "\"" : "");
	gpu->id = mig_config_string(r->file->memory, s);
	return gpu->id ? 0 : layout_out_of_memory(r);
}

/* "gpus: all", "gpus: [0, 1]"; @node is what stands behind "gpus", or behind "gpu". */
static int read_gpus(const struct layout_reader *r, const struct yaml_node *node,
		     struct mig_layout_entry *entry)
{
	const size_t n = node->kind == YAML_LIST ? node->n : 1;
	struct mig_layout_gpu *gpus = mig_config_room(r->file->memory, n, sizeof(*gpus));

	if (!gpus)
		return layout_out_of_memory(r);
	if (n == 0)
		return yaml_fail(r->yaml, node, r->err, "\"gpus\" must name at least one GPU");
	for (size_t i = 0; i < n; i++) {
		int rc = read_gpu(r, node->kind == YAML_LIST ? node->items[i] : node, &gpus[i]);

		if (rc < 0)
			return rc;
	}
	entry->gpus = gpus;
	entry->n_gpus = n;
	return 0;
}

static int read_whose(const struct layout_reader *r, const struct yaml_node *map,
		      struct mig_layout_entry *entry)
{
	const struct yaml_node *one = yaml_get(map, "gpu"), *some = yaml_get(map, "gpus");

	if (one && some)
		return yaml_fail(r->yaml, some, r->err,
				 "\"gpus\" beside \"gpu\"; write one of the two");
	if (!one && !some)
		return yaml_fail(r->yaml, map, r->err,
				 "\"gpu\" is missing here: an index, UUID or PCI bus id; or "
				 "\"gpus\": all, or a list such as [0, 1]");
	if (one && one->kind == YAML_LIST)
		return yaml_fail(r->yaml, one, r->err,
				 "\"gpu\" is one GPU; for several write \"gpus\"");
	entry->is_all = some && some->kind == YAML_TEXT && strcmp(some->text, "all") == 0;
	if (entry->is_all)
		return 0;
	if (some && some->kind != YAML_LIST)
		return yaml_fail(r->yaml, some, r->err,
				 "\"gpus\" must be all or a list such as [0, 1]");
	return read_gpus(r, one ? one : some, entry);
}

static int read_entry(struct layout_reader *r, const struct yaml_node *map,
		      struct mig_layout_entry *entry)
{
	static const char *const known[] = { "gpu",         "gpus",      "gpu-type",
					     "mig-enabled", "instances", NULL };
	const struct yaml_node *node;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->yaml, map, r->err,
				 "an entry must be a map with \"gpu\" and \"mig-enabled\"");
	entry->line = map->line;
	rc = yaml_keys(r->yaml, map, known, r->err);
	if (rc == 0)
		rc = read_whose(r, map, entry);
	if (rc == 0)
		rc = read_writable(r, map, "gpu-type", &entry->gpu_type);
	if (rc == 0)
		rc = yaml_want(r->yaml, map, "mig-enabled", YAML_TEXT, &node, r->err);
	if (rc == 0)
		rc = yaml_bool(r->yaml, node, &entry->mig_enabled, r->err);
	r->is_one_gpu = !entry->is_all && entry->n_gpus == 1;
	return rc < 0 ? rc : layout_read_instances(r, map, entry);
}

static int read_machine(const struct layout_reader *r, const struct yaml_node *root)
{
	static const char *const known[] = { "kind", "name", NULL };
	const struct yaml_node *map, *kind, *name;
	struct mig_layout_file *file = r->file;
	int rc;

	if (!yaml_get(root, "machine"))
		return 0;
	rc = yaml_want(r->yaml, root, "machine", YAML_MAP, &map, r->err);
	if (rc == 0)
		rc = yaml_keys(r->yaml, map, known, r->err);
	if (rc == 0)
		rc = yaml_want(r->yaml, map, "kind", YAML_TEXT, &kind, r->err);
	if (rc == 0)
		rc = yaml_want(r->yaml, map, "name", YAML_TEXT, &name, r->err);
	if (rc == 0)
		rc = read_writable(r, map, "name", &file->machine.name);
	if (rc < 0)
		return rc;
	file->machine.is_simulated = strcmp(kind->text, "simulated") == 0;
	if (!file->machine.is_simulated && strcmp(kind->text, "hardware") != 0)
		return yaml_fail(r->yaml, kind, r->err,
				 "\"kind\" must be hardware or simulated, not \"%s\"",
				 kind->text);
	file->has_machine = true;
	file->machine_line = map->line;
	return 0;
}

static int refuse_twins(const struct layout_reader *r)
{
	const struct mig_layout_item *twins[2];
	int rc = mig_layout_file_twins(r->file, twins);

	if (rc < 0)
		return layout_out_of_memory(r);
	return rc == 0 ? 0
		       : mig_fail(r->err, MIG_E_SYNTAX,
				  "%s:%u: the name \"%s\" stands here and on line %u",
				  r->file->name, twins[1]->line, twins[1]->name,
				  twins[0]->line);
}

static int read_entries(struct layout_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *list;
	struct mig_layout_entry *entries;
	int rc = yaml_want(r->yaml, root, "gpus", YAML_LIST, &list, r->err);

	if (rc < 0)
		return rc;
	if (list->n == 0)
		return yaml_fail(r->yaml, list, r->err,
				 "\"gpus\" must have at least one entry");
	entries = mig_config_room(r->file->memory, list->n, sizeof(*entries));
	if (!entries)
		return layout_out_of_memory(r);
	for (size_t i = 0; i < list->n; i++) {
		rc = read_entry(r, list->items[i], &entries[i]);
		if (rc < 0)
			return rc;
	}
	r->file->entries = entries;
	r->file->n_entries = list->n;
	return refuse_twins(r);
}

static const char *version_of(const struct yaml_node *root)
{
	const struct yaml_node *node = yaml_get(root, "version");

	return node && node->kind == YAML_TEXT ? node->text : "";
}

static int read_root(struct layout_reader *r)
{
	static const char *const known[] = { "version", "machine", "gpus", NULL };
	const struct yaml_node *root = yaml_root(r->yaml);
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(r->yaml, root, r->err,
				 "a layout file is a map with \"version\" and \"gpus\"");
	if (strcmp(version_of(root), "migctl/v1") != 0)
		return yaml_fail(r->yaml,
				 yaml_get(root, "version") ? yaml_get(root, "version") : root,
				 r->err, "a layout file has version: migctl/v1%s%s%s",
				 *version_of(root) ? ", not \"" : "", version_of(root),
				 *version_of(root) ? "\"" : "");
	if (yaml_get(root, "models"))
		return yaml_fail(
			r->yaml, yaml_get(root, "models"), r->err,
			"this is a models file, and says what shall run; a layout file "
			"has \"gpus\", and says how they are cut");
	rc = yaml_keys(r->yaml, root, known, r->err);
	if (rc == 0)
		rc = read_machine(r, root);
	return rc < 0 ? rc : read_entries(r, root);
}

bool mig_layout_file_is(const char *text, size_t len)
{
	struct yaml_file *yaml;
	bool is_ours;

	if (yaml_read(text, len, "", &yaml, NULL) < 0)
		return false;
	is_ours = strncmp(version_of(yaml_root(yaml)), "migctl/", strlen("migctl/")) == 0;
	yaml_file_free(yaml);
	return is_ours;
}

int mig_layout_file_parse(const char *text, size_t len, const char *name,
			  struct mig_layout_file **ret, struct mig_error *err)
{
	struct layout_reader r = { .err = err };
	int rc = yaml_read(text, len, name, &r.yaml, err);

	if (rc < 0)
		return rc;
	r.file = mig_layout_file_new(name);
	rc = r.file ? read_root(&r) : layout_out_of_memory(&r);
	yaml_file_free(r.yaml);
	if (rc < 0) {
		mig_layout_file_free(r.file);
		return rc;
	}
	*ret = r.file;
	return 0;
}

int mig_layout_file_read(const char *path, struct mig_layout_file **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);

	return rc < 0 ? rc : mig_layout_file_parse(text, len, path, ret, err);
}
