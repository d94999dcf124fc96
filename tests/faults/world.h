/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine on its way from one layout to another, and what must hold of it whatever fails on the
 * way: each GPU (or all of them, where it is all or none) has the old layout or the new one, names
 * say what they said, what is in both was not touched, and whoever was on it still is.
 *
 * Layouts are written as tests/faults/layout.h reads them.
 * What has the same name and place in both is kept.
 */
#ifndef TESTS_FAULTS_WORLD_H
#define TESTS_FAULTS_WORLD_H

#include <mig/manage.h>

#include "sim/inject.h"

struct transition {
	const char *what;
	const char *spec, *driver; /* of the machine */
	const char *old, *new;
	const char *held;    /* the name of what a tenant is on, or NULL */
	bool is_independent; /* each GPU for itself */
	bool is_renewal;
	bool is_refused;   /* what is held has to go: it is never done */
	bool has_no_steps; /* the driver has nothing to do */
	bool is_one_way;   /* what it does cannot be taken back */
};

extern const struct transition transitions[];
extern const int n_transitions;

/* What came of a change, or of a recovery. */
struct outcome {
	bool is_killed;
	int rc;
	int n_left; /* GPUs that a recovery could not reach */
	struct mig_error err;
};

/** world_open - the machine of a transition, with its old layout and its tenant. */
void world_open(const struct transition *t);
void world_close(void);

/** world_begin - the old layout, if it is not there, and the change to the new one, not yet run.
 *  @what: what is tried now, for messages. */
void world_begin(const char *what);

/** world_run, world_recover - in this process, or in one that may be killed over it. */
struct outcome world_run(bool is_child);
struct outcome world_recover(enum mig_recover_way way, bool is_child);

/** world_set_fault - the @n-th call from now fails so, or kills; and all later ones. */
void world_set_fault(const char *call, unsigned n, bool is_for_good, const char *action);
void world_take_faults(void);

/** world_count - how often @act makes each of the driver's calls, after @before. */
void world_count(unsigned counts[SIM_CALLS], void (*before)(void), void (*act)(void));

bool world_is_unfinished(void);

/** world_has_changed - did the driver change anything since world_begin()? By its own log. */
bool world_has_changed(void);

enum world_layout { WORLD_OLD, WORLD_NEW, WORLD_MIXED /* some GPUs each */ };

/** world_check - nothing is unfinished, and all holds that must. Return: which layout it is. */
enum world_layout world_check(void);

/** world_fail - print what is tried, what came of it and what stands, and end the program. */
void world_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define EXPECT(cond, ...)                        \
	do {                                     \
		if (!(cond))                     \
			world_fail(__VA_ARGS__); \
	} while (0)

#endif
