/* SPDX-License-Identifier: Apache-2.0 */
/* Reading partition files. What YAML is, is shared/yaml's matter; what may be said, ours. */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "shared/yaml.h"

struct reader {
	struct yaml_file *file;
	struct mig_config *cfg;
	struct mig_error *err;
};

static int out_of_memory(const struct reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", yaml_name(r->file));
}

bool mig_config_is_null(const struct yaml_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != YAML_TEXT || node->is_quoted)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	}
	return false;
}

/* The words of YAML 1.1, which is what mig-parted's reader knows. */
static int read_bool(const struct reader *r, const struct yaml_node *node, bool *ret)
{
	static const struct {
		const char *words[3];
		bool value;
	} rows[] = {
		{ { "true", "True", "TRUE" }, true }, { { "yes", "Yes", "YES" }, true },
		{ { "on", "On", "ON" }, true },       { { "false", "False", "FALSE" }, false },
		{ { "no", "No", "NO" }, false },      { { "off", "Off", "OFF" }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < 3 && !node->is_quoted; j++) {
			if (strcmp(node->text, rows[i].words[j]) == 0) {
				*ret = rows[i].value;
				return 0;
			}
		}
	}
	return yaml_fail(r->file, node, r->err,
			 "\"mig-enabled\" must be true or false (without quotes), not \"%s\"",
			 node->text);
}

/* "0x" and eight hexadecimal digits; moves *@s behind them. */
static bool take_pci_id(const char **s, uint32_t *ret)
{
	char word[sizeof("0x20B210DE")];
	uint64_t v;

	if (strnlen(*s, sizeof(word) - 1) < sizeof(word) - 1)
		return false;
	text_copy(word, sizeof(word), *s);
	if (word[0] != '0' || word[1] != 'x' ||
	    strspn(word + 2, "0123456789abcdefABCDEF") != 8 || !text_parse_u64(word, &v))
		return false;
	*s += sizeof(word) - 1;
	*ret = (uint32_t)v;
	return true;
}

/* "0x20B210DE", or with the id of the board "0x233010DE:0x16C110DE". */
static bool parse_filter(const char *s, struct mig_config_filter *ret)
{
	if (!take_pci_id(&s, &ret->pci_id))
		return false;
	ret->has_subsystem = *s == ':';
	if (ret->has_subsystem) {
		s++;
		if (!take_pci_id(&s, &ret->pci_subsystem))
			return false;
	}
	return *s == '\0';
}

static int read_filter(const struct reader *r, const struct yaml_node *node,
		       struct mig_config_filter *ret)
{
	const bool is_text = node->kind == YAML_TEXT;

	if (!is_text || !parse_filter(node->text, ret))
		return yaml_fail(r->file, node, r->err,
				 "%s%s%s is no device-filter: that is a PCI id such as "
				 "\"0x20B210DE\" (device 20B2, vendor 10DE), or one with the "
				 "board's, \"0x233010DE:0x16C110DE\"",
				 is_text ? "\"" : "", is_text ? node->text : "a list or map",
				 is_text ? "\"" : "");
	/* Unquoted it is a number to YAML, and mig-parted refuses numbers. */
	if (!node->is_quoted && !ret->has_subsystem)
		return yaml_fail(r->file, node, r->err,
				 "a device-filter must be in quotes: \"%s\"", node->text);
	return 0;
}

static int read_filters(const struct reader *r, const struct yaml_node *node,
			struct mig_config_entry *entry)
{
	const size_t n = node && node->kind == YAML_LIST ? node->n : 1;
	struct mig_config_filter *filters;

	/* No filter, in mig-parted's ways of saying so. */
	if (!node || mig_config_is_null(node) ||
	    (node->kind == YAML_TEXT && node->text[0] == '\0'))
		return 0;
	filters = mig_config_alloc(r->cfg, n, sizeof(*filters));
	if (!filters)
		return out_of_memory(r);
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;
		int rc = read_filter(r, item, &filters[i]);

		if (rc < 0)
			return rc;
	}
	entry->filters = filters;
	entry->n_filters = n;
	entry->is_filter_list = node->kind == YAML_LIST;
	return 0;
}

