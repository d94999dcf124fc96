/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of a hooks file, run: each with a bound in time, and none through a shell. */
#ifndef CLI_HOOKS_H
#define CLI_HOOKS_H

#include <stdbool.h>

#include <mig/parted.h>

/* Four kinds of hook fit the eight minutes that mig-parted's unit gives a start. */
enum { HOOK_SECONDS = 120, HOOK_SECONDS_MAX = 86400 };

struct hooks {
	const struct mig_hooks *file;
	const char *const *envs; /* "NAME=value" for all of them, then NULL */
	long seconds;            /* that each may take */
};

/**
 * hooks_run - run the hooks of one kind, in the order of the file, each to its end.
 * @hooks:	NULL: there are none.
 *
 * A hook is executed with its own words, its variables added to ours and @envs to both, its
 * folder, nothing to read and a process group of its own. What it prints goes to our stderr,
 * each line with the hook's name in front. Past its time the group is sent SIGTERM, and five
 * seconds later SIGKILL. An interrupt that waits for the end of the change (cli/turn.h) stops a
 * hook, too, but for apply-exit.
 *
 * The first failure ends it. Hooks of apply-exit put things back: they are run all.
 *
 * Errors: HOOK - names the file, its line, and what became of the command; IO, NOMEM.
 */
int hooks_run(const struct hooks *hooks, enum mig_hook_point point,
	      struct mig_error *err) MIG_MUST_USE;

/** hooks_has - is there a hook of that kind? @hooks: may be NULL. */
bool hooks_has(const struct hooks *hooks, enum mig_hook_point point);

#endif
