/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a GPU file: one a GPU instance profile, each with its compute instances. */
#include "catalog.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

enum { ENGINES_MAX = 64, NVML_PROFILES_MAX = 64, PROFILE_IDS_MAX = 256 };

#define GI(key, member, min, max, need)                                          \
	{                                                                        \
		key, offsetof(struct mig_profile, member), min, max, false, need \
	}
static const struct mig_int_field gi_fields[] = {
	GI("nvml", nvml_profile, 0, NVML_PROFILES_MAX - 1, true),
	GI("id", id, 0, PROFILE_IDS_MAX - 1, true),
	GI("compute-slices", compute_slices, 1, MIG_UNITS_MAX, true),
	GI("size", size, 1, MIG_UNITS_MAX, true),
	GI("count", max_count, 1, MIG_UNITS_MAX, true),
	GI("sm", sm, 1, 65536, false),
	GI("copy-engines", copy_engines, 0, ENGINES_MAX, false),
	GI("decoders", decoders, 0, ENGINES_MAX, false),
	GI("encoders", encoders, 0, ENGINES_MAX, false),
	GI("jpeg", jpeg, 0, ENGINES_MAX, false),
	GI("ofa", ofa, 0, ENGINES_MAX, false),
	{ "memory-mib", offsetof(struct mig_profile, mem_mib), 1, 1LL << 30, true, false },
};
#undef GI

#define CI(key, member, min, max, need)                                             \
	{                                                                           \
		key, offsetof(struct mig_ci_profile, member), min, max, false, need \
	}
static const struct mig_int_field ci_fields[] = {
	CI("nvml", nvml_profile, 0, NVML_PROFILES_MAX - 1, true),
	CI("id", id, 0, PROFILE_IDS_MAX - 1, true),
	CI("compute-slices", compute_slices, 1, MIG_UNITS_MAX, true),
	CI("size", size, 1, MIG_UNITS_MAX, true),
	CI("count", max_count, 1, MIG_UNITS_MAX, true),
	CI("sm", sm, 1, 65536, false),
};
#undef CI

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* NVML_GPU_INSTANCE_PROFILE_*_GFX: what tells a profile with graphics from one without. */
static bool has_graphics(int nvml_profile)
{
	static const int gfx[] = { 10, 11, 12, 17 };

	for (size_t i = 0; i < N_OF(gfx); i++) {
		if (gfx[i] == nvml_profile)
			return true;
	}
	return false;
}

/* Unsorted lists, and the same start twice, are slips of the pen. */
static int read_starts(struct mig_gpu_file *f, const struct yaml_node *list, int last,
		       uint16_t *ret)
{
	uint16_t starts = 0;

	if (list->kind != YAML_LIST || list->n == 0)
		return yaml_fail(f->yaml, list, f->err,
				 "\"starts\" must be a list such as [0, 4]");
	for (size_t i = 0; i < list->n; i++) {
		int64_t start;
		int rc = yaml_int(f->yaml, list->items[i], 0, last, &start, f->err);

		if (rc < 0)
			return mig_hint(f->err, rc, "in \"starts\"");
		if (starts >> start)
			return yaml_fail(f->yaml, list->items[i], f->err,
					 "start %d does not come after the one before it",
					 (int)start);
		starts |= (uint16_t)(1U << start);
	}
	*ret = starts;
	return 0;
}

/* How many placements of @size fit beside each other. */
static int most_that_fit(uint16_t starts, int size)
{
	int n = 0;

	for (int start = 0, end = 0; start < MIG_UNITS_MAX; start++) {
		if ((starts >> start & 1) && start >= end) {
			end = start + size;
			n++;
		}
	}
	return n;
}

/* What "starts-source" says, or "source" where it says nothing. */
static int starts_basis(struct mig_gpu_file *f, const struct yaml_node *map,
			enum mig_basis basis, enum mig_basis *ret)
{
	*ret = basis;
	if (!yaml_get(map, "starts-source"))
		return 0;
	return mig_gpu_file_source(f, map, "starts-source", ret);
}

