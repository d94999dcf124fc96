/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of clients that are not run here, in their order, and what each relies on:
 * nvidia-mig-parted 0.12 and 0.15, k8s-device-plugin and gpu-feature-discovery 0.17 and 0.20,
 * nvidia-ctk 1.17 and 1.20, NVIDIA's DRA driver 0.4. Monitors are in replays_monitors.c.
 *
 * Source: these clients, run on a library that recorded their calls; their sources.
 */
#include <unistd.h>

#include "shared/file.h"
#include "sim/tree.h"
#include "tests/door.h"

enum { N_WANTED = 4, GIS_MAX = 16 };

typedef nvmlGpuInstanceProfileInfo_t gi_profile;
typedef nvmlComputeInstanceProfileInfo_t ci_profile;

/* Profile numbers are tried one by one; those of other GPUs or drivers are passed over. */
static bool is_passed_over(nvmlReturn_t rc)
{
	return rc == NVML_ERROR_NOT_SUPPORTED || rc == NVML_ERROR_INVALID_ARGUMENT;
}

static bool next_gi_profile(nvmlDevice_t device, unsigned *number, gi_profile *ret)
{
	for (; *number < NVML_GPU_INSTANCE_PROFILE_COUNT; (*number)++) {
		nvmlReturn_t rc = nv.nvmlDeviceGetGpuInstanceProfileInfo(device, *number, ret);

		if (rc == NVML_SUCCESS) {
			(*number)++;
			return true;
		}
		CHECK(is_passed_over(rc));
	}
	return false;
}

static bool next_ci_profile(nvmlGpuInstance_t gi, unsigned *number, ci_profile *ret)
{
	for (; *number < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; (*number)++) {
		nvmlReturn_t rc =
			nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, *number, 0, ret);

		if (rc == NVML_SUCCESS) {
			(*number)++;
			return true;
		}
		CHECK(is_passed_over(rc));
	}
	return false;
}

/* The CI that covers a GI: of the profiles with its slices, the first. */
static nvmlComputeInstance_t whole_ci(nvmlGpuInstance_t gi, unsigned slices)
{
	nvmlComputeInstance_t ci = NULL;
	unsigned number = 0;
	ci_profile info;

	while (!ci && next_ci_profile(gi, &number, &info)) {
		if (info.sliceCount == slices)
			CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, info.id, &ci),
				 NVML_SUCCESS);
	}
	CHECK(ci);
	return ci;
}

/* --- mig-parted ----------------------------------------------------------------------------- */

static nvmlReturn_t create_wanted(nvmlDevice_t device, unsigned slices)
{
	unsigned number = 0;
	gi_profile info;

	while (next_gi_profile(device, &number, &info)) {
		nvmlGpuInstance_t gi = NULL;
		nvmlReturn_t rc;

		if (info.sliceCount != slices)
			continue;
		rc = nv.nvmlDeviceCreateGpuInstance(device, info.id, &gi);
		if (rc == NVML_SUCCESS)
			whole_ci(gi, slices);
		return rc;
	}
	return NVML_ERROR_NOT_FOUND;
}

static void clear_cis(nvmlGpuInstance_t gi)
{
	nvmlComputeInstance_t cis[GIS_MAX];
	unsigned number = 0;
	ci_profile info;

	while (next_ci_profile(gi, &number, &info)) {
		unsigned n = 0;

		CHECK(info.instanceCount <= GIS_MAX);
		CHECK_RC(nv.nvmlGpuInstanceGetComputeInstances(gi, info.id, cis, &n),
			 NVML_SUCCESS);
		for (unsigned i = 0; i < n; i++)
			CHECK_RC(nv.nvmlComputeInstanceDestroy(cis[i]), NVML_SUCCESS);
	}
}

