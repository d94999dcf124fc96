/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: which devices there are, and who they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/session.h"

enum { SUBSYSTEM = 0x005110de }; /* nobody's: the mark of a simulated board */

/* --- Finding them ------------------------------------------------------------------------- */

static nvmlReturn_t device_count(unsigned *deviceCount)
{
	if (!deviceCount)
		return NVML_ERROR_INVALID_ARGUMENT;
	*deviceCount = sim_fixed()->n_gpus;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned *deviceCount)
{
	SIM_ENTER(nvmlDeviceGetCount);
	return device_count(deviceCount);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *deviceCount)
{
	SIM_ENTER(nvmlDeviceGetCount_v2);
	return device_count(deviceCount);
}

static nvmlReturn_t device_by_index(unsigned index, nvmlDevice_t *device)
{
	if (!device || index >= sim_fixed()->n_gpus)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (sim_view()->lost >> index & 1)
		return NVML_ERROR_GPU_IS_LOST;
	*device = sim_handle_gpu((int)index);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned index, nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByIndex);
	return device_by_index(index, device);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByIndex_v2);
	return device_by_index(index, device);
}

static nvmlReturn_t device_by_bus(const char *pciBusId, nvmlDevice_t *device)
{
	unsigned domain = 0, bus, slot, function;

	if (!pciBusId || !device)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (sscanf(pciBusId, "%8x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4) {
		domain = 0;
		if (sscanf(pciBusId, "%2x:%2x.%1x", &bus, &slot, &function) != 3)
			return NVML_ERROR_INVALID_ARGUMENT;
	}
	for (uint32_t i = 0; i < sim_fixed()->n_gpus; i++)
		if (!domain && !slot && !function && sim_fixed()->gpus[i].bus == bus)
			return device_by_index(i, device);
	return NVML_ERROR_NOT_FOUND;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *pciBusId,
						      nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByPciBusId);
	return device_by_bus(pciBusId, device);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pciBusId,
							 nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByPciBusId_v2);
	return device_by_bus(pciBusId, device);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleBySerial);
	if (!serial || !device)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < sim_fixed()->n_gpus; i++)
		if (strcmp(sim_fixed()->gpus[i].serial, serial) == 0)
			return device_by_index(i, device);
	return NVML_ERROR_NOT_FOUND;
}

void sim_mig_uuid(int gpu, int gi, int ci, char ret[SIM_UUID_BYTES])
{
	const struct sim_gpu *g = &sim_fixed()->gpus[gpu];
	uint32_t pci = sim_fixed()->types[g->type].pci_id;

	if (sim_version_has(sim_driver(), SIM_UUID_V5))
		sim_uuid_mig((uint16_t)(pci >> 16), g->pdi, (uint32_t)gi, (uint32_t)ci, ret);
	else
		snprintf(ret, SIM_UUID_BYTES, "MIG-%s/%d/%d", g->uuid, gi, ci);
}

/* Does @uuid name this MIG device, in today's form or in that of the first drivers? */
static bool is_mig_uuid(const char *uuid, int gpu, int gi, int ci)
{
	char text[SIM_UUID_BYTES];

	sim_mig_uuid(gpu, gi, ci, text);
	if (strcasecmp(text, uuid) == 0)
		return true;
	snprintf(text, sizeof(text), "MIG-%s/%d/%d", sim_fixed()->gpus[gpu].uuid, gi, ci);
	return strcasecmp(text, uuid) == 0;
}

static bool find_mig(const char *uuid, int gpu, nvmlDevice_t *ret)
{
	const struct sim_gpu_state *state = &sim_view()->gpus[gpu];

	for (int gi = 0; gi < SIM_GIS_MAX; gi++)
		for (int ci = 0; ci < SIM_CIS_MAX; ci++) {
			if (!state->gi[gi].generation || !state->gi[gi].ci[ci].generation ||
			    !is_mig_uuid(uuid, gpu, gi, ci))
				continue;
			*ret = sim_handle_mig(sim_view(), gpu, gi, ci);
			return true;
		}
	return false;
}

static nvmlReturn_t device_by_uuid(const char *uuid, nvmlDevice_t *device)
{
	nvmlDevice_t mig;

	for (uint32_t i = 0; i < sim_fixed()->n_gpus; i++) {
		if (strcasecmp(sim_fixed()->gpus[i].uuid, uuid) == 0)
			return device_by_index(i, device);
		if (!find_mig(uuid, (int)i, &mig))
			continue;
		if (sim_view()->lost >> i & 1)
			return NVML_ERROR_GPU_IS_LOST;
		*device = mig;
		return NVML_SUCCESS;
	}
	return NVML_ERROR_NOT_FOUND;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByUUID);
	if (!uuid || !device)
		return NVML_ERROR_INVALID_ARGUMENT;
	return device_by_uuid(uuid, device);
}

