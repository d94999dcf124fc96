/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a GPU file: what the type is called, how large it is, and its sources. */
#include "catalog.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

#define FORMAT_VERSION "migctl-gpu/v1"

static void yaml_free_p(struct yaml_file **file)
{
	yaml_file_free(*file);
}

int mig_gpu_file_ints(struct mig_gpu_file *f, const struct yaml_node *map,
		      const struct mig_int_field *fields, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		const struct mig_int_field *field = &fields[i];
		const struct yaml_node *node = yaml_get(map, field->key);
		char *member = (char *)base + field->offset;
		int64_t v = MIG_UNKNOWN;
		int rc = 0;

		if (node)
			rc = yaml_int(f->yaml, node, field->min, field->max, &v, f->err);
		else if (field->is_required)
			return yaml_fail(f->yaml, map, f->err, "\"%s\" is missing here",
					 field->key);
		if (rc < 0)
			return mig_hint(f->err, rc, "in \"%s\"", field->key);
		if (field->is_wide)
			memcpy(member, &v, sizeof(v));
		else
			memcpy(member, &(int){ (int)v }, sizeof(int));
	}
	return 0;
}

int mig_gpu_file_name(struct mig_gpu_file *f, const struct yaml_node *node,
		      char ret[MIG_NAME_MAX])
{
	if (node->kind != YAML_TEXT || node->text[0] == '\0')
		return yaml_fail(f->yaml, node, f->err, "a name is wanted here");
	if (strlen(node->text) >= MIG_NAME_MAX)
		return yaml_fail(f->yaml, node, f->err, "a name longer than %d characters",
				 MIG_NAME_MAX - 1);
	for (const char *p = node->text; *p; p++) {
		if (!isprint((unsigned char)*p))
			return yaml_fail(f->yaml, node, f->err,
					 "a character in a name that is not printable ASCII");
	}
	text_copy(ret, MIG_NAME_MAX, node->text);
	return 0;
}

int mig_gpu_file_source(struct mig_gpu_file *f, const struct yaml_node *map, const char *key,
			enum mig_basis *ret)
{
	const struct yaml_node *source;
	int rc = yaml_want(f->yaml, map, key, YAML_TEXT, &source, f->err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; f->sources && i < f->sources->n; i++) {
		if (strcmp(f->sources->keys[i]->text, source->text) == 0) {
			f->is_used[i] = true;
			*ret = f->basis[i];
			return 0;
		}
	}
	return yaml_fail(f->yaml, source, f->err, "\"sources\" has no \"%s\"", source->text);
}

/* The bases that a file may claim: not that of the driver at hand, nor that of our rules. */
static int read_basis(struct mig_gpu_file *f, const struct yaml_node *node, enum mig_basis *ret)
{
	for (enum mig_basis b = MIG_BASIS_MEASURED; b <= MIG_BASIS_DERIVED; b++) {
		if (strcmp(node->text, mig_basis_name(b)) == 0) {
			*ret = b;
			return 0;
		}
	}
	return yaml_fail(f->yaml, node, f->err,
			 "basis \"%s\" is none of measured, datasheet, secondary, derived",
			 node->text);
}

int mig_gpu_file_sources(struct mig_gpu_file *f, const struct yaml_node *root)
{
	static const char *const known[] = { "basis", "text", NULL };
	int rc = yaml_want(f->yaml, root, "sources", YAML_MAP, &f->sources, f->err);

	if (rc < 0)
		return rc;
	if (f->sources->n > MIG_SOURCES_MAX)
		return yaml_fail(f->yaml, f->sources, f->err, "more than %d sources",
				 MIG_SOURCES_MAX);
	for (size_t i = 0; i < f->sources->n; i++) {
		const struct yaml_node *source = f->sources->items[i], *basis, *text;

		if (source->kind != YAML_MAP)
			return yaml_fail(f->yaml, source, f->err,
					 "a source is a map with basis and text");
		if ((rc = yaml_keys(f->yaml, source, known, f->err)) < 0 ||
		    (rc = yaml_want(f->yaml, source, "basis", YAML_TEXT, &basis, f->err)) < 0 ||
		    (rc = yaml_want(f->yaml, source, "text", YAML_TEXT, &text, f->err)) < 0 ||
		    (rc = read_basis(f, basis, &f->basis[i])) < 0)
			return rc;
		if (text->text[0] == '\0')
			return yaml_fail(f->yaml, text, f->err, "a source without a text");
	}
	return 0;
}

