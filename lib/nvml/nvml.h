/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to the driver. Everything that libmig asks of NVML, or does through it, is a
 * call of this header: it loads the library, picks the newest form of a call that the
 * library has, and turns NVML's results into ours. NVML's own names stay inside this
 * room (and sim/, which answers them).
 *
 * NVML result -> our error: NO_PERMISSION PERM; NOT_SUPPORTED and FUNCTION_NOT_FOUND
 * UNSUPPORTED; NOT_FOUND NOENT; INSUFFICIENT_RESOURCES NOSPACE; IN_USE BUSY; RESET_REQUIRED
 * PENDING; INVALID_ARGUMENT INVAL; DRIVER_NOT_LOADED and LIBRARY_NOT_FOUND NOLIB; every
 * other NVML. err->nvml keeps the driver's code and err->msg its words.
 */
#ifndef NVML_NVML_H
#define NVML_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

struct mig_nvml; /* one loaded library */

/* Handles of the driver, by value. They die with the instance they mean. */
struct mig_nvml_gpu {
	void *h;
};
struct mig_nvml_gi {
	void *h;
};
struct mig_nvml_ci {
	void *h;
};

/* How to find the library, and which simulated machine it is to be. */
struct mig_nvml_options {
	const char *library;     /* path, or NULL for the system's libnvidia-ml.so.1 */
	const char *sim_dir;     /* folder of simulated machines, or NULL */
	const char *sim_machine; /* name of one, or NULL */
};

/**
 * mig_nvml_open - load an NVML library and start it.
 * @ret:	written on success only; the caller closes it.
 *
 * Errors: NOLIB - the library, a symbol without which nothing works, or the driver behind
 * it is missing; MACHINE - @sim_machine was asked for and the library is not the simulator;
 * PERM, NVML.
 */
int mig_nvml_open(const struct mig_nvml_options *opt, struct mig_nvml **ret,
		  struct mig_error *err) MIG_MUST_USE;
void mig_nvml_close(struct mig_nvml *nvml);

/** mig_nvml_sim_name - the simulated machine behind the library, or NULL on hardware. */
const char *mig_nvml_sim_name(const struct mig_nvml *nvml);

/** mig_nvml_sim_id - the id of that machine, never two alike, or NULL on hardware. */
const char *mig_nvml_sim_id(const struct mig_nvml *nvml);

/** mig_nvml_sim_is_assumed - were values of that machine filled by rule? */
bool mig_nvml_sim_is_assumed(const struct mig_nvml *nvml);

/** mig_nvml_sim_boot - how often that machine was started, from 1; 0 on hardware. */
unsigned mig_nvml_sim_boot(const struct mig_nvml *nvml);

/** mig_nvml_sim_folder - where all that belongs to that machine is kept, or NULL on hardware. */
const char *mig_nvml_sim_folder(const struct mig_nvml *nvml);

/** mig_nvml_driver_version - "580.126.09". */
int mig_nvml_driver_version(struct mig_nvml *nvml, char *buf, unsigned len,
			    struct mig_error *err) MIG_MUST_USE;

/* --- GPUs ------------------------------------------------------------------------- */

int mig_nvml_gpu_count(struct mig_nvml *nvml, unsigned *ret,
		       struct mig_error *err) MIG_MUST_USE;
int mig_nvml_gpu_by_index(struct mig_nvml *nvml, unsigned index, struct mig_nvml_gpu *ret,
			  struct mig_error *err) MIG_MUST_USE;
