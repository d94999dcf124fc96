/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles and indices: a handle dies with what it meant and never means its successor; the
 * index of a MIG device stays while others come and go.
 */
#include "tests/conformance/conformance.h"

static void gi_is_dead(nvmlGpuInstance_t gi)
{
	nvmlGpuInstanceInfo_t info;
	nvmlComputeInstance_t ci;

	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 0, &ci),
		 NVML_ERROR_INVALID_ARGUMENT);
}

static void ci_is_dead(nvmlComputeInstance_t ci)
{
	nvmlComputeInstanceInfo_t info;

	CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_ERROR_INVALID_ARGUMENT);
}

static void mig_is_dead(nvmlDevice_t mig)
{
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	unsigned id;

	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &id), NVML_ERROR_INVALID_ARGUMENT);
}

static void a_dead_handle_never_means_the_successor(void)
{
	nvmlGpuInstance_t old_gi[64];
	nvmlComputeInstance_t old_ci[64];
	nvmlDevice_t old_mig[64];

	machine_start("1xA100-SXM4-80GB", NULL);
	mig_on(0);
	for (int i = 0; i < 64; i++) {
		old_gi[i] = gi_create(gpu(0), 2);
		CHECK_EQ(gi_info(old_gi[i]).id, 2);
		old_ci[i] = ci_create(old_gi[i], 2);
		old_mig[i] = mig_device(gpu(0), 0);
		for (int k = 0; k < i; k++) {
			gi_is_dead(old_gi[k]);
			ci_is_dead(old_ci[k]);
			mig_is_dead(old_mig[k]);
		}
		CHECK_RC(nv.nvmlComputeInstanceDestroy(old_ci[i]), NVML_SUCCESS);
		CHECK_RC(gi_destroy(old_gi[i]), NVML_SUCCESS);
	}
	machine_stop();
}

static void a_ci_made_anew_is_not_the_old_one(void)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t first, second;

	machine_start("1xA100-SXM4-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	first = ci_create(gi, 0);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(first), NVML_SUCCESS);
	second = ci_create(gi, 0);
	CHECK_EQ(ci_info(second).id, 0);
	ci_is_dead(first);
	CHECK_EQ(ci_info(second).id, 0);
	machine_stop();
}

static void handles_die_in_a_reset(void)
{
	struct mig_error err = { 0 };
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;
	const char *machine = machine_start("1xA100-SXM4-80GB", NULL);

	gi = gi_create(mig_on(0), 2);
	ci = ci_create(gi, 0);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 0, &err), 0);
	gi_is_dead(gi);
	ci_is_dead(ci);
	CHECK_EQ(gi_info(gi_create(gpu(0), 2)).id, 2);
	gi_is_dead(gi);
	machine_stop();
}

/* One thing has one handle: clients compare them. */
static void what_is_asked_for_twice_has_one_handle(void)
{
	nvmlGpuInstance_t gi, by_id, listed[8];
	nvmlComputeInstance_t ci, ci_by_id;
	nvmlDevice_t parent;
	unsigned n = 8;

	machine_start("1xA100-SXM4-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	ci = ci_create(gi, 0);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 2, &by_id), NVML_SUCCESS);
	CHECK(by_id == gi);
	CHECK_RC(nv.nvmlDeviceGetGpuInstances(gpu(0), 9, listed, &n), NVML_SUCCESS);
	CHECK(n == 1 && listed[0] == gi);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci_by_id), NVML_SUCCESS);
	CHECK(ci_by_id == ci);
	CHECK(ci_info(ci).gpuInstance == gi && ci_info(ci).device == gpu(0));
	CHECK_RC(nv.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig_device(gpu(0), 0),
								 &parent),
		 NVML_SUCCESS);
	CHECK(parent == gpu(0));
	machine_stop();
}

static void is_at(unsigned index, unsigned want_gi, unsigned want_ci)
{
	const nvmlDevice_t mig = mig_device(gpu(0), index);
	unsigned gi = ~0U, ci = ~0U, own = ~0U, is_mig = 0;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(mig, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetIndex(mig, &own), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceIsMigDeviceHandle(mig, &is_mig), NVML_SUCCESS);
	CHECK_EQ(gi, want_gi);
	CHECK_EQ(ci, want_ci);
	CHECK_EQ(own, index);
	CHECK_EQ(is_mig, 1);
}

/* The layout of a listing by driver 580: GIs 2, 3 with two CIs, and 9 are devices 0 to 3. */
static void mig_devices_are_numbered_by_gi_then_ci(void)
{
	nvmlGpuInstance_t two;
	unsigned max = 0;
	const char *machine = machine_start("1xA100-SXM4-40GB@mirrored", NULL);

	ci_create(gi_create(mig_on(0), 3), 3);
	two = gi_create(gpu(0), 1);
	ci_create(two, 0);
	ci_create(two, 0);
	ci_create(gi_create(gpu(0), 0), 0);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_be(machine);
	is_at(0, 2, 0);
	is_at(1, 3, 0);
	is_at(2, 3, 1);
	is_at(3, 9, 0);
	CHECK_RC(nv.nvmlDeviceGetMaxMigDeviceCount(gpu(0), &max), NVML_SUCCESS);
	CHECK_EQ(max, 7);
	machine_stop();
}

static void a_device_that_goes_leaves_a_hole_until_the_next_init(void)
{
	nvmlGpuInstance_t gis[3];
	nvmlComputeInstance_t cis[3];
	nvmlDevice_t mig;
	const char *machine = machine_start("1xA100-SXM4-80GB", NULL);

	mig_on(0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_RC(gi_create_at(gpu(0), 1, 2 * i, 2, &gis[i]), NVML_SUCCESS);
		cis[i] = ci_create(gis[i], 1);
	}
	is_at(0, 3, 0);
	is_at(1, 4, 0);
	is_at(2, 5, 0);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(cis[1]), NVML_SUCCESS);
	is_at(0, 3, 0);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), 1, &mig), NVML_ERROR_NOT_FOUND);
	is_at(2, 5, 0);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_be(machine);
	is_at(0, 3, 0);
	is_at(1, 5, 0);
	machine_stop();
}

static void a_gpu_instance_without_compute_instance_is_no_device(void)
{
	nvmlDevice_t mig;

	machine_start("1xA100-SXM4-80GB", NULL);
	gi_create(mig_on(0), 2);
	for (unsigned i = 0; i < 7; i++)
		CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), i, &mig),
			 NVML_ERROR_NOT_FOUND);
	machine_stop();
}

void handle_tests(void)
{
	RUN(a_dead_handle_never_means_the_successor);
	RUN(a_ci_made_anew_is_not_the_old_one);
	RUN(handles_die_in_a_reset);
	RUN(what_is_asked_for_twice_has_one_handle);
	RUN(mig_devices_are_numbered_by_gi_then_ci);
	RUN(a_device_that_goes_leaves_a_hole_until_the_next_init);
	RUN(a_gpu_instance_without_compute_instance_is_no_device);
}
