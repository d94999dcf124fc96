/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SIM_REPORT_H
#define CLI_SIM_REPORT_H

#include "cli/verb.h"

/** sim_report - what was done to the machine of the first operand: on stderr which one, then
 *  the deed, as text or JSON. (cli/sim.c) */
int sim_report(struct cli *cli, const char *deed, struct mig_error *err) MIG_MUST_USE;

/**
 * sim_gpu - the operand that names a GPU of the machine of the first operand. (cli/sim_xid.c)
 * @operand:	its index among the operands.
 * @ret:	a number that a machine may have a GPU of.
 *
 * Errors: NOENT - it is none; and those of sim_machine_summary(), where the machine is not there.
 */
int sim_gpu(struct cli *cli, int operand, int *ret, struct mig_error *err) MIG_MUST_USE;

#endif
