/* SPDX-License-Identifier: Apache-2.0 */
/* Did a command come to what it was to do? Told from what stood before and after it. */
#include "tests/property/applies.h"

/* --- Create ----------------------------------------------------------------------------- */

/* What stood is untouched, and what came to it is just what was asked for. */
static bool is_created(const struct command *c, const struct stand *before,
		       const struct stand *after, int gpu)
{
	struct stand rest = *after;

	for (int s = 0; s < MIG_UNITS_MAX; s++) {
		const struct stand_gi *was = &before->gi[gpu][s];
		struct stand_gi *is = &rest.gi[gpu][s];

		if (was->kind < 0)
			continue;
		if (memcmp(was, is, sizeof(*was)) != 0)
			return false;
		is->kind = -1;
	}
	return target_is_met(&c->target, &rest, gpu);
}

/* --- Destroy ---------------------------------------------------------------------------- */

static bool is_meant(const struct ref *r, int gpu, const struct stand_gi *gi, int start)
{
	if (r->gpu != gpu)
		return false;
	if (r->is_place)
		return gi->kind == r->kind && start == r->start;
	return r->is_all || gi->id == r->gi;
}

static bool has_cis(const struct stand_gi *gi)
{
	for (int k = 0; k < SIM_CIS_MAX; k++) {
		if (gi->ci_kind[k] >= 0)
			return true;
	}
	return false;
}

/* What is left of an instance when all that the command names is gone. */
static void take_out(const struct command *c, int gpu, int start, struct stand_gi *gi)
{
	const bool had_cis = has_cis(gi);

	for (int i = 0; i < c->n_refs && gi->kind >= 0; i++) {
		const struct ref *r = &c->refs[i];
		const bool is_whole = r->is_all || r->is_place || r->ci < 0;

		if (!is_meant(r, gpu, gi, start))
			continue;
		if (is_whole && !c->is_keep_gi)
			memset(gi, -1, sizeof(*gi));
		for (int k = 0; gi->kind >= 0 && k < SIM_CIS_MAX; k++) {
			if (is_whole || gi->ci_id[k] == r->ci)
				gi->ci_kind[k] = gi->ci_id[k] = -1;
		}
	}
	if (gi->kind >= 0 && had_cis && !has_cis(gi) && !c->is_keep_gi)
		memset(gi, -1, sizeof(*gi));
}

static bool is_destroyed(const struct command *c, const struct stand *before,
			 const struct stand *after, int gpu)
{
	struct stand left = *before;

	for (int s = 0; s < MIG_UNITS_MAX; s++)
		take_out(c, gpu, s, &left.gi[gpu][s]);
	return is_same_gpu(&left, after, gpu);
}

/* --- Any -------------------------------------------------------------------------------- */

static enum answer answer(bool is)
{
	return is ? YES : NO;
}

static enum answer undo_met(const struct known *k, const struct stand *before,
			    const struct stand *after, int gpu)
{
	if (!k->is_last_known)
		return UNKNOWN;
	return answer(is_same_gpu(k->is_involved[gpu] ? &k->before_last : before, after, gpu));
}

static enum answer recover_met(const struct known *k, const struct stand *before,
			       const struct stand *after, int gpu)
{
	if (!k->open)
		return answer(is_same_gpu(before, after, gpu));
	/* Somebody was here who is no migctl. */
	if (!is_same_gpu(&k->after_open, before, gpu))
		return UNKNOWN;
	if (is_same_gpu(&k->before_open, after, gpu))
		return YES;
	/* Of a recovery or restore nobody here knows where it was to lead. */
	if (k->open->verb == RECOVER || k->open->verb == RESTORE)
		return UNKNOWN;
	return goal_met(k, k->open, &k->before_open, after, gpu);
}

enum answer goal_met(const struct known *k, const struct command *c, const struct stand *before,
		     const struct stand *after, int gpu)
{
	const struct target *t = &c->target;

	switch (c->verb) {
	case APPLY:
		if (!t->is_named[gpu])
			return answer(is_same_gpu(before, after, gpu));
		return answer(target_is_met(t, after, gpu));
	case CREATE:
		if (!t->is_named[gpu])
			return answer(is_same_gpu(before, after, gpu));
		return answer(is_created(c, before, after, gpu));
	case DESTROY:
		return answer(is_destroyed(c, before, after, gpu));
	case UNDO:
		return undo_met(k, before, after, gpu);
	case RESTORE:
		return k->is_recorded[gpu] ? answer(is_same_gpu(&k->record, after, gpu))
					   : UNKNOWN;
	case RECOVER:
		return recover_met(k, before, after, gpu);
	default:
		return answer(is_same_gpu(before, after, gpu));
	}
}

static bool is_all_met(const struct command *c, const struct stand *s)
{
	static const struct known nothing;

	for (int g = 0; g < n_gpus; g++) {
		if (goal_met(&nothing, c, s, s, g) != YES)
			return false;
	}
	return true;
}

bool goal_met_sometime(const struct history *h, const struct command *c)
{
	int from = 0, to = 0;

	for (int i = 0; i < h->n; i++) {
		from += h->records[i].t_ns <= c->begin_ns;
		to += h->records[i].t_ns <= c->end_ns;
	}
	for (int i = from; i <= to; i++) {
		if (is_all_met(c, &h->stood[i]) || is_all_met(c, &h->foreign[i]))
			return true;
	}
	return false;
}

int changes_on(const struct history *h, const struct command *c, int gpu)
{
	struct place p;
	int n = 0;

	for (int i = c->first; i <= c->last; i++) {
		if (h->records[i].result == NVML_SUCCESS && !h->is_dropped[i] &&
		    record_place(&h->records[i], &p))
			n += gpu < 0 || p.gpu == gpu;
	}
	return n;
}