/* The bytes say not whose UUID they are. */
static nvmlReturn_t device_by_bytes(const unsigned char bytes[16], nvmlDevice_t *device)
{
	char text[SIM_UUID_BYTES] = "GPU-";

	for (int i = 0, at = 4; i < 16; i++) {
		const bool is_dash = i == 4 || i == 6 || i == 8 || i == 10;

		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%02x",
			       is_dash ? "-" : "", bytes[i]);
	}
	if (device_by_uuid(text, device) == NVML_SUCCESS)
		return NVML_SUCCESS;
	memcpy(text, "MIG-", 4);
	return device_by_uuid(text, device);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUIDV(const nvmlUUID_t *uuid, nvmlDevice_t *device)
{
	SIM_ENTER(nvmlDeviceGetHandleByUUIDV);
	enum { TEXT = 1, BINARY };

	if (!uuid || !device)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (uuid->version != NVML_STRUCT_VERSION(*uuid, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (uuid->type == BINARY)
		return device_by_bytes(uuid->value.bytes, device);
	if (uuid->type != TEXT || !memchr(uuid->value.str, 0, sizeof(uuid->value.str)))
		return NVML_ERROR_INVALID_ARGUMENT;
	return device_by_uuid(uuid->value.str, device);
}

/* --- Who they are ------------------------------------------------------------------------- */

SIM_EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
	SIM_ENTER(nvmlDeviceGetIndex);
	struct sim_at at;

	if (!index)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	*index = at.c ? sim_index_of(at.gpu, at.gi, at.ci) : (unsigned)at.gpu;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
	SIM_ENTER(nvmlDeviceGetName);
	char text[MIG_NAME_MAX + SIM_LABEL_MAX + 8];
	struct sim_at at;

	if (!name)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	snprintf(text, sizeof(text), "%s%s%s", at.type->name, at.c ? " MIG " : "",
		 at.c ? at.ci_kind->name : "");
	return sim_text_out(text, name, length);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
	SIM_ENTER(nvmlDeviceGetUUID);
	char text[SIM_UUID_BYTES];
	struct sim_at at;

	if (!uuid)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), device, &at));
	if (!at.c)
		return sim_text_out(at.id->uuid, uuid, length);
	sim_mig_uuid(at.gpu, at.gi, at.ci, text);
	return sim_text_out(text, uuid, length);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
	SIM_ENTER(nvmlDeviceGetSerial);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, serial, &at));
	return sim_text_out(at.id->serial, serial, length);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minorNumber)
{
	SIM_ENTER(nvmlDeviceGetMinorNumber);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, minorNumber, &at));
	*minorNumber = (unsigned)at.gpu;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetBoardId(nvmlDevice_t device, unsigned *boardId)
{
	SIM_ENTER(nvmlDeviceGetBoardId);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, boardId, &at));
	*boardId = at.id->bus << 8;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetMultiGpuBoard(nvmlDevice_t device, unsigned *multiGpuBool)
{
	SIM_ENTER(nvmlDeviceGetMultiGpuBoard);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, multiGpuBool, &at));
	*multiGpuBool = 0;
	return NVML_SUCCESS;
}

static nvmlReturn_t pci_info(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, pci, &at));
	memset(pci, 0, sizeof(*pci));
	snprintf(pci->busIdLegacy, sizeof(pci->busIdLegacy), "%04x:%02X:00.0", 0U,
		 at.id->bus & 0xff);
	snprintf(pci->busId, sizeof(pci->busId), "%s", at.id->bus_id);
	pci->bus = at.id->bus;
	pci->pciDeviceId = at.type->pci_id;
	pci->pciSubSystemId = SUBSYSTEM;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	SIM_ENTER(nvmlDeviceGetPciInfo);
	return pci_info(device, pci);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	SIM_ENTER(nvmlDeviceGetPciInfo_v2);
	return pci_info(device, pci);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	SIM_ENTER(nvmlDeviceGetPciInfo_v3);
	return pci_info(device, pci);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPciInfoExt(nvmlDevice_t device, nvmlPciInfoExt_t *pci)
{
	SIM_ENTER(nvmlDeviceGetPciInfoExt);
	nvmlPciInfo_t info;

	if (!pci)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (pci->version != NVML_STRUCT_VERSION(*pci, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	SIM_TRY(pci_info(device, &info));
	*pci = (nvmlPciInfoExt_t){ .version = pci->version,
				   .bus = info.bus,
				   .pciDeviceId = info.pciDeviceId,
				   .pciSubSystemId = info.pciSubSystemId,
				   .baseClass = 0x03,  /* display controller */
				   .subClass = 0x02 }; /* 3D */
	memcpy(pci->busId, info.busId, sizeof(pci->busId));
	return NVML_SUCCESS;
}
