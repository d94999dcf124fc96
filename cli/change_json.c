/* SPDX-License-Identifier: Apache-2.0 */
/* A change as JSON. */
#include <string.h>

#include "cli/change.h"

/* The id of the GI that a compute instance is made in or taken from, or -1. */
static int gi_of(const struct mig_change *change, const struct mig_step *step)
{
	return step->owner >= 0 ? change->steps[step->owner].gi : step->gi;
}

const struct mig_ci *change_made_ci(const struct mig_snapshot *now,
				    const struct mig_change *change,
				    const struct mig_step *step, const struct mig_gi **ret_gi)
{
	const struct mig_gi *gi =
		now ? mig_gpu_find_gi(&now->gpus[step->gpu], gi_of(change, step)) : NULL;

	for (int k = 0; gi && gi->profile >= 0 && k < gi->n_cis; k++) {
		if (gi->cis[k].id != step->ci || gi->cis[k].profile < 0)
			continue;
		*ret_gi = gi;
		return &gi->cis[k];
	}
	return NULL;
}

static const char *const step_outcomes[] = {
	[MIG_STEP_NOT_BEGUN] = "not_begun",
	[MIG_STEP_DONE] = "done",
	[MIG_STEP_UNDONE] = "undone",
	[MIG_STEP_FAILED] = "failed",
};

static const char *step_outcome(const struct mig_change *change, const struct mig_step *step)
{
	const bool is_pending = change && change->gpus[step->gpu].is_pending;

	return step->outcome == MIG_STEP_FAILED && is_pending ? "pending"
							      : step_outcomes[step->outcome];
}

/* What a GPU's part came to, once it was run. */
static const char *gpu_outcome(const struct mig_change *change, int gpu)
{
	int n[4] = { 0 }, n_steps = 0;

	for (int i = 0; i < change->n_steps; i++) {
		if (change->steps[i].gpu != gpu)
			continue;
		n[change->steps[i].outcome]++;
		n_steps++;
	}
	return change->gpus[gpu].is_pending  ? "pending"
	       : n_steps == 0                ? "unchanged"
	       : n[MIG_STEP_DONE] == n_steps ? "done"
	       : n[MIG_STEP_DONE]            ? "half_done"
	       : n[MIG_STEP_UNDONE]          ? "undone"
	       : n[MIG_STEP_FAILED]          ? "failed"
					     : "not_begun";
}

/* Is step @i of a GPU instance alone, its compute instances not coming and going with it? */
static bool is_alone(const struct mig_change *change, int i)
{
	for (int k = 0; k < change->n_steps; k++) {
		if (change->steps[k].owner == i)
			return false;
	}
	return true;
}

/* What of a plan that was run has come true: the MIG devices that were made and taken. */
static struct mig_gpu_change counts_true(const struct mig_change *change, int gpu)
{
	struct mig_gpu_change is = change->gpus[gpu];

	if (is.rc == 0 && strcmp(gpu_outcome(change, gpu), "done") == 0)
		return is;
	is.n_created = is.n_disturbed = is.n_destroyed = 0;
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		const enum mig_step_kind kind = s->kind;

		if (s->gpu != gpu || s->outcome != MIG_STEP_DONE)
			continue;
		if (kind == MIG_STEP_CI_CREATE ||
		    (kind == MIG_STEP_GI_CREATE && is_alone(change, i))) {
			is.n_created++;
			is.n_disturbed += mig_change_again(change, i) >= 0;
		} else if (kind == MIG_STEP_CI_DESTROY ||
			   (kind == MIG_STEP_GI_DESTROY && is_alone(change, i))) {
			is.n_destroyed++;
		}
	}
	is.n_kept += change->gpus[gpu].n_destroyed - is.n_destroyed;
	return is;
}

