/* SPDX-License-Identifier: Apache-2.0 */
/* migctl smi … - what nvidia-smi would say. */
#include "cli/smi/smi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/help.h"

enum { WORDS_BYTES = 1024, UNKNOWN_STATUS = 255, UNKNOWN_CODE = 999 };

/* The driver's codes, in nvidia-smi's words and statuses; those not here are unknown errors. */
static const struct {
	int code, status;
	const char *words;
} answers[] = {
	{ SMI_INVALID, 2, "Invalid Argument" },
	{ SMI_UNSUPPORTED, 3, "Not Supported" },
	{ 4, 4, "Insufficient Permissions" },
	{ SMI_NOT_FOUND, 6, "Not Found" },
	{ SMI_NO_DRIVER, 9, "Driver Not Loaded" },
	{ SMI_LOST, 15, "GPU is lost" },
	{ 16, UNKNOWN_STATUS, "GPU requires reset" },
	{ 18, 18, "Driver/library version mismatch" },
	{ 19, 19, "In use by another client" },
	{ 20, UNKNOWN_STATUS, "Insufficient Memory" },
	{ 23, 23, "Insufficient Resources" },
};

/* Where libmig refused before it asked the driver, what the driver would have said. */
static const struct {
	int error, code;
} refusals[] = {
	{ MIG_E_PERM, 4 },
	{ MIG_E_BUSY, 19 },
	{ MIG_E_NOENT, SMI_NOT_FOUND },
	{ MIG_E_NOSPACE, 23 },
	{ MIG_E_INVAL, SMI_INVALID },
	{ MIG_E_UNSUPPORTED, SMI_UNSUPPORTED },
	{ MIG_E_PENDING, 16 },
};

int smi_code(int rc, const struct mig_error *err)
{
	if (err->nvml)
		return err->nvml;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].error == -rc)
			return refusals[i].code;
	}
	return UNKNOWN_CODE;
}

const char *smi_words(int code)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].code == code)
			return answers[i].words;
	}
	return "Unknown Error";
}

int smi_status(int code)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].code == code)
			return answers[i].status;
	}
	return UNKNOWN_STATUS;
}

/* What answers each command; the commands of "mig" want a GPU with MIG on. */
static const struct {
	int (*answer)(struct smi *s);
	int flags;                  /* of the verb, while this command runs */
	bool wants_mig, takes_lost; /* does it say by itself that a GPU is lost? */
} commands[] = {
	[SMI_TABLE] = { smi_table, 0, false },
	[SMI_LIST] = { smi_list, VERB_BRIEF, false, true },
	[SMI_MODE] = { smi_mode, VERB_CHANGES, false },
	[SMI_QUERY] = { smi_query, 0, false },
	[SMI_XML] = { smi_xml, 0, false },
	[SMI_LGIP] = { smi_lgip, 0, true },
	[SMI_LGIPP] = { smi_lgipp, 0, true },
	[SMI_CGI] = { smi_cgi, VERB_CHANGES, true },
	[SMI_DGI] = { smi_dgi, VERB_CHANGES, true },
	[SMI_LGI] = { smi_lgi, 0, true },
	[SMI_LCIP] = { smi_lcip, 0, true },
	[SMI_LCIPP] = { smi_lcipp, 0, true },
	[SMI_CCI] = { smi_cci, VERB_CHANGES, true },
	[SMI_DCI] = { smi_dci, VERB_CHANGES, true },
	[SMI_LCI] = { smi_lci, 0, true },
	[SMI_MIG_NONE] = { smi_mig_none, 0, true },
};

static bool is_index_of(const struct mig_gpu *gpu, const char *name)
{
	char *end;
	const unsigned long index = strtoul(name, &end, 10);

	return *name && !*end && index == (unsigned long)gpu->index;
}

/* An index, a UUID or a PCI bus id. */
static bool is_gpu(const struct smi *s, int gpu, const char *name)
{
	struct mig_ref ref;

	if (is_index_of(&s->snap.gpus[gpu], name))
		return true;
	return mig_ref_parse(&s->snap, name, &ref, NULL, NULL) == 0 && ref.gpu == gpu &&
	       ref.gi < 0;
}

static int choose_gpus(struct smi *s)
{
	int n = 0;

	s->is_chosen = calloc((size_t)s->snap.n_gpus + 1, sizeof(*s->is_chosen));
	if (!s->is_chosen)
		return mig_fail(s->err, MIG_E_NOMEM, "choose among %d GPUs", s->snap.n_gpus);
	for (int g = 0; g < s->snap.n_gpus; g++) {
		const char *list = s->call->gpus;
		char item[MIG_UUID_MAX];

		s->is_chosen[g] = !list;
		while (list && smi_item(&list, item, sizeof(item)))
			s->is_chosen[g] |= is_gpu(s, g, item);
		n += s->is_chosen[g];
	}
	return n;
}

static void print_lost(const char *before, const char *what, const struct mig_gpu *gpu)
{
	printf("%s%s%d: %s%s\n", before, what, gpu->index, smi_words(gpu->lost_code),
	       gpu->lost_code == SMI_LOST ? ".  Reboot the system to recover this GPU\n\n"
					  : "");
}

int smi_say_lost(const struct mig_gpu *gpu, const char *what)
{
	print_lost("Unable to determine the device handle for ", what, gpu);
	return smi_status(gpu->lost_code);
}

