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

static struct mig_models *models_of(const char *text)
{
	struct mig_models *models = NULL;
	struct mig_error err = { 0 };

	if (mig_models_parse(text, strlen(text), "m.yaml", &models, &err) < 0)
		fail_msg("%s", err.msg);
	return models;
}

static void refused(int code, const char *text, const char *msg)
{
	struct mig_models *models = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_models_parse(text, strlen(text), "m.yaml", &models, &err), -code);
	assert_string_equal(err.msg, msg);
	assert_null(models);
}

static void model_refused(int code, const char *model, const char *msg)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "version: migctl/v1\nmodels:\n%s", model);
	refused(code, buf, msg);
}

static void the_example_is_read_as_it_stands(void **state)
{
	struct mig_models *models = NULL;
	struct mig_error err = { 0 };
	const struct mig_model *m;
	char buf[32];

	(void)state;
	if (mig_models_read("examples/models.yaml", &models, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(models->n, 5);
	m = &models->models[0];
	assert_string_equal(m->name, "sentiment");
	assert_true(m->mem_bytes == UINT64_C(1288490188));
	assert_int_equal(m->replicas, 1);
	assert_int_equal(m->n_command, 4);
	assert_string_equal(m->command[3], "models/sentiment.pt");
	assert_null(m->command[4]);
	m = &models->models[1];
	assert_int_equal(m->replicas, 3);
	assert_int_equal(m->spread, MIG_SPREAD_GPU);
	m = &models->models[3];
	assert_int_equal(m->nvdec, 1);
	m = &models->models[4];
	assert_int_equal(m->throughput.n, 4);
	assert_string_equal(mig_decimal_format(m->throughput.rows[0].v, buf, sizeof(buf)),
			    "183.6");
	assert_string_equal(mig_decimal_format(m->throughput.rows[2].v, buf, sizeof(buf)),
			    "545");
	assert_true(m->has_need);
	assert_string_equal(mig_decimal_format(m->need, buf, sizeof(buf)), "1900");
	mig_models_free(models);
}

static void everything_else_is_read_too(void **state)
{
	struct mig_models *models = models_of(
		"version: migctl/v1\n"
		"models:\n"
		"  - {name: a, profile: [3g.40gb, A30/2g.12gb], count: 4, pack: true}\n"
		"  - name: b\n"
		"    memory: 640 MiB\n"
		"    apart-from: {gpu: [a], node: [c]}\n"
		"    keep-running: true\n"
		"    latency: {1g.10gb: 12.5}\n"
		"    needs: {latency: 20, tensor-parallel: 2, graphics: true,\n"
		"            profiling: false, debugger: true, nvenc: 1, nvjpeg: 2, ofa: 3}\n"
		"  - {name: c, memory: 1GB, spread: node, apart-from: [a, b]}\n");
	const struct mig_model *m = &models->models[0];

	(void)state;
	assert_int_equal(m->pins.n, 2);
	assert_null(m->pins.rows[0].gpu_type);
	assert_string_equal(m->pins.rows[1].gpu_type, "A30");
	assert_string_equal(m->pins.rows[1].profile, "2g.12gb");
	assert_int_equal(m->replicas, 4);
	m = &models->models[1];
	assert_true(m->mem_bytes == UINT64_C(640) << 20);
	assert_int_equal(m->n_apart, 2);
	assert_int_equal(m->apart[0].model, 0);
	assert_false(m->apart[0].on_node);
	assert_int_equal(m->apart[1].model, 2);
	assert_true(m->apart[1].on_node);
	assert_true(m->keep_running && m->has_latency && m->graphics && m->debugger);
	assert_false(m->profiling);
	assert_int_equal(m->tensor_parallel, 2);
	assert_int_equal(m->nvenc + 10 * m->nvjpeg + 100 * m->ofa, 321);
	m = &models->models[2];
	assert_int_equal(m->spread, MIG_SPREAD_NODE);
	assert_int_equal(m->n_apart, 2);
	assert_false(m->apart[1].on_node);
	mig_models_free(models);
}

static void what_is_no_models_file_is_refused(void **state)
{
	(void)state;
	refused(MIG_E_SYNTAX, "[]",
		"m.yaml:1: a models file is a map with \"version\" and \"models\"");
	refused(MIG_E_SYNTAX, "models: []",
		"m.yaml:1: \"version\" is missing here; write version: migctl/v1");
	refused(MIG_E_SYNTAX, "version: v1\nmig-configs: {}",
		"m.yaml:1: version \"v1\" is none of a models file, which is migctl/v1");
	refused(MIG_E_SYNTAX, "version: migctl/v1\ngpus: []",
		"m.yaml:1: this is a layout file; a models file has \"models\"");
	refused(MIG_E_SYNTAX, "version: migctl/v1\nmodells: []",
		"m.yaml:2: unknown key \"modells\": did you mean \"models\"? (known: version, "
		"models)");
	refused(MIG_E_SYNTAX, "version: migctl/v1\nmodels: []",
		"m.yaml:2: \"models\" must have at least one");
	refused(MIG_E_SYNTAX, "version: migctl/v1\nmodels: {}",
		"m.yaml:2: \"models\" must be a list, not a map");
}

struct refusal {
	const char *model, *msg;
};

static const struct refusal wrong_words[] = {
	{ "  - chat\n", "m.yaml:3: a model must be a map with a \"name\"" },
	{ "  - memory: 1GiB\n", "m.yaml:3: \"name\" is missing here" },
	{ "  - name: a b\n    memory: 1GiB\n",
	  "m.yaml:3: \"a b\" is no name for a model: a letter, then letters, digits and "
	  "\"._-\", 48 bytes at most" },
	{ "  - name: a\n    memory: 1GiB\n  - name: a\n    memory: 1GiB\n",
	  "m.yaml:5: model \"a\" stands on line 3 already; for several alike write "
	  "replicas: N" },
	{ "  - name: a\n", "m.yaml:3: model \"a\": nothing says which instances will do; give "
			   "\"memory\", \"profile\" or a table \"throughput\"" },
	{ "  - name: a\n    memmory: 1GiB\n",
	  "m.yaml:4: unknown key \"memmory\": did you mean \"memory\"? (known: name, "
	  "memory, weights, replicas, count, profile, throughput, latency, needs, "
	  "spread, pack, apart-from, keep-running, command)" },
	{ "  - name: a\n    memory: 12\n",
	  "m.yaml:4: \"memory\": \"12\" is no size with a unit such as 1.2GiB or "
	  "640MiB" },
	{ "  - name: a\n    memory: .nan\n",
	  "m.yaml:4: \"memory\": \".nan\" is no size with a unit such as 1.2GiB or "
	  "640MiB" },
	{ "  - name: a\n    memory: -1GiB\n",
	  "m.yaml:4: \"memory\": \"-1GiB\" is no size with a unit such as 1.2GiB or "
	  "640MiB" },
	{ "  - name: a\n    memory: 99999999999TiB\n",
	  "m.yaml:4: \"memory\": \"99999999999TiB\" is no size with a unit such as "
	  "1.2GiB or 640MiB" },
	{ "  - name: a\n    memory: 0GiB\n", "m.yaml:4: \"memory\" must be above 0" },
	{ "  - name: a\n    memory: 1GiB\n    weights: 1GiB\n",
	  "m.yaml:5: \"weights\" beside \"memory\" on line 4: an instance's memory is "
	  "said once" },
	{ "  - name: a\n    memory: 1GiB\n    replicas: 0\n",
	  "m.yaml:5: 0 is not from 1 to 1000000000; in \"replicas\"" },
	{ "  - name: a\n    memory: 1GiB\n    replicas: 2\n    count: 2\n",
	  "m.yaml:6: \"replicas\" and \"count\" are one thing; say it once" },
	{ "  - name: a\n    memory: 1GiB\n    command: python3 serve.py\n",
	  "m.yaml:5: \"command\" must be a list, not a single value; no shell reads it: "
	  "[\"python3\", \"serve.py\"]" },
	{ "  - name: a\n    memory: 1GiB\n    command: []\n",
	  "m.yaml:5: \"command\" must have 1 to 1024 words" },
	{ "  - name: a\n    memory: 1GiB\n    spread: gpus\n",
	  "m.yaml:5: \"spread\" is gpu or node: no two replicas on one; not \"gpus\"" },
	{ "  - name: a\n    memory: 1GiB\n    pack: true\n    spread: gpu\n",
	  "m.yaml:6: \"spread\" and \"pack\" contradict each other" },
	{ "  - name: a\n    memory: 1GiB\n    apart-from: [b]\n  - name: bb\n    memory: "
	  "1GiB\n",
	  "m.yaml:5: \"apart-from\": no model is called \"b\"; did you mean \"a\"?" },
	{ "  - name: a\n    memory: 1GiB\n    apart-from: [a]\n",
	  "m.yaml:5: model \"a\" apart from itself: write spread: gpu" },
	{ "  - name: a\n    memory: 1GiB\n    apart-from: {rack: [a]}\n",
	  "m.yaml:5: unknown key \"rack\" (known: gpu, node)" },
	{ "  - name: a\n    memory: 1GiB\n    apart-from: a\n",
	  "m.yaml:5: \"apart-from\" must be a list of models, [chat], or {gpu: [chat], "
	  "node: [ranker]}" },
	{ "  - name: a\n    memory: 1GiB\n    keep-running: yes\n",
	  "m.yaml:5: \"yes\" is neither true nor false" },
	{ "  - name: a\n    profile: []\n", "m.yaml:4: \"profile\" is empty" },
	{ "  - name: a\n    profile: A30/\n",
	  "m.yaml:4: \"A30/\" must be PROFILE or GPU-TYPE/PROFILE" },
	{ "  - name: a\n    profile: [1g.10gb, 1g.10gb]\n",
	  "m.yaml:4: 1g.10gb stands on line 4 already" },
};

static void every_wrong_word_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_words) / sizeof(wrong_words[0]); i++)
		model_refused(MIG_E_SYNTAX, wrong_words[i].model, wrong_words[i].msg);
}

