/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: event sets. They can be made and freed, which nvidia-smi insists on before it prints
 * anything; no event is ever registered in one.
 */
#include "sim/session.h"

enum { SETS_MAX = 64, KIND_EVENT_SET = 0xe };

static uint64_t sets; /* bit i: set i is in use */

SIM_EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
	SIM_ENTER(nvmlEventSetCreate);
	if (!set)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (uint64_t i = 0; i < SETS_MAX; i++) {
		if (sets >> i & 1)
			continue;
		sets |= 1ULL << i;
		*set = (nvmlEventSet_t)(i << 4 | KIND_EVENT_SET);
		return NVML_SUCCESS;
	}
	return NVML_ERROR_MEMORY;
}

SIM_EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
	SIM_ENTER(nvmlEventSetFree);
	uint64_t i = (uint64_t)set >> 4;

	if (((uint64_t)set & 0xf) != KIND_EVENT_SET || i >= SETS_MAX || !(sets >> i & 1))
		return NVML_ERROR_INVALID_ARGUMENT;
	sets &= ~(1ULL << i);
	return NVML_SUCCESS;
}
