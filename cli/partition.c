/* SPDX-License-Identifier: Apache-2.0 */
/* migctl diff, apply, assert - partition files in mig-parted's format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "cli/partition.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* A file, the config of it that was chosen, and what it wants of a machine. */
struct partition {
	struct mig_config *config;
	const struct mig_config_label *label;
	struct mig_config_want *wants; /* one for each GPU of the snapshot */
};

static void partition_free(struct partition *p)
{
	mig_config_free(p->config);
	free(p->wants);
}

static int partition_read(struct cli *cli, struct partition *p, struct mig_error *err)
{
	const char *path = cli_option(cli, "file");
	int rc;

	if (!path)
		return mig_fail(err, MIG_E_INVAL,
				"%s wants a file: migctl %s -f FILE [-c NAME]", cli->verb->name,
				cli->verb->name);
	rc = mig_config_read(path, &p->config, err);
	if (rc < 0)
		return rc;
	return mig_config_find(p->config, cli_option(cli, "config"), &p->label, err);
}

static int partition_select(struct partition *p, const struct mig_snapshot *snap,
			    struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus;
	cleanup_free struct mig_config_gpu *gpus = calloc(n + 1, sizeof(*gpus));

	free(p->wants);
	p->wants = calloc(n + 1, sizeof(*p->wants));
	if (!gpus || !p->wants)
		return mig_fail(err, MIG_E_NOMEM, "read what %zu GPUs shall be", n);
	for (size_t i = 0; i < n; i++) {
		const struct mig_gpu *g = &snap->gpus[i];

		gpus[i] = (struct mig_config_gpu){ .index = g->index,
						   .pci_id = g->pci_id,
						   .pci_subsystem = g->pci_subsystem,
						   .has_mig = g->has_mig,
						   .type = g->type,
						   .is_lost = g->is_lost };
	}
	return mig_config_select(p->config, p->label, gpus, n, p->wants, err);
}

/* The steps to what the file wants; with @mode_only just the mode switches. */
static int partition_change(const struct partition *p, const struct mig_snapshot *snap,
			    bool mode_only, struct mig_change *ret, struct mig_error *err)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "plan a change");
	for (int i = 0; i < snap->n_gpus; i++) {
		if (p->wants[i].mode == MIG_CONFIG_ON)
			wanted[i].mode = mode_only ? MIG_WANT_MODE : MIG_WANT_ON;
		else if (p->wants[i].mode == MIG_CONFIG_OFF && !mode_only)
			wanted[i].mode = MIG_WANT_OFF;
		wanted[i].request = p->wants[i].request;
	}
	return mig_change_make(snap, wanted, ret, err);
}

/* Is a GPU to be cut whose profiles the driver will tell only once MIG is on? */
static bool needs_mode_first(const struct partition *p, const struct mig_snapshot *snap)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (p->wants[i].mode == MIG_CONFIG_ON && !snap->gpus[i].mode &&
		    snap->gpus[i].type && snap->gpus[i].type->basis != MIG_BASIS_DRIVER)
			return true;
	}
	return false;
}

static int apply_in_one(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
			struct mig_error *err)
{
	struct mig_change change;
	int rc = partition_change(p, snap, false, &change, err);

	if (rc < 0)
		return rc;
	rc = change_carry_out(cli, snap, &change, "migctl.apply/v1", false, err);
	mig_change_free(&change);
	return rc;
}

