/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/config.h"

static void select_refused(const char *text, int code, const char *const *parts)
{
	struct mig_config *cfg = entries(text);
	struct mig_config_want wants[N_GPUS], before[N_GPUS];
	struct mig_error err = { 0 };

	memset(wants, 0x5a, sizeof(wants));
	memcpy(before, wants, sizeof(wants));
	assert_int_equal(mig_config_select(cfg, label(cfg, "c"), machine(), N_GPUS, wants,
					   &err),
			 -code);
	for (; *parts; parts++) {
		if (!strstr(err.msg, *parts))
			fail_msg("\"%s\" is not in \"%s\"", *parts, err.msg);
	}
	assert_memory_equal(wants, before, sizeof(wants));
	mig_config_free(cfg);
}

#define SELECT_REFUSED(text, code, ...) \
	select_refused(text, code, (const char *const[]){ __VA_ARGS__, NULL })

static void wants_text(const struct mig_config_want *want, const char *text)
{
	char buf[512];

	assert_int_equal(want->mode, MIG_CONFIG_ON);
	assert_string_equal(mig_request_format(&want->request, buf, sizeof(buf)), text);
}

static void every_config_of_the_example_can_be_had_where_it_applies(void **state)
{
	static const struct {
		const char *key;
		uint32_t pci_id;
	} kinds[] = { { "A100-SXM4-80GB", 0x20B210DE },
		      { "A100-SXM4-40GB", 0x20B010DE },
		      { "H100-SXM5-80GB", 0x233010DE },
		      { "H200-141GB", 0x233510DE },
		      { "A30", 0x20B710DE } };
	struct mig_config_gpu gpus[8];
	struct mig_config_want wants[8];
	struct mig_config *cfg = NULL;

	(void)state;
	assert_int_equal(mig_config_read(EXAMPLE, &cfg, NULL), 0);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (int i = 0; i < 8; i++)
			gpus[i] = (struct mig_config_gpu){ i, kinds[k].pci_id, 0, true,
							   type(kinds[k].key) };
		for (size_t i = 0; i < cfg->n_labels; i++) {
			struct mig_error err = { 0 };

			if (mig_config_select(cfg, &cfg->labels[i], gpus, 8, wants, &err) < 0)
				fail_msg("%s: %s", cfg->labels[i].name, err.msg);
		}
		assert_int_equal(mig_config_select(cfg, label(cfg, "all-smallest"), gpus, 8,
						   wants, NULL),
				 0);
		assert_int_equal(wants[7].mode, MIG_CONFIG_ON);
		assert_int_equal(wants[7].request.n, kinds[k].pci_id == 0x20B710DE ? 4 : 7);
	}
	mig_config_free(cfg);
}

static void a_filter_and_a_list_name_gpus_together(void **state)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg = entries(
		"  - device-filter: [\"0x20b210de\", \"0x233010DE\"]\n    devices: [1, 2, 3]\n"
		"    mig-enabled: true\n    mig-devices: {1g.10gb: 2, 3g.40gb: 1}\n"
		"  - device-filter: \"0x20B710DE:0x153210DE\"\n    devices: all\n"
		"    mig-enabled: false\n");

	(void)state;
	select_all(cfg, "c", wants);
	assert_int_equal(wants[0].mode, MIG_CONFIG_UNTOUCHED);
	assert_int_equal(wants[0].line, 0);
	wants_text(&wants[1], "2x1g.10gb 3g.40gb");
	assert_int_equal(wants[1].line, 4);
	assert_int_equal(wants[2].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[2].request.n, 0);
	assert_int_equal(wants[3].mode, MIG_CONFIG_UNTOUCHED);
	mig_config_free(cfg);
}

static void a_filter_for_another_board_passes_over(void **state)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg = entries(
		"  - device-filter: \"0x20B710DE:0x153310DE\"\n    devices: all\n"
		"    mig-enabled: false\n"
		"  - device-filter: \"0x233010DE\"\n    devices: [0, 1, 2, 3, 4, 5, 6, 7]\n"
		"    mig-enabled: false\n");

	(void)state;
	select_all(cfg, "c", wants);
	for (int i = 0; i < N_GPUS; i++)
		assert_int_equal(wants[i].mode, MIG_CONFIG_UNTOUCHED);
	mig_config_free(cfg);
}

static void devices_all_passes_over_gpus_without_mig(void **state)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg =
		entries("  - {devices: all, mig-enabled: true, mig-devices: {}}\n");

	(void)state;
	select_all(cfg, "c", wants);
	for (int i = 0; i < N_GPUS; i++)
		assert_int_equal(wants[i].mode, i == 3 ? MIG_CONFIG_UNTOUCHED : MIG_CONFIG_ON);
	assert_int_equal(wants[0].request.n, 0);
	mig_config_free(cfg);
}

