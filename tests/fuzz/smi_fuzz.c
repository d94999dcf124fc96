/* SPDX-License-Identifier: Apache-2.0 */
/* The words behind "smi": whatever they are, they are a call or refused with words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/smi/smi.h"

enum { WORDS_MAX = 64, TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Arguments stand on lines of their own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1], refusal[1024] = "", *argv[WORDS_MAX + 1] = { NULL };
	struct smi_call call;
	int argc = 0, status;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *word = text; word && argc < WORDS_MAX; argc++) {
		char *end = strchr(word, '\n');

		if (end)
			*end++ = '\0';
		argv[argc] = word;
		word = end;
	}
	status = smi_parse(argc, argv, &call, refusal, sizeof(refusal));
	if (status < 0 || status > 255 || (status && !*refusal))
		abort();
	if (status == 0 && (call.command > SMI_MIG_NONE || call.mode > 1 || !call.format))
		abort();
	return 0;
}
