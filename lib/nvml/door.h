/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the loaded library, and how a result becomes an error. */
#ifndef NVML_DOOR_H
#define NVML_DOOR_H

#include "abi/nvml.h"
#include "lib/nvml/nvml.h"

/* A member a symbol that libmig asks for, under the symbol's own name. */
#define NVML_MEMBER_REQUIRED(name, args) nvmlReturn_t(*name) args;
#define NVML_MEMBER_OPTIONAL(name, args) nvmlReturn_t(*name) args;
#define NVML_MEMBER_UNUSED(name, args)

struct mig_nvml {
	void *dl;
	const struct migctl_sim_marker *sim; /* NULL: this is the real library */
	const char *(*error_string)(nvmlReturn_t result);
	uint64_t n_calls; /* GPUs are changed by several threads: see door_count() */
#define NVML_FN(use, since, name, args) NVML_MEMBER_##use(name, args)
#include "abi/nvml.def"
#undef NVML_FN
};

static inline void door_count(struct mig_nvml *nvml)
{
	(void)__atomic_fetch_add(&nvml->n_calls, 1, __ATOMIC_RELAXED);
}

/* One call through the door, counted. */
#define CALL(nvml, fn, ...) (door_count(nvml), (nvml)->fn(__VA_ARGS__))

/**
 * door_fail - turn what a call answered into our error: 0 for SUCCESS, else "WHAT: words".
 * @what:	the attempt, as printf has it: "read the name of the GPU".
 */
int door_fail(const struct mig_nvml *nvml, nvmlReturn_t result, struct mig_error *err,
	      const char *what, ...) MIG_PRINTF(4, 5);

/** door_name - a profile name of the driver without its "MIG ", into @dst of 96 bytes. */
void door_name(char *dst, const char *name);

/** door_is_old - does the library lack this newer form of a call? Then the older one is asked. */
static inline bool door_is_old(nvmlReturn_t result)
{
	return result == NVML_ERROR_FUNCTION_NOT_FOUND ||
	       result == NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
}

#endif
