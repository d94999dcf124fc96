/* SPDX-License-Identifier: Apache-2.0 */
/* What a record and a journal are both written in: recorded GPUs as JSON. */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <jansson.h>

#include <mig/record.h>

/** record_gpus_json - @n recorded GPUs as an array; the caller owns it. NULL: out of memory. */
json_t *record_gpus_json(const struct mig_record_gpu *gpus, int n);

/**
 * record_gpus_read - the same back. A GPU without UUID was lost.
 * @ret:	written on success only; the caller frees it.
 *
 * Return: how many. Errors: SYNTAX - says what is malformed, but not where; NOMEM.
 */
int record_gpus_read(const json_t *array, struct mig_record_gpu **ret,
		     struct mig_error *err) MIG_MUST_USE;

/** record_machine_json - which machine it is: {"kind", "name", "id"}; the caller owns it. */
json_t *record_machine_json(const struct mig_home *home);

/** record_machine_check - is it this one? Errors: MACHINE, SYNTAX. */
int record_machine_check(const json_t *machine, const struct mig_home *home,
			 struct mig_error *err) MIG_MUST_USE;

/**
 * record_place - where a compute instance is in its GPU instance: its start; or -1 - @id where that is
 * not known, as drivers before R460 do not tell it: then the id is all that tells it from the others.
 */
int record_place(int start, int id);

/** record_has_name - is a recorded GPU's instance called that? @gpu may be NULL. */
bool record_has_name(const struct mig_record_gpu *gpu, const char *name);

/** record_standing_at - the compute instance that stands at a place now. Return: false - none does. */
bool record_standing_at(const struct mig_gpu *gpu, int gi_start, int ci_place,
			struct mig_ref *ret);

/* A place for the next record, its bytes set aside: writing it cannot find the disk full. */
struct record_slot {
	int fd; /* -1: none */
	char path[1100];
};

/** record_reserve - set aside what a record of up to @bytes needs. Errors: PERM, IO. */
int record_reserve(const struct mig_home *home, size_t bytes, struct record_slot *ret,
		   struct mig_error *err) MIG_MUST_USE;

/** record_commit - make @rec the machine's record, in the room set aside, and sync it. @slot is
 *  used up either way. Errors: IO, NOMEM. */
int record_commit(struct record_slot *slot, const struct mig_home *home,
		  const struct mig_record *rec, struct mig_error *err) MIG_MUST_USE;

/** record_let_go - nothing is to be recorded after all. */
void record_let_go(struct record_slot *slot);

/** record_bytes - room enough for what @rec is when @n_gpus were changed. */
size_t record_bytes(const struct mig_record *rec, int n_gpus);

#endif
