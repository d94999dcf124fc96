/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver must do, asked through its ABI. Every file here holds the tests of one
 * topic; conformance.c runs them all, on machines with or without a settle time.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "tests/door.h"

void vector_tests(void);
void gi_profile_tests(void);
void ci_profile_tests(void);
void check_tests(void);
void permission_tests(void);
void mode_tests(void);
void driver_tests(void);
void uuid_tests(void);
void handle_tests(void);
void engine_tests(void);
void settle_tests(void);

/** each_complete_type - call @test for every built-in GPU type without gaps, mirrored too. */
void each_complete_type(void (*test)(const struct mig_gpu_type *type, const char *spec));

/* Every symbol of abi/nvml.def and the driver branch that first had it; ends with a NULL. */
struct symbol {
	const char *name;
	unsigned since;
};
extern const struct symbol symbols[];

/** call_with_nothing - any call, with zeros and NULLs for all that it takes. */
nvmlReturn_t call_with_nothing(const struct symbol *s);

/** gi_profile_id - the profile id of an NVML profile number on this GPU. */
unsigned gi_profile_id(nvmlDevice_t device, unsigned nvml_profile);

/** gi_create - create a GI of an NVML profile number; it must succeed. */
nvmlGpuInstance_t gi_create(nvmlDevice_t device, unsigned nvml_profile);

/** gi_create_at - the same at a start; returns what NVML answered, @ret may be NULL. */
nvmlReturn_t gi_create_at(nvmlDevice_t device, unsigned nvml_profile, unsigned start,
			  unsigned size, nvmlGpuInstance_t *ret);

/** ci_create - create a CI of an NVML profile number; it must succeed. */
nvmlComputeInstance_t ci_create(nvmlGpuInstance_t gi, unsigned nvml_profile);

/** ci_profile_default - NVML's number of the CI profile that covers a GI. */
unsigned ci_profile_default(nvmlGpuInstance_t gi);

nvmlGpuInstanceInfo_t gi_info(nvmlGpuInstance_t gi);
nvmlComputeInstanceInfo_t ci_info(nvmlComputeInstance_t ci);

/** capacity - what GetGpuInstanceRemainingCapacity says of an NVML profile number. */
unsigned capacity(nvmlDevice_t device, unsigned nvml_profile);

/** mig_device - handle of the MIG device at @index; there must be one. */
nvmlDevice_t mig_device(nvmlDevice_t device, unsigned index);

/** set_mode - SetMigMode; it must answer SUCCESS. Return: the activation status. */
nvmlReturn_t set_mode(nvmlDevice_t device, unsigned mode);

/** mode_is - check the current and the pending mode. */
void mode_is(nvmlDevice_t device, unsigned current, unsigned pending);

#endif
