/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processes that run whole migctl commands on one simulated machine, while calls fail,
 * commands are killed and tenants come and go; and a referee who replays the machine's own log by
 * the simulator's rules, and holds every command to what it said.
 *
 *	applies_prop.c     rounds, and what must have happened in them
 *	applies_look.c     what stands, as a value
 *	applies_wish.c     what a command wants: made at random, written down, found again in what stands
 *	applies_command.c  a random command
 *	applies_run.c      how it is run, and what goes wrong meanwhile
 *	applies_tenants.c  who works on instances
 *	applies_replay.c   from the log to what stood after each call
 *	applies_goal.c     did a command come to what it was to do?
 *	applies_judge.c    is all of it what the commands said?
 *	applies_kept.c     did an apply leave alone what was to stay?
 *	applies_end.c      is the machine whole when all is over?
 *	applies_report.c   a failure, told so that it can be understood
 *
 * Nothing of lib/ is called: migctl is a program here.
 */
#ifndef PROPERTY_APPLIES_H
#define PROPERTY_APPLIES_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "sim/inject.h"
#include "sim/open.h"
#include "tests/door.h"

enum {
	GPUS = 3,          /* of a machine, at most */
	WISHES = 8,        /* GPU instances that are wanted of one GPU, at most */
	WORKERS_MAX = 6,   /* at once */
	COMMANDS = 512,    /* in a round, at most */
	RECORDS = 32768,   /* of a machine's log, at most */
	CHECKPOINTS = 256, /* in a round, at most */
	TENANTS = 512,
	NAMES = 6,
	LINE = 512,
};

/* --- What stands ------------------------------------------------------------------------ */

/* By places, as indices into the kinds of the simulated type; -1: none. */
struct stand_gi {
	int8_t kind, id;
	int8_t ci_kind[SIM_CIS_MAX], ci_id[SIM_CIS_MAX];
};

struct stand {
	struct stand_gi gi[GPUS]
			  [MIG_UNITS_MAX]; /* by the unit where they begin; CIs likewise */
};

/* The machine of a round. */
extern const char *machine;
extern struct sim_fixed fixed;
extern int n_gpus;

const struct sim_type *type_at(int gpu);

/** stand_of - what stands, of the states of GPUs in the image. */
void stand_of(const struct sim_gpu_state *gpus, struct stand *ret);

/** machine_look - the GPUs as they are now, read without a lock. */
void machine_look(struct sim_gpu_state ret[GPUS]);

/** is_same_gpu - the same kinds at the same places? Ids may differ: what is made again has others. */
bool is_same_gpu(const struct stand *a, const struct stand *b, int gpu);
bool is_same(const struct stand *a, const struct stand *b);

/** stand_print - "GPU 0: 3g.40gb@0 (1c.3g.40gb@0) ..." */
void stand_print(FILE *f, const struct stand *s);

uint64_t now_ns(void); /* of the clock that the log has */

/* --- What is wanted --------------------------------------------------------------------- */

struct wish {
	int kind, start; /* start -1: anywhere */
	bool is_plain;   /* its one CI is all of it, and was not spelt out */
	int n_ci;
	int ci_kind[SIM_CIS_MAX], ci_start[SIM_CIS_MAX]; /* start -1: anywhere */
	char name[16];                                   /* "": none is asked for */
};

struct target {
	bool is_named[GPUS]; /* the others are to stay as they are */
	int n[GPUS];
	struct wish wish[GPUS][WISHES];
};

/** target_random - a layout that fits, for one GPU or several; what is said of it is random too. */
void target_random(struct target *ret, uint64_t *seed);

/** target_some - one or two wishes for one GPU, such as operands can say; they may not fit. */
void target_some(struct target *ret, int *ret_gpu, uint64_t *seed);

/** target_write - as a layout file. */
void target_write(const struct target *t, char *buf, size_t len);

/** wish_write - as an operand, "3g.40gb@4"; of what target_some() makes. */
void wish_write(const struct wish *w, int gpu, char *buf, size_t len);

/** target_is_met - does what stands on that GPU serve it, and nothing else stand there? */
bool target_is_met(const struct target *t, const struct stand *s, int gpu);

/** target_names - is any instance to have a name? */
bool target_names(const struct target *t);

/* --- What happens ----------------------------------------------------------------------- */

enum verb {
	APPLY,
	CREATE,
	DESTROY,
	UNDO,
	RESTORE,
	SAVE,
	RECOVER,
	LOOK, /* status, diff, who, resolve: never changes anything */
	VERBS
};

extern const char *const verb_names[VERBS];

/* What a destroy names: by ids, or by place. */
struct ref {
	bool is_place, is_all;
	int gpu, gi, ci; /* ids; ci -1: the whole instance */
	int kind, start; /* of a place */
};

struct command {
	int worker, number;
	enum verb verb;
	pid_t pid;
	uint64_t begin_ns, end_ns; /* end 0: it is not over */
	int status;                /* as of waitpid() */
	bool is_shot;              /* killed from outside, and not by a fault */
	bool is_atomic, is_json, is_hasty, is_keep_gi, is_forget;
	struct target target; /* of apply and create */
	int n_refs;
	struct ref refs[3];
	int created, destroyed; /* MIG devices, as its JSON says; -1: it does not */
	char line[LINE], file[2048], fault[LINE], err[1600];
	/* By the referee: its records in the log, first to last; none: last < first. */
	int first, last;
};

