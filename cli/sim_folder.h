/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SIM_FOLDER_H
#define CLI_SIM_FOLDER_H

#include <stddef.h>

/**
 * sim_folder - where the simulated machines are, into @buf.
 *
 * MIGCTL_SIM_DIR; else $XDG_STATE_HOME/migctl/sim; else ~/.local/state/migctl/sim, of the
 * user who called sudo when that is how we run, so that sudo finds the same machines.
 */
const char *sim_folder(char *buf, size_t len);

#endif
