/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a machine over reboots: the layout that the last change left, the one before
 * it, the names of instances, and how often migctl made an instance at each place.
 *
 *	home.keep/record	replaced whole when a change is done, and synced once
 *	home.run/journal	of a change on its way; see <mig/manage.h>
 *
 * A record belongs to one machine and says which; another machine's is refused. It is what
 * somebody wanted and what was there when they had it, never what is there now: that only the
 * driver knows.
 *
 * A name binds {GPU, profile, place, compute instance, UUID, how often migctl had made one at
 * that place}. A UUID alone is no proof: it follows from the GPU and the ids, and a 1c.3g.40gb
 * made where a 3g.40gb was has the same one. Where anything of a binding differs the name is
 * stale, and is refused. Drivers before R460 do not tell where a compute instance is in its GPU
 * instance: there the id stands for its place.
 */
#ifndef MIG_RECORD_H
#define MIG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/device.h>
#include <mig/geometry.h>

enum {
	MIG_ID_MAX = 64,          /* bytes of a machine's or a boot's id, with the final NUL */
	MIG_RECORD_GONE_MAX = 64, /* instances that went and are remembered, at most */
};

/* Where what is known of one machine is kept, and which machine that is. */
struct mig_home {
	char run[1024];  /* journal, lock, claims; on hardware gone after a reboot */
	char keep[1024]; /* the record; may be the same folder */
	bool is_simulated;
	char machine[MIG_NAME_MAX]; /* its name, for people */
	char id[MIG_ID_MAX];        /* never that of another machine */
	char boot[MIG_ID_MAX];      /* of this boot of it; instances die with it */
};

struct mig_record_ci {
	int id;
	char profile[MIG_NAME_MAX]; /* of the compute instance: "1c.3g.40gb" */
	int start;                  /* compute slice of the GPU instance, or -1: not known */
	char uuid[MIG_UUID_MAX];    /* of the MIG device; "" when not known */
	char name[MIG_INSTANCE_NAME_MAX]; /* "" for none */
	uint64_t n_made; /* how often migctl had made one here; 0: another tool made this one */
};

struct mig_record_gi {
	int id;
	char profile[MIG_NAME_MAX];
	int start; /* placement unit */
	int n_cis;
	struct mig_record_ci cis[MIG_CIS_MAX]; /* by id */
};

struct mig_record_gpu {
	char uuid[MIG_UUID_MAX];
	char boot[MIG_ID_MAX]; /* which boot of the machine it was recorded in */
	unsigned mode;         /* 0 or 1 */
	int n_gis;
	struct mig_record_gi gis[MIG_GIS_MAX]; /* by start */
};

/* How often migctl made a compute instance at one place. */
struct mig_record_count {
	char gpu[MIG_UUID_MAX];
	int gi_start,
		ci_start; /* -1 less the id of the compute instance where that is not known */
	uint64_t n;
};

/* An instance that migctl destroyed. */
struct mig_record_gone {
	char gpu[MIG_UUID_MAX], uuid[MIG_UUID_MAX];
	char gi_profile[MIG_NAME_MAX], ci_profile[MIG_NAME_MAX];
	int gi_start, ci_start;
	char name[MIG_INSTANCE_NAME_MAX];
	uint64_t change; /* the number of the change that it went with */
	int64_t time_s;  /* when, since 1970 */
};

struct mig_record {
	uint64_t n_written; /* how often it was written, before it was read */
	uint64_t n_changes; /* how many were recorded; the number of the last */
	int64_t time_s;     /* when the last was, since 1970 */
	char verb[32];      /* of the last: "apply" */
	int n_gpus;
	struct mig_record_gpu *gpus; /* as the last change of each left it */
	int n_before;
	struct mig_record_gpu *before; /* those that the last change changed, before it */
	int n_counts;
	struct mig_record_count *counts;
	int n_gone;
	struct mig_record_gone *gone; /* the newest first */
};

/**
 * mig_home_of - where what is known of an open machine is kept.
 *
 * Hardware: /run/migctl and /var/lib/migctl, the machine known by /etc/machine-id (or, without
 * one, by its host name), the boot by the kernel's boot_id; all of them below the machine's root.
 * A simulated machine has one folder, an id, and counts its boots.
 *
 * Errors: IO - the kernel's boot_id cannot be read; INVAL - a path is too long.
 */
MIG_API MIG_MUST_USE int mig_home_of(struct mig_machine *machine,
				     const struct mig_snapshot *snap, struct mig_home *ret,
				     struct mig_error *err);

/**
 * mig_record_read - the record of a machine; an empty one where there is none yet.
 * @ret:	written on success only; mig_record_free() it.
 *
 * Errors: MACHINE - it is another machine's; SYNTAX - it is damaged; both name the file and the
 * way out. PERM, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_record_read(const struct mig_home *home, struct mig_record *ret,
					 struct mig_error *err);

/** mig_record_read_names - the same for its names, and for mig_record_missing(), and quicker: without
 *  what went before the last change, and empty where nothing has a name and nothing can be missing. */
MIG_API MIG_MUST_USE int mig_record_read_names(const struct mig_home *home,
					       struct mig_record *ret, struct mig_error *err);

/** mig_record_parse - the same of a text of @len bytes, which messages call @where. */
MIG_API MIG_MUST_USE int mig_record_parse(const char *text, size_t len, const char *where,
					  const struct mig_home *home, struct mig_record *ret,
					  struct mig_error *err);

/** mig_record_free - NULL and an empty one are accepted. */
MIG_API void mig_record_free(struct mig_record *rec);

/** mig_record_write - make @rec the machine's record: all of it or none, and synced.
 *  Errors: PERM, IO, NOMEM. */
MIG_API MIG_MUST_USE int mig_record_write(const struct mig_home *home,
					  const struct mig_record *rec, struct mig_error *err);

