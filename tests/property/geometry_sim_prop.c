/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmig's geometry beside the simulated driver, which shares no code with it: what libmig
 * says of a layout must be what the driver does to a GPU that holds it.
 *
 *	geometry_sim_prop [SEED [STEPS]]
 *
 * STEPS are taken on every complete GPU type and orientation.
 */
#include <mig/geometry.h>

#include "tests/door.h"

enum { EMPTY_EVERY = 40, PLACE_EVERY = 8, REQUEST_MAX = 4 };

struct pair {
	const struct mig_gpu_type *type;
	struct mig_layout lay;
	nvmlDevice_t device;
	bool is_mirrored;
	bool only_created; /* nothing was destroyed or put anywhere since the GPU was empty */
	uint64_t seed;
	unsigned long created, refused, chosen, destroyed, placed, unplaceable;
};

static unsigned some(struct pair *w, int n)
{
	return below((unsigned)n, &w->seed);
}

static nvmlReturn_t driver_create(struct pair *w, int profile, int start, nvmlGpuInstance_t *gi)
{
	const struct mig_profile *p = &w->type->profiles[profile];
	const nvmlGpuInstancePlacement_t at = { (unsigned)start, (unsigned)p->size };

	return nv.nvmlDeviceCreateGpuInstanceWithPlacement(w->device, (unsigned)p->id, &at, gi);
}

/* The driver's GI at a start. */
static nvmlGpuInstance_t driver_gi_at(struct pair *w, unsigned start)
{
	for (unsigned id = 0; id < 15; id++) {
		nvmlGpuInstance_t gi;
		nvmlGpuInstanceInfo_t info;

		if (nv.nvmlDeviceGetGpuInstanceById(w->device, id, &gi) != NVML_SUCCESS)
			continue;
		CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
		if (info.placement.start == start)
			return gi;
	}
	fprintf(stderr, "no GPU instance begins at %u\n", start);
	exit(EXIT_FAILURE);
}

/* Free places that do not exclude each other: by room or by engines. */
static unsigned fitting(const struct mig_layout *lay, int profile)
{
	struct mig_layout copy = *lay;
	unsigned n = 0;
	uint16_t starts;

	while ((starts = mig_layout_starts(&copy, profile)) != 0) {
		CHECK(mig_layout_add(&copy, profile, __builtin_ctz(starts), NULL) == 0);
		n++;
	}
	return n;
}

static void capacities_agree(struct pair *w)
{
	for (int p = 0; p < w->type->n_profiles; p++) {
		unsigned n = ~0U;

		CHECK_RC(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(
				 w->device, (unsigned)w->type->profiles[p].id, &n),
			 NVML_SUCCESS);
		CHECK_EQ(n, fitting(&w->lay, p));
		CHECK((mig_layout_starts(&w->lay, p) == 0) == (n == 0));
	}
}

/* --- Steps ------------------------------------------------------------------------ */

static void create_somewhere(struct pair *w)
{
	const int profile = (int)some(w, w->type->n_profiles);
	const int start = (int)some(w, w->type->units);
	const bool fits = mig_layout_starts(&w->lay, profile) >> start & 1;
	nvmlGpuInstance_t gi;

	CHECK_EQ(driver_create(w, profile, start, &gi) == NVML_SUCCESS, fits);
	CHECK_EQ(mig_layout_add(&w->lay, profile, start, NULL) == 0, fits);
	w->created += fits;
	w->refused += !fits;
	w->only_created = w->only_created && !fits;
}

/*
 * Where equals are decided by the lowest id, mirrored silicon decides otherwise than the
 * lowest start; from an empty GPU on, with creates alone, there is never such a choice.
 */
static void create_where_the_driver_likes(struct pair *w)
{
	const int profile = (int)some(w, w->type->n_profiles);
	const int best = mig_layout_best_start(&w->lay, profile);
	nvmlGpuInstance_t gi;
	nvmlGpuInstanceInfo_t info;
	const nvmlReturn_t rc =
		nv.nvmlDeviceCreateGpuInstance(w->device,
					       (unsigned)w->type->profiles[profile].id, &gi);

	CHECK_EQ(rc == NVML_SUCCESS, best >= 0);
	if (best < 0)
		return;
	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
	if (w->only_created || !w->is_mirrored)
		CHECK_EQ(info.placement.start, best);
	CHECK(mig_layout_add(&w->lay, profile, (int)info.placement.start, NULL) == 0);
	w->chosen++;
}

static void destroy_some(struct pair *w)
{
	unsigned start;

	if (w->lay.n_slots == 0)
		return;
	start = w->lay.slots[some(w, w->lay.n_slots)].start;
	CHECK_RC(nv.nvmlGpuInstanceDestroy(driver_gi_at(w, start)), NVML_SUCCESS);
	CHECK(mig_layout_remove(&w->lay, (int)start, NULL) == 0);
	w->destroyed++;
	w->only_created = false;
}

static void empty(struct pair *w)
{
	while (w->lay.n_slots > 0)
		destroy_some(w);
	w->only_created = true;
}

/* --- Requests --------------------------------------------------------------------- */

/* Can the driver hold all of it, in any way? Tries every place of every item. */
static bool driver_can_hold(struct pair *w, const struct mig_request *req, int item)
{
	if (item == req->n)
		return true;
	for (int start = 0; start < w->type->units; start++) {
		nvmlGpuInstance_t gi;
		bool rest;

		if (req->want[item].start >= 0 && req->want[item].start != start)
			continue;
		if (driver_create(w, req->want[item].profile, start, &gi) != NVML_SUCCESS)
			continue;
		rest = driver_can_hold(w, req, item + 1);
		CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
		if (rest)
			return true;
	}
	return false;
}

