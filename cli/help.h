/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is printed from the table of verbs. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/verb.h"

void help_general(const char *option); /* what --help or --version before a verb prints */
void help_verb(const struct verb *verb);

/**
 * help_without_verb - answer a command line that begins with no verb.
 *
 * "help", "help VERB" and "sim --help" ask for help; anything else is refused with the
 * nearest verb. Return: 1 when help was printed. Errors: INVAL.
 */
int help_without_verb(int argc, char **argv, struct mig_error *err) MIG_MUST_USE;

/** help_man - the man page of a verb as roff, or of the program for NULL. */
void help_man(const struct verb *verb);

/** help_completion - the bash completion. */
void help_completion(void);

#endif
