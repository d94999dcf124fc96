/* SPDX-License-Identifier: Apache-2.0 */
/* migctl parted … - what mig-parted, NVIDIA's MIG partition editor, would do. */
#include "cli/parted/parted.h"

#include <stdio.h>
#include <string.h>

#include "cli/help.h"

enum { FAILED = 1, NO_SUCH_COMMAND = 3 }; /* mig-parted's exit statuses */

#define FLAG(name) (1U << PARTED_##name)

const struct parted_command parted_commands[] = {
	{ "apply", "cut the GPUs as a config of a partition file says",
	  FLAG(CONFIG_FILE) | FLAG(SELECTED_CONFIG) | FLAG(HOOKS_FILE) | FLAG(SKIP_RESET) |
		  FLAG(MODE_ONLY) | FLAG(HOOK_TIMEOUT) | FLAG(DRAIN_TIMEOUT),
	  VERB_CHANGES, parted_apply },
	{ "assert", "say whether the GPUs are cut as a config says",
	  FLAG(CONFIG_FILE) | FLAG(SELECTED_CONFIG) | FLAG(MODE_ONLY) | FLAG(VALID_CONFIG), 0,
	  parted_assert },
	{ "export", "print how the GPUs are cut as a partition file",
	  FLAG(OUTPUT_FORMAT) | FLAG(CONFIG_LABEL), 0, parted_export },
	{ "generate-config", "print a partition file to choose from, for the GPUs here",
	  FLAG(OUTPUT_FILE) | FLAG(OUTPUT_FORMAT), 0, parted_generate },
	{ "checkpoint", "write how the GPUs are cut, with every place, to a file",
	  FLAG(CHECKPOINT_FILE), 0, parted_checkpoint },
	{ "restore", "cut the GPUs as a checkpoint file says",
	  FLAG(CHECKPOINT_FILE) | FLAG(HOOKS_FILE) | FLAG(MODE_ONLY) | FLAG(HOOK_TIMEOUT) |
		  FLAG(DRAIN_TIMEOUT),
	  VERB_CHANGES, parted_restore },
	{ 0 },
};

static void print_flag(int flag)
{
	const struct option *o = &parted_options[flag];
	const char *variable = parted_variable((enum parted_flag)flag);
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	printf(o->letter ? "  -%c, --%-26s %s" : "  %c   --%-26s %s",
	       o->letter ? o->letter : ' ', name, o->text);
	printf(variable ? " [%s]\n" : "\n", variable);
}

static void help_command(const struct parted_command *c)
{
	printf("Usage: nvidia-mig-parted %s [FLAG...]\n\n%s\n\nFlags:\n", c->name, c->summary);
	for (int i = 0; i < PARTED_N_FLAGS; i++) {
		if (c->flags >> i & 1)
			print_flag(i);
	}
	print_flag(PARTED_DEBUG);
}

/* A question that is asked of the program, not of a machine. */
static bool is_answered(const struct parted *p)
{
	if (p->is_version)
		puts("nvidia-mig-parted version " MIG_VERSION " (migctl)");
	else if (p->is_help && p->command)
		help_command(p->command);
	else if (p->is_help || !p->command)
		help_verb(p->cli->verb);
	else
		return false;
	return true;
}

static int run_command(struct parted *p)
{
	const struct verb *const verb = p->cli->verb;
	struct verb as = *verb;
	int rc;

	as.flags |= p->command->verb_flags;
	as.options = NULL; /* of other verbs, which share what the commands are made of */
	p->cli->verb = &as;
	rc = p->command->run(p);
	p->cli->verb = verb;
	return rc;
}

static int run_parted(struct cli *cli, struct mig_error *err)
{
	struct parted p = { .cli = cli, .err = err };
	bool is_no_command;
	int rc;

	if (cli->is_json)
		return mig_fail(
			err, MIG_E_INVAL,
			"parted prints what nvidia-mig-parted prints, whose JSON is "
			"'migctl parted export -o json'; 'migctl export --json' is ours");
	rc = parted_parse(cli->argc, cli->argv, &p);
	is_no_command = rc == -MIG_E_NOENT;
	if (rc == 0 && is_answered(&p))
		return 0;
	if (rc == 0)
		rc = run_command(&p);
	if (rc == 0)
		return 0;
	if (rc != -MIG_E_DIFFERENT)
		fprintf(stderr, "migctl: %s\n", err->msg[0] ? err->msg : mig_strerror(rc));
	return is_no_command ? NO_SUCH_COMMAND : FAILED;
}

extern const struct verb verb_parted;
const struct verb verb_parted = {
	.name = "parted",
	.operands = "COMMAND [FLAG...]",
	.summary = "answer as mig-parted does, flag by flag",
	.text = "What stands behind parted is the command line of nvidia-mig-parted, NVIDIA's "
		"MIG partition editor; migctl's own options stand before it. Commands, flags, "
		"variables, files, what is printed on stdout, and exit statuses are those of "
		"mig-parted 0.15.\n\n"
		"Commands are apply, assert, export, generate-config, checkpoint and restore; "
		"'COMMAND --help' lists the flags of each, and the variable that stands for "
		"each: MIG_PARTED_CONFIG_FILE and so on. A flag that is given wins. The exit "
		"status is 0 or 1, and 3 of a command that there is not.\n\n"
		"Beyond that: an instance that is wanted and there is not "
		"touched, nothing that a process holds is destroyed, what cannot fit is "
		"refused before anything changes, only a GPU that waits for a reset is reset, "
		"and when a step fails all is put back. assert --valid-config checks against "
		"the GPUs here, or where there are none against the catalog. --hook-timeout and "
		"--drain-timeout are ours, as in migctl-apply(1).\n\n"
		"Called by the name nvidia-mig-parted, migctl is this verb; "
		"libexec/migctl/shims has such a link, for scripts that want one in their "
		"PATH.",
	.example = "  migctl --sim node parted generate-config\n"
		   "  migctl --sim node parted apply -f partitions.yaml -c all-balanced\n"
		   "  migctl --sim node parted assert --mode-only -f partitions.yaml -c "
		   "all-balanced\n",
	.options = parted_options,
	.flags = VERB_RAW,
	.max_operands = -1,
	.run = run_parted,
};
