/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which libmig writes files, in a program linked with --wrap of each: any of them can
 * be made to fail, to do half of its work, or to kill the process.
 *
 *	files_arm(&(struct file_fault){ .at = 3, .kind = FILE_KILLED });
 *	... what writes files, here or in a child ...
 *	n = files_disarm();
 *
 * Only calls between the two count, from 1. The count is shared with children.
 */
#ifndef TESTS_FAULTS_FILES_H
#define TESTS_FAULTS_FILES_H

#include <stdbool.h>

/* FILES: name of the function, and the errors that are relevant to it. */
#define FILE_CALLS(X)                                \
	X(open, EACCES, ENOSPC, EROFS, EMFILE, EIO)  \
	X(mkdir, EACCES, ENOSPC, EROFS, EIO, 0)      \
	X(fallocate, ENOSPC, EDQUOT, EIO, EFBIG, 0)  \
	X(write, ENOSPC, EDQUOT, EIO, EFBIG, 0)      \
	X(pwrite, ENOSPC, EDQUOT, EIO, EFBIG, 0)     \
	X(ftruncate, EIO, EFBIG, 0, 0, 0)            \
	X(fsync, EIO, ENOSPC, EDQUOT, 0, 0)          \
	X(rename, EACCES, ENOSPC, EROFS, EIO, EPERM) \
	X(unlink, EACCES, EROFS, EIO, EPERM, 0)

enum file_call {
#define X(name, ...) FILE_CALL_##name,
	FILE_CALLS(X)
#undef X
		FILE_CALLS_N,
};

enum { FILE_ERRORS_MAX = 5, FILE_SEEN_MAX = 512 };

/* The errors of each, up to the first 0. */
extern const int file_errors[FILE_CALLS_N][FILE_ERRORS_MAX];
extern const char *const file_call_names[FILE_CALLS_N];

enum file_fault_kind {
	FILE_WELL,        /* it is only counted */
	FILE_FAILED,      /* it does nothing, and fails */
	FILE_SHORT,       /* a write of half the bytes, which succeeds */
	FILE_KILLED,      /* before it */
	FILE_KILLED_HALF, /* a write, after half the bytes */
	FILE_KILLED_AFTER,
};

struct file_fault {
	enum file_fault_kind kind;
	unsigned at;  /* which call, from 1 */
	bool is_ever; /* and all of its kind after it */
	int error;    /* errno of FILE_FAILED */
};

void files_arm(const struct file_fault *fault);

/** files_disarm - Return: how many calls were counted. */
unsigned files_disarm(void);

/** files_seen - which function the @n-th call was, from 1; of those counted last. */
enum file_call files_seen(unsigned n);

#endif
