/* SPDX-License-Identifier: Apache-2.0 */
/* An apply that ended with 0: did it count right, and leave alone what was to stay? */
#include "tests/property/applies.h"

static bool is_empty(const struct stand *s, const struct place *p, int *ret_start)
{
	for (int i = 0; i < MIG_UNITS_MAX; i++) {
		const struct stand_gi *gi = &s->gi[p->gpu][i];

		if (gi->kind < 0 || gi->id != p->gi)
			continue;
		*ret_start = i;
		for (int k = 0; k < SIM_CIS_MAX; k++) {
			if (gi->ci_kind[k] >= 0)
				return false;
		}
		return true;
	}
	return false;
}

/* MIG devices: compute instances, and GPU instances that are to have none. */
static void check_counts(const struct history *h, const struct command *c,
			 const struct stand *before, const struct stand *after)
{
	int created = 0, destroyed = 0, start;
	struct place p;

	if (c->created < 0)
		return;
	for (int i = c->first; i <= c->last; i++) {
		const struct sim_log_record *r = &h->records[i];

		record_place(r, &p);
		if (r->result != NVML_SUCCESS)
			continue;
		if (is_create(r)) {
			if (p.gi < 0)
				sscanf(r->made, "GI %d", &p.gi);
			created += strstr(r->call, "ComputeInstance") ||
				   is_empty(after, &p, &start);
		} else {
			destroyed += p.ci >= 0 || is_empty(before, &p, &start);
		}
	}
	if (created != c->created || destroyed != c->destroyed)
		wrong(h, c->last, c,
		      "it says %d created and %d destroyed; by the log it was %d and %d",
		      c->created, c->destroyed, created, destroyed);
}

static bool is_touched(const struct history *h, const struct command *c, int gpu,
		       const struct stand_gi *gi, int ci)
{
	struct place p;

	for (int i = c->first; i <= c->last; i++) {
		if (is_destroy(&h->records[i]) && record_place(&h->records[i], &p) &&
		    p.gpu == gpu && p.gi == gi->id && (p.ci < 0 || (ci >= 0 && p.ci == ci)))
			return true;
	}
	return false;
}

/* What is wanted at a place and stands there has no reason to go, whatever else does. */
static void check_kept(const struct history *h, const struct command *c,
		       const struct stand *before, int gpu, const struct wish *w)
{
	const struct stand_gi *gi = w->start >= 0 ? &before->gi[gpu][w->start] : NULL;

	if (!gi || gi->kind != w->kind)
		return;
	if (is_touched(h, c, gpu, gi, -1))
		wrong(h, c->last, c,
		      "GPU %d: it destroyed what was wanted at %d and stood there", gpu,
		      w->start);
	tally.kept++;
	for (int k = 0; k < w->n_ci; k++) {
		const int at = w->is_plain ? 0 : w->ci_start[k];

		if (at < 0 || gi->ci_kind[at] != w->ci_kind[k])
			continue;
		if (is_touched(h, c, gpu, gi, gi->ci_id[at]))
			wrong(h, c->last, c,
			      "GPU %d: of the instance at %d it destroyed the compute instance at "
			      "%d, which was wanted there",
			      gpu, w->start, at);
	}
}

void judge_apply(const struct history *h, const struct command *c, const struct stand *before,
		 const struct stand *after)
{
	check_counts(h, c, before, after);
	for (int g = 0; g < n_gpus; g++) {
		for (int i = 0; i < c->target.n[g]; i++)
			check_kept(h, c, before, g, &c->target.wish[g][i]);
	}
}
