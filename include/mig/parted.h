/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mig-parted reads and writes beside partition files, which are in <mig/config.h>: hooks
 * files and checkpoint files.
 */
#ifndef MIG_PARTED_H
#define MIG_PARTED_H

#include <stdbool.h>
#include <stddef.h>

#include <mig/catalog.h>
#include <mig/error.h>
#include <mig/geometry.h>

/*
 * Hooks files: commands that are to run around a change, in mig-parted's format.
 *
 *	version: v1
 *	hooks:
 *	  pre-apply-config:
 *	  - command: /usr/bin/systemctl
 *	    args: [stop, dcgm]
 *	    envs: {LANG: C}
 *	    workdir: /
 *
 * mig-parted passes over keys and names of hooks that it does not know; here they are refused.
 */
enum mig_hook_point {
	MIG_HOOK_APPLY_START,      /* before anything else */
	MIG_HOOK_PRE_APPLY_MODE,   /* a MIG mode is about to be switched */
	MIG_HOOK_PRE_APPLY_CONFIG, /* instances are about to be destroyed or made */
	MIG_HOOK_APPLY_EXIT,       /* at the end, whatever the end is */
	MIG_N_HOOK_POINTS
};

struct mig_hook {
	unsigned line;
	size_t n_args;
	const char *const *argv; /* the command, its n_args arguments, NULL */
	size_t n_envs;
	const char *const *envs; /* "NAME=value", then NULL */
	const char *workdir;     /* or NULL */
};

/* A hooks file. Everything it points to is its own and lives as long as it does. */
struct mig_hooks {
	const char *name; /* what messages call it */
	size_t n[MIG_N_HOOK_POINTS];
	const struct mig_hook *of[MIG_N_HOOK_POINTS]; /* in the order of the file */
	struct arena *memory;                         /* private: all of it */
};

/** mig_hook_point_name - "apply-start". Static; never NULL. */
MIG_API const char *mig_hook_point_name(enum mig_hook_point point);

/**
 * mig_hooks_parse - read a hooks file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_hooks_free().
 *
 * Whether a command exists is asked when it is run.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/hooks/v1.
 */
MIG_API MIG_MUST_USE int mig_hooks_parse(const char *text, size_t len, const char *name,
					 struct mig_hooks **ret, struct mig_error *err);

/** mig_hooks_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_hooks_read(const char *path, struct mig_hooks **ret,
					struct mig_error *err);

/** mig_hooks_free - NULL is accepted. */
MIG_API void mig_hooks_free(struct mig_hooks *hooks);

/*
 * Checkpoint files: how the GPUs of a machine are cut, with the place of every GPU instance, as
 * mig-parted's checkpoint writes it and its restore reads it (JSON; version v1):
 *
 *	{"Version": "v1", "MigState": {"Devices": [{
 *	  "UUID": "GPU-…", "MigMode": 1, "GpuInstances": [{
 *	    "ProfileID": 2, "Placement": {"Start": 4, "Size": 4}, "ComputeInstances": [{
 *	      "ProfileID": 2, "EngProfileID": 0}]}]}]}}
 *
 * A ProfileID is the number that NVML is asked by (NVML_GPU_INSTANCE_PROFILE_*,
 * NVML_COMPUTE_INSTANCE_PROFILE_*), not the id that nvidia-smi prints.
 */
struct mig_checkpoint_gi {
	unsigned line;
	int nvml_profile;
	int start, size; /* placement units */
	size_t n_cis;
	const int *cis; /* their NVML profiles, in order of creation */
};

struct mig_checkpoint_gpu {
	unsigned line;
	const char *uuid;
	bool mig_enabled;
	size_t n_gis; /* 0 unless mig_enabled */
	const struct mig_checkpoint_gi *gis;
};

/* A checkpoint file. Everything it points to is its own and lives as long as it does. */
struct mig_checkpoint {
	const char *name; /* what messages call it */
	size_t n_gpus;
	const struct mig_checkpoint_gpu *gpus; /* each UUID once */
	struct arena *memory;                  /* private: all of it */
};

/**
 * mig_checkpoint_parse - read a checkpoint file, all of it or none.
 * @ret:	written on success only; the caller frees it with mig_checkpoint_free().
 *
 * Whether a GPU can be cut so is asked by mig_checkpoint_request().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/checkpoint/v1 and pkg/types.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_parse(const char *text, size_t len, const char *name,
					      struct mig_checkpoint **ret,
					      struct mig_error *err);

/** mig_checkpoint_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL. */
MIG_API MIG_MUST_USE int mig_checkpoint_read(const char *path, struct mig_checkpoint **ret,
					     struct mig_error *err);

/** mig_checkpoint_free - NULL is accepted. */
MIG_API void mig_checkpoint_free(struct mig_checkpoint *cp);

/**
 * mig_checkpoint_request - what a checkpoint wants of one GPU, every start told.
 * @gpu:	of @cp.
 * @type:	what that GPU is; borrowed by the answer.
 * @ret:	empty with MIG off; written on success only.
 *
 * Errors, all beginning "NAME:LINE: ": NOENT - the type has no such profile; NOSPACE - it cannot
 * stand there, or not all of it can stand together.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_request(const struct mig_checkpoint *cp,
						const struct mig_checkpoint_gpu *gpu,
						const struct mig_gpu_type *type,
						struct mig_request *ret, struct mig_error *err);

/* One GPU that can do MIG, as it is now. */
struct mig_checkpoint_present {
	const char *uuid;
	bool mig_enabled;
	struct mig_request have; /* every start told; those of one profile by rising id */
};

/**
 * mig_checkpoint_write - what stands as the text of a checkpoint file, in mig-parted's order.
 * @gpus:	@n GPUs.
 * @ret:	NUL-terminated, one line without a newline, as there; written on success only; the
 *		caller frees it.
 *
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_write(const struct mig_checkpoint_present *gpus,
					      size_t n, char **ret, struct mig_error *err);

#endif