/* Modes back to what they were in @snap, for an apply that failed after switching them. */
static void modes_back(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	struct mig_snapshot now;
	struct mig_change change;
	struct mig_error why;
	int rc = wanted ? mig_snapshot_take(cli->machine, &now, &why) : -MIG_E_NOMEM;

	if (rc < 0)
		return;
	for (int i = 0; i < now.n_gpus && now.n_gpus == snap->n_gpus; i++)
		wanted[i].mode = now.gpus[i].mode != snap->gpus[i].mode && !now.gpus[i].n_gis &&
						 !now.gpus[i].is_lost
					 ? MIG_WANT_OFF
					 : MIG_WANT_UNTOUCHED;
	rc = now.n_gpus == snap->n_gpus
		     ? mig_change_make(&now, wanted, &change, &why)
		     : mig_fail(&why, MIG_E_NVML, "the driver shows %d GPUs now", now.n_gpus);
	if (rc == 0) {
		rc = mig_change_run(cli->machine, &now, &change, NULL, &why);
		mig_change_free(&change);
	}
	if (rc < 0)
		mig_hint(err, -err->code, "MIG could not be switched off again: %s", why.msg);
	else
		mig_hint(err, -err->code, "MIG is off again where it was");
	mig_snapshot_free(&now);
}

/* Before a mode is switched: by all that the catalog tells, is nothing held that must go? */
static int check_held(struct cli *cli, const struct partition *p,
		      const struct mig_snapshot *snap, struct mig_error *err)
{
	struct mig_change change;
	char text[256];
	int rc = partition_change(p, snap, false, &change, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < change.n_steps && rc == 0; i++) {
		const struct mig_step *s = &change.steps[i];

		if (s->kind != MIG_STEP_CI_DESTROY)
			continue;
		rc = mig_check_free(cli->machine, &snap->gpus[s->gpu], s->gi, s->ci, err);
		if (rc < 0)
			mig_wrap(err, rc, "%s: refused, and nothing was changed",
				 mig_step_format(snap, s, text, sizeof(text)));
	}
	mig_change_free(&change);
	return rc;
}

static int apply_modes(struct cli *cli, const struct partition *p,
		       const struct mig_snapshot *snap, struct mig_error *err)
{
	struct mig_change change;
	int rc = partition_change(p, snap, true, &change, err);

	if (rc < 0)
		return rc;
	rc = change_run(cli, snap, &change, false, err);
	for (int i = 0; rc == 0 && !cli->is_json && i < change.n_steps; i++) {
		if (change.steps[i].kind == MIG_STEP_MODE)
			printf("GPU %d: MIG is on\n", snap->gpus[change.steps[i].gpu].index);
	}
	mig_change_free(&change);
	return rc;
}

static int apply_in_two(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
			struct mig_error *err)
{
	struct mig_snapshot now;
	int rc = check_held(cli, p, snap, err);

	if (rc == 0)
		rc = apply_modes(cli, p, snap, err);
	if (rc < 0)
		return rc;
	rc = mig_snapshot_take(cli->machine, &now, err);
	if (rc < 0)
		return rc;
	rc = partition_select(p, &now, err);
	if (rc == 0)
		rc = apply_in_one(cli, p, &now, err);
	if (rc < 0)
		modes_back(cli, snap, err);
	mig_snapshot_free(&now);
	return rc;
}

/* The GPUs that the file means and that are lost: "GPU 2, GPU 5". Return: how many. */
static int list_lost(const struct partition *p, const struct mig_snapshot *snap, char *buf,
		     size_t len)
{
	int n = 0;

	*buf = '\0';
	for (int i = 0; i < snap->n_gpus; i++) {
		if (p->wants[i].is_lost)
			text_append(buf, len, "%sGPU %d", n++ ? ", " : "", i);
	}
	return n;
}

/* What "devices: all" means and is lost does not hold the others back; but nobody shall think
 * that it is as wanted. */
static int apply(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		 struct mig_error *err)
{
	const bool is_dry = cli_option(cli, "dry-run") != NULL;
	char lost[256];
	int n, rc = !is_dry && needs_mode_first(p, snap) ? apply_in_two(cli, p, snap, err)
							 : apply_in_one(cli, p, snap, err);

	n = list_lost(p, snap, lost, sizeof(lost));
	if (rc < 0 || n == 0)
		return rc;
	return mig_fail(err, MIG_E_NVML,
			"%s %s lost and %s out; the rest %s as the file wants; see 'migctl "
			"status'",
			lost, n == 1 ? "is" : "are", is_dry ? "would be left" : "was left",
			is_dry ? "would be" : "is");
}

