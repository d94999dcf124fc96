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

static int open_lock(const struct cli *cli, const char *sim)
{
	char path[8192];
	int fd;

	if (sim) {
		snprintf(path, sizeof(path), "%s/%s/lock", cli->sim_dir, sim);
	} else {
		mkdir(HARDWARE_FOLDER, 0755);
		snprintf(path, sizeof(path), "%s/lock", HARDWARE_FOLDER);
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	/* Made by root for a machine of ours: to wait, reading it is enough. */
	return fd >= 0 ? fd : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
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
	sigset_t signals;
	int rc;

	if (cli->has_turn)
		return 0;
	cli->turn_fd = open_lock(cli, sim);
	if (cli->turn_fd >= 0) {
		rc = lock(cli, cli->turn_fd, err);
		if (rc < 0)
			return rc;
		sign(cli->turn_fd);
	}
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
