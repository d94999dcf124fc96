/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stages_back.h"

#include <stdlib.h>

#include "cli/change.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* A request in the words of @type: the driver and the catalog may count profiles differently. */
static bool retype(const struct mig_request *from, const struct mig_gpu_type *type,
		   struct mig_request *ret)
{
	*ret = mig_request_empty(type);
	for (int i = 0; i < from->n; i++) {
		const struct mig_profile *had = &from->type->profiles[from->want[i].profile];
		struct mig_want want = from->want[i];
		int at = 0;

		while (at < type->n_profiles && type->profiles[at].id != had->id)
			at++;
		if (at == type->n_profiles)
			return false;
		want.profile = (uint8_t)at;
		for (int k = 0; k < want.n_ci; k++) {
			const struct mig_profile *has = &type->profiles[at];
			int c = 0;

			while (c < has->n_ci && has->ci[c].id != had->ci[want.ci[k]].id)
				c++;
			if (c == has->n_ci)
				return false;
			want.ci[k] = (uint8_t)c;
		}
		ret->want[ret->n++] = want;
	}
	return true;
}

/* The names that stood on a GPU, for a request of all that stood there. */
static void names_back(const struct stages_run *r, const struct mig_gpu *before,
		       struct mig_want_names *ret)
{
	for (int i = 0; i < r->n_named && ret->n < MIG_WANT_NAMES_MAX; i++) {
		const struct mig_named *from = &r->named[i];
		struct mig_want_name *name = &ret->of[ret->n];
		int want = 0, ci = 0;

		if (from->gpu != before->index)
			continue;
		/* A request has nothing whose profile nobody knows. */
		for (int k = 0; k < from->gi; k++)
			want += before->gis[k].profile >= 0;
		for (int k = 0; k < from->ci; k++)
			ci += before->gis[from->gi].cis[k].profile >= 0;
		*name = (struct mig_want_name){ (uint8_t)want, (uint8_t)ci, "" };
		text_copy(name->name, sizeof(name->name), from->name);
		ret->n++;
	}
}

/* What brings a GPU back whose mode we switched. Untouched: another tool has cut it since. */
static struct mig_wanted wanted_back(const struct stages_run *r, const struct mig_gpu *before,
				     const struct mig_gpu *now)
{
	struct mig_wanted ret = { .mode = MIG_WANT_UNTOUCHED };
	const struct mig_request had = mig_gpu_request(before);

	if (now->n_gis || before->is_lost || now->is_lost ||
	    (before->mode == now->mode && before->mode_pending == now->mode_pending))
		return ret;
	if (!before->mode)
		ret.mode = MIG_WANT_OFF;
	else if (now->type && retype(&had, now->type, &ret.request))
		ret.mode = MIG_WANT_ON;
	else
		ret.mode = MIG_WANT_MODE;
	if (ret.mode == MIG_WANT_ON)
		names_back(r, before, &ret.names);
	return ret;
}

/* Where each stands for itself, one that wants MIG on and nothing else is as it shall be. */
static bool stays_on(const struct stages_run *r, const struct mig_wanted *wanted)
{
	return r->stages->is_independent && r->is_cutting && wanted->mode == MIG_WANT_ON &&
	       wanted->request.n == 0;
}

static void list_back(struct stages_run *r, const struct mig_snapshot *now,
		      const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		if (change->steps[i].kind == MIG_STEP_MODE)
			text_append(r->back, sizeof(r->back), "%s%d", *r->back ? ", " : "",
				    now->gpus[change->steps[i].gpu].index);
	}
}

/* Return: how many steps it took. */
static int run_back(struct stages_run *r, const struct mig_snapshot *now, struct mig_error *why)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)now->n_gpus + 1, sizeof(*wanted));
	struct mig_change change;
	int rc;

	if (!wanted)
		return mig_fail(why, MIG_E_NOMEM, "plan the way back");
	if (now->n_gpus != r->before->n_gpus)
		return mig_fail(why, MIG_E_NVML, "the driver shows %d GPUs now", now->n_gpus);
	rc = stages_wanted(r->stages, now, PART_ALL, wanted, why);
	if (rc < 0)
		return rc;
	for (int i = 0; i < now->n_gpus; i++)
		wanted[i] = stays_on(r, &wanted[i])
				    ? (struct mig_wanted){ .mode = MIG_WANT_UNTOUCHED }
				    : wanted_back(r, &r->before->gpus[i], &now->gpus[i]);
	rc = mig_change_make(now, wanted, NULL, &change, why);
	if (rc == 0) {
		list_back(r, now, &change);
		rc = change_run(r->cli, now, &change,
				&(struct change_how){ .is_renewal = r->is_part }, why);
		rc = rc < 0 ? rc : change.n_steps;
		mig_change_free(&change);
	}
	return rc;
}

/* Does nobody see any more that modes were switched, but on GPUs that were cut all the same? */
static bool is_back(const struct stages_run *r)
{
	struct mig_snapshot now;
	bool is_equal = mig_snapshot_take(r->cli->machine, &now, NULL) == 0;

	if (!is_equal)
		return false;
	is_equal = now.n_gpus == r->before->n_gpus;
	for (int i = 0; is_equal && i < now.n_gpus; i++)
		is_equal = now.gpus[i].mode == r->before->gpus[i].mode ||
			   (r->stages->is_independent &&
			    (now.gpus[i].n_gis || (r->is_cutting && now.gpus[i].mode)));
	mig_snapshot_free(&now);
	return is_equal;
}

int stages_back(struct stages_run *r, int rc)
{
	struct mig_snapshot now;
	struct mig_error why;
	bool is_all_off = true;
	int n;

	r->is_taken_back = true;
	/* A mode that waits for a reset was asked to be left so. */
	if (rc == -MIG_E_PENDING && r->stages->keeps_pending)
		return rc;
	for (int i = 0; i < r->before->n_gpus; i++)
		is_all_off &= !r->before->gpus[i].mode;
	if (mig_snapshot_take(r->cli->machine, &now, &why) < 0)
		return mig_hint(r->err, rc, "what stands now cannot be read: %s", why.msg);
	n = run_back(r, &now, &why);
	if (n < 0)
		mig_hint(r->err, rc, "the MIG modes could not be switched back: %s", why.msg);
	else if (!is_back(r))
		mig_hint(
			r->err, rc,
			"not every MIG mode is as it was; see 'migctl status' for what stands");
	else if (is_all_off && *r->back)
		mig_hint(r->err, rc, "MIG is off again on GPU %s", r->back);
	else if (n > 0 || !r->stages->is_independent)
		mig_hint(r->err, rc, "MIG is again on or off as it was");
	mig_snapshot_free(&now);
	return rc;
}
