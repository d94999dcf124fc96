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
 * looked at, and a process on it is a refusal that names it. So is one on a GPU whose mode is to be
 * switched, unless the driver may keep the switch for a reset, and that is wanted.
 */
#ifndef MIG_MANAGE_H
#define MIG_MANAGE_H

#include <mig/device.h>
#include <mig/geometry.h>
#include <mig/record.h>
#include <mig/who.h>

enum mig_step_kind {
	MIG_STEP_CI_DESTROY,
	MIG_STEP_GI_DESTROY,
	MIG_STEP_MODE,
	MIG_STEP_RESET,
	MIG_STEP_GI_CREATE,
	MIG_STEP_CI_CREATE,
};

/* What mig_change_run() came to with a step. */
enum mig_step_outcome {
	MIG_STEP_NOT_BEGUN,
	MIG_STEP_DONE,
	MIG_STEP_UNDONE,
	MIG_STEP_FAILED, /* the driver refused it, or keeps it pending: it took no effect */
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
	enum mig_step_outcome outcome;
};

/* What a change does to one GPU. */
struct mig_gpu_change {
	bool is_named; /* false: nobody asked anything of this GPU; it is untouched */
	bool is_whole; /* all that it shall have was said: what was not is given up, names too */
	unsigned mode; /* the MIG mode it has afterwards */
	/* MIG devices; a GPU instance without compute instances counts as one of them. */
	int n_kept, n_created, n_destroyed;
	int n_disturbed; /* wanted afterwards and there before, but destroyed on the way */
	int rc;          /* what mig_change_run() came to: 0, or the negative code of @err */
	bool is_pending; /* its mode switch waits for a reset; what was done before it stays done */
	struct mig_error err;
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
 * PERM - the GPU is_partial; NVML - it is_lost; NOMEM.
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

/* What of a wish can be had without disturbing anything held. */
struct mig_nearest {
	struct mig_wanted wanted; /* all that is held, and of the wish the most that can stand
				   * beside it; each GPU instance with its place */
	struct mig_request left_out; /* of the wish */
	int n_devices;               /* MIG devices of the wish that are in @wanted */
};

/**
 * mig_change_nearest - the most of what is wanted that can stand beside what is held.
 * @wanted:	with mode MIG_WANT_ON.
 * @hints:	who holds what; of two ways that are as good, that is taken which disturbs less.
 * @ret:	written on success only.
 *
 * The most is first the number of MIG devices of the wish, then the placement units of their
 * GPU instances, then what was asked for first. What is held and no part of the wish is in
 * the answer all the same, or it would go: mig_change_make() of the answer destroys nothing
 * that is held. A GPU instance that is held may serve a part of a want, with those of its compute
 * instances that fit beside the held ones; any other is in the answer whole, or left out.
 *
 * Errors: as mig_change_make(); UNSUPPORTED - an instance is held whose profile nobody knows.
 */
MIG_API MIG_MUST_USE int mig_change_nearest(const struct mig_snapshot *snap, int gpu,
					    const struct mig_wanted *wanted,
					    const struct mig_change_hints *hints,
					    struct mig_nearest *ret, struct mig_error *err);

/** mig_nearest_format - "3g.40gb@0 1g.10gb@4, without 2x1g.10gb" into @buf; returns @buf. The
 *  words before the comma are read by mig_request_add(). */
MIG_API const char *mig_nearest_format(const struct mig_nearest *nearest, char *buf,
				       size_t len);

/**
 * mig_change_create - steps that put a request beside what a GPU has now.
 * @names:	of the request's compute instances; may be NULL.
 *
 * Errors: NOSPACE - says what stands in the way; PENDING, UNSUPPORTED - the GPU is not in
 * MIG mode; PERM, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_change_create(const struct mig_snapshot *snap, int gpu,
					   const struct mig_request *request,
					   const struct mig_want_names *names,
					   struct mig_change *ret, struct mig_error *err);

/**
 * mig_change_destroy - steps that take instances out.
 * @refs:	@n of them: a GPU (all its instances), a GPU instance, or a compute instance
 *		(with its GPU instance when it is the last one there).
 * @keep_gi:	no GPU instance goes: of those that are named, only the compute instances in them.
 */
MIG_API MIG_MUST_USE int mig_change_destroy(const struct mig_snapshot *snap,
					    const struct mig_ref *refs, int n, bool keep_gi,
					    struct mig_change *ret, struct mig_error *err);

/* A name that leaves an instance which stays, for another. */
struct mig_name_move {
	int name;            /* index into the change's names */
	struct mig_ref from; /* what loses it: indices into the snapshot */
	bool is_said;        /* that GPU is_whole: somebody wants the name to leave */
};

/**
 * mig_change_moves - the names that a change takes from instances that stay.
 * @rec:	of the machine, as of mig_record_read().
 * @ret:	room for one for each of the change's names.
 *
 * Return: how many.
 */
MIG_API int mig_change_moves(const struct mig_snapshot *snap, const struct mig_change *change,
			     const struct mig_home *home, const struct mig_record *rec,
			     struct mig_name_move *ret);

/**
 * mig_change_check_names - may the names be given? mig_change_run() asks for itself.
 * @who:	as in struct mig_run_options.
 *
 * A name leaves an instance that stays only where all of that GPU was said, and nobody holds it.
 * Errors: EXIST - it says which instance has the name; BUSY - somebody holds that; NVML.
 */
MIG_API MIG_MUST_USE int mig_change_check_names(
	struct mig_machine *machine, const struct mig_snapshot *snap,
	const struct mig_change *change, const struct mig_home *home,
	const struct mig_record *rec, const struct mig_who *who, struct mig_error *err);

/**
 * mig_change_check_missing - may this GPU be changed in part, or is its layout on record missing?
 * mig_change_run() asks for itself.
 *
 * A change of some instances would put on record what it leaves, and what a reboot took could not
 * be brought back any more. What says all that the GPU shall have, and brings back what is on
 * record, may be made.
 * Errors: as mig_record_check_missing().
 */
MIG_API MIG_MUST_USE int mig_change_check_missing(const struct mig_snapshot *snap,
						  const struct mig_change *change,
						  const struct mig_home *home,
						  const struct mig_record *rec, int gpu,
						  struct mig_error *err);

/**
 * mig_change_again - the step that destroys a MIG device as this one makes it.
 * @step:	index of a step that makes a compute instance, or a GPU instance without any.
 *
 * Of each kind (profile, CI profile) the first that comes on a GPU is the first that goes there,
 * and so on. Return: the index of that step; -1 where none goes that is left, or nothing is made.
 */
MIG_API int mig_change_again(const struct mig_change *change, int step);

/* When a step would begin and end, in seconds from the beginning of the change. */
struct mig_step_time {
	double begin_s, end_s;
	bool is_known; /* false: nobody knows how long it takes; it counts as nothing */
};

/**
 * mig_change_times - when each step would be, by what mig_timing_find() has of the GPU types.
 * @ret:	one for each step.
 *
 * The steps of a GPU go one after another, those of several GPUs at the same time. Compute
 * instances are counted in with the GPU instance that they come and go with; in one that stays
 * nobody knows their time.
 *
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_change_times(const struct mig_snapshot *snap,
					  const struct mig_change *change,
					  struct mig_step_time *ret, struct mig_error *err);

/** mig_change_away_s - the seconds between the going of a MIG device and the coming of this one
 *  of its kind: 0 when it comes first, or when mig_change_again() finds none. */
MIG_API double mig_change_away_s(const struct mig_change *change,
				 const struct mig_step_time *times, int step);

/** mig_step_kind_name - "ci_destroy", "gi_create", as in JSON; NULL beyond the last. Static. */
MIG_API const char *mig_step_kind_name(int kind);

/** mig_step_format - a step in words, "GPU 0: create 3g.40gb@4". Returns @buf. */
MIG_API const char *mig_step_format(const struct mig_snapshot *snap,
				    const struct mig_step *step, char *buf, size_t len);

struct mig_run_options {
	/* Called before each step, and before each step that is undone, by one thread at a time. May
	 * be NULL. */
	void (*on_step)(const struct mig_snapshot *snap, const struct mig_step *step,
			bool is_undo, void *arg);
	/* Resets a GPU, for RESET steps; NULL: they fail with UNSUPPORTED. */
	int (*reset)(const struct mig_gpu *gpu, void *arg, struct mig_error *err);
	void *arg;
	/* A mode switch that has to wait for a reset stays pending instead of being undone. */
	bool keep_pending;
	/* Each GPU stands for itself: one that fails is undone, and does not keep the others from
	 * their change. Otherwise all are changed, or none. */
	bool is_independent;
	/* Where the journal and the record are kept; NULL: a change leaves no trace, and one that is
	 * cut short cannot be recovered. */
	const struct mig_home *home;
	const char *verb; /* with @home: what the record calls the change, "apply" */
	int64_t time_s;   /* with @home: now, since 1970 */
	/* With @home: it brings back what is on record, or is a part of a change: none to be undone. */
	bool is_renewal;
	/* With @home: 0, or the number on record of the change that this one goes on with: together
	 * they are undone. Filled with the number that it has. May be NULL. */
	uint64_t *number;
	/* With @home: what the change began with, where MIG was switched on since, for its sake, by a
	 * renewal; same GPUs. */
	const struct mig_snapshot *before;
	/* Who holds what, asked just before: claims, allocations, and who has device files open. The
	 * driver is asked for its processes in any case. May be NULL. */
	const struct mig_who *who;
	/* Filled with the machine afterwards, on success, where a switch stays pending, and with
	 * is_independent once any GPU was changed or tried; mig_snapshot_free() it. May be NULL. */
	struct mig_snapshot *ret_after;
};

/**
 * mig_change_run - run a change.
 * @snap:	the snapshot that it was made from.
 * @opt:	may be NULL.
 *
 * GPUs are changed at the same time, the steps of one in their order. Where all or none is, no step
 * is begun once one has failed. With @opt->home all of it
 * is written down before the first step, and what came of it at the end; see mig_recover().
 * What came of each GPU is in @change->gpus, if it has them.
 *
 * Errors: BUSY - something is held: named, and nothing was changed. EXIST - a name is that of an
 * instance that stays, and STALE - instances on record are missing since a reboot: nothing was
 * changed. NOENT - another tool took
 * away or replaced what was to go: nothing was changed. UNFINISHED - an earlier change is, and
 * PERM, IO - it cannot be written down: nothing was changed. PENDING - a mode switch waits for a
 * reset; it and the steps before it were undone, or stay as they are with keep_pending.
 * UNSUPPORTED - with MIG on the driver lacks a profile that the catalog describes; undone. The
 * driver's refusal of a step, after the steps before it were undone. HALFDONE - some steps
 * could not be undone: the message names them; all others were. With is_independent the error is
 * the first GPU's that failed, and says how many others did, and how many were changed.
 */
MIG_API MIG_MUST_USE int mig_change_run(struct mig_machine *machine,
					const struct mig_snapshot *snap,
					struct mig_change *change,
					const struct mig_run_options *opt,
					struct mig_error *err);

/**
 * mig_check_free - refuse if somebody holds anything of a GPU (gi -1), a GPU instance (ci -1)
 * or a compute instance; who does is named, with the way to make them let go where one is known.
 * @who:	who else holds what, beside the processes that the driver lists now; or NULL.
 * Errors: BUSY, NVML.
 */
MIG_API MIG_MUST_USE int mig_check_free(struct mig_machine *machine, const struct mig_gpu *gpu,
					int gi, int ci, const struct mig_who *who,
					struct mig_error *err);

/*
 * Ending a change that was cut short: its process was killed, or a step of it could not be
 * undone. Until then no other change is begun.
 *
 * The driver is believed about what exists, the journal only about what was meant. What is
 * there and was neither there before nor made by the change is another tool's: then nothing is
 * touched. Where the machine was started anew since, the instances are gone, and what is wanted
 * is the record's last layout.
 */

/* A change that is not finished. */
struct mig_unfinished {
	char verb[32];
	int64_t pid;        /* of whoever began it */
	bool is_running;    /* and is still at it */
	bool is_other_boot; /* the machine was started anew since */
	int n_steps, n_done;
	int n_left; /* of its GPUs, where a recovery has ended the others: they were not here */
	char left[MIG_UUID_MAX]; /* the first of them */
};

/**
 * mig_unfinished_look - is a change unfinished?
 *
 * Return: 1 and @ret, or 0. Errors: SYNTAX - the journal is damaged; MACHINE - it is another
 * machine's; PERM, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_unfinished_look(const struct mig_home *home,
					     struct mig_unfinished *ret, struct mig_error *err);

enum mig_recover_way {
	MIG_RECOVER_EITHER, /* back, or forth where somebody holds what would go */
	MIG_RECOVER_BACK,
	MIG_RECOVER_FORTH,
	MIG_RECOVER_FORGET, /* leave all as it is, and the journal behind */
};

