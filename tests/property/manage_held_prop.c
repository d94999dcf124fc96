/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random GPUs, split at random, some of it held and some of it named, on the way to random
 * targets: what a change keeps, and what the nearest target is, against an account that puts
 * every want into every place. It knows nothing of how a change is made.
 */
#include <stdio.h>

#include <mig/manage.h>

#include "tests/models.h"
#include "tests/test.h"

enum { SAMPLES = 60000, NAMES = 5 };

/* A MIG device that stands, or is wanted; start -1: anywhere. */
struct ci {
	int kind, start;
	int name; /* -1: none */
	bool is_held, is_gone;
	int step; /* that made it, or -1 */
};

struct gi {
	int kind, start, n;
	struct ci cis[MIG_CIS_MAX];
	bool is_held, is_gone; /* is_held: without compute instances */
	int step;
};

struct gpu {
	const struct mig_gpu_type *type;
	int n;
	struct gi gis[2 * MIG_UNITS_MAX];
};

static uint64_t seed;

static unsigned span(int size, int start)
{
	return ((1U << size) - 1) << start;
}

/* --- Random GPUs ------------------------------------------------------------------ */

static void split(struct gi *gi, const struct mig_profile *p)
{
	unsigned used = 0;

	*gi = (struct gi){ gi->kind, gi->start, .step = -1 };
	for (int tries = below(4, &seed) ? 12 : 0; tries > 0 && gi->n < MIG_CIS_MAX; tries--) {
		const int kind = (int)below((unsigned)p->n_ci, &seed);
		const int start = (int)below(8, &seed);
		int alike = 0;

		for (int i = 0; i < gi->n; i++)
			alike += gi->cis[i].kind == kind;
		if (!(p->ci[kind].starts >> start & 1) || alike == p->ci[kind].max_count ||
		    used & span(p->ci[kind].size, start))
			continue;
		used |= span(p->ci[kind].size, start);
		gi->cis[gi->n++] = (struct ci){ kind, start, .name = -1, .step = -1 };
	}
	if (gi->n || below(3, &seed) == 0)
		return;
	gi->cis[gi->n++] = (struct ci){ p->n_ci - 1, 0, .name = -1, .step = -1 };
}

/* Can it stand there, for all that its units and the number of its kind say? */
static bool has_room(const struct gpu *gpu, int kind, int start)
{
	const struct mig_profile *p = &gpu->type->profiles[kind];
	int alike = 0;

	for (int i = 0; i < gpu->n; i++) {
		const struct gi *gi = &gpu->gis[i];

		if (gi->is_gone)
			continue;
		alike += gi->kind == kind;
		if (span(p->size, start) & span(gpu->type->profiles[gi->kind].size, gi->start))
			return false;
	}
	return p->starts >> start & 1 && alike < p->max_count;
}

static void fill(struct gpu *gpu)
{
	for (unsigned tries = 4 + below(20, &seed); tries > 0; tries--) {
		const int kind = (int)below((unsigned)gpu->type->n_profiles, &seed);
		const int start = (int)below((unsigned)gpu->type->units, &seed);

		if (!has_room(gpu, kind, start))
			continue;
		gpu->gis[gpu->n] = (struct gi){ .kind = kind, .start = start };
		split(&gpu->gis[gpu->n++], &gpu->type->profiles[kind]);
	}
}

/* A target is another GPU, or this one with some of it made anew; some places are left open. */
static struct gpu target_of(const struct gpu *gpu)
{
	struct gpu to = { .type = gpu->type };

	for (int i = 0; i < gpu->n && below(3, &seed); i++) {
		to.gis[to.n++] = gpu->gis[i];
		if (below(2, &seed))
			split(&to.gis[to.n - 1], &gpu->type->profiles[gpu->gis[i].kind]);
	}
	fill(&to);
	for (int i = 0; i < to.n; i++) {
		if (below(3, &seed))
			to.gis[i].start = -1;
		for (int k = 0; k < to.gis[i].n; k++) {
			to.gis[i].cis[k].name = -1;
			if (below(3, &seed))
				to.gis[i].cis[k].start = -1;
		}
	}
	return to;
}

