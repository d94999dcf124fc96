/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what a file says possible? Everything else of the simulator uses indices, sizes and
 * strings of an image without looking again.
 */
#include <stdint.h>
#include <string.h>

#include "sim/image.h"
#include "sim/place.h"
#include "sim/version.h"

#define IN_RANGE(v, min, max) ((v) >= (min) && (v) <= (max))
#define IS_TEXT(a)            (memchr((a), '\0', sizeof(a)) != NULL)

enum { COUNT_MAX = 1 << 20 }; /* of anything that is only reported */

bool sim_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strspn(name, allowed);

	return len > 0 && len < SIM_NAME_MAX && name[len] == '\0' && name[0] != '.' &&
	       name[0] != '-';
}

/* Every start of @starts leaves room for @size in @room units. */
static bool starts_fit(uint32_t starts, int size, int room)
{
	if (!IN_RANGE(size, 1, room))
		return false;
	return starts != 0 && starts >> (room - size + 1) == 0;
}

/* The CI of a double memory profile is as long as its GI, though that has one slice. */
static int ci_room(const struct sim_gi_kind *gi)
{
	return gi->size > gi->compute_slices ? gi->size : gi->compute_slices;
}

static bool ci_kind_is_sound(const struct sim_gi_kind *gi, const struct sim_ci_kind *ci)
{
	return IS_TEXT(ci->name) && IN_RANGE(ci->nvml_profile, 0, 255) &&
	       IN_RANGE(ci->id, 0, COUNT_MAX) &&
	       IN_RANGE(ci->compute_slices, 1, MIG_UNITS_MAX) &&
	       IN_RANGE(ci->max_count, 1, SIM_CIS_MAX) && IN_RANGE(ci->sm, 0, COUNT_MAX) &&
	       IN_RANGE(gi->compute_slices, 1, MIG_UNITS_MAX) &&
	       starts_fit(ci->starts, ci->size, ci_room(gi));
}

static bool gi_starts_have_ids(const struct sim_type *type, const struct sim_gi_kind *gi)
{
	for (int i = 0; i < type->units; i++)
		if ((gi->starts >> i & 1) && sim_place_id(type, false, i, gi->size) < 0)
			return false;
	return true;
}

static bool gi_kind_is_sound(const struct sim_type *type, const struct sim_gi_kind *gi)
{
	if (!IS_TEXT(gi->name) || !IN_RANGE(gi->nvml_profile, 0, 255) ||
	    !IN_RANGE(gi->id, 0, COUNT_MAX) ||
	    !IN_RANGE(gi->compute_slices, 1, type->compute_slices) ||
	    !starts_fit(gi->starts, gi->size, type->units) || !gi_starts_have_ids(type, gi) ||
	    !IN_RANGE(gi->max_count, 1, MIG_UNITS_MAX) || !IN_RANGE(gi->sm, 0, COUNT_MAX) ||
	    !IN_RANGE(gi->mem_mib, 1, type->mem_mib) || !IN_RANGE(gi->p2p, 0, 1) ||
	    !IN_RANGE(gi->gfx, 0, 1) || !IN_RANGE(gi->n_ci, 1, MIG_CI_PROFILES_MAX))
		return false;
	for (int e = 0; e < SIM_ENGINES; e++)
		if (!IN_RANGE(gi->engines[e], 0, 1024))
			return false;
	for (int i = 0; i < gi->n_ci; i++)
		if (!ci_kind_is_sound(gi, &gi->ci[i]))
			return false;
	return true;
}

static bool type_is_sound(const struct sim_type *t)
{
	if (!IS_TEXT(t->key) || !IS_TEXT(t->name) || !IN_RANGE(t->cc_major, 0, 1000) ||
	    !IN_RANGE(t->cc_minor, 0, 1000) || !IN_RANGE(t->units, 1, MIG_UNITS_MAX) ||
	    !IN_RANGE(t->compute_slices, 1, MIG_UNITS_MAX) ||
	    !IN_RANGE(t->max_mig_devices, 1, MIG_UNITS_MAX) ||
	    !IN_RANGE(t->mode_needs_reset, 0, 1) || !IN_RANGE(t->mode_survives_reboot, 0, 1) ||
	    !IN_RANGE(t->has_ecc, 0, 1) || !IN_RANGE(t->mem_mib, 1, 1 << 30) ||
	    !IN_RANGE(t->bar1_mib, 1, 1 << 30) || !IN_RANGE(t->n_profiles, 1, MIG_PROFILES_MAX))
		return false;
	for (int i = 0; i < t->n_profiles; i++)
		if (!gi_kind_is_sound(t, &t->profiles[i]))
			return false;
	return true;
}

static bool gpu_is_sound(const struct sim_fixed *f, const struct sim_gpu *gpu)
{
	return IS_TEXT(gpu->uuid) && IS_TEXT(gpu->serial) && IS_TEXT(gpu->bus_id) &&
	       gpu->bus <= 255 && gpu->type < f->n_types && gpu->is_mirrored <= 1;
}

