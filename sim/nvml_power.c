/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: power, energy, temperature, fans. A MIG device has none of them. */
#include "sim/live.h"

enum { SHUTDOWN_C = 92, SLOWDOWN_C = 89, MEM_MAX_C = 95, GPU_MAX_C = 85 };

nvmlReturn_t sim_at_live(nvmlDevice_t h, const void *out, struct sim_live *ret)
{
	struct sim_alive alive;

	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_alive(&alive));
	SIM_TRY(sim_at_whole(h, out, &ret->at));
	ret->model = sim_model(ret->at.type);
	ret->load = sim_load_gpu(sim_fixed(), sim_view(), ret->at.gpu, alive.is);
	ret->power_mw = sim_load_power(sim_fixed(), ret->at.gpu, ret->load);
	return NVML_SUCCESS;
}

LIVE_NUMBER(nvmlDeviceGetPowerUsage, unsigned, live.power_mw)
LIVE_NUMBER(nvmlDeviceGetPowerManagementMode, nvmlEnableState_t, 1)
LIVE_NUMBER(nvmlDeviceGetPowerManagementLimit, unsigned, live.model->tdp_w * 1000)
LIVE_NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, live.model->tdp_w * 1000)
LIVE_NUMBER(nvmlDeviceGetEnforcedPowerLimit, unsigned, live.model->tdp_w * 1000)
LIVE_NUMBER(nvmlDeviceGetPowerSource, nvmlPowerSource_t, 0)

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device,
								     unsigned *minLimit,
								     unsigned *maxLimit)
{
	SIM_ENTER(nvmlDeviceGetPowerManagementLimitConstraints);
	struct sim_live live;

	if (!minLimit)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_live(device, maxLimit, &live));
	*minLimit = live.model->tdp_w * 1000 / 4;
	*maxLimit = live.model->tdp_w * 1000;
	return NVML_SUCCESS;
}

/* --- Energy -------------------------------------------------------------------------------- */

void sim_meter_now(int gpu, struct sim_meter *ret)
{
	*ret = sim_view()->meters[gpu];
	sim_meter_advance(ret, sim_load_now());
}

/* What was read once is never taken back: a tenant that died counts until it is buried. */
SIM_EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
							    unsigned long long *energy)
{
	sim_bury();
	SIM_ENTER(nvmlDeviceGetTotalEnergyConsumption);
	struct sim_meter meter;
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, energy, &at));
	sim_meter_now(at.gpu, &meter);
	*energy = meter.energy_nj / 1000000;
	return NVML_SUCCESS;
}

/* --- Temperature --------------------------------------------------------------------------- */

static nvmlReturn_t temperature(nvmlDevice_t device, unsigned sensor, const void *out,
				unsigned *ret)
{
	struct sim_live live;

	if (sensor != 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_live(device, out, &live));
	*ret = sim_load_celsius(sim_fixed(), live.at.gpu, live.power_mw);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device,
						 nvmlTemperatureSensors_t sensorType,
						 unsigned *temp)
{
	SIM_ENTER(nvmlDeviceGetTemperature);
	return temperature(device, sensorType, temp, temp);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temp)
{
	SIM_ENTER(nvmlDeviceGetTemperatureV);
	unsigned celsius = 0;

	if (!temp)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (temp->version != NVML_STRUCT_VERSION(*temp, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	SIM_TRY(temperature(device, temp->sensorType, temp, &celsius));
	temp->temperature = (int)celsius;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device,
							  nvmlTemperatureThresholds_t which,
							  unsigned *temp)
{
	SIM_ENTER(nvmlDeviceGetTemperatureThreshold);
	static const unsigned celsius[] = { SHUTDOWN_C, SLOWDOWN_C, MEM_MAX_C, GPU_MAX_C };
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, temp, &at));
	if (which >= sizeof(celsius) / sizeof(celsius[0])) /* acoustic, and T.Limit */
		return NVML_ERROR_NOT_SUPPORTED;
	*temp = celsius[which];
	return NVML_SUCCESS;
}

/* Cooled by the chassis: nvmlDeviceGetFanSpeed and its kin answer NOT_SUPPORTED. */
LIVE_NUMBER(nvmlDeviceGetNumFans, unsigned, 0)
