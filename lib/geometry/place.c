/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placing a request. Whether engines and counts suffice does not depend on where things
 * stand, so it is asked once; what is left is packing, and that is searched exactly.
 */
#include "lib/geometry/geometry.h"

#include <string.h>

/* The largest first, equal ones side by side. */
static void sort_pieces(struct mig_piece *pieces, int n)
{
	for (int i = 1; i < n; i++) {
		const struct mig_piece p = pieces[i];
		int at = i;

		for (; at > 0 &&
		       (pieces[at - 1].size < p.size ||
			(pieces[at - 1].size == p.size && pieces[at - 1].starts < p.starts));
		     at--)
			pieces[at] = pieces[at - 1];
		pieces[at] = p;
	}
}

static bool pack(const struct mig_piece *pieces, int n, uint16_t free, uint16_t allowed)
{
	uint16_t open;

	if (n == 0)
		return true;
	open = pieces->starts & allowed & mig_unit_runs(free, pieces->size);
	for (; open; open = mig_units_but_first(open)) {
		const int start = __builtin_ctz(open);
		const uint16_t left = free & (uint16_t)~mig_unit_span(pieces->size, start);
		const bool is_same = n > 1 && pieces[1].size == pieces->size &&
				     pieces[1].starts == pieces->starts;

		/* Equal pieces in increasing order only: swapping two gives nothing new. */
		if (pack(pieces + 1, n - 1, left,
			 is_same ? mig_units_from(start) : mig_units_from(0)))
			return true;
	}
	return false;
}

bool mig_pieces_fit(struct mig_piece *pieces, int n, uint16_t free)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += pieces[i].size;
	if (sum > __builtin_popcount(free))
		return false;
	sort_pieces(pieces, n);
	return pack(pieces, n, free, mig_units_from(0));
}

/* Are there engines, and counts to spare, for all of @items? */
static bool supplies_suffice(const struct mig_request *req, uint16_t items,
			     const struct mig_layout *lay)
{
	int count[MIG_PROFILES_MAX] = { 0 }, engines[MIG_N_ENGINES] = { 0 };

	for (int i = 0; i < lay->n_slots; i++)
		count[lay->slots[i].profile]++;
	for (; items; items = mig_units_but_first(items)) {
		const int profile = req->want[__builtin_ctz(items)].profile;
		const struct mig_profile *p = &lay->type->profiles[profile];
		const struct mig_engine_needs needs = mig_engine_needs(p);

		if (++count[profile] > p->max_count && p->max_count >= 0)
			return false;
		for (int e = 0; e < MIG_N_ENGINES; e++) {
			engines[e] += needs.n[e] > 0 ? needs.n[e] : 0;
			if (lay->engines[e] >= 0 && engines[e] > lay->engines[e])
				return false;
		}
	}
	return true;
}

bool mig_request_fits(const struct mig_request *req, uint16_t items,
		      const struct mig_layout *lay)
{
	struct mig_piece pieces[MIG_UNITS_MAX];
	int n = 0;

	if (!supplies_suffice(req, items, lay))
		return false;
	for (; items; items = mig_units_but_first(items)) {
		const struct mig_want *want = &req->want[__builtin_ctz(items)];
		const struct mig_profile *p = &lay->type->profiles[want->profile];
		uint16_t starts = p->starts;

		if (want->start >= 0)
			starts &= mig_unit_span(1, want->start);
		pieces[n++] = (struct mig_piece){ starts, (uint8_t)p->size };
	}
	return mig_pieces_fit(pieces, n, mig_free_units(lay));
}

/* Put item @i where the rest, @items, still fits; return the start, or -1. */
static int place_one(const struct mig_request *req, int i, uint16_t items,
		     struct mig_layout *lay)
{
	uint8_t starts[MIG_UNITS_MAX];
	const int n = mig_layout_ranked_starts(lay, req->want[i].profile, starts);

	for (int k = 0; k < n; k++) {
		struct mig_layout next = *lay;

		if (mig_layout_add(&next, req->want[i].profile, starts[k], NULL) < 0 ||
		    !mig_request_fits(req, items, &next))
			continue;
		*lay = next;
		return starts[k];
	}
	return -1;
}

static int check_request(const struct mig_request *req, const struct mig_layout *lay,
			 struct mig_error *err)
{
	if (req->type != lay->type)
		return mig_fail(err, MIG_E_INVAL, "the request is for %s, the GPU is %s",
				req->type->key, lay->type->key);
	if (req->n < 0 || req->n > MIG_UNITS_MAX)
		return mig_fail(err, MIG_E_INVAL, "a request of %d items", req->n);
	for (int i = 0; i < req->n; i++) {
		const struct mig_want *want = &req->want[i];

		if (want->profile >= req->type->n_profiles || want->start >= MIG_UNITS_MAX)
			return mig_fail(err, MIG_E_INVAL,
					"instance %d: profile %d at %d is none of %s", i + 1,
					want->profile, want->start, req->type->key);
	}
	return 0;
}

bool mig_request_can_place(const struct mig_request *req, const struct mig_layout *lay)
{
	return check_request(req, lay, NULL) == 0 &&
	       mig_request_fits(req, mig_unit_span(req->n, 0), lay);
}

int mig_request_place(const struct mig_request *req, const struct mig_layout *lay,
		      int *ret_starts, struct mig_layout *ret, struct mig_error *err)
{
	struct mig_layout out = *lay;
	int starts[MIG_UNITS_MAX], rc;
	uint16_t rest;

	rc = check_request(req, lay, err);
	if (rc < 0)
		return rc;
	rest = mig_unit_span(req->n, 0);
	if (!mig_request_fits(req, rest, lay))
		return mig_request_refuse(req, lay, err);

	for (int i = 0; i < req->n; i++) {
		starts[i] = req->want[i].start;
		if (starts[i] < 0)
			continue;
		rc = mig_layout_add(&out, req->want[i].profile, starts[i], err);
		if (rc < 0)
			return rc;
		rest &= (uint16_t)~mig_unit_span(1, i);
	}
	for (int i = 0; i < req->n; i++) {
		if (starts[i] >= 0)
			continue;
		rest &= (uint16_t)~mig_unit_span(1, i);
		starts[i] = place_one(req, i, rest, &out);
	}
	memcpy(ret_starts, starts, (size_t)req->n * sizeof(starts[0]));
	if (ret)
		*ret = out;
	return 0;
}