static int read_indices(const struct reader *r, const struct yaml_node *node,
			struct mig_config_entry *entry)
{
	int *indices = mig_config_alloc(r->cfg, node->n, sizeof(*indices));

	if (!indices)
		return out_of_memory(r);
	for (size_t i = 0; i < node->n; i++) {
		int64_t v;
		int rc = yaml_int(r->file, node->items[i], 0, INT_MAX, &v, r->err);

		if (rc < 0)
			return mig_hint(r->err, rc, "\"devices\" lists GPU indices: [0, 1]");
		indices[i] = (int)v;
	}
	entry->indices = indices;
	entry->n_indices = node->n;
	return 0;
}

static int read_devices(const struct reader *r, const struct yaml_node *map,
			struct mig_config_entry *entry)
{
	const struct yaml_node *node = yaml_get(map, "devices");

	if (!node)
		return yaml_fail(r->file, map, r->err,
				 "\"devices\" is missing here: all, or a list such as [0, 1]");
	entry->devices_line = node->line;
	if (node->kind == YAML_LIST)
		return read_indices(r, node, entry);
	entry->is_all = node->kind == YAML_TEXT && strcmp(node->text, "all") == 0;
	if (entry->is_all)
		return 0;
	return yaml_fail(r->file, node, r->err,
			 "\"devices\" must be all or a list such as [0, 1], not %s%s%s%s",
			 node->kind == YAML_TEXT ? "\"" : "a map",
			 node->kind == YAML_TEXT ? node->text : "",
			 node->kind == YAML_TEXT ? "\"" : "",
			 node->kind == YAML_TEXT && strspn(node->text, "0123456789") > 0
				 ? "; one GPU is a list of one: [0]"
				 : "");
}

static int read_enabled(const struct reader *r, const struct yaml_node *map,
			struct mig_config_entry *entry)
{
	const struct yaml_node *node;
	int rc = yaml_want(r->file, map, "mig-enabled", YAML_TEXT, &node, r->err);

	return rc < 0 ? rc : read_bool(r, node, &entry->mig_enabled);
}

static int read_mig_device(const struct reader *r, const struct yaml_node *key,
			   const struct yaml_node *value, struct mig_config_device *ret)
{
	struct mig_config_profile profile;
	const char *fault = mig_config_profile_read(key->text, &profile);
	int64_t count;
	int rc;

	if (!fault && strlen(key->text) >= MIG_NAME_MAX)
		fault = "a profile's name is shorter than 96 bytes";
	if (fault)
		return yaml_fail(r->file, key, r->err, "\"%s\": %s", key->text, fault);
	rc = yaml_int(r->file, value, 0, INT_MAX, &count, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "\"%s\" wants a count, 0 or more", key->text);

	ret->profile = mig_config_copy(r->cfg, key->text);
	ret->count = (int)count;
	ret->line = key->line;
	return ret->profile ? 0 : out_of_memory(r);
}

static int read_mig_map(const struct reader *r, const struct yaml_node *map,
			struct mig_config_entry *entry)
{
	struct mig_config_device *devices = mig_config_alloc(r->cfg, map->n, sizeof(*devices));
	bool has_any = map->n == 0;

	if (!devices)
		return out_of_memory(r);
	for (size_t i = 0; i < map->n; i++) {
		int rc = read_mig_device(r, map->keys[i], map->items[i], &devices[i]);

		if (rc < 0)
			return rc;
		has_any = has_any || devices[i].count > 0;
	}
	if (!has_any)
		return yaml_fail(r->file, map, r->err,
				 "every count in \"mig-devices\" is 0; for MIG on without "
				 "instances write mig-devices: {}");
	entry->devices = devices;
	entry->n_devices = map->n;
	return 0;
}

static int read_mig_devices(const struct reader *r, const struct yaml_node *map,
			    struct mig_config_entry *entry)
{
	const struct yaml_node *node = yaml_get(map, "mig-devices");
	int rc;

