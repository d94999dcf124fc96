/* SPDX-License-Identifier: Apache-2.0 */
/* migctl export - how the GPUs are cut, as a partition file or a layout file. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/home.h"
#include "cli/partition_file.h"
#include "cli/verb.h"
#include "shared/cleanup.h"
#include "shared/text.h"

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

/* @text is the file, in JSON with --json; @key is what the document calls it. */
static int print_file(struct cli *cli, const struct mig_snapshot *snap, const char *key,
		      const char *text, struct mig_error *err)
{
	char line[256];
	json_t *doc;

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
	json_object_set_new(doc, key, json_loads(text, 0, NULL));
	json_object_set_new(doc, "gpus_lost", json_lost(snap));
	return cli_print_json(cli, doc, err);
}

static enum mig_config_format format_of(const struct cli *cli)
{
	return cli->is_json ? MIG_CONFIG_JSON : MIG_CONFIG_YAML;
}

static int print_partition(struct cli *cli, const struct mig_snapshot *snap,
			   const struct mig_config *config, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	int rc = mig_config_write(config, format_of(cli), &text, err);

	return rc < 0 ? rc : print_file(cli, snap, "partition_file", text, err);
}

static int export_partition(struct cli *cli, const struct mig_snapshot *snap,
			    struct mig_error *err)
{
	cleanup_free struct mig_config_present *present =
		calloc((size_t)snap->n_gpus + 1, sizeof(*present));
	struct mig_config *config;
	size_t n = 0;
	int rc;

	if (!present)
		return mig_fail(err, MIG_E_NOMEM, "export");
	for (int i = 0; i < snap->n_gpus; i++) {
		if (snap->gpus[i].has_mig || snap->gpus[i].is_lost)
			present[n++] = partition_present(&snap->gpus[i]);
	}
	rc = mig_config_export(cli_option(cli, "config"), present, n, &config, err);
	if (rc < 0)
		return rc;
	rc = print_partition(cli, snap, config, err);
	mig_config_free(config);
	return rc;
}

/* A layout file leaves nothing out, so what nobody knows the profile of is refused. */
static int check_known(const struct mig_gpu *gpu, struct mig_error *err)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];
		bool is_known = gi->profile >= 0;

		for (int k = 0; k < gi->n_cis; k++)
			is_known = is_known && gi->cis[k].profile >= 0;
		if (!is_known)
			return mig_fail(
				err, MIG_E_UNSUPPORTED,
				"GPU %d: the profile of GPU instance %d, or of a compute "
				"instance in it, is not known, so a layout file cannot "
				"say it",
				gpu->index, gi->id);
	}
	return 0;
}

/* The names that compute instances of a GPU have on record. */
static struct mig_want_names names_of(const struct mig_record *rec, const struct mig_home *home,
				      const struct mig_snapshot *snap, int gpu)
{
	struct mig_want_names names = { 0 };

	for (int i = 0; i < snap->gpus[gpu].n_gis; i++) {
		for (int k = 0; k < snap->gpus[gpu].gis[i].n_cis; k++) {
			const struct mig_ref ref = { .gpu = gpu, .gi = i, .ci = k };
			const struct mig_record_ci *ci = NULL;
			struct mig_want_name *of = &names.of[names.n];

			if (mig_record_look(rec, home, snap, &ref, &ci) != MIG_RECORD_MADE ||
			    !ci || !*ci->name || names.n == MIG_WANT_NAMES_MAX)
				continue;
			*of = (struct mig_want_name){ .want = (uint8_t)i, .ci = (uint8_t)k };
			text_copy(of->name, sizeof(of->name), ci->name);
			names.n++;
		}
	}
	return names;
}

/* For each GPU. A record that cannot be read keeps nobody from the layout itself. */
static void find_names(struct cli *cli, const struct mig_snapshot *snap,
		       struct mig_want_names *ret)
{
	const struct mig_home *home;
	struct mig_record rec;
	struct mig_error why;
	int rc = cli_home(cli, snap, &home, &why);

	if (rc == 0)
		rc = mig_record_read_names(home, &rec, &why);
	if (rc < 0) {
		fprintf(stderr, "migctl: names are left out: %s\n", why.msg);
		return;
	}
	for (int i = 0; i < snap->n_gpus; i++)
		ret[i] = names_of(&rec, home, snap, i);
	mig_record_free(&rec);
}

static int make_layout(struct cli *cli, const struct mig_snapshot *snap,
		       struct mig_layout_file **ret, struct mig_error *err)
{
	const size_t room = (size_t)snap->n_gpus + 1;
	cleanup_free struct mig_request *requests = calloc(room, sizeof(*requests));
	cleanup_free struct mig_layout_state *states = calloc(room, sizeof(*states));
	cleanup_free struct mig_want_names *names = calloc(room, sizeof(*names));
	const struct mig_layout_machine machine = partition_machine(snap);
	size_t n = 0;

	if (!requests || !states || !names)
		return mig_fail(err, MIG_E_NOMEM, "export");
	find_names(cli, snap, names);
	for (int i = 0; i < snap->n_gpus; i++) {
		const struct mig_gpu *gpu = &snap->gpus[i];
		int rc = check_known(gpu, err);

		if (rc < 0)
			return rc;
		requests[i] = mig_gpu_request(gpu);
		if (gpu->has_mig)
			states[n++] = (struct mig_layout_state){
				.index = gpu->index,
				.uuid = gpu->uuid,
				.gpu_type = gpu->type ? gpu->type->key : NULL,
				.mig_enabled = gpu->mode,
				.request = &requests[i],
				.names = &names[i],
			};
	}
	return mig_layout_file_make(&machine, states, n, ret, err);
}

static int export_layout(struct cli *cli, const struct mig_snapshot *snap,
			 struct mig_error *err)
{
	cleanup_free char *text = NULL;
	struct mig_layout_file *file;
	int rc;

	if (cli_option(cli, "config"))
		return mig_fail(err, MIG_E_INVAL,
				"a layout file has no configs; leave -c or --layout out");
	rc = make_layout(cli, snap, &file, err);
	if (rc < 0)
		return rc;
	rc = mig_layout_file_write(file, format_of(cli), &text, err);
	mig_layout_file_free(file);
	return rc < 0 ? rc : print_file(cli, snap, "layout_file", text, err);
}

static int export_from(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (snap->gpus[i].is_partial)
			return mig_fail(
				err, MIG_E_PERM,
				"GPU %d: only root may list its GPU instances; try sudo", i);
	}
	return cli_option(cli, "layout") ? export_layout(cli, snap, err)
					 : export_partition(cli, snap, err);
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
	{ "layout", 0, NULL, "a layout file, which says where each instance stands" },
	{ 0 },
};

extern const struct verb verb_export;
const struct verb verb_export = {
	.name = "export",
	.operands = "",
	.summary = "print how the GPUs are cut, as a file",
	.text = "Prints a partition file in mig-parted's format that apply, here or there, "
		"makes the same MIG devices from. That format has no place for starts, so "
		"these may differ.\n\n"
		"With --layout prints a layout file instead, which apply makes the very same "
		"layout from: it says the machine, the UUID of each GPU, where each GPU "
		"instance and each compute instance begins, and the names on record.",
	.example = "  migctl export -c saved >saved.yaml\n"
		   "  migctl export --layout >layout.yaml\n",
	.options = export_options,
	.run = run_export,
};
