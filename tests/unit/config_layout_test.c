/* SPDX-License-Identifier: Apache-2.0 */
/* Layout files: what is read, what is refused and how, and what is written. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/config.h"

#define LAYOUT_EXAMPLE "examples/layout.yaml"

static void refused(const char *text, const char *msg)
{
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_layout_file_parse(text, strlen(text), "l.yaml", &file, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_null(file);
}

struct row {
	const char *text, *msg;
};

/* Faults of an entry: it begins on line 3. */
static void entries_refused(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		refused(layout_text(rows[i].text), rows[i].msg);
}

/* Faults of an instance: it begins on line 6. */
static void instances_refused(const struct row *rows, size_t n)
{
	char buf[1024];

	for (size_t i = 0; i < n; i++) {
		snprintf(buf, sizeof(buf),
			 "  - gpu: 0\n    mig-enabled: true\n    instances:\n%s", rows[i].text);
		refused(layout_text(buf), rows[i].msg);
	}
}

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char small[] =
	"version: migctl/v1\n"
	"machine: {kind: simulated, name: node}\n"
	"gpus:\n"
	"  - gpu: 0\n"
	"    mig-enabled: true\n"
	"    instances:\n"
	"      - {profile: 3g.40gb, start: 4, name: team-a/llm}\n"
	"      - profile: 3g.40gb\n"
	"        start: 0\n"
	"        compute-instances:\n"
	"          - {profile: 1c.3g.40gb, start: 2, name: team-a/small}\n"
	"          - {profile: 2c.3g.40gb}\n"
	"      - {profile: 1g.10gb, count: 2}\n"
	"      - {profile: 1g.10gb, compute-instances: []}\n"
	"  - gpus: [1, GPU-00510000-0000, \"00000000:07:00.0\"]\n"
	"    mig-enabled: false\n"
	"  - {gpus: all, gpu-type: A30, mig-enabled: true, instances: []}\n";

static void what_is_written_is_read_as_it_stands(void **state)
{
	struct mig_layout_file *file = parse_layout(small);
	const struct mig_layout_entry *e = file->entries;
	const struct mig_layout_item *i = e->instances;

	(void)state;
	assert_string_equal(file->name, "l.yaml");
	assert_true(file->has_machine && file->machine.is_simulated);
	assert_string_equal(file->machine.name, "node");
	assert_int_equal(file->n_entries, 3);
	assert_true(e[0].mig_enabled && !e[0].is_all && !e[0].gpu_type);
	assert_int_equal(e[0].n_gpus, 1);
	assert_int_equal(e[0].gpus[0].index, 0);
	assert_int_equal(e[0].n_instances, 4);

	assert_string_equal(i[0].profile, "3g.40gb");
	assert_string_equal(i[0].name, "team-a/llm");
	assert_true(i[0].start == 4 && i[0].count == 1 && !i[0].is_split);
	assert_int_equal(i[0].line, 7);
	assert_true(i[1].is_split && i[1].n_cis == 2 && i[1].start == 0 && !i[1].name);
	assert_string_equal(i[1].cis[0].name, "team-a/small");
	assert_int_equal(i[1].cis[0].start, 2);
	assert_int_equal(i[1].cis[1].start, -1);
	assert_true(i[2].count == 2 && i[2].start == -1);
	assert_true(i[3].is_split && i[3].n_cis == 0);

	assert_int_equal(e[1].n_gpus, 3);
	assert_int_equal(e[1].gpus[0].index, 1);
	assert_string_equal(e[1].gpus[1].id, "GPU-00510000-0000");
	assert_string_equal(e[1].gpus[2].id, "00000000:07:00.0");
	assert_false(e[1].mig_enabled);
	assert_true(e[2].is_all && e[2].mig_enabled && e[2].n_instances == 0);
	assert_string_equal(e[2].gpu_type, "A30");
	mig_layout_file_free(file);
}

