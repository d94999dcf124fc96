/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim … - simulated machines: make, list, use, hold, reset, reboot, remove. */
#include "sim/machine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sim_root.h"
#include "cli/sim_report.h"
#include "shared/cleanup.h"
#include "shared/table.h"
#include "shared/text.h"
#include "sim/tree.h"

/* What was done to a machine: on stderr which one, then the deed. */
int sim_report(struct cli *cli, const char *deed, struct mig_error *err)
{
	const char *name = cli->argv[0];
	char schema[32] = "";
	json_t *doc;

	fprintf(stderr, "machine: SIMULATED %s\n", name);
	if (!cli->is_json) {
		printf("%s\n", deed);
		return 0;
	}
	text_append(schema, sizeof(schema), "migctl.sim-%s/v1",
		    cli->verb->name + strlen("sim "));
	doc = json_pack("{s:s, s:{s:s, s:s}, s:s}", "schema", schema, "machine", "kind",
			"simulated", "name", name, "done", deed);
	return cli_print_json(cli, doc, err);
}

static int read_number(struct cli *cli, const char *option, uint64_t max, uint64_t *ret,
		       struct mig_error *err)
{
	const char *value = cli_option(cli, option);

	if (value && (!text_parse_u64(value, ret) || *ret > max))
		return mig_fail(err, MIG_E_INVAL,
				"--%s %s: a whole number up to %llu is wanted", option, value,
				(unsigned long long)max);
	return 0;
}

/* Copies of the types with their gaps filled; the machine will say so. */
static void assume(struct sim_options *opt, struct mig_gpu_type *copies)
{
	for (int i = 0; i < opt->n_specs; i++) {
		copies[i] = *opt->specs[i].type;
		mig_gpu_type_assume(&copies[i]);
		opt->specs[i].type = &copies[i];
	}
}

static int run_new(struct cli *cli, struct mig_error *err)
{
	cleanup_free struct mig_gpu_type *copies = calloc(SIM_SPECS_MAX, sizeof(*copies));
	struct sim_options opt = { .driver = cli_option(cli, "driver"),
				   .is_strict = cli_option(cli, "strict") != NULL };
	const char *spec = cli_option(cli, "gpus");
	uint64_t settle = 0;
	char deed[512] = "";
	struct mig_catalog *cat;
	int rc;

	if (!copies)
		return mig_fail(err, MIG_E_NOMEM, "sim new");
	if (!spec)
		return mig_fail(err, MIG_E_INVAL,
				"sim new wants GPUs: migctl sim new %s --gpus 2xA100-SXM4-80GB",
				cli->argv[0]);
	rc = read_number(cli, "seed", UINT64_MAX, &opt.seed, err);
	if (rc == 0)
		rc = read_number(cli, "settle", SIM_SETTLE_MS_MAX, &settle, err);
	opt.settle_ms = (unsigned)settle;
	if (rc == 0)
		rc = cli_catalog(cli, &cat, err);
	if (rc == 0)
		rc = sim_spec_parse(spec, cat, &opt, err);
	if (rc < 0)
		return rc;
	if (cli_option(cli, "assume"))
		assume(&opt, copies);
	rc = sim_machine_new(cli->sim_dir, cli->argv[0], &opt, err);
	if (rc < 0)
		return rc;
	text_append(deed, sizeof(deed), "made %s (%s, driver %s%s)", cli->argv[0], spec,
		    opt.driver ? opt.driver : SIM_DEFAULT_DRIVER,
		    cli_option(cli, "assume") ? ", gaps filled by assumption" : "");
	return sim_report(cli, deed, err);
}

static const struct table_column columns[] = {
	{ "name", "NAME", TABLE_STRING },
	{ "gpus", "GPUS", TABLE_STRING },
	{ "driver", "DRIVER", TABLE_STRING },
	{ "n_gpu_instances", "GIS", TABLE_NUMBER },
	{ "n_compute_instances", "CIS", TABLE_NUMBER },
	{ "n_tenants", "TENANTS", TABLE_NUMBER },
	{ "note", "NOTE", TABLE_STRING },
};

static void add_words(char *note, size_t len, bool is_so, const char *words)
{
	if (is_so)
		text_append(note, len, "%s%s", *note ? ", " : "", words);
}

