/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: compute instances. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/text.h"
#include "sim/place.h"
#include "sim/session.h"

/* --- Profiles ------------------------------------------------------------------------------ */

static int kind_by_id(const struct sim_gi_kind *gi, unsigned id)
{
	for (int i = 0; i < gi->n_ci; i++)
		if ((unsigned)gi->ci[i].id == id)
			return i;
	return -1;
}

static nvmlReturn_t kind_by_number(nvmlGpuInstance_t gi, unsigned profile, unsigned engines,
				   struct sim_at *at, const struct sim_ci_kind **ret)
{
	if (profile >= sim_version_ci_profiles(sim_driver()) ||
	    engines != NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gi(sim_view(), gi, at));
	for (int i = 0; i < at->kind->n_ci; i++)
		if ((unsigned)at->kind->ci[i].nvml_profile == profile) {
			*ret = &at->kind->ci[i];
			return NVML_SUCCESS;
		}
	return NVML_ERROR_NOT_SUPPORTED;
}

static void fill_v1(const struct sim_gi_kind *gi, const struct sim_ci_kind *ci,
		    nvmlComputeInstanceProfileInfo_t *info)
{
	*info = (nvmlComputeInstanceProfileInfo_t){
		.id = (unsigned)ci->id,
		.sliceCount = (unsigned)ci->compute_slices,
		.instanceCount = (unsigned)ci->max_count,
		.multiprocessorCount = (unsigned)ci->sm,
		.sharedCopyEngineCount = (unsigned)gi->engines[SIM_COPY],
		.sharedDecoderCount = (unsigned)gi->engines[SIM_DECODER],
		.sharedEncoderCount = (unsigned)gi->engines[SIM_ENCODER],
		.sharedJpegCount = (unsigned)gi->engines[SIM_JPEG],
		.sharedOfaCount = (unsigned)gi->engines[SIM_OFA],
	};
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(
	nvmlGpuInstance_t gpuInstance, unsigned profile, unsigned engProfile,
	nvmlComputeInstanceProfileInfo_t *info)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstanceProfileInfo);
	const struct sim_ci_kind *kind;
	struct sim_at at;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(kind_by_number(gpuInstance, profile, engProfile, &at, &kind));
	fill_v1(at.kind, kind, info);
	return NVML_SUCCESS;
}

/* Version 2 is version 1 between `version` and the name; version 3 adds a word at its end. */
SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(
	nvmlGpuInstance_t gpuInstance, unsigned profile, unsigned engProfile,
	nvmlComputeInstanceProfileInfo_v2_t *info)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstanceProfileInfoV);
	const struct sim_ci_kind *kind;
	nvmlComputeInstanceProfileInfo_t v1;
	struct sim_at at;
	bool is_v3;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	is_v3 = info->version == NVML_STRUCT_VERSION(nvmlComputeInstanceProfileInfo_v3_t, 3) &&
		sim_version_has(sim_driver(), SIM_PROFILE_V3);
	if (info->version != NVML_STRUCT_VERSION(*info, 2) && !is_v3)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	SIM_TRY(kind_by_number(gpuInstance, profile, engProfile, &at, &kind));
	fill_v1(at.kind, kind, &v1);
	memcpy(&info->id, &v1, sizeof(v1));
	memset(info->name, 0, sizeof(info->name));
	snprintf(info->name, sizeof(info->name), "MIG %s", kind->name);
	if (is_v3)
		((nvmlComputeInstanceProfileInfo_v3_t *)info)->capabilities =
			at.kind->gfx ? NVML_COMPUTE_INSTANCE_PROFILE_CAPS_GFX : 0;
	return NVML_SUCCESS;
}

