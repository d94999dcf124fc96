/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

const int file_errors[FILE_CALLS_N][FILE_ERRORS_MAX] = {
#define X(name, ...) [FILE_CALL_##name] = { __VA_ARGS__ },
	FILE_CALLS(X)
#undef X
};

const char *const file_call_names[FILE_CALLS_N] = {
#define X(name, ...) [FILE_CALL_##name] = #name,
	FILE_CALLS(X)
#undef X
};

/* In memory that a child shares: it may not live to tell. */
struct counted {
	unsigned n;
	unsigned char seen[FILE_SEEN_MAX];
};

static struct counted *counted;
static struct file_fault fault;
static bool is_armed;

void files_arm(const struct file_fault *f)
{
	if (!counted) {
		counted = mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHECK(counted != MAP_FAILED);
	}
	*counted = (struct counted){ 0 };
	fault = *f;
	is_armed = true;
}

unsigned files_disarm(void)
{
	is_armed = false;
	return counted->n;
}

enum file_call files_seen(unsigned n)
{
	CHECK(n >= 1 && n <= counted->n && n <= FILE_SEEN_MAX);
	return (enum file_call)counted->seen[n - 1];
}

/* What becomes of this call. */
static enum file_fault_kind fate(enum file_call call)
{
	unsigned n;

	if (!is_armed)
		return FILE_WELL;
	n = __atomic_add_fetch(&counted->n, 1, __ATOMIC_RELAXED);
	if (n <= FILE_SEEN_MAX)
		counted->seen[n - 1] = (unsigned char)call;
	if (n != fault.at && !(fault.is_ever && n > fault.at &&
			       counted->seen[fault.at - 1] == (unsigned char)call))
		return FILE_WELL;
	if (fault.kind == FILE_KILLED)
		kill(getpid(), SIGKILL);
	if (fault.kind == FILE_FAILED)
		errno = fault.error;
	return fault.kind;
}

static long after(enum file_fault_kind kind, long rc)
{
	if (kind == FILE_KILLED_HALF || kind == FILE_KILLED_AFTER)
		kill(getpid(), SIGKILL);
	return rc;
}

/* How many of the bytes of a write are written. */
static size_t part_of(enum file_fault_kind kind, size_t len)
{
	return kind == FILE_SHORT || kind == FILE_KILLED_HALF ? len / 2 : len;
}

/* The linker puts __wrap_X where anybody calls X, and X where __real_X is called. */
#define WRAP(name, symbol, args, pass)                                                    \
	extern int __real_##symbol args;                                                  \
	int __wrap_##symbol args;                                                         \
	int __wrap_##symbol args                                                          \
	{                                                                                 \
		const enum file_fault_kind kind = fate(FILE_CALL_##name);                 \
                                                                                          \
		return kind == FILE_FAILED ? -1 : (int)after(kind, __real_##symbol pass); \
	}

WRAP(mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(fallocate, fallocate64, (int fd, int mode, off_t offset, off_t len),
     (fd, mode, offset, len))
WRAP(ftruncate, ftruncate64, (int fd, off_t len), (fd, len))
WRAP(fsync, fsync, (int fd), (fd))
WRAP(rename, rename, (const char *from, const char *to), (from, to))
WRAP(unlink, unlink, (const char *path), (path))

extern ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	const enum file_fault_kind kind = fate(FILE_CALL_write);

	return kind == FILE_FAILED ? -1
				   : after(kind, __real_write(fd, bytes, part_of(kind, len)));
}

extern ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
	const enum file_fault_kind kind = fate(FILE_CALL_pwrite);

	return kind == FILE_FAILED
		       ? -1
		       : after(kind, __real_pwrite64(fd, bytes, part_of(kind, len), offset));
}

extern int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	enum file_fault_kind kind = FILE_WELL;
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (flags & (O_CREAT | O_WRONLY | O_RDWR))
		kind = fate(FILE_CALL_open);
	return kind == FILE_FAILED ? -1 : (int)after(kind, __real_open64(path, flags, mode));
}
