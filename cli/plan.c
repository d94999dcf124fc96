/* SPDX-License-Identifier: Apache-2.0 */
/* migctl plan - which instances, where, on how many GPUs, and the proof. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/plan/explain.h"
#include "cli/plan/files.h"
#include "cli/plan/json.h"
#include "cli/plan/migrate.h"
#include "cli/plan/plan.h"
#include "cli/plan/print.h"
#include "cli/plan/standing.h"
#include "cli/plan/svg.h"
#include "cli/plan/verify.h"

static int solve(struct planner *pl, struct mig_error *err)
{
	char solver[4096];
	/* Where it is not installed, the planner's own search has the last word. */
	const bool has_solver = cli_installed(MIG_LIBRARIES_FROM_BIN, MIG_LIBRARIES,
					      "libmig-solve.so", solver, sizeof(solver));
	const struct mig_plan_effort effort = { .solver = has_solver ? solver : NULL };
	int rc = task_problem_make(&pl->task, NULL, 0, &pl->p, err);

	if (rc == 0)
		rc = mig_plan_solve(&pl->p.problem, &effort, &pl->plan, err);
	if (rc < 0)
		return rc;
	if (pl->plan->status != MIG_PLAN_OPTIMAL && pl->plan->status != MIG_PLAN_FEASIBLE)
		return 0;
	/* What is shown has been counted anew, by code that did not find it. */
	rc = mig_plan_check(&pl->p.problem, pl->plan, err);
	if (rc < 0)
		return mig_wrap(err, -MIG_E_INVAL, "the planner's answer does not hold");
	return seats_make(&pl->task, &pl->p, pl->plan, &pl->seats, err);
}

int planner_run(struct cli *cli, const char *path, struct planner *pl, struct mig_error *err)
{
	int rc = mig_models_read(cli_file(path), &pl->models, err);

	pl->task.models = pl->models;
	pl->task.fleet = &pl->fleet;
	if (rc == 0)
		rc = fleet_open(cli, &pl->fleet, err);
	if (rc == 0)
		rc = task_goals(&pl->task, cli_option(cli, "objective"), err);
	if (rc == 0)
		rc = explain_unfit(cli, &pl->task, err);
	if (rc == 0 && pl->fleet.is_current)
		rc = standing_read(cli, &pl->fleet.snap, &pl->held, &pl->names, err);
	pl->task.held = pl->held;
	pl->task.names = pl->names;
	if (rc == 0)
		rc = solve(pl, err);
	return rc;
}

void planner_free(struct planner *pl)
{
	seats_free(&pl->seats);
	mig_plan_free(pl->plan);
	task_problem_free(&pl->p);
	fleet_free(&pl->fleet);
	mig_models_free(pl->models);
	free(pl->held);
	free(pl->names);
}

static json_t *json_money(const struct planner *pl)
{
	json_t *array = json_array();

	for (int t = 0; t < pl->fleet.n; t++) {
		const struct fleet_price *price = &pl->fleet.prices[t];
		json_t *o = json_pack("{s:s}", "gpu_type", pl->fleet.pools[t].type->key);

		if (price->is_known) {
			json_object_set_new(
				o, "usd_per_h",
				json_real((double)pl->fleet.pools[t].price_uusd_per_h / 1e6));
			json_object_set_new(o, "source", json_string(price->source));
			if (*price->date)
				json_object_set_new(o, "date", json_string(price->date));
		}
		json_array_append_new(array, o);
	}
	return array;
}

json_t *planner_document(const struct planner *pl)
{
	const struct mig_plan *plan = pl->plan;
	json_t *doc = pl->fleet.is_current
			      ? cli_document("migctl.plan/v1", &pl->fleet.snap)
			      : json_pack("{s:s, s:{s:s, s:s}}", "schema", "migctl.plan/v1",
					  "machine", "kind", "catalog", "name", "");

	json_object_set_new(doc, "models_file", json_string(pl->models->name));
	plan_json(doc, &pl->p.problem, plan);
	if (!plan_has_prices(&pl->fleet, plan))
		json_object_del(doc, "cost_usd_per_h");
	json_object_set_new(doc, "prices", json_money(pl));
	return doc;
}

static int write_files(struct cli *cli, struct planner *pl, struct mig_error *err)
{
	const char *layout = cli_option(cli, "layout"), *svg = cli_option(cli, "svg");
	const char *partitions = cli_option(cli, "partitions");
	int rc = 0;

	if (layout)
		rc = files_layout(&pl->task, &pl->seats, layout, err);
	if (rc == 0 && partitions)
		rc = files_partitions(&pl->task, &pl->seats, partitions, err);
	if (rc == 0 && svg)
		rc = svg_write(&pl->task, pl->plan, &pl->seats, svg, err);
	return rc;
}

