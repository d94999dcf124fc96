/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something does not fit, and what would. These texts are what migctl is asked for
 * when a driver has only said "Insufficient Resources".
 */
#include "lib/geometry/geometry.h"

#include "shared/text.h"

static const struct {
	const char *one, *many;
} engine_names[MIG_N_ENGINES] = {
	[MIG_ENGINE_OFA] = { "an OFA engine", "OFA engines" },
	[MIG_ENGINE_DECODER] = { "a decoder", "decoders" },
	[MIG_ENGINE_ENCODER] = { "an encoder", "encoders" },
	[MIG_ENGINE_JPEG] = { "a JPEG engine", "JPEG engines" },
	[MIG_ENGINE_COPY] = { "a copy engine", "copy engines" },
};

/* "0, 2 or 4" */
static void append_starts(uint16_t starts, char *buf, size_t len)
{
	for (const char *sep = ""; starts; starts = mig_units_but_first(starts)) {
		text_append(buf, len, "%s%d", sep, __builtin_ctz(starts));
		sep = __builtin_popcount(starts) == 2 ? " or " : ", ";
	}
}

/* "unit 3", "one of units 0-6", "units 0-3 or 4-7" */
static void append_units(uint16_t starts, int size, char *buf, size_t len)
{
	const int n = __builtin_popcount(starts);
	const int first = starts ? __builtin_ctz(starts) : 0;
	const char *sep = "";

	if (size == 1 && n > 2 && starts == mig_unit_span(n, first)) {
		text_append(buf, len, "one of units %d-%d", first, first + n - 1);
		return;
	}
	text_append(buf, len, size == 1 ? "unit " : "units ");
	if (size == 1) {
		append_starts(starts, buf, len);
		return;
	}
	for (; starts; starts = mig_units_but_first(starts)) {
		text_append(buf, len, "%s%d-%d", sep, __builtin_ctz(starts),
			    __builtin_ctz(starts) + size - 1);
		sep = __builtin_popcount(starts) == 2 ? " or " : ", ";
	}
}

void mig_bad_start_text(const struct mig_profile *p, int start, char *buf, size_t len)
{
	text_append(buf, len, "%s cannot begin at unit %d; it may begin at ", p->name, start);
	append_starts(p->starts, buf, len);
}

/* The starts of the instances that stand on any of @units. */
static uint16_t holders_of(const struct mig_layout *lay, uint16_t units)
{
	uint16_t starts = 0;

	for (int i = 0; i < lay->n_slots; i++) {
		const struct mig_slot slot = lay->slots[i];
		const int size = lay->type->profiles[slot.profile].size;

		if (mig_unit_span(size, slot.start) & units)
			starts |= mig_unit_span(1, slot.start);
	}
	return starts;
}

static void explain_units(const struct mig_layout *lay, const struct mig_profile *p, int start,
			  uint16_t asked, char *buf, size_t len)
{
	const uint16_t starts = start < 0 ? p->starts : mig_unit_span(1, start);
	const uint16_t open = mig_open_starts(lay, p);
	uint16_t wanted = 0;
	int n;

	for (uint16_t s = starts; s; s = mig_units_but_first(s))
		wanted |= mig_unit_span(p->size, __builtin_ctz(s));
	if (start < 0)
		text_append(buf, len, "%s fits nowhere: it needs ", p->name);
	else
		text_append(buf, len, "%s@%d does not fit: it needs ", p->name, start);
	append_units(starts, p->size, buf, len);
	text_append(buf, len, "; ");
	n = mig_slots_format(lay, holders_of(lay, wanted), asked, buf, len);
	text_append(buf, len, n == 1 ? " stands there" : " stand there");
	if (open) {
		text_append(buf, len, "; it could begin at ");
		append_starts(open, buf, len);
	}
}

