/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SIM_REPORT_H
#define CLI_SIM_REPORT_H

#include "cli/verb.h"

/** sim_report - what was done to the machine of the first operand: on stderr which one, then
 *  the deed, as text or JSON. (cli/sim.c) */
int sim_report(struct cli *cli, const char *deed, struct mig_error *err) MIG_MUST_USE;

#endif
