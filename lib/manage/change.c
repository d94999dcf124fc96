/* SPDX-License-Identifier: Apache-2.0 */
/* Changes as values: lists of steps, and the simple ones, create and destroy. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/manage/change.h"
#include "shared/text.h"

int change_new(const struct mig_snapshot *snap, struct mig_change *ret, struct mig_error *err)
{
	*ret = (struct mig_change){ .n_gpus = snap->n_gpus };
	ret->gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*ret->gpus));
	if (!ret->gpus)
		return mig_fail(err, MIG_E_NOMEM, "plan a change of %d GPUs", snap->n_gpus);
	for (int i = 0; i < snap->n_gpus; i++)
		ret->gpus[i].mode = snap->gpus[i].mode;
	return 0;
}

void mig_change_free(struct mig_change *change)
{
	if (!change)
		return;
	free(change->steps);
	free(change->gpus);
	free(change->names);
	*change = (struct mig_change){ 0 };
}

int change_finish(struct mig_change *change, int rc, struct mig_change *ret)
{
	if (rc < 0) {
		mig_change_free(change);
		return rc;
	}
	*ret = *change;
	return 0;
}

int change_add(struct mig_change *change, struct mig_step step, struct mig_error *err)
{
	if (change->n_steps == change->room) {
		const int room = change->room ? change->room * 2 : 32;
		struct mig_step *steps = realloc(change->steps, (size_t)room * sizeof(*steps));

		if (!steps)
			return mig_fail(err, MIG_E_NOMEM, "plan %d steps", room);
		change->steps = steps;
		change->room = room;
	}
	change->steps[change->n_steps] = step;
	return change->n_steps++;
}

int change_add_name(struct mig_change *change, struct mig_change_name name,
		    struct mig_error *err)
{
	const size_t n = (size_t)change->n_names + 1;
	struct mig_change_name *names = realloc(change->names, n * sizeof(*names));

	if (!names)
		return mig_fail(err, MIG_E_NOMEM, "plan %zu names", n);
	change->names = names;
	names[change->n_names++] = name;
	return 0;
}

static int max_of(int a, int b)
{
	return a > b ? a : b;
}

int change_add_ci_destroy(struct mig_change *change, struct mig_step step,
			  const struct mig_ci *ci, struct mig_error *err)
{
	int rc;

	step.kind = MIG_STEP_CI_DESTROY;
	step.ci = ci->id;
	step.ci_profile = ci->profile;
	step.ci_start = ci->start;
	rc = change_add(change, step, err);
	return rc < 0 ? rc : 0;
}

int change_add_gi_destroy(struct mig_change *change, const struct mig_gpu *gpu,
			  const struct mig_gi *gi, struct mig_error *err)
{
	struct mig_step step = {
		.gpu = gpu->index,
		.profile = gi->profile,
		.start = gi->start,
		.gi = gi->id,
		.owner = change->n_steps + gi->n_cis, /* the GI's own step follows its CIs' */
	};
	int rc;

	for (int i = gi->n_cis - 1; i >= 0; i--) {
		rc = change_add_ci_destroy(change, step, &gi->cis[i], err);
		if (rc < 0)
			return rc;
	}
	step.kind = MIG_STEP_GI_DESTROY;
	step.owner = step.ci = -1;
	rc = change_add(change, step, err);
	if (rc < 0)
		return rc;
	change->gpus[gpu->index].n_destroyed += max_of(gi->n_cis, 1);
	return 0;
}

int change_add_want(struct mig_change *change, const struct mig_gpu *gpu,
		    const struct mig_want *want, int start, struct mig_error *err)
{
	struct mig_step step = {
		.kind = MIG_STEP_GI_CREATE,
		.gpu = gpu->index,
		.profile = want->profile,
		.start = start,
		.gi = -1,
		.owner = -1,
		.ci = -1,
	};
	const int gi = change_add(change, step, err);
	int ci_starts[MIG_CI_PROFILES_MAX], rc;

	if (gi < 0)
		return gi;
	step.kind = MIG_STEP_CI_CREATE;
	step.owner = gi;
	ci_starts_needed(&gpu->type->profiles[want->profile], want, ci_starts);
	for (int i = 0; i < want->n_ci; i++) {
		step.ci_profile = want->ci[i];
		step.ci_start = ci_starts[i];
		rc = change_add(change, step, err);
		if (rc < 0)
			return rc;
	}
	change->gpus[gpu->index].n_created += max_of(want->n_ci, 1);
	return gi;
}

