/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the catalog accepts keeps its invariants, before and after the gaps are filled. */
#include "tests/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mig_gpu_type type;
	struct mig_error err = { 0 };
	struct mig_timing timing;
	char gaps[512];
	int n_before;

	(void)mig_timing_parse((const char *)data, size, "fuzz", "A30", &timing, NULL);
	if (mig_gpu_type_parse((const char *)data, size, "fuzz", &type, &err) < 0) {
		CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	check_type(&type);
	n_before = mig_gpu_type_gaps(&type, gaps, sizeof(gaps));
	mig_gpu_type_assume(&type);
	check_type(&type);
	CHECK(mig_gpu_type_gaps(&type, gaps, sizeof(gaps)) <= n_before);
	return 0;
}