/* What a machine has that others have not, and what is to go wrong: it is easily forgotten. */
static void add_note(struct table *t, const struct sim_summary *s)
{
	char note[256] = "", words[64];

	add_words(note, sizeof(note), s->is_assumed, "assumed values");
	add_words(note, sizeof(note), s->is_strict, "strict");
	snprintf(words, sizeof(words), "%d GPU%s lost", s->n_lost, s->n_lost == 1 ? "" : "s");
	add_words(note, sizeof(note), s->n_lost > 0, words);
	snprintf(words, sizeof(words), "%d fault%s set", s->n_faults,
		 s->n_faults == 1 ? "" : "s");
	add_words(note, sizeof(note), s->n_faults > 0, words);
	add_words(note, sizeof(note), s->has_latency, "latency set");
	if (*note)
		table_cell(t, "%s", note);
	else
		table_unknown(t);
}

static void add_machine(struct table *t, const char *dir, const char *name)
{
	struct sim_summary s;
	struct mig_error err;

	table_cell(t, "%s", name);
	if (sim_machine_summary(dir, name, &s, &err) < 0) {
		for (int i = 0; i < 5; i++)
			table_unknown(t);
		table_cell(t, "broken: %s", err.msg);
		return;
	}
	table_cell(t, "%s", s.gpus);
	table_cell(t, "%s", s.driver);
	table_cell(t, "%d", s.n_gis);
	table_cell(t, "%d", s.n_cis);
	table_cell(t, "%d", s.n_tenants);
	add_note(t, &s);
}

static int run_list(struct cli *cli, struct mig_error *err)
{
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char **names = NULL;
	int rc = 0, n = sim_machine_list(cli->sim_dir, &names, err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		add_machine(&t, cli->sim_dir, names[i]);
		free(names[i]);
	}
	free(names);
	if (cli->is_json) {
		json_t *doc = json_pack("{s:s, s:{s:s, s:s}}", "schema", "migctl.sim-list/v1",
					"machine", "kind", "none", "name", "");

		json_object_set_new(doc, "folder", json_string(cli->sim_dir));
		json_object_set_new(doc, "machines", table_json(&t));
		rc = cli_print_json(cli, doc, err);
	} else if (n == 0) {
		printf("no simulated machines in %s; 'migctl sim new NAME --gpus "
		       "2xA100-SXM4-80GB' makes one\n",
		       cli->sim_dir);
	} else {
		table_print(stdout, &t);
	}
	table_free(&t);
	return rc;
}

/* What makes a program see the machine, which is there: the library first in its path, and the
 * name. */
static int set_environment(struct cli *cli, const char *name, struct mig_error *err)
{
	const char *old = getenv("LD_LIBRARY_PATH");
	char library[8192], dir[PATH_MAX];
	char machines[PATH_MAX];
	struct text path = { 0 };
	struct sim_summary summary;
	int rc = sim_machine_summary(cli->sim_dir, name, &summary, err);

	if (rc == 0)
		rc = cli_sim_library(library, sizeof(library), err);
	if (rc < 0)
		return rc;
	*strrchr(library, '/') = '\0';
	if (!realpath(library, dir))
		return mig_fail(err, MIG_E_IO, "%s: %s", library, strerror(errno));
	if (!realpath(cli->sim_dir, machines))
		return mig_fail(err, MIG_E_IO, "%s: %s", cli->sim_dir, strerror(errno));
	text_add(&path, "%s%s%s", dir, old && *old ? ":" : "", old ? old : "");
	rc = path.is_short ? mig_fail(err, MIG_E_NOMEM, "%s", cli->verb->name)
			   : setenv("LD_LIBRARY_PATH", text_str(&path), 1);
	text_free(&path);
	if (rc < 0)
		return rc;
	setenv("MIGCTL_SIM_DIR", machines, 1);
	setenv("MIGCTL_SIM", name, 1);
	return 0;
}

static int execute(char **argv)
{
	const int status = (execvp(argv[0], argv), errno == ENOENT ? 127 : 126);

	fprintf(stderr, "migctl: run %s: %s\n", *argv[0] ? argv[0] : "''", strerror(errno));
	return status;
}

/* With --root: the machine's files where programs look for a driver's. */
static int enter_root(struct cli *cli, struct mig_error *err)
{
	const bool keep_proc = cli_option(cli, "keep-proc") != NULL;
	char path[PATH_MAX], root[PATH_MAX], library[PATH_MAX + 512];
	int rc;

	if (!cli_option(cli, "root"))
		return keep_proc ? mig_fail(err, MIG_E_INVAL, "--keep-proc goes with --root")
				 : 0;
	rc = sim_tree_refresh(cli->sim_dir, cli->argv[0], err);
	if (rc < 0)
		return rc;
	if (!realpath(sim_tree_path(cli->sim_dir, cli->argv[0], path, sizeof(path)), root))
		return mig_fail(err, MIG_E_IO, "%s: %s", path, strerror(errno));
	rc = sim_library_put(cli, cli->argv[0], root, err);
	if (rc == 0)
		rc = cli_sim_library(library, sizeof(library), err);
	return rc < 0 ? rc : sim_root_enter(root, library, keep_proc, err);
}

