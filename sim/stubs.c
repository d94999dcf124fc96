/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name of abi/nvml.def, answering NOT_SUPPORTED. The definitions are weak: where
 * another file of this room defines the same name, that one is the library's.
 */
#include "sim/session.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define NVML_FN(use, since, name, args)                         \
	SIM_EXPORT __attribute__((weak)) nvmlReturn_t name args \
	{                                                       \
		SIM_ENTER(name);                                \
		return NVML_ERROR_NOT_SUPPORTED;                \
	}
#include "abi/nvml.def"
#undef NVML_FN
