/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as one value: what a snapshot says is what the driver says, call for call. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/layouts.h"
#include "tests/opened.h"

enum { NOBODY = 65534 };

static const char *name;
static struct mig_machine *machine;
static struct mig_snapshot snap;

static void start(const char *spec, const char *driver, struct mig_catalog *cat)
{
	name = machine_start(spec, driver);
	machine = machine_open(name, cat);
	snap = snapshot_of(machine);
}

static void look(void)
{
	mig_snapshot_free(&snap);
	snap = snapshot_of(machine);
}

static void stop(void)
{
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
	machine_stop();
}

static nvmlGpuInstance_t make_gi(unsigned on, const struct mig_profile *p, int at)
{
	const nvmlGpuInstancePlacement_t place = { (unsigned)at, (unsigned)p->size };
	nvmlGpuInstance_t gi = NULL;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(on), (unsigned)p->id, &place,
							     &gi),
		 NVML_SUCCESS);
	return gi;
}

/* As many of a CI profile as fit. Return: how many. */
static int make_cis(nvmlGpuInstance_t gi, const struct mig_ci_profile *p)
{
	nvmlComputeInstance_t ci;
	int n = 0;

	while (nv.nvmlGpuInstanceCreateComputeInstance(gi, (unsigned)p->id, &ci) ==
	       NVML_SUCCESS)
		n++;
	return n;
}

static const struct mig_profile *profile_named(const struct mig_gpu_type *type,
					       const char *text)
{
	const struct mig_profile *p = mig_profile_find(type, text);

	if (!p)
		fail_msg("%s has no %s", type->key, text);
	return p;
}

/* --- Every type ------------------------------------------------------------------- */

/* What the driver's own calls say of the MIG device that has this index. */
static void check_ci(const struct mig_gpu *g, const struct mig_gi *gi, const struct mig_ci *ci)
{
	const struct mig_profile *p = &g->type->profiles[gi->profile];
	char uuid[MIG_UUID_MAX], text[256], want[256];
	unsigned gi_id, ci_id;
	nvmlDevice_t mig;
	nvmlMemory_t mem;

	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu((unsigned)g->index),
							(unsigned)ci->index, &mig),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &gi_id), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(mig, &ci_id), NVML_SUCCESS);
	assert_int_equal(gi_id, gi->id);
	assert_int_equal(ci_id, ci->id);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_SUCCESS);
	assert_string_equal(uuid, ci->uuid);
	CHECK_RC(nv.nvmlDeviceGetName(mig, text, sizeof(text)), NVML_SUCCESS);
	snprintf(want, sizeof(want), "%s MIG %s", g->name, p->ci[ci->profile].name);
	assert_string_equal(text, want);
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo(mig, &mem), NVML_SUCCESS);
	assert_int_equal(mem.total, gi->mem_total_bytes);
	assert_int_equal(ci->size, p->ci[ci->profile].size);
}

static int check_gis(const struct mig_gpu *g)
{
	nvmlGpuInstance_t handle;
	nvmlGpuInstanceInfo_t info;
	int n = 0;

	for (int i = 0; i < g->n_gis; i++) {
		const struct mig_gi *gi = &g->gis[i];

		CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu((unsigned)g->index),
							 (unsigned)gi->id, &handle),
			 NVML_SUCCESS);
		CHECK_RC(nv.nvmlGpuInstanceGetInfo(handle, &info), NVML_SUCCESS);
		assert_int_equal(info.profileId, g->type->profiles[gi->profile].id);
		assert_int_equal(info.placement.start, gi->start);
		assert_int_equal(info.placement.size, g->type->profiles[gi->profile].size);
		assert_true(i == 0 || g->gis[i - 1].start < gi->start);
		for (int k = 0; k < gi->n_cis; k++) {
			check_ci(g, gi, &gi->cis[k]);
			assert_true(k == 0 || gi->cis[k - 1].id < gi->cis[k].id);
			n++;
		}
	}
	return n;
}

/* One GI of @p, split every way that it can be. */
static int check_profile(const struct mig_profile *p)
{
	int n = 0;

	for (int c = 0; c < p->n_ci; c++) {
		const int at = 31 - __builtin_clz(p->starts);
		nvmlGpuInstance_t gi = make_gi(0, p, at);
		const int n_cis = make_cis(gi, &p->ci[c]);
		struct mig_layout lay;

		look();
		assert_int_equal(snap.gpus[0].n_gis, 1);
		assert_int_equal(check_gis(&snap.gpus[0]), n_cis);
		assert_int_equal(n_cis, p->ci[c].max_count);
		lay = mig_gpu_layout(&snap.gpus[0]);
		assert_int_equal(lay.n_slots, 1);
		assert_int_equal(lay.slots[0].start, at);
		assert_string_equal(snap.gpus[0].type->profiles[lay.slots[0].profile].name,
				    p->name);
		CHECK(sim_machine_reset(machine_folder(), name, 0, NULL) == 0);
		n += n_cis;
	}
	return n;
}

