/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change disturbs no more than it must: every layout of a GPU to every other, by counts, by
 * places and by some of each, and every split of a GPU instance to every other, against an
 * account that knows nothing of how a change is made. The account tries every layout that
 * serves the target: the least that must go is what the one most like the source lacks.
 */
#include <stdio.h>

#include <mig/manage.h>

#include "tests/models.h"
#include "tests/test.h"

enum { PLACES_MAX = 32, STATES_MAX = 1024, KINDS_MAX = 8 };

/* One place of one kind: a GI profile on a GPU, or a CI profile in a GPU instance. */
struct place {
	int kind, start;
	uint32_t units;
};

/* Every state of something divided, as sets of places, and how many of each kind it has.
 * States with the same counts are a ring, by the index of the next. */
struct account {
	int n_places, n_states;
	struct place places[PLACES_MAX];
	uint32_t states[STATES_MAX];
	uint8_t counts[STATES_MAX][KINDS_MAX];
	int next_alike[STATES_MAX];
	int left[KINDS_MAX], media_left; /* while it is filled */
	bool has_media[KINDS_MAX];       /* takes the only OFA of a GPU */
};

static void add_places(struct account *acc, int kind, uint16_t starts, int size, int count)
{
	CHECK(kind < KINDS_MAX);
	acc->left[kind] = count;
	for (int s = 0; s < MIG_UNITS_MAX; s++) {
		if (!(starts >> s & 1))
			continue;
		CHECK(acc->n_places < PLACES_MAX);
		acc->places[acc->n_places++] =
			(struct place){ kind, s, ((1U << size) - 1) << s };
	}
}

static void add_state(struct account *acc, uint32_t state)
{
	const int n = acc->n_states++;

	CHECK(n < STATES_MAX);
	acc->states[n] = state;
	acc->next_alike[n] = n;
	for (int i = 0; i < acc->n_places; i++) {
		if (state >> i & 1)
			acc->counts[n][acc->places[i].kind]++;
	}
	for (int i = 0; i < n; i++) {
		if (memcmp(acc->counts[i], acc->counts[n], KINDS_MAX) != 0)
			continue;
		acc->next_alike[n] = acc->next_alike[i];
		acc->next_alike[i] = n;
		return;
	}
}

/* All sets of places, from @from on, that share no unit and no engine. */
static void add_states(struct account *acc, int from, uint32_t state, uint32_t used)
{
	add_state(acc, state);
	for (int i = from; i < acc->n_places; i++) {
		const struct place *p = &acc->places[i];

		if (used & p->units || !acc->left[p->kind] ||
		    (acc->has_media[p->kind] && !acc->media_left))
			continue;
		acc->left[p->kind]--;
		acc->media_left -= acc->has_media[p->kind];
		add_states(acc, i + 1, state | 1U << i, used | p->units);
		acc->left[p->kind]++;
		acc->media_left += acc->has_media[p->kind];
	}
}

/* The most of @source that can stay on the way to as many of each kind as @target has, when
 * those of @fixed stand just where they do there. */
static int most_kept(const struct account *acc, int source, int target, uint32_t fixed)
{
	int most = -1, i = target;

	do {
		const int kept = __builtin_popcount(acc->states[i] & acc->states[source]);

		if (kept > most && (acc->states[i] & fixed) == fixed)
			most = kept;
		i = acc->next_alike[i];
	} while (i != target);
	CHECK(most >= 0);
	return most;
}

/* Is it the first of those with its counts? By counts alone the others are the same target. */
static bool is_first_alike(const struct account *acc, int state)
{
	for (int i = acc->next_alike[state]; i != state; i = acc->next_alike[i]) {
		if (i < state)
			return false;
	}
	return true;
}

static int place_of(const struct account *acc, int kind, int start)
{
	for (int i = 0; i < acc->n_places; i++) {
		if (acc->places[i].kind == kind && acc->places[i].start == start)
			return i;
	}
	fprintf(stderr, "no place of kind %d at %d\n", kind, start);
	exit(EXIT_FAILURE);
}

/* --- GPU instances ---------------------------------------------------------------- */

static uint8_t default_ci(const struct mig_gpu_type *type, int profile)
{
	return (uint8_t)(type->profiles[profile].n_ci - 1);
}

static struct mig_gpu gpu_in(const struct account *acc, const struct mig_gpu_type *type,
			     uint32_t state)
{
	struct mig_gpu gpu = { .has_mig = true, .mode = 1, .mode_pending = 1, .type = type };

	for (int i = 0; i < acc->n_places; i++) {
		struct mig_gi *gi = &gpu.gis[gpu.n_gis];

		if (!(state >> i & 1))
			continue;
		*gi = (struct mig_gi){ .id = gpu.n_gis++,
				       .profile = acc->places[i].kind,
				       .start = acc->places[i].start,
				       .n_cis = 1 };
		gi->cis[0].profile = default_ci(type, gi->profile);
		gi->cis[0].size = type->profiles[gi->profile].ci[gi->cis[0].profile].size;
	}
	return gpu;
}

