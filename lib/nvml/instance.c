/* SPDX-License-Identifier: Apache-2.0 */
/* GPU instances and compute instances: profiles, places, making and unmaking. */
#include <string.h>

#include "lib/nvml/door.h"
#include "shared/text.h"

static void from_v3(struct mig_nvml_gi_profile *ret, const nvmlGpuInstanceProfileInfo_v3_t *i)
{
	*ret = (struct mig_nvml_gi_profile){
		.id = (int)i->id,
		.compute_slices = (int)i->sliceCount,
		.max_count = (int)i->instanceCount,
		.sm = (int)i->multiprocessorCount,
		.copy_engines = (int)i->copyEngineCount,
		.decoders = (int)i->decoderCount,
		.encoders = (int)i->encoderCount,
		.jpeg = (int)i->jpegCount,
		.ofa = (int)i->ofaCount,
		.p2p = !!(i->capabilities & NVML_GPU_INSTANCE_PROFILE_CAPS_P2P),
		.gfx = !!(i->capabilities & NVML_GPU_INSTANCE_PROFILE_CAPS_GFX),
		.mem_mib = (int64_t)i->memorySizeMB,
	};
	door_name(ret->name, i->name);
}

/* The three forms of the struct differ in where members stand, so each is copied by name. */
#define COPY_COMMON(to, from)                                                            \
	do {                                                                             \
		(to)->id = (from)->id;                                                   \
		(to)->sliceCount = (from)->sliceCount;                                   \
		(to)->instanceCount = (from)->instanceCount;                             \
		(to)->multiprocessorCount = (from)->multiprocessorCount;                 \
		(to)->copyEngineCount = (from)->copyEngineCount;                         \
		(to)->decoderCount = (from)->decoderCount;                               \
		(to)->encoderCount = (from)->encoderCount;                               \
		(to)->jpegCount = (from)->jpegCount;                                     \
		(to)->ofaCount = (from)->ofaCount;                                       \
		(to)->memorySizeMB = (from)->memorySizeMB;                               \
		(to)->capabilities =                                                     \
			(from)->isP2pSupported ? NVML_GPU_INSTANCE_PROFILE_CAPS_P2P : 0; \
	} while (0)

static nvmlReturn_t gi_profile_v3(struct mig_nvml *nvml, nvmlDevice_t dev, unsigned number,
				  nvmlGpuInstanceProfileInfo_v3_t *v3)
{
	v3->version = NVML_STRUCT_VERSION(*v3, 3);
	return CALL(nvml, nvmlDeviceGetGpuInstanceProfileInfoV, dev, number,
		    (nvmlGpuInstanceProfileInfo_v2_t *)v3);
}

/* The header lets a driver call a version that it does not know an invalid argument. */
static bool is_older_form(nvmlReturn_t result)
{
	return door_is_old(result) || result == NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t gi_profile_older(struct mig_nvml *nvml, nvmlDevice_t dev, unsigned number,
				     nvmlGpuInstanceProfileInfo_v3_t *v3)
{
	nvmlGpuInstanceProfileInfo_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlGpuInstanceProfileInfo_t v1 = { 0 };
	nvmlReturn_t result =
		CALL(nvml, nvmlDeviceGetGpuInstanceProfileInfoV, dev, number, &v2);

	if (!is_older_form(result)) {
		COPY_COMMON(v3, &v2);
		memcpy(v3->name, v2.name, sizeof(v3->name));
		return result;
	}
	result = CALL(nvml, nvmlDeviceGetGpuInstanceProfileInfo, dev, number, &v1);
	COPY_COMMON(v3, &v1);
	v3->name[0] = '\0';
	return result;
}

int mig_nvml_gi_profile(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned nvml_profile,
			struct mig_nvml_gi_profile *ret, struct mig_error *err)
{
	nvmlGpuInstanceProfileInfo_v3_t info = { 0 };
	nvmlReturn_t result = gi_profile_v3(nvml, gpu.h, nvml_profile, &info);

	if (is_older_form(result))
		result = gi_profile_older(nvml, gpu.h, nvml_profile, &info);
	if (result != NVML_SUCCESS)
		return door_fail(nvml, result, err, "read GPU instance profile number %u",
				 nvml_profile);
	from_v3(ret, &info);
	return 0;
}

int mig_nvml_gi_placements(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
			   struct mig_nvml_placement *ret, int max, struct mig_error *err)
{
	nvmlGpuInstancePlacement_t places[64];
	unsigned n = sizeof(places) / sizeof(places[0]);
	nvmlReturn_t result = CALL(nvml, nvmlDeviceGetGpuInstancePossiblePlacements_v2, gpu.h,
				   (unsigned)profile_id, places, &n);
	int rc;

	if (door_is_old(result))
		result = CALL(nvml, nvmlDeviceGetGpuInstancePossiblePlacements, gpu.h,
			      (unsigned)profile_id, places, &n);
	rc = door_fail(nvml, result, err, "read the placements of GPU instance profile %d",
		       profile_id);
	for (int i = 0; rc == 0 && i < (int)n && i < max; i++)
		ret[i] = (struct mig_nvml_placement){ places[i].start, places[i].size };
	return rc < 0 ? rc : (int)n < max ? (int)n : max;
}

int mig_nvml_gi_list(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
		     struct mig_nvml_gi *ret, int max, struct mig_error *err)
{
	nvmlGpuInstance_t handles[64];
	unsigned n = sizeof(handles) / sizeof(handles[0]);
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlDeviceGetGpuInstances, gpu.h, (unsigned)profile_id,
				handles, &n),
			   err, "list the GPU instances of profile %d", profile_id);

	for (int i = 0; rc == 0 && i < (int)n && i < max; i++)
		ret[i].h = handles[i];
	return rc < 0 ? rc : (int)n < max ? (int)n : max;
}

