/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of one process at random on one machine: NVML promises that its calls may be made
 * from any of them. Under TSan this finds what the library forgot to guard.
 *
 *	sim_threads [SEED [STEPS]]
 */
#include <pthread.h>

#include "tests/property/hammer.h"

enum { THREADS = 6 };

struct worker {
	pthread_t thread;
	struct hammer_log *log;
	uint64_t seed;
	unsigned long steps;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned long i = 0; i < w->steps; i++)
		hammer_step(w->log, &w->seed);
	return NULL;
}

int main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long steps = argc > 2 ? strtoul(argv[2], NULL, 0) : 40000;
	struct worker workers[THREADS];
	struct hammer_log *log;

	printf("seed %llu, %lu steps in each of %d threads\n", (unsigned long long)seed, steps,
	       THREADS);
	door_open();
	log = hammer_log_new();
	machine_start("2xA100-SXM4-80GB", NULL);
	mig_on(0);
	mig_on(1);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .log = log, .seed = seed + i, .steps = steps };
		CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(workers[i].thread, NULL) == 0);
	CHECK_EQ(hammer_check(log), 0);
	hammer_report(log);
	machine_stop();
	mig_catalog_close(catalog);
	return 0;
}
