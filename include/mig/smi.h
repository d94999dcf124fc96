/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nvidia-smi shows beside the instances themselves: sensors, counters, free counts.
 * They are the driver's answers at the moment of asking, and belong to no snapshot.
 */
#ifndef MIG_SMI_H
#define MIG_SMI_H

#include <mig/device.h>

/* Of a GPU or a MIG device. What the driver does not tell is MIG_UNKNOWN. */
struct mig_smi_readings {
	int64_t mem_total_bytes, mem_reserved_bytes, mem_used_bytes, mem_free_bytes;
	int64_t bar1_total_bytes, bar1_used_bytes, bar1_free_bytes;
	int64_t persistence, display_active, ecc_mode; /* 0 or 1 */
	int64_t compute_mode;                    /* 0 default, 2 prohibited, 3 exclusive */
	int64_t ecc_volatile, ecc_sram_volatile; /* uncorrected errors since the reset */
	int64_t fan_percent, temperature_c, pstate, power_mw, power_limit_mw, gpu_percent;
};

/* A MIG device: its share, and its readings. */
struct mig_smi_device {
	int sm, copy_engines, encoders, decoders, ofa, jpeg;
	struct mig_smi_readings readings;
};

/* A compute instance profile of a GPU instance that stands, as the driver tells it. */
struct mig_smi_ci_profile {
	char name[MIG_NAME_MAX]; /* without "MIG " */
	int id, compute_slices, max_count, n_free, sm;
	uint16_t starts; /* bit i: may begin at compute slice i of the GI */
	int size;        /* of its placement, compute slices */
};

/** mig_smi_cuda_version - the newest CUDA the driver runs, 13000 for 13.0. Errors: NVML. */
MIG_API MIG_MUST_USE int mig_smi_cuda_version(struct mig_machine *machine, int *ret,
					      struct mig_error *err);

/** mig_smi_read_gpu - a GPU's readings; @index as in struct mig_gpu. Errors: NVML. */
MIG_API MIG_MUST_USE int mig_smi_read_gpu(struct mig_machine *machine, int index,
					  struct mig_smi_readings *ret, struct mig_error *err);

/** mig_smi_read_device - the MIG device @mig of GPU @index. Errors: NOENT, NVML. */
MIG_API MIG_MUST_USE int mig_smi_read_device(struct mig_machine *machine, int index, int mig,
					     struct mig_smi_device *ret, struct mig_error *err);

/**
 * mig_smi_gi_free - how many GPU instances of a profile could still be made.
 * @profile_id:	as nvidia-smi prints it.
 *
 * Errors: PERM, NVML. err->nvml keeps the driver's code.
 */
MIG_API MIG_MUST_USE int mig_smi_gi_free(struct mig_machine *machine, int index, int profile_id,
					 struct mig_error *err);

/**
 * mig_smi_ci_profiles - the compute instance profiles of a GPU instance, by the driver's number.
 * @ret:	room for @max.
 *
 * Return: how many. Errors: NOENT - no such GPU instance; PERM, NVML.
 */
MIG_API MIG_MUST_USE int mig_smi_ci_profiles(struct mig_machine *machine, int index, int gi_id,
					     struct mig_smi_ci_profile *ret, int max,
					     struct mig_error *err);

#endif