/* Return: how many GIs there were. */
static unsigned clear_all(nvmlDevice_t device)
{
	nvmlGpuInstance_t gis[GIS_MAX];
	unsigned number = 0, n_cleared = 0;
	gi_profile info;

	while (next_gi_profile(device, &number, &info)) {
		unsigned n = 0;

		CHECK(info.instanceCount <= GIS_MAX);
		CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, info.id, gis, &n), NVML_SUCCESS);
		for (unsigned i = 0; i < n; i++) {
			clear_cis(gis[i]);
			CHECK_RC(nv.nvmlGpuInstanceDestroy(gis[i]), NVML_SUCCESS);
		}
		n_cleared += n;
	}
	return n_cleared;
}

/* The next order of @v, as a dictionary has them; false after the last. */
static bool next_order(unsigned v[N_WANTED])
{
	int i = N_WANTED - 2, j = N_WANTED - 1;
	unsigned swap;

	while (i >= 0 && v[i] >= v[i + 1])
		i--;
	if (i < 0)
		return false;
	while (v[j] <= v[i])
		j--;
	swap = v[i], v[i] = v[j], v[j] = swap;
	for (i++, j = N_WANTED - 1; i < j; i++, j--)
		swap = v[i], v[i] = v[j], v[j] = swap;
	return true;
}

/* Try each order from an empty GPU. Return: in how many all of it could be created. */
static unsigned orders_that_fit(nvmlDevice_t device, unsigned wanted[N_WANTED],
				unsigned *ret_partial)
{
	unsigned n_fit = 0;

	*ret_partial = 0;
	do {
		nvmlReturn_t rc = NVML_SUCCESS;
		unsigned n = 0;

		while (n < N_WANTED && rc == NVML_SUCCESS) {
			rc = create_wanted(device, wanted[n]);
			n += rc == NVML_SUCCESS;
		}
		CHECK(rc == NVML_SUCCESS || rc == NVML_ERROR_INSUFFICIENT_RESOURCES);
		n_fit += rc == NVML_SUCCESS;
		*ret_partial += rc != NVML_SUCCESS && n > 0;
		CHECK_EQ(clear_all(device), n);
	} while (next_order(wanted));
	return n_fit;
}

static void mig_parted_finds_an_order_in_which_all_fits(void)
{
	unsigned wanted[N_WANTED] = { 1, 1, 2, 3 }, partial, mode, pending;
	nvmlMemory_t memory;

	machine_start("2xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(0), &mode, &pending), NVML_SUCCESS);
	CHECK(mode == NVML_DEVICE_MIG_DISABLE && pending == mode);
	mig_on(0);
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo(gpu(0), &memory), NVML_SUCCESS);
	CHECK(memory.total >> 30 == 80 || memory.total >> 30 == 79);
	CHECK(orders_that_fit(gpu(0), wanted, &partial) > 0);
	machine_stop();
}

static void mig_parted_clears_what_was_made_before_a_refusal(void)
{
	unsigned wanted[N_WANTED] = { 1, 3, 3, 3 }, partial;

	machine_start("1xA100-SXM4-80GB", NULL);
	mig_on(0);
	CHECK_EQ(orders_that_fit(gpu(0), wanted, &partial), 0);
	CHECK_EQ(partial, 4);
	CHECK_RC(create_wanted(gpu(0), 7), NVML_SUCCESS); /* nothing was left behind */
	machine_stop();
}

/* --- What is walked: device plugin, gpu-feature-discovery, nvidia-ctk ------------------------- */

/* Two instances on GPU 1 of two; GPU 0 has MIG off. */
static const char *cut_node(void)
{
	const char *name = machine_start("2xA100-SXM4-80GB", NULL);

	mig_on(1);
	CHECK_RC(create_wanted(gpu(1), 3), NVML_SUCCESS);
	CHECK_RC(create_wanted(gpu(1), 2), NVML_SUCCESS);
	return name;
}

/* The nearest whole GiB of the share of eighths that the instance's memory makes up. */
static unsigned name_gib(uint64_t mig_mib, uint64_t total)
{
	const uint64_t gib = (total + (1ULL << 30) - 1) >> 30;
	const uint64_t eighths = ((mig_mib << 20) * 8 + total - 1) / total;

	return (unsigned)((eighths * gib + 4) / 8);
}

