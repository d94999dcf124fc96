/* SPDX-License-Identifier: Apache-2.0 */
/* From a layout file to what is wanted of each GPU, whether it stands, and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/config.h"

static const struct mig_layout_machine node = { true, "node" };

/* The entries of @text are refused, and nothing is written. */
static void refused(const char *text, int code, const char *msg)
{
	struct mig_layout_file *file = parse_layout(text);
	struct mig_config_want wants[N_GPUS], before[N_GPUS];
	struct mig_error err = { 0 };

	memset(wants, 0x5a, sizeof(wants));
	memcpy(before, wants, sizeof(wants));
	assert_int_equal(mig_layout_file_select(file, &node, machine(), N_GPUS, wants, &err),
			 -code);
	assert_string_equal(err.msg, msg);
	assert_memory_equal(wants, before, sizeof(wants));
	mig_layout_file_free(file);
}

static void selected(const char *text, struct mig_config_want wants[N_GPUS])
{
	struct mig_layout_file *file = parse_layout(text);
	struct mig_error err = { 0 };

	if (mig_layout_file_select(file, &node, machine(), N_GPUS, wants, &err) < 0)
		fail_msg("%s", err.msg);
	mig_layout_file_free(file);
}

/* What is wanted of GPU 0 by these instances, "request" in words. */
static struct mig_config_want instances(const char *text)
{
	struct mig_config_want wants[N_GPUS];
	char buf[2048];

	snprintf(buf, sizeof(buf), "  - gpu: 0\n    mig-enabled: true\n    instances:%s", text);
	selected(layout_text(buf), wants);
	assert_int_equal(wants[0].mode, MIG_CONFIG_ON);
	return wants[0];
}

static const char *words(const struct mig_request *req)
{
	static char buf[512];

	return mig_request_format(req, buf, sizeof(buf));
}

static void a_gpu_is_found_by_index_uuid_and_bus_id(void **state)
{
	static const char *const names[] = { "0", "GPU-00510000-0000", "00000000:07:00.0" };
	struct mig_config_want wants[N_GPUS];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char buf[128];

		snprintf(buf, sizeof(buf), "  - gpu: %s\n    mig-enabled: false\n", names[i]);
		selected(layout_text(buf), wants);
		assert_int_equal(wants[0].mode, MIG_CONFIG_OFF);
		assert_int_equal(wants[1].mode, MIG_CONFIG_UNTOUCHED);
	}
	selected(layout_text("  - gpus: [0000:07:00.0, \"0f:00.0\"]\n    mig-enabled: false\n"),
		 wants);
	assert_int_equal(wants[0].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[1].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[1].line, 3);
	assert_int_equal(wants[2].mode, MIG_CONFIG_UNTOUCHED);
	assert_int_equal(wants[2].line, 0);
}

static void all_means_those_that_have_mig_and_are_of_the_type(void **state)
{
	struct mig_config_want wants[N_GPUS];

	(void)state;
	selected(layout_text("  - {gpus: all, mig-enabled: true, instances: []}\n"), wants);
	for (int i = 0; i < N_GPUS; i++)
		assert_int_equal(wants[i].mode, i < 3 ? MIG_CONFIG_ON : MIG_CONFIG_UNTOUCHED);
	selected(layout_text("  - {gpus: all, gpu-type: a30, mig-enabled: false}\n"
			     "  - {gpus: all, gpu-type: NVIDIA A100-SXM4-80GB, mig-enabled: "
			     "true, instances: [{profile: 1g.10gb}]}\n"),
		 wants);
	assert_int_equal(wants[0].mode, MIG_CONFIG_ON);
	assert_string_equal(words(&wants[1].request), "1g.10gb");
	assert_int_equal(wants[2].mode, MIG_CONFIG_OFF);
	assert_int_equal(wants[3].mode, MIG_CONFIG_UNTOUCHED);
}

