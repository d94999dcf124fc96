/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint and restore: every GPU instance at its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/parted.h>

#include "cli/parted/parted.h"

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

static int add_gi(const struct mig_gpu *gpu, const struct mig_gi *gi, struct mig_want *ret,
		  struct mig_error *err)
{
	*ret = mig_want_empty(gi->profile, gi->start);
	if (gi->profile < 0 || gi->start < 0)
		return unknown_profile(gpu, gi, err);
	for (int k = 0; k < gi->n_cis; k++) {
		if (gi->cis[k].profile < 0)
			return unknown_profile(gpu, gi, err);
		ret->ci[ret->n_ci++] = (uint8_t)gi->cis[k].profile;
	}
	return 0;
}

/* The GPU instance with the least id from @id on, or NULL. */
static const struct mig_gi *next_gi(const struct mig_gpu *gpu, int id)
{
	const struct mig_gi *next = NULL;

	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].id >= id && (!next || gpu->gis[i].id < next->id))
			next = &gpu->gis[i];
	}
	return next;
}

/* Of one profile the driver lists instances by id, and so does the file. */
static int request_by_id(const struct mig_gpu *gpu, struct mig_request *ret,
			 struct mig_error *err)
{
	*ret = mig_request_empty(gpu->type);
	for (const struct mig_gi *gi = next_gi(gpu, 0); gi; gi = next_gi(gpu, gi->id + 1)) {
		int rc = add_gi(gpu, gi, &ret->want[ret->n++], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int present_all(const struct parted *p, const struct mig_snapshot *snap,
		       struct mig_checkpoint_present *ret, size_t *ret_n)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		const struct mig_gpu *gpu = &snap->gpus[i];
		int rc = mig_gpu_check_lost(gpu, p->err);

		if (rc < 0)
			return rc;
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

static int write_present(struct parted *p, const struct mig_checkpoint_present *gpus, size_t n)
{
	char *text;
	int rc = mig_checkpoint_write(gpus, n, &text, p->err);

	if (rc < 0)
		return rc;
	p->values[PARTED_OUTPUT_FILE] = p->values[PARTED_CHECKPOINT_FILE];
	rc = parted_print(p, text);
	free(text);
	return rc;
}

static int checkpoint_from(struct parted *p, const struct mig_snapshot *snap)
{
	struct mig_checkpoint_present *gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*gpus));
	size_t n = 0;
	int rc = gpus ? present_all(p, snap, gpus, &n)
		      : mig_fail(p->err, MIG_E_NOMEM, "checkpoint %d GPUs", snap->n_gpus);

	if (rc == 0)
		rc = write_present(p, gpus, n);
	free(gpus);
	return rc;
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
	int rc;

	for (int i = 0; i < snap->n_gpus; i++) {
		if (strcmp(snap->gpus[i].uuid, gpu->uuid) == 0)
			return i;
	}
	rc = mig_fail(err, MIG_E_NOENT, "%s:%u: machine %s has no GPU %s", cp->name, gpu->line,
		      snap->machine, gpu->uuid);
	return mig_blame_lost(snap, rc, err);
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
