/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks on simulated GPUs, through NVML, beside the account of account.h: after
 * every step the answer, the capacity of every profile and, from time to time, all that
 * can be listed must be what the account says.
 *
 *	sim_prop [SEED [STEPS [SPEC | PART/PARTS]]]
 *
 * STEPS are taken on each GPU type and orientation; or on SPEC ("A30") alone; or on one part of
 * them, for parts that run at once: "1/5" to "5/5" are all of them.
 */
#include "tests/property/walk.h"

enum { LISTING_EVERY = 61, LONG = 100000 };

static const char *const op_names[OPS] = {
	"create",     "create at", "destroy", "create CI", "create CI at",
	"destroy CI", "mode",      "reset",   "reboot",
};

static const struct combination {
	const char *spec;
	const struct account_family *family;
} combinations[] = {
	{ "A100-SXM4-40GB", &family_a100 },
	{ "A100-SXM4-40GB@mirrored", &family_a100 },
	{ "A100-SXM4-80GB", &family_a100 },
	{ "A100-SXM4-80GB@mirrored", &family_a100 },
	{ "A30", &family_a30 },
	{ "H100-SXM5-80GB", &family_h100 },
	{ "H100-SXM5-80GB@mirrored", &family_h100 },
	{ "H200-141GB", &family_h100 },
	{ "H200-141GB@mirrored", &family_h100 },
	{ "RTX-PRO-6000-Blackwell", &family_rtx },
};

/* Each answer that a long walk must have had, at least once in so many steps. */
static const struct expectation {
	enum op op;
	int code;
	unsigned long steps;
} expectations[] = {
	{ CREATE, NVML_SUCCESS, 50 },
	{ CREATE, NVML_ERROR_INSUFFICIENT_RESOURCES, 50 },
	{ CREATE, NVML_ERROR_NOT_SUPPORTED, 10000 },
	{ CREATE_AT, NVML_SUCCESS, 250 },
	{ CREATE_AT, NVML_ERROR_INVALID_ARGUMENT, 100 },
	{ CREATE_AT, NVML_ERROR_INSUFFICIENT_RESOURCES, 100 },
	{ DESTROY, NVML_SUCCESS, 50 },
	{ DESTROY, NVML_ERROR_IN_USE, 100 },
	{ DESTROY, NVML_ERROR_NOT_FOUND, 100 },
	{ CI_CREATE, NVML_SUCCESS, 50 },
	{ CI_CREATE, NVML_ERROR_INSUFFICIENT_RESOURCES, 100 },
	{ CI_CREATE_AT, NVML_SUCCESS, 1000 },
	{ CI_CREATE_AT, NVML_ERROR_INVALID_ARGUMENT, 200 },
	{ CI_CREATE_AT, NVML_ERROR_INSUFFICIENT_RESOURCES, 1000 },
	{ CI_DESTROY, NVML_SUCCESS, 50 },
	{ CI_DESTROY, NVML_ERROR_NOT_FOUND, 100 },
	{ MODE, NVML_SUCCESS, 1000 },
	{ MODE, NVML_ERROR_IN_USE, 2000 },
	{ RESET, NVML_SUCCESS, 5000 },
	{ REBOOT, NVML_SUCCESS, 5000 },
};

/* --- Steps ------------------------------------------------------------------------ */

static int some(struct walk *w, int n)
{
	return (int)below((unsigned)n, &w->seed);
}

/* Both have answered: the answers must be one. */
static void answered(struct walk *w, enum op op, nvmlReturn_t got, nvmlReturn_t want)
{
	if (got != want)
		fprintf(stderr, "%s: %s\n", op_names[op], w->acc.is_on ? "MIG on" : "MIG off");
	CHECK_RC(got, want);
	CHECK(want < CODES);
	w->counts[op][want]++;
}

/* One that is there, mostly. */
static int some_gi(struct walk *w)
{
	int id = some(w, ACCOUNT_IDS);

	for (int i = 0; i < ACCOUNT_IDS && !w->acc.gi[id].is_used && some(w, 16); i++)
		id = (id + 1) % ACCOUNT_IDS;
	return id;
}

/* One of the starts in a set, mostly; else any unit. */
static int some_start(struct walk *w, unsigned starts, int units)
{
	int start = some(w, units);

	if (some(w, 4) == 0)
		return start;
	while (!(starts >> start & 1))
		start = (start + 1) % units;
	return start;
}

