/* SPDX-License-Identifier: Apache-2.0 */
/* Reading checkpoint files, and what they want of a GPU. */
#include <mig/parted.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/config.h"
#include "shared/arena.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/yaml.h"

enum { UUID_BYTES_MAX = 95 };

struct reader {
	struct yaml_file *file;
	struct mig_checkpoint *cp;
	struct mig_error *err;
};

static int out_of_memory(const struct reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", yaml_name(r->file));
}

static int check_map(const struct reader *r, const struct yaml_node *node, const char *what,
		     const char *const *known)
{
	if (node->kind != YAML_MAP)
		return yaml_fail(r->file, node, r->err, "%s must be a map", what);
	return yaml_keys(r->file, node, known, r->err);
}

static int read_number(const struct reader *r, const struct yaml_node *map, const char *key,
		       int max, int *ret)
{
	const struct yaml_node *node;
	int64_t v = 0;
	int rc = yaml_want(r->file, map, key, YAML_TEXT, &node, r->err);

	if (rc == 0)
		rc = yaml_int(r->file, node, 0, max, &v, r->err);
	if (rc == 0)
		*ret = (int)v;
	return rc;
}

/* A list that may be null, which is how the absence of items is written. */
static int read_list(const struct reader *r, const struct yaml_node *map, const char *key,
		     const struct yaml_node **ret)
{
	const struct yaml_node *list = yaml_get(map, key);

	*ret = NULL;
	if (!list || mig_config_is_null(list))
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_fail(r->file, list, r->err, "\"%s\" must be a list or null", key);
	*ret = list;
	return 0;
}

static int read_ci(const struct reader *r, const struct yaml_node *map, int *ret)
{
	static const char *const known[] = { "ProfileID", "EngProfileID", NULL };
	int engine, rc = check_map(r, map, "a compute instance", known);

	if (rc == 0)
		rc = read_number(r, map, "ProfileID", INT_MAX, ret);
	/* NVML knows one engine profile: engines are shared. */
	if (rc == 0)
		rc = read_number(r, map, "EngProfileID", 0, &engine);
	return rc;
}

static int read_cis(const struct reader *r, const struct yaml_node *map,
		    struct mig_checkpoint_gi *gi)
{
	const struct yaml_node *list;
	int *cis, rc = read_list(r, map, "ComputeInstances", &list);

	if (rc < 0 || !list)
		return rc;
	cis = mig_config_room(r->cp->memory, list->n, sizeof(*cis));
	if (!cis)
		return out_of_memory(r);
	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = read_ci(r, list->items[i], &cis[i]);
	gi->cis = cis;
	gi->n_cis = list->n;
	return rc;
}

static int read_gi(const struct reader *r, const struct yaml_node *map,
		   struct mig_checkpoint_gi *gi)
{
	static const char *const known[] = { "ProfileID", "Placement", "ComputeInstances",
					     NULL };
	static const char *const known_place[] = { "Start", "Size", NULL };
	const struct yaml_node *place;
	int rc = check_map(r, map, "a GPU instance", known);

	gi->line = map->line;
	if (rc == 0)
		rc = read_number(r, map, "ProfileID", INT_MAX, &gi->nvml_profile);
	if (rc == 0)
		rc = yaml_want(r->file, map, "Placement", YAML_MAP, &place, r->err);
	if (rc == 0)
		rc = yaml_keys(r->file, place, known_place, r->err);
	if (rc == 0)
		rc = read_number(r, place, "Start", MIG_UNITS_MAX - 1, &gi->start);
	if (rc == 0)
		rc = read_number(r, place, "Size", MIG_UNITS_MAX, &gi->size);
	return rc < 0 ? rc : read_cis(r, map, gi);
}

static int read_gis(const struct reader *r, const struct yaml_node *map,
		    struct mig_checkpoint_gpu *gpu)
{
	const struct yaml_node *list;
	struct mig_checkpoint_gi *gis;
	int rc = read_list(r, map, "GpuInstances", &list);

