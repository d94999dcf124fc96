/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "cli/verb.h"

/**
 * document_end - with --json, print the document of the run: what the verb handed to
 * cli_print_json(), and what it failed with, as {"error": {"code", "status", "message"}}.
 * @rc:	what the run came to; a failure that made no document makes one of the error alone.
 * @status:	what the program will exit with.
 */
void document_end(struct cli *cli, int rc, int status, const struct mig_error *err);

#endif
