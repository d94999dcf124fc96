/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most of a wish that can stand beside what is held. First, what each held GPU instance can
 * serve of each want; then which wants the held ones serve and which get a new GPU instance,
 * tried in all ways.
 */
#include <string.h>

#include "lib/manage/plan.h"
#include "shared/text.h"

/* What a want that is served is worth: MIG devices, then units, then names that stay. */
static int worth_of(int devices, int units, int names)
{
	return devices << 20 | units << 8 | names;
}

enum { WORTH_ONE_DEVICE = 1 << 20 };

/* How a want is served by a GPU instance that is held. */
struct part {
	int worth;                     /* 0: it does not serve it */
	struct mig_want want;          /* what is held, then what comes */
	int from[MIG_CI_PROFILES_MAX]; /* the CI of the wish that each is, or -1 */
	unsigned left;                 /* bit k: CI k of the wish is left out */
};

struct wish {
	struct known known;
	const struct mig_request *request;
	int n_held;
	int held[MIG_GIS_MAX]; /* indices of the GIs that are held */
	struct part alone[MIG_GIS_MAX], parts[MIG_GIS_MAX][MIG_UNITS_MAX];
	struct mig_layout lay; /* of what is held */
	/* What the search decides: the want of each held GI or -1, and those that get a new one. */
	struct choice {
		int serves[MIG_GIS_MAX];
		unsigned made;
		int worth;
	} now, best;
};

static bool gi_is_held(const struct known *known, int g)
{
	const int n = known->gpu->gis[g].n_cis;
	bool is_held = n == 0 && known_is_held(known, g, -1);

	for (int c = 0; c < n && !is_held; c++)
		is_held = known_is_held(known, g, c);
	return is_held;
}

/* --- A GPU instance that is held -------------------------------------------------- */

static void part_add(struct part *part, int ci, int start, int from)
{
	part->from[part->want.n_ci] = from;
	part->want.ci_start[part->want.n_ci] = (int8_t)start;
	part->want.ci[part->want.n_ci++] = (uint8_t)ci;
}

