/* SPDX-License-Identifier: Apache-2.0 */
/* migctl diff, apply, assert - partition files in mig-parted's format, and layout files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "cli/drain.h"
#include "cli/partition_file.h"
#include "cli/stages.h"
#include "shared/text.h"

static int want(void *arg, const struct mig_snapshot *snap, struct mig_wanted *ret,
		struct mig_error *err)
{
	return partition_wanted(arg, snap, ret, err);
}

enum { N_VARIABLES = 3 };

/* What hooks are told, by mig-parted's names. free() each. */
static int hook_variables(const struct cli *cli, const struct partition *p,
			  char *ret[N_VARIABLES + 1], struct mig_error *err)
{
	const char *const rows[N_VARIABLES][2] = {
		{ "MIG_PARTED_CONFIG_FILE", cli_option(cli, "file") },
		{ "MIG_PARTED_SELECTED_CONFIG", p->label ? p->label->name : "" },
		{ "MIG_PARTED_HOOKS_FILE", cli_option(cli, "hooks") },
	};

	for (int i = 0; i < N_VARIABLES; i++) {
		if (asprintf(&ret[i], "%s=%s", rows[i][0], rows[i][1]) < 0) {
			ret[i] = NULL;
			return mig_fail(err, MIG_E_NOMEM, "run hooks");
		}
	}
	return 0;
}

static int apply_with_hooks(struct cli *cli, struct stages *stages, const struct partition *p,
			    const struct mig_snapshot *snap, struct mig_error *err)
{
	char *variables[N_VARIABLES + 1] = { NULL };
	struct mig_hooks *file = NULL;
	struct hooks hooks = { .envs = (const char *const *)variables,
			       .seconds = HOOK_SECONDS };
	int rc = stages_seconds("hook-timeout", cli_option(cli, "hook-timeout"), 1,
				HOOK_SECONDS_MAX, &hooks.seconds, err);

	if (rc == 0)
		rc = mig_hooks_read(cli_option(cli, "hooks"), &file, err);
	if (rc == 0)
		rc = hook_variables(cli, p, variables, err);
	if (rc == 0) {
		hooks.file = file;
		stages->hooks = &hooks;
		rc = stages_run(cli, stages, snap, err);
	}
	for (int i = 0; i < N_VARIABLES; i++)
		free(variables[i]);
	mig_hooks_free(file);
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
	struct stages stages = { .want = want,
				 .arg = p,
				 .schema = "migctl.apply/v1",
				 .is_independent = !cli_option(cli, "atomic") };
	const bool is_dry = cli_option(cli, "dry-run") != NULL;
	char lost[256];
	int n;
	int rc = stages_seconds("drain-timeout", cli_option(cli, "drain-timeout"), 0,
				DRAIN_SECONDS_MAX, &stages.drain_seconds, err);

	if (rc == 0 && cli_option(cli, "hooks"))
		rc = apply_with_hooks(cli, &stages, p, snap, err);
	else if (rc == 0)
		rc = stages_run(cli, &stages, snap, err);
	if (rc < 0)
		return rc;
	n = list_lost(p, snap, lost, sizeof(lost));
	if (n == 0)
		return 0;
	return mig_fail(err, MIG_E_NVML,
			"%s %s lost and %s out; the rest %s as the file wants; see 'migctl "
			"status'",
			lost, n == 1 ? "is" : "are", is_dry ? "would be left" : "was left",
			is_dry ? "would be" : "is");
}

static int diff(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		struct mig_error *err)
{
	const struct stages stages = { .want = want, .arg = p };
	struct mig_change change;
	char lost[256];
	int rc = stages_change(cli, &stages, snap, &change, err);

	if (rc < 0)
		return rc;
	rc = change_diff(cli, snap, &change, list_lost(p, snap, lost, sizeof(lost)) > 0, err);
	mig_change_free(&change);
	return rc;
}