int mig_nvml_gi_by_id(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned id,
		      struct mig_nvml_gi *ret, struct mig_error *err)
{
	nvmlGpuInstance_t gi;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetGpuInstanceById, gpu.h, id, &gi), err,
			   "open GPU instance %u", id);

	if (rc == 0)
		ret->h = gi;
	return rc;
}

int mig_nvml_gi_info(struct mig_nvml *nvml, struct mig_nvml_gi gi, struct mig_nvml_gi_info *ret,
		     struct mig_error *err)
{
	nvmlGpuInstanceInfo_t info;
	int rc = door_fail(nvml, CALL(nvml, nvmlGpuInstanceGetInfo, gi.h, &info), err,
			   "read a GPU instance");

	if (rc < 0)
		return rc;
	*ret = (struct mig_nvml_gi_info){
		.id = (int)info.id,
		.profile_id = (int)info.profileId,
		.placement = { info.placement.start, info.placement.size },
	};
	return 0;
}

int mig_nvml_gi_create(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
		       unsigned start, unsigned size, struct mig_nvml_gi *ret,
		       struct mig_error *err)
{
	const nvmlGpuInstancePlacement_t place = { start, size };
	nvmlGpuInstance_t gi;
	nvmlReturn_t result = CALL(nvml, nvmlDeviceCreateGpuInstanceWithPlacement, gpu.h,
				   (unsigned)profile_id, &place, &gi);
	int rc;

	/* Before R460 the driver alone chose the place; the caller looks where it is. */
	if (result == NVML_ERROR_FUNCTION_NOT_FOUND)
		result = CALL(nvml, nvmlDeviceCreateGpuInstance, gpu.h, (unsigned)profile_id,
			      &gi);
	rc = door_fail(nvml, result, err, "create a GPU instance of profile %d at %u",
		       profile_id, start);
	if (rc == 0)
		ret->h = gi;
	return rc;
}

int mig_nvml_gi_destroy(struct mig_nvml *nvml, struct mig_nvml_gi gi, struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlGpuInstanceDestroy, gi.h), err,
			 "destroy a GPU instance");
}

int mig_nvml_ci_profile(struct mig_nvml *nvml, struct mig_nvml_gi gi, unsigned nvml_profile,
			struct mig_nvml_ci_profile *ret, struct mig_error *err)
{
	nvmlComputeInstanceProfileInfo_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlComputeInstanceProfileInfo_t v1 = { 0 };
	nvmlReturn_t result =
		CALL(nvml, nvmlGpuInstanceGetComputeInstanceProfileInfoV, gi.h, nvml_profile,
		     NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED, &v2);

