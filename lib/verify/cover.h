/* SPDX-License-Identifier: Apache-2.0 */
/* Does every cover of one workload cost as much as a certificate says? */
#ifndef LIB_VERIFY_COVER_H
#define LIB_VERIFY_COVER_H

#include "lib/verify/verify.h"

enum cover_answer {
	COVER_HOLDS,    /* none costs less */
	COVER_CHEAPER,  /* one does */
	COVER_TOO_HARD, /* more steps, or larger numbers, than are spent on one class */
};

/* A cover that costs less than it should. */
struct cheaper {
	wide cost;
	int64_t n_instances[OPTIONS_MAX];
};

/**
 * mig_cover_least - is @least no more than the least price of a cover?
 * @steps:	that may be spent on this class and all others; what it takes is taken off.
 * @ret:	written when one is cheaper.
 */
enum cover_answer mig_cover_least(const struct document *doc, const struct cls *cls,
				  const struct certificate *cert, int64_t least, int64_t *steps,
				  struct cheaper *ret);

#endif
