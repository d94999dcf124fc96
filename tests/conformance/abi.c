/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/nvml.h against the sizes and offsets that NVIDIA's own header compiles to (NVML
 * 13.3.29, x86-64), and the library's exports against abi/nvml.def.
 */
#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/door.h"

#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define AT(type, member, offset) \
	static_assert(offsetof(type, member) == (offset), #type "." #member)

SIZE(nvmlDevice_t, 8);
SIZE(nvmlPciInfo_t, 68);
AT(nvmlPciInfo_t, domain, 16);
AT(nvmlPciInfo_t, pciDeviceId, 28);
AT(nvmlPciInfo_t, pciSubSystemId, 32);
AT(nvmlPciInfo_t, busId, 36);
SIZE(nvmlPciInfoExt_t, 64);
SIZE(nvmlMemory_t, 24);
SIZE(nvmlMemory_v2_t, 40);
AT(nvmlMemory_v2_t, total, 8);
AT(nvmlMemory_v2_t, reserved, 16);
AT(nvmlMemory_v2_t, free, 24);
AT(nvmlMemory_v2_t, used, 32);
SIZE(nvmlBAR1Memory_t, 24);
SIZE(nvmlUtilization_t, 8);
SIZE(nvmlProcessInfo_v1_t, 16);
AT(nvmlProcessInfo_v1_t, usedGpuMemory, 8);
SIZE(nvmlProcessInfo_t, 24);
AT(nvmlProcessInfo_t, gpuInstanceId, 16);
AT(nvmlProcessInfo_t, computeInstanceId, 20);
SIZE(nvmlProcessDetail_v1_t, 32);
SIZE(nvmlUUID_t, 52);
SIZE(nvmlTemperature_t, 12);
SIZE(nvmlGpmSupport_t, 8);
SIZE(nvmlGpmMetric_t, 40);
AT(nvmlGpmMetric_t, value, 8);
AT(nvmlGpmMetricsGet_t, metrics, 24);
SIZE(nvmlProcessDetailList_t, 24);
SIZE(nvmlDeviceAttributes_t, 40);
AT(nvmlDeviceAttributes_t, gpuInstanceSliceCount, 24);
AT(nvmlDeviceAttributes_t, memorySizeMB, 32);
SIZE(nvmlGpuInstancePlacement_t, 8);
SIZE(nvmlGpuInstanceProfileInfo_t, 48);
AT(nvmlGpuInstanceProfileInfo_t, ofaCount, 36);
AT(nvmlGpuInstanceProfileInfo_t, memorySizeMB, 40);
SIZE(nvmlGpuInstanceProfileInfo_v2_t, 152);
AT(nvmlGpuInstanceProfileInfo_v2_t, isP2pSupported, 8);
AT(nvmlGpuInstanceProfileInfo_v2_t, ofaCount, 40);
AT(nvmlGpuInstanceProfileInfo_v2_t, memorySizeMB, 48);
AT(nvmlGpuInstanceProfileInfo_v2_t, name, 56);
SIZE(nvmlGpuInstanceProfileInfo_v3_t, 152);
AT(nvmlGpuInstanceProfileInfo_v3_t, sliceCount, 8);
AT(nvmlGpuInstanceProfileInfo_v3_t, ofaCount, 36);
AT(nvmlGpuInstanceProfileInfo_v3_t, memorySizeMB, 40);
AT(nvmlGpuInstanceProfileInfo_v3_t, name, 48);
AT(nvmlGpuInstanceProfileInfo_v3_t, capabilities, 144);
SIZE(nvmlGpuInstanceInfo_t, 24);
AT(nvmlGpuInstanceInfo_t, profileId, 12);
AT(nvmlGpuInstanceInfo_t, placement, 16);
SIZE(nvmlComputeInstancePlacement_t, 8);
SIZE(nvmlComputeInstanceProfileInfo_t, 36);
SIZE(nvmlComputeInstanceProfileInfo_v2_t, 136);
AT(nvmlComputeInstanceProfileInfo_v2_t, name, 40);
SIZE(nvmlComputeInstanceProfileInfo_v3_t, 140);
AT(nvmlComputeInstanceProfileInfo_v3_t, name, 40);
AT(nvmlComputeInstanceProfileInfo_v3_t, capabilities, 136);
SIZE(nvmlComputeInstanceInfo_t, 32);
AT(nvmlComputeInstanceInfo_t, gpuInstance, 8);
AT(nvmlComputeInstanceInfo_t, id, 16);
AT(nvmlComputeInstanceInfo_t, placement, 24);
SIZE(nvmlFieldValue_t, 40);
AT(nvmlFieldValue_t, timestamp, 8);
AT(nvmlFieldValue_t, valueType, 24);
AT(nvmlFieldValue_t, nvmlReturn, 28);
AT(nvmlFieldValue_t, value, 32);
SIZE(nvmlEventData_t, 32);
AT(nvmlEventData_t, gpuInstanceId, 24);

static_assert(NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2) == 0x02000028, "memory 2");
static_assert(NVML_STRUCT_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2) == 0x02000098, "GI 2");
static_assert(NVML_STRUCT_VERSION(nvmlGpuInstanceProfileInfo_v3_t, 3) == 0x03000098, "GI 3");
static_assert(NVML_STRUCT_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2) == 0x02000088,
	      "CI 2");