static void the_two_kinds_of_file_are_told_apart_by_their_version(void **state)
{
	static const struct {
		const char *text;
		bool is_layout;
	} rows[] = {
		{ "version: migctl/v1\ngpus: []\n", true },
		{ "{\"version\": \"migctl/v1\"}", true },
		{ "version: migctl/v9\n", true },
		{ "version: v1\nmig-configs: {}\n", false },
		{ "version: [migctl/v1]\n", false },
		{ "gpus: []\n", false },
		{ "[migctl/v1]\n", false },
		{ "version: migctl/v1\n\t", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		assert_int_equal(mig_layout_file_is(rows[i].text, strlen(rows[i].text)),
				 rows[i].is_layout);
}

static void a_fault_of_the_file_is_told_with_its_line(void **state)
{
	(void)state;
	refused("", "l.yaml:1: nothing in it");
	refused("[1]\n", "l.yaml:1: a layout file is a map with \"version\" and \"gpus\"");
	refused("gpus: []\n", "l.yaml:1: a layout file has version: migctl/v1");
	refused("# \nversion: migctl/v2\ngpus: []\n",
		"l.yaml:2: a layout file has version: migctl/v1, not \"migctl/v2\"");
	refused("version: migctl/v1\n", "l.yaml:1: \"gpus\" is missing here");
	refused("version: migctl/v1\ngpus: {}\n",
		"l.yaml:2: \"gpus\" must be a list, not a map");
	refused("version: migctl/v1\ngpus: []\n",
		"l.yaml:2: \"gpus\" must have at least one entry");
	refused("version: migctl/v1\ngpu: []\n",
		"l.yaml:2: unknown key \"gpu\": did you mean \"gpus\"? (known: version, "
		"machine, gpus)");
	refused("version: migctl/v1\nmodels: []\n",
		"l.yaml:2: this is a models file, and says what shall run; a layout file has "
		"\"gpus\", and says how they are cut");
}

static void a_fault_of_the_machine_is_told_with_its_line(void **state)
{
	static const struct row rows[] = {
		{ "machine: node\n",
		  "l.yaml:2: \"machine\" must be a map, not a single value" },
		{ "machine: {name: node}\n", "l.yaml:2: \"kind\" is missing here" },
		{ "machine: {kind: hardware}\n", "l.yaml:2: \"name\" is missing here" },
		{ "machine: {kind: real, name: node}\n",
		  "l.yaml:2: \"kind\" must be hardware or simulated, not \"real\"" },
		{ "machine:\n  kind: hardware\n  name: \"\"\n",
		  "l.yaml:4: \"name\" must be UTF-8 of 1 to 255 bytes, without control "
		  "characters and line breaks" },
		{ "machine: {kind: hardware, name: node, id: 7}\n",
		  "l.yaml:2: unknown key \"id\": did you mean \"kind\"? (known: kind, name)" },
	};
	char buf[256];

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		snprintf(buf, sizeof(buf), "version: migctl/v1\n%sgpus: []\n", rows[i].text);
		refused(buf, rows[i].msg);
	}
}

static void a_fault_of_an_entry_is_told_with_its_line(void **state)
{
	static const struct row rows[] = {
		{ "  - all\n",
		  "l.yaml:3: an entry must be a map with \"gpu\" and \"mig-enabled\"" },
		{ "  - mig-enabled: false\n",
		  "l.yaml:3: \"gpu\" is missing here: an index, UUID or PCI bus id; or "
		  "\"gpus\": all, or a list such as [0, 1]" },
		{ "  - gpu: 0\n    gpus: all\n    mig-enabled: false\n",
		  "l.yaml:4: \"gpus\" beside \"gpu\"; write one of the two" },
		{ "  - gpu: [0, 1]\n    mig-enabled: false\n",
		  "l.yaml:3: \"gpu\" is one GPU; for several write \"gpus\"" },
		{ "  - gpus: 0\n    mig-enabled: false\n",
		  "l.yaml:3: \"gpus\" must be all or a list such as [0, 1]" },
		{ "  - gpus: []\n    mig-enabled: false\n",
		  "l.yaml:3: \"gpus\" must name at least one GPU" },
		{ "  - gpu: all\n    mig-enabled: false\n",
		  "l.yaml:3: \"all\" names no GPU: that is an index (0), a UUID (GPU-...) or a "
		  "PCI bus id (\"00000000:07:00.0\")" },
		{ "  - gpus:\n    - 0\n    - {}\n    mig-enabled: false\n",
		  "l.yaml:5: a list or map names no GPU: that is an index (0), a UUID (GPU-...) "
		  "or a PCI bus id (\"00000000:07:00.0\")" },
		{ "  - gpu: 007\n    mig-enabled: false\n",
		  "l.yaml:3: \"007\" is no whole number; a GPU's index is written as in gpu: 0" },
		{ "  - gpu: 4294967296\n    mig-enabled: false\n",
		  "l.yaml:3: 4294967296 is not from 0 to 2147483647; a GPU's index is written as "
		  "in gpu: 0" },
		{ "  - gpu: GPU-\n    mig-enabled: false\n",
		  "l.yaml:3: \"GPU-\" names no GPU: that is an index (0), a UUID (GPU-...) or a "
		  "PCI bus id (\"00000000:07:00.0\")" },
		{ "  - gpu: 0\n", "l.yaml:3: \"mig-enabled\" is missing here" },
		{ "  - gpu: 0\n    mig-enabled: yes\n",
		  "l.yaml:4: \"yes\" is neither true nor false" },
		{ "  - gpu: 0\n    mig-enabled: true\n",
		  "l.yaml:3: \"instances\" is missing here; [] is MIG on without instances" },
		{ "  - gpu: 0\n    mig-enabled: true\n    instances: {}\n",
		  "l.yaml:5: \"instances\" must be a list, not a map; [] is MIG on without "
		  "instances" },
		{ "  - gpu: 0\n    mig-enabled: false\n    instances: []\n",
		  "l.yaml:5: \"instances\" beside mig-enabled: false; take them out, or write "
		  "mig-enabled: true" },
		{ "  - gpu: 0\n    mig-enabled: false\n    gpu-type: [A30]\n",
		  "l.yaml:5: \"gpu-type\" must be a single value, not a list" },
		{ "  - gpu: 0\n    mig-enable: false\n",
		  "l.yaml:4: unknown key \"mig-enable\": did you mean \"mig-enabled\"? (known: "
		  "gpu, gpus, gpu-type, mig-enabled, instances)" },
	};

	(void)state;
	entries_refused(rows, N(rows));
}

static void a_fault_of_an_instance_is_told_with_its_line(void **state)
{
	static const struct row rows[] = {
		{ "    - 3g.40gb\n", "l.yaml:6: an instance must be a map with \"profile\"" },
		{ "    - {start: 0}\n", "l.yaml:6: \"profile\" is missing here" },
		{ "    - {profile: 9}\n",
		  "l.yaml:6: \"9\": a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
		{ "    - {profile: 1c.3g.40gb}\n",
		  "l.yaml:6: \"1c.3g.40gb\" is a compute instance: write it below "
		  "\"compute-instances\" of its GPU instance, \"profile: 3g.40gb\"" },
		{ "    - profile: 3g.40gb\n      start: -1\n",
		  "l.yaml:7: -1 is not from 0 to 15; that is \"start\"" },
		{ "    - profile: 3g.40gb\n      start: \"4\"\n",
		  "l.yaml:7: \"4\" is no whole number; that is \"start\"" },
		{ "    - profile: 3g.40gb\n      count: 0\n",
		  "l.yaml:7: 0 is not from 1 to 2147483647; that is \"count\"" },
		{ "    - profile: 3g.40gb\n      count: 2\n      start: 4\n",
		  "l.yaml:8: 2 instances cannot all begin at 4; list them one by one" },
		{ "    - profile: 3g.40gb\n      count: 2\n      name: llm\n",
		  "l.yaml:8: \"llm\" would name 2 instances; list them one by one" },
		{ "    - {profile: 3g.40gb, starts: 0}\n",
		  "l.yaml:6: unknown key \"starts\": did you mean \"start\"? (known: profile, "
		  "start, count, name, compute-instances)" },
		{ "    - {profile: 3g.40gb, name: 2nd}\n",
		  "l.yaml:6: \"2nd\" is no name for an instance: that is words of letters, "
		  "digits and \"._-\" with \"/\" between them, a letter first, shorter than 64 "
		  "bytes, and nothing that the driver calls by itself (GPU-..., MIG-..., gpu0, "
		  "gi1)" },
		{ "    - {profile: 3g.40gb, name: a}\n    - {profile: 2g.20gb}\n"
		  "    - {profile: 3g.40gb, compute-instances: [{profile: 1c.3g.40gb, name: "
		  "a}]}\n",
		  "l.yaml:8: the name \"a\" stands here and on line 6" },
	};

	(void)state;
	instances_refused(rows, N(rows));
}

static void a_fault_of_a_compute_instance_is_told_with_its_line(void **state)
{
	static const char gi[] = "    - profile: 3g.40gb\n      compute-instances:";
	static const struct row rows[] = {
		{ " {}\n", "l.yaml:7: \"compute-instances\" must be a list, not a map" },
		{ "\n      - 1c.3g.40gb\n",
		  "l.yaml:8: a compute instance must be a map with \"profile\"" },
		{ "\n      - {profile: 1c}\n",
		  "l.yaml:8: \"1c\": a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me" },
		{ "\n      - {profile: 1c.2g.20gb}\n",
		  "l.yaml:8: \"1c.2g.20gb\" is no compute instance of a 3g.40gb; one is called "
		  "such as \"1c.3g.40gb\"" },
		{ "\n      - {profile: 1c.3g.40gb+me}\n",
		  "l.yaml:8: \"1c.3g.40gb+me\" is no compute instance of a 3g.40gb; one is called "
		  "such as \"1c.3g.40gb\"" },
		{ "\n      - {profile: 1c.3g.40gb, start: 16}\n",
		  "l.yaml:8: 16 is not from 0 to 15; that is \"start\"" },
		{ "\n      - {profile: 1c.3g.40gb, compute-instances: []}\n",
		  "l.yaml:8: unknown key \"compute-instances\" (known: profile, start, count, "
		  "name)" },
		{ " []\n      name: llm\n",
		  "l.yaml:8: \"name\" beside \"compute-instances\": it is they that are named" },
		{ "\n      - {profile: 1c.3g.40gb, name: llm}\n      count: 2\n",
		  "l.yaml:8: \"llm\" would name an instance of 2 GPU instances; list them one by "
		  "one" },
	};
	char buf[512];

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const struct row row = { buf, rows[i].msg };

		snprintf(buf, sizeof(buf), "%s%s", gi, rows[i].text);
		instances_refused(&row, 1);
	}
}

static void a_name_is_for_an_instance_of_one_gpu(void **state)
{
	static const struct row rows[] = {
		{ "  - gpus: all\n    mig-enabled: true\n    instances: [{profile: 1g.10gb, name: "
		  "a}]\n",
		  "l.yaml:5: \"a\" would name an instance of several GPUs; write an entry for "
		  "each, with \"gpu\"" },
		{ "  - gpus: [0, 1]\n    mig-enabled: true\n    instances:\n"
		  "    - {profile: 2g.20gb, compute-instances: [{profile: 1c.2g.20gb, name: "
		  "a}]}\n",
		  "l.yaml:6: \"a\" would name an instance of several GPUs; write an entry for "
		  "each, with \"gpu\"" },
	};

	(void)state;
	entries_refused(rows, N(rows));
}

static char *written(const struct mig_layout_file *file, enum mig_config_format format)
{
	char *text = NULL;

	assert_int_equal(mig_layout_file_write(file, format, &text, NULL), 0);
	return text;
}

static void what_is_read_is_written_again_to_the_byte(void **state)
{
	static const enum mig_config_format formats[] = { MIG_CONFIG_YAML, MIG_CONFIG_JSON };
	struct mig_layout_file *file = parse_layout(small), *again;
	char *text, *second;

	(void)state;
	text = written(file, MIG_CONFIG_YAML);
	assert_string_equal(
		text, "version: migctl/v1\n"
		      "machine: {kind: simulated, name: node}\n"
		      "gpus:\n"
		      "  - gpu: 0\n"
		      "    mig-enabled: true\n"
		      "    instances:\n"
		      "      - {profile: 3g.40gb, start: 4, name: team-a/llm}\n"
		      "      - profile: 3g.40gb\n"
		      "        start: 0\n"
		      "        compute-instances:\n"
		      "          - {profile: 1c.3g.40gb, start: 2, name: team-a/small}\n"
		      "          - {profile: 2c.3g.40gb}\n"
		      "      - {profile: 1g.10gb, count: 2}\n"
		      "      - {profile: 1g.10gb, compute-instances: []}\n"
		      "  - gpus: [1, GPU-00510000-0000, \"00000000:07:00.0\"]\n"
		      "    mig-enabled: false\n"
		      "  - {gpus: all, gpu-type: A30, mig-enabled: true, instances: []}\n");
	free(text);
	for (size_t i = 0; i < N(formats); i++) {
		text = written(file, formats[i]);
		again = parse_layout(text);
		second = written(again, formats[i]);
		assert_string_equal(text, second);
		mig_layout_file_free(again);
		free(second);
		free(text);
	}
	mig_layout_file_free(file);
}

static void a_word_that_yaml_would_take_for_another_is_quoted(void **state)
{
	struct mig_layout_file *file = parse_layout(
		"version: migctl/v1\nmachine: {kind: hardware, name: \"12e3\"}\ngpus:\n"
		"  - {gpu: 0, gpu-type: \"a, \\\"b\\\"\", mig-enabled: true, instances: "
		"[{profile: \"1g.24gb+gfx,me\"}, {profile: 1g.24gb-me, name: \"true\"}]}\n");
	char *text;

	(void)state;
	text = written(file, MIG_CONFIG_YAML);
	assert_string_equal(text, "version: migctl/v1\n"
				  "machine: {kind: hardware, name: \"12e3\"}\n"
				  "gpus:\n"
				  "  - gpu: 0\n"
				  "    gpu-type: \"a, \\\"b\\\"\"\n"
				  "    mig-enabled: true\n"
				  "    instances:\n"
				  "      - {profile: \"1g.24gb+gfx,me\"}\n"
				  "      - {profile: 1g.24gb-me, name: \"true\"}\n");
	free(text);
	mig_layout_file_free(file);
}

static void the_example_is_a_layout_file(void **state)
{
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	(void)state;
	if (mig_layout_file_read(LAYOUT_EXAMPLE, &file, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(file->name, LAYOUT_EXAMPLE);
	mig_layout_file_free(file);

	file = NULL;
	assert_int_equal(mig_layout_file_read("no/such/file.yaml", &file, &err), -MIG_E_IO);
	assert_non_null(strstr(err.msg, "no/such/file.yaml"));
	assert_null(file);
	mig_layout_file_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_as_it_stands),
		cmocka_unit_test(the_two_kinds_of_file_are_told_apart_by_their_version),
		cmocka_unit_test(a_fault_of_the_file_is_told_with_its_line),
		cmocka_unit_test(a_fault_of_the_machine_is_told_with_its_line),
		cmocka_unit_test(a_fault_of_an_entry_is_told_with_its_line),
		cmocka_unit_test(a_fault_of_an_instance_is_told_with_its_line),
		cmocka_unit_test(a_fault_of_a_compute_instance_is_told_with_its_line),
		cmocka_unit_test(a_name_is_for_an_instance_of_one_gpu),
		cmocka_unit_test(what_is_read_is_written_again_to_the_byte),
		cmocka_unit_test(a_word_that_yaml_would_take_for_another_is_quoted),
		cmocka_unit_test(the_example_is_a_layout_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
