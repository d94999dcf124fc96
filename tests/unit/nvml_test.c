/* SPDX-License-Identifier: Apache-2.0 */
/* The door to the driver: libraries that are none, results as errors, old forms of calls. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nvml/nvml.h"
#include "tests/opened.h"

static const char *library(void)
{
	return getenv("MIG_TEST_NVML");
}

/* A way to open that fails: with @code, and with both words in its message. */
static void open_fails(const struct mig_nvml_options *opt, int code, const char *word,
		       const char *other)
{
	struct mig_nvml *const before = (struct mig_nvml *)&before;
	struct mig_nvml *nvml = before;
	struct mig_error err = { 0 };

	assert_int_equal(mig_nvml_open(opt, &nvml, &err), -code);
	assert_int_equal(err.code, code);
	assert_true(has_words(err.msg, word));
	assert_true(has_words(err.msg, other));
	assert_int_equal(mig_nvml_open(opt, &nvml, NULL), -code);
	assert_ptr_equal(nvml, before);
}

static void a_library_that_is_not_there_is_named(void **state)
{
	(void)state;
	open_fails(&(struct mig_nvml_options){ .library = "/nowhere/libnvidia-ml.so.1" },
		   MIG_E_NOLIB, "/nowhere/libnvidia-ml.so.1", "cannot open");
}

static void a_library_that_is_not_nvml_lacks_a_symbol(void **state)
{
	(void)state;
	open_fails(&(struct mig_nvml_options){ .library = "libm.so.6" }, MIG_E_NOLIB,
		   "libm.so.6", "no symbol nvml");
}

static void a_real_library_is_no_simulated_machine(void **state)
{
	(void)state;
	open_fails(&(struct mig_nvml_options){ .library = getenv("MIG_TEST_BARE_NVML"),
					       .sim_dir = machine_folder(),
					       .sim_machine = "m" },
		   MIG_E_MACHINE, "simulated machine m was asked for", "a real driver's");
}

static void a_machine_that_is_not_there_is_named(void **state)
{
	(void)state;
	open_fails(&(struct mig_nvml_options){ .library = library(),
					       .sim_dir = machine_folder(),
					       .sim_machine = "none" },
		   MIG_E_MACHINE, "simulated machine none in ", "No such file");
	open_fails(&(struct mig_nvml_options){ .library = library(), .sim_machine = "none" },
		   MIG_E_INVAL, "simulated machine none", "no folder");
}

static void one_process_is_one_machine_at_a_time(void **state)
{
	(void)state;
	machine_make("other", "1xA30", NULL);
	machine_start("1xA30", NULL);
	open_fails(&(struct mig_nvml_options){ .library = library(),
					       .sim_dir = machine_folder(),
					       .sim_machine = "other" },
		   MIG_E_MACHINE, "simulated machine other", "busy");
	machine_stop();
}

static struct mig_nvml *opened(const char *path, const char *machine)
{
	const struct mig_nvml_options opt = { .library = path,
					      .sim_dir = machine_folder(),
					      .sim_machine = machine };
	struct mig_nvml *nvml = NULL;
	struct mig_error err = { 0 };