/* {value: V, source: S} of a key; *@ret_value is NULL when the key is absent. */
static int read_sourced(struct mig_gpu_file *f, const struct yaml_node *root, const char *key,
			const struct yaml_node **ret_value, enum mig_basis *ret_basis)
{
	static const char *const known[] = { "value", "source", NULL };
	const struct yaml_node *map = yaml_get(root, key);
	int rc;

	*ret_value = NULL;
	if (!map)
		return 0;
	if (map->kind != YAML_MAP)
		return yaml_fail(f->yaml, map, f->err, "%s: {value: …, source: …} is wanted",
				 key);
	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = mig_gpu_file_source(f, map, "source", ret_basis)) < 0)
		return rc;
	*ret_value = yaml_get(map, "value");
	if (!*ret_value)
		return yaml_fail(f->yaml, map, f->err, "\"value\" is missing here");
	return 0;
}

/* A figure of the type with its basis. */
struct figure {
	const char *key;
	size_t offset;
	int64_t max;
};

static const struct figure figures[] = {
#define FIGURE(key, member, max)                                \
	{                                                       \
		key, offsetof(struct mig_gpu_type, member), max \
	}
	FIGURE("sm", sm, 65536),
	FIGURE("memory-mib", mem_mib, 1LL << 30),
	FIGURE("bar1-mib", bar1_mib, 1LL << 30),
	FIGURE("l2-kib", l2_kib, 1LL << 30),
	FIGURE("dram-mb-per-s", dram_mb_per_s, 1LL << 40),
	FIGURE("fp16-dense-gflop-per-s", fp16_dense_gflop_per_s, 1LL << 40),
#undef FIGURE
};

static int read_figures(struct mig_gpu_file *f, const struct yaml_node *root,
			struct mig_gpu_type *type)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		struct mig_value value = { .v = MIG_UNKNOWN };
		const struct yaml_node *node;
		int rc = read_sourced(f, root, figures[i].key, &node, &value.basis);

		if (rc == 0 && node)
			rc = yaml_int(f->yaml, node, 1, figures[i].max, &value.v, f->err);
		if (rc < 0)
			return mig_hint(f->err, rc, "in \"%s\"", figures[i].key);
		memcpy((char *)type + figures[i].offset, &value, sizeof(value));
	}
	return 0;
}

/* Numbers and truths of the type that it says nothing more about than the source. */
static const struct plain {
	const char *key;
	size_t offset;
	int max; /* 0: true or false */
} plains[] = {
#define PLAIN(key, member, max)                                 \
	{                                                       \
		key, offsetof(struct mig_gpu_type, member), max \
	}
	PLAIN("nvml-architecture", nvml_arch, 255),
	PLAIN("placement-units", units, MIG_UNITS_MAX),
	PLAIN("memory-slices", mem_slices, MIG_UNITS_MAX),
	PLAIN("compute-slices", compute_slices, MIG_UNITS_MAX),
	PLAIN("max-mig-devices", max_mig_devices, 256),
	PLAIN("mode-needs-reset", mode_needs_reset, 0),
	PLAIN("mode-survives-reboot", mode_survives_reboot, 0),
#undef PLAIN
};

static int read_plain(struct mig_gpu_file *f, const struct yaml_node *root,
		      const struct plain *p, int *ret)
{
	const struct yaml_node *node;
	enum mig_basis basis;
	int64_t v = MIG_UNKNOWN;
	bool truth;
	int rc = read_sourced(f, root, p->key, &node, &basis);

	if (rc == 0 && node && p->max > 0)
		rc = yaml_int(f->yaml, node, 1, p->max, &v, f->err);
	if (rc == 0 && node && p->max == 0) {
		rc = yaml_bool(f->yaml, node, &truth, f->err);
		if (rc == 0)
			v = truth;
	}
	if (rc < 0)
		return mig_hint(f->err, rc, "in \"%s\"", p->key);
	*ret = (int)v;
	return 0;
}

static int read_plains(struct mig_gpu_file *f, const struct yaml_node *root,
		       struct mig_gpu_type *type)
{
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++) {
		int v = MIG_UNKNOWN;
		int rc = read_plain(f, root, &plains[i], &v);

		if (rc < 0)
			return rc;
		memcpy((char *)type + plains[i].offset, &v, sizeof(v));
	}
	return 0;
}

