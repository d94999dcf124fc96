/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU instance profiles: what the driver lists is what the catalog holds, in all forms of
 * the call, whatever is allocated.
 */
#include "tests/conformance/conformance.h"

static const struct mig_profile *catalog_profile(const struct mig_gpu_type *type,
						 unsigned number)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (type->profiles[i].nvml_profile == (int)number)
			return &type->profiles[i];
	}
	return NULL;
}

static void v1_is(nvmlDevice_t device, unsigned number, const struct mig_profile *p)
{
	nvmlGpuInstanceProfileInfo_t got;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfo(device, number, &got), NVML_SUCCESS);
	CHECK_EQ(got.id, p->id);
	CHECK_EQ(got.isP2pSupported, p->p2p);
	CHECK_EQ(got.sliceCount, p->compute_slices);
	CHECK_EQ(got.instanceCount, p->max_count);
	CHECK_EQ(got.multiprocessorCount, p->sm);
	CHECK_EQ(got.copyEngineCount, p->copy_engines);
	CHECK_EQ(got.decoderCount, p->decoders);
	CHECK_EQ(got.encoderCount, p->encoders);
	CHECK_EQ(got.jpegCount, p->jpeg);
	CHECK_EQ(got.ofaCount, p->ofa);
	CHECK_EQ(got.memorySizeMB, p->mem_mib);
}

static void name_is(const char *got, const char *catalog_name)
{
	char want[MIG_NAME_MAX + 4];

	snprintf(want, sizeof(want), "MIG %s", catalog_name);
	CHECK_STR(got, want);
}

static void v2_is(const nvmlGpuInstanceProfileInfo_v2_t *got, const struct mig_profile *p)
{
	CHECK_EQ(got->version, NVML_STRUCT_VERSION(*got, 2));
	CHECK_EQ(got->id, p->id);
	CHECK_EQ(got->isP2pSupported, p->p2p);
	CHECK_EQ(got->sliceCount, p->compute_slices);
	CHECK_EQ(got->instanceCount, p->max_count);
	CHECK_EQ(got->multiprocessorCount, p->sm);
	CHECK_EQ(got->copyEngineCount, p->copy_engines);
	CHECK_EQ(got->decoderCount, p->decoders);
	CHECK_EQ(got->encoderCount, p->encoders);
	CHECK_EQ(got->jpegCount, p->jpeg);
	CHECK_EQ(got->ofaCount, p->ofa);
	CHECK_EQ(got->memorySizeMB, p->mem_mib);
	name_is(got->name, p->name);
}

/* The third form is as long as the second, and lacks one member in the middle. */
static void v3_is(const nvmlGpuInstanceProfileInfo_v3_t *got, const struct mig_profile *p)
{
	const unsigned caps = (p->p2p ? NVML_GPU_INSTANCE_PROFILE_CAPS_P2P : 0U) |
			      (p->gfx ? NVML_GPU_INSTANCE_PROFILE_CAPS_GFX : 0U);

	CHECK_EQ(got->version, NVML_STRUCT_VERSION(*got, 3));
	CHECK_EQ(got->id, p->id);
	CHECK_EQ(got->sliceCount, p->compute_slices);
	CHECK_EQ(got->instanceCount, p->max_count);
	CHECK_EQ(got->multiprocessorCount, p->sm);
	CHECK_EQ(got->copyEngineCount, p->copy_engines);
	CHECK_EQ(got->decoderCount, p->decoders);
	CHECK_EQ(got->encoderCount, p->encoders);
	CHECK_EQ(got->jpegCount, p->jpeg);
	CHECK_EQ(got->ofaCount, p->ofa);
	CHECK_EQ(got->memorySizeMB, p->mem_mib);
	CHECK_EQ(got->capabilities, caps);
	name_is(got->name, p->name);
}

static void versions_are(nvmlDevice_t device, unsigned number, const struct mig_profile *p)
{
	nvmlGpuInstanceProfileInfo_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlGpuInstanceProfileInfo_v3_t v3 = { .version = NVML_STRUCT_VERSION(v3, 3) };
	nvmlGpuInstanceProfileInfo_v2_t *v3_as_v2 = (void *)&v3;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfoV(device, number, &v2), NVML_SUCCESS);
	v2_is(&v2, p);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfoV(device, number, v3_as_v2),
		 NVML_SUCCESS);
	v3_is(&v3, p);

	memset(&v2, 0, sizeof(v2));
	v2.version = NVML_STRUCT_VERSION(v2, 2);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfoByIdV(device, (unsigned)p->id, &v2),
		 NVML_SUCCESS);
	v2_is(&v2, p);
	v2.version = NVML_STRUCT_VERSION(v2, 7);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfoV(device, number, &v2),
		 NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
}

