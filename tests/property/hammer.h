/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many at once on one machine: random changes and reads, a log of them in shared memory,
 * and what must hold whatever is interleaved or killed.
 *
 * Before a change a hand notes what it is about to do, after it what became of it. Somebody
 * who is killed between the two leaves a "maybe"; all else is certain. So for every place
 *
 *	stood before + made - unmade - maybes  <=  stands now  <=  … + maybes
 *
 * and a change that got lost, or happened twice, breaks one of the two.
 */
#ifndef PROPERTY_HAMMER_H
#define PROPERTY_HAMMER_H

#include <stdatomic.h>

#include "tests/door.h"

enum { HAMMER_GPUS = 2, HAMMER_NUMBERS = 10, HAMMER_STARTS = 8, HAMMER_IDS = 15 };
enum hammer_op {
	HAMMER_READ,
	HAMMER_GI,
	HAMMER_GI_GONE,
	HAMMER_CI,
	HAMMER_CI_GONE,
	HAMMER_MODE,
	HAMMER_OPS
};

/* One place: what was tried there and what is known to have happened. */
struct hammer_place {
	atomic_int making, made, unmaking, unmade; /* making: begun and not yet answered */
	int stood;
};

struct hammer_log {
	/* By NVML profile number and start; of a CI, by the id of its GI too. */
	struct hammer_place gi[HAMMER_GPUS][HAMMER_NUMBERS][HAMMER_STARTS];
	struct hammer_place ci[HAMMER_GPUS][HAMMER_IDS][HAMMER_NUMBERS][HAMMER_STARTS];
	atomic_ulong tried[HAMMER_OPS], done[HAMMER_OPS];
};

/** hammer_log_new - in memory that forked children share; lives as long as the program. */
struct hammer_log *hammer_log_new(void);

/** hammer_step - one random change or read; what it reads must be possible. */
void hammer_step(struct hammer_log *log, uint64_t *seed);

/**
 * hammer_check - with nobody else at work: does what stands follow from the log?
 *
 * Then what stands becomes what stood, and the counts begin anew. Return: how many maybes.
 */
int hammer_check(struct hammer_log *log);

/** hammer_report - print what was done; every operation must have succeeded sometimes. */
void hammer_report(const struct hammer_log *log);

#endif
