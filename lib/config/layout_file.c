/* SPDX-License-Identifier: Apache-2.0 */
/* A layout file as a value: its memory, and the names in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/cleanup.h"

struct mig_layout_file *mig_layout_file_new(const char *name)
{
	struct mig_layout_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->memory = calloc(1, sizeof(*file->memory));
	if (file->memory)
		file->name = mig_config_string(file->memory, name);
	if (!file->name) {
		mig_layout_file_free(file);
		return NULL;
	}
	return file;
}

void mig_layout_file_free(struct mig_layout_file *file)
{
	if (!file)
		return;
	if (file->memory)
		arena_free(file->memory);
	free(file->memory);
	free(file);
}

static int by_name_then_line(const void *a, const void *b)
{
	const struct mig_layout_item *x = *(const struct mig_layout_item *const *)a;
	const struct mig_layout_item *y = *(const struct mig_layout_item *const *)b;
	const int order = strcmp(x->name, y->name);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Those of @n items that bear a name, into @ret unless that is NULL. Return: how many. */
static size_t take_named(const struct mig_layout_item *items, size_t n,
			 const struct mig_layout_item **ret)
{
	size_t n_named = 0;

	for (size_t i = 0; i < n; i++) {
		if (items[i].name && ret)
			ret[n_named] = &items[i];
		n_named += items[i].name != NULL;
	}
	return n_named;
}

/* The same of all of a file. */
static size_t named_items(const struct mig_layout_file *file,
			  const struct mig_layout_item **ret)
{
	size_t n = 0;

	for (size_t e = 0; e < file->n_entries; e++) {
		const struct mig_layout_entry *entry = &file->entries[e];

		n += take_named(entry->instances, entry->n_instances, ret ? ret + n : NULL);
		for (size_t i = 0; i < entry->n_instances; i++)
			n += take_named(entry->instances[i].cis, entry->instances[i].n_cis,
					ret ? ret + n : NULL);
	}
	return n;
}

int mig_layout_file_twins(const struct mig_layout_file *file,
			  const struct mig_layout_item **ret)
{
	const size_t n = named_items(file, NULL);
	cleanup_free const struct mig_layout_item **items =
		reallocarray(NULL, n + 1, sizeof(struct mig_layout_item *));

	if (!items)
		return -MIG_E_NOMEM;
	named_items(file, items);
	qsort(items, n, sizeof(items[0]), by_name_then_line);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(items[i - 1]->name, items[i]->name) != 0)
			continue;
		ret[0] = items[i - 1];
		ret[1] = items[i];
		return 1;
	}
	return 0;
}
