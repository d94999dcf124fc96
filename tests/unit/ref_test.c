/* SPDX-License-Identifier: Apache-2.0 */
/* What a name means, on a machine made by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <mig/device.h>

#include "tests/models.h"

static struct mig_gpu_type a100;
static struct mig_gpu gpus[3];
static struct mig_snapshot snap;

/*
 *	GPU 0	GI 1 3g.40gb@0: CI 0 (index 0), CI 2 (index 1); GI 13 1g.10gb@5 CI 0 (index 3)
 *		GI 14 1g.10gb@6 CI 0, which has no index and no UUID
 *	GPU 1	MIG off
 *	GPU 2	is_partial: GI 5, nobody knows where, CI 0 (index 0)
 */
static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	snap = (struct mig_snapshot){ .machine = "lab", .n_gpus = 3, .gpus = gpus };
	for (int i = 0; i < 3; i++) {
		gpus[i] = (struct mig_gpu){ .index = i, .has_mig = true, .type = &a100 };
		snprintf(gpus[i].uuid, sizeof(gpus[i].uuid), "GPU-00510000-0000-%d", i);
		snprintf(gpus[i].bus_id, sizeof(gpus[i].bus_id), "00000000:%02X:00.0",
			 7 + 8 * i);
	}
	gpus[0].n_gis = 3;
	gpus[0].gis[0] = (struct mig_gi){ .id = 1, .profile = 4, .start = 0, .n_cis = 2 };
	gpus[0].gis[0].cis[0] = (struct mig_ci){ .id = 0, .index = 0, .uuid = "MIG-aaaa" };
	gpus[0].gis[0].cis[1] = (struct mig_ci){ .id = 2, .index = 1, .uuid = "MIG-bbbb" };
	gpus[0].gis[1] = (struct mig_gi){ .id = 13, .profile = 0, .start = 5, .n_cis = 1 };
	gpus[0].gis[1].cis[0] = (struct mig_ci){ .id = 0, .index = 3, .uuid = "MIG-cccc" };
	gpus[0].gis[2] = (struct mig_gi){ .id = 14, .profile = 0, .start = 6, .n_cis = 1 };
	gpus[0].gis[2].cis[0] = (struct mig_ci){ .id = 0, .index = -1 };
	gpus[2].is_partial = true;
	gpus[2].n_gis = 1;
	gpus[2].gis[0] = (struct mig_gi){ .id = 5, .profile = 3, .start = -1, .n_cis = 1 };
	gpus[2].gis[0].cis[0] = (struct mig_ci){ .id = 0, .index = 0, .uuid = "MIG-dddd" };
	return 0;
}

static const struct {
	const char *text;
	int gpu, gi, ci;
	bool is_index;
} names[] = {
	{ "0", 0, -1, -1, false },
	{ "2", 2, -1, -1, false },
	{ "GPU-00510000-0000-1", 1, -1, -1, false },
	{ "gpu-00510000-0000-1", 1, -1, -1, false },
	{ "00000000:0F:00.0", 1, -1, -1, false },
	{ "00000000:0f:00.0", 1, -1, -1, false },
	{ "0000:0F:00.0", 1, -1, -1, false },
	{ "0F:00.0", 1, -1, -1, false },
	{ "07:00.0", 0, -1, -1, false },
	{ "0/1", 0, 0, -1, false },
	{ "0/13", 0, 1, -1, false },
	{ "GPU-00510000-0000-0/13", 0, 1, -1, false },
	{ "0000:07:00.0/13", 0, 1, -1, false },
	{ "0:3g.40gb@0", 0, 0, -1, false },
	{ "0:3G.40GB", 0, 0, -1, false },
	{ "0:1g.10gb@6", 0, 2, -1, false },
	{ "0000:07:00.0:1g.10gb@6", 0, 2, -1, false },
	{ "2:2g.20gb", 2, 0, -1, false },
	{ "0/1/0", 0, 0, 0, false },
	{ "0/1/2", 0, 0, 1, false },
	{ "2/5/0", 2, 0, 0, false },
	{ "MIG-bbbb", 0, 0, 1, false },
	{ "mig-DDDD", 2, 0, 0, false },
	{ "MIG-GPU-00510000-0000-0/1/2", 0, 0, 1, false },
	{ "0:0", 0, 0, 0, true },
	{ "0:3", 0, 1, 0, true },
	{ "GPU-00510000-0000-2:0", 2, 0, 0, true },
	{ "07:00.0:1", 0, 0, 1, true },
};

static void a_name_means_one_thing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct mig_error err = { 0 };
		struct mig_ref ref;
		bool is_index = !names[i].is_index;
		int rc = mig_ref_parse(&snap, names[i].text, &ref, &is_index, &err);

		if (rc < 0)
			fail_msg("%s: %s", names[i].text, err.msg);
		if (ref.gpu != names[i].gpu || ref.gi != names[i].gi || ref.ci != names[i].ci ||
		    is_index != names[i].is_index)
			fail_msg("%s: got %d/%d/%d", names[i].text, ref.gpu, ref.gi, ref.ci);
		assert_int_equal(mig_ref_parse(&snap, names[i].text, &ref, NULL, NULL), 0);
	}
}

