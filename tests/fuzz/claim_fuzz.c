/* SPDX-License-Identifier: Apache-2.0 */
/* A claim's text: what is read is within its bounds, and a refusal leaves nothing behind. */
#include <mig/claim.h>

#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mig_snapshot lab = { .is_simulated = true,
						 .machine = "lab",
						 .id = "00ff" };
	struct mig_claim claim, before;
	struct mig_error err = { 0 };
	char *text = strndup((const char *)data, size);

	CHECK(text);
	memset(&claim, 0x5a, sizeof(claim));
	before = claim;
	if (mig_claim_parse(text, "claim", &lab, &claim, &err) < 0) {
		CHECK(err.code == MIG_E_SYNTAX || err.code == MIG_E_MACHINE);
		CHECK(strncmp(err.msg, "claim:", 6) == 0);
		CHECK(memcmp(&claim, &before, sizeof(claim)) == 0);
	} else {
		CHECK(claim.start >= -1 && claim.start < MIG_UNITS_MAX);
		CHECK(claim.ci >= -1 && claim.ci < MIG_CIS_MAX && claim.pid >= 0);
		CHECK(strlen(claim.owner) < sizeof(claim.owner) && claim.uid == -1);
	}
	free(text);
	return 0;
}
