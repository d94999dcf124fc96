/* SPDX-License-Identifier: Apache-2.0 */
/* migctl restore - the layout on record, after a reboot or a reset has taken the instances. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/change.h"
#include "cli/drain.h"
#include "cli/home.h"
#include "cli/recorded.h"
#include "cli/stages.h"
#include "shared/cleanup.h"

int recorded_find(const struct mig_snapshot *snap, const struct mig_record_gpu *rec)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (strcmp(snap->gpus[i].uuid, rec->uuid) == 0)
			return i;
	}
	return -1;
}

int recorded_want(const struct mig_gpu *gpu, const struct mig_record_gpu *rec,
		  struct mig_wanted *ret, struct mig_error *err)
{
	int rc;

	ret->mode = rec->mode ? MIG_WANT_ON : MIG_WANT_OFF;
	if (!rec->mode)
		return 0;
	if (!gpu->type)
		return mig_fail(
			err, MIG_E_UNSUPPORTED,
			"GPU %d (%s): neither the driver nor the catalog tells its profiles",
			gpu->index, gpu->name);
	rc = mig_record_request(rec, gpu->type, &ret->request, &ret->names, err);
	return rc < 0 ? mig_wrap(err, rc, "GPU %d", gpu->index) : 0;
}

const char *recorded_time(int64_t time_s, char *buf, size_t len)
{
	const time_t t = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(buf, len, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(buf, len, "some day");
	return buf;
}

/*
 * May the mode be switched for this? Only where that takes no reset: from Hopper on, and not where
 * the GPU is passed through to a virtual machine. Else a person has to say so.
 */
static int check_mode(struct cli *cli, const struct mig_gpu *gpu,
		      const struct mig_record_gpu *rec, struct mig_error *err)
{
	const char *on = rec->mode ? "on" : "off";
	struct mig_gpu_settings settings;

	if (gpu->mode == rec->mode && gpu->mode_pending == rec->mode)
		return 0;
	if (gpu->mode != gpu->mode_pending)
		return mig_fail(
			err, MIG_E_PENDING,
			"GPU %d: a switch of its MIG mode waits for a reset; 'migctl %s %d "
			"--reset', then 'migctl restore' again",
			gpu->index, rec->mode ? "enable" : "disable", gpu->index);
	if (!gpu->type || gpu->type->mode_needs_reset != 0)
		return mig_fail(
			err, MIG_E_PENDING,
			"GPU %d: MIG was %s and is not: switching it resets this GPU, "
			"which is not done unasked; 'migctl %s %d', then 'migctl restore' "
			"again",
			gpu->index, on, rec->mode ? "enable" : "disable", gpu->index);
	if (mig_gpu_check(cli->machine, gpu->index, &settings, NULL) == 0 &&
	    settings.virtualization == 1)
		return mig_fail(
			err, MIG_E_PENDING,
			"GPU %d: MIG was %s and is not, and the GPU is passed through to "
			"this virtual machine, where only its host can reset it; 'migctl "
			"%s %d', then 'migctl restore' again",
			gpu->index, on, rec->mode ? "enable" : "disable", gpu->index);
	return 0;
}

/* A GPU that cannot be restored is named at once, and does not keep the others from it. */
static void report(int *failed, int rc, const struct mig_error *one, struct mig_error *err)
{
	if (*failed)
		fprintf(stderr, "migctl: %s\n", one->msg);
	else
		*err = *one;
	*failed = *failed ? *failed : rc;
}

/* One that is lost comes back, as a rule. */
static int gpu_not_here(const struct mig_snapshot *snap, const char *uuid,
			struct mig_error *err)
{
	bool is_any_lost = false;
	int rc = mig_fail(err, MIG_E_NOENT, "GPU %s is on record and not here", uuid);

	for (int i = 0; i < snap->n_gpus; i++)
		is_any_lost |= snap->gpus[i].is_lost;
	return is_any_lost ? mig_blame_lost(snap, rc, err)
			   : mig_hint(err, rc,
				      "if it is gone for good: migctl%s%s save --forget %s",
				      snap->is_simulated ? " --sim " : "",
				      snap->is_simulated ? snap->machine : "", uuid);
}

static int want_all(struct cli *cli, const struct mig_snapshot *snap,
		    const struct mig_record *rec, struct mig_wanted *wanted,
		    struct mig_error *err)
{
	int failed = 0;

	for (int i = 0; i < rec->n_gpus; i++) {
		const int gpu = recorded_find(snap, &rec->gpus[i]);
		struct mig_error one;
		int rc;

		if (gpu < 0) {
			rc = gpu_not_here(snap, rec->gpus[i].uuid, &one);
			report(&failed, rc, &one, err);
			continue;
		}
		rc = check_mode(cli, &snap->gpus[gpu], &rec->gpus[i], &one);
		if (rc == 0)
			rc = recorded_want(&snap->gpus[gpu], &rec->gpus[i], &wanted[gpu], &one);
		if (rc < 0) {
			wanted[gpu].mode = MIG_WANT_UNTOUCHED;
			report(&failed, rc, &one, err);
		}
	}
	return failed;
}

