/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim fault, latency, lost, settle - what goes wrong on a simulated machine. */
#include <stdio.h>
#include <string.h>

#include "cli/sim_report.h"
#include "shared/table.h"
#include "shared/text.h"
#include "sim/inject.h"
#include "sim/machine.h"

static const struct table_column columns[] = {
	{ "fault", "FAULT", TABLE_STRING },
	{ "n_calls", "CALLS", TABLE_NUMBER },
	{ "state", "STATE", TABLE_STRING },
};

static void add_fault(struct table *t, const struct sim_fault *f)
{
	const unsigned n = (uint32_t)f->count;
	char spec[SIM_SPEC_MAX];

	table_cell(t, "%s", sim_fault_format(f, spec, sizeof(spec)));
	table_cell(t, "%u", n);
	table_cell(t, "%s",
		   f->last != SIM_FAULT_EVER && n >= f->last ? "struck"
		   : n + 1 < f->first                        ? "waits"
							     : "armed");
}

static int list(struct cli *cli, struct mig_error *err)
{
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct sim_injected in;
	int rc = sim_inject_list(cli->sim_dir, cli->argv[0], &in, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < in.n_faults; i++)
		add_fault(&t, &in.faults[i]);
	if (cli->is_json) {
		json_t *doc = json_pack("{s:s, s:{s:s, s:s}, s:s, s:o}", "schema",
					"migctl.sim-fault/v1", "machine", "kind", "simulated",
					"name", cli->argv[0], "latency", in.latency, "faults",
					table_json(&t));
		rc = cli_print_json(cli, doc, err);
	} else {
		printf("machine: SIMULATED %s, latency %s\n", cli->argv[0], in.latency);
		if (in.n_faults)
			table_print(stdout, &t);
		else
			printf("no faults\n");
	}
	table_free(&t);
	return rc;
}

static int clear(struct cli *cli, struct mig_error *err)
{
	char deed[64];
	int n;

	if (cli->argc > 2)
		return mig_fail(err, MIG_E_INVAL,
				"--clear takes one call's faults away, or all");
	n = sim_inject_clear(cli->sim_dir, cli->argv[0], cli->argc == 2 ? cli->argv[1] : NULL,
			     err);

	if (n < 0)
		return n;
	snprintf(deed, sizeof(deed), "%d fault%s cleared", n, n == 1 ? "" : "s");
	return sim_report(cli, deed, err);
}

static int run_fault(struct cli *cli, struct mig_error *err)
{
	char deed[SIM_SPEC_MAX + 32];
	int rc;

	if (cli_option(cli, "clear") && cli_option(cli, "list"))
		return mig_fail(err, MIG_E_INVAL, "--list and --clear exclude each other");
	if (cli_option(cli, "clear"))
		return clear(cli, err);
	if (cli->argc == 1)
		return list(cli, err);
	if (cli_option(cli, "list"))
		return mig_fail(err, MIG_E_INVAL, "--list shows faults and sets none");
	rc = sim_inject_faults(cli->sim_dir, cli->argv[0], (const char *const *)cli->argv + 1,
			       cli->argc - 1, err);
	if (rc < 0)
		return rc;
	snprintf(deed, sizeof(deed), "%d fault%s set", cli->argc - 1,
		 cli->argc == 2 ? "" : "s");
	return sim_report(cli, deed, err);
}

static int run_latency(struct cli *cli, struct mig_error *err)
{
	const char *profile = cli->argc == 2 ? cli->argv[1] : "published";
	char deed[512];
	int rc = sim_inject_latency(cli->sim_dir, cli->argv[0], profile, err);

	if (rc < 0)
		return rc;
	snprintf(deed, sizeof(deed), "latency %s", profile);
	return sim_report(cli, deed, err);
}

static int run_lost(struct cli *cli, struct mig_error *err)
{
	const bool is_lost = cli_option(cli, "back") == NULL;
	char deed[64];
	int gpu, rc = sim_gpu(cli, 1, &gpu, err);

	if (rc == 0)
		rc = sim_inject_lost(cli->sim_dir, cli->argv[0], gpu, is_lost, err);
	if (rc < 0)
		return rc;
	snprintf(deed, sizeof(deed), "GPU %d is %s", gpu, is_lost ? "lost" : "back");
	return sim_report(cli, deed, err);
}

