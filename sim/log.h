/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's own record of what it was told to change: DIR/NAME/log, a line a call,
 * written by the library in the calling process, in the order in which the machine changed.
 * A record stands before the change is visible: no change is without one, and the last
 * record of a process that was killed may be of a change that never came to be.
 *
 *	NANOSECONDS  PID  PROCESS  CALL  ARGUMENTS  RESULT  WHAT WAS MADE	(tabs between)
 *
 * A line is one write() to a file opened for appending: whole, or not there. From
 * SIM_LOG_BYTES on the file becomes `log.1`, in place of an older one.
 */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include <sys/types.h>

enum { SIM_LOG_BYTES = 4 << 20, SIM_LOG_RECORD_MAX = 512, SIM_LOG_KILLED = -1 };

struct sim_log_entry {
	const char *call, *asked, *made;
	int result; /* NVML's code, or SIM_LOG_KILLED */
};

/* The file, kept open from the first record on. Begin with SIM_LOG_CLOSED. */
struct sim_log {
	int fd; /* -1: not open */
	dev_t dev;
	ino_t ino;
};

#define SIM_LOG_CLOSED   \
	{                \
		.fd = -1 \
	}

/**
 * sim_log_write - add a record.
 * @image:	path of the image; @fd: the image that is open. If it is no longer the one of
 *		that path the machine was removed, and no file is begun.
 * @owner:	the machine's: a log that root begins is his too.
 *
 * Whoever may not write the file leaves no record; he cannot change the machine either.
 */
void sim_log_write(struct sim_log *log, const char *image, int fd, uid_t owner,
		   const struct sim_log_entry *entry);
void sim_log_close(struct sim_log *log);

#endif
