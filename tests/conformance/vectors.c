/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What real drivers did: data/captures/placement_vectors.json, each on the GPU type and
 * the orientation that it was seen on. Placements, being in NVML's coordinates, must come
 * out the same on the other orientation too; ids need not.
 */
#include <jansson.h>

#include "tests/conformance/conformance.h"

#define VECTORS "data/captures/placement_vectors.json"

struct kind {
	const char *name;
	unsigned nvml_profile;
};

static const struct kind gi_kinds[] = {
	{ "1g", 0 }, { "2g", 1 },    { "3g", 2 },    { "4g", 3 },
	{ "7g", 4 }, { "1g+me", 7 }, { "1g.r2", 9 },
};
static const struct kind ci_kinds[] = {
	{ "1c", 0 }, { "2c", 1 }, { "3c", 2 }, { "4c", 3 }, { "7c", 4 }
};

static unsigned kind_in(const struct kind *kinds, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].nvml_profile;
	}
	fprintf(stderr, VECTORS ": no kind of profile \"%s\"\n", name);
	exit(EXIT_FAILURE);
}

static unsigned gi_kind(const char *name)
{
	return kind_in(gi_kinds, sizeof(gi_kinds) / sizeof(gi_kinds[0]), name);
}

static unsigned ci_kind(const char *name)
{
	return kind_in(ci_kinds, sizeof(ci_kinds) / sizeof(ci_kinds[0]), name);
}

static json_t *vectors(const char *section)
{
	json_error_t err;
	json_t *all = json_load_file(VECTORS, 0, &err);
	json_t *list;

	if (!all)
		fprintf(stderr, VECTORS ":%d: %s\n", err.line, err.text);
	CHECK(all);
	list = json_incref(json_object_get(all, section));
	CHECK(json_array_size(list) > 0);
	json_decref(all);
	return list;
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	CHECK(s);
	return s;
}

/* A machine with one GPU of the vector's type, MIG on, mirrored or not. */
static nvmlDevice_t vector_gpu(const json_t *v, bool is_mirrored)
{
	char spec[MIG_NAME_MAX + 16];

	snprintf(spec, sizeof(spec), "1x%s%s", text(v, "type"), is_mirrored ? "@mirrored" : "");
	machine_start(spec, NULL);
	return mig_on(0);
}

static bool is_of(const json_t *v, bool is_mirrored)
{
	return (strcmp(text(v, "orientation"), "mirrored") == 0) == is_mirrored;
}

static void placement_is(nvmlGpuInstancePlacement_t got, const char *want)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%u:%u", got.start, got.size);
	CHECK_STR(buf, want);
}

static void prior_of(const json_t *v, nvmlDevice_t device, bool with_ids)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(v, "prior"), i, p)
	{
		const nvmlGpuInstance_t gi = gi_create(device, gi_kind(text(p, "profile")));

		if (with_ids)
			CHECK_EQ(gi_info(gi).id, json_integer_value(json_object_get(p, "id")));
	}
}

static void create_vector(const json_t *v, bool is_mirrored)
{
	const json_t *ids = json_object_get(v, "ids"),
		     *places = json_object_get(v, "placements");
	const nvmlDevice_t device = vector_gpu(v, is_mirrored);
	const json_t *step;
	size_t i;

	CHECK(json_array_size(ids) == json_array_size(json_object_get(v, "sequence")));
	prior_of(v, device, is_of(v, is_mirrored));
	json_array_foreach(json_object_get(v, "sequence"), i, step)
	{
		const unsigned kind = gi_kind(json_string_value(step));
		const nvmlGpuInstanceInfo_t info = gi_info(gi_create(device, kind));

		CHECK(info.device == device);
		CHECK_EQ(info.profileId, gi_profile_id(device, kind));
		if (is_of(v, is_mirrored))
			CHECK_EQ(info.id, json_integer_value(json_array_get(ids, i)));
		if (places)
			placement_is(info.placement,
				     json_string_value(json_array_get(places, i)));
	}
	machine_stop();
}

static void instances_go_where_real_drivers_put_them(void)
{
	json_t *list = vectors("create");
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		printf("   %s: %s\n", text(v, "type"), text(v, "command"));
		create_vector(v, false);
		if (strcmp(text(v, "orientation"), "none") != 0)
			create_vector(v, true);
	}
	json_decref(list);
}

static unsigned kind_of_size(unsigned size)
{
	return size == 1 ? 0 : size == 2 ? 1 : 2;
}

