/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <math.h>

#include "tests/catalog.h"

static struct mig_catalog *catalog;

static int open_catalog(void **state)
{
	(void)state;
	return mig_catalog_open(NULL, &catalog, NULL);
}

static int close_catalog(void **state)
{
	(void)state;
	mig_catalog_close(catalog);
	return 0;
}

static const struct mig_gpu_type *type_of(const char *key)
{
	const struct mig_gpu_type *type = NULL;
	struct mig_error err = { 0 };

	if (mig_catalog_find(catalog, key, &type, &err) < 0)
		fail_msg("%s", err.msg);
	return type;
}

static const struct mig_profile *profile_of(const char *key, const char *name)
{
	const struct mig_profile *p = mig_profile_find(type_of(key), name);

	if (!p)
		fail_msg("%s has no %s", key, name);
	return p;
}

static void every_built_in_type_keeps_the_invariants(void **state)
{
	(void)state;
	assert_int_equal(mig_catalog_count(catalog), 18);
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const char *key = mig_catalog_key(catalog, i);
		const struct mig_gpu_type *type = type_of(key);

		assert_string_equal(type->key, key);
		assert_true(i == 0 || strcmp(mig_catalog_key(catalog, i - 1), key) < 0);
		assert_false(type->is_assumed);
		check_type(type);
	}
	assert_null(mig_catalog_key(catalog, 18));
	assert_null(mig_catalog_key(catalog, -1));
}

/* The gigabytes in a name, as NVIDIA's go-nvlib computes them: eighths of the memory, rounded
 * up, of the GPU's whole GiB, rounded up, to the nearest. */
static int name_gb(int64_t mem_mib, int64_t total_mib)
{
	const double eighths = ceil(8.0 * (double)mem_mib / (double)total_mib);
	const double total_gib = ceil((double)total_mib / 1024.0);

	return (int)floor(eighths / 8.0 * total_gib + 0.5);
}

static int check_names(const struct mig_gpu_type *type)
{
	int n = 0;

	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];
		int slices, gb;

		assert_int_equal(sscanf(p->name, "%dg.%dgb", &slices, &gb), 2);
		assert_int_equal(slices, p->compute_slices);
		if (p->mem_mib == MIG_UNKNOWN || type->mem_mib.v == MIG_UNKNOWN)
			continue;
		if (gb != name_gb(p->mem_mib, type->mem_mib.v))
			fail_msg("%s: %s has %lld MiB", type->key, p->name,
				 (long long)p->mem_mib);
		n++;
	}
	return n;
}

static void the_gigabytes_of_a_name_follow_from_the_memory(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++)
		n += check_names(type_of(mig_catalog_key(catalog, i)));
	assert_in_range(n, 70, 200);
}

/* As many as the count says share what the profile of the whole GPU has. */
static void check_sums(const struct mig_gpu_type *type, const struct mig_profile *whole)
{
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];

		assert_true(p->max_count * p->sm <= type->sm.v);
		assert_true(p->max_count * p->mem_mib <= type->mem_mib.v);
		assert_true(p->max_count * p->size <= type->units);
		assert_true(p->max_count * p->copy_engines <= whole->copy_engines);
		assert_true(p->max_count * p->decoders <= whole->decoders);
		assert_true(p->max_count * p->encoders <= whole->encoders);
		assert_true(p->max_count * p->jpeg <= whole->jpeg);
		assert_true(p->max_count * p->ofa <= whole->ofa);
	}
}

static const char *const complete[] = {
	"A100-SXM4-40GB", "A100-SXM4-80GB", "A30",
	"GH200-96GB",     "H100-NVL-94GB",  "H100-PCIe-80GB",
	"H100-SXM5-80GB", "H200-141GB",     "RTX-PRO-6000-Blackwell",
};

enum { N_COMPLETE = (int)(sizeof(complete) / sizeof(complete[0])) };

static void what_instances_get_the_gpu_has(void **state)
{
	(void)state;
	for (int i = 0; i < N_COMPLETE; i++) {
		const struct mig_gpu_type *type = type_of(complete[i]);
		const struct mig_profile *whole = mig_profile_find(type, "0");

		assert_non_null(whole);
		assert_int_equal(whole->size, type->units);
		assert_int_equal(whole->compute_slices, type->compute_slices);
		check_sums(type, whole);
	}
}