static int restore_from(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_record *rec, struct mig_error *err)
{
	const struct change_how how = { .is_independent = true, .is_renewal = true };
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	struct mig_change change;
	struct mig_error one;
	long seconds = 0;
	int failed, rc;

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "restore %d GPUs", snap->n_gpus);
	rc = stages_seconds("drain-timeout", cli_option(cli, "drain-timeout"), 0,
			    DRAIN_SECONDS_MAX, &seconds, err);
	if (rc < 0)
		return rc;
	failed = want_all(cli, snap, rec, wanted, err);
	rc = change_make(cli, snap, wanted, &change, &one);
	if (rc == 0) {
		if (!cli_option(cli, "dry-run"))
			rc = drain_wait(cli, snap, &change, seconds, &one);
		/* Nothing to do for the others is not worth a word beside a failure. */
		if (rc == 0 && (change.n_steps || !failed || cli->is_json))
			rc = change_carry_out(cli, snap, &change, "migctl.restore/v1", &how,
					      &one);
		mig_change_free(&change);
	}
	if (rc < 0)
		report(&failed, rc, &one, err);
	return failed;
}

int recorded_restore(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_record rec;
	int rc = cli_home(cli, snap, &home, err);

	if (rc == 0)
		rc = mig_record_read(home, &rec, err);
	if (rc < 0)
		return rc;
	if (rec.n_gpus == 0)
		rc = mig_fail(
			err, MIG_E_NOENT,
			"nothing is on record of machine %s; 'migctl save' records what stands",
			snap->machine);
	else
		rc = restore_from(cli, snap, &rec, err);
	mig_record_free(&rec);
	return rc;
}

/*
 * A change that a reboot cut short is over: what is on record is what is wanted. So it is where a
 * restore was killed: at boot there may be nobody to end it.
 */
static int end_unfinished(struct cli *cli, struct mig_snapshot *snap, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_unfinished u;
	struct mig_recovered recovered;
	struct mig_snapshot now;
	int rc = cli_home(cli, snap, &home, err);

	if (rc == 0)
		rc = mig_unfinished_look(home, &u, err);
	if (rc <= 0)
		return rc;
	if (!u.is_other_boot && strcmp(u.verb, cli->verb->name) != 0)
		return cli_check_finished(cli, snap, err);
	if (cli_option(cli, "dry-run"))
		return 0;
	rc = recover_run(cli, snap, MIG_RECOVER_EITHER, &recovered, err);
	if (rc < 0)
		return rc;
	/* A GPU of a restore that is not here now: the next restore makes it what is on record. */
	if (recovered.n_left) {
		mig_recovered_free(&recovered);
		rc = recover_run(cli, snap, MIG_RECOVER_FORGET, &recovered, err);
		if (rc < 0)
			return rc;
	}
	mig_recovered_free(&recovered);
	if (u.is_other_boot)
		fprintf(stderr, "a reboot cut '%s' short: the layout before it is restored\n",
			u.verb);
	else
		fputs("an earlier restore was cut short: it is begun anew\n", stderr);
	rc = mig_snapshot_take(cli->machine, &now, err);
	if (rc < 0)
		return rc;
	mig_snapshot_free(snap);
	*snap = now;
	return 0;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = end_unfinished(cli, &snap, err);
	if (rc == 0)
		rc = recorded_restore(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option options[] = {
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ "drain-timeout", 0, "SECONDS",
	  "wait so long for processes in the way to end by themselves; default: 0" },
	{ 0 },
};

extern const struct verb verb_restore;
const struct verb verb_restore = {
	.name = "restore",
	.operands = "",
	.summary = "bring back the layout on record, after a reboot or a reset",
	.text = "GPU and compute instances do not survive a reboot or a reset of their GPU. "
		"Every change that migctl makes is put on record when it is done, and 'migctl "
		"save' records what others made; restore makes the GPUs so again: the same "
		"profiles at the same places, compute instances and names included. What "
		"stands already is not touched, and nothing that is held is destroyed. The "
		"UUIDs of MIG devices follow from their places, and so are the same again.\n\n"
		"The MIG mode is switched only where that takes no reset: from Hopper on, which "
		"forgets it at a reboot, and not in a virtual machine. Elsewhere the GPU is "
		"named, with the way out, and the others are restored; the exit status is 12 "
		"then. A restore that was cut short is ended first, and begun anew.\n\n"
		"Until what a reboot took is back, status and doctor tell of it, and create, destroy and "
		"save refuse to touch that GPU (exit status 18): what they leave would take its place "
		"on record. What says all that a GPU shall have (apply, disable) replaces it; "
		"'migctl save --forget GPU' gives it up.\n\n"
		"migctl-restore.service runs this at boot, after the driver and never in the "
		"way of anything else: 'systemctl enable migctl-restore'.",
	.example = "  migctl restore --dry-run\n  migctl restore\n",
	.options = options,
	.flags = VERB_CHANGES | VERB_ENDS,
	.run = run,
};
