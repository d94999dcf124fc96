/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"

static bool is_same_file(const char *path, int fd)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* The log beside the image, "DIR/NAME/log". */
static bool log_path(const char *image, char *buf, size_t len)
{
	const char *slash = strrchr(image, '/');
	int n = slash ? snprintf(buf, len, "%.*s/log", (int)(slash - image), image) : -1;

	return n > 0 && (size_t)n < len;
}

static bool open_log(struct sim_log *log, const char *path, uid_t owner)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	cleanup_close int fd = open(path, flags, 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	/* What fails here fails for the owner later, who then leaves no record. */
	if (geteuid() == 0 && st.st_uid != owner && fchown(fd, owner, (gid_t)-1) < 0)
		errno = 0;
	/* Never where a standard stream was: what a program prints there would go in here. */
	log->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	log->dev = st.st_dev;
	log->ino = st.st_ino;
	return log->fd >= 0;
}

/* A program may have closed all descriptors and opened others. */
static bool is_ours(const struct sim_log *log, struct stat *st)
{
	return log->fd >= 0 && fstat(log->fd, st) == 0 && st->st_dev == log->dev &&
	       st->st_ino == log->ino;
}

/* Only one of several processes that come here at once moves the file. */
static void begin_anew(struct sim_log *log, const char *path)
{
	char old[4096 + 8];

	if (flock(log->fd, LOCK_EX) == 0 && is_same_file(path, log->fd)) {
		snprintf(old, sizeof(old), "%s.1", path);
		rename(path, old);
	}
	sim_log_close(log);
}

/* A process may be called anything: what would break a line, or move a terminal's cursor, is '?'. */
static void copy_name(char *dst, size_t size, const char *src)
{
	text_copy(dst, size, src);
	for (char *p = dst; *p; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
}

static void write_line(int fd, const struct sim_log_entry *e)
{
	char line[SIM_LOG_RECORD_MAX], process[32];
	struct timespec now;
	ssize_t done;
	int n;

	copy_name(process, sizeof(process), program_invocation_short_name);
	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line), "%lld%09ld\t%d\t%s\t%s\t%.200s\t%d\t%.40s\n",
		     (long long)now.tv_sec, now.tv_nsec, (int)getpid(),
		     process[0] ? process : "?", e->call, e->asked[0] ? e->asked : "-",
		     e->result, e->made[0] ? e->made : "-");
	do
		done = write(fd, line, (size_t)n);
	while (done < 0 && errno == EINTR);
}

void sim_log_write(struct sim_log *log, const char *image, int fd, uid_t owner,
		   const struct sim_log_entry *entry)
{
	const int saved = errno;
	char path[4096];
	struct stat st = { 0 };

	if (!is_ours(log, &st)) {
		log->fd = -1; /* not ours to close */
		if (!is_same_file(image, fd) || !log_path(image, path, sizeof(path)) ||
		    !open_log(log, path, owner)) {
			errno = saved;
			return;
		}
	}
	write_line(log->fd, entry);
	if (st.st_size >= SIM_LOG_BYTES && log_path(image, path, sizeof(path)))
		begin_anew(log, path);
	errno = saved;
}

void sim_log_close(struct sim_log *log)
{
	struct stat st;

	if (is_ours(log, &st))
		close(log->fd);
	log->fd = -1;
}
