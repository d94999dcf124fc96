/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order a call refuses: not initialised, arguments, handles, MIG off, and only
 * then what the caller may do (permissions.c) and what is there.
 */
#include <stdint.h>

#include "tests/conformance/conformance.h"

/* Calls that need no nvmlInit, or are it. */
static bool works_uninitialised(const char *name)
{
	static const char *const names[] = { "nvmlInit",
					     "nvmlInit_v2",
					     "nvmlInitWithFlags",
					     "nvmlShutdown",
					     "nvmlSystemGetNVMLVersion",
					     "nvmlInternalGetExportTable" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void without_init_everything_is_uninitialised_whatever_its_arguments(void)
{
	for (const struct symbol *s = symbols; s->name; s++) {
		if (works_uninitialised(s->name))
			continue;
		if (call_with_nothing(s) != NVML_ERROR_UNINITIALIZED)
			fprintf(stderr, "%s without nvmlInit\n", s->name);
		CHECK_RC(call_with_nothing(s), NVML_ERROR_UNINITIALIZED);
	}
}

static void without_init_shutdown_succeeds_and_the_version_is_told(void)
{
	char version[NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE];

	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK_RC(nv.nvmlSystemGetNVMLVersion(version, sizeof(version)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlSystemGetNVMLVersion(NULL, sizeof(version)),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlSystemGetNVMLVersion(version, 2), NVML_ERROR_INSUFFICIENT_SIZE);
	CHECK_RC(nv.nvmlInternalGetExportTable(NULL, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_STR(nv.nvmlErrorString(NVML_ERROR_IN_USE), "In use by another client");
	CHECK_STR(nv.nvmlErrorString(NVML_ERROR_INSUFFICIENT_RESOURCES),
		  "Insufficient Resources");
	CHECK_STR(nv.nvmlErrorString(4711), "Unknown Error");
}

/* Init counts: as many shutdowns as inits. */
static void inits_nest(void)
{
	unsigned n;

	machine_start("2xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlInit_v2(), NVML_SUCCESS);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&n), NVML_SUCCESS);
	CHECK_EQ(n, 2);
	machine_stop();
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&n), NVML_ERROR_UNINITIALIZED);
}

static void no_call_succeeds_or_falls_over_nulls(void)
{
	machine_start("1xA100-SXM4-80GB", NULL);
	for (const struct symbol *s = symbols; s->name; s++) {
		nvmlReturn_t rc;

		if (strncmp(s->name, "nvmlInit", 8) == 0 ||
		    strcmp(s->name, "nvmlShutdown") == 0)
			continue;
		rc = call_with_nothing(s);
		if (rc == NVML_SUCCESS)
			fprintf(stderr, "%s succeeded\n", s->name);
		CHECK(rc != NVML_SUCCESS && rc != NVML_ERROR_UNINITIALIZED);
	}
	machine_stop();
}

static void a_null_for_a_result_is_an_invalid_argument(void)
{
	const nvmlGpuInstancePlacement_t place = { 0, 4 };
	const nvmlComputeInstancePlacement_t ci_place = { 0, 1 };
	nvmlReturn_t status;
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;
	nvmlDevice_t device;
	unsigned n = 1;

	machine_start("1xA100-SXM4-80GB", NULL);
	device = mig_on(0);
	gi = gi_create(device, 2);
	ci = ci_create(gi, 0);
#define REFUSED(call) CHECK_RC(call, NVML_ERROR_INVALID_ARGUMENT)
	REFUSED(nv.nvmlDeviceGetCount_v2(NULL));
	REFUSED(nv.nvmlDeviceGetHandleByIndex_v2(0, NULL));
	REFUSED(nv.nvmlDeviceGetHandleByIndex_v2(1, &device));
	REFUSED(nv.nvmlDeviceSetMigMode(device, 1, NULL));
	REFUSED(nv.nvmlDeviceSetMigMode(device, 2, &status));
	REFUSED(nv.nvmlDeviceGetMigMode(device, NULL, &n));
	REFUSED(nv.nvmlDeviceGetMigMode(device, &n, NULL));
	REFUSED(nv.nvmlDeviceGetGpuInstanceProfileInfo(device, 0, NULL));
	REFUSED(nv.nvmlDeviceGetGpuInstanceProfileInfoV(device, 0, NULL));
	REFUSED(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, 9, NULL, NULL));
	REFUSED(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 9, NULL));
	REFUSED(nv.nvmlDeviceCreateGpuInstance(device, 9, NULL));
	REFUSED(nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, &place, NULL));
	REFUSED(nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, NULL, &gi));
	REFUSED(nv.nvmlDeviceGetGpuInstances(device, 9, NULL, &n));
	REFUSED(nv.nvmlDeviceGetGpuInstances(device, 9, &gi, NULL));
	REFUSED(nv.nvmlDeviceGetGpuInstanceById(device, 1, NULL));
	REFUSED(nv.nvmlGpuInstanceGetInfo(gi, NULL));
	REFUSED(nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 0, 0, NULL));
	REFUSED(nv.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi, 0, NULL));
	REFUSED(nv.nvmlGpuInstanceGetComputeInstancePossiblePlacements(gi, 0, NULL, NULL));
	REFUSED(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, NULL));
	REFUSED(nv.nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, 0, &ci_place, NULL));
	REFUSED(nv.nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, 0, NULL, &ci));
	REFUSED(nv.nvmlGpuInstanceGetComputeInstances(gi, 0, NULL, &n));
	REFUSED(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, NULL));
	REFUSED(nv.nvmlComputeInstanceGetInfo_v2(ci, NULL));
	REFUSED(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, NULL));
	REFUSED(nv.nvmlDeviceGetMaxMigDeviceCount(device, NULL));
	REFUSED(nv.nvmlDeviceIsMigDeviceHandle(device, NULL));
	REFUSED(nv.nvmlDeviceGetUUID(device, NULL, 96));
	REFUSED(nv.nvmlDeviceGetHandleByUUID(NULL, &device));
