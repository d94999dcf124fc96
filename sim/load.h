/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one model of what a GPU is doing, from which power, energy, temperature, clocks,
 * utilisation and GPM all follow: tenants say how busy they keep their device, and
 * everything else is arithmetic. docs/SIMULATOR.md, "Load", states it.
 */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "sim/image.h"

/* What a kind of board is like. Assumptions of the simulator, not facts about hardware. */
struct sim_model {
	const char *key; /* how the GPU type's name begins */
	unsigned tdp_w, idle_w;
	unsigned sm_mhz, mem_mhz, video_mhz; /* the highest clocks */
	unsigned bus_bits;
	unsigned pcie_gen;
	unsigned n_links, link_version, link_mbps; /* NVLink to a switch; 0: none */
};

/** sim_model - never NULL. */
const struct sim_model *sim_model(const struct sim_type *type);

/* How busy something is, in millionths. */
struct sim_load {
	uint32_t sm_ppm, dram_ppm;
};

/**
 * sim_load_gi - of one GPU instance: its compute instances weigh as many slices as they
 * have, its memory is shared. sim_load_gpu: of a GPU: instances weigh compute in slices
 * (sevenths of an A100) and memory in placement units (eighths).
 * @is_alive:	by row; NULL: every hold counts.
 */
struct sim_load sim_load_gi(const struct sim_fixed *f, const struct sim_half *half, int gpu,
			    int gi, const bool *is_alive);
struct sim_load sim_load_gpu(const struct sim_fixed *f, const struct sim_half *half, int gpu,
			     const bool *is_alive);

/** sim_load_power - in milliwatts. */
unsigned sim_load_power(const struct sim_fixed *f, int gpu, struct sim_load load);

/** sim_load_celsius - of the GPU at that power. */
unsigned sim_load_celsius(const struct sim_fixed *f, int gpu, unsigned power_mw);

/** sim_load_now - the meters' clock: microseconds of CLOCK_BOOTTIME. */
uint64_t sim_load_now(void);

/**
 * sim_meter_advance - run a GPU's meter until @now_us.
 */
void sim_meter_advance(struct sim_meter *meter, uint64_t now_us);

/** sim_meter_set - from now on the meter runs as fast as @half says. */
void sim_meter_set(struct sim_meter *meter, const struct sim_fixed *f,
		   const struct sim_half *half, int gpu);

#endif
