/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HARDWARE_FOLDER "/run/migctl"

void turn_signals(sigset_t *ret)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* What nohup(1) has us ignore interrupts nothing. */
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret, signals[i]);
	}
}

/* Where the journal is, too: who cannot make a file there begins no change. */
static const char *lock_folder(const struct cli *cli, const char *sim, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s", sim ? cli->sim_dir : HARDWARE_FOLDER, sim ? "/" : "",
		 sim ? sim : "");
	return buf;
}

static int refuse(const char *path, int why, struct mig_error *err)
{
	const bool is_perm = why == EACCES || why == EPERM;
	int rc = mig_fail(
		err, is_perm ? MIG_E_PERM : MIG_E_IO,
		"another migctl might change the machine now, and whether it does cannot "
		"be told: open %s: %s; nothing was changed",
		path, strerror(why));

	if (why == EROFS)
		return mig_hint(err, rc, "its folder has to be writable");
	return is_perm || why == ELOOP || why == ENXIO
		       ? mig_hint(err, rc, "if no migctl runs, remove it")
		       : rc;
}

/* The file in which one waits for one's turn; @ret -1: there is none, and none is needed. */
static int open_lock(const char *folder, bool may_make, int *ret, struct mig_error *err)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int why = may_make && mkdir(folder, 0755) < 0 && errno != EEXIST ? errno : 0;
	char path[8192 + 8];

	snprintf(path, sizeof(path), "%s/lock", folder);
	*ret = open(path, O_RDWR | O_CREAT | flags, 0644);
	if (*ret >= 0)
		return 0;
	why = why ? why : errno;
	/* Made by root for a machine of ours: to wait, reading it is enough. */
	*ret = open(path, O_RDONLY | flags);
	if (*ret >= 0)
		return 0;
	/*
	 * Who may not write there cannot write the journal either, and is refused before the first
	 * step; in the driver's own words where it has some, which 'migctl smi' owes to scripts.
	 */
	if ((why == EACCES || why == EPERM) &&
	    faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) < 0)
		return 0;
	return refuse(path, why, err);
}

/* "another migctl (pid 4711)" */
static char *who_has_it(int fd, char *buf, size_t len)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? (size_t)n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	snprintf(buf, len, "another migctl%s%s%s", *pid ? " (pid " : "", pid, *pid ? ")" : "");
	return buf;
}

static int lock(const struct cli *cli, int fd, struct mig_error *err)
{
	char who[64];

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return mig_fail(err, MIG_E_IO, "lock the machine: %s", strerror(errno));
	who_has_it(fd, who, sizeof(who));
	if (cli->is_hasty)
		return mig_fail(err, MIG_E_BUSY,
				"%s changes the machine now; nothing was changed, try again",
				who);
	fprintf(stderr, "waiting for %s to finish its change\n", who);
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return mig_fail(err, MIG_E_IO, "wait for the machine: %s",
					strerror(errno));
	}
	return 0;
}

/* For whoever waits: who it is. That it cannot be written is no reason not to go on. */
static void sign(int fd)
{
	char pid[32];
	const int n = snprintf(pid, sizeof(pid), "%d\n", getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) < 0)
		return;
}

int turn_take(struct cli *cli, const char *sim, struct mig_error *err)
{
	char folder[8192];
	sigset_t signals;
	int rc;

	if (cli->has_turn)
		return 0;
	rc = open_lock(lock_folder(cli, sim, folder, sizeof(folder)), !sim, &cli->turn_fd, err);
	if (rc == 0 && cli->turn_fd >= 0)
		rc = lock(cli, cli->turn_fd, err);
	if (rc < 0)
		return rc;
	if (cli->turn_fd >= 0)
		sign(cli->turn_fd);
	turn_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	cli->has_turn = true;
	return 0;
}

void turn_end(struct cli *cli)
{
	sigset_t signals;

	if (!cli->has_turn)
		return;
	if (cli->turn_fd >= 0)
		close(cli->turn_fd);
	cli->has_turn = false;
	turn_signals(&signals);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
}