static json_t *assert_one(const struct cli *cli, const struct mig_config_want *want,
			  const struct mig_gpu *gpu, bool *is_different)
{
	const struct mig_config_present have = partition_present(gpu);
	const bool is_named = want->mode != MIG_CONFIG_UNTOUCHED || want->is_lost;
	const bool is_same =
		!want->is_lost && mig_config_match(want, &have) != MIG_CONFIG_DIFFERENT;
	char wanted_buf[512], has_buf[512];
	const char *wanted = partition_wanted_text(want, wanted_buf, sizeof(wanted_buf));
	const char *has = partition_present_text(want, gpu, has_buf, sizeof(has_buf));
	const char *hidden = is_same || want->is_lost
				     ? ""
				     : partition_hidden_difference(want, gpu, wanted, has);
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
		printf("wanted %s; has %s%s%s\n", wanted, has, *hidden ? "; " : "", hidden);
	o = json_pack("{s:i, s:b, s:b, s:s}", "gpu", gpu->index, "is_named", is_named,
		      "is_same", is_same, "has", has);
	if (gpu->is_lost)
		json_object_set_new(o, "is_lost", json_true());
	if (is_named && !want->is_lost)
		json_object_set_new(o, "wanted", json_string(wanted));
	if (*hidden)
		json_object_set_new(o, "difference", json_string(hidden));
	return o;
}

static int run_assert(struct cli *cli, struct mig_error *err);

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
		rc = cli_print_json(cli, doc, err);
	else
		json_decref(doc);
	return rc == 0 && is_different ? -MIG_E_DIFFERENT : rc;
}

/* That nothing is wanted here is seldom meant: a filter for other GPUs, or another node's file. Still
 * one file may serve nodes of every kind. */
static int check_named(const struct cli *cli, const struct partition *p,
		       const struct mig_snapshot *snap, struct mig_error *err)
{
	const char *file = cli_option(cli, "file");

	for (int i = 0; i < snap->n_gpus; i++) {
		if (p->wants[i].mode != MIG_CONFIG_UNTOUCHED || p->wants[i].is_lost)
			return 0;
	}
	if (p->label)
		return mig_fail(err, MIG_E_NOENT,
				"%s: config \"%s\" names no GPU of machine %s", file,
				p->label->name, snap->machine);
	return mig_fail(err, MIG_E_NOENT, "%s names no GPU of machine %s", file, snap->machine);
}

/* What is wanted of nothing is there; but somebody who asks whether it is has not been answered. */
static int look_named(struct cli *cli, const struct partition *p,
		      const struct mig_snapshot *snap, struct mig_error *err)
{
	int rc = check_named(cli, p, snap, err);

	if (rc < 0 && cli->verb->run == run_assert)
		return mig_hint(err, rc, "so nothing was compared");
	if (rc < 0)
		fprintf(stderr, "migctl: %s\n", err->msg);
	return 0;
}

/* Read the file before the machine is looked at: its mistakes are told without a driver. */
static int run_with(struct cli *cli, struct mig_error *err,
		    int (*act)(struct cli *cli, struct partition *p,
			       const struct mig_snapshot *snap, struct mig_error *err))
{
	const char *path = cli_option(cli, "file");
	struct partition p = { .is_any_machine = cli_option(cli, "any-machine") };
	struct mig_snapshot snap = { 0 };
	int rc;

	if (!path)
		return mig_fail(err, MIG_E_INVAL,
				"%s wants a file: migctl %s -f FILE [-c NAME]", cli->verb->name,
				cli->verb->name);
	rc = partition_read(&p, path, cli_option(cli, "config"), err);
	if (rc == 0)
		rc = cli_machine(cli, &snap, err);
	if (rc == 0)
		rc = partition_select(&p, &snap, err);
	if (rc == 0)
		rc = look_named(cli, &p, &snap, err);
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
	{ "file", 'f', "FILE", "a partition file, in mig-parted's format, or a layout file" },
	{ "config", 'c', "NAME", "the config of a partition file that has several" },
	{ "any-machine", 0, NULL, "take a layout file that is for another machine" },
	{ 0 },
};

static const struct option apply_options[] = {
	{ "file", 'f', "FILE", "a partition file, in mig-parted's format, or a layout file" },
	{ "config", 'c', "NAME", "the config of a partition file that has several" },
	{ "any-machine", 0, NULL, "take a layout file that is for another machine" },
	{ "atomic", 0, NULL, "change all GPUs, or none" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ "hooks", 'k', "FILE", "run the commands of a hooks file around the change" },
	{ "hook-timeout", 0, "SECONDS", "what each hook may take; default: 120" },
	{ "drain-timeout", 0, "SECONDS",
	  "wait so long for processes in the way to end by themselves; default: 0" },
	{ 0 },
};