/* What stood when that many records had been written. */
struct checkpoint {
	int n_records;
	bool is_foreign; /* somebody who is no migctl changed it just then, while none was at it */
	int victim;      /* else: the command that stood still, and was killed then */
	struct sim_gpu_state gpus[GPUS];
};

struct tenant {
	pid_t pid;
	int gpu, gi, ci;
	uint64_t begin_ns,
		end_ns; /* it held the device at least so long; end 0: it does so still */
};

/* In memory that all processes of a round share. */
struct scene {
	pthread_mutex_t mutex; /* around checkpoints */
	atomic_int n_commands, n_checkpoints, n_tenants, n_faults;
	atomic_bool is_over;   /* the workers are done: no more tenants begin */
	atomic_bool may_leave; /* tenants that stay to the end may go */
	atomic_bool is_wrong;  /* a worker or tenant saw what must not be, and has said so */
	bool has_foreigners;   /* in this round */
	pid_t owner;           /* the landlord */
	struct command commands[COMMANDS];
	struct checkpoint checkpoints[CHECKPOINTS];
	struct tenant tenants[TENANTS];
};

extern struct scene *scene;

/** command_random - choose what is done next. @is_unfinished: the last one was told that a change
 *  is unfinished. */
void command_random(struct command *ret, const char *folder, bool is_unfinished,
		    uint64_t *seed);

/** command_argv - take a command line apart. */
void command_argv(char *line, char **argv, int max);

/** migctl_run - run a command to its end, without harm; what it says is in the command. Return: its
 *  status. @ret_out: what it printed, of @len bytes; may be NULL. */
int migctl_run(struct command *c, char *ret_out, size_t len);

/** worker - take @steps random steps; in a process of its own, which it ends. */
_Noreturn void worker(int number, int steps, uint64_t seed);

/** landlord - tenants, until the workers are done and they may leave; the same. */
_Noreturn void landlord(uint64_t seed);

/* --- The referee ------------------------------------------------------------------------ */

struct history {
	int n;
	struct sim_log_record *records;
	int *owner;            /* of each record: the command, or -1 */
	bool *is_dropped;      /* a killed process had written it, and not yet done it */
	struct stand *stood;   /* n + 1: after that many records */
	struct stand *foreign; /* likewise, when those had been at it who are no migctl */
};

/* Which instance a record is about, by ids; -1: none. */
struct place {
	int gpu, gi, ci;
};
bool record_place(const struct sim_log_record *r, struct place *ret);
bool is_destroy(const struct sim_log_record *r);
bool is_create(const struct sim_log_record *r);

/** history_read - the log, and what stood after each of its records. */
void history_read(struct history *ret);
void history_free(struct history *h);

/* What came of the commands of all rounds. */
struct tally {
	int ended[VERBS][24];     /* by exit status */
	int changed[VERBS];       /* ended with 0, and changed something */
	int shot, fault_killed;   /* killed from outside, by a fault */
	int half_way;             /* of these: between two layouts */
	int undone;               /* failed after a change, and as it was before */
	int partly;               /* some GPUs as wanted, the others as before */
	int half_done;            /* could not be undone */
	int back, forth;          /* recoveries that changed something, by where they came to */
	int waited, refused_turn; /* for another migctl */
	int held;                 /* refused because somebody holds an instance */
	int kept;                 /* instances that had to stay, and did */
	int tenants, evictions;   /* tried by a command that began before them */
	int foreign, names, stale, records, faults, dropped;
};

extern struct tally tally;

/* What the referee knows when a command begins, of the commands before it. */
struct known {
	/* The last change that can be undone, and what stood before it. */
	bool is_last_known, is_involved[GPUS];
	struct stand before_last;
	uint64_t last_ns;
	/* What is on record of each GPU. */
	bool is_recorded[GPUS];
	struct stand record;
	uint64_t recorded_ns[GPUS];
	/* A change that was cut short: what stood before it; it must be, or may be, unfinished. */
	const struct command *open;
	bool must_end;
	struct stand before_open, after_open;
	uint64_t open_ns;
};

enum answer { NO, YES, UNKNOWN };

/** goal_met - is a GPU as the command was to leave it? */
enum answer goal_met(const struct known *k, const struct command *c, const struct stand *before,
		     const struct stand *after, int gpu);

/** goal_met_sometime - of an apply or a destroy that changed nothing. */
bool goal_met_sometime(const struct history *h, const struct command *c);

/** changes_on - how many successful calls of it there are on a GPU; -1: on any. */
int changes_on(const struct history *h, const struct command *c, int gpu);

/** judge_apply - what is asked of an apply that ended with 0, beside its goal. */
void judge_apply(const struct history *h, const struct command *c, const struct stand *before,
		 const struct stand *after);

/** judge - hold every command to what it said. */
void judge(struct history *h);

/** end_check - with nobody at work, what must hold of the machine. */
void end_check(const struct history *h);

/** end_check_folder - the same of its folder, when the tenants have left too: one change more is
 *  made, in whose way all that was left behind has been. */
void end_check_folder(const struct history *h);

/** wrong - say what does not hold, with all that led to it, and end the program. @at: a record, or
 *  -1; @c: a command, or NULL. */
_Noreturn void wrong(const struct history *h, int at, const struct command *c,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