static void name_is(nvmlDevice_t mig, nvmlDevice_t parent, const char *want)
{
	nvmlDeviceAttributes_t attributes;
	nvmlMemory_t memory;
	char name[32];

	CHECK_RC(nv.nvmlDeviceGetAttributes_v2(mig, &attributes), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo(parent, &memory), NVML_SUCCESS);
	CHECK_EQ(attributes.gpuInstanceSliceCount, attributes.computeInstanceSliceCount);
	snprintf(name, sizeof(name), "%ug.%ugb", attributes.gpuInstanceSliceCount,
		 name_gib(attributes.memorySizeMB, memory.total));
	CHECK_STR(name, want);
}

/* The device plugin goes from a MIG device to its GI and CI, and back by UUID. */
static void leads_to_its_instance(nvmlDevice_t mig, nvmlDevice_t parent)
{
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
	nvmlComputeInstanceInfo_t ci_info;
	nvmlGpuInstanceInfo_t gi_info;
	unsigned gi_id, ci_id, is_mig;
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;
	nvmlDevice_t found;

	CHECK_RC(nv.nvmlDeviceIsMigDeviceHandle(mig, &is_mig), NVML_SUCCESS);
	CHECK_EQ(is_mig, 1);
	CHECK_RC(nv.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig, &found), NVML_SUCCESS);
	CHECK(found == parent);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(uuid, &found), NVML_SUCCESS);
	CHECK(found == mig);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &gi_id), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(mig, &ci_id), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(parent, gi_id, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &gi_info), NVML_SUCCESS);
	CHECK_EQ(gi_info.id, gi_id);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, ci_id, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &ci_info), NVML_SUCCESS);
	CHECK_EQ(ci_info.id, ci_id);
	CHECK(ci_info.gpuInstance == gi && ci_info.device == parent);
}

static void the_device_plugin_walks_gpus_and_mig_devices(void)
{
	static const char *const names[] = { "3g.40gb", "2g.20gb" };
	unsigned n_gpus, mode, pending, max, n_found = 0;

	cut_node();
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&n_gpus), NVML_SUCCESS);
	CHECK_EQ(n_gpus, 2);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(0), &mode, &pending), NVML_SUCCESS);
	CHECK_EQ(mode, NVML_DEVICE_MIG_DISABLE);
	CHECK_RC(nv.nvmlDeviceGetMaxMigDeviceCount(gpu(1), &max), NVML_SUCCESS);
	CHECK_EQ(max, 7);
	for (unsigned i = 0; i < max; i++) {
		nvmlDevice_t mig;
		nvmlReturn_t rc = nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(1), i, &mig);

		if (rc == NVML_ERROR_NOT_FOUND)
			continue;
		CHECK_RC(rc, NVML_SUCCESS);
		CHECK(n_found < 2);
		name_is(mig, gpu(1), names[n_found++]);
		leads_to_its_instance(mig, gpu(1));
	}
	CHECK_EQ(n_found, 2);
	machine_stop();
}

/* Health is watched with events; where they cannot be had the plugin goes on without. */
static void the_device_plugin_registers_for_events_or_is_told_that_it_cannot(void)
{
	unsigned long long types = 0;
	nvmlEventSet_t set;
	nvmlReturn_t rc;

	cut_node();
	CHECK_RC(nv.nvmlEventSetCreate(&set), NVML_SUCCESS);
	rc = nv.nvmlDeviceGetSupportedEventTypes(gpu(1), &types);
	CHECK(rc == NVML_SUCCESS || rc == NVML_ERROR_NOT_SUPPORTED);
	if (rc == NVML_SUCCESS) {
		nvmlEventData_t data;

		CHECK(types != 0);
		CHECK_RC(nv.nvmlDeviceRegisterEvents(gpu(1), types, set), NVML_SUCCESS);
		CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 1), NVML_ERROR_TIMEOUT);
	}
	CHECK_RC(nv.nvmlEventSetFree(set), NVML_SUCCESS);
	machine_stop();
}

