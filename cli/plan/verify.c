/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mig/verify.h>

#include "shared/cleanup.h"
#include "shared/file.h"

/* A plan of a million classes has some hundred bytes for each. */
static const size_t document_max = (size_t)2 << 30;

static int check_options(const struct cli *cli, struct mig_error *err)
{
	for (int i = 0; cli->verb->options[i].name; i++) {
		const char *const name = cli->verb->options[i].name;

		if (cli->values[i] && strcmp(name, "verify") != 0)
			return mig_fail(err, MIG_E_INVAL,
					"--verify checks a plan that is there already: it goes "
					"without --%s",
					name);
	}
	return 0;
}

static json_t *json_goals(const struct mig_verified *v)
{
	json_t *array = json_array();

	for (int i = 0; i < v->n_goals; i++) {
		const struct mig_verified_goal *g = &v->goals[i];
		json_t *o =
			json_pack("{s:s, s:I}", "goal", g->goal, "value", (json_int_t)g->value);

		if (g->bound != MIG_UNKNOWN)
			json_object_set_new(o, "bound", json_integer(g->bound));
		json_array_append_new(array, o);
	}
	return array;
}

static int print_json(struct cli *cli, const char *path, const struct mig_verified *v, int rc,
		      const struct mig_error *refusal, struct mig_error *err)
{
	json_t *doc = json_pack("{s:s, s:{s:s, s:s}, s:s, s:b}", "schema",
				"migctl.plan-verified/v1", "machine", "kind", "catalog", "name",
				"", "file", path, "is_verified", rc == 0);

	if (rc < 0) {
		json_object_set_new(doc, "reason", json_string(refusal->msg));
		return cli_print_json(cli, doc, err);
	}
	json_object_set_new(doc, "status",
			    json_string(v->is_infeasible ? "infeasible"
					: v->is_optimal  ? "optimal"
							 : "feasible"));
	json_object_set_new(doc, "measures", json_goals(v));
	json_object_set_new(doc, "n_pools", json_integer(v->n_pools));
	json_object_set_new(doc, "n_classes", json_integer(v->n_classes));
	json_object_set_new(doc, "n_workloads", json_integer(v->n_workloads));
	json_object_set_new(doc, "n_present", json_integer(v->n_present));
	json_object_set_new(doc, "n_layouts", json_integer(v->n_layouts));
	return cli_print_json(cli, doc, err);
}

static void print_goal(const struct mig_verified *v, int i)
{
	const struct mig_verified_goal *g = &v->goals[i];

	printf("%s: %" PRId64, g->goal, g->value);
	if (g->bound == MIG_UNKNOWN)
		printf("; no bound is claimed");
	else if (g->bound == g->value)
		printf(", and no plan has less");
	else
		printf("; no plan has less than %" PRId64, g->bound);
	puts(i > 0 && g->bound != MIG_UNKNOWN ? " with the values above" : "");
}

static void print_words(const char *path, const struct mig_verified *v)
{
	printf("%s: verified, %s\n", path,
	       v->is_infeasible ? "infeasible: there is no plan"
	       : v->is_optimal  ? "optimal"
				: "feasible");
	printf("workloads: %" PRId64 ", classes: %" PRId64 ", pools: %" PRId64
	       ", present GPUs: %" PRId64 "\n",
	       v->n_workloads, v->n_classes, v->n_pools, v->n_present);
	for (int i = 0; i < v->n_goals; i++)
		print_goal(v, i);
}

int plan_verify(struct cli *cli, const char *path, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	struct mig_verified verified = { 0 };
	struct mig_catalog *catalog;
	struct mig_error lost;
	size_t len = 0;
	int rc = check_options(cli, err);

	if (rc == 0)
		rc = cli_catalog(cli, &catalog, err);
	if (rc == 0)
		rc = mig_file_read_bytes(cli_file(path), document_max, &text, &len, err);
	if (rc < 0)
		return rc;
	rc = mig_verify(catalog, text, len, path, &verified, err);
	if (cli->is_json) {
		if (print_json(cli, path, &verified, rc, err, &lost) < 0)
			return mig_fail(err, lost.code, "%s", lost.msg);
	} else if (rc == 0) {
		print_words(path, &verified);
	}
	return rc;
}
