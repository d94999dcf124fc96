/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: MIG mode and GPU instances. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/text.h"
#include "sim/place.h"
#include "sim/session.h"

/* The last check of calls that change or list instances: arguments and support come first. */
static nvmlReturn_t may_manage(const struct sim_at *at, bool needs_mode)
{
	if (needs_mode && !at->state->mode)
		return NVML_ERROR_NOT_SUPPORTED;
	return sim_is_privileged() ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

/* --- MIG mode ------------------------------------------------------------------------------ */

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *currentMode,
					     unsigned *pendingMode)
{
	SIM_ENTER(nvmlDeviceGetMigMode);
	struct sim_at at;

	if (!currentMode || !pendingMode)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	*currentMode = at.state->mode;
	*pendingMode = at.state->pending;
	return NVML_SUCCESS;
}

struct mode_change {
	struct sim_deed deed;
	nvmlDevice_t device;
	unsigned mode;
	nvmlReturn_t status;
};

static nvmlReturn_t apply_mode(struct sim_half *next, void *arg)
{
	struct mode_change *m = arg;
	struct sim_at at;
	unsigned was;

	SIM_TRY(sim_at_gpu(next, m->device, &at));
	SIM_TRY(may_manage(&at, false));
	was = at.state->mode;
	SIM_TRY(sim_state_set_mode(sim_fixed(), next, at.gpu, m->mode, &m->status));
	m->deed.gpu = at.gpu;
	if (m->deed.has_answer) { /* a fault: for that reason it waits for a reset */
		m->status = (nvmlReturn_t)m->deed.answer;
		next->gpus[at.gpu].mode = was;
		next->gpus[at.gpu].pending = m->mode;
	}
	snprintf(m->deed.made, sizeof(m->deed.made), "activation %d", m->status);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode,
					     nvmlReturn_t *activationStatus)
{
	struct mode_change m = {
		{ .call = SIM_CALL_nvmlDeviceSetMigMode }, device, mode, NVML_SUCCESS
	};
	char words[32];
	bool is_valid = activationStatus && mode <= NVML_DEVICE_MIG_ENABLE;

	if (!is_valid)
		m.device = NULL; /* no handle: refused after the checks that come before */
	snprintf(m.deed.asked, sizeof(m.deed.asked), "%s, mode %u",
		 sim_handle_words(device, words, sizeof(words)), mode);
	SIM_TRY(sim_change(&m.deed, apply_mode, &m));
	*activationStatus = m.status;
	return NVML_SUCCESS;
}

/* --- Profiles ------------------------------------------------------------------------------ */

static bool may_ask(const struct sim_at *at)
{
	return at->state->mode || sim_version_has(sim_driver(), SIM_ASK_MODE_OFF);
}

static bool is_known(const struct sim_gi_kind *kind)
{
	return (unsigned)kind->nvml_profile < sim_version_gi_profiles(sim_driver());
}

/* The kind of a profile id, or -1. */
static int kind_by_id(const struct sim_type *type, unsigned id)
{
	for (int i = 0; i < type->n_profiles; i++)
		if ((unsigned)type->profiles[i].id == id && is_known(&type->profiles[i]))
			return i;
	return -1;
}

static nvmlReturn_t kind_by_number(nvmlDevice_t device, unsigned profile,
				   const struct sim_gi_kind **ret)
{
	struct sim_at at;

	if (profile >= sim_version_gi_profiles(sim_driver()))
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	if (!may_ask(&at))
		return NVML_ERROR_NOT_SUPPORTED;
	for (int i = 0; i < at.type->n_profiles; i++)
		if ((unsigned)at.type->profiles[i].nvml_profile == profile) {
			*ret = &at.type->profiles[i];
			return NVML_SUCCESS;
		}
	return NVML_ERROR_NOT_SUPPORTED;
}

