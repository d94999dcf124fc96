/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_parent(const char *path)
{
	cleanup_free char *copy = strdup(path);
	cleanup_close int fd = -1;

	if (!copy)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

enum { NEW_FILE_MODE = 0644, TEMP_TRIES = 100 };

/*
 * A temporary file beside @path that nobody else has: not another process, not another
 * thread, not one that died here before. @tmp is its name, empty on failure.
 */
static int open_temp(const char *path, char *tmp, size_t size)
{
	int fd = -1;

	for (int i = 0; i < TEMP_TRIES; i++) {
		if ((size_t)snprintf(tmp, size, "%s.tmp.%ld.%d", path, (long)getpid(), i) >=
		    size) {
			errno = ENAMETOOLONG;
			break;
		}
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, NEW_FILE_MODE);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd < 0)
		tmp[0] = '\0';
	return fd;
}

/* Who could read the old file can read the new one, and nobody else. */
static int keep_mode(int fd, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return fchmod(fd, st.st_mode & 07777);
}

static int write_and_rename(int fd, const char *tmp, const char *path, const void *data,
			    size_t len, struct mig_error *err)
{
	if (keep_mode(fd, path) < 0 || write_all(fd, data, len) < 0 || fsync(fd) < 0)
		return mig_fail(err, MIG_E_IO, "write %s: %s", tmp, strerror(errno));
	if (rename(tmp, path) < 0)
		return mig_fail(err, MIG_E_IO, "rename to %s: %s", path, strerror(errno));
	return 0;
}

int mig_file_replace(const char *path, const void *data, size_t len, struct mig_error *err)
{
	char tmp[PATH_MAX];
	cleanup_close int fd = open_temp(path, tmp, sizeof(tmp));
	int rc;

	if (fd < 0)
		return mig_fail(err, MIG_E_IO, "create a file beside %s: %s", path,
				strerror(errno));
	rc = write_and_rename(fd, tmp, path, data, len, err);
	if (rc < 0) {
		(void)unlink(tmp);
		return rc;
	}

	/* The rename is durable only once the directory that holds it is. */
	if (sync_parent(path) < 0)
		return mig_fail(err, MIG_E_IO, "sync directory of %s: %s", path,
				strerror(errno));
	return 0;
}

/* All of @f, at most @max bytes, and a NUL. */
static int read_stream(FILE *f, const char *path, size_t max, char **ret, size_t *ret_len,
		       struct mig_error *err)
{
	cleanup_free char *buf = NULL;
	size_t len = 0, room = 0;

	do {
		char *more;

		room = room ? 2 * room : 4096;
		more = realloc(buf, room + 1);
		if (!more)
			return mig_fail(err, MIG_E_NOMEM, "read %s", path);
		buf = more;
		len += fread(buf + len, 1, room - len, f);
	} while (len == room && len <= max);
	if (ferror(f))
		return mig_fail(err, MIG_E_IO, "read %s: %s", path, strerror(errno));
	if (len > max)
		return mig_fail(err, MIG_E_INVAL, "%s: larger than %zu bytes", path, max);

	buf[len] = '\0';
	*ret = take(buf);
	*ret_len = len;
	return 0;
}

int mig_file_read_bytes(const char *path, size_t max, char **ret, size_t *ret_len,
			struct mig_error *err)
{
	cleanup_fclose FILE *f = fopen(path, "re");

	if (!f)
		return mig_fail(err, MIG_E_IO, "open %s: %s", path, strerror(errno));
	return read_stream(f, path, max, ret, ret_len, err);
}

int mig_file_read_plain(const char *path, size_t max, char **ret, size_t *ret_len,
			struct mig_error *err)
{
	cleanup_fclose FILE *f = NULL;
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO, "open %s: %s",
				path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mig_fail(err, MIG_E_IO, "%s is no plain file", path);
	f = fdopen(fd, "r");
	if (!f)
		return mig_fail(err, MIG_E_IO, "open %s: %s", path, strerror(errno));
	fd = -1;
	return read_stream(f, path, max, ret, ret_len, err);
}

enum { READ_MAX_BYTES = 1 << 20 };

int mig_file_read(const char *path, char **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int rc = mig_file_read_bytes(path, READ_MAX_BYTES, &text, &len, err);

	if (rc < 0 || !text)
		return rc;
	if (strlen(text) != len)
		return mig_fail(err, MIG_E_INVAL, "%s: it has a NUL byte, so it is no text",
				path);
	*ret = take(text);
	return 0;
}
