/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How GPUs are joined to the host and to each other, asked as NCCL, hwloc, the device plugin's
 * allocator and nvidia-smi ask it: what one call says the others must not contradict.
 */
#include <string.h>

#include "sim/inject.h"
#include "tests/door.h"

enum { LINKS_MAX = 18 };
enum { INTERNAL, SINGLE = 10, NODE = 40, SYSTEM = 50 };
enum { P2P_READ, P2P_WRITE, P2P_NVLINK, P2P_ATOMICS, P2P_PCI };
enum { P2P_OK = 0, P2P_NOT_SUPPORTED = 5 };
enum { FIELD_SPEED_COMMON = 90, FIELD_LINKS = 91 };
enum { FIELD_DL_ERRORS = 161, FIELD_SPEED = 164, FIELD_STATE, FIELD_VERSION };

static nvmlReturn_t field(unsigned id, unsigned scope, unsigned long long *ret)
{
	nvmlFieldValue_t value = { .fieldId = id, .scopeId = scope };

	CHECK_RC(nv.nvmlDeviceGetFieldValues(gpu(0), 1, &value), NVML_SUCCESS);
	*ret = value.value.ullVal;
	return value.nvmlReturn;
}

static unsigned n_links_by_field(void)
{
	unsigned long long n = ~0ULL;

	CHECK_RC(field(FIELD_LINKS, 0, &n), NVML_SUCCESS);
	return (unsigned)n;
}

/* What NCCL does with each link that there may be. Return: links that it would use. */
static unsigned nccl_counts_links(char first_bus_id[32])
{
	unsigned n = 0;

	for (unsigned link = 0; link < LINKS_MAX; link++) {
		nvmlIntNvLinkDeviceType_t type = ~0U;
		unsigned can = 0, version = 0;
		nvmlEnableState_t state = 0;
		unsigned long long by_field = 0;
		nvmlPciInfo_t remote;

		if (nv.nvmlDeviceGetNvLinkCapability(gpu(0), link, 0, &can) != NVML_SUCCESS ||
		    !can) {
			CHECK(field(FIELD_STATE, link, &by_field) != NVML_SUCCESS);
			continue;
		}
		/* Before Hopper it asks for the state by a call, from then on by a field. */
		CHECK_RC(nv.nvmlDeviceGetNvLinkState(gpu(0), link, &state), NVML_SUCCESS);
		CHECK_RC(field(FIELD_STATE, link, &by_field), NVML_SUCCESS);
		CHECK_EQ(state, 1);
		CHECK_EQ(by_field, state);
		CHECK_RC(nv.nvmlDeviceGetNvLinkVersion(gpu(0), link, &version), NVML_SUCCESS);
		CHECK_RC(field(FIELD_VERSION, link, &by_field), NVML_SUCCESS);
		CHECK_EQ(by_field, version);
		CHECK_RC(nv.nvmlDeviceGetNvLinkRemotePciInfo_v2(gpu(0), link, &remote),
			 NVML_SUCCESS);
		CHECK_RC(nv.nvmlDeviceGetNvLinkRemoteDeviceType(gpu(0), link, &type),
			 NVML_SUCCESS);
		CHECK_EQ(type, 2); /* a switch */
		if (n++ == 0)
			memcpy(first_bus_id, remote.busId, 32);
	}
	return n;
}

static const struct {
	const char *spec;
	unsigned n_links, version, mb_per_s, pcie_gen;
} boards[] = {
	{ "2xA100-SXM4-80GB", 12, 3, 25000, 4 },
	{ "2xH100-SXM5-80GB", 18, 4, 26562, 5 },
	{ "2xA30", 0, 0, 0, 4 },
};

