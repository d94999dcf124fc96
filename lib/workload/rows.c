/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a model that are tables: throughput, latency, pins. */
#include <string.h>
#include <strings.h>

#include "workload.h"

int models_read_decimal(const struct models_reader *r, const struct yaml_node *node,
			const char *key, struct mig_decimal *ret)
{
	const char *fault;

	if (node->kind != YAML_TEXT || node->is_quoted)
		return yaml_fail(r->file, node, r->err,
				 "\"%s\" must be a number without quotes", key);
	fault = mig_decimal_parse(node->text, ret);
	if (fault)
		return yaml_fail(r->file, node, r->err, "\"%s\": \"%s\" %s", key, node->text,
				 fault);
	if (ret->digits == 0)
		return yaml_fail(r->file, node, r->err, "\"%s\" must be above 0", key);
	return 0;
}

/* "3g.40gb", or "A100-SXM4-80GB/3g.40gb" for one GPU type alone. */
static int read_name(const struct models_reader *r, const struct yaml_node *node,
		     struct mig_model_row *row)
{
	const char *slash;
	char *copy;

	if (node->kind != YAML_TEXT || *node->text == '\0')
		return yaml_fail(r->file, node, r->err, "a profile must be a name: 3g.40gb");
	if (strlen(node->text) >= MIG_NAME_MAX)
		return yaml_fail(r->file, node, r->err,
				 "a profile's name is shorter than %d bytes", MIG_NAME_MAX);
	copy = (char *)models_copy(r, node->text);
	if (!copy)
		return models_out_of_memory(r);
	slash = strrchr(copy, '/');
	row->line = node->line;
	row->profile = slash ? slash + 1 : copy;
	if (slash) {
		copy[slash - copy] = '\0';
		row->gpu_type = copy;
	}
	if (*row->profile == '\0' || (row->gpu_type && *row->gpu_type == '\0'))
		return yaml_fail(r->file, node, r->err,
				 "\"%s\" must be PROFILE or GPU-TYPE/PROFILE", node->text);
	return 0;
}

static bool same_row(const struct mig_model_row *a, const struct mig_model_row *b)
{
	if (strcmp(a->profile, b->profile) != 0 || !a->gpu_type != !b->gpu_type)
		return false;
	return !a->gpu_type || strcasecmp(a->gpu_type, b->gpu_type) == 0;
}

/* The row that says the same as row @n, or NULL. */
static const struct mig_model_row *row_before(const struct mig_model_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (same_row(&rows[i], &rows[n]))
			return &rows[i];
	}
	return NULL;
}

static int check_twice(const struct models_reader *r, const struct yaml_node *node,
		       const struct mig_model_row *rows, size_t n)
{
	const struct mig_model_row *before = row_before(rows, n);

	return before ? yaml_fail(r->file, node, r->err, "%s stands on line %u already",
				  rows[n].profile, before->line)
		      : 0;
}

enum { ROWS_MAX = 256 };

static int check_size(const struct models_reader *r, const struct yaml_node *node,
		      const char *key)
{
	if (node->n == 0)
		return yaml_fail(r->file, node, r->err, "\"%s\" is empty", key);
	if (node->n > ROWS_MAX)
		return yaml_fail(r->file, node, r->err, "\"%s\" has more than %d lines", key,
				 ROWS_MAX);
	return 0;
}

int models_read_rows(const struct models_reader *r, const struct yaml_node *map,
		     const char *key, struct mig_model_rows *ret)
{
	const struct yaml_node *node = yaml_get(map, key);
	struct mig_model_row *rows;
	int rc = node ? yaml_want(r->file, map, key, YAML_MAP, &node, r->err) : 0;

	if (rc < 0)
		return mig_hint(r->err, rc,
				"it is a table such as {1g.10gb: 183.6, 2g.20gb: 337.8}");
	if (!node)
		return 0;
	rc = check_size(r, node, key);
	if (rc < 0)
		return rc;
	rows = models_alloc(r, node->n, sizeof(*rows));
	if (!rows)
		return models_out_of_memory(r);
	for (size_t i = 0; i < node->n && rc == 0; i++) {
		rc = read_name(r, node->keys[i], &rows[i]);
		if (rc == 0)
			rc = check_twice(r, node->keys[i], rows, i);
		if (rc == 0)
			rc = models_read_decimal(r, node->items[i], rows[i].profile,
						 &rows[i].v);
	}
	if (rc < 0)
		return rc;
	*ret = (struct mig_model_rows){ node->n, rows };
	return 0;
}

int models_read_pins(const struct models_reader *r, const struct yaml_node *node,
		     struct mig_model_rows *ret)
{
	const size_t n = node->kind == YAML_LIST ? node->n : 1;
	struct mig_model_row *rows;
	int rc = node->kind == YAML_LIST ? check_size(r, node, "profile") : 0;

	if (rc < 0)
		return rc;
	rows = models_alloc(r, n, sizeof(*rows));
	if (!rows)
		return models_out_of_memory(r);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;

		rc = read_name(r, item, &rows[i]);
		if (rc == 0)
			rc = check_twice(r, item, rows, i);
	}
	if (rc < 0)
		return rc;
	*ret = (struct mig_model_rows){ n, rows };
	return 0;
}

static bool is_type(const struct mig_gpu_type *type, const char *name)
{
	return strcasecmp(type->key, name) == 0 || strcasecmp(type->name, name) == 0;
}

const struct mig_model_row *models_row(const struct mig_model_rows *rows,
				       const struct mig_gpu_type *type, const char *profile)
{
	const struct mig_model_row *any = NULL;

	for (size_t i = 0; i < rows->n; i++) {
		const struct mig_model_row *row = &rows->rows[i];

		if (strcmp(row->profile, profile) != 0)
			continue;
		if (!row->gpu_type)
			any = row;
		else if (is_type(type, row->gpu_type))
			return row;
	}
	return any;
}
