/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the instances of a layout file. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "shared/yaml.h"

int layout_out_of_memory(const struct layout_reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", yaml_name(r->yaml));
}

int layout_read_text(const struct layout_reader *r, const struct yaml_node *map,
		     const char *key, const char **ret)
{
	const struct yaml_node *node;
	int rc;

	if (!yaml_get(map, key))
		return 0;
	rc = yaml_want(r->yaml, map, key, YAML_TEXT, &node, r->err);
	if (rc < 0)
		return rc;
	*ret = mig_config_string(r->file->memory, node->text);
	return *ret ? 0 : layout_out_of_memory(r);
}

/* An optional key with a whole number behind it; *@ret stays when it is not there. */
static int read_number(const struct layout_reader *r, const struct yaml_node *map,
		       const char *key, int min, int max, int *ret)
{
	const struct yaml_node *node = yaml_get(map, key);
	int64_t v;
	int rc;

	if (!node)
		return 0;
	rc = yaml_int(r->yaml, node, min, max, &v, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "that is \"%s\"", key);
	*ret = (int)v;
	return 0;
}

static int read_name(const struct layout_reader *r, const struct yaml_node *map,
		     struct mig_layout_item *item)
{
	const struct yaml_node *node = yaml_get(map, "name");
	int rc = layout_read_text(r, map, "name", &item->name);

	if (rc < 0 || !node)
		return rc;
	if (!mig_instance_name_ok(item->name))
		return yaml_fail(r->yaml, node, r->err,
				 "\"%s\" is no name for an instance: that is words of letters, "
				 "digits and \"._-\" with \"/\" between them, a letter first, "
				 "shorter than %d bytes, and nothing that the driver calls by "
				 "itself (GPU-..., MIG-..., gpu0, gi1)",
				 item->name, MIG_INSTANCE_NAME_MAX);
	if (!r->is_one_gpu)
		return yaml_fail(
			r->yaml, node, r->err,
			"\"%s\" would name an instance of several GPUs; write an entry "
			"for each, with \"gpu\"",
			item->name);
	if (item->count > 1)
		return yaml_fail(r->yaml, node, r->err,
				 "\"%s\" would name %d instances; list them one by one",
				 item->name, item->count);
	return 0;
}

/* What a GPU instance and a compute instance have both. */
static int read_item(const struct layout_reader *r, const struct yaml_node *map,
		     struct mig_layout_item *item)
{
	const struct yaml_node *profile;
	int rc = yaml_want(r->yaml, map, "profile", YAML_TEXT, &profile, r->err);

	*item = (struct mig_layout_item){ .line = map->line, .start = -1, .count = 1 };
	if (rc == 0 && strlen(profile->text) >= MIG_NAME_MAX)
		return yaml_fail(r->yaml, profile, r->err,
				 "a profile's name is shorter than %d bytes", MIG_NAME_MAX);
	if (rc == 0)
		rc = layout_read_text(r, map, "profile", &item->profile);
	if (rc == 0)
		rc = read_number(r, map, "start", 0, MIG_UNITS_MAX - 1, &item->start);
	if (rc == 0)
		rc = read_number(r, map, "count", 1, INT_MAX, &item->count);
	if (rc == 0 && item->start >= 0 && item->count > 1)
		return yaml_fail(r->yaml, yaml_get(map, "start"), r->err,
				 "%d instances cannot all begin at %d; list them one by one",
				 item->count, item->start);
	return rc < 0 ? rc : read_name(r, map, item);
}

