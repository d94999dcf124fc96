/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: field values. Most ask for what another call answers too; they get the same number.
 */
#include <time.h>

#include "sim/live.h"

enum value_type { VALUE_UINT = 1, VALUE_ULL = 3 };
enum { MEM_CELSIUS_ABOVE = 6 }; /* memory over GPU */

struct answer {
	unsigned scope; /* which of several is asked for */
	enum value_type type;
	uint64_t value;
};

static nvmlReturn_t resetless(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	ret->value = !at->type->mode_needs_reset;
	return sim_version_has(sim_driver(), SIM_FI_RESETLESS) ? NVML_SUCCESS
							       : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t ask_mode_off(nvmlDevice_t device, const struct sim_at *at,
				 struct answer *ret)
{
	(void)device;
	(void)at;
	ret->value = 1;
	return sim_version_has(sim_driver(), SIM_FI_ASK_MODE_OFF) ? NVML_SUCCESS
								  : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t ecc_mode(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	ret->value = (uint64_t)at->type->has_ecc;
	return at->c ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

/* No error ever happened. */
static nvmlReturn_t ecc_count(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	ret->type = VALUE_ULL;
	return at->type->has_ecc ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t nothing(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	(void)ret;
	return at->c ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

static nvmlReturn_t memory_celsius(nvmlDevice_t device, const struct sim_at *at,
				   struct answer *ret)
{
	struct sim_live live;

	(void)at;
	SIM_TRY(sim_at_live(device, ret, &live));
	ret->value =
		sim_load_celsius(sim_fixed(), live.at.gpu, live.power_mw) + MEM_CELSIUS_ABOVE;
	return NVML_SUCCESS;
}

static nvmlReturn_t energy(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	struct sim_meter meter;

	(void)device;
	if (at->c)
		return NVML_ERROR_NOT_SUPPORTED;
	sim_meter_now(at->gpu, &meter);
	ret->type = VALUE_ULL;
	ret->value = meter.energy_nj / 1000000;
	return NVML_SUCCESS;
}

static nvmlReturn_t power(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	struct sim_live live;

	(void)at;
	SIM_TRY(sim_at_live(device, ret, &live));
	ret->value = live.power_mw;
	return NVML_SUCCESS;
}

static nvmlReturn_t link_mbps(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	ret->value = sim_model(at->type)->link_mbps;
	return at->c || !ret->value ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

static nvmlReturn_t link_count(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	ret->value = sim_model(at->type)->n_links;
	return at->c ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

/* Of the link that the scope names. */
static nvmlReturn_t link_number(const struct sim_at *at, uint64_t value, struct answer *ret)
{
	if (at->c || sim_model(at->type)->n_links == 0)
		return NVML_ERROR_NOT_SUPPORTED;
	ret->value = value;
	return ret->scope < sim_model(at->type)->n_links ? NVML_SUCCESS
							 : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t link_speed(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	return link_number(at, sim_model(at->type)->link_mbps, ret);
}

static nvmlReturn_t link_state(nvmlDevice_t device, const struct sim_at *at, struct answer *ret)
{
	(void)device;
	return link_number(at, 1, ret);
}

static nvmlReturn_t link_version(nvmlDevice_t device, const struct sim_at *at,
				 struct answer *ret)
{
	(void)device;
	return link_number(at, sim_model(at->type)->link_version, ret);
}

static nvmlReturn_t link_errors(nvmlDevice_t device, const struct sim_at *at,
				struct answer *ret)
{
	(void)device;
	ret->type = VALUE_ULL;
	return link_number(at, 0, ret);
}

static const struct field {
	unsigned first, last; /* field ids */
	nvmlReturn_t (*get)(nvmlDevice_t device, const struct sim_at *at, struct answer *ret);
} fields[] = {
	{ 1, 2, ecc_mode },         /* ECC_CURRENT, ECC_PENDING */
	{ 3, 28, ecc_count },       /* ECC_SBE_VOL_TOTAL to ECC_DBE_AGG_CBU */
	{ 82, 82, memory_celsius }, /* MEMORY_TEMP */
	{ 83, 83, energy },         /* TOTAL_ENERGY_CONSUMPTION */
	{ 90, 90, link_mbps },      /* NVLINK_SPEED_MBPS_COMMON */
	{ 91, 91, link_count },     /* NVLINK_LINK_COUNT */
	{ 94, 95, nothing },        /* PCIE_REPLAY_COUNTER and its rollovers */
	{ 142, 145, nothing },      /* REMAPPED_COR to REMAPPED_FAILURE */
	{ 161, 163, link_errors },  /* NVLINK_ERROR_DL_REPLAY, _RECOVERY, _CRC */
	{ 164, 164, link_speed },   /* NVLINK_GET_SPEED, MB/s */
	{ 165, 165, link_state },   /* NVLINK_GET_STATE */
	{ 166, 166, link_version }, /* NVLINK_GET_VERSION */
	{ NVML_FI_DEV_IS_RESETLESS_MIG_SUPPORTED, 184, resetless },
	{ 185, 186, power }, /* POWER_AVERAGE, POWER_INSTANT */
	{ NVML_FI_DEV_IS_MIG_MODE_INDEPENDENT_MIG_QUERY_CAPABLE, 199, ask_mode_off },
};

static nvmlReturn_t get_field(nvmlDevice_t device, const struct sim_at *at, unsigned id,
			      struct answer *ret)
{
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (id >= fields[i].first && id <= fields[i].last)
			return fields[i].get(device, at, ret);
	return NVML_ERROR_NOT_SUPPORTED;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int valuesCount,
						 nvmlFieldValue_t *values)
{
	sim_bury();
	SIM_ENTER(nvmlDeviceGetFieldValues);
	struct timespec now;
	struct sim_at at;

	if (!values || valuesCount <= 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < valuesCount; i++) {
		struct answer answer = { .scope = values[i].scopeId, .type = VALUE_UINT };

		values[i].nvmlReturn = get_field(device, &at, values[i].fieldId, &answer);
		values[i].timestamp = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
		values[i].latencyUsec = 0;
		values[i].valueType = answer.type;
		values[i].value.ullVal =
			values[i].nvmlReturn == NVML_SUCCESS ? answer.value : 0;
	}
	return NVML_SUCCESS;
}
