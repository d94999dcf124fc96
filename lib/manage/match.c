/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of what stands can stay, and for which want: of GPU instances on a GPU, and of compute
 * instances in a GPU instance. There are few of either, so every way is tried, best hopes
 * first; one that cannot become better than the best so far is not followed.
 */
#include <string.h>

#include "lib/manage/change.h"

struct search {
	struct matching *m;
	int64_t most[MATCH_HAVE_MAX + 1]; /* what those from that one on are worth at best */
	int64_t best_worth;
	int best[MATCH_HAVE_MAX];
	bool is_taken[MATCH_WANT_MAX];
};

unsigned match_left(const struct matching *m)
{
	unsigned left = (1U << m->n_want) - 1;

	for (int i = 0; i < m->n_have; i++) {
		if (m->serves[i] >= 0)
			left &= ~(1U << m->serves[i]);
	}
	return left;
}

/* Are two wants one choice, for all that have not been decided on yet? */
static bool is_alike(const struct matching *m, int from, int a, int b)
{
	if (m->like[a] != m->like[b])
		return false;
	for (int i = from; i < m->n_have; i++) {
		if (m->worth[i][a] != m->worth[i][b])
			return false;
	}
	return true;
}

/* The wants that @have may serve, the one it is worth most for first. Return: how many. */
static int choices(const struct search *s, int have, int *ret)
{
	const struct matching *m = s->m;
	int n = 0;

	for (int w = 0; w < m->n_want; w++) {
		bool is_repeated = false;
		int at = n;

		for (int k = 0; k < w && !is_repeated; k++)
			is_repeated = !s->is_taken[k] && is_alike(m, have, k, w);
		if (m->worth[have][w] < 0 || s->is_taken[w] || is_repeated)
			continue;
		for (; at > 0 && m->worth[have][ret[at - 1]] < m->worth[have][w]; at--)
			ret[at] = ret[at - 1];
		ret[at] = w;
		n++;
	}
	return n;
}

static void choose(struct search *s, int have, int64_t worth)
{
	struct matching *m = s->m;
	int wants[MATCH_WANT_MAX], n;

	if (worth + s->most[have] <= s->best_worth)
		return;
	if (have == m->n_have) {
		if (!m->rest_fits(m, m->arg))
			return;
		memcpy(s->best, m->serves, sizeof(s->best));
		s->best_worth = worth;
		return;
	}
	n = choices(s, have, wants);
	for (int i = 0; i < n; i++) {
		const int w = wants[i];

		s->is_taken[w] = true;
		m->serves[have] = w;
		choose(s, have + 1, worth + m->worth[have][w]);
		s->is_taken[w] = false;
	}
	m->serves[have] = -1;
	choose(s, have + 1, worth);
}

int64_t match_best(struct matching *m)
{
	struct search s = { .m = m, .best_worth = -1 };

	memset(s.best, -1, sizeof(s.best));
	for (int i = m->n_have - 1; i >= 0; i--) {
		int64_t most = 0;

		for (int w = 0; w < m->n_want; w++)
			most = m->worth[i][w] > most ? m->worth[i][w] : most;
		s.most[i] = s.most[i + 1] + most;
	}
	choose(&s, 0, 0);
	memcpy(m->serves, s.best, sizeof(m->serves));
	return s.best_worth;
}

/* --- Compute instances ------------------------------------------------------------ */

struct ci_search {
	const struct mig_profile *profile;
	const struct mig_gi *gi;
	const struct mig_want *want;
};

static uint16_t slices_of(int start, int size)
{
	return (uint16_t)(((1U << size) - 1U) << start);
}

/* The part of a want that is left, and the slices that what stays has. */
static struct mig_want rest_of(const struct ci_search *s, const struct matching *m,
			       uint16_t *ret_used)
{
	struct mig_want rest = mig_want_empty(s->want->profile, s->want->start);
	const unsigned left = match_left(m);

	for (int k = 0; k < s->want->n_ci; k++) {
		if (!(left >> k & 1))
			continue;
		rest.ci_start[rest.n_ci] = s->want->ci_start[k];
		rest.ci[rest.n_ci++] = s->want->ci[k];
	}
	*ret_used = 0;
	for (int c = 0; c < m->n_have; c++) {
		if (m->serves[c] >= 0)
			*ret_used |= slices_of(s->gi->cis[c].start, s->gi->cis[c].size);
	}
	return rest;
}

