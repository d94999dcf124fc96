/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted as a hooks file is command lines and environments that can be used. */
#include <stdlib.h>
#include <string.h>

#include <mig/parted.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hook(const struct mig_hook *h)
{
	CHECK(h->line > 0 && h->argv[0][0] != '\0');
	for (size_t i = 0; i <= h->n_args; i++)
		CHECK(h->argv[i] != NULL && strlen(h->argv[i]) < 1 << 20);
	CHECK(h->argv[h->n_args + 1] == NULL);
	for (size_t i = 0; i < h->n_envs; i++) {
		const char *equals = strchr(h->envs[i], '=');

		CHECK(equals && equals > h->envs[i]);
	}
	CHECK(h->envs[h->n_envs] == NULL);
	CHECK(!h->workdir || h->workdir[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_hooks *hooks = NULL;
	struct mig_error err = { 0 };

	if (mig_hooks_parse((const char *)data, size, "fuzz", &hooks, &err) < 0) {
		CHECK(hooks == NULL && strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	for (int p = 0; p < MIG_N_HOOK_POINTS; p++) {
		for (size_t i = 0; i < hooks->n[p]; i++)
			check_hook(&hooks->of[p][i]);
	}
	mig_hooks_free(hooks);
	return 0;
}