static int run_exec(struct cli *cli, struct mig_error *err)
{
	int rc = set_environment(cli, cli->argv[0], err);

	if (rc == 0)
		rc = enter_root(cli, err);
	return rc < 0 ? rc : execute(cli->argv + 1);
}

/* "80%" or "80": of the device that is held. */
static int read_percent(struct cli *cli, const char *option, unsigned *ret,
			struct mig_error *err)
{
	const char *value = cli_option(cli, option);
	char digits[8] = "";
	uint64_t n = 0;

	if (!value)
		return 0;
	if (strlen(value) < sizeof(digits))
		text_append(digits, sizeof(digits), "%.*s", (int)strcspn(value, "%"), value);
	if (!text_parse_u64(digits, &n) || n > 100 ||
	    (value[strlen(digits)] && strcmp(value + strlen(digits), "%") != 0))
		return mig_fail(err, MIG_E_INVAL,
				"--%s %s: a share of the device up to 100%% is wanted", option,
				value);
	*ret = (unsigned)n;
	return 0;
}

static int run_tenant(struct cli *cli, struct mig_error *err)
{
	unsigned sm = 0, dram = 0;
	const char *device = cli_option(cli, "device"), *memory = cli_option(cli, "memory");
	struct sim_tenant *tenant = NULL;
	uint64_t bytes = 0;
	int rc, status;

	if (!device)
		return mig_fail(err, MIG_E_INVAL,
				"sim tenant wants a device: --device UUID, GPU/GI/CI or GPU");
	if (memory && !text_parse_bytes(memory, &bytes))
		return mig_fail(err, MIG_E_INVAL, "--memory %s: a size is wanted, like 6GiB",
				memory);
	rc = read_percent(cli, "sm", &sm, err);
	if (rc == 0)
		rc = read_percent(cli, "dram", &dram, err);
	if (rc == 0)
		rc = set_environment(cli, cli->argv[0], err);
	if (rc == 0)
		rc = sim_tenant_begin(cli->sim_dir, cli->argv[0], device, getpid(), bytes,
				      &tenant, err);
	if (rc < 0)
		return rc;
	rc = sm || dram ? sim_tenant_load(tenant, sm, dram, err) : 0;
	if (rc < 0) {
		sim_tenant_end(tenant);
		return rc;
	}
	status = execute(cli->argv + 1);
	sim_tenant_end(tenant);
	return status;
}

static int run_reset(struct cli *cli, struct mig_error *err)
{
	char deed[64] = "every GPU was reset";
	int gpu = -1, rc = cli->argc == 2 ? sim_gpu(cli, 1, &gpu, err) : 0;

	if (rc == 0)
		rc = sim_machine_reset(cli->sim_dir, cli->argv[0], gpu, err);
	if (rc < 0)
		return rc;
	if (gpu >= 0)
		snprintf(deed, sizeof(deed), "GPU %d was reset", gpu);
	return sim_report(cli, deed, err);
}

static int run_reboot(struct cli *cli, struct mig_error *err)
{
	int rc = sim_machine_reboot(cli->sim_dir, cli->argv[0], err);

	return rc < 0 ? rc : sim_report(cli, "rebooted", err);
}

static int run_rm(struct cli *cli, struct mig_error *err)
{
	int rc = sim_machine_rm(cli->sim_dir, cli->argv[0], err);

	return rc < 0 ? rc : sim_report(cli, "removed", err);
}

static const struct option new_options[] = {
	{ "gpus", 'g', "SPEC",
	  "8xA100-SXM4-80GB, or 2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB" },
	{ "driver", 0, "VERSION", "behave like this driver; default " SIM_DEFAULT_DRIVER },
	{ "seed", 0, "N", "UUIDs and serials follow from it" },
	{ "strict", 0, NULL, "only root may change it, as on hardware" },
	{ "settle", 0, "MS", "a GPU instance is in use so long after its last CI went" },
	{ "assume", 0, NULL, "fill values that nobody published by a rule, and say so" },
	{ 0 },
};

static const struct option exec_options[] = {
	{ "root", 0, NULL, "with the driver's files in /proc, /sys and /dev too" },
	{ "keep-proc", 0, NULL, "leave the rest of /proc as it is: for Slurm, Kubernetes" },
	{ 0 },
};