static void explain_engines(const struct mig_layout *lay, const struct mig_profile *p, int e,
			    uint16_t asked, char *buf, size_t len)
{
	const int need = mig_engine_needs(p).n[e], left = lay->engines[e];
	uint16_t holders = 0;
	int total = left, n;

	for (int i = 0; i < lay->n_slots; i++) {
		const struct mig_slot slot = lay->slots[i];
		const int has = mig_engine_needs(&lay->type->profiles[slot.profile]).n[e];

		if (has <= 0)
			continue;
		total += has;
		holders |= mig_unit_span(1, slot.start);
	}
	text_append(buf, len, "%s needs ", p->name);
	if (need == 1)
		text_append(buf, len, "%s; ", engine_names[e].one);
	else
		text_append(buf, len, "%d %s; ", need, engine_names[e].many);
	if (!holders) {
		text_append(buf, len, "the GPU has %d", total);
		return;
	}
	n = mig_slots_format(lay, holders, asked, buf, len);
	if (total == 1)
		text_append(buf, len, " has the only one");
	else if (left == 0)
		text_append(buf, len, " %s all %d", n == 1 ? "has" : "have", total);
	else
		text_append(buf, len, " %s %d of %d", n == 1 ? "has" : "have", total - left,
			    total);
}

/* A profile that takes the same units without the engines, and fits now; or -1. */
static int plainer(const struct mig_layout *lay, const struct mig_profile *p)
{
	for (int i = 0; i < lay->type->n_profiles; i++) {
		const struct mig_profile *q = &lay->type->profiles[i];

		if (q->compute_slices == p->compute_slices && q->size == p->size &&
		    mig_layout_starts(lay, i))
			return i;
	}
	return -1;
}

void mig_refusal_text(const struct mig_layout *lay, int profile, int start, uint16_t asked,
		      char *buf, size_t len)
{
	const struct mig_profile *p = &lay->type->profiles[profile];
	const int lacking = mig_engine_lacking(lay, p), other = plainer(lay, p);
	int n;

	if (start >= 0 && !mig_may_begin(p, start)) {
		mig_bad_start_text(p, start, buf, len);
		return;
	}
	/* Engines are named only where units would do: one reason at a time, the hardest. */
	if (!mig_open_starts(lay, p)) {
		explain_units(lay, p, start, asked, buf, len);
		return;
	}
	if (lacking >= 0) {
		explain_engines(lay, p, lacking, asked, buf, len);
	} else if (p->max_count >= 0 && mig_profile_count(lay, profile) >= p->max_count) {
		uint16_t same = 0;

		for (int i = 0; i < lay->n_slots; i++)
			same |= lay->slots[i].profile == profile
					? mig_unit_span(1, lay->slots[i].start)
					: 0;
		text_append(buf, len, "a GPU holds at most %d of %s; ", p->max_count, p->name);
		n = mig_slots_format(lay, same, asked, buf, len);
		text_append(buf, len, n == 1 ? " stands there" : " stand there");
	} else {
		explain_units(lay, p, start, asked, buf, len);
		return;
	}
	if (other >= 0)
		text_append(buf, len, "; %s would fit", lay->type->profiles[other].name);
}

/* The largest part of a request that fits: most instances, then most units, then those
 * that were asked for first. */
struct part {
	const struct mig_request *req;
	const struct mig_layout *lay;
	uint16_t items;
	int n, units;
};

static bool wants_same(const struct mig_want *a, const struct mig_want *b)
{
	return a->profile == b->profile && a->start == b->start;
}

static void search_part(struct part *best, int i, uint16_t items, int units)
{
	const struct mig_request *req = best->req;
	const int n = __builtin_popcount(items);
	int next = i + 1;

	if (n > best->n || (n == best->n && units > best->units)) {
		best->items = items;
		best->n = n;
		best->units = units;
	}
	if (i >= req->n || n + req->n - i < best->n)
		return;
	if (mig_request_fits(req, items | mig_unit_span(1, i), best->lay))
		search_part(best, i + 1, items | mig_unit_span(1, i),
			    units + req->type->profiles[req->want[i].profile].size);
	/* Without this one, then without the equal ones beside it: which of them is left
	 * out makes no difference. */
	while (next < req->n && wants_same(&req->want[next], &req->want[i]))
		next++;
	search_part(best, next, items, units);
}

