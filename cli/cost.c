/* SPDX-License-Identifier: Apache-2.0 */
/* migctl cost - what a plan costs an hour, model by model, beside a GPU for each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/cost.h>

#include "cli/plan/plan.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/table.h"

enum { DOCUMENT_BYTES_MAX = 256 << 20 };

/* What one model costs, in micro-USD an hour. */
struct model_cost {
	const char *name;
	int64_t n_instances, uusd_per_h;
	int64_t n_alone, alone_uusd_per_h; /* with GPUs of its own, one replica to each */
};

/* A plan's money, from its document. */
struct plan_cost {
	size_t n;
	struct model_cost *models;
	int64_t n_gpus, uusd_per_h, room_uusd_per_h; /* room: nobody's share of these GPUs */
	int64_t n_alone, alone_uusd_per_h;
};

static int bad(const char *path, const char *what, struct mig_error *err)
{
	return mig_fail(err, MIG_E_SYNTAX, "%s is no whole plan document: %s", path, what);
}

static int64_t int_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* What @n of a pool's GPUs cost; -1: beyond 64 bits, or nonsense. */
static int64_t price_of(const json_t *pools, int64_t pool, int64_t n)
{
	int64_t v = int_at(json_array_get(pools, (size_t)pool), "price_uusd_per_h");

	return n < 0 || v < 0 || __builtin_mul_overflow(v, n, &v) ? -1 : v;
}

/* @sum + @v into @sum; false: beyond 64 bits. */
static bool add_to(int64_t *sum, int64_t v)
{
	return !__builtin_add_overflow(*sum, v, sum);
}

/* The share of a layout's money that each of its instances takes, by placement units. */
static int add_layout(struct mig_catalog *catalog, const json_t *pools, const json_t *layout,
		      struct plan_cost *c, const char *path, struct mig_error *err)
{
	const int64_t count = int_at(layout, "count"), pool = int_at(layout, "pool");
	const int64_t price = price_of(pools, pool, count);
	const struct mig_gpu_type *type;
	int64_t left = price;
	const json_t *slot;
	size_t i;
	int rc = mig_catalog_find(catalog,
				  text_at(json_array_get(pools, (size_t)pool), "gpu_type"),
				  &type, err);

	if (rc < 0)
		return mig_wrap(err, rc, "%s", path);
	if (price < 0)
		return bad(path, "a count or price is out of range", err);
	json_array_foreach(json_object_get(layout, "slots"), i, slot)
	{
		const struct mig_profile *p = mig_profile_find(type, text_at(slot, "profile"));
		const json_t *cls = json_object_get(slot, "class");
		const size_t k = (size_t)json_integer_value(cls);
		int64_t share;

		if (!p || (cls && k >= c->n))
			return bad(path, "a slot has no such profile or class", err);
		if (!cls)
			continue;
		share = (int64_t)((__int128)price * p->size / type->units);
		if (!add_to(&c->models[k].n_instances, count) ||
		    !add_to(&c->models[k].uusd_per_h, share) || (left -= share) < 0)
			return bad(path, "a layout has more instances than its GPU", err);
	}
	if (json_array_size(json_object_get(layout, "slots")) == 0)
		return 0;
	if (!add_to(&c->n_gpus, count) || !add_to(&c->uusd_per_h, price) ||
	    !add_to(&c->room_uusd_per_h, left))
		return bad(path, "a count or price is out of range", err);
	return 0;
}

/* With GPUs of its own: as many as its need takes at the best rate an instance has, and of the
 * kind that is cheapest so. */
static int add_alone(const json_t *pools, const json_t *cls, struct model_cost *m,
		     const char *path, struct mig_error *err)
{
	const int64_t count = int_at(cls, "count"), need = int_at(cls, "need");
	const int64_t least = int_at(cls, "min_instances");
	const json_t *option;
	bool is_any = false;
	size_t i;

	json_array_foreach(json_object_get(cls, "options"), i, option)
	{
		const int64_t rate = int_at(option, "rate");
		int64_t n = rate > 0 ? need / rate + (need % rate > 0) : -1;
		int64_t price;

		n = n >= 0 && n < least ? least : n;
		if (n < 0 || __builtin_mul_overflow(n, count, &n))
			return bad(path, "a rate or need is out of range", err);
		price = price_of(pools, int_at(option, "pool"), n);
		if (price < 0)
			return bad(path, "a price is out of range", err);
		if (is_any && (price > m->alone_uusd_per_h ||
			       (price == m->alone_uusd_per_h && n >= m->n_alone)))
			continue;
		is_any = true;
		m->n_alone = n;
		m->alone_uusd_per_h = price;
	}
	return 0;
}

static int count_up(struct cli *cli, const json_t *doc, struct plan_cost *c, const char *path,
		    struct mig_error *err)
{
	const json_t *problem = json_object_get(doc, "problem");
	const json_t *pools = json_object_get(problem, "pools"), *item;
	const json_t *classes = json_object_get(problem, "classes");
	struct mig_catalog *catalog;
	size_t i;
	int rc = cli_catalog(cli, &catalog, err);

	c->n = json_array_size(classes);
	c->models = calloc(c->n + 1, sizeof(*c->models));
	if (rc < 0 || !c->models)
		return rc < 0 ? rc : mig_fail(err, MIG_E_NOMEM, "count the cost");
	json_array_foreach(classes, i, item)
	{
		c->models[i].name = text_at(item, "name");
		rc = add_alone(pools, item, &c->models[i], path, err);
		if (rc < 0)
			return rc;
		if (!add_to(&c->n_alone, c->models[i].n_alone) ||
		    !add_to(&c->alone_uusd_per_h, c->models[i].alone_uusd_per_h))
			return bad(path, "a need or price is out of range", err);
	}
	json_array_foreach(json_object_get(doc, "layouts"), i, item)
	{
		rc = add_layout(catalog, pools, item, c, path, err);
		if (rc < 0)
			return rc;
	}
	return 0;
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

static int print_json(const json_t *doc, const struct plan_cost *c, struct mig_error *err)
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
	return cli_print_json(out, err);
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
	int rc = check_prices(doc, path, err);

	if (rc == 0)
		rc = count_up(cli, doc, &c, path, err);
	if (rc == 0 && cli->is_json)
		rc = print_json(doc, &c, err);
	else if (rc == 0)
		print_text(doc, &c);
	free(c.models);
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
