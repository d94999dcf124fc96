/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indices of MIG devices belong to a process: the first question after nvmlInit numbers
 * the devices that there are by GI id, then CI id. A device that goes leaves a hole, a new
 * one takes the lowest free index, and only the next nvmlInit numbers anew.
 */
#include <string.h>

#include "sim/session.h"

enum { INDICES_MAX = SIM_GIS_MAX * SIM_CIS_MAX };

struct slot {
	uint32_t generation; /* of the CI; 0: free */
	uint8_t gi, ci;
};

static struct slot slots[SIM_GPUS_MAX][INDICES_MAX];
static uint64_t numbered[SIM_GPUS_MAX]; /* of which state they are, plus 1; 0: of none */

void sim_index_reset(void)
{
	memset(numbered, 0, sizeof(numbered));
	memset(slots, 0, sim_fixed()->n_gpus * sizeof(slots[0]));
}

static uint32_t generation_at(const struct sim_gpu_state *gpu, int gi, int ci)
{
	return gpu->gi[gi].generation ? gpu->gi[gi].ci[ci].generation : 0;
}

static bool is_numbered(const struct slot *of, uint32_t generation)
{
	for (int i = 0; i < INDICES_MAX; i++)
		if (of[i].generation == generation)
			return true;
	return false;
}

static void number(struct slot *of, uint32_t generation, int gi, int ci)
{
	int i = 0;

	while (of[i].generation)
		i++;
	of[i] = (struct slot){ generation, (uint8_t)gi, (uint8_t)ci };
}

static struct slot *indices(int gpu)
{
	const struct sim_gpu_state *state = &sim_view()->gpus[gpu];
	struct slot *of = slots[gpu];

	if (numbered[gpu] == sim_view_seq() + 1)
		return of;
	numbered[gpu] = sim_view_seq() + 1;
	for (int i = 0; i < INDICES_MAX; i++)
		if (of[i].generation &&
		    generation_at(state, of[i].gi, of[i].ci) != of[i].generation)
			of[i].generation = 0;
	for (int gi = 0; gi < SIM_GIS_MAX; gi++)
		for (int ci = 0; ci < SIM_CIS_MAX; ci++) {
			uint32_t generation = generation_at(state, gi, ci);

			if (generation && !is_numbered(of, generation))
				number(of, generation, gi, ci);
		}
	return of;
}

bool sim_index_find(int gpu, unsigned index, int *ret_gi, int *ret_ci)
{
	const struct slot *of = indices(gpu);

	if (index >= INDICES_MAX || !of[index].generation)
		return false;
	*ret_gi = of[index].gi;
	*ret_ci = of[index].ci;
	return true;
}

unsigned sim_index_of(int gpu, int gi, int ci)
{
	const struct slot *of = indices(gpu);
	unsigned i = 0;

	while (i < INDICES_MAX && (!of[i].generation || of[i].gi != gi || of[i].ci != ci))
		i++;
	return i;
}