static const struct option tenant_options[] = {
	{ "device", 'd', "DEVICE", "UUID of a GPU or MIG device, GPU/GI/CI, or a GPU's index" },
	{ "memory", 'm', "SIZE", "memory that it uses there: 6GiB" },
	{ "sm", 0, "PERCENT", "how busy it keeps the SMs of the device: 80%" },
	{ "dram", 0, "PERCENT", "how busy it keeps the memory of the device: 60%" },
	{ 0 },
};

extern const struct verb verb_sim_new, verb_sim_list, verb_sim_exec, verb_sim_tenant;
extern const struct verb verb_sim_reset, verb_sim_reboot, verb_sim_rm;

const struct verb verb_sim_new = {
	.name = "sim new",
	.operands = "NAME --gpus SPEC",
	.summary = "make a simulated machine",
	.text = "A simulated machine is a file; every program that is run with 'migctl sim "
		"exec' and every migctl with --sim NAME sees the same GPUs in it, and their "
		"changes. It behaves as driver and hardware of that kind do, as far as that "
		"is known: docs/SIMULATOR.md says what is known from where.\n\n"
		"A GPU type is simulated only if every value that the driver's MIG calls "
		"return was published. Otherwise the gaps are listed; --assume fills them by "
		"rule and marks the machine and all that is printed of it.",
	.example = "  migctl sim new node --gpus 2xA100-SXM4-80GB,1xH100-SXM5-80GB\n"
		   "  migctl --sim node status\n",
	.options = new_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_new,
};

const struct verb verb_sim_list = {
	.name = "sim list",
	.operands = "",
	.summary = "list the simulated machines",
	.text = "Lists the machines in MIGCTL_SIM_DIR, by default ~/.local/state/migctl/sim, "
		"and notes which of them have GPUs that are lost, faults that can still strike "
		"(migctl-sim-fault(1)) or calls that take their time.",
	.run = run_list,
};

const struct verb verb_sim_exec = {
	.name = "sim exec",
	.operands = "NAME [--root [--keep-proc]] -- COMMAND [ARG...]",
	.summary = "run a program against a simulated machine",
	.text = "Runs any program that uses NVML, such as an unmodified nvidia-smi, with the "
		"simulated driver in place of the real one. The exit status is the program's; "
		"125 to 127 are migctl's own failures.\n\n"
		"With --root the program also sees the files of a driver where it looks for "
		"them: /proc/driver, /proc/modules, /proc/devices, /sys/bus/pci, /sys/module/nvidia* "
		"and /dev/nvidia* are the machine's, in a mount namespace that ends with the program. That needs "
		"root, or a system that allows user namespaces; then the device nodes stand for "
		"nothing. A driver's library that is installed is hidden behind the simulated one. On a kernel without modules /proc is made of links, and processes that "
		"start later are missing in it; --keep-proc leaves /proc as it is but for "
		"/proc/driver and, where there is one, /proc/modules.",
	.example = "  migctl sim exec node -- nvidia-smi -L\n",
	.options = exec_options,
	.flags = VERB_COMMAND,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_exec,
};

const struct verb verb_sim_tenant = {
	.name = "sim tenant",
	.operands = "NAME --device DEVICE [--memory SIZE] [--sm PERCENT] [--dram PERCENT] "
		    "-- COMMAND [ARG...]",
	.summary = "hold a device of a simulated machine while a program runs",
	.text = "The program counts as a process on the device for as long as it lives: the "
		"driver lists it with its memory, and refuses to destroy what it holds. How "
		"busy it is shows in power, temperature, clocks, utilisation and GPM.",
	.example = "  migctl sim tenant node --device 0/2/0 --memory 6GiB -- sleep 60\n",
	.options = tenant_options,
	.flags = VERB_COMMAND,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_tenant,
};

const struct verb verb_sim_reset = {
	.name = "sim reset",
	.operands = "NAME [GPU]",
	.summary = "reset the GPUs of a simulated machine",
	.text = "Instances go, and a pending MIG mode becomes current. Refused while a tenant "
		"holds the GPU.",
	.min_operands = 1,
	.max_operands = 2,
	.run = run_reset,
};

const struct verb verb_sim_reboot = {
	.name = "sim reboot",
	.operands = "NAME",
	.summary = "reboot a simulated machine",
	.text = "Instances and tenants go; the MIG mode is kept on Ampere and forgotten from "
		"Hopper on, as on hardware.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_reboot,
};

const struct verb verb_sim_rm = {
	.name = "sim rm",
	.operands = "NAME",
	.summary = "remove a simulated machine",
	.text = "Refused while a tenant runs on it.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_rm,
};
