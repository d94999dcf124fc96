/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of a stranger's, read in one walk without a tree: a plan may have a million classes,
 * and each is read into its struct at once.
 *
 * The first failure stays, with its line; from then on every call says that nothing follows,
 * so that loops end and it is enough to look at @rc once, after them.
 */
#ifndef LIB_VERIFY_JSON_H
#define LIB_VERIFY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

/* A copy of a reader goes on by itself: so a member is read later than it stands. */
struct json {
	const char *p, *end;
	unsigned line;
	const char *name; /* of the document, for messages */
	int rc;           /* 0, or the first failure's */
	struct mig_error *err;
};

/* The characters of a string between its quotes, escapes as they are written. */
struct json_text {
	const char *s;
	size_t len;
};

/** mig_json_fail - note that it is malformed here, unless something failed before. */
void mig_json_fail(struct json *j, const char *fmt, ...) MIG_PRINTF(2, 3);

/** mig_json_no_memory - the same for memory that ran out. */
void mig_json_no_memory(struct json *j);

/**
 * mig_json_item - go to the next item of an array.
 * @n:	how many were read; 0 before the first, which opens the array.
 *
 * Return: false at the end of the array, which is read then.
 */
bool mig_json_item(struct json *j, size_t *n);

/** mig_json_member - go to the value of an object's next member; otherwise as mig_json_item(). */
bool mig_json_member(struct json *j, size_t *n, struct json_text *ret_key);

/**
 * mig_json_field - the same for an object whose members are known.
 * @keys:	ended by NULL. A member that is none of them, or stands twice, is a failure.
 * @optional:	bit i: keys[i] may be missing.
 * @seen:	bit i: keys[i] was there; 0 before the first.
 *
 * Return: the index of the member's key, or -1 at the end.
 */
int mig_json_field(struct json *j, const char *const *keys, unsigned optional, unsigned *seen);

/** mig_json_int - a whole number, written as one, from @low to @high; @what it is. */
int64_t mig_json_int(struct json *j, int64_t low, int64_t high, const char *what);

bool mig_json_bool(struct json *j);
struct json_text mig_json_string(struct json *j);

/** mig_json_real - any number, as the nearest that a double can be. */
double mig_json_real(struct json *j);

/** mig_json_skip - a value of any kind, which must be well-formed all the same. */
void mig_json_skip(struct json *j);

/** mig_json_end - nothing but white space follows. */
void mig_json_end(struct json *j);

/** mig_json_text_is - is the text that word, as it is written? */
bool mig_json_text_is(struct json_text text, const char *word);

/** mig_json_word - a string that is one of @words, which NULL ends: its index, or 0 on failure. */
int mig_json_word(struct json *j, const char *const *words, const char *what);

#endif
