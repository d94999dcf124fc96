/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: PCIe, NVLink, and how GPUs reach each other: over one PCIe host bridge each, in one
 * NUMA node, and over an NVLink switch where their kind has links.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/live.h"

enum { LANES = 16, KIB = 1024, PPM = 1000000 };
enum { THROUGHPUT_TX, THROUGHPUT_RX, THROUGHPUTS };
enum { LINKS_MAX = 18, LINK_SWITCH = 2, LINK_CAPS = 6, LINK_ERRORS = 5 };
enum { LEVEL_INTERNAL = 0, LEVEL_NODE = 40, LEVEL_SYSTEM = 50 };
enum { P2P_READ, P2P_WRITE, P2P_NVLINK, P2P_ATOMICS, P2P_PCI, P2P_INDICES };
enum { P2P_OK = 0, P2P_NOT_SUPPORTED = 5 };
/* NVSwitches, of the second generation for links of version 3, and of the third: pci.ids. */
enum { SWITCH_2_PCI_ID = 0x1af110de, SWITCH_3_PCI_ID = 0x22a310de };

/* --- PCIe ----------------------------------------------------------------------------------- */

/* Mbit/s of a lane. */
static unsigned link_speed(unsigned gen)
{
	static const unsigned mbit[] = { 0, 2500, 5000, 8000, 16000, 32000, 64000 };

	return gen < sizeof(mbit) / sizeof(mbit[0]) ? mbit[gen] : 0;
}

LIVE_NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned, live.model->pcie_gen)
LIVE_NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned, live.model->pcie_gen)
LIVE_NUMBER(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned, live.model->pcie_gen)
LIVE_NUMBER(nvmlDeviceGetCurrPcieLinkWidth, unsigned, LANES)
LIVE_NUMBER(nvmlDeviceGetMaxPcieLinkWidth, unsigned, LANES)
LIVE_NUMBER(nvmlDeviceGetPcieSpeed, unsigned, link_speed(live.model->pcie_gen))
/* NVML numbers the speeds as the generations are. */
LIVE_NUMBER(nvmlDeviceGetPcieLinkMaxSpeed, unsigned, live.model->pcie_gen)
LIVE_NUMBER(nvmlDeviceGetPcieReplayCounter, unsigned, 0)

SIM_EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device,
						    nvmlPcieUtilCounter_t counter,
						    unsigned *value)
{
	SIM_ENTER(nvmlDeviceGetPcieThroughput);
	static const unsigned mib[THROUGHPUTS] = { SIM_PCIE_TX_MIB, SIM_PCIE_RX_MIB };
	struct sim_live live;

	if (counter >= THROUGHPUTS)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_live(device, value, &live));
	*value = (unsigned)((uint64_t)live.load.sm_ppm * mib[counter] * KIB / PPM);
	return NVML_SUCCESS;
}

/* --- NVLink --------------------------------------------------------------------------------- */

static nvmlReturn_t at_link(nvmlDevice_t device, unsigned link, const void *out,
			    struct sim_live *ret)
{
	if (link >= LINKS_MAX)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_live(device, out, ret));
	return link < ret->model->n_links ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

/* A number of a link: @expr may use `live`. */
#define LINK_NUMBER(name, type, expr)                                               \
	SIM_EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned link, type *ret) \
	{                                                                           \
		SIM_ENTER(name);                                                    \
		struct sim_live live;                                               \
                                                                                    \
		SIM_TRY(at_link(device, link, ret, &live));                         \
		*ret = (expr);                                                      \
		return NVML_SUCCESS;                                                \
	}

LINK_NUMBER(nvmlDeviceGetNvLinkState, nvmlEnableState_t, 1)
LINK_NUMBER(nvmlDeviceGetNvLinkVersion, unsigned, live.model->link_version)
LINK_NUMBER(nvmlDeviceGetNvLinkRemoteDeviceType, nvmlIntNvLinkDeviceType_t, LINK_SWITCH)

SIM_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned link,
						      nvmlNvLinkCapability_t capability,
						      unsigned *capResult)
{
	SIM_ENTER(nvmlDeviceGetNvLinkCapability);
	struct sim_live live;

	if (capability >= LINK_CAPS)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(at_link(device, link, capResult, &live));
	/* P2P, system memory and atomics of both, then SLI, which these have not. */
	*capResult = capability < 4 || capability == 5;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, unsigned link,
							nvmlNvLinkErrorCounter_t counter,
							unsigned long long *counterValue)
{
	SIM_ENTER(nvmlDeviceGetNvLinkErrorCounter);
	struct sim_live live;

	if (counter >= LINK_ERRORS)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(at_link(device, link, counterValue, &live));
	*counterValue = 0;
	return NVML_SUCCESS;
}

