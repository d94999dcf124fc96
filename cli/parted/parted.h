/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of migctl parted: a command of mig-parted's, with the values of its flags. */
#ifndef CLI_PARTED_PARTED_H
#define CLI_PARTED_PARTED_H

#include "cli/stages.h"

/* Every flag there is; its row in parted_options has the same number. */
enum parted_flag {
	PARTED_CONFIG_FILE,
	PARTED_SELECTED_CONFIG,
	PARTED_HOOKS_FILE,
	PARTED_SKIP_RESET,
	PARTED_MODE_ONLY,
	PARTED_VALID_CONFIG,
	PARTED_OUTPUT_FORMAT,
	PARTED_CONFIG_LABEL,
	PARTED_CHECKPOINT_FILE,
	PARTED_OUTPUT_FILE,
	PARTED_DEBUG,
	PARTED_HOOK_TIMEOUT,
	PARTED_DRAIN_TIMEOUT,
	PARTED_N_FLAGS
};

struct parted_command;

/* A command line, read. */
struct parted {
	struct cli *cli;
	const struct parted_command *command; /* NULL: none was named */
	bool is_help, is_version;
	const char *values[PARTED_N_FLAGS]; /* of flags without a value: "true" or "false" */
	struct mig_error *err;
};

struct parted_command {
	const char *name;
	const char *summary;
	unsigned flags; /* bit i: takes flag i */
	int verb_flags; /* of the verb, while this command runs */
	int (*run)(struct parted *p);
};

extern const struct option parted_options[];          /* by enum parted_flag */
extern const struct parted_command parted_commands[]; /* ended by a NULL name */

/** parted_variable - the environment variable of a flag, or NULL. */
const char *parted_variable(enum parted_flag flag);

/**
 * parted_parse - read a command line as mig-parted does, then the environment.
 * @argv:	@argc words, the program's own name not among them.
 *
 * Errors: INVAL; NOENT - no such command.
 */
int parted_parse(int argc, char **argv, struct parted *ret) MIG_MUST_USE;

/** parted_is - is a flag without a value set? */
bool parted_is(const struct parted *p, enum parted_flag flag);

/** parted_print - @text into the output file, if one is named, else to stdout. */
int parted_print(const struct parted *p, const char *text) MIG_MUST_USE;

struct mig_config;

/** parted_print_config - a config in the output format that was asked for. */
int parted_print_config(const struct parted *p, const struct mig_snapshot *snap,
			const struct mig_config *config) MIG_MUST_USE;

/* The commands. Each returns 0 or a negative code; DIFFERENT when it has said why. */
int parted_export(struct parted *p) MIG_MUST_USE;
int parted_generate(struct parted *p) MIG_MUST_USE;
int parted_assert(struct parted *p) MIG_MUST_USE;
int parted_apply(struct parted *p) MIG_MUST_USE;
int parted_checkpoint(struct parted *p) MIG_MUST_USE;
int parted_restore(struct parted *p) MIG_MUST_USE;

struct partition;

/** parted_read - the partition file that the flags name, and the config in it. */
int parted_read(struct parted *p, struct partition *ret) MIG_MUST_USE;

/* What apply and restore have in common. */
struct parted_change {
	struct stages stages;
	struct hooks hooks;
	struct mig_hooks *hooks_file;
	char *variables[PARTED_N_FLAGS + 1]; /* of the flags, as hooks are told */
};

/**
 * parted_change_read - hooks, resets and waiting, as the flags say; before the machine is looked at.
 * @ret:	zero-initialised but for what is wanted; parted_change_free() it in any case.
 */
int parted_change_read(struct parted *p, struct parted_change *ret) MIG_MUST_USE;
void parted_change_free(struct parted_change *change);

/** parted_change_run - open the machine, run the stages, and say @done on stdout. */
int parted_change_run(struct parted *p, struct parted_change *change,
		      const char *done) MIG_MUST_USE;

#endif
