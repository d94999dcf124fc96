/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout files as text. A file is made into one tree, which is printed as JSON or as YAML, so
 * that the two cannot disagree.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "shared/text.h"

/* jansson fails a step at a time and takes NULL for what failed before; asked once, at the end. */
struct writer {
	bool is_short;
};

static void set(struct writer *w, json_t *map, const char *key, json_t *value)
{
	w->is_short |= json_object_set_new(map, key, value) < 0;
}

static void append(struct writer *w, json_t *list, json_t *item)
{
	w->is_short |= json_array_append_new(list, item) < 0;
}

static json_t *item_tree(struct writer *w, const struct mig_layout_item *item)
{
	json_t *map = json_object(), *cis;

	set(w, map, "profile", json_string(item->profile));
	if (item->start >= 0)
		set(w, map, "start", json_integer(item->start));
	if (item->count > 1)
		set(w, map, "count", json_integer(item->count));
	if (item->name)
		set(w, map, "name", json_string(item->name));
	if (!item->is_split)
		return map;
	cis = json_array();
	for (size_t i = 0; i < item->n_cis; i++)
		append(w, cis, item_tree(w, &item->cis[i]));
	set(w, map, "compute-instances", cis);
	return map;
}

static json_t *gpu_tree(const struct mig_layout_gpu *gpu)
{
	return gpu->id ? json_string(gpu->id) : json_integer(gpu->index);
}

static json_t *gpus_tree(struct writer *w, const struct mig_layout_entry *e)
{
	json_t *list;

	if (e->is_all)
		return json_string("all");
	list = json_array();
	for (size_t i = 0; i < e->n_gpus; i++)
		append(w, list, gpu_tree(&e->gpus[i]));
	return list;
}

static json_t *entry_tree(struct writer *w, const struct mig_layout_entry *e)
{
	json_t *map = json_object(), *instances;

	if (!e->is_all && e->n_gpus == 1)
		set(w, map, "gpu", gpu_tree(&e->gpus[0]));
	else
		set(w, map, "gpus", gpus_tree(w, e));
	if (e->gpu_type)
		set(w, map, "gpu-type", json_string(e->gpu_type));
	set(w, map, "mig-enabled", json_boolean(e->mig_enabled));
	if (!e->mig_enabled)
		return map;
	instances = json_array();
	for (size_t i = 0; i < e->n_instances; i++)
		append(w, instances, item_tree(w, &e->instances[i]));
	set(w, map, "instances", instances);
	return map;
}

static json_t *file_tree(struct writer *w, const struct mig_layout_file *file)
{
	json_t *root = json_object(), *entries = json_array(), *machine;

	set(w, root, "version", json_string("migctl/v1"));
	if (file->has_machine) {
		machine = json_object();
		set(w, machine, "kind",
		    json_string(file->machine.is_simulated ? "simulated" : "hardware"));
		set(w, machine, "name", json_string(file->machine.name));
		set(w, root, "machine", machine);
	}
	for (size_t i = 0; i < file->n_entries; i++)
		append(w, entries, entry_tree(w, &file->entries[i]));
	set(w, root, "gpus", entries);
	return root;
}

static bool is_filled(const json_t *v)
{
	return json_array_size(v) > 0 || json_object_size(v) > 0;
}

/* Does @v fit one line: is nothing in it a list or map with something in it? */
static bool is_line(json_t *v)
{
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(v, key, child)
	{
		if (is_filled(child))
			return false;
	}
	json_array_foreach(v, i, child)
	{
		if (is_filled(child))
			return false;
	}
	return true;
}

/* On the line that has been begun: "3g.40gb", "[0, 1]", "{profile: 3g.40gb, start: 4}". */
static void add_line(struct text *t, json_t *v)
{
	const char *key, *comma = "";
	json_t *child;
	size_t i;

	if (json_is_string(v))
		mig_config_add_word(t, json_string_value(v));
	else if (json_is_integer(v))
		text_add(t, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		text_add(t, "%s", json_is_true(v) ? "true" : "false");
	if (!json_is_object(v) && !json_is_array(v))
		return;
	text_add(t, "%s", json_is_object(v) ? "{" : "[");
	json_object_foreach(v, key, child)
	{
		text_add(t, "%s%s: ", comma, key);
		add_line(t, child);
		comma = ", ";
	}
	json_array_foreach(v, i, child)
	{
		text_add(t, "%s", comma);
		add_line(t, child);
		comma = ", ";
	}
	text_add(t, "%s", json_is_object(v) ? "}" : "]");
}

static void add_block(struct text *t, json_t *v, int indent, bool is_begun);

/* What stands behind "key:" or "-". */
static void add_value(struct text *t, json_t *v, int indent, bool is_item)
{
	if (is_line(v)) {
		text_add(t, " ");
		add_line(t, v);
		text_add(t, "\n");
		return;
	}
	/* The first key of a map stands on the line of its "-". */
	text_add(t, is_item ? " " : "\n");
	add_block(t, v, indent + 2, is_item);
}

/* @is_begun: the first line has its indentation already. */
static void add_block(struct text *t, json_t *v, int indent, bool is_begun)
{
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(v, key, child)
	{
		text_add(t, "%*s%s:", is_begun ? 0 : indent, "", key);
		add_value(t, child, indent, false);
		is_begun = false;
	}
	json_array_foreach(v, i, child)
	{
		text_add(t, "%*s-", indent, "");
		add_value(t, child, indent, true);
	}
}

static char *write_yaml(json_t *root)
{
	struct text t = { 0 };

	add_block(&t, root, 0, false);
	if (t.is_short) {
		text_free(&t);
		return NULL;
	}
	return t.s;
}

static char *write_json(const json_t *root)
{
	char *dump = json_dumps(root, JSON_INDENT(2)), *ret = NULL;

	if (dump && asprintf(&ret, "%s\n", dump) < 0)
		ret = NULL;
	free(dump);
	return ret;
}

int mig_layout_file_write(const struct mig_layout_file *file, enum mig_config_format format,
			  char **ret, struct mig_error *err)
{
	struct writer w = { false };
	json_t *root = file_tree(&w, file);
	char *text = NULL;

	if (!w.is_short)
		text = format == MIG_CONFIG_JSON ? write_json(root) : write_yaml(root);
	json_decref(root);
	if (!text)
		return mig_fail(err, MIG_E_NOMEM, "write %s", file->name);
	*ret = text;
	return 0;
}
