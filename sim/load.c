/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/load.h"

#include <string.h>
#include <time.h>

#include "sim/state.h"

enum {
	FULL = 1000000,   /* ppm */
	PER_CENT = 10000, /* ppm */
	SM_WEIGHT = 70, /* of what full load adds to idle power, per cent; DRAM has the rest */
	IDLE_CELSIUS = 30,
	BUSY_CELSIUS = 45, /* above idle, at the power limit */
};

/* Power limits and clocks as boards of these kinds are sold; idle power, and what a variant
 * of a board changes, is assumed. The first key that fits counts. */
static const struct sim_model models[] = {
	/* key, TDP, idle W; SM, memory, video MHz; bus; PCIe; NVLinks, version, MB/s each */
	{ "A100-SXM4-40GB", 400, 50, 1410, 1215, 1290, 5120, 4, 12, 3, 25000 },
	{ "A100-SXM", 400, 60, 1410, 1593, 1290, 5120, 4, 12, 3, 25000 },
	{ "A30", 165, 30, 1440, 1215, 1305, 3072, 4, 0, 0, 0 },
	{ "H100-PCIe", 350, 50, 1755, 1593, 1575, 5120, 5, 0, 0, 0 },
	{ "H100-NVL", 400, 60, 1785, 2619, 1605, 6016, 5, 0, 0, 0 },
	{ "H20", 500, 70, 1980, 2619, 1545, 6144, 5, 18, 4, 26562 },
	{ "H", 700, 70, 1980, 2619, 1545, 5120, 5, 18, 4, 26562 },
	{ "GH200", 900, 90, 1980, 2619, 1545, 6144, 5, 18, 4, 26562 },
	{ "B", 1000, 140, 1965, 3996, 1500, 8192, 5, 18, 5, 53125 },
	{ "GB", 1200, 150, 2062, 3996, 1500, 8192, 5, 18, 5, 53125 },
	{ "RTX-PRO-6000", 600, 35, 2430, 12481, 2160, 512, 5, 0, 0, 0 },
	{ "RTX-PRO", 300, 25, 2430, 14001, 2160, 384, 5, 0, 0, 0 },
	{ "", 400, 50, 1410, 1593, 1290, 5120, 4, 0, 0, 0 },
};

const struct sim_model *sim_model(const struct sim_type *type)
{
	const struct sim_model *m = models;

	/* H200 must not be taken for an H20. */
	while (strncmp(type->key, m->key, strlen(m->key)) != 0 ||
	       (strcmp(m->key, "H20") == 0 && type->key[3] == '0'))
		m++;
	return m;
}

/* --- How busy ------------------------------------------------------------------------------ */

static bool counts(const struct sim_half *half, uint32_t row, const bool *is_alive)
{
	return half->holds[row].pid && (!is_alive || is_alive[row]);
}

static uint32_t capped(uint32_t percent)
{
	return percent > 100 ? FULL : percent * PER_CENT;
}

/* A part of @whole, in slices or units. */
static uint32_t share(uint32_t ppm, int part, int whole)
{
	return whole > 0 ? (uint32_t)((uint64_t)ppm * (uint64_t)part / (uint64_t)whole) : 0;
}

struct sim_load sim_load_gi(const struct sim_fixed *f, const struct sim_half *half, int gpu,
			    int gi, const bool *is_alive)
{
	const struct sim_gi *g = &half->gpus[gpu].gi[gi];
	const struct sim_gi_kind *kind = &sim_state_type(f, gpu)->profiles[g->profile];
	uint32_t sm[SIM_CIS_MAX] = { 0 }, dram = 0;
	struct sim_load load = { 0 };

	for (uint32_t i = 0; i < half->n_holds; i++) {
		const struct sim_hold *hold = &half->holds[i];

		if (!counts(half, i, is_alive) || hold->gpu != gpu || hold->gi != gi)
			continue;
		sm[hold->ci] += hold->sm_percent;
		dram += hold->dram_percent;
	}
	for (int c = 0; c < SIM_CIS_MAX; c++)
		if (g->ci[c].generation)
			load.sm_ppm +=
				share(capped(sm[c]), kind->ci[g->ci[c].profile].compute_slices,
				      kind->compute_slices);
	load.dram_ppm = capped(dram);
	return load;
}

static struct sim_load whole(const struct sim_half *half, int gpu, const bool *is_alive)
{
	uint32_t sm = 0, dram = 0;

