/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/geometry/geometry.h"

#include <string.h>

/*
 * What a GPU has of each engine: what the profile that spans it has, the most if several
 * do. A row that nobody published could be the one with the most, so it lifts the limit.
 */
static void count_engines(const struct mig_gpu_type *type, int16_t *ret)
{
	bool is_known[MIG_N_ENGINES] = { false }, is_open[MIG_N_ENGINES] = { false };

	memset(ret, 0, MIG_N_ENGINES * sizeof(*ret));
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_engine_needs needs = mig_engine_needs(&type->profiles[i]);

		if (type->profiles[i].size != type->units)
			continue;
		for (int e = 0; e < MIG_N_ENGINES; e++) {
			is_open[e] |= needs.n[e] < 0 || needs.n[e] > INT16_MAX;
			is_known[e] = true;
			if (!is_open[e] && needs.n[e] > ret[e])
				ret[e] = (int16_t)needs.n[e];
		}
	}
	for (int e = 0; e < MIG_N_ENGINES; e++) {
		if (is_open[e] || !is_known[e])
			ret[e] = MIG_UNKNOWN;
	}
}

/* Take (@sign -1) or give back (1) the engines of one instance. */
static void move_engines(struct mig_layout *lay, const struct mig_profile *p, int sign)
{
	const struct mig_engine_needs needs = mig_engine_needs(p);

	for (int e = 0; e < MIG_N_ENGINES; e++) {
		if (lay->engines[e] >= 0 && needs.n[e] > 0)
			lay->engines[e] = (int16_t)(lay->engines[e] + sign * needs.n[e]);
	}
}

int mig_engine_lacking(const struct mig_layout *lay, const struct mig_profile *p)
{
	const struct mig_engine_needs needs = mig_engine_needs(p);

	for (int e = 0; e < MIG_N_ENGINES; e++) {
		if (lay->engines[e] >= 0 && needs.n[e] > lay->engines[e])
			return e;
	}
	return -1;
}

int mig_profile_count(const struct mig_layout *lay, int profile)
{
	int n = 0;

	for (int i = 0; i < lay->n_slots; i++)
		n += lay->slots[i].profile == profile;
	return n;
}

struct mig_layout mig_layout_empty(const struct mig_gpu_type *type)
{
	struct mig_layout lay = { .type = type };

	count_engines(type, lay.engines);
	return lay;
}

uint16_t mig_layout_starts(const struct mig_layout *lay, int profile)
{
	const struct mig_profile *p;
	uint16_t open;

	if (profile < 0 || profile >= lay->type->n_profiles)
		return 0;
	p = &lay->type->profiles[profile];
	open = mig_open_starts(lay, p);
	if (!open || mig_engine_lacking(lay, p) >= 0)
		return 0;
	if (p->max_count >= 0 && mig_profile_count(lay, profile) >= p->max_count)
		return 0;
	return open;
}

static int refuse(const struct mig_layout *lay, int profile, int start, struct mig_error *err)
{
	char text[sizeof(err->msg)] = "";

	if (profile < 0 || profile >= lay->type->n_profiles)
		return mig_fail(err, MIG_E_INVAL, "profile %d: %s has profiles 0 to %d",
				profile, lay->type->key, lay->type->n_profiles - 1);
	if (!err)
		return -MIG_E_NOSPACE; /* searches ask often and read nothing */
	if (start < 0)
		mig_bad_start_text(&lay->type->profiles[profile], start, text, sizeof(text));
	else
		mig_refusal_text(lay, profile, start, 0, text, sizeof(text));
	return mig_fail(err, MIG_E_NOSPACE, "%s", text);
}

int mig_layout_add(struct mig_layout *lay, int profile, int start, struct mig_error *err)
{
	const struct mig_profile *p;
	int at;

	if (start < 0 || start >= MIG_UNITS_MAX ||
	    !(mig_layout_starts(lay, profile) >> start & 1))
		return refuse(lay, profile, start, err);

	p = &lay->type->profiles[profile];
	for (at = lay->n_slots; at > 0 && lay->slots[at - 1].start > start; at--)
		lay->slots[at] = lay->slots[at - 1];
	lay->slots[at] =
		(struct mig_slot){ .profile = (uint8_t)profile, .start = (uint8_t)start };
	lay->n_slots++;
	lay->used |= mig_unit_span(p->size, start);
	move_engines(lay, p, -1);
	return 0;
}

int mig_layout_remove(struct mig_layout *lay, int start, struct mig_error *err)
{
	for (int i = 0; i < lay->n_slots; i++) {
		const struct mig_profile *p = &lay->type->profiles[lay->slots[i].profile];

		if (lay->slots[i].start != start)
			continue;
		lay->used &= (uint16_t)~mig_unit_span(p->size, start);
		lay->n_slots--;
		memmove(&lay->slots[i], &lay->slots[i + 1],
			(size_t)(lay->n_slots - i) * sizeof(lay->slots[0]));
		/* A slot that nothing uses is zero: equal layouts are equal bytes. */
		lay->slots[lay->n_slots] = (struct mig_slot){ 0 };
		move_engines(lay, p, 1);
		return 0;
	}
	return mig_fail(err, MIG_E_NOENT, "no instance begins at unit %d", start);
}

bool mig_layout_is_maximal(const struct mig_layout *lay)
{
	for (int i = 0; i < lay->type->n_profiles; i++) {
		if (mig_layout_starts(lay, i))
			return false;
	}
	return true;
}

uint16_t mig_layout_wasted(const struct mig_layout *lay)
{
	uint16_t wasted = mig_free_units(lay);

	for (int i = 0; i < lay->type->n_profiles; i++) {
		uint16_t open = mig_layout_starts(lay, i);

		for (; open; open = mig_units_but_first(open))
			wasted &= (uint16_t)~mig_unit_span(lay->type->profiles[i].size,
							   __builtin_ctz(open));
	}
	return wasted;
}
