/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's table of capability minors, and a capability's own file: what is accepted is what
 * stands there, and a refusal leaves nothing behind. The first byte chooses which of the two.
 */
#include <mig/device.h>

#include "tests/test.h"

static void check_error(const struct mig_error *err)
{
	CHECK(err->code > 0 && err->msg[0] != '\0');
	CHECK(strlen(err->msg) < sizeof(err->msg) - 1);
}

/* Written again from what was read, a table reads the same. */
static void check_table(const struct mig_caps *caps)
{
	static struct mig_caps again;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int n = 0;

	CHECK(f);
	if (caps->config >= 0)
		n++, fprintf(f, "config %d\n", caps->config);
	if (caps->monitor >= 0)
		n++, fprintf(f, "monitor %d\n", caps->monitor);
	for (int gpu = 0; gpu < MIG_CAPS_GPUS; gpu++)
		for (int gi = 0; gi < MIG_CAPS_GIS; gi++)
			for (int ci = -1; ci < MIG_CAPS_CIS; ci++) {
				const int minor = mig_caps_minor(caps, gpu, gi, ci);

				if (minor < 0)
					continue;
				n++;
				if (ci < 0)
					fprintf(f, "gpu%d/gi%d/access %d\n", gpu, gi, minor);
				else
					fprintf(f, "gpu%d/gi%d/ci%d/access %d\n", gpu, gi, ci,
						minor);
			}
	fclose(f);
	CHECK(n == caps->n);
	CHECK(mig_caps_parse(text, "again", &again, NULL) == 0);
	CHECK(memcmp(caps, &again, sizeof(again)) == 0);
	free(text);
}

static void check_minors(const char *text)
{
	static struct mig_caps caps, before;
	struct mig_error err = { 0 };

	memset(&caps, 0x5a, sizeof(caps));
	before = caps;
	if (mig_caps_parse(text, "mig-minors", &caps, &err) == 0) {
		check_table(&caps);
		return;
	}
	check_error(&err);
	CHECK(strncmp(err.msg, "mig-minors:", 11) == 0);
	CHECK(memcmp(&caps, &before, sizeof(caps)) == 0);
}

static void check_capability(const char *text)
{
	struct mig_cap cap = { .minor = -7 };
	struct mig_error err = { 0 };

	if (mig_cap_parse(text, "access", &cap, &err) == 0) {
		CHECK(cap.minor >= 0 && cap.minor < 1 << 20 && cap.mode <= 0777);
		return;
	}
	check_error(&err);
	CHECK(cap.minor == -7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	CHECK(text);
	if (data[0] & 1)
		check_capability(text);
	else
		check_minors(text);
	free(text);
	return 0;
}
