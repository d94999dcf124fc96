/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/change.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/home.h"
#include "shared/text.h"
#include "sim/machine.h"

int reset_gpu(const struct mig_gpu *gpu, void *arg, struct mig_error *err)
{
	struct cli *cli = arg;
	const char *sim = cli->sim ? cli->sim : cli->is_hardware ? NULL : cli->sim_variable;
	const char *const argv[] = { "nvidia-smi", "--gpu-reset", "-i", gpu->uuid, NULL };
	int status, rc;

	if (sim)
		return sim_machine_reset(cli->sim_dir, sim, gpu->index, err);
	/* NVML has no public call that resets a GPU; NVIDIA's own program is what does. */
	rc = child_run(argv, &status, err);
	if (rc == 0 && status != 0)
		return mig_fail(err, MIG_E_NVML,
				"nvidia-smi --gpu-reset -i %s ended with status %d", gpu->uuid,
				status);
	return rc;
}

static void print_gpu(const struct mig_gpu *gpu, const struct mig_gpu_change *c)
{
	if (!c->is_named) {
		printf("GPU %d: untouched\n", gpu->index);
		return;
	}
	if (gpu->mode == c->mode && !c->n_created && !c->n_destroyed) {
		printf("GPU %d: as wanted, %d kept\n", gpu->index, c->n_kept);
		return;
	}
	printf("GPU %d:", gpu->index);
	if (gpu->mode != c->mode)
		printf(" MIG %s,", c->mode ? "on" : "off");
	printf(" %d kept, %d created, %d destroyed", c->n_kept, c->n_created, c->n_destroyed);
	if (c->n_disturbed)
		printf(", %d of them wanted again elsewhere", c->n_disturbed);
	putchar('\n');
}

/* The compute instances that are made in a GI, where they are not just its default one. */
static void print_split(const struct mig_snapshot *snap, const struct mig_change *change,
			int gi)
{
	const struct mig_step *s = &change->steps[gi];
	const struct mig_profile *p = &snap->gpus[s->gpu].type->profiles[s->profile];
	const char *word = " with ";
	int n = 0;

	for (int i = gi + 1; i < change->n_steps && change->steps[i].owner == gi; i++) {
		const struct mig_ci_profile *ci = &p->ci[change->steps[i].ci_profile];

		n++;
		if (ci->is_default)
			continue;
		printf("%s%s", word, ci->name);
		word = ", ";
	}
	if (n == 0)
		fputs(" without compute instances", stdout);
}

/* A line a step, but for the compute instances that come and go with their GPU instance. */
void change_print(const struct mig_snapshot *snap, const struct mig_change *change)
{
	char text[256];

	for (int i = 0; i < snap->n_gpus; i++)
		print_gpu(&snap->gpus[i], &change->gpus[i]);
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];

		if (s->owner >= 0)
			continue;
		printf("  %s", mig_step_format(snap, s, text, sizeof(text)));
		if (s->kind == MIG_STEP_GI_CREATE)
			print_split(snap, change, i);
		putchar('\n');
	}
}

/* The id of the GI that a compute instance is made in or taken from, or -1. */
static int gi_of(const struct mig_change *change, const struct mig_step *step)
{
	return step->owner >= 0 ? change->steps[step->owner].gi : step->gi;
}

/* What a CI_CREATE step made, as @now shows it, or NULL. */
static const struct mig_ci *made_ci(const struct mig_snapshot *now,
				    const struct mig_change *change,
				    const struct mig_step *step, const struct mig_gi **ret_gi)
{
	const struct mig_gi *gi =
		now ? mig_gpu_find_gi(&now->gpus[step->gpu], gi_of(change, step)) : NULL;

	for (int k = 0; gi && gi->profile >= 0 && k < gi->n_cis; k++) {
		if (gi->cis[k].id != step->ci || gi->cis[k].profile < 0)
			continue;
		*ret_gi = gi;
		return &gi->cis[k];
	}
	return NULL;
}

