/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog: which GPU types exist and how each can be cut. Facts come from data/gpu/
 * (built in), from files of the user's in the same format, or from a driver that is
 * present; the structs here hold any of the three and say which.
 *
 *	GPU type   A100-SXM4-80GB
 *	  GI profile   3g.40gb     id 9, 4 of 8 placement units, may start at 0 or 4
 *	    CI profile   1c.3g.40gb  id 0, 1 compute slice, three of them fit
 *	    CI profile   3g.40gb     id 2, the whole GPU instance (its default)
 *
 * Nothing here touches a driver, prints, or keeps state between calls.
 */
#ifndef MIG_CATALOG_H
#define MIG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

enum {
	MIG_NAME_MAX = 96,       /* bytes of any name, with the final NUL */
	MIG_UNITS_MAX = 16,      /* placement units of a GPU, at most: a set fits a uint16_t */
	MIG_PROFILES_MAX = 24,   /* GI profiles of a GPU type, at most */
	MIG_CI_PROFILES_MAX = 8, /* CI profiles of a GI profile, at most */
	MIG_PCI_IDS_MAX = 12,    /* PCI ids of a GPU type, at most */
	MIG_UNKNOWN = -1,        /* a number that nobody published; never 0 */
};

/* Where a value comes from. Every figure that migctl prints carries one of these. */
enum mig_basis {
	MIG_BASIS_NONE,      /* the value is unknown */
	MIG_BASIS_DRIVER,    /* read from the driver of the machine at hand */
	MIG_BASIS_MEASURED,  /* seen on real hardware: a listing or transcript */
	MIG_BASIS_DATASHEET, /* the vendor's own document or header */
	MIG_BASIS_SECONDARY, /* a third party's table */
	MIG_BASIS_DERIVED,   /* computed from sourced values */
	MIG_BASIS_ASSUMED,   /* filled in by a named rule: nobody published it */
};

/** mig_basis_name - "driver", "measured", "datasheet", … Static; never NULL. */
MIG_API const char *mig_basis_name(enum mig_basis basis);

/* One way of taking a compute instance out of a GPU instance. */
struct mig_ci_profile {
	char name[MIG_NAME_MAX]; /* without "MIG ": "1c.3g.40gb", "3g.40gb" for the whole */
	int nvml_profile;   /* NVML_COMPUTE_INSTANCE_PROFILE_*: the number NVML is asked by */
	int id;             /* CI profile id, as nvidia-smi prints it */
	int compute_slices; /* compute slices it occupies */
	int size;           /* length of its placement, in compute slices */
	int max_count;      /* that fit one GPU instance */
	int sm;             /* streaming multiprocessors, or MIG_UNKNOWN */
	uint16_t starts;    /* bit i: may begin at compute slice i of the GI */
	bool is_default;    /* covers the whole GPU instance */
	enum mig_basis sm_basis, starts_basis;
};

/* One way of cutting a GPU instance out of a GPU. */
struct mig_profile {
	char name[MIG_NAME_MAX]; /* without "MIG ": "3g.40gb", "1g.10gb+me" */
	int nvml_profile;        /* NVML_GPU_INSTANCE_PROFILE_*: the number NVML is asked by */
	int id;                  /* GI profile id, as nvidia-smi prints it */
	int compute_slices;      /* compute slices it occupies */
	int size;                /* placement units it occupies, contiguous */
	int max_count;           /* that one GPU can hold */
	uint16_t starts;         /* bit i: may begin at placement unit i */
	int sm;                  /* streaming multiprocessors */
	int64_t mem_mib;         /* memory of the instance, MiB */
	int copy_engines, decoders, encoders, jpeg, ofa;
	int p2p, gfx;         /* 0 or 1: peer-to-peer, graphics */
	enum mig_basis basis; /* of the row's values; ASSUMED if any one was filled by rule */
	int n_ci;
	struct mig_ci_profile ci[MIG_CI_PROFILES_MAX]; /* by increasing compute_slices */
};

/* A number with its unit in the name of the member that holds it, and where it is from. */
struct mig_value {
	int64_t v; /* or MIG_UNKNOWN */
	enum mig_basis basis;
};

struct mig_gpu_type {
	char key[MIG_NAME_MAX];  /* what --gpu-type takes: "A100-SXM4-80GB" */
	char name[MIG_NAME_MAX]; /* what the driver calls it: "NVIDIA A100-SXM4-80GB" */
	char arch[MIG_NAME_MAX]; /* "Ampere" */
	int nvml_arch;           /* NVML_DEVICE_ARCH_* */
	int cc_major, cc_minor;  /* CUDA compute capability */
	int n_pci_ids;
	uint32_t pci_ids[MIG_PCI_IDS_MAX]; /* 0x20B210DE: device 20B2, vendor 10DE */
	/* What the driver calls the card of that PCI id, "" when nobody published it. Several
	 * cards may share a PCI id, and a type: the A800-SXM4-80GB is an A100-SXM4-80GB here. */
	char pci_names[MIG_PCI_IDS_MAX][MIG_NAME_MAX];
	int units;      /* placement units: 8, 4 or 12; like the next three
				  * MIG_UNKNOWN when the type has no profiles */
	int mem_slices; /* memory slices; an instance's share of memory is size / units */
	int compute_slices;
	int max_mig_devices;
	int mode_needs_reset;     /* 1: a MIG mode switch resets the GPU; or MIG_UNKNOWN */
	int mode_survives_reboot; /* 1: the MIG mode is kept over a reboot; or MIG_UNKNOWN */
	struct mig_value sm, mem_mib, bar1_mib, l2_kib, dram_mb_per_s, fp16_dense_gflop_per_s;
	bool is_assumed;      /* a value of a profile was filled by mig_gpu_type_assume() */
	enum mig_basis basis; /* DRIVER when read from one; otherwise the weakest of its rows */
	int n_profiles;
	struct mig_profile
		profiles[MIG_PROFILES_MAX]; /* by compute_slices, size, nvml_profile */
};

