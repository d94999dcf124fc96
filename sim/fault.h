/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to go wrong on a machine, as it stands in its image: faults of calls, and how
 * long calls take. Both are read in place by every call of every process, without a lock.
 * What they are called outside, and how they get there, is sim/inject.h's business.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/nvml.h"

/* Every call of abi/nvml.def, in its order. */
enum sim_call_id {
#define NVML_FN(use, since, name, args) SIM_CALL_##name,
#include "abi/nvml.def"
#undef NVML_FN
	SIM_CALLS,
};

enum sim_fault_kind {
	SIM_FAULT_ERROR,  /* the call answers `value` */
	SIM_FAULT_KILL,   /* the calling process dies of SIGKILL */
	SIM_FAULT_HANG,   /* the call takes `value` ns longer */
	SIM_FAULT_ANSWER, /* the call succeeds, and says `value` */
	SIM_FAULT_KINDS,
};

enum { SIM_FAULTS_MAX = 32, SIM_LATENCIES_MAX = 128 };

#define SIM_FAULT_EVER UINT32_MAX

struct sim_fault {
	/* A number that no other fault ever had, << 32 | how many calls it has seen. One word,
	 * so that a call is never counted for another fault. 0: the row is free. */
	uint64_t count;
	uint32_t first, last; /* which of those calls it strikes, from 1 */
	uint64_t value;
	uint16_t call;    /* sim_call_id */
	uint8_t kind;     /* sim_fault_kind */
	uint8_t is_after; /* ERROR, KILL: once the machine has been changed */
	uint8_t pad[4];
};

struct sim_latency {    /* one word */
	uint16_t call;  /* sim_call_id */
	uint8_t type;   /* index into sim_fixed.types; SIM_LATENCY_ANY */
	uint8_t slices; /* compute slices of the GPU instance; SIM_LATENCY_ANY */
	uint32_t us;
};

enum { SIM_LATENCY_ANY = 0xff };

struct sim_faults {
	uint32_t is_active; /* 0: nothing is set, which is all that most calls look at */
	uint32_t n_made;    /* the number of the last fault */
	uint64_t n_latencies;
	char profile[32]; /* what the latencies are called */
	struct sim_fault rows[SIM_FAULTS_MAX];
	struct sim_latency latencies[SIM_LATENCIES_MAX];
};

/* What becomes of one call. */
struct sim_fate {
	uint64_t delay_ns;
	bool is_killed, is_killed_after, has_answer;
	nvmlReturn_t rc, rc_after;
	uint32_t answer;
};

/** sim_fault_is_any - is anything set? One load. */
bool sim_fault_is_any(const struct sim_faults *faults);

/**
 * sim_fault_take - count a call, and say what becomes of it.
 * @is_writable:	false: it cannot be counted, and faults that count do not strike.
 */
struct sim_fate sim_fault_take(struct sim_faults *faults, bool is_writable,
			       enum sim_call_id call);

/** sim_fault_latency_ns - how long a call takes by the profile. @type, @slices: -1: unknown. */
uint64_t sim_fault_latency_ns(const struct sim_faults *faults, enum sim_call_id call, int type,
			      int slices);

/** sim_fault_read - a row at rest; false: it is free, or changes just now. */
bool sim_fault_read(const struct sim_fault *row, struct sim_fault *ret);

/* Of the only writer: it holds the image's lock. */
int sim_fault_room(const struct sim_faults *faults); /* how many more can be added */
bool sim_fault_add(struct sim_faults *faults, const struct sim_fault *fault); /* false: full */
int sim_fault_clear(struct sim_faults *faults, int call); /* -1: all. Return: how many */
void sim_fault_set_latencies(struct sim_faults *faults, const char *profile,
			     const struct sim_latency *rows, unsigned n);

#endif
