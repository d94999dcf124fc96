/* SPDX-License-Identifier: Apache-2.0 */
/* migctl cost - what a plan costs an hour, model by model, beside a GPU for each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan/money.h"
#include "cli/plan/plan.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/table.h"

enum { DOCUMENT_BYTES_MAX = 256 << 20 };

static const char *text_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* For people in cents, for programs to the last micro-USD. */
enum { CENTS = 2, MICRO = 6 };

static void usd_cell(struct table *t, int64_t uusd, int digits)
{
	table_cell(t, "%.*f", digits, (double)uusd / 1e6);
}

static void add_row(struct table *t, const struct model_cost *m, int digits)
{
	table_cell(t, "%s", m->name);
	table_cell(t, "%" PRId64, m->n_instances);
	usd_cell(t, m->uusd_per_h, digits);
	table_cell(t, "%" PRId64, m->n_alone);
	usd_cell(t, m->alone_uusd_per_h, digits);
}

static struct table make_table(const struct plan_cost *c, int digits)
{
	static const struct table_column columns[] = {
		{ "model", "MODEL", TABLE_STRING },
		{ "n_instances", "INSTANCES", TABLE_NUMBER },
		{ "usd_per_h", "USD/H", TABLE_NUMBER },
		{ "alone_n_gpus", "GPUS ALONE", TABLE_NUMBER },
		{ "alone_usd_per_h", "USD/H ALONE", TABLE_NUMBER },
	};
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < c->n; i++)
		add_row(&t, &c->models[i], digits);
	return t;
}

static int print_json(struct cli *cli, const json_t *doc, const struct plan_cost *c,
		      struct mig_error *err)
{
	struct table t = make_table(c, MICRO);
	json_t *out = json_pack("{s:s}", "schema", "migctl.cost/v1");
	json_t *copied = json_deep_copy(json_object_get(doc, "machine"));

	json_object_set_new(out, "machine", copied);
	json_object_set_new(out, "n_gpus", json_integer(c->n_gpus));
	json_object_set_new(out, "usd_per_h", json_real((double)c->uusd_per_h / 1e6));
	json_object_set_new(out, "room_usd_per_h", json_real((double)c->room_uusd_per_h / 1e6));
	json_object_set_new(out, "alone_n_gpus", json_integer(c->n_alone));
	json_object_set_new(out, "alone_usd_per_h",
			    json_real((double)c->alone_uusd_per_h / 1e6));
	json_object_set_new(out, "models", table_json(&t));
	json_object_set_new(out, "prices", json_deep_copy(json_object_get(doc, "prices")));
	table_free(&t);
	return cli_print_json(cli, out, err);
}

static void print_prices(const json_t *doc)
{
	const json_t *price;
	size_t i;

	json_array_foreach(json_object_get(doc, "prices"), i, price)
	{
		const char *date = text_at(price, "date");

		printf("%s: %.6g USD/h a GPU, %s%s%s\n", text_at(price, "gpu_type"),
		       json_number_value(json_object_get(price, "usd_per_h")),
		       text_at(price, "source"), *date ? ", " : "", date);
	}
}

static void print_text(const json_t *doc, const struct plan_cost *c)
{
	struct table t = make_table(c, CENTS);
	const struct model_cost sum = { "together", 0, c->uusd_per_h, c->n_alone,
					c->alone_uusd_per_h };

	print_prices(doc);
	table_cell(&t, "(room left)");
	table_unknown(&t);
	usd_cell(&t, c->room_uusd_per_h, CENTS);
	table_unknown(&t);
	table_unknown(&t);
	add_row(&t, &sum, CENTS);
	free(t.cells[t.n_cells - 4]);
	t.cells[t.n_cells - 4] = NULL;
	putchar('\n');
	table_print(stdout, &t);
	table_free(&t);
	printf("\n%" PRId64 " GPU%s instead of %" PRId64, c->n_gpus, c->n_gpus == 1 ? "" : "s",
	       c->n_alone);
	if (c->uusd_per_h > 0)
		printf(", %.2f USD/h instead of %.2f: %.1f times less",
		       (double)c->uusd_per_h / 1e6, (double)c->alone_uusd_per_h / 1e6,
		       (double)c->alone_uusd_per_h / (double)c->uusd_per_h);
	puts(" (a share of a GPU is by placement units)");
}