struct mig_recover_options {
	enum mig_recover_way way;
	int64_t time_s; /* now, since 1970 */
	/* As in struct mig_run_options. */
	const struct mig_who *who;
	void (*on_step)(const struct mig_snapshot *snap, const struct mig_step *step,
			bool is_undo, void *arg);
	int (*reset)(const struct mig_gpu *gpu, void *arg, struct mig_error *err);
	void *arg;
};

enum mig_recovered_way {
	MIG_RECOVERED_DONE, /* all its steps had been done */
	MIG_RECOVERED_BACK,
	MIG_RECOVERED_FORTH,
};

struct mig_recovered_gpu {
	bool is_concerned; /* the change was about it */
	enum mig_recovered_way way;
	int rc; /* private */
};

struct mig_recovered {
	bool was_unfinished; /* false: there was nothing to do */
	bool is_other_boot;  /* all its instances are gone; nothing else was done */
	char verb[32];       /* of the change */
	int n_gpus;
	struct mig_recovered_gpu *gpus; /* by index */
	int n_left; /* GPUs of it that are not here: the change of them is unfinished still */
	char (*left)[MIG_UUID_MAX]; /* their UUIDs */
};

/**
 * mig_recover - end a change that was cut short.
 * @opt:	may be NULL.
 * @ret:	written on success only; mig_recovered_free() it.
 *
 * Each GPU goes back to the layout before the change, unless all its steps had been done, or all
 * go back where the change was all or none. Nothing that is held is destroyed. A GPU that is not
 * here, as when it fell off the bus, is left for a later recovery, and the others are ended.
 *
 * Errors: BUSY - the change is still being made, or somebody holds what would have to go, both
 * ways; UNFINISHED - another tool was here meanwhile: it says what it did, or a GPU is not here and
 * the change was all or none, or of no other: nothing was touched; PERM, IO - the journal cannot be
 * written or removed; and those of mig_change_run(). The change is
 * unfinished still then, and it can be tried again.
 */
MIG_API MIG_MUST_USE int mig_recover(struct mig_machine *machine, const struct mig_home *home,
				     const struct mig_recover_options *opt,
				     struct mig_recovered *ret, struct mig_error *err);

/** mig_recovered_free - NULL and an empty one are accepted. */
MIG_API void mig_recovered_free(struct mig_recovered *recovered);

#endif
