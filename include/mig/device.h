/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine now, as one value.
 *
 *	machine ─ GPU 0 ─ GPU instance 2 (3g.40gb at unit 4) ─ compute instance 0 = a MIG device
 *	        │                                            └ compute instance 1 = another
 *	        └ GPU 1 ─ …
 *
 * struct mig_machine is an open driver; struct mig_snapshot is what it said at one moment
 * and touches nothing any more. A machine is hardware or one simulated machine, and a
 * snapshot says which.
 *
 * Reading needs no privilege beyond the driver's. Where the driver tells GPU instances to
 * root only, a snapshot is built from the MIG devices instead, and the GPU is_partial.
 */
#ifndef MIG_DEVICE_H
#define MIG_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/catalog.h>
#include <mig/geometry.h>

enum {
	MIG_UUID_MAX = 96,    /* bytes, with the final NUL */
	MIG_GIS_MAX = 8,      /* GPU instances of a GPU; no driver makes more */
	MIG_CIS_MAX = 8,      /* compute instances of a GPU instance; likewise */
	MIG_HOLDERS_MAX = 64, /* holders that are listed by name, at most */
};

struct mig_machine_options {
	const char *library;         /* libnvidia-ml.so.1 to load, or NULL: the system's */
	const char *sim_dir;         /* folder of simulated machines, and */
	const char *sim_machine;     /* the one to open; both NULL: hardware */
	struct mig_catalog *catalog; /* for what the driver does not tell; borrowed, or NULL */
	/* Ask the catalog only for GPUs whose profiles the driver does not tell, and the driver for
	 * no serial and minor numbers: enough to look at what stands, and quicker. CI profiles that
	 * do not stand anywhere are not known then. */
	bool is_brief;
	/* What stands before /proc and /dev where the driver's files are read: NULL or "" for the
	 * system's own, else the root of a tree that looks like them. */
	const char *root;
};

/* An open driver. */
struct mig_machine;

/**
 * mig_machine_open - load the driver's library and start it.
 * @ret:	written on success only; the caller closes it.
 *
 * Errors: NOLIB - no driver here; MACHINE - the library is not the simulator that was asked
 * for, or its machine is broken; PERM, NVML, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_machine_open(const struct mig_machine_options *opt,
					  struct mig_machine **ret, struct mig_error *err);
MIG_API void mig_machine_close(struct mig_machine *machine);

/** mig_machine_calls - driver calls made since it was opened. */
MIG_API uint64_t mig_machine_calls(const struct mig_machine *machine);

/** mig_machine_root - the root it was opened with; "" for the system's own files. */
MIG_API const char *mig_machine_root(const struct mig_machine *machine);

/* A compute instance: with its GPU instance, a MIG device. */
struct mig_ci {
	int id;
	int profile;             /* index into the GI profile's ci, or -1 when not known */
	int start, size;         /* compute slices of the GI; start -1: not known */
	int index;               /* MIG device index on the GPU now, or -1 */
	char uuid[MIG_UUID_MAX]; /* of the MIG device; "" when not known */
};

struct mig_gi {
	int id;
	int profile; /* index into the type's profiles, or -1 when not known */
	int start;   /* placement unit, or -1 when not known (is_partial) */
	int n_cis;
	struct mig_ci cis[MIG_CIS_MAX];           /* by id */
	uint64_t mem_total_bytes, mem_used_bytes; /* total 0: not told (no MIG device) */
};

struct mig_gpu {
	int index;
	char uuid[MIG_UUID_MAX], name[MIG_NAME_MAX], serial[32], bus_id[32];
	uint32_t pci_id, pci_subsystem;  /* 0x20B210DE */
	int minor;                       /* N of /dev/nvidiaN, or -1 */
	bool has_mig;                    /* can this GPU be cut at all? */
	unsigned mode, mode_pending;     /* 0 or 1; unequal: waits for a reset */
	bool is_partial;                 /* built from MIG devices: places are not known */
	const struct mig_gpu_type *type; /* NULL: neither driver nor catalog know it */
	uint64_t mem_total_bytes, mem_used_bytes; /* total 0: not told */
	int n_gis;
	struct mig_gi gis[MIG_GIS_MAX]; /* by start, then id */
};

