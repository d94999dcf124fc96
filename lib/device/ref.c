/* SPDX-License-Identifier: Apache-2.0 */
/* What a name means: UUIDs of both forms, ids, places and indices. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mig/device.h>

#include "shared/text.h"

static const struct mig_ref whole = { .gpu = -1, .gi = -1, .ci = -1 };

static int no_gpu(const struct mig_snapshot *snap, const char *text, struct mig_error *err)
{
	text = *text ? text : "''";
	if (snap->n_gpus == 0)
		return mig_fail(err, MIG_E_NOENT, "no GPU %s: machine %s has none", text,
				snap->machine);
	if (snap->n_gpus == 1)
		return mig_fail(err, MIG_E_NOENT, "no GPU %s: machine %s has only GPU 0", text,
				snap->machine);
	return mig_fail(err, MIG_E_NOENT,
			"no GPU %s: machine %s has GPUs 0 to %d; see 'migctl status'", text,
			snap->machine, snap->n_gpus - 1);
}

/* The GPU that @len bytes of @text mean, or -1. */
static int find_gpu(const struct mig_snapshot *snap, const char *text, size_t len)
{
	uint64_t index;
	char part[128];

	if (len == 0 || len >= sizeof(part))
		return -1;
	memcpy(part, text, len);
	part[len] = '\0';
	if (isdigit((unsigned char)part[0]) && text_parse_u64(part, &index))
		return index < (uint64_t)snap->n_gpus ? (int)index : -1;
	for (int i = 0; i < snap->n_gpus; i++) {
		const char *bus = snap->gpus[i].bus_id;

		if (strcasecmp(part, snap->gpus[i].uuid) == 0 || text_is_bus_id(part, bus))
			return i;
	}
	return -1;
}

static int gi_at(const struct mig_gpu *gpu, int id)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].id == id)
			return i;
	}
	return -1;
}

/* "GI" or "GI/CI", what follows the first slash. */
static int find_ids(const struct mig_gpu *gpu, const char *ids, struct mig_ref *ret,
		    struct mig_error *err)
{
	const char *slash = strchr(ids, '/');
	char part[32];
	uint64_t gi, ci;

	text_copy(part, sizeof(part), ids);
	part[strcspn(part, "/")] = '\0';
	if (strcspn(ids, "/") >= sizeof(part) || !text_parse_u64(part, &gi) ||
	    (slash && !text_parse_u64(slash + 1, &ci)))
		return mig_fail(err, MIG_E_SYNTAX, "'%s' is not GI or GI/CI, two ids", ids);
	ret->gi = gi > 255 ? -1 : gi_at(gpu, (int)gi);
	if (ret->gi < 0)
		return mig_fail(err, MIG_E_NOENT,
				"GPU %d has no GPU instance %s; see 'migctl status'",
				gpu->index, part);
	if (!slash)
		return 0;
	for (int i = 0; i < gpu->gis[ret->gi].n_cis; i++) {
		if ((uint64_t)gpu->gis[ret->gi].cis[i].id == ci)
			ret->ci = i;
	}
	if (ret->ci < 0)
		return mig_fail(err, MIG_E_NOENT,
				"GPU %d GPU instance %s has no compute instance %s", gpu->index,
				part, slash + 1);
	return 0;
}

static int find_index(const struct mig_gpu *gpu, uint64_t index, struct mig_ref *ret,
		      struct mig_error *err)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (gpu->gis[i].cis[k].index >= 0 &&
			    (uint64_t)gpu->gis[i].cis[k].index == index) {
				ret->gi = i;
				ret->ci = k;
				return 0;
			}
		}
	}
	return mig_fail(err, MIG_E_NOENT, "GPU %d has no MIG device with index %llu",
			gpu->index, (unsigned long long)index);
}

/* "3g.40gb@4", or "3g.40gb" where there is but one. */
static int find_place(const struct mig_gpu *gpu, const char *place, struct mig_ref *ret,
		      struct mig_error *err)
{
	char profile[MIG_NAME_MAX];
	const char *at = strchr(place, '@');
	uint64_t start = 0;
	int n = 0;