static void fill_v1(const struct sim_gi_kind *k, nvmlGpuInstanceProfileInfo_t *info)
{
	*info = (nvmlGpuInstanceProfileInfo_t){
		.id = (unsigned)k->id,
		.isP2pSupported = (unsigned)k->p2p,
		.sliceCount = (unsigned)k->compute_slices,
		.instanceCount = (unsigned)k->max_count,
		.multiprocessorCount = (unsigned)k->sm,
		.copyEngineCount = (unsigned)k->engines[SIM_COPY],
		.decoderCount = (unsigned)k->engines[SIM_DECODER],
		.encoderCount = (unsigned)k->engines[SIM_ENCODER],
		.jpegCount = (unsigned)k->engines[SIM_JPEG],
		.ofaCount = (unsigned)k->engines[SIM_OFA],
		.memorySizeMB = (unsigned long long)k->mem_mib,
	};
}

/* Version 2 is version 1 behind `version`, and the name behind that. */
static void fill_v2(const struct sim_gi_kind *k, nvmlGpuInstanceProfileInfo_v2_t *info)
{
	nvmlGpuInstanceProfileInfo_t v1;

	fill_v1(k, &v1);
	memset((char *)info + sizeof(info->version), 0, sizeof(*info) - sizeof(info->version));
	memcpy(&info->id, &v1.id, offsetof(nvmlGpuInstanceProfileInfo_t, memorySizeMB));
	info->memorySizeMB = v1.memorySizeMB;
	snprintf(info->name, sizeof(info->name), "MIG %s", k->name);
}

/* Version 3 has no isP2pSupported: everything behind it moves. */
static void fill_v3(const struct sim_gi_kind *k, nvmlGpuInstanceProfileInfo_v3_t *info)
{
	nvmlGpuInstanceProfileInfo_t v1;

	fill_v1(k, &v1);
	memset((char *)info + sizeof(info->version), 0, sizeof(*info) - sizeof(info->version));
	info->id = v1.id;
	memcpy(&info->sliceCount, &v1.sliceCount,
	       offsetof(nvmlGpuInstanceProfileInfo_t, memorySizeMB) -
		       offsetof(nvmlGpuInstanceProfileInfo_t, sliceCount));
	info->memorySizeMB = v1.memorySizeMB;
	snprintf(info->name, sizeof(info->name), "MIG %s", k->name);
	if (k->p2p)
		info->capabilities |= NVML_GPU_INSTANCE_PROFILE_CAPS_P2P;
	if (k->gfx)
		info->capabilities |= NVML_GPU_INSTANCE_PROFILE_CAPS_GFX;
}

static bool is_v3(const nvmlGpuInstanceProfileInfo_v2_t *info)
{
	return info->version == NVML_STRUCT_VERSION(nvmlGpuInstanceProfileInfo_v3_t, 3) &&
	       sim_version_has(sim_driver(), SIM_PROFILE_V3);
}

static nvmlReturn_t check_version(const nvmlGpuInstanceProfileInfo_v2_t *info)
{
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_STRUCT_VERSION(*info, 2) && !is_v3(info))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	return NVML_SUCCESS;
}

static void fill(const struct sim_gi_kind *kind, nvmlGpuInstanceProfileInfo_v2_t *info)
{
	if (is_v3(info))
		fill_v3(kind, (nvmlGpuInstanceProfileInfo_v3_t *)info);
	else
		fill_v2(kind, info);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device,
							    unsigned profile,
							    nvmlGpuInstanceProfileInfo_t *info)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceProfileInfo);
	const struct sim_gi_kind *kind;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(kind_by_number(device, profile, &kind));
	fill_v1(kind, info);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(
	nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_v2_t *info)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceProfileInfoV);
	const struct sim_gi_kind *kind;

	SIM_TRY(check_version(info));
	SIM_TRY(kind_by_number(device, profile, &kind));
	fill(kind, info);
	return NVML_SUCCESS;
}

