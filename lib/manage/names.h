/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a change gives, beside those that are on record. */
#ifndef MANAGE_NAMES_H
#define MANAGE_NAMES_H

#include <mig/manage.h>

struct names {
	struct mig_machine *machine;
	const struct mig_snapshot *snap;
	const struct mig_change *change;
	const struct mig_home *home;
	const struct mig_record *rec;
	const struct mig_who *who; /* or NULL */
};

/** names_bearer - the instance that has name @name of the change before it. Return: false - none has. */
bool names_bearer(const struct names *n, int name, struct mig_ref *ret);

/** names_check - may this name be given? Errors: as mig_change_check_names(). */
int names_check(const struct names *n, int name, struct mig_error *err) MIG_MUST_USE;

#endif
