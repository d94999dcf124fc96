/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/verify/kinds.h"

#include <stdlib.h>

static bool is_alike(const struct document *doc, const struct gpus *a, const struct gpus *b)
{
	const struct slot *x = mig_verify_slots_of(doc, a), *y = mig_verify_slots_of(doc, b);

	if (a->pool != b->pool || a->n_slots != b->n_slots)
		return false;
	for (int i = 0; i < a->n_slots; i++) {
		if (x[i].profile != y[i].profile || x[i].start != y[i].start ||
		    x[i].is_fixed != y[i].is_fixed ||
		    (x[i].cls == NOBODY) != (y[i].cls == NOBODY))
			return false;
	}
	return true;
}

static size_t hash(const struct document *doc, const struct gpus *g)
{
	const struct slot *slots = mig_verify_slots_of(doc, g);
	uint64_t h = 0xcbf29ce484222325 ^ (uint64_t)g->pool;

	for (int i = 0; i < g->n_slots; i++) {
		h = (h ^ slots[i].profile) * 0x100000001b3;
		h = (h ^ slots[i].start) * 0x100000001b3;
		h = (h ^ (slots[i].is_fixed ? 2U : 0U) ^ (slots[i].cls == NOBODY)) *
		    0x100000001b3;
	}
	return (size_t)(h ^ h >> 32);
}

int mig_kinds_find(const struct document *doc, struct kinds *ret)
{
	size_t room = 16, *table; /* kinds, by hash; 0 is none, so one is added to each */

	*ret = (struct kinds){ 0 };
	while (room < 2 * doc->n_present)
		room *= 2;
	table = calloc(room, sizeof(*table));
	ret->first = calloc(doc->n_present + 1, sizeof(*ret->first));
	ret->of = calloc(doc->n_present + 1, sizeof(*ret->of));
	if (!table || !ret->first || !ret->of) {
		free(table);
		return mig_fail(doc->err, MIG_E_NOMEM, "%s: out of memory", doc->name);
	}
	for (size_t h = 0; h < doc->n_present; h++) {
		const struct gpus *g = &doc->present[h];
		size_t at = hash(doc, g) & (room - 1);

		while (table[at] && !is_alike(doc, &doc->present[ret->first[table[at] - 1]], g))
			at = (at + 1) & (room - 1);
		if (!table[at]) {
			ret->first[ret->n] = h;
			table[at] = ++ret->n;
		}
		ret->of[h] = table[at] - 1;
	}
	free(table);
	return 0;
}

void mig_kinds_free(struct kinds *kinds)
{
	free(kinds->first);
	free(kinds->of);
	*kinds = (struct kinds){ 0 };
}