/* What @target has; those of @fixed by their places, the others by kind alone. */
static struct mig_wanted wanted_of(const struct account *acc, const struct mig_gpu_type *type,
				   uint32_t target, uint32_t fixed)
{
	struct mig_wanted w = { .mode = MIG_WANT_ON, .request = mig_request_empty(type) };

	for (int i = 0; i < acc->n_places; i++) {
		const struct place *p = &acc->places[i];
		struct mig_want *want = &w.request.want[w.request.n];

		if (!(target >> i & 1))
			continue;
		*want = mig_want_empty(p->kind, fixed >> i & 1 ? p->start : -1);
		want->ci[want->n_ci++] = default_ci(type, p->kind);
		w.request.n++;
	}
	return w;
}

/* Carry out the steps on a set of places; nothing may be made where something stands. */
static uint32_t after(const struct account *acc, uint32_t state, const struct mig_change *c)
{
	uint32_t used = 0;

	for (int i = 0; i < acc->n_places; i++)
		used |= state >> i & 1 ? acc->places[i].units : 0;
	for (int i = 0; i < c->n_steps; i++) {
		const struct mig_step *s = &c->steps[i];
		int at;

		if (s->kind != MIG_STEP_GI_CREATE && s->kind != MIG_STEP_GI_DESTROY)
			continue;
		at = place_of(acc, s->profile, s->start);
		if (s->kind == MIG_STEP_GI_CREATE)
			CHECK(!(used & acc->places[at].units));
		else
			CHECK(state >> at & 1);
		state ^= 1U << at;
		used ^= acc->places[at].units;
	}
	return state;
}

static bool serves(const struct account *acc, uint32_t state, int target, uint32_t fixed)
{
	int i = target;

	do {
		if (acc->states[i] == state)
			return (state & fixed) == fixed;
		i = acc->next_alike[i];
	} while (i != target);
	return false;
}

static int change_gis(const struct account *acc, const struct mig_gpu_type *type, int source,
		      int target, uint32_t fixed)
{
	struct mig_gpu gpu = gpu_in(acc, type, acc->states[source]);
	const struct mig_snapshot snap = { .n_gpus = 1, .gpus = &gpu };
	const struct mig_wanted wanted = wanted_of(acc, type, acc->states[target], fixed);
	const int n_before = __builtin_popcount(acc->states[source]);
	const int n_after = __builtin_popcount(acc->states[target]);
	const int n_kept = most_kept(acc, source, target, fixed);
	int n_disturbed = -n_kept;
	struct mig_change change;

	for (int k = 0; k < KINDS_MAX; k++)
		n_disturbed += acc->counts[source][k] < acc->counts[target][k]
				       ? acc->counts[source][k]
				       : acc->counts[target][k];
	CHECK(mig_change_make(&snap, &wanted, NULL, &change, NULL) == 0);
	CHECK(change.gpus[0].n_destroyed == n_before - n_kept);
	CHECK(change.gpus[0].n_kept == n_kept);
	CHECK(change.gpus[0].n_created == n_after - n_kept);
	CHECK(change.gpus[0].n_disturbed == n_disturbed);
	CHECK(change.n_steps == 2 * (n_before - n_kept) + 2 * (n_after - n_kept));
	CHECK(serves(acc, after(acc, acc->states[source], &change), target, fixed));
	mig_change_free(&change);
	return n_kept;
}

static void every_layout_to_every_other(const struct mig_gpu_type *type, int n_states)
{
	static struct account acc;
	uint64_t seed = 1;
	long n_kept = 0, n_pairs = 0;

	acc = (struct account){ .media_left = 1 };
	for (int p = 0; p < type->n_profiles; p++) {
		acc.has_media[p] = type->profiles[p].ofa > 0;
		add_places(&acc, p, type->profiles[p].starts, type->profiles[p].size,
			   type->profiles[p].max_count);
	}
	add_states(&acc, 0, 0, 0);
	CHECK(acc.n_states == n_states);
	for (int s = 0; s < acc.n_states; s++) {
		for (int t = 0; t < acc.n_states; t++) {
			const uint32_t some = below(1U << 31, &seed) & acc.states[t];

			if (is_first_alike(&acc, t))
				change_gis(&acc, type, s, t, 0);
			change_gis(&acc, type, s, t, acc.states[t]);
			n_kept += change_gis(&acc, type, s, t, some);
			n_pairs++;
		}
	}
	printf("%s: %d layouts, %ld pairs, %.2f instances kept in the mean\n", type->key,
	       acc.n_states, n_pairs, (double)n_kept / (double)n_pairs);
	CHECK(n_kept > 0);
}