extern const struct verb verb_diff, verb_apply, verb_assert;
const struct verb verb_diff = {
	.name = "diff",
	.operands = "-f FILE [-c NAME]",
	.summary = "show what apply would do",
	.text = "Prints for each GPU how many MIG devices would be kept, created and "
		"destroyed, what stays, and the steps: with who holds what would go, when what "
		"is made would be there, and for how long what is made again would be away. The "
		"seconds are reckoned from figures whose origin is named. GPUs that the file "
		"does not name are untouched.\n\n"
		"The exit status is 0 when the machine is as wanted, 1 when it differs, and "
		"another one after an error, 8 where the answer could not be written.",
	.example = "  migctl diff -f partitions.yaml -c all-balanced\n",
	.options = look_options,
	.run = run_diff,
};

const struct verb verb_apply = {
	.name = "apply",
	.operands = "-f FILE [-c NAME]",
	.summary = "cut the GPUs as a file says",
	.text = "Makes the machine what the file says with the fewest steps: an instance "
		"that is wanted and there is not touched, and neither is a GPU that the "
		"file does not name. Of all ways, that one is taken which "
		"keeps what is held, and then the most instances. Nothing that a process holds "
		"is destroyed: the refusal names the process, and the most of the file that "
		"would disturb nothing held; nor is the mode of a GPU switched that a process is on. "
		"When a step fails, the steps before it are undone. GPUs are changed at the same "
		"time, each for itself; with --atomic no step is begun once one has failed, and all "
		"that was done is undone.\n\n"
		"A partition file is mig-parted's, version v1, and is read as strictly.\n\n"
		"A layout file, version migctl/v1, says what that format cannot: where each "
		"instance begins, and what it is called. Each entry names a GPU (gpu: an "
		"index, a UUID or a PCI bus id) or several (gpus: all, or a list), perhaps "
		"its gpu-type, whether MIG is on (mig-enabled), and then its instances. Each "
		"of these has a profile, and may have a start (a placement unit), a count, a "
		"name, and compute-instances: a list of the same, whose starts are compute "
		"slices; [] for none. What is not said is free to be chosen. A layout file "
		"that names its machine is refused on another, unless --any-machine says "
		"otherwise. docs/LAYOUT.md has all of it.\n\n"
		"A hooks file, mig-parted's too, names commands to run: apply-start first, "
		"pre-apply-mode where a MIG mode is to be switched, pre-apply-config where "
		"instances are to go or come, and apply-exit at the end, however it ended. "
		"They are executed as they stand, by no shell, with the variables "
		"MIG_PARTED_CONFIG_FILE, MIG_PARTED_SELECTED_CONFIG (empty with a layout file) "
		"and MIG_PARTED_HOOKS_FILE; what they print goes to stderr. A hook that fails "
		"ends the apply with status 19. One that takes too long is sent SIGTERM, and "
		"five seconds later SIGKILL. What cannot fit is refused before the first.\n\n"
		"With --drain-timeout processes that stand in the way get that time to end "
		"by themselves; stderr says whom it waits for. None is stopped. Where one is "
		"left, nothing is changed.",
	.example = "  migctl apply -f partitions.yaml -c all-balanced --dry-run\n"
		   "  migctl apply -f partitions.yaml -c all-balanced\n"
		   "  migctl apply -f layout.yaml\n\n"
		   "layout.yaml:\n"
		   "  version: migctl/v1\n"
		   "  gpus:\n"
		   "    - gpu: 0\n"
		   "      mig-enabled: true\n"
		   "      instances:\n"
		   "        - {profile: 3g.40gb, start: 4, name: team-a/llm}\n"
		   "        - profile: 3g.40gb\n"
		   "          start: 0\n"
		   "          compute-instances:\n"
		   "            - {profile: 1c.3g.40gb, start: 2}\n"
		   "            - {profile: 1c.3g.40gb}\n",
	.options = apply_options,
	.flags = VERB_CHANGES,
	.run = run_apply,
};

const struct verb verb_assert = {
	.name = "assert",
	.operands = "-f FILE [-c NAME]",
	.summary = "say whether the GPUs are cut as a file says",
	.text = "The exit status is 0 when they are, 1 when one differs, and another one "
		"after an error: 3 where the file names no GPU of this machine, so that nothing "
		"was compared, 8 where the answer could not be written. By a partition file MIG devices are compared by name and number, as "
		"mig-parted does; by a layout file GPU instance by GPU instance, and by their "
		"places where the file says them. Names are not compared.",
	.example = "  migctl assert -f partitions.yaml -c all-balanced && echo ready\n",
	.options = look_options,
	.run = run_assert,
};