static void nccl_finds_as_many_links_as_a_board_has(void)
{
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		char bus_id[32] = "";
		unsigned long long speed = 0;
		nvmlDevice_t found;

		machine_start(boards[i].spec, NULL);
		CHECK_EQ(nccl_counts_links(bus_id), boards[i].n_links);
		CHECK_EQ(n_links_by_field(), boards[i].n_links);
		CHECK_EQ(field(FIELD_SPEED, 0, &speed) == NVML_SUCCESS, boards[i].n_links > 0);
		CHECK_EQ(speed, boards[i].mb_per_s);
		CHECK_EQ(field(FIELD_SPEED_COMMON, 0, &speed) == NVML_SUCCESS,
			 boards[i].n_links > 0);
		CHECK_EQ(speed, boards[i].mb_per_s);
		/* At the other end is a switch: no GPU has that address. */
		if (boards[i].n_links)
			CHECK_RC(nv.nvmlDeviceGetHandleByPciBusId_v2(bus_id, &found),
				 NVML_ERROR_NOT_FOUND);
		machine_stop();
	}
}

static void a_link_that_is_not_there_is_refused(void)
{
	unsigned long long n = 0;
	nvmlEnableState_t state;
	nvmlPciInfo_t pci;
	unsigned can;

	machine_start("1xA100-SXM4-80GB", NULL);
	CHECK(nv.nvmlDeviceGetNvLinkState(gpu(0), 12, &state) != NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetNvLinkState(gpu(0), LINKS_MAX, &state),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetNvLinkState(gpu(0), 0, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetNvLinkCapability(gpu(0), 0, 6, &can),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetNvLinkErrorCounter(gpu(0), 0, 5, &n),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetNvLinkErrorCounter(gpu(0), 0, 0, &n), NVML_SUCCESS);
	CHECK_EQ(n, 0);
	CHECK_RC(field(FIELD_DL_ERRORS, 0, &n), NVML_SUCCESS);
	CHECK_EQ(n, 0);
	CHECK_RC(field(FIELD_STATE, 12, &n), NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
	machine_start("1xA30", NULL);
	CHECK_RC(nv.nvmlDeviceGetNvLinkState(gpu(0), 0, &state), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetNvLinkRemotePciInfo(gpu(0), 0, &pci),
		 NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(field(FIELD_STATE, 0, &n), NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

static unsigned p2p(unsigned index)
{
	nvmlGpuP2PStatus_t there = ~0U, back = ~0U;

	CHECK_RC(nv.nvmlDeviceGetP2PStatus(gpu(0), gpu(1), index, &there), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetP2PStatus(gpu(1), gpu(0), index, &back), NVML_SUCCESS);
	CHECK_EQ(there, back);
	return there;
}

static void gpus_reach_each_other_until_one_is_in_mig_mode(void)
{
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		machine_start(boards[i].spec, NULL);
		CHECK_EQ(p2p(P2P_READ), P2P_OK);
		CHECK_EQ(p2p(P2P_WRITE), P2P_OK);
		CHECK_EQ(p2p(P2P_PCI), P2P_OK);
		CHECK_EQ(p2p(P2P_NVLINK), boards[i].n_links ? P2P_OK : P2P_NOT_SUPPORTED);
		CHECK_EQ(p2p(P2P_ATOMICS), boards[i].n_links ? P2P_OK : P2P_NOT_SUPPORTED);
		mig_on(1);
		for (unsigned index = P2P_READ; index <= P2P_PCI; index++)
			CHECK_EQ(p2p(index), P2P_NOT_SUPPORTED);
		machine_stop();
	}
}

/* --- Where they stand -------------------------------------------------------------------- */

/* The allocator of the device plugin asks this of every pair. */
static void the_path_between_two_gpus_is_the_same_both_ways(void)
{
	nvmlGpuTopologyLevel_t there, back;

	machine_start("3xA100-SXM4-80GB", NULL);
	for (unsigned a = 0; a < 3; a++) {
		for (unsigned b = 0; b < 3; b++) {
			CHECK_RC(nv.nvmlDeviceGetTopologyCommonAncestor(gpu(a), gpu(b), &there),
				 NVML_SUCCESS);
			CHECK_RC(nv.nvmlDeviceGetTopologyCommonAncestor(gpu(b), gpu(a), &back),
				 NVML_SUCCESS);
			CHECK_EQ(there, back);
			CHECK_EQ(there, a == b ? INTERNAL : NODE);
		}
	}
	CHECK_RC(nv.nvmlDeviceGetTopologyCommonAncestor(gpu(0), NULL, &there),
		 NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

static void the_nearest_gpus_are_those_of_that_path(void)
{
	nvmlDevice_t near[4];
	unsigned n = 0;

	machine_start("4xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), NODE, &n, NULL), NVML_SUCCESS);
	CHECK_EQ(n, 3);
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), NODE, &n, near), NVML_SUCCESS);
	CHECK(near[0] == gpu(0) && near[1] == gpu(2) && near[2] == gpu(3));
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), NODE, &n, NULL),
		 NVML_ERROR_INVALID_ARGUMENT);
	n = 2;
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), NODE, &n, near),
		 NVML_ERROR_INSUFFICIENT_SIZE);
	CHECK_EQ(n, 3);
	n = 0;
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), SINGLE, &n, NULL), NVML_SUCCESS);
	CHECK_EQ(n, 0);
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), 45, &n, NULL),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetTopologyNearestGpus(gpu(1), SYSTEM + 10, &n, NULL),
		 NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

