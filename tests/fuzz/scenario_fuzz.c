/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios, latency profiles and lines of a machine's log: text that people, and processes
 * of any name, wrote. A fault that is understood is written again and understood alike.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/image.h"
#include "sim/inject.h"

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "scenario_fuzz: %s\n", what);
	abort();
}

static void check_fault(const char *spec)
{
	struct sim_fault f, again;
	char text[SIM_SPEC_MAX], twice[SIM_SPEC_MAX];

	if (sim_fault_parse(spec, &f, NULL) < 0)
		return;
	sim_fault_format(&f, text, sizeof(text));
	must(sim_fault_parse(text, &again, NULL) == 0, "what was written is not understood");
	must(strcmp(sim_fault_format(&again, twice, sizeof(twice)), text) == 0,
	     "what was written is understood otherwise");
}

static void check_scenario(const char *text)
{
	struct sim_scenario sc;
	char words[400];

	if (sim_scenario_parse(text, "fuzz", &sc, NULL) < 0)
		return;
	for (int i = 0; i < sc.n; i++) {
		must(i == 0 || sc.steps[i - 1].t_ns <= sc.steps[i].t_ns, "time runs backwards");
		sim_scenario_step_format(&sc.steps[i], words, sizeof(words));
	}
	sim_scenario_free(&sc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_fixed fixed = { .n_types = 2 };
	struct sim_latency rows[SIM_LATENCIES_MAX];
	struct sim_log_record record;
	char *text = malloc(size + 1);

	must(text != NULL, "no memory");
	memcpy(text, data, size);
	text[size] = '\0';
	snprintf(fixed.types[0].key, sizeof(fixed.types[0].key), "A100-SXM4-80GB");
	snprintf(fixed.types[1].key, sizeof(fixed.types[1].key), "A30");
	check_fault(text);
	check_scenario(text);
	must(sim_latency_parse(text, "fuzz", &fixed, rows, NULL) <= SIM_LATENCIES_MAX,
	     "more rows than there is room for");
	sim_log_parse(text, &record);
	free(text);
	return 0;
}
