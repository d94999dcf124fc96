/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: clocks, performance state, and why the clocks are what they are. A GPU that works
 * runs at its highest clocks, an idle one slowly; memory never slows down. The clock of the
 * SMs can be set for what runs (application clocks) or held in a range always (locked clocks).
 */
#include <stdio.h>

#include "shared/text.h"
#include "sim/live.h"

enum clock { GRAPHICS, SM, MEM, VIDEO, CLOCKS };
enum { CURRENT, APP_TARGET, APP_DEFAULT, BOOST_MAX, CLOCK_IDS };
enum {
	IDLE_MHZ = 210,
	STEP_MHZ = 15, /* between supported clocks */
	REASON_IDLE = 1,
	REASON_SETTING = 2,
	REASON_POWER_CAP = 4,
	REASONS_KNOWN = 0x1ff,
};

static const struct sim_clocks *set_clocks(const struct sim_live *live)
{
	return &sim_view()->clocks[live->at.gpu];
}

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

/* What runs is to run at: the SMs as set, everything else as fast as it can. */
static unsigned app_mhz(const struct sim_live *live, unsigned clock)
{
	const struct sim_clocks *set = set_clocks(live);
	const bool is_set = (clock == GRAPHICS || clock == SM) && set->app_mhz;

	return is_set ? set->app_mhz : max_mhz(live->model, clock);
}