static void exactly_the_published_types_have_no_gaps(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));
		char gaps[4096];

		if (mig_gpu_type_gaps(type, gaps, sizeof(gaps)) > 0) {
			assert_int_not_equal(gaps[0], '\0');
			continue;
		}
		assert_string_equal(gaps, "");
		assert_true(n < N_COMPLETE);
		assert_string_equal(type->key, complete[n++]);
	}
	assert_int_equal(n, N_COMPLETE);
}

static void gaps_are_named_a_line_a_profile(void **state)
{
	char gaps[4096], cut[12];

	(void)state;
	assert_int_equal(mig_gpu_type_gaps(type_of("A100-SXM-64GB"), gaps, sizeof(gaps)), 2);
	assert_string_equal(gaps, "GPU: total memory, profiles\n");
	assert_int_equal(mig_gpu_type_gaps(type_of("B200-180GB"), gaps, sizeof(gaps)), 24);
	assert_string_equal(
		gaps, "3g.90gb: sm, memory, copy engines, decoders, encoders, jpeg, ofa, "
		      "p2p\n"
		      "4g.90gb: sm, memory, copy engines, decoders, encoders, jpeg, ofa, "
		      "p2p\n"
		      "7g.180gb: sm, memory, copy engines, decoders, encoders, jpeg, ofa, "
		      "p2p\n");
	assert_int_equal(mig_gpu_type_gaps(type_of("B200-180GB"), cut, sizeof(cut)), 24);
	assert_string_equal(cut, "3g.90gb: sm");
}

/* Lines of nvidia-smi mig -lgip on real cards, memory in MiB. */
static void what_cards_print_is_what_the_catalog_says(void **state)
{
	static const struct {
		const char *type, *profile;
		int id, count, sm, mem_mib, ce, dec, enc, jpeg, ofa;
	} seen[] = {
		{ "A100-SXM4-40GB", "1g.5gb+me", 20, 1, 14, 4864, 1, 1, 0, 1, 1 },
		{ "A100-SXM4-40GB", "7g.40gb", 0, 1, 98, 40320, 7, 5, 0, 1, 1 },
		{ "A100-SXM4-80GB", "3g.40gb", 9, 2, 42, 40192, 3, 2, 0, 0, 0 },
		{ "A30", "2g.12gb", 5, 2, 28, 11968, 2, 2, 0, 0, 0 },
		{ "H100-SXM5-80GB", "3g.40gb", 9, 2, 60, 40448, 3, 3, 0, 3, 0 },
		{ "H100-SXM5-80GB", "1g.20gb", 15, 4, 26, 20096, 1, 1, 0, 1, 0 },
		{ "H100-PCIe-80GB", "4g.40gb", 5, 1, 62, 40448, 4, 4, 0, 4, 0 },
		{ "H200-141GB", "7g.141gb", 0, 1, 132, 143104, 8, 7, 0, 7, 1 },
		{ "RTX-PRO-6000-Blackwell", "1g.24gb+me.all", 65, 1, 46, 24192, 1, 4, 4, 4, 1 },
		{ "RTX-PRO-6000-Blackwell", "2g.48gb-me", 66, 2, 94, 48512, 2, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		const struct mig_profile *p = profile_of(seen[i].type, seen[i].profile);

		assert_int_equal(p->id, seen[i].id);
		assert_int_equal(p->max_count, seen[i].count);
		assert_int_equal(p->sm, seen[i].sm);
		assert_int_equal(p->mem_mib, seen[i].mem_mib);
		assert_int_equal(p->copy_engines, seen[i].ce);
		assert_int_equal(p->decoders, seen[i].dec);
		assert_int_equal(p->encoders, seen[i].enc);
		assert_int_equal(p->jpeg, seen[i].jpeg);
		assert_int_equal(p->ofa, seen[i].ofa);
		assert_int_equal(p->p2p, 0);
	}
}

static void starts_are_those_of_the_listings(void **state)
{
	static const struct {
		const char *type, *profile;
		int size;
		uint16_t starts;
	} seen[] = {
		{ "A100-SXM4-40GB", "19", 1, 0x7f },
		{ "A100-SXM4-40GB", "15", 2, 0x55 },
		{ "A100-SXM4-40GB", "14", 2, 0x15 },
		{ "A100-SXM4-40GB", "9", 4, 0x11 },
		{ "A100-SXM4-40GB", "5", 4, 0x1 },
		{ "A100-SXM4-40GB", "0", 8, 0x1 },
		{ "A30", "14", 1, 0xf },
		{ "A30", "5", 2, 0x5 },
		{ "RTX-PRO-6000-Blackwell", "47", 3, 0x249 },
		{ "RTX-PRO-6000-Blackwell", "35", 6, 0x41 },
		{ "RTX-PRO-6000-Blackwell", "32", 12, 0x1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		const struct mig_profile *p = profile_of(seen[i].type, seen[i].profile);

		assert_int_equal(p->size, seen[i].size);
		assert_int_equal(p->starts, seen[i].starts);
	}
}

static void only_graphics_profiles_have_graphics(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));

		for (int k = 0; k < type->n_profiles; k++) {
			const struct mig_profile *p = &type->profiles[k];

			assert_int_equal(p->gfx, strstr(p->name, "+gfx") != NULL);
			n += p->gfx;
		}
	}
	assert_int_equal(n, 3);
}

