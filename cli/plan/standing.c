/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/standing.h"

#include <stdlib.h>

#include "cli/change.h"
#include "cli/home.h"
#include "shared/text.h"

/* The set of a GPU's slots that somebody holds. */
static uint16_t held_slots(const struct mig_who *who, const struct mig_gpu *gpu)
{
	const struct mig_layout lay = mig_gpu_layout(gpu);
	struct mig_holder holders[MIG_HOLDERS_MAX];
	uint16_t held = 0;

	for (int k = 0; k < gpu->n_gis; k++) {
		if (mig_who_blocking(who, gpu->index, gpu->gis[k].id, -1, MIG_BLOCKS_INSTANCE,
				     holders) == 0)
			continue;
		for (int s = 0; s < lay.n_slots; s++) {
			if (lay.slots[s].start == gpu->gis[k].start)
				held |= (uint16_t)(1U << s);
		}
	}
	return held;
}

/* A GPU instance goes by the name of its first compute instance that has one. */
static void find_names(const struct mig_record *rec, const struct mig_home *home,
		       const struct mig_snapshot *snap, int gpu, struct task_names *ret)
{
	for (int k = 0; k < snap->gpus[gpu].n_gis; k++) {
		const struct mig_gi *gi = &snap->gpus[gpu].gis[k];

		for (int c = 0; c < gi->n_cis && gi->start >= 0; c++) {
			const struct mig_ref ref = { gpu, k, c };
			const struct mig_record_ci *ci;
			char *name = ret->at[gi->start];

			if (!*name &&
			    mig_record_look(rec, home, snap, &ref, &ci) == MIG_RECORD_MADE)
				text_copy(name, sizeof(ret->at[0]), ci->name);
		}
	}
}

int standing_read(struct cli *cli, const struct mig_snapshot *snap, uint16_t **ret_held,
		  struct task_names **ret_names, struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus + 1;
	uint16_t *held = *ret_held = calloc(n, sizeof(*held));
	struct task_names *names = *ret_names = calloc(n, sizeof(*names));
	const struct mig_home *home;
	const struct mig_who *who;
	struct mig_record rec = { 0 };
	int rc;

	if (!held || !names)
		return mig_fail(err, MIG_E_NOMEM, "make a plan");
	rc = cli_home(cli, snap, &home, err);
	if (rc != 0)
		return rc;
	rc = mig_record_read_names(home, &rec, err);
	if (rc == 0)
		rc = change_who(cli, snap, NULL, &who, err);
	for (int i = 0; i < snap->n_gpus && rc == 0; i++) {
		held[i] = held_slots(who, &snap->gpus[i]);
		find_names(&rec, home, snap, i, &names[i]);
	}
	mig_record_free(&rec);
	return rc;
}