/* The fewest instances of @lay without which @req fits: their starts; 0 if none help. */
static uint16_t in_the_way(const struct mig_request *req, const struct mig_layout *lay)
{
	const uint16_t all = mig_unit_span(req->n, 0);
	uint16_t best = 0;
	int best_n = MIG_UNITS_MAX + 1, best_units = 0;

	for (unsigned set = 1; set < 1U << lay->n_slots; set++) {
		const int n = __builtin_popcount(set);
		struct mig_layout without = *lay;
		uint16_t starts = 0;
		int units;

		if (n > best_n)
			continue;
		for (int i = 0; i < lay->n_slots; i++) {
			if (set >> i & 1 &&
			    mig_layout_remove(&without, lay->slots[i].start, NULL) == 0)
				starts |= mig_unit_span(1, lay->slots[i].start);
		}
		units = __builtin_popcount(lay->used & (uint16_t)~without.used);
		if ((n == best_n && units >= best_units) ||
		    !mig_request_fits(req, all, &without))
			continue;
		best = starts;
		best_n = n;
		best_units = units;
	}
	return best;
}

/* "; the largest that fits now is 2g.20gb@4" */
static void append_largest(const struct mig_layout *lay, char *buf, size_t len)
{
	const struct mig_profile *p, *best = NULL;
	int start = -1;

	for (int i = 0; i < lay->type->n_profiles; i++) {
		p = &lay->type->profiles[i];
		if (best &&
		    (p->compute_slices < best->compute_slices ||
		     (p->compute_slices == best->compute_slices && p->size <= best->size)))
			continue;
		if (!mig_layout_starts(lay, i))
			continue;
		best = p;
		start = mig_layout_best_start(lay, i);
	}
	if (best)
		text_append(buf, len, "; the largest that fits now is %s@%d", best->name,
			    start);
	else
		text_append(buf, len, "; the GPU is full");
}

/* What of the request would fit now, and all of it after what. */
static void append_way_out(const struct mig_request *req, const struct mig_layout *lay,
			   bool has_units, char *buf, size_t len)
{
	struct part part = { .req = req, .lay = lay };
	const uint16_t gone = in_the_way(req, lay);
	const char *all =
		req->n > 1 ? "all of it" : req->type->profiles[req->want[0].profile].name;
	char items[512];

	search_part(&part, 0, 0, 0);
	if (req->n == 1 && !has_units)
		append_largest(lay, buf, len);
	else if (req->n > 1 && part.n == 0)
		text_append(buf, len, "; nothing of the request fits");
	else if (req->n > 1)
		text_append(buf, len, "; of the request, %s would fit",
			    mig_request_format_some(req, part.items, items, sizeof(items)));
	if (gone && __builtin_popcount(gone) == lay->n_slots && lay->n_slots > 1) {
		text_append(buf, len, "; on an empty GPU %s would fit", all);
	} else if (gone) {
		text_append(buf, len, "; %s would fit if ", all);
		mig_slots_format(lay, gone, 0, buf, len);
		text_append(buf, len, " were gone");
	} else if (lay->n_slots > 0) {
		text_append(buf, len, "; an empty GPU would not hold %s either", all);
	}
}

int mig_request_refuse(const struct mig_request *req, const struct mig_layout *lay,
		       struct mig_error *err)
{
	struct mig_request before = *req;
	struct mig_layout beside = *lay;
	char text[sizeof(err->msg)] = "";
	const struct mig_want *want;
	const struct mig_profile *p;
	uint16_t asked = 0;
	int starts[MIG_UNITS_MAX], rc;

	if (!err)
		return -MIG_E_NOSPACE;
	for (before.n = 0; mig_request_fits(req, mig_unit_span(before.n + 1, 0), lay);)
		before.n++;
	rc = mig_request_place(&before, lay, starts, &beside, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < before.n; i++)
		asked |= mig_unit_span(1, starts[i]);

	want = &req->want[before.n];
	p = &req->type->profiles[want->profile];
	if (req->n > 1)
		text_append(text, sizeof(text), "instance %d of %d: ", before.n + 1, req->n);
	mig_refusal_text(&beside, want->profile, want->start, asked, text, sizeof(text));
	if (want->start < 0 || mig_may_begin(p, want->start))
		append_way_out(req, lay, mig_open_starts(&beside, p), text, sizeof(text));
	return mig_fail(err, MIG_E_NOSPACE, "%s", text);
}
