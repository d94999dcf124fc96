/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where instances go. The driver numbers a GPU instance by its place: the ids are the
 * indices of a heap over the memory slots of the silicon.
 *
 *	id   0                              all slots
 *	     1               2              halves
 *	     3       4       5       6      quarters
 *	     7   8   9  10  11  12  13  14  eighths
 *
 * NVML's placement units are slots on silicon of the normal orientation and slots turned
 * by half a GPU on mirrored silicon. A type whose size is no power of two of leaves has
 * several units a leaf (12 units: four leaves of three).
 * Source: docs/SIMULATOR.md, "Ids" and "Allocation".
 */
#ifndef SIM_PLACE_H
#define SIM_PLACE_H

#include "sim/image.h"

/** sim_place_id - the id of a GI of @size units at @start, or -1: no span of the heap. */
int sim_place_id(const struct sim_type *type, bool is_mirrored, int start, int size);

/**
 * sim_place_starts - where one more GI of a kind could begin now: its units are free, fewer
 * than max_count of it exist, and the engines that it needs are left.
 * @may_mix:	may four compute slices stand beside three? (older drivers refuse)
 */
uint32_t sim_place_starts(const struct sim_type *type, const struct sim_gpu_state *gpu,
			  int kind, bool may_mix);

/**
 * sim_place_best - of @starts, the one after which the most (kind, start) pairs are still
 * free, every (compute slices, size) counting as one kind; the lowest id of equals. -1: none.
 */
int sim_place_best(const struct sim_type *type, const struct sim_gpu_state *gpu,
		   bool is_mirrored, int kind, uint32_t starts);

/** sim_place_ci_starts - where one more CI of a kind could begin in a GI now. */
uint32_t sim_place_ci_starts(const struct sim_gi_kind *kind, const struct sim_gi *gi,
			     int ci_kind);

/** sim_place_ci_best - sim_place_best() for CIs; the lowest start of equals. */
int sim_place_ci_best(const struct sim_gi_kind *kind, const struct sim_gi *gi, int ci_kind,
		      uint32_t starts);

/** sim_place_count - how many spans of @size can be taken from @starts without overlap. */
unsigned sim_place_count(uint32_t starts, int size);

#endif