static void modes_follow_the_architecture(void **state)
{
	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));
		const int is_ampere = strcmp(type->arch, "Ampere") == 0;

		assert_int_equal(type->mode_needs_reset, is_ampere);
		assert_int_equal(type->mode_survives_reboot, is_ampere);
		assert_int_equal(type->cc_major == 8, is_ampere);
		assert_int_equal(type->nvml_arch == 7, is_ampere);
	}
}

static void a_profile_is_found_by_name_or_id(void **state)
{
	const struct mig_profile *gi = profile_of("A100-SXM4-80GB", "3g.40gb");

	(void)state;
	assert_ptr_equal(profile_of("A100-SXM4-80GB", "MIG 3g.40gb"), gi);
	assert_ptr_equal(profile_of("A100-SXM4-80GB", "9"), gi);
	assert_null(mig_profile_find(type_of("A100-SXM4-80GB"), "3g.20gb"));
	assert_null(mig_profile_find(type_of("A100-SXM4-80GB"), "99"));
	assert_null(mig_profile_find(type_of("A100-SXM4-80GB"), ""));
	assert_ptr_equal(mig_ci_profile_find(gi, "MIG 1c.3g.40gb"), &gi->ci[0]);
	assert_ptr_equal(mig_ci_profile_find(gi, "1"), &gi->ci[1]);
	assert_ptr_equal(mig_ci_profile_find(gi, "3g.40gb"), mig_ci_profile_default(gi));
	assert_null(mig_ci_profile_find(gi, "4c.3g.40gb"));
}

static const struct mig_ci_profile *ci_of(const char *key, const char *gi, const char *name)
{
	const struct mig_ci_profile *ci = mig_ci_profile_find(profile_of(key, gi), name);

	if (!ci)
		fail_msg("%s: %s has no %s", key, gi, name);
	return ci;
}

