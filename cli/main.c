/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/sim_folder.h"
#include "cli/turn.h"

extern const struct verb verb_status, verb_profiles, verb_layouts, verb_fit;
extern const struct verb verb_enable, verb_disable, verb_create, verb_destroy;
extern const struct verb verb_diff, verb_apply, verb_assert, verb_export;
extern const struct verb verb_save, verb_restore, verb_undo, verb_recover;
extern const struct verb verb_who, verb_resolve, verb_doctor, verb_smi, verb_parted;
extern const struct verb verb_plan, verb_cost;
extern const struct verb verb_sim_new, verb_sim_list, verb_sim_exec, verb_sim_tenant;
extern const struct verb verb_sim_reset, verb_sim_reboot, verb_sim_rm, verb_sim_xid;
extern const struct verb verb_sim_tree;
extern const struct verb verb_sim_fault, verb_sim_latency, verb_sim_lost, verb_sim_settle;
extern const struct verb verb_sim_scenario, verb_sim_log;

const struct verb *const verbs[] = {
	&verb_status,       &verb_profiles, &verb_layouts,
	&verb_fit,          &verb_enable,   &verb_disable,
	&verb_create,       &verb_destroy,  &verb_diff,
	&verb_apply,        &verb_assert,   &verb_export,
	&verb_undo,         &verb_save,     &verb_restore,
	&verb_recover,      &verb_plan,     &verb_cost,
	&verb_who,          &verb_resolve,  &verb_doctor,
	&verb_smi,          &verb_parted,   &verb_sim_new,
	&verb_sim_list,     &verb_sim_exec, &verb_sim_tree,
	&verb_sim_tenant,   &verb_sim_xid,  &verb_sim_fault,
	&verb_sim_latency,  &verb_sim_lost, &verb_sim_settle,
	&verb_sim_scenario, &verb_sim_log,  &verb_sim_reset,
	&verb_sim_reboot,   &verb_sim_rm,   NULL,
};

/* What the build asks: pages and completion are made from the table, never by hand. */
static int build_mode(int argc, char **argv)
{
	int words;

	if (argc < 2)
		return -1;
	if (strcmp(argv[1], "--list-verbs") == 0) {
		for (int i = 0; verbs[i]; i++)
			puts(verbs[i]->name);
		return 0;
	}
	if (strcmp(argv[1], "--completion") == 0) {
		help_completion();
		return 0;
	}
	if (strcmp(argv[1], "--man") == 0) {
		help_man(argc > 2 ? find_verb(argc - 2, argv + 2, &words) : NULL);
		return 0;
	}
	return -1;
}

/* A command's own failures leave 1 to 124 to the command that it was to run. */
static int exit_status(const struct cli *cli, int rc)
{
	if (rc >= 0 || !cli->verb || !(cli->verb->flags & VERB_COMMAND))
		return rc >= 0 ? rc : mig_exit_status(rc);
	return 125;
}

static void close_all(struct cli *cli)
{
	mig_who_free(&cli->who);
	mig_machine_close(cli->machine);
	mig_catalog_close(cli->catalog);
}

/*
 * A stream that the caller closed is taken up the wrong way round, so that using it fails.
 * Left free, the next file opened would be it, and be printed into.
 */
static void occupy_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
	}
}

/* Output that was lost, on a full disk say, is a failure of the whole: "different" that nobody
 * could read is none. */
static int flush_output(int rc, struct mig_error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	return rc < 0 && rc != -MIG_E_DIFFERENT
		       ? rc
		       : mig_fail(err, MIG_E_IO, "cannot write the output");
}

/* Other programs' names: called by one, everything behind it belongs to that verb. */
static const struct {
	const char *name;
	const struct verb *verb;
} names[] = {
	{ "nvidia-smi", &verb_smi },
	{ "nvidia-mig-parted", &verb_parted },
};

static int read_words(int argc, char **argv, struct cli *cli, struct mig_error *err)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	bool asks_json;
	int rc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		cli->verb = names[i].verb;
		cli->argc = argc - 1;
		cli->argv = argv + 1;
		return 0;
	}
	asks_json = options_ask_json(argc - 1, argv + 1); /* parsing reorders them */
	rc = options_parse(argc - 1, argv + 1, cli, err);
	if (rc < 0)
		cli->is_json = asks_json;
	return rc;
}

int main(int argc, char **argv)
{
	struct cli cli = { .sim_variable = getenv("MIGCTL_SIM") };
	struct mig_error err = { 0 };
	char dir[4096];
	int rc;

	occupy_streams();
	rc = build_mode(argc, argv);
	if (rc >= 0)
		return rc;
	if (cli.sim_variable && !*cli.sim_variable)
		cli.sim_variable = NULL;
	cli.sim_dir = sim_folder(dir, sizeof(dir));
	rc = read_words(argc, argv, &cli, &err);
	if (rc == 0)
		rc = cli.verb->run(&cli, &err);
	else if (rc > 0)
		rc = 0;
	document_end(&cli, rc, exit_status(&cli, rc), &err);
	rc = flush_output(rc, &err);
	if (rc < 0 && rc != -MIG_E_DIFFERENT)
		fprintf(stderr, "migctl: %s\n", err.msg[0] ? err.msg : mig_strerror(rc));
	close_all(&cli);
	turn_end(&cli);
	return exit_status(&cli, rc);
}
