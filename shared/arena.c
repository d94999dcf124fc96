/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	max_align_t bytes[];
};

enum { BLOCK_BYTES = 8192 };

static int add_block(struct arena *a, size_t size)
{
	const size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *block = malloc(sizeof(*block) + room);

	if (!block)
		return -1;
	block->next = a->blocks;
	a->blocks = block;
	a->free = (char *)block->bytes;
	a->n_free = room;
	return 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t step = _Alignof(max_align_t);
	char *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + step - 1) / step * step;
	if (size > a->n_free && add_block(a, size) < 0)
		return NULL;
	p = a->free;
	a->free += size;
	a->n_free -= size;
	return p;
}

void arena_free(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}
