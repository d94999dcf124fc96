/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUIDs: of a MIG device, one for each place on each GPU, the same whenever something
 * stands there.
 */
#include <ctype.h>

#include "tests/conformance/conformance.h"

enum { UUID_BYTES = NVML_DEVICE_UUID_V2_BUFFER_SIZE };

static void uuid_of(nvmlDevice_t device, char uuid[UUID_BYTES])
{
	CHECK_RC(nv.nvmlDeviceGetUUID(device, uuid, UUID_BYTES), NVML_SUCCESS);
}

/* 8-4-4-4-12 lower-case hexadecimal digits. */
static bool is_uuid(const char *s)
{
	if (strlen(s) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? s[i] != '-'
			    : !isxdigit((unsigned char)s[i]) || isupper((unsigned char)s[i]))
			return false;
	}
	return true;
}

static void gpus_are_marked_as_simulated_and_mig_devices_are_version_5(void)
{
	char uuid[UUID_BYTES], serial[NVML_DEVICE_SERIAL_BUFFER_SIZE];

	machine_start("1xA100-SXM4-80GB", NULL);
	ci_create(gi_create(mig_on(0), 2), 2);
	uuid_of(gpu(0), uuid);
	CHECK(strncmp(uuid, "GPU-00510000-", 13) == 0 && is_uuid(uuid + 4));
	CHECK_RC(nv.nvmlDeviceGetSerial(gpu(0), serial, sizeof(serial)), NVML_SUCCESS);
	CHECK(strncmp(serial, "SIM", 3) == 0);
	uuid_of(mig_device(gpu(0), 0), uuid);
	CHECK(strncmp(uuid, "MIG-", 4) == 0 && is_uuid(uuid + 4));
	CHECK_EQ(uuid[4 + 14], '5');
	CHECK(strchr("89ab", uuid[4 + 19]) != NULL);
	machine_stop();
}

/* UUIDs of all seven places of one compute slice, by start. */
static void uuids_of_places(const char *name, char uuids[7][UUID_BYTES])
{
	machine_be(name);
	for (unsigned start = 0; start < 7; start++) {
		nvmlGpuInstance_t gi;
		nvmlComputeInstance_t ci;

		CHECK_RC(gi_create_at(mig_on(0), 0, start, 1, &gi), NVML_SUCCESS);
		ci = ci_create(gi, 0);
		uuid_of(mig_device(gpu(0), 0), uuids[start]);
		CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
		CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	}
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
}

static void a_place_has_one_uuid_and_no_other_place_has_it(void)
{
	char first[7][UUID_BYTES], again[7][UUID_BYTES];
	struct mig_error err = { 0 };

	machine_make("places", "1xA100-SXM4-80GB", NULL);
	uuids_of_places("places", first);
	uuids_of_places("places", again);
	for (int i = 0; i < 7; i++) {
		CHECK_STR(again[i], first[i]);
		for (int k = 0; k < i; k++)
			CHECK(strcmp(first[i], first[k]) != 0);
	}
	/* The same name and seed make the same machine again; another name another one. */
	CHECK_EQ(sim_machine_rm(machine_folder(), "places", &err), 0);
	machine_make("places", "1xA100-SXM4-80GB", NULL);
	uuids_of_places("places", again);
	CHECK_STR(again[3], first[3]);
	machine_make("other", "1xA100-SXM4-80GB", NULL);
	uuids_of_places("other", again);
	CHECK(strcmp(again[3], first[3]) != 0);
	CHECK_EQ(sim_machine_rm(machine_folder(), "places", &err), 0);
	CHECK_EQ(sim_machine_rm(machine_folder(), "other", &err), 0);
}