/* A kind by its id, on a GPU that may be asked about it now. */
static nvmlReturn_t asked_kind(nvmlDevice_t device, unsigned id, struct sim_at *at,
			       int *ret_kind)
{
	SIM_TRY(sim_at_gpu(sim_view(), device, at));
	*ret_kind = kind_by_id(at->type, id);
	if (*ret_kind < 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	return may_ask(at) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoByIdV(
	nvmlDevice_t device, unsigned profileId, nvmlGpuInstanceProfileInfo_v2_t *info)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceProfileInfoByIdV);
	struct sim_at at;
	int kind;

	SIM_TRY(check_version(info));
	SIM_TRY(asked_kind(device, profileId, &at, &kind));
	fill(&at.type->profiles[kind], info);
	return NVML_SUCCESS;
}

static nvmlReturn_t possible_placements(nvmlDevice_t device, unsigned id,
					nvmlGpuInstancePlacement_t *placements, unsigned *count)
{
	const struct sim_gi_kind *k;
	struct sim_at at;
	unsigned room, n = 0;
	int kind;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(asked_kind(device, id, &at, &kind));
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	k = &at.type->profiles[kind];
	room = *count;
	*count = (unsigned)__builtin_popcount(k->starts);
	if (!placements)
		return NVML_SUCCESS;
	if (room < *count)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < MIG_UNITS_MAX; i++)
		if (k->starts >> i & 1)
			placements[n++] = (nvmlGpuInstancePlacement_t){ i, (unsigned)k->size };
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements(
	nvmlDevice_t device, unsigned profileId, nvmlGpuInstancePlacement_t *placements,
	unsigned *count)
{
	SIM_ENTER(nvmlDeviceGetGpuInstancePossiblePlacements);
	return possible_placements(device, profileId, placements, count);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(
	nvmlDevice_t device, unsigned profileId, nvmlGpuInstancePlacement_t *placements,
	unsigned *count)
{
	SIM_ENTER(nvmlDeviceGetGpuInstancePossiblePlacements_v2);
	return possible_placements(device, profileId, placements, count);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device,
								  unsigned profileId,
								  unsigned *count)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceRemainingCapacity);
	const struct sim_gi_kind *k;
	struct sim_at at;
	unsigned free_places, left;
	int kind;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(asked_kind(device, profileId, &at, &kind));
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	k = &at.type->profiles[kind];
	left = (unsigned)k->max_count;
	for (int i = 0; i < SIM_GIS_MAX; i++)
		if (at.state->gi[i].generation && at.state->gi[i].profile == kind)
			left--;
	free_places = sim_place_count(sim_state_starts(sim_fixed(), sim_view(), at.gpu, kind),
				      k->size);
	if (!at.state->mode)
		free_places = 0;
	*count = free_places < left ? free_places : left;
	return NVML_SUCCESS;
}

/* --- Instances ------------------------------------------------------------------------------ */

struct gi_creation {
	struct sim_deed deed;
	nvmlDevice_t device;
	unsigned profile_id;
	const nvmlGpuInstancePlacement_t *placement; /* NULL: where the driver likes */
	nvmlGpuInstance_t made;
};

static nvmlReturn_t apply_create(struct sim_half *next, void *arg)
{
	struct gi_creation *c = arg;
	struct sim_at at;
	int kind, id;

	SIM_TRY(sim_at_gpu(next, c->device, &at));
	kind = kind_by_id(at.type, c->profile_id);
	if (kind < 0 ||
	    (c->placement && (c->placement->size != (unsigned)at.type->profiles[kind].size ||
			      c->placement->start >= MIG_UNITS_MAX)))
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(may_manage(&at, true));
	SIM_TRY(sim_state_create_gi(sim_fixed(), next, at.gpu, kind,
				    c->placement ? (int)c->placement->start : -1, &id));
	c->made = sim_handle_gi(next, at.gpu, id);
	c->deed.gpu = at.gpu;
	c->deed.slices = at.type->profiles[kind].compute_slices;
	snprintf(c->deed.made, sizeof(c->deed.made), "GI %d", id);
	return NVML_SUCCESS;
}