static int check_ci(struct mig_gpu_file *f, const struct yaml_node *map,
		    const struct mig_profile *gi, const struct mig_ci_profile *ci)
{
	const bool is_whole = ci->compute_slices == gi->compute_slices;

	if (ci->compute_slices > gi->compute_slices)
		return yaml_fail(f->yaml, map, f->err,
				 "a compute instance of %d slices in a GPU instance of %d",
				 ci->compute_slices, gi->compute_slices);
	if (ci->max_count * ci->compute_slices > gi->compute_slices)
		return yaml_fail(f->yaml, map, f->err, "%d times %d slices are more than %d",
				 ci->max_count, ci->compute_slices, gi->compute_slices);
	if (!is_whole && ci->size != ci->compute_slices)
		return yaml_fail(f->yaml, map, f->err, "size %d, but %d compute slices",
				 ci->size, ci->compute_slices);
	if (ci->starts && ci->max_count > most_that_fit(ci->starts, ci->size))
		return yaml_fail(f->yaml, map, f->err, "count %d is more than fit these starts",
				 ci->max_count);
	if (gi->sm != MIG_UNKNOWN && ci->sm > gi->sm)
		return yaml_fail(f->yaml, map, f->err, "sm %d, but %s has %d", ci->sm, gi->name,
				 gi->sm);
	if (is_whole && ci->sm != MIG_UNKNOWN && ci->sm != gi->sm)
		return yaml_fail(f->yaml, map, f->err,
				 "the whole of %s has %d sm, not that of the GPU instance",
				 gi->name, ci->sm);
	for (int i = 0; i < gi->n_ci; i++) {
		const struct mig_ci_profile *other = &gi->ci[i];

		if (other->id == ci->id || other->nvml_profile == ci->nvml_profile ||
		    other->compute_slices == ci->compute_slices)
			return yaml_fail(f->yaml, map, f->err,
					 "id, nvml or compute-slices of %s a second time",
					 other->name);
	}
	return 0;
}

static int read_ci_starts(struct mig_gpu_file *f, const struct yaml_node *map,
			  const struct mig_profile *gi, enum mig_basis basis,
			  struct mig_ci_profile *ci)
{
	/* Of a slice with more than its share of memory the placement counts the memory. */
	const int length = gi->size > gi->compute_slices ? gi->size : gi->compute_slices;
	const struct yaml_node *starts = yaml_get(map, "starts");
	int rc;

	if (!starts && !yaml_get(map, "starts-source"))
		return 0;
	if (!starts)
		return yaml_fail(f->yaml, map, f->err, "\"starts-source\" without \"starts\"");
	if (ci->size > length)
		return yaml_fail(f->yaml, map, f->err, "size %d is more than %d", ci->size,
				 length);
	rc = read_starts(f, starts, length - ci->size, &ci->starts);
	return rc < 0 ? rc : starts_basis(f, map, basis, &ci->starts_basis);
}

/* The whole of 3g.40gb is called so too; less of it is 1c.3g.40gb. */
static void name_ci(const struct mig_profile *gi, struct mig_ci_profile *ci)
{
	char name[MIG_NAME_MAX] = "";

	if (!ci->is_default)
		text_append(name, sizeof(name), "%dc.", ci->compute_slices);
	text_append(name, sizeof(name), "%s", gi->name);
	text_copy(ci->name, sizeof(ci->name), name);
}

static int read_ci(struct mig_gpu_file *f, const struct yaml_node *map, struct mig_profile *gi)
{
	static const char *const known[] = { "nvml",          "id", "compute-slices", "size",
					     "count",         "sm", "starts",         "source",
					     "starts-source", NULL };
	struct mig_ci_profile *ci = &gi->ci[gi->n_ci];
	enum mig_basis basis;
	int rc;

	if (gi->n_ci == MIG_CI_PROFILES_MAX)
		return yaml_fail(f->yaml, map, f->err, "more than %d compute instance profiles",
				 MIG_CI_PROFILES_MAX);
	if (map->kind != YAML_MAP)
		return yaml_fail(f->yaml, map, f->err, "a compute instance profile is a map");
	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = mig_gpu_file_ints(f, map, ci_fields, N_OF(ci_fields), ci)) < 0 ||
	    (rc = mig_gpu_file_source(f, map, "source", &basis)) < 0 ||
	    (rc = read_ci_starts(f, map, gi, basis, ci)) < 0 ||
	    (rc = check_ci(f, map, gi, ci)) < 0)
		return rc;
	ci->is_default = ci->compute_slices == gi->compute_slices;
	ci->sm_basis = ci->sm == MIG_UNKNOWN ? MIG_BASIS_NONE : basis;
	name_ci(gi, ci);
	gi->n_ci++;
	return 0;
}