static nvmlReturn_t asked_kind(nvmlGpuInstance_t gi, unsigned id, struct sim_at *at,
			       int *ret_kind)
{
	SIM_TRY(sim_at_gi(sim_view(), gi, at));
	*ret_kind = kind_by_id(at->kind, id);
	if (*ret_kind < 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	return sim_is_privileged() ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstancePossiblePlacements(
	nvmlGpuInstance_t gpuInstance, unsigned profileId,
	nvmlComputeInstancePlacement_t *placements, unsigned *count)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstancePossiblePlacements);
	const struct sim_ci_kind *k;
	struct sim_at at;
	unsigned room, n = 0;
	int kind;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(asked_kind(gpuInstance, profileId, &at, &kind));
	k = &at.kind->ci[kind];
	room = *count;
	*count = (unsigned)__builtin_popcount(k->starts);
	if (!placements)
		return NVML_SUCCESS;
	if (room < *count)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < MIG_UNITS_MAX; i++)
		if (k->starts >> i & 1)
			placements[n++] =
				(nvmlComputeInstancePlacement_t){ i, (unsigned)k->size };
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceRemainingCapacity(
	nvmlGpuInstance_t gpuInstance, unsigned profileId, unsigned *count)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstanceRemainingCapacity);
	unsigned free_places, left;
	struct sim_at at;
	int kind;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(asked_kind(gpuInstance, profileId, &at, &kind));
	left = (unsigned)at.kind->ci[kind].max_count;
	for (int i = 0; i < SIM_CIS_MAX; i++)
		if (at.g->ci[i].generation && at.g->ci[i].profile == kind && left > 0)
			left--;
	free_places = sim_place_count(sim_place_ci_starts(at.kind, at.g, kind),
				      at.kind->ci[kind].size);
	*count = free_places < left ? free_places : left;
	return NVML_SUCCESS;
}

/* --- Instances ------------------------------------------------------------------------------ */

struct ci_creation {
	struct sim_deed deed;
	nvmlGpuInstance_t gi;
	unsigned profile_id;
	const nvmlComputeInstancePlacement_t *placement; /* NULL: where the driver likes */
	nvmlComputeInstance_t made;
};

static nvmlReturn_t apply_create(struct sim_half *next, void *arg)
{
	struct ci_creation *c = arg;
	struct sim_at at;
	int kind, id;

	SIM_TRY(sim_at_gi(next, c->gi, &at));
	kind = kind_by_id(at.kind, c->profile_id);
	if (kind < 0 ||
	    (c->placement && (c->placement->size != (unsigned)at.kind->ci[kind].size ||
			      c->placement->start >= MIG_UNITS_MAX)))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	SIM_TRY(sim_state_create_ci(sim_fixed(), next, at.gpu, at.gi, kind,
				    c->placement ? (int)c->placement->start : -1, &id));
	c->made = sim_handle_ci(next, at.gpu, at.gi, id);
	c->deed.gpu = at.gpu;
	c->deed.slices = at.kind->ci[kind].compute_slices;
	snprintf(c->deed.made, sizeof(c->deed.made), "CI %d", id);
	return NVML_SUCCESS;
}

static nvmlReturn_t create(struct ci_creation *c, bool is_valid, nvmlComputeInstance_t *ret)
{
	nvmlReturn_t rc;
	char words[32];

	snprintf(c->deed.asked, sizeof(c->deed.asked), "%s, profile %u",
		 sim_handle_words(c->gi, words, sizeof(words)), c->profile_id);
	if (c->placement)
		text_append(c->deed.asked, sizeof(c->deed.asked), ", placement %u:%u",
			    c->placement->start, c->placement->size);
	if (!is_valid || !ret)
		c->gi = NULL;
	rc = sim_change(&c->deed, apply_create, c);
	if (rc == NVML_SUCCESS && ret)
		*ret = c->made;
	return rc;
}

