/* SPDX-License-Identifier: Apache-2.0 */
/* migctl save - put on record what stands, whoever made it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/home.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static int check(const struct mig_snapshot *snap, struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		const struct mig_gpu *gpu = &snap->gpus[i];

		if (gpu->is_partial)
			return mig_fail(
				err, MIG_E_PERM,
				"GPU %d: only root may list its GPU instances; try sudo", i);
		for (int k = 0; k < gpu->n_gis; k++) {
			if (gpu->gis[k].profile < 0)
				return mig_fail(
					err, MIG_E_UNSUPPORTED,
					"GPU %d: GPU instance %d is of a profile that "
					"nobody described: it could not be brought back",
					i, gpu->gis[k].id);
		}
	}
	return 0;
}

/* The GPU that is to be taken out: by its UUID on record, which it has also when it is here no
 * more; or as GPUs are named that are here. */
static const struct mig_record_gpu *find_recorded(const struct mig_snapshot *snap,
						  const struct mig_record *rec,
						  const char *text, struct mig_error *err)
{
	const struct mig_record_gpu *found = mig_record_gpu(rec, text);
	char known[1024] = "";
	int gpu;

	if (!found && cli_gpu(snap, text, &gpu, NULL) == 0)
		found = mig_record_gpu(rec, snap->gpus[gpu].uuid);
	for (int i = 0; !found && i < rec->n_gpus; i++)
		text_append(known, sizeof(known), "%s%s", i ? ", " : "", rec->gpus[i].uuid);
	if (!found)
		(void)mig_fail(err, MIG_E_NOENT,
			       *known ? "--forget %s: no such GPU is on record; those are %s"
				      : "--forget %s: no GPU is on record",
			       text, known);
	return found;
}

/* " (3 GPU instances, named a, b)": what goes with it. */
static void describe(const struct mig_record_gpu *gpu, char *buf, size_t len)
{
	bool is_named = false;

	snprintf(buf, len, " (%d GPU instance%s", gpu->n_gis, gpu->n_gis == 1 ? "" : "s");
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (!*gpu->gis[i].cis[k].name)
				continue;
			text_append(buf, len, "%s%s", is_named ? ", " : ", named ",
				    gpu->gis[i].cis[k].name);
			is_named = true;
		}
	}
	text_append(buf, len, ")");
}

static int say_forgotten(struct cli *cli, const struct mig_snapshot *snap, const char *uuid,
			 const char *what, struct mig_error *err)
{
	const bool is_dry = cli_option(cli, "dry-run") != NULL;
	json_t *doc;

	if (!cli->is_json) {
		printf("%s off record: %s%s\n", is_dry ? "would take" : "took", uuid, what);
		return 0;
	}
	doc = cli_document("migctl.save/v1", snap);
	json_object_set_new(doc, "dry_run", json_boolean(is_dry));
	json_object_set_new(doc, "forgotten", json_string(uuid));
	return cli_print_json(cli, doc, err);
}

static int forget(struct cli *cli, const struct mig_snapshot *snap, const struct mig_home *home,
		  struct mig_error *err)
{
	const struct mig_record_gpu *gpu;
	char uuid[MIG_UUID_MAX], what[1024];
	struct mig_record rec;
	int rc = mig_record_read(home, &rec, err);

	if (rc < 0)
		return rc;
	gpu = find_recorded(snap, &rec, cli_option(cli, "forget"), err);
	if (!gpu) {
		mig_record_free(&rec);
		return -MIG_E_NOENT;
	}
	text_copy(uuid, sizeof(uuid), gpu->uuid);
	describe(gpu, what, sizeof(what));
	mig_record_forget(&rec, uuid);
	if (!cli_option(cli, "dry-run"))
		rc = mig_record_write(home, &rec, err);
	mig_record_free(&rec);
	return rc < 0 ? rc : say_forgotten(cli, snap, uuid, what, err);
}