int change_check_gpu(const struct mig_gpu *gpu, struct mig_error *err)
{
	if (gpu->is_lost)
		return mig_gpu_check_lost(gpu, err);
	if (!gpu->has_mig)
		return mig_fail(err, MIG_E_UNSUPPORTED, "GPU %d (%s) has no MIG", gpu->index,
				gpu->name);
	if (gpu->type && gpu->is_partial)
		return mig_fail(err, MIG_E_PERM,
				"GPU %d: the driver tells its instances to root only; try sudo",
				gpu->index);
	return 0;
}

int change_check_request(const struct mig_gpu *gpu, const struct mig_request *request,
			 struct mig_error *err)
{
	int rc = change_check_gpu(gpu, err);

	if (rc < 0)
		return rc;
	if (!gpu->type)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"GPU %d (%s): neither the driver nor the catalog tells its "
				"profiles; describe it in a file for --catalog DIR",
				gpu->index, gpu->name);
	for (int i = 0; i < request->n && i < MIG_UNITS_MAX; i++) {
		const struct mig_want *want = &request->want[i];

		if (want->profile >= gpu->type->n_profiles || want->n_ci > MIG_CI_PROFILES_MAX)
			return mig_fail(err, MIG_E_INVAL,
					"GPU %d: item %d of the request is none of %s",
					gpu->index, i + 1, gpu->type->key);
		rc = mig_want_place(&gpu->type->profiles[want->profile], want, 0, NULL, err);
		if (rc < 0)
			return mig_wrap(err, rc, "GPU %d", gpu->index);
	}
	return 0;
}

/* The names of want @w, whose first compute instance step @first makes. */
static int add_names(struct mig_change *change, int gpu, const struct mig_want_names *names,
		     int w, int first, struct mig_error *err)
{
	int rc = 0;

	for (int i = 0; names && i < names->n && rc == 0; i++) {
		struct mig_change_name name = {
			.gpu = gpu, .step = first + names->of[i].ci, .gi = -1, .ci = -1
		};

		if (names->of[i].want != w)
			continue;
		text_copy(name.name, sizeof(name.name), names->of[i].name);
		rc = change_add_name(change, name, err);
	}
	return rc;
}

static int n_devices(const struct mig_gpu *gpu)
{
	int n = 0;

	for (int i = 0; i < gpu->n_gis; i++)
		n += gpu->gis[i].n_cis ? gpu->gis[i].n_cis : 1;
	return n;
}

int mig_change_create(const struct mig_snapshot *snap, int gpu,
		      const struct mig_request *request, const struct mig_want_names *names,
		      struct mig_change *ret, struct mig_error *err)
{
	const struct mig_gpu *g = &snap->gpus[gpu];
	struct mig_change change;
	struct mig_layout lay;
	int starts[MIG_UNITS_MAX];
	int rc = change_check_request(g, request, err);

	if (rc < 0)
		return rc;
	if (!g->mode)
		return g->mode_pending
			       ? mig_fail(
					 err, MIG_E_PENDING,
					 "GPU %d is not in MIG mode: it waits for a reset; see "
					 "'migctl status'",
					 gpu)
			       : mig_fail(err, MIG_E_UNSUPPORTED,
					  "GPU %d is not in MIG mode; 'migctl enable %d' "
					  "switches it on",
					  gpu, gpu);
	lay = mig_gpu_layout(g);
	rc = mig_request_place(request, &lay, starts, NULL, err);
	if (rc < 0)
		return mig_wrap(err, rc, "GPU %d", gpu);
	rc = change_new(snap, &change, err);
	if (rc < 0)
		return rc;
	change.gpus[gpu].is_named = true;
	change.gpus[gpu].n_kept = n_devices(g);
	for (int i = 0; rc >= 0 && i < request->n; i++) {
		const int gi_step = change.n_steps;

		rc = change_add_want(&change, g, &request->want[i], starts[i], err);
		if (rc >= 0)
			rc = add_names(&change, gpu, names, i, gi_step + 1, err);
	}
	return change_finish(&change, rc, ret);
}

/* Is the GI, or for @ci >= 0 that CI of it, named by one of the refs? */
static bool is_named(const struct mig_ref *refs, int n, int gpu, int gi, int ci)
{
	for (int i = 0; i < n; i++) {
		if (refs[i].gpu == gpu && (refs[i].gi < 0 || refs[i].gi == gi) &&
		    (refs[i].ci < 0 || refs[i].ci == ci))
			return true;
	}
	return false;
}

