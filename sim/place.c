/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/place.h"

/* Units a leaf of the heap: 1 of 8, 1 of 4, 3 of 12. */
static int leaves(int units)
{
	int n = 1;

	while (n < 8 && units % (2 * n) == 0)
		n *= 2;
	return n;
}

int sim_place_id(const struct sim_type *type, bool is_mirrored, int start, int size)
{
	int n = leaves(type->units), unit = type->units / n;
	int slot = start / unit, span = size / unit;

	if (size <= 0 || start < 0 || start + size > type->units || start % unit || size % unit)
		return -1;
	if ((span & (span - 1)) != 0 || slot % span != 0)
		return -1;
	if (is_mirrored)
		slot = (slot + n / 2) % n;
	return n / span - 1 + slot / span;
}

static uint32_t span_mask(int start, int size)
{
	return ((1U << size) - 1) << start;
}

/* Those of @starts whose whole span is outside @used. */
static uint32_t free_starts(uint32_t starts, int size, uint32_t used)
{
	for (int i = 0; i < MIG_UNITS_MAX; i++)
		if ((starts >> i & 1) && (span_mask(i, size) & used))
			starts &= ~(1U << i);
	return starts;
}

static uint32_t used_units(const struct sim_type *type, const struct sim_gpu_state *gpu)
{
	uint32_t used = 0;

	for (int i = 0; i < SIM_GIS_MAX; i++)
		if (gpu->gi[i].generation)
			used |= span_mask(gpu->gi[i].start,
					  type->profiles[gpu->gi[i].profile].size);
	return used;
}

/* A GPU has the engines of the profile that spans it. */
static int engines_total(const struct sim_type *type, int engine)
{
	int total = 0;

	for (int i = 0; i < type->n_profiles; i++)
		if (type->profiles[i].size == type->units &&
		    type->profiles[i].engines[engine] > total)
			total = type->profiles[i].engines[engine];
	return total;
}

static bool engines_are_left(const struct sim_type *type, const struct sim_gpu_state *gpu,
			     const struct sim_gi_kind *kind)
{
	for (int e = 0; e < SIM_ENGINES; e++) {
		int left = engines_total(type, e);

		for (int i = 0; i < SIM_GIS_MAX; i++)
			if (gpu->gi[i].generation)
				left -= type->profiles[gpu->gi[i].profile].engines[e];
		if (kind->engines[e] > left)
			return false;
	}
	return true;
}

static bool is_mix(int a, int b)
{
	return (a == 4 && b == 3) || (a == 3 && b == 4);
}

static bool may_add(const struct sim_type *type, const struct sim_gpu_state *gpu, int kind,
		    bool may_mix)
{
	int count = 0;

	for (int i = 0; i < SIM_GIS_MAX; i++) {
		const struct sim_gi *gi = &gpu->gi[i];

		if (!gi->generation)
			continue;
		count += gi->profile == kind;
		if (!may_mix && is_mix(type->profiles[gi->profile].compute_slices,
				       type->profiles[kind].compute_slices))
			return false;
	}
	return count < type->profiles[kind].max_count;
}

uint32_t sim_place_starts(const struct sim_type *type, const struct sim_gpu_state *gpu,
			  int kind, bool may_mix)
{
	const struct sim_gi_kind *k = &type->profiles[kind];

	if (!may_add(type, gpu, kind, may_mix) || !engines_are_left(type, gpu, k))
		return 0;
	return free_starts(k->starts, k->size, used_units(type, gpu));
}

static bool is_same_kind(const struct sim_gi_kind *a, const struct sim_gi_kind *b)
{
	return a->compute_slices == b->compute_slices && a->size == b->size;
}

/* The (kind, start) pairs that are free beside @used. */
static int pairs_free(const struct sim_type *type, uint32_t used)
{
	int pairs = 0;

	for (int i = 0; i < type->n_profiles; i++) {
		const struct sim_gi_kind *k = &type->profiles[i];
		uint32_t starts = k->starts;
		int first = 0;

		while (!is_same_kind(&type->profiles[first], k))
			first++;
		if (first != i)
			continue;
		for (int j = i + 1; j < type->n_profiles; j++)
			if (is_same_kind(&type->profiles[j], k))
				starts |= type->profiles[j].starts;
		pairs += __builtin_popcount(free_starts(starts, k->size, used));
	}
	return pairs;
}

int sim_place_best(const struct sim_type *type, const struct sim_gpu_state *gpu,
		   bool is_mirrored, int kind, uint32_t starts)
{
	uint32_t used = used_units(type, gpu);
	int size = type->profiles[kind].size;
	int best = -1, best_pairs = -1, best_id = 0;

	for (int i = 0; i < type->units; i++) {
		int pairs, id;

		if (!(starts >> i & 1))
			continue;
		pairs = pairs_free(type, used | span_mask(i, size));
		id = sim_place_id(type, is_mirrored, i, size);
		if (pairs > best_pairs || (pairs == best_pairs && id < best_id)) {
			best = i;
			best_pairs = pairs;
			best_id = id;
		}
	}
	return best;
}

static uint32_t used_slices(const struct sim_gi_kind *kind, const struct sim_gi *gi)
{
	uint32_t used = 0;

	for (int i = 0; i < SIM_CIS_MAX; i++)
		if (gi->ci[i].generation)
			used |= span_mask(gi->ci[i].start, kind->ci[gi->ci[i].profile].size);
	return used;
}

uint32_t sim_place_ci_starts(const struct sim_gi_kind *kind, const struct sim_gi *gi,
			     int ci_kind)
{
	int count = 0, total = 0;

	for (int i = 0; i < SIM_CIS_MAX; i++) {
		count += gi->ci[i].generation && gi->ci[i].profile == ci_kind;
		total += gi->ci[i].generation != 0;
	}
	if (total == SIM_CIS_MAX || count >= kind->ci[ci_kind].max_count)
		return 0;
	return free_starts(kind->ci[ci_kind].starts, kind->ci[ci_kind].size,
			   used_slices(kind, gi));
}

int sim_place_ci_best(const struct sim_gi_kind *kind, const struct sim_gi *gi, int ci_kind,
		      uint32_t starts)
{
	uint32_t used = used_slices(kind, gi);
	int best = -1, best_pairs = -1;

	for (int i = 0; i < MIG_UNITS_MAX; i++) {
		int pairs = 0;

		if (!(starts >> i & 1))
			continue;
		for (int k = 0; k < kind->n_ci; k++)
			pairs += __builtin_popcount(
				free_starts(kind->ci[k].starts, kind->ci[k].size,
					    used | span_mask(i, kind->ci[ci_kind].size)));
		if (pairs > best_pairs) {
			best = i;
			best_pairs = pairs;
		}
	}
	return best;
}

unsigned sim_place_count(uint32_t starts, int size)
{
	unsigned count = 0;

	for (int i = 0; i < MIG_UNITS_MAX; i++) {
		if (!(starts >> i & 1))
			continue;
		count++;
		i += size - 1;
	}
	return count;
}
