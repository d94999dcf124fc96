/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <mig/error.h>

/**
 * child_run - run a program and wait for it; its output goes to our stderr.
 * @argv:	ended by NULL; looked up in PATH, never given to a shell.
 * @ret_status:	its exit status, or 128 + the signal that ended it; written on success only.
 *
 * Errors: NOENT - there is no such program; IO.
 */
int child_run(const char *const *argv, int *ret_status, struct mig_error *err) MIG_MUST_USE;

#endif
