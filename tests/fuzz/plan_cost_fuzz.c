/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is taken for a plan document, its money adds up or is refused. */
#include <stdlib.h>
#include <string.h>

#include "cli/plan/money.h"

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mig_catalog *types(void)
{
	static struct mig_catalog *catalog;

	CHECK(catalog || mig_catalog_open(NULL, &catalog, NULL) == 0);
	return catalog;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct mig_error err = { 0 };
	struct plan_cost c = { 0 };
	__int128 sum = 0;

	if (!doc)
		return 0;
	if (plan_cost_count(types(), doc, "fuzz", &c, &err) == 0) {
		for (size_t i = 0; i < c.n; i++) {
			CHECK(c.models[i].n_instances >= 0 && c.models[i].uusd_per_h >= 0);
			sum += c.models[i].uusd_per_h;
		}
		CHECK(sum + c.room_uusd_per_h == c.uusd_per_h);
	} else {
		CHECK(err.msg[0] != '\0');
	}
	plan_cost_free(&c);
	json_decref(doc);
	return 0;
}
