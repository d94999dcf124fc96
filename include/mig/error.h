/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. <mig/errors.def> is the one list of them: the codes here, their texts and
 * migctl's exit statuses all come from it.
 *
 * Every call that can fail returns 0 or a count on success and a negative MIG_E_ code
 * on failure, and takes a struct mig_error as its last parameter. The caller owns that
 * struct and may pass NULL. Nothing is allocated to report an error.
 */
#ifndef MIG_ERROR_H
#define MIG_ERROR_H

#include <mig/api.h>

enum mig_errc {
	MIG_OK = 0,
#define X(name, value, exit, text) MIG_E_##name = (value),
#include <mig/errors.def>
#undef X
};

struct mig_error {
	int code;       /* MIG_E_*, or 0 when nothing failed */
	int nvml;       /* the driver's own code for the failing call, or 0 */
	char msg[1024]; /* what failed, outermost context first, then the way out; UTF-8 */
};

/** mig_strerror - the text of a code, of either sign. Static; never NULL. */
MIG_API const char *mig_strerror(int code);

/** mig_error_name - the name of a code in <mig/errors.def>, "NOSPACE". Static; never NULL. */
MIG_API const char *mig_error_name(int code);

/** mig_exit_status - the status migctl exits with for a code, of either sign. */
MIG_API int mig_exit_status(int code);

/** mig_fail - fill @err (if not NULL) and return -@code, for "return mig_fail(...)". */
MIG_API int mig_fail(struct mig_error *err, int code, const char *fmt, ...) MIG_PRINTF(3, 4);

/** mig_wrap - put "context: " before @err's message and return its negative code @rc. */
MIG_API int mig_wrap(struct mig_error *err, int rc, const char *fmt, ...) MIG_PRINTF(3, 4);

/** mig_hint - put "; hint" behind @err's message and return its negative code @rc. */
MIG_API int mig_hint(struct mig_error *err, int rc, const char *fmt, ...) MIG_PRINTF(3, 4);

#endif
