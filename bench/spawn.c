/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole-process times of commands that are run in turn, so that a machine whose speed
 * drifts drifts for all of them alike.
 *
 *	spawn RUNS NAME COMMAND [ARG...] [::: NAME COMMAND [ARG...]]...
 *
 * Prints a line a command: NAME, then the minimum, median and 95th percentile of its wall
 * time in microseconds. A command that does not end with 0 ends the whole.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { COMMANDS_MAX = 16, WARM_UP = 3 };

struct command {
	const char *name;
	char **argv;
	double *us;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run_once(const struct command *c, const posix_spawn_file_actions_t *files)
{
	const double begin = now_us();
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, c->argv[0], files, NULL, c->argv, environ) != 0 ||
	    waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "spawn: %s (%s) failed\n", c->name, c->argv[0]);
		exit(EXIT_FAILURE);
	}
	return now_us() - begin;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t files;
	int n = 0, runs = argc > 1 ? atoi(argv[1]) : 0;

	if (argc < 4 || runs < 1) {
		fputs("usage: spawn RUNS NAME COMMAND [ARG...] [::: NAME COMMAND "
		      "[ARG...]]...\n",
		      stderr);
		return 2;
	}
	for (int i = 2; i < argc && n < COMMANDS_MAX; n++) {
		commands[n] = (struct command){ argv[i], &argv[i + 1],
						calloc((size_t)runs, sizeof(double)) };
		while (i < argc && strcmp(argv[i], ":::") != 0)
			i++;
		if (i < argc)
			argv[i++] = NULL;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	for (int r = -WARM_UP; r < runs; r++) {
		for (int i = 0; i < n; i++) {
			const double us = run_once(&commands[i], &files);

			if (r >= 0)
				commands[i].us[r] = us;
		}
	}
	for (int i = 0; i < n; i++) {
		qsort(commands[i].us, (size_t)runs, sizeof(double), by_value);
		printf("%s %.0f %.0f %.0f\n", commands[i].name, commands[i].us[0],
		       commands[i].us[runs / 2], commands[i].us[runs * 95 / 100]);
		free(commands[i].us);
	}
	posix_spawn_file_actions_destroy(&files);
	return 0;
}