static void create(struct walk *w, enum op op)
{
	const int profile = some(w, w->acc.family->n_profiles);
	const unsigned profile_id = (unsigned)profile_of(w, profile)->id;
	const int units = w->acc.family->slots * w->acc.family->units_per_slot;
	const unsigned starts = account_ever_starts(&w->acc, profile);
	const int start = op == CREATE ? -1 : some_start(w, starts, units);
	const int size = account_size(&w->acc, profile) + (some(w, 32) == 0);
	const nvmlGpuInstancePlacement_t place = { (unsigned)start, (unsigned)size };
	nvmlGpuInstance_t gi = NULL;
	nvmlGpuInstanceInfo_t info;
	nvmlReturn_t got;
	int id = -1, want;

	if (op == CREATE)
		got = nv.nvmlDeviceCreateGpuInstance(w->device, profile_id, &gi);
	else
		got = nv.nvmlDeviceCreateGpuInstanceWithPlacement(w->device, profile_id, &place,
								  &gi);
	want = account_gi_create(&w->acc, profile, start, size, &id);
	answered(w, op, got, want);
	if (got != NVML_SUCCESS)
		return;
	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
	CHECK_EQ(info.id, id);
	CHECK_EQ(info.placement.start, account_start(&w->acc, id));
	CHECK_EQ(info.placement.size, account_size(&w->acc, profile));
}

/* The GI of an id; NULL when the driver rightly says that there is none. */
static nvmlGpuInstance_t find_gi(struct walk *w, enum op op, int id)
{
	nvmlGpuInstance_t gi = NULL;
	const nvmlReturn_t rc = nv.nvmlDeviceGetGpuInstanceById(w->device, (unsigned)id, &gi);

	if (w->acc.gi[id].is_used) {
		CHECK_RC(rc, NVML_SUCCESS);
		return gi;
	}
	answered(w, op, rc, w->acc.is_on ? NVML_ERROR_NOT_FOUND : NVML_ERROR_NOT_SUPPORTED);
	return NULL;
}

static void destroy(struct walk *w, enum op op)
{
	const int id = some_gi(w);
	const nvmlGpuInstance_t gi = find_gi(w, op, id);

	if (gi)
		answered(w, op, nv.nvmlGpuInstanceDestroy(gi), account_gi_destroy(&w->acc, id));
}

static void ci_create(struct walk *w, enum op op)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	const int gi_id = some_gi(w);
	const nvmlGpuInstance_t gi = find_gi(w, op, gi_id);
	nvmlComputeInstancePlacement_t place;
	nvmlComputeInstance_t ci = NULL;
	nvmlComputeInstanceInfo_t info;
	nvmlReturn_t got;
	int kind, start, size, want, id = -1;

	if (!gi)
		return;
	kind = some(w, account_kinds(profile_of(w, w->acc.gi[gi_id].profile), kinds));
	start = op == CI_CREATE
			? -1
			: some_start(w, w->acc.ci_starts[w->acc.gi[gi_id].profile][kind], 8);
	size = kinds[kind].size + (some(w, 32) == 0);
	place = (nvmlComputeInstancePlacement_t){ (unsigned)start, (unsigned)size };
	if (op == CI_CREATE)
		got = nv.nvmlGpuInstanceCreateComputeInstance(gi, (unsigned)kinds[kind].id,
							      &ci);
	else
		got = nv.nvmlGpuInstanceCreateComputeInstanceWithPlacement(
			gi, (unsigned)kinds[kind].id, &place, &ci);
	want = account_ci_create(&w->acc, gi_id, kind, start, size, &id);
	answered(w, op, got, want);
	if (got != NVML_SUCCESS)
		return;
	CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &info), NVML_SUCCESS);
	CHECK_EQ(info.id, id);
	CHECK_EQ(info.profileId, kinds[kind].id);
	CHECK_EQ(info.placement.start, w->acc.gi[gi_id].ci[id].start);
	CHECK_EQ(info.placement.size, kinds[kind].size);
}

static void ci_destroy(struct walk *w, enum op op)
{
	const int gi_id = some_gi(w);
	const nvmlGpuInstance_t gi = find_gi(w, op, gi_id);
	int id = some(w, ACCOUNT_CIS);
	nvmlComputeInstance_t ci = NULL;
	nvmlReturn_t got;

	if (!gi)
		return;
	for (int i = 0; i < ACCOUNT_CIS && !w->acc.gi[gi_id].ci[id].is_used; i++)
		id = some(w, 8) ? (id + 1) % ACCOUNT_CIS : id;
	got = nv.nvmlGpuInstanceGetComputeInstanceById(gi, (unsigned)id, &ci);
	if (!w->acc.gi[gi_id].ci[id].is_used) {
		answered(w, op, got, NVML_ERROR_NOT_FOUND);
		return;
	}
	CHECK_RC(got, NVML_SUCCESS);
	answered(w, op, nv.nvmlComputeInstanceDestroy(ci),
		 account_ci_destroy(&w->acc, gi_id, id));
}

static void mode(struct walk *w)
{
	const bool on = some(w, 4) != 0;
	nvmlReturn_t status = NVML_ERROR_UNKNOWN;
	const nvmlReturn_t got = nv.nvmlDeviceSetMigMode(w->device, on, &status);

	answered(w, MODE, got, account_set_mode(&w->acc, on));
	if (got == NVML_SUCCESS)
		CHECK_RC(status, NVML_SUCCESS);
	w->device = gpu(0);
}

