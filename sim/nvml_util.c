/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: utilisation, which exists only while MIG is off: on a GPU in MIG mode and on a MIG
 * device each of these is NOT_SUPPORTED. GPM is what is left there (nvml_gpm.c).
 */
#include "sim/live.h"

enum { PPM_PER_CENT = 10000, PERIOD_US = 167000 };

static nvmlReturn_t at_util(nvmlDevice_t device, const void *out, struct sim_live *ret)
{
	SIM_TRY(sim_at_live(device, out, ret));
	return ret->at.state->mode ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
						      nvmlUtilization_t *utilization)
{
	SIM_ENTER(nvmlDeviceGetUtilizationRates);
	struct sim_live live;

	SIM_TRY(at_util(device, utilization, &live));
	*utilization = (nvmlUtilization_t){ live.load.sm_ppm / PPM_PER_CENT,
					    live.load.dram_ppm / PPM_PER_CENT };
	return NVML_SUCCESS;
}

/* Tenants compute: the media engines never work. */
static nvmlReturn_t idle_engine(nvmlDevice_t device, unsigned *utilization, unsigned *period_us)
{
	struct sim_live live;

	if (!period_us)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(at_util(device, utilization, &live));
	*utilization = 0;
	*period_us = PERIOD_US;
	return NVML_SUCCESS;
}

#define IDLE_ENGINE(name)                                                        \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned *utilization, \
				     unsigned *samplingPeriodUs)                 \
	{                                                                        \
		SIM_ENTER(name);                                                 \
		return idle_engine(device, utilization, samplingPeriodUs);       \
	}

IDLE_ENGINE(nvmlDeviceGetEncoderUtilization)
IDLE_ENGINE(nvmlDeviceGetDecoderUtilization)
IDLE_ENGINE(nvmlDeviceGetJpgUtilization)
IDLE_ENGINE(nvmlDeviceGetOfaUtilization)
