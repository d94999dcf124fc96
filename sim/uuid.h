/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_UUID_H
#define SIM_UUID_H

#include <stddef.h>
#include <stdint.h>

enum { SIM_SHA1_BYTES = 20, SIM_UUID_BYTES = 96 };

/** sim_sha1 - FIPS 180-4. Names things; protects nothing. */
void sim_sha1(const void *data, size_t len, uint8_t ret[SIM_SHA1_BYTES]);

/**
 * sim_uuid_mig - "MIG-xxxxxxxx-xxxx-5xxx-…" of a MIG device: always the same for the same
 * GPU, GI and graphics engine.
 * @chip:	PCI device id.
 * @pdi:	the GPU's own identifier.
 * Source: docs/SIMULATOR.md, "UUIDs".
 */
void sim_uuid_mig(uint16_t chip, uint64_t pdi, uint32_t gi, uint32_t engine,
		  char ret[SIM_UUID_BYTES]);

/** sim_uuid_gpu - "GPU-00510000-…" from a seed, a machine's name and the GPU's index. */
void sim_uuid_gpu(uint64_t seed, const char *machine, unsigned index, char ret[SIM_UUID_BYTES]);

/** sim_uuid_number - a number from the same, and what it is for. */
uint64_t sim_uuid_number(uint64_t seed, const char *machine, unsigned index, const char *what);

#endif