static void hold(struct gpu *gpu)
{
	for (int i = 0; i < gpu->n; i++) {
		gpu->gis[i].is_held = gpu->gis[i].n == 0 && below(4, &seed) == 0;
		for (int k = 0; k < gpu->gis[i].n; k++)
			gpu->gis[i].cis[k].is_held = below(4, &seed) == 0;
	}
}

/* Each name at most once. */
static void name(struct gpu *gpu)
{
	for (int i = 0, n = 0; i < gpu->n; i++) {
		for (int k = 0; k < gpu->gis[i].n && n < NAMES; k++) {
			if (below(2, &seed))
				gpu->gis[i].cis[k].name = n++;
		}
	}
}

/* The names of @gpu, changed round. */
static void shuffle_names(struct gpu *gpu)
{
	const int by = (int)below(NAMES, &seed);

	for (int i = 0; i < gpu->n; i++) {
		for (int k = 0; k < gpu->gis[i].n; k++) {
			int *n = &gpu->gis[i].cis[k].name;

			*n = *n < 0 ? -1 : (*n + by) % NAMES;
		}
	}
}

/* --- The account: every want in every place ----------------------------------------- */

/* What is kept, the weightier first: held, names, MIG devices, GPU instances. */
static long worth(int held, int names, int devices, int gis)
{
	return ((held * 100L + names) * 100L + devices) * 100L + gis;
}

static long best_cis(const struct mig_profile *p, const struct gi *want, const struct gi *has,
		     int k, unsigned used)
{
	long best = -1;

	if (k == want->n)
		return 0;
	for (int start = 0; start < 8; start++) {
		const struct ci *w = &want->cis[k];
		const unsigned units = span(p->ci[w->kind].size, start);
		long here = 0, rest;

		if (!(p->ci[w->kind].starts >> start & 1) || used & units ||
		    (w->start >= 0 && w->start != start))
			continue;
		for (int i = 0; i < has->n; i++) {
			const struct ci *c = &has->cis[i];

			if (c->kind == w->kind && c->start == start)
				here = worth(c->is_held, w->name >= 0 && c->name == w->name, 1,
					     0);
		}
		rest = best_cis(p, want, has, k + 1, used | units);
		if (rest >= 0 && rest + here > best)
			best = rest + here;
	}
	return best;
}

/* Of the value of want @w in each place: 0 where nothing like it stands. */
struct account {
	const struct gpu *from, *to;
	long at[MIG_UNITS_MAX][MIG_UNITS_MAX];
};

static void weigh(struct account *acc)
{
	for (int w = 0; w < acc->to->n; w++) {
		const struct gi *want = &acc->to->gis[w];
		const struct mig_profile *p = &acc->to->type->profiles[want->kind];

		for (int i = 0; i < acc->from->n; i++) {
			const struct gi *gi = &acc->from->gis[i];
			long *at = &acc->at[w][gi->start];

			if (gi->kind != want->kind)
				continue;
			*at = worth(0, 0, 0, 1);
			*at += gi->n ? best_cis(p, want, gi, 0, 0)
				     : worth(gi->is_held, 0, 1, 0);
		}
	}
}

static long best_gis(const struct account *acc, int w, unsigned used)
{
	const struct gi *want = &acc->to->gis[w];
	const struct mig_profile *p = &acc->to->type->profiles[want->kind];
	long best = -1;

	if (w == acc->to->n)
		return 0;
	for (int start = 0; start < acc->to->type->units; start++) {
		const unsigned units = span(p->size, start);
		long rest;

		if (!(p->starts >> start & 1) || used & units ||
		    (want->start >= 0 && want->start != start))
			continue;
		rest = best_gis(acc, w + 1, used | units);
		if (rest >= 0 && rest + acc->at[w][start] > best)
			best = rest + acc->at[w][start];
	}
	return best;
}