struct mig_snapshot {
	bool is_simulated, is_assumed;
	char machine[MIG_NAME_MAX]; /* the simulated machine's name, or the host's */
	char id[40];                /* the simulated machine's id, or "" */
	char driver[32];            /* "580.126.09" */
	int n_gpus;
	struct mig_gpu *gpus;
	int n_types;
	struct mig_gpu_type *types; /* what gpus[].type points to */
};

/**
 * mig_snapshot_take - ask the driver for everything a snapshot holds.
 * @ret:	written on success only; the caller frees it with mig_snapshot_free().
 *
 * Errors: NVML, NOMEM. What the driver keeps from this caller is left out, not an error.
 */
MIG_API MIG_MUST_USE int mig_snapshot_take(struct mig_machine *machine,
					   struct mig_snapshot *ret, struct mig_error *err);
MIG_API void mig_snapshot_free(struct mig_snapshot *snap);

/** mig_gpu_layout - the GPU instances of a GPU as a layout; empty when it is_partial. */
MIG_API struct mig_layout mig_gpu_layout(const struct mig_gpu *gpu);

/**
 * mig_gpu_request - what stands on a GPU, as a request that would make it just so: starts
 * included, of the compute instances too.
 *
 * What is not known (a GPU instance of a profile nobody knows) is left out.
 */
MIG_API struct mig_request mig_gpu_request(const struct mig_gpu *gpu);

/** mig_gpu_find_gi - the GPU instance with that id, or NULL. Lives as long as @gpu. */
MIG_API const struct mig_gi *mig_gpu_find_gi(const struct mig_gpu *gpu, int id);

/* Somebody who would lose something if an instance went. */
struct mig_holder {
	int gpu, gi, ci; /* ids; -1: the GPU as a whole */
	int pid;
	char name[64]; /* of the process, "" when it cannot be read */
};

/**
 * mig_holders - the processes on a GPU or on one of its instances.
 * @gi:		GI id, or -1: everything on the GPU.
 * @ci:		CI id, or -1: everything on the GPU instance.
 * @ret:	room for MIG_HOLDERS_MAX.
 *
 * Return: how many. Errors: NVML. A driver that does not list processes gives none.
 */
MIG_API MIG_MUST_USE int mig_holders(struct mig_machine *machine, const struct mig_gpu *gpu,
				     int gi, int ci, struct mig_holder *ret,
				     struct mig_error *err);

/*
 * Capabilities: who may open /dev/nvidia-caps/nvidia-cap<minor> may use an instance, or (config)
 * change, or (monitor) watch all of them. The driver lists every minor that there can ever be in
 * /proc/driver/nvidia-caps/mig-minors, and has a file for each capability that there is now:
 * /proc/driver/nvidia/capabilities/gpuN/mig/giG/access, .../giG/ciC/access, mig/config,
 * mig/monitor. N is the GPU's minor number, the one of /dev/nvidiaN.
 */
enum {
	MIG_CAPS_GPUS = 32, /* GPU minor numbers that the driver's table reaches: 0 to 31 */
	MIG_CAPS_GIS = 15,  /* GPU instance ids: 0 to 14 */
	MIG_CAPS_CIS = 8,   /* compute instance ids: 0 to 7 */
};

/* The table mig-minors; -1 where it has no line. */
struct mig_caps {
	int n;                   /* lines that were understood */
	int32_t config, monitor; /* minors */
	int32_t gi[MIG_CAPS_GPUS][MIG_CAPS_GIS];
	int32_t ci[MIG_CAPS_GPUS][MIG_CAPS_GIS][MIG_CAPS_CIS];
};

/**
 * mig_caps_read - read /proc/driver/nvidia-caps/mig-minors below @root.
 * @root:	NULL or "": the system's own.
 * @ret:	some 17 KiB; written on success only.
 *
 * Errors: NOENT - no such file: no driver that knows MIG is loaded; SYNTAX - names file and
 * line; PERM, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_caps_read(const char *root, struct mig_caps *ret,
				       struct mig_error *err);

/**
 * mig_caps_parse - the same of a text.
 * @where:	what errors call it.
 *
 * Lines of names beyond the enum above, or of kinds unknown, are skipped: a later driver may
 * have more. Errors: SYNTAX - a line that is not a name, one space and a minor, or a name that
 * has two.
 */
