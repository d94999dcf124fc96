/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of private functions that nvidia-smi asks for. A table says its own size first, and a
 * function beyond it is one that this driver has not. nvidia-smi 535 and 550 need one of them, for
 * `topo -m`: the path between two GPUs. What is known of it was seen by answering them.
 */
#include <string.h>

#include "sim/live.h"

/* By this id nvidia-smi 535 and 550 ask. */
static const unsigned char topology_id[16] = { 0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
					       0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4 };

/* The answers that nvidia-smi prints as NODE, and as NV1 for the first above these. */
enum { PATH_NODE = 3, PATH_NVLINKS = 4 };
enum { BUS_ID_BYTES = 32, ENTRY_PATH = 23 };

static const struct sim_gpu *gpu_at(const char *bus_id)
{
	for (uint32_t i = 0; i < sim_fixed()->n_gpus; i++) {
		if (strncmp(sim_fixed()->gpus[i].bus_id, bus_id, BUS_ID_BYTES) == 0)
			return &sim_fixed()->gpus[i];
	}
	return NULL;
}

/* It counts as the public call that says nearly the same. */
static nvmlReturn_t path_between(const char *bus_id1, const char *bus_id2, unsigned *ret)
{
	SIM_ENTER(nvmlDeviceGetTopologyCommonAncestor);
	const struct sim_gpu *one, *other;
	unsigned links;

	if (!bus_id1 || !bus_id2 || !ret)
		return NVML_ERROR_INVALID_ARGUMENT;
	one = gpu_at(bus_id1);
	other = gpu_at(bus_id2);
	if (!one || !other)
		return NVML_ERROR_INVALID_ARGUMENT;
	links = sim_model(&sim_fixed()->types[one->type])->n_links;
	if (!sim_model(&sim_fixed()->types[other->type])->n_links)
		links = 0;
	*ret = links ? PATH_NVLINKS + links : PATH_NODE;
	return NVML_SUCCESS;
}

static nvmlReturn_t not_supported(void)
{
	return NVML_ERROR_NOT_SUPPORTED;
}

union entry {
	size_t bytes; /* of the table: the first */
	nvmlReturn_t (*none)(void);
	nvmlReturn_t (*path)(const char *bus_id1, const char *bus_id2, unsigned *ret);
};

SIM_EXPORT nvmlReturn_t nvmlInternalGetExportTable(const void **table, const void *id)
{
	static const union entry empty[1] = { { .bytes = sizeof(empty) } };
	static const union entry topology[ENTRY_PATH + 1] = {
		[0] = { .bytes = sizeof(topology) },
		[1 ... ENTRY_PATH - 1] = { .none = not_supported },
		[ENTRY_PATH] = { .path = path_between },
	};

	if (!table || !id)
		return NVML_ERROR_INVALID_ARGUMENT;
	*table = memcmp(id, topology_id, sizeof(topology_id)) == 0 ? topology : empty;
	return NVML_SUCCESS;
}
