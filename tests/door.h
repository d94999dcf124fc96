/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated driver as its clients see it: libnvidia-ml.so.1, opened with dlopen and
 * called through the prototypes of abi/nvml.h; and machines for it to be, made with
 * sim/machine.h in a folder of their own that goes when the program ends.
 *
 *	machine_start("1xA100-SXM4-80GB", NULL);
 *	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(0), 1, &status), NVML_SUCCESS);
 *	machine_stop();
 */
#ifndef TESTS_DOOR_H
#define TESTS_DOOR_H

#include <mig/catalog.h>

#include "abi/nvml.h"
#include "sim/machine.h"
#include "tests/test.h"

/* Every symbol of the library. */
struct door {
#define NVML_FN(use, since, name, args) nvmlReturn_t(*name) args;
#include "abi/nvml.def"
#undef NVML_FN
	const char *(*nvmlErrorString)(nvmlReturn_t result);
	const struct migctl_sim_marker *marker;
};

extern struct door nv;
extern struct mig_catalog *catalog;

/* How long a GI answers IN_USE after its last CI went, in every machine made from here on. */
extern unsigned settle_ms;

/**
 * door_open - load the library that MIG_TEST_NVML names, or the system's, and the built-in
 * catalog; the program's first call.
 */
void door_open(void);

/** door_symbol - a symbol's address, for calls whose prototype does not matter. */
void *door_symbol(const char *name);

/** machine_folder - where the machines are. */
const char *machine_folder(void);

/** machine_make - make a machine; @driver NULL: the default version. The library is not told. */
void machine_make(const char *name, const char *spec, const char *driver);

/** machine_be - be that machine from here on: select, nvmlInit_v2. */
void machine_be(const char *name);

/** machine_start - make a machine with a name of its own and be it. Return: the name. */
const char *machine_start(const char *spec, const char *driver);

/** machine_stop - nvmlShutdown, and remove the machine that machine_start() made last. */
void machine_stop(void);

/** gpu - handle of GPU @index of the machine. */
nvmlDevice_t gpu(unsigned index);

/** mig_on - switch MIG on for GPU @index; it must take effect at once. Return: its handle. */
nvmlDevice_t mig_on(unsigned index);

/** gi_destroy - destroy a GI, waiting out the settle time where machines have one. */
nvmlReturn_t gi_destroy(nvmlGpuInstance_t gi);

/** type_of - a built-in GPU type. */
const struct mig_gpu_type *type_of(const char *key);

/** has_two_orientations - is there a "@mirrored" of this type? */
bool has_two_orientations(const struct mig_gpu_type *type);

#define CHECK_RC(call, want)                                                                 \
	do {                                                                                 \
		const nvmlReturn_t got_ = (call), want_ = (want);                            \
		if (got_ != want_) {                                                         \
			fprintf(stderr, "%s:%d: %s: %s\n  got  %d, %s\n  want %d, %s\n",     \
				__FILE__, __LINE__, __func__, #call, got_,                   \
				nv.nvmlErrorString(got_), want_, nv.nvmlErrorString(want_)); \
			exit(EXIT_FAILURE);                                                  \
		}                                                                            \
	} while (0)

#define CHECK_EQ(got, want)                                                                    \
	do {                                                                                   \
		const long long got_ = (long long)(got), want_ = (long long)(want);            \
		if (got_ != want_) {                                                           \
			fprintf(stderr, "%s:%d: %s: %s\n  got  %lld\n  want %lld\n", __FILE__, \
				__LINE__, __func__, #got, got_, want_);                        \
			exit(EXIT_FAILURE);                                                    \
		}                                                                              \
	} while (0)

#endif
