/* SPDX-License-Identifier: Apache-2.0 */
/* apply, and what it has in common with restore. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/drain.h"
#include "cli/parted/parted.h"
#include "cli/partition_file.h"

/* Every flag of the command under its variable's name. */
static int add_variables(const struct parted *p, struct parted_change *change)
{
	int n = 0;

	for (int i = 0; i < PARTED_N_FLAGS; i++) {
		const char *name = parted_variable((enum parted_flag)i);

		if (!name || !(p->command->flags >> i & 1))
			continue;
		if (asprintf(&change->variables[n], "%s=%s", name, p->values[i]) < 0) {
			change->variables[n] = NULL;
			return mig_fail(p->err, MIG_E_NOMEM, "run hooks");
		}
		n++;
	}
	return 0;
}

static int read_hooks(struct parted *p, struct parted_change *change)
{
	const char *path = p->values[PARTED_HOOKS_FILE];
	int rc;

	if (!*path)
		return 0;
	rc = mig_hooks_read(path, &change->hooks_file, p->err);
	if (rc == 0)
		rc = add_variables(p, change);
	change->hooks.file = change->hooks_file;
	change->hooks.envs = (const char *const *)change->variables;
	change->stages.hooks = &change->hooks;
	return rc;
}

int parted_change_read(struct parted *p, struct parted_change *ret)
{
	int rc;

	ret->hooks.seconds = HOOK_SECONDS;
	rc = stages_seconds("hook-timeout", p->values[PARTED_HOOK_TIMEOUT], 1, HOOK_SECONDS_MAX,
			    &ret->hooks.seconds, p->err);
	if (rc == 0)
		rc = stages_seconds("drain-timeout", p->values[PARTED_DRAIN_TIMEOUT], 0,
				    DRAIN_SECONDS_MAX, &ret->stages.drain_seconds, p->err);
	ret->stages.is_mode_only = parted_is(p, PARTED_MODE_ONLY);
	ret->stages.keeps_pending = parted_is(p, PARTED_SKIP_RESET);
	ret->stages.may_reset = !ret->stages.keeps_pending;
	return rc < 0 ? rc : read_hooks(p, ret);
}

void parted_change_free(struct parted_change *change)
{
	for (int i = 0; i < PARTED_N_FLAGS; i++)
		free(change->variables[i]);
	mig_hooks_free(change->hooks_file);
}

static void say_steps(const struct parted *p, const struct stages *stages,
		      const struct mig_snapshot *snap)
{
	struct mig_change change;
	char text[256];

	if (!parted_is(p, PARTED_DEBUG) ||
	    stages_change(p->cli, stages, snap, &change, NULL) < 0)
		return;
	for (int i = 0; i < change.n_steps; i++)
		fprintf(stderr, "%s\n",
			mig_step_format(snap, &change.steps[i], text, sizeof(text)));
	if (change.n_steps == 0)
		fputs("nothing differs\n", stderr);
	mig_change_free(&change);
}

int parted_change_run(struct parted *p, struct parted_change *change, const char *done)
{
	struct mig_snapshot snap;
	int rc = cli_machine(p->cli, &snap, p->err);

	if (rc < 0)
		return rc;
	say_steps(p, &change->stages, &snap);
	rc = stages_run(p->cli, &change->stages, &snap, p->err);
	mig_snapshot_free(&snap);
	if (rc == 0)
		puts(done);
	return rc;
}

/* To mig-parted a GPU that is lost ends everything: all is applied or nothing. */
static int want(void *arg, const struct mig_snapshot *snap, struct mig_wanted *ret,
		struct mig_error *err)
{
	const struct partition *p = arg;
	int rc = partition_wanted(arg, snap, ret, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++) {
		if (p->wants[i].is_lost)
			rc = mig_gpu_check_lost(&snap->gpus[i], err);
	}
	return rc;
}

int parted_read(struct parted *p, struct partition *ret)
{
	const char *path = p->values[PARTED_CONFIG_FILE];
	int rc;

	if (!*path)
		return mig_fail(p->err, MIG_E_INVAL,
				"%s wants a partition file: --config-file FILE, or the "
				"variable %s",
				p->command->name, parted_variable(PARTED_CONFIG_FILE));
	rc = partition_read(ret, path, p->values[PARTED_SELECTED_CONFIG], p->err);
	if (rc < 0)
		return rc;
	if (ret->layout)
		return mig_fail(p->err, MIG_E_SYNTAX,
				"%s is a layout file, which mig-parted does not read; 'migctl "
				"apply -f' does",
				path);
	p->values[PARTED_SELECTED_CONFIG] = ret->label->name;
	return 0;
}

int parted_apply(struct parted *p)
{
	struct partition partition = { 0 };
	struct parted_change change = { .stages = { .want = want, .arg = &partition } };
	int rc = parted_read(p, &partition);

	if (rc == 0)
		rc = parted_change_read(p, &change);
	if (rc == 0)
		rc = parted_change_run(p, &change, "MIG configuration applied successfully");
	parted_change_free(&change);
	partition_free(&partition);
	return rc;
}
