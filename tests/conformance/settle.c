/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settling: a real GI "sometimes fails during a little time" to be destroyed after its
 * last CI went (the authors of a scheduler for MIG, of their own code). Here the time is
 * an hour, so that no slow machine can pass it by.
 */
#include "tests/conformance/conformance.h"

static unsigned settle_before;

static nvmlDevice_t start_settling(unsigned ms)
{
	settle_before = settle_ms;
	settle_ms = ms;
	machine_start("1xA100-SXM4-80GB", NULL);
	return mig_on(0);
}

static void stop_settling(void)
{
	settle_ms = settle_before;
	machine_stop();
}

static void a_gi_is_in_use_while_it_settles(void)
{
	const nvmlDevice_t device = start_settling(3600 * 1000);
	const nvmlGpuInstance_t gi = gi_create(device, 2);

	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci_create(gi, 0)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
	CHECK_EQ(gi_info(gi).id, 2);
	ci_create(gi, 0); /* and a new CI may be made in it */
	stop_settling();
}

static void a_gi_that_never_had_a_ci_does_not_settle(void)
{
	const nvmlDevice_t device = start_settling(3600 * 1000);

	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi_create(device, 2)), NVML_SUCCESS);
	stop_settling();
}

static void a_gi_that_settled_can_be_destroyed(void)
{
	const nvmlDevice_t device = start_settling(5);
	const nvmlGpuInstance_t gi = gi_create(device, 2);

	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci_create(gi, 0)), NVML_SUCCESS);
	CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	stop_settling();
}

/* A successor at the same place has had no CI, whatever its predecessor had. */
static void settling_ends_with_the_gi(void)
{
	const nvmlDevice_t device = start_settling(5);
	nvmlGpuInstance_t gi = gi_create(device, 2);

	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci_create(gi, 0)), NVML_SUCCESS);
	CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	gi = gi_create(device, 2);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	stop_settling();
}

void settle_tests(void)
{
	RUN(a_gi_is_in_use_while_it_settles);
	RUN(a_gi_that_never_had_a_ci_does_not_settle);
	RUN(a_gi_that_settled_can_be_destroyed);
	RUN(settling_ends_with_the_gi);
}
