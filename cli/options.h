/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/verb.h"

extern const struct option global_options[]; /* ended by a NULL name */

/**
 * options_parse - sort a command line into verb, options and operands.
 * @argv:	@argc of them, the program's own name not among them; reordered.
 *
 * Options may stand before and behind operands; "--" ends them. Every option is known by
 * name to the verb or to all verbs; a wrong one is refused with the nearest that exists.
 *
 * Return: 0; 1 when --help or --version was answered. Errors: INVAL.
 */
int options_parse(int argc, char **argv, struct cli *ret, struct mig_error *err) MIG_MUST_USE;

/** options_ask_json - is --json in a command line, whatever else is wrong with it? */
bool options_ask_json(int argc, char **argv);

enum { UNLIKE = 4 }; /* a word_distance() at which nobody is asked "did you mean" */

/** word_distance - how far @typed is from @word; UNLIKE or more: it was not meant. */
unsigned word_distance(const char *typed, const char *word);

/** find_verb - the verb that @argv begins with; @ret_words: one or two. NULL: none. */
const struct verb *find_verb(int argc, char **argv, int *ret_words);

#endif