static const struct refusal wrong_numbers[] = {
	{ "  - name: a\n    throughput: 12\n",
	  "m.yaml:4: \"throughput\" must be a map, not a single value; it is a table "
	  "such as {1g.10gb: 183.6, 2g.20gb: 337.8}" },
	{ "  - name: a\n    throughput: {}\n", "m.yaml:4: \"throughput\" is empty" },
	{ "  - name: a\n    throughput: {1g.10gb: nan}\n",
	  "m.yaml:4: \"1g.10gb\": \"nan\" is no number such as 1900 or 183.6, without "
	  "unit, sign or exponent" },
	{ "  - name: a\n    throughput: {1g.10gb: .inf}\n",
	  "m.yaml:4: \"1g.10gb\": \".inf\" is no number such as 1900 or 183.6, without "
	  "unit, sign or exponent" },
	{ "  - name: a\n    throughput: {1g.10gb: 1e3}\n",
	  "m.yaml:4: \"1g.10gb\": \"1e3\" is no number such as 1900 or 183.6, without "
	  "unit, sign or exponent" },
	{ "  - name: a\n    throughput: {1g.10gb: -5}\n",
	  "m.yaml:4: \"1g.10gb\": \"-5\" is no number such as 1900 or 183.6, without "
	  "unit, sign or exponent" },
	{ "  - name: a\n    throughput: {1g.10gb: 0.0}\n",
	  "m.yaml:4: \"1g.10gb\" must be above 0" },
	{ "  - name: a\n    throughput: {1g.10gb: \"5\"}\n",
	  "m.yaml:4: \"1g.10gb\" must be a number without quotes" },
	{ "  - name: a\n    throughput: {1g.10gb: 99999999999999999999}\n",
	  "m.yaml:4: \"1g.10gb\": \"99999999999999999999\" is too large" },
	{ "  - name: a\n    throughput: {1g.10gb: 0.1234567}\n",
	  "m.yaml:4: \"1g.10gb\": \"0.1234567\" has more than six digits behind the "
	  "point" },
	{ "  - name: a\n    throughput: {1g.10gb: 010}\n",
	  "m.yaml:4: \"1g.10gb\": \"010\" begins with a 0 that means nothing" },
	{ "  - name: a\n    memory: 1GiB\n    needs: {throughput: 5}\n",
	  "m.yaml:5: a need for throughput wants to know what an instance does: give "
	  "\"throughput\" as a table such as {1g.10gb: 183.6, 2g.20gb: 337.8}, too" },
	{ "  - name: a\n    memory: 1GiB\n    needs: {latency: 5}\n",
	  "m.yaml:5: a need for latency wants to know what an instance does: give "
	  "\"latency\" as a table such as {1g.10gb: 183.6, 2g.20gb: 337.8}, too" },
	{ "  - name: a\n    memory: 1GiB\n    needs: {nvdec: -1}\n",
	  "m.yaml:5: -1 is not from 0 to 64; in \"nvdec\"" },
	{ "  - name: a\n    memory: 1GiB\n    needs: {tensor-paralel: 2}\n",
	  "m.yaml:5: unknown key \"tensor-paralel\": did you mean \"tensor-parallel\"? "
	  "(known: throughput, latency, tensor-parallel, graphics, profiling, debugger, "
	  "nvdec, nvenc, nvjpeg, ofa)" },
	{ "  - name: a\n    memory: 1GiB\n    needs: {graphics: 1}\n",
	  "m.yaml:5: \"1\" is neither true nor false; in \"graphics\"" },
};

