/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is accepted as a checkpoint file can be had of a GPU or is refused with its line; and
 * what can be had, written and read again, asks for the same.
 */
#include <stdlib.h>
#include <string.h>

#include <mig/parted.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

enum { N_TYPES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mig_gpu_type *type(int i)
{
	static const char *const keys[N_TYPES] = { "A100-SXM4-80GB", "A30",
						   "RTX-PRO-6000-Blackwell" };
	static const struct mig_gpu_type *types[N_TYPES];
	static struct mig_catalog *catalog;

	if (!catalog) {
		CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
		for (int k = 0; k < N_TYPES; k++)
			CHECK(mig_catalog_find(catalog, keys[k], &types[k], NULL) == 0);
	}
	return types[i];
}

static void write_and_back(const struct mig_request *req, const struct mig_gpu_type *t)
{
	const struct mig_checkpoint_present gpu = { "GPU-x", true, *req };
	struct mig_checkpoint *cp = NULL;
	struct mig_checkpoint_present again = { "GPU-x", true, { 0 } };
	char *text = NULL, *twice = NULL;

	CHECK(mig_checkpoint_write(&gpu, 1, &text, NULL) == 0);
	CHECK(mig_checkpoint_parse(text, strlen(text), "again", &cp, NULL) == 0);
	CHECK(cp->n_gpus == 1 && cp->gpus[0].mig_enabled);
	CHECK(mig_checkpoint_request(cp, &cp->gpus[0], t, &again.have, NULL) == 0);
	CHECK(again.have.n == req->n);
	CHECK(mig_checkpoint_write(&again, 1, &twice, NULL) == 0);
	CHECK(strcmp(text, twice) == 0);
	mig_checkpoint_free(cp);
	free(text);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_checkpoint *cp = NULL;
	struct mig_error err = { 0 };
	struct mig_request req;

	if (mig_checkpoint_parse((const char *)data, size, "fuzz", &cp, &err) < 0) {
		CHECK(cp == NULL && strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	for (size_t i = 0; i < cp->n_gpus; i++) {
		CHECK(cp->gpus[i].mig_enabled || cp->gpus[i].n_gis == 0);
		for (int t = 0; t < N_TYPES; t++) {
			if (mig_checkpoint_request(cp, &cp->gpus[i], type(t), &req, &err) == 0)
				write_and_back(&req, type(t));
			else
				CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
		}
	}
	mig_checkpoint_free(cp);
	return 0;
}
