/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine does when it is told to change: pure functions on a state in memory. Each
 * answers with NVML's code and changes @half on SUCCESS only. Who may call, and how a
 * state gets into the file, is not their business; nor are dead holders: sweep first.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "abi/nvml.h"
#include "sim/image.h"
#include "sim/version.h"

/** sim_state_type - the type of a GPU. */
const struct sim_type *sim_state_type(const struct sim_fixed *fixed, int gpu);

/** sim_state_is_held - does a hold touch this GPU, GI (@gi >= 0) or CI (@ci >= 0)? */
bool sim_state_is_held(const struct sim_half *half, int gpu, int gi, int ci);

/** sim_state_starts - where one more GI of a kind could begin, with this machine's driver. */
uint32_t sim_state_starts(const struct sim_fixed *fixed, const struct sim_half *half, int gpu,
			  int kind);

/**
 * sim_state_set_mode - switch MIG on or off.
 * @ret_status:	SUCCESS: effective; IN_USE: a holder keeps it pending. Written on SUCCESS only.
 *
 * Errors: IN_USE - instances are there, or a holder and the switch needs no reset.
 */
nvmlReturn_t sim_state_set_mode(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				unsigned mode, nvmlReturn_t *ret_status);

/**
 * sim_state_create_gi - make a GPU instance.
 * @start:	placement unit, or -1 for where the driver likes.
 * @ret_id:	written on success only.
 *
 * Errors: INVALID_ARGUMENT - a start that the kind never has; INSUFFICIENT_RESOURCES.
 */
nvmlReturn_t sim_state_create_gi(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				 int kind, int start, int *ret_id);

/** sim_state_destroy_gi - Errors: IN_USE: CIs, a holder, or its last CI went just now. */
nvmlReturn_t sim_state_destroy_gi(struct sim_half *half, int gpu, int gi, uint64_t now_ns);

/** sim_state_create_ci - the same for a compute instance; @start in compute slices of the GI. */
nvmlReturn_t sim_state_create_ci(const struct sim_fixed *fixed, struct sim_half *half, int gpu,
				 int gi, int kind, int start, int *ret_id);

/** sim_state_destroy_ci - Errors: IN_USE: somebody holds it. */
nvmlReturn_t sim_state_destroy_ci(struct sim_half *half, int gpu, int gi, int ci,
				  uint64_t now_ns);

/** sim_state_reset - instances go, the pending mode becomes the current one. */
void sim_state_reset(struct sim_half *half, int gpu);

/** sim_state_reboot - every GPU is reset, holds go, and modes that do not survive are off. */
void sim_state_reboot(const struct sim_fixed *fixed, struct sim_half *half);

/** sim_state_sweep - free the rows of holders that died. */
void sim_state_sweep(const struct sim_image *img, struct sim_half *half);

/** sim_state_idle_bytes - what an instance uses while nobody does. */
uint64_t sim_state_idle_bytes(const struct sim_gi_kind *kind);

/** sim_state_reserved_bytes - what the driver keeps of a GPU's memory while MIG is off. */
uint64_t sim_state_reserved_bytes(const struct sim_type *type);

#endif