/* @now: the machine after the change was run, or NULL. */
static json_t *json_step(const struct mig_snapshot *snap, const struct mig_snapshot *now,
			 const struct mig_change *change, const struct mig_step *step)
{
	const struct mig_gpu *gpu = &snap->gpus[step->gpu];
	const bool has_place = step->kind != MIG_STEP_MODE && step->kind != MIG_STEP_RESET;
	const bool is_ci =
		step->kind == MIG_STEP_CI_CREATE || step->kind == MIG_STEP_CI_DESTROY;
	const bool is_made =
		step->kind == MIG_STEP_GI_CREATE || step->kind == MIG_STEP_CI_CREATE;
	/* What was made and is gone again has ids that are another's, or nobody's. */
	const bool has_ids = !is_made || !now || step->outcome == MIG_STEP_DONE;
	const int gi = is_ci ? gi_of(change, step) : step->gi;
	json_t *o = json_pack("{s:s, s:i}", "kind", mig_step_kind_name((int)step->kind), "gpu",
			      gpu->index);
	const struct mig_gi *in;
	const struct mig_ci *ci = step->kind == MIG_STEP_CI_CREATE
					  ? change_made_ci(now, change, step, &in)
					  : NULL;
	char text[256];

	if (step->kind == MIG_STEP_MODE)
		json_object_set_new(o, "mig_mode", json_boolean(step->mode));
	if (has_place && step->profile >= 0)
		json_object_set_new(o, "profile",
				    json_string(gpu->type->profiles[step->profile].name));
	if (has_place && step->start >= 0)
		json_object_set_new(o, "start", json_integer(step->start));
	if (has_place && gi >= 0 && has_ids)
		json_object_set_new(o, "gi", json_integer(gi));
	if (is_ci && step->profile >= 0 && step->ci_profile >= 0)
		json_object_set_new(
			o, "ci_profile",
			json_string(
				gpu->type->profiles[step->profile].ci[step->ci_profile].name));
	if (is_ci && step->ci >= 0 && has_ids)
		json_object_set_new(o, "ci", json_integer(step->ci));
	if (ci && has_ids && *ci->uuid)
		json_object_set_new(o, "uuid", json_string(ci->uuid));
	if (now)
		json_object_set_new(o, "outcome", json_string(step_outcome(change, step)));
	json_object_set_new(o, "text",
			    json_string(mig_step_format(snap, step, text, sizeof(text))));
	return o;
}

/* What holds what a step destroys. */
static void add_holders(json_t *o, const struct mig_step *step,
			const struct change_facts *facts)
{
	json_t *holders = json_array();

	for (int i = 0; i < facts->n_holders; i++) {
		const struct mig_holder *h = &facts->holders[i];

		if (change_holds(h, step))
			json_array_append_new(holders, json_pack("{s:i, s:s}", "pid", h->pid,
								 "name", h->name));
	}
	if (json_array_size(holders))
		json_object_set(o, "holders", holders);
	json_decref(holders);
}

static void add_facts(json_t *o, const struct mig_change *change,
		      const struct change_facts *facts, int i)
{
	const struct mig_step_time *t = &facts->times[i];

	if (t->is_known) {
		json_object_set_new(o, "begin_s", json_real(t->begin_s));
		json_object_set_new(o, "end_s", json_real(t->end_s));
	}
	if (mig_change_again(change, i) >= 0)
		json_object_set_new(o, "away_s",
				    json_real(mig_change_away_s(change, facts->times, i)));
	add_holders(o, &change->steps[i], facts);
}

/* What stays, in words, and how long the GPU's part takes, with the origin of the figures. */
static void add_gpu_facts(json_t *o, const struct change_gpu_facts *gpu)
{
	char text[512];

	json_object_set_new(o, "kept",
			    json_string(mig_request_format(&gpu->kept, text, sizeof(text))));
	json_object_set_new(o, "duration_s", json_real(gpu->duration_s));
	if (*gpu->origin)
		json_object_set_new(o, "times_origin", json_string(gpu->origin));
	if (*gpu->mode_origin)
		json_object_set_new(o, "mode_time_origin", json_string(gpu->mode_origin));
}

static json_t *json_names(const struct mig_snapshot *snap, const struct mig_change *change)
{
	json_t *names = json_array();

	for (int i = 0; i < change->n_names; i++) {
		const struct mig_change_name *n = &change->names[i];
		const struct mig_gi *gi = n->step < 0 ? &snap->gpus[n->gpu].gis[n->gi] : NULL;

		json_array_append_new(names, gi ? json_pack("{s:s, s:i, s:i, s:i}", "name",
							    n->name, "gpu", n->gpu, "gi",
							    gi->id, "ci", gi->cis[n->ci].id)
						: json_pack("{s:s, s:i, s:i}", "name", n->name,
							    "gpu", n->gpu, "step", n->step));
	}
	return names;
}