/* The node that mig-minors gives for a capability. */
static void has_node(const char *root, const char *minors, const char *capability)
{
	const char *line = strstr(minors, capability);
	char path[8192];

	CHECK(line);
	snprintf(path, sizeof(path), "%s/dev/nvidia-caps/nvidia-cap%ld", root,
		 strtol(line + strlen(capability), NULL, 10));
	CHECK(access(path, F_OK) == 0);
}

static void nvidia_ctk_finds_the_nodes_of_a_mig_device_by_either_uuid(void)
{
	char path[4200], root[4096], uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE], old[160], cap[64];
	const char *name = cut_node();
	unsigned gi, ci, minor_number;
	nvmlDevice_t mig, found;
	char *minors = NULL;

	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(1), 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(mig, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMinorNumber(gpu(1), &minor_number), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(1), uuid, sizeof(uuid)), NVML_SUCCESS);
	snprintf(old, sizeof(old), "MIG-%s/%u/%u", uuid, gi, ci);
	CHECK_RC(nv.nvmlDeviceGetHandleByUUID(old, &found), NVML_SUCCESS);
	CHECK(found == mig);
	CHECK_EQ(sim_tree_refresh(machine_folder(), name, NULL), 0);
	sim_tree_path(machine_folder(), name, root, sizeof(root));
	snprintf(path, sizeof(path), "%s/proc/driver/nvidia-caps/mig-minors", root);
	CHECK_EQ(mig_file_read(path, &minors, NULL) < 0, 0);
	snprintf(cap, sizeof(cap), "gpu%u/gi%u/access ", minor_number, gi);
	has_node(root, minors, cap);
	snprintf(cap, sizeof(cap), "gpu%u/gi%u/ci%u/access ", minor_number, gi, ci);
	has_node(root, minors, cap);
	free(minors);
	machine_stop();
}

/* --- The DRA driver ------------------------------------------------------------------------- */

/* It places by itself, and finds the device of what it made by walking the indices. */
static void lives_at(nvmlDevice_t device, const gi_profile *info,
		     const nvmlGpuInstancePlacement_t *place)
{
	nvmlGpuInstanceInfo_t gi_info;
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;
	nvmlDevice_t mig;
	unsigned id;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, info->id, place, &gi),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &gi_info), NVML_SUCCESS);
	CHECK_EQ(gi_info.placement.start, place->start);
	CHECK_EQ(gi_info.placement.size, place->size);
	ci = whole_ci(gi, info->sliceCount);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(device, 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &id), NVML_SUCCESS);
	CHECK_EQ(id, gi_info.id);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
}

static void the_dra_driver_makes_every_profile_at_every_place(void)
{
	nvmlGpuInstancePlacement_t places[GIS_MAX];
	unsigned number = 0, n_made = 0;
	gi_profile info;

	machine_start("1xA100-SXM4-80GB", NULL);
	mig_on(0);
	while (next_gi_profile(gpu(0), &number, &info)) {
		unsigned n = GIS_MAX;

		CHECK_RC(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu(0), info.id,
									  places, &n),
			 NVML_SUCCESS);
		for (unsigned i = 0; i < n; i++, n_made++)
			lives_at(gpu(0), &info, &places[i]);
	}
	CHECK_EQ(n_made, 7 + 7 + 4 + 3 + 2 + 1 + 1); /* 1g, 1g+me, 1g.20gb, 2g, 3g, 4g, 7g */
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(mig_parted_finds_an_order_in_which_all_fits);
	RUN(mig_parted_clears_what_was_made_before_a_refusal);
	RUN(the_device_plugin_walks_gpus_and_mig_devices);
	RUN(the_device_plugin_registers_for_events_or_is_told_that_it_cannot);
	RUN(nvidia_ctk_finds_the_nodes_of_a_mig_device_by_either_uuid);
	RUN(the_dra_driver_makes_every_profile_at_every_place);
	mig_catalog_close(catalog);
	return 0;
}