	if (is_older_form(result)) {
		result = CALL(nvml, nvmlGpuInstanceGetComputeInstanceProfileInfo, gi.h,
			      nvml_profile, NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED, &v1);
		v2 = (nvmlComputeInstanceProfileInfo_v2_t){
			.id = v1.id,
			.sliceCount = v1.sliceCount,
			.instanceCount = v1.instanceCount,
			.multiprocessorCount = v1.multiprocessorCount,
		};
	}
	if (result != NVML_SUCCESS)
		return door_fail(nvml, result, err, "read compute instance profile number %u",
				 nvml_profile);
	*ret = (struct mig_nvml_ci_profile){
		.id = (int)v2.id,
		.compute_slices = (int)v2.sliceCount,
		.max_count = (int)v2.instanceCount,
		.sm = (int)v2.multiprocessorCount,
	};
	door_name(ret->name, v2.name);
	return 0;
}

int mig_nvml_ci_placements(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
			   struct mig_nvml_placement *ret, int max, struct mig_error *err)
{
	nvmlComputeInstancePlacement_t places[64];
	unsigned n = sizeof(places) / sizeof(places[0]);
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlGpuInstanceGetComputeInstancePossiblePlacements, gi.h,
				(unsigned)profile_id, places, &n),
			   err, "read the placements of compute instance profile %d",
			   profile_id);

	for (int i = 0; rc == 0 && i < (int)n && i < max; i++)
		ret[i] = (struct mig_nvml_placement){ places[i].start, places[i].size };
	return rc < 0 ? rc : (int)n < max ? (int)n : max;
}

int mig_nvml_ci_list(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
		     struct mig_nvml_ci *ret, int max, struct mig_error *err)
{
	nvmlComputeInstance_t handles[64];
	unsigned n = sizeof(handles) / sizeof(handles[0]);
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlGpuInstanceGetComputeInstances, gi.h,
				(unsigned)profile_id, handles, &n),
			   err, "list the compute instances of profile %d", profile_id);

	for (int i = 0; rc == 0 && i < (int)n && i < max; i++)
		ret[i].h = handles[i];
	return rc < 0 ? rc : (int)n < max ? (int)n : max;
}

int mig_nvml_ci_by_id(struct mig_nvml *nvml, struct mig_nvml_gi gi, unsigned id,
		      struct mig_nvml_ci *ret, struct mig_error *err)
{
	nvmlComputeInstance_t ci;
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlGpuInstanceGetComputeInstanceById, gi.h, id, &ci),
			   err, "open compute instance %u", id);

	if (rc == 0)
		ret->h = ci;
	return rc;
}

int mig_nvml_ci_info(struct mig_nvml *nvml, struct mig_nvml_ci ci, struct mig_nvml_ci_info *ret,
		     struct mig_error *err)
{
	nvmlComputeInstanceInfo_t info = { 0 };
	nvmlReturn_t result = CALL(nvml, nvmlComputeInstanceGetInfo_v2, ci.h, &info);
	int rc;

	/* The older struct ends before the placement, which then stays empty. */
	if (door_is_old(result))
		result = CALL(nvml, nvmlComputeInstanceGetInfo, ci.h, &info);
	rc = door_fail(nvml, result, err, "read a compute instance");
	if (rc < 0)
		return rc;
	*ret = (struct mig_nvml_ci_info){
		.id = (int)info.id,
		.profile_id = (int)info.profileId,
		.placement = { info.placement.start, info.placement.size },
	};
	return 0;
}

int mig_nvml_ci_create(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id, int start,
		       int size, struct mig_nvml_ci *ret, struct mig_error *err)
{
	const nvmlComputeInstancePlacement_t place = { (unsigned)start, (unsigned)size };
	nvmlComputeInstance_t ci;
	nvmlReturn_t result =
		start >= 0 ? CALL(nvml, nvmlGpuInstanceCreateComputeInstanceWithPlacement, gi.h,
				  (unsigned)profile_id, &place, &ci)
			   : NVML_ERROR_FUNCTION_NOT_FOUND;

	/* Before R525 the driver alone chose a compute instance's place. */
	if (result == NVML_ERROR_FUNCTION_NOT_FOUND)
		result = CALL(nvml, nvmlGpuInstanceCreateComputeInstance, gi.h,
			      (unsigned)profile_id, &ci);
	if (result != NVML_SUCCESS)
		return door_fail(nvml, result, err, "create a compute instance of profile %d",
				 profile_id);
	ret->h = ci;
	return 0;
}

int mig_nvml_ci_destroy(struct mig_nvml *nvml, struct mig_nvml_ci ci, struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlComputeInstanceDestroy, ci.h), err,
			 "destroy a compute instance");
}