static void places_names_and_splits_come_as_they_were_written(void **state)
{
	const struct mig_config_want w =
		instances("\n    - {profile: 3g.40gb, start: 4, name: team-a/llm}\n"
			  "    - profile: 3g.40gb\n      start: 0\n      compute-instances:\n"
			  "      - {profile: 1c.3g.40gb, start: 2}\n"
			  "      - {profile: 2c.3g.40gb, name: team-a/small}\n");
	const struct mig_want *split = &w.request.want[1];

	(void)state;
	assert_true(w.is_exact);
	assert_int_equal(w.request.n, 2);
	assert_int_equal(w.request.want[0].start, 4);
	assert_int_equal(w.request.want[0].n_ci, 1);
	assert_int_equal(split->start, 0);
	assert_int_equal(split->n_ci, 2);
	assert_int_equal(split->ci_start[0], 2);
	assert_int_equal(split->ci_start[1], -1);
	assert_int_equal(split->ci_start[2], -1);
	assert_int_equal(w.names.n, 2);
	assert_string_equal(w.names.of[0].name, "team-a/llm");
	assert_true(w.names.of[0].want == 0 && w.names.of[0].ci == 0);
	assert_string_equal(w.names.of[1].name, "team-a/small");
	assert_true(w.names.of[1].want == 1 && w.names.of[1].ci == 1);
}

static void counts_are_written_out(void **state)
{
	struct mig_config_want w = instances(" [{profile: 1g.10gb, count: 7}]\n");

	(void)state;
	assert_string_equal(words(&w.request), "7x1g.10gb");
	w = instances("\n    - profile: 3g.40gb\n      count: 2\n      compute-instances:\n"
		      "      - {profile: 1c.3g.40gb, count: 3}\n");
	assert_int_equal(w.request.n, 2);
	assert_int_equal(w.request.want[0].n_ci, 3);
	assert_int_equal(w.request.want[1].n_ci, 3);
}

static void the_whole_has_two_names_and_none_at_all_is_said_too(void **state)
{
	const struct mig_config_want w = instances(
		"\n    - {profile: 3g.40gb, compute-instances: []}\n"
		"    - {profile: 2g.20gb, compute-instances: [{profile: 2g.20gb}]}\n"
		"    - {profile: 2g.20gb, compute-instances: [{profile: 2c.2g.20gb}]}\n");

	(void)state;
	assert_int_equal(w.request.want[0].n_ci, 0);
	for (int i = 1; i < 3; i++) {
		const struct mig_want *want = &w.request.want[i];

		assert_int_equal(want->n_ci, 1);
		assert_true(w.request.type->profiles[want->profile].ci[want->ci[0]].is_default);
	}
}

static void what_cannot_be_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *instances, *msg;
		int code;
	} rows[] = {
		{ " [{profile: 3g.41gb}]\n",
		  "l.yaml:5: GPU 0: 3g.41gb: A100-SXM4-80GB has no such profile; it has 1g.10gb, 1g.10gb+me, 1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb",
		  MIG_E_NOENT },
		{ " [{profile: 1g.10gb, count: 2147483647}]\n",
		  "l.yaml:5: GPU 0: 1g.10gb: one A100-SXM4-80GB holds at most 7 of 1g.10gb, and the request asks for more",
		  MIG_E_NOSPACE },
		{ "\n    - {profile: 4g.40gb, start: 0}\n    - {profile: 3g.40gb, start: 0}\n",
		  "l.yaml:7: GPU 0: instance 2 of 2: 3g.40gb@0 does not fit: it needs units 0-3; the request's own 4g.40gb@0 stands there; it could begin at 4; of the request, 4g.40gb@0 would fit",
		  MIG_E_NOSPACE },
		{ "\n    - {profile: 3g.40gb, start: 2}\n",
		  "l.yaml:6: GPU 0: 3g.40gb cannot begin at unit 2; it may begin at 0 or 4",
		  MIG_E_NOSPACE },
		{ "\n    - {profile: 4g.40gb}\n    - {profile: 3g.40gb}\n    - {profile: 1g.10gb}\n",
		  "l.yaml:8: GPU 0: instance 3 of 3: 1g.10gb fits nowhere: it needs one of units 0-6; the request's own 4g.40gb@0 and 3g.40gb@4 stand there; of the request, 4g.40gb 3g.40gb would fit",
		  MIG_E_NOSPACE },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n      - {profile: 4c.3g.40gb}\n",
		  "l.yaml:8: GPU 0: 4c.3g.40gb: a 3g.40gb has no such compute instance; it has 1c.3g.40gb, 2c.3g.40gb, 3g.40gb",
		  MIG_E_NOENT },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n      - {profile: 1c.3g.40gb, count: 3}\n      - {profile: 1c.3g.40gb}\n",
		  "l.yaml:9: GPU 0: a 3g.40gb holds at most 3 of 1c.3g.40gb", MIG_E_NOSPACE },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n      - {profile: 1c.3g.40gb, start: 0}\n      - {profile: 1c.3g.40gb, start: 0}\n",
		  "l.yaml:9: GPU 0: the compute slices of a 3g.40gb do not hold 1c.3g.40gb at slice 0, 1c.3g.40gb at slice 0",
		  MIG_E_NOSPACE },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n      - {profile: 2c.3g.40gb, start: 2}\n",
		  "l.yaml:8: GPU 0: the compute slices of a 3g.40gb do not hold 2c.3g.40gb at slice 2",
		  MIG_E_NOSPACE },
	};
	char buf[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(buf, sizeof(buf),
			 "  - gpu: 0\n    mig-enabled: true\n    instances:%s",
			 rows[i].instances);
		refused(layout_text(buf), rows[i].code, rows[i].msg);
	}
}

