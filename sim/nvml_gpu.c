/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: what a whole GPU is like. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/session.h"

enum {
	BRAND_NVIDIA_RTX = 13,
	BRAND_NVIDIA = 14,
	VALUE_UINT = 1,
	ECC_TYPES = 2, /* corrected, uncorrected; volatile, aggregate */
	ECC_LOCATIONS = 7,
	WORD_BITS = 8 * sizeof(unsigned long),
};

/* A number of a whole GPU: @expr may use `at`. */
#define GPU_NUMBER(name, type, expr)                                 \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, type *ret) \
	{                                                            \
		SIM_ENTER(name);                                     \
		struct sim_at at;                                    \
                                                                     \
		SIM_TRY(sim_at_whole(device, ret, &at));             \
		*ret = (expr);                                       \
		return NVML_SUCCESS;                                 \
	}

GPU_NUMBER(nvmlDeviceGetArchitecture, nvmlDeviceArchitecture_t, (unsigned)at.type->nvml_arch)
GPU_NUMBER(nvmlDeviceGetBrand, nvmlBrandType_t,
	   at.type->has_ecc ? BRAND_NVIDIA : BRAND_NVIDIA_RTX)
GPU_NUMBER(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, 1)
GPU_NUMBER(nvmlDeviceGetComputeMode, nvmlComputeMode_t, 0)
GPU_NUMBER(nvmlDeviceGetDisplayActive, nvmlEnableState_t, 0)
GPU_NUMBER(nvmlDeviceGetDisplayMode, nvmlEnableState_t, 0)
GPU_NUMBER(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, 0)
GPU_NUMBER(nvmlDeviceGetNumaNodeId, unsigned, 0)

SIM_EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major,
							   int *minor)
{
	SIM_ENTER(nvmlDeviceGetCudaComputeCapability);
	struct sim_at at;

	if (!minor)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, major, &at));
	*major = at.type->cc_major;
	*minor = at.type->cc_minor;
	return NVML_SUCCESS;
}

/* --- Affinity: one NUMA node, all processors ---------------------------------------------- */

static void set_bits(unsigned long *set, unsigned words, long n)
{
	memset(set, 0, words * sizeof(*set));
	for (unsigned long i = 0; i < (unsigned long)n && i / WORD_BITS < words; i++)
		set[i / WORD_BITS] |= 1UL << (i % WORD_BITS);
}

static nvmlReturn_t cpu_affinity(nvmlDevice_t device, unsigned words, unsigned long *set)
{
	struct sim_at at;

	if (words == 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, set, &at));
	set_bits(set, words, sysconf(_SC_NPROCESSORS_ONLN));
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned cpuSetSize,
						 unsigned long *cpuSet)
{
	SIM_ENTER(nvmlDeviceGetCpuAffinity);
	return cpu_affinity(device, cpuSetSize, cpuSet);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device,
							    unsigned cpuSetSize,
							    unsigned long *cpuSet,
							    nvmlAffinityScope_t scope)
{
	SIM_ENTER(nvmlDeviceGetCpuAffinityWithinScope);
	if (scope > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	return cpu_affinity(device, cpuSetSize, cpuSet);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned nodeSetSize,
						    unsigned long *nodeSet,
						    nvmlAffinityScope_t scope)
{
	SIM_ENTER(nvmlDeviceGetMemoryAffinity);
	struct sim_at at;

	if (nodeSetSize == 0 || scope > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, nodeSet, &at));
	set_bits(nodeSet, nodeSetSize, 1);
	return NVML_SUCCESS;
}

/* --- ECC ---------------------------------------------------------------------------------- */

SIM_EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t *current,
					     nvmlEnableState_t *pending)
{
	SIM_ENTER(nvmlDeviceGetEccMode);
	struct sim_at at;

	if (!pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, current, &at));
	*current = *pending = (unsigned)at.type->has_ecc;
	return NVML_SUCCESS;
}

/* No error ever happened, on the GPU or on a MIG device, where ECC is on. */
static nvmlReturn_t no_ecc_errors(nvmlDevice_t device, unsigned error_type, unsigned counter,
				  unsigned long long *count)
{
	struct sim_at at;

	if (!count || error_type >= ECC_TYPES || counter >= ECC_TYPES)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	if (!at.type->has_ecc)
		return NVML_ERROR_NOT_SUPPORTED;
	*count = 0;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device,
						    nvmlMemoryErrorType_t errorType,
						    nvmlEccCounterType_t counterType,
						    unsigned long long *eccCounts)
{
	SIM_ENTER(nvmlDeviceGetTotalEccErrors);
	return no_ecc_errors(device, errorType, counterType, eccCounts);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device,
							nvmlMemoryErrorType_t errorType,
							nvmlEccCounterType_t counterType,
							nvmlMemoryLocation_t locationType,
							unsigned long long *count)
{
	SIM_ENTER(nvmlDeviceGetMemoryErrorCounter);
	if (locationType >= ECC_LOCATIONS + 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	return no_ecc_errors(device, errorType, counterType, count);
}

/* --- Field values ------------------------------------------------------------------------- */

static nvmlReturn_t field(const struct sim_type *type, unsigned id, unsigned *ret)
{
	if (id == NVML_FI_DEV_IS_RESETLESS_MIG_SUPPORTED &&
	    sim_version_has(sim_driver(), SIM_FI_RESETLESS)) {
		*ret = !type->mode_needs_reset;
		return NVML_SUCCESS;
	}
	if (id == NVML_FI_DEV_IS_MIG_MODE_INDEPENDENT_MIG_QUERY_CAPABLE &&
	    sim_version_has(sim_driver(), SIM_FI_ASK_MODE_OFF)) {
		*ret = 1;
		return NVML_SUCCESS;
	}
	return NVML_ERROR_NOT_SUPPORTED;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int valuesCount,
						 nvmlFieldValue_t *values)
{
	SIM_ENTER(nvmlDeviceGetFieldValues);
	struct timespec now;
	struct sim_at at;

	if (!values || valuesCount <= 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < valuesCount; i++) {
		unsigned v = 0;

		values[i].nvmlReturn = field(at.type, values[i].fieldId, &v);
		values[i].timestamp = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
		values[i].latencyUsec = 0;
		values[i].valueType = VALUE_UINT;
		values[i].value.ullVal = 0;
		values[i].value.uiVal = v;
	}
	return NVML_SUCCESS;
}
