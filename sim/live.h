/* SPDX-License-Identifier: Apache-2.0 */
/* A whole GPU, and what it is doing now. For the entry points that measure. */
#ifndef SIM_LIVE_H
#define SIM_LIVE_H

#include "sim/load.h"
#include "sim/session.h"

/* What a tenant moves over PCIe while it keeps all SMs busy. */
enum { SIM_PCIE_TX_MIB = 400, SIM_PCIE_RX_MIB = 1000 };

struct sim_live {
	struct sim_at at;
	const struct sim_model *model;
	struct sim_load load; /* of holders that live */
	unsigned power_mw;
};

/**
 * sim_at_live - a GPU and its load.
 * @out:	where the answer goes; INVALID_ARGUMENT if NULL.
 *
 * Errors: NOT_SUPPORTED for a MIG device.
 */
nvmlReturn_t sim_at_live(nvmlDevice_t h, const void *out, struct sim_live *ret);

/** sim_meter_now - a GPU's meter, run until now. */
void sim_meter_now(int gpu, struct sim_meter *ret);

/* A number of a whole GPU: @expr may use `live`. */
#define LIVE_NUMBER(name, type, expr)                                \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, type *ret) \
	{                                                            \
		SIM_ENTER(name);                                     \
		struct sim_live live;                                \
                                                                     \
		SIM_TRY(sim_at_live(device, ret, &live));            \
		*ret = (expr);                                       \
		return NVML_SUCCESS;                                 \
	}

#endif