/* Of a GPU that was lost before, the change has nothing but its index. */
static json_t *json_gpu(const struct mig_snapshot *snap, const struct mig_snapshot *now,
			const struct mig_change *change, const struct change_facts *facts,
			int gpu)
{
	const struct mig_gpu_change true_counts =
		now ? counts_true(change, gpu) : change->gpus[gpu];
	const struct mig_gpu_change *c = &true_counts;
	const struct mig_gpu *is = now && !now->gpus[gpu].is_lost ? &now->gpus[gpu] : NULL;
	json_t *o;

	if (snap->gpus[gpu].is_lost)
		return json_pack("{s:i, s:b, s:b}", "gpu", gpu, "is_untouched", 1, "is_lost",
				 1);
	o = json_pack("{s:i, s:b, s:b}", "gpu", gpu, "is_untouched", !c->is_named, "mig_mode",
		      is ? is->mode : c->mode);
	if (is && is->mode != is->mode_pending)
		json_object_set_new(o, "mig_mode_pending", json_boolean(is->mode_pending));
	if (now)
		json_object_set_new(o, "outcome", json_string(gpu_outcome(change, gpu)));
	json_object_set_new(o, "n_kept", json_integer(c->n_kept));
	json_object_set_new(o, "n_created", json_integer(c->n_created));
	json_object_set_new(o, "n_destroyed", json_integer(c->n_destroyed));
	json_object_set_new(o, "n_disturbed", json_integer(c->n_disturbed));
	if (now && now->gpus[gpu].is_lost)
		json_object_set_new(o, "is_lost", json_true());
	if (c->rc < 0)
		json_object_set_new(o, "error", json_string(c->err.msg));
	if (facts && c->is_named)
		add_gpu_facts(o, &facts->gpus[gpu]);
	return o;
}

void change_json(json_t *doc, const struct mig_snapshot *snap, const struct mig_snapshot *now,
		 const struct mig_change *change, const struct change_facts *facts)
{
	json_t *gpus = json_array(), *steps = json_array();

	for (int i = 0; i < change->n_gpus; i++)
		json_array_append_new(gpus, json_gpu(snap, now, change, facts, i));
	for (int i = 0; i < change->n_steps; i++) {
		json_t *o = json_step(snap, now, change, &change->steps[i]);

		if (facts)
			add_facts(o, change, facts, i);
		json_array_append_new(steps, o);
	}
	json_object_set_new(doc, "gpus", gpus);
	json_object_set_new(doc, "steps", steps);
	if (change->n_names)
		json_object_set_new(doc, "names", json_names(snap, change));
	if (facts)
		json_object_set_new(doc, "duration_s", json_real(facts->duration_s));
}

/* Names say by its number which step makes what they are of. */
static void move_names(json_t *names, int n)
{
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name)
	{
		const json_t *step = json_object_get(name, "step");

		if (step)
			json_object_set_new(name, "step",
					    json_integer(json_integer_value(step) + n));
	}
}

void change_json_switched(json_t *doc, const struct mig_snapshot *before,
			  const struct mig_snapshot *snap, const struct mig_snapshot *now)
{
	json_t *steps = json_object_get(doc, "steps");
	int n = 0;

	for (int i = snap->n_gpus - 1; i >= 0; i--) {
		const struct mig_step step = { .kind = MIG_STEP_MODE,
					       .gpu = i,
					       .mode = snap->gpus[i].mode,
					       .outcome =
						       now->gpus[i].mode == snap->gpus[i].mode
							       ? MIG_STEP_DONE
							       : MIG_STEP_UNDONE };

		if (i >= before->n_gpus || before->gpus[i].mode == step.mode)
			continue;
		json_array_insert_new(steps, 0, json_step(snap, now, NULL, &step));
		n++;
	}
	move_names(json_object_get(doc, "names"), n);
}
