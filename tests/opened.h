/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmig on the machine that tests/door.h is: the same library is loaded once in a process,
 * so what a test does through the door is what another tool does meanwhile.
 */
#ifndef TESTS_OPENED_H
#define TESTS_OPENED_H

#include <mig/device.h>

#include "tests/door.h"

/** machine_open - open machine @name, with the built-in catalog or without one. */
static inline struct mig_machine *machine_open(const char *name, struct mig_catalog *cat)
{
	const struct mig_machine_options opt = {
		.library = getenv("MIG_TEST_NVML"),
		.sim_dir = machine_folder(),
		.sim_machine = name,
		.catalog = cat,
	};
	struct mig_machine *machine = NULL;
	struct mig_error err = { 0 };

	if (mig_machine_open(&opt, &machine, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(machine);
	return machine;
}

/** snapshot_of - what it says now; mig_snapshot_free() it. */
static inline struct mig_snapshot snapshot_of(struct mig_machine *machine)
{
	struct mig_snapshot snap = { 0 };
	struct mig_error err = { 0 };

	if (mig_snapshot_take(machine, &snap, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return snap;
}

/** has_words - is @words in @text? Prints @text when it is not. */
static inline bool has_words(const char *text, const char *words)
{
	if (strstr(text, words))
		return true;
	fprintf(stderr, "\"%s\" is not in \"%s\"\n", words, text);
	return false;
}

#endif
