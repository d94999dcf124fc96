/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated machines from outside, and what their files may hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/nvml.h"
#include "sim/image.h"
#include "sim/uuid.h"
#include "sim/version.h"

static struct mig_catalog *catalog;
static char folder[] = "/tmp/migctl-sim-test-XXXXXX";

static int make(const char *name, const char *spec, const char *driver, uint64_t seed,
		struct mig_error *err)
{
	struct sim_options opt = { .driver = driver, .seed = seed };

	assert_int_equal(sim_spec_parse(spec, catalog, &opt, NULL), 0);
	return sim_machine_new(folder, name, &opt, err);
}

static void spec_fails(const char *spec, int code, const char *word)
{
	struct sim_options opt = { .n_specs = -1 };
	struct mig_error err = { 0 };

	assert_int_equal(sim_spec_parse(spec, catalog, &opt, &err), -code);
	assert_non_null(strstr(err.msg, word));
	assert_int_equal(opt.n_specs, -1);
}

static void a_spec_is_counts_and_types(void **state)
{
	struct sim_options opt = { .seed = 5 };

	(void)state;
	assert_int_equal(sim_spec_parse("2xA100-SXM4-80GB@mirrored,A30", catalog, &opt, NULL),
			 0);
	assert_int_equal(opt.n_specs, 2);
	assert_int_equal(opt.specs[0].count, 2);
	assert_true(opt.specs[0].is_mirrored);
	assert_string_equal(opt.specs[0].type->key, "A100-SXM4-80GB");
	assert_int_equal(opt.specs[1].count, 1);
	assert_false(opt.specs[1].is_mirrored);
	assert_int_equal(opt.seed, 5);
}

static void a_spec_that_is_none_is_refused_by_its_place(void **state)
{
	(void)state;
	spec_fails("", MIG_E_SYNTAX, "missing");
	spec_fails("2x", MIG_E_SYNTAX, "2x");
	spec_fails("0xA30", MIG_E_SYNTAX, "0xA30");
	spec_fails("A30,", MIG_E_SYNTAX, "missing");
	spec_fails("A30@mirrored", MIG_E_SYNTAX, "A30");
	spec_fails("A100-SXM4-80GB@upside-down", MIG_E_SYNTAX, "@upside-down");
	spec_fails("1xA999", MIG_E_NOENT, "A999");
	spec_fails("33xA30", MIG_E_NOSPACE, "32");
	spec_fails("99999999999999999999xA30", MIG_E_NOSPACE, "32");
	spec_fails("20xA30,20xA30", MIG_E_NOSPACE, "32");
	spec_fails("A30,A30,A30,A30,A30,A30,A30,A30,A30", MIG_E_NOSPACE, "8");
}

static void a_machine_is_what_was_asked_for(void **state)
{
	struct sim_summary sum;

	(void)state;
	assert_int_equal(make("m1", "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB", "550.54", 1,
			      NULL),
			 0);
	assert_int_equal(sim_machine_summary(folder, "m1", &sum, NULL), 0);
	assert_string_equal(sum.name, "m1");
	assert_string_equal(sum.driver, "550.54");
	assert_string_equal(sum.gpus, "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB");
	assert_int_equal(sum.n_gpus, 3);
	assert_int_equal(sum.n_gis + sum.n_cis + sum.n_tenants, 0);
	assert_int_equal(strlen(sum.id), 32);
	assert_int_equal(sim_machine_rm(folder, "m1", NULL), 0);
	assert_int_equal(sim_machine_summary(folder, "m1", &sum, NULL), -MIG_E_NOENT);
}

static void what_cannot_be_made_leaves_nothing(void **state)
{
	struct mig_error err = { 0 };
	char **names = NULL;

	(void)state;
	assert_int_equal(make("m2", "A30", NULL, 1, NULL), 0);
	assert_int_equal(make("m2", "A30", NULL, 1, &err), -MIG_E_EXIST);
	assert_non_null(strstr(err.msg, "m2"));
	assert_int_equal(make("../m", "A30", NULL, 1, &err), -MIG_E_INVAL);
	assert_int_equal(make("m3", "A30", "5.5", 1, &err), -MIG_E_INVAL);
	assert_int_equal(make("m3", "A30", "440.33", 1, &err), -MIG_E_INVAL);
	assert_int_equal(make("m3", "B300-269GB", NULL, 1, &err), -MIG_E_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "--assume"));
	assert_int_equal(sim_machine_list(folder, &names, NULL), 1);
	assert_string_equal(names[0], "m2");
	free(names[0]);
	free(names);
	assert_int_equal(sim_machine_rm(folder, "m2", NULL), 0);
	assert_int_equal(sim_machine_list("/nowhere/at/all", &names, NULL), 0);
	free(names);
}

static void gpu_names_follow_from_seed_and_name(void **state)
{
	char a[SIM_UUID_BYTES], b[SIM_UUID_BYTES];

	(void)state;
	sim_uuid_gpu(1, "m", 0, a);
	sim_uuid_gpu(1, "m", 0, b);
	assert_string_equal(a, b);
	assert_memory_equal(a, "GPU-00510000-", 13);
	assert_int_equal(strlen(a), 40);
	sim_uuid_gpu(2, "m", 0, b);
	assert_string_not_equal(a, b);
	sim_uuid_gpu(1, "n", 0, b);
	assert_string_not_equal(a, b);
	sim_uuid_gpu(1, "m", 1, b);
	assert_string_not_equal(a, b);
}