MIG_API MIG_MUST_USE int mig_caps_parse(const char *text, const char *where,
					struct mig_caps *ret, struct mig_error *err);

/** mig_caps_minor - of GPU instance @gi of the GPU of that minor number, or with @ci >= 0 of its
 *  compute instance; -1: the table has none. */
MIG_API int mig_caps_minor(const struct mig_caps *caps, int gpu_minor, int gi, int ci);

/* What a capability's file says. */
struct mig_cap {
	int32_t minor;        /* of /dev/nvidia-caps/nvidia-cap<minor> */
	unsigned mode;        /* that the node shall have: 0400 or 0444 */
	bool may_be_modified; /* does the driver's helper set the node's mode? */
};

/**
 * mig_cap_read - read a capability's file below @root.
 * @name:	below /proc/driver/nvidia/capabilities: "mig/config", "gpu0/mig/gi2/access".
 * @ret:	written on success only.
 *
 * Errors: NOENT - there is no such capability now; SYNTAX, PERM, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_cap_read(const char *root, const char *name, struct mig_cap *ret,
				      struct mig_error *err);

/** mig_cap_parse - the same of a text. Errors: SYNTAX - no or a bad DeviceFileMinor or Mode. */
MIG_API MIG_MUST_USE int mig_cap_parse(const char *text, const char *where, struct mig_cap *ret,
				       struct mig_error *err);

/** mig_cap_name - the name of an instance's file for mig_cap_read(); @ci < 0: of the GPU
 *  instance. Returns @buf. */
MIG_API char *mig_cap_name(int gpu_minor, int gi, int ci, char *buf, size_t len);

/* How a GPU is set, beyond how it is cut; -1: the driver does not tell. */
struct mig_gpu_settings {
	int persistence, accounting; /* 0 off, 1 on */
	int compute_mode;            /* 0 shared, 1 one thread, 2 none, 3 one process */
	int virtualization; /* 0 none, 1 passed through, 2 vGPU, 3 and 4 a host of vGPUs */
};

/**
 * mig_gpu_check - does the GPU answer at all, and how is it set?
 * @index:	of the GPU; a snapshot is not needed, which one lost GPU prevents.
 * @ret:	written on success only.
 *
 * Errors: NVML - it fell off the bus, say; NOENT, PERM.
 */
MIG_API MIG_MUST_USE int mig_gpu_check(struct mig_machine *machine, int index,
				       struct mig_gpu_settings *ret, struct mig_error *err);

/** mig_machine_gpus - how many GPUs the driver counts. Errors: NVML. */
MIG_API MIG_MUST_USE int mig_machine_gpus(struct mig_machine *machine, struct mig_error *err);

/* The driver's library and the driver behind it. */
struct mig_library {
	char path[256];         /* the file that was loaded, or "" */
	char version[32];       /* of the library: "580.126.09", or "" when it does not tell */
	char driver[32];        /* of the driver, likewise */
	int n_missing;          /* symbols that libmig would ask for, and that are not there */
	const char *missing[8]; /* the first of them; static */
};

/** mig_machine_library - which library answers. @ret: always filled. */
MIG_API void mig_machine_library(struct mig_machine *machine, struct mig_library *ret);

/* An instance or GPU that somebody named. -1 where the name did not go that far. */
struct mig_ref {
	int gpu; /* index into gpus */
	int gi;  /* index into gis */
	int ci;  /* index into cis */
};

/**
 * mig_ref_parse - find what a name means.
 * @text:	a GPU: "0", "GPU-<uuid>", a PCI bus id. A GPU instance: "0/2" (GPU/GI id) or
 *		"0:3g.40gb@4" (place). A MIG device: "0/2/0", "MIG-<uuid>",
 *		"MIG-GPU-<uuid>/2/0", or "0:1" (GPU:index).
 * @ret_is_index:	set when the name was an index, which moves when instances go. May be
 *		NULL.
 *
 * Errors: NOENT - says what is there instead; SYNTAX.
 */
MIG_API MIG_MUST_USE int mig_ref_parse(const struct mig_snapshot *snap, const char *text,
				       struct mig_ref *ret, bool *ret_is_index,
				       struct mig_error *err);

#endif