/* Clients ask from 0 upwards until the driver answers INVALID_ARGUMENT. */
static void type_lists_its_profiles(const struct mig_gpu_type *type, const char *spec)
{
	nvmlGpuInstanceProfileInfo_t unused;
	nvmlReturn_t rc = NVML_SUCCESS;
	nvmlDevice_t device;
	int n = 0;

	machine_start(spec, NULL);
	device = mig_on(0);
	for (unsigned number = 0; number < 64; number++) {
		const struct mig_profile *p = catalog_profile(type, number);

		rc = nv.nvmlDeviceGetGpuInstanceProfileInfo(device, number, &unused);
		if (rc == NVML_ERROR_INVALID_ARGUMENT)
			break;
		CHECK_RC(rc, p ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
		if (!p)
			continue;
		v1_is(device, number, p);
		versions_are(device, number, p);
		n++;
	}
	CHECK_RC(rc, NVML_ERROR_INVALID_ARGUMENT);
	CHECK_EQ(n, type->n_profiles);
	machine_stop();
}

static void every_profile_is_listed_in_every_form(void)
{
	each_complete_type(type_lists_its_profiles);
}

static uint16_t starts_of(nvmlDevice_t device, const struct mig_profile *p)
{
	nvmlGpuInstancePlacement_t places[MIG_UNITS_MAX];
	unsigned n = 0;
	uint16_t starts = 0;

	CHECK_RC(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, (unsigned)p->id, NULL,
								  &n),
		 NVML_SUCCESS);
	CHECK_EQ(n, __builtin_popcount(p->starts));
	n = MIG_UNITS_MAX;
	CHECK_RC(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, (unsigned)p->id,
								  places, &n),
		 NVML_SUCCESS);
	for (unsigned i = 0; i < n; i++) {
		CHECK_EQ(places[i].size, p->size);
		CHECK(places[i].start < MIG_UNITS_MAX);
		CHECK(i == 0 || places[i].start > places[i - 1].start);
		starts |= (uint16_t)(1U << places[i].start);
	}
	return starts;
}

/* With MIG off, on, and with the GPU full: the list is what is possible, not what is free. */
static void type_lists_its_placements(const struct mig_gpu_type *type, const char *spec)
{
	nvmlDevice_t device;

	machine_start(spec, NULL);
	device = gpu(0);
	for (int i = 0; i < type->n_profiles; i++)
		CHECK_EQ(starts_of(device, &type->profiles[i]), type->profiles[i].starts);
	device = mig_on(0);
	for (int i = 0; i < type->n_profiles; i++)
		CHECK_EQ(starts_of(device, &type->profiles[i]), type->profiles[i].starts);
	gi_create(device, 0);
	for (int i = 0; i < type->n_profiles; i++)
		CHECK_EQ(starts_of(device, &type->profiles[i]), type->profiles[i].starts);
	machine_stop();
}

static void possible_placements_do_not_depend_on_what_stands(void)
{
	each_complete_type(type_lists_its_placements);
}

/* Each profile at each start: what is created is what was asked for. */
static void type_creates_where_asked(const struct mig_gpu_type *type, const char *spec)
{
	nvmlDevice_t device;

	machine_start(spec, NULL);
	device = mig_on(0);
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];

		for (unsigned start = 0; start <= (unsigned)type->units; start++) {
			nvmlGpuInstance_t gi = NULL;
			const nvmlReturn_t rc = gi_create_at(device, (unsigned)p->nvml_profile,
							     start, (unsigned)p->size, &gi);

			if (!(p->starts >> start & 1)) {
				CHECK(rc != NVML_SUCCESS);
				continue;
			}
			CHECK_RC(rc, NVML_SUCCESS);
			CHECK_EQ(gi_info(gi).placement.start, start);
			CHECK_EQ(gi_info(gi).placement.size, p->size);
			CHECK_EQ(gi_info(gi).profileId, p->id);
			CHECK(gi_info(gi).device == device);
			CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
		}
	}
	machine_stop();
}

static void an_instance_stands_where_it_was_asked_for(void)
{
	each_complete_type(type_creates_where_asked);
}

/* As many as the driver says, no more; listed by ascending id. */
static void type_fits_its_counts(const struct mig_gpu_type *type, const char *spec)
{
	machine_start(spec, NULL);
	mig_on(0);
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];
		const nvmlDevice_t device = gpu(0);
		nvmlGpuInstance_t gis[MIG_UNITS_MAX], gi;
		unsigned n = MIG_UNITS_MAX;

		for (int made = 0; made < p->max_count; made++) {
			CHECK(capacity(device, (unsigned)p->nvml_profile) > 0);
			gi_create(device, (unsigned)p->nvml_profile);
		}
		CHECK_EQ(capacity(device, (unsigned)p->nvml_profile), 0);
		CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, (unsigned)p->id, &gi),
			 NVML_ERROR_INSUFFICIENT_RESOURCES);
		CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, (unsigned)p->id, gis, &n),
			 NVML_SUCCESS);
		CHECK_EQ(n, p->max_count);
		for (unsigned k = 1; k < n; k++)
			CHECK(gi_info(gis[k]).id > gi_info(gis[k - 1]).id);
		for (unsigned k = 0; k < n; k++)
			CHECK_RC(gi_destroy(gis[k]), NVML_SUCCESS);
	}
	machine_stop();
}

static void as_many_fit_as_the_profile_says(void)
{
	each_complete_type(type_fits_its_counts);
}

void gi_profile_tests(void)
{
	RUN(every_profile_is_listed_in_every_form);
	RUN(possible_placements_do_not_depend_on_what_stands);
	RUN(an_instance_stands_where_it_was_asked_for);
	RUN(as_many_fit_as_the_profile_says);
}