#undef REFUSED
	CHECK_EQ(capacity(gpu(0), 2), 1); /* and nothing was made on the way */
	machine_stop();
}

/* Whatever a stranger passes: an address, a small number, a handle of another kind. */
static void device_is_refused(nvmlDevice_t device)
{
	nvmlReturn_t status;
	nvmlGpuInstance_t gi;
	unsigned a, b;
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];

	CHECK_RC(nv.nvmlDeviceGetMigMode(device, &a, &b), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetMigMode(device, 1, &status), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetUUID(device, uuid, sizeof(uuid)), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, &gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 1, &gi), NVML_ERROR_INVALID_ARGUMENT);
}

static void gi_is_refused(nvmlGpuInstance_t gi)
{
	nvmlGpuInstanceInfo_t info;
	nvmlComputeInstance_t ci;

	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci),
		 NVML_ERROR_INVALID_ARGUMENT);
}

static void ci_is_refused(nvmlComputeInstance_t ci)
{
	nvmlComputeInstanceInfo_t info;

	CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_ERROR_INVALID_ARGUMENT);
}

static void strange_handles_are_invalid_arguments(void)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;
	uint64_t seed = 7;

	machine_start("2xA100-SXM4-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	ci = ci_create(gi, 0);
	for (int i = 0; i < 1000; i++) {
		const uintptr_t word = (uintptr_t)below(~0U, &seed) << below(33, &seed);

		/* 2 of 2^32 may be handles; these seeds have none of them. */
		device_is_refused((nvmlDevice_t)word);
		gi_is_refused((nvmlGpuInstance_t)word);
		ci_is_refused((nvmlComputeInstance_t)word);
	}
	device_is_refused((nvmlDevice_t)&seed);
	device_is_refused(NULL);
	device_is_refused((nvmlDevice_t)gi);
	device_is_refused((nvmlDevice_t)ci);
	gi_is_refused(NULL);
	gi_is_refused((nvmlGpuInstance_t)gpu(0));
	gi_is_refused((nvmlGpuInstance_t)ci);
	gi_is_refused((nvmlGpuInstance_t)mig_device(gpu(0), 0));
	ci_is_refused(NULL);
	ci_is_refused((nvmlComputeInstance_t)gi);
	ci_is_refused((nvmlComputeInstance_t)gpu(0));
	gi_info(gi);
	ci_info(ci);
	machine_stop();
}

static void with_mig_off_instances_are_not_supported(void)
{
	const nvmlGpuInstancePlacement_t place = { 0, 4 };
	nvmlGpuInstance_t gi;
	nvmlDevice_t device, mig;
	unsigned n = 1;

	machine_start("1xA100-SXM4-80GB", NULL);
	device = gpu(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, &gi), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, &place, &gi),
		 NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, 9, &gi, &n), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 1, &gi), NVML_ERROR_NOT_SUPPORTED);
	CHECK(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, &mig) != NVML_SUCCESS);
	/* A NULL is found before the mode is looked at. */
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, NULL), NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

static void refusals_name_what_is_wrong_with_a_request(void)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;
	nvmlDevice_t device, mig;

	machine_start("1xA100-SXM4-80GB", NULL);
	device = mig_on(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 77, &gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(gi_create_at(device, 2, 2, 4, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(gi_create_at(device, 2, 0, 3, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(gi_create_at(device, 2, ~0U, 4, NULL), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(gi_create_at(device, 2, 4, 4, &gi), NVML_SUCCESS);
	CHECK_RC(gi_create_at(device, 2, 4, 4, NULL), NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_RC(gi_create_at(device, 4, 0, 8, NULL), NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 9, &gi), NVML_ERROR_NOT_FOUND);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, &mig), NVML_ERROR_NOT_FOUND);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(device, 2, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 77, &ci),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci),
		 NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 1, &ci), NVML_ERROR_NOT_FOUND);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
	machine_stop();
}

static void text_that_does_not_fit_is_refused_whole(void)
{
	char buf[NVML_DEVICE_UUID_V2_BUFFER_SIZE];

	machine_start("1xA100-SXM4-80GB", NULL);
	memset(buf, '#', sizeof(buf));
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(0), buf, 40), NVML_ERROR_INSUFFICIENT_SIZE);
	CHECK_RC(nv.nvmlDeviceGetName(gpu(0), buf, 5), NVML_ERROR_INSUFFICIENT_SIZE);
	CHECK_EQ(buf[0], '#');
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(0), buf, 41), NVML_SUCCESS);
	CHECK_EQ(strlen(buf), 40);
	CHECK_EQ(buf[41], '#');
	machine_stop();
}

void check_tests(void)
{
	RUN(without_init_everything_is_uninitialised_whatever_its_arguments);
	RUN(without_init_shutdown_succeeds_and_the_version_is_told);
	RUN(inits_nest);
	RUN(no_call_succeeds_or_falls_over_nulls);
	RUN(a_null_for_a_result_is_an_invalid_argument);
	RUN(strange_handles_are_invalid_arguments);
	RUN(with_mig_off_instances_are_not_supported);
	RUN(refusals_name_what_is_wrong_with_a_request);
	RUN(text_that_does_not_fit_is_refused_whole);
}
