/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated machine's log, read on from where it was read last. */
#ifndef TESTS_FAULTS_DRIVER_LOG_H
#define TESTS_FAULTS_DRIVER_LOG_H

#include "sim/inject.h"

/** driver_log_next - the next record of it. false: there is none yet. One machine at a time. */
bool driver_log_next(const char *folder, const char *machine, struct sim_log_record *ret);

void driver_log_close(void);

#endif
