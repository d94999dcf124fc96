/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/home.h"
#include "shared/cleanup.h"
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
		.number = &cli->change_number,
		.before = how->before,
		.ret_after = how->ret_after,
	};
	int rc = cli_home(cli, snap, &opt.home, err);

	if (rc == 0)
		rc = change_who(cli, snap, change, &opt.who, err);
	if (rc < 0)
		return rc;
	cli->change_began_s = seconds_now();
	return mig_change_run(cli->machine, snap, change, &opt, err);
}

int change_reset(struct cli *cli, const struct mig_snapshot *snap, int gpu,
		 struct mig_error *err)
{
	struct mig_step step = {
		.kind = MIG_STEP_RESET, .gpu = gpu, .gi = -1, .owner = -1, .ci = -1
	};
	struct mig_gpu_change *gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*gpus));
	struct mig_change change = {
		.n_steps = 1, .steps = &step, .n_gpus = snap->n_gpus, .gpus = gpus
	};
	int rc = change_run(cli, snap, &change, &(struct change_how){ 0 }, err);

	free(gpus);
	return rc;
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

/* A GPU of the change that fell off the bus just afterwards: what stands on it is not known, so
 * it is not on record either. */
static int check_lost(const struct mig_change *change, const struct mig_snapshot *now,
		      struct mig_error *err)
{
	for (int i = 0; i < change->n_gpus; i++) {
		int rc = change->gpus[i].is_named ? mig_gpu_check_lost(&now->gpus[i], err) : 0;

		if (rc < 0)
			return mig_hint(err, mig_wrap(err, rc, "done, and meanwhile"),
					"what was on record of it before the change still is");
	}
	return 0;
}

/* What is told is what stands in the end. */
static int take_back(struct cli *cli, const struct change_how *how, int rc,
		     struct mig_snapshot *now)
{
	struct mig_snapshot is;

	rc = how->back(how->arg, rc);
	if (mig_snapshot_take(cli->machine, &is, NULL) == 0) {
		mig_snapshot_free(now);
		*now = is;
	}
	return rc;
}

int change_carry_out(struct cli *cli, const struct mig_snapshot *snap,
		     struct mig_change *change, const char *schema,
		     const struct change_how *how, struct mig_error *err)
{
	cleanup_free struct mig_name_move *moves = NULL;
	struct change_how mine = *how;
	struct mig_snapshot now = { 0 };
	struct mig_error lost;
	int rc, n_moves;

	if (cli_option(cli, "dry-run"))
		return change_outcome(cli, how->before, snap, NULL, change, schema, err);
	mine.ret_after = &now;
	n_moves = change_moves(cli, snap, change, &moves);
	rc = change_run(cli, snap, change, &mine, err);
	if (rc < 0 && how->is_independent)
		print_failed(change, err);
	/* A document tells of each step what became of it. */
	if (rc < 0 && !now.gpus &&
	    (!cli->is_json || mig_snapshot_take(cli->machine, &now, NULL) < 0))
		return rc;
	if (rc < 0 && how->back)
		rc = take_back(cli, how, rc, &now);
	/* A GPU that is gone altogether moves the numbers of the others. */
	if (now.n_gpus == snap->n_gpus) {
		const int printed = change_outcome(cli, how->before, snap, &now, change, schema,
						   rc < 0 ? &lost : err);

		if (!cli->is_json)
			change_print_moves(snap, change, moves, n_moves, false);
		rc = rc < 0 ? rc : printed;
	} else if (rc == 0) {
		rc = mig_fail(
			err, MIG_E_NVML,
			"done, but of %d GPUs the driver shows %d now; see 'migctl status'",
			snap->n_gpus, now.n_gpus);
	}
	if (rc == 0)
		rc = check_lost(change, &now, err);
	mig_snapshot_free(&now);
	return rc;
}