int mig_nvml_name(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		  struct mig_error *err) MIG_MUST_USE;
int mig_nvml_uuid(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		  struct mig_error *err) MIG_MUST_USE;
int mig_nvml_serial(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		    struct mig_error *err) MIG_MUST_USE;
int mig_nvml_minor(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret,
		   struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_pci {
	char bus_id[32];    /* "00000000:07:00.0" */
	uint32_t id;        /* 0x20B210DE: device 20B2, vendor 10DE */
	uint32_t subsystem; /* 0x146310DE */
};
int mig_nvml_pci(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, struct mig_nvml_pci *ret,
		 struct mig_error *err) MIG_MUST_USE;

/* Of a GPU or of a MIG device. */
struct mig_nvml_memory {
	uint64_t total_bytes, used_bytes;
};
int mig_nvml_memory(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, struct mig_nvml_memory *ret,
		    struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_process {
	unsigned pid;
	uint64_t mem_bytes; /* or UINT64_MAX when the driver does not say */
};
/**
 * mig_nvml_processes - the compute and graphics processes on a GPU or MIG device.
 * @ret:	room for @max; written on success only.
 *
 * Return: how many there are, at most @max.
 */
int mig_nvml_processes(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_process *ret, int max,
		       struct mig_error *err) MIG_MUST_USE;

/* --- MIG mode --------------------------------------------------------------------- */

/** mig_nvml_mode - current and pending MIG mode, 0 or 1. UNSUPPORTED: the GPU has no MIG. */
int mig_nvml_mode(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret_current,
		  unsigned *ret_pending, struct mig_error *err) MIG_MUST_USE;

/**
 * mig_nvml_set_mode - switch MIG on or off.
 *
 * Errors: PENDING - taken, but effective only after a reset; err->nvml says why (IN_USE: a
 * client holds the GPU). BUSY, PERM, UNSUPPORTED, NVML.
 */
int mig_nvml_set_mode(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned mode,
		      struct mig_error *err) MIG_MUST_USE;

/* --- GPU instances ---------------------------------------------------------------- */

enum { MIG_NVML_GI_PROFILES = 64, MIG_NVML_CI_PROFILES = 32 }; /* numbers to ask, at most */

struct mig_nvml_gi_profile {
	char name[96]; /* without "MIG "; empty when the driver is too old to say */
	int id, compute_slices, max_count, sm, copy_engines, decoders, encoders, jpeg, ofa;
	int p2p, gfx;
	int64_t mem_mib;
};
/**
 * mig_nvml_gi_profile - the profile of NVML's number @nvml_profile.
 * Errors: UNSUPPORTED (this GPU has no such profile, or MIG is off and the driver does not
 * answer then); INVAL (past the last number the driver knows); PERM, NVML.
 */
int mig_nvml_gi_profile(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned nvml_profile,
			struct mig_nvml_gi_profile *ret, struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_placement {
	unsigned start, size;
};
/** mig_nvml_gi_placements - where a profile may begin. Return: how many, at most @max. */
int mig_nvml_gi_placements(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
			   struct mig_nvml_placement *ret, int max,
			   struct mig_error *err) MIG_MUST_USE;

/** mig_nvml_gi_list - the GIs of a profile. Return: how many, at most @max. PERM without root. */
int mig_nvml_gi_list(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
		     struct mig_nvml_gi *ret, int max, struct mig_error *err) MIG_MUST_USE;
int mig_nvml_gi_by_id(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned id,
		      struct mig_nvml_gi *ret, struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_gi_info {
	int id, profile_id;
	struct mig_nvml_placement placement; /* placement units */
};
int mig_nvml_gi_info(struct mig_nvml *nvml, struct mig_nvml_gi gi, struct mig_nvml_gi_info *ret,
		     struct mig_error *err) MIG_MUST_USE;

/**
 * mig_nvml_gi_create - at @start, which must be one of the profile's placements.
 *
 * Drivers before R460 put it where they like: look with mig_nvml_gi_info().
 */
int mig_nvml_gi_create(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
		       unsigned start, unsigned size, struct mig_nvml_gi *ret,
		       struct mig_error *err) MIG_MUST_USE;
int mig_nvml_gi_destroy(struct mig_nvml *nvml, struct mig_nvml_gi gi,
			struct mig_error *err) MIG_MUST_USE;

/* --- Compute instances ------------------------------------------------------------ */

struct mig_nvml_ci_profile {
	char name[96]; /* without "MIG "; empty when the driver is too old to say */
	int id, compute_slices, max_count, sm;
};
int mig_nvml_ci_profile(struct mig_nvml *nvml, struct mig_nvml_gi gi, unsigned nvml_profile,
			struct mig_nvml_ci_profile *ret, struct mig_error *err) MIG_MUST_USE;
int mig_nvml_ci_placements(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
			   struct mig_nvml_placement *ret, int max,
			   struct mig_error *err) MIG_MUST_USE;
int mig_nvml_ci_list(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
		     struct mig_nvml_ci *ret, int max, struct mig_error *err) MIG_MUST_USE;
int mig_nvml_ci_by_id(struct mig_nvml *nvml, struct mig_nvml_gi gi, unsigned id,
		      struct mig_nvml_ci *ret, struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_ci_info {
	int id, profile_id;
	struct mig_nvml_placement placement; /* compute slices of the GI; size 0: not told */
};
int mig_nvml_ci_info(struct mig_nvml *nvml, struct mig_nvml_ci ci, struct mig_nvml_ci_info *ret,
		     struct mig_error *err) MIG_MUST_USE;

/**
 * mig_nvml_ci_create - where the driver likes, or at @start when it is not negative.
 *
 * A driver without a call for that puts it where it likes: look with mig_nvml_ci_info().
 */
int mig_nvml_ci_create(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id, int start,
		       int size, struct mig_nvml_ci *ret, struct mig_error *err) MIG_MUST_USE;
int mig_nvml_ci_destroy(struct mig_nvml *nvml, struct mig_nvml_ci ci,
			struct mig_error *err) MIG_MUST_USE;

/* --- MIG devices ------------------------------------------------------------------ */

/** mig_nvml_mig_max - indices 0 … n-1 of a GPU may hold a MIG device; 0 with MIG off. */
int mig_nvml_mig_max(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret,
		     struct mig_error *err) MIG_MUST_USE;

/** mig_nvml_mig_by_index - NOENT: no device has this index; later ones may. */
int mig_nvml_mig_by_index(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned index,
			  struct mig_nvml_gpu *ret, struct mig_error *err) MIG_MUST_USE;

/** mig_nvml_mig_ids - the GI and CI id of a MIG device. */
int mig_nvml_mig_ids(struct mig_nvml *nvml, struct mig_nvml_gpu mig, unsigned *ret_gi,
		     unsigned *ret_ci, struct mig_error *err) MIG_MUST_USE;

struct mig_nvml_attributes {
	int sm, copy_engines, decoders, encoders, jpeg, ofa; /* engines are the GI's, shared */
	int gi_slices, ci_slices;
	int64_t mem_mib;
};
int mig_nvml_attributes(struct mig_nvml *nvml, struct mig_nvml_gpu mig,
			struct mig_nvml_attributes *ret, struct mig_error *err) MIG_MUST_USE;

/* --- What tools show ------------------------------------------------------------------ */

/* Of a GPU or a MIG device; what the driver does not tell is -1. */
struct mig_nvml_readings {
	int64_t mem_total_bytes, mem_reserved_bytes, mem_used_bytes, mem_free_bytes;
	int64_t bar1_total_bytes, bar1_used_bytes, bar1_free_bytes;
	int64_t persistence, display_active, compute_mode, ecc_mode; /* as NVML numbers them */
	int64_t ecc_volatile, ecc_sram_volatile;                     /* uncorrected errors */
	int64_t fan_percent, temperature_c, pstate, power_mw, power_limit_mw, gpu_percent;
};
void mig_nvml_readings(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_readings *ret);

/** mig_nvml_cuda_version - 13000 for 13.0. */
int mig_nvml_cuda_version(struct mig_nvml *nvml, int *ret, struct mig_error *err) MIG_MUST_USE;

/** mig_nvml_gi_remaining - GIs of a profile that could still be made. Return: how many. */
int mig_nvml_gi_remaining(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, int profile_id,
			  struct mig_error *err) MIG_MUST_USE;
int mig_nvml_ci_remaining(struct mig_nvml *nvml, struct mig_nvml_gi gi, int profile_id,
			  struct mig_error *err) MIG_MUST_USE;

/* --- Its health ------------------------------------------------------------------------ */

/** mig_nvml_library_version - NVML's own: "13.580.126.09", the driver's behind CUDA's. */
int mig_nvml_library_version(struct mig_nvml *nvml, char *buf, unsigned len,
			     struct mig_error *err) MIG_MUST_USE;

/** mig_nvml_library_path - the file that was loaded, or "" when the linker does not tell. */
void mig_nvml_library_path(const struct mig_nvml *nvml, char *buf, size_t len);

/**
 * mig_nvml_missing - the symbols that this room asks for and a driver of @branch lacks, or the
 * library does not have.
 * @branch:	580 of "580.126.09"; 0: not known, only the library is looked at.
 * @ret:	room for @max names; static.
 *
 * Return: how many there are, which may be above @max.
 */
int mig_nvml_missing(const struct mig_nvml *nvml, int branch, const char **ret, int max);

/* How a GPU is set; -1: the driver does not tell. */
struct mig_nvml_settings {
	int persistence, accounting; /* 0 off, 1 on */
	int compute_mode;            /* 0 shared, 1 one thread, 2 none, 3 one process */
	int virtualization; /* 0 none, 1 passed through, 2 vGPU, 3 and 4 a host of vGPUs */
};
void mig_nvml_settings(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_settings *ret);

/** mig_nvml_calls - driver calls made through this door since it was opened. */
uint64_t mig_nvml_calls(const struct mig_nvml *nvml);

#endif
