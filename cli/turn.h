/* SPDX-License-Identifier: Apache-2.0 */
/* One change of a machine at a time, and each to its end. */
#ifndef CLI_TURN_H
#define CLI_TURN_H

#include <signal.h>

#include "cli/verb.h"

/**
 * turn_take - wait until no other migctl changes the machine, then keep the others waiting.
 * @sim:	the simulated machine, or NULL for hardware.
 *
 * The lock is a file's and ends with the process, however that ends. Interrupts wait from here
 * to turn_end(): a change that is begun is finished or undone, never left between. Where the
 * caller may make no file beside the lock's, no change of its can be begun, and it goes on to be
 * told so.
 *
 * Errors: IO, PERM - the lock's file cannot be opened, and names it; IO - waiting failed; BUSY -
 * with --no-wait somebody else does.
 */
int turn_take(struct cli *cli, const char *sim, struct mig_error *err) MIG_MUST_USE;

/** turn_signals - the interrupts that wait. */
void turn_signals(sigset_t *ret);

/** turn_end - let interrupts through; the last thing a program does. */
void turn_end(struct cli *cli);

#endif