static int diff(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		struct mig_error *err)
{
	struct mig_change change;
	bool is_different;
	char lost[256];
	int rc = partition_change(p, snap, false, &change, err);

	if (rc < 0)
		return rc;
	is_different = change.n_steps > 0 || list_lost(p, snap, lost, sizeof(lost)) > 0;
	if (cli->is_json) {
		json_t *doc = cli_document("migctl.diff/v1", snap);

		json_object_set_new(doc, "is_different", json_boolean(is_different));
		change_json(doc, snap, NULL, &change);
		rc = cli_print_json(doc, err);
	} else {
		char line[256];

		puts(cli_machine_line(snap, line, sizeof(line)));
		change_print(snap, &change);
	}
	mig_change_free(&change);
	return rc == 0 && is_different ? -MIG_E_DIFFERENT : rc;
}

struct mig_config_present partition_present(const struct mig_gpu *gpu)
{
	return (struct mig_config_present){ .index = gpu->index,
					    .pci_id = gpu->pci_id,
					    .mig_enabled = gpu->mode,
					    .have = mig_gpu_request(gpu),
					    .is_lost = gpu->is_lost };
}

/* "7x1g.10gb", "no instances" or "MIG off". */
static const char *wanted_text(const struct mig_config_want *want, char *buf, size_t size)
{
	if (want->mode == MIG_CONFIG_OFF)
		return "MIG off";
	return want->request.n ? mig_request_format(&want->request, buf, size) : "no instances";
}

static const char *present_text(const struct mig_gpu *gpu, char *buf, size_t size)
{
	struct mig_request have = mig_gpu_request(gpu);

	if (gpu->is_lost)
		return "lost";
	if (!gpu->mode)
		return "MIG off";
	/* As in the file: names and counts, which have no place. */
	for (int i = 0; i < have.n; i++)
		have.want[i].start = -1;
	return have.n ? mig_request_format(&have, buf, size) : "no instances";
}

static json_t *assert_one(const struct cli *cli, const struct mig_config_want *want,
			  const struct mig_gpu *gpu, bool *is_different)
{
	const struct mig_config_present have = partition_present(gpu);
	const bool is_named = want->mode != MIG_CONFIG_UNTOUCHED || want->is_lost;
	const bool is_same =
		!want->is_lost && mig_config_match(want, &have) != MIG_CONFIG_DIFFERENT;
	char wanted[512], has[512];
	json_t *o;

	*is_different |= !is_same;
	if (!cli->is_json)
		printf("GPU %d: %s", gpu->index,
		       !is_named ? "not named\n"
		       : is_same ? "as wanted\n"
				 : "different: ");
	if (!cli->is_json && want->is_lost)
		puts("lost");
	else if (!cli->is_json && !is_same)
		printf("wanted %s; has %s\n", wanted_text(want, wanted, sizeof(wanted)),
		       present_text(gpu, has, sizeof(has)));
	o = json_pack("{s:i, s:b, s:b, s:s}", "gpu", gpu->index, "is_named", is_named,
		      "is_same", is_same, "has", present_text(gpu, has, sizeof(has)));
	if (gpu->is_lost)
		json_object_set_new(o, "is_lost", json_true());
	if (is_named && !want->is_lost)
		json_object_set_new(o, "wanted",
				    json_string(wanted_text(want, wanted, sizeof(wanted))));
	return o;
}

static int assert_all(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		      struct mig_error *err)
{
	json_t *doc = cli_document("migctl.assert/v1", snap);
	json_t *gpus = json_array();
	bool is_different = false;
	char line[256];
	int rc = 0;

	if (!cli->is_json)
		puts(cli_machine_line(snap, line, sizeof(line)));
	for (int i = 0; i < snap->n_gpus; i++)
		json_array_append_new(gpus, assert_one(cli, &p->wants[i], &snap->gpus[i],
						       &is_different));
	json_object_set_new(doc, "is_different", json_boolean(is_different));
	json_object_set_new(doc, "gpus", gpus);
	if (cli->is_json)
		rc = cli_print_json(doc, err);
	else
		json_decref(doc);
	return rc == 0 && is_different ? -MIG_E_DIFFERENT : rc;
}