static void a_gpu_that_is_not_as_it_is_named_is_refused(void **state)
{
	static const struct {
		const char *entries, *msg;
		int code;
	} rows[] = {
		{ "  - {gpu: 7, mig-enabled: false}\n",
		  "l.yaml:3: no GPU 7: this machine has 4; take it out, or write gpus: all",
		  MIG_E_NOENT },
		{ "  - {gpu: GPU-77, mig-enabled: false}\n",
		  "l.yaml:3: no GPU GPU-77 here; write the index, UUID or PCI bus id of one that is",
		  MIG_E_NOENT },
		{ "  - gpu: 3\n    mig-enabled: true\n    instances: []\n",
		  "l.yaml:3: GPU 3 has no MIG; take it out, or write gpus: all, which passes over it",
		  MIG_E_UNSUPPORTED },
		{ "  - {gpu: 0, mig-enabled: false}\n  - {gpu: GPU-00510000-0000, mig-enabled: false}\n",
		  "l.yaml:4: GPU 0 is named here and on line 3; take it out of one of the two",
		  MIG_E_SYNTAX },
		{ "  - gpus:\n    - 1\n    - 1\n    mig-enabled: false\n",
		  "l.yaml:5: GPU 1 is named here and on line 4; take it out of one of the two",
		  MIG_E_SYNTAX },
		{ "  - {gpus: all, mig-enabled: false}\n  - {gpu: 1, mig-enabled: false}\n",
		  "l.yaml:4: GPU 1 is named here and on line 3; take it out of one of the two",
		  MIG_E_SYNTAX },
		{ "  - {gpu: 2, gpu-type: A100-SXM4-80GB, mig-enabled: false}\n",
		  "l.yaml:3: GPU 2 is of type A30, and not A100-SXM4-80GB as this entry says",
		  MIG_E_SYNTAX },
		{ "  - {gpu: 3, gpu-type: T4, mig-enabled: false}\n",
		  "l.yaml:3: GPU 3 is of type unknown, and not T4 as this entry says",
		  MIG_E_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(layout_text(rows[i].entries), rows[i].code, rows[i].msg);
}

static void instances_of_a_gpu_that_nobody_knows_are_refused(void **state)
{
	struct mig_layout_file *file = parse_layout(
		layout_text("  - gpu: 0\n    mig-enabled: true\n    instances: [{profile: "
			    "1g.10gb}]\n"));
	const struct mig_config_gpu unknown = { .index = 0, .has_mig = true };
	struct mig_config_want want;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_layout_file_select(file, NULL, &unknown, 1, &want, &err),
			 -MIG_E_UNSUPPORTED);
	assert_string_equal(err.msg, "l.yaml:3: GPU 0: its profiles are not known: neither the "
				     "driver nor the catalog tells them");
	mig_layout_file_free(file);
}

static void a_file_of_another_machine_is_refused(void **state)
{
	static const char of_node[] = "version: migctl/v1\nmachine: {kind: simulated, name: "
				      "node}\ngpus: [{gpu: 0, mig-enabled: false}]\n";
	static const char of_host[] = "version: migctl/v1\nmachine: {kind: hardware, name: "
				      "node}\ngpus: [{gpu: 0, mig-enabled: false}]\n";
	struct mig_layout_file *file = parse_layout(of_host);
	struct mig_config_want wants[N_GPUS];

	(void)state;
	selected(of_node, wants);
	assert_int_equal(wants[0].mode, MIG_CONFIG_OFF);
	refused(of_host, MIG_E_MACHINE,
		"l.yaml:2: this layout is for machine hardware node, and here is SIMULATED "
		"node");
	assert_int_equal(mig_layout_file_select(file, NULL, machine(), N_GPUS, wants, NULL), 0);
	mig_layout_file_free(file);
}

static void places_count_where_they_are_said(void **state)
{
	static const struct {
		const char *want, *have;
		enum mig_config_match match;
	} rows[] = {
		{ " [{profile: 3g.40gb, start: 4}]\n", " [{profile: 3g.40gb, start: 4}]\n",
		  MIG_CONFIG_SAME },
		{ " [{profile: 3g.40gb, start: 4}]\n", " [{profile: 3g.40gb, start: 0}]\n",
		  MIG_CONFIG_DIFFERENT },
		{ " [{profile: 3g.40gb}]\n", " [{profile: 3g.40gb, start: 0}]\n",
		  MIG_CONFIG_SAME },
		{ " [{profile: 3g.40gb, start: 4}]\n", " [{profile: 3g.40gb}]\n",
		  MIG_CONFIG_SAME },
		/* The first may be either, so the second must be left the one it needs. */
		{ " [{profile: 1g.10gb}, {profile: 1g.10gb, start: 0}]\n",
		  " [{profile: 1g.10gb, start: 0}, {profile: 1g.10gb, start: 1}]\n",
		  MIG_CONFIG_SAME },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb}\n      - {profile: 1c.3g.40gb, start: 0}\n",
		  "\n    - profile: 3g.40gb\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb, start: 0}\n"
		  "      - {profile: 1c.3g.40gb, start: 2}\n",
		  MIG_CONFIG_SAME },
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb, start: 1}\n",
		  "\n    - profile: 3g.40gb\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb, start: 0}\n",
		  MIG_CONFIG_DIFFERENT },
		/* As many MIG devices, which a partition file would call the same. */
		{ "\n    - profile: 3g.40gb\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb, count: 2}\n",
		  "\n    - profile: 3g.40gb\n      count: 2\n      compute-instances:\n"
		  "      - {profile: 1c.3g.40gb}\n",
		  MIG_CONFIG_DIFFERENT },
		{ " [{profile: 1g.10gb}]\n",
		  " [{profile: 1g.10gb}, {profile: 3g.40gb, compute-instances: []}]\n",
		  MIG_CONFIG_DIFFERENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_config_want want = instances(rows[i].want);
		const struct mig_config_present have = { 0, 0x20B210DE, true,
							 instances(rows[i].have).request };

		assert_int_equal(mig_config_match(&want, &have), rows[i].match);
	}
}