/* "2xA100" would be two GPUs of type A100, and a comma or '@' ends a type's name. */
static int read_key(struct mig_gpu_file *f, const struct yaml_node *root,
		    char ret[MIG_NAME_MAX])
{
	const struct yaml_node *node;
	int rc = yaml_want(f->yaml, root, "gpu-type", YAML_TEXT, &node, f->err);

	if (rc == 0)
		rc = mig_gpu_file_name(f, node, ret);
	if (rc < 0)
		return rc;
	if (!isalpha((unsigned char)ret[0]))
		return yaml_fail(f->yaml, node, f->err, "a gpu-type begins with a letter");
	for (const char *p = ret; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return yaml_fail(
				f->yaml, node, f->err,
				"a gpu-type is made of letters, digits, '.', '_', '-'");
	}
	return 0;
}

/* A text of the type that must be there. */
static int read_word(struct mig_gpu_file *f, const struct yaml_node *root, const char *key,
		     char ret[MIG_NAME_MAX], const struct yaml_node **ret_node)
{
	enum mig_basis basis;
	int rc = read_sourced(f, root, key, ret_node, &basis);

	if (rc < 0)
		return rc;
	if (!*ret_node)
		return yaml_fail(f->yaml, root, f->err, "\"%s\" is missing", key);
	return mig_gpu_file_name(f, *ret_node, ret);
}

static int read_compute_capability(struct mig_gpu_file *f, const struct yaml_node *root,
				   struct mig_gpu_type *type)
{
	const struct yaml_node *node;
	char text[MIG_NAME_MAX], *dot;
	uint64_t major, minor;
	int rc = read_word(f, root, "compute-capability", text, &node);

	if (rc < 0)
		return rc;
	dot = strchr(text, '.');
	if (dot)
		*dot = '\0';
	if (!dot || !text_parse_u64(text, &major) || !text_parse_u64(dot + 1, &minor) ||
	    major < 1 || major > 99 || minor > 9)
		return yaml_fail(f->yaml, node, f->err,
				 "\"%s\" is no compute capability such as 9.0", node->text);
	type->cc_major = (int)major;
	type->cc_minor = (int)minor;
	return 0;
}

/* One more PCI id of the type; the same id may stand for cards of different names. */
static int add_pci_id(struct mig_gpu_file *f, const struct yaml_node *node, const char *name,
		      struct mig_gpu_type *type)
{
	const int i = type->n_pci_ids;
	int64_t id;
	int rc = yaml_int(f->yaml, node, 1, UINT32_MAX, &id, f->err);

	if (rc < 0)
		return rc;
	if ((id & 0xffff) != 0x10de)
		return yaml_fail(f->yaml, node, f->err,
				 "%s is no PCI id of NVIDIA's: device, then 10DE", node->text);
	if (i == MIG_PCI_IDS_MAX)
		return yaml_fail(f->yaml, node, f->err, "more than %d PCI ids",
				 MIG_PCI_IDS_MAX);
	for (int k = 0; k < i; k++) {
		if (type->pci_ids[k] == (uint32_t)id && strcmp(type->pci_names[k], name) == 0)
			return yaml_fail(f->yaml, node, f->err, "%s stands twice", node->text);
	}
	type->pci_ids[i] = (uint32_t)id;
	text_copy(type->pci_names[i], MIG_NAME_MAX, name);
	type->n_pci_ids++;
	return 0;
}

static int read_pci_ids(struct mig_gpu_file *f, const struct yaml_node *root,
			struct mig_gpu_type *type)
{
	const struct yaml_node *list;
	enum mig_basis basis;
	int rc = read_sourced(f, root, "pci-ids", &list, &basis);

	if (rc == 0 && list && list->kind != YAML_LIST)
		rc = yaml_fail(f->yaml, list, f->err, "a list of PCI ids is wanted");
	for (size_t i = 0; rc == 0 && list && i < list->n; i++)
		rc = add_pci_id(f, list->items[i], type->name, type);
	return rc < 0 ? mig_hint(f->err, rc, "in \"pci-ids\"") : 0;
}

static int read_alias(struct mig_gpu_file *f, const struct yaml_node *map,
		      struct mig_gpu_type *type)
{
	static const char *const known[] = { "name", "pci-id", "source", NULL };
	const struct yaml_node *id, *name_node;
	char name[MIG_NAME_MAX] = "";
	enum mig_basis basis;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(f->yaml, map, f->err,
				 "a map with pci-id and source is wanted");
	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = mig_gpu_file_source(f, map, "source", &basis)) < 0 ||
	    (rc = yaml_want(f->yaml, map, "pci-id", YAML_TEXT, &id, f->err)) < 0)
		return rc;
	name_node = yaml_get(map, "name");
	if (name_node && (rc = mig_gpu_file_name(f, name_node, name)) < 0)
		return rc;
	return add_pci_id(f, id, name, type);
}

