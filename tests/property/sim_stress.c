/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixteen processes of two threads at random on one machine, some of them killed at random
 * moments and replaced. After each round, with nobody at work, what stands must follow from
 * the log.
 *
 *	sim_stress [SEED [ROUNDS]]
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/property/hammer.h"

enum { WORKERS = 16, STEPS = 1200, KILLS = 24, HANG_S = 30 };

static struct hammer_log *hammer;
static const char *machine;

/* A call that does not return within HANG_S ends the worker by SIGALRM, which is a failure. */
static void *take_steps(void *arg)
{
	uint64_t *seed = arg;

	for (int i = 0; i < STEPS; i++) {
		alarm(HANG_S);
		hammer_step(hammer, seed);
	}
	return NULL;
}

/* Two threads each: what guards threads from each other must guard processes too. */
static void work(uint64_t seed)
{
	uint64_t other_seed = seed + 1;
	pthread_t other;

	machine_be(machine);
	CHECK(pthread_create(&other, NULL, take_steps, &other_seed) == 0);
	take_steps(&seed);
	CHECK(pthread_join(other, NULL) == 0);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	_exit(0);
}

static pid_t spawn(uint64_t *seed)
{
	const uint64_t worker_seed = (uint64_t)below(~0U, seed) << 32 | below(~0U, seed);
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		work(worker_seed);
	return pid;
}

/* Return: 1 if the worker was killed, 0 if it had finished. */
static int reap(pid_t pid)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 1;
	if (WIFSIGNALED(status))
		fprintf(stderr, "a worker was ended by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

/* Return: how many were killed. */
static int play_round(uint64_t *seed)
{
	pid_t workers[WORKERS];
	int n_killed = 0;

	for (int i = 0; i < WORKERS; i++)
		workers[i] = spawn(seed);
	for (int i = 0; i < KILLS; i++) {
		const struct timespec pause = { .tv_nsec = below(3000000, seed) };
		const unsigned victim = below(WORKERS, seed);

		nanosleep(&pause, NULL);
		kill(workers[victim], SIGKILL);
		n_killed += reap(workers[victim]);
		workers[victim] = spawn(seed);
	}
	for (int i = 0; i < WORKERS; i++)
		n_killed += reap(workers[i]);
	return n_killed;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const int rounds = argc > 2 ? atoi(argv[2]) : 60;
	int n_killed = 0, n_maybe = 0;

	printf("seed %llu, %d rounds\n", (unsigned long long)seed, rounds);
	door_open();
	hammer = hammer_log_new();
	machine = machine_start("2xA100-SXM4-80GB", NULL);
	mig_on(0);
	mig_on(1);
	for (int i = 0; i < rounds; i++) {
		CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
		n_killed += play_round(&seed);
		machine_be(machine);
		n_maybe += hammer_check(hammer);
	}
	printf("%d killed, %d of them inside a change\n", n_killed, n_maybe);
	hammer_report(hammer);
	CHECK(n_killed >= rounds);
	machine_stop();
	mig_catalog_close(catalog);
	return 0;
}
