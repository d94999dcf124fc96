/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes to make a change, over every layout of a GPU to every other, and what it
 * disturbs beside a tool that destroys everything.
 *
 *	changes
 *
 * Prints a line for each way to give the target, by counts and by places: the median, the 99th
 * percentile and the longest in microseconds. Then, over all pairs of layouts in which nothing
 * more fits: MIG devices that are wanted again and were destroyed, and calls that change the
 * driver, ours and destroying all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mig/manage.h>

enum { STATES_MAX = 1024, RUNS = 3 };

static struct mig_layout states[STATES_MAX];
static int n_states;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int add_state(const struct mig_layout *lay, void *arg)
{
	(void)arg;
	states[n_states++] = *lay;
	return n_states == STATES_MAX;
}

static uint8_t default_ci(const struct mig_gpu_type *type, int profile)
{
	const struct mig_profile *p = &type->profiles[profile];

	return (uint8_t)(mig_ci_profile_default(p) - p->ci);
}

static struct mig_gpu gpu_in(const struct mig_layout *lay)
{
	struct mig_gpu gpu = {
		.has_mig = true, .mode = 1, .mode_pending = 1, .type = lay->type
	};

	for (int i = 0; i < lay->n_slots; i++) {
		struct mig_gi *gi = &gpu.gis[gpu.n_gis];

		*gi = (struct mig_gi){ .id = gpu.n_gis++,
				       .profile = lay->slots[i].profile,
				       .start = lay->slots[i].start,
				       .n_cis = 1 };
		gi->cis[0].profile = default_ci(lay->type, gi->profile);
		gi->cis[0].size = lay->type->profiles[gi->profile].ci[gi->cis[0].profile].size;
	}
	return gpu;
}

static struct mig_wanted wanted_of(const struct mig_layout *lay, bool by_place)
{
	struct mig_wanted w = { .mode = MIG_WANT_ON, .request = mig_request_empty(lay->type) };

	for (int i = 0; i < lay->n_slots; i++) {
		struct mig_want *want = &w.request.want[w.request.n++];

		*want = mig_want_empty(lay->slots[i].profile,
				       by_place ? lay->slots[i].start : -1);
		want->ci[want->n_ci++] = default_ci(lay->type, want->profile);
	}
	return w;
}

static struct mig_change change_of(const struct mig_layout *from, const struct mig_layout *to,
				   bool by_place)
{
	struct mig_gpu gpu = gpu_in(from);
	const struct mig_snapshot snap = { .n_gpus = 1, .gpus = &gpu };
	const struct mig_wanted wanted = wanted_of(to, by_place);
	struct mig_change change;
	struct mig_error err;

	if (mig_change_make(&snap, &wanted, NULL, &change, &err) < 0) {
		fprintf(stderr, "changes: %s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return change;
}

/* The shortest of some runs: the longest of these is not what the machine did meanwhile. */
static double time_us(const struct mig_layout *from, const struct mig_layout *to, bool by_place)
{
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		const double begin = now_us();
		struct mig_change change = change_of(from, to, by_place);
		const double us = now_us() - begin;

		mig_change_free(&change);
		best = us < best ? us : best;
	}
	return best;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void time_all(const char *name, bool by_place)
{
	const size_t n = (size_t)n_states * (size_t)n_states;
	double *us = malloc(n * sizeof(*us));

	if (!us)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < n; i++)
		us[i] = time_us(&states[i / (size_t)n_states], &states[i % (size_t)n_states],
				by_place);
	qsort(us, n, sizeof(*us), by_value);
	printf("%s %zu pairs: median %.1f us, 99%% %.1f us, longest %.1f us\n", name, n,
	       us[n / 2], us[n / 100 * 99], us[n - 1]);
	free(us);
}

/* How many devices of a kind both layouts have. */
static int in_both(const struct mig_layout *a, const struct mig_layout *b)
{
	int count[MIG_PROFILES_MAX] = { 0 }, n = 0;

	for (int i = 0; i < a->n_slots; i++)
		count[a->slots[i].profile]++;
	for (int i = 0; i < b->n_slots; i++)
		n += count[b->slots[i].profile]-- > 0;
	return n;
}

static void compare(void)
{
	long pairs = 0, ours = 0, all = 0, our_calls = 0, all_calls = 0;

	for (int i = 0; i < n_states; i++) {
		for (int k = 0; k < n_states; k++) {
			struct mig_change change;

			if (i == k || !mig_layout_is_maximal(&states[i]) ||
			    !mig_layout_is_maximal(&states[k]))
				continue;
			change = change_of(&states[i], &states[k], false);
			pairs++;
			ours += change.gpus[0].n_disturbed;
			our_calls += change.n_steps;
			all += in_both(&states[i], &states[k]);
			all_calls += 2 * (states[i].n_slots + states[k].n_slots);
			mig_change_free(&change);
		}
	}
	printf("%ld pairs of full layouts: disturbed %.2f of %.2f, driver calls %.2f of %.2f\n",
	       pairs, (double)ours / (double)pairs, (double)all / (double)pairs,
	       (double)our_calls / (double)pairs, (double)all_calls / (double)pairs);
}

int main(void)
{
	struct mig_catalog *catalog;
	const struct mig_gpu_type *type;
	uint32_t plain = 0;

	if (mig_catalog_open(NULL, &catalog, NULL) < 0 ||
	    mig_catalog_find(catalog, "A100-SXM4-80GB", &type, NULL) < 0)
		return EXIT_FAILURE;
	for (int i = 0; i < type->n_profiles; i++)
		plain |= strpbrk(type->profiles[i].name, "+-") ? 0 : 1U << i;
	if (mig_layout_each(type, plain, add_state, NULL))
		return EXIT_FAILURE;
	time_all("by counts", false);
	time_all("by places", true);
	compare();
	mig_catalog_close(catalog);
	return 0;
}
