/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim log - what was done to a simulated machine. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/verb.h"
#include "shared/table.h"
#include "sim/inject.h"

static const struct table_column columns[] = {
	{ "time", "TIME", TABLE_STRING },           { "pid", "PID", TABLE_NUMBER },
	{ "process", "PROCESS", TABLE_STRING },     { "call", "CALL", TABLE_STRING },
	{ "arguments", "ARGUMENTS", TABLE_STRING }, { "result", "RESULT", TABLE_STRING },
	{ "made", "MADE", TABLE_STRING },
};

static const char *time_words(uint64_t t_ns, char *buf, size_t len)
{
	const time_t s = (time_t)(t_ns / 1000000000);
	char date[32] = "";
	struct tm utc;

	if (gmtime_r(&s, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf, len, "%s.%06uZ", date, (unsigned)(t_ns % 1000000000 / 1000));
	return buf;
}

static bool add_record(const struct sim_log_record *r, void *arg)
{
	struct table *t = arg;
	char text[64];

	table_cell(t, "%s", time_words(r->t_ns, text, sizeof(text)));
	table_cell(t, "%d", r->pid);
	table_cell(t, "%s", r->process);
	table_cell(t, "%s", r->call);
	table_cell(t, "%s", r->asked);
	table_cell(t, "%s", sim_result_name(r->result, text, sizeof(text)));
	if (r->made[0])
		table_cell(t, "%s", r->made);
	else
		table_unknown(t);
	return !t->is_short;
}

/* As it comes: a line each, an object a line with --json. */
static bool print_record(const struct sim_log_record *r, void *arg)
{
	const struct cli *cli = arg;
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char time[64], result[40];

	add_record(r, &t);
	if (cli->is_json) {
		json_t *rows = table_json(&t);

		json_dumpf(json_array_get(rows, 0), stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(rows);
	} else {
		printf("%s  %d  %s  %s(%s) = %s%s%s\n", time_words(r->t_ns, time, sizeof(time)),
		       r->pid, r->process, r->call, r->asked,
		       sim_result_name(r->result, result, sizeof(result)),
		       r->made[0] ? ", " : "", r->made);
	}
	table_free(&t);
	return fflush(stdout) == 0;
}

static int run_log(struct cli *cli, struct mig_error *err)
{
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int rc;

	if (cli_option(cli, "follow"))
		return sim_log_each(cli->sim_dir, cli->argv[0], true, print_record, cli, err);
	rc = sim_log_each(cli->sim_dir, cli->argv[0], false, add_record, &t, err);
	if (rc == 0 && cli->is_json) {
		json_t *doc = json_pack("{s:s, s:{s:s, s:s}, s:o}", "schema",
					"migctl.sim-log/v1", "machine", "kind", "simulated",
					"name", cli->argv[0], "records", table_json(&t));

		rc = cli_print_json(cli, doc, err);
	} else if (rc == 0) {
		printf("machine: SIMULATED %s\n", cli->argv[0]);
		if (t.n_cells)
			table_print(stdout, &t);
		else
			printf("nothing was changed yet\n");
	}
	table_free(&t);
	return rc;
}

static const struct option log_options[] = {
	{ "follow", 'f', NULL, "wait for more; with --json an object a line" },
	{ 0 },
};

extern const struct verb verb_sim_log;

const struct verb verb_sim_log = {
	.name = "sim log",
	.operands = "NAME [--follow]",
	.summary = "show what was done to a simulated machine, by whom",
	.text = "The machine's own record of every call that changes something, whoever made it "
		"and however it ended, in the order in which the machine changed. The simulated "
		"driver writes it in the calling process before the change can be seen: no "
		"change is without a record, also when the process is killed. Calls of users "
		"who may not change the machine are not in it, nor is what migctl sim does "
		"itself. The oldest records go when there are some ten thousands.",
	.example = "  migctl sim log node --json\n",
	.options = log_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_log,
};