static void reset(struct walk *w)
{
	struct mig_error err = { 0 };

	if (sim_machine_reset(machine_folder(), w->machine, 0, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(err.code == 0);
	account_reset(&w->acc);
	w->counts[RESET][NVML_SUCCESS]++;
	w->device = gpu(0);
	mode(w); /* nothing stands: off, mostly never else */
}

static void reboot(struct walk *w)
{
	struct mig_error err = { 0 };

	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK(sim_machine_reboot(machine_folder(), w->machine, &err) == 0);
	machine_be(w->machine);
	account_reboot(&w->acc);
	memset(w->index, 0, sizeof(w->index));
	w->counts[REBOOT][NVML_SUCCESS]++;
	w->device = gpu(0);
}

static void step(struct walk *w)
{
	const int r = some(w, 4096);

	if (r < 2)
		reset(w);
	else if (r < 4)
		reboot(w);
	else if (r < (w->acc.is_on ? 40 : 200))
		mode(w);
	else if (r < 2200)
		create(w, r % 2 ? CREATE : CREATE_AT);
	else if (r < 2900)
		destroy(w, DESTROY);
	else if (r < 3500)
		ci_create(w, r % 2 ? CI_CREATE : CI_CREATE_AT);
	else
		ci_destroy(w, CI_DESTROY);
}

/* --- Walks ------------------------------------------------------------------------ */

/* Where partial CIs may begin is not published for every profile: ask before the walk. */
static void learn_ci_starts(struct walk *w)
{
	for (int p = 0; p < w->acc.family->n_profiles; p++) {
		struct account_kind kinds[ACCOUNT_KINDS];
		const int n_kinds = account_kinds(profile_of(w, p), kinds);
		nvmlGpuInstance_t gi = NULL;

		CHECK_RC(nv.nvmlDeviceCreateGpuInstance(w->device,
							(unsigned)profile_of(w, p)->id, &gi),
			 NVML_SUCCESS);
		for (int k = 0; k < n_kinds; k++) {
			nvmlComputeInstancePlacement_t places[ACCOUNT_CIS];
			unsigned n = ACCOUNT_CIS;

			CHECK_RC(nv.nvmlGpuInstanceGetComputeInstancePossiblePlacements(
					 gi, (unsigned)kinds[k].id, places, &n),
				 NVML_SUCCESS);
			for (unsigned i = 0; i < n; i++)
				w->acc.ci_starts[p][k] |= 1U << places[i].start;
		}
		CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	}
}

static void report(const struct walk *w, const char *spec, unsigned long steps)
{
	printf("%s: %lu steps\n", spec, steps);
	for (int op = 0; op < OPS; op++) {
		for (int code = 0; code < CODES; code++) {
			if (w->counts[op][code])
				printf("   %-12s %-24s %lu\n", op_names[op],
				       nv.nvmlErrorString(code), w->counts[op][code]);
		}
	}
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *e = &expectations[i];

		if (steps < LONG || w->counts[e->op][e->code] >= steps / e->steps)
			continue;
		fprintf(stderr, "%s: %s answered \"%s\" %lu times only\n", spec,
			op_names[e->op], nv.nvmlErrorString(e->code),
			w->counts[e->op][e->code]);
		exit(EXIT_FAILURE);
	}
}

static void walk(const struct combination *c, uint64_t seed, unsigned long steps)
{
	static struct walk w;
	char spec[MIG_NAME_MAX + 4];

	snprintf(spec, sizeof(spec), "1x%s", c->spec);
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.acc.family = c->family;
	w.acc.is_mirrored = strstr(c->spec, "@mirrored") != NULL;
	w.machine = machine_start(spec, NULL);
	w.device = mig_on(0);
	w.acc.is_on = true;
	learn_ci_starts(&w);
	for (unsigned long i = 0; i < steps; i++) {
		step(&w);
		if (w.acc.is_on && i % 4 == 0)
			capacities_agree(&w);
		if (i % LISTING_EVERY == 0)
			listings_agree(&w);
	}
	machine_stop();
	report(&w, c->spec, steps);
}

static bool is_wanted(size_t nth, const char *which)
{
	unsigned part, parts;

	if (!which)
		return true;
	if (sscanf(which, "%u/%u", &part, &parts) == 2)
		return parts > 0 && nth % parts == part - 1;
	return strcmp(which, combinations[nth].spec) == 0;
}

int main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long steps = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000000;
	int n = 0;

	door_open();
	printf("seed %llu, %lu steps each\n", (unsigned long long)seed, steps);
	for (size_t i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
		if (!is_wanted(i, argc > 3 ? argv[3] : NULL))
			continue;
		walk(&combinations[i], seed + i, steps);
		n++;
	}
	CHECK(n > 0);
	mig_catalog_close(catalog);
	return 0;
}
