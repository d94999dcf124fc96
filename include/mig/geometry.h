/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Geometry: which instances fit beside each other on one GPU.
 *
 *	placement unit   0   1   2   3   4   5   6   7
 *	               +---------------+-------+-------+
 *	               |    3g.40gb    |2g.20gb|  free |
 *	               +---------------+-------+-------+
 *	                start 0, size 4  start 4, size 2
 *
 * All of it follows from the placements of the GPU type: nothing here knows that a GPU
 * has eight units, or seven compute slices. A layout is a value: copy it by assignment.
 * It borrows its GPU type, touches no device and allocates nothing, so a planner may
 * hold millions of them.
 */
#ifndef MIG_GEOMETRY_H
#define MIG_GEOMETRY_H

#include <stdint.h>

#include <mig/catalog.h>

struct mig_slot {
	uint8_t profile; /* index into the type's profiles */
	uint8_t start;   /* first placement unit */
};

/* What a GPU has several of and its instances share out; the first that is short is the
 * one that messages name, so those that people ask for stand first. */
enum mig_engine {
	MIG_ENGINE_OFA,
	MIG_ENGINE_DECODER,
	MIG_ENGINE_ENCODER,
	MIG_ENGINE_JPEG,
	MIG_ENGINE_COPY,
	MIG_N_ENGINES
};

struct mig_layout {
	const struct mig_gpu_type *type; /* borrowed; must outlive the layout */
	uint16_t used;                   /* bit i: placement unit i is taken */
	uint8_t n_slots;
	int16_t engines[MIG_N_ENGINES];       /* left of each, or MIG_UNKNOWN: without limit */
	struct mig_slot slots[MIG_UNITS_MAX]; /* by increasing start */
};

/** mig_layout_empty - the layout of an undivided GPU: where every layout begins. */
MIG_API struct mig_layout mig_layout_empty(const struct mig_gpu_type *type);

/**
 * mig_layout_starts - where one more instance of a profile could begin now.
 * @profile:	index into the type's profiles.
 *
 * Return: a set of placement units, bit i for unit i; 0 when it fits nowhere: because its
 * units are taken, because the GPU holds max_count of it already, or because the media
 * and copy engines that it needs are with other instances.
 * Source: behaviour observed on real GPUs; the engines of a GPU are those of the profile
 * that spans it (docs/SIMULATOR.md, "Engines").
 */
MIG_API uint16_t mig_layout_starts(const struct mig_layout *lay, int profile);

/**
 * mig_layout_add - put one more instance into a layout; @lay is changed on success only.
 *
 * Errors: NOSPACE - the message says what stands in the way: the instance that holds the
 * units, the engines that are used up, or that the profile may not begin at @start; INVAL -
 * the type has no profile of that index.
 */
MIG_API MIG_MUST_USE int mig_layout_add(struct mig_layout *lay, int profile, int start,
					struct mig_error *err);

/** mig_layout_remove - take out the instance beginning at @start. Errors: NOENT. */
MIG_API MIG_MUST_USE int mig_layout_remove(struct mig_layout *lay, int start,
					   struct mig_error *err);

/** mig_layout_is_maximal - does no profile fit any more? */
MIG_API bool mig_layout_is_maximal(const struct mig_layout *lay);

/**
 * mig_layout_wasted - the units that are free and that no instance can be put on now.
 *
 * Return: a set of placement units, bit i for unit i. On an A100 with seven 1g instances it
 * is unit 7: its memory has no compute slice to go with it.
 */
MIG_API uint16_t mig_layout_wasted(const struct mig_layout *lay);

/**
 * mig_layout_best_start - where the driver itself would put one more instance.
 *
 * Rule M2: the start after which the most (kind, start) pairs are still free, the lowest
 * of equals; a kind is a pair of compute slices and size, whatever its engines. Return: the
 * start, or -1 when the profile fits nowhere.
 * Source: docs/SIMULATOR.md, "Allocation".
 */
MIG_API int mig_layout_best_start(const struct mig_layout *lay, int profile);

/**
 * mig_layout_each - every valid layout that uses only the profiles of @profiles.
 * @type:	the GPU type.
 * @profiles:	set of profile indices, bit i for profile i.
 * @visit:	called once a layout, the empty one included; a value other than 0 stops.
 *
 * Layouts that differ only in which of two instances was made first are one.
 * Return: 0, or what @visit returned.
 */
MIG_API int mig_layout_each(const struct mig_gpu_type *type, uint32_t profiles,
			    int (*visit)(const struct mig_layout *lay, void *arg), void *arg);