static_assert(NVML_STRUCT_VERSION(nvmlComputeInstanceProfileInfo_v3_t, 3) == 0x0300008c,
	      "CI 3");
static_assert(NVML_STRUCT_VERSION(nvmlPciInfoExt_t, 1) == 0x01000040, "PCI 1");

static void no_name_of_ours_is_exported_but_the_mark(void)
{
	static const char *const ours[] = { "mig_fail", "mig_strerror", "text_copy",
					    "sim_enter", "sim_image_open" };
	void *lib = dlopen(getenv("MIG_TEST_NVML"), RTLD_NOW | RTLD_NOLOAD);

	CHECK(lib);
	CHECK(dlsym(lib, SIM_MARKER_SYMBOL));
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		Dl_info where;
		void *at = dlsym(lib, ours[i]);

		CHECK(!at || (dladdr(at, &where) && !strstr(where.dli_fname, "libnvidia-ml")));
	}
	dlclose(lib);
}

static void loading_and_unloading_leaves_nothing_behind(void)
{
	char name[SIM_NAME_MAX];

	snprintf(name, sizeof(name), "%s", machine_start("1xA30", NULL));
	machine_stop();
	machine_make("again", "1xA30", NULL);
	for (int i = 0; i < 3000;
	     i++) { /* far beyond the descriptors that a process may have */
		machine_be("again");
		CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	}
}

static void a_caller_that_is_a_machine_cannot_become_another(void)
{
	machine_make("one", "1xA30", NULL);
	machine_make("two", "2xA30", NULL);
	CHECK_EQ(nv.marker->select(machine_folder(), "nobody"), 2 /* ENOENT */);
	machine_be("one");
	CHECK_STR(nv.marker->name(), "one");
	CHECK_EQ(nv.marker->select(machine_folder(), "one"), 0);
	CHECK_EQ(nv.marker->select(machine_folder(), "two"), 16 /* EBUSY */);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK(nv.marker->name() == NULL);
	machine_be("two");
	CHECK_STR(nv.marker->name(), "two");
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
}

static void make_and_destroy(unsigned index)
{
	for (int i = 0; i < 20000; i++) {
		nvmlGpuInstance_t gi = NULL;

		CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(index), 14, &gi), NVML_SUCCESS);
		CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	}
}

/* A lock that both took through one descriptor would let both write at once. */
static void a_forked_child_has_a_lock_of_its_own(void)
{
	int status = -1;
	pid_t child;

	machine_start("2xA30", NULL);
	mig_on(0);
	mig_on(1);
	fflush(NULL);
	child = fork();
	CHECK(child >= 0);
	make_and_destroy(child == 0);
	if (child == 0)
		_exit(0);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_EQ(status, 0);
	machine_stop();
}

static void event_sets_are_made_and_freed_once(void)
{
	nvmlEventSet_t a = NULL, b = NULL;

	machine_start("1xA30", NULL);
	CHECK_RC(nv.nvmlEventSetCreate(&a), NVML_SUCCESS);
	CHECK_RC(nv.nvmlEventSetCreate(&b), NVML_SUCCESS);
	CHECK(a && b && a != b);
	CHECK_RC(nv.nvmlEventSetFree(a), NVML_SUCCESS);
	CHECK_RC(nv.nvmlEventSetFree(a), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlEventSetFree(b), NVML_SUCCESS);
	CHECK_RC(nv.nvmlEventSetFree(NULL), NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

int main(void)
{
	door_open(); /* finds every name of abi/nvml.def */
	RUN(no_name_of_ours_is_exported_but_the_mark);
	RUN(loading_and_unloading_leaves_nothing_behind);
	RUN(a_forked_child_has_a_lock_of_its_own);
	RUN(event_sets_are_made_and_freed_once);
	RUN(a_caller_that_is_a_machine_cannot_become_another);
	mig_catalog_close(catalog);
	return 0;
}
