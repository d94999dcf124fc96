/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan WHAT [ARG...] - the planner's experiments, a line each: what it found, the bound that
 * its certificate proves, and the time of mig_plan_solve() alone. Run by bench/plan.sh.
 *
 *	parva FILE FACTOR [SERVICES]	a scenario of bench/parvagpu, its rates times FACTOR; with
 *					SERVICES: copies of its services, each at 0.5 to 1.5 of its rate
 *	fixed N [SCALE]			N random demands of six profiles, against the closed form
 *	compact GPUS SEED		a fleet at 60 %, to the fewest GPUs by the fewest moves
 *	mixed SERVICES SEED		H100, A100 and A30 at 2.2, 1.0 and 0.32 USD an hour, two short
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <mig/plan.h>

#include "tests/closed_form.h"
#include "tests/test.h"

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_mib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss / 1024;
}

/* In [0, 1). */
static double uniform(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (double)((*state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

static const struct mig_gpu_type *type_of(struct mig_catalog *cat, const char *key)
{
	const struct mig_gpu_type *type = NULL;
	struct mig_error err = { 0 };

	if (mig_catalog_find(cat, key, &type, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return type;
}

static int profile_of(const struct mig_gpu_type *type, const char *name)
{
	const struct mig_profile *p = mig_profile_find(type, name);

	CHECK(p);
	return (int)(p - type->profiles);
}

/* Solve and check it; @ret_s: how long the first took. */
static struct mig_plan *timed(const struct mig_plan_problem *p, double *ret_s)
{
	const struct mig_plan_effort effort = { .solver = getenv("PLAN_SOLVER") };
	struct mig_error err = { 0 };
	struct mig_plan *plan = NULL;
	const double start = now_s();

	if (mig_plan_solve(p, &effort, &plan, &err) == 0) {
		*ret_s = now_s() - start;
		if (mig_plan_check(p, plan, &err) == 0)
			return plan;
	}
	fprintf(stderr, "plan: %s\n", err.msg);
	exit(EXIT_FAILURE);
}

static const char *const names[] = { "1g.10gb", "2g.20gb", "3g.40gb",
				     "4g.40gb", "7g.80gb", "1g.20gb" };

/* ------------------------------------------------------------ parva */

struct service {
	double rates[5], need;
};

static int read_services(const char *path, struct service *ret, int max)
{
	FILE *f = fopen(path, "r");
	int n = 0;

	CHECK(f && fscanf(f, "%d", &n) == 1 && n > 0 && n <= max);
	for (int k = 0; k < n; k++) {
		for (int i = 0; i < 5; i++)
			CHECK(fscanf(f, "%lf", &ret[k].rates[i]) == 1);
		CHECK(fscanf(f, "%lf", &ret[k].need) == 1);
	}
	fclose(f);
	return n;
}

static void parva(struct mig_catalog *cat, const char *path, double factor, int n)
{
	const struct mig_gpu_type *type = type_of(cat, "A100-SXM4-80GB");
	struct mig_plan_pool pool = { .type = type, .n_gpus = MIG_PLAN_UNLIMITED };
	struct service services[16];
	const int n_read = read_services(path, services, 16);
	const int n_all = n > 0 ? n : n_read;
	struct mig_plan_class *classes = calloc((size_t)n_all, sizeof(*classes));
	struct mig_plan_option *options = calloc((size_t)n_all * 5, sizeof(*options));
	struct mig_plan_problem p = { .n_pools = 1, .pools = &pool, .classes = classes };
	uint64_t state = UINT64_C(88172645463325252);
	struct mig_plan *plan;
	double s;

	CHECK(classes && options);
	for (int k = 0; k < n_all; k++) {
		const struct service *from = &services[k % n_read];
		const double share = k < n_read ? 1 : 0.5 + uniform(&state);
		struct mig_plan_option *o = options + (size_t)k * 5;

		classes[k] = (struct mig_plan_class){
			.name = "service",
			.count = 1,
			.need = (int64_t)ceil(from->need * factor * share * 1e6),
			.options = o,
		};
		for (int i = 0; i < 5; i++) {
			if (from->rates[i] > 0)
				o[classes[k].n_options++] = (struct mig_plan_option){
					0, profile_of(type, names[i]),
					(int64_t)(from->rates[i] * 1e6)
				};
		}
	}
	p.n_classes = n_all;
	plan = timed(&p, &s);
	printf("%d services x%g: %" PRId64 " GPUs, bound %" PRId64 "; %.4f s, %ld MiB\n", n_all,
	       factor, plan->totals[MIG_PLAN_GPUS], plan->measures[0].bound, s, peak_mib());
	mig_plan_free(plan);
	free(classes);
	free(options);
}

/* ------------------------------------------------------------ fixed */

static void fixed(struct mig_catalog *cat, int n, unsigned scale)
{
	static const unsigned scales[] = { 1, 3, 10, 40, 300 };
	const struct mig_gpu_type *type = type_of(cat, "A100-SXM4-80GB");
	struct mig_plan_pool pool = { .type = type, .n_gpus = MIG_PLAN_UNLIMITED };
	uint64_t seed = 7;
	double all_s = 0, most_s = 0, s;
	int64_t workloads = 0, gpus = 0;
	int n_same = 0, n_proven = 0;

	for (int i = 0; i < n; i++) {
		const unsigned most = scale > 0 ? scale : scales[below(5, &seed)];
		struct mig_plan_option options[6];
		struct mig_plan_class classes[6];
		struct mig_plan_problem p = {
			.n_pools = 1, .pools = &pool, .n_classes = 6, .classes = classes
		};
		struct mig_plan *plan;
		int64_t d[6];

		for (int k = 0; k < 6; k++) {
			d[k] = below(10, &seed) < 8 ? below(most + 1, &seed) : 0;
			workloads += d[k];
			options[k] =
				(struct mig_plan_option){ 0, profile_of(type, names[k]), 1 };
			classes[k] =
				(struct mig_plan_class){ names[k], d[k], 1, 0, 1, &options[k] };
		}
		plan = timed(&p, &s);
		all_s += s;
		most_s = fmax(most_s, s);
		gpus += plan->totals[MIG_PLAN_GPUS];
		n_same += plan->totals[MIG_PLAN_GPUS] == closed_form_gpus(d);
		n_proven += plan->status == MIG_PLAN_OPTIMAL;
		mig_plan_free(plan);
	}
	printf("%d demands, %" PRId64 " workloads, %" PRId64
	       " GPUs: %d as the closed form, %d proven; %.3f s in all, the longest %.5f s, %ld "
	       "MiB\n",
	       n, workloads, gpus, n_same, n_proven, all_s, most_s, peak_mib());
}

/* ------------------------------------------------------------ compact */

/* Instances at random until 30 in a row find no place, then fewer until 60 % are left. */
static void fill(struct mig_layout *gpus, int n, const int *profiles, uint64_t *seed)
{
	static const unsigned weights[] = { 6, 4, 3, 2, 1 };
	const struct mig_gpu_type *type = gpus[0].type;
	int64_t units = 0;

	for (int n_failed = 0; n_failed < 30;) {
		unsigned kind = 0, drawn = below(16, seed);
		bool is_placed = false;

		for (; drawn >= weights[kind]; kind++)
			drawn -= weights[kind];
		for (int t = 0; t < 20 && !is_placed; t++) {
			struct mig_layout *lay = &gpus[below((unsigned)n, seed)];
			uint16_t starts = mig_layout_starts(lay, profiles[kind]);

			for (unsigned skip =
				     starts ? below((unsigned)__builtin_popcount(starts), seed)
					    : 0;
			     skip > 0; skip--)
				starts &= (uint16_t)(starts - 1);
			is_placed = starts && mig_layout_add(lay, profiles[kind],
							     __builtin_ctz(starts), NULL) == 0;
		}
		units += is_placed ? type->profiles[profiles[kind]].size : 0;
		n_failed = is_placed ? 0 : n_failed + 1;
	}
	while (units * 10 > (int64_t)n * type->units * 6) {
		struct mig_layout *lay = &gpus[below((unsigned)n, seed)];

		if (lay->n_slots == 0)
			continue;
		{
			const struct mig_slot s = lay->slots[below(lay->n_slots, seed)];

			units -= type->profiles[s.profile].size;
			CHECK(mig_layout_remove(lay, s.start, NULL) == 0);
		}
	}
}

static void compact(struct mig_catalog *cat, int n, uint64_t seed)
{
	const struct mig_gpu_type *type = type_of(cat, "A100-SXM4-80GB");
	struct mig_layout *gpus = calloc((size_t)n, sizeof(*gpus));
	struct mig_plan_present *present = calloc((size_t)n, sizeof(*present));
	struct mig_plan_pool pool = { .type = type, .n_gpus = n };
	struct mig_plan_option options[5];
	struct mig_plan_class classes[5];
	struct mig_plan_problem p = { .n_pools = 1,
				      .pools = &pool,
				      .n_classes = 5,
				      .classes = classes,
				      .n_present = n,
				      .present = present,
				      .n_goals = 2,
				      .goals = { MIG_PLAN_GPUS, MIG_PLAN_MOVES } };
	int profiles[5], before = 0;
	int64_t instances = 0;
	struct mig_plan *plan;
	double s;

	CHECK(gpus && present);
	for (int k = 0; k < 5; k++) {
		profiles[k] = profile_of(type, names[k]);
		options[k] = (struct mig_plan_option){ 0, profiles[k], 1 };
		classes[k] = (struct mig_plan_class){ names[k], 0, 1, 0, 1, &options[k] };
	}
	for (int i = 0; i < n; i++)
		gpus[i] = mig_layout_empty(type);
	fill(gpus, n, profiles, &seed);
	for (int i = 0; i < n; i++) {
		present[i] = (struct mig_plan_present){ .count = 1, .layout = gpus[i] };
		before += gpus[i].n_slots > 0;
		instances += gpus[i].n_slots;
		for (int k = 0; k < gpus[i].n_slots; k++) {
			while (profiles[present[i].classes[k]] != gpus[i].slots[k].profile)
				present[i].classes[k]++;
			classes[present[i].classes[k]].count++;
		}
	}
	plan = timed(&p, &s);
	printf("%d GPUs, %d with %" PRId64 " instances: to %" PRId64 " (bound %" PRId64
	       ") by %" PRId64 " moves (bound %" PRId64 "); %.3f s, %ld MiB\n",
	       n, before, instances, plan->measures[0].value, plan->measures[0].bound,
	       plan->measures[1].value, plan->measures[1].bound, s, peak_mib());
	mig_plan_free(plan);
	free(gpus);
	free(present);
}

/* ------------------------------------------------------------ mixed */

enum { MIXED_OPTIONS = 20 };

static void mixed_service(const struct mig_plan_pool *pools, struct mig_plan_class *c,
			  struct mig_plan_option *options, uint64_t *state)
{
	static const double speeds[] = { 2.0, 1.0, 0.8 };
	const double exponent = 0.7 + 0.3 * uniform(state), base = 100 + 400 * uniform(state);
	const double memory_gib = 2 + 30 * uniform(state);

	*c = (struct mig_plan_class){ .name = "service", .count = 1, .options = options };
	c->need = (int64_t)(base * (8 + 40 * uniform(state)) * 1e6);
	for (int t = 0; t < 3; t++) {
		for (int i = 0; i < pools[t].type->n_profiles; i++) {
			const struct mig_profile *p = &pools[t].type->profiles[i];

			if (strchr(p->name, '+') || (double)p->mem_mib / 1024 < memory_gib)
				continue;
			options[c->n_options++] = (struct mig_plan_option){
				t, i,
				(int64_t)(speeds[t] * base * pow(p->compute_slices, exponent) *
					  1e6)
			};
		}
	}
}

static void mixed(struct mig_catalog *cat, int n, uint64_t state)
{
	struct mig_plan_pool pools[] = {
		{ .type = type_of(cat, "H100-SXM5-80GB"),
		  .n_gpus = 4 * n / 5 + 1,
		  .price_uusd_per_h = 2200000 },
		{ .type = type_of(cat, "A100-SXM4-80GB"),
		  .n_gpus = MIG_PLAN_UNLIMITED,
		  .price_uusd_per_h = 1000000 },
		{ .type = type_of(cat, "A30"),
		  .n_gpus = 6 * n / 5 + 1,
		  .price_uusd_per_h = 320000 },
	};
	struct mig_plan_class *classes = calloc((size_t)n, sizeof(*classes));
	struct mig_plan_option *options = calloc((size_t)n * MIXED_OPTIONS, sizeof(*options));
	struct mig_plan_problem p = { .n_pools = 3,
				      .pools = pools,
				      .n_classes = n,
				      .classes = classes,
				      .n_goals = 1,
				      .goals = { MIG_PLAN_MONEY } };
	struct mig_plan *plan;
	double s, value, bound;

	CHECK(classes && options);
	for (int k = 0; k < n; k++)
		mixed_service(pools, &classes[k], options + (size_t)k * MIXED_OPTIONS, &state);
	plan = timed(&p, &s);
	value = (double)plan->measures[0].value / 1e6;
	bound = (double)plan->measures[0].bound / 1e6;
	printf("%d services: %.2f USD/h, bound %.2f, gap %.3f %%; %.3f s, %ld MiB\n", n, value,
	       bound, 100 * (value - bound) / value, s, peak_mib());
	mig_plan_free(plan);
	free(classes);
	free(options);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct mig_catalog *cat;

	CHECK(mig_catalog_open(NULL, &cat, NULL) == 0);
	if (strcmp(what, "parva") == 0 && argc > 3)
		parva(cat, argv[2], atof(argv[3]), argc > 4 ? atoi(argv[4]) : 0);
	else if (strcmp(what, "fixed") == 0)
		fixed(cat, atoi(argv[2]), argc > 3 ? (unsigned)atoi(argv[3]) : 0);
	else if (strcmp(what, "compact") == 0 && argc > 3)
		compact(cat, atoi(argv[2]), strtoull(argv[3], NULL, 0));
	else if (strcmp(what, "mixed") == 0 && argc > 3)
		mixed(cat, atoi(argv[2]), strtoull(argv[3], NULL, 0));
	else
		fprintf(stderr, "plan: see the head of bench/plan.c\n");
	mig_catalog_close(cat);
	return 0;
}
