/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a machine: a change is a list of steps, made from a snapshot as a value, looked
 * at, and then run.
 *
 *	snapshot + what is wanted  ->  struct mig_change  ->  mig_change_run()
 *
 * Each step is one call that changes the driver; all go through one function, which checks
 * afterwards that the driver has it so. When a step fails, the steps before it are undone
 * in reverse, and the machine is as it was.
 *
 * Nothing that is held is destroyed: before the first step, every instance that would go is
 * looked at, and a process on it is a refusal that names it.
 */
#ifndef MIG_MANAGE_H
#define MIG_MANAGE_H

#include <mig/device.h>
#include <mig/geometry.h>

enum mig_step_kind {
	MIG_STEP_CI_DESTROY,
	MIG_STEP_GI_DESTROY,
	MIG_STEP_MODE,
	MIG_STEP_RESET,
	MIG_STEP_GI_CREATE,
	MIG_STEP_CI_CREATE,
};

struct mig_step {
	enum mig_step_kind kind;
	int gpu;            /* index into the snapshot's gpus */
	unsigned mode;      /* MODE: 0 or 1 */
	int profile, start; /* of the GPU instance */
	int gi;             /* its id; -1 before a GI_CREATE was run */
	int owner; /* CI steps: index of the step that makes or unmakes the GI, or -1 */
	int ci_profile, ci_start; /* of the compute instance; start -1: the driver chooses */
	int ci;                   /* its id; -1 before a CI_CREATE was run */
};

/* What a change does to one GPU. */
struct mig_gpu_change {
	bool is_named; /* false: nobody asked anything of this GPU; it is untouched */
	unsigned mode; /* the MIG mode it has afterwards */
	/* MIG devices; a GPU instance without compute instances counts as one of them. */
	int n_kept, n_created, n_destroyed;
	int n_disturbed; /* wanted afterwards and there before, but destroyed on the way */
};

/* A name that a compute instance bears after a change. */
struct mig_change_name {
	int gpu;    /* index into the snapshot's gpus */
	int step;   /* index of the CI_CREATE that makes it, or -1: it is kept */
	int gi, ci; /* indices into the snapshot, of one that is kept; else -1 */
	char name[MIG_INSTANCE_NAME_MAX];
};

struct mig_change {
	int n_steps, room;
	struct mig_step *steps; /* in the order of running */
	int n_gpus;
	struct mig_gpu_change *gpus; /* one for each of the snapshot's */
	int n_names;
	struct mig_change_name *names; /* of the GPUs with MIG_WANT_ON */
};

/** mig_change_free - release a change; NULL and an empty one are accepted. */
MIG_API void mig_change_free(struct mig_change *change);

/* What somebody wants of one GPU. */
enum mig_want_mode {
	MIG_WANT_UNTOUCHED, /* not named */
	MIG_WANT_OFF,       /* MIG mode off, so no instances */
	MIG_WANT_ON,        /* MIG mode on, and just the instances of the request */
	MIG_WANT_MODE,      /* MIG mode on, whatever instances there are */
};

struct mig_wanted {
	enum mig_want_mode mode;
	struct mig_request request;  /* for MIG_WANT_ON */
	struct mig_want_names names; /* of its compute instances; those left out have none */
};

/* A compute instance that stands and has a valid name: indices into the snapshot. */
struct mig_named {
	int gpu, gi, ci;
	char name[MIG_INSTANCE_NAME_MAX];
};

/* What is known of the instances that stand, beyond the snapshot. */
struct mig_change_hints {
	const struct mig_holder *holders; /* as of mig_holders() */
	int n_holders;
	const struct mig_named *named;
	int n_named;
};

