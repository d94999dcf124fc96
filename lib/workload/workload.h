/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of this room. */
#ifndef LIB_WORKLOAD_WORKLOAD_H
#define LIB_WORKLOAD_WORKLOAD_H

#include <mig/workload.h>

#include "shared/arena.h"
#include "shared/yaml.h"

/* A models file while it is read. */
struct models_reader {
	struct yaml_file *file;
	struct arena *memory; /* of the models */
	struct mig_model *models;
	size_t n;
	struct mig_error *err;
};

/** models_alloc - @n times @size zero bytes; NULL when memory ran out. */
void *models_alloc(const struct models_reader *r, size_t n, size_t size);

/** models_copy - a text of the file; NULL when memory ran out. */
const char *models_copy(const struct models_reader *r, const char *s);

int models_out_of_memory(const struct models_reader *r);

/** models_read_rows - a map from profiles to numbers: "throughput", "latency". */
int models_read_rows(const struct models_reader *r, const struct yaml_node *map,
		     const char *key, struct mig_model_rows *ret);

/** models_read_pins - a profile, or a list of them. */
int models_read_pins(const struct models_reader *r, const struct yaml_node *node,
		     struct mig_model_rows *ret);

/** models_read_decimal - a number above 0. */
int models_read_decimal(const struct models_reader *r, const struct yaml_node *node,
			const char *key, struct mig_decimal *ret);

/** models_read_needs - the map "needs" of a model. */
int models_read_needs(const struct models_reader *r, const struct yaml_node *map,
		      struct mig_model *m);

/** models_row - the row for a profile: one that names the GPU type before one that does not. */
const struct mig_model_row *models_row(const struct mig_model_rows *rows,
				       const struct mig_gpu_type *type, const char *profile);

#endif