static unsigned current_mhz(const struct sim_live *live, unsigned clock)
{
	const struct sim_clocks *set = set_clocks(live);

	/* A lock goes before application clocks, and holds an idle GPU too. */
	if ((clock == GRAPHICS || clock == SM) && set->lock_max_mhz)
		return is_idle(live) ? set->lock_min_mhz : set->lock_max_mhz;
	if (clock == MEM || !is_idle(live))
		return app_mhz(live, clock);
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
	*ret = id == CURRENT      ? current_mhz(&live, clock)
	       : id == APP_TARGET ? app_mhz(&live, clock)
				  : max_mhz(live.model, clock);
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

/* --- Setting them --------------------------------------------------------------------------- */

/* The driver's names of limits, in place of megahertz. */
enum { LIMIT_IDS = 0xffffff00, LIMIT_TDP, LIMIT_UNLIMITED };

typedef nvmlReturn_t set_fn(const struct sim_model *model, unsigned a, unsigned b,
			    struct sim_clocks *set);

/* One of the clocks that there are, with the memory clock that there is. */
static nvmlReturn_t set_app(const struct sim_model *model, unsigned mem, unsigned sm,
			    struct sim_clocks *set)
{
	if (mem != model->mem_mhz || sm < IDLE_MHZ || sm > model->sm_mhz ||
	    (model->sm_mhz - sm) % STEP_MHZ)
		return NVML_ERROR_INVALID_ARGUMENT;
	set->app_mhz = (uint16_t)(sm == model->sm_mhz ? 0 : sm);
	return NVML_SUCCESS;
}

static nvmlReturn_t reset_app(const struct sim_model *model, unsigned a, unsigned b,
			      struct sim_clocks *set)
{
	(void)model;
	(void)a;
	(void)b;
	set->app_mhz = 0;
	return NVML_SUCCESS;
}

static unsigned nearest(const struct sim_model *model, unsigned mhz)
{
	return mhz < IDLE_MHZ ? IDLE_MHZ : mhz > model->sm_mhz ? model->sm_mhz : mhz;
}

/* The nearest that there is of what is asked for; the highest clock is that of the TDP. */
static nvmlReturn_t set_lock(const struct sim_model *model, unsigned min, unsigned max,
			     struct sim_clocks *set)
{
	const bool is_named = min > LIMIT_IDS && min <= LIMIT_UNLIMITED;

	if (is_named != (max > LIMIT_IDS && max <= LIMIT_UNLIMITED) || (!is_named && min > max))
		return NVML_ERROR_INVALID_ARGUMENT;
	set->lock_min_mhz = set->lock_max_mhz = 0;
	if (is_named && min == LIMIT_UNLIMITED && max == LIMIT_UNLIMITED)
		return NVML_SUCCESS;
	if (is_named)
		min = min == LIMIT_TDP ? model->sm_mhz : IDLE_MHZ;
	set->lock_min_mhz = (uint16_t)nearest(model, min);
	set->lock_max_mhz = (uint16_t)nearest(model, max);
	return NVML_SUCCESS;
}

static nvmlReturn_t reset_lock(const struct sim_model *model, unsigned a, unsigned b,
			       struct sim_clocks *set)
{
	(void)model;
	(void)a;
	(void)b;
	set->lock_min_mhz = set->lock_max_mhz = 0;
	return NVML_SUCCESS;
}

struct clock_change {
	struct sim_deed deed;
	nvmlDevice_t device;
	set_fn *set;
	unsigned a, b;
};

static nvmlReturn_t apply_clocks(struct sim_half *next, void *arg)
{
	struct clock_change *c = arg;
	struct sim_clocks set;
	struct sim_at at;

	SIM_TRY(sim_at_device(next, c->device, &at));
	if (at.c)
		return NVML_ERROR_NOT_SUPPORTED;
	set = next->clocks[at.gpu];
	SIM_TRY(c->set(sim_model(at.type), c->a, c->b, &set));
	if (!sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	next->clocks[at.gpu] = set;
	c->deed.gpu = at.gpu;
	return NVML_SUCCESS;
}

static nvmlReturn_t change_clocks(enum sim_call_id id, nvmlDevice_t device, set_fn *fn,
				  unsigned a, unsigned b)
{
	struct clock_change c = { { .call = id }, device, fn, a, b };
	char words[32];

	snprintf(c.deed.asked, sizeof(c.deed.asked), "%s",
		 sim_handle_words(device, words, sizeof(words)));
	if (fn == set_app || fn == set_lock)
		text_append(c.deed.asked, sizeof(c.deed.asked), ", clocks %u, %u", a, b);
	return sim_change(&c.deed, apply_clocks, &c);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceSetApplicationsClocks(nvmlDevice_t device,
							unsigned memClockMHz,
							unsigned graphicsClockMHz)
{
	return change_clocks(SIM_CALL_nvmlDeviceSetApplicationsClocks, device, set_app,
			     memClockMHz, graphicsClockMHz);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceResetApplicationsClocks(nvmlDevice_t device)
{
	return change_clocks(SIM_CALL_nvmlDeviceResetApplicationsClocks, device, reset_app, 0,
			     0);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceSetGpuLockedClocks(nvmlDevice_t device,
						     unsigned minGpuClockMHz,
						     unsigned maxGpuClockMHz)
{
	return change_clocks(SIM_CALL_nvmlDeviceSetGpuLockedClocks, device, set_lock,
			     minGpuClockMHz, maxGpuClockMHz);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device)
{
	return change_clocks(SIM_CALL_nvmlDeviceResetGpuLockedClocks, device, reset_lock, 0, 0);
}

/* --- State and reasons ---------------------------------------------------------------------- */

static unsigned long long reasons(const struct sim_live *live)
{
	const struct sim_clocks *set = set_clocks(live);
	unsigned long long why = 0;

	if (set->lock_max_mhz || (!is_idle(live) && set->app_mhz))
		why |= REASON_SETTING;
	if (is_idle(live) && !set->lock_max_mhz)
		why |= REASON_IDLE;
	if (live->power_mw >= live->model->tdp_w * 1000)
		why |= REASON_POWER_CAP;
	return why;
}

LIVE_NUMBER(nvmlDeviceGetPerformanceState, nvmlPstates_t, 0)
LIVE_NUMBER(nvmlDeviceGetPowerState, nvmlPstates_t, 0)
LIVE_NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, reasons(&live))
LIVE_NUMBER(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long,
	    call_.fate.has_answer ? call_.fate.answer : reasons(&live))
LIVE_NUMBER(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long, REASONS_KNOWN)
LIVE_NUMBER(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, REASONS_KNOWN)
LIVE_NUMBER(nvmlDeviceGetMemoryBusWidth, unsigned, live.model->bus_bits)