static int show(struct cli *cli, struct planner *pl, struct mig_error *err)
{
	json_t *doc = cli->is_json ? planner_document(pl) : NULL;
	int rc;

	if (doc && pl->fleet.is_current) {
		rc = migrate_json(cli, doc, &pl->task, pl->plan, &pl->seats, err);
		if (rc < 0) {
			json_decref(doc);
			return rc;
		}
	}
	if (doc)
		return cli_print_json(cli, doc, err);
	plan_print(&pl->task, &pl->p, pl->plan, &pl->seats);
	return pl->fleet.is_current ? migrate_print(cli, &pl->task, pl->plan, &pl->seats, err)
				    : 0;
}

static int show_infeasible(struct cli *cli, struct planner *pl, struct mig_error *err)
{
	int rc = explain_infeasible(&pl->task, pl->plan, err);
	struct mig_error lost;

	if (cli->is_json && cli_print_json(cli, planner_document(pl), &lost) < 0)
		return mig_fail(err, lost.code, "%s", lost.msg);
	return rc;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct planner pl = { 0 };
	int rc;

	if (cli_option(cli, "verify"))
		return plan_verify(cli, cli->argv[0], err);
	rc = planner_run(cli, cli->argv[0], &pl, err);
	if (rc == 0)
		plan_warnings(&pl.task);
	if (rc == 0 && pl.seats.seats == NULL)
		rc = show_infeasible(cli, &pl, err);
	else if (rc == 0)
		rc = write_files(cli, &pl, err);
	if (rc == 0)
		rc = show(cli, &pl, err);
	planner_free(&pl);
	return rc;
}

static const struct option options[] = {
	{ "gpu-type", 0, "TYPE[:N],...",
	  "GPUs of these types; without N as many as are needed" },
	{ "nodes", 0, "FILE", "the GPUs of a node list" },
	{ "from-current", 0, NULL, "the GPUs of this machine, as they are cut now" },
	{ "gpus-per-node", 0, "N", "of those of --gpu-type" },
	{ "objective", 0, "GOAL,...", "gpus, money, moves, headroom; the first counts first" },
	{ "reserve", 0, "SHARE", "leave that share of the GPUs empty: 10%" },
	{ "price", 0, "TYPE=USD,...", "what one GPU costs an hour" },
	{ "layout", 0, "FILE", "write a layout file that apply takes" },
	{ "partitions", 0, "FILE", "write a partition file in mig-parted's format" },
	{ "svg", 0, "FILE", "draw the plan" },
	{ "verify", 0, NULL, "FILE is a plan that --json printed: check it and its proofs" },
	{ 0 },
};

extern const struct verb verb_plan;
const struct verb verb_plan = {
	.name = "plan",
	.operands = "FILE",
	.summary = "say which instances models need, on how few GPUs, and prove it",
	.text = "Reads a models file and finds the instances that serve all of it, places them, "
		"and says how good that is: \"optimal\" only with a certificate, which --json "
		"prints and anyone can check. Nothing is changed. FILE may be -, standard "
		"input.\n\n"
		"The GPUs are those of --gpu-type, of a node list, or with --from-current this "
		"machine's: then what a process holds stays where it is, an instance that is "
		"called chat/0 serves the model chat, and the steps from here to there are "
		"printed with the seconds that they will take. --objective "
		"says what counts, the first first: fewest GPUs (gpus), least money, fewest "
		"running instances moved (moves), most room left (headroom). The default is "
		"gpus, with --from-current gpus,moves.\n\n"
		"When there is no plan the exit status is 4, and the message names the model "
		"and the limit, the smallest GPU type that would do, or the constraints without "
		"which there is a plan.\n\n"
		"Prices are public list prices with their date, or those of --price or the "
		"node list. Where none is known that is said. A layout file that --layout "
		"writes names each instance after its model, and is what apply takes; of a plan "
		"with several nodes FILE is a folder. A partition file has a label for each "
		"node.\n\n"
		"--verify reads a plan that --json printed and checks all of it anew in whole "
		"numbers, by code that shares nothing with what plans: that layouts, inventories, "
		"rules and covers are as they must be, that each value is true, and that each "
		"certificate proves its bound. When something is not so the exit status is 20.\n\n"
		"docs/PLAN.md describes models files, node lists, and how to read the proof.",
	.example =
		"  migctl plan models.yaml --gpu-type A100-SXM4-80GB\n"
		"  migctl plan models.yaml --gpu-type A100-SXM4-80GB:8,A30 --objective money "
		"--price A30=0.60\n"
		"  migctl plan models.yaml --from-current --layout new.yaml\n",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
