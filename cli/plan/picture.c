/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES_MAX = 32 }; /* that are drawn one by one */

/* "GPU 3, A100-SXM4-80GB, node rack2-0", or a range of them. */
static void print_gpu_title(const struct task *task, const struct seat *seat, int64_t first,
			    int64_t count)
{
	const struct mig_plan_group *g = seat->group;
	char node[NODE_NAME_MAX + 32], layout[256];

	if (count == 1)
		printf("GPU %" PRId64, first);
	else
		printf("GPUs %" PRId64 " to %" PRId64 ", %" PRId64 " alike", first,
		       first + count - 1, count);
	printf(", %s", g->layout.type->key);
	fleet_node_name(task->fleet, g->pool, first, node, sizeof(node));
	if (*node)
		printf(", %s%s", count == 1 ? "node " : "from node ", node);
	printf(": %s\n", g->layout.n_slots
				 ? mig_layout_format(&g->layout, layout, sizeof(layout))
				 : "nothing is left on it");
}

static void draw(const struct task *task, const struct mig_plan_group *g)
{
	struct mig_picture pic = { .columns = MIG_PICTURE_COLUMNS,
				   .is_unicode = cli_is_unicode() };
	const char *labels[MIG_UNITS_MAX] = { 0 };
	char buf[MIG_PICTURE_BYTES];

	if (g->layout.n_slots == 0)
		return;
	for (int i = 0; i < g->layout.n_slots; i++) {
		const int cls = g->classes[i];

		labels[i] = cls == MIG_PLAN_NOBODY ? "(held)" : task->models->models[cls].name;
	}
	pic.labels = labels;
	fputs(mig_layout_draw(&g->layout, &pic, buf, sizeof(buf)), stdout);
}

/* By pool, then by layout as text, the first of equals first. */
static int by_layout(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	char p[256], q[256];

	if (x->group->pool != y->group->pool)
		return x->group->pool < y->group->pool ? -1 : 1;
	return strcmp(mig_layout_format(&x->group->layout, p, sizeof(p)),
		      mig_layout_format(&y->group->layout, q, sizeof(q)));
}

/* Of more kinds than anybody looks at: how often there is which layout. */
static void draw_layouts(const struct seats *seats)
{
	const struct mig_picture pic = { .columns = MIG_PICTURE_COLUMNS,
					 .is_unicode = cli_is_unicode() };
	struct seat *sorted = calloc((size_t)seats->n + 1, sizeof(*sorted));
	char layout[256], buf[MIG_PICTURE_BYTES];

	if (!sorted)
		return; /* the document has them all */
	memcpy(sorted, seats->seats, (size_t)seats->n * sizeof(*sorted));
	qsort(sorted, (size_t)seats->n, sizeof(*sorted), by_layout);
	puts("layouts, and how often each; --json says who is on which:");
	for (int i = 0, next; i < seats->n; i = next) {
		const struct mig_layout *lay = &sorted[i].group->layout;
		int64_t n = 0;

		for (next = i; next < seats->n && by_layout(&sorted[i], &sorted[next]) == 0;
		     next++)
			n += sorted[next].count;
		printf("%" PRId64 " x %s: %s\n%s", n, lay->type->key,
		       mig_layout_format(lay, layout, sizeof(layout)),
		       mig_layout_draw(lay, &pic, buf, sizeof(buf)));
	}
	free(sorted);
}

void plan_pictures(const struct task *task, const struct seats *seats)
{
	int64_t n = 0;

	if (seats->n > PICTURES_MAX) {
		draw_layouts(seats);
		return;
	}
	for (int i = 0; i < seats->n; i++)
		n += seats->seats[i].count;
	for (int i = 0; i < seats->n; i++) {
		const struct seat *s = &seats->seats[i];
		const int64_t step = n > PICTURES_MAX ? s->count : 1;

		for (int64_t k = 0; k < s->count; k += step) {
			print_gpu_title(task, s, s->first + k, step);
			draw(task, s->group);
		}
	}
}