static int by_ci_slices(const void *a, const void *b)
{
	const struct mig_ci_profile *x = a, *y = b;

	return x->compute_slices - y->compute_slices;
}

static int read_ci_list(struct mig_gpu_file *f, const struct yaml_node *list,
			struct mig_profile *gi)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = read_ci(f, list->items[i], gi);
	if (rc < 0)
		return rc;
	qsort(gi->ci, (size_t)gi->n_ci, sizeof(gi->ci[0]), by_ci_slices);
	if (!mig_ci_profile_default(gi))
		return yaml_fail(f->yaml, list, f->err,
				 "no compute instance here is the whole of %s (%d slices)",
				 gi->name, gi->compute_slices);
	return 0;
}

/* "3g.40gb", "1g.24gb+me.all", "1g.24gb-me": slices, then gigabytes, then what it has. */
static int check_name(struct mig_gpu_file *f, const struct yaml_node *node,
		      const struct mig_profile *gi)
{
	int slices, after = 0, gb;
	const char *rest;

	/* A longer name would not leave room for "1c." in those of its compute instances. */
	if (strlen(gi->name) > MIG_NAME_MAX / 2)
		return yaml_fail(f->yaml, node, f->err, "a profile name longer than %d",
				 MIG_NAME_MAX / 2);
	if (sscanf(gi->name, "%2dg.%6dgb%n", &slices, &gb, &after) != 2 || after == 0)
		return yaml_fail(f->yaml, node, f->err, "\"%s\" is no name such as 3g.40gb",
				 gi->name);
	rest = gi->name + after;
	if (*rest && ((*rest != '+' && *rest != '-') ||
		      rest[1 + strspn(rest + 1, "abcdefghijklmnopqrstuvwxyz.")] != '\0' ||
		      rest[1] == '\0'))
		return yaml_fail(f->yaml, node, f->err, "\"%s\" ends in no +… or -…", gi->name);
	if (slices != gi->compute_slices)
		return yaml_fail(f->yaml, node, f->err, "%s with %d compute slices", gi->name,
				 gi->compute_slices);
	return 0;
}

static int check_gi(struct mig_gpu_file *f, const struct yaml_node *map,
		    const struct mig_gpu_type *type, const struct mig_profile *gi)
{
	if (gi->max_count > most_that_fit(gi->starts, gi->size))
		return yaml_fail(f->yaml, map, f->err, "count %d is more than fit these starts",
				 gi->max_count);
	if (gi->max_count * gi->compute_slices > type->compute_slices)
		return yaml_fail(f->yaml, map, f->err,
				 "%d times %d compute slices are more than the GPU's %d",
				 gi->max_count, gi->compute_slices, type->compute_slices);
	if (type->mem_mib.v != MIG_UNKNOWN && gi->mem_mib > type->mem_mib.v)
		return yaml_fail(f->yaml, map, f->err, "memory-mib is more than the GPU's %lld",
				 (long long)type->mem_mib.v);
	if (type->sm.v != MIG_UNKNOWN && gi->sm > type->sm.v)
		return yaml_fail(f->yaml, map, f->err, "sm is more than the GPU's %lld",
				 (long long)type->sm.v);
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *other = &type->profiles[i];

		if (other->id == gi->id || other->nvml_profile == gi->nvml_profile ||
		    strcmp(other->name, gi->name) == 0)
			return yaml_fail(f->yaml, map, f->err,
					 "name, id or nvml of %s a second time", other->name);
	}
	return 0;
}

static int read_gi_starts(struct mig_gpu_file *f, const struct yaml_node *map,
			  const struct mig_gpu_type *type, struct mig_profile *gi)
{
	const struct yaml_node *starts;
	enum mig_basis basis, of_starts;
	int rc;

	if (gi->size > type->units)
		return yaml_fail(f->yaml, map, f->err, "size %d is more than the GPU's %d",
				 gi->size, type->units);
	if ((rc = yaml_want(f->yaml, map, "starts", YAML_LIST, &starts, f->err)) < 0 ||
	    (rc = read_starts(f, starts, type->units - gi->size, &gi->starts)) < 0 ||
	    (rc = mig_gpu_file_source(f, map, "source", &basis)) < 0 ||
	    (rc = starts_basis(f, map, basis, &of_starts)) < 0)
		return rc;
	gi->basis = mig_basis_weaker(basis, of_starts);
	return 0;
}

