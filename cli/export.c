/* SPDX-License-Identifier: Apache-2.0 */
/* migctl export - how the GPUs are cut, as a partition file. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/partition.h"
#include "cli/verb.h"
#include "shared/cleanup.h"

/* The indices of the GPUs that are not in the file because they are lost. */
static json_t *json_lost(const struct mig_snapshot *snap)
{
	json_t *lost = json_array();

	for (int i = 0; i < snap->n_gpus; i++) {
		if (snap->gpus[i].is_lost)
			json_array_append_new(lost, json_integer(i));
	}
	return lost;
}

static int print_export(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_config *config, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	char line[256];
	json_t *doc, *file;
	int rc = mig_config_write(config, cli->is_json ? MIG_CONFIG_JSON : MIG_CONFIG_YAML,
				  &text, err);

	if (rc < 0)
		return rc;
	if (!cli->is_json) {
		printf("# %s\n", cli_machine_line(snap, line, sizeof(line)));
		for (int i = 0; i < snap->n_gpus; i++) {
			if (snap->gpus[i].is_lost)
				printf("# GPU %d is lost, and how it was cut is not known\n",
				       i);
		}
		fputs(text, stdout);
		return 0;
	}
	doc = cli_document("migctl.export/v1", snap);
	file = json_loads(text, 0, NULL);
	json_object_set_new(doc, "partition_file", file);
	json_object_set_new(doc, "gpus_lost", json_lost(snap));
	return cli_print_json(doc, err);
}

static int export_from(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	cleanup_free struct mig_config_present *present =
		calloc((size_t)snap->n_gpus + 1, sizeof(*present));
	struct mig_config *config;
	size_t n = 0;
	int rc;

	if (!present)
		return mig_fail(err, MIG_E_NOMEM, "export");
	for (int i = 0; i < snap->n_gpus; i++) {
		if (snap->gpus[i].is_partial)
			return mig_fail(
				err, MIG_E_PERM,
				"GPU %d: only root may list its GPU instances; try sudo", i);
		if (snap->gpus[i].has_mig || snap->gpus[i].is_lost)
			present[n++] = partition_present(&snap->gpus[i]);
	}
	rc = mig_config_export(cli_option(cli, "config"), present, n, &config, err);
	if (rc < 0)
		return rc;
	rc = print_export(cli, snap, config, err);
	mig_config_free(config);
	return rc;
}

static int run_export(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = export_from(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option export_options[] = {
	{ "config", 'c', "NAME", "what to call the config; default: current" },
	{ 0 },
};

extern const struct verb verb_export;
const struct verb verb_export = {
	.name = "export",
	.operands = "",
	.summary = "print how the GPUs are cut as a partition file",
	.text = "Prints a partition file in mig-parted's format that apply, here or there, "
		"makes the same MIG devices from. The format has no place for starts, so "
		"these may differ.",
	.example = "  migctl export -c saved >saved.yaml\n",
	.options = export_options,
	.run = run_export,
};
