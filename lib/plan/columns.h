/* SPDX-License-Identifier: Apache-2.0 */
/* What one GPU of a source may become. */
#ifndef LIB_PLAN_COLUMNS_H
#define LIB_PLAN_COLUMNS_H

#include "lib/plan/plan.h"

struct plan_columns {
	struct plan_column *all; /* free() it */
	int n, room;
};

/* What fits beside instances, as far as it was asked for already. */
struct plan_fillings;
struct plan_fillings *plan_fillings_open(void); /* NULL: no memory */
void plan_fillings_close(struct plan_fillings *f);

/**
 * plan_columns_add - append the columns of a source; its first_column and n_columns are set.
 * @source:	its index, written into each.
 * @profiles:	those that may be added, bit i for profile i.
 *
 * A column that another one of the source beats or equals in GPUs, moves and supply is left
 * out. A fresh source has no column that leaves the GPU empty. Errors: NOMEM, without text.
 */
int plan_columns_add(struct plan_columns *cols, struct plan_source *src, int source,
		     uint32_t profiles, struct plan_fillings *known);

#endif
