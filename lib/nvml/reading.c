/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors, counters and switches that tools show beside what is there. */
#include "lib/nvml/door.h"

enum {
	UNCORRECTED = 1, /* NVML_MEMORY_ERROR_TYPE_UNCORRECTED */
	SINCE_RESET = 0, /* NVML_VOLATILE_ECC */
	IN_SRAM = 7,     /* NVML_MEMORY_LOCATION_SRAM */
	OF_THE_CHIP = 0, /* NVML_TEMPERATURE_GPU */
};

static void read_memory(struct mig_nvml *nvml, nvmlDevice_t dev, struct mig_nvml_readings *ret)
{
	nvmlMemory_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlBAR1Memory_t bar1 = { 0 };
	nvmlMemory_t v1 = { 0 };
	nvmlReturn_t result = CALL(nvml, nvmlDeviceGetMemoryInfo_v2, dev, &v2);

	if (result == NVML_SUCCESS) {
		ret->mem_total_bytes = (int64_t)v2.total;
		ret->mem_reserved_bytes = (int64_t)v2.reserved;
		ret->mem_used_bytes = (int64_t)v2.used;
		ret->mem_free_bytes = (int64_t)v2.free;
	} else if (door_is_old(result) &&
		   CALL(nvml, nvmlDeviceGetMemoryInfo, dev, &v1) == NVML_SUCCESS) {
		ret->mem_total_bytes = (int64_t)v1.total;
		ret->mem_used_bytes = (int64_t)v1.used;
		ret->mem_free_bytes = (int64_t)v1.free;
	}
	if (CALL(nvml, nvmlDeviceGetBAR1MemoryInfo, dev, &bar1) == NVML_SUCCESS) {
		ret->bar1_total_bytes = (int64_t)bar1.bar1Total;
		ret->bar1_used_bytes = (int64_t)bar1.bar1Used;
		ret->bar1_free_bytes = (int64_t)bar1.bar1Free;
	}
}

static void read_errors(struct mig_nvml *nvml, nvmlDevice_t dev, struct mig_nvml_readings *ret)
{
	unsigned long long n = 0;
	nvmlEnableState_t current, pending;

	if (CALL(nvml, nvmlDeviceGetEccMode, dev, &current, &pending) == NVML_SUCCESS)
		ret->ecc_mode = current;
	if (CALL(nvml, nvmlDeviceGetTotalEccErrors, dev, UNCORRECTED, SINCE_RESET, &n) ==
	    NVML_SUCCESS)
		ret->ecc_volatile = (int64_t)n;
	if (CALL(nvml, nvmlDeviceGetMemoryErrorCounter, dev, UNCORRECTED, SINCE_RESET, IN_SRAM,
		 &n) == NVML_SUCCESS)
		ret->ecc_sram_volatile = (int64_t)n;
}

/* One number by one call; it stays as it is where the driver does not tell. */
#define READ(fn, member)                                         \
	do {                                                     \
		unsigned value;                                  \
		if (CALL(nvml, fn, dev, &value) == NVML_SUCCESS) \
			ret->member = value;                     \
	} while (0)

static void read_numbers(struct mig_nvml *nvml, nvmlDevice_t dev, struct mig_nvml_readings *ret)
{
	nvmlUtilization_t busy;
	unsigned celsius;

	READ(nvmlDeviceGetPersistenceMode, persistence);
	READ(nvmlDeviceGetDisplayActive, display_active);
	READ(nvmlDeviceGetComputeMode, compute_mode);
	READ(nvmlDeviceGetFanSpeed, fan_percent);
	READ(nvmlDeviceGetPerformanceState, pstate);
	READ(nvmlDeviceGetPowerUsage, power_mw);
	READ(nvmlDeviceGetEnforcedPowerLimit, power_limit_mw);
	if (CALL(nvml, nvmlDeviceGetTemperature, dev, OF_THE_CHIP, &celsius) == NVML_SUCCESS)
		ret->temperature_c = celsius;
	if (CALL(nvml, nvmlDeviceGetUtilizationRates, dev, &busy) == NVML_SUCCESS)
		ret->gpu_percent = busy.gpu;
}

void mig_nvml_readings(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_readings *ret)
{
	*ret = (struct mig_nvml_readings){
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	};
	read_memory(nvml, gpu.h, ret);
	read_errors(nvml, gpu.h, ret);
	read_numbers(nvml, gpu.h, ret);
}

int mig_nvml_cuda_version(struct mig_nvml *nvml, int *ret, struct mig_error *err)
{
	int version = 0;
	int rc = door_fail(nvml, CALL(nvml, nvmlSystemGetCudaDriverVersion, &version), err,
			   "read the CUDA version");

	if (rc == 0)
		*ret = version;
	return rc;
}

int mig_nvml_gi_remaining(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
			  struct mig_error *err)
{
	unsigned n = 0;
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlDeviceGetGpuInstanceRemainingCapacity, gpu.h,
				(unsigned)profile_id, &n),
			   err, "count the free GPU instances of profile %d", profile_id);

	return rc < 0 ? rc : (int)n;
}

int mig_nvml_ci_remaining(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
			  struct mig_error *err)
{
	unsigned n = 0;
	int rc = door_fail(nvml,
			   CALL(nvml, nvmlGpuInstanceGetComputeInstanceRemainingCapacity, gi.h,
				(unsigned)profile_id, &n),
			   err, "count the free compute instances of profile %d", profile_id);

	return rc < 0 ? rc : (int)n;
}
