/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/workload.h>

static struct mig_catalog *catalog;

static const struct mig_gpu_type *type_of(const char *key)
{
	const struct mig_gpu_type *type;

	assert_int_equal(mig_catalog_find(catalog, key, &type, NULL), 0);
	return type;
}

static int profile_of(const struct mig_gpu_type *type, const char *name)
{
	const struct mig_profile *p = mig_profile_find(type, name);

	assert_non_null(p);
	return (int)(p - type->profiles);
}

static struct mig_models *models_of(const char *text)
{
	struct mig_models *models = NULL;
	struct mig_error err = { 0 };

	if (mig_models_parse(text, strlen(text), "m.yaml", &models, &err) < 0)
		fail_msg("%s", err.msg);
	return models;
}

/* A file with one model, whose first line is line 3. */
static struct mig_models *model_of(const char *model)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "version: migctl/v1\nmodels:\n%s", model);
	return models_of(buf);
}

/* The profiles of a type that a model may use, in order. */
static void uses(const char *model, const char *key, const char *want)
{
	struct mig_models *models = model_of(model);
	const struct mig_gpu_type *type = type_of(key);
	char got[512] = "", why[512];

	for (int i = 0; i < type->n_profiles; i++) {
		if (mig_model_limit(models->models, type, i, NULL) == MIG_LIMIT_NONE)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
				 *got ? " " : "", type->profiles[i].name);
	}
	assert_string_equal(got, want);
	assert_int_equal(mig_model_fits(models->models, type), *want != '\0');
	mig_model_explain(models->models, type, why, sizeof(why));
	assert_int_equal(*why == '\0', *want != '\0');
	mig_models_free(models);
}

static void a_model_uses_the_profiles_that_have_what_it_needs(void **state)
{
	(void)state;
	uses("  - {name: a, memory: 9GiB}\n", "A100-SXM4-80GB",
	     "1g.10gb 1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb");
	uses("  - {name: a, memory: 18GiB}\n", "A100-SXM4-80GB",
	     "1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb");
	uses("  - {name: a, memory: 30GiB}\n", "A30", "");
	uses("  - {name: a, profile: [2g.20gb, 1g.10gb+me]}\n", "A100-SXM4-80GB",
	     "1g.10gb+me 2g.20gb");
	/* Whose engines and memory nobody has published. */
	uses("  - {name: a, profile: 7g.180gb}\n", "B200-180GB", "7g.180gb");
	uses("  - {name: a, profile: 7g.180gb, needs: {nvdec: 1}}\n", "B200-180GB", "");
	uses("  - {name: a, profile: [2g.20gb], memory: 25GiB}\n", "A100-SXM4-80GB", "");
	uses("  - {name: a, memory: 1GiB, needs: {nvdec: 1, ofa: 1}}\n", "A100-SXM4-80GB",
	     "1g.10gb+me 7g.80gb");
	uses("  - {name: a, memory: 1GiB, needs: {debugger: true}}\n", "A100-SXM4-80GB",
	     "7g.80gb");
	uses("  - {name: a, memory: 1GiB, needs: {tensor-parallel: 2}}\n", "A100-SXM4-80GB",
	     "");
	uses("  - {name: a, memory: 1GiB, needs: {graphics: true}}\n", "A100-SXM4-80GB", "");
	uses("  - {name: a, throughput: {1g.10gb: 5, A30/1g.6gb: 3}}\n", "A100-SXM4-80GB",
	     "1g.10gb");
	uses("  - {name: a, throughput: {1g.10gb: 5, A30/1g.6gb: 3}}\n", "A30", "1g.6gb");
	uses("  - {name: a, memory: 1GiB, latency: {1g.10gb: 12.5, 2g.20gb: 6.2},\n"
	     "     needs: {latency: 12.49}}\n",
	     "A100-SXM4-80GB", "2g.20gb");
}

static void a_row_for_a_gpu_type_counts_before_one_for_any(void **state)
{
	struct mig_models *models = model_of(
		"  - {name: a, throughput: {H100-SXM5-80GB/1g.10gb: 9, 1g.10gb: 5}}\n");
	const struct mig_gpu_type *h100 = type_of("H100-SXM5-80GB");
	const struct mig_gpu_type *a100 = type_of("A100-SXM4-80GB");
	struct mig_decimal rate;

	(void)state;
	assert_int_equal(mig_model_limit(models->models, h100, profile_of(h100, "1g.10gb"),
					 &rate),
			 MIG_LIMIT_NONE);
	assert_int_equal(rate.digits, 9);
	assert_int_equal(mig_model_limit(models->models, a100, profile_of(a100, "1g.10gb"),
					 &rate),
			 MIG_LIMIT_NONE);
	assert_int_equal(rate.digits, 5);
	mig_models_free(models);
}

static void explained(const char *model, const char *key, const char *want)
{
	struct mig_models *models = model_of(model);
	char why[512];

	assert_string_equal(mig_model_explain(models->models, type_of(key), why, sizeof(why)),
			    want);
	mig_models_free(models);
}