	if (rc < 0 || !list)
		return rc;
	if (!gpu->mig_enabled && list->n > 0)
		return yaml_fail(r->file, list, r->err,
				 "\"GpuInstances\" of a GPU whose \"MigMode\" is 0");
	gis = mig_config_room(r->cp->memory, list->n, sizeof(*gis));
	if (!gis)
		return out_of_memory(r);
	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = read_gi(r, list->items[i], &gis[i]);
	gpu->gis = gis;
	gpu->n_gis = list->n;
	return rc;
}

static int read_gpu(const struct reader *r, const struct yaml_node *map,
		    struct mig_checkpoint_gpu *gpu)
{
	static const char *const known[] = { "UUID", "MigMode", "GpuInstances", NULL };
	const struct yaml_node *uuid;
	int mode, rc = check_map(r, map, "an item of \"Devices\"", known);

	if (rc < 0)
		return rc;
	rc = yaml_want(r->file, map, "UUID", YAML_TEXT, &uuid, r->err);
	if (rc < 0)
		return rc;
	if (!*uuid->text || strlen(uuid->text) > UUID_BYTES_MAX)
		return yaml_fail(r->file, uuid, r->err, "\"%.20s\" is no UUID of a GPU",
				 uuid->text);
	for (size_t i = 0; i < r->cp->n_gpus; i++) {
		if (strcmp(r->cp->gpus[i].uuid, uuid->text) == 0)
			return yaml_fail(r->file, uuid, r->err, "%s stands twice", uuid->text);
	}
	rc = read_number(r, map, "MigMode", 1, &mode);
	if (rc < 0)
		return mig_hint(r->err, rc, "\"MigMode\" is 0 or 1");
	gpu->line = map->line;
	gpu->mig_enabled = mode == 1;
	gpu->uuid = mig_config_string(r->cp->memory, uuid->text);
	return gpu->uuid ? read_gis(r, map, gpu) : out_of_memory(r);
}

static int read_gpus(const struct reader *r, const struct yaml_node *state)
{
	const struct yaml_node *list;
	struct mig_checkpoint_gpu *gpus;
	int rc = read_list(r, state, "Devices", &list);

	if (rc < 0 || !list)
		return rc;
	gpus = mig_config_room(r->cp->memory, list->n, sizeof(*gpus));
	if (!gpus)
		return out_of_memory(r);
	r->cp->gpus = gpus;
	for (size_t i = 0; rc == 0 && i < list->n; i++) {
		rc = read_gpu(r, list->items[i], &gpus[i]);
		r->cp->n_gpus += rc == 0;
	}
	return rc;
}

static int read_root(const struct reader *r)
{
	static const char *const known[] = { "Version", "MigState", NULL };
	static const char *const known_state[] = { "Devices", NULL };
	const struct yaml_node *root = yaml_root(r->file), *node;
	int rc = check_map(r, root, "a checkpoint", known);

	if (rc < 0)
		return rc;
	rc = yaml_want(r->file, root, "Version", YAML_TEXT, &node, r->err);
	if (rc < 0)
		return rc;
	if (strcmp(node->text, "v1") != 0)
		return yaml_fail(r->file, node, r->err, "version \"%s\" is not known, only v1",
				 node->text);
	rc = yaml_want(r->file, root, "MigState", YAML_MAP, &node, r->err);
	if (rc == 0)
		rc = yaml_keys(r->file, node, known_state, r->err);
	return rc < 0 ? rc : read_gpus(r, node);
}

static struct mig_checkpoint *checkpoint_new(const char *name)
{
	struct mig_checkpoint *cp = calloc(1, sizeof(*cp));

	if (!cp)
		return NULL;
	cp->memory = calloc(1, sizeof(*cp->memory));
	if (cp->memory)
		cp->name = mig_config_string(cp->memory, name);
	if (!cp->name) {
		mig_checkpoint_free(cp);
		return NULL;
	}
	return cp;
}

int mig_checkpoint_parse(const char *text, size_t len, const char *name,
			 struct mig_checkpoint **ret, struct mig_error *err)
{
	struct reader r = { .err = err };
	int rc = yaml_read(text, len, name, &r.file, err);

