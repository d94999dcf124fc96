/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many calls a second the simulated driver answers, from one process.
 *
 *	sim_calls [SECONDS]
 */
#include <time.h>

#include "tests/door.h"

static nvmlDevice_t device, mig;
static nvmlGpuInstance_t gi;

static void get_mig_mode(void)
{
	unsigned current, pending;

	CHECK_RC(nv.nvmlDeviceGetMigMode(device, &current, &pending), NVML_SUCCESS);
}

static void get_gi_by_id(void)
{
	nvmlGpuInstance_t found;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 2, &found), NVML_SUCCESS);
}

static void get_gi_info(void)
{
	nvmlGpuInstanceInfo_t info;

	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
}

static void get_capacity(void)
{
	unsigned n;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 19, &n), NVML_SUCCESS);
}

static void get_mig_by_index(void)
{
	nvmlDevice_t found;

	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, &found), NVML_SUCCESS);
}

static void get_uuid(void)
{
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];

	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_SUCCESS);
}

static void get_memory(void)
{
	nvmlMemory_t memory;

	CHECK_RC(nv.nvmlDeviceGetMemoryInfo(mig, &memory), NVML_SUCCESS);
}

/* Not a read: a GI made and destroyed, two changes. */
static void change(void)
{
	nvmlGpuInstance_t made;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 19, &made), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(made), NVML_SUCCESS);
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{ "GetMigMode", get_mig_mode },
	{ "GetGpuInstanceById", get_gi_by_id },
	{ "GpuInstanceGetInfo", get_gi_info },
	{ "GetGpuInstanceRemainingCapacity", get_capacity },
	{ "GetMigDeviceHandleByIndex", get_mig_by_index },
	{ "GetUUID (MIG device)", get_uuid },
	{ "GetMemoryInfo (MIG device)", get_memory },
	{ "CreateGpuInstance and Destroy", change },
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double calls_per_s(void (*call)(void), double seconds)
{
	const double begin = now_s();
	unsigned long n = 0;

	do {
		for (int i = 0; i < 1000; i++)
			call();
		n += 1000;
	} while (now_s() - begin < seconds);
	return (double)n / (now_s() - begin);
}

static void bench(const char *spec, unsigned n_gpus, double seconds)
{
	machine_start(spec, NULL);
	for (unsigned i = 0; i < n_gpus; i++) {
		nvmlComputeInstance_t ci;

		device = mig_on(i);
		CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, &gi), NVML_SUCCESS);
		CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
	}
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, &mig), NVML_SUCCESS);
	printf("%s\n", spec);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		printf("   %-34s %12.0f calls/s\n", calls[i].name,
		       calls_per_s(calls[i].call, seconds));
	machine_stop();
}

int main(int argc, char **argv)
{
	const double seconds = argc > 1 ? atof(argv[1]) : 0.5;

	door_open();
	bench("1xA100-SXM4-80GB", 1, seconds);
	bench("8xA100-SXM4-80GB", 8, seconds);
	mig_catalog_close(catalog);
	return 0;
}
