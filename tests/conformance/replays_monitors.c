/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of Slurm 22.05 and 24.11, nvtop, btop, nvitop, gpustat, hwloc, and what go-nvml
 * looks up at its start; what each relies on.
 *
 * Source: these clients, run on a library that recorded their calls; their sources.
 */
#include "tests/door.h"

static nvmlComputeInstance_t first_ci;
static nvmlGpuInstance_t first_gi;

/* A 3g.40gb and a 2g.20gb on GPU 1 of two; GPU 0 has MIG off. */
static void cut_node(const char *driver)
{
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;

	machine_start("2xA100-SXM4-80GB", driver);
	mig_on(1);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(1), 9, &first_gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(first_gi, 2, &first_ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(1), 14, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 1, &ci), NVML_SUCCESS);
}

/* Return: how many MIG devices slurmd finds: it stops at the first index that has none. */
static unsigned until_hole(void)
{
	nvmlDeviceAttributes_t attributes;
	nvmlReturn_t rc = NVML_SUCCESS;
	nvmlDevice_t mig;
	unsigned n = 0;

	for (;;) {
		rc = nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(1), n, &mig);
		if (rc != NVML_SUCCESS)
			break;
		CHECK_RC(nv.nvmlDeviceGetAttributes_v2(mig, &attributes), NVML_SUCCESS);
		CHECK(attributes.memorySizeMB > 0);
		n++;
	}
	CHECK_RC(rc, NVML_ERROR_NOT_FOUND);
	return n;
}

/* slurmd ends where it is not told the affinity. */
static void slurmd_is_told_affinity_and_reads_indices_until_the_first_hole(void)
{
	unsigned long cpus[16] = { 0 };

	cut_node("535.261.03");
	CHECK_RC(nv.nvmlDeviceGetCpuAffinity(gpu(1), 16, cpus), NVML_SUCCESS);
	CHECK(cpus[0] != 0);
	CHECK_EQ(until_hole(), 2);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(first_ci), NVML_SUCCESS);
	CHECK_EQ(until_hole(), 0);
	machine_stop();
}

static void btop_gets_by_the_first_names_what_others_get_by_the_second(void)
{
	nvmlDevice_t first, second;
	unsigned n = 0;

	machine_start("2xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlInit(), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetCount(&n), NVML_SUCCESS);
	CHECK_EQ(n, 2);
	for (unsigned i = 0; i < n; i++) {
		CHECK_RC(nv.nvmlDeviceGetHandleByIndex(i, &first), NVML_SUCCESS);
		CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2(i, &second), NVML_SUCCESS);
		CHECK(first == second);
	}
	CHECK_RC(nv.nvmlDeviceGetHandleByIndex(n, &first), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_stop();
}

/* nvtop, nvitop, gpustat: on a GPU in MIG mode the GPU's utilisation is not to be had. */
static void monitors_see_mig_devices_with_memory_and_processes(void)
{
	nvmlMemory_v2_t memory = { .version = NVML_STRUCT_VERSION(memory, 2) };
	nvmlProcessInfo_t processes[8];
	nvmlUtilization_t load;
	nvmlDevice_t mig;
	unsigned n = 8, index;

	cut_node(NULL);
	CHECK_RC(nv.nvmlInitWithFlags(0), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetIndex(gpu(1), &index), NVML_SUCCESS);
	CHECK_EQ(index, 1);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(1), 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo_v2(mig, &memory), NVML_SUCCESS);
	CHECK(memory.total > 39ULL << 30 && memory.used < 1ULL << 30);
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig, &n, processes), NVML_SUCCESS);
	CHECK_EQ(n, 0);
	CHECK_RC(nv.nvmlDeviceGetUtilizationRates(gpu(1), &load), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_stop();
}

/* hwloc asks each link until one is refused, and leaves out what it is not told. */
static void hwloc_is_told_where_a_gpu_is_or_that_it_cannot_be_told(void)
{
	char serial[64], uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	nvmlEnableState_t is_active;
	nvmlPciInfo_t pci;
	nvmlReturn_t rc;

	machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetPciInfo_v3(gpu(0), &pci), NVML_SUCCESS);
	CHECK_EQ(pci.pciDeviceId & 0xffff, 0x10de);
	CHECK_RC(nv.nvmlDeviceGetSerial(gpu(0), serial, sizeof(serial)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(0), uuid, sizeof(uuid)), NVML_SUCCESS);
	rc = nv.nvmlDeviceGetNvLinkState(gpu(0), 0, &is_active);
	CHECK(rc == NVML_SUCCESS || rc == NVML_ERROR_NOT_SUPPORTED);
	CHECK(nv.nvmlDeviceGetNvLinkState(gpu(0), 99, &is_active) != NVML_SUCCESS);
	machine_stop();
}

/* go-nvml asks for these at its start and keeps the newest that are there. */
static void go_nvml_finds_the_versioned_names(void)
{
	static const char *const names[] = {
		"nvmlInit_v2",
		"nvmlShutdown",
		"nvmlDeviceGetCount_v2",
		"nvmlDeviceGetHandleByIndex_v2",
		"nvmlDeviceGetHandleByPciBusId_v2",
		"nvmlDeviceGetPciInfo_v2",
		"nvmlDeviceGetPciInfo_v3",
		"nvmlDeviceGetNvLinkRemotePciInfo_v2",
		"nvmlDeviceGetGridLicensableFeatures_v2",
		"nvmlDeviceGetGridLicensableFeatures_v3",
		"nvmlDeviceGetGridLicensableFeatures_v4",
		"nvmlEventSetWait_v2",
		"nvmlDeviceGetAttributes_v2",
		"nvmlComputeInstanceGetInfo_v2",
		"nvmlDeviceGetComputeRunningProcesses_v2",
		"nvmlDeviceGetComputeRunningProcesses_v3",
		"nvmlDeviceGetGraphicsRunningProcesses_v2",
		"nvmlDeviceGetGraphicsRunningProcesses_v3",
		"nvmlDeviceGetMPSComputeRunningProcesses_v2",
		"nvmlDeviceGetMPSComputeRunningProcesses_v3",
		"nvmlDeviceGetGpuInstancePossiblePlacements_v2",
		"nvmlVgpuInstanceGetLicenseInfo_v2",
		"nvmlDeviceGetDriverModel_v2",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(door_symbol(names[i]));
}

int main(void)
{
	door_open();
	RUN(slurmd_is_told_affinity_and_reads_indices_until_the_first_hole);
	RUN(btop_gets_by_the_first_names_what_others_get_by_the_second);
	RUN(monitors_see_mig_devices_with_memory_and_processes);
	RUN(hwloc_is_told_where_a_gpu_is_or_that_it_cannot_be_told);
	RUN(go_nvml_finds_the_versioned_names);
	mig_catalog_close(catalog);
	return 0;
}
