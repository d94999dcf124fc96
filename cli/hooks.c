/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/turn.h"
#include "shared/cleanup.h"

extern char **environ;

enum {
	GRACE_MS = 5000,    /* from SIGTERM to SIGKILL, and from there to giving up */
	LINE_BYTES = 4096,  /* a longer line is printed in parts */
	REST_BYTES = 65536, /* read of what stands in the pipe when the hook has ended */
};

/* Why a hook is made to end before it does so by itself. */
enum why { WHY_NOT, WHY_LATE, WHY_SIGNAL };

/* A hook that runs. */
struct running {
	const struct mig_hook *hook;
	const char *name; /* of its kind */
	pid_t pid;
	int out;     /* what it prints; -1 once that is closed */
	int signals; /* our signals and the end of a child */
	bool may_be_interrupted;
	enum why why;
	int next_signal; /* that it gets next; 0: nothing more can be done */
	int64_t until_ms;
	size_t n_line;
	char line[LINE_BYTES];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- its environment ----------------------------------------------------------------- */

static bool is_in(const char *const *list, const char *env)
{
	const size_t len = strcspn(env, "=");

	for (; list && *list; list++) {
		if (strncmp(*list, env, len) == 0 && (*list)[len] == '=')
			return true;
	}
	return false;
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Ours, those of the hook, those of all hooks; of one name the last. free() it alone. */
static const char **environment(const struct hooks *hooks, const struct mig_hook *hook)
{
	const char *const *const lists[] = { (const char *const *)environ, hook->envs,
					     hooks->envs };
	const char **ret =
		calloc(count(lists[0]) + count(lists[1]) + count(lists[2]) + 1, sizeof(*ret));
	size_t n = 0;

	for (int i = 0; ret && i < 3; i++) {
		for (size_t k = 0; lists[i] && lists[i][k]; k++) {
			bool is_later = false;

			for (int later = i + 1; later < 3; later++)
				is_later |= is_in(lists[later], lists[i][k]);
			if (!is_later)
				ret[n++] = lists[i][k];
		}
	}
	return ret;
}

/* --- its beginning ------------------------------------------------------------------- */

/* Our descriptors stay ours: a service that a hook starts must not hold the driver's files. */
static int spawn(const struct mig_hook *hook, const char **env, int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (hook->workdir)
		posix_spawn_file_actions_addchdir_np(&files, hook->workdir);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	rc = posix_spawnp(ret, hook->argv[0], &files, &attr, (char *const *)hook->argv,
			  (char *const *)env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* --- while it runs ------------------------------------------------------------------- */

static void print_line(struct running *r)
{
	fprintf(stderr, "%s: %.*s\n", r->name, (int)r->n_line, r->line);
	r->n_line = 0;
}

/* One read of what it prints. Return: how many bytes; 0: no more. */
static size_t forward(struct running *r)
{
	char buf[4096];
	const ssize_t n = r->out < 0 ? 0 : read(r->out, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n')
			r->line[r->n_line++] = buf[i] ? buf[i] : '?';
		if (buf[i] == '\n' || r->n_line == sizeof(r->line))
			print_line(r);
	}
	if (n > 0)
		return (size_t)n;
	if (n == 0 && r->out >= 0) {
		close(r->out);
		r->out = -1;
	}
	return 0;
}

static void take_signals(struct running *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || !r->may_be_interrupted || r->why != WHY_NOT)
			continue;
		r->why = WHY_SIGNAL;
		r->until_ms = now_ms();
	}
}

/* Its time is over: ask, then insist, then let it be. */
static void press(struct running *r)
{
	if (r->why == WHY_NOT)
		r->why = WHY_LATE;
	kill(-r->pid, r->next_signal);
	r->next_signal = r->next_signal == SIGTERM ? SIGKILL : 0;
	r->until_ms = now_ms() + GRACE_MS;
}

/* It stays a zombie, so that its group's number is nobody else's. */
static bool has_ended(const struct running *r)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid == r->pid;
}

/* Return: has it ended? false: not even SIGKILL did it. */
static bool watch(struct running *r)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .fd = r->signals, .events = POLLIN } };

	while (!has_ended(r)) {
		const int64_t left_ms = r->until_ms - now_ms();

		if (left_ms <= 0 && r->next_signal == 0)
			return false;
		if (left_ms <= 0) {
			press(r);
			continue;
		}
		fds[0].fd = r->out;
		if (poll(fds, 2, (int)left_ms) <= 0)
			continue;
		if (fds[0].revents)
			forward(r);
		if (fds[1].revents)
			take_signals(r);
	}
	return true;
}

/* --- its end ------------------------------------------------------------------------- */