/**
 * mig_layout_each_beside - every valid layout that has the instances of @lay, where they
 * stand, and beside them only such of @profiles: mig_layout_each() from there on.
 */
MIG_API int mig_layout_each_beside(const struct mig_layout *lay, uint32_t profiles,
				   int (*visit)(const struct mig_layout *lay, void *arg),
				   void *arg);

/**
 * mig_ci_starts - where one more compute instance could begin in a GPU instance.
 * @gi:	the profile of the GPU instance.
 * @used:	the compute slices of it that are taken, bit i for slice i.
 * @ci:	index into its ci.
 *
 * A CI profile whose starts nobody knows may begin wherever it ends inside the GPU
 * instance. max_count is not asked: which profiles @used belongs to is not known here.
 *
 * Return: a set of compute slices, bit i for slice i; 0 when it fits nowhere.
 */
MIG_API uint16_t mig_ci_starts(const struct mig_profile *gi, uint16_t used, int ci);

/**
 * mig_ci_best_start - where the driver itself would put one more compute instance: the
 * rule of mig_layout_best_start() within a GPU instance.
 *
 * Arguments as for mig_ci_starts(). Return: the start, or -1 when it fits nowhere.
 */
MIG_API int mig_ci_best_start(const struct mig_profile *gi, uint16_t used, int ci);

/**
 * mig_ci_place - find a place for several compute instances in one GPU instance.
 * @cis:	@n indices into @gi's ci, in order of creation.
 * @used:	the compute slices that are taken already, bit i for slice i.
 * @ret_starts:	one start for each of @cis; written on success only; may be NULL.
 *
 * Each gets the start of mig_ci_best_start() wherever the rest still fits.
 *
 * Errors: NOSPACE - they do not fit together, or are more than max_count.
 */
MIG_API MIG_MUST_USE int mig_ci_place(const struct mig_profile *gi, const uint8_t *cis, int n,
				      uint16_t used, int *ret_starts, struct mig_error *err);

/* One instance that somebody wants: a GI, where, and the CIs to make in it. */
struct mig_want {
	uint8_t profile;                 /* index into the type's profiles */
	int8_t start;                    /* placement unit, or -1 for "anywhere" */
	uint8_t n_ci;                    /* 0: a GPU instance without compute instances */
	uint8_t ci[MIG_CI_PROFILES_MAX]; /* index into the profile's ci, in order of creation */
	int8_t ci_start[MIG_CI_PROFILES_MAX]; /* compute slice of the GI, or -1: anywhere */
};

/** mig_want_empty - a GPU instance at @start, or -1, without compute instances: where every
 *  want begins, so that compute instances that are added may stand anywhere. */
MIG_API struct mig_want mig_want_empty(int profile, int start);

/**
 * mig_want_place - find a place for the compute instances of a want in its GPU instance.
 * @gi:	the profile of the want.
 *
 * As mig_ci_place(), but those that say where they want to begin begin there.
 */
MIG_API MIG_MUST_USE int mig_want_place(const struct mig_profile *gi,
					const struct mig_want *want, uint16_t used,
					int *ret_starts, struct mig_error *err);

enum {
	MIG_INSTANCE_NAME_MAX = 64, /* bytes of an instance's name, with the final NUL */
	MIG_WANT_NAMES_MAX = 16,    /* named compute instances of one GPU; it has fewer */
};

/* A stable name for an instance that is wanted: "team-a/llm". */
struct mig_want_name {
	uint8_t want, ci; /* index into the request's wants, and into that want's ci */
	char name[MIG_INSTANCE_NAME_MAX];
};

struct mig_want_names {
	int n;
	struct mig_want_name of[MIG_WANT_NAMES_MAX];
};

/**
 * mig_instance_name_ok - may an instance be called that?
 *
 * Words of letters, digits and "._-" with "/" between them, the first with a letter in front;
 * nothing that names an instance in another way already ("MIG-...", "GPU-...", "gpu0/gi1/...",
 * "cap12"), so that no name can ever mean two things.
 */
MIG_API bool mig_instance_name_ok(const char *name);

/* What somebody wants of one GPU. */
struct mig_request {
	const struct mig_gpu_type *type; /* borrowed */
	int n;
	struct mig_want want[MIG_UNITS_MAX];
};

/** mig_request_empty - nothing wanted of a GPU of that type: where every request begins. */
MIG_API struct mig_request mig_request_empty(const struct mig_gpu_type *type);

