/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for many small things that are freed together. */
#ifndef SHARED_ARENA_H
#define SHARED_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero-initialised is empty. */
struct arena {
	struct arena_block *blocks; /* the newest first */
	char *free;                 /* what is left of the newest */
	size_t n_free;
};

/** arena_alloc - @size bytes, aligned for anything, that live as long as @a; or NULL. */
void *arena_alloc(struct arena *a, size_t size);

void arena_free(struct arena *a);

#endif