static void partial_compute_instances_follow_the_rules(void **state)
{
	const struct mig_ci_profile *ci;
	static const uint16_t of_7g[] = { 0x7f, 0x15, 0x11, 0x1, 0x1 };

	(void)state;
	ci = ci_of("A100-SXM4-80GB", "3g.40gb", "2c.3g.40gb");
	assert_true(ci->sm == 28 && ci->sm_basis == MIG_BASIS_MEASURED);
	assert_true(ci->starts == 0x3 && ci->starts_basis == MIG_BASIS_ASSUMED);
	ci = ci_of("H100-SXM5-80GB", "3g.40gb", "2c.3g.40gb");
	assert_true(ci->sm == 32 && ci->sm_basis == MIG_BASIS_ASSUMED);
	ci = ci_of("H100-SXM5-80GB", "3g.40gb", "3g.40gb");
	assert_true(ci->sm == 60 && ci->sm_basis == MIG_BASIS_DERIVED);
	ci = ci_of("RTX-PRO-6000-Blackwell", "4g.96gb", "2c.4g.96gb");
	assert_true(ci->sm == 92 && ci->sm_basis == MIG_BASIS_ASSUMED);
	assert_true(ci->starts == 0x5 && ci->starts_basis == MIG_BASIS_DERIVED);
	ci = ci_of("H100-NVL-94GB", "1g.24gb", "1g.24gb");
	assert_true(ci->id == 7 && ci->size == 2 && ci->starts == 0x1 && ci->is_default);
	ci = ci_of("B300-269GB", "3g.135gb", "1c.3g.135gb");
	assert_true(ci->sm == MIG_UNKNOWN && ci->sm_basis == MIG_BASIS_NONE);
	/* Of an H20 the SMs of a 1g are known, those of a 3g are not. */
	ci = ci_of("H20-96GB", "3g.48gb", "2c.3g.48gb");
	assert_true(ci->sm == 16 && ci->sm_basis == MIG_BASIS_ASSUMED);
	ci = ci_of("H20-96GB", "3g.48gb", "3g.48gb");
	assert_true(ci->sm == MIG_UNKNOWN && ci->sm_basis == MIG_BASIS_NONE);
	for (int i = 0; i < 5; i++)
		assert_int_equal(profile_of("H200-141GB", "7g.141gb")->ci[i].starts, of_7g[i]);
}

static void a_type_is_found_by_each_of_its_pci_ids_and_names(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));

		assert_ptr_equal(type_of(type->name), type);
		for (int k = 0; k < type->n_pci_ids; k++, n++) {
			assert_ptr_equal(mig_catalog_find_pci(catalog, type->pci_ids[k]), type);
			if (type->pci_names[k][0])
				assert_ptr_equal(type_of(type->pci_names[k]), type);
		}
	}
	assert_in_range(n, 30, 100);
	assert_ptr_equal(mig_catalog_find_pci(catalog, 0x20f510de), type_of("A100-SXM4-80GB"));
	assert_null(mig_catalog_find_pci(catalog, 0x268410de));
	assert_null(mig_catalog_find_pci(catalog, 0));
}

static void case_and_the_word_nvidia_do_not_matter(void **state)
{
	(void)state;
	assert_ptr_equal(type_of("a100-sxm4-80gb"), type_of("A100-SXM4-80GB"));
	assert_ptr_equal(type_of("H100 80GB HBM3"), type_of("H100-SXM5-80GB"));
	assert_ptr_equal(type_of("nvidia a100 80gb pcie"), type_of("A100-SXM4-80GB"));
}

static void an_unknown_type_names_the_nearest(void **state)
{
	const struct mig_gpu_type *type = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_catalog_find(catalog, "A100-80GB", &type, &err), -MIG_E_NOENT);
	assert_null(type);
	assert_non_null(
		strstr(err.msg, "no GPU type \"A100-80GB\"; the nearest are A100-SXM4-80GB, "));
	assert_int_equal(mig_catalog_find(catalog, "h200-nvl-x", &type, &err), -MIG_E_NOENT);
	assert_non_null(strstr(err.msg, "nearest are "));
}

/* What is missing of a type even when the rules have been applied. */
static const char *missing_after_assuming(const struct mig_gpu_type *type)
{
	if (type->n_profiles == 0)
		return "GPU: total memory, profiles\n";
	if (strcmp(type->key, "GH200-144GB") == 0)
		return "1g.18gb: sm\n1g.18gb+me: sm\n1g.36gb: sm\n2g.36gb: sm\n3g.72gb: sm\n"
		       "4g.72gb: sm\n7g.144gb: sm\n";
	if (strcmp(type->key, "GB300-278GB") == 0)
		return "1g.35gb: sm\n1g.35gb+me: sm\n1g.70gb: sm\n2g.70gb: sm\n3g.139gb: sm\n"
		       "4g.139gb: sm\n7g.278gb: sm\n";
	return "";
}