	if (mig_nvml_open(&opt, &nvml, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	assert_non_null(nvml);
	return nvml;
}

static const struct {
	nvmlReturn_t result;
	int code;
} results[] = {
	{ NVML_ERROR_UNINITIALIZED, MIG_E_NVML },
	{ NVML_ERROR_INVALID_ARGUMENT, MIG_E_INVAL },
	{ NVML_ERROR_NOT_SUPPORTED, MIG_E_UNSUPPORTED },
	{ NVML_ERROR_NO_PERMISSION, MIG_E_PERM },
	{ NVML_ERROR_NOT_FOUND, MIG_E_NOENT },
	{ NVML_ERROR_INSUFFICIENT_SIZE, MIG_E_NVML },
	{ NVML_ERROR_DRIVER_NOT_LOADED, MIG_E_NOLIB },
	{ NVML_ERROR_TIMEOUT, MIG_E_NVML },
	{ NVML_ERROR_LIBRARY_NOT_FOUND, MIG_E_NOLIB },
	{ NVML_ERROR_FUNCTION_NOT_FOUND, MIG_E_UNSUPPORTED },
	{ NVML_ERROR_GPU_IS_LOST, MIG_E_NVML },
	{ NVML_ERROR_RESET_REQUIRED, MIG_E_PENDING },
	{ NVML_ERROR_LIB_RM_VERSION_MISMATCH, MIG_E_NOLIB },
	{ NVML_ERROR_IN_USE, MIG_E_BUSY },
	{ NVML_ERROR_INSUFFICIENT_RESOURCES, MIG_E_NOSPACE },
	{ NVML_ERROR_UNKNOWN, MIG_E_NVML },
};

static void each_result_of_the_driver_is_one_error_and_keeps_its_code(void **state)
{
	struct mig_nvml *nvml = opened(getenv("MIG_TEST_BARE_NVML"), NULL);
	void *dl = dlopen(getenv("MIG_TEST_BARE_NVML"), RTLD_NOW | RTLD_NOLOAD);
	nvmlReturn_t *result = dlsym(dl, "bare_nvml_result");

	(void)state;
	assert_non_null(result);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		struct mig_error err = { 0 };
		unsigned n = 77;

		*result = results[i].result;
		assert_int_equal(mig_nvml_gpu_count(nvml, &n, &err), -results[i].code);
		assert_int_equal(err.nvml, results[i].result);
		assert_true(has_words(err.msg, "count the GPUs"));
		assert_int_equal(mig_nvml_gpu_count(nvml, &n, NULL), -results[i].code);
		assert_int_equal(n, 77);
	}
	*result = NVML_SUCCESS;
	mig_nvml_close(nvml);
	dlclose(dl);
}

static void a_driver_that_does_not_start_is_no_driver(void **state)
{
	void *dl = dlopen(getenv("MIG_TEST_BARE_NVML"), RTLD_NOW);
	nvmlReturn_t *result = dlsym(dl, "bare_nvml_result");

	(void)state;
	*result = NVML_ERROR_DRIVER_NOT_LOADED;
	open_fails(&(struct mig_nvml_options){ .library = getenv("MIG_TEST_BARE_NVML") },
		   MIG_E_NOLIB, "start NVML", "bare_nvml");
	dlclose(dl);
}

/* Whatever an older driver lacks is an answer, never a crash. */
static void a_missing_symbol_is_not_supported(void **state)
{
	struct mig_nvml *nvml = opened(getenv("MIG_TEST_BARE_NVML"), NULL);
	const struct mig_nvml_gpu gpu = { NULL };
	struct mig_nvml_placement place;
	struct mig_nvml_gi_profile gp;
	struct mig_nvml_ci_profile cp;
	struct mig_nvml_process proc;
	struct mig_nvml_attributes attr;
	struct mig_nvml_memory mem;
	struct mig_nvml_gi gi = { NULL };
	struct mig_nvml_ci ci = { NULL };
	struct mig_nvml_pci pci;
	unsigned a = 77, b = 77;
	const int want = -MIG_E_UNSUPPORTED;

	(void)state;
	assert_null(mig_nvml_sim_name(nvml));
	assert_null(mig_nvml_sim_id(nvml));
	assert_false(mig_nvml_sim_is_assumed(nvml));
	assert_int_equal(mig_nvml_mode(nvml, gpu, &a, &b, NULL), want);
	assert_int_equal(mig_nvml_set_mode(nvml, gpu, 1, NULL), want);
	assert_int_equal(mig_nvml_minor(nvml, gpu, &a, NULL), want);
	assert_int_equal(mig_nvml_pci(nvml, gpu, &pci, NULL), want);
	assert_int_equal(mig_nvml_memory(nvml, gpu, &mem, NULL), want);
	assert_int_equal(mig_nvml_processes(nvml, gpu, &proc, 1, NULL), want);
	assert_int_equal(mig_nvml_mig_max(nvml, gpu, &a, NULL), want);
	assert_int_equal(mig_nvml_mig_ids(nvml, gpu, &a, &b, NULL), want);
	assert_int_equal(mig_nvml_attributes(nvml, gpu, &attr, NULL), want);
	assert_int_equal(mig_nvml_gi_profile(nvml, gpu, 0, &gp, NULL), want);
	assert_int_equal(mig_nvml_gi_placements(nvml, gpu, 0, &place, 1, NULL), want);
	assert_int_equal(mig_nvml_gi_list(nvml, gpu, 0, &gi, 1, NULL), want);
	assert_int_equal(mig_nvml_gi_create(nvml, gpu, 0, 0, 1, &gi, NULL), want);
	assert_int_equal(mig_nvml_gi_destroy(nvml, gi, NULL), want);
	assert_int_equal(mig_nvml_ci_profile(nvml, gi, 0, &cp, NULL), want);
	assert_int_equal(mig_nvml_ci_create(nvml, gi, 0, -1, 1, &ci, NULL), want);
	assert_int_equal(mig_nvml_ci_destroy(nvml, ci, NULL), want);
	assert_int_equal(a, 77);
	assert_int_equal(b, 77);
	mig_nvml_close(nvml);
	mig_nvml_close(NULL);
}

static const char *const drivers[] = { "450.80.02",  "470.57.02",  "515.43.04",
				       "535.261.03", "580.126.09", NULL };

/* One GI profile, by the newest form of the call that the driver has. */
static void same_profile(const struct mig_profile *p, const struct mig_nvml_gi_profile *i,
			 bool has_names)
{
	assert_int_equal(i->id, p->id);
	assert_int_equal(i->compute_slices, p->compute_slices);
	assert_int_equal(i->max_count, p->max_count);
	assert_int_equal(i->sm, p->sm);
	assert_int_equal(i->mem_mib, p->mem_mib);
	assert_int_equal(i->copy_engines, p->copy_engines);
	assert_int_equal(i->decoders, p->decoders);
	assert_int_equal(i->encoders, p->encoders);
	assert_int_equal(i->jpeg, p->jpeg);
	assert_int_equal(i->ofa, p->ofa);
	assert_int_equal(i->p2p, p->p2p);
	assert_string_equal(i->name, has_names ? p->name : "");
}

/* An A100's 3g.40gb at 4, its three CIs and what the calls tell of them. */
static void make_and_look(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int branch)
{
	struct mig_nvml_placement places[8];
	struct mig_nvml_gi_info gi_info;
	struct mig_nvml_ci_info ci_info;
	struct mig_nvml_ci_profile cp;
	struct mig_nvml_process proc;
	struct mig_nvml_memory mem;
	struct mig_nvml_gi gi, again;
	struct mig_nvml_ci ci;

	assert_int_equal(mig_nvml_gi_placements(nvml, gpu, 9, places, 8, NULL), 2);
	assert_int_equal(places[1].start, 4);
	assert_int_equal(places[1].size, 4);
	assert_int_equal(mig_nvml_gi_create(nvml, gpu, 9, 4, 4, &gi, NULL), 0);
	assert_int_equal(mig_nvml_gi_info(nvml, gi, &gi_info, NULL), 0);
	assert_int_equal(gi_info.profile_id, 9);
	assert_int_equal(gi_info.placement.start, 4);
	assert_int_equal(mig_nvml_gi_list(nvml, gpu, 9, &again, 1, NULL), 1);
	assert_ptr_equal(again.h, gi.h);

	assert_int_equal(mig_nvml_ci_profile(nvml, gi, 0, &cp, NULL), 0);
	assert_int_equal(cp.id, 0);
	assert_int_equal(cp.compute_slices, 1);
	assert_string_equal(cp.name, branch >= 510 ? "1c.3g.40gb" : "");
	assert_int_equal(mig_nvml_ci_create(nvml, gi, 0, branch >= 525 ? 2 : -1, 1, &ci, NULL),
			 0);
	assert_int_equal(mig_nvml_ci_info(nvml, ci, &ci_info, NULL), 0);
	assert_int_equal(ci_info.id, 0);
	assert_int_equal(ci_info.placement.size, branch >= 460 ? 1 : 0);
	if (branch >= 525)
		assert_int_equal(ci_info.placement.start, 2);
	assert_int_equal(mig_nvml_processes(nvml, gpu, &proc, 1, NULL), 0);
	assert_int_equal(mig_nvml_memory(nvml, gpu, &mem, NULL), 0);
	assert_int_equal(mem.total_bytes, (uint64_t)type_of("A100-SXM4-80GB")->mem_mib.v << 20);
	assert_int_equal(mig_nvml_ci_destroy(nvml, ci, NULL), 0);
	assert_int_equal(mig_nvml_gi_destroy(nvml, gi, NULL), 0);
}

static void every_driver_tells_the_same_in_its_own_form(void **state)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");