static int read_gi(struct mig_gpu_file *f, const struct yaml_node *map,
		   const struct mig_gpu_type *type, struct mig_profile *gi)
{
	static const char *const known[] = {
		"name",  "nvml", "id",         "compute-slices", "size",          "starts",
		"count", "sm",   "memory-mib", "copy-engines",   "decoders",      "encoders",
		"jpeg",  "ofa",  "p2p",        "source",         "starts-source", NULL
	};
	const struct yaml_node *name, *p2p;
	bool is_p2p;
	int rc;

	if ((rc = yaml_keys(f->yaml, map, known, f->err)) < 0 ||
	    (rc = yaml_want(f->yaml, map, "name", YAML_TEXT, &name, f->err)) < 0 ||
	    (rc = mig_gpu_file_name(f, name, gi->name)) < 0 ||
	    (rc = mig_gpu_file_ints(f, map, gi_fields, N_OF(gi_fields), gi)) < 0 ||
	    (rc = check_name(f, name, gi)) < 0 || (rc = read_gi_starts(f, map, type, gi)) < 0)
		return rc;
	gi->gfx = has_graphics(gi->nvml_profile);
	gi->p2p = MIG_UNKNOWN;
	p2p = yaml_get(map, "p2p");
	if (p2p) {
		rc = yaml_bool(f->yaml, p2p, &is_p2p, f->err);
		if (rc < 0)
			return mig_hint(f->err, rc, "in \"p2p\"");
		gi->p2p = is_p2p;
	}
	return check_gi(f, map, type, gi);
}

static int read_row(struct mig_gpu_file *f, const struct yaml_node *row,
		    struct mig_gpu_type *type)
{
	static const char *const known[] = { "gi", "ci", NULL };
	const struct yaml_node *gi, *ci;
	struct mig_profile *profile = &type->profiles[type->n_profiles];
	int rc;

	if (type->n_profiles == MIG_PROFILES_MAX)
		return yaml_fail(f->yaml, row, f->err, "more than %d profiles",
				 MIG_PROFILES_MAX);
	if (row->kind != YAML_MAP)
		return yaml_fail(f->yaml, row, f->err, "a row is a map with gi and ci");
	if ((rc = yaml_keys(f->yaml, row, known, f->err)) < 0 ||
	    (rc = yaml_want(f->yaml, row, "gi", YAML_MAP, &gi, f->err)) < 0 ||
	    (rc = yaml_want(f->yaml, row, "ci", YAML_LIST, &ci, f->err)) < 0 ||
	    (rc = read_gi(f, gi, type, profile)) < 0 || (rc = read_ci_list(f, ci, profile)) < 0)
		return rc;
	type->basis = mig_basis_weaker(type->basis, profile->basis);
	type->n_profiles++;
	return 0;
}

static int by_slices_size_nvml(const void *a, const void *b)
{
	const struct mig_profile *x = a, *y = b;

	if (x->compute_slices != y->compute_slices)
		return x->compute_slices - y->compute_slices;
	if (x->size != y->size)
		return x->size - y->size;
	return x->nvml_profile - y->nvml_profile;
}

int mig_gpu_file_rows(struct mig_gpu_file *f, const struct yaml_node *list,
		      struct mig_gpu_type *type)
{
	int rc = 0;

	if (list->kind != YAML_LIST || list->n == 0)
		return yaml_fail(
			f->yaml, list, f->err,
			"\"gpu-instances\" must be a list; leave it out when none are known");
	if (type->units < 1 || type->mem_slices < 1 || type->compute_slices < 1 ||
	    type->max_mig_devices < 1)
		return yaml_fail(f->yaml, list, f->err,
				 "profiles want placement-units, memory-slices, compute-slices "
				 "and max-mig-devices too");
	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = read_row(f, list->items[i], type);
	if (rc < 0)
		return rc;
	qsort(type->profiles, (size_t)type->n_profiles, sizeof(type->profiles[0]),
	      by_slices_size_nvml);
	return 0;
}