static void assuming_fills_all_but_what_nothing_is_known_of(void **state)
{
	(void)state;
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		struct mig_gpu_type type = *type_of(mig_catalog_key(catalog, i));
		const int n_before = mig_gpu_type_gaps(&type, NULL, 0);
		char gaps[4096];

		mig_gpu_type_assume(&type);
		check_type(&type);
		check_names(&type);
		assert_int_equal(type.is_assumed, n_before > 0 && type.n_profiles > 0);
		mig_gpu_type_gaps(&type, gaps, sizeof(gaps));
		assert_string_equal(gaps, missing_after_assuming(&type));
	}
}

static void assuming_changes_nothing_that_is_published(void **state)
{
	struct mig_gpu_type type = *type_of("B200-180GB");

	(void)state;
	mig_gpu_type_assume(&type);
	assert_int_equal(type.basis, MIG_BASIS_ASSUMED);
	for (int i = 0; i < type.n_profiles; i++) {
		const struct mig_profile *was = &type_of("B200-180GB")->profiles[i];

		if (was->sm != MIG_UNKNOWN)
			assert_memory_equal(was, &type.profiles[i],
					    offsetof(struct mig_profile, ci));
		else
			assert_int_equal(type.profiles[i].basis, MIG_BASIS_ASSUMED);
	}
}

static void assumed_values_are_so_many_slices(void **state)
{
	struct mig_gpu_type type = *type_of("B200-180GB");
	const struct mig_profile *p;

	(void)state;
	mig_gpu_type_assume(&type);
	p = mig_profile_find(&type, "3g.90gb");
	assert_true(p->sm == 3 * 18 && p->mem_mib == 4 * 22528 && p->copy_engines == 6);
	assert_true(p->decoders == 3 && p->encoders == 0 && p->jpeg == 3 && p->ofa == 0);
	p = mig_profile_find(&type, "7g.180gb");
	assert_true(p->sm == 7 * 18 && p->mem_mib == 8 * 22528 && p->ofa == 1);
	assert_true(mig_ci_profile_find(p, "4c.7g.180gb")->sm == 4 * 18);
	assert_int_equal(mig_ci_profile_find(p, "4c.7g.180gb")->sm_basis, MIG_BASIS_ASSUMED);

	/* Nothing but the total is known of a B300: 148 SMs in seven, evenly, are 20. */
	type = *type_of("B300-269GB");
	mig_gpu_type_assume(&type);
	assert_int_equal(mig_profile_find(&type, "2g.67gb")->sm, 40);
	assert_int_equal(mig_profile_find(&type, "7g.269gb")->sm, 148);
	assert_int_equal(mig_profile_find(&type, "2g.67gb")->mem_mib, 275040 / 4 / 64 * 64);
	assert_int_equal(mig_profile_find(&type, "1g.34gb+me")->ofa, 1);
}

static void every_basis_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(mig_basis_name(MIG_BASIS_DRIVER), "driver");
	assert_string_equal(mig_basis_name(MIG_BASIS_ASSUMED), "assumed");
	assert_string_equal(mig_basis_name(MIG_BASIS_NONE), "unknown");
	assert_string_equal(mig_basis_name((enum mig_basis)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_built_in_type_keeps_the_invariants),
		cmocka_unit_test(the_gigabytes_of_a_name_follow_from_the_memory),
		cmocka_unit_test(what_instances_get_the_gpu_has),
		cmocka_unit_test(exactly_the_published_types_have_no_gaps),
		cmocka_unit_test(gaps_are_named_a_line_a_profile),
		cmocka_unit_test(what_cards_print_is_what_the_catalog_says),
		cmocka_unit_test(starts_are_those_of_the_listings),
		cmocka_unit_test(only_graphics_profiles_have_graphics),
		cmocka_unit_test(modes_follow_the_architecture),
		cmocka_unit_test(a_profile_is_found_by_name_or_id),
		cmocka_unit_test(partial_compute_instances_follow_the_rules),
		cmocka_unit_test(a_type_is_found_by_each_of_its_pci_ids_and_names),
		cmocka_unit_test(case_and_the_word_nvidia_do_not_matter),
		cmocka_unit_test(an_unknown_type_names_the_nearest),
		cmocka_unit_test(assuming_fills_all_but_what_nothing_is_known_of),
		cmocka_unit_test(assuming_changes_nothing_that_is_published),
		cmocka_unit_test(assumed_values_are_so_many_slices),
		cmocka_unit_test(every_basis_has_a_name),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