	for (uint32_t i = 0; i < half->n_holds; i++) {
		if (!counts(half, i, is_alive) || half->holds[i].gpu != gpu)
			continue;
		sm += half->holds[i].sm_percent;
		dram += half->holds[i].dram_percent;
	}
	return (struct sim_load){ capped(sm), capped(dram) };
}

struct sim_load sim_load_gpu(const struct sim_fixed *f, const struct sim_half *half, int gpu,
			     const bool *is_alive)
{
	const struct sim_type *type = sim_state_type(f, gpu);
	struct sim_load sum = { 0 };

	if (!half->gpus[gpu].mode)
		return whole(half, gpu, is_alive);
	for (int i = 0; i < SIM_GIS_MAX; i++) {
		const struct sim_gi *g = &half->gpus[gpu].gi[i];
		struct sim_load load;

		if (!g->generation)
			continue;
		load = sim_load_gi(f, half, gpu, i, is_alive);
		sum.sm_ppm += share(load.sm_ppm, type->profiles[g->profile].compute_slices,
				    type->compute_slices);
		sum.dram_ppm +=
			share(load.dram_ppm, type->profiles[g->profile].size, type->units);
	}
	return sum;
}

/* --- What follows from it ------------------------------------------------------------------ */

/* No two boards idle alike: up to 6 % more, from the machine's seed. */
static unsigned idle_mw(const struct sim_fixed *f, int gpu)
{
	const unsigned idle = sim_model(sim_state_type(f, gpu))->idle_w * 1000;

	return idle + idle * (unsigned)(f->gpus[gpu].pdi % 61) / 1000;
}

unsigned sim_load_power(const struct sim_fixed *f, int gpu, struct sim_load load)
{
	const unsigned idle = idle_mw(f, gpu),
		       tdp = sim_model(sim_state_type(f, gpu))->tdp_w * 1000;
	const uint64_t busy =
		(uint64_t)load.sm_ppm * SM_WEIGHT + (uint64_t)load.dram_ppm * (100 - SM_WEIGHT);

	return idle + (unsigned)((tdp - idle) * busy / 100 / FULL);
}

unsigned sim_load_celsius(const struct sim_fixed *f, int gpu, unsigned power_mw)
{
	const unsigned idle = idle_mw(f, gpu),
		       tdp = sim_model(sim_state_type(f, gpu))->tdp_w * 1000;

	return IDLE_CELSIUS + (unsigned)(f->gpus[gpu].pdi / 61 % 4) +
	       (power_mw - idle) * BUSY_CELSIUS / (tdp - idle);
}

/* --- Meters -------------------------------------------------------------------------------- */

uint64_t sim_load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void sim_meter_advance(struct sim_meter *meter, uint64_t now_us)
{
	/* A stamp of the future was made before the host's last boot. */
	const uint64_t dt = now_us > meter->since_us ? now_us - meter->since_us : 0;

	meter->since_us = now_us;
	meter->energy_nj += dt * meter->power_mw;
	meter->sm += dt * meter->load_sm_ppm;
	meter->dram += dt * meter->load_dram_ppm;
	for (int i = 0; i < SIM_GIS_MAX; i++) {
		meter->gi[i].sm += dt * meter->gi[i].load_sm_ppm;
		meter->gi[i].dram += dt * meter->gi[i].load_dram_ppm;
	}
}

static void set_gi(struct sim_gi_meter *meter, const struct sim_fixed *f,
		   const struct sim_half *half, int gpu, int gi)
{
	const uint32_t generation = half->gpus[gpu].gi[gi].generation;
	struct sim_load load;

	if (meter->generation != generation)
		*meter = (struct sim_gi_meter){ .generation = generation };
	if (!generation)
		return;
	load = sim_load_gi(f, half, gpu, gi, NULL);
	meter->load_sm_ppm = load.sm_ppm;
	meter->load_dram_ppm = load.dram_ppm;
}

void sim_meter_set(struct sim_meter *meter, const struct sim_fixed *f,
		   const struct sim_half *half, int gpu)
{
	const struct sim_load load = sim_load_gpu(f, half, gpu, NULL);

	meter->power_mw = sim_load_power(f, gpu, load);
	meter->load_sm_ppm = load.sm_ppm;
	meter->load_dram_ppm = load.dram_ppm;
	for (int i = 0; i < SIM_GIS_MAX; i++)
		set_gi(&meter->gi[i], f, half, gpu, i);
}
