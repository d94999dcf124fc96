/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compute instance profiles: in a GI of every profile of every type, what the driver lists
 * is what the catalog holds; and CIs of one GI share its engines.
 */
#include "tests/conformance/conformance.h"

static const struct mig_ci_profile *catalog_ci(const struct mig_profile *p, unsigned number)
{
	for (int i = 0; i < p->n_ci; i++) {
		if (p->ci[i].nvml_profile == (int)number)
			return &p->ci[i];
	}
	return NULL;
}

static void v1_is(const nvmlComputeInstanceProfileInfo_t *got, const struct mig_ci_profile *c,
		  const struct mig_profile *p)
{
	CHECK_EQ(got->id, c->id);
	CHECK_EQ(got->sliceCount, c->compute_slices);
	CHECK_EQ(got->instanceCount, c->max_count);
	CHECK_EQ(got->multiprocessorCount, c->sm);
	CHECK_EQ(got->sharedCopyEngineCount, p->copy_engines);
	CHECK_EQ(got->sharedDecoderCount, p->decoders);
	CHECK_EQ(got->sharedEncoderCount, p->encoders);
	CHECK_EQ(got->sharedJpegCount, p->jpeg);
	CHECK_EQ(got->sharedOfaCount, p->ofa);
}

/* Forms two and three put the same members behind a version, and a name after them. */
static void named_form_is(nvmlGpuInstance_t gi, unsigned number, unsigned form,
			  const nvmlComputeInstanceProfileInfo_t *v1,
			  const struct mig_ci_profile *c, const struct mig_profile *p)
{
	nvmlComputeInstanceProfileInfo_v3_t got = { 0 };
	char name[MIG_NAME_MAX + 4];

	got.version = form == 3 ? NVML_STRUCT_VERSION(nvmlComputeInstanceProfileInfo_v3_t, 3)
				: NVML_STRUCT_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2);
	got.capabilities = 0xabcd;
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceProfileInfoV(gi, number, 0, (void *)&got),
		 NVML_SUCCESS);
	CHECK(memcmp(&got.id, v1, sizeof(*v1)) == 0);
	snprintf(name, sizeof(name), "MIG %s", c->name);
	CHECK_STR(got.name, name);
	/* The second form ends before the capabilities: they must be as they were. */
	CHECK_EQ(got.capabilities, form == 2 ? 0xabcdU
				   : p->gfx  ? NVML_COMPUTE_INSTANCE_PROFILE_CAPS_GFX
					     : 0U);
}

static void placements_are(nvmlGpuInstance_t gi, const struct mig_ci_profile *c)
{
	nvmlComputeInstancePlacement_t places[SIM_NAME_MAX];
	unsigned n = SIM_NAME_MAX, starts = 0;

	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstancePossiblePlacements(gi, (unsigned)c->id,
									places, &n),
		 NVML_SUCCESS);
	for (unsigned i = 0; i < n; i++) {
		CHECK_EQ(places[i].size, c->size);
		starts |= 1U << places[i].start;
	}
	CHECK_EQ(starts, c->starts);
	CHECK_EQ(n, __builtin_popcount(c->starts));
}

static void gi_lists_its_ci_profiles(nvmlGpuInstance_t gi, const struct mig_profile *p)
{
	nvmlReturn_t rc = NVML_SUCCESS;
	int n = 0;

	for (unsigned number = 0; number < 32; number++) {
		const struct mig_ci_profile *c = catalog_ci(p, number);
		nvmlComputeInstanceProfileInfo_t v1;

		rc = nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, number, 0, &v1);
		if (rc == NVML_ERROR_INVALID_ARGUMENT)
			break;
		CHECK_RC(rc, c ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
		if (!c)
			continue;
		v1_is(&v1, c, p);
		named_form_is(gi, number, 2, &v1, c, p);
		named_form_is(gi, number, 3, &v1, c, p);
		placements_are(gi, c);
		n++;
	}
	CHECK_RC(rc, NVML_ERROR_INVALID_ARGUMENT);
	CHECK_EQ(n, p->n_ci);
}

static void type_lists_ci_profiles(const struct mig_gpu_type *type, const char *spec)
{
	machine_start(spec, NULL);
	mig_on(0);
	for (int i = 0; i < type->n_profiles; i++) {
		const nvmlGpuInstance_t gi =
			gi_create(gpu(0), (unsigned)type->profiles[i].nvml_profile);

		gi_lists_its_ci_profiles(gi, &type->profiles[i]);
		CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	}
	machine_stop();
}

static void every_ci_profile_is_listed_in_every_form(void)
{
	each_complete_type(type_lists_ci_profiles);
}

