/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles are values, never memory:
 *
 *	63            32 31          20 19    16 15    12 11       4 3     0
 *	| generation     | machine      | CI id  | GI id  | GPU     | kind |
 *
 * The generation of an instance is the machine's count of creations when it was made, so
 * that a handle never means a successor at the same place; that of a GPU is the boot.
 */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/session.h"

enum handle_kind { KIND_GPU = 1, KIND_MIG, KIND_GI, KIND_CI };

static_assert(sizeof(nvmlDevice_t) == sizeof(uint64_t), "a handle has 64 bits");

static uint64_t encode(enum handle_kind kind, int gpu, int gi, int ci, uint32_t generation)
{
	return (uint64_t)generation << 32 | (uint64_t)(sim_session_mark() & 0xfff) << 20 |
	       (uint64_t)(ci & 0xf) << 16 | (uint64_t)(gi & 0xf) << 12 |
	       (uint64_t)(gpu & 0xff) << 4 | kind;
}

static nvmlReturn_t locate_ci(uint64_t h, struct sim_at *at)
{
	at->ci = (int)(h >> 16 & 0xf);
	if (at->gi >= SIM_GIS_MAX || at->ci >= SIM_CIS_MAX)
		return NVML_ERROR_INVALID_ARGUMENT;
	at->g = &at->state->gi[at->gi];
	at->c = &at->g->ci[at->ci];
	if (!at->g->generation || at->c->generation != (uint32_t)(h >> 32) ||
	    !at->c->generation)
		return NVML_ERROR_INVALID_ARGUMENT;
	at->kind = &at->type->profiles[at->g->profile];
	at->ci_kind = &at->kind->ci[at->c->profile];
	return NVML_SUCCESS;
}

static nvmlReturn_t locate_gi(uint64_t h, struct sim_at *at)
{
	at->ci = -1;
	if (at->gi >= SIM_GIS_MAX)
		return NVML_ERROR_INVALID_ARGUMENT;
	at->g = &at->state->gi[at->gi];
	if (at->g->generation != (uint32_t)(h >> 32) || !at->g->generation)
		return NVML_ERROR_INVALID_ARGUMENT;
	at->kind = &at->type->profiles[at->g->profile];
	return NVML_SUCCESS;
}

static nvmlReturn_t locate(const struct sim_half *half, uint64_t h, unsigned kinds,
			   struct sim_at *ret)
{
	unsigned kind = h & 0xf;
	struct sim_at at = { .gpu = (int)(h >> 4 & 0xff),
			     .gi = (int)(h >> 12 & 0xf),
			     .ci = -1 };

	if (!(kinds >> kind & 1) || (h >> 20 & 0xfff) != (sim_session_mark() & 0xfff) ||
	    at.gpu >= (int)sim_fixed()->n_gpus)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (half->boot != sim_session_boot() || half->is_removed ||
	    (kind == KIND_GPU && h >> 32 != half->boot) || half->lost >> at.gpu & 1)
		return NVML_ERROR_GPU_IS_LOST;
	at.id = &sim_fixed()->gpus[at.gpu];
	at.type = &sim_fixed()->types[at.id->type];
	at.state = &half->gpus[at.gpu];
	if (kind == KIND_GPU)
		at.gi = -1;
	else if (kind == KIND_GI)
		SIM_TRY(locate_gi(h, &at));
	else
		SIM_TRY(locate_ci(h, &at));
	*ret = at;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_at_device(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret)
{
	return locate(half, (uint64_t)h, 1U << KIND_GPU | 1U << KIND_MIG, ret);
}

nvmlReturn_t sim_at_gpu(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret)
{
	return locate(half, (uint64_t)h, 1U << KIND_GPU, ret);
}

nvmlReturn_t sim_at_mig(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret)
{
	return locate(half, (uint64_t)h, 1U << KIND_MIG, ret);
}

nvmlReturn_t sim_at_whole(nvmlDevice_t h, const void *out, struct sim_at *ret)
{
	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_device(sim_view(), h, ret));
	return ret->c ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

nvmlReturn_t sim_at_gi(const struct sim_half *half, nvmlGpuInstance_t h, struct sim_at *ret)
{
	return locate(half, (uint64_t)h, 1U << KIND_GI, ret);
}

nvmlReturn_t sim_at_ci(const struct sim_half *half, nvmlComputeInstance_t h, struct sim_at *ret)
{
	return locate(half, (uint64_t)h, 1U << KIND_CI, ret);
}

nvmlDevice_t sim_handle_gpu(int gpu)
{
	return (nvmlDevice_t)encode(KIND_GPU, gpu, 0, 0, sim_session_boot());
}

nvmlDevice_t sim_handle_mig(const struct sim_half *half, int gpu, int gi, int ci)
{
	return (nvmlDevice_t)encode(KIND_MIG, gpu, gi, ci,
				    half->gpus[gpu].gi[gi].ci[ci].generation);
}

nvmlGpuInstance_t sim_handle_gi(const struct sim_half *half, int gpu, int gi)
{
	return (nvmlGpuInstance_t)encode(KIND_GI, gpu, gi, 0,
					 half->gpus[gpu].gi[gi].generation);
}

nvmlComputeInstance_t sim_handle_ci(const struct sim_half *half, int gpu, int gi, int ci)
{
	return (nvmlComputeInstance_t)encode(KIND_CI, gpu, gi, ci,
					     half->gpus[gpu].gi[gi].ci[ci].generation);
}

const char *sim_handle_words(const void *handle, char *buf, size_t len)
{
	const uint64_t h = (uint64_t)handle;
	const unsigned gpu = h >> 4 & 0xff, gi = h >> 12 & 0xf, ci = h >> 16 & 0xf;

	switch (h & 0xf) {
	case KIND_GPU:
		snprintf(buf, len, "GPU %u", gpu);
		break;
	case KIND_GI:
		snprintf(buf, len, "GPU %u GI %u", gpu, gi);
		break;
	case KIND_MIG:
	case KIND_CI:
		snprintf(buf, len, "GPU %u GI %u CI %u", gpu, gi, ci);
		break;
	default:
		snprintf(buf, len, "no handle");
	}
	return buf;
}
