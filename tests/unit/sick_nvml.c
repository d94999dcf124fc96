/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library of a sick machine, for what the simulator cannot be brought into: a GPU that is a
 * vGPU, prohibited, not persistent, with accounting on and slow clocks, and whose MIG devices have
 * indices 0 and 2. A second one, if SICK_GPUS says so, is lost. The library is of another version than the
 * driver.
 */
#include <stdio.h>
#include <string.h>

#include "abi/nvml.h"

#define EXPORT __attribute__((visibility("default")))

/* Handles are addresses of these. */
static char whole, lost, devices[3];

#define ANSWER(name, args)             \
	EXPORT nvmlReturn_t name args; \
	EXPORT nvmlReturn_t name args

ANSWER(nvmlInit_v2, (void))
{
	return NVML_SUCCESS;
}

ANSWER(nvmlShutdown, (void))
{
	return NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(nvmlReturn_t result);
EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	return result == NVML_ERROR_GPU_IS_LOST ? "GPU is lost" : "sick";
}

static nvmlReturn_t text(char *buf, unsigned length, const char *is)
{
	snprintf(buf, length, "%s", is);
	return NVML_SUCCESS;
}

ANSWER(nvmlSystemGetDriverVersion, (char *version, unsigned length))
{
	return text(version, length, "580.126.09");
}

ANSWER(nvmlSystemGetNVMLVersion, (char *version, unsigned length))
{
	return text(version, length, "13.580.95.05");
}

ANSWER(nvmlDeviceGetCount_v2, (unsigned *deviceCount))
{
	*deviceCount = SICK_GPUS;
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetHandleByIndex_v2, (unsigned index, nvmlDevice_t *device))
{
	*device = (nvmlDevice_t)(index ? &lost : &whole);
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetName, (nvmlDevice_t device, char *name, unsigned length))
{
	(void)device;
	return text(name, length, "NVIDIA Sick");
}

ANSWER(nvmlDeviceGetUUID, (nvmlDevice_t device, char *uuid, unsigned length))
{
	if ((char *)device == &lost)
		return NVML_ERROR_GPU_IS_LOST;
	snprintf(uuid, length, "%s-51c4%04x-0000-0000-0000-000000000000",
		 (char *)device == &whole ? "GPU" : "MIG",
		 (char *)device == &whole ? 0U : (unsigned)((char *)device - devices));
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetPciInfo_v3, (nvmlDevice_t device, nvmlPciInfo_t *pci))
{
	(void)device;
	memset(pci, 0, sizeof(*pci));
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetMigMode,
       (nvmlDevice_t device, unsigned *currentMode, unsigned *pendingMode))
{
	(void)device;
	*currentMode = *pendingMode = 1;
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetMaxMigDeviceCount, (nvmlDevice_t device, unsigned *count))
{
	(void)device;
	*count = sizeof(devices);
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetMigDeviceHandleByIndex,
       (nvmlDevice_t device, unsigned index, nvmlDevice_t *migDevice))
{
	(void)device;
	if (index != 0 && index != 2)
		return NVML_ERROR_NOT_FOUND;
	*migDevice = (nvmlDevice_t)&devices[index];
	return NVML_SUCCESS;
}

ANSWER(nvmlDeviceGetGpuInstanceId, (nvmlDevice_t device, unsigned *id))
{
	*id = 1 + (unsigned)((char *)device - devices);
	return NVML_SUCCESS;
}

/* Numbers of any device. */
#define NUMBER(name, is)                                   \
	ANSWER(name, (nvmlDevice_t device, unsigned *ret)) \
	{                                                  \
		(void)device;                              \
		*ret = (is);                               \
		return NVML_SUCCESS;                       \
	}

NUMBER(nvmlDeviceGetComputeInstanceId, 0)
NUMBER(nvmlDeviceGetPersistenceMode, 0)
NUMBER(nvmlDeviceGetAccountingMode, 1)
NUMBER(nvmlDeviceGetComputeMode, 2)
NUMBER(nvmlDeviceGetVirtualizationMode, 2)

#define CLOCK(name, is)                                                          \
	ANSWER(name, (nvmlDevice_t device, nvmlClockType_t type, unsigned *mhz)) \
	{                                                                        \
		(void)device;                                                    \
		(void)type;                                                      \
		*mhz = (is);                                                     \
		return NVML_SUCCESS;                                             \
	}

CLOCK(nvmlDeviceGetApplicationsClock, 900)
CLOCK(nvmlDeviceGetDefaultApplicationsClock, 1410)