/* The examples of FIPS 180. */
static void the_digest_is_sha_1(void **state)
{
	static const uint8_t abc[] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
				       0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
				       0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	static const uint8_t two[] = { 0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2,
				       0x6e, 0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51,
				       0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1 };
	uint8_t got[SIM_SHA1_BYTES];

	(void)state;
	sim_sha1("abc", 3, got);
	assert_memory_equal(got, abc, sizeof(abc));
	sim_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, got);
	assert_memory_equal(got, two, sizeof(two));
}

static void a_driver_version_has_two_or_three_numbers(void **state)
{
	struct sim_version v;

	(void)state;
	assert_true(sim_version_parse("580.126.09", &v));
	assert_true(v.branch == 580 && v.minor == 126 && v.patch == 9);
	assert_true(sim_version_parse("470.57", &v));
	assert_false(sim_version_has(&v, SIM_MIX_4G_3G));
	assert_true(sim_version_has(&v, SIM_UUID_V5));
	assert_true(sim_version_parse("470.42", &v));
	assert_false(sim_version_has(&v, SIM_UUID_V5));
	assert_false(sim_version_parse("", &v));
	assert_false(sim_version_parse("580", &v));
	assert_false(sim_version_parse("580.", &v));
	assert_false(sim_version_parse("580.1.2.3", &v));
	assert_false(sim_version_parse("580.126x", &v));
	assert_false(sim_version_parse("99999999999.1", &v));
}

/* --- Files that are no machines -------------------------------------------------------------- */

static void overwrite(const char *name, off_t at, const void *bytes, size_t len, off_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/image", folder, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	if (size >= 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void refused(const char *why, int nvml)
{
	struct sim_summary sum;
	struct mig_error err = { 0 };

	assert_int_equal(sim_machine_summary(folder, "bad", &sum, &err), -MIG_E_MACHINE);
	assert_non_null(strstr(err.msg, why));
	assert_int_equal(err.nvml, nvml);
	assert_int_equal(sim_machine_rm(folder, "bad", NULL), 0);
	assert_int_equal(make("bad", "A30", NULL, 1, NULL), 0);
}

static void a_damaged_image_is_refused_by_what_is_wrong(void **state)
{
	const uint32_t other = SIM_IMAGE_VERSION + 1, many = 4000;

	(void)state;
	assert_int_equal(make("bad", "A30", NULL, 1, NULL), 0);
	overwrite("bad", 0, "x", 1, -1);
	refused("not a simulated machine", 0);
	overwrite("bad", 0, "x", 1, 0);
	refused("not a simulated machine", 0);
	overwrite("bad", offsetof(struct sim_fixed, version), &other, sizeof(other), -1);
	refused("version", NVML_ERROR_LIB_RM_VERSION_MISMATCH);
	overwrite("bad", offsetof(struct sim_fixed, half_bytes), &other, sizeof(other), -1);
	refused("another build", 0);
	overwrite("bad", 0, SIM_IMAGE_MAGIC, 8, 100000);
	refused("bytes", 0);
	overwrite("bad", offsetof(struct sim_fixed, n_gpus), &many, sizeof(many), -1);
	refused("damaged", 0);
	overwrite("bad", offsetof(struct sim_fixed, types[0].profiles[0].starts), &many,
		  sizeof(many), -1);
	refused("GPU type", 0);
	assert_int_equal(sim_machine_rm(folder, "bad", NULL), 0);
}

/* What the program prints to a stream that was closed must not end in the machine. */
static void an_image_is_never_opened_as_a_standard_stream(void **state)
{
	const int saved = dup(STDIN_FILENO);
	struct sim_image img;
	char path[256];
	int rc, own;

	(void)state;
	assert_int_equal(make("m", "A30", NULL, 1, NULL), 0);
	snprintf(path, sizeof(path), "%s/m/image", folder);
	close(STDIN_FILENO);
	rc = sim_image_open(path, &img, NULL);
	own = rc < 0 ? -1 : sim_image_own(&img);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(rc, 0);
	assert_int_equal(own, 0);
	assert_true(img.fd > STDERR_FILENO);
	sim_image_close(&img);
	assert_int_equal(sim_machine_rm(folder, "m", NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	return mig_catalog_open(NULL, &catalog, NULL) < 0 || !mkdtemp(folder);
}

static int teardown(void **state)
{
	(void)state;
	mig_catalog_close(catalog);
	return rmdir(folder); /* which fails when a test left something */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spec_is_counts_and_types),
		cmocka_unit_test(a_spec_that_is_none_is_refused_by_its_place),
		cmocka_unit_test(a_machine_is_what_was_asked_for),
		cmocka_unit_test(what_cannot_be_made_leaves_nothing),
		cmocka_unit_test(gpu_names_follow_from_seed_and_name),
		cmocka_unit_test(the_digest_is_sha_1),
		cmocka_unit_test(a_driver_version_has_two_or_three_numbers),
		cmocka_unit_test(a_damaged_image_is_refused_by_what_is_wrong),
		cmocka_unit_test(an_image_is_never_opened_as_a_standard_stream),
	};

	return cmocka_run_group_tests_name("sim", tests, setup, teardown);
}