static const struct {
	const char *text;
	int code;
	const char *words;
} wrong[] = {
	{ "", MIG_E_NOENT, "machine lab has GPUs 0 to 2" },
	{ "3", MIG_E_NOENT, "no GPU 3: machine lab has GPUs 0 to 2" },
	{ "-1", MIG_E_NOENT, "no GPU -1" },
	{ "foo", MIG_E_NOENT, "no GPU foo" },
	{ "3/1", MIG_E_NOENT, "3/1: no GPU 3: machine lab" },
	{ "0001:07:00.0", MIG_E_NOENT, "no GPU 0001:07" },
	{ "GPU-00510000", MIG_E_NOENT, "no GPU GPU-00510000" },
	{ "18446744073709551616", MIG_E_NOENT, "no GPU 18446744073709551616" },
	{ "0/2", MIG_E_NOENT, "GPU 0 has no GPU instance 2" },
	{ "1/0", MIG_E_NOENT, "GPU 1 has no GPU instance 0" },
	{ "0/1/1", MIG_E_NOENT, "GPU 0 GPU instance 1 has no compute instance 1" },
	{ "0/1/18446744073709551615", MIG_E_NOENT, "no compute instance" },
	{ "0/", MIG_E_SYNTAX, "'0/' names no instance; ids are like 0/2" },
	{ "0/x", MIG_E_SYNTAX, "'x' is not GI or GI/CI" },
	{ "0/1/x", MIG_E_SYNTAX, "'1/x' is not GI or GI/CI" },
	{ "0/1/0/0", MIG_E_SYNTAX, "'1/0/0' is not GI or GI/CI" },
	{ "0/0000000000000000000000000000000000000001", MIG_E_SYNTAX, "is not GI or GI/CI" },
	{ "0:2", MIG_E_NOENT, "GPU 0 has no MIG device with index 2" },
	{ "0:18446744073709551615", MIG_E_NOENT, "no MIG device with index" },
	{ "0:", MIG_E_SYNTAX, "'0:' names no instance; ids are like 0/2" },
	{ "0:@4", MIG_E_SYNTAX, "'@4' is not PROFILE@START" },
	{ "0:3g.40gb@", MIG_E_SYNTAX, "'3g.40gb@' is not PROFILE@START" },
	{ "0:3g.40gb@x", MIG_E_SYNTAX, "'3g.40gb@x' is not PROFILE@START" },
	{ "0:3g.40gb@4", MIG_E_NOENT, "GPU 0 has no instance 3g.40gb@4" },
	{ "0:1g.10gb", MIG_E_NOENT, "GPU 0 has 2 instances 1g.10gb; say 1g.10gb@START" },
	{ "2:2g.20gb@18446744073709551615", MIG_E_SYNTAX, "is not PROFILE@START" },
	{ "2:2g.20gb@0", MIG_E_NOENT, "GPU 2 has no instance 2g.20gb@0" },
	{ "MIG-", MIG_E_NOENT, "no MIG device MIG- on machine lab" },
	{ "MIG-eeee", MIG_E_NOENT, "no MIG device MIG-eeee on machine lab" },
	{ "MIG-GPU-00510000-0000-7/1/0", MIG_E_NOENT, "no GPU MIG-GPU-00510000-0000-7/1/0" },
	{ "MIG-GPU-00510000-0000-0/2/0", MIG_E_NOENT, "GPU 0 has no GPU instance 2" },
};

static void a_name_that_means_nothing_is_refused_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct mig_ref ref = { 77, 77, 77 };
		struct mig_error err = { 0 };
		bool is_index = true;
		int rc = mig_ref_parse(&snap, wrong[i].text, &ref, &is_index, &err);

		if (rc != -wrong[i].code || !strstr(err.msg, wrong[i].words))
			fail_msg("\"%s\": %d, %s", wrong[i].text, rc, err.msg);
		assert_int_equal(err.code, wrong[i].code);
		assert_int_equal(ref.gpu + ref.gi + ref.ci, 3 * 77);
		assert_true(is_index);
		assert_int_equal(mig_ref_parse(&snap, wrong[i].text, &ref, NULL, NULL), rc);
	}
}

static void a_machine_without_gpus_says_so(void **state)
{
	const struct mig_snapshot none = { .machine = "empty" };
	struct mig_error err = { 0 };
	struct mig_ref ref;

	(void)state;
	assert_int_equal(mig_ref_parse(&none, "0", &ref, NULL, &err), -MIG_E_NOENT);
	assert_non_null(strstr(err.msg, "machine empty has none"));
}

/* Another domain's bus id must not be taken for one of domain 0. */
static void a_bus_id_is_whole(void **state)
{
	struct mig_ref ref;

	(void)state;
	snprintf(gpus[1].bus_id, sizeof(gpus[1].bus_id), "00010000:0F:00.0");
	assert_int_equal(mig_ref_parse(&snap, "0000:0F:00.0", &ref, NULL, NULL), -MIG_E_NOENT);
	assert_int_equal(mig_ref_parse(&snap, "0F:00.0", &ref, NULL, NULL), -MIG_E_NOENT);
	assert_int_equal(mig_ref_parse(&snap, "00010000:0F:00.0", &ref, NULL, NULL), 0);
	assert_int_equal(ref.gpu, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_means_one_thing, set_up),
		cmocka_unit_test_setup(a_name_that_means_nothing_is_refused_in_words, set_up),
		cmocka_unit_test_setup(a_machine_without_gpus_says_so, set_up),
		cmocka_unit_test_setup(a_bus_id_is_whole, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
