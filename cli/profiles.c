/* SPDX-License-Identifier: Apache-2.0 */
/* migctl profiles - the ways one GPU, or one type of GPU, can be cut. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/gpu_type.h"
#include "shared/cleanup.h"
#include "shared/table.h"
#include "shared/text.h"

static const struct table_column gi_columns[] = {
	{ "profile", "PROFILE", TABLE_STRING },
	{ "id", "ID", TABLE_NUMBER },
	{ "n_free", "FREE", TABLE_NUMBER },
	{ "max_count", "MAX", TABLE_NUMBER },
	{ "placements", "PLACES", TABLE_STRING },
	{ "compute_slices", "SLICES", TABLE_NUMBER },
	{ "sm", "SM", TABLE_NUMBER },
	{ "mem_mib", "MIB", TABLE_NUMBER },
	{ "mem_share", "MEMORY", TABLE_STRING },
	{ "copy_engines", "CE", TABLE_NUMBER },
	{ "decoders", "DEC", TABLE_NUMBER },
	{ "encoders", "ENC", TABLE_NUMBER },
	{ "jpeg", "JPEG", TABLE_NUMBER },
	{ "ofa", "OFA", TABLE_NUMBER },
	{ "basis", "BASIS", TABLE_STRING },
};

static const struct table_column ci_columns[] = {
	{ "gi_profile", "GPU INSTANCE", TABLE_STRING },
	{ "profile", "COMPUTE INSTANCE", TABLE_STRING },
	{ "id", "ID", TABLE_NUMBER },
	{ "is_default", "DEFAULT", TABLE_BOOL },
	{ "max_count", "MAX", TABLE_NUMBER },
	{ "placements", "PLACES", TABLE_STRING },
	{ "sm", "SM", TABLE_NUMBER },
	{ "basis", "BASIS", TABLE_STRING },
};

static const struct table_column type_columns[] = {
	{ "key", "GPU TYPE", TABLE_STRING },
	{ "name", "NAME", TABLE_STRING },
	{ "arch", "ARCH", TABLE_STRING },
	{ "mem_mib", "MIB", TABLE_NUMBER },
	{ "compute_slices", "SLICES", TABLE_NUMBER },
	{ "placement_units", "UNITS", TABLE_NUMBER },
	{ "n_profiles", "PROFILES", TABLE_NUMBER },
	{ "can_simulate", "SIMULATED", TABLE_STRING },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void number(struct table *t, int64_t v)
{
	if (v == MIG_UNKNOWN)
		table_unknown(t);
	else
		table_cell(t, "%lld", (long long)v);
}

/* How many more of it could be made now, one after the other. */
static int count_free(struct mig_layout lay, int profile)
{
	int n = 0;

	for (int s = mig_layout_best_start(&lay, profile);
	     s >= 0 && mig_layout_add(&lay, profile, s, NULL) == 0;
	     s = mig_layout_best_start(&lay, profile))
		n++;
	return n;
}

static void add_gi(struct table *t, const struct chosen_type *chosen, int i)
{
	const struct mig_profile *p = &chosen->type->profiles[i];
	const bool is_partial = chosen->gpu >= 0 && chosen->snap.gpus[chosen->gpu].is_partial;
	const int64_t last[] = { p->copy_engines, p->decoders, p->encoders, p->jpeg, p->ofa };
	char buf[128];

	table_cell(t, "%s", p->name);
	number(t, p->id);
	number(t, is_partial ? MIG_UNKNOWN : count_free(chosen->now, i));
	number(t, p->max_count);
	table_cell(t, "%s", mig_starts_format(p->starts, p->size, buf, sizeof(buf)));
	number(t, p->compute_slices);
	number(t, p->sm);
	number(t, p->mem_mib);
	table_cell(t, "%d/%d", p->size, chosen->type->units);
	for (size_t k = 0; k < COUNT(last); k++)
		number(t, last[k]);
	table_cell(t, "%s", cli_basis(&chosen->snap, p->basis));
}

static struct table gi_table(const struct chosen_type *chosen)
{
	struct table t = table_new(gi_columns, COUNT(gi_columns));

	for (int i = 0; i < chosen->type->n_profiles; i++)
		add_gi(&t, chosen, i);
	return t;
}

static enum mig_basis weaker(enum mig_basis a, enum mig_basis b)
{
	return a > b ? a : b;
}

static struct table ci_table(const struct chosen_type *chosen)
{
	struct table t = table_new(ci_columns, COUNT(ci_columns));
	char buf[128];

	for (int i = 0; i < chosen->type->n_profiles; i++) {
		const struct mig_profile *p = &chosen->type->profiles[i];

		for (int k = 0; k < p->n_ci; k++) {
			const struct mig_ci_profile *c = &p->ci[k];

			table_cell(&t, "%s", p->name);
			table_cell(&t, "%s", c->name);
			number(&t, c->id);
			table_cell(&t, "%s", c->is_default ? "yes" : "no");
			number(&t, c->max_count);
			table_cell(&t, "%s",
				   mig_starts_format(c->starts, c->size, buf, sizeof(buf)));
			number(&t, c->sm);
			table_cell(&t, "%s",
				   cli_basis(&chosen->snap,
					     weaker(c->sm_basis, c->starts_basis)));
		}
	}
	return t;
}

