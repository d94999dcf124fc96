/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"

extern char **environ;

/* @group: in a process group of its own, so that all of it can be killed. */
static int spawn(const char *const *argv, const posix_spawn_file_actions_t *files, bool group,
		 pid_t *ret, struct mig_error *err)
{
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	/* What waits here until a change is whole need not wait there. */
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, (short)(POSIX_SPAWN_SETSIGMASK |
						(group ? POSIX_SPAWN_SETPGROUP : 0)));
	rc = posix_spawnp(ret, argv[0], files, &attr, (char **)argv, environ);
	posix_spawnattr_destroy(&attr);
	if (rc)
		return mig_fail(err, rc == ENOENT ? MIG_E_NOENT : MIG_E_IO, "run %s: %s",
				argv[0], strerror(rc));
	return 0;
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

int child_run(const char *const *argv, int *ret_status, struct mig_error *err)
{
	posix_spawn_file_actions_t files;
	int status, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	rc = spawn(argv, &files, false, &pid, err);
	posix_spawn_file_actions_destroy(&files);
	if (rc < 0)
		return rc;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return mig_fail(err, MIG_E_IO, "wait for %s: %s", argv[0],
					strerror(errno));
	}
	*ret_status = status_of(status);
	return 0;
}

/* --- Asking ------------------------------------------------------------------------------ */

enum { OUT, ERR, STREAMS, READ_BYTES = 16384, WORDS_MAX = 16384, NAP_NS = 1000000 };

struct asked {
	const char *name;
	pid_t pid;
	int64_t until_ms;
	size_t max;
	int fds[STREAMS]; /* -1: at its end */
	struct text said[STREAMS];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int left_ms(const struct asked *a)
{
	const int64_t left = a->until_ms - now_ms();

	return left > 0 ? (int)left : 0;
}

static int open_pipes(int pipes[STREAMS][2], struct mig_error *err)
{
	if (pipe2(pipes[OUT], O_CLOEXEC) < 0)
		return mig_fail(err, MIG_E_IO, "make a pipe: %s", strerror(errno));
	if (pipe2(pipes[ERR], O_CLOEXEC) < 0) {
		const int rc = mig_fail(err, MIG_E_IO, "make a pipe: %s", strerror(errno));

		close(pipes[OUT][0]);
		close(pipes[OUT][1]);
		return rc;
	}
	return 0;
}

static int start(const char *const *argv, struct asked *a, struct mig_error *err)
{
	posix_spawn_file_actions_t files;
	int pipes[STREAMS][2], rc = open_pipes(pipes, err);

	if (rc < 0)
		return rc;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, pipes[OUT][1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, pipes[ERR][1], STDERR_FILENO);
	rc = spawn(argv, &files, true, &a->pid, err);
	posix_spawn_file_actions_destroy(&files);
	for (int i = 0; i < STREAMS; i++) {
		close(pipes[i][1]);
		a->fds[i] = pipes[i][0];
	}
	return rc;
}

static void end_stream(struct asked *a, int i)
{
	if (a->fds[i] >= 0)
		close(a->fds[i]);
	a->fds[i] = -1;
}

/* Of its complaints the end is enough. */
static int read_stream(struct asked *a, int i, struct mig_error *err)
{
	char buf[READ_BYTES];
	const ssize_t n = read(a->fds[i], buf, sizeof(buf));
	struct text *said = &a->said[i];

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		end_stream(a, i);
		return 0;
	}
	if (i == ERR && said->len + (size_t)n > WORDS_MAX)
		text_free(said);
	text_add_bytes(said, buf, (size_t)n);
	if (said->is_short)
		return mig_fail(err, MIG_E_NOMEM, "read what %s says", a->name);
	if (i == OUT && said->len > a->max)
		return mig_fail(err, MIG_E_IO, "%s said more than %zu bytes", a->name, a->max);
	return 0;
}

static int too_slow(const struct asked *a, struct mig_error *err)
{
	return mig_fail(err, MIG_E_IO, "%s did not end in time", a->name);
}

static int read_streams(struct asked *a, struct mig_error *err)
{
	int rc = 0;

	while (rc == 0 && (a->fds[OUT] >= 0 || a->fds[ERR] >= 0)) {
		struct pollfd ready[STREAMS] = { { a->fds[OUT], POLLIN, 0 },
						 { a->fds[ERR], POLLIN, 0 } };
		const int left = left_ms(a);

		if (left == 0 || (poll(ready, STREAMS, left) < 0 && errno != EINTR))
			return too_slow(a, err);
		for (int i = 0; i < STREAMS && rc == 0; i++) {
			if (a->fds[i] >= 0 && ready[i].revents)
				rc = read_stream(a, i, err);
		}
	}
	return rc;
}

/* It has closed its output, and ends as a rule at once. */
static int wait_until(const struct asked *a, int *ret_status, struct mig_error *err)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };

	while (waitpid(a->pid, ret_status, WNOHANG) == 0) {
		if (left_ms(a) == 0)
			return too_slow(a, err);
		nanosleep(&nap, NULL);
	}
	return 0;
}

static void last_line(struct text *said, char *buf, size_t len)
{
	char *line;

	while (said->len > 0 && said->s[said->len - 1] == '\n')
		said->s[--said->len] = '\0';
	line = said->len > 0 ? strrchr(said->s, '\n') : NULL;
	text_copy(buf, len, line ? line + 1 : text_str(said));
}

int child_ask(const char *const *argv, int limit_ms, size_t max, struct child_answer *ret,
	      struct mig_error *err)
{
	struct asked a = {
		.name = argv[0], .max = max, .until_ms = now_ms() + limit_ms, .fds = { -1, -1 }
	};
	int status = 0, rc = start(argv, &a, err);

	if (rc == 0) {
		rc = read_streams(&a, err);
		if (rc == 0)
			rc = wait_until(&a, &status, err);
		if (rc < 0) {
			kill(-a.pid, SIGKILL);
			waitpid(a.pid, &status, 0);
		}
	}
	end_stream(&a, OUT);
	end_stream(&a, ERR);
	if (rc == 0 && !a.said[OUT].s)
		text_add(&a.said[OUT], "%s", "");
	if (rc == 0) {
		last_line(&a.said[ERR], ret->words, sizeof(ret->words));
		ret->text = take(a.said[OUT].s);
		ret->status = status_of(status);
	}
	text_free(&a.said[OUT]);
	text_free(&a.said[ERR]);
	return rc;
}
