/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ordinary user may not do. The user is a forked child that gives up root; where
 * the tests do not run as root there is nobody to become, and they are skipped.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

enum { NOBODY = 65534 };

/* Run @act as nobody; the library stays initialised over the fork. */
static void as_nobody(void (*act)(void))
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0);
		CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
		act();
		fflush(NULL);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_EQ(status, 0);
}

static nvmlGpuInstance_t given_gi; /* handles that root got, and a child inherits */
static nvmlComputeInstance_t given_ci;

static void may_change_nothing(void)
{
	const nvmlGpuInstancePlacement_t place = { 0, 4 };
	const nvmlDevice_t device = gpu(0);
	nvmlReturn_t status;
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	CHECK_RC(nv.nvmlDeviceSetMigMode(device, 0, &status), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, &gi), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, &place, &gi),
		 NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(given_gi), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(given_gi, 0, &ci),
		 NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(given_ci), NVML_ERROR_NO_PERMISSION);
}

static void may_not_list_instances(void)
{
	const nvmlDevice_t device = gpu(0);
	nvmlGpuInstance_t gis[8];
	nvmlComputeInstance_t ci;
	unsigned n = 8;

	CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, 9, gis, &n), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 2, gis), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 1, gis), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstances(given_gi, 2, &ci, &n),
		 NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(given_gi, 0, &ci),
		 NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(given_gi, 2, &n),
		 NVML_ERROR_NO_PERMISSION);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 9, &n),
		 NVML_ERROR_NO_PERMISSION);
}

/* Arguments and handles are looked at before the caller, the request after. */
static void is_refused_in_order(void)
{
	const nvmlDevice_t device = gpu(0);
	nvmlGpuInstance_t gi;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(NULL, 9, &gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(1), 9, &gi), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 77, &gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(gi_create_at(device, 2, 4, 4, NULL), NVML_ERROR_NO_PERMISSION);
	CHECK_RC(gi_create_at(device, 2, 2, 4, NULL), NVML_ERROR_NO_PERMISSION);
}

static void may_look(void)
{
	const nvmlDevice_t mig = mig_device(gpu(0), 0);
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	nvmlMemory_t memory;
	unsigned id;

	mode_is(gpu(0), 1, 1);
	mode_is(gpu(1), 0, 0);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &id), NVML_SUCCESS);
	CHECK_EQ(id, 2);
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo(mig, &memory), NVML_SUCCESS);
}

static void ordinary_user(void (*act)(void))
{
	machine_start("2xA100-SXM4-80GB", NULL);
	given_gi = gi_create(mig_on(0), 2);
	given_ci = ci_create(given_gi, 2);
	as_nobody(act);
	CHECK_EQ(gi_info(given_gi).id, 2);
	CHECK_EQ(ci_info(given_ci).id, 0);
	CHECK_EQ(capacity(gpu(0), 2), 1);
	mode_is(gpu(0), 1, 1);
	machine_stop();
}

static void an_ordinary_user_changes_nothing(void)
{
	ordinary_user(may_change_nothing);
}

static void an_ordinary_user_does_not_list_instances(void)
{
	ordinary_user(may_not_list_instances);
}

static void arguments_come_before_permission_and_the_request_after(void)
{
	ordinary_user(is_refused_in_order);
}

static void an_ordinary_user_sees_mode_and_mig_devices(void)
{
	ordinary_user(may_look);
}

void permission_tests(void)
{
	if (geteuid() != 0) {
		printf("skipped permissions: not root, so there is no other user to be\n");
		return;
	}
	RUN(an_ordinary_user_changes_nothing);
	RUN(an_ordinary_user_does_not_list_instances);
	RUN(arguments_come_before_permission_and_the_request_after);
	RUN(an_ordinary_user_sees_mode_and_mig_devices);
}