/* --- What libmig is told ------------------------------------------------------------ */

struct told {
	struct mig_gpu gpu;
	struct mig_snapshot snap;
	struct mig_wanted wanted;
	struct mig_holder holders[64];
	struct mig_named named[64];
	struct mig_change_hints hints;
};

static void tell_names(struct told *t, const struct gi *gi, int i)
{
	for (int k = 0; k < gi->n; k++) {
		struct mig_named *n = &t->named[t->hints.n_named];

		if (gi->cis[k].name < 0)
			continue;
		*n = (struct mig_named){ 0, i, k, "n0" };
		n->name[1] = (char)('0' + gi->cis[k].name);
		t->hints.n_named++;
	}
}

static void tell_holders(struct told *t, const struct gi *gi, const struct mig_gi *as)
{
	int n_held = gi->is_held;

	for (int k = 0; k < gi->n; k++)
		n_held += gi->cis[k].is_held;
	if (n_held && (gi->n == 0 || (n_held == gi->n && below(2, &seed)))) {
		t->holders[t->hints.n_holders++] = (struct mig_holder){ 0, as->id, -1, 1, "" };
		return;
	}
	for (int k = 0; k < gi->n; k++) {
		if (gi->cis[k].is_held)
			t->holders[t->hints.n_holders++] =
				(struct mig_holder){ 0, as->id, as->cis[k].id, 1, "" };
	}
}

static void tell_wants(struct told *t, const struct gpu *to)
{
	t->wanted = (struct mig_wanted){ MIG_WANT_ON, mig_request_empty(to->type), { 0 } };
	for (int w = 0; w < to->n; w++) {
		struct mig_want *want = &t->wanted.request.want[t->wanted.request.n++];

		*want = mig_want_empty(to->gis[w].kind, to->gis[w].start);
		for (int k = 0; k < to->gis[w].n; k++) {
			struct mig_want_name *n = &t->wanted.names.of[t->wanted.names.n];

			want->ci_start[want->n_ci] = (int8_t)to->gis[w].cis[k].start;
			want->ci[want->n_ci++] = (uint8_t)to->gis[w].cis[k].kind;
			if (to->gis[w].cis[k].name < 0)
				continue;
			*n = (struct mig_want_name){ (uint8_t)w, (uint8_t)k, "n0" };
			n->name[1] = (char)('0' + to->gis[w].cis[k].name);
			t->wanted.names.n++;
		}
	}
}

static void tell(struct told *t, const struct gpu *from, const struct gpu *to)
{
	*t = (struct told){
		.gpu = { .has_mig = true, .mode = 1, .mode_pending = 1, .type = from->type },
		.snap = { .n_gpus = 1, .gpus = &t->gpu }
	};
	t->hints.holders = t->holders;
	t->hints.named = t->named;
	for (int i = 0; i < from->n; i++) {
		struct mig_gi *gi = &t->gpu.gis[t->gpu.n_gis++];

		*gi = (struct mig_gi){ .id = 14 - i,
				       .profile = from->gis[i].kind,
				       .start = from->gis[i].start };
		for (int k = 0; k < from->gis[i].n; k++) {
			const struct ci *c = &from->gis[i].cis[k];

			gi->cis[gi->n_cis++] = (struct mig_ci){
				.id = k + 1,
				.profile = c->kind,
				.start = c->start,
				.size = from->type->profiles[gi->profile].ci[c->kind].size,
			};
		}
		tell_names(t, &from->gis[i], i);
		tell_holders(t, &from->gis[i], gi);
	}
	tell_wants(t, to);
}

/* --- Carrying out what libmig answers ----------------------------------------------- */

static unsigned used_of(const struct mig_profile *p, const struct gi *gi)
{
	unsigned used = 0;

	for (int k = 0; k < gi->n; k++) {
		if (!gi->cis[k].is_gone)
			used |= span(p->ci[gi->cis[k].kind].size, gi->cis[k].start);
	}
	return used;
}

