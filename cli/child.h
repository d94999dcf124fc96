/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stddef.h>

#include <mig/error.h>

/**
 * child_run - run a program and wait for it; its output goes to our stderr.
 * @argv:	ended by NULL; looked up in PATH, never given to a shell.
 * @ret_status:	its exit status, or 128 + the signal that ended it; written on success only.
 *
 * Errors: NOENT - there is no such program; IO.
 */
int child_run(const char *const *argv, int *ret_status, struct mig_error *err) MIG_MUST_USE;

/* What a program said. */
struct child_answer {
	char *text;      /* its stdout; the caller frees it */
	char words[256]; /* the last line of its stderr, or "" */
	int status;      /* as child_run() has it */
};

/**
 * child_ask - run a program and read what it prints; it gets no stdin.
 * @argv:	as for child_run().
 * @limit_ms:	it and what it started in its group are killed when it takes longer.
 * @max:	bytes of stdout; more is an error.
 * @ret:	written on success only.
 *
 * Errors: NOENT - there is no such program; IO - it took too long or said too much; NOMEM.
 */
int child_ask(const char *const *argv, int limit_ms, size_t max, struct child_answer *ret,
	      struct mig_error *err) MIG_MUST_USE;

#endif
