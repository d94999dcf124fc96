/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of 'migctl who', and its printing as JSON. */
#ifndef CLI_WHO_H
#define CLI_WHO_H

#include <mig/who.h>

#include "cli/verb.h"

/* What was asked for, and what there is. */
struct who_report {
	const struct mig_snapshot *snap;
	const struct mig_who *who;
	const struct mig_ref *refs; /* what was named; none: everything */
	int n_refs;
};

/** who_wants - was anything on that GPU, or that instance of it, asked for? Ids; -1: the whole. */
bool who_wants(const struct who_report *r, int gpu, int gi, int ci);

/** who_is_hidden - may there be more than this caller sees? */
bool who_is_hidden(const struct mig_who *who);

/** who_user - whose a process is: a name, a number, or "" when it is not known. Returns @buf. */
char *who_user(const struct mig_holder *h, char *buf, size_t len);

/** who_print_json - the document migctl.who/v1. */
int who_print_json(struct cli *cli, const struct who_report *r,
		   struct mig_error *err) MIG_MUST_USE;

#endif
