/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds the machine, asked of everybody who may know: the driver, the files, kubelet, Slurm. */
#ifndef CLI_HOLDERS_H
#define CLI_HOLDERS_H

#include <mig/who.h>

#include "cli/verb.h"

/**
 * holders_take - who holds what on the open machine.
 * @root:	a folder that has another host's /proc, /dev, /sys, /run and /var; NULL: this host, and
 *		of a simulated machine its own tree.
 * @ret:	written on success only; mig_who_free() it.
 *
 * kubelet and Slurm are asked where they are, for a few seconds at most. Those of this host have
 * nothing to do with a simulated machine, unless the machine stands in this host's places, which is
 * so inside 'sim exec --root'.
 */
int holders_take(struct cli *cli, const struct mig_snapshot *snap, const char *root,
		 struct mig_who *ret, struct mig_error *err) MIG_MUST_USE;

/** holders_claims_folder - where the claims of a machine are. Returns @buf. */
char *holders_claims_folder(const struct cli *cli, const struct mig_snapshot *snap, char *buf,
			    size_t len);

#endif
