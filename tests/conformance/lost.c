/* SPDX-License-Identifier: Apache-2.0 */
/* A GPU that fell off the bus: every way to reach it says so, and none of the others' does. */
#include <string.h>
#include <unistd.h>

#include "sim/inject.h"
#include "tests/door.h"

static const char *machine;
static struct mig_error err;

static void lose(int index, bool is_lost)
{
	CHECK_EQ(sim_inject_lost(machine_folder(), machine, index, is_lost, &err), 0);
}

/* GPU @index has one MIG device: its UUID, in either form. */
static void cut(unsigned index, char uuid[2][NVML_DEVICE_UUID_V2_BUFFER_SIZE])
{
	char gpu_uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;
	nvmlDevice_t mig;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(mig_on(index), 0, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 4, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(index), 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid[0], NVML_DEVICE_UUID_V2_BUFFER_SIZE),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(index), gpu_uuid, sizeof(gpu_uuid)), NVML_SUCCESS);
	snprintf(uuid[1], NVML_DEVICE_UUID_V2_BUFFER_SIZE, "MIG-%.48s/0/0", gpu_uuid);
}

/* Every name by which a GPU and its MIG device can be opened. */
struct names {
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE], serial[64],
		mig[2][NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	nvmlPciInfo_t pci;
};

static void learn(unsigned index, struct names *ret)
{
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(index), ret->uuid, sizeof(ret->uuid)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetSerial(gpu(index), ret->serial, sizeof(ret->serial)),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetPciInfo_v3(gpu(index), &ret->pci), NVML_SUCCESS);
	cut(index, ret->mig);
}

static void opens(unsigned index, const struct names *names, nvmlReturn_t want)
{
	nvmlDevice_t h;

	CHECK_RC(nv.nvmlDeviceGetHandleByIndex(index, &h), want);
	CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2(index, &h), want);
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(names->uuid, &h), want);
	CHECK_RC(nv.nvmlDeviceGetHandleBySerial(names->serial, &h), want);
	CHECK_RC(nv.nvmlDeviceGetHandleByPciBusId_v2(names->pci.busId, &h), want);
	for (int i = 0; i < 2; i++)
		CHECK_RC(nv.nvmlDeviceGetHandleByUUID(names->mig[i], &h), want);
}

static void no_name_leads_to_a_lost_gpu_or_its_mig_devices(void)
{
	struct names names[2];
	unsigned n = 0;

	machine = machine_start("2xA100-SXM4-80GB", NULL);
	for (unsigned i = 0; i < 2; i++)
		learn(i, &names[i]);
	lose(0, true);
	opens(0, &names[0], NVML_ERROR_GPU_IS_LOST);
	opens(1, &names[1], NVML_SUCCESS);
	/* It is still counted: the others keep their indices. */
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&n), NVML_SUCCESS);
	CHECK_EQ(n, 2);
	lose(0, false);
	opens(0, &names[0], NVML_SUCCESS);
	machine_stop();
}

static void what_was_opened_before_is_lost_too(void)
{
	char uuid[2][NVML_DEVICE_UUID_V2_BUFFER_SIZE], name[64];
	nvmlDevice_t whole, mig;
	unsigned id;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	cut(0, uuid);
	whole = gpu(0);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(whole, 0, &mig), NVML_SUCCESS);
	lose(0, true);
	CHECK_RC(nv.nvmlDeviceGetName(whole, name, sizeof(name)), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlDeviceGetName(mig, name, sizeof(name)), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &id), NVML_ERROR_GPU_IS_LOST);
	lose(0, false);
	CHECK_RC(nv.nvmlDeviceGetName(mig, name, sizeof(name)), NVML_SUCCESS);
	machine_stop();
}

static void nothing_new_runs_on_a_lost_gpu_and_what_ran_is_still_there(void)
{
	struct sim_tenant *before = NULL, *after = NULL;

	machine = machine_start("2xA100-SXM4-80GB", NULL);
	CHECK_EQ(sim_tenant_begin(machine_folder(), machine, "0", getpid(), 0, &before, &err),
		 0);
	lose(0, true);
	CHECK_EQ(sim_tenant_begin(machine_folder(), machine, "0", getpid(), 0, &after, &err),
		 -MIG_E_NVML);
	CHECK(strstr(err.msg, "GPU 0") && strstr(err.msg, "is lost"));
	/* It must end before the GPU can be reset. */
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 0, &err), -MIG_E_BUSY);
	sim_tenant_end(before);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 0, &err), 0);
	CHECK_EQ(sim_tenant_begin(machine_folder(), machine, "0", getpid(), 0, &after, &err),
		 0);
	sim_tenant_end(after);
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(no_name_leads_to_a_lost_gpu_or_its_mig_devices);
	RUN(what_was_opened_before_is_lost_too);
	RUN(nothing_new_runs_on_a_lost_gpu_and_what_ran_is_still_there);
	mig_catalog_close(catalog);
	return 0;
}