static void of_two_entries_the_later_one_decides(void **state)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg =
		entries("  - {devices: [0, 1], mig-enabled: true, mig-devices: {1g.10gb: 7}}\n"
			"  - {devices: [1], mig-enabled: true, mig-devices: {3g.40gb: 2}}\n");

	(void)state;
	select_all(cfg, "c", wants);
	wants_text(&wants[0], "7x1g.10gb");
	wants_text(&wants[1], "2x3g.40gb");
	assert_int_equal(wants[1].line, 5);
	mig_config_free(cfg);
}

static void compute_instances_share_gpu_instances_whatever_their_order(void **state)
{
	static const struct {
		const char *devices;
		int n;
		const char *shapes; /* compute slices of the CIs of each GPU instance */
	} rows[] = {
		{ "1c.3g.40gb: 3", 1, "111" },
		{ "1c.3g.40gb: 4", 2, "111 1" },
		{ "1c.3g.40gb: 1, 2c.3g.40gb: 1", 1, "21" },
		{ "1c.3g.40gb: 2, 2c.3g.40gb: 2", 2, "21 21" },
		{ "2c.3g.40gb: 2, 1c.3g.40gb: 2", 2, "21 21" },
		{ "3c.3g.40gb: 1, 1g.10gb: 0", 1, "3" },
		{ "1g.10gb: 1, 1c.3g.40gb: 1", 2, "1 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mig_config_want wants[N_GPUS];
		struct mig_config *cfg;
		const struct mig_request *req = &wants[0].request;
		char text[256], shapes[64] = "";
		size_t at = 0;

		snprintf(text, sizeof(text),
			 "  - {devices: [0], mig-enabled: true, mig-devices: {%s}}\n",
			 rows[i].devices);
		cfg = entries(text);
		select_all(cfg, "c", wants);
		assert_int_equal(req->n, rows[i].n);
		for (int k = 0; k < req->n; k++) {
			const struct mig_want *gi = &req->want[k];
			const struct mig_profile *p = &req->type->profiles[gi->profile];

			if (k > 0)
				shapes[at++] = ' ';
			for (int c = 0; c < gi->n_ci; c++)
				shapes[at++] = (char)('0' + p->ci[gi->ci[c]].compute_slices);
			assert_int_equal(gi->start, -1);
		}
		assert_string_equal(shapes, rows[i].shapes);
		mig_config_free(cfg);
	}
}

static void what_a_machine_cannot_be_is_refused_before_anything_is_done(void **state)
{
	(void)state;
	SELECT_REFUSED("  - devices:\n    - 0\n    - 4\n    mig-enabled: false\n", MIG_E_NOENT,
		       "p.yaml:5: no GPU 4: this machine has 4; ", "devices: all");
	SELECT_REFUSED("  - devices: [2]\n    mig-enabled: true\n    mig-devices:\n"
		       "      1g.6gb: 1\n      3g.40gb: 1\n",
		       MIG_E_NOENT, "p.yaml:8: GPU 2: ", "3g.40gb", "1g.6gb", "4g.24gb", "A30");
	SELECT_REFUSED("  - devices: [0]\n    mig-enabled: true\n    mig-devices:\n"
		       "      3g.40gb: 2\n      1g.10gb: 1\n",
		       MIG_E_NOSPACE, "p.yaml:7: GPU 0 (A100-SXM4-80GB): ", "1g.10gb");
	SELECT_REFUSED("  - devices: [0]\n    mig-enabled: true\n    mig-devices:\n"
		       "      1g.10gb: 2000000000\n",
		       MIG_E_NOSPACE, "p.yaml:7: GPU 0: ");
	SELECT_REFUSED("  - devices: [3]\n    mig-enabled: true\n    mig-devices: {}\n",
		       MIG_E_UNSUPPORTED, "p.yaml:4: GPU 3 has no MIG; ", "devices: all");
	SELECT_REFUSED("  - {devices: all, mig-enabled: false}\n"
		       "  - {devices: [1], mig-enabled: true, mig-devices: {}}\n",
		       MIG_E_SYNTAX,
		       "p.yaml:5: mig-enabled is true here and false on line 4 for GPU 1; ");
}

static void a_name_means_the_profile_of_that_gpu_and_no_other(void **state)
{
	struct mig_config_gpu gpu = { 0, 0x20B010DE, 0, true, type("A100-SXM4-40GB") };
	struct mig_config_want want;
	struct mig_config *cfg =
		entries("  - {devices: all, mig-enabled: true, mig-devices: {1g.10gb: 4}}\n");
	struct mig_config *five =
		entries("  - {devices: all, mig-enabled: true, mig-devices: {1g.10gb: 5}}\n");
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_config_select(cfg, cfg->labels, &gpu, 1, &want, &err), 0);
	assert_int_equal(want.request.n, 4);
	assert_int_equal(gpu.type->profiles[want.request.want[0].profile].size, 2);
	assert_int_equal(mig_config_select(five, five->labels, &gpu, 1, &want, &err),
			 -MIG_E_NOSPACE);
	mig_config_free(cfg);
	mig_config_free(five);
}

