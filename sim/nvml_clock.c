/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: clocks, performance state, and why the clocks are what they are. A GPU that works
 * runs at its highest clocks, an idle one slowly; memory never slows down. None can be set.
 */
#include "sim/live.h"

enum clock { GRAPHICS, SM, MEM, VIDEO, CLOCKS };
enum { CURRENT, APP_TARGET, APP_DEFAULT, BOOST_MAX, CLOCK_IDS };
enum {
	IDLE_MHZ = 210,
	STEP_MHZ = 15, /* between supported clocks */
	REASON_IDLE = 1,
	REASON_POWER_CAP = 4,
	REASONS_KNOWN = 0x1ff,
};

static unsigned max_mhz(const struct sim_model *model, unsigned clock)
{
	const unsigned mhz[CLOCKS] = { model->sm_mhz, model->sm_mhz, model->mem_mhz,
				       model->video_mhz };

	return mhz[clock];
}

static bool is_idle(const struct sim_live *live)
{
	return live->load.sm_ppm == 0 && live->load.dram_ppm == 0;
}

static unsigned current_mhz(const struct sim_live *live, unsigned clock)
{
	if (clock == MEM || !is_idle(live))
		return max_mhz(live->model, clock);
	/* The video engines idle at a higher clock: as an A100 shows it. */
	return clock == VIDEO ? live->model->video_mhz * 45 / 100 : IDLE_MHZ;
}

static nvmlReturn_t clock_at(nvmlDevice_t device, unsigned clock, unsigned id, unsigned *ret)
{
	struct sim_live live;

	if (clock >= CLOCKS || id >= CLOCK_IDS)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_live(device, ret, &live));
	if ((id == APP_TARGET || id == APP_DEFAULT) && clock == VIDEO)
		return NVML_ERROR_NOT_SUPPORTED;
	*ret = id == CURRENT ? current_mhz(&live, clock) : max_mhz(live.model, clock);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, nvmlClockType_t clockType,
					   nvmlClockId_t clockId, unsigned *clockMHz)
{
	SIM_ENTER(nvmlDeviceGetClock);
	return clock_at(device, clockType, clockId, clockMHz);
}

#define CLOCK_OF_ID(name, id)                                                                  \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, nvmlClockType_t type, unsigned *mhz) \
	{                                                                                      \
		SIM_ENTER(name);                                                               \
		return clock_at(device, type, id, mhz);                                        \
	}

CLOCK_OF_ID(nvmlDeviceGetClockInfo, CURRENT)
CLOCK_OF_ID(nvmlDeviceGetMaxClockInfo, BOOST_MAX)
CLOCK_OF_ID(nvmlDeviceGetMaxCustomerBoostClock, BOOST_MAX)
CLOCK_OF_ID(nvmlDeviceGetApplicationsClock, APP_TARGET)
CLOCK_OF_ID(nvmlDeviceGetDefaultApplicationsClock, APP_DEFAULT)

/* --- Which clocks there are ----------------------------------------------------------------- */

SIM_EXPORT nvmlReturn_t nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device, unsigned *count,
							   unsigned *clocksMHz)
{
	SIM_ENTER(nvmlDeviceGetSupportedMemoryClocks);
	struct sim_live live;
	unsigned room;

	SIM_TRY(sim_at_live(device, count, &live));
	room = *count;
	*count = 1;
	if (room < 1 || !clocksMHz)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	clocksMHz[0] = live.model->mem_mhz;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device,
							     unsigned memoryClockMHz,
							     unsigned *count,
							     unsigned *clocksMHz)
{
	SIM_ENTER(nvmlDeviceGetSupportedGraphicsClocks);
	struct sim_live live;
	unsigned room;

	SIM_TRY(sim_at_live(device, count, &live));
	if (memoryClockMHz != live.model->mem_mhz)
		return NVML_ERROR_NOT_FOUND;
	room = *count;
	*count = (live.model->sm_mhz - IDLE_MHZ) / STEP_MHZ + 1;
	if (room < *count || !clocksMHz)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < *count; i++)
		clocksMHz[i] = live.model->sm_mhz - i * STEP_MHZ;
	return NVML_SUCCESS;
}

/* --- State and reasons ---------------------------------------------------------------------- */

static unsigned long long reasons(const struct sim_live *live)
{
	if (is_idle(live))
		return REASON_IDLE;
	return live->power_mw >= live->model->tdp_w * 1000 ? REASON_POWER_CAP : 0;
}

LIVE_NUMBER(nvmlDeviceGetPerformanceState, nvmlPstates_t, 0)
LIVE_NUMBER(nvmlDeviceGetPowerState, nvmlPstates_t, 0)
LIVE_NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, reasons(&live))
LIVE_NUMBER(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, reasons(&live))
LIVE_NUMBER(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long, REASONS_KNOWN)
LIVE_NUMBER(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, REASONS_KNOWN)
LIVE_NUMBER(nvmlDeviceGetMemoryBusWidth, unsigned, live.model->bus_bits)