	if (!node || mig_config_is_null(node)) {
		if (!entry->mig_enabled)
			return 0;
		return yaml_fail(
			r->file, node ? node : map, r->err,
			"mig-enabled: true wants \"mig-devices\"; {} is MIG on without "
			"instances");
	}
	rc = yaml_want(r->file, map, "mig-devices", YAML_MAP, &node, r->err);
	if (rc == 0)
		rc = read_mig_map(r, node, entry);
	if (rc == 0 && !entry->mig_enabled && entry->n_devices > 0)
		return yaml_fail(r->file, node, r->err,
				 "\"mig-devices\" beside mig-enabled: false; take them out, or "
				 "write mig-enabled: true");
	return rc;
}

static int read_entry(const struct reader *r, const struct yaml_node *map,
		      struct mig_config_entry *entry)
{
	static const char *const known[] = { "device-filter", "devices", "mig-enabled",
					     "mig-devices", NULL };
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->file, map, r->err,
				 "an entry must be a map with \"devices\" and \"mig-enabled\"");
	entry->line = map->line;
	rc = yaml_keys(r->file, map, known, r->err);
	if (rc == 0)
		rc = read_filters(r, yaml_get(map, "device-filter"), entry);
	if (rc == 0)
		rc = read_devices(r, map, entry);
	if (rc == 0)
		rc = read_enabled(r, map, entry);
	if (rc == 0)
		rc = read_mig_devices(r, map, entry);
	return rc;
}

static int read_label(const struct reader *r, const struct yaml_node *key,
		      const struct yaml_node *list, struct mig_config_label *label)
{
	const char *fault = mig_config_label_fault(key->text);
	struct mig_config_entry *entries;

	if (fault)
		return yaml_fail(r->file, key, r->err, "%s", fault);
	if (list->kind != YAML_LIST || list->n == 0)
		return yaml_fail(r->file, key, r->err,
				 "config \"%s\" must be a list of at least one entry",
				 key->text);
	entries = mig_config_alloc(r->cfg, list->n, sizeof(*entries));
	label->name = mig_config_copy(r->cfg, key->text);
	if (!entries || !label->name)
		return out_of_memory(r);

	for (size_t i = 0; i < list->n; i++) {
		int rc = read_entry(r, list->items[i], &entries[i]);

		if (rc < 0)
			return rc;
	}
	label->line = key->line;
	label->entries = entries;
	label->n_entries = list->n;
	return 0;
}

static int read_labels(const struct reader *r, const struct yaml_node *map)
{
	struct mig_config_label *labels;

	if (map->n == 0)
		return yaml_fail(r->file, map, r->err,
				 "\"mig-configs\" must have at least one config");
	labels = mig_config_alloc(r->cfg, map->n, sizeof(*labels));
	if (!labels)
		return out_of_memory(r);
	for (size_t i = 0; i < map->n; i++) {
		int rc = read_label(r, map->keys[i], map->items[i], &labels[i]);

		if (rc < 0)
			return rc;
	}
	r->cfg->labels = labels;
	r->cfg->n_labels = map->n;
	return 0;
}

static int read_root(const struct reader *r)
{
	static const char *const known[] = { "version", "mig-configs", NULL };
	const struct yaml_node *root = yaml_root(r->file), *node;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(
			r->file, root, r->err,
			"a partition file is a map with \"version\" and \"mig-configs\"");
	rc = yaml_want(r->file, root, "version", YAML_TEXT, &node, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "write version: v1");
	if (strcmp(node->text, "v1") != 0)
		return yaml_fail(r->file, node, r->err, "version \"%s\" is not known, only v1",
				 node->text);
	rc = yaml_keys(r->file, root, known, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, root, "mig-configs", YAML_MAP, &node, r->err);
	return rc < 0 ? rc : read_labels(r, node);
}

int mig_config_parse(const char *text, size_t len, const char *name, struct mig_config **ret,
		     struct mig_error *err)
{
	struct reader r = { .err = err };
	int rc = yaml_read(text, len, name, &r.file, err);

	if (rc < 0)
		return rc;
	r.cfg = mig_config_new(name);
	rc = r.cfg ? read_root(&r) : out_of_memory(&r);
	yaml_file_free(r.file);
	if (rc < 0) {
		mig_config_free(r.cfg);
		return rc;
	}
	*ret = r.cfg;
	return 0;
}

int mig_config_read(const char *path, struct mig_config **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);

	return rc < 0 ? rc : mig_config_parse(text, len, path, ret, err);
}