	(void)state;
	for (int d = 0; drivers[d]; d++) {
		const char *name = machine_start("1xA100-SXM4-80GB", drivers[d]);
		struct mig_nvml *nvml = opened(library(), name);
		const int branch = atoi(drivers[d]);
		struct mig_nvml_gpu gpu;
		int n_told = 0;

		mig_on(0);
		assert_int_equal(mig_nvml_gpu_by_index(nvml, 0, &gpu, NULL), 0);
		for (int i = 0; i < type->n_profiles; i++) {
			const struct mig_profile *p = &type->profiles[i];
			struct mig_nvml_gi_profile info;
			int rc = mig_nvml_gi_profile(nvml, gpu, (unsigned)p->nvml_profile,
						     &info, NULL);

			/* The double memory profile came with R525, +me with R470. */
			if (rc == 0)
				same_profile(p, &info, branch >= 510);
			n_told += rc == 0;
		}
		assert_int_equal(n_told, branch >= 525 ? 7 : branch >= 470 ? 6 : 5);
		make_and_look(nvml, gpu, branch);
		mig_nvml_close(nvml);
		machine_stop();
	}
}

static void a_number_past_the_last_profile_is_invalid(void **state)
{
	(void)state;
	for (int d = 0; drivers[d]; d++) {
		struct mig_nvml *nvml =
			opened(library(), machine_start("1xA100-SXM4-80GB", drivers[d]));
		struct mig_nvml_gi_profile info;
		struct mig_nvml_gpu gpu;
		struct mig_error err;

		mig_on(0);
		assert_int_equal(mig_nvml_gpu_by_index(nvml, 0, &gpu, NULL), 0);
		assert_int_equal(mig_nvml_gi_profile(nvml, gpu, 63, &info, &err), -MIG_E_INVAL);
		assert_true(has_words(err.msg, "profile number 63"));
		/* Number 5, eight slices, came with R455; no A100 has them. */
		assert_int_equal(mig_nvml_gi_profile(nvml, gpu, 5, &info, &err),
				 atoi(drivers[d]) >= 455 ? -MIG_E_UNSUPPORTED : -MIG_E_INVAL);
		mig_nvml_close(nvml);
		machine_stop();
	}
}

