/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a change on its way: what it set out from, its steps, and how far it came.
 *
 *	home.run/journal	a line a record: checksum, space, JSON
 *
 *	header	machine, boot, verb; the layout before; every step; is it all or none
 *	begin	written before the driver is called for a step, or for taking it back
 *	done	written after
 *	forth	by a recovery, before it does what the change did not
 *	left	by a recovery that leaves a GPU which is not here, before the others go on record
 *	here	by one that finds a GPU here which another left, without putting the others on record
 *	ended	by a recovery that left one, of each other, once they are on record
 *
 * It is appended to and never synced: instances die with the machine, and what a killed process
 * wrote is in the file. A last line that is cut short is one that was not written. The file is
 * there only while a change is unfinished; <mig/manage.h> says what is made of one that is found.
 */
#ifndef MANAGE_JOURNAL_H
#define MANAGE_JOURNAL_H

#include <jansson.h>
#include <pthread.h>
#include <sys/types.h>

#include <mig/manage.h>
#include <mig/record.h>

struct journal {
	int fd; /* -1: none is kept */
	char path[1100];
	pthread_mutex_t lock; /* around a note */
	off_t len;            /* up to the last whole line */
	bool is_spoilt; /* by half a line that cannot be taken away: nothing may follow it */
};

/* What a journal says of its change as a whole. */
struct journal_head {
	const char *verb;
	bool is_atomic;
	bool is_renewal;  /* it brings back what is on record, and is no change to be undone */
	uint64_t part_of; /* as in struct mig_record_change */
	int64_t n_written; /* of the record when it was begun; of a journal that does not say -1 */
};

/**
 * journal_begin - write down what is to be done, with room for all that will be said of it.
 *
 * Errors: UNFINISHED - there is one already; PERM, IO - nothing was begun; NOMEM.
 */
int journal_begin(const struct mig_home *home, const struct mig_snapshot *snap,
		  const struct mig_change *change, const struct journal_head *head,
		  struct journal *ret, struct mig_error *err) MIG_MUST_USE;

enum journal_event { JOURNAL_BEGIN, JOURNAL_DONE };

/**
 * journal_note - a step is begun or done, or taken back. Safe from many threads.
 * @gi, @ci:	the ids of what it is about, for DONE.
 *
 * Errors: IO - it was not noted, and the journal is as it was.
 */
int journal_note(struct journal *j, enum journal_event event, int step, bool is_undo, int gi,
		 int ci, struct mig_error *err);

/** journal_end - the change is finished, one way or the other: the file goes. Errors: PERM, IO - it is
 *  still there, and the change seems unfinished. */
int journal_end(struct journal *j, struct mig_error *err);

/** journal_leave - the change could not be finished: the file stays. */
void journal_leave(struct journal *j);

/* How far a step came. */
struct journal_step {
	struct mig_step step; /* gpu: index into gpus; names below instead of profiles */
	char profile[MIG_NAME_MAX], ci_profile[MIG_NAME_MAX];
	bool is_begun, is_done, is_undo_begun, is_undone;
	int made_gi, made_ci; /* the ids that it came to; -1: not known */
};

/* What recoveries have come to with a GPU of the change. */
struct journal_gpu {
	bool is_left;      /* it was not here */
	bool is_ended;     /* nothing is to be done about it any more */
	int64_t n_written; /* a record written more often has what became of it; -1: not known */
};

/* A journal that was found. */
struct journal_text {
	char verb[32], boot[MIG_ID_MAX];
	int64_t pid;
	bool is_atomic, is_renewal; /* as in struct journal_head, and so is */
	int64_t n_written;
	uint64_t part_of;
	int n_gpus;
	struct mig_record_gpu *gpus; /* of the whole machine, before the change */
	struct journal_gpu *states;  /* one for each of them */
	int n_steps;
	struct journal_step *steps;
	int n_names;
	struct mig_change_name *names; /* gi, ci: ids, of what was kept */
	bool is_forth;                 /* a recovery has gone on: any step may be begun */
	int64_t forth_n_written;       /* of the record, before it did; -1: not known */
	bool is_running;               /* who writes it is at it */
	size_t whole_bytes;            /* without a last line that was cut short */
};

/**
 * journal_parse - read one.
 * @where:	what errors call it.
 * @ret:	written on success only; journal_text_free() it.
 *
 * Errors: MACHINE - of another machine; SYNTAX - damaged: names the line; NOMEM.
 */
int journal_parse(const char *text, size_t len, const char *where, const struct mig_home *home,
		  struct journal_text *ret, struct mig_error *err) MIG_MUST_USE;

/** journal_read - the one of a machine. Return: 1, or 0 when there is none. Errors: as
 *  journal_parse(); PERM, IO. */
int journal_read(const struct mig_home *home, struct journal_text *ret,
		 struct mig_error *err) MIG_MUST_USE;
void journal_text_free(struct journal_text *text);

/**
 * journal_append - more notes of a recovery in the machine's journal, in their order.
 * @notes:	an array of {"forth", "n_written"} of the record then, and of {"left", "n_written"},
 *		{"here", "n_written"} and {"ended", "part_of"} with a GPU's index in the journal, and
 *		what struct journal_gpu has; part_of as in struct mig_record_change, of what comes
 *		after. The call's to free.
 *
 * Errors: PERM, IO - none of them is in it; those of journal_read(); NOMEM.
 */
int journal_append(const struct mig_home *home, json_t *notes,
		   struct mig_error *err) MIG_MUST_USE;

/** journal_write - all of these bytes after the last line, or none. Return: 0, or -1 and errno. */
int journal_write(struct journal *j, const char *bytes, size_t len);

/** journal_fail - "WHAT PATH: why", by errno. Return: the negative code, PERM or IO. */
int journal_fail(const char *what, const char *path, struct mig_error *err);

/** journal_path - where a machine's is, in @buf; returns it. */
const char *journal_path(const struct mig_home *home, char *buf, size_t len);

/** journal_sum - of a line's bytes: what tells a whole line from one cut short. */
uint32_t journal_sum(const char *bytes, size_t len);

#endif
