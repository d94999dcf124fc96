/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is accepted as a models file can be asked of every GPU type: each profile serves a
 * model or there is a reason, and a model that no profile serves is explained.
 */
#include <stdlib.h>
#include <string.h>

#include <mig/workload.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

enum { N_TYPES = 3, MODELS_TRIED = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mig_gpu_type *const *types(void)
{
	static const char *const keys[N_TYPES] = { "A100-SXM4-80GB", "A30",
						   "RTX-PRO-6000-Blackwell" };
	static const struct mig_gpu_type *found[N_TYPES];
	static struct mig_catalog *catalog;

	if (!catalog) {
		CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
		for (int i = 0; i < N_TYPES; i++)
			CHECK(mig_catalog_find(catalog, keys[i], &found[i], NULL) == 0);
	}
	return found;
}

static void ask(const struct mig_model *m, const struct mig_gpu_type *type)
{
	struct mig_decimal rate = { 0 };
	char why[512];
	int n = 0, profile = -1;

	for (int i = 0; i < type->n_profiles; i++) {
		if (mig_model_limit(m, type, i, &rate) != MIG_LIMIT_NONE)
			continue;
		CHECK(rate.digits > 0);
		n++;
	}
	CHECK(mig_model_fits(m, type) == (n > 0));
	CHECK((*mig_model_explain(m, type, why, sizeof(why)) == '\0') == (n > 0));
	n = mig_model_waste(m, type, &profile);
	CHECK(n >= 0 && n < 25 && (n == 0 || profile >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_models *models = NULL;
	struct mig_error err = { 0 };

	if (mig_models_parse((const char *)data, size, "fuzz", &models, &err) < 0) {
		CHECK(models == NULL && err.msg[0] != '\0');
		return 0;
	}
	CHECK(models->n >= 1);
	for (size_t i = 0; i < models->n && i < MODELS_TRIED; i++) {
		for (int k = 0; k < N_TYPES; k++)
			ask(&models->models[i], types()[k]);
	}
	if (mig_models_check(models, types(), N_TYPES, &err) < 0)
		CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
	mig_models_free(models);
	return 0;
}
