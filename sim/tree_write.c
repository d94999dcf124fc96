/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tree_write.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"

enum { NAME_BYTES = 256, TEXT_BYTES = 1024 };

static void fail(struct tree_writer *w, const char *name)
{
	if (w->error)
		return;
	w->error = errno;
	text_copy(w->failed, sizeof(w->failed), name);
}

struct tree_writer tree_writer_open(const char *folder, uid_t uid)
{
	struct tree_writer w = { .fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				 .uid = uid,
				 .is_giving = geteuid() == 0 && uid != 0 };

	if (w.fd < 0)
		fail(&w, folder);
	return w;
}

int tree_writer_close(struct tree_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	return w->error ? -1 : 0;
}

static void give(struct tree_writer *w, const char *name)
{
	if (w->is_giving && fchownat(w->fd, name, w->uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0)
		fail(w, name);
}

/* The umask is the caller's, who may be anybody's program: modes are set, not asked for. */
static void make_dir(struct tree_writer *w, const char *name)
{
	if (mkdirat(w->fd, name, 0755) < 0) {
		if (errno != EEXIST)
			fail(w, name);
		return;
	}
	if (fchmodat(w->fd, name, 0755, 0) < 0)
		fail(w, name);
	give(w, name);
}

void tree_dir(struct tree_writer *w, const char *name)
{
	char path[NAME_BYTES];

	text_copy(path, sizeof(path), name);
	for (char *p = path; *p && !w->error; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		make_dir(w, path);
		*p = '/';
	}
	if (!w->error)
		make_dir(w, path);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

void tree_file(struct tree_writer *w, const char *name, mode_t mode, const void *data,
	       size_t len)
{
	cleanup_close int fd = -1;

	if (w->error)
		return;
	fd = openat(w->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, data, len) < 0 || fchmod(fd, mode) < 0) {
		fail(w, name);
		return;
	}
	give(w, name);
}

void tree_text(struct tree_writer *w, const char *name, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		errno = EOVERFLOW;
		fail(w, name);
		return;
	}
	tree_file(w, name, 0444, text, (size_t)n);
}

void tree_link(struct tree_writer *w, const char *name, const char *target)
{
	if (w->error)
		return;
	if (symlinkat(target, w->fd, name) < 0)
		fail(w, name);
	else
		give(w, name);
}

void tree_node(struct tree_writer *w, const char *name, mode_t mode, unsigned major_number,
	       unsigned minor_number)
{
	const dev_t device = makedev(major_number, minor_number);
	struct stat st;

	if (w->error)
		return;
	if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		/* One who was killed may have got no further than to make it. */
		if ((st.st_mode & 0777) == mode)
			return;
	} else if (mknodat(w->fd, name, S_IFCHR | 0600, device) < 0) {
		tree_file(w, name, mode, "", 0);
		return;
	}
	give(w, name);
	if (fchmodat(w->fd, name, mode, 0) < 0)
		fail(w, name);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	return kind == FTW_DP || kind == FTW_D ? rmdir(path) : unlink(path);
}

int tree_remove(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
