/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verb is. One const struct a verb, in the verb's file; main.c lists them in the
 * order of --help. Help, man pages and completion are printed from these.
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdbool.h>

#include <jansson.h>

#include <mig/device.h>
#include <mig/error.h>
#include <mig/record.h>
#include <mig/who.h>

struct option {
	const char *name; /* without dashes: "file" */
	char letter;      /* of a short form, or 0 */
	const char *arg;  /* what its value is called, or NULL for a flag */
	const char *text; /* one line, no final stop */
};

enum { OPTIONS_MAX = 16 };

enum verb_flags {
	VERB_CHANGES = 1, /* changes a machine: says first which one, and never by guess */
	VERB_COMMAND = 2, /* ends in a command line of its own, after "--" */
	VERB_BRIEF =
		4,    /* its text shows what stands, and nothing that only the catalog tells */
	VERB_RAW = 8, /* reads all that stands behind its name by itself, options too */
	VERB_ENDS = 16, /* may be run while a change is unfinished: it ends it */
};

struct cli;

struct verb {
	const char *name;     /* "status", "sim new" */
	const char *operands; /* as in a synopsis: "FILE [PROFILE...]" */
	const char *summary;  /* one line, no final stop */
	const char *text;     /* the man page's DESCRIPTION: paragraphs, empty lines between */
	const char *example;  /* lines of the man page's EXAMPLES, or NULL */
	const struct option *options; /* ended by a NULL name; NULL: none */
	int flags;
	int min_operands, max_operands; /* max -1: no limit */
	int (*run)(struct cli *cli, struct mig_error *err);
};

/* What a verb was called with. */
struct cli {
	const struct verb *verb;
	bool is_json;
	const char *sim;                 /* --sim, or NULL */
	const char *sim_variable;        /* MIGCTL_SIM, or NULL */
	const char *sim_dir;             /* folder of simulated machines; never NULL */
	bool is_hardware;                /* --hardware */
	bool is_hasty;                   /* --no-wait */
	const char *catalog_dir;         /* --catalog, or NULL */
	const char *values[OPTIONS_MAX]; /* of the verb's options; "" for a flag that is set */
	int argc;                        /* operands, the verb's name not among them */
	char **argv;
	struct mig_catalog *catalog; /* opened when first asked for */
	struct mig_machine *machine; /* likewise */
	bool has_turn;               /* this process changes the machine now; see cli/turn.h */
	int turn_fd;
	struct mig_home home; /* once has_home: see cli/home.h */
	bool has_home;
	struct mig_who who; /* once has_who: see change_who() */
	bool has_who, is_unknown_told;
	uint64_t change_number; /* on record, of what this command has changed so far; or 0 */
	double change_began_s;  /* when the running of a change began; of no epoch */
	json_t *doc;            /* see cli_print_json(); or NULL */
};

/** cli_file - the path of a file that is read, "-" being standard input. */
const char *cli_file(const char *path);

/** cli_option - an option's value, "" for a flag that was given, or NULL. */
const char *cli_option(const struct cli *cli, const char *name);

/** cli_catalog - the built-in GPU types, /etc/migctl/gpu.d and --catalog. Owned by @cli. */
int cli_catalog(struct cli *cli, struct mig_catalog **ret, struct mig_error *err) MIG_MUST_USE;

/**
 * cli_machine - the machine that was chosen, opened, and a first snapshot of it.
 * @ret:	written on success only; mig_snapshot_free() it. The machine is owned by @cli.
 *
 * Hardware unless a simulated machine is named: --sim, else MIGCTL_SIM, which is not enough
 * for a verb that changes something where a real driver is loaded. Such a verb's first line
 * on stderr says which machine it is.
 */
int cli_machine(struct cli *cli, struct mig_snapshot *ret, struct mig_error *err) MIG_MUST_USE;

/**
 * cli_root - what stands before /proc and /dev where the driver's files of the open machine are
 * read: "" on hardware; the tree of a simulated machine, which is brought up to date.
 * @ret:	written on success only; lives as long as the machine.
 */
int cli_root(struct cli *cli, const char **ret, struct mig_error *err) MIG_MUST_USE;

/** cli_document - a JSON object that begins with the schema and the machine. */
json_t *cli_document(const char *schema, const struct mig_snapshot *snap);

/** cli_basis - what a figure is called: what a simulated driver tells is "simulated". */
const char *cli_basis(const struct mig_snapshot *snap, enum mig_basis basis);

/** cli_print_json - the document of this run, printed at its end; see cli/document.h. Takes @doc,
 *  which may be NULL: no memory. */
int cli_print_json(struct cli *cli, json_t *doc, struct mig_error *err) MIG_MUST_USE;

/** cli_gpu - the GPU that an operand or option names. Errors: NOENT, INVAL (an instance). */
int cli_gpu(const struct mig_snapshot *snap, const char *text, int *ret,
	    struct mig_error *err) MIG_MUST_USE;

/** cli_machine_line - "machine: hardware HOST, driver V" or "machine: SIMULATED NAME", to @buf. */
const char *cli_machine_line(const struct mig_snapshot *snap, char *buf, size_t len);

/** cli_installed - where a file of ours is: beside this program as it is installed, wherever that
 *  is, by the way @from_bin; else in @folder, where the build put it. false: it is not there, and
 *  @buf is where it should be. */
bool cli_installed(const char *from_bin, const char *folder, const char *file, char *buf,
		   size_t len);

/** cli_sim_library - the simulator's libnvidia-ml.so.1 that belongs to this program. */
int cli_sim_library(char *buf, size_t len, struct mig_error *err) MIG_MUST_USE;

/** cli_program - a program of ours that only migctl runs: "migctl-pod-resources". Errors: NOENT. */
int cli_program(const char *name, char *buf, size_t len, struct mig_error *err) MIG_MUST_USE;

/** cli_is_unicode - may boxes be drawn with more than ASCII? */
bool cli_is_unicode(void);

extern const struct verb *const verbs[]; /* ended by NULL, in the order of --help */

#endif