static void a_processor_is_near_every_gpu_that_is_not_lost(void)
{
	const char *machine = machine_start("3xA30", NULL);
	struct mig_error err;
	nvmlDevice_t near[3];
	unsigned n = 0;

	CHECK_RC(nv.nvmlSystemGetTopologyGpuSet(0, &n, NULL), NVML_SUCCESS);
	CHECK_EQ(n, 3);
	CHECK_RC(nv.nvmlSystemGetTopologyGpuSet(0, &n, near), NVML_SUCCESS);
	CHECK(near[0] == gpu(0) && near[2] == gpu(2));
	CHECK_RC(nv.nvmlSystemGetTopologyGpuSet(1U << 30, &n, near),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_EQ(sim_inject_lost(machine_folder(), machine, 0, true, &err), 0);
	CHECK_RC(nv.nvmlSystemGetTopologyGpuSet(0, &n, near), NVML_SUCCESS);
	CHECK_EQ(n, 2);
	CHECK(near[0] == gpu(1));
	machine_stop();
}

/* --- PCIe -------------------------------------------------------------------------------- */

static unsigned number(nvmlReturn_t (*get)(nvmlDevice_t, unsigned *))
{
	unsigned value = ~0U;

	CHECK_RC(get(gpu(0), &value), NVML_SUCCESS);
	return value;
}

static void the_bus_runs_at_the_boards_generation_with_all_lanes(void)
{
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		const unsigned gen = boards[i].pcie_gen;

		machine_start(boards[i].spec, NULL);
		CHECK_EQ(number(nv.nvmlDeviceGetCurrPcieLinkGeneration), gen);
		CHECK_EQ(number(nv.nvmlDeviceGetMaxPcieLinkGeneration), gen);
		CHECK_EQ(number(nv.nvmlDeviceGetGpuMaxPcieLinkGeneration), gen);
		CHECK_EQ(number(nv.nvmlDeviceGetCurrPcieLinkWidth), 16);
		CHECK_EQ(number(nv.nvmlDeviceGetMaxPcieLinkWidth), 16);
		CHECK_EQ(number(nv.nvmlDeviceGetPcieSpeed), gen == 4 ? 16000 : 32000);
		CHECK_EQ(number(nv.nvmlDeviceGetPcieLinkMaxSpeed), gen);
		CHECK_EQ(number(nv.nvmlDeviceGetPcieReplayCounter), 0);
		machine_stop();
	}
}

