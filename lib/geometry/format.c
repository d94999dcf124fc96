/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts, requests and starts as a line of text. */
#include "lib/geometry/geometry.h"

#include "shared/text.h"

void mig_group_format(const struct mig_profile *p, uint16_t starts, char *buf, size_t len)
{
	const int n = __builtin_popcount(starts);

	if (n > 1)
		text_append(buf, len, "%dx", n);
	text_append(buf, len, "%s", p->name);
	for (const char *sep = "@"; starts; starts = mig_units_but_first(starts), sep = ",")
		text_append(buf, len, "%s%d", sep, __builtin_ctz(starts));
}

/* The starts of the instances of a profile that begin in @among. */
static uint16_t starts_of(const struct mig_layout *lay, int profile, uint16_t among)
{
	uint16_t starts = 0;

	for (int i = 0; i < lay->n_slots; i++) {
		if (lay->slots[i].profile == profile)
			starts |= mig_unit_span(1, lay->slots[i].start) & among;
	}
	return starts;
}

const char *mig_layout_format(const struct mig_layout *lay, char *buf, size_t len)
{
	const char *sep = "";

	if (len == 0)
		return buf;
	buf[0] = '\0';
	for (int i = lay->type->n_profiles - 1; i >= 0; i--) {
		const uint16_t starts = starts_of(lay, i, mig_units_from(0));

		if (!starts)
			continue;
		text_append(buf, len, "%s", sep);
		mig_group_format(&lay->type->profiles[i], starts, buf, len);
		sep = " ";
	}
	return buf;
}

/* Instances of one profile, all there already or all of the request. */
struct group {
	int profile;
	uint16_t starts;
};

static int group_slots(const struct mig_layout *lay, uint16_t among, struct group *groups)
{
	int n = 0;

	for (int i = lay->type->n_profiles - 1; i >= 0; i--) {
		const uint16_t starts = starts_of(lay, i, among);

		if (starts)
			groups[n++] = (struct group){ i, starts };
	}
	return n;
}

int mig_slots_format(const struct mig_layout *lay, uint16_t starts, uint16_t asked, char *buf,
		     size_t len)
{
	struct group groups[2 * MIG_UNITS_MAX];
	const int n_there = group_slots(lay, starts & (uint16_t)~asked, groups);
	const int n = n_there + group_slots(lay, starts & asked, groups + n_there);
	int named = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0)
			text_append(buf, len, "%s", i == n - 1 ? " and " : ", ");
		if (i == n_there)
			text_append(buf, len, "the request's own ");
		mig_group_format(&lay->type->profiles[groups[i].profile], groups[i].starts, buf,
				 len);
		named += __builtin_popcount(groups[i].starts);
	}
	return named;
}

const char *mig_starts_format(uint16_t starts, int size, char *buf, size_t len)
{
	if (len == 0)
		return buf;
	buf[0] = '\0';
	text_append(buf, len, "{");
	for (const char *sep = ""; starts; starts = mig_units_but_first(starts), sep = ",")
		text_append(buf, len, "%s%d", sep, __builtin_ctz(starts));
	text_append(buf, len, "}:%d", size);
	return buf;
}

/* Does @want read as the name of its GI profile: with its default CI, or with none? */
static bool is_whole(const struct mig_profile *gi, const struct mig_want *want)
{
	return want->n_ci == 0 || gi->ci[want->ci[0]].is_default;
}

/* The items from @i on, within @items, that one word can name: a word names a profile once,
 * and no start twice. */
static uint16_t same_wants(const struct mig_request *req, int i, uint16_t items)
{
	const struct mig_want *first = &req->want[i];
	uint16_t same = 0, starts = 0;

	for (; i < req->n; i++) {
		const struct mig_want *w = &req->want[i];
		const uint16_t start = w->start < 0 ? 0 : mig_unit_span(1, w->start);

		if (!(items >> i & 1))
			continue;
		if (w->profile != first->profile || (w->start < 0) != (first->start < 0) ||
		    starts & start || !is_whole(&req->type->profiles[w->profile], w))
			break;
		same |= mig_unit_span(1, i);
		starts |= start;
	}
	return same;
}

/* "2x3g.40gb@0,4", or "2x3g.40gb" when they may stand anywhere. */
static void format_wholes(const struct mig_request *req, uint16_t items, char *buf, size_t len)
{
	const int n = __builtin_popcount(items), first = __builtin_ctz(items);
	const char *sep = "@";

	if (n > 1)
		text_append(buf, len, "%dx", n);
	text_append(buf, len, "%s", req->type->profiles[req->want[first].profile].name);
	if (req->want[first].start < 0)
		return;
	for (; items; items = mig_units_but_first(items), sep = ",")
		text_append(buf, len, "%s%d", sep, req->want[__builtin_ctz(items)].start);
}

/* "2x1c.3g.40gb@4 2c.3g.40gb@4": one GPU instance and what it is split into. */
static void format_split(const struct mig_profile *gi, const struct mig_want *want, char *buf,
			 size_t len)
{
	const char *sep = "";
	int n;

	for (int i = 0; i < want->n_ci; i += n, sep = " ") {
		for (n = 1; i + n < want->n_ci && want->ci[i + n] == want->ci[i];)
			n++;
		text_append(buf, len, "%s", sep);
		if (n > 1)
			text_append(buf, len, "%dx", n);
		text_append(buf, len, "%s", gi->ci[want->ci[i]].name);
		if (want->start >= 0)
			text_append(buf, len, "@%d", want->start);
	}
}

const char *mig_request_format_some(const struct mig_request *req, uint16_t items, char *buf,
				    size_t len)
{
	const char *sep = "";

	if (len == 0)
		return buf;
	buf[0] = '\0';
	while (items) {
		const int i = __builtin_ctz(items);
		const struct mig_profile *gi = &req->type->profiles[req->want[i].profile];
		uint16_t done = mig_unit_span(1, i);

		text_append(buf, len, "%s", sep);
		if (is_whole(gi, &req->want[i])) {
			done = same_wants(req, i, items);
			format_wholes(req, done, buf, len);
		} else {
			format_split(gi, &req->want[i], buf, len);
		}
		items &= (uint16_t)~done;
		sep = " ";
	}
	return buf;
}

const char *mig_request_format(const struct mig_request *req, char *buf, size_t len)
{
	return mig_request_format_some(req, mig_unit_span(req->n, 0), buf, len);
}