static struct mig_request some_request(struct pair *w)
{
	struct mig_request req = { .type = w->type };

	req.n = 1 + (int)some(w, REQUEST_MAX);
	for (int i = 0; i < req.n; i++) {
		const int profile = (int)some(w, w->type->n_profiles);
		const int start = (int)some(w, w->type->units);

		req.want[i].profile = (uint8_t)profile;
		req.want[i].start = -1;
		if (some(w, 4) == 0 && w->type->profiles[profile].starts >> start & 1)
			req.want[i].start = (int8_t)start;
	}
	return req;
}

/* The placement must be possible, keep what stands, and exist whenever the driver has one. */
static void place_some_request(struct pair *w)
{
	const struct mig_request req = some_request(w);
	struct mig_layout after;
	nvmlGpuInstance_t gis[REQUEST_MAX];
	int starts[MIG_UNITS_MAX];

	if (mig_request_place(&req, &w->lay, starts, &after, NULL) < 0) {
		CHECK(!driver_can_hold(w, &req, 0));
		w->unplaceable++;
		return;
	}
	for (int i = 0; i < req.n; i++) {
		CHECK(req.want[i].start < 0 || req.want[i].start == starts[i]);
		CHECK_RC(driver_create(w, req.want[i].profile, starts[i], &gis[i]),
			 NVML_SUCCESS);
	}
	CHECK_EQ(after.n_slots, w->lay.n_slots + req.n);
	for (int i = 0; i < req.n; i++)
		CHECK_RC(nv.nvmlGpuInstanceDestroy(gis[i]), NVML_SUCCESS);
	w->placed++;
}

/* What the driver could serve alone lands where the driver would have put it. */
static void a_request_lands_where_the_driver_would_put_it(struct pair *w)
{
	struct mig_request req = some_request(w);
	nvmlGpuInstance_t gis[REQUEST_MAX];
	nvmlReturn_t rc = NVML_SUCCESS;
	int starts[MIG_UNITS_MAX], n = 0;

	for (int i = 0; i < req.n; i++)
		req.want[i].start = -1;
	while (n < req.n && rc == NVML_SUCCESS) {
		const unsigned id = (unsigned)w->type->profiles[req.want[n].profile].id;

		rc = nv.nvmlDeviceCreateGpuInstance(w->device, id, &gis[n]);
		n += rc == NVML_SUCCESS;
	}
	if (n == req.n) {
		CHECK(mig_request_place(&req, &w->lay, starts, NULL, NULL) == 0);
		for (int i = 0; i < n && (w->only_created || !w->is_mirrored); i++) {
			nvmlGpuInstanceInfo_t info;

			CHECK_RC(nv.nvmlGpuInstanceGetInfo(gis[i], &info), NVML_SUCCESS);
			CHECK_EQ(starts[i], info.placement.start);
		}
	}
	while (n > 0)
		CHECK_RC(nv.nvmlGpuInstanceDestroy(gis[--n]), NVML_SUCCESS);
}

/* --- Walks ------------------------------------------------------------------------ */

static void step(struct pair *w)
{
	const unsigned r = some(w, 8);

	if (some(w, EMPTY_EVERY) == 0)
		empty(w);
	if (r < 3)
		create_where_the_driver_likes(w);
	else if (r < 6 && (!w->only_created || some(w, 20) == 0))
		create_somewhere(w);
	else if (!w->only_created || some(w, 10) == 0)
		destroy_some(w);
	capacities_agree(w);
	if (some(w, PLACE_EVERY) == 0)
		place_some_request(w);
	if (some(w, PLACE_EVERY) == 0)
		a_request_lands_where_the_driver_would_put_it(w);
}

static void walk(const struct mig_gpu_type *type, bool is_mirrored, uint64_t seed,
		 unsigned long steps)
{
	struct pair w = { .type = type, .is_mirrored = is_mirrored, .only_created = true };
	char spec[MIG_NAME_MAX + 16];

	snprintf(spec, sizeof(spec), "1x%s%s", type->key, is_mirrored ? "@mirrored" : "");
	machine_start(spec, NULL);
	w.seed = seed;
	w.lay = mig_layout_empty(type);
	w.device = mig_on(0);
	for (unsigned long i = 0; i < steps; i++)
		step(&w);
	machine_stop();
	printf("%-34s %lu created, %lu refused, %lu chosen, %lu destroyed, %lu placed, "
	       "%lu unplaceable\n",
	       spec, w.created, w.refused, w.chosen, w.destroyed, w.placed, w.unplaceable);
	CHECK(w.created > steps / 100 && w.refused > steps / 100 && w.chosen > steps / 50);
	CHECK(w.destroyed > steps / 50 && w.placed > steps / 200 &&
	      w.unplaceable > steps / 200);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long steps = argc > 2 ? strtoul(argv[2], NULL, 0) : 10000;
	int n = 0;

	door_open();
	printf("seed %llu, %lu steps each\n", (unsigned long long)seed, steps);
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type = type_of(mig_catalog_key(catalog, i));

		if (mig_gpu_type_gaps(type, NULL, 0) > 0)
			continue;
		walk(type, false, seed++, steps);
		if (has_two_orientations(type))
			walk(type, true, seed++, steps);
		n++;
	}
	CHECK(n > 0);
	mig_catalog_close(catalog);
	return 0;
}
