/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must stand apart. On a GPU it is enough to look at each layout. Nodes are told by
 * order: the present groups of a pool, then its other GPUs as the layouts have them,
 * gpus_per_node at a time. Counts are large, so nodes are not walked one by one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/verify/verify.h"
#include "shared/cleanup.h"

/* The node of a pool that is being filled. */
struct node {
	int64_t n_gpus; /* that it has so far */
	wide n;         /* instances under the rule on these */
};

/* How many instances of a layout the rule is about; @marks has its classes. */
static int64_t ruled_slots(const struct document *doc, const struct gpus *g, const bool *marks)
{
	const struct slot *slots = mig_verify_slots_of(doc, g);
	int64_t n = 0;

	for (int s = 0; s < g->n_slots; s++)
		n += slots[s].cls != NOBODY && marks[slots[s].cls];
	return n;
}

/* The most that any node has that these GPUs, of @n such instances each, are put in. */
static wide fill_nodes(struct node *node, int64_t size, int64_t count, int64_t n)
{
	wide most = 0;

	if (node->n_gpus > 0) { /* the one that was begun */
		const int64_t room = size - node->n_gpus;
		const int64_t here = count < room ? count : room;

		node->n += (wide)here * n;
		node->n_gpus += here;
		count -= here;
		most = node->n;
		if (node->n_gpus == size)
			*node = (struct node){ 0 };
	}
	if (count >= size && (wide)size * n > most)
		most = (wide)size * n;
	if (count % size > 0) {
		*node = (struct node){ count % size, (wide)(count % size) * n };
		most = node->n > most ? node->n : most;
	}
	return most;
}

static int check_rule(const struct document *doc, size_t r, const bool *marks)
{
	const struct rule *rule = &doc->rules[r];
	struct node nodes[POOLS_MAX] = { 0 };
	char text[WIDE_TEXT];

	for (size_t i = 0; i < doc->n_groups; i++) {
		const struct gpus *g = &doc->groups[i];
		const int64_t size = doc->pools[g->pool].gpus_per_node;
		wide most = ruled_slots(doc, g, marks);

		if (rule->is_node && size > 1)
			most = fill_nodes(&nodes[g->pool], size, g->count, (int64_t)most);
		if (most > rule->max)
			return mig_verify_no(doc,
					     "rule %zu: layout %zu puts %s instances on one "
					     "%s, the most is %" PRId64,
					     r, i, mig_verify_text(most, text),
					     rule->is_node ? "node" : "GPU", rule->max);
	}
	return 0;
}

/* Which node a GPU is in shows only where present groups come in their order, and first. */
static int check_order(const struct document *doc)
{
	int32_t last[POOLS_MAX] = { 0 };

	for (size_t i = 0; i < doc->n_groups; i++) {
		const struct gpus *g = &doc->groups[i];
		const int32_t place = g->present == NO_PRESENT ? INT32_MAX : g->present;

		if (doc->pools[g->pool].gpus_per_node > 1 && place < last[g->pool])
			return mig_verify_no(doc,
					     "layout %zu: where rules speak of nodes, present "
					     "groups stand in their order before other GPUs",
					     i);
		last[g->pool] = place;
	}
	return 0;
}

int mig_verify_rules(const struct document *doc)
{
	cleanup_free bool *marks = calloc(doc->n_classes + 1, sizeof(*marks));
	int rc = 0;

	if (!marks)
		return mig_fail(doc->err, MIG_E_NOMEM, "%s: out of memory", doc->name);
	for (size_t r = 0; r < doc->n_rules && rc == 0; r++) {
		const struct rule *rule = &doc->rules[r];

		for (size_t i = 0; i < rule->n; i++)
			marks[doc->ruled[rule->first + i]] = true;
		if (rule->is_node)
			rc = check_order(doc);
		if (rc == 0)
			rc = check_rule(doc, r, marks);
		for (size_t i = 0; i < rule->n; i++)
			marks[doc->ruled[rule->first + i]] = false;
	}
	return rc;
}