/** mig_record_gpu - what the record has of the GPU of that UUID, or NULL. */
MIG_API const struct mig_record_gpu *mig_record_gpu(const struct mig_record *rec,
						    const char *uuid);

/**
 * mig_record_forget - take a GPU out, as when another was put in its place: its layout and names, and
 * what it was before the last change, which is no longer undone of it.
 *
 * How often instances were made on it stays, so that a name given later is never that of an older
 * instance; and so does which went, for mig_record_was().
 * Return: was it on record?
 */
MIG_API bool mig_record_forget(struct mig_record *rec, const char *uuid);

/** mig_record_gpu_of - a GPU of a snapshot as it would be recorded, without names and boot. */
MIG_API void mig_record_gpu_of(const struct mig_gpu *gpu, struct mig_record_gpu *ret);

/** mig_record_is_same - is a GPU as it was recorded: mode, places, profiles and UUIDs? */
MIG_API bool mig_record_is_same(const struct mig_record_gpu *rec, const struct mig_gpu *gpu);

/**
 * mig_record_missing - the GPU instances on record that a reboot took, and nobody brought back.
 *
 * Those that stand as they are on record are not counted; nor are any of a GPU that is lost, or of
 * which the driver does not tell all.
 * Return: how many.
 */
MIG_API int mig_record_missing(const struct mig_record *rec, const struct mig_home *home,
			       const struct mig_gpu *gpu);

/** mig_record_check_missing - errors: STALE - some are; the message says how many, and the ways out. */
MIG_API MIG_MUST_USE int mig_record_check_missing(const struct mig_record *rec,
						  const struct mig_home *home,
						  const struct mig_gpu *gpu,
						  struct mig_error *err);

/**
 * mig_record_request - what would bring a recorded layout back, every start included.
 * @type:	of the GPU now.
 * @ret_names:	the names of it; may be NULL.
 *
 * Errors: NOENT - the type has no such profile (any more): the message names it.
 */
MIG_API MIG_MUST_USE int mig_record_request(const struct mig_record_gpu *rec,
					    const struct mig_gpu_type *type,
					    struct mig_request *ret,
					    struct mig_want_names *ret_names,
					    struct mig_error *err);

/* What a record knows of a compute instance that stands. */
enum mig_record_knows {
	MIG_RECORD_NOTHING, /* another tool made it, or nobody knows who: unverified */
	MIG_RECORD_MADE,    /* migctl made it, and it is the one that is recorded */
	MIG_RECORD_STALE,   /* its place is recorded, with something else on it */
};

/**
 * mig_record_look - what the record knows of a compute instance.
 * @ref:	a compute instance of @snap.
 * @ret:	the recorded one at that place, or NULL; may be NULL itself. Lives as long as @rec.
 */
MIG_API enum mig_record_knows mig_record_look(const struct mig_record *rec,
					      const struct mig_home *home,
					      const struct mig_snapshot *snap,
					      const struct mig_ref *ref,
					      const struct mig_record_ci **ret);

/**
 * mig_record_find - the instance that bears a name.
 *
 * Errors: NOENT - no instance was given that name, or its GPU is not here, or lost; STALE - says what the
 * name was given to, and what is there now.
 */
MIG_API MIG_MUST_USE int mig_record_find(const struct mig_record *rec,
					 const struct mig_home *home,
					 const struct mig_snapshot *snap, const char *name,
					 struct mig_ref *ret, struct mig_error *err);

/* A compute instance that stands and has a valid name: indices into the snapshot. */
struct mig_named {
	int gpu, gi, ci;
	char name[MIG_INSTANCE_NAME_MAX];
};

/**
 * mig_record_named - the instances of a GPU that bear valid names.
 * @ret:	room for @max.
 *
 * Return: how many, at most @max.
 */
MIG_API int mig_record_named(const struct mig_record *rec, const struct mig_home *home,
			     const struct mig_snapshot *snap, int gpu, struct mig_named *ret,
			     int max);

/** mig_record_was - the last instance of that UUID that migctl destroyed, or NULL. */
MIG_API const struct mig_record_gone *mig_record_was(const struct mig_record *rec,
						     const char *uuid);

/* A compute instance, by its ids. */
struct mig_record_id {
	int gpu; /* index into the snapshot's gpus */
	int gi, ci;
	char name[MIG_INSTANCE_NAME_MAX]; /* "": the one it has stays */
};

/* What a change did. */
struct mig_record_change {
	const char *verb; /* "apply" */
	int64_t time_s;
	uint64_t
		part_of; /* the number of the change that it goes on with, if that is the last; or 0 */
	const struct mig_snapshot *before, *after;
	const bool *
		is_changed; /* one for each GPU, or NULL: the others' records stay as they are */
	/* Likewise: undone. What is on record of it stays; what was made again has its name again. */
	const bool *is_back;
	/* Likewise: what stands is put on record, and that is no change. */
	const bool *is_saved;
	int n_made;
	const struct mig_record_id *made; /* by migctl, on the way; of @after */
	int n_named;
	const struct mig_record_id *named; /* what shall bear a name; of @after */
};

/**
 * mig_record_add - what a change did becomes part of the record, in memory.
 *
 * A name goes with its instance. One that is given again leaves where it was. An instance that
 * was kept keeps its name, unless it is given another. Of a GPU that is lost afterwards the record
 * stays as it was; and of one that was undone, whatever stands there: what is on record is wanted
 * still. Where no other GPU was changed, it is no change and has no number.
 * Errors: NOMEM; @rec is unchanged then.
 */
MIG_API MIG_MUST_USE int mig_record_add(struct mig_record *rec, const struct mig_home *home,
					const struct mig_record_change *change,
					struct mig_error *err);

#endif