SIM_EXPORT nvmlReturn_t
nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t gpuInstance, unsigned profileId,
				     nvmlComputeInstance_t *computeInstance)
{
	struct ci_creation c = { .deed.call = SIM_CALL_nvmlGpuInstanceCreateComputeInstance,
				 .gi = gpuInstance,
				 .profile_id = profileId };

	return create(&c, true, computeInstance);
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceCreateComputeInstanceWithPlacement(
	nvmlGpuInstance_t gpuInstance, unsigned profileId,
	const nvmlComputeInstancePlacement_t *placement, nvmlComputeInstance_t *computeInstance)
{
	struct ci_creation c = {
		.deed.call = SIM_CALL_nvmlGpuInstanceCreateComputeInstanceWithPlacement,
		.gi = gpuInstance,
		.profile_id = profileId,
		.placement = placement
	};

	return create(&c, placement, computeInstance);
}

struct ci_destruction {
	struct sim_deed deed;
	nvmlComputeInstance_t ci;
};

static nvmlReturn_t apply_destroy(struct sim_half *next, void *arg)
{
	struct ci_destruction *d = arg;
	struct timespec now;
	struct sim_at at;

	SIM_TRY(sim_at_ci(next, d->ci, &at));
	d->deed.gpu = at.gpu;
	d->deed.slices = at.ci_kind->compute_slices;
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return sim_state_destroy_ci(next, at.gpu, at.gi, at.ci,
				    (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

SIM_EXPORT nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t computeInstance)
{
	struct ci_destruction d = { { .call = SIM_CALL_nvmlComputeInstanceDestroy },
				    computeInstance };

	sim_handle_words(computeInstance, d.deed.asked, sizeof(d.deed.asked));
	return sim_change(&d.deed, apply_destroy, &d);
}

SIM_EXPORT nvmlReturn_t
nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t gpuInstance, unsigned profileId,
				   nvmlComputeInstance_t *computeInstances, unsigned *count)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstances);
	struct sim_at at;
	unsigned n = 0;
	int kind;

	if (!computeInstances || !count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(asked_kind(gpuInstance, profileId, &at, &kind));
	for (int i = 0; i < SIM_CIS_MAX; i++)
		if (at.g->ci[i].generation && at.g->ci[i].profile == kind)
			computeInstances[n++] = sim_handle_ci(sim_view(), at.gpu, at.gi, i);
	*count = n;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceById(
	nvmlGpuInstance_t gpuInstance, unsigned id, nvmlComputeInstance_t *computeInstance)
{
	SIM_ENTER(nvmlGpuInstanceGetComputeInstanceById);
	struct sim_at at;

	if (!computeInstance)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gi(sim_view(), gpuInstance, &at));
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	if (id >= SIM_CIS_MAX || !at.g->ci[id].generation)
		return NVML_ERROR_NOT_FOUND;
	*computeInstance = sim_handle_ci(sim_view(), at.gpu, at.gi, (int)id);
	return NVML_SUCCESS;
}

/* The first version's struct ends before the placement. */
static nvmlReturn_t info(nvmlComputeInstance_t ci, nvmlComputeInstanceInfo_t *out, size_t bytes)
{
	nvmlComputeInstanceInfo_t whole;
	struct sim_at at;

	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_ci(sim_view(), ci, &at));
	whole = (nvmlComputeInstanceInfo_t){
		.device = sim_handle_gpu(at.gpu),
		.gpuInstance = sim_handle_gi(sim_view(), at.gpu, at.gi),
		.id = (unsigned)at.ci,
		.profileId = (unsigned)at.ci_kind->id,
		.placement = { at.c->start, (unsigned)at.ci_kind->size }
	};
	memcpy(out, &whole, bytes);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlComputeInstanceGetInfo(nvmlComputeInstance_t computeInstance,
						   nvmlComputeInstanceInfo_t *out)
{
	SIM_ENTER(nvmlComputeInstanceGetInfo);
	return info(computeInstance, out, offsetof(nvmlComputeInstanceInfo_t, placement));
}

SIM_EXPORT nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t computeInstance,
						      nvmlComputeInstanceInfo_t *out)
{
	SIM_ENTER(nvmlComputeInstanceGetInfo_v2);
	return info(computeInstance, out, sizeof(*out));
}