static bool is_name(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The CI of want @w that is to be where CI @c stands; or else, of those that may be anywhere,
 * that of its name, or the first; -1: none. */
static int wanted_at(const struct known *known, int g, int c, const struct mig_request *req,
		     int w, unsigned left)
{
	const struct mig_ci *ci = &known->gpu->gis[g].cis[c];
	const struct mig_want *want = &req->want[w];
	const char *name = known_name(known, g, c);
	int best = -1;

	for (int k = 0; k < want->n_ci; k++) {
		if (!(left >> k & 1) || want->ci[k] != ci->profile)
			continue;
		if (want->ci_start[k] == ci->start)
			return k;
		if (want->ci_start[k] < 0 &&
		    (best < 0 || is_name(name, known_wanted_name(known, w, k))))
			best = k;
	}
	return best;
}

/* The CIs of @want in @which, alone. */
static struct mig_want some_cis(const struct mig_want *want, unsigned which)
{
	struct mig_want some = mig_want_empty(want->profile, want->start);

	for (int k = 0; k < want->n_ci; k++) {
		if (!(which >> k & 1))
			continue;
		some.ci_start[some.n_ci] = want->ci_start[k];
		some.ci[some.n_ci++] = want->ci[k];
	}
	return some;
}

/* Of the CIs @left the most that fit beside @used; of as many, those that come first. */
static unsigned most_beside(const struct mig_profile *p, const struct mig_want *want,
			    unsigned left, uint16_t used)
{
	unsigned best = 0;

	for (unsigned set = left; set; set = (set - 1) & left) {
		const int more = __builtin_popcount(set) - __builtin_popcount(best);
		const struct mig_want some = some_cis(want, set);

		if (more < 0 || (more == 0 && set > best))
			continue;
		if (mig_want_place(p, &some, used, NULL, NULL) == 0)
			best = set;
	}
	return best;
}

/* What of held GI @g must stay. @w: the want that it serves, or -1: none. */
static struct part held_part(const struct known *known, int g, const struct mig_request *req,
			     int w, uint16_t *ret_used, int *ret_names)
{
	const struct mig_gi *gi = &known->gpu->gis[g];
	struct part part = { .want = mig_want_empty(gi->profile, gi->start),
			     .left = w < 0 ? 0 : (1U << req->want[w].n_ci) - 1 };

	*ret_used = 0;
	*ret_names = 0;
	for (int c = 0; c < gi->n_cis; c++) {
		const struct mig_ci *ci = &gi->cis[c];
		int k;

		if (!known_is_held(known, g, c))
			continue;
		k = w < 0 ? -1 : wanted_at(known, g, c, req, w, part.left);
		part_add(&part, ci->profile, ci->start, k);
		*ret_used |= (uint16_t)(((1U << ci->size) - 1U) << ci->start);
		if (k < 0)
			continue;
		part.left &= ~(1U << k);
		*ret_names += is_name(known_name(known, g, c), known_wanted_name(known, w, k));
	}
	return part;
}

/* How held GI @g serves want @w: with what is held, and what fits beside it. */
static struct part part_of(const struct known *known, int g, const struct mig_request *req,
			   int w)
{
	const struct mig_gi *gi = &known->gpu->gis[g];
	const struct mig_profile *p = &known->gpu->type->profiles[gi->profile];
	const struct mig_want *want = &req->want[w];
	uint16_t used;
	int names, n;
	struct part part = held_part(known, g, req, w, &used, &names);
	const unsigned more = most_beside(p, want, part.left, used);

	for (int k = 0; k < want->n_ci; k++) {
		if (more >> k & 1)
			part_add(&part, want->ci[k], want->ci_start[k], k);
	}
	part.left &= ~more;
	n = want->n_ci ? want->n_ci - __builtin_popcount(part.left) : gi->n_cis == 0;
	part.worth = n ? worth_of(n, p->size, names) : 0;
	return part;
}

static bool is_described(const struct known *known, int g)
{
	const struct mig_gi *gi = &known->gpu->gis[g];

	for (int c = 0; c < gi->n_cis; c++) {
		if (known_is_held(known, g, c) &&
		    (gi->cis[c].profile < 0 || gi->cis[c].start < 0))
			return false;
	}
	return gi->profile >= 0;
}

static int look_at_held(struct wish *wish, struct mig_error *err)
{
	const struct mig_gpu *gpu = wish->known.gpu;

	wish->lay = mig_layout_empty(gpu->type);
	for (int g = 0; g < gpu->n_gis; g++) {
		const struct mig_gi *gi = &gpu->gis[g];
		const int h = wish->n_held;
		uint16_t used;
		int names;

		if (!gi_is_held(&wish->known, g))
			continue;
		if (!is_described(&wish->known, g) ||
		    mig_layout_add(&wish->lay, gi->profile, gi->start, NULL) < 0)
			return mig_fail(err, MIG_E_UNSUPPORTED,
					"GPU %d: GPU instance %d is held, and nobody knows its "
					"profile",
					gpu->index, gi->id);
		wish->alone[h] = held_part(&wish->known, g, wish->request, -1, &used, &names);
		for (int w = 0; w < wish->request->n; w++) {
			const struct mig_want *want = &wish->request->want[w];

			if (want->profile == gi->profile &&
			    (want->start < 0 || want->start == gi->start))
				wish->parts[h][w] = part_of(&wish->known, g, wish->request, w);
		}
		wish->held[wish->n_held++] = g;
	}
	return 0;
}

/* --- The choice ------------------------------------------------------------------- */

/* What want @w is worth when it is served in full by a new GPU instance. */
static int worth_made(const struct wish *wish, int w)
{
	const struct mig_want *want = &wish->request->want[w];

	return worth_of(want->n_ci ? want->n_ci : 1,
			wish->request->type->profiles[want->profile].size, 0);
}

/* Can wants @rest still make the choice better than the best? */
static bool is_hopeful(const struct wish *wish, unsigned rest)
{
	int most = wish->now.worth + wish->known.wanted->n;

	for (; rest; rest &= rest - 1)
		most += worth_made(wish, __builtin_ctz(rest));
	return most > wish->best.worth;
}

/* Of wants @rest, those that come no earlier than @w get a new GPU instance, or none. */
static void choose_made(struct wish *wish, int w, unsigned rest, struct mig_request *made)
{
	if (wish->now.worth > wish->best.worth)
		wish->best = wish->now;
	for (; w < wish->request->n && is_hopeful(wish, rest); w++) {
		if (!(rest >> w & 1))
			continue;
		rest &= ~(1U << w);
		made->want[made->n++] = wish->request->want[w];
		if (mig_request_can_place(made, &wish->lay)) {
			wish->now.made |= 1U << w;
			wish->now.worth += worth_made(wish, w);
			choose_made(wish, w + 1, rest, made);
			wish->now.worth -= worth_made(wish, w);
			wish->now.made &= ~(1U << w);
		}
		made->n--;
	}
}

/* Held GIs from @h on serve a want, or none. */
static void choose_served(struct wish *wish, int h, unsigned rest)
{
	struct mig_request made = mig_request_empty(wish->request->type);

	if (!is_hopeful(wish, rest))
		return;
	if (h == wish->n_held) {
		choose_made(wish, 0, rest, &made);
		return;
	}
	for (int w = 0; w < wish->request->n; w++) {
		const int worth = wish->parts[h][w].worth;

		if (!(rest >> w & 1) || !worth)
			continue;
		wish->now.serves[h] = w;
		wish->now.worth += worth;
		choose_served(wish, h + 1, rest & ~(1U << w));
		wish->now.worth -= worth;
	}
	wish->now.serves[h] = -1;
	choose_served(wish, h + 1, rest);
}

/* --- The answer ------------------------------------------------------------------- */

static void answer_name(const struct wish *wish, int w, int k, struct mig_wanted *ret, int ci)
{
	const char *name = known_wanted_name(&wish->known, w, k);
	struct mig_want_name *to = &ret->names.of[ret->names.n];

	if (!name)
		return;
	*to = (struct mig_want_name){ .want = (uint8_t)ret->request.n, .ci = (uint8_t)ci };
	text_copy(to->name, sizeof(to->name), name);
	ret->names.n++;
}

static void answer_held(const struct wish *wish, int h, struct mig_nearest *ret)
{
	const int w = wish->best.serves[h];
	const struct part *part = w < 0 ? &wish->alone[h] : &wish->parts[h][w];

	for (int k = 0; k < part->want.n_ci; k++) {
		if (part->from[k] >= 0)
			answer_name(wish, w, part->from[k], &ret->wanted, k);
	}
	ret->wanted.request.want[ret->wanted.request.n++] = part->want;
	if (part->left)
		ret->left_out.want[ret->left_out.n++] =
			some_cis(&wish->request->want[w], part->left);
}

static void answer_made(const struct wish *wish, int w, struct mig_nearest *ret)
{
	const struct mig_want *want = &wish->request->want[w];

	if (!(wish->best.made >> w & 1)) {
		ret->left_out.want[ret->left_out.n++] = *want;
		return;
	}
	for (int k = 0; k < want->n_ci; k++)
		answer_name(wish, w, k, &ret->wanted, k);
	ret->wanted.request.want[ret->wanted.request.n++] = *want;
}

/* Each GPU instance of the answer where the fewest others are disturbed. */
static int place_answer(const struct wish *wish, struct mig_nearest *ret, struct mig_error *err)
{
	struct plan plan = { .known = { wish->known.gpu, wish->known.hints,
					&ret->wanted.names },
			     .request = &ret->wanted.request };
	int rc = plan_make(&plan, err);

	for (int w = 0; rc == 0 && w < ret->wanted.request.n; w++)
		ret->wanted.request.want[w].start = (int8_t)plan.starts[w];
	for (int g = 0; rc == 0 && g < wish->known.gpu->n_gis; g++) {
		if (plan.gis.serves[g] >= 0)
			ret->wanted.request.want[plan.gis.serves[g]].start =
				(int8_t)wish->known.gpu->gis[g].start;
	}
	return rc;
}

static int answer(const struct wish *wish, struct mig_nearest *ret, struct mig_error *err)
{
	struct mig_nearest out = { .wanted = { .mode = MIG_WANT_ON },
				   .n_devices = wish->best.worth / WORTH_ONE_DEVICE };
	unsigned served = 0;
	int rc;

	out.wanted.request = out.left_out = mig_request_empty(wish->request->type);
	for (int h = 0; h < wish->n_held; h++) {
		answer_held(wish, h, &out);
		if (wish->best.serves[h] >= 0)
			served |= 1U << wish->best.serves[h];
	}
	for (int w = 0; w < wish->request->n; w++) {
		if (!(served >> w & 1))
			answer_made(wish, w, &out);
	}
	rc = place_answer(wish, &out, err);
	if (rc == 0)
		*ret = out;
	return rc;
}

int mig_change_nearest(const struct mig_snapshot *snap, int gpu,
		       const struct mig_wanted *wanted, const struct mig_change_hints *hints,
		       struct mig_nearest *ret, struct mig_error *err)
{
	static const struct mig_change_hints nothing;
	struct wish wish = { .known = { &snap->gpus[gpu], hints ? hints : &nothing,
					&wanted->names },
			     .request = &wanted->request,
			     .best = { .worth = -1 } };
	int rc = change_check_request(&snap->gpus[gpu], &wanted->request, err);

	if (rc == 0)
		rc = look_at_held(&wish, err);
	if (rc < 0)
		return rc;
	choose_served(&wish, 0, (1U << wanted->request.n) - 1);
	return answer(&wish, ret, err);
}

const char *mig_nearest_format(const struct mig_nearest *nearest, char *buf, size_t len)
{
	char left[512];

	mig_request_format(&nearest->wanted.request, buf, len);
	if (nearest->left_out.n)
		text_append(buf, len, ", without %s",
			    mig_request_format(&nearest->left_out, left, sizeof(left)));
	return buf;
}
