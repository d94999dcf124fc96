/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SIM_ROOT_H
#define CLI_SIM_ROOT_H

#include <stdbool.h>

#include <mig/error.h>

/**
 * sim_root_enter - from here on this process, and what it starts, sees a machine's tree of files
 * in the places where a driver's are.
 * @root:	the tree, absolute (sim/tree.h).
 * @library:	the simulated driver's, put where one is installed. Not the tree's: that may be another
 *		user's, and no code of his shall run for us.
 * @keep_proc:	leave /proc as it is but for what a file system can be put over.
 *
 * In a mount namespace of its own, and without privilege in a user namespace too. What could not
 * be put in place is said on stderr.
 *
 * Errors: PERM - neither namespace may be made here; IO.
 */
int sim_root_enter(const char *root, const char *library, bool keep_proc,
		   struct mig_error *err) MIG_MUST_USE;

struct cli;

/**
 * sim_library_put - put the simulated driver's library, and an nvidia-smi, into a machine's tree, where
 * programs that are given the root of a driver look for them. What is there and current is kept.
 * @root:	the tree, absolute.
 *
 * Of somebody else's tree what is there has to do: nothing is written into a folder that he could have
 * led elsewhere. Errors: NOLIB, IO, NOMEM; NOENT,
 * MACHINE - as for any machine.
 */
int sim_library_put(struct cli *cli, const char *machine, const char *root,
		    struct mig_error *err) MIG_MUST_USE;

#endif