static void check_type(const struct mig_gpu_type *type, bool is_mirrored)
{
	char spec[MIG_NAME_MAX + 32];

	snprintf(spec, sizeof(spec), "1x%s%s", type->key, is_mirrored ? "@mirrored" : "");
	start(spec, NULL, catalog);
	assert_true(snap.is_simulated);
	assert_string_equal(snap.machine, name);
	assert_string_equal(snap.driver, SIM_DEFAULT_DRIVER);
	assert_string_equal(snap.gpus[0].name, type->name);
	assert_int_equal(snap.gpus[0].mode, 0);
	assert_int_equal(snap.gpus[0].n_gis, 0);
	mig_on(0);
	look();
	assert_int_equal(snap.gpus[0].mode, 1);
	assert_int_equal(snap.gpus[0].type->basis, MIG_BASIS_DRIVER);
	assert_int_equal(snap.gpus[0].type->n_profiles, type->n_profiles);
	assert_int_equal(snap.gpus[0].type->units, type->units);
	for (int i = 0; i < type->n_profiles; i++) {
		assert_string_equal(snap.gpus[0].type->profiles[i].name,
				    type->profiles[i].name);
		assert_int_equal(snap.gpus[0].type->profiles[i].starts,
				 type->profiles[i].starts);
		assert_true(check_profile(&type->profiles[i]) > 0);
	}
	stop();
}

static void a_snapshot_of_every_type_is_what_the_driver_says(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));

		if (mig_gpu_type_gaps(type, NULL, 0) > 0)
			continue;
		check_type(type, false);
		if (has_two_orientations(type))
			check_type(type, true);
		n++;
	}
	assert_true(n >= 9);
}

/* --- Drivers and catalogs --------------------------------------------------------- */

/* Before R510 the driver does not name profiles: the formula finds the catalog's names. */
static void names_by_the_formula_are_those_of_the_catalog(void **state)
{
	static const char *const drivers[] = { "450.80.02", "470.57.02", "515.43.04", NULL };
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));
		char spec[MIG_NAME_MAX + 8];

		snprintf(spec, sizeof(spec), "1x%s", type->key);
		for (int d = 0; drivers[d] && mig_gpu_type_gaps(type, NULL, 0) == 0; d++) {
			start(spec, drivers[d], NULL);
			mig_on(0);
			look();
			assert_non_null(snap.gpus[0].type);
			for (int k = 0; k < snap.gpus[0].type->n_profiles; k++) {
				const struct mig_profile *p = &snap.gpus[0].type->profiles[k];
				const struct mig_profile *known =
					mig_profile_find(type, p->name);

				if (!known || known->id != p->id)
					fail_msg("%s, driver %s: id %d is called %s", type->key,
						 drivers[d], p->id, p->name);
				n++;
			}
			stop();
		}
	}
	assert_true(n > 100);
}

static void with_mig_off_an_older_driver_leaves_the_profiles_to_the_catalog(void **state)
{
	(void)state;
	start("1xA100-SXM4-80GB", "535.261.03", catalog);
	assert_int_equal(snap.gpus[0].type->n_profiles, 7);
	assert_int_not_equal(snap.gpus[0].type->basis, MIG_BASIS_DRIVER);
	stop();
	start("1xA100-SXM4-80GB", "545.23.08", catalog);
	assert_int_equal(snap.gpus[0].type->basis, MIG_BASIS_DRIVER);
	stop();
}

static void a_gpu_that_nobody_knows_is_shown_without_profiles(void **state)
{
	struct mig_layout lay;

	(void)state;
	start("1xA100-SXM4-80GB", "535.261.03", NULL);
	assert_true(snap.gpus[0].has_mig);
	assert_null(snap.gpus[0].type);
	lay = mig_gpu_layout(&snap.gpus[0]);
	assert_int_equal(lay.n_slots, 0);
	assert_int_equal(mig_gpu_request(&snap.gpus[0]).n, 0);
	stop();
}

