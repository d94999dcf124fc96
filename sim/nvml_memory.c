/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: memory, BAR1 and processes of a GPU or MIG device. On a GPU in MIG mode these are
 * sums over its instances, for privileged callers only.
 */
#include <string.h>

#include "sim/session.h"

static uint64_t mib(int64_t n)
{
	return (uint64_t)n << 20;
}

/* Does a hold count for a device? A MIG device shares the memory of its GI. */
static bool is_in(const struct sim_hold *hold, const struct sim_at *at)
{
	return hold->gpu == at->gpu && (at->gi < 0 || hold->gi == at->gi);
}

static uint64_t held_bytes(const struct sim_alive *alive, const struct sim_at *at)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < sim_view()->n_holds; i++)
		if (alive->is[i] && is_in(&sim_view()->holds[i], at))
			bytes += sim_view()->holds[i].mem_bytes;
	return bytes;
}

static uint64_t idle_bytes(const struct sim_at *at)
{
	uint64_t bytes = 0;

	if (at->g)
		return sim_state_idle_bytes(at->kind);
	for (int i = 0; i < SIM_GIS_MAX; i++)
		if (at->state->gi[i].generation)
			bytes += sim_state_idle_bytes(
				&at->type->profiles[at->state->gi[i].profile]);
	return bytes;
}

static bool is_aggregate(const struct sim_at *at)
{
	return !at->g && at->state->mode;
}

static nvmlReturn_t memory(nvmlDevice_t device, nvmlMemory_v2_t *ret)
{
	struct sim_alive alive;
	struct sim_at at;

	SIM_TRY(sim_alive(&alive));
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	if (is_aggregate(&at) && !sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	ret->total = mib(at.g ? at.kind->mem_mib : at.type->mem_mib);
	ret->reserved = at.g ? 0 : sim_state_reserved_bytes(at.type);
	ret->used = idle_bytes(&at) + held_bytes(&alive, &at);
	if (ret->used > ret->total - ret->reserved)
		ret->used = ret->total - ret->reserved;
	ret->free = ret->total - ret->reserved - ret->used;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *info)
{
	SIM_ENTER(nvmlDeviceGetMemoryInfo);
	nvmlMemory_v2_t v2;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(memory(device, &v2));
	/* The first version knows no reserved memory: it counts as used. */
	*info = (nvmlMemory_t){ v2.total, v2.free, v2.used + v2.reserved };
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *info)
{
	SIM_ENTER(nvmlDeviceGetMemoryInfo_v2);
	nvmlMemory_v2_t v2;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_STRUCT_VERSION(*info, 2))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	v2.version = info->version;
	SIM_TRY(memory(device, &v2));
	*info = v2;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *info)
{
	SIM_ENTER(nvmlDeviceGetBAR1MemoryInfo);
	struct sim_at at;

	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	info->bar1Total = mib(at.type->bar1_mib);
	if (at.g) /* a share, less one: 65535 of 131072 MiB for half a GPU */
		info->bar1Total = mib(at.type->bar1_mib * at.kind->size / at.type->units - 1);
	info->bar1Used = 0;
	info->bar1Free = info->bar1Total;
	return NVML_SUCCESS;
}

/* --- Processes ---------------------------------------------------------------------------- */

struct processes {
	unsigned n;
	nvmlProcessInfo_v2_t of[SIM_TENANTS_MAX];
};

/* One record a process and device, however many holds it has there. */
static void add_process(struct processes *list, const struct sim_hold *hold)
{
	unsigned gi = hold->generation ? (unsigned)hold->gi : NVML_NO_INSTANCE_ID;
	unsigned ci = hold->generation ? (unsigned)hold->ci : NVML_NO_INSTANCE_ID;

	for (unsigned i = 0; i < list->n; i++)
		if (list->of[i].pid == hold->pid && list->of[i].gpuInstanceId == gi &&
		    list->of[i].computeInstanceId == ci) {
			list->of[i].usedGpuMemory += hold->mem_bytes;
			return;
		}
	list->of[list->n++] = (nvmlProcessInfo_v2_t){ .pid = hold->pid,
						      .usedGpuMemory = hold->mem_bytes,
						      .gpuInstanceId = gi,
						      .computeInstanceId = ci };
}

static nvmlReturn_t processes(nvmlDevice_t device, struct processes *ret)
{
	struct sim_alive alive;
	struct sim_at at;

	SIM_TRY(sim_alive(&alive));
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	if (is_aggregate(&at) && !sim_is_privileged())
		return NVML_ERROR_NO_PERMISSION;
	ret->n = 0;
	for (uint32_t i = 0; i < sim_view()->n_holds; i++) {
		const struct sim_hold *hold = &sim_view()->holds[i];

		if (alive.is[i] && is_in(hold, &at) && (at.ci < 0 || hold->ci == at.ci))
			add_process(ret, hold);
	}
	return NVML_SUCCESS;
}

/* @is_compute: graphics and MPS clients are not simulated, so there are none. */
static nvmlReturn_t list_processes(nvmlDevice_t device, bool is_compute, unsigned *count,
				   void *infos, size_t record)
{
	struct processes list;
	unsigned room;

	if (!count || (*count > 0 && !infos))
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(processes(device, &list));
	if (!is_compute)
		list.n = 0;
	room = *count;
	*count = list.n;
	if (room < list.n)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	/* The first version's record is the beginning of the second's. */
	for (unsigned i = 0; i < list.n; i++)
		memcpy((char *)infos + i * record, &list.of[i], record);
	return NVML_SUCCESS;
}

#define PROCESS_LIST(name, is_compute, type)                                                \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned *infoCount, type *infos) \
	{                                                                                   \
		SIM_ENTER(name);                                                            \
		return list_processes(device, is_compute, infoCount, infos, sizeof(type));  \
	}

PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses, true, nvmlProcessInfo_v1_t)
PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v2, true, nvmlProcessInfo_v2_t)
PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v3, true, nvmlProcessInfo_t)
PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses, false, nvmlProcessInfo_v1_t)
PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, false, nvmlProcessInfo_v2_t)
PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, false, nvmlProcessInfo_t)
PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses, false, nvmlProcessInfo_v1_t)
PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, false, nvmlProcessInfo_v2_t)
PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, false, nvmlProcessInfo_t)

enum { DETAIL_COMPUTE, DETAIL_MPS = 2 };

SIM_EXPORT nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device,
							      nvmlProcessDetailList_t *plist)
{
	SIM_ENTER(nvmlDeviceGetRunningProcessDetailList);
	struct processes list;
	unsigned room;

	if (!plist || plist->mode > DETAIL_MPS ||
	    (plist->numProcArrayEntries > 0 && !plist->procArray))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (plist->version != NVML_STRUCT_VERSION(*plist, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	SIM_TRY(processes(device, &list));
	if (plist->mode != DETAIL_COMPUTE)
		list.n = 0;
	room = plist->numProcArrayEntries;
	plist->numProcArrayEntries = list.n;
	if (room < list.n)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < list.n; i++)
		plist->procArray[i] = (nvmlProcessDetail_v1_t){
			.pid = list.of[i].pid,
			.usedGpuMemory = list.of[i].usedGpuMemory,
			.gpuInstanceId = list.of[i].gpuInstanceId,
			.computeInstanceId = list.of[i].computeInstanceId,
			.usedGpuCcProtectedMemory = NVML_VALUE_NOT_AVAILABLE,
		};
	return NVML_SUCCESS;
}