static void create_ci(struct gpu *gpu, struct gi *gi, const struct mig_step *s, int step)
{
	const struct mig_profile *p = &gpu->type->profiles[gi->kind];
	const struct mig_ci_profile *ci = &p->ci[s->ci_profile];
	const unsigned used = used_of(p, gi);
	const int start = s->ci_start >= 0
				  ? s->ci_start
				  : mig_ci_best_start(p, (uint16_t)used, s->ci_profile);

	CHECK(gi->n < MIG_CIS_MAX && start >= 0);
	CHECK(ci->starts >> start & 1 && !(used & span(ci->size, start)));
	gi->cis[gi->n++] = (struct ci){ s->ci_profile, start, .name = -1, .step = step };
}

static void carry_out(struct gpu *gpu, const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		struct gi *gi = s->gi >= 0 ? &gpu->gis[14 - s->gi] : NULL;

		switch (s->kind) {
		case MIG_STEP_CI_DESTROY:
			CHECK(gi && !gi->is_gone && !gi->cis[s->ci - 1].is_gone);
			gi->cis[s->ci - 1].is_gone = true;
			break;
		case MIG_STEP_GI_DESTROY:
			CHECK(gi && !gi->is_gone &&
			      !used_of(&gpu->type->profiles[gi->kind], gi));
			gi->is_gone = true;
			break;
		case MIG_STEP_GI_CREATE:
			CHECK(has_room(gpu, s->profile, s->start));
			gpu->gis[gpu->n++] = (struct gi){ s->profile, s->start, .step = i };
			break;
		case MIG_STEP_CI_CREATE:
			for (int k = 0; s->owner >= 0 && k < gpu->n; k++)
				gi = gpu->gis[k].step == s->owner ? &gpu->gis[k] : gi;
			CHECK(gi && !gi->is_gone);
			create_ci(gpu, gi, s, i);
			break;
		default:
			CHECK(!"a step of another kind");
		}
	}
}

/* What of @gpu, as it was, still stands. */
static long kept(const struct gpu *before, const struct gpu *gpu, const struct gpu *to)
{
	long sum = 0;

	for (int i = 0; i < before->n; i++) {
		const struct gi *gi = &gpu->gis[i];

		if (gi->is_gone)
			continue;
		sum += worth(before->gis[i].is_held, 0, before->gis[i].n == 0, 1);
		for (int k = 0; k < before->gis[i].n; k++) {
			const struct ci *c = &before->gis[i].cis[k];
			bool is_wanted = false;

			for (int w = 0; w < to->n; w++) {
				for (int j = 0; j < to->gis[w].n; j++)
					is_wanted |= to->gis[w].cis[j].name == c->name;
			}
			if (!gi->cis[k].is_gone)
				sum += worth(c->is_held,
					     c->name >= 0 && is_wanted &&
						     gi->cis[k].name == c->name,
					     1, 0);
		}
	}
	return sum;
}

/* The names that the change says there are afterwards. */
static void rename_all(struct gpu *gpu, const struct mig_change *change)
{
	for (int i = 0; i < gpu->n; i++) {
		for (int k = 0; k < gpu->gis[i].n; k++)
			gpu->gis[i].cis[k].name = -1;
	}
	for (int n = 0; n < change->n_names; n++) {
		const struct mig_change_name *to = &change->names[n];
		struct ci *ci = NULL;

		if (to->step < 0)
			ci = &gpu->gis[to->gi].cis[to->ci];
		for (int i = 0; to->step >= 0 && i < gpu->n; i++) {
			for (int k = 0; k < gpu->gis[i].n; k++) {
				if (gpu->gis[i].cis[k].step == to->step)
					ci = &gpu->gis[i].cis[k];
			}
		}
		CHECK(ci && !ci->is_gone && ci->name < 0);
		ci->name = to->name[1] - '0';
	}
}