/* @now: the machine afterwards, or NULL. */
static json_t *json_step(const struct mig_snapshot *snap, const struct mig_snapshot *now,
			 const struct mig_change *change, const struct mig_step *step)
{
	static const char *const kinds[] = {
		[MIG_STEP_CI_DESTROY] = "ci_destroy",
		[MIG_STEP_GI_DESTROY] = "gi_destroy",
		[MIG_STEP_MODE] = "mode",
		[MIG_STEP_RESET] = "reset",
		[MIG_STEP_GI_CREATE] = "gi_create",
		[MIG_STEP_CI_CREATE] = "ci_create",
	};
	const struct mig_gpu *gpu = &snap->gpus[step->gpu];
	const bool has_place = step->kind != MIG_STEP_MODE && step->kind != MIG_STEP_RESET;
	const bool is_ci =
		step->kind == MIG_STEP_CI_CREATE || step->kind == MIG_STEP_CI_DESTROY;
	const int gi = is_ci ? gi_of(change, step) : step->gi;
	json_t *o = json_pack("{s:s, s:i}", "kind", kinds[step->kind], "gpu", gpu->index);
	const struct mig_gi *in;
	const struct mig_ci *ci =
		step->kind == MIG_STEP_CI_CREATE ? made_ci(now, change, step, &in) : NULL;
	char text[256];

	if (step->kind == MIG_STEP_MODE)
		json_object_set_new(o, "mig_mode", json_boolean(step->mode));
	if (has_place && step->profile >= 0)
		json_object_set_new(o, "profile",
				    json_string(gpu->type->profiles[step->profile].name));
	if (has_place && step->start >= 0)
		json_object_set_new(o, "start", json_integer(step->start));
	if (has_place && gi >= 0)
		json_object_set_new(o, "gi", json_integer(gi));
	if (is_ci && step->profile >= 0 && step->ci_profile >= 0)
		json_object_set_new(
			o, "ci_profile",
			json_string(
				gpu->type->profiles[step->profile].ci[step->ci_profile].name));
	if (is_ci && step->ci >= 0)
		json_object_set_new(o, "ci", json_integer(step->ci));
	if (ci && *ci->uuid)
		json_object_set_new(o, "uuid", json_string(ci->uuid));
	json_object_set_new(o, "text",
			    json_string(mig_step_format(snap, step, text, sizeof(text))));
	return o;
}

void change_json(json_t *doc, const struct mig_snapshot *snap, const struct mig_snapshot *now,
		 const struct mig_change *change)
{
	json_t *gpus = json_array(), *steps = json_array();

	for (int i = 0; i < change->n_gpus; i++) {
		const struct mig_gpu_change *c = &change->gpus[i];

		json_array_append_new(gpus,
				      json_pack("{s:i, s:b, s:b, s:i, s:i, s:i, s:i}", "gpu", i,
						"is_untouched", !c->is_named, "mig_mode",
						c->mode, "n_kept", c->n_kept, "n_created",
						c->n_created, "n_destroyed", c->n_destroyed,
						"n_disturbed", c->n_disturbed));
	}
	for (int i = 0; i < change->n_steps; i++)
		json_array_append_new(steps, json_step(snap, now, change, &change->steps[i]));
	json_object_set_new(doc, "gpus", gpus);
	json_object_set_new(doc, "steps", steps);
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* On a terminal, what takes long is shown as it begins: resets and mode switches, and each
 * step once a second has gone by. In a log it would be noise. */
static void show_step(const struct mig_snapshot *snap, const struct mig_step *step,
		      bool is_undo, void *arg)
{
	const struct cli *cli = arg;
	const bool is_slow = step->kind == MIG_STEP_MODE || step->kind == MIG_STEP_RESET;
	char text[256];

	if (isatty(STDERR_FILENO) && (is_slow || seconds_now() - cli->change_began_s > 1))
		fprintf(stderr, "%s%s\n", is_undo ? "undo: " : "",
			mig_step_format(snap, step, text, sizeof(text)));
}

/* What was made, with the names by which it is used. */
static void print_made(const struct mig_snapshot *now, const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		const struct mig_gpu *gpu = &now->gpus[s->gpu];
		const bool has_ci = i + 1 < change->n_steps && change->steps[i + 1].owner == i;
		const struct mig_gi *gi;
		const struct mig_ci *ci;

		if (s->kind == MIG_STEP_GI_CREATE && !has_ci)
			printf("created %s@%d on GPU %d (GI %d), without compute instances\n",
			       gpu->type->profiles[s->profile].name, s->start, gpu->index,
			       s->gi);
		ci = s->kind == MIG_STEP_CI_CREATE ? made_ci(now, change, s, &gi) : NULL;
		if (ci)
			printf("created %s@%d on GPU %d (GI %d, CI %d): %s\n",
			       gpu->type->profiles[gi->profile].ci[ci->profile].name, gi->start,
			       gpu->index, gi->id, ci->id,
			       *ci->uuid ? ci->uuid : "no UUID told");
	}
}

