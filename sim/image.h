/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of one simulated machine, and the only code that touches it.
 *
 *	+--------+-----+---------+---------+--------+ . . . . . . . . . .
 *	| fixed  | seq | half 0  | half 1  | faults |  lock bytes, beyond the end
 *	+--------+-----+---------+---------+--------+ . . . . . . . . . .
 *
 * What never changes (GPUs, their types, the driver's version) is `fixed`. What changes is
 * a half; half seq & 1 is the current one. A writer holds the lock, writes the other half
 * and publishes it with one store of seq + 1: killed at any moment it leaves the old state
 * or the new. A reader copies the current half, looks at seq again, and takes no lock.
 * What is to go wrong is `faults` (sim/fault.h): rows that are counted down in place.
 * What happened is `events`, behind them: a ring, of which a killed writer loses one at most.
 *
 * Everything is copied out of the file before it is used, and checked: no byte of the
 * file can make a reader leave its own memory. The file is never shrunk.
 */
#ifndef SIM_IMAGE_H
#define SIM_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <mig/catalog.h>
#include <mig/error.h>

#include "sim/machine.h"

enum {
	SIM_IMAGE_VERSION = 3, /* counts every change of the structs below */
	SIM_GIS_MAX = 15,      /* GPU instance ids of a GPU: 0 to 14 */
	SIM_CIS_MAX = 8,       /* compute instance ids of a GPU instance: 0 to 7 */
	SIM_TENANTS_MAX = 256,
	SIM_LABEL_MAX = 48, /* bytes of a profile's name, with the final NUL */
};

#define SIM_IMAGE_MAGIC "migctlS\n"

/* --- What never changes ------------------------------------------------------------- */

/* The engines of a profile or GPU, in the order in which NVML lists them. */
enum sim_engine { SIM_COPY, SIM_DECODER, SIM_ENCODER, SIM_JPEG, SIM_OFA, SIM_ENGINES };

struct sim_ci_kind { /* one mig_ci_profile, resolved */
	char name[SIM_LABEL_MAX];
	int32_t nvml_profile, id;
	int32_t compute_slices, size, max_count, sm;
	uint32_t starts; /* bit i: compute slice i of the GI */
};

struct sim_gi_kind { /* one mig_profile, resolved */
	char name[SIM_LABEL_MAX];
	int32_t nvml_profile, id;
	int32_t compute_slices, size, max_count, sm;
	uint32_t starts; /* bit i: placement unit i, in NVML's coordinates */
	int32_t n_ci;
	int64_t mem_mib;
	int32_t engines[SIM_ENGINES];
	int32_t p2p, gfx;
	int32_t pad;
	struct sim_ci_kind ci[MIG_CI_PROFILES_MAX];
};

struct sim_type { /* one mig_gpu_type, resolved */
	char key[MIG_NAME_MAX], name[MIG_NAME_MAX];
	int32_t nvml_arch, cc_major, cc_minor;
	uint32_t pci_id; /* device << 16 | vendor */
	int32_t units, compute_slices, max_mig_devices;
	int32_t mode_needs_reset, mode_survives_reboot; /* 0 or 1 */
	int32_t has_ecc;
	int32_t n_profiles, pad;
	int64_t mem_mib, bar1_mib;
	struct sim_gi_kind profiles[MIG_PROFILES_MAX];
};

struct sim_gpu { /* one GPU; its index is its minor number too */
	char uuid[48], serial[32], bus_id[32];
	uint64_t pdi;         /* what the UUIDs of its MIG devices are made from */
	uint32_t bus;         /* PCI bus number */
	uint32_t type;        /* index into sim_fixed.types */
	uint32_t is_mirrored; /* the other silicon orientation */
	uint32_t pad;
};

struct sim_fixed {
	char magic[8];
	uint32_t version, image_bytes, fixed_bytes, half_bytes;
	char id[40]; /* never two alike */
	char name[SIM_NAME_MAX];
	char driver[32];
	uint64_t seed;
	uint32_t is_strict, is_assumed, settle_ms;
	uint32_t n_gpus, n_types, pad;
	struct sim_gpu gpus[SIM_GPUS_MAX];
	struct sim_type types[SIM_SPECS_MAX];
};

/* --- What changes -------------------------------------------------------------------- */

struct sim_ci {
	uint32_t generation; /* which creation on this machine made it; 0: none is here */
	uint8_t profile;     /* index into the GI's ci kinds */
	uint8_t start;       /* compute slice of the GI */
	uint8_t pad[2];
};

struct sim_gi {
	uint32_t generation; /* 0: none is here */
	uint8_t profile;     /* index into the type's profiles */
	uint8_t start;       /* placement unit, in NVML's coordinates */
	uint8_t pad[2];
	uint64_t emptied_ns; /* CLOCK_BOOTTIME when its last CI went; 0: it never had one */
	struct sim_ci ci[SIM_CIS_MAX]; /* by CI id */
};

struct sim_gpu_state {
	uint32_t mode, pending;        /* MIG mode now, and after the next reset */
	struct sim_gi gi[SIM_GIS_MAX]; /* by GI id */
};

/* What ran through a GPU or GPU instance since it began: loads in millionths, times
 * microseconds. The reader adds what the time since the last state is worth. */
struct sim_gi_meter {
	uint64_t sm, dram;
	uint32_t load_sm_ppm, load_dram_ppm;
	uint32_t generation; /* of the GI; 0: none is here */
	uint32_t pad;
};

struct sim_meter {
	uint64_t since_us; /* CLOCK_BOOTTIME of the last state */
	uint64_t energy_nj, sm, dram;
	uint32_t power_mw, load_sm_ppm, load_dram_ppm, pad;
	struct sim_gi_meter gi[SIM_GIS_MAX];
};

/* Who holds a device. True only while lock byte i of row i is held: a holder that died
 * released it. */
struct sim_hold {
	uint32_t pid;        /* 0: the row is free */
	uint32_t generation; /* of the CI; 0: the whole GPU */
	uint8_t gpu;
	int8_t gi, ci;                    /* -1: the whole GPU */
	uint8_t sm_percent, dram_percent; /* how busy it keeps the device */
	uint8_t pad[3];
	uint64_t mem_bytes;
};

/* How the SMs' clock of a GPU is set; 0: it is not. */
struct sim_clocks {
	uint16_t app_mhz;                    /* while something runs */
	uint16_t lock_min_mhz, lock_max_mhz; /* always; both or none */
	uint16_t pad;
};

struct sim_half {
	uint32_t boot;       /* which boot of the machine this is, from 1 */
	uint32_t generation; /* the last creation */
	uint32_t is_removed; /* the machine is being unlinked */
	uint32_t n_holds;    /* rows beyond this many are free */
	uint32_t lost;       /* GPUs that fell off the bus; bit i: GPU i */
	uint32_t settle_ms;  /* a GI is in use so long after its last CI went */
	struct sim_clocks clocks[SIM_GPUS_MAX];
	struct sim_hold holds[SIM_TENANTS_MAX];
	struct sim_gpu_state gpus[SIM_GPUS_MAX];
	struct sim_meter meters[SIM_GPUS_MAX]; /* sim_image_publish() keeps them */
};

/* --- What happened ---------------------------------------------------------------------- */

enum { SIM_EVENTS_MAX = 64 };

struct sim_event {
	uint64_t type, data; /* as in nvmlEventData_t */
	uint32_t gpu;
	int32_t gi, ci; /* -1: of the whole GPU */
	uint32_t pad;
};

/* The last events, of which a reader that is too slow misses some. */
struct sim_events {
	uint32_t n; /* how many there have been, modulo 2^32; whoever waits does so here */
	uint32_t pad;
	struct sim_event of[SIM_EVENTS_MAX];
};

/* --- The open file -------------------------------------------------------------------- */

struct sim_map; /* the mapped bytes */
struct sim_faults;

struct sim_image {
	int fd; /* -1: not open */
	bool is_writable;
	uid_t owner;
	pid_t pid; /* who opened it: a lock belongs to the descriptor, which fork() shares */
	struct sim_map *map;
	struct sim_fixed *fixed; /* private copy, checked */
};

/**
 * sim_image_open - open a machine's file, for reading at least.
 * @ret:	written on success only; sim_image_close() it.
 *
 * Errors: NOENT, PERM, IO, NOMEM; MACHINE - not an image, truncated, damaged, or of another
 * version (err->nvml is LIB_RM_VERSION_MISMATCH then).
 */
int sim_image_open(const char *path, struct sim_image *ret, struct mig_error *err) MIG_MUST_USE;
void sim_image_close(struct sim_image *img);

/** sim_image_own - after fork(): open the same file anew. Errors: IO. @img is valid either way. */
int sim_image_own(struct sim_image *img) MIG_MUST_USE;

/** sim_image_seq - which state is the current one. */
uint64_t sim_image_seq(const struct sim_image *img);

/**
 * sim_image_read - copy the current state; only the GPUs and holds in use.
 * @ret, @ret_seq:	contents are undefined after a failure.
 *
 * Errors: MACHINE - the state holds impossible values.
 */
int sim_image_read(const struct sim_image *img, struct sim_half *ret, uint64_t *ret_seq,
		   struct mig_error *err) MIG_MUST_USE;

/** sim_image_lock - become the only writer; waits. Errors: PERM (opened for reading), IO. */
int sim_image_lock(const struct sim_image *img, struct mig_error *err) MIG_MUST_USE;
void sim_image_unlock(const struct sim_image *img);

/**
 * sim_image_publish - make @next the current state. The caller holds the lock. The meters
 * run on from the state before, and a GPU whose instances or mode changed has an event.
 */
void sim_image_publish(const struct sim_image *img, const struct sim_half *next);

/**
 * sim_image_mark_tree - from now on whoever changes the machine brings its tree of files along.
 *
 * It is marked under the lock: a change that was published before stands in the state that is read
 * next, and the maker of a later one sees the mark. Errors: PERM (opened for reading), IO.
 */
int sim_image_mark_tree(const struct sim_image *img, struct mig_error *err) MIG_MUST_USE;

/** sim_image_has_tree - is it marked? A machine that never had a tree pays nothing for it. */
bool sim_image_has_tree(const struct sim_image *img);

/** sim_image_faults - what is to go wrong: mapped, shared, and read-only if the image is. */
struct sim_faults *sim_image_faults(const struct sim_image *img);

/** sim_image_event - append to the events and wake who waits. The caller holds the lock. */
void sim_image_event(const struct sim_image *img, const struct sim_event *event);

/** sim_image_n_events - how many events there have been. */
uint32_t sim_image_n_events(const struct sim_image *img);

/** sim_image_get_event - the one of that number. false: it is forgotten, or not yet. */
bool sim_image_get_event(const struct sim_image *img, uint32_t number, struct sim_event *ret);

/** sim_image_event_word - what to wait on: the mapped count of events. */
const uint32_t *sim_image_event_word(const struct sim_image *img);

/** sim_image_is_held - is the lock byte of row @hold held by anybody? */
bool sim_image_is_held(const struct sim_image *img, unsigned hold);

/** sim_image_hold - take the lock byte of a row with @fd, for as long as @fd lives. */
bool sim_image_hold(int fd, unsigned hold);
void sim_image_release(int fd, unsigned hold);

/** sim_image_is_privileged - may this process change the machine? */
bool sim_image_is_privileged(const struct sim_image *img);

/**
 * sim_image_create - write a new file with no instances; it must not exist.
 * @fixed:	magic, version and sizes are filled in.
 *
 * Errors: IO.
 */
int sim_image_create(const char *path, struct sim_fixed *fixed,
		     struct mig_error *err) MIG_MUST_USE;

/* Are the values possible? No: *ret_why says what is not; static. (sim/check.c) */
bool sim_fixed_is_sound(const struct sim_fixed *fixed, const char **ret_why);
bool sim_half_is_sound(const struct sim_fixed *fixed, const struct sim_half *half,
		       const char **ret_why);

#endif
