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

static void refused(const char *text, const char *msg)
{
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_config_parse(text, strlen(text), "p.yaml", &cfg, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_null(cfg);
}

/* An entry's faults: the entry begins on line 4. */
static void entry_refused(const char *entry, const char *msg)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "version: v1\nmig-configs:\n  c:\n%s", entry);
	refused(buf, msg);
}

static void the_example_is_read_as_it_stands(void **state)
{
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };
	const struct mig_config_entry *e;

	(void)state;
	if (mig_config_read(EXAMPLE, &cfg, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(cfg->name, EXAMPLE);
	assert_int_equal(cfg->n_labels, 7);
	assert_string_equal(cfg->labels[0].name, "all-disabled");
	assert_string_equal(cfg->labels[5].name, "custom-config");

	e = &label(cfg, "all-balanced")->entries[0];
	assert_int_equal(e->n_filters, 2);
	assert_int_equal(e->filters[0].pci_id, 0x20B210DE);
	assert_false(e->filters[0].has_subsystem);
	assert_true(e->is_all && e->mig_enabled);
	assert_int_equal(e->n_devices, 3);
	assert_string_equal(e->devices[1].profile, "2g.20gb");
	assert_int_equal(e->devices[1].count, 1);

	e = &label(cfg, "custom-config")->entries[2];
	assert_false(e->is_all);
	assert_int_equal(e->n_indices, 2);
	assert_int_equal(e->indices[1], 6);
	mig_config_free(cfg);
}

static void a_fault_is_told_with_its_line_and_the_way_out(void **state)
{
	(void)state;
	refused("", "p.yaml:1: nothing in it");
	refused("[v1]\n",
		"p.yaml:1: a partition file is a map with \"version\" and \"mig-configs\"");
	refused("mig-configs: {}\n",
		"p.yaml:1: \"version\" is missing here; write version: v1");
	refused("# \nversion: v2\nmig-configs: {}\n",
		"p.yaml:2: version \"v2\" is not known, only v1");
	refused("version: v1\n", "p.yaml:1: \"mig-configs\" is missing here");
	refused("version: v1\nmig-configs: {}\n",
		"p.yaml:2: \"mig-configs\" must have at least one config");
	refused("version: v1\nmig-configs: []\n",
		"p.yaml:2: \"mig-configs\" must be a map, not a list");
	refused("version: v1\nmig-config: {}\n",
		"p.yaml:2: unknown key \"mig-config\": did you mean \"mig-configs\"? "
		"(known: version, mig-configs)");
	refused("version: v1\nmig-configs:\n  c: []\n",
		"p.yaml:3: config \"c\" must be a list of at least one entry");
	refused("version: v1\nmig-configs:\n  c:\n",
		"p.yaml:3: config \"c\" must be a list of at least one entry");
	refused("version: v1\nmig-configs:\n  \"\": []\n",
		"p.yaml:3: a label must not be empty");
	refused("version: v1\nmig-configs:\n  \"a\\nb\": []\n",
		"p.yaml:3: a label must be UTF-8 without control characters or line breaks");
	refused("version: v1\nmig-configs:\n  c: [{devices: all, mig-enabled: false}]\n"
		"  c: [{devices: all, mig-enabled: false}]\n",
		"p.yaml:4: \"c\" stands here and on line 3");
}

static void a_fault_of_an_entry_is_told_with_its_line(void **state)
{
	(void)state;
	entry_refused("  - all\n",
		      "p.yaml:4: an entry must be a map with \"devices\" and \"mig-enabled\"");
	entry_refused("  - mig-enabled: false\n",
		      "p.yaml:4: \"devices\" is missing here: all, or a list such as [0, 1]");
	entry_refused("  - devices: all\n", "p.yaml:4: \"mig-enabled\" is missing here");
	entry_refused("  - devices: all\n    mig-enable: true\n",
		      "p.yaml:5: unknown key \"mig-enable\": did you mean \"mig-enabled\"? "
		      "(known: device-filter, devices, mig-enabled, mig-devices)");
	entry_refused("  - devices: all\n    devices: all\n    mig-enabled: false\n",
		      "p.yaml:5: \"devices\" stands here and on line 4");
	entry_refused("  - devices: all\n    mig-enabled: \"true\"\n",
		      "p.yaml:5: \"mig-enabled\" must be true or false (without quotes), not "
		      "\"true\"");
	entry_refused(
		"  - devices: 7\n    mig-enabled: false\n",
		"p.yaml:4: \"devices\" must be all or a list such as [0, 1], not \"7\"; one "
		"GPU is a list of one: [0]");
	entry_refused(
		"  - devices: some\n    mig-enabled: false\n",
		"p.yaml:4: \"devices\" must be all or a list such as [0, 1], not \"some\"");
	entry_refused("  - devices: {}\n    mig-enabled: false\n",
		      "p.yaml:4: \"devices\" must be all or a list such as [0, 1], not a map");
	entry_refused(
		"  - devices:\n    - 0\n    - -1\n    mig-enabled: false\n",
		"p.yaml:6: -1 is not from 0 to 2147483647; \"devices\" lists GPU indices: "
		"[0, 1]");
	entry_refused(
		"  - devices: [\"0\"]\n    mig-enabled: false\n",
		"p.yaml:4: \"0\" is no whole number; \"devices\" lists GPU indices: [0, 1]");
}

static void a_fault_of_mig_devices_is_told_with_its_line(void **state)
{
	static const char enabled[] =
		"  - devices: all\n    mig-enabled: true\n    mig-devices:";
	static const struct {
		const char *map, *msg;
	} rows[] = {
		{ "\n",
		  "p.yaml:6: mig-enabled: true wants \"mig-devices\"; {} is MIG on without "
		  "instances" },
		{ " []\n", "p.yaml:6: \"mig-devices\" must be a map, not a list" },
		{ "\n      1g.10gb: -1\n",
		  "p.yaml:7: -1 is not from 0 to 2147483647; \"1g.10gb\" "
		  "wants a count, 0 or more" },
		{ "\n      1g.10gb: two\n", "p.yaml:7: \"two\" is no whole number; \"1g.10gb\" "
					    "wants a count, 0 or more" },
		{ "\n      1g.10gb: 0\n      2g.20gb: 0\n",
		  "p.yaml:7: every count in \"mig-devices\" is 0; for MIG on without instances "
		  "write mig-devices: {}" },
		{ "\n      1g.10gb: 1\n      1g.10gb: 2\n",
		  "p.yaml:8: \"1g.10gb\" stands here and on line 7" },
		{ "\n      1g.10gb: 1\n      bogus: 2\n",
		  "p.yaml:8: \"bogus\": a profile looks like 3g.40gb, 1c.3g.40gb or "
		  "1g.10gb+me" },
	};
	char buf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(buf, sizeof(buf), "%s%s", enabled, rows[i].map);
		entry_refused(buf, rows[i].msg);
	}
	entry_refused("  - devices: all\n    mig-enabled: true\n",
		      "p.yaml:4: mig-enabled: true wants \"mig-devices\"; {} is MIG on without "
		      "instances");
	entry_refused("  - devices: all\n    mig-enabled: false\n    mig-devices:\n"
		      "      1g.10gb: 1\n",
		      "p.yaml:7: \"mig-devices\" beside mig-enabled: false; take them out, or "
		      "write mig-enabled: true");
}

