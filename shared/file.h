/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_FILE_H
#define SHARED_FILE_H

#include <stddef.h>

#include <mig/error.h>

/**
 * mig_file_replace - give @path the bytes @data, all of them or none.
 *
 * A reader of @path, and a machine that loses power, sees the old content or the new
 * one, never a mixture. Other hard links to @path keep the old content; its mode stays,
 * a new file gets 0644 less the umask. Writers of one @path do not disturb each other:
 * the last one wins.
 *
 * Errors: IO (the message names the step that failed).
 */
int mig_file_replace(const char *path, const void *data, size_t len,
		     struct mig_error *err) MIG_MUST_USE;

/**
 * mig_file_read - the whole of a file as a NUL-terminated string.
 * @ret:	written on success only; the caller frees it.
 *
 * Errors: IO, NOMEM; INVAL when the file is larger than 1 MiB, or has a NUL byte: what stands
 * behind it would be lost.
 */
int mig_file_read(const char *path, char **ret, struct mig_error *err) MIG_MUST_USE;

/**
 * mig_file_read_bytes - the same with a limit of one's own, and with the length.
 * @max:	bytes; a larger file is refused.
 * @ret:	written on success only; a NUL stands behind the bytes; the caller frees it.
 *
 * Errors: IO, NOMEM; INVAL when the file is larger than @max.
 */
int mig_file_read_bytes(const char *path, size_t max, char **ret, size_t *ret_len,
			struct mig_error *err) MIG_MUST_USE;

/**
 * mig_file_read_plain - the same of a file that only we write: no pipe that nobody ends, no device.
 *
 * Errors: also PERM; IO when it is no plain file.
 */
int mig_file_read_plain(const char *path, size_t max, char **ret, size_t *ret_len,
			struct mig_error *err) MIG_MUST_USE;

#endif
