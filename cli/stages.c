/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/change.h"
#include "cli/drain.h"
#include "cli/stages_back.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* --- what is wanted ------------------------------------------------------------------ */

int stages_wanted(const struct stages *s, const struct mig_snapshot *snap,
		  enum stages_part part, struct mig_wanted *ret, struct mig_error *err)
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
		     enum stages_part part, struct mig_change *ret, struct mig_error *err)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(err, MIG_E_NOMEM, "plan a change");
	rc = stages_wanted(s, snap, part, wanted, err);
	return rc < 0 ? rc : change_make(cli, snap, wanted, ret, err);
}

int stages_change(struct cli *cli, const struct stages *stages, const struct mig_snapshot *snap,
		  struct mig_change *ret, struct mig_error *err)
{
	return change_of(cli, stages, snap, stages->is_mode_only ? PART_MODES : PART_ALL, ret,
			 err);
}

/* To a refusal because of what is held: the most of it that would disturb nothing held. */
static int hint_nearest(const struct stages_run *r, const struct mig_snapshot *snap, int rc)
{
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	char nearest[640] = "";

	if (rc != -MIG_E_BUSY || r->stages->is_mode_only)
		return rc;
	if (wanted && stages_wanted(r->stages, snap, PART_ALL, wanted, NULL) == 0)
		change_nearest(r->cli, snap, wanted, nearest, sizeof(nearest));
	return *nearest
		       ? mig_hint(r->err, rc, "nearest that disturbs nothing held: %s", nearest)
		       : rc;
}

/* What differs, and whether it can be had at all. */
static int look(struct stages_run *r)
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
static int needs_mode_first(const struct stages_run *r, bool *ret)
{
	const struct mig_snapshot *snap = r->before;
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(r->err, MIG_E_NOMEM, "plan a change");
	rc = stages_wanted(r->stages, snap, PART_ALL, wanted, r->err);
	*ret = false;
	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		*ret |= wanted[i].mode == MIG_WANT_ON && !snap->gpus[i].mode &&
			snap->gpus[i].type && snap->gpus[i].type->basis != MIG_BASIS_DRIVER;
	return rc;
}

/* --- the stage of the modes ----------------------------------------------------------- */

/* Before a mode is switched: by all that is known, is nothing held that must go? */
static int check_held(struct stages_run *r)
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

static void print_modes(const struct stages_run *r, const struct mig_change *change)
{
	for (int i = 0; r->stages->schema && !r->cli->is_json && i < change->n_steps; i++) {
		if (change->steps[i].kind == MIG_STEP_MODE)
			printf("GPU %d: MIG is on\n",
			       r->before->gpus[change->steps[i].gpu].index);
	}
}

/* All at once: one that has to wait for a reset takes the others back. */
static int switch_on(struct stages_run *r)
{
	struct mig_change change;
	int rc = change_of(r->cli, r->stages, r->before, PART_MODES_ON, &change, r->err);

	if (rc < 0)
		return rc;
	rc = change_run(r->cli, r->before, &change, &(struct change_how){ .is_renewal = true },
			r->err);
	r->is_switched = r->is_part = rc == 0;
	if (rc == 0)
		print_modes(r, &change);
	mig_change_free(&change);
	return rc;
}

static int reset_pending(struct stages_run *r, int gpu, unsigned mode)
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

static int switch_one(struct stages_run *r, int gpu, const struct mig_wanted *wanted)
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
static int switch_each(struct stages_run *r)
{
	const struct mig_snapshot *snap = r->before;
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	int rc;

	if (!wanted)
		return mig_fail(r->err, MIG_E_NOMEM, "plan a change");
	rc = stages_wanted(r->stages, snap, PART_MODES, wanted, r->err);
	r->is_switched = rc == 0;
	for (int i = 0; rc == 0 && i < snap->n_gpus; i++) {
		if (wanted[i].mode != MIG_WANT_UNTOUCHED)
			rc = switch_one(r, i, &wanted[i]);
	}
	return rc;
}

static int switch_modes(struct stages_run *r)
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

static int back(void *arg, int rc)
{
	return stages_back(arg, rc);
}

static int cut_from(struct stages_run *r, const struct mig_snapshot *snap)
{
	/* The way back from here leads to what was before the modes were switched. */
	const struct change_how how = { .is_independent = r->stages->is_independent,
					.before = r->is_part ? r->before : NULL,
					.back = r->is_part && r->cli->is_json ? back : NULL,
					.arg = r };
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
static int cut(struct stages_run *r)
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
static int run_hooks(struct stages_run *r, enum mig_hook_point point)
{
	int rc = hooks_run(r->stages->hooks, point, r->err);

	if (r->stages->hooks)
		change_who_forget(r->cli);
	return rc;
}

static int in_stages(struct stages_run *r)
{
	int rc = r->has_switches ? run_hooks(r, MIG_HOOK_PRE_APPLY_MODE) : 0;

	if (rc == 0 && r->has_switches)
		rc = switch_modes(r);
	if (rc == 0 && r->has_instances && !r->stages->is_mode_only)
		rc = run_hooks(r, MIG_HOOK_PRE_APPLY_CONFIG);
	r->is_cutting = rc == 0 && !r->stages->is_mode_only;
	if (r->is_cutting)
		rc = cut(r);
	return rc < 0 && r->is_switched && !r->is_taken_back ? stages_back(r, rc) : rc;
}

static int finish(struct stages_run *r, int rc)
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
	struct stages_run r = { .cli = cli, .stages = stages, .before = snap, .err = err };
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
