/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DRAIN_H
#define CLI_DRAIN_H

#include <mig/manage.h>

#include "cli/verb.h"

enum { DRAIN_SECONDS_MAX = 86400 };

/**
 * drain_wait - wait until nothing stands in the way of a change, or the time is over.
 * @snap:	the snapshot that @change was made from.
 * @seconds:	0: do not wait.
 *
 * Nobody is asked to go, let alone stopped. Whom it waits for is told on stderr, again each time
 * that they are others. That somebody is left afterwards is the change's to refuse, by name;
 * holders of a GPU whose mode is to be switched are refused here.
 *
 * Errors: BUSY - the time is over, or an interrupt came; NVML.
 */
int drain_wait(struct cli *cli, const struct mig_snapshot *snap,
	       const struct mig_change *change, long seconds,
	       struct mig_error *err) MIG_MUST_USE;

#endif