static void an_index_without_a_device_is_not_there(void **state)
{
	struct mig_nvml *nvml = opened(library(), machine_start("1xA30", NULL));
	struct mig_nvml_gpu gpu, mig;
	struct mig_error err;

	(void)state;
	mig_on(0);
	assert_int_equal(mig_nvml_gpu_by_index(nvml, 0, &gpu, NULL), 0);
	assert_int_equal(mig_nvml_mig_by_index(nvml, gpu, 1, &mig, &err), -MIG_E_NOENT);
	assert_true(has_words(err.msg, "open MIG device 1"));
	assert_int_equal(mig_nvml_mig_by_index(nvml, gpu, 99, &mig, NULL), -MIG_E_NOENT);
	assert_int_equal(mig_nvml_gpu_by_index(nvml, 1, &gpu, &err), -MIG_E_INVAL);
	assert_true(has_words(err.msg, "open GPU 1"));
	mig_nvml_close(nvml);
	machine_stop();
}

static void a_switch_that_waits_says_for_what(void **state)
{
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	struct mig_nvml *nvml = opened(library(), name);
	struct sim_tenant *tenant = NULL;
	unsigned current = 77, pending = 77;
	struct mig_nvml_gpu gpu;
	struct mig_error err;

	(void)state;
	assert_int_equal(sim_tenant_begin(machine_folder(), name, "GPU:0", 1, 0, &tenant, NULL),
			 0);
	assert_int_equal(mig_nvml_gpu_by_index(nvml, 0, &gpu, NULL), 0);
	assert_int_equal(mig_nvml_set_mode(nvml, gpu, 1, &err), -MIG_E_PENDING);
	assert_int_equal(err.nvml, NVML_ERROR_IN_USE);
	assert_true(has_words(err.msg, "after a reset"));
	assert_true(has_words(err.msg, "In use by another client"));
	assert_int_equal(mig_nvml_mode(nvml, gpu, &current, &pending, NULL), 0);
	assert_int_equal(current, 0);
	assert_int_equal(pending, 1);
	sim_tenant_end(tenant);
	mig_nvml_close(nvml);
	machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_that_is_not_there_is_named),
		cmocka_unit_test(a_library_that_is_not_nvml_lacks_a_symbol),
		cmocka_unit_test(a_real_library_is_no_simulated_machine),
		cmocka_unit_test(a_machine_that_is_not_there_is_named),
		cmocka_unit_test(one_process_is_one_machine_at_a_time),
		cmocka_unit_test(each_result_of_the_driver_is_one_error_and_keeps_its_code),
		cmocka_unit_test(a_driver_that_does_not_start_is_no_driver),
		cmocka_unit_test(a_missing_symbol_is_not_supported),
		cmocka_unit_test(every_driver_tells_the_same_in_its_own_form),
		cmocka_unit_test(a_number_past_the_last_profile_is_invalid),
		cmocka_unit_test(an_index_without_a_device_is_not_there),
		cmocka_unit_test(a_switch_that_waits_says_for_what),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
