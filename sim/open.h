/* SPDX-License-Identifier: Apache-2.0 */
/* A machine found by folder and name, and its current state, for machine.c and tenant.c. */
#ifndef SIM_OPEN_H
#define SIM_OPEN_H

#include "sim/image.h"

enum { SIM_PATH_MAX = 4096 };

struct sim_open {
	struct sim_image img;
	struct sim_half *half; /* the current state, to look at or to change and publish */
	bool is_locked;
};

/** sim_path - DIR/NAME/image. Errors: INVAL. */
int sim_path(const char *dir, const char *name, char *buf, size_t len,
	     struct mig_error *err) MIG_MUST_USE;

/** sim_open - open a machine and read its state. Errors: NOENT, MACHINE, PERM, IO, NOMEM. */
int sim_open(const char *dir, const char *name, struct sim_open *ret,
	     struct mig_error *err) MIG_MUST_USE;

/**
 * sim_open_locked - the same as the only writer, with the holds of the dead swept.
 *
 * Errors: also PERM - this user may not change the machine.
 */
int sim_open_locked(const char *dir, const char *name, struct sim_open *ret,
		    struct mig_error *err) MIG_MUST_USE;

/** sim_open_lock - become the writer of an open machine; its state is read anew. */
int sim_open_lock(struct sim_open *m, struct mig_error *err) MIG_MUST_USE;

/** sim_open_unlock - let others write; the machine stays open. */
void sim_open_unlock(struct sim_open *m);

/** sim_open_close - the lock goes with it. */
void sim_open_close(struct sim_open *m);

#endif
