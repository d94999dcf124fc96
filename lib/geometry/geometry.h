/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: sets of units as bits, engines as counts, and the
 * search for a packing. A set is a uint16_t, bit i for unit i.
 */
#ifndef LIB_GEOMETRY_H
#define LIB_GEOMETRY_H

#include <stdbool.h>

#include <mig/geometry.h>

/** mig_unit_span - the set of @size units from @start. */
static inline uint16_t mig_unit_span(int size, int start)
{
	return (uint16_t)(((1U << size) - 1) << start);
}

/** mig_units_from - the set of all units from @start on. */
static inline uint16_t mig_units_from(int start)
{
	return (uint16_t)(0xffffU << start);
}

/** mig_units_but_first - @set without its lowest unit, for going through a set. */
static inline uint16_t mig_units_but_first(uint16_t set)
{
	return (uint16_t)(set & (set - 1U));
}

/** mig_unit_runs - where a run of @size units of @free begins. */
static inline uint16_t mig_unit_runs(uint16_t free, int size)
{
	/* Every step knows runs of one length and halves what is missing: log2(size) steps. */
	while (size > 1) {
		const int half = size / 2;

		free &= (uint16_t)(free >> half);
		size -= half;
	}
	return free;
}

/** mig_free_units - the units of the GPU that nothing stands on. */
static inline uint16_t mig_free_units(const struct mig_layout *lay)
{
	return mig_unit_span(lay->type->units, 0) & (uint16_t)~lay->used;
}

/** mig_open_starts - where the units of @p are free; engines and counts are not asked. */
static inline uint16_t mig_open_starts(const struct mig_layout *lay,
				       const struct mig_profile *p)
{
	return p->starts & mig_unit_runs(mig_free_units(lay), p->size);
}

/** mig_may_begin - is @start one of @p's? Any @start may be asked about. */
static inline bool mig_may_begin(const struct mig_profile *p, int start)
{
	return start >= 0 && start < MIG_UNITS_MAX && (p->starts >> start & 1);
}

/* What one instance of a profile takes of each engine, in the order of enum mig_engine. */
struct mig_engine_needs {
	int n[MIG_N_ENGINES];
};

static inline struct mig_engine_needs mig_engine_needs(const struct mig_profile *p)
{
	return (struct mig_engine_needs){ {
		[MIG_ENGINE_OFA] = p->ofa,
		[MIG_ENGINE_DECODER] = p->decoders,
		[MIG_ENGINE_ENCODER] = p->encoders,
		[MIG_ENGINE_JPEG] = p->jpeg,
		[MIG_ENGINE_COPY] = p->copy_engines,
	} };
}

/**
 * mig_engine_lacking - the first engine that too few are left of for one more of @p.
 *
 * Return: an enum mig_engine, or -1 when there are enough. A count that nobody published,
 * of the GPU or of the profile, limits nothing.
 */
int mig_engine_lacking(const struct mig_layout *lay, const struct mig_profile *p);

/** mig_profile_count - how many of a profile stand in @lay. */
int mig_profile_count(const struct mig_layout *lay, int profile);

/**
 * mig_layout_ranked_starts - mig_layout_starts() in order of rule M2, the best first.
 * @ret:	room for MIG_UNITS_MAX.
 *
 * Return: how many there are.
 */
int mig_layout_ranked_starts(const struct mig_layout *lay, int profile, uint8_t *ret);

/* Something to be packed: what it may begin at and how long it is. */
struct mig_piece {
	uint16_t starts;
	uint8_t size;
};

/** mig_pieces_fit - can all of @pieces stand on @free at once? @pieces is put in order. */
bool mig_pieces_fit(struct mig_piece *pieces, int n, uint16_t free);

/** mig_request_fits - does the part @items (bit i: item i) of @req fit beside @lay? */
bool mig_request_fits(const struct mig_request *req, uint16_t items,
		      const struct mig_layout *lay);

/** mig_request_format_some - mig_request_format() of the part @items of @req. */
const char *mig_request_format_some(const struct mig_request *req, uint16_t items, char *buf,
				    size_t len);

/** mig_group_format - append "2x1g.10gb@0,1": one profile at several starts. */
void mig_group_format(const struct mig_profile *p, uint16_t starts, char *buf, size_t len);

/** mig_bad_start_text - append that @p may not begin at @start, and where it may. */
void mig_bad_start_text(const struct mig_profile *p, int start, char *buf, size_t len);

/**
 * mig_slots_format - "2x1g.10gb@0,1 and 3g.40gb@4": the slots of @lay that begin in @starts.
 * @asked:	the starts of those that the caller's request itself would put there.
 *
 * Appends to @buf. Return: how many slots were named.
 */
int mig_slots_format(const struct mig_layout *lay, uint16_t starts, uint16_t asked, char *buf,
		     size_t len);

/**
 * mig_refusal_text - why one more of a profile does not fit, and what would.
 * @start:	where it was to begin, or -1 for "anywhere".
 * @asked:	the starts of the instances that the caller's own request would make.
 *
 * Appends to @buf. Only for a profile that does not fit there.
 */
void mig_refusal_text(const struct mig_layout *lay, int profile, int start, uint16_t asked,
		      char *buf, size_t len);

/** mig_request_refuse - fail with NOSPACE and all that is to be said about it. */
int mig_request_refuse(const struct mig_request *req, const struct mig_layout *lay,
		       struct mig_error *err);

#endif