static int run_settle(struct cli *cli, struct mig_error *err)
{
	char deed[64];
	uint64_t ms;
	int rc;

	if (!text_parse_u64(cli->argv[1], &ms) || ms > SIM_SETTLE_MS_MAX)
		return mig_fail(err, MIG_E_INVAL, "'%s': milliseconds up to %d are wanted",
				cli->argv[1], SIM_SETTLE_MS_MAX);
	rc = sim_inject_settle(cli->sim_dir, cli->argv[0], (unsigned)ms, err);
	if (rc < 0)
		return rc;
	snprintf(deed, sizeof(deed), "settle time %u ms", (unsigned)ms);
	return sim_report(cli, deed, err);
}

static const struct option fault_options[] = {
	{ "list", 'l', NULL, "show the faults that are set, as without a fault" },
	{ "clear", 0, NULL, "take all faults away, or those of the call that is named" },
	{ 0 },
};

static const struct option lost_options[] = {
	{ "back", 0, NULL, "it answers again, as if nothing had been" },
	{ 0 },
};

extern const struct verb verb_sim_fault, verb_sim_latency, verb_sim_lost, verb_sim_settle;

const struct verb verb_sim_fault = {
	.name = "sim fault",
	.operands = "NAME [--list | --clear [CALL] | CALL[@WHAT][#N|#N..]=ACTION...]",
	.summary = "make calls of a simulated driver fail, hang, or kill their caller",
	.text = "CALL is any function of NVML that returns a code. ACTION is the name or number "
		"of an error, \"kill\", which ends the calling process with SIGKILL at that "
		"call, or \"hang:2s\", which makes the call take so much longer without "
		"holding anybody else up. Of a call that changes something \"kill:after\" and "
		"\"IN_USE:after\" strike once the machine has been changed.\n\n"
		"#N is the N-th call from now, those of all processes counted together; #N.. "
		"that one and all later ones; without it every call until it is cleared. Calls "
		"of a user who may not write the machine's file are not counted: only faults "
		"without #N strike them.\n\n" SIM_FAULT_ANSWERS,
	.example = SIM_FAULT_EXAMPLE,
	.options = fault_options,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_fault,
};

const struct verb verb_sim_latency = {
	.name = "sim latency",
	.operands = "NAME [published|none|FILE]",
	.summary = "let the calls of a simulated driver take their time",
	.text = "The profile \"published\", which is taken when none is named, has the times "
		"that were published for making and destroying instances on A30, A100 and H100; "
		"\"none\" is what a new machine has. A file has lines of\n\n"
		"CALL [gpu=TYPE] [slices=N] TIME\n\n"
		"where CALL may end in \"*\", TYPE is the beginning of a GPU type, N the compute "
		"slices of the instance, and TIME is like 160ms. Of several lines that fit the "
		"last counts; \"#\" begins a comment. Other processes go on meanwhile.",
	.example = "  migctl sim latency node\n",
	.min_operands = 1,
	.max_operands = 2,
	.run = run_latency,
};

const struct verb verb_sim_lost = {
	.name = "sim lost",
	.operands = "NAME GPU [--back]",
	.summary = "let a simulated GPU fall off the bus",
	.text = "Every call about the GPU answers \"GPU is lost\" until it is reset, the machine "
		"is rebooted, or it comes back; the others are not disturbed. A real one is found out by "
		"XID 79 too, which 'migctl sim xid NAME GPU 79' reports.",
	.example = "  migctl sim lost node 0\n",
	.options = lost_options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_lost,
};

const struct verb verb_sim_settle = {
	.name = "sim settle",
	.operands = "NAME MS",
	.summary = "change how long a GPU instance is in use after its last CI went",
	.text = "What --settle of 'migctl sim new' set.",
	.example = "  migctl sim settle node 300\n",
	.min_operands = 2,
	.max_operands = 2,
	.run = run_settle,
};