static void each_limit_of_mig_is_explained_with_a_way_out(void **state)
{
	(void)state;
	explained(
		"  - {name: a, memory: 140GiB}\n", "A100-SXM4-80GB",
		"it needs 140 GiB, and 7g.80gb has 79 GiB: it needs 2 GPUs with tensor "
		"parallelism, which can't cross instances; run it on whole GPUs with MIG off");
	explained("  - {name: a, memory: 30GiB, profile: 2g.20gb}\n", "A100-SXM4-80GB",
		  "it needs 30 GiB, and 2g.20gb has 19.5 GiB; name a larger profile");
	explained(
		"  - {name: a, memory: 140GiB}\n", "B200-180GB",
		"it needs 140 GiB, and 2g.45gb has 44.2 GiB; the memory of larger ones nobody "
		"has published: name one as its profile, and no memory");
	explained(
		"  - {name: a, memory: 1GiB, needs: {tensor-parallel: 4}}\n", "A30",
		"tensor parallelism over 4 GPUs can't cross instances, which have no way to "
		"each other's memory; leave tensor-parallel out if it fits one instance, or run "
		"it on 4 whole GPUs with MIG off");
	explained("  - {name: a, profile: 1g.6gb, needs: {profiling: true}}\n", "A30",
		  "a profiler's counters and breakpoints belong to the whole GPU; allow the "
		  "profile that spans it, or leave \"profiling\" out");
	explained("  - {name: a, profile: 1g.6gb, needs: {debugger: true}}\n", "A30",
		  "a debugger's counters and breakpoints belong to the whole GPU; allow the "
		  "profile that spans it, or leave \"debugger\" out");
	explained(
		"  - {name: a, memory: 1GiB, needs: {graphics: true}}\n", "A30",
		"it needs graphics, and no instance of this type has them: graphics need a +gfx "
		"profile, as of RTX PRO Blackwell");
	explained("  - {name: a, profile: 1g.24gb, needs: {graphics: true}}\n",
		  "RTX-PRO-6000-Blackwell",
		  "it needs graphics, which the profiles named do not have; 1g.24gb+gfx, "
		  "2g.48gb+gfx, 4g.96gb+gfx have");
	explained("  - {name: a, profile: 1g.10gb, needs: {nvdec: 1, ofa: 1}}\n",
		  "A100-SXM4-80GB",
		  "it needs 1 NVDEC and 1 OFA, which the profiles named do not have; "
		  "1g.10gb+me, 7g.80gb have");
	explained("  - {name: a, memory: 1GiB, needs: {nvdec: 60}}\n", "A100-SXM4-80GB",
		  "it needs 60 NVDEC, and no instance of this type is known to have that many; "
		  "leave it out, or use a whole GPU with MIG off");
	explained("  - {name: a, profile: 1g.10gb}\n", "A30",
		  "A30 has none of the profiles that it names, but 1g.6gb, 2g.12gb, 4g.24gb");
	explained(
		"  - {name: a, throughput: {1g.10gb: 5}}\n", "A30",
		"its table \"throughput\" has no profile that is left; A30 has 1g.6gb, 2g.12gb, "
		"4g.24gb");
	explained(
		"  - {name: a, memory: 1GiB, latency: {1g.6gb: 7.5}, needs: {latency: 7}}\n",
		"A30",
		"no profile that is left has a latency of 7 or less by its table \"latency\"; "
		"allow more, or give larger profiles");
}

static void a_model_under_a_quarter_of_the_smallest_instance_wastes_it(void **state)
{
	struct mig_models *small = model_of("  - {name: a, memory: 1.2GiB}\n");
	struct mig_models *tiny = model_of("  - {name: a, memory: 10MiB}\n");
	struct mig_models *large = model_of("  - {name: a, memory: 3GiB}\n");
	const struct mig_gpu_type *a100 = type_of("A100-SXM4-80GB");
	int profile = -1;

	(void)state;
	assert_int_equal(mig_model_waste(small->models, a100, &profile), 12);
	assert_string_equal(a100->profiles[profile].name, "1g.10gb");
	assert_int_equal(mig_model_waste(tiny->models, a100, &profile), 1);
	assert_int_equal(mig_model_waste(large->models, a100, &profile), 0);
	assert_int_equal(mig_model_waste(small->models, type_of("A30"), &profile), 20);
	mig_models_free(small);
	mig_models_free(tiny);
	mig_models_free(large);
}

static void a_profile_that_no_type_has_is_named_with_the_nearest(void **state)
{
	const struct mig_gpu_type *types[] = { type_of("A100-SXM4-80GB"), type_of("A30") };
	struct mig_models *models = model_of("  - name: a\n"
					     "    throughput: {1g.6gb: 1}\n"
					     "    profile:\n"
					     "      - 1g.6gb\n"
					     "      - A30/2g.20gb\n");
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_models_check(models, types, 2, &err), -MIG_E_NOENT);
	assert_string_equal(err.msg, "m.yaml:7: no GPU type here has a profile "
				     "\"A30/2g.20gb\"; did you mean \"2g.20gb\"?");
	mig_models_free(models);
	models = model_of("  - {name: a, profile: [1g.6gb, A30/2g.12gb, 7g.80gb]}\n");
	assert_int_equal(mig_models_check(models, types, 2, NULL), 0);
	mig_models_free(models);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_uses_the_profiles_that_have_what_it_needs),
		cmocka_unit_test(a_row_for_a_gpu_type_counts_before_one_for_any),
		cmocka_unit_test(each_limit_of_mig_is_explained_with_a_way_out),
		cmocka_unit_test(a_model_under_a_quarter_of_the_smallest_instance_wastes_it),
		cmocka_unit_test(a_profile_that_no_type_has_is_named_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