static int tell(const struct hooks *hooks, const struct running *r, bool is_over, int status,
		struct mig_error *err)
{
	char what[96];

	if (is_over && r->why == WHY_NOT && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (!is_over)
		snprintf(what, sizeof(what), "could not be killed; it is process %d", r->pid);
	else if (r->why == WHY_LATE)
		snprintf(what, sizeof(what), "took longer than %ld s and was stopped",
			 hooks->seconds);
	else if (r->why == WHY_SIGNAL)
		snprintf(what, sizeof(what), "was stopped, as migctl was interrupted");
	else if (WIFEXITED(status))
		snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(status));
	else
		snprintf(what, sizeof(what), "was ended by signal %d", WTERMSIG(status));
	return mig_fail(err, MIG_E_HOOK, "%s:%u: %s hook %s %s", hooks->file->name,
			r->hook->line, r->name, r->hook->argv[0], what);
}

static int see_to_its_end(const struct hooks *hooks, struct running *r, struct mig_error *err)
{
	const bool is_over = watch(r);
	int status = 0;

	if (is_over) {
		for (size_t n = 0, more = 1; more > 0 && n < REST_BYTES; n += more)
			more = forward(r);
		/* Of a hook that was stopped nothing is left, whoever ignored the signal. */
		if (r->why != WHY_NOT)
			kill(-r->pid, SIGKILL);
		while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (r->n_line)
		print_line(r);
	if (r->out >= 0)
		close(r->out);
	return tell(hooks, r, is_over, status, err);
}

static int not_run(const struct hooks *hooks, const struct running *r, int rc,
		   struct mig_error *err)
{
	const char *dir = r->hook->workdir;

	if (dir && access(dir, X_OK) < 0)
		return mig_fail(err, MIG_E_HOOK, "%s:%u: %s hook: workdir %s: %s",
				hooks->file->name, r->hook->line, r->name, dir,
				strerror(errno));
	return mig_fail(err, MIG_E_HOOK, "%s:%u: %s hook: run %s: %s", hooks->file->name,
			r->hook->line, r->name, r->hook->argv[0], strerror(rc));
}

static int run_one(const struct hooks *hooks, struct running *r, struct mig_error *err)
{
	cleanup_free const char **env = environment(hooks, r->hook);
	int out[2], rc;

	if (!env)
		return mig_fail(err, MIG_E_NOMEM, "run %s", r->hook->argv[0]);
	if (pipe2(out, O_CLOEXEC) < 0)
		return mig_fail(err, MIG_E_IO, "run %s: %s", r->hook->argv[0], strerror(errno));
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	rc = spawn(r->hook, env, out[1], &r->pid);
	close(out[1]);
	r->out = out[0];
	r->until_ms = now_ms() + hooks->seconds * 1000;
	if (rc == 0)
		return see_to_its_end(hooks, r, err);
	close(out[0]);
	return not_run(hooks, r, rc, err);
}

/* What failed after the first failure of several is told, and does not replace it. */
static int keep_first(int rc, const struct mig_error *why, int first, struct mig_error *err)
{
	if (rc == 0)
		return first;
	if (first == 0) {
		if (err)
			*err = *why;
		return rc;
	}
	fprintf(stderr, "migctl: %s\n", why->msg);
	return first;
}

static int run_all(const struct hooks *hooks, enum mig_hook_point point, int signals,
		   struct mig_error *err)
{
	int first = 0;

	for (size_t i = 0; i < hooks->file->n[point]; i++) {
		struct mig_error why = { 0 };
		struct running r = { .hook = &hooks->file->of[point][i],
				     .name = mig_hook_point_name(point),
				     .out = -1,
				     .signals = signals,
				     .may_be_interrupted = point != MIG_HOOK_APPLY_EXIT,
				     .next_signal = SIGTERM };

		first = keep_first(run_one(hooks, &r, &why), &why, first, err);
		if (first < 0 && point != MIG_HOOK_APPLY_EXIT)
			break;
	}
	return first;
}

bool hooks_has(const struct hooks *hooks, enum mig_hook_point point)
{
	return hooks && hooks->file->n[point] > 0;
}

int hooks_run(const struct hooks *hooks, enum mig_hook_point point, struct mig_error *err)
{
	cleanup_close int signals = -1;
	sigset_t set, before;
	int rc;

	if (!hooks_has(hooks, point))
		return 0;
	turn_signals(&set);
	sigaddset(&set, SIGCHLD);
	/* A caller may have had us ignore it, and then no child's status could be had. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	rc = signals < 0 ? mig_fail(err, MIG_E_IO, "watch for signals: %s", strerror(errno))
			 : run_all(hooks, point, signals, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