/**
 * mig_change_make - the fewest steps from a snapshot to what is wanted.
 * @wanted:	one for each of the snapshot's GPUs.
 * @hints:	who holds what, and what has a name; may be NULL.
 * @ret:	written on success only; mig_change_free() it.
 *
 * Of all ways to serve the request, that one is taken which keeps the most of what is held
 * (what is held and cannot be kept, mig_change_run() refuses to destroy); of these, which keeps
 * the most named instances for the wants of their names; of these, which disturbs the fewest
 * MIG devices; and of these, which keeps the most GPU instances. What stays is not touched:
 * compute instances come and go inside it. What must be made is placed as by
 * mig_request_place() beside what stays.
 *
 * The steps of a GPU: mode; what goes and comes inside GPU instances that stay; then each GPU
 * instance that is made, as soon as there is room for it, what is in its way going just before;
 * and last what goes without being in anybody's way. A name goes to the compute instance that
 * serves the want of that name; one that is kept for a want without a name keeps its own,
 * unless that is wanted elsewhere.
 *
 * Errors: NOSPACE - the request fits no empty GPU either, or the compute instances of one item
 * do not fit into it; INVAL - it is of another GPU type, or a name stands twice or for nothing;
 * UNSUPPORTED - the GPU has no MIG, or its profiles are not known and instances are wanted;
 * PERM - the GPU is_partial; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_change_make(const struct mig_snapshot *snap,
					 const struct mig_wanted *wanted,
					 const struct mig_change_hints *hints,
					 struct mig_change *ret, struct mig_error *err);

/** mig_change_make_one - the same where something is wanted of one GPU only. */
MIG_API MIG_MUST_USE int mig_change_make_one(const struct mig_snapshot *snap, int gpu,
					     const struct mig_wanted *wanted,
					     const struct mig_change_hints *hints,
					     struct mig_change *ret, struct mig_error *err);

/**
 * mig_change_create - steps that put a request beside what a GPU has now.
 *
 * Errors: NOSPACE - says what stands in the way; PENDING, UNSUPPORTED - the GPU is not in
 * MIG mode; PERM, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_change_create(const struct mig_snapshot *snap, int gpu,
					   const struct mig_request *request,
					   struct mig_change *ret, struct mig_error *err);

/**
 * mig_change_destroy - steps that take instances out.
 * @refs:	@n of them: a GPU (all its instances), a GPU instance, or a compute instance
 *		(with its GPU instance when it is the last one there and @keep_gi is false).
 */
MIG_API MIG_MUST_USE int mig_change_destroy(const struct mig_snapshot *snap,
					    const struct mig_ref *refs, int n, bool keep_gi,
					    struct mig_change *ret, struct mig_error *err);

/**
 * mig_change_again - the step that destroys a MIG device as this one makes it.
 * @step:	index of a step that makes a compute instance, or a GPU instance without any.
 *
 * Of each kind (profile, CI profile) the first that comes on a GPU is the first that goes there,
 * and so on. Return: the index of that step; -1 where none goes that is left, or nothing is made.
 */
MIG_API int mig_change_again(const struct mig_change *change, int step);

/** mig_step_format - a step in words, "GPU 0: create 3g.40gb@4". Returns @buf. */
MIG_API const char *mig_step_format(const struct mig_snapshot *snap,
				    const struct mig_step *step, char *buf, size_t len);

struct mig_run_options {
	/* Called before each step, and before each step that is undone. May be NULL. */
	void (*on_step)(const struct mig_snapshot *snap, const struct mig_step *step,
			bool is_undo, void *arg);
	/* Resets a GPU, for RESET steps; NULL: they fail with UNSUPPORTED. */
	int (*reset)(const struct mig_gpu *gpu, void *arg, struct mig_error *err);
	void *arg;
	/* A mode switch that has to wait for a reset stays pending instead of being undone. */
	bool keep_pending;
};

/**
 * mig_change_run - run a change.
 * @snap:	the snapshot that it was made from.
 * @opt:	may be NULL.
 *
 * Errors: BUSY - something is held: named, and nothing was changed. NOENT - another tool took
 * away or replaced what was to go: nothing was changed. PENDING - a mode switch waits for a
 * reset; it and the steps before it were undone, or stay as they are with keep_pending.
 * UNSUPPORTED - with MIG on the driver lacks a profile that the catalog describes; undone. The
 * driver's refusal of a step, after the steps before it were undone. HALFDONE - some steps
 * could not be undone: the message names them; all others were.
 */
MIG_API MIG_MUST_USE int mig_change_run(struct mig_machine *machine,
					const struct mig_snapshot *snap,
					struct mig_change *change,
					const struct mig_run_options *opt,
					struct mig_error *err);

/**
 * mig_check_free - refuse if a process holds anything of a GPU (gi -1), a GPU instance (ci -1)
 * or a compute instance; what is refused is named.
 * Errors: BUSY, NVML.
 */
MIG_API MIG_MUST_USE int mig_check_free(struct mig_machine *machine, const struct mig_gpu *gpu,
					int gi, int ci, struct mig_error *err);

#endif
