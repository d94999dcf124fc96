/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a claim until its stdin ends, or it is killed.
 *
 *	claimer FOLDER MACHINE ID GPU-UUID PROFILE START OWNER
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mig/claim.h>

#include "shared/text.h"

int main(int argc, char **argv)
{
	struct mig_snapshot snap = { .is_simulated = true };
	struct mig_claim claim = { 0 };
	struct mig_claim_hold hold;
	struct mig_error err = { 0 };
	char byte;

	if (argc != 8)
		return 2;
	text_copy(snap.machine, sizeof(snap.machine), argv[2]);
	text_copy(snap.id, sizeof(snap.id), argv[3]);
	text_copy(claim.gpu_uuid, sizeof(claim.gpu_uuid), argv[4]);
	text_copy(claim.profile, sizeof(claim.profile), argv[5]);
	claim.start = (int)strtol(argv[6], NULL, 10);
	text_copy(claim.owner, sizeof(claim.owner), argv[7]);
	if (mig_claim_take(argv[1], &snap, &claim, &hold, &err) < 0) {
		fprintf(stderr, "claimer: %s\n", err.msg);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	mig_claim_release(&hold);
	return 0;
}