/* --- Compute instances ------------------------------------------------------------ */

static int change_cis(const struct account *acc, const struct mig_gpu_type *type, int profile,
		      int source, int target, uint32_t fixed)
{
	const struct mig_profile *p = &type->profiles[profile];
	struct mig_gpu gpu = {
		.has_mig = true, .mode = 1, .mode_pending = 1, .type = type, .n_gis = 1
	};
	const struct mig_snapshot snap = { .n_gpus = 1, .gpus = &gpu };
	struct mig_wanted wanted = { .mode = MIG_WANT_ON, .request = { .type = type, .n = 1 } };
	struct mig_want *want = &wanted.request.want[0];
	struct mig_gi *gi = &gpu.gis[0];
	const int n_kept = most_kept(acc, source, target, fixed);
	struct mig_change change;

	*gi = (struct mig_gi){ .profile = profile };
	*want = mig_want_empty(profile, -1);
	for (int i = 0; i < acc->n_places; i++) {
		const struct place *at = &acc->places[i];

		if (acc->states[source] >> i & 1) {
			gi->cis[gi->n_cis] = (struct mig_ci){ .id = gi->n_cis,
							      .profile = at->kind,
							      .start = at->start,
							      .size = p->ci[at->kind].size };
			gi->n_cis++;
		}
		if (acc->states[target] >> i & 1) {
			want->ci_start[want->n_ci] = (int8_t)(fixed >> i & 1 ? at->start : -1);
			want->ci[want->n_ci++] = (uint8_t)at->kind;
		}
	}
	CHECK(mig_change_make(&snap, &wanted, NULL, &change, NULL) == 0);
	CHECK(change.n_steps == gi->n_cis - n_kept + want->n_ci - n_kept);
	CHECK(change.gpus[0].n_destroyed == gi->n_cis - n_kept);
	CHECK(change.gpus[0].n_created == want->n_ci - n_kept);
	for (int i = 0; i < change.n_steps; i++)
		CHECK(change.steps[i].kind == MIG_STEP_CI_DESTROY ||
		      change.steps[i].kind == MIG_STEP_CI_CREATE);
	mig_change_free(&change);
	return n_kept;
}

static void every_split_to_every_other(const struct mig_gpu_type *type, int profile)
{
	const struct mig_profile *p = &type->profiles[profile];
	static struct account acc;
	uint64_t seed = 1;
	long n_kept = 0;

	acc = (struct account){ 0 };
	for (int c = 0; c < p->n_ci; c++)
		add_places(&acc, c, p->ci[c].starts, p->ci[c].size, p->ci[c].max_count);
	add_states(&acc, 0, 0, 0);
	for (int s = 0; s < acc.n_states; s++) {
		for (int t = 0; t < acc.n_states; t++) {
			const uint32_t some = below(1U << 31, &seed) & acc.states[t];

			if (is_first_alike(&acc, t))
				change_cis(&acc, type, profile, s, t, 0);
			change_cis(&acc, type, profile, s, t, acc.states[t]);
			n_kept += change_cis(&acc, type, profile, s, t, some);
		}
	}
	printf("%s: %d splits, %d pairs, %.2f compute instances kept in the mean\n", p->name,
	       acc.n_states, acc.n_states * acc.n_states,
	       (double)n_kept / acc.n_states / acc.n_states);
	CHECK(n_kept > 0);
}

/* --- The GPUs --------------------------------------------------------------------- */

/* @type with those of its profiles that are named by size alone: "3g.40gb", not "…+me". */
static struct mig_gpu_type plain(const struct mig_gpu_type *type, const char *but)
{
	struct mig_gpu_type t = *type;

	t.n_profiles = 0;
	for (int i = 0; i < type->n_profiles; i++) {
		const char *name = type->profiles[i].name;

		if (!strpbrk(name, "+-") && strcmp(name, but) != 0)
			t.profiles[t.n_profiles++] = type->profiles[i];
	}
	return t;
}

int main(void)
{
	const struct mig_gpu_type a100_all = model_a100(), a30 = model_a30(),
				  rtx_all = model_rtx_pro_6000();
	const struct mig_gpu_type a100_core = plain(&a100_all, "1g.20gb"),
				  a100 = plain(&a100_all, ""), rtx = plain(&rtx_all, "");

	every_layout_to_every_other(&a100_core, 298);
	every_layout_to_every_other(&a100, 723);
	every_layout_to_every_other(&a30, 76);
	every_layout_to_every_other(&rtx, 26);
	for (int p = 0; p < a100.n_profiles; p++)
		every_split_to_every_other(&a100, p);
	return 0;
}