static nvmlReturn_t create(struct gi_creation *c, bool is_valid, nvmlGpuInstance_t *ret)
{
	nvmlReturn_t rc;
	char words[32];

	snprintf(c->deed.asked, sizeof(c->deed.asked), "%s, profile %u",
		 sim_handle_words(c->device, words, sizeof(words)), c->profile_id);
	if (c->placement)
		text_append(c->deed.asked, sizeof(c->deed.asked), ", placement %u:%u",
			    c->placement->start, c->placement->size);
	if (!is_valid || !ret)
		c->device = NULL;
	rc = sim_change(&c->deed, apply_create, c);
	if (rc == NVML_SUCCESS && ret)
		*ret = c->made;
	return rc;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned profileId,
						    nvmlGpuInstance_t *gpuInstance)
{
	struct gi_creation c = { .deed.call = SIM_CALL_nvmlDeviceCreateGpuInstance,
				 .device = device,
				 .profile_id = profileId };

	return create(&c, true, gpuInstance);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(
	nvmlDevice_t device, unsigned profileId, const nvmlGpuInstancePlacement_t *placement,
	nvmlGpuInstance_t *gpuInstance)
{
	struct gi_creation c = { .deed.call = SIM_CALL_nvmlDeviceCreateGpuInstanceWithPlacement,
				 .device = device,
				 .profile_id = profileId,
				 .placement = placement };

	return create(&c, placement, gpuInstance);
}

struct gi_destruction {
	struct sim_deed deed;
	nvmlGpuInstance_t gi;
};

static nvmlReturn_t apply_destroy(struct sim_half *next, void *arg)
{
	struct gi_destruction *d = arg;
	struct timespec now;
	struct sim_at at;

	SIM_TRY(sim_at_gi(next, d->gi, &at));
	SIM_TRY(may_manage(&at, true));
	d->deed.gpu = at.gpu;
	d->deed.slices = at.kind->compute_slices;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return sim_state_destroy_gi(next, at.gpu, at.gi,
				    (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t gpuInstance)
{
	struct gi_destruction d = { { .call = SIM_CALL_nvmlGpuInstanceDestroy }, gpuInstance };

	sim_handle_words(gpuInstance, d.deed.asked, sizeof(d.deed.asked));
	return sim_change(&d.deed, apply_destroy, &d);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned profileId,
						  nvmlGpuInstance_t *gpuInstances,
						  unsigned *count)
{
	SIM_ENTER(nvmlDeviceGetGpuInstances);
	struct sim_at at;
	unsigned n = 0;
	int kind;

	if (!gpuInstances || !count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	kind = kind_by_id(at.type, profileId);
	if (kind < 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(may_manage(&at, true));
	for (int i = 0; i < SIM_GIS_MAX; i++)
		if (at.state->gi[i].generation && at.state->gi[i].profile == kind)
			gpuInstances[n++] = sim_handle_gi(sim_view(), at.gpu, i);
	*count = n;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceById(nvmlDevice_t device, unsigned id,
						     nvmlGpuInstance_t *gpuInstance)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceById);
	struct sim_at at;

	if (!gpuInstance)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	SIM_TRY(may_manage(&at, true));
	if (id >= SIM_GIS_MAX || !at.state->gi[id].generation)
		return NVML_ERROR_NOT_FOUND;
	*gpuInstance = sim_handle_gi(sim_view(), at.gpu, (int)id);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t gpuInstance,
					       nvmlGpuInstanceInfo_t *info)
{
	SIM_ENTER(nvmlGpuInstanceGetInfo);
	struct sim_at at;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gi(sim_view(), gpuInstance, &at));
	*info = (nvmlGpuInstanceInfo_t){ .device = sim_handle_gpu(at.gpu),
					 .id = (unsigned)at.gi,
					 .profileId = (unsigned)at.kind->id,
					 .placement = { at.g->start,
							(unsigned)at.kind->size } };
	return NVML_SUCCESS;
}
