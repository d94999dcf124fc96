/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Present groups that weigh the same whatever the certificate: of one pool, with the same
 * slots, held and serving alike. A fleet has many groups and few kinds.
 */
#ifndef LIB_VERIFY_KINDS_H
#define LIB_VERIFY_KINDS_H

#include "lib/verify/verify.h"

struct kinds {
	size_t n;
	size_t *first; /* of each kind: the present group that stands for it */
	size_t *of;    /* of each present group: its kind */
};

/** mig_kinds_find - @ret: mig_kinds_free() it in any case. Errors: NOMEM. */
int mig_kinds_find(const struct document *doc, struct kinds *ret) MIG_MUST_USE;
void mig_kinds_free(struct kinds *kinds);

#endif
