/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/state.h"

#include <string.h>

#include "sim/place.h"

const struct sim_type *sim_state_type(const struct sim_fixed *fixed, int gpu)
{
	return &fixed->types[fixed->gpus[gpu].type];
}

static bool has_feature(const struct sim_fixed *fixed, enum sim_feature feature)
{
	struct sim_version driver;

	return sim_version_parse(fixed->driver, &driver) && sim_version_has(&driver, feature);
}

bool sim_state_is_held(const struct sim_half *half, int gpu, int gi, int ci)
{
	for (uint32_t i = 0; i < half->n_holds; i++) {
		const struct sim_hold *hold = &half->holds[i];

		if (hold->pid && hold->gpu == gpu && (gi < 0 || hold->gi == gi) &&
		    (ci < 0 || hold->ci == ci))
			return true;
	}
	return false;
}

static bool has_instances(const struct sim_gpu_state *gpu)
{
	for (int i = 0; i < SIM_GIS_MAX; i++)
		if (gpu->gi[i].generation)
			return true;
	return false;
}

static bool has_cis(const struct sim_gi *gi)
{
	for (int i = 0; i < SIM_CIS_MAX; i++)
		if (gi->ci[i].generation)
			return true;
	return false;
}

/* 0 means "none is here", so it is never given out. */
static uint32_t next_generation(struct sim_half *half)
{
	if (++half->generation == 0)
		half->generation = 1;
	return half->generation;
}

nvmlReturn_t sim_state_set_mode(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				unsigned mode, nvmlReturn_t *ret_status)
{
	struct sim_gpu_state *st = &half->gpus[gpu];

	*ret_status = NVML_SUCCESS;
	if (mode == st->mode) {
		st->pending = mode;
		return NVML_SUCCESS;
	}
	if (has_instances(st))
		return NVML_ERROR_IN_USE;
	if (sim_state_is_held(half, gpu, -1, -1)) {
		if (!sim_state_type(fixed, gpu)->mode_needs_reset)
			return NVML_ERROR_IN_USE;
		st->pending = mode;
		*ret_status = NVML_ERROR_IN_USE;
		return NVML_SUCCESS;
	}
	st->mode = st->pending = mode;
	return NVML_SUCCESS;
}

uint32_t sim_state_starts(const struct sim_fixed *fixed, const struct sim_half *half, int gpu,
			  int kind)
{
	return sim_place_starts(sim_state_type(fixed, gpu), &half->gpus[gpu], kind,
				has_feature(fixed, SIM_MIX_4G_3G));
}

nvmlReturn_t sim_state_create_gi(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				 int kind, int start, int *ret_id)
{
	const struct sim_type *type = sim_state_type(fixed, gpu);
	struct sim_gpu_state *st = &half->gpus[gpu];
	bool is_mirrored = fixed->gpus[gpu].is_mirrored;
	uint32_t starts = sim_state_starts(fixed, half, gpu, kind);
	int id;

	if (start >= MIG_UNITS_MAX ||
	    (start >= 0 && !(type->profiles[kind].starts >> start & 1)))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (start < 0)
		start = sim_place_best(type, st, is_mirrored, kind, starts);
	if (start < 0 || !(starts >> start & 1))
		return NVML_ERROR_INSUFFICIENT_RESOURCES;
	id = sim_place_id(type, is_mirrored, start, type->profiles[kind].size);
	st->gi[id] = (struct sim_gi){ .generation = next_generation(half),
				      .profile = (uint8_t)kind,
				      .start = (uint8_t)start };
	*ret_id = id;
	return NVML_SUCCESS;
}

/* A stamp of the future was made before the host's last boot: it has settled since. */
static bool is_settling(const struct sim_half *half, const struct sim_gi *gi, uint64_t now_ns)
{
	return gi->emptied_ns && now_ns >= gi->emptied_ns &&
	       now_ns - gi->emptied_ns < (uint64_t)half->settle_ms * 1000000;
}

nvmlReturn_t sim_state_destroy_gi(struct sim_half *half, int gpu, int gi, uint64_t now_ns)
{
	struct sim_gi *g = &half->gpus[gpu].gi[gi];

	if (has_cis(g) || sim_state_is_held(half, gpu, gi, -1) || is_settling(half, g, now_ns))
		return NVML_ERROR_IN_USE;
	memset(g, 0, sizeof(*g));
	return NVML_SUCCESS;
}

nvmlReturn_t sim_state_create_ci(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				 int gi, int kind, int start, int *ret_id)
{
	struct sim_gi *g = &half->gpus[gpu].gi[gi];
	const struct sim_gi_kind *gk = &sim_state_type(fixed, gpu)->profiles[g->profile];
	uint32_t starts = sim_place_ci_starts(gk, g, kind);
	int id = 0;

	if (start >= MIG_UNITS_MAX || (start >= 0 && !(gk->ci[kind].starts >> start & 1)))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (start < 0)
		start = sim_place_ci_best(gk, g, kind, starts);
	if (start < 0 || !(starts >> start & 1))
		return NVML_ERROR_INSUFFICIENT_RESOURCES;
	while (g->ci[id].generation)
		id++;
	g->ci[id] = (struct sim_ci){ .generation = next_generation(half),
				     .profile = (uint8_t)kind,
				     .start = (uint8_t)start };
	*ret_id = id;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_state_destroy_ci(struct sim_half *half, int gpu, int gi, int ci,
				  uint64_t now_ns)
{
	struct sim_gi *g = &half->gpus[gpu].gi[gi];

	if (sim_state_is_held(half, gpu, gi, ci))
		return NVML_ERROR_IN_USE;
	memset(&g->ci[ci], 0, sizeof(g->ci[ci]));
	if (!has_cis(g))
		g->emptied_ns = now_ns;
	return NVML_SUCCESS;
}

void sim_state_reset(struct sim_half *half, int gpu)
{
	struct sim_gpu_state *st = &half->gpus[gpu];

	memset(st->gi, 0, sizeof(st->gi));
	st->mode = st->pending;
	memset(&half->clocks[gpu], 0, sizeof(half->clocks[gpu]));
	half->lost &= ~(1U << gpu);
}

void sim_state_reboot(const struct sim_fixed *fixed, struct sim_half *half)
{
	memset(half->holds, 0, sizeof(half->holds));
	half->n_holds = 0;
	half->boot = half->boot == UINT32_MAX ? 1 : half->boot + 1;
	for (int i = 0; i < (int)fixed->n_gpus; i++) {
		sim_state_reset(half, i);
		if (!sim_state_type(fixed, i)->mode_survives_reboot)
			half->gpus[i].mode = half->gpus[i].pending = 0;
	}
}

void sim_state_sweep(const struct sim_image *img, struct sim_half *half)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < half->n_holds; i++) {
		if (half->holds[i].pid && !sim_image_is_held(img, i))
			memset(&half->holds[i], 0, sizeof(half->holds[i]));
		if (half->holds[i].pid)
			end = i + 1;
	}
	half->n_holds = end;
}

uint64_t sim_state_idle_bytes(const struct sim_gi_kind *kind)
{
	/* 35.5 MiB a compute slice: measured, driver 580.126.09, A100-SXM4-40GB. */
	return (uint64_t)kind->compute_slices * 71 * (1 << 20) / 2;
}

uint64_t sim_state_reserved_bytes(const struct sim_type *type)
{
	/* 518 of 40960 MiB: measured on an A100-SXM4-40GB; the same share of every other. */
	return ((uint64_t)type->mem_mib * 518 / 40960) << 20;
}