static void an_idle_bus_moves_nothing_and_a_mig_device_has_none(void)
{
	nvmlComputeInstance_t ci;
	nvmlDevice_t mig, parent;
	nvmlGpuInstance_t gi;
	unsigned kib = ~0U;

	machine_start("2xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetPcieThroughput(gpu(0), 0, &kib), NVML_SUCCESS);
	CHECK_EQ(kib, 0);
	CHECK_RC(nv.nvmlDeviceGetPcieThroughput(gpu(0), 2, &kib), NVML_ERROR_INVALID_ARGUMENT);
	parent = mig_on(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(parent, 0, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 4, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(parent, 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetPcieThroughput(mig, 0, &kib), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetNvLinkState(mig, 0, &kib), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetTopologyCommonAncestor(mig, gpu(1), &kib),
		 NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetP2PStatus(mig, gpu(1), P2P_READ, &kib),
		 NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

/* GPUs are no NUMA nodes here, and their memory has none of its own. */
static void a_gpu_is_near_a_numa_node_and_is_none(void)
{
	unsigned long nodes = 0;
	unsigned node;

	machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetMemoryAffinity(gpu(0), 1, &nodes, 0), NVML_SUCCESS);
	CHECK_EQ(nodes, 1);
	CHECK_RC(nv.nvmlDeviceGetNumaNodeId(gpu(0), &node), NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

/* --- What nvidia-smi asks beside NVML ------------------------------------------------------ */

typedef nvmlReturn_t (*path_fn)(const char *bus_id1, const char *bus_id2, unsigned *ret);

static void the_table_of_nvidia_smi_tells_the_path_that_the_calls_tell(void)
{
	static const unsigned char id[16] = { 0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
					      0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4 };
	static const unsigned char other[16] = { 1 };
	enum { ENTRY = 23, NODE_PATH = 3, NVLINKS = 4 };

	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		const unsigned want =
			boards[i].n_links ? NVLINKS + boards[i].n_links : NODE_PATH;
		const void *table = NULL;
		nvmlPciInfo_t pci[2];
		unsigned path = ~0U;
		path_fn ask;

		machine_start(boards[i].spec, NULL);
		for (unsigned g = 0; g < 2; g++)
			CHECK_RC(nv.nvmlDeviceGetPciInfo_v3(gpu(g), &pci[g]), NVML_SUCCESS);
		CHECK_RC(nv.nvmlInternalGetExportTable(&table, other), NVML_SUCCESS);
		CHECK_EQ(*(const size_t *)table, sizeof(size_t));
		CHECK_RC(nv.nvmlInternalGetExportTable(&table, id), NVML_SUCCESS);
		CHECK_EQ(*(const size_t *)table, (ENTRY + 1) * sizeof(void *));
		memcpy(&ask, (const char *)table + ENTRY * sizeof(void *), sizeof(ask));
		CHECK_RC(ask(pci[0].busId, pci[1].busId, &path), NVML_SUCCESS);
		CHECK_EQ(path, want);
		CHECK_RC(ask(pci[0].busId, "00000000:FF:00.0", &path),
			 NVML_ERROR_INVALID_ARGUMENT);
		CHECK_RC(ask(pci[0].busId, NULL, &path), NVML_ERROR_INVALID_ARGUMENT);
		machine_stop();
	}
}

int main(void)
{
	door_open();
	RUN(nccl_finds_as_many_links_as_a_board_has);
	RUN(a_link_that_is_not_there_is_refused);
	RUN(gpus_reach_each_other_until_one_is_in_mig_mode);
	RUN(the_path_between_two_gpus_is_the_same_both_ways);
	RUN(the_nearest_gpus_are_those_of_that_path);
	RUN(a_processor_is_near_every_gpu_that_is_not_lost);
	RUN(the_bus_runs_at_the_boards_generation_with_all_lanes);
	RUN(an_idle_bus_moves_nothing_and_a_mig_device_has_none);
	RUN(a_gpu_is_near_a_numa_node_and_is_none);
	RUN(the_table_of_nvidia_smi_tells_the_path_that_the_calls_tell);
	mig_catalog_close(catalog);
	return 0;
}
