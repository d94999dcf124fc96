/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/nodes.h"

#include <stdlib.h>
#include <string.h>

#include <mig/cost.h>

#include "shared/text.h"
#include "shared/yaml.h"

static const int64_t nodes_max = 1000000000;

/* It becomes a label, a file's name and, with a number behind it, a node's: a host's letters. */
static bool name_ok(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	enum { NAME_BYTES = 48 };

	return *s && strchr(letters, *s) && s[strspn(s, more)] == '\0' &&
	       strlen(s) <= NAME_BYTES;
}

static int read_texts(const struct yaml_file *file, const struct yaml_node *map,
		      struct node *ret, struct mig_error *err)
{
	const struct yaml_node *name, *type;
	int rc = yaml_want(file, map, "name", YAML_TEXT, &name, err);

	if (rc == 0)
		rc = yaml_want(file, map, "gpu-type", YAML_TEXT, &type, err);
	if (rc < 0)
		return rc;
	if (!name_ok(name->text))
		return yaml_fail(
			file, name, err,
			"\"%s\" is no name for a node: letters, digits and \"._-\", 48 "
			"bytes at most",
			name->text);
	if (strlen(type->text) >= sizeof(ret->gpu_type))
		return yaml_fail(file, type, err, "\"gpu-type\" is longer than any");
	text_copy(ret->name, sizeof(ret->name), name->text);
	text_copy(ret->gpu_type, sizeof(ret->gpu_type), type->text);
	return 0;
}

static int read_numbers(const struct yaml_file *file, const struct yaml_node *map,
			struct node *ret, struct mig_error *err)
{
	const struct yaml_node *gpus, *count = yaml_get(map, "count");
	const struct yaml_node *usd = yaml_get(map, "usd-per-h");
	const char *fault;
	int64_t v;
	int rc = yaml_want(file, map, "gpus", YAML_TEXT, &gpus, err);

	if (rc == 0)
		rc = yaml_int(file, gpus, 1, NODE_GPUS_MAX, &v, err);
	if (rc < 0)
		return mig_hint(err, rc, "\"gpus\" is how many a node has");
	ret->gpus = (int)v;
	ret->count = 1;
	ret->is_many = count != NULL;
	if (count) {
		rc = yaml_int(file, count, 1, nodes_max, &ret->count, err);
		if (rc < 0)
			return mig_hint(err, rc, "in \"count\"");
	}
	ret->uusd_per_h = -1;
	if (!usd)
		return 0;
	fault = usd->kind == YAML_TEXT ? mig_usd_parse(usd->text, &ret->uusd_per_h)
				       : "is no number";
	return fault ? yaml_fail(file, usd, err, "\"usd-per-h\", of one GPU: \"%s\" %s",
				 usd->kind == YAML_TEXT ? usd->text : "...", fault)
		     : 0;
}

static int read_node(const struct yaml_file *file, const struct yaml_node *map,
		     struct node_list *list, struct mig_error *err)
{
	static const char *const known[] = { "name",  "gpu-type",  "gpus",
					     "count", "usd-per-h", NULL };
	struct node *node = &list->nodes[list->n];
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(
			file, map, err,
			"a node must be a map with \"name\", \"gpu-type\" and \"gpus\"");
	node->line = map->line;
	rc = yaml_keys(file, map, known, err);
	if (rc == 0)
		rc = read_texts(file, map, node, err);
	if (rc == 0)
		rc = read_numbers(file, map, node, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->nodes[i].name, node->name) == 0)
			return yaml_fail(file, map, err,
					 "node \"%s\" stands on line %u already", node->name,
					 list->nodes[i].line);
	}
	list->n++;
	return 0;
}

enum { NODES_MAX = 8192 }; /* lines of a list; those alike are one with a count */

static int read_root(const struct yaml_file *file, struct node_list *list,
		     struct mig_error *err)
{
	static const char *const known[] = { "version", "nodes", NULL };
	const struct yaml_node *root = yaml_root(file), *node;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(file, root, err,
				 "a node list is a map with \"version\" and \"nodes\"");
	rc = yaml_want(file, root, "version", YAML_TEXT, &node, err);
	if (rc == 0 && strcmp(node->text, "migctl/v1") != 0)
		rc = yaml_fail(file, node, err, "version \"%s\" is not known, only migctl/v1",
			       node->text);
	if (rc == 0)
		rc = yaml_keys(file, root, known, err);
	if (rc == 0)
		rc = yaml_want(file, root, "nodes", YAML_LIST, &node, err);
	if (rc < 0)
		return rc;
	if (node->n == 0 || node->n > NODES_MAX)
		return yaml_fail(file, node, err, "\"nodes\" must have 1 to %d lines",
				 NODES_MAX);
	list->nodes = calloc(node->n, sizeof(*list->nodes));
	if (!list->nodes)
		return mig_fail(err, MIG_E_NOMEM, "read %s", yaml_name(file));
	for (size_t i = 0; i < node->n && rc == 0; i++)
		rc = read_node(file, node->items[i], list, err);
	return rc;
}

int node_list_parse(const char *text, size_t len, const char *name, struct node_list *ret,
		    struct mig_error *err)
{
	struct node_list list = { 0 };
	struct yaml_file *file;
	int rc = yaml_read(text, len, name, &file, err);

	if (rc < 0)
		return rc;
	rc = read_root(file, &list, err);
	yaml_file_free(file);
	if (rc < 0) {
		node_list_free(&list);
		return rc;
	}
	*ret = list;
	return 0;
}

void node_list_free(struct node_list *list)
{
	free(list->nodes);
	*list = (struct node_list){ 0 };
}
