/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HOME_H
#define CLI_HOME_H

#include <mig/manage.h>
#include <mig/record.h>

#include "cli/verb.h"

/** cli_home - where what is known of the machine at hand is kept. @ret: owned by @cli. */
int cli_home(struct cli *cli, const struct mig_snapshot *snap, const struct mig_home **ret,
	     struct mig_error *err) MIG_MUST_USE;

/** cli_ref - mig_ref_parse(), and the stable names of instances. Errors: STALE besides. */
int cli_ref(struct cli *cli, const struct mig_snapshot *snap, const char *text,
	    struct mig_ref *ret, bool *ret_is_index, struct mig_error *err) MIG_MUST_USE;

/**
 * cli_unfinished - a change that is unfinished, in words with the way out; or why that is unknown.
 *
 * Return: 1 and @buf, 0 when there is none, or a negative error code and @buf. (cli/recover.c)
 */
int cli_unfinished(struct cli *cli, const struct mig_snapshot *snap, char *buf, size_t len);

/** cli_check_finished - errors: UNFINISHED - says which change, and the way out. */
int cli_check_finished(struct cli *cli, const struct mig_snapshot *snap,
		       struct mig_error *err) MIG_MUST_USE;

/** cli_unfinished_text - "apply (pid 4711) was cut short after 3 of 7 steps", into @buf. */
void cli_unfinished_text(const struct mig_unfinished *u, char *buf, size_t len);

#endif