/* As many as listed; ids 0, 1, 2 …; no two over one slice. */
static void ci_profile_fits_its_count(nvmlGpuInstance_t gi, const struct mig_ci_profile *c)
{
	nvmlComputeInstance_t cis[SIM_NAME_MAX], ci;
	unsigned n = SIM_NAME_MAX, taken = 0;

	for (int i = 0; i < c->max_count; i++) {
		const nvmlComputeInstanceInfo_t info =
			ci_info(ci_create(gi, (unsigned)c->nvml_profile));
		const unsigned slices = ((1U << c->size) - 1) << info.placement.start;

		CHECK_EQ(info.id, i);
		CHECK(info.gpuInstance == gi);
		CHECK_EQ(info.profileId, c->id);
		CHECK_EQ(info.placement.size, c->size);
		CHECK(!(taken & slices));
		taken |= slices;
	}
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, (unsigned)c->id, &ci),
		 NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstances(gi, (unsigned)c->id, cis, &n),
		 NVML_SUCCESS);
	CHECK_EQ(n, c->max_count);
	for (unsigned i = 0; i < n; i++)
		CHECK_RC(nv.nvmlComputeInstanceDestroy(cis[i]), NVML_SUCCESS);
}

static void type_fits_ci_counts(const struct mig_gpu_type *type, const char *spec)
{
	machine_start(spec, NULL);
	mig_on(0);
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];
		const nvmlGpuInstance_t gi = gi_create(gpu(0), (unsigned)p->nvml_profile);

		for (int k = 0; k < p->n_ci; k++)
			ci_profile_fits_its_count(gi, &p->ci[k]);
		CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	}
	machine_stop();
}

static void as_many_cis_fit_as_the_profile_says(void)
{
	each_complete_type(type_fits_ci_counts);
}

static void a_mig_device_shows_its_own_sms_and_the_engines_of_its_gi(void)
{
	const struct mig_profile *p = mig_profile_find(type_of("A100-SXM4-80GB"), "3g.40gb");
	nvmlDeviceAttributes_t got = { 0 };
	nvmlGpuInstance_t gi;

	machine_start("1xA100-SXM4-80GB", NULL);
	gi = gi_create(mig_on(0), 2);
	ci_create(gi, 0);
	CHECK_RC(nv.nvmlDeviceGetAttributes_v2(mig_device(gpu(0), 0), &got), NVML_SUCCESS);
	CHECK_EQ(got.multiprocessorCount, 14);
	CHECK_EQ(got.sharedCopyEngineCount, p->copy_engines);
	CHECK_EQ(got.sharedDecoderCount, p->decoders);
	CHECK_EQ(got.sharedJpegCount, p->jpeg);
	CHECK_EQ(got.sharedOfaCount, p->ofa);
	CHECK_EQ(got.gpuInstanceSliceCount, 3);
	CHECK_EQ(got.computeInstanceSliceCount, 1);
	CHECK_EQ(got.memorySizeMB, p->mem_mib);
	CHECK_RC(nv.nvmlDeviceGetAttributes_v2(gpu(0), &got), NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

/* Old names of calls write less: a client compiled against them has less room. */
static void first_forms_write_only_what_their_structs_hold(void)
{
	union {
		nvmlDeviceAttributes_t attributes;
		nvmlComputeInstanceInfo_t info;
		unsigned char bytes[64];
	} room;
	nvmlComputeInstance_t ci;

	machine_start("1xA100-SXM4-80GB", NULL);
	ci = ci_create(gi_create(mig_on(0), 2), 2);
	memset(&room, 0x5a, sizeof(room));
	CHECK_RC(nv.nvmlDeviceGetAttributes(mig_device(gpu(0), 0), &room.attributes),
		 NVML_SUCCESS);
	CHECK_EQ(room.attributes.multiprocessorCount, 42);
	for (size_t i = 24; i < sizeof(room); i++)
		CHECK_EQ(room.bytes[i], 0x5a);
	memset(&room, 0x5a, sizeof(room));
	CHECK_RC(nv.nvmlComputeInstanceGetInfo(ci, &room.info), NVML_SUCCESS);
	CHECK_EQ(room.info.id, 0);
	for (size_t i = 24; i < sizeof(room); i++)
		CHECK_EQ(room.bytes[i], 0x5a);
	machine_stop();
}

void ci_profile_tests(void)
{
	RUN(every_ci_profile_is_listed_in_every_form);
	RUN(as_many_cis_fit_as_the_profile_says);
	RUN(a_mig_device_shows_its_own_sms_and_the_engines_of_its_gi);
	RUN(first_forms_write_only_what_their_structs_hold);
}
