/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>

#include "tests/property/hammer.h"

static const char *const op_names[HAMMER_OPS] = {
	"read", "make GI", "destroy GI", "make CI", "destroy CI", "mode",
};

/* The profiles of an A100: NVML's number, profile id, size. */
static const struct {
	unsigned number, id, size;
} profiles[] = {
	{ 0, 19, 1 }, { 1, 14, 2 }, { 2, 9, 4 },  { 3, 5, 4 },
	{ 4, 0, 8 },  { 7, 20, 1 }, { 9, 15, 2 },
};
enum { N_PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

/* Of CIs: NVML's number is the profile's id, on these GPUs. */
static const unsigned ci_numbers[] = { 0, 1, 2, 3, 4, 7 };
enum { N_CI_NUMBERS = sizeof(ci_numbers) / sizeof(ci_numbers[0]) };

static unsigned number_of(unsigned profile_id)
{
	for (int i = 0; i < N_PROFILES; i++) {
		if (profiles[i].id == profile_id)
			return profiles[i].number;
	}
	fprintf(stderr, "no profile has id %u\n", profile_id);
	exit(EXIT_FAILURE);
}

struct hammer_log *hammer_log_new(void)
{
	void *p = mmap(NULL, sizeof(struct hammer_log), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* With others at work, these are the answers that may be; a damaged state is none of them. */
static bool is_expected(nvmlReturn_t rc)
{
	return rc == NVML_SUCCESS || rc == NVML_ERROR_INSUFFICIENT_RESOURCES ||
	       rc == NVML_ERROR_IN_USE || rc == NVML_ERROR_NOT_SUPPORTED ||
	       rc == NVML_ERROR_INVALID_ARGUMENT || rc == NVML_ERROR_NOT_FOUND;
}

static bool is_success(enum hammer_op op, nvmlReturn_t rc)
{
	if (!is_expected(rc))
		fprintf(stderr, "%s: %s\n", op_names[op], nv.nvmlErrorString(rc));
	CHECK(is_expected(rc));
	return rc == NVML_SUCCESS;
}

static bool succeeded(struct hammer_log *log, enum hammer_op op, nvmlReturn_t rc)
{
	is_success(op, rc);
	atomic_fetch_add(&log->tried[op], 1);
	if (rc == NVML_SUCCESS)
		atomic_fetch_add(&log->done[op], 1);
	return rc == NVML_SUCCESS;
}

/* --- Changes ---------------------------------------------------------------------- */

static void noted_make(struct hammer_place *place, bool is_made)
{
	if (is_made)
		atomic_fetch_add(&place->made, 1);
	atomic_fetch_sub(&place->making, 1);
}

static void noted_unmake(struct hammer_place *place, bool is_unmade)
{
	if (is_unmade)
		atomic_fetch_add(&place->unmade, 1);
	atomic_fetch_sub(&place->unmaking, 1);
}

static void make_gi(struct hammer_log *log, unsigned g, uint64_t *seed)
{
	const unsigned p = below(N_PROFILES, seed), start = below(HAMMER_STARTS, seed);
	const nvmlGpuInstancePlacement_t at = { start, profiles[p].size };
	struct hammer_place *place = &log->gi[g][profiles[p].number][start];
	const nvmlDevice_t device = gpu(g);
	nvmlGpuInstance_t gi;
	nvmlReturn_t rc;

	atomic_fetch_add(&place->making, 1);
	rc = nv.nvmlDeviceCreateGpuInstanceWithPlacement(device, profiles[p].id, &at, &gi);
	noted_make(place, rc == NVML_SUCCESS);
	succeeded(log, HAMMER_GI, rc);
}

static bool gi_by_id(unsigned g, unsigned id, nvmlGpuInstance_t *gi)
{
	return is_success(HAMMER_READ, nv.nvmlDeviceGetGpuInstanceById(gpu(g), id, gi));
}

static bool gi_told(nvmlGpuInstance_t gi, nvmlGpuInstanceInfo_t *info)
{
	return is_success(HAMMER_READ, nv.nvmlGpuInstanceGetInfo(gi, info));
}

static bool ci_by_id(nvmlGpuInstance_t gi, unsigned id, nvmlComputeInstance_t *ci)
{
	return is_success(HAMMER_READ, nv.nvmlGpuInstanceGetComputeInstanceById(gi, id, ci));
}

static bool ci_told(nvmlComputeInstance_t ci, nvmlComputeInstanceInfo_t *info)
{
	return is_success(HAMMER_READ, nv.nvmlComputeInstanceGetInfo_v2(ci, info));
}

/* A GI that stood a moment ago, if one of a few random ids has any. */
static bool find_gi(unsigned g, uint64_t *seed, nvmlGpuInstance_t *gi,
		    nvmlGpuInstanceInfo_t *info)
{
	for (int i = 0; i < HAMMER_IDS; i++) {
		if (gi_by_id(g, below(HAMMER_IDS, seed), gi) && gi_told(*gi, info))
			return true;
	}
	return false;
}

static void unmake_gi(struct hammer_log *log, unsigned g, uint64_t *seed)
{
	struct hammer_place *place;
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
	nvmlReturn_t rc;

	if (!find_gi(g, seed, &gi, &info))
		return;
	place = &log->gi[g][number_of(info.profileId)][info.placement.start];
	atomic_fetch_add(&place->unmaking, 1);
	rc = nv.nvmlGpuInstanceDestroy(gi);
	noted_unmake(place, rc == NVML_SUCCESS);
	succeeded(log, HAMMER_GI_GONE, rc);
}

static void make_ci(struct hammer_log *log, unsigned g, uint64_t *seed)
{
	const unsigned number = ci_numbers[below(N_CI_NUMBERS, seed)];
	nvmlComputeInstanceProfileInfo_t profile;
	nvmlComputeInstancePlacement_t at = { below(HAMMER_STARTS, seed), number + 1 };
	struct hammer_place *place;
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
	nvmlComputeInstance_t ci;
	nvmlReturn_t rc;

	if (!find_gi(g, seed, &gi, &info) ||
	    nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, number, 0, &profile) !=
		    NVML_SUCCESS)
		return;
	at.start %= profile.instanceCount == 1 ? 1 : info.placement.size;
	at.size = number == 7 ? 2 : profile.sliceCount;
	place = &log->ci[g][info.id][number][at.start];
	atomic_fetch_add(&place->making, 1);
	rc = nv.nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, profile.id, &at, &ci);
	noted_make(place, rc == NVML_SUCCESS);
	succeeded(log, HAMMER_CI, rc);
}

static void unmake_ci(struct hammer_log *log, unsigned g, uint64_t *seed)
{
	struct hammer_place *place;
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
	nvmlComputeInstance_t ci;
	nvmlComputeInstanceInfo_t ci_info;
	nvmlReturn_t rc;

	if (!find_gi(g, seed, &gi, &info) || !ci_by_id(gi, below(3, seed), &ci) ||
	    !ci_told(ci, &ci_info))
		return;
	place = &log->ci[g][info.id][ci_info.profileId][ci_info.placement.start];
	atomic_fetch_add(&place->unmaking, 1);
	rc = nv.nvmlComputeInstanceDestroy(ci);
	noted_unmake(place, rc == NVML_SUCCESS);
	succeeded(log, HAMMER_CI_GONE, rc);
}

static void set_mode(struct hammer_log *log, unsigned g, uint64_t *seed)
{
	nvmlReturn_t status = NVML_SUCCESS;
	const nvmlReturn_t rc = nv.nvmlDeviceSetMigMode(gpu(g), below(4, seed) != 0, &status);

	if (succeeded(log, HAMMER_MODE, rc))
		CHECK_RC(status, NVML_SUCCESS);
}

/* --- Reads ------------------------------------------------------------------------ */

struct seen {
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
};

static int see_gis(unsigned g, struct seen seen[HAMMER_IDS])
{
	int n = 0;

	for (unsigned id = 0; id < HAMMER_IDS; id++) {
		struct seen *s = &seen[n];

		if (!gi_by_id(g, id, &s->gi) || !gi_told(s->gi, &s->info))
			continue;
		CHECK_EQ(s->info.id, id);
		CHECK(s->info.placement.start + s->info.placement.size <= 8);
		number_of(s->info.profileId);
		n++;
	}
	return n;
}

/* What was seen before and is alive still stood all the while, so it stood together. */
static void those_alive_do_not_overlap(const struct seen *seen, int n)
{
	unsigned taken = 0;

	for (int i = 0; i < n; i++) {
		nvmlGpuInstanceInfo_t again;
		const unsigned units = ((1U << seen[i].info.placement.size) - 1)
				       << seen[i].info.placement.start;

		if (!gi_told(seen[i].gi, &again))
			continue;
		CHECK(memcmp(&again, &seen[i].info, sizeof(again)) == 0);
		CHECK(!(taken & units));
		taken |= units;
	}
}

/* One call is one moment: the CIs of a kind that it lists stood together. */
static void cis_do_not_overlap(const struct seen *s)
{
	for (int k = 0; k < N_CI_NUMBERS; k++) {
		nvmlComputeInstance_t cis[HAMMER_STARTS];
		unsigned n = HAMMER_STARTS, taken = 0, ids = 0;

		if (!is_success(HAMMER_READ,
				nv.nvmlGpuInstanceGetComputeInstances(s->gi, ci_numbers[k], cis,
								      &n)))
			continue;
		for (unsigned i = 0; i < n; i++) {
			nvmlComputeInstanceInfo_t info;
			unsigned slices;

			if (!ci_told(cis[i], &info))
				continue;
			slices = ((1U << info.placement.size) - 1) << info.placement.start;
			CHECK(info.gpuInstance == s->gi && info.profileId == ci_numbers[k]);
			CHECK(info.placement.start + info.placement.size <=
			      s->info.placement.size);
			CHECK(!(taken & slices) && !(ids >> info.id & 1));
			taken |= slices;
			ids |= 1U << info.id;
		}
	}
}

static void read_all(struct hammer_log *log, unsigned g)
{
	struct seen seen[HAMMER_IDS];
	const int n = see_gis(g, seen);

	for (int i = 0; i < n; i++)
		cis_do_not_overlap(&seen[i]);
	those_alive_do_not_overlap(seen, n);
	succeeded(log, HAMMER_READ, NVML_SUCCESS);
}

void hammer_step(struct hammer_log *log, uint64_t *seed)
{
	const unsigned g = below(HAMMER_GPUS, seed), r = below(100, seed);

	if (r < 5)
		read_all(log, g);
	else if (r < 30)
		make_gi(log, g, seed);
	else if (r < 50)
		unmake_gi(log, g, seed);
	else if (r < 75)
		make_ci(log, g, seed);
	else if (r < 96)
		unmake_ci(log, g, seed);
	else
		set_mode(log, g, seed);
}

/* --- The account ------------------------------------------------------------------ */

/* Return: the maybes of this place. */
static int place_follows(struct hammer_place *place, int stands)
{
	const int certain = place->stood + place->made - place->unmade;

	if (stands < certain - place->unmaking || stands > certain + place->making)
		fprintf(stderr,
			"stood %d, made %d (maybe %d more), unmade %d (maybe %d more), stands "
			"%d\n",
			place->stood, place->made, place->making, place->unmade,
			place->unmaking, stands);
	CHECK(stands >= certain - place->unmaking);
	CHECK(stands <= certain + place->making);
	return place->making + place->unmaking;
}

static int settle_place(struct hammer_place *place, int stands)
{
	const int maybes = place_follows(place, stands);

	memset(place, 0, sizeof(*place));
	place->stood = stands;
	return maybes;
}

static int ci_stands(const nvmlComputeInstanceInfo_t *cis, int n, unsigned number,
		     unsigned start)
{
	int found = 0;

	for (int i = 0; i < n; i++)
		found += cis[i].profileId == number && cis[i].placement.start == start;
	return found;
}

static int check_cis(struct hammer_log *log, unsigned g, unsigned id)
{
	nvmlComputeInstanceInfo_t infos[HAMMER_STARTS];
	nvmlGpuInstance_t gi;
	int n = 0, maybes = 0;

	if (gi_by_id(g, id, &gi)) {
		for (unsigned ci_id = 0; ci_id < HAMMER_STARTS; ci_id++) {
			nvmlComputeInstance_t ci;

			if (ci_by_id(gi, ci_id, &ci))
				CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(ci, &infos[n++]),
					 NVML_SUCCESS);
		}
	}
	for (unsigned number = 0; number < HAMMER_NUMBERS; number++) {
		for (unsigned start = 0; start < HAMMER_STARTS; start++)
			maybes += settle_place(&log->ci[g][id][number][start],
					       ci_stands(infos, n, number, start));
	}
	return maybes;
}

static int gi_stands(const struct seen *seen, int n, unsigned number, unsigned start)
{
	int found = 0;

	for (int i = 0; i < n; i++)
		found += number_of(seen[i].info.profileId) == number &&
			 seen[i].info.placement.start == start;
	return found;
}

int hammer_check(struct hammer_log *log)
{
	int maybes = 0;

	for (unsigned g = 0; g < HAMMER_GPUS; g++) {
		struct seen seen[HAMMER_IDS];
		const int n = see_gis(g, seen);

		those_alive_do_not_overlap(seen, n);
		for (unsigned number = 0; number < HAMMER_NUMBERS; number++) {
			for (unsigned start = 0; start < HAMMER_STARTS; start++)
				maybes += settle_place(&log->gi[g][number][start],
						       gi_stands(seen, n, number, start));
		}
		for (unsigned id = 0; id < HAMMER_IDS; id++)
			maybes += check_cis(log, g, id);
	}
	return maybes;
}

void hammer_report(const struct hammer_log *log)
{
	for (int op = 0; op < HAMMER_OPS; op++) {
		printf("   %-10s %9lu tried %9lu done\n", op_names[op], log->tried[op],
		       log->done[op]);
		CHECK(log->done[op] > 0);
	}
}
