/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: what a whole GPU is like. */
#include <string.h>
#include <unistd.h>

#include "sim/session.h"

enum {
	BRAND_NVIDIA_RTX = 13,
	BRAND_NVIDIA = 14,
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
GPU_NUMBER(nvmlDeviceGetPersistenceMode, nvmlEnableState_t,
	   call_.fate.has_answer ? call_.fate.answer : 1)
GPU_NUMBER(nvmlDeviceGetComputeMode, nvmlComputeMode_t, 0)
GPU_NUMBER(nvmlDeviceGetAccountingMode, nvmlEnableState_t, 0)
GPU_NUMBER(nvmlDeviceGetDisplayActive, nvmlEnableState_t, 0)
GPU_NUMBER(nvmlDeviceGetDisplayMode, nvmlEnableState_t, 0)
GPU_NUMBER(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t,
	   call_.fate.has_answer ? call_.fate.answer : 0)

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

/* --- Rows and pages of memory ------------------------------------------------------------- */

SIM_EXPORT nvmlReturn_t nvmlDeviceGetDefaultEccMode(nvmlDevice_t device,
						    nvmlEnableState_t *defaultMode)
{
	SIM_ENTER(nvmlDeviceGetDefaultEccMode);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, defaultMode, &at));
	*defaultMode = (unsigned)at.type->has_ecc;
	return NVML_SUCCESS;
}

/* From Ampere on memory rows are remapped, and no pages retired: those stay NOT_SUPPORTED. */
SIM_EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *corrRows,
						  unsigned *uncRows, unsigned *isPending,
						  unsigned *failureOccurred)
{
	SIM_ENTER(nvmlDeviceGetRemappedRows);
	struct sim_at at;

	if (!uncRows || !isPending || !failureOccurred)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, corrRows, &at));
	*corrRows = *uncRows = *isPending = *failureOccurred = 0;
	return NVML_SUCCESS;
}

/* --- Settings ----------------------------------------------------------------------------- */

/* It is on, and cannot be switched off. */
SIM_EXPORT nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device,
						     nvmlEnableState_t mode)
{
	SIM_ENTER(nvmlDeviceSetPersistenceMode);
	struct sim_at at;

	if (mode > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, &mode, &at));
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	return mode ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}
