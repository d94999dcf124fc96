/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong on a simulated machine, from outside: faults of calls, how long calls
 * take, lost GPUs, the settle time, scenarios of these; and the machine's log, which tells
 * what was done to it.
 *
 * A fault is written
 *
 *	CALL[@WHAT][#N | #N..]=ACTION
 *
 *	CALL	a function of NVML, "nvmlGpuInstanceDestroy"
 *	@WHAT	the call succeeds but says ACTION, a number or an error's name, of WHAT:
 *		nvmlDeviceSetMigMode@activation, nvmlDeviceGetPersistenceMode@mode,
 *		nvmlDeviceGetVirtualizationMode@mode,
 *		nvmlDeviceGetCurrentClocksEventReasons@reasons
 *	#N	strikes the N-th call from now, of all processes together; #N.. that and all
 *		later ones; neither: every call until it is cleared
 *	ACTION	an error's name or number, "IN_USE"; "kill": the calling process dies of
 *		SIGKILL; "hang:2s": the call takes so much longer. "kill:after" and
 *		"IN_USE:after" strike once the machine has been changed.
 */
#ifndef SIM_INJECT_H
#define SIM_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

#include "sim/fault.h"

enum { SIM_SPEC_MAX = 160 };

/* For the manual: calls have the driver's names, which are spoken in here. */
#define SIM_FAULT_ANSWERS                                                                    \
	"@activation of nvmlDeviceSetMigMode lets the call succeed and the mode wait for "   \
	"a reset, for the reason that ACTION says. @mode of "                                \
	"nvmlDeviceGetPersistenceMode is 0 or 1, that of nvmlDeviceGetVirtualizationMode 1 " \
	"where the GPU is passed through to a virtual machine. @reasons of "                 \
	"nvmlDeviceGetCurrentClocksEventReasons is a sum of why clocks are low: 64 for heat."
#define SIM_FAULT_EXAMPLE                                                    \
	"  migctl sim fault node "                                           \
	"'nvmlGpuInstanceCreateComputeInstance#2=INSUFFICIENT_RESOURCES'\n"  \
	"  migctl sim fault node 'nvmlGpuInstanceDestroy#1=kill'\n"          \
	"  migctl sim fault node 'nvmlDeviceSetMigMode@activation=IN_USE'\n" \
	"  migctl sim fault node --clear\n"
#define SIM_SCENARIO_EXAMPLE                                            \
	"  at 0s fault nvmlGpuInstanceCreateComputeInstance#2=IN_USE\n" \
	"  at 1500ms lost 0\n"                                          \
	"  at 4s reset 0\n"

/** sim_time_parse - "2s", "150ms", "30us", "1min", at most an hour. false: it is none. */
bool sim_time_parse(const char *text, uint64_t *ret_ns);

/** sim_call_find - a call's id by its name, or -1. sim_call_name - and back. */
int sim_call_find(const char *name);
const char *sim_call_name(enum sim_call_id call);

/** sim_result_name - "IN_USE", or "42" for a code without a name. Returns @buf. */
const char *sim_result_name(int code, char *buf, size_t len);

/** sim_fault_parse - Errors: SYNTAX, NOENT (no such call or error: names what is like it). */
int sim_fault_parse(const char *spec, struct sim_fault *ret,
		    struct mig_error *err) MIG_MUST_USE;

/** sim_fault_format - a fault as it would be written. Returns @buf. */
const char *sim_fault_format(const struct sim_fault *fault, char *buf, size_t len);

/** sim_inject_faults - set @n faults, all or none. Errors: also NOSPACE, and those of opening a
 *  machine. sim_inject_fault - the same of one. */
int sim_inject_faults(const char *dir, const char *machine, const char *const *specs, int n,
		      struct mig_error *err) MIG_MUST_USE;
int sim_inject_fault(const char *dir, const char *machine, const char *spec,
		     struct mig_error *err) MIG_MUST_USE;

/* What stands in a machine. */
struct sim_injected {
	int n_faults;
	struct sim_fault faults[SIM_FAULTS_MAX]; /* oldest first */
	char latency[32];                        /* the profile's name; "none" */
};

int sim_inject_list(const char *dir, const char *machine, struct sim_injected *ret,
		    struct mig_error *err) MIG_MUST_USE;

/** sim_inject_clear - take away all faults, or those of one @call. Return: how many. */
int sim_inject_clear(const char *dir, const char *machine, const char *call,
		     struct mig_error *err) MIG_MUST_USE;

/**
 * sim_inject_latency - how long calls take from here on.
 * @profile:	"published", "none", or the path of a file. Lines of it:
 *
 *	CALL [gpu=TYPE] [slices=N] TIME
 *
 * CALL may end in "*"; TYPE is the beginning of a GPU type; N are compute slices, of the
 * instance that is made or destroyed. Of several lines that fit the last counts. The two
 * restrictions hold for calls that change something, and for no others.
 *
 * Errors: IO; SYNTAX, NOENT, NOSPACE with FILE:LINE.
 */
int sim_inject_latency(const char *dir, const char *machine, const char *profile,
		       struct mig_error *err) MIG_MUST_USE;

struct sim_fixed;

/** sim_latency_parse - the lines of @text, of @fixed's GPU types. Return: how many rows. */
int sim_latency_parse(const char *text, const char *path, const struct sim_fixed *fixed,
		      struct sim_latency ret[SIM_LATENCIES_MAX],
		      struct mig_error *err) MIG_MUST_USE;

/** sim_inject_lost - a GPU falls off the bus until it is reset, or comes back. */
int sim_inject_lost(const char *dir, const char *machine, int gpu, bool is_lost,
		    struct mig_error *err) MIG_MUST_USE;

/** sim_inject_settle - a GI is in use so long after its last CI went. */
int sim_inject_settle(const char *dir, const char *machine, unsigned ms,
		      struct mig_error *err) MIG_MUST_USE;

/* --- Scenarios -------------------------------------------------------------------------- */

/*
 * Lines of "[at TIME] DIRECTIVE", in the order of time; without "at" at the time of the line
 * before. "#" begins a comment where a word could. Directives:
 *
 *	fault SPEC	clear [CALL]	latency published|none	settle MS
 *	lost GPU	back GPU	xid GPU CODE
 *	reset [GPU]	reboot
 */
enum { SIM_STEPS_MAX = 1024 };

struct sim_scenario_step {
	uint64_t t_ns; /* since the beginning */
	int line;
	int directive; /* index into the list of directives */
	int n_words;
	char words[2][SIM_SPEC_MAX];
};

struct sim_scenario {
	int n;
	struct sim_scenario_step *steps; /* sim_scenario_free() them */
};

/** sim_scenario_parse - Errors: SYNTAX, NOENT, NOSPACE, NOMEM, with PATH:LINE. */
int sim_scenario_parse(const char *text, const char *path, struct sim_scenario *ret,
		       struct mig_error *err) MIG_MUST_USE;
void sim_scenario_free(struct sim_scenario *scenario);

/** sim_scenario_step_run - do one of them, now. */
int sim_scenario_step_run(const char *dir, const char *machine,
			  const struct sim_scenario_step *step,
			  struct mig_error *err) MIG_MUST_USE;

/** sim_scenario_step_format - "lost 0". Returns @buf. */
const char *sim_scenario_step_format(const struct sim_scenario_step *step, char *buf,
				     size_t len);

/* --- The log --------------------------------------------------------------------------- */

struct sim_log_record {
	uint64_t t_ns;                                    /* CLOCK_REALTIME */
	int pid, result;                                  /* NVML's code; SIM_LOG_KILLED */
	char process[32], call[64], asked[256], made[48]; /* made: empty when nothing was */
};

/** sim_log_parse - one line without its newline. false: it is none. */
bool sim_log_parse(const char *line, struct sim_log_record *ret);

/**
 * sim_log_each - every record, oldest first; @tell returns false to stop.
 * @follow:	then wait for more, until @tell stops it or the machine is removed.
 */
int sim_log_each(const char *dir, const char *machine, bool follow,
		 bool (*tell)(const struct sim_log_record *record, void *arg), void *arg,
		 struct mig_error *err) MIG_MUST_USE;

#endif