	if (rc < 0)
		return rc;
	r.cp = checkpoint_new(name);
	rc = r.cp ? read_root(&r) : out_of_memory(&r);
	yaml_file_free(r.file);
	if (rc < 0) {
		mig_checkpoint_free(r.cp);
		return rc;
	}
	*ret = r.cp;
	return 0;
}

int mig_checkpoint_read(const char *path, struct mig_checkpoint **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);

	return rc < 0 ? rc : mig_checkpoint_parse(text, len, path, ret, err);
}

void mig_checkpoint_free(struct mig_checkpoint *cp)
{
	if (!cp)
		return;
	if (cp->memory)
		arena_free(cp->memory);
	free(cp->memory);
	free(cp);
}

/* --- what it wants of a GPU --------------------------------------------------------- */

static int profile_by_nvml(const struct mig_gpu_type *type, int nvml_profile)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (type->profiles[i].nvml_profile == nvml_profile)
			return i;
	}
	return -1;
}

static int ci_by_nvml(const struct mig_profile *gi, int nvml_profile)
{
	for (int i = 0; i < gi->n_ci; i++) {
		if (gi->ci[i].nvml_profile == nvml_profile)
			return i;
	}
	return -1;
}

static int want_gi(const struct mig_checkpoint *cp, const struct mig_checkpoint_gi *gi,
		   const struct mig_gpu_type *type, struct mig_want *ret, struct mig_error *err)
{
	const int profile = profile_by_nvml(type, gi->nvml_profile);
	const struct mig_profile *p;

	if (profile < 0)
		return mig_fail(err, MIG_E_NOENT,
				"%s:%u: %s has no GPU instance profile whose NVML number is %d",
				cp->name, gi->line, type->key, gi->nvml_profile);
	p = &type->profiles[profile];
	if (gi->size != p->size || !(p->starts >> gi->start & 1))
		return mig_fail(err, MIG_E_NOSPACE, "%s:%u: %s cannot stand at {%d}:%d of %s",
				cp->name, gi->line, p->name, gi->start, gi->size, type->key);
	*ret = mig_want_empty(profile, gi->start);
	for (size_t i = 0; i < gi->n_cis; i++) {
		const int ci = ci_by_nvml(p, gi->cis[i]);

		if (ci < 0)
			return mig_fail(err, MIG_E_NOENT,
					"%s:%u: %s has no compute instance profile whose NVML "
					"number is %d",
					cp->name, gi->line, p->name, gi->cis[i]);
		if (ret->n_ci == MIG_CI_PROFILES_MAX)
			return mig_fail(err, MIG_E_NOSPACE,
					"%s:%u: %s holds fewer than %zu compute instances",
					cp->name, gi->line, p->name, gi->n_cis);
		ret->ci[ret->n_ci++] = (uint8_t)ci;
	}
	if (mig_ci_place(p, ret->ci, ret->n_ci, 0, NULL, err) < 0)
		return mig_wrap(err, -MIG_E_NOSPACE, "%s:%u", cp->name, gi->line);
	return 0;
}

int mig_checkpoint_request(const struct mig_checkpoint *cp,
			   const struct mig_checkpoint_gpu *gpu,
			   const struct mig_gpu_type *type, struct mig_request *ret,
			   struct mig_error *err)
{
	struct mig_request req = mig_request_empty(type);
	const struct mig_layout empty = mig_layout_empty(type);
	int starts[MIG_UNITS_MAX], rc;

	for (size_t i = 0; i < gpu->n_gis; i++) {
		if (req.n == MIG_UNITS_MAX)
			return mig_fail(err, MIG_E_NOSPACE,
					"%s:%u: no GPU holds %zu GPU instances", cp->name,
					gpu->line, gpu->n_gis);
		rc = want_gi(cp, &gpu->gis[i], type, &req.want[req.n], err);
		if (rc < 0)
			return rc;
		req.n++;
	}
	rc = mig_request_place(&req, &empty, starts, NULL, err);
	if (rc < 0)
		return mig_wrap(err, rc, "%s:%u: %s", cp->name, gpu->line, gpu->uuid);
	*ret = req;
	return 0;
}
