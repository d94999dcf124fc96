/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/change.h"
#include "cli/drain.h"
#include "shared/cleanup.h"
#include "shared/text.h"

struct run {
	struct cli *cli;
	const struct stages *stages;
	const struct mig_snapshot *before; /* as it was when we came */
	bool has_switches, has_instances;  /* that differ */
	bool is_switched;                  /* the stage of the modes was begun */
	struct mig_named *named;           /* the names that stood */
	int n_named;
	struct mig_error *err;
};

/* --- what is wanted ------------------------------------------------------------------ */

enum part {
	PART_ALL,
	PART_MODES,   /* every mode; instances go where MIG goes off */
	PART_MODES_ON /* MIG on where it is wanted on */
};

static int wanted_of(const struct stages *s, const struct mig_snapshot *snap, enum part part,
		     struct mig_wanted *ret, struct mig_error *err)
{
	int rc = s->want(s->arg, snap, ret, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus && part != PART_ALL; i++) {
		if (ret[i].mode == MIG_WANT_ON)
			ret[i].mode = MIG_WANT_MODE;
		else if (part == PART_MODES_ON)
			ret[i].mode = MIG_WANT_UNTOUCHED;
	}
	return rc;
}

static int change_of(struct cli *cli, const struct stages *s, const struct mig_snapshot *snap,
		     enum part part, struct mig_change *ret, struct mig_error *err)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "plan a change");
	rc = wanted_of(s, snap, part, wanted, err);
	return rc < 0 ? rc : change_make(cli, snap, wanted, ret, err);
}

int stages_change(struct cli *cli, const struct stages *stages, const struct mig_snapshot *snap,
		  struct mig_change *ret, struct mig_error *err)
{
	return change_of(cli, stages, snap, stages->is_mode_only ? PART_MODES : PART_ALL, ret,
			 err);
}

/* To a refusal because of what is held: the most of it that would disturb nothing held. */
static int hint_nearest(const struct run *r, const struct mig_snapshot *snap, int rc)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	char nearest[640] = "";

	if (rc != -MIG_E_BUSY || r->stages->is_mode_only)
		return rc;
	if (wanted && wanted_of(r->stages, snap, PART_ALL, wanted, NULL) == 0)
		change_nearest(r->cli, snap, wanted, nearest, sizeof(nearest));
	return *nearest
		       ? mig_hint(r->err, rc, "nearest that disturbs nothing held: %s", nearest)
		       : rc;
}

/* What differs, and whether it can be had at all. */
static int look(struct run *r)
{
	struct mig_change change;
	int rc = stages_change(r->cli, r->stages, r->before, &change, r->err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < change.n_steps; i++)
		r->has_switches |= change.steps[i].kind == MIG_STEP_MODE;
	for (int i = 0; i < change.n_gpus; i++) {
		const struct mig_gpu_change *g = &change.gpus[i];

		r->has_instances |= g->mode && (g->n_created || g->n_destroyed);
	}
	mig_change_free(&change);
	return 0;
}

/* Is a GPU to be cut whose profiles the driver will tell only once MIG is on? */
static int needs_mode_first(const struct run *r, bool *ret)
{
	const struct mig_snapshot *snap = r->before;
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(r->err, MIG_E_NOMEM, "plan a change");
	rc = wanted_of(r->stages, snap, PART_ALL, wanted, r->err);
	*ret = false;
	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		*ret |= wanted[i].mode == MIG_WANT_ON && !snap->gpus[i].mode &&
			snap->gpus[i].type && snap->gpus[i].type->basis != MIG_BASIS_DRIVER;
	return rc;
}

/* --- back to what was ---------------------------------------------------------------- */

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
static void names_back(const struct run *r, const struct mig_gpu *before,
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
static struct mig_wanted wanted_back(const struct run *r, const struct mig_gpu *before,
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

/* Return: how many steps it took. */
static int run_back(struct run *r, const struct mig_snapshot *now, struct mig_error *why)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)now->n_gpus + 1, sizeof(*wanted));
	struct mig_change change;
	int rc;

	if (!wanted)
		return mig_fail(why, MIG_E_NOMEM, "plan the way back");
	if (now->n_gpus != r->before->n_gpus)
		return mig_fail(why, MIG_E_NVML, "the driver shows %d GPUs now", now->n_gpus);
	for (int i = 0; i < now->n_gpus; i++)
		wanted[i] = wanted_back(r, &r->before->gpus[i], &now->gpus[i]);
	rc = mig_change_make(now, wanted, NULL, &change, why);
	if (rc == 0) {
		rc = change_run(r->cli, now, &change,
				&(struct change_how){ .before = r->before }, why);
		rc = rc < 0 ? rc : change.n_steps;
		mig_change_free(&change);
	}
	return rc;
}

