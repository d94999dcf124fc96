/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller knows of the instances of one GPU: who holds them, and their names. */
#include <string.h>

#include "lib/manage/change.h"

bool known_is_held(const struct known *known, int gi, int ci)
{
	const struct mig_gi *g = &known->gpu->gis[gi];

	for (int i = 0; i < known->hints->n_holders; i++) {
		const struct mig_holder *h = &known->hints->holders[i];

		/* Who holds a GPU instance holds what is in it. */
		if (h->gpu == known->gpu->index && h->gi == g->id &&
		    (ci < 0 || h->ci < 0 || h->ci == g->cis[ci].id))
			return true;
	}
	return false;
}

const char *known_name(const struct known *known, int gi, int ci)
{
	for (int i = 0; i < known->hints->n_named; i++) {
		const struct mig_named *n = &known->hints->named[i];

		if (n->gpu == known->gpu->index && n->gi == gi && n->ci == ci)
			return n->name;
	}
	return NULL;
}

const char *known_wanted_name(const struct known *known, int want, int ci)
{
	for (int i = 0; i < known->wanted->n; i++) {
		const struct mig_want_name *n = &known->wanted->of[i];

		if (n->want == want && n->ci == ci)
			return n->name;
	}
	return NULL;
}

bool known_is_name_wanted(const struct known *known, const char *name)
{
	for (int i = 0; i < known->wanted->n; i++) {
		if (strcmp(known->wanted->of[i].name, name) == 0)
			return true;
	}
	return false;
}
