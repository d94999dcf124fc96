/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	conformance [SETTLE_MS]
 *
 * With SETTLE_MS every machine has a settle time, and GI destroys are tried again.
 */
#include <stdint.h>

#include "tests/conformance/conformance.h"

const struct symbol symbols[] = {
#define NVML_FN(use, since, name, args) { #name, since },
#include "abi/nvml.def"
#undef NVML_FN
	{ NULL, 0 },
};

nvmlReturn_t call_with_nothing(const struct symbol *s)
{
	nvmlReturn_t (*fn)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

	*(void **)&fn = door_symbol(s->name);
	return fn(0, 0, 0, 0, 0, 0);
}

void each_complete_type(void (*test)(const struct mig_gpu_type *type, const char *spec))
{
	int n = 0;

	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const char *key = mig_catalog_key(catalog, i);
		const struct mig_gpu_type *type = type_of(key);
		char spec[SIM_NAME_MAX + MIG_NAME_MAX];

		if (mig_gpu_type_gaps(type, NULL, 0) > 0)
			continue;
		snprintf(spec, sizeof(spec), "1x%s", key);
		test(type, spec);
		if (has_two_orientations(type)) {
			snprintf(spec, sizeof(spec), "1x%s@mirrored", key);
			test(type, spec);
		}
		n++;
	}
	CHECK(n >= 9); /* A100 40 and 80, A30, three H100, GH200, H200, RTX PRO 6000 */
}

unsigned gi_profile_id(nvmlDevice_t device, unsigned nvml_profile)
{
	nvmlGpuInstanceProfileInfo_t info = { 0 };

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfo(device, nvml_profile, &info),
		 NVML_SUCCESS);
	return info.id;
}

nvmlGpuInstance_t gi_create(nvmlDevice_t device, unsigned nvml_profile)
{
	nvmlGpuInstance_t gi = NULL;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, gi_profile_id(device, nvml_profile),
						&gi),
		 NVML_SUCCESS);
	return gi;
}

nvmlReturn_t gi_create_at(nvmlDevice_t device, unsigned nvml_profile, unsigned start,
			  unsigned size, nvmlGpuInstance_t *ret)
{
	const nvmlGpuInstancePlacement_t place = { .start = start, .size = size };
	nvmlGpuInstance_t gi = NULL;
	const nvmlReturn_t rc =
		nv.nvmlDeviceCreateGpuInstanceWithPlacement(device,
							    gi_profile_id(device, nvml_profile),
							    &place, &gi);

	if (ret)
		*ret = gi;
	return rc;
}

unsigned ci_profile_default(nvmlGpuInstance_t gi)
{
	nvmlComputeInstanceProfileInfo_t info;
	unsigned best = 0, slices = 0;

	for (unsigned i = 0; i < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; i++) {
		if (nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, i, 0, &info) !=
			    NVML_SUCCESS ||
		    info.sliceCount < slices)
			continue;
		best = i;
		slices = info.sliceCount;
	}
	CHECK(slices > 0);
	return best;
}

nvmlComputeInstance_t ci_create(nvmlGpuInstance_t gi, unsigned nvml_profile)
{
	nvmlComputeInstanceProfileInfo_t info;
	nvmlComputeInstance_t ci = NULL;

	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, nvml_profile, 0, &info),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, info.id, &ci), NVML_SUCCESS);
	return ci;
}

nvmlGpuInstanceInfo_t gi_info(nvmlGpuInstance_t gi)
{
	nvmlGpuInstanceInfo_t info = { 0 };

	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
	return info;
}

nvmlComputeInstanceInfo_t ci_info(nvmlComputeInstance_t ci)
{
	nvmlComputeInstanceInfo_t info = { 0 };

	CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_SUCCESS);
	return info;
}

unsigned capacity(nvmlDevice_t device, unsigned nvml_profile)
{
	unsigned n = ~0U;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(
			 device, gi_profile_id(device, nvml_profile), &n),
		 NVML_SUCCESS);
	return n;
}

nvmlDevice_t mig_device(nvmlDevice_t device, unsigned index)
{
	nvmlDevice_t mig = NULL;

	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, index, &mig), NVML_SUCCESS);
	return mig;
}

nvmlReturn_t set_mode(nvmlDevice_t device, unsigned mode)
{
	nvmlReturn_t status = NVML_ERROR_UNKNOWN;

	CHECK_RC(nv.nvmlDeviceSetMigMode(device, mode, &status), NVML_SUCCESS);
	return status;
}

void mode_is(nvmlDevice_t device, unsigned current, unsigned pending)
{
	unsigned now = ~0U, later = ~0U;

	CHECK_RC(nv.nvmlDeviceGetMigMode(device, &now, &later), NVML_SUCCESS);
	CHECK_EQ(now, current);
	CHECK_EQ(later, pending);
}

int main(int argc, char **argv)
{
	settle_ms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	door_open();
	vector_tests();
	gi_profile_tests();
	ci_profile_tests();
	check_tests();
	permission_tests();
	mode_tests();
	driver_tests();
	uuid_tests();
	handle_tests();
	engine_tests();
	settle_tests();
	mig_catalog_close(catalog);
	return 0;
}
