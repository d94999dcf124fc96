/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/config.h"

static struct mig_config *generate(const struct mig_config_gpu *gpus, size_t n)
{
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	if (mig_config_generate(gpus, n, &cfg, &err) < 0)
		fail_msg("%s", err.msg);
	return cfg;
}

static const struct mig_config_label *find(const struct mig_config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->n_labels; i++) {
		if (strcmp(cfg->labels[i].name, name) == 0)
			return &cfg->labels[i];
	}
	return NULL;
}

/* What @name wants of a GPU of that type alone, "" for nothing. */
static void wants(const char *key, const char *name, const char *want)
{
	const struct mig_config_gpu gpu = { 0, type(key)->pci_ids[0], 0, true, type(key) };
	struct mig_config *cfg = generate(&gpu, 1);
	struct mig_config_want w;
	char text[256];

	assert_int_equal(mig_config_select(cfg, label(cfg, name), &gpu, 1, &w, NULL), 0);
	assert_string_equal(mig_request_format(&w.request, text, sizeof(text)), want);
	mig_config_free(cfg);
}

static void a_node_of_one_kind_gets_no_filters(void **state)
{
	static const char *const names[] = {
		"all-1g.10gb", "all-1g.10gb.me", "all-1g.20gb",  "all-2g.20gb",  "all-3g.40gb",
		"all-4g.40gb", "all-7g.80gb",    "all-balanced", "all-disabled", "all-enabled",
	};
	struct mig_config *cfg = generate(machine(), 2);

	(void)state;
	assert_int_equal(cfg->n_labels, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < cfg->n_labels; i++) {
		assert_string_equal(cfg->labels[i].name, names[i]);
		assert_int_equal(cfg->labels[i].n_entries, 1);
		assert_int_equal(cfg->labels[i].entries[0].n_filters, 0);
		assert_true(cfg->labels[i].entries[0].is_all);
	}
	mig_config_free(cfg);
}

static void the_numbers_are_those_that_fit(void **state)
{
	(void)state;
	wants("A100-SXM4-80GB", "all-1g.10gb", "7x1g.10gb");
	wants("A100-SXM4-80GB", "all-1g.20gb", "4x1g.20gb");
	wants("A100-SXM4-80GB", "all-1g.10gb.me", "1g.10gb+me");
	wants("A100-SXM4-80GB", "all-3g.40gb", "2x3g.40gb");
	wants("A100-SXM4-80GB", "all-balanced", "2x1g.10gb 2g.20gb 3g.40gb");
	wants("A30", "all-balanced", "2x1g.6gb 2g.12gb");
	wants("A30", "all-2g.12gb", "2x2g.12gb");
	wants("A30", "all-enabled", "");
	wants("A30", "all-disabled", "");
}

static void a_mixed_node_says_which_kind_each_entry_is_for(void **state)
{
	struct mig_config *cfg = generate(machine(), N_GPUS);
	const struct mig_config_label *l = find(cfg, "all-balanced");
	struct mig_config_want w[N_GPUS];

	(void)state;
	assert_int_equal(l->n_entries, 2);
	assert_int_equal(l->entries[0].n_filters, 1);
	assert_int_equal(l->entries[0].filters[0].pci_id, 0x20B210DE);
	assert_int_equal(l->entries[1].filters[0].pci_id, 0x20B710DE);
	l = find(cfg, "all-3g.40gb");
	assert_int_equal(l->n_entries, 1);
	assert_int_equal(l->entries[0].filters[0].pci_id, 0x20B210DE);
	assert_int_equal(find(cfg, "all-disabled")->entries[0].n_filters, 0);
	/* The T4 is passed over, and so is the A30 by what only an A100 has. */
	select_all(cfg, "all-3g.40gb", w);
	assert_int_equal(w[1].mode, MIG_CONFIG_ON);
	assert_int_equal(w[2].mode, MIG_CONFIG_UNTOUCHED);
	assert_int_equal(w[3].mode, MIG_CONFIG_UNTOUCHED);
	mig_config_free(cfg);
}