static void what_stands_is_said_such_that_it_can_be_made(void **state)
{
	const struct mig_config_want w =
		instances("\n    - {profile: 3g.40gb, start: 4, name: llm}\n"
			  "    - profile: 3g.40gb\n      start: 0\n      compute-instances:\n"
			  "      - {profile: 2c.3g.40gb, start: 1, name: b}\n"
			  "      - {profile: 1c.3g.40gb, start: 0}\n");
	const struct mig_layout_state states[] = {
		{ 0, "GPU-00510000-0000", "A100-SXM4-80GB", true, &w.request, &w.names },
		{ 1, NULL, NULL, false, NULL, NULL },
		{ 2, "", "A30", true, NULL, NULL },
	};
	struct mig_layout_file *file = NULL;
	char *text = NULL;

	(void)state;
	assert_int_equal(mig_layout_file_make(&node, states, 3, &file, NULL), 0);
	assert_int_equal(mig_layout_file_write(file, MIG_CONFIG_YAML, &text, NULL), 0);
	assert_string_equal(text,
			    "version: migctl/v1\n"
			    "machine: {kind: simulated, name: node}\n"
			    "gpus:\n"
			    "  - gpu: GPU-00510000-0000\n"
			    "    gpu-type: A100-SXM4-80GB\n"
			    "    mig-enabled: true\n"
			    "    instances:\n"
			    "      - {profile: 3g.40gb, start: 4, name: llm}\n"
			    "      - profile: 3g.40gb\n"
			    "        start: 0\n"
			    "        compute-instances:\n"
			    "          - {profile: 2c.3g.40gb, start: 1, name: b}\n"
			    "          - {profile: 1c.3g.40gb, start: 0}\n"
			    "  - {gpu: 1, mig-enabled: false}\n"
			    "  - {gpu: 2, gpu-type: A30, mig-enabled: true, instances: []}\n");
	mig_layout_file_free(file);
	free(text);
}