static void every_wrong_number_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_numbers) / sizeof(wrong_numbers[0]); i++)
		model_refused(MIG_E_SYNTAX, wrong_numbers[i].model, wrong_numbers[i].msg);
}

static void what_sizes_a_model_from_its_files_is_refused_by_name(void **state)
{
	(void)state;
	model_refused(
		MIG_E_UNSUPPORTED, "  - name: a\n    hf-config: c.json\n    dtype: fp16\n",
		"m.yaml:4: models are not sized from their files yet, so \"hf-config\" "
		"cannot be used; give \"memory\" (what an instance must have), and a table "
		"\"throughput\" of what each profile does");
	model_refused(
		MIG_E_UNSUPPORTED,
		"  - name: a\n    memory: 1GiB\n    needs: {decode-tokens-per-second: 30}\n",
		"m.yaml:5: rates are not predicted yet, so \"decode-tokens-per-second\" "
		"cannot be asked for; give a table \"throughput\" of what each profile does, "
		"and needs: {throughput: N}");
}

static void decimals_round_the_way_that_is_asked_and_never_overflow(void **state)
{
	struct mig_decimal d, e;

	(void)state;
	assert_null(mig_decimal_parse("183.60", &d));
	assert_int_equal(d.digits, 1836);
	assert_int_equal(d.places, 1);
	assert_int_equal(mig_decimal_scale(d, 1, false), 1836);
	assert_int_equal(mig_decimal_scale(d, 0, false), 183);
	assert_int_equal(mig_decimal_scale(d, 0, true), 184);
	assert_int_equal(mig_decimal_scale(d, -2, true), 2);
	assert_int_equal(mig_decimal_scale(d, 3, true), 183600);
	assert_int_equal(mig_decimal_scale(d, 18, false), -1);
	assert_null(mig_decimal_parse("183.599999", &e));
	assert_true(mig_decimal_less(e, d));
	assert_false(mig_decimal_less(d, e));
	assert_false(mig_decimal_less(d, d));
	assert_null(mig_decimal_parse("9223372036854775807", &d));
	assert_null(mig_decimal_parse("9223372036854.775807", &e));
	assert_true(mig_decimal_less(e, d));
	assert_int_equal(mig_decimal_scale(d, 0, true), INT64_MAX);
	assert_non_null(mig_decimal_parse("9223372036854775808", &d));
	assert_non_null(mig_decimal_parse("", &d));
	assert_non_null(mig_decimal_parse("1.", &d));
	assert_non_null(mig_decimal_parse(".5", &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_read_as_it_stands),
		cmocka_unit_test(everything_else_is_read_too),
		cmocka_unit_test(what_is_no_models_file_is_refused),
		cmocka_unit_test(every_wrong_word_is_named_with_its_line),
		cmocka_unit_test(every_wrong_number_is_named_with_its_line),
		cmocka_unit_test(what_sizes_a_model_from_its_files_is_refused_by_name),
		cmocka_unit_test(decimals_round_the_way_that_is_asked_and_never_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
