/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media engines are given out whole: profiles that want them exclude each other even
 * where slices are free.
 */
#include "tests/conformance/conformance.h"

/* NVML's profile numbers. */
enum {
	ONE = 0,
	TWO = 1,
	THREE = 2,
	FOUR = 3,
	ONE_ME = 7,
	TWO_ME = 8,
	ONE_GFX = 10,
	TWO_GFX = 11,
	ONE_NO_ME = 13,
	TWO_NO_ME = 14,
	ONE_ALL_ME = 15,
	TWO_ALL_ME = 16
};

static void no_room_for(nvmlDevice_t device, unsigned number)
{
	nvmlGpuInstance_t gi;

	CHECK_EQ(capacity(device, number), 0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, gi_profile_id(device, number), &gi),
		 NVML_ERROR_INSUFFICIENT_RESOURCES);
}

static void one_instance_of_an_a100_gets_the_media_extensions(void)
{
	nvmlDevice_t device;

	machine_start("1xA100-SXM4-80GB", NULL);
	device = mig_on(0);
	CHECK_EQ(capacity(device, ONE_ME), 1);
	gi_create(device, ONE_ME);
	no_room_for(device, ONE_ME);
	CHECK_EQ(capacity(device, ONE), 6);
	machine_stop();
}

/* Three +me in one command: a transcript of a GH200. */
static void one_instance_of_a_gh200_gets_the_media_extensions(void)
{
	nvmlDevice_t device;

	machine_start("1xGH200-96GB", NULL);
	device = mig_on(0);
	CHECK_EQ(gi_info(gi_create(device, ONE_ME)).id, 13);
	no_room_for(device, ONE_ME);
	machine_stop();
}

static void an_a30_gives_them_to_one_slice_or_to_two_not_to_both(void)
{
	nvmlDevice_t device;
	nvmlGpuInstance_t gi;

	machine_start("1xA30", NULL);
	device = mig_on(0);
	gi = gi_create(device, ONE_ME);
	no_room_for(device, ONE_ME);
	no_room_for(device, TWO_ME);
	CHECK_EQ(capacity(device, TWO), 1);
	CHECK_EQ(capacity(device, ONE), 3);
	CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	gi_create(device, TWO_ME);
	no_room_for(device, ONE_ME);
	no_room_for(device, TWO_ME);
	CHECK_EQ(capacity(device, ONE), 2);
	machine_stop();
}

/* Beside an instance with all engines, only those without any fit. */
static void all_media_engines_leave_none(unsigned all)
{
	nvmlDevice_t device;

	machine_start("1xRTX-PRO-6000-Blackwell", NULL);
	device = mig_on(0);
	gi_create(device, all);
	no_room_for(device, ONE);
	no_room_for(device, TWO);
	no_room_for(device, ONE_ME);
	no_room_for(device, ONE_GFX);
	no_room_for(device, TWO_GFX);
	no_room_for(device, ONE_ALL_ME);
	no_room_for(device, TWO_ALL_ME);
	CHECK_EQ(capacity(device, TWO_NO_ME), 1);
	CHECK_EQ(capacity(device, ONE_NO_ME), all == ONE_ALL_ME ? 3 : 2);
	gi_create(device, TWO_NO_ME);
	machine_stop();
}

static void beside_all_media_engines_only_instances_without_fit(void)
{
	all_media_engines_leave_none(ONE_ALL_ME);
	all_media_engines_leave_none(TWO_ALL_ME);
}

static void an_rtx_pro_6000_mixes_graphics_and_compute(void)
{
	nvmlDevice_t device;

	machine_start("1xRTX-PRO-6000-Blackwell", NULL);
	device = mig_on(0);
	gi_create(device, ONE_GFX);
	gi_create(device, ONE_ME);
	gi_create(device, ONE_NO_ME);
	no_room_for(device, ONE_ME);
	no_room_for(device, ONE_ALL_ME);
	gi_create(device, ONE);
	no_room_for(device, ONE_NO_ME);
	machine_stop();
}

static void four_graphics_instances_fill_an_rtx_pro_6000(void)
{
	nvmlDevice_t device;

	machine_start("1xRTX-PRO-6000-Blackwell", NULL);
	device = mig_on(0);
	for (unsigned left = 4; left > 0; left--) {
		CHECK_EQ(capacity(device, ONE_GFX), left);
		gi_create(device, ONE_GFX);
	}
	no_room_for(device, ONE_GFX);
	machine_stop();
}

void engine_tests(void)
{
	RUN(one_instance_of_an_a100_gets_the_media_extensions);
	RUN(one_instance_of_a_gh200_gets_the_media_extensions);
	RUN(an_a30_gives_them_to_one_slice_or_to_two_not_to_both);
	RUN(beside_all_media_engines_only_instances_without_fit);
	RUN(an_rtx_pro_6000_mixes_graphics_and_compute);
	RUN(four_graphics_instances_fill_an_rtx_pro_6000);
}
