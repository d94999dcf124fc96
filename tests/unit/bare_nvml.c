/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library with the symbols that libmig cannot do without, and no other. Each answers what
 * bare_nvml_result says: the results of NVML, one after the other, without a driver.
 */
#include "abi/nvml.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT extern nvmlReturn_t bare_nvml_result;
nvmlReturn_t bare_nvml_result = NVML_SUCCESS;

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define BARE_REQUIRED(name, args)        \
	EXPORT nvmlReturn_t name args    \
	{                                \
		return bare_nvml_result; \
	}
#define BARE_OPTIONAL(name, args)
#define BARE_UNUSED(name, args)
#define NVML_FN(use, since, name, args) BARE_##use(name, args)
#include "abi/nvml.def"
#undef NVML_FN
