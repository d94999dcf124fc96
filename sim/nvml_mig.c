/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: MIG devices, each one a (GPU instance, compute instance) pair. */
#include <string.h>

#include "sim/session.h"

SIM_EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *isMigDevice)
{
	SIM_ENTER(nvmlDeviceIsMigDeviceHandle);
	struct sim_at at;

	if (!isMigDevice)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	*isMigDevice = at.c != NULL;
	return NVML_SUCCESS;
}

/* What a MIG device is asked and a GPU cannot say. */
static nvmlReturn_t mig_device(nvmlDevice_t device, const void *out, struct sim_at *at)
{
	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, at));
	return at->c ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
	SIM_ENTER(nvmlDeviceGetGpuInstanceId);
	struct sim_at at;

	SIM_TRY(mig_device(device, id, &at));
	*id = (unsigned)at.gi;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id)
{
	SIM_ENTER(nvmlDeviceGetComputeInstanceId);
	struct sim_at at;

	SIM_TRY(mig_device(device, id, &at));
	*id = (unsigned)at.ci;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
	SIM_ENTER(nvmlDeviceGetMaxMigDeviceCount);
	struct sim_at at;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	*count = at.state->mode ? (unsigned)at.type->max_mig_devices : 0;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index,
							    nvmlDevice_t *migDevice)
{
	SIM_ENTER(nvmlDeviceGetMigDeviceHandleByIndex);
	struct sim_at at;
	int gi, ci;

	if (!migDevice)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_gpu(sim_view(), device, &at));
	if (index >= (unsigned)at.type->max_mig_devices)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!at.state->mode)
		return NVML_ERROR_NOT_SUPPORTED;
	if (!sim_index_find(at.gpu, index, &gi, &ci))
		return NVML_ERROR_NOT_FOUND;
	*migDevice = sim_handle_mig(sim_view(), at.gpu, gi, ci);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t migDevice,
								     nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
	struct sim_at at;

	if (!device)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_mig(sim_view(), migDevice, &at));
	*device = sim_handle_gpu(at.gpu);
	return NVML_SUCCESS;
}

/* The first version's struct ends before the slice counts. */
static nvmlReturn_t attributes(nvmlDevice_t device, nvmlDeviceAttributes_t *out, size_t bytes)
{
	nvmlDeviceAttributes_t whole;
	struct sim_at at;

	SIM_TRY(mig_device(device, out, &at));
	whole = (nvmlDeviceAttributes_t){
		.multiprocessorCount = (unsigned)at.ci_kind->sm,
		.sharedCopyEngineCount = (unsigned)at.kind->engines[SIM_COPY],
		.sharedDecoderCount = (unsigned)at.kind->engines[SIM_DECODER],
		.sharedEncoderCount = (unsigned)at.kind->engines[SIM_ENCODER],
		.sharedJpegCount = (unsigned)at.kind->engines[SIM_JPEG],
		.sharedOfaCount = (unsigned)at.kind->engines[SIM_OFA],
		.gpuInstanceSliceCount = (unsigned)at.kind->compute_slices,
		.computeInstanceSliceCount = (unsigned)at.ci_kind->compute_slices,
		.memorySizeMB = (unsigned long long)at.kind->mem_mib,
	};
	memcpy(out, &whole, bytes);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetAttributes(nvmlDevice_t device,
						nvmlDeviceAttributes_t *out)
{
	SIM_ENTER(nvmlDeviceGetAttributes);
	return attributes(device, out, offsetof(nvmlDeviceAttributes_t, gpuInstanceSliceCount));
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device,
						   nvmlDeviceAttributes_t *out)
{
	SIM_ENTER(nvmlDeviceGetAttributes_v2);
	return attributes(device, out, sizeof(*out));
}