static bool cis_fit(const struct matching *m, const void *arg)
{
	const struct ci_search *s = arg;
	uint16_t used;
	const struct mig_want rest = rest_of(s, m, &used);

	return rest.n_ci == 0 || mig_want_place(s->profile, &rest, used, NULL, NULL) == 0;
}

/* What CI @c of GI @g is worth as CI @k of want @w. */
static int64_t ci_worth(const struct known *known, int g, int c, const struct mig_request *req,
			int w, int k)
{
	const struct mig_ci *ci = &known->gpu->gis[g].cis[c];
	const struct mig_want *want = &req->want[w];
	const char *name = known_name(known, g, c), *wanted = known_wanted_name(known, w, k);
	int64_t worth = WORTH_DEVICE;

	if (ci->profile != want->ci[k] || ci->start < 0 ||
	    (want->ci_start[k] >= 0 && want->ci_start[k] != ci->start))
		return -1;
	if (known_is_held(known, g, c))
		worth += WORTH_HELD;
	if (name && wanted && strcmp(name, wanted) == 0)
		worth += WORTH_NAME;
	else if (name && !wanted && !known_is_name_wanted(known, name))
		worth += WORTH_OTHER_NAME;
	return worth;
}

/* Beside what stays we say where the others go; in an empty GI only if need be. */
static void place_cis(const struct ci_search *s, const struct matching *m, struct ci_match *ret)
{
	int starts[MIG_CI_PROFILES_MAX], n = 0;
	uint16_t used;
	const struct mig_want rest = rest_of(s, m, &used);

	if (ret->n_kept == 0)
		ci_starts_needed(s->profile, &rest, starts);
	else if (mig_want_place(s->profile, &rest, used, starts, NULL) < 0)
		return; /* it was found to fit */
	for (int k = 0; k < s->want->n_ci; k++)
		ret->start[k] = ret->make >> k & 1 ? starts[n++] : -1;
}

struct ci_match ci_match_best(const struct known *known, int gi, const struct mig_request *req,
			      int want)
{
	const struct mig_want *w = &req->want[want];
	const struct ci_search s = { &known->gpu->type->profiles[w->profile],
				     &known->gpu->gis[gi], w };
	struct matching m = {
		.n_have = s.gi->n_cis, .n_want = w->n_ci, .rest_fits = cis_fit, .arg = &s
	};
	struct ci_match ret = { 0 };

	for (int k = 0; k < w->n_ci; k++) {
		m.like[k] = w->ci[k] * MIG_UNITS_MAX * 2 + w->ci_start[k];
		for (int c = 0; c < s.gi->n_cis; c++)
			m.worth[c][k] = ci_worth(known, gi, c, req, want, k);
	}
	ret.worth = match_best(&m);
	ret.make = match_left(&m);
	ret.n_kept = w->n_ci - __builtin_popcount(ret.make);
	memcpy(ret.serves, m.serves, sizeof(ret.serves));
	place_cis(&s, &m, &ret);
	return ret;
}

void ci_starts_needed(const struct mig_profile *gi, const struct mig_want *want,
		      int *ret_starts)
{
	bool is_needed = false;
	int n = want->n_ci;
	uint16_t used = 0;

	if (mig_want_place(gi, want, 0, ret_starts, NULL) < 0)
		n = 0; /* not of a checked request */
	for (int i = 0; i < n && !is_needed; i++) {
		const uint16_t starts = mig_ci_starts(gi, 0, want->ci[i]);

		/* Where a place is asked for, no rule of the driver's is relied on. */
		is_needed = mig_ci_best_start(gi, used, want->ci[i]) != ret_starts[i] ||
			    (want->ci_start[i] >= 0 && __builtin_popcount(starts) > 1);
		used |= slices_of(ret_starts[i], gi->ci[want->ci[i]].size);
	}
	for (int i = 0; i < n && !is_needed; i++)
		ret_starts[i] = -1;
}