/* What went and what was switched, by the names that @snap had for it. */
static void print_gone(const struct mig_snapshot *snap, const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		const struct mig_gpu *gpu = &snap->gpus[s->gpu];
		const char *name = s->profile >= 0 ? gpu->type->profiles[s->profile].name
						   : "an instance of unknown profile";

		if (s->kind == MIG_STEP_GI_DESTROY)
			printf("destroyed %s@%d on GPU %d (GI %d)\n", name, s->start,
			       gpu->index, s->gi);
		else if (s->kind == MIG_STEP_CI_DESTROY && s->owner < 0)
			printf("destroyed compute instance %d of %s@%d on GPU %d (GI %d)\n",
			       s->ci, name, s->start, gpu->index, s->gi);
		else if (s->kind == MIG_STEP_MODE)
			printf("GPU %d: MIG is %s\n", gpu->index, s->mode ? "on" : "off");
		else if (s->kind == MIG_STEP_RESET)
			printf("GPU %d: was reset\n", gpu->index);
	}
}

/* Where a file names some GPUs, those that it does not name are worth a line. */
static void print_kept(const struct cli *cli, const struct mig_change *change)
{
	int n_kept = 0;

	for (int i = 0; i < change->n_gpus; i++) {
		n_kept += change->gpus[i].n_kept;
		if (!change->gpus[i].is_named && cli_option(cli, "file"))
			printf("GPU %d: untouched\n", i);
	}
	if (n_kept)
		printf("kept %d instance%s as %s\n", n_kept, n_kept == 1 ? "" : "s",
		       n_kept == 1 ? "it was" : "they were");
	if (change->n_steps == 0)
		puts("nothing to do: the machine is as wanted");
}

static int print_outcome(struct cli *cli, const struct mig_snapshot *snap,
			 const struct mig_snapshot *now, const struct mig_change *change,
			 const char *schema, struct mig_error *err)
{
	if (cli->is_json) {
		json_t *doc = cli_document(schema, snap);

		json_object_set_new(doc, "dry_run", json_boolean(!now));
		change_json(doc, snap, now, change);
		return cli_print_json(doc, err);
	}
	if (!now) {
		change_print(snap, change);
		puts("dry run: nothing was changed");
		return 0;
	}
	print_gone(snap, change);
	print_kept(cli, change);
	print_made(now, change);
	return 0;
}

int change_run(struct cli *cli, const struct mig_snapshot *snap, struct mig_change *change,
	       const struct change_how *how, struct mig_error *err)
{
	struct mig_run_options opt = {
		.on_step = show_step,
		.reset = reset_gpu,
		.arg = cli,
		.keep_pending = how->keep_pending,
		.is_independent = how->is_independent,
		.is_renewal = how->is_renewal,
		.verb = cli->verb->name,
		.time_s = time(NULL),
		.before = how->before,
		.ret_after = how->ret_after,
	};
	int rc = cli_home(cli, snap, &opt.home, err);

	if (rc < 0)
		return rc;
	cli->change_began_s = seconds_now();
	return mig_change_run(cli->machine, snap, change, &opt, err);
}

/* Where each GPU stands for itself, those that failed are named; the first one's error is the
 * verb's. */
static void print_failed(const struct mig_change *change, const struct mig_error *err)
{
	for (int i = 0; i < change->n_gpus; i++) {
		const struct mig_gpu_change *g = &change->gpus[i];

		if (g->rc < 0 && strncmp(g->err.msg, err->msg, strlen(g->err.msg)) != 0)
			fprintf(stderr, "migctl: %s\n", g->err.msg);
	}
}

int change_carry_out(struct cli *cli, const struct mig_snapshot *snap,
		     struct mig_change *change, const char *schema,
		     const struct change_how *how, struct mig_error *err)
{
	struct change_how mine = *how;
	struct mig_snapshot now;
	int rc;

	if (cli_option(cli, "dry-run"))
		return print_outcome(cli, snap, NULL, change, schema, err);
	mine.ret_after = &now;
	rc = change_run(cli, snap, change, &mine, err);
	if (rc < 0 && how->is_independent)
		print_failed(change, err);
	if (rc < 0)
		return rc;
	/* A GPU that fell off meanwhile moves the numbers of the others. */
	if (now.n_gpus == snap->n_gpus)
		rc = print_outcome(cli, snap, &now, change, schema, err);
	else
		rc = mig_fail(
			err, MIG_E_NVML,
			"done, but of %d GPUs the driver shows %d now; see 'migctl status'",
			snap->n_gpus, now.n_gpus);
	mig_snapshot_free(&now);
	return rc;
}
