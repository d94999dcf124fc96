/* SPDX-License-Identifier: Apache-2.0 */
/* Partition files as mig-parted prints them: lists not indented, filters and devices on
 * their line, mig-devices always there. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "shared/text.h"

/* "3g.40gb", which no YAML takes for a number; with attributes it may have a comma. */
static bool is_plain_profile(const char *s)
{
	struct mig_config_profile p;

	return !mig_config_profile_read(s, &p) && !strchr(s, ',');
}

/* Would YAML read @s, unquoted, as just these letters? */
static bool is_plain(const char *s)
{
	static const char *const words[] = { "y",   "n",    "yes",   "no",  "on",
					     "off", "true", "false", "null" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.+/";

	if (is_plain_profile(s))
		return true;
	if (!strchr(letters, s[0]) || s[strspn(s, more)] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(s, words[i]) == 0)
			return false;
	}
	return true;
}

void mig_config_add_word(struct text *t, const char *s)
{
	if (is_plain(s)) {
		text_add(t, "%s", s);
		return;
	}
	/* Of what there can be only these two need an escape. */
	text_add(t, "\"");
	for (; *s; s++)
		text_add(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	text_add(t, "\"");
}

static const char *filter_format(const struct mig_config_filter *f, char *buf, size_t size)
{
	if (f->has_subsystem)
		snprintf(buf, size, "0x%08X:0x%08X", f->pci_id, f->pci_subsystem);
	else
		snprintf(buf, size, "0x%08X", f->pci_id);
	return buf;
}

static void add_filters(struct text *t, const struct mig_config_entry *e)
{
	const bool is_list = e->n_filters > 1 || e->is_filter_list;
	char buf[32];

	if (e->n_filters == 0)
		return;
	text_add(t, "device-filter: %s", is_list ? "[" : "");
	for (size_t i = 0; i < e->n_filters; i++)
		text_add(t, "%s\"%s\"", i ? ", " : "",
			 filter_format(&e->filters[i], buf, sizeof(buf)));
	text_add(t, "%s\n    ", is_list ? "]" : "");
}

static void add_devices(struct text *t, const struct mig_config_entry *e)
{
	if (e->is_all) {
		text_add(t, "devices: all\n");
		return;
	}
	text_add(t, "devices: [");
	for (size_t i = 0; i < e->n_indices; i++)
		text_add(t, "%s%d", i ? ", " : "", e->indices[i]);
	text_add(t, "]\n");
}

static void add_entry(struct text *t, const struct mig_config_entry *e)
{
	text_add(t, "  - ");
	add_filters(t, e);
	add_devices(t, e);
	text_add(t, "    mig-enabled: %s\n", e->mig_enabled ? "true" : "false");
	text_add(t, "    mig-devices:%s\n", e->n_devices ? "" : " {}");
	for (size_t i = 0; i < e->n_devices; i++)
		text_add(t, "      %s: %d\n", e->devices[i].profile, e->devices[i].count);
}

static char *write_yaml(const struct mig_config *cfg)
{
	struct text t = { 0 };

	text_add(&t, "version: v1\nmig-configs:\n");
	for (size_t i = 0; i < cfg->n_labels; i++) {
		text_add(&t, "  ");
		mig_config_add_word(&t, cfg->labels[i].name);
		text_add(&t, ":\n");
		for (size_t k = 0; k < cfg->labels[i].n_entries; k++)
			add_entry(&t, &cfg->labels[i].entries[k]);
	}
	if (t.is_short) {
		text_free(&t);
		return NULL;
	}
	return t.s;
}

/* jansson fails a step at a time and takes NULL for what failed before; asked once, at the end. */
static void append(json_t *list, json_t *item, bool *is_short)
{
	*is_short |= json_array_append_new(list, item) < 0;
}

static void set(json_t *map, const char *key, json_t *value, bool *is_short)
{
	*is_short |= json_object_set_new(map, key, value) < 0;
}

static json_t *filters_json(const struct mig_config_entry *e, bool *is_short)
{
	json_t *list;
	char buf[32];

	if (e->n_filters == 1 && !e->is_filter_list)
		return json_string(filter_format(&e->filters[0], buf, sizeof(buf)));
	list = json_array();
	for (size_t i = 0; i < e->n_filters; i++)
		append(list, json_string(filter_format(&e->filters[i], buf, sizeof(buf))),
		       is_short);
	return list;
}

static json_t *devices_json(const struct mig_config_entry *e, bool *is_short)
{
	json_t *list;

	if (e->is_all)
		return json_string("all");
	list = json_array();
	for (size_t i = 0; i < e->n_indices; i++)
		append(list, json_integer(e->indices[i]), is_short);
	return list;
}

static json_t *entry_json(const struct mig_config_entry *e, bool *is_short)
{
	json_t *map = json_object(), *devices = json_object();

	for (size_t i = 0; i < e->n_devices; i++)
		set(devices, e->devices[i].profile, json_integer(e->devices[i].count),
		    is_short);
	if (e->n_filters > 0)
		set(map, "device-filter", filters_json(e, is_short), is_short);
	set(map, "devices", devices_json(e, is_short), is_short);
	set(map, "mig-enabled", json_boolean(e->mig_enabled), is_short);
	set(map, "mig-devices", devices, is_short);
	return map;
}

static json_t *labels_json(const struct mig_config *cfg, bool *is_short)
{
	json_t *configs = json_object();

	for (size_t i = 0; i < cfg->n_labels; i++) {
		const struct mig_config_label *label = &cfg->labels[i];
		json_t *list = json_array();

		for (size_t k = 0; k < label->n_entries; k++)
			append(list, entry_json(&label->entries[k], is_short), is_short);
		set(configs, label->name, list, is_short);
	}
	return configs;
}

static char *write_json(const struct mig_config *cfg)
{
	json_t *root = json_object();
	char *dump = NULL, *ret = NULL;
	bool is_short = false;

	set(root, "version", json_string("v1"), &is_short);
	set(root, "mig-configs", labels_json(cfg, &is_short), &is_short);
	if (!is_short)
		dump = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (dump && asprintf(&ret, "%s\n", dump) < 0)
		ret = NULL;
	free(dump);
	return ret;
}

int mig_config_write(const struct mig_config *cfg, enum mig_config_format format, char **ret,
		     struct mig_error *err)
{
	char *text = format == MIG_CONFIG_JSON ? write_json(cfg) : write_yaml(cfg);

	if (!text)
		return mig_fail(err, MIG_E_NOMEM, "write %s", cfg->name);
	*ret = text;
	return 0;
}