static int read_aliases(struct mig_gpu_file *f, const struct yaml_node *root,
			struct mig_gpu_type *type)
{
	const struct yaml_node *list = yaml_get(root, "also-sold-as");
	int rc = 0;

	if (list && list->kind != YAML_LIST)
		rc = yaml_fail(f->yaml, list, f->err, "a list of cards is wanted");
	for (size_t i = 0; rc == 0 && list && i < list->n; i++)
		rc = read_alias(f, list->items[i], type);
	return rc < 0 ? mig_hint(f->err, rc, "in \"also-sold-as\"") : 0;
}

static int read_head(struct mig_gpu_file *f, const struct yaml_node *root,
		     struct mig_gpu_type *type)
{
	const struct yaml_node *node;
	int rc;

	if ((rc = read_key(f, root, type->key)) < 0 ||
	    (rc = read_word(f, root, "name", type->name, &node)) < 0 ||
	    (rc = read_word(f, root, "architecture", type->arch, &node)) < 0 ||
	    (rc = read_compute_capability(f, root, type)) < 0 ||
	    (rc = read_pci_ids(f, root, type)) < 0 || (rc = read_aliases(f, root, type)) < 0 ||
	    (rc = read_plains(f, root, type)) < 0)
		return rc;
	return read_figures(f, root, type);
}

int mig_gpu_file_all_used(struct mig_gpu_file *f)
{
	for (size_t i = 0; i < f->sources->n; i++) {
		if (!f->is_used[i])
			return yaml_fail(f->yaml, f->sources->keys[i], f->err,
					 "source \"%s\" is used by no value",
					 f->sources->keys[i]->text);
	}
	return 0;
}

static int refuse_version(struct mig_gpu_file *f, const struct yaml_node *root)
{
	const struct yaml_node *version;
	int rc = yaml_want(f->yaml, root, "version", YAML_TEXT, &version, f->err);

	if (rc == 0 && strcmp(version->text, FORMAT_VERSION) != 0)
		rc = yaml_fail(f->yaml, version, f->err, "version \"%s\"; this reads %s",
			       version->text, FORMAT_VERSION);
	return rc;
}

static int read_root(struct mig_gpu_file *f, const struct yaml_node *root,
		     struct mig_gpu_type *type)
{
	static const char *const known[] = { "version",
					     "gpu-type",
					     "name",
					     "pci-ids",
					     "also-sold-as",
					     "architecture",
					     "nvml-architecture",
					     "compute-capability",
					     "placement-units",
					     "memory-slices",
					     "compute-slices",
					     "max-mig-devices",
					     "mode-needs-reset",
					     "mode-survives-reboot",
					     "sm",
					     "memory-mib",
					     "bar1-mib",
					     "l2-kib",
					     "dram-mb-per-s",
					     "fp16-dense-gflop-per-s",
					     "sources",
					     "gpu-instances",
					     NULL };
	const struct yaml_node *rows;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(f->yaml, root, f->err, "a map is wanted, with version: %s",
				 FORMAT_VERSION);
	if ((rc = refuse_version(f, root)) < 0 ||
	    (rc = yaml_keys(f->yaml, root, known, f->err)) < 0 ||
	    (rc = mig_gpu_file_sources(f, root)) < 0 || (rc = read_head(f, root, type)) < 0)
		return rc;
	rows = yaml_get(root, "gpu-instances");
	if (rows && (rc = mig_gpu_file_rows(f, rows, type)) < 0)
		return rc;
	return mig_gpu_file_all_used(f);
}

int mig_gpu_type_parse(const char *text, size_t len, const char *name, struct mig_gpu_type *ret,
		       struct mig_error *err)
{
	struct mig_gpu_file f = { .err = err };
	CLEANUP(yaml_free_p) struct yaml_file *yaml = NULL;
	cleanup_free struct mig_gpu_type *type = calloc(1, sizeof(*type));
	int rc;

	if (!type)
		return mig_fail(err, MIG_E_NOMEM, "read %s", name);
	rc = yaml_read(text, len, name, &yaml, err);
	if (rc < 0)
		return rc;
	f.yaml = yaml;
	rc = read_root(&f, yaml_root(yaml), type);
	if (rc < 0)
		return rc;
	mig_gpu_type_fill_ci(type);
	*ret = *type;
	return 0;
}
