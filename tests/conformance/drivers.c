/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed from driver to driver.
 */
#include "tests/conformance/conformance.h"

#define A100 "1xA100-SXM4-80GB"

/* The NVML profile numbers a driver knows, and those of them that an A100 has. */
static const struct {
	const char *driver;
	unsigned n_numbers, a100;
} known[] = {
	{ "450.80.02", 5, 0x1f },   { "460.32.03", 7, 0x1f },    { "470.42.01", 8, 0x9f },
	{ "515.43.04", 8, 0x9f },   { "525.60.13", 10, 0x29f },  { "550.54.14", 10, 0x29f },
	{ "570.86.10", 13, 0x29f }, { "580.126.09", 17, 0x29f }, { "595.45.04", 18, 0x29f },
};

static void a_driver_knows_the_profiles_of_its_time(void)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		nvmlGpuInstanceProfileInfo_t info;
		nvmlDevice_t device;

		machine_start(A100, known[i].driver);
		device = mig_on(0);
		for (unsigned number = 0; number < 24; number++) {
			nvmlReturn_t want = known[i].a100 >> number & 1
						    ? NVML_SUCCESS
						    : NVML_ERROR_NOT_SUPPORTED;

			if (number >= known[i].n_numbers)
				want = NVML_ERROR_INVALID_ARGUMENT;
			CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfo(device, number, &info),
				 want);
		}
		machine_stop();
	}
}

/* A profile that the driver does not know can't be made by its id either. */
static void before_525_there_is_no_double_memory_profile(void)
{
	nvmlGpuInstance_t gi;

	machine_start(A100, "515.43.04");
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(mig_on(0), 15, &gi),
		 NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
	machine_start(A100, "525.60.13");
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(mig_on(0), 15, &gi), NVML_SUCCESS);
	machine_stop();
}

static void symbols_of_branch(const char *driver, unsigned branch)
{
	int n_missing = 0;

	machine_start(A100, driver);
	for (const struct symbol *s = symbols; s->name; s++) {
		if (s->since <= branch)
			continue;
		CHECK_RC(call_with_nothing(s), NVML_ERROR_FUNCTION_NOT_FOUND);
		n_missing++;
	}
	CHECK(n_missing > 0);
	machine_stop();
}

static void symbols_newer_than_the_driver_are_not_found(void)
{
	symbols_of_branch("450.80.02", 450);
	symbols_of_branch("515.43.04", 515);
	symbols_of_branch("550.54.14", 550);
	symbols_of_branch("580.126.09", 580);
}

static nvmlReturn_t ask_with_mig_off(const char *driver)
{
	nvmlGpuInstancePlacement_t places[8];
	nvmlGpuInstanceProfileInfo_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlReturn_t rc;
	unsigned n = 8;

	machine_start(A100, driver);
	rc = nv.nvmlDeviceGetGpuInstanceProfileInfoV(gpu(0), 2, &v2);
	CHECK_RC(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu(0), 9, places, &n), rc);
	machine_stop();
	return rc;
}

static void before_545_profiles_are_told_with_mig_on_only(void)
{
	CHECK_RC(ask_with_mig_off("535.261.03"), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(ask_with_mig_off("545.23.08"), NVML_SUCCESS);
	CHECK_RC(ask_with_mig_off("580.126.09"), NVML_SUCCESS);
}

/* Four slices beside three: listed as unsupported before R510. */
static void four_and_three(const char *driver, bool is_mirrored, nvmlReturn_t want)
{
	nvmlGpuInstance_t gi;
	nvmlDevice_t device;

	machine_start(is_mirrored ? A100 "@mirrored" : A100, driver);
	device = mig_on(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 5, &gi), NVML_SUCCESS);
	CHECK_EQ(capacity(device, 2), want == NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, 9, &gi), want);
	machine_stop();
	machine_start(is_mirrored ? A100 "@mirrored" : A100, driver);
	device = mig_on(0);
	CHECK_RC(gi_create_at(device, 2, 4, 4, NULL), NVML_SUCCESS);
	CHECK_EQ(capacity(device, 3), want == NVML_SUCCESS);
	CHECK_RC(gi_create_at(device, 3, 0, 4, NULL), want);
	machine_stop();
}

static void four_and_three_slices_stand_together_from_510_on(void)
{
	for (int mirrored = 0; mirrored < 2; mirrored++) {
		four_and_three("460.32.03", mirrored, NVML_ERROR_INSUFFICIENT_RESOURCES);
		four_and_three("470.82.01", mirrored, NVML_ERROR_INSUFFICIENT_RESOURCES);
		four_and_three("510.47.03", mirrored, NVML_SUCCESS);
		four_and_three("515.43.04", mirrored, NVML_SUCCESS);
	}
}

static void the_driver_tells_its_version(void)
{
	char version[NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE];
	int cuda = 0;

	machine_start(A100, "535.261.03");
	CHECK_RC(nv.nvmlSystemGetDriverVersion(version, sizeof(version)), NVML_SUCCESS);
	CHECK_STR(version, "535.261.03");
	CHECK_RC(nv.nvmlSystemGetNVMLVersion(version, sizeof(version)), NVML_SUCCESS);
	CHECK_STR(version, "12.535.261.03");
	CHECK_RC(nv.nvmlSystemGetCudaDriverVersion_v2(&cuda), NVML_SUCCESS);
	CHECK_EQ(cuda, 12020);
	machine_stop();
	machine_start(A100, NULL);
	CHECK_RC(nv.nvmlSystemGetDriverVersion(version, sizeof(version)), NVML_SUCCESS);
	CHECK_STR(version, SIM_DEFAULT_DRIVER);
	machine_stop();
}

void driver_tests(void)
{
	RUN(a_driver_knows_the_profiles_of_its_time);
	RUN(before_525_there_is_no_double_memory_profile);
	RUN(symbols_newer_than_the_driver_are_not_found);
	RUN(before_545_profiles_are_told_with_mig_on_only);
	RUN(four_and_three_slices_stand_together_from_510_on);
	RUN(the_driver_tells_its_version);
}
