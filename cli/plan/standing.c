/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/standing.h"

#include <stdlib.h>

#include "cli/home.h"
#include "shared/text.h"

/* The set of a GPU's slots that a process holds. */
static int find_held(struct cli *cli, const struct mig_gpu *gpu, uint16_t *ret,
		     struct mig_error *err)
{
	const struct mig_layout lay = mig_gpu_layout(gpu);

	for (int k = 0; k < gpu->n_gis; k++) {
		struct mig_holder holders[MIG_HOLDERS_MAX];
		const int n = mig_holders(cli->machine, gpu, gpu->gis[k].id, -1, holders, err);

		if (n < 0)
			return n;
		for (int s = 0; n > 0 && s < lay.n_slots; s++) {
			if (lay.slots[s].start == gpu->gis[k].start)
				*ret |= (uint16_t)(1U << s);
		}
	}
	return 0;
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
	struct mig_record rec = { 0 };
	int rc;

	if (!held || !names)
		return mig_fail(err, MIG_E_NOMEM, "make a plan");
	rc = cli_home(cli, snap, &home, err);
	if (rc != 0)
		return rc;
	rc = mig_record_read_names(home, &rec, err);
	for (int i = 0; i < snap->n_gpus && rc == 0; i++) {
		rc = find_held(cli, &snap->gpus[i], &held[i], err);
		find_names(&rec, home, snap, i, &names[i]);
	}
	mig_record_free(&rec);
	return rc;
}
