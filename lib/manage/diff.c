/* SPDX-License-Identifier: Apache-2.0 */
/* From what GPUs have to what is wanted of them, disturbing as little as possible. */
#include <string.h>

#include "lib/manage/serving.h"

static int add_mode(struct mig_change *change, const struct mig_gpu *gpu, unsigned mode,
		    struct mig_error *err)
{
	const struct mig_step step = { .kind = MIG_STEP_MODE,
				       .gpu = gpu->index,
				       .mode = mode,
				       .gi = -1,
				       .owner = -1,
				       .ci = -1 };

	change->gpus[gpu->index].mode = mode;
	if (gpu->mode == mode && gpu->mode_pending == mode)
		return 0;
	return change_add(change, step, err) < 0 ? -MIG_E_NOMEM : 0;
}

static int check_names(const struct mig_gpu *gpu, const struct mig_wanted *wanted,
		       struct mig_error *err)
{
	const struct mig_want_names *names = &wanted->names;

	if (names->n < 0 || names->n > MIG_WANT_NAMES_MAX)
		return mig_fail(err, MIG_E_INVAL, "GPU %d: %d names", gpu->index, names->n);
	for (int i = 0; i < names->n; i++) {
		const struct mig_want_name *n = &names->of[i];

		if (n->want >= wanted->request.n || n->ci >= wanted->request.want[n->want].n_ci)
			return mig_fail(err, MIG_E_INVAL,
					"GPU %d: the request has no instance for the name %s",
					gpu->index, n->name);
		for (int k = 0; k < i; k++) {
			if (strcmp(names->of[k].name, n->name) == 0 ||
			    (names->of[k].want == n->want && names->of[k].ci == n->ci))
				return mig_fail(err, MIG_E_INVAL,
						"GPU %d: the names %s and %s: one instance "
						"has one name, and one name one instance",
						gpu->index, names->of[k].name, n->name);
		}
	}
	return 0;
}

static int change_on(struct mig_change *change, const struct mig_gpu *gpu,
		     const struct mig_wanted *wanted, const struct mig_change_hints *hints,
		     struct mig_error *err)
{
	struct serving serving = { .known = { gpu, hints, &wanted->names },
				   .request = &wanted->request };
	int rc = change_check_request(gpu, &wanted->request, err);

	change->gpus[gpu->index].is_whole = true;
	if (rc == 0)
		rc = check_names(gpu, wanted, err);
	if (rc == 0)
		rc = serving_make(&serving, err);
	if (rc < 0)
		return rc;
	rc = add_mode(change, gpu, 1, err);
	if (rc == 0)
		rc = serving_steps(change, &serving, err);
	for (int i = 0; i < change->n_steps; i++) {
		if (change->steps[i].gpu == gpu->index && mig_change_again(change, i) >= 0)
			change->gpus[gpu->index].n_disturbed++;
	}
	return rc;
}

static int change_off(struct mig_change *change, const struct mig_gpu *gpu,
		      struct mig_error *err)
{
	int rc = 0;

	change->gpus[gpu->index].is_whole = true;
	for (int i = 0; i < gpu->n_gis && rc >= 0; i++)
		rc = change_add_gi_destroy(change, gpu, &gpu->gis[i], err);
	return rc < 0 ? rc : add_mode(change, gpu, 0, err);
}

static int change_gpu(struct mig_change *change, const struct mig_gpu *gpu,
		      const struct mig_wanted *wanted, const struct mig_change_hints *hints,
		      struct mig_error *err)
{
	static const struct mig_change_hints nothing;
	int rc;

	if (wanted->mode == MIG_WANT_UNTOUCHED)
		return 0;
	change->gpus[gpu->index].is_named = true;
	rc = mig_gpu_check_lost(gpu, err);
	if (rc < 0)
		return rc;
	/* A GPU that cannot do MIG has it off. */
	if (wanted->mode == MIG_WANT_OFF && !gpu->has_mig)
		return 0;
	/* What instances there are, and of what profiles, does not matter to the mode. */
	if (wanted->mode == MIG_WANT_MODE && gpu->has_mig)
		return add_mode(change, gpu, 1, err);
	if (wanted->mode == MIG_WANT_ON)
		return change_on(change, gpu, wanted, hints ? hints : &nothing, err);
	rc = change_check_gpu(gpu, err);
	return rc < 0 ? rc : change_off(change, gpu, err);
}

int mig_change_make_one(const struct mig_snapshot *snap, int gpu,
			const struct mig_wanted *wanted, const struct mig_change_hints *hints,
			struct mig_change *ret, struct mig_error *err)
{
	struct mig_change change;
	int rc = change_new(snap, &change, err);

	if (rc == 0)
		rc = change_gpu(&change, &snap->gpus[gpu], wanted, hints, err);
	return change_finish(&change, rc, ret);
}

int mig_change_make(const struct mig_snapshot *snap, const struct mig_wanted *wanted,
		    const struct mig_change_hints *hints, struct mig_change *ret,
		    struct mig_error *err)
{
	struct mig_change change;
	int rc = change_new(snap, &change, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		rc = change_gpu(&change, &snap->gpus[i], &wanted[i], hints, err);
	return change_finish(&change, rc, ret);
}
