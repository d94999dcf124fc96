/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. The format that is read here is docs/CATALOG.md's. */
#ifndef LIB_CATALOG_CATALOG_H
#define LIB_CATALOG_CATALOG_H

#include <mig/catalog.h>

#include "shared/yaml.h"

enum { MIG_SOURCES_MAX = 64 }; /* sources in one file, at most */

/* A file of data/gpu/'s format while it is read. */
struct mig_gpu_file {
	struct yaml_file *yaml;
	struct mig_error *err;
	const struct yaml_node *sources;       /* the map, or NULL */
	enum mig_basis basis[MIG_SOURCES_MAX]; /* of the source at the same place in the map */
	bool is_used[MIG_SOURCES_MAX];
};

/* A whole number of a map: where its member lies, and what it may be. */
struct mig_int_field {
	const char *key;
	size_t offset; /* of an int, or of an int64_t if is_wide */
	int64_t min, max;
	bool is_wide, is_required;
};

/** mig_gpu_file_ints - read those of @map; one that is absent becomes MIG_UNKNOWN. */
int mig_gpu_file_ints(struct mig_gpu_file *f, const struct yaml_node *map,
		      const struct mig_int_field *fields, size_t n, void *base);

/** mig_gpu_file_sources - read the map "sources" of @root. */
int mig_gpu_file_sources(struct mig_gpu_file *f, const struct yaml_node *root);

/** mig_gpu_file_all_used - refuse a source that no value named: one was forgotten. */
int mig_gpu_file_all_used(struct mig_gpu_file *f);

/** mig_gpu_file_source - the basis of the source that @map names under @key. */
int mig_gpu_file_source(struct mig_gpu_file *f, const struct yaml_node *map, const char *key,
			enum mig_basis *ret);

/** mig_gpu_file_name - copy a text of 1 to MIG_NAME_MAX - 1 printable characters. */
int mig_gpu_file_name(struct mig_gpu_file *f, const struct yaml_node *node,
		      char ret[MIG_NAME_MAX]);

/** mig_gpu_file_rows - read the list "gpu-instances" into @type, whose other values are there. */
int mig_gpu_file_rows(struct mig_gpu_file *f, const struct yaml_node *list,
		      struct mig_gpu_type *type);

/** mig_gpu_type_fill_ci - the rules for what nobody published about compute instances. */
void mig_gpu_type_fill_ci(struct mig_gpu_type *type);

/** mig_basis_weaker - that of the two which is worth less; NONE counts for nothing. */
enum mig_basis mig_basis_weaker(enum mig_basis a, enum mig_basis b);

/* A file of data/gpu/, as tools/embed put it into the library, with enough of an index that
 * asking for one type parses one file. */
struct mig_builtin {
	const char *file, *key, *text;
	const char *const *names; /* NULL-terminated: the driver's name, then the others */
	const uint32_t *pci_ids;  /* ends with 0 */
};

extern const char mig_builtin_timing[];         /* data/timing.yaml */
extern const struct mig_builtin mig_builtins[]; /* ends with a file of NULL; sorted by key */

#endif