	text_copy(profile, sizeof(profile), place);
	profile[strcspn(profile, "@")] = '\0';
	if (!profile[0] || (at && (!text_parse_u64(at + 1, &start) || start > MIG_UNITS_MAX)))
		return mig_fail(err, MIG_E_SYNTAX, "'%s' is not PROFILE@START, nor an index",
				place);
	for (int i = 0; gpu->type && i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];

		if (gi->profile < 0 ||
		    strcasecmp(gpu->type->profiles[gi->profile].name, profile) != 0 ||
		    (at && gi->start != (int)start))
			continue;
		ret->gi = i;
		n++;
	}
	if (n == 1)
		return 0;
	if (n > 1)
		return mig_fail(err, MIG_E_NOENT, "GPU %d has %d instances %s; say %s@START",
				gpu->index, n, place, profile);
	return mig_fail(err, MIG_E_NOENT, "GPU %d has no instance %s; see 'migctl status'",
			gpu->index, place);
}

static int find_uuid(const struct mig_snapshot *snap, const char *uuid, struct mig_ref *ret,
		     struct mig_error *err)
{
	const char *slash = strchr(uuid, '/');

	if (strncasecmp(uuid, "MIG-GPU-", 8) == 0 && slash) {
		ret->gpu = find_gpu(snap, uuid + 4, (size_t)(slash - uuid) - 4);
		if (ret->gpu < 0)
			return no_gpu(snap, uuid, err);
		return find_ids(&snap->gpus[ret->gpu], slash + 1, ret, err);
	}
	for (int g = 0; g < snap->n_gpus; g++) {
		for (int i = 0; i < snap->gpus[g].n_gis; i++) {
			const struct mig_gi *gi = &snap->gpus[g].gis[i];

			for (int k = 0; k < gi->n_cis; k++) {
				if (strcasecmp(gi->cis[k].uuid, uuid) != 0)
					continue;
				*ret = (struct mig_ref){ g, i, k };
				return 0;
			}
		}
	}
	return mig_fail(err, MIG_E_NOENT, "no MIG device %s on machine %s; see 'migctl status'",
			uuid, snap->machine);
}

/* Where the name of the GPU ends: a slash, or the last colon, as a bus id has its own. */
static const char *gpu_end(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash ? slash : strrchr(text, ':');
}

static int find(const struct mig_snapshot *snap, const char *text, struct mig_ref *ret,
		bool *ret_is_index, struct mig_error *err)
{
	const char *end = gpu_end(text);
	char gpu[MIG_UUID_MAX];
	uint64_t index;

	if (strncasecmp(text, "MIG-", 4) == 0)
		return find_uuid(snap, text, ret, err);
	ret->gpu = find_gpu(snap, text, strlen(text));
	if (ret->gpu >= 0)
		return 0;
	if (!end || end == text || (size_t)(end - text) >= sizeof(gpu))
		return no_gpu(snap, text, err);
	text_copy(gpu, (size_t)(end - text) + 1, text);
	ret->gpu = find_gpu(snap, gpu, strlen(gpu));
	if (ret->gpu < 0)
		return mig_wrap(err, no_gpu(snap, gpu, err), "%s", text);
	if (*end == '/')
		return find_ids(&snap->gpus[ret->gpu], end + 1, ret, err);
	if (text_parse_u64(end + 1, &index)) {
		*ret_is_index = true;
		return find_index(&snap->gpus[ret->gpu], index, ret, err);
	}
	return find_place(&snap->gpus[ret->gpu], end + 1, ret, err);
}

int mig_ref_parse(const struct mig_snapshot *snap, const char *text, struct mig_ref *ret,
		  bool *ret_is_index, struct mig_error *err)
{
	struct mig_ref ref = whole;
	bool is_index = false;
	int rc = find(snap, text, &ref, &is_index, err);

	if (rc < 0)
		return rc;
	*ret = ref;
	if (ret_is_index)
		*ret_is_index = is_index;
	return 0;
}