/* The listings name places of size 1, 2 and 4: a 1g, a 2g and a 3g. */
static void listing(const json_t *v)
{
	const bool is_mirrored = is_of(v, true);
	const nvmlDevice_t device = vector_gpu(v, is_mirrored);
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(v, "listing"), i, item)
	{
		unsigned start, size;
		nvmlGpuInstance_t gi = NULL;

		CHECK(sscanf(text(item, "placement"), "%u:%u", &start, &size) == 2);
		CHECK_RC(gi_create_at(device, kind_of_size(size), start, size, &gi),
			 NVML_SUCCESS);
		CHECK_EQ(gi_info(gi).id, json_integer_value(json_object_get(item, "id")));
		placement_is(gi_info(gi).placement, text(item, "placement"));
	}
	machine_stop();
}

static void an_id_names_the_place_that_real_listings_show(void)
{
	json_t *list = vectors("listings");
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) listing(v);
	json_decref(list);
}

/* "3/7": free and total. */
static void capacity_is(nvmlDevice_t device, unsigned kind, const char *want)
{
	nvmlGpuInstanceProfileInfo_t info;
	char buf[32];

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceProfileInfo(device, kind, &info), NVML_SUCCESS);
	snprintf(buf, sizeof(buf), "%u/%u", capacity(device, kind), info.instanceCount);
	CHECK_STR(buf, want);
}

static void capacity_vector(const json_t *v, bool is_mirrored)
{
	const nvmlDevice_t device = vector_gpu(v, is_mirrored);
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(v, "steps"), i, step)
	{
		const char *create = json_string_value(json_object_get(step, "create"));
		const char *kind;
		json_t *want;

		if (create)
			gi_create(device, gi_kind(create));
		json_object_foreach(json_object_get(step, "free"), kind, want)
			capacity_is(device, gi_kind(kind), json_string_value(want));
	}
	machine_stop();
}

static void remaining_capacity_is_what_a_real_driver_printed(void)
{
	json_t *list = vectors("remaining_capacity");
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		capacity_vector(v, false);
		capacity_vector(v, true);
	}
	json_decref(list);
}

/* "free_after": {"1c": "3/4"}; a kind that is the whole GI carries its slices too: "4c". */
static void ci_capacity_is(nvmlGpuInstance_t gi, const json_t *free_counts)
{
	const char *kind;
	json_t *want;

	json_object_foreach((json_t *)free_counts, kind, want)
	{
		nvmlComputeInstanceProfileInfo_t info;
		unsigned n = ~0U;
		char buf[32];

		CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, ci_kind(kind), 0,
									 &info),
			 NVML_SUCCESS);
		CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi, info.id, &n),
			 NVML_SUCCESS);
		snprintf(buf, sizeof(buf), "%u/%u", n, info.instanceCount);
		CHECK_STR(buf, json_string_value(want));
	}
}

static nvmlComputeInstance_t ci_step(nvmlGpuInstance_t gi, const char *what)
{
	nvmlComputeInstance_t ci = NULL;
	unsigned id;

	if (sscanf(what, "destroy %u", &id) == 1) {
		CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, id, &ci), NVML_SUCCESS);
		CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
		return NULL;
	}
	return ci_create(gi,
			 strcmp(what, "default") == 0 ? ci_profile_default(gi) : ci_kind(what));
}

static void ci_vector(const json_t *v, bool is_mirrored)
{
	const json_t *ids = json_object_get(v, "ids"),
		     *places = json_object_get(v, "placements");
	const nvmlDevice_t device = vector_gpu(v, is_mirrored);
	const nvmlGpuInstance_t gi = gi_create(device, gi_kind(text(v, "gi")));
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(v, "sequence"), i, step)
	{
		const nvmlComputeInstance_t ci = ci_step(gi, json_string_value(step));
		char buf[32];

		if (ci && ids)
			CHECK_EQ(ci_info(ci).id, json_integer_value(json_array_get(ids, i)));
		if (ci && places) {
			snprintf(buf, sizeof(buf), "%u:%u", ci_info(ci).placement.start,
				 ci_info(ci).placement.size);
			CHECK_STR(buf, json_string_value(json_array_get(places, i)));
		}
		if (i == 0)
			ci_capacity_is(gi, json_object_get(v, "free_after_first"));
	}
	ci_capacity_is(gi, json_object_get(v, "free_after"));
	machine_stop();
}

static void compute_instances_go_where_real_drivers_put_them(void)
{
	json_t *list = vectors("compute_instances");
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		ci_vector(v, false);
		ci_vector(v, true);
	}
	json_decref(list);
}

void vector_tests(void)
{
	RUN(instances_go_where_real_drivers_put_them);
	RUN(an_id_names_the_place_that_real_listings_show);
	RUN(remaining_capacity_is_what_a_real_driver_printed);
	RUN(compute_instances_go_where_real_drivers_put_them);
}