/**
 * mig_gpu_type_parse - read one file of the format of data/gpu/.
 * @text:	the file; @len bytes, need not end in NUL.
 * @name:	what to call it in messages: a path.
 * @ret:	written on success only. Large: keep it static or on the heap.
 *
 * Published values are taken as they are. Partial CI profiles whose SM count or starts
 * nobody published are filled by the rules of docs/CATALOG.md and marked ASSUMED;
 * every other gap stays MIG_UNKNOWN.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_gpu_type_parse(const char *text, size_t len, const char *name,
					    struct mig_gpu_type *ret, struct mig_error *err);

/** mig_profile_find - the profile of that name ("3g.40gb", "MIG 3g.40gb") or id ("9"), or NULL. */
MIG_API const struct mig_profile *mig_profile_find(const struct mig_gpu_type *type,
						   const char *name);

/** mig_ci_profile_find - the CI profile of that name or id in @gi, or NULL. */
MIG_API const struct mig_ci_profile *mig_ci_profile_find(const struct mig_profile *gi,
							 const char *name);

/** mig_ci_profile_default - the CI profile that covers the whole of @gi, or NULL. */
MIG_API const struct mig_ci_profile *mig_ci_profile_default(const struct mig_profile *gi);

/**
 * mig_gpu_type_gaps - what would have to be known to simulate this type.
 * @buf:	filled with one gap a line, "3g.90gb: sm, memory, copy engines"; cut at @len.
 *
 * Return: the number of values missing; 0 when every value that NVML's MIG calls return
 * is sourced.
 */
MIG_API int mig_gpu_type_gaps(const struct mig_gpu_type *type, char *buf, size_t len);

/**
 * mig_gpu_type_assume - fill every gap by the rule "per-slice" of docs/CATALOG.md.
 *
 * Sets is_assumed when anything was filled. What cannot be filled even so (no total
 * memory, no SM count of anything, no profiles) stays unknown and still shows in
 * mig_gpu_type_gaps().
 */
MIG_API void mig_gpu_type_assume(struct mig_gpu_type *type);

enum { MIG_ORIGIN_MAX = 160 }; /* bytes of an origin in words, with the final NUL */

/* How long it takes to change a GPU of some type. */
struct mig_timing {
	/* To make a GPU instance of so many compute slices with its compute instance, by the
	 * driver's call; MIG_UNKNOWN: not measured. Of a compute instance alone nobody tells. */
	int64_t create_ms[MIG_UNITS_MAX + 1];
	int64_t destroy_ms;
	enum mig_basis basis; /* of these; ASSUMED: they are another type's */
	int64_t switch_ms;    /* to switch MIG mode */
	enum mig_basis switch_basis;
	/* In words: "published: WHERE", "assumed: as H100". */
	char origin[MIG_ORIGIN_MAX], switch_origin[MIG_ORIGIN_MAX];
};

/**
 * mig_timing_find - what is published of a GPU type; of a type that nobody measured, what is
 * published of the one that data/timing.yaml says it counts as.
 * @key:	of the type.
 * @ret:	written on success only.
 *
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_timing_find(const char *key, struct mig_timing *ret,
					 struct mig_error *err);

/**
 * mig_timing_parse - the same, of the text of a file in the format of data/timing.yaml.
 * @name:	what to call it in messages.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_timing_parse(const char *text, size_t len, const char *name,
					  const char *key, struct mig_timing *ret,
					  struct mig_error *err);

/** mig_timing_create_ms - of a GPU instance of @slices, or what the next larger one takes that was
 *  measured; MIG_UNKNOWN: none was. */
MIG_API int64_t mig_timing_create_ms(const struct mig_timing *timing, int slices);

/* A collection of GPU types: the built-in ones, and files that override them by key. */
struct mig_catalog;

/**
 * mig_catalog_open - the built-in types, then every *.yaml of @dirs, later ones winning.
 * @dirs:	NULL-terminated list of folders; one that does not exist is skipped.
 * @ret:	written on success only; the caller closes it.
 *
 * Built-in types are parsed when they are first asked for, files at once.
 *
 * Errors: SYNTAX, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_catalog_open(const char *const *dirs, struct mig_catalog **ret,
					  struct mig_error *err);

/** mig_catalog_close - let go of it and of every type that it gave out; accepts NULL. */
MIG_API void mig_catalog_close(struct mig_catalog *cat);

/** mig_catalog_count - how many types there are. */
MIG_API int mig_catalog_count(const struct mig_catalog *cat);

/** mig_catalog_key - the key of type @i, in order of the files' names. Lives as long as @cat. */
MIG_API const char *mig_catalog_key(const struct mig_catalog *cat, int i);

/**
 * mig_catalog_find - the type with that key, or with that driver's name; case is ignored.
 * @ret:	borrowed; lives as long as @cat.
 *
 * Errors: NOENT - the message lists the nearest keys; SYNTAX, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_catalog_find(struct mig_catalog *cat, const char *key,
					  const struct mig_gpu_type **ret,
					  struct mig_error *err);

/** mig_catalog_find_pci - the type of a PCI id (0x20B210DE), or NULL. Borrowed. */
MIG_API const struct mig_gpu_type *mig_catalog_find_pci(struct mig_catalog *cat,
							uint32_t pci_id);

#endif