/* Links are dealt out to six switches, which stand in PCI domain 1. */
static nvmlReturn_t remote_pci(nvmlDevice_t device, unsigned link, nvmlPciInfo_t *pci)
{
	struct sim_live live;
	unsigned bus;

	SIM_TRY(at_link(device, link, pci, &live));
	bus = 1 + link % 6;
	memset(pci, 0, sizeof(*pci));
	pci->domain = 1;
	pci->bus = bus;
	pci->pciDeviceId = live.model->link_version > 3 ? SWITCH_3_PCI_ID : SWITCH_2_PCI_ID;
	snprintf(pci->busIdLegacy, sizeof(pci->busIdLegacy), "0001:%02X:00.0", bus);
	snprintf(pci->busId, sizeof(pci->busId), "00000001:%02X:00.0", bus);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo(nvmlDevice_t device, unsigned link,
							 nvmlPciInfo_t *pci)
{
	SIM_ENTER(nvmlDeviceGetNvLinkRemotePciInfo);
	return remote_pci(device, link, pci);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned link,
							    nvmlPciInfo_t *pci)
{
	SIM_ENTER(nvmlDeviceGetNvLinkRemotePciInfo_v2);
	return remote_pci(device, link, pci);
}

/* --- From GPU to GPU ------------------------------------------------------------------------ */

static nvmlReturn_t at_two(nvmlDevice_t one, nvmlDevice_t other, const void *out,
			   struct sim_live ret[2])
{
	SIM_TRY(sim_at_live(one, out, &ret[0]));
	return sim_at_live(other, out, &ret[1]);
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t device1,
							    nvmlDevice_t device2,
							    nvmlGpuTopologyLevel_t *pathInfo)
{
	SIM_ENTER(nvmlDeviceGetTopologyCommonAncestor);
	struct sim_live at[2];

	SIM_TRY(at_two(device1, device2, pathInfo, at));
	*pathInfo = at[0].at.gpu == at[1].at.gpu ? LEVEL_INTERNAL : LEVEL_NODE;
	return NVML_SUCCESS;
}

/* GPUs other than @but that can be reached. With no room, 0, it is told how many there are. */
static nvmlReturn_t list_gpus(int but, unsigned *count, nvmlDevice_t *gpus)
{
	const unsigned room = *count;
	unsigned n = 0;

	if (room && !gpus)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; i < (int)sim_fixed()->n_gpus; i++) {
		if (i == but || (sim_view()->lost >> i & 1))
			continue;
		if (n < room)
			gpus[n] = sim_handle_gpu(i);
		n++;
	}
	*count = n;
	return room && room < n ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device,
							 nvmlGpuTopologyLevel_t level,
							 unsigned *count,
							 nvmlDevice_t *deviceArray)
{
	SIM_ENTER(nvmlDeviceGetTopologyNearestGpus);
	struct sim_at at;

	if (level > LEVEL_SYSTEM || level % 10)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, count, &at));
	if (level == LEVEL_NODE)
		return list_gpus(at.gpu, count, deviceArray);
	*count = 0;
	return NVML_SUCCESS;
}

/* Every processor is near every GPU. */
SIM_EXPORT nvmlReturn_t nvmlSystemGetTopologyGpuSet(unsigned cpuNumber, unsigned *count,
						    nvmlDevice_t *deviceArray)
{
	SIM_ENTER(nvmlSystemGetTopologyGpuSet);
	if (!count || (long)cpuNumber >= sysconf(_SC_NPROCESSORS_ONLN))
		return NVML_ERROR_INVALID_ARGUMENT;
	return list_gpus(-1, count, deviceArray);
}

/* GPUs in MIG mode do not reach each other. */
static bool is_linked(const struct sim_live at[2], unsigned index)
{
	if (at[0].at.state->mode || at[1].at.state->mode)
		return false;
	return index == P2P_PCI || (at[0].model->n_links && at[1].model->n_links) ||
	       index == P2P_READ || index == P2P_WRITE;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t device1, nvmlDevice_t device2,
					       nvmlGpuP2PCapsIndex_t p2pIndex,
					       nvmlGpuP2PStatus_t *p2pStatus)
{
	SIM_ENTER(nvmlDeviceGetP2PStatus);
	struct sim_live at[2];

	if (p2pIndex >= P2P_INDICES)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(at_two(device1, device2, p2pStatus, at));
	*p2pStatus = is_linked(at, p2pIndex) ? P2P_OK : P2P_NOT_SUPPORTED;
	return NVML_SUCCESS;
}