/* A GPU that is named by its index is opened; for any other name every GPU is looked at. */
static int say_if_lost(const struct smi *s, const char *name)
{
	const struct mig_gpu *first = NULL;

	for (int g = s->snap.n_gpus - 1; g >= 0; g--) {
		const struct mig_gpu *gpu = &s->snap.gpus[g];

		if (is_index_of(gpu, name))
			return gpu->is_lost ? smi_say_lost(gpu, "GPU") : 0;
		first = gpu->is_lost ? gpu : first;
	}
	if (!first)
		return 0;
	print_lost("Problem with GPU ", "", first);
	return UNKNOWN_STATUS;
}

/* A GPU that is lost ends every command that would look at it, but -L: 0, or the status. */
static int say_lost(const struct smi *s)
{
	const char *list = s->call->gpus;
	char item[MIG_UUID_MAX];
	int status = 0;

	while (status == 0 && list && smi_item(&list, item, sizeof(item)))
		status = say_if_lost(s, item);
	for (int g = 0; status == 0 && g < s->snap.n_gpus; g++) {
		if (s->is_chosen[g] && s->snap.gpus[g].is_lost)
			status = smi_say_lost(&s->snap.gpus[g], "GPU");
	}
	return status;
}

static int answer(struct smi *s)
{
	int n_on = 0, rc = choose_gpus(s), status;

	if (rc < 0)
		return rc;
	status = commands[s->call->command].takes_lost ? 0 : say_lost(s);
	if (status)
		return status;
	if (rc == 0) {
		puts("No devices were found");
		return smi_status(SMI_NOT_FOUND);
	}
	for (int g = 0; g < s->snap.n_gpus; g++)
		n_on += smi_is_on(s, g);
	if (commands[s->call->command].wants_mig && n_on == 0) {
		puts("No MIG-enabled devices found.");
		return smi_status(SMI_NOT_FOUND);
	}
	return commands[s->call->command].answer(s);
}

/* A driver that does not start has nvidia-smi's words; no driver at all has ours. */
static int not_started(int rc, struct mig_error *err)
{
	if (err->nvml == 0)
		return rc;
	if (err->nvml == SMI_NO_DRIVER)
		puts("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA "
		     "driver. Make sure that the latest NVIDIA driver is installed and running.\n");
	else
		printf("Failed to initialize NVML: %s\n", smi_words(err->nvml));
	return smi_status(err->nvml);
}

static int run_smi(struct cli *cli, struct mig_error *err)
{
	struct verb as = *cli->verb;
	struct smi_call call = { 0 };
	struct smi s = { .cli = cli, .call = &call, .err = err };
	char words[WORDS_BYTES];
	const struct verb *const verb = cli->verb;
	int rc;

	if (cli->argc == 1 && strcmp(cli->argv[0], "--help") == 0) {
		help_verb(verb);
		return 0;
	}
	if (cli->is_json)
		return mig_fail(
			err, MIG_E_INVAL,
			"smi prints what nvidia-smi prints, which knows no JSON; 'migctl "
			"status --json' does");
	rc = smi_parse(cli->argc, cli->argv, &call, words, sizeof(words));
	if (rc) {
		fputs(words, stdout);
		return rc;
	}
	as.flags |= commands[call.command].flags;
	cli->verb = &as;
	rc = cli_machine(cli, &s.snap, err);
	if (rc < 0) {
		rc = not_started(rc, err);
	} else {
		rc = answer(&s);
		mig_snapshot_free(&s.snap);
	}
	free(s.is_chosen);
	cli->verb = verb;
	return rc;
}

/* Shown in help and completion; smi_parse() reads these and nvidia-smi's other ones. */
static const struct option smi_options[] = {
	{ "format", 0, "535|570", "as the first argument: whose tables" },
	{ "query-gpu", 0, "FIELDS", "values of each GPU, with --format=csv behind it" },
	{ 0 },
};

const struct verb verb_smi = {
	.name = "smi",
	.operands = "[NVIDIA-SMI-ARGUMENT...]",
	.summary = "answer as nvidia-smi does, word for word",
	.text = "What stands behind smi is nvidia-smi's command line; migctl's own options "
		"stand before it. Words, tables, order and exit statuses are those of "
		"nvidia-smi 535.\n\n"
		"Answered are: no arguments (the table), -L, -i, -mig 0|1, -q -x, "
		"--query-gpu=FIELD[,FIELD...] --format=csv[,noheader][,nounits], and of mig: -lgip, "
		"-lgipp, -cgi, -cci, -lgi, -lci, -lcip, -lcipp, -dci and -dgi, with -C, -i, "
		"-gi and -ci. Fields are index, name, uuid, serial, pci.bus_id, "
		"driver_version, memory.total, memory.used, memory.free, mig.mode.current, "
		"mig.mode.pending, utilization.gpu, temperature.gpu and power.draw. "
		"Anything else is refused by name. -q -x has the elements that are asked of "
		"the driver, and the whole of the MIG part.\n\n"
		"A first argument --format 570 prints the wider tables of the drivers since "
		"R570, with the profiles that nvidia-smi 535 does not know yet.\n\n"
		"What changes a machine goes the way of every other verb: the first line on "
		"stderr names the machine, and nothing that is held is destroyed. Several "
		"instances are made one after the other: those before a failure stay, as "
		"with nvidia-smi.\n\n"
		"Called by the name nvidia-smi, migctl is this verb; libexec/migctl/shims "
		"has such a link, for scripts that want one in their PATH.",
	.example = "  migctl --sim node smi -L\n"
		   "  migctl --sim node smi mig -cgi 9,14 -C\n"
		   "  migctl smi --query-gpu=index,name,mig.mode.current --format=csv\n",
	.options = smi_options,
	.flags = VERB_RAW,
	.max_operands = -1,
	.run = run_smi,
};
