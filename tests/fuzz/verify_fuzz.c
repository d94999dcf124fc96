/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is read as a plan is verified or refused with a reason; what is verified holds
 * together, and is verified again in the same way.
 */
#include <stdlib.h>
#include <string.h>

#include <mig/verify.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verified(const struct mig_verified *v)
{
	bool is_optimal = true;

	CHECK(v->is_infeasible == (v->n_goals == 0));
	CHECK(v->n_goals <= MIG_VERIFIED_GOALS_MAX && v->n_pools > 0);
	for (int i = 0; i < v->n_goals; i++) {
		CHECK(v->goals[i].goal && v->goals[i].value >= 0);
		CHECK(v->goals[i].bound <= v->goals[i].value);
		is_optimal &= v->goals[i].bound == v->goals[i].value;
	}
	CHECK(v->is_infeasible || v->is_optimal == is_optimal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mig_catalog *catalog;
	struct mig_verified first, again;
	struct mig_error err = { 0 };

	if (!catalog)
		CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
	if (mig_verify(catalog, (const char *)data, size, "fuzz", &first, &err) < 0) {
		CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	check_verified(&first);
	CHECK(mig_verify(catalog, (const char *)data, size, "fuzz", &again, NULL) == 0);
	CHECK(memcmp(&first, &again, sizeof(first)) == 0);
	return 0;
}
