/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_GPU_TYPE_H
#define CLI_GPU_TYPE_H

#include "cli/verb.h"

/* The GPU type a looking verb speaks of: one of the catalog's, or that of a GPU here. */
struct chosen_type {
	const struct mig_gpu_type *type;
	struct mig_layout now;    /* what stands on the GPU; empty for a type of the catalog */
	struct mig_snapshot snap; /* of the machine; n_gpus 0 for a type of the catalog */
	int gpu;                  /* index of the GPU, or -1 */
};

/**
 * choose_type - by --gpu-type KEY, else by --gpu GPU, else the first GPU that can do MIG.
 * @ret:	written on success only; chosen_type_free() it.
 */
int choose_type(struct cli *cli, struct chosen_type *ret, struct mig_error *err) MIG_MUST_USE;
void chosen_type_free(struct chosen_type *chosen);

/**
 * chosen_type_places - refuse a GPU whose instances the driver does not tell this caller.
 * Errors: PERM.
 */
int chosen_type_places(const struct chosen_type *chosen, struct mig_error *err) MIG_MUST_USE;

/** chosen_type_document - a JSON object that begins with schema, machine and gpu_type. */
json_t *chosen_type_document(const char *schema, const struct chosen_type *chosen);

/** chosen_type_title - "GPU 0, NVIDIA …" or "GPU type X (catalog: measured)". */
const char *chosen_type_title(const struct chosen_type *chosen, char *buf, size_t len);

#endif