/* Only what the driver tells: what nobody told is unknown, never 0. */
static void a_gpu_that_the_catalog_lacks_is_read_from_the_driver_alone(void **state)
{
	const struct mig_gpu_type *type, *known = type_of("A100-SXM4-80GB");
	const struct mig_profile *p = profile_named(known, "1g.20gb");

	(void)state;
	start("1xA100-SXM4-80GB", NULL, NULL);
	mig_on(0);
	make_cis(make_gi(0, p, 0), mig_ci_profile_default(p));
	look();
	type = snap.gpus[0].type;
	assert_int_equal(type->n_profiles, 7);
	assert_int_equal(type->units, 8);
	assert_int_equal(type->compute_slices, 7);
	assert_int_equal(type->max_mig_devices, 7);
	assert_int_equal(type->mode_needs_reset, MIG_UNKNOWN);
	assert_int_equal(type->sm.v, MIG_UNKNOWN);
	assert_int_equal(type->pci_ids[0], snap.gpus[0].pci_id);
	p = profile_named(type, "1g.20gb");
	assert_int_equal(p->n_ci, 1);
	assert_int_equal(p->ci[0].id, 7);
	assert_int_equal(p->ci[0].size, 2);
	assert_int_equal(snap.gpus[0].gis[0].cis[0].profile, 0);
	stop();
}

/* The driver tells CI profiles of GIs that exist: what was read before them stays right. */
static void splits_are_read_from_the_driver_where_nobody_described_them(void **state)
{
	const struct mig_profile *p = profile_named(type_of("A100-SXM4-80GB"), "3g.40gb");
	const struct mig_gi *gis;

	(void)state;
	start("2xA100-SXM4-80GB", NULL, NULL);
	mig_on(0);
	mig_on(1);
	make_cis(make_gi(0, p, 0), mig_ci_profile_default(p));
	make_cis(make_gi(1, p, 0), mig_ci_profile_default(p));
	assert_int_equal(make_cis(make_gi(1, p, 4), &p->ci[0]), 3);
	look();
	assert_ptr_equal(snap.gpus[0].type, snap.gpus[1].type);
	p = profile_named(snap.gpus[0].type, "3g.40gb");
	assert_int_equal(p->n_ci, 3);
	assert_true(p->ci[snap.gpus[0].gis[0].cis[0].profile].is_default);
	gis = snap.gpus[1].gis;
	assert_true(p->ci[gis[0].cis[0].profile].is_default);
	assert_int_equal(gis[1].n_cis, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(p->ci[gis[1].cis[i].profile].name, "1c.3g.40gb");
		assert_int_equal(gis[1].cis[i].start, i);
	}
	stop();
}

static void gpus_of_one_kind_share_a_type_and_the_rest_have_their_own(void **state)
{
	(void)state;
	start("2xA100-SXM4-80GB,1xA30", NULL, catalog);
	assert_int_equal(snap.n_types, 2);
	assert_ptr_equal(snap.gpus[0].type, snap.gpus[1].type);
	assert_string_equal(snap.gpus[2].type->key, "A30");
	stop();
}

/* --- What a request is made of ---------------------------------------------------- */

static void a_request_of_what_stands_has_its_starts_and_splits(void **state)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");
	char text[256];
	struct mig_request req;
	nvmlGpuInstance_t gi;

	(void)state;
	start("1xA100-SXM4-80GB", NULL, catalog);
	mig_on(0);
	gi = make_gi(0, profile_named(type, "3g.40gb"), 4);
	make_cis(gi, &profile_named(type, "3g.40gb")->ci[1]);
	make_cis(gi, &profile_named(type, "3g.40gb")->ci[0]);
	make_cis(make_gi(0, profile_named(type, "1g.10gb"), 2),
		 &profile_named(type, "1g.10gb")->ci[0]);
	look();
	req = mig_gpu_request(&snap.gpus[0]);
	assert_string_equal(mig_request_format(&req, text, sizeof(text)),
			    "1g.10gb@2 2c.3g.40gb@4 1c.3g.40gb@4");
	assert_ptr_equal(mig_gpu_find_gi(&snap.gpus[0], 2), &snap.gpus[0].gis[1]);
	assert_null(mig_gpu_find_gi(&snap.gpus[0], 5));
	stop();
}

/* In one process an index that was freed is a hole, and the next device fills it. */
static void devices_are_found_behind_a_hole_in_the_indices(void **state)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");
	const struct mig_profile *p = profile_named(type, "2g.20gb");
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi[3];

	(void)state;
	start("1xA100-SXM4-80GB", NULL, catalog);
	mig_on(0);
	for (int i = 0; i < 3; i++) {
		gi[i] = make_gi(0, p, 2 * i);
		make_cis(gi[i], mig_ci_profile_default(p));
	}
	look();
	assert_int_equal(check_gis(&snap.gpus[0]), 3);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi[1], 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	look();
	assert_int_equal(check_gis(&snap.gpus[0]), 2);
	assert_int_equal(snap.gpus[0].gis[1].n_cis, 0);
	stop();
}