/* Two kinds with one name for different numbers: an A100-40GB's 1g.10gb is the double one. */
static void kinds_that_hold_as_many_share_an_entry(void **state)
{
	const struct mig_config_gpu gpus[] = {
		{ 0, 0x20B010DE, 0, true, type("A100-SXM4-40GB") },
		{ 1, 0x20B210DE, 0, true, type("A100-SXM4-80GB") },
		{ 2, 0x233010DE, 0, true, type("H100-SXM5-80GB") },
	};
	struct mig_config *cfg = generate(gpus, 3);
	const struct mig_config_label *l = find(cfg, "all-1g.10gb");

	(void)state;
	assert_int_equal(l->n_entries, 2);
	assert_int_equal(l->entries[0].n_filters, 1);
	assert_int_equal(l->entries[0].filters[0].pci_id, 0x20B010DE);
	assert_int_equal(l->entries[0].devices[0].count, 4);
	assert_int_equal(l->entries[1].n_filters, 2);
	assert_int_equal(l->entries[1].devices[0].count, 7);
	mig_config_free(cfg);
}

/* A generated file, written, read and asked for each of its configs: all of it fits. */
static void check_all(const struct mig_config_gpu *gpus, size_t n)
{
	struct mig_config *cfg = generate(gpus, n), *again = NULL;
	struct mig_config_want *w = calloc(n, sizeof(*w));
	struct mig_error err = { 0 };
	char *text = NULL, *json = NULL, *twice = NULL;

	assert_int_equal(mig_config_write(cfg, MIG_CONFIG_YAML, &text, NULL), 0);
	if (mig_config_parse(text, strlen(text), "y", &again, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < again->n_labels; i++) {
		size_t n_meant = 0;

		if (mig_config_select(again, &again->labels[i], gpus, n, w, &err) < 0)
			fail_msg("%s", err.msg);
		for (size_t k = 0; k < n; k++)
			n_meant += w[k].mode != MIG_CONFIG_UNTOUCHED;
		assert_true(n_meant > 0);
	}
	assert_int_equal(mig_config_write(again, MIG_CONFIG_YAML, &twice, NULL), 0);
	assert_string_equal(text, twice);
	mig_config_free(again);
	assert_int_equal(mig_config_write(cfg, MIG_CONFIG_JSON, &json, NULL), 0);
	assert_int_equal(mig_config_parse(json, strlen(json), "j", &again, NULL), 0);
	mig_config_free(again);
	mig_config_free(cfg);
	free(text);
	free(json);
	free(twice);
	free(w);
}

static void what_is_generated_fits_every_gpu_type_alone_and_beside_all_others(void **state)
{
	const int n = mig_catalog_count(catalog());
	struct mig_config_gpu *gpus = calloc((size_t)n, sizeof(*gpus));
	size_t n_cut = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		const struct mig_gpu_type *t = type(mig_catalog_key(catalog(), i));

		if (t->n_profiles == 0 || t->n_pci_ids == 0)
			continue;
		gpus[n_cut] = (struct mig_config_gpu){ (int)n_cut, t->pci_ids[0], 0, true, t };
		n_cut++;
	}
	assert_true(n_cut > 10);
	for (size_t i = 0; i < n_cut; i++) {
		struct mig_config_gpu one = gpus[i];

		one.index = 0;
		check_all(&one, 1);
	}
	check_all(gpus, n_cut);
	free(gpus);
}

static void without_a_gpu_that_can_be_cut_nothing_is_generated(void **state)
{
	const struct mig_config_gpu unknown = { 0, 1, 1, true, NULL };
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_config_generate(NULL, 0, &cfg, &err), -MIG_E_UNSUPPORTED);
	assert_string_equal(err.msg, "no GPU here can do MIG");
	assert_int_equal(mig_config_generate(&unknown, 1, &cfg, &err), -MIG_E_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "the profiles of the GPUs here are not known"));
	assert_null(cfg);
}

static void an_entry_names_a_gpu_by_filter_and_list(void **state)
{
	struct mig_config *cfg = entries(
		"  - {device-filter: \"0x20B710DE\", devices: all, mig-enabled: false}\n"
		"  - {devices: [1, 3], mig-enabled: false}\n");
	const struct mig_config_entry *e = label(cfg, "c")->entries;
	static const bool named[2][N_GPUS] = { { false, false, true, false },
					       { false, true, false, true } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < N_GPUS; k++)
			assert_int_equal(mig_config_names(&e[i], &machine()[k]), named[i][k]);
	}
	mig_config_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_of_one_kind_gets_no_filters),
		cmocka_unit_test(the_numbers_are_those_that_fit),
		cmocka_unit_test(a_mixed_node_says_which_kind_each_entry_is_for),
		cmocka_unit_test(kinds_that_hold_as_many_share_an_entry),
		cmocka_unit_test(
			what_is_generated_fits_every_gpu_type_alone_and_beside_all_others),
		cmocka_unit_test(without_a_gpu_that_can_be_cut_nothing_is_generated),
		cmocka_unit_test(an_entry_names_a_gpu_by_filter_and_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