static bool cis_serve(const struct gi *want, const struct gi *gi, int k, unsigned taken)
{
	if (k == want->n)
		return true;
	for (int i = 0; i < gi->n; i++) {
		const struct ci *w = &want->cis[k], *c = &gi->cis[i];

		if (!c->is_gone && !(taken >> i & 1) && c->kind == w->kind &&
		    (w->start < 0 || w->start == c->start) &&
		    (w->name < 0 || w->name == c->name) &&
		    cis_serve(want, gi, k + 1, taken | 1U << i))
			return true;
	}
	return false;
}

/* Is what stands what is wanted, no more and no less? */
static bool serves(const struct gpu *to, const struct gpu *gpu, int w, unsigned taken)
{
	if (w == to->n)
		return true;
	for (int i = 0; i < gpu->n; i++) {
		const struct gi *want = &to->gis[w], *gi = &gpu->gis[i];
		int n = 0;

		for (int k = 0; k < gi->n; k++)
			n += !gi->cis[k].is_gone;
		if (!gi->is_gone && !(taken >> i & 1) && gi->kind == want->kind &&
		    n == want->n && (want->start < 0 || want->start == gi->start) &&
		    cis_serve(want, gi, 0, 0) && serves(to, gpu, w + 1, taken | 1U << i))
			return true;
	}
	return false;
}

static int n_standing(const struct gpu *gpu)
{
	int n = 0;

	for (int i = 0; i < gpu->n; i++)
		n += !gpu->gis[i].is_gone;
	return n;
}

static long change_keeps_the_most(struct told *t, const struct gpu *from, const struct gpu *to)
{
	static struct account acc;
	struct gpu gpu = *from;
	struct mig_change change;
	long most;

	acc = (struct account){ from, to, { { 0 } } };
	weigh(&acc);
	most = best_gis(&acc, 0, 0);
	CHECK(mig_change_make(&t->snap, &t->wanted, &t->hints, &change, NULL) == 0);
	carry_out(&gpu, &change);
	rename_all(&gpu, &change);
	CHECK(n_standing(&gpu) == to->n && serves(to, &gpu, 0, 0));
	CHECK(kept(from, &gpu, to) == most);
	mig_change_free(&change);
	return most;
}

/* --- The nearest target ------------------------------------------------------------- */

static bool is_held(const struct gi *gi)
{
	bool held = gi->is_held;

	for (int k = 0; k < gi->n; k++)
		held |= gi->cis[k].is_held;
	return held;
}

/* The most compute instances of @want that stand, when those held stay. */
static int most_beside(const struct mig_profile *p, const struct gi *want, const struct gi *has,
		       int k, unsigned used)
{
	int best;

	if (k == want->n)
		return 0;
	best = most_beside(p, want, has, k + 1, used);
	for (int start = 0; start < 8; start++) {
		const struct ci *w = &want->cis[k];
		const unsigned units = span(p->ci[w->kind].size, start);
		bool is_free = !(used & units);
		int n;

		if (!(p->ci[w->kind].starts >> start & 1) ||
		    (w->start >= 0 && w->start != start))
			continue;
		for (int i = 0; i < has->n && is_free; i++) {
			const struct ci *c = &has->cis[i];
			const bool is_it = c->kind == w->kind && c->start == start;

			is_free = !c->is_held || is_it ||
				  !(units & span(p->ci[c->kind].size, c->start));
		}
		if (!is_free)
			continue;
		n = 1 + most_beside(p, want, has, k + 1, used | units);
		best = n > best ? n : best;
	}
	return best;
}