/* @copy: room for a type. */
static const char *can_simulate(const struct mig_gpu_type *type, struct mig_gpu_type *copy)
{
	char gaps[2048];

	if (mig_gpu_type_gaps(type, gaps, sizeof(gaps)) == 0)
		return "yes";
	*copy = *type;
	mig_gpu_type_assume(copy);
	return mig_gpu_type_gaps(copy, gaps, sizeof(gaps)) == 0 ? "assumed" : "no";
}

static void add_type(struct table *t, const struct mig_gpu_type *type,
		     struct mig_gpu_type *copy)
{
	table_cell(t, "%s", type->key);
	table_cell(t, "%s", type->name);
	table_cell(t, "%s", type->arch);
	number(t, type->mem_mib.v);
	number(t, type->compute_slices);
	number(t, type->units);
	number(t, type->n_profiles ? type->n_profiles : MIG_UNKNOWN);
	table_cell(t, "%s", can_simulate(type, copy));
}

static int type_table(struct mig_catalog *cat, struct table *t, struct mig_error *err)
{
	cleanup_free struct mig_gpu_type *copy = malloc(sizeof(*copy));
	const struct mig_gpu_type *type;
	int rc = 0;

	if (!copy)
		return mig_fail(err, MIG_E_NOMEM, "list the GPU types");
	for (int i = 0; i < mig_catalog_count(cat); i++) {
		rc = mig_catalog_find(cat, mig_catalog_key(cat, i), &type, err);
		if (rc < 0)
			return rc;
		add_type(t, type, copy);
	}
	return 0;
}

static int list_types(struct cli *cli, struct mig_error *err)
{
	struct table t = table_new(type_columns, COUNT(type_columns));
	struct mig_catalog *cat;
	int rc = cli_catalog(cli, &cat, err);

	if (rc == 0)
		rc = type_table(cat, &t, err);
	if (rc == 0 && cli->is_json) {
		json_t *doc = json_pack("{s:s, s:{s:s, s:s}}", "schema", "migctl.gpu-types/v1",
					"machine", "kind", "catalog", "name", "");

		json_object_set_new(doc, "gpu_types", table_json(&t));
		rc = cli_print_json(cli, doc, err);
	} else if (rc == 0) {
		table_print(stdout, &t);
	}
	table_free(&t);
	return rc;
}

static int run(struct cli *cli, struct mig_error *err)
{
	const bool has_ci = cli_option(cli, "ci") != NULL;
	struct chosen_type chosen;
	struct table gis, cis;
	char title[512];
	int rc;

	if (cli_option(cli, "list-types"))
		return list_types(cli, err);
	rc = choose_type(cli, &chosen, err);
	if (rc < 0)
		return rc;
	gis = gi_table(&chosen);
	cis = ci_table(&chosen);
	if (cli->is_json) {
		json_t *doc = chosen_type_document("migctl.profiles/v1", &chosen);

		json_object_set_new(doc, "gi_profiles", table_json(&gis));
		json_object_set_new(doc, "ci_profiles", table_json(&cis));
		rc = cli_print_json(cli, doc, err);
	} else {
		puts(chosen_type_title(&chosen, title, sizeof(title)));
		table_print(stdout, has_ci ? &cis : &gis);
	}
	table_free(&gis);
	table_free(&cis);
	chosen_type_free(&chosen);
	return rc;
}

static const struct option options[] = {
	{ "gpu", 'i', "GPU", "of this GPU: index, UUID or PCI bus id" },
	{ "gpu-type", 0, "TYPE", "of a GPU type of the catalog, present or not" },
	{ "ci", 0, NULL, "the compute instance profiles of each GPU instance profile" },
	{ "list-types", 0, NULL, "list the GPU types of the catalog" },
	{ 0 },
};

extern const struct verb verb_profiles;
const struct verb verb_profiles = {
	.name = "profiles",
	.operands = "",
	.summary = "list the profiles that a GPU can be cut into",
	.text = "Lists the GPU instance profiles of a GPU: how many more fit now (or will "
		"once MIG is on), where they may begin, their slices, streaming "
		"multiprocessors, memory and engines. The share of memory, L2 and bandwidth "
		"is counted in placement units, eighths on most GPUs; compute is counted in "
		"slices, sevenths.\n\n"
		"BASIS says where a row is from: the driver, a listing measured on such a "
		"GPU, a datasheet, or an assumption that is named in docs/CATALOG.md. What a "
		"simulated driver says is called simulated.\n\n"
		"With --list-types, SIMULATED says whether 'migctl sim new' can make such a "
		"GPU: yes, only with --assume (a rule fills what nobody published), or no.",
	.example = "  migctl profiles\n  migctl profiles --gpu-type H100-SXM5-80GB\n"
		   "  migctl profiles --gpu-type A100-SXM4-80GB --ci\n",
	.options = options,
	.run = run,
};