/* Does nobody see any more that modes were switched, but on GPUs that were cut all the same? */
static bool is_back(const struct run *r)
{
	struct mig_snapshot now;
	bool is_equal = mig_snapshot_take(r->cli->machine, &now, NULL) == 0;

	if (!is_equal)
		return false;
	is_equal = now.n_gpus == r->before->n_gpus;
	for (int i = 0; is_equal && i < now.n_gpus; i++)
		is_equal = now.gpus[i].mode == r->before->gpus[i].mode ||
			   (r->stages->is_independent && now.gpus[i].n_gis);
	mig_snapshot_free(&now);
	return is_equal;
}

static int go_back(struct run *r, int rc)
{
	struct mig_snapshot now;
	struct mig_error why;
	const char *was = "MIG is again on or off as it was";
	bool is_all_off = true;
	int n;

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
	else if (n > 0 || !r->stages->is_independent)
		mig_hint(r->err, rc, "%s", is_all_off ? "MIG is off again where it was" : was);
	mig_snapshot_free(&now);
	return rc;
}

/* --- the stage of the modes ----------------------------------------------------------- */

/* Before a mode is switched: by all that is known, is nothing held that must go? */
static int check_held(struct run *r)
{
	const struct mig_who *who;
	struct mig_change change;
	char text[256];
	int rc = stages_change(r->cli, r->stages, r->before, &change, r->err);

	if (rc < 0)
		return rc;
	rc = drain_wait(r->cli, r->before, &change, r->stages->drain_seconds, r->err);
	if (rc == 0)
		rc = change_who(r->cli, r->before, &change, &who, r->err);
	for (int i = 0; i < change.n_steps && rc == 0; i++) {
		const struct mig_step *s = &change.steps[i];

		if (s->kind != MIG_STEP_CI_DESTROY)
			continue;
		rc = mig_check_free(r->cli->machine, &r->before->gpus[s->gpu], s->gi, s->ci,
				    who, r->err);
		if (rc < 0)
			mig_wrap(r->err, rc, "%s: refused, and nothing was changed",
				 mig_step_format(r->before, s, text, sizeof(text)));
	}
	mig_change_free(&change);
	return hint_nearest(r, r->before, rc);
}

static void print_modes(const struct run *r, const struct mig_change *change)
{
	for (int i = 0; r->stages->schema && !r->cli->is_json && i < change->n_steps; i++) {
		if (change->steps[i].kind == MIG_STEP_MODE)
			printf("GPU %d: MIG is on\n",
			       r->before->gpus[change->steps[i].gpu].index);
	}
}

/* All at once: one that has to wait for a reset takes the others back. */
static int switch_on(struct run *r)
{
	struct mig_change change;
	int rc = change_of(r->cli, r->stages, r->before, PART_MODES_ON, &change, r->err);

	if (rc < 0)
		return rc;
	rc = change_run(r->cli, r->before, &change, &(struct change_how){ 0 }, r->err);
	r->is_switched = rc == 0;
	if (rc == 0)
		print_modes(r, &change);
	mig_change_free(&change);
	return rc;
}

static int reset_pending(struct run *r, int gpu, unsigned mode)
{
	const struct mig_gpu *g = &r->before->gpus[gpu];
	struct mig_snapshot now;
	int rc = change_reset(r->cli, r->before, gpu, r->err);

	if (rc == 0)
		rc = mig_snapshot_take(r->cli->machine, &now, r->err);
	if (rc < 0)
		return rc;
	if (gpu >= now.n_gpus || now.gpus[gpu].mode != mode)
		rc = mig_fail(r->err, MIG_E_PENDING, "GPU %d was reset and MIG is still %s",
			      g->index, mode ? "off" : "on");
	mig_snapshot_free(&now);
	return rc;
}

static int switch_one(struct run *r, int gpu, const struct mig_wanted *wanted)
{
	const unsigned mode = wanted->mode == MIG_WANT_MODE;
	struct mig_change change;
	int rc = mig_change_make_one(r->before, gpu, wanted, NULL, &change, r->err);

	if (rc < 0)
		return rc;
	rc = change_run(r->cli, r->before, &change,
			&(struct change_how){ .keep_pending = true }, r->err);
	mig_change_free(&change);
	if (rc == -MIG_E_PENDING && r->stages->may_reset)
		return reset_pending(r, gpu, mode);
	return rc == -MIG_E_PENDING && r->stages->keeps_pending ? 0 : rc;
}

/* GPU by GPU: one that waits for a reset may do so alone. */
static int switch_each(struct run *r)
{
	const struct mig_snapshot *snap = r->before;
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(r->err, MIG_E_NOMEM, "plan a change");
	rc = wanted_of(r->stages, snap, PART_MODES, wanted, r->err);
	r->is_switched = rc == 0;
	for (int i = 0; rc == 0 && i < snap->n_gpus; i++) {
		if (wanted[i].mode != MIG_WANT_UNTOUCHED)
			rc = switch_one(r, i, &wanted[i]);
	}
	return rc;
}