/* The most devices, and then units, of wants from @w on. */
static int best_nearest(const struct gpu *from, const struct gpu *to, int w, unsigned used)
{
	const struct gi *want = &to->gis[w];
	const struct mig_profile *p = &to->type->profiles[want->kind];
	int best;

	if (w == to->n)
		return 0;
	best = best_nearest(from, to, w + 1, used);
	for (int start = 0; start < to->type->units; start++) {
		const unsigned units = span(p->size, start);
		int n = want->n ? want->n : 1, sum;

		if (!(p->starts >> start & 1) || used & units ||
		    (want->start >= 0 && want->start != start))
			continue;
		for (int i = 0; i < from->n; i++) {
			const struct gi *gi = &from->gis[i];

			if (!is_held(gi) ||
			    !(units & span(to->type->profiles[gi->kind].size, gi->start)))
				continue;
			if (gi->kind != want->kind || gi->start != start)
				n = 0;
			else
				n = want->n ? most_beside(p, want, gi, 0, 0) : gi->n == 0;
		}
		if (!n)
			continue;
		sum = n * 1000 + p->size + best_nearest(from, to, w + 1, used | units);
		best = sum > best ? sum : best;
	}
	return best;
}

static int n_devices(const struct mig_request *req)
{
	int n = 0;

	for (int i = 0; i < req->n; i++)
		n += req->want[i].n_ci ? req->want[i].n_ci : 1;
	return n;
}

/* All that is held stays on the way to it, and of the wish as much as can be is in it. */
static bool the_nearest_is_the_most(struct told *t, const struct gpu *from,
				    const struct gpu *to)
{
	const int most = best_nearest(from, to, 0, 0) / 1000;
	struct mig_nearest near;
	struct mig_change change;
	struct gpu gpu = *from;
	char text[1024];

	CHECK(mig_change_nearest(&t->snap, 0, &t->wanted, &t->hints, &near, NULL) == 0);
	CHECK(near.n_devices == most);
	CHECK(n_devices(&t->wanted.request) - n_devices(&near.left_out) == most);
	for (int i = 0; i < near.wanted.request.n; i++)
		CHECK(near.wanted.request.want[i].start >= 0);
	CHECK(mig_nearest_format(&near, text, sizeof(text)) == text);
	CHECK(mig_change_make(&t->snap, &near.wanted, &t->hints, &change, NULL) == 0);
	carry_out(&gpu, &change);
	mig_change_free(&change);
	for (int i = 0; i < from->n; i++) {
		CHECK(!is_held(&from->gis[i]) || !gpu.gis[i].is_gone);
		for (int k = 0; k < from->gis[i].n; k++)
			CHECK(!from->gis[i].cis[k].is_held || !gpu.gis[i].cis[k].is_gone);
	}
	return near.left_out.n > 0;
}

static struct mig_gpu_type plain(const struct mig_gpu_type *type)
{
	struct mig_gpu_type t = *type;

	t.n_profiles = 0;
	for (int i = 0; i < type->n_profiles; i++) {
		if (!strpbrk(type->profiles[i].name, "+-"))
			t.profiles[t.n_profiles++] = type->profiles[i];
	}
	return t;
}

static void random_changes(const struct mig_gpu_type *all, int samples)
{
	const struct mig_gpu_type type = plain(all);
	long n_kept = 0, n_held = 0;
	int n_left_out = 0;

	for (int i = 0; i < samples; i++) {
		struct gpu from = { .type = &type }, to;
		static struct told told;

		seed = (uint64_t)i;
		fill(&from);
		name(&from);
		hold(&from);
		to = target_of(&from);
		name(&to);
		shuffle_names(&to);
		tell(&told, &from, &to);
		n_kept += change_keeps_the_most(&told, &from, &to) / 100 % 100;
		n_left_out += the_nearest_is_the_most(&told, &from, &to);
		n_held += told.hints.n_holders;
	}
	printf("%s: %d changes, %ld instances kept, %ld held; %d nearest targets leave some "
	       "out\n",
	       type.key, samples, n_kept, n_held, n_left_out);
	CHECK(n_kept > samples / 2 && n_held > samples / 4 && n_left_out > samples / 20);
}

int main(void)
{
	const struct mig_gpu_type a100 = model_a100(), a30 = model_a30(),
				  rtx = model_rtx_pro_6000();

	random_changes(&a100, SAMPLES);
	random_changes(&a30, SAMPLES / 4);
	random_changes(&rtx, SAMPLES / 4);
	return 0;
}
