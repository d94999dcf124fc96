/* SPDX-License-Identifier: Apache-2.0 */
/* migctl undo - the last change, taken back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "cli/home.h"
#include "cli/recorded.h"
#include "shared/cleanup.h"

/* Only from what the last change left: else what somebody did since would be undone, too. */
static int check_left(const struct mig_gpu *gpu, const struct mig_home *home,
		      const struct mig_record *rec, struct mig_error *err)
{
	const struct mig_record_gpu *left = mig_record_gpu(rec, gpu->uuid);
	char when[32];

	recorded_time(rec->time_s, when, sizeof(when));
	if (left && strcmp(left->boot, home->boot) != 0 && left->n_gis)
		return mig_fail(
			err, MIG_E_STALE,
			"GPU %d: its instances went with a reboot since the last change ('%s', "
			"%s): 'migctl restore' brings them back",
			gpu->index, rec->verb, when);
	if (!left || !mig_record_is_same(left, gpu))
		return mig_fail(
			err, MIG_E_STALE,
			"GPU %d: it is not as the last change left it ('%s', %s); look at "
			"'migctl status': 'migctl restore' makes it so again, or apply a file",
			gpu->index, rec->verb, when);
	return 0;
}

static int want_before(const struct mig_snapshot *snap, const struct mig_home *home,
		       const struct mig_record *rec, struct mig_wanted *wanted,
		       struct mig_error *err)
{
	for (int i = 0; i < rec->n_before; i++) {
		const int gpu = recorded_find(snap, &rec->before[i]);
		int rc;

		if (gpu < 0) {
			rc = mig_fail(err, MIG_E_NOENT,
				      "GPU %s, which the last change changed, is not here",
				      rec->before[i].uuid);
			return mig_blame_lost(snap, rc, err);
		}
		rc = check_left(&snap->gpus[gpu], home, rec, err);
		if (rc == 0)
			rc = recorded_want(&snap->gpus[gpu], &rec->before[i], &wanted[gpu],
					   err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int undo_from(struct cli *cli, const struct mig_snapshot *snap,
		     const struct mig_home *home, const struct mig_record *rec,
		     struct mig_error *err)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	struct mig_change change;
	char when[32];
	int rc;

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "undo");
	if (rec->n_before == 0)
		return mig_fail(err, MIG_E_NOENT,
				"there is no change of machine %s on record to be undone",
				snap->machine);
	rc = want_before(snap, home, rec, wanted, err);
	if (rc == 0)
		rc = change_make(cli, snap, wanted, &change, err);
	if (rc < 0)
		return rc;
	fprintf(stderr, "undoing '%s' of %s\n", rec->verb,
		recorded_time(rec->time_s, when, sizeof(when)));
	rc = change_carry_out(cli, snap, &change, "migctl.undo/v1", &(struct change_how){ 0 },
			      err);
	mig_change_free(&change);
	return rc;
}

static int run(struct cli *cli, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_snapshot snap;
	struct mig_record rec;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = cli_home(cli, &snap, &home, err);
	if (rc == 0)
		rc = mig_record_read(home, &rec, err);
	if (rc == 0) {
		rc = undo_from(cli, &snap, home, &rec, err);
		mig_record_free(&rec);
	}
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option options[] = {
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_undo;
const struct verb verb_undo = {
	.name = "undo",
	.operands = "",
	.summary = "take the last change back",
	.text = "Brings the GPUs that the last change changed back to what they were before it, "
		"places, compute instances and names included. Undone once more it is done "
		"again. All of it is undone or nothing.\n\n"
		"Refuses (exit status 18) when a GPU is not as the last change left it: what "
		"somebody else did since is not undone with it. Nothing that is held is "
		"destroyed.",
	.example = "  migctl undo --dry-run\n  migctl undo\n",
	.options = options,
	.flags = VERB_CHANGES,
	.run = run,
};
