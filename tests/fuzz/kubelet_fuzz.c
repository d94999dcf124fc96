/* SPDX-License-Identifier: Apache-2.0 */
/* What kubelet may answer: what is understood is strings that print, and nothing else. */
#include "kubelet/message.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_error err = { 0 };
	json_t *pods = NULL;
	char *text;

	if (pods_decode(data, size, &pods, &err) < 0) {
		CHECK(!pods && (err.code == MIG_E_SYNTAX || err.code == MIG_E_NOMEM));
		CHECK(err.msg[0] != '\0');
		return 0;
	}
	CHECK(json_is_array(pods));
	text = json_dumps(pods, JSON_COMPACT);
	CHECK(text);
	free(text);
	json_decref(pods);
	return 0;
}