bool sim_fixed_is_sound(const struct sim_fixed *f, const char **ret_why)
{
	struct sim_version driver;

	*ret_why = "its name, id or driver version is unreadable";
	if (!IS_TEXT(f->id) || !IS_TEXT(f->name) || !sim_name_ok(f->name) ||
	    !IS_TEXT(f->driver) || !sim_version_parse(f->driver, &driver))
		return false;
	*ret_why = "its number of GPUs or types is impossible";
	if (!IN_RANGE(f->n_gpus, 1, SIM_GPUS_MAX) || !IN_RANGE(f->n_types, 1, SIM_SPECS_MAX) ||
	    f->is_strict > 1 || f->is_assumed > 1)
		return false;
	*ret_why = "a GPU type has impossible values";
	for (uint32_t i = 0; i < f->n_types; i++)
		if (!type_is_sound(&f->types[i]))
			return false;
	*ret_why = "a GPU has impossible values";
	for (uint32_t i = 0; i < f->n_gpus; i++)
		if (!gpu_is_sound(f, &f->gpus[i]))
			return false;
	return true;
}

/* --- State ------------------------------------------------------------------------------ */

static bool cis_are_sound(const struct sim_gi_kind *kind, const struct sim_gi *gi)
{
	uint32_t used = 0;

	for (int i = 0; i < SIM_CIS_MAX; i++) {
		const struct sim_ci *ci = &gi->ci[i];
		uint32_t span;

		if (!ci->generation)
			continue;
		if (ci->profile >= kind->n_ci || ci->start >= MIG_UNITS_MAX ||
		    !(kind->ci[ci->profile].starts >> ci->start & 1))
			return false;
		span = ((1U << kind->ci[ci->profile].size) - 1) << ci->start;
		if (used & span)
			return false;
		used |= span;
	}
	return true;
}

static bool gi_is_sound(const struct sim_type *type, const struct sim_gpu *gpu, int id,
			const struct sim_gi *gi, uint32_t *used)
{
	uint32_t span;
	int size;

	if (gi->profile >= type->n_profiles || gi->start >= MIG_UNITS_MAX ||
	    !(type->profiles[gi->profile].starts >> gi->start & 1))
		return false;
	size = type->profiles[gi->profile].size;
	span = ((1U << size) - 1) << gi->start;
	if ((*used & span) || sim_place_id(type, gpu->is_mirrored, gi->start, size) != id)
		return false;
	*used |= span;
	return cis_are_sound(&type->profiles[gi->profile], gi);
}

static bool gpu_state_is_sound(const struct sim_fixed *f, int gpu,
			       const struct sim_gpu_state *st)
{
	const struct sim_type *type = &f->types[f->gpus[gpu].type];
	uint32_t used = 0;

	if (st->mode > 1 || st->pending > 1)
		return false;
	for (int id = 0; id < SIM_GIS_MAX; id++) {
		if (!st->gi[id].generation)
			continue;
		if (!st->mode || !gi_is_sound(type, &f->gpus[gpu], id, &st->gi[id], &used))
			return false;
	}
	return true;
}

static bool clocks_are_sound(const struct sim_clocks *c)
{
	return c->lock_min_mhz <= c->lock_max_mhz && !c->lock_min_mhz == !c->lock_max_mhz;
}

static bool hold_is_sound(const struct sim_fixed *f, const struct sim_half *half,
			  const struct sim_hold *hold)
{
	const struct sim_gi *gi;

	if (!hold->pid)
		return true;
	if (hold->gpu >= f->n_gpus || hold->mem_bytes > (uint64_t)1 << 50 ||
	    hold->sm_percent > 100 || hold->dram_percent > 100)
		return false;
	if (!hold->generation)
		return hold->gi == -1 && hold->ci == -1;
	if (!IN_RANGE(hold->gi, 0, SIM_GIS_MAX - 1) || !IN_RANGE(hold->ci, 0, SIM_CIS_MAX - 1))
		return false;
	gi = &half->gpus[hold->gpu].gi[hold->gi];
	return gi->generation && gi->ci[hold->ci].generation == hold->generation;
}

bool sim_half_is_sound(const struct sim_fixed *f, const struct sim_half *half,
		       const char **ret_why)
{
	*ret_why = "its state has impossible counts";
	if (half->boot == 0 || half->is_removed > 1 || half->n_holds > SIM_TENANTS_MAX)
		return false;
	*ret_why = "a GPU is lost that is not there";
	if (f->n_gpus < 32 && half->lost >> f->n_gpus)
		return false;
	*ret_why = "the state of a GPU is impossible";
	for (uint32_t i = 0; i < f->n_gpus; i++)
		if (!gpu_state_is_sound(f, (int)i, &half->gpus[i]))
			return false;
	*ret_why = "the clocks of a GPU are impossible";
	for (uint32_t i = 0; i < f->n_gpus; i++)
		if (!clocks_are_sound(&half->clocks[i]))
			return false;
	*ret_why = "the hold of a tenant is impossible";
	for (uint32_t i = 0; i < half->n_holds; i++)
		if (!hold_is_sound(f, half, &half->holds[i]))
			return false;
	return true;
}