static void a_profile_has_the_grammar_of_the_field(void **state)
{
	static const struct {
		const char *name, *fault;
	} rows[] = {
		{ "1g.10gb", NULL },
		{ "1c.3g.40gb", NULL },
		{ "0g.0gb", NULL },
		{ "1g.24gb+me.all", NULL },
		{ "1g.24gb-me", NULL },
		{ "1c.2g.48gb+gfx,me", NULL },
		{ "1g.10gb+", "an attribute is empty" },
		{ "1g.10gb+me,", "an attribute is empty" },
		{ "1g.10gb+me,me", "an attribute stands twice" },
		{ "1g.10gb+1me", "an attribute begins with a digit" },
		{ "1g.10gb+.me", "an attribute begins or ends with a dot" },
		{ "1g.10gb-me.", "an attribute begins or ends with a dot" },
		{ "1g.10gb+me-gfx",
		  "an attribute has a character other than letters, digits, dots" },
		{ "1g.10gbx", "only \"+\" or \"-\" and attributes may follow \"gb\"" },
		{ "1g", "a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
		{ "g.10gb", "a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
		{ "1g.99999999999gb",
		  "a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
		{ "19", "a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
	};
	char text[512], msg[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
			 "  - devices: all\n    mig-enabled: true\n    mig-devices: {\"%s\": "
			 "1}\n",
			 rows[i].name);
		if (rows[i].fault) {
			snprintf(msg, sizeof(msg), "p.yaml:6: \"%s\": %s", rows[i].name,
				 rows[i].fault);
			entry_refused(text, msg);
		} else {
			struct mig_config *cfg = entries(text);

			assert_string_equal(cfg->labels[0].entries[0].devices[0].profile,
					    rows[i].name);
			mig_config_free(cfg);
		}
	}
}

static void a_device_filter_is_a_pci_id(void **state)
{
	static const char *const refusals[] = { "\"A100-SXM4-80GB\"", "\"0x20B2\"",
						"\"0x20B210DEF\"",    "\"0x20B210DE:\"",
						"\"0x20B210DE:0x1\"", "\"20B210DE\"",
						"[[\"0x20B210DE\"]]" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct mig_config *cfg = NULL;
		struct mig_error err = { 0 };

		snprintf(text, sizeof(text),
			 "version: v1\nmig-configs:\n  c:\n  - devices: all\n"
			 "    device-filter: %s\n    mig-enabled: false\n",
			 refusals[i]);
		assert_int_equal(mig_config_parse(text, strlen(text), "p.yaml", &cfg, &err),
				 -MIG_E_SYNTAX);
		assert_memory_equal(err.msg, "p.yaml:5: ", 10);
		assert_non_null(strstr(err.msg, "is no device-filter: that is a PCI id"));
	}
	entry_refused(
		"  - devices: all\n    device-filter: 0x20B210DE\n    mig-enabled: false\n",
		"p.yaml:5: a device-filter must be in quotes: \"0x20B210DE\"");
}

static void what_mig_parted_takes_for_nothing_is_nothing(void **state)
{
	struct mig_config *cfg = entries("  - devices: []\n    device-filter: \"\"\n"
					 "    mig-enabled: No\n    mig-devices:\n"
					 "  - device-filter: []\n    devices: \"all\"\n"
					 "    mig-enabled: off\n    mig-devices: {}\n");
	const struct mig_config_entry *e = cfg->labels[0].entries;

	(void)state;
	assert_int_equal(cfg->labels[0].n_entries, 2);
	assert_int_equal(e[0].n_filters + e[0].n_indices + e[0].n_devices, 0);
	assert_false(e[0].is_all || e[0].mig_enabled);
	assert_int_equal(e[1].n_filters + e[1].n_devices, 0);
	assert_true(e[1].is_all);
	assert_int_equal(e[1].line, 8);
	mig_config_free(cfg);
}

static void the_only_config_needs_no_name(void **state)
{
	struct mig_config *one = entries("  - {devices: all, mig-enabled: false}\n");
	struct mig_config *two = parse("version: v1\nmig-configs:\n"
				       "  all-balanced: [{devices: all, mig-enabled: false}]\n"
				       "  off: [{devices: all, mig-enabled: false}]\n");
	const struct mig_config_label *found = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_string_equal(label(one, NULL)->name, "c");
	assert_string_equal(label(one, "")->name, "c");
	assert_string_equal(label(two, "off")->name, "off");

	assert_int_equal(mig_config_find(two, NULL, &found, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg,
			    "p.yaml has several configs, so say which: all-balanced, off");
	assert_int_equal(mig_config_find(two, "all-balancd", &found, &err), -MIG_E_NOENT);
	assert_string_equal(err.msg, "p.yaml: no config \"all-balancd\": did you mean "
				     "\"all-balanced\"? (it has all-balanced, off)");
	assert_int_equal(mig_config_find(two, "nothing-like-it", &found, &err), -MIG_E_NOENT);
	assert_string_equal(err.msg,
			    "p.yaml: no config \"nothing-like-it\"; it has all-balanced, off");
	assert_null(found);
	mig_config_free(one);
	mig_config_free(two);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_config_read("no/such/file.yaml", &cfg, &err), -MIG_E_IO);
	assert_non_null(strstr(err.msg, "no/such/file.yaml"));
	assert_null(cfg);
	mig_config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_read_as_it_stands),
		cmocka_unit_test(a_fault_is_told_with_its_line_and_the_way_out),
		cmocka_unit_test(a_fault_of_an_entry_is_told_with_its_line),
		cmocka_unit_test(a_fault_of_mig_devices_is_told_with_its_line),
		cmocka_unit_test(a_profile_has_the_grammar_of_the_field),
		cmocka_unit_test(a_device_filter_is_a_pci_id),
		cmocka_unit_test(what_mig_parted_takes_for_nothing_is_nothing),
		cmocka_unit_test(the_only_config_needs_no_name),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
