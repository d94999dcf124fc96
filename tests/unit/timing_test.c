/* SPDX-License-Identifier: Apache-2.0 */
/* How long changes take: what is published, of which types, and how the simulator takes it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mig/catalog.h>

#include "sim/inject.h"
#include "sim/machine.h"
#include "sim/open.h"

static struct mig_timing timing_of(const char *key)
{
	struct mig_timing t = { 0 };
	struct mig_error err = { 0 };

	if (mig_timing_find(key, &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

static void a_type_that_was_measured_has_its_own_figures(void **state)
{
	const struct mig_timing a30 = timing_of("A30"), a100 = timing_of("A100-SXM4-40GB");

	(void)state;
	assert_int_equal(a30.create_ms[1], 110);
	assert_int_equal(a30.create_ms[3], MIG_UNKNOWN);
	assert_int_equal(a30.destroy_ms, 100);
	assert_int_equal(a30.basis, MIG_BASIS_SECONDARY);
	assert_string_equal(a30.origin,
			    "published: artecs-group/RL_MIG_scheduler, algorithm.py");
	assert_int_equal(a100.create_ms[7], 240);
	assert_int_equal(a100.switch_ms, 6460);
	assert_int_equal(a100.switch_basis, MIG_BASIS_SECONDARY);
}

static void another_type_counts_as_one_that_was_and_says_so(void **state)
{
	const struct mig_timing h100 = timing_of("H100-SXM5-80GB"), b200 = timing_of("B200"),
				none = timing_of("A1000");

	(void)state;
	assert_int_equal(b200.create_ms[3], h100.create_ms[3]);
	assert_int_equal(b200.basis, MIG_BASIS_ASSUMED);
	assert_string_equal(b200.origin, "assumed: as H100 (published: "
					 "artecs-group/RL_MIG_scheduler, algorithm.py)");
	assert_int_equal(h100.switch_basis, MIG_BASIS_ASSUMED);
	assert_string_equal(h100.switch_origin, "assumed: as A100 (published: the log of an "
						"A100-80GB, second-hand)");
	assert_int_equal(none.basis, MIG_BASIS_ASSUMED);
}

static void a_size_that_was_not_measured_takes_as_long_as_the_next(void **state)
{
	const struct mig_timing a30 = timing_of("A30");

	(void)state;
	assert_int_equal(mig_timing_create_ms(&a30, 2), 120);
	assert_int_equal(mig_timing_create_ms(&a30, 3), 130);
	assert_int_equal(mig_timing_create_ms(&a30, 5), MIG_UNKNOWN);
}

#define HEAD    "version: migctl-timing/v1\n"
#define ONE     "instances: [{gpu-type: X, create-ms: {1: 1}, destroy-ms: 1, source: s}]\n"
#define MODE    "mode: [{gpu-type: X, switch-ms: 1, source: s}]\n"
#define OTHERS  "others: {instances: X, mode: X}\n"
#define SOURCES "sources: {s: {basis: measured, text: t}}\n"

static void a_file_with_a_mistake_is_refused_by_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "version: 2\n", "f:1: " },
		{ HEAD MODE OTHERS SOURCES, "instances" },
		{ HEAD ONE MODE "others: {instances: X, mode: Y}\n" SOURCES,
		  "f:4: \"mode\" has no entry for Y" },
		{ HEAD ONE MODE OTHERS SOURCES "more: 1\n", "f:6: " },
		{ HEAD "instances: [{gpu-type: X, create-ms: {99: 1}, destroy-ms: 1, "
		       "source: s}]\n" MODE OTHERS SOURCES,
		  "f:2: 99 is not from 1 to 16" },
		{ HEAD ONE "mode: [{gpu-type: X, switch-ms: 0, source: s}]\n" OTHERS SOURCES,
		  "f:3: 0 is not from 1" },
		{ HEAD ONE MODE OTHERS
		  "sources: {s: {basis: measured, text: t}, u: {basis: measured, text: t}}\n",
		  "source \"u\" is used by no value" },
		{ HEAD ONE "mode: [1]\n" OTHERS SOURCES, "f:3: an entry is a map" },
	};
	struct mig_timing t = { .destroy_ms = 77 };
	const char *good = HEAD ONE MODE OTHERS SOURCES;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mig_error err = { 0 };

		assert_int_equal(mig_timing_parse(rows[i].text, strlen(rows[i].text), "f", "X",
						  &t, &err),
				 -MIG_E_SYNTAX);
		if (!strstr(err.msg, rows[i].words))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].words, err.msg);
		assert_int_equal(t.destroy_ms, 77);
	}
	assert_int_equal(mig_timing_parse(good, strlen(good), "f", "X", &t, NULL), 0);
	assert_int_equal(t.destroy_ms, 1);
}

/* The time that the simulator takes to make a GI of @slices on the type at @type. */
static uint32_t create_us(const struct sim_faults *f, int type, int slices)
{
	uint32_t us = 0;

	for (uint64_t i = 0; i < f->n_latencies; i++) {
		const struct sim_latency *row = &f->latencies[i];

		if (strcmp(sim_call_name((enum sim_call_id)row->call),
			   "nvmlDeviceCreateGpuInstance") == 0 &&
		    (row->type == SIM_LATENCY_ANY || row->type == type) &&
		    row->slices == slices)
			us = row->us; /* the last that fits counts */
	}
	return us;
}

static void the_simulator_takes_the_times_that_are_published(void **state)
{
	static const char *const keys[] = { "A100-SXM4-80GB", "A30", "H200-141GB",
					    "H100-SXM5-80GB" };
	char folder[] = "/tmp/migctl-timing-test-XXXXXX", command[64];
	struct sim_options opt = { .seed = 1 };
	struct mig_catalog *catalog;
	struct sim_open m;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mig_catalog_open(NULL, &catalog, NULL), 0);
	assert_int_equal(sim_spec_parse("A100-SXM4-80GB,A30,H200-141GB,H100-SXM5-80GB", catalog,
					&opt, NULL),
			 0);
	assert_int_equal(sim_machine_new(folder, "m", &opt, NULL), 0);
	assert_int_equal(sim_inject_latency(folder, "m", "published", NULL), 0);
	assert_int_equal(sim_open(folder, "m", &m, NULL), 0);
	for (int t = 0; t < 4; t++) {
		const struct mig_timing timing = timing_of(keys[t]);

		assert_string_equal(m.img.fixed->types[t].key, keys[t]);
		for (int slices = 1; slices <= MIG_UNITS_MAX; slices++) {
			if (timing.create_ms[slices] != MIG_UNKNOWN)
				assert_int_equal(create_us(sim_image_faults(&m.img), t, slices),
						 timing.create_ms[slices] * 1000);
		}
	}
	sim_open_close(&m);
	mig_catalog_close(catalog);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_that_was_measured_has_its_own_figures),
		cmocka_unit_test(another_type_counts_as_one_that_was_and_says_so),
		cmocka_unit_test(a_size_that_was_not_measured_takes_as_long_as_the_next),
		cmocka_unit_test(a_file_with_a_mistake_is_refused_by_its_line),
		cmocka_unit_test(the_simulator_takes_the_times_that_are_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