/* --- Without privilege ------------------------------------------------------------ */

static void check_partial(void)
{
	const struct mig_gpu *g;

	CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	machine = machine_open(name, catalog);
	snap = snapshot_of(machine);
	g = &snap.gpus[0];
	CHECK(g->is_partial);
	CHECK_EQ(g->mode, 1);
	CHECK_EQ(g->n_gis, 2);
	CHECK_EQ(g->gis[0].start, -1);
	CHECK_EQ(g->gis[0].id, 2);
	CHECK_EQ(g->gis[0].n_cis, 3);
	CHECK_STR(g->type->profiles[g->gis[0].profile].name, "3g.40gb");
	CHECK_STR(g->type->profiles[g->gis[0].profile].ci[g->gis[0].cis[1].profile].name,
		  "1c.3g.40gb");
	CHECK_STR(g->type->profiles[g->gis[1].profile].name, "2g.20gb");
	CHECK_EQ(g->gis[1].cis[0].start, 0);
	CHECK(strncmp(g->gis[1].cis[0].uuid, "MIG-", 4) == 0);
	CHECK(g->gis[0].mem_total_bytes > g->gis[1].mem_total_bytes);
	CHECK_EQ(mig_gpu_layout(g).n_slots, 0);
	CHECK(!snap.gpus[1].is_partial);
	CHECK_EQ(snap.gpus[1].mode, 0);
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
}

static void without_privilege_a_snapshot_is_made_of_mig_devices(void **state)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");
	struct sim_options opt = { .seed = 1, .is_strict = true };
	int status = -1;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	CHECK(sim_spec_parse("2xA100-SXM4-80GB", catalog, &opt, NULL) == 0);
	CHECK(sim_machine_new(machine_folder(), "strict", &opt, NULL) == 0);
	name = "strict";
	machine_be(name);
	mig_on(0);
	make_cis(make_gi(0, profile_named(type, "3g.40gb"), 4),
		 &profile_named(type, "3g.40gb")->ci[0]);
	make_cis(make_gi(0, profile_named(type, "2g.20gb"), 0),
		 mig_ci_profile_default(profile_named(type, "2g.20gb")));
	make_gi(0, profile_named(type, "1g.10gb"), 2); /* without a CI: it is not seen */
	fflush(NULL);
	child = fork();
	if (child == 0) {
		check_partial();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK(sim_machine_rm(machine_folder(), "strict", NULL) == 0);
}

/* --- How many calls --------------------------------------------------------------- */

static void a_snapshot_of_fifty_six_instances_takes_few_calls(void **state)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");
	const struct mig_profile *p = profile_named(type, "1g.10gb");
	uint64_t before, calls;

	(void)state;
	start("8xA100-SXM4-80GB", NULL, catalog);
	for (unsigned g = 0; g < 8; g++) {
		mig_on(g);
		for (int i = 0; i < 7; i++)
			make_cis(make_gi(g, p, i), &p->ci[0]);
	}
	before = mig_machine_calls(machine);
	look();
	calls = mig_machine_calls(machine) - before;
	print_message("8 GPUs, 56 instances: %llu driver calls\n", (unsigned long long)calls);
	for (int g = 0; g < 8; g++)
		assert_int_equal(check_gis(&snap.gpus[g]), 7);
	/* A GPU: eight of itself, the list of GIs and one a GI, then a count of MIG devices,
	 * and of each its handle, two ids, UUID and memory. Profiles are read once. */
	assert_true(calls <= 2 + 8 * (8 + 1 + 7 + 1 + 7 * 5) + 60);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_of_every_type_is_what_the_driver_says),
		cmocka_unit_test(names_by_the_formula_are_those_of_the_catalog),
		cmocka_unit_test(
			with_mig_off_an_older_driver_leaves_the_profiles_to_the_catalog),
		cmocka_unit_test(a_gpu_that_nobody_knows_is_shown_without_profiles),
		cmocka_unit_test(a_gpu_that_the_catalog_lacks_is_read_from_the_driver_alone),
		cmocka_unit_test(splits_are_read_from_the_driver_where_nobody_described_them),
		cmocka_unit_test(gpus_of_one_kind_share_a_type_and_the_rest_have_their_own),
		cmocka_unit_test(a_request_of_what_stands_has_its_starts_and_splits),
		cmocka_unit_test(devices_are_found_behind_a_hole_in_the_indices),
		cmocka_unit_test(without_privilege_a_snapshot_is_made_of_mig_devices),
		cmocka_unit_test(a_snapshot_of_fifty_six_instances_takes_few_calls),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
