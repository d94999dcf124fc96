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

static struct mig_request request(const char *key, const char *specs)
{
	struct mig_request req = mig_request_empty(type(key));
	char *copy = strdup(specs), *rest = copy, *spec;

	assert_non_null(copy);
	while ((spec = strsep(&rest, " "))) {
		if (*spec)
			assert_int_equal(mig_request_add(&req, spec, NULL), 0);
	}
	free(copy);
	return req;
}

static char *exported(const char *name, const struct mig_config_present *gpus, size_t n,
		      enum mig_config_format format)
{
	struct mig_config *cfg = NULL, *again = NULL;
	char *text = NULL, *second = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_config_export(name, gpus, n, &cfg, &err), 0);
	assert_int_equal(mig_config_write(cfg, format, &text, &err), 0);
	again = parse(text);
	assert_int_equal(mig_config_write(again, format, &second, &err), 0);
	assert_string_equal(text, second);
	free(second);
	mig_config_free(cfg);
	mig_config_free(again);
	return text;
}

static void alike_is_judged_by_what_stands_not_by_where(void **state)
{
	static const struct {
		const char *want, *have;
		enum mig_config_match match;
	} rows[] = {
		{ "1g.10gb 3g.40gb", "3g.40gb@4 1g.10gb@0", MIG_CONFIG_SAME },
		{ "", "", MIG_CONFIG_SAME },
		{ "3x1c.3g.40gb", "3x1c.3g.40gb", MIG_CONFIG_SAME },
		{ "2x1c.3g.40gb", "1c.3g.40gb@0 1c.3g.40gb@4", MIG_CONFIG_SAME_DEVICES },
		{ "3g.40gb", "3x1c.3g.40gb", MIG_CONFIG_DIFFERENT },
		{ "1g.10gb", "1g.10gb+me", MIG_CONFIG_DIFFERENT },
		{ "2x1g.10gb", "1g.10gb", MIG_CONFIG_DIFFERENT },
		{ "", "1g.10gb", MIG_CONFIG_DIFFERENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_config_want want = { MIG_CONFIG_ON, 4,
						      request("A100-SXM4-80GB", rows[i].want) };
		struct mig_config_present have = { 0, 0x20B210DE, true,
						   request("A100-SXM4-80GB", rows[i].have) };

		assert_int_equal(mig_config_match(&want, &have), rows[i].match);
		have.mig_enabled = false;
		assert_int_equal(mig_config_match(&want, &have), MIG_CONFIG_DIFFERENT);
	}
}

static void an_empty_gpu_instance_is_no_mig_device(void **state)
{
	const struct mig_config_want want = { MIG_CONFIG_ON, 4,
					      request("A100-SXM4-80GB", "1g.10gb") };
	struct mig_config_present have = { 0, 0x20B210DE, true,
					   request("A100-SXM4-80GB", "1g.10gb 3g.40gb") };

	(void)state;
	have.have.want[1].n_ci = 0;
	assert_int_equal(mig_config_match(&want, &have), MIG_CONFIG_SAME_DEVICES);
}

static void a_gpu_that_is_not_named_is_alike_always(void **state)
{
	const struct mig_config_want off = { MIG_CONFIG_OFF, 4, { 0 } };
	const struct mig_config_want any = { MIG_CONFIG_UNTOUCHED, 0, { 0 } };
	struct mig_config_present have = { 0, 0x20B210DE, true,
					   request("A100-SXM4-80GB", "1g.10gb") };

	(void)state;
	assert_int_equal(mig_config_match(&any, &have), MIG_CONFIG_SAME);
	assert_int_equal(mig_config_match(&off, &have), MIG_CONFIG_DIFFERENT);
	have.mig_enabled = false;
	assert_int_equal(mig_config_match(&off, &have), MIG_CONFIG_SAME);
}

static void gpus_of_equal_content_are_exported_as_one_entry(void **state)
{
	struct mig_config_present gpus[5] = {
		{ 0, 0x20B210DE, true,
		  request("A100-SXM4-80GB", "3g.40gb@4 2x1g.10gb 1g.20gb") },
		{ 1, 0x20B210DE, false, { 0 } },
		{ 2, 0x20B210DE, true,
		  request("A100-SXM4-80GB", "2x1g.10gb 1g.20gb 3g.40gb@4") },
		{ 3, 0x20B710DE, true, request("A30", "") },
		{ 4, 0x1EB810DE, false, { 0 } },
	};
	char *text = exported(NULL, gpus, 5, MIG_CONFIG_YAML);

	(void)state;
	assert_string_equal(text, "version: v1\n"
				  "mig-configs:\n"
				  "  current:\n"
				  "  - device-filter: \"0x20B210DE\"\n"
				  "    devices: [0, 2]\n"
				  "    mig-enabled: true\n"
				  "    mig-devices:\n"
				  "      1g.10gb: 2\n"
				  "      1g.20gb: 1\n"
				  "      3g.40gb: 1\n"
				  "  - device-filter: [\"0x1EB810DE\", \"0x20B210DE\"]\n"
				  "    devices: [1, 4]\n"
				  "    mig-enabled: false\n"
				  "    mig-devices: {}\n"
				  "  - device-filter: \"0x20B710DE\"\n"
				  "    devices: all\n"
				  "    mig-enabled: true\n"
				  "    mig-devices: {}\n");
	free(text);
}

static void an_export_is_as_short_as_it_can_be(void **state)
{
	struct mig_config_present gpus[2] = {
		{ 0, 0x20B210DE, true, request("A100-SXM4-80GB", "3x1c.3g.40gb 1g.10gb+me") },
		{ 1, 0x20B210DE, false, { 0 } },
	};
	char *one = exported("my label", gpus, 1, MIG_CONFIG_YAML);
	char *two = exported("true", gpus, 2, MIG_CONFIG_YAML);

	(void)state;
	assert_string_equal(one, "version: v1\n"
				 "mig-configs:\n"
				 "  \"my label\":\n"
				 "  - devices: all\n"
				 "    mig-enabled: true\n"
				 "    mig-devices:\n"
				 "      1c.3g.40gb: 3\n"
				 "      1g.10gb+me: 1\n");
	assert_string_equal(two, "version: v1\n"
				 "mig-configs:\n"
				 "  \"true\":\n"
				 "  - devices: [0]\n"
				 "    mig-enabled: true\n"
				 "    mig-devices:\n"
				 "      1c.3g.40gb: 3\n"
				 "      1g.10gb+me: 1\n"
				 "  - devices: [1]\n"
				 "    mig-enabled: false\n"
				 "    mig-devices: {}\n");
	free(one);
	free(two);
}

static void json_says_the_same(void **state)
{
	struct mig_config_present gpu = { 0, 0x20B210DE, true,
					  request("A100-SXM4-80GB", "2x3g.40gb") };
	char *text = exported("gr\xc3\xb6\xc3\x9f\x65 \"\\", &gpu, 1, MIG_CONFIG_JSON);

	(void)state;
	assert_string_equal(text, "{\n"
				  "  \"version\": \"v1\",\n"
				  "  \"mig-configs\": {\n"
				  "    \"gr\xc3\xb6\xc3\x9f\x65 \\\"\\\\\": [\n"
				  "      {\n"
				  "        \"devices\": \"all\",\n"
				  "        \"mig-enabled\": true,\n"
				  "        \"mig-devices\": {\n"
				  "          \"3g.40gb\": 2\n"
				  "        }\n"
				  "      }\n"
				  "    ]\n"
				  "  }\n"
				  "}\n");
	free(text);
}

static void an_export_brings_back_what_stood(void **state)
{
	struct mig_config_present gpus[N_GPUS] = {
		{ 0, 0x20B210DE, true,
		  request("A100-SXM4-80GB", "1c.3g.40gb 2c.3g.40gb 4g.40gb") },
		{ 1, 0x20B210DE, false, { 0 } },
		{ 2, 0x20B710DE, true, request("A30", "2g.12gb@2 1g.6gb") },
		{ 3, 0x1EB810DE, false, { 0 } },
	};
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg = NULL;

	(void)state;
	assert_int_equal(mig_config_export(NULL, gpus, N_GPUS, &cfg, NULL), 0);
	select_all(cfg, "current", wants);
	for (int i = 0; i < N_GPUS; i++)
		assert_int_equal(mig_config_match(&wants[i], &gpus[i]), MIG_CONFIG_SAME);
	assert_int_equal(wants[1].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[2].request.n, 2);
	mig_config_free(cfg);
}

/* Its index is all that the file can say, though nobody else is of its kind. */
static void a_gpu_whose_pci_id_is_not_known_is_exported_by_its_index(void **state)
{
	const struct mig_config_gpu gpus[2] = {
		{ 0, 0x20B210DE, 0x146310DE, true, type("A100-SXM4-80GB") },
		{ 1, 0, 0, true, type("A30") },
	};
	const struct mig_config_present present[2] = {
		{ 0, 0x20B210DE, false, { 0 } },
		{ 1, 0, true, request("A30", "2g.12gb") },
	};
	struct mig_config_want wants[2];
	struct mig_config *cfg = NULL;

	(void)state;
	assert_int_equal(mig_config_export(NULL, present, 2, &cfg, NULL), 0);
	assert_int_equal(mig_config_select(cfg, label(cfg, NULL), gpus, 2, wants, NULL), 0);
	assert_int_equal(wants[0].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[1].mode, MIG_CONFIG_ON);
	assert_int_equal(wants[1].request.n, 1);
	mig_config_free(cfg);
}

static void an_export_that_could_not_be_read_back_is_refused(void **state)
{
	struct mig_config_present gpu = { 0, 0x20B210DE, false, { 0 } };
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_config_export("a\x7f", &gpu, 1, &cfg, &err), -MIG_E_INVAL);
	assert_int_equal(mig_config_export("a\xc3", &gpu, 1, &cfg, &err), -MIG_E_INVAL);
	assert_int_equal(mig_config_export("\xe2\x80\xa8", &gpu, 1, &cfg, &err), -MIG_E_INVAL);
	assert_int_equal(mig_config_export(NULL, &gpu, 0, &cfg, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "no GPU here whose partition could be exported");
	assert_null(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_is_judged_by_what_stands_not_by_where),
		cmocka_unit_test(an_empty_gpu_instance_is_no_mig_device),
		cmocka_unit_test(a_gpu_that_is_not_named_is_alike_always),
		cmocka_unit_test(gpus_of_equal_content_are_exported_as_one_entry),
		cmocka_unit_test(an_export_is_as_short_as_it_can_be),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(an_export_brings_back_what_stood),
		cmocka_unit_test(a_gpu_whose_pci_id_is_not_known_is_exported_by_its_index),
		cmocka_unit_test(an_export_that_could_not_be_read_back_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
