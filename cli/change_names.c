/* SPDX-License-Identifier: Apache-2.0 */
/* A change beside what is on record: names that it takes from instances that stay, and what is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/change.h"
#include "cli/home.h"
#include "shared/cleanup.h"

int change_moves(struct cli *cli, const struct mig_snapshot *snap,
		 const struct mig_change *change, struct mig_name_move **ret)
{
	const struct mig_home *home;
	struct mig_record rec;
	int n = 0;

	*ret = NULL;
	if (change->n_names == 0 || cli_home(cli, snap, &home, NULL) < 0 ||
	    mig_record_read(home, &rec, NULL) < 0)
		return 0;
	*ret = calloc((size_t)change->n_names + 1, sizeof(**ret));
	if (*ret)
		n = mig_change_moves(snap, change, home, &rec, *ret);
	mig_record_free(&rec);
	return n;
}

bool change_takes_names(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_change *change)
{
	cleanup_free struct mig_name_move *moves = NULL;

	return change_moves(cli, snap, change, &moves) > 0;
}

static bool is_done(const struct mig_change *change, const struct mig_name_move *move)
{
	return change->gpus[move->from.gpu].rc == 0 &&
	       change->gpus[change->names[move->name].gpu].rc == 0;
}

void change_print_moves(const struct mig_snapshot *snap, const struct mig_change *change,
			const struct mig_name_move *moves, int n, bool is_plan)
{
	const char *indent = is_plan ? "  " : "";

	for (int i = 0; i < n; i++) {
		const struct mig_ref *from = &moves[i].from;
		const struct mig_gpu *gpu = &snap->gpus[from->gpu];
		const struct mig_gi *gi = &gpu->gis[from->gi];
		const int ci = gi->cis[from->ci].profile;

		if (moves[i].is_said && is_done(change, &moves[i]))
			printf("%sGPU %d: %s@%d %s the name %s to GPU %d\n", indent, gpu->index,
			       gi->profile >= 0 && ci >= 0
				       ? gpu->type->profiles[gi->profile].ci[ci].name
				       : "an instance",
			       gi->start, is_plan ? "gives up" : "gave up",
			       change->names[moves[i].name].name,
			       change->names[moves[i].name].gpu);
	}
}

void change_json_moves(json_t *doc, const struct mig_snapshot *snap,
		       const struct mig_change *change, const struct mig_name_move *moves,
		       int n)
{
	json_t *names = json_array();

	for (int i = 0; i < n; i++) {
		const struct mig_ref *from = &moves[i].from;
		const struct mig_gi *gi = &snap->gpus[from->gpu].gis[from->gi];

		if (moves[i].is_said && is_done(change, &moves[i]))
			json_array_append_new(names,
					      json_pack("{s:s, s:i, s:i, s:i}", "name",
							change->names[moves[i].name].name,
							"gpu", from->gpu, "gi", gi->id, "ci",
							gi->cis[from->ci].id));
	}
	if (json_array_size(names))
		json_object_set(doc, "names_lost", names);
	json_decref(names);
}

int change_check_record(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_change *change, struct mig_error *err)
{
	const struct mig_home *home;
	const struct mig_who *who;
	struct mig_record rec;
	int rc;

	if (change->n_names == 0 && change->n_steps == 0)
		return 0;
	rc = change_who(cli, snap, change, &who, err);
	if (rc == 0)
		rc = cli_home(cli, snap, &home, err);
	if (rc == 0)
		rc = mig_record_read(home, &rec, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < snap->n_gpus && rc == 0; i++) {
		rc = mig_change_check_missing(snap, change, home, &rec, i, err);
		if (rc < 0)
			mig_wrap(err, rc, "GPU %d", i);
	}
	if (rc == 0)
		rc = mig_change_check_names(cli->machine, snap, change, home, &rec, who, err);
	mig_record_free(&rec);
	return rc;
}