static int save(struct cli *cli, const struct mig_snapshot *snap, const struct mig_home *home,
		struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus;
	cleanup_free bool *is_saved = calloc(n + 1, sizeof(*is_saved));
	const struct mig_record_change what = { .verb = cli->verb->name,
						.time_s = time(NULL),
						.before = snap,
						.after = snap,
						.is_saved = is_saved };
	struct mig_record rec;
	int rc;

	if (!is_saved)
		return mig_fail(err, MIG_E_NOMEM, "save");
	rc = mig_record_read(home, &rec, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = mig_record_check_missing(&rec, home, &snap->gpus[i], err);
		if (rc < 0)
			mig_wrap(err, rc, "GPU %zu", i);
	}
	for (size_t i = 0; i < n; i++)
		is_saved[i] = snap->gpus[i].has_mig;
	if (rc == 0)
		rc = mig_record_add(&rec, home, &what, err);
	if (rc == 0 && !cli_option(cli, "dry-run"))
		rc = mig_record_write(home, &rec, err);
	mig_record_free(&rec);
	return rc;
}

static int say(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	int n_gis = 0, n_gpus = 0;
	json_t *doc;

	for (int i = 0; i < snap->n_gpus; i++) {
		n_gpus += snap->gpus[i].has_mig;
		n_gis += snap->gpus[i].n_gis;
	}
	if (!cli->is_json) {
		printf("%s %d GPU instance%s on %d GPU%s%s\n",
		       cli_option(cli, "dry-run") ? "would record" : "recorded", n_gis,
		       n_gis == 1 ? "" : "s", n_gpus, n_gpus == 1 ? "" : "s",
		       cli_option(cli, "dry-run") ? "" : ": 'migctl restore' brings them back");
		return 0;
	}
	doc = cli_document("migctl.save/v1", snap);
	json_object_set_new(doc, "dry_run", json_boolean(cli_option(cli, "dry-run") != NULL));
	json_object_set_new(doc, "n_gpus", json_integer(n_gpus));
	json_object_set_new(doc, "n_gpu_instances", json_integer(n_gis));
	return cli_print_json(cli, doc, err);
}

/* The others are on record by now; but nobody shall think that this one is. */
static int check_lost(const struct mig_snapshot *snap, struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		int rc = mig_gpu_check_lost(&snap->gpus[i], err);

		if (rc < 0)
			return mig_hint(err, rc, "what was on record of it still is");
	}
	return 0;
}

static int save_all(struct cli *cli, const struct mig_snapshot *snap,
		    const struct mig_home *home, struct mig_error *err)
{
	int rc = check(snap, err);

	if (rc == 0)
		rc = save(cli, snap, home, err);
	if (rc == 0)
		rc = say(cli, snap, err);
	return rc < 0 ? rc : check_lost(snap, err);
}

static int run(struct cli *cli, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = cli_home(cli, &snap, &home, err);
	if (rc == 0)
		rc = cli_option(cli, "forget") ? forget(cli, &snap, home, err)
					       : save_all(cli, &snap, home, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option options[] = {
	{ "forget", 0, "GPU", "record nothing, and take this GPU off record, names and all" },
	{ "dry-run", 'n', NULL, "say what would be recorded, and record nothing" },
	{ 0 },
};

extern const struct verb verb_save;
const struct verb verb_save = {
	.name = "save",
	.operands = "",
	.summary = "put on record what stands, for restore",
	.text = "What migctl changes is on record when it is done. What another tool made is "
		"not: save records all that stands now, so that 'migctl restore' brings it back "
		"after a reboot. Instances that migctl did not make stay unverified: they have "
		"no names. To write a layout to a file, see migctl-export(1).\n\n"
		"What a reboot took is on record still, and is not overwritten by what is left: save "
		"refuses then (exit status 18), until restore has brought it back or --forget has "
		"given it up.\n\n"
		"A GPU that is not here stays on record, for it may come back; restore names it "
		"each time (exit status 3). Where another was put in its place, --forget takes it off: "
		"the UUID is in restore's message. A GPU that is here may be given by its index, too; "
		"the next change of it is on record again. What stands is not touched.",
	.example = "  nvidia-smi mig -cgi 9,14 -C\n  migctl save\n"
		   "  migctl save --forget GPU-5c9d4f3a-2b1e-4c7d-9f60-8a1b2c3d4e5f\n",
	.options = options,
	.flags = VERB_CHANGES,
	.run = run,
};