/* The guide's listings: 3g.20gb and, in its place later, the first 1c.3g.20gb share one. */
static void the_whole_and_the_first_part_of_a_gi_share_one(void)
{
	char whole[UUID_BYTES], part[UUID_BYTES], second[UUID_BYTES];
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	machine_start("1xH100-SXM5-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	ci = ci_create(gi, 2);
	uuid_of(mig_device(gpu(0), 0), whole);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	ci_create(gi, 0);
	ci_create(gi, 0);
	uuid_of(mig_device(gpu(0), 0), part);
	uuid_of(mig_device(gpu(0), 1), second);
	CHECK_STR(part, whole);
	CHECK(strcmp(second, whole) != 0);
	machine_stop();
}

static void both_forms_find(const char *driver)
{
	char uuid[UUID_BYTES], gpu_uuid[UUID_BYTES], old_form[UUID_BYTES * 2];
	nvmlDevice_t found = NULL;
	unsigned gi, ci;

	machine_start("2xA100-SXM4-80GB", driver);
	ci_create(gi_create(mig_on(1), 2), 0);
	uuid_of(gpu(1), gpu_uuid);
	uuid_of(mig_device(gpu(1), 0), uuid);
	snprintf(old_form, sizeof(old_form), "MIG-%s/2/0", gpu_uuid);
	if (driver)
		CHECK_STR(uuid, old_form);
	else
		CHECK(is_uuid(uuid + 4));
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(gpu_uuid, &found), NVML_SUCCESS);
	CHECK(found == gpu(1));
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(old_form, &found), NVML_SUCCESS);
	CHECK(found == mig_device(gpu(1), 0));
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(uuid, &found), NVML_SUCCESS);
	CHECK(found == mig_device(gpu(1), 0));
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(found, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(found, &ci), NVML_SUCCESS);
	CHECK_EQ(gi, 2);
	CHECK_EQ(ci, 0);
	CHECK_RC(nv.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found, &found), NVML_SUCCESS);
	CHECK(found == gpu(1));
	machine_stop();
}

static void a_device_is_found_by_either_form_of_its_uuid(void)
{
	both_forms_find(NULL);
	both_forms_find("470.42.00"); /* the last with MIG-GPU-<uuid>/gi/ci */
	both_forms_find("450.80.02");
}

static void an_unknown_uuid_is_not_found(void)
{
	static const char *const unknown[] = {
		"GPU-00510000-0000-0000-0000-000000000000",
		"MIG-00000000-0000-5000-8000-000000000000",
		"MIG-GPU-00510000-0000-0000-0000-000000000000/2/0",
		"MIG-",
		"GPU-",
		"",
		"MIG-GPU-/0/0",
	};
	char old_form[UUID_BYTES * 2], gpu_uuid[UUID_BYTES];
	nvmlDevice_t found;

	machine_start("1xA100-SXM4-80GB", NULL);
	ci_create(gi_create(mig_on(0), 2), 0);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		const nvmlReturn_t rc = nv.nvmlDeviceGetHandleByUUID(unknown[i], &found);

		CHECK(rc == NVML_ERROR_NOT_FOUND || rc == NVML_ERROR_INVALID_ARGUMENT);
	}
	uuid_of(gpu(0), gpu_uuid);
	snprintf(old_form, sizeof(old_form), "MIG-%s/2/1", gpu_uuid);
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(old_form, &found), NVML_ERROR_NOT_FOUND);
	snprintf(old_form, sizeof(old_form), "MIG-%s/2/0/", gpu_uuid);
	CHECK(nv.nvmlDeviceGetHandleByUUID(old_form, &found) != NVML_SUCCESS);
	machine_stop();
}

static void a_mig_device_is_named_after_gpu_and_profile(void)
{
	char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE];
	nvmlGpuInstance_t gi;

	machine_start("1xA100-SXM4-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	ci_create(gi, 0);
	ci_create(gi_create(gpu(0), 7), 0);
	CHECK_RC(nv.nvmlDeviceGetName(mig_device(gpu(0), 0), name, sizeof(name)), NVML_SUCCESS);
	CHECK_STR(name, "NVIDIA A100-SXM4-80GB MIG 1c.3g.40gb");
	CHECK_RC(nv.nvmlDeviceGetName(mig_device(gpu(0), 1), name, sizeof(name)), NVML_SUCCESS);
	CHECK_STR(name, "NVIDIA A100-SXM4-80GB MIG 1g.10gb+me");
	machine_stop();
}

void uuid_tests(void)
{
	RUN(gpus_are_marked_as_simulated_and_mig_devices_are_version_5);
	RUN(a_place_has_one_uuid_and_no_other_place_has_it);
	RUN(the_whole_and_the_first_part_of_a_gi_share_one);
	RUN(a_device_is_found_by_either_form_of_its_uuid);
	RUN(an_unknown_uuid_is_not_found);
	RUN(a_mig_device_is_named_after_gpu_and_profile);
}