static int destroy_gi(struct mig_change *change, const struct mig_gpu *gpu, int gi,
		      const struct mig_ref *refs, int n, bool keep_gi, struct mig_error *err)
{
	const struct mig_gi *g = &gpu->gis[gi];
	const struct mig_step step = {
		.gpu = gpu->index,
		.profile = g->profile,
		.start = g->start,
		.gi = g->id,
		.owner = -1,
	};
	int n_going = 0;

	for (int i = 0; i < g->n_cis; i++)
		n_going += is_named(refs, n, gpu->index, gi, i);
	if (!keep_gi &&
	    (is_named(refs, n, gpu->index, gi, -1) || (n_going == g->n_cis && n_going)))
		return change_add_gi_destroy(change, gpu, g, err);
	for (int i = g->n_cis - 1; i >= 0; i--) {
		int rc = 0;

		if (!is_named(refs, n, gpu->index, gi, i))
			continue;
		rc = change_add_ci_destroy(change, step, &g->cis[i], err);
		if (rc < 0)
			return rc;
		change->gpus[gpu->index].n_destroyed++;
	}
	return 0;
}

int mig_change_destroy(const struct mig_snapshot *snap, const struct mig_ref *refs, int n,
		       bool keep_gi, struct mig_change *ret, struct mig_error *err)
{
	struct mig_change change;
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++)
		rc = change_check_gpu(&snap->gpus[refs[i].gpu], err);
	if (rc < 0)
		return rc;
	rc = change_new(snap, &change, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < n; i++)
		change.gpus[refs[i].gpu].is_named = true;
	for (int g = 0; rc >= 0 && g < snap->n_gpus; g++) {
		for (int i = 0; rc >= 0 && i < snap->gpus[g].n_gis; i++)
			rc = destroy_gi(&change, &snap->gpus[g], i, refs, n, keep_gi, err);
		if (change.gpus[g].is_named)
			change.gpus[g].n_kept =
				n_devices(&snap->gpus[g]) - change.gpus[g].n_destroyed;
	}
	return change_finish(&change, rc, ret);
}

static void format_place(const struct mig_gpu *gpu, const struct mig_step *step, char *buf,
			 size_t len)
{
	if (step->profile >= 0)
		text_append(buf, len, "%s@%d", gpu->type->profiles[step->profile].name,
			    step->start);
	else
		text_append(buf, len, "GPU instance %d", step->gi);
}

static void format_ci(const struct mig_gpu *gpu, const struct mig_step *step, char *buf,
		      size_t len)
{
	const struct mig_profile *p =
		step->profile >= 0 ? &gpu->type->profiles[step->profile] : NULL;

	if (p && step->ci_profile >= 0)
		text_append(buf, len, "compute instance %s", p->ci[step->ci_profile].name);
	else
		text_append(buf, len, "compute instance");
	if (step->ci >= 0)
		text_append(buf, len, " %d", step->ci);
	text_append(buf, len, " in ");
	format_place(gpu, step, buf, len);
}

const char *mig_step_kind_name(int kind)
{
	static const char *const names[] = {
		[MIG_STEP_CI_DESTROY] = "ci_destroy",
		[MIG_STEP_GI_DESTROY] = "gi_destroy",
		[MIG_STEP_MODE] = "mode",
		[MIG_STEP_RESET] = "reset",
		[MIG_STEP_GI_CREATE] = "gi_create",
		[MIG_STEP_CI_CREATE] = "ci_create",
	};

	return kind >= 0 && kind < (int)(sizeof(names) / sizeof(names[0])) ? names[kind] : NULL;
}

const char *mig_step_format(const struct mig_snapshot *snap, const struct mig_step *step,
			    char *buf, size_t len)
{
	static const char *const verbs[] = {
		[MIG_STEP_CI_DESTROY] = "destroy ", [MIG_STEP_GI_DESTROY] = "destroy ",
		[MIG_STEP_MODE] = "switch MIG ",    [MIG_STEP_RESET] = "reset",
		[MIG_STEP_GI_CREATE] = "create ",   [MIG_STEP_CI_CREATE] = "create ",
	};
	const struct mig_gpu *gpu = &snap->gpus[step->gpu];

	snprintf(buf, len, "GPU %d: %s", gpu->index, verbs[step->kind]);
	if (step->kind == MIG_STEP_MODE)
		text_append(buf, len, "%s", step->mode ? "on" : "off");
	else if (step->kind == MIG_STEP_GI_CREATE || step->kind == MIG_STEP_GI_DESTROY)
		format_place(gpu, step, buf, len);
	else if (step->kind != MIG_STEP_RESET)
		format_ci(gpu, step, buf, len);
	return buf;
}