static void what_could_not_be_read_again_is_not_made(void **state)
{
	const struct mig_config_want w =
		instances(" [{profile: 1g.10gb, name: a}, {profile: 1g.10gb}]\n");
	const struct mig_layout_state twice[] = {
		{ 0, NULL, NULL, true, &w.request, &w.names },
		{ 1, NULL, NULL, true, &w.request, &w.names },
	};
	const struct mig_layout_machine nameless = { false, "" };
	struct mig_want_names bad = w.names;
	struct mig_request alien = w.request;
	struct mig_layout_state gpu = { 0, NULL, NULL, true, &w.request, &bad };
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_layout_file_make(NULL, twice, 0, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "no GPU here whose layout could be said");
	assert_int_equal(mig_layout_file_make(NULL, twice, 2, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "two instances are called \"a\"");
	assert_int_equal(mig_layout_file_make(&nameless, twice, 1, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "the machine's name cannot be written: a label must not "
				     "be empty");
	bad.of[0].name[0] = '9';
	assert_int_equal(mig_layout_file_make(NULL, &gpu, 1, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "\"9\" is no name for an instance");
	alien.want[1].profile = MIG_PROFILES_MAX;
	gpu = (struct mig_layout_state){ 0, NULL, NULL, true, &alien, NULL };
	assert_int_equal(mig_layout_file_make(NULL, &gpu, 1, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "GPU 0: what it has is not of its type");
	gpu = (struct mig_layout_state){ 0, "no uuid", NULL, false, NULL, NULL };
	assert_int_equal(mig_layout_file_make(NULL, &gpu, 1, &file, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "GPU 0: its UUID or its type cannot be written");
	assert_null(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpu_is_found_by_index_uuid_and_bus_id),
		cmocka_unit_test(all_means_those_that_have_mig_and_are_of_the_type),
		cmocka_unit_test(places_names_and_splits_come_as_they_were_written),
		cmocka_unit_test(counts_are_written_out),
		cmocka_unit_test(the_whole_has_two_names_and_none_at_all_is_said_too),
		cmocka_unit_test(what_cannot_be_is_refused_with_its_line),
		cmocka_unit_test(a_gpu_that_is_not_as_it_is_named_is_refused),
		cmocka_unit_test(instances_of_a_gpu_that_nobody_knows_are_refused),
		cmocka_unit_test(a_file_of_another_machine_is_refused),
		cmocka_unit_test(places_count_where_they_are_said),
		cmocka_unit_test(what_stands_is_said_such_that_it_can_be_made),
		cmocka_unit_test(what_could_not_be_read_again_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