/* That nothing is wanted here is seldom meant: a filter for other GPUs, or another node's file. */
static void warn_unnamed(const struct cli *cli, const struct partition *p,
			 const struct mig_snapshot *snap)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (p->wants[i].mode != MIG_CONFIG_UNTOUCHED || p->wants[i].is_lost)
			return;
	}
	fprintf(stderr, "migctl: %s: config \"%s\" names no GPU of machine %s\n",
		cli_option(cli, "file"), p->label->name, snap->machine);
}

/* Read the file before the machine is looked at: its mistakes are told without a driver. */
static int run_with(struct cli *cli, struct mig_error *err,
		    int (*act)(struct cli *cli, struct partition *p,
			       const struct mig_snapshot *snap, struct mig_error *err))
{
	struct partition p = { 0 };
	struct mig_snapshot snap = { 0 };
	int rc = partition_read(cli, &p, err);

	if (rc == 0)
		rc = cli_machine(cli, &snap, err);
	if (rc == 0)
		rc = partition_select(&p, &snap, err);
	if (rc == 0)
		warn_unnamed(cli, &p, &snap);
	if (rc == 0)
		rc = act(cli, &p, &snap, err);
	mig_snapshot_free(&snap);
	partition_free(&p);
	return rc;
}

static int run_apply(struct cli *cli, struct mig_error *err)
{
	return run_with(cli, err, apply);
}

static int run_diff(struct cli *cli, struct mig_error *err)
{
	return run_with(cli, err, diff);
}

static int run_assert(struct cli *cli, struct mig_error *err)
{
	return run_with(cli, err, assert_all);
}

static const struct option look_options[] = {
	{ "file", 'f', "FILE", "the partition file, in mig-parted's format" },
	{ "config", 'c', "NAME", "the config in it; may be left out where there is but one" },
	{ 0 },
};

static const struct option apply_options[] = {
	{ "file", 'f', "FILE", "the partition file, in mig-parted's format" },
	{ "config", 'c', "NAME", "the config in it; may be left out where there is but one" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_diff, verb_apply, verb_assert;
const struct verb verb_diff = {
	.name = "diff",
	.operands = "-f FILE [-c NAME]",
	.summary = "show what apply would do",
	.text = "Prints for each GPU how many MIG devices would be kept, created and "
		"destroyed, and the steps. GPUs that the config does not name are untouched. "
		"The exit status is 0 when the machine is as wanted, 1 when it differs, and 2 "
		"or more after an error.",
	.example = "  migctl diff -f partitions.yaml -c all-balanced\n",
	.options = look_options,
	.run = run_diff,
};

const struct verb verb_apply = {
	.name = "apply",
	.operands = "-f FILE [-c NAME]",
	.summary = "cut the GPUs as a partition file says",
	.text = "Makes the machine what the config says with the fewest steps: an instance "
		"that is wanted and there is not touched, and neither is a GPU that the "
		"config does not name. Nothing that a process holds is destroyed: the refusal "
		"names the process. When a step fails, the steps before it are undone.\n\n"
		"The file is mig-parted's, version v1, and is read as strictly.",
	.example = "  migctl apply -f partitions.yaml -c all-balanced --dry-run\n"
		   "  migctl apply -f partitions.yaml -c all-balanced\n",
	.options = apply_options,
	.flags = VERB_CHANGES,
	.run = run_apply,
};

const struct verb verb_assert = {
	.name = "assert",
	.operands = "-f FILE [-c NAME]",
	.summary = "say whether the GPUs are cut as a partition file says",
	.text = "The exit status is 0 when they are, 1 when one differs, and 2 or more after "
		"an error. As with mig-parted, MIG devices are compared by name and number.",
	.example = "  migctl assert -f partitions.yaml -c all-balanced && echo ready\n",
	.options = look_options,
	.run = run_assert,
};