static int switch_modes(struct run *r)
{
	const bool is_each = r->stages->may_reset || r->stages->keeps_pending;
	/* What the next hooks are to stop need not be gone yet. */
	const bool is_helped = r->has_instances && !r->stages->is_mode_only &&
			       hooks_has(r->stages->hooks, MIG_HOOK_PRE_APPLY_CONFIG);
	bool is_first = is_each || is_helped;
	int rc = is_first ? 0 : needs_mode_first(r, &is_first);

	if (rc < 0 || !is_first)
		return rc;
	rc = is_helped ? 0 : check_held(r);
	if (rc < 0)
		return rc;
	return is_each ? switch_each(r) : switch_on(r);
}

/* --- the stage of the instances ------------------------------------------------------- */

static int cut_from(struct run *r, const struct mig_snapshot *snap)
{
	/* The way back from here leads to what was before the modes were switched. */
	const struct change_how how = { .is_independent = r->stages->is_independent,
					.before = r->is_switched ? r->before : NULL };
	struct mig_change change;
	int rc = stages_change(r->cli, r->stages, snap, &change, r->err);

	if (rc < 0)
		return rc;
	if (!cli_option(r->cli, "dry-run"))
		rc = drain_wait(r->cli, snap, &change, r->stages->drain_seconds, r->err);
	if (rc == 0 && r->stages->schema)
		rc = change_carry_out(r->cli, snap, &change, r->stages->schema, &how, r->err);
	else if (rc == 0)
		rc = change_run(r->cli, snap, &change, &how, r->err);
	mig_change_free(&change);
	return hint_nearest(r, snap, rc);
}

/* Hooks take their time, and switches change what the driver tells: look again after either. */
static int cut(struct run *r)
{
	struct mig_snapshot now;
	int rc;

	if (!r->is_switched && !r->stages->hooks)
		return cut_from(r, r->before);
	rc = mig_snapshot_take(r->cli->machine, &now, r->err);
	if (rc < 0)
		return rc;
	rc = cut_from(r, &now);
	mig_snapshot_free(&now);
	return rc;
}

/* Who is in the way afterwards, they may have changed: that is what they are for. */
static int run_hooks(struct run *r, enum mig_hook_point point)
{
	int rc = hooks_run(r->stages->hooks, point, r->err);

	if (r->stages->hooks)
		change_who_forget(r->cli);
	return rc;
}

static int in_stages(struct run *r)
{
	int rc = r->has_switches ? run_hooks(r, MIG_HOOK_PRE_APPLY_MODE) : 0;

	if (rc == 0 && r->has_switches)
		rc = switch_modes(r);
	if (rc == 0 && r->has_instances && !r->stages->is_mode_only)
		rc = run_hooks(r, MIG_HOOK_PRE_APPLY_CONFIG);
	if (rc == 0 && !r->stages->is_mode_only)
		rc = cut(r);
	return rc < 0 && r->is_switched ? go_back(r, rc) : rc;
}

static int finish(struct run *r, int rc)
{
	struct mig_error why;
	int exit_rc = hooks_run(r->stages->hooks, MIG_HOOK_APPLY_EXIT, &why);

	if (exit_rc == 0)
		return rc;
	if (rc < 0) {
		fprintf(stderr, "migctl: %s\n", why.msg);
		return rc;
	}
	*r->err = why;
	return mig_hint(r->err, exit_rc, "the GPUs are as wanted");
}

int stages_run(struct cli *cli, const struct stages *stages, const struct mig_snapshot *snap,
	       struct mig_error *err)
{
	struct run r = { .cli = cli, .stages = stages, .before = snap, .err = err };
	int rc = look(&r);

	if (rc < 0)
		return rc;
	if (cli_option(cli, "dry-run"))
		return cut_from(&r, snap);
	r.n_named = change_named(cli, snap, &r.named);
	rc = run_hooks(&r, MIG_HOOK_APPLY_START);
	if (rc == 0)
		rc = in_stages(&r);
	free(r.named);
	return finish(&r, rc);
}

int stages_seconds(const char *name, const char *text, long min, long max, long *ret,
		   struct mig_error *err)
{
	uint64_t v;

	if (!text)
		return 0;
	if (!text_parse_u64(text, &v) || v < (uint64_t)min || v > (uint64_t)max)
		return mig_fail(err, MIG_E_INVAL,
				"--%s %s: seconds are wanted, from %ld to %ld", name, text, min,
				max);
	*ret = (long)v;
	return 0;
}