static void a_gpu_that_nobody_knows_can_have_its_mode_set_only(void **state)
{
	struct mig_config_gpu gpu = { 0, 0x2FFF10DE, 0, true, NULL };
	struct mig_config_want want;
	struct mig_config *on =
		entries("  - {devices: all, mig-enabled: true, mig-devices: {}}\n");
	struct mig_config *cut =
		entries("  - {devices: all, mig-enabled: true, mig-devices: {1g.10gb: 1}}\n");
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_config_select(on, on->labels, &gpu, 1, &want, &err), 0);
	assert_int_equal(want.mode, MIG_CONFIG_ON);
	assert_int_equal(mig_config_select(cut, cut->labels, &gpu, 1, &want, &err),
			 -MIG_E_UNSUPPORTED);
	assert_string_equal(err.msg, "p.yaml:4: GPU 0: its profiles are not known: neither the "
				     "driver nor the catalog tells them");
	mig_config_free(on);
	mig_config_free(cut);
}

/* GPU 1 of the machine cannot be reached. */
static int select_lost(const char *text, struct mig_config_want wants[N_GPUS],
		       struct mig_error *err)
{
	struct mig_config_gpu gpus[N_GPUS];
	struct mig_config *cfg = entries(text);
	int rc;

	memcpy(gpus, machine(), sizeof(gpus));
	gpus[1] = (struct mig_config_gpu){ .index = 1, .is_lost = true };
	rc = mig_config_select(cfg, label(cfg, "c"), gpus, N_GPUS, wants, err);
	mig_config_free(cfg);
	return rc;
}

static void a_lost_gpu_is_passed_over_by_all_and_refused_by_name(void **state)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_error err;

	(void)state;
	assert_int_equal(
		select_lost("  - devices: all\n    mig-enabled: true\n    mig-devices: {}\n",
			    wants, &err),
		0);
	assert_int_equal(wants[0].mode, MIG_CONFIG_ON);
	assert_int_equal(wants[1].mode, MIG_CONFIG_UNTOUCHED);
	assert_true(wants[1].is_lost);
	assert_false(wants[0].is_lost);
	assert_int_equal(select_lost("  - devices: [0, 1]\n    mig-enabled: false\n", wants,
				     &err),
			 -MIG_E_NVML);
	assert_non_null(strstr(err.msg, "p.yaml:4: GPU 1 is lost"));
	assert_int_equal(select_lost("  - devices: [0]\n    mig-enabled: false\n", wants, &err),
			 0);
	assert_false(wants[1].is_lost);
	/* Of which kind it is nobody knows: a filter that others here pass may mean it too. */
	assert_int_equal(select_lost("  - device-filter: \"0x20B210DE\"\n    devices: [1]\n"
				     "    mig-enabled: true\n    mig-devices: {}\n",
				     wants, &err),
			 -MIG_E_NVML);
	assert_int_equal(select_lost("  - device-filter: \"0x233010DE\"\n    devices: [1]\n"
				     "    mig-enabled: true\n    mig-devices: {}\n",
				     wants, &err),
			 0);
	assert_false(wants[1].is_lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_config_of_the_example_can_be_had_where_it_applies),
		cmocka_unit_test(a_filter_and_a_list_name_gpus_together),
		cmocka_unit_test(a_filter_for_another_board_passes_over),
		cmocka_unit_test(devices_all_passes_over_gpus_without_mig),
		cmocka_unit_test(a_lost_gpu_is_passed_over_by_all_and_refused_by_name),
		cmocka_unit_test(of_two_entries_the_later_one_decides),
		cmocka_unit_test(compute_instances_share_gpu_instances_whatever_their_order),
		cmocka_unit_test(what_a_machine_cannot_be_is_refused_before_anything_is_done),
		cmocka_unit_test(a_name_means_the_profile_of_that_gpu_and_no_other),
		cmocka_unit_test(a_gpu_that_nobody_knows_can_have_its_mode_set_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