static int read_ci(const struct layout_reader *r, const struct yaml_node *map,
		   const struct mig_layout_item *gi, struct mig_layout_item *ci)
{
	static const char *const known[] = { "profile", "start", "count", "name", NULL };
	struct mig_config_profile of = { 0 }, p;
	const char *fault;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->yaml, map, r->err,
				 "a compute instance must be a map with \"profile\"");
	rc = yaml_keys(r->yaml, map, known, r->err);
	if (rc == 0)
		rc = read_item(r, map, ci);
	if (rc < 0)
		return rc;
	fault = mig_config_profile_read(ci->profile, &p);
	if (fault)
		return yaml_fail(r->yaml, yaml_get(map, "profile"), r->err, "\"%s\": %s",
				 ci->profile, fault);
	if (mig_config_profile_read(gi->profile, &of) || p.g != of.g || p.gb != of.gb ||
	    strcmp(p.attributes, of.attributes) != 0)
		return yaml_fail(r->yaml, yaml_get(map, "profile"), r->err,
				 "\"%s\" is no compute instance of a %s; one is called such as "
				 "\"1c.%s\"",
				 ci->profile, gi->profile, gi->profile);
	return 0;
}

static int read_cis(const struct layout_reader *r, const struct yaml_node *map,
		    struct mig_layout_item *gi)
{
	const struct yaml_node *list;
	struct mig_layout_item *cis;
	int rc;

	if (!yaml_get(map, "compute-instances"))
		return 0;
	rc = yaml_want(r->yaml, map, "compute-instances", YAML_LIST, &list, r->err);
	if (rc < 0)
		return rc;
	if (gi->name)
		return yaml_fail(r->yaml, yaml_get(map, "name"), r->err,
				 "\"name\" beside \"compute-instances\": it is they that are "
				 "named");
	cis = mig_config_room(r->file->memory, list->n, sizeof(*cis));
	if (!cis)
		return layout_out_of_memory(r);
	for (size_t i = 0; i < list->n; i++) {
		rc = read_ci(r, list->items[i], gi, &cis[i]);
		if (rc < 0)
			return rc;
		if (cis[i].name && gi->count > 1)
			return yaml_fail(r->yaml, yaml_get(list->items[i], "name"), r->err,
					 "\"%s\" would name an instance of %d GPU instances; "
					 "list them one by one",
					 cis[i].name, gi->count);
	}
	gi->is_split = true;
	gi->cis = cis;
	gi->n_cis = list->n;
	return 0;
}

static int read_instance(const struct layout_reader *r, const struct yaml_node *map,
			 struct mig_layout_item *gi)
{
	static const char *const known[] = { "profile",           "start", "count", "name",
					     "compute-instances", NULL };
	struct mig_config_profile p;
	const char *fault;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->yaml, map, r->err,
				 "an instance must be a map with \"profile\"");
	rc = yaml_keys(r->yaml, map, known, r->err);
	if (rc == 0)
		rc = read_item(r, map, gi);
	if (rc < 0)
		return rc;
	fault = mig_config_profile_read(gi->profile, &p);
	if (fault)
		return yaml_fail(r->yaml, yaml_get(map, "profile"), r->err, "\"%s\": %s",
				 gi->profile, fault);
	if (gi->profile[strspn(gi->profile, "0123456789")] == 'c')
		return yaml_fail(r->yaml, yaml_get(map, "profile"), r->err,
				 "\"%s\" is a compute instance: write it below "
				 "\"compute-instances\" of its GPU instance, \"profile: %s\"",
				 gi->profile, strchr(gi->profile, '.') + 1);
	return read_cis(r, map, gi);
}

int layout_read_instances(const struct layout_reader *r, const struct yaml_node *map,
			  struct mig_layout_entry *entry)
{
	const struct yaml_node *list = yaml_get(map, "instances");
	struct mig_layout_item *items;
	int rc;

	if (!entry->mig_enabled && list)
		return yaml_fail(r->yaml, list, r->err,
				 "\"instances\" beside mig-enabled: false; take them out, or "
				 "write mig-enabled: true");
	if (!entry->mig_enabled)
		return 0;
	rc = yaml_want(r->yaml, map, "instances", YAML_LIST, &list, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "[] is MIG on without instances");
	items = mig_config_room(r->file->memory, list->n, sizeof(*items));
	if (!items)
		return layout_out_of_memory(r);
	for (size_t i = 0; i < list->n; i++) {
		rc = read_instance(r, list->items[i], &items[i]);
		if (rc < 0)
			return rc;
	}
	entry->instances = items;
	entry->n_instances = list->n;
	return 0;
}
