/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint and restore: every GPU instance at its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/config.h>

#include "cli/parted/parted.h"
#include "shared/cleanup.h"

static int check_file(const struct parted *p)
{
	if (*p->values[PARTED_CHECKPOINT_FILE])
		return 0;
	return mig_fail(
		p->err, MIG_E_INVAL,
		"%s wants a checkpoint file: --checkpoint-file FILE, or the variable %s",
		p->command->name, parted_variable(PARTED_CHECKPOINT_FILE));
}

/* --- checkpoint ---------------------------------------------------------------------- */

static int unknown_profile(const struct mig_gpu *gpu, const struct mig_gi *gi,
			   struct mig_error *err)
{
	return mig_fail(
		err, MIG_E_UNSUPPORTED,
		"GPU %d: GPU instance %d is of a profile that neither the driver nor the "
		"catalog tells",
		gpu->index, gi->id);
}

/* Of one profile the driver lists instances by id, and so does the file. */
static int request_by_id(const struct mig_gpu *gpu, struct mig_request *ret,
			 struct mig_error *err)
{
	bool is_done[MIG_GIS_MAX] = { false };

	*ret = mig_request_empty(gpu->type);
	for (int n = 0; n < gpu->n_gis; n++) {
		const struct mig_gi *gi = NULL;
		struct mig_want *want = &ret->want[ret->n++];

		for (int i = 0; i < gpu->n_gis; i++) {
			if (!is_done[i] && (!gi || gpu->gis[i].id < gi->id))
				gi = &gpu->gis[i];
		}
		is_done[gi - gpu->gis] = true;
		if (gi->profile < 0 || gi->start < 0)
			return unknown_profile(gpu, gi, err);
		*want = (struct mig_want){ .profile = (uint8_t)gi->profile,
					   .start = (int8_t)gi->start };
		for (int k = 0; k < gi->n_cis; k++) {
			if (gi->cis[k].profile < 0)
				return unknown_profile(gpu, gi, err);
			want->ci[want->n_ci++] = (uint8_t)gi->cis[k].profile;
		}
	}
	return 0;
}

static int present_all(const struct parted *p, const struct mig_snapshot *snap,
		       struct mig_checkpoint_present *ret, size_t *ret_n)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		const struct mig_gpu *gpu = &snap->gpus[i];
		int rc;

		if (!gpu->has_mig)
			continue;
		if (gpu->is_partial)
			return mig_fail(
				p->err, MIG_E_PERM,
				"GPU %d: only root may list its GPU instances; try sudo", i);
		ret[*ret_n].uuid = gpu->uuid;
		ret[*ret_n].mig_enabled = gpu->mode;
		rc = request_by_id(gpu, &ret[*ret_n].have, p->err);
		if (rc < 0)
			return rc;
		++*ret_n;
	}
	return 0;
}

static int checkpoint_from(struct parted *p, const struct mig_snapshot *snap)
{
	cleanup_free struct mig_checkpoint_present *gpus =
		calloc((size_t)snap->n_gpus + 1, sizeof(*gpus));
	cleanup_free char *text = NULL;
	size_t n = 0;
	int rc;

	if (!gpus)
		return mig_fail(p->err, MIG_E_NOMEM, "checkpoint %d GPUs", snap->n_gpus);
	rc = present_all(p, snap, gpus, &n);
	if (rc == 0)
		rc = mig_checkpoint_write(gpus, n, &text, p->err);
	p->values[PARTED_OUTPUT_FILE] = p->values[PARTED_CHECKPOINT_FILE];
	return rc < 0 ? rc : parted_print(p, text);
}

int parted_checkpoint(struct parted *p)
{
	struct mig_snapshot snap;
	int rc = check_file(p);

	if (rc == 0)
		rc = cli_machine(p->cli, &snap, p->err);
	if (rc < 0)
		return rc;
	rc = checkpoint_from(p, &snap);
	mig_snapshot_free(&snap);
	if (rc == 0)
		puts("MIG configuration checkpointed successfully");
	return rc;
}

/* --- restore ------------------------------------------------------------------------- */

static int find_gpu(const struct mig_checkpoint *cp, const struct mig_checkpoint_gpu *gpu,
		    const struct mig_snapshot *snap, struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (strcmp(snap->gpus[i].uuid, gpu->uuid) == 0)
			return i;
	}
	return mig_fail(err, MIG_E_NOENT, "%s:%u: machine %s has no GPU %s", cp->name,
			gpu->line, snap->machine, gpu->uuid);
}

static int want_gpu(const struct mig_checkpoint *cp, const struct mig_checkpoint_gpu *gpu,
		    const struct mig_gpu *is, struct mig_wanted *ret, struct mig_error *err)
{
	*ret = (struct mig_wanted){ .mode = MIG_WANT_OFF };
	if (!gpu->mig_enabled)
		return 0;
	ret->mode = MIG_WANT_ON;
	if (!is->has_mig || !is->type)
		return mig_fail(err, MIG_E_UNSUPPORTED, "%s:%u: GPU %d (%s) %s", cp->name,
				gpu->line, is->index, is->name,
				is->has_mig ? "is of a type whose profiles nobody knows"
					    : "has no MIG");
	return mig_checkpoint_request(cp, gpu, is->type, &ret->request, err);
}

static int want(void *arg, const struct mig_snapshot *snap, struct mig_wanted *ret,
		struct mig_error *err)
{
	const struct mig_checkpoint *cp = arg;

	for (size_t i = 0; i < cp->n_gpus; i++) {
		const int at = find_gpu(cp, &cp->gpus[i], snap, err);
		int rc = at < 0 ? at
				: want_gpu(cp, &cp->gpus[i], &snap->gpus[at], &ret[at], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int parted_restore(struct parted *p)
{
	struct mig_checkpoint *cp = NULL;
	struct parted_change change = { .stages = { .want = want } };
	int rc = check_file(p);

	if (rc == 0)
		rc = mig_checkpoint_read(p->values[PARTED_CHECKPOINT_FILE], &cp, p->err);
	if (rc == 0)
		rc = parted_change_read(p, &change);
	change.stages.arg = cp;
	if (rc == 0)
		rc = parted_change_run(p, &change, "MIG configuration restored successfully");
	parted_change_free(&change);
	mig_checkpoint_free(cp);
	return rc;
}