/* Is every price known? A sum without one of them would be no sum. */
static int check_prices(const json_t *doc, const char *path, struct mig_error *err)
{
	const json_t *price;
	size_t i;

	json_array_foreach(json_object_get(doc, "prices"), i, price)
	{
		if (!json_is_number(json_object_get(price, "usd_per_h")))
			return mig_fail(err, MIG_E_INVAL,
					"%s: no price is known of %s; plan with --price "
					"%s=USD_PER_H",
					path, text_at(price, "gpu_type"),
					text_at(price, "gpu_type"));
	}
	return 0;
}

static int show(struct cli *cli, const json_t *doc, const char *path, struct mig_error *err)
{
	struct plan_cost c = { 0 };
	struct mig_catalog *catalog;
	int rc = check_prices(doc, path, err);

	if (rc == 0)
		rc = cli_catalog(cli, &catalog, err);
	if (rc != 0)
		return rc;
	rc = plan_cost_count(catalog, doc, path, &c, err);
	if (rc == 0 && cli->is_json)
		rc = print_json(cli, doc, &c, err);
	else if (rc == 0)
		print_text(doc, &c);
	plan_cost_free(&c);
	return rc;
}

/* A plan document, or NULL: it is something else. */
static json_t *read_document(const char *path, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	json_t *doc = NULL;
	size_t len;

	if (mig_file_read_bytes(path, DOCUMENT_BYTES_MAX, &text, &len, err) == 0)
		doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (strcmp(text_at(doc, "schema"), "migctl.plan/v1") == 0)
		return doc;
	json_decref(doc);
	return NULL;
}

static int check_document(struct cli *cli, const json_t *doc, const char *path,
			  struct mig_error *err)
{
	const char *status = text_at(doc, "status");

	for (int i = 0; cli->verb->options[i].name; i++) {
		if (cli->values[i])
			return mig_fail(
				err, MIG_E_INVAL,
				"%s is a plan, with its GPUs and prices; --%s belongs to "
				"models files",
				path, cli->verb->options[i].name);
	}
	if (strcmp(status, "optimal") != 0 && strcmp(status, "feasible") != 0)
		return mig_fail(err, MIG_E_INVAL, "%s: there is no plan in it (status %s)",
				path, *status ? status : "missing");
	return 0;
}

static int plan_first(struct cli *cli, const char *path, struct mig_error *err)
{
	struct planner pl = { 0 };
	json_t *doc = NULL;
	int rc = planner_run(cli, path, &pl, err);

	if (rc == 0 && !pl.seats.seats)
		rc = mig_fail(err, MIG_E_NOSPACE, "%s: %s; migctl plan says what could be done",
			      path, pl.plan->reason);
	if (rc == 0) {
		doc = planner_document(&pl);
		rc = show(cli, doc, path, err);
	}
	json_decref(doc);
	planner_free(&pl);
	return rc;
}

static int run(struct cli *cli, struct mig_error *err)
{
	const char *path = cli->argv[0];
	json_t *doc = read_document(path, err);
	int rc;

	if (!doc)
		return plan_first(cli, path, err);
	rc = check_document(cli, doc, path, err);
	if (rc == 0)
		rc = show(cli, doc, path, err);
	json_decref(doc);
	return rc;
}

static const struct option options[] = {
	{ "gpu-type", 0, "TYPE[:N],...", "of a models file: as for plan" },
	{ "nodes", 0, "FILE", "likewise" },
	{ "from-current", 0, NULL, "likewise" },
	{ "gpus-per-node", 0, "N", "likewise" },
	{ "objective", 0, "GOAL,...", "likewise" },
	{ "reserve", 0, "SHARE", "likewise" },
	{ "price", 0, "TYPE=USD,...", "likewise" },
	{ 0 },
};

extern const struct verb verb_cost;
const struct verb verb_cost = {
	.name = "cost",
	.operands = "PLAN.json|FILE",
	.summary = "say what a plan costs an hour, model by model",
	.text = "Reads what migctl plan --json printed, or a models file, which is planned first "
		"with the same options. Each instance takes its share of its GPU's price, by "
		"placement units; what no instance is on is the room left. Beside it stands "
		"what it would cost if every replica had a GPU of its own, at the same prices, "
		"which are printed with their source and date.",
	.example = "  migctl plan models.yaml --gpu-type A100-SXM4-80GB --json >plan.json\n"
		   "  migctl cost plan.json\n"
		   "  migctl cost models.yaml --gpu-type A100-SXM4-80GB --price "
		   "A100-SXM4-80GB=3\n",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