/**
 * mig_request_add - read one item of a request and add it.
 * @spec:	[COUNT "x"] PROFILE ["@" START ["," START]...], PROFILE being a GI profile's
 *		name or id, or a CI profile's name; "MIG " may stand before either. There
 *		is one START for each GPU instance, or none.
 *
 * A GI profile is a GPU instance with its default compute instance. A CI profile is that
 * compute instance: "3x1c.3g.40gb" is one GPU instance with three of them, a fourth would
 * start a second GPU instance, as in mig-parted. Compute instances go into the last GPU
 * instance of the request that was split so and has room (with START: the one there), or
 * else into a new one.
 *
 * Errors: SYNTAX, NOENT (the message lists the type's profiles), NOSPACE (more of one
 * profile than a GPU could ever hold, or a start that it does not have). @req is unchanged
 * then.
 */
MIG_API MIG_MUST_USE int mig_request_add(struct mig_request *req, const char *spec,
					 struct mig_error *err);

/**
 * mig_request_add_count - the same for a profile's name and a count, as YAML files have it.
 *
 * A @count of 0 adds nothing. Errors: as mig_request_add(); INVAL - @count is negative.
 */
MIG_API MIG_MUST_USE int mig_request_add_count(struct mig_request *req, const char *profile,
					       int count, struct mig_error *err);

/**
 * mig_request_place - find a place for everything in a request beside what stands.
 * @lay:	what stands; its instances stay where they are.
 * @ret_starts:	one start for each of @req's items; written on success only.
 * @ret:	the layout with them added; may be NULL; written on success only.
 *
 * Explicit starts are kept. The others get the start of mig_layout_best_start() in the
 * request's order wherever the rest of the request still fits, so that a request which
 * the driver could serve alone lands where the driver would have put it.
 *
 * The answer is complete: it fails only when no arrangement exists at all.
 *
 * Errors: NOSPACE - the message names the first item that cannot be placed, what stands in
 * the way, the most of the request that would fit, and the fewest present instances
 * without which all of it would; INVAL - @req and @lay speak of different GPU types.
 */
MIG_API MIG_MUST_USE int mig_request_place(const struct mig_request *req,
					   const struct mig_layout *lay, int *ret_starts,
					   struct mig_layout *ret, struct mig_error *err);

/** mig_request_can_place - would mig_request_place() find a way? Without words, and quicker. */
MIG_API bool mig_request_can_place(const struct mig_request *req, const struct mig_layout *lay);

/**
 * mig_layout_format - "3g.40gb@4 2x1g.10gb@0,1" into @buf, cut at @len; returns @buf.
 *
 * The largest profiles come first. Each word is an item that mig_request_add() reads; an
 * empty layout is "".
 */
MIG_API const char *mig_layout_format(const struct mig_layout *lay, char *buf, size_t len);

/**
 * mig_request_format - "4x1c.3g.40gb 2g.20gb@4" into @buf, cut at @len; returns @buf.
 *
 * Its words, read by mig_request_add(), make the same request, as long as no item of it is
 * a GPU instance without compute instances: such a one reads as if it had its default.
 */
MIG_API const char *mig_request_format(const struct mig_request *req, char *buf, size_t len);

/** mig_starts_format - a set of starts as the driver prints it, "{0,4}:4"; returns @buf. */
MIG_API const char *mig_starts_format(uint16_t starts, int size, char *buf, size_t len);

enum {
	MIG_PICTURE_COLUMNS = 100, /* no picture is wider */
	MIG_PICTURE_BYTES = 2048,  /* room for any picture, with the final NUL */
};

/* How a picture of a layout is to look. All zero is a good picture, in ASCII. */
struct mig_picture {
	const char *const *labels; /* one for each slot, UTF-8; NULL, or a NULL: the profile */
	int columns;               /* at most so wide; 0: 80 */
	bool is_unicode;           /* box drawing; otherwise ASCII */
	bool has_ruler;            /* a last line with the numbers of the units */
	bool is_line;              /* the line with the names alone, without borders */
};

/**
 * mig_layout_draw - a layout as a picture of three lines, each ending in a newline.
 * @pic:	how; may be NULL.
 * @buf:	MIG_PICTURE_BYTES hold any picture; a shorter one cuts it.
 *
 *	+-----------------------------------+-----------------+........+--------+
 *	|3g.40gb                            |2g.20gb          |  free  |1g.10gb |
 *	+-----------------------------------+-----------------+........+--------+
 *
 * Widths are in proportion to placement units, and equal for every layout of a GPU type.
 * Units that nothing can be put on any more are drawn "wasted". Names that do not fit lose
 * "gb", then their memory, then their end. Returns @buf.
 */
MIG_API const char *mig_layout_draw(const struct mig_layout *lay, const struct mig_picture *pic,
				    char *buf, size_t len);

#endif
