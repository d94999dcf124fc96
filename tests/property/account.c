/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "abi/nvml.h"
#include "tests/property/account.h"

/* --- The tree --------------------------------------------------------------------- */

/* Slots of an id, bit i for slot i. */
static unsigned span(const struct account *a, int id)
{
	static const unsigned eight[ACCOUNT_IDS] = { 0xff, 0x0f, 0xf0, 0x03, 0x0c,
						     0x30, 0xc0, 0x01, 0x02, 0x04,
						     0x08, 0x10, 0x20, 0x40, 0x80 };
	static const unsigned four[ACCOUNT_IDS] = { 0xf, 0x3, 0xc, 0x1, 0x2, 0x4, 0x8 };

	return a->family->slots == 8 ? eight[id] : four[id];
}

/* The slot without compute. */
static unsigned dead(const struct account *a)
{
	if (!a->family->has_dead_slot)
		return 0;
	return a->is_mirrored ? 1U << 3 : 1U << 7;
}

static unsigned used(const struct account *a)
{
	unsigned slots = 0;

	for (int id = 0; id < ACCOUNT_IDS; id++)
		slots |= a->gi[id].is_used ? span(a, id) : 0;
	return slots;
}

/* Could an instance of so many slots and compute slices be at that id, on an empty GPU? */
static bool may_be(const struct account *a, int id, int slots, int compute_slices)
{
	const unsigned at = span(a, id);

	return __builtin_popcount(at) == slots &&
	       __builtin_popcount(at & ~dead(a)) >= compute_slices;
}

int account_start(const struct account *a, int id)
{
	int slot = __builtin_ctz(span(a, id));

	if (a->is_mirrored && id != 0)
		slot = (slot + 4) % 8;
	return slot * a->family->units_per_slot;
}

int account_size(const struct account *a, int profile)
{
	return a->family->profiles[profile].slots * a->family->units_per_slot;
}

/* How many pairs of an instance size and an id are free beside @slots. */
static int pairs_left(const struct account *a, unsigned slots)
{
	static const int sizes_of_eight[][2] = { { 8, 7 }, { 4, 4 }, { 4, 3 },
						 { 2, 2 }, { 2, 1 }, { 1, 1 } };
	static const int sizes_of_four[][2] = { { 4, 4 }, { 2, 2 }, { 1, 1 } };
	const int(*sizes)[2] = a->family->slots == 8 ? sizes_of_eight : sizes_of_four;
	const int n_sizes = a->family->slots == 8 ? 6 : 3;
	int n = 0;

	for (int s = 0; s < n_sizes; s++) {
		for (int id = 0; id < ACCOUNT_IDS; id++)
			n += !(span(a, id) & slots) && may_be(a, id, sizes[s][0], sizes[s][1]);
	}
	return n;
}

/* --- GPU instances ---------------------------------------------------------------- */

static bool engines_suffice(const struct account *a, int profile, int count)
{
	for (int e = 0; e < ACCOUNT_ENGINES; e++) {
		int taken = a->family->profiles[profile].engines[e] * count;

		for (int id = 0; id < ACCOUNT_IDS; id++) {
			if (a->gi[id].is_used)
				taken += a->family->profiles[a->gi[id].profile].engines[e];
		}
		if (a->family->profiles[profile].engines[e] > 0 &&
		    taken > a->family->profiles[0].engines[e])
			return false;
	}
	return true;
}

static bool is_free(const struct account *a, int id, int profile)
{
	const struct account_profile *p = &a->family->profiles[profile];

	return may_be(a, id, p->slots, p->compute_slices) && !(span(a, id) & used(a));
}

int account_capacity(const struct account *a, int profile)
{
	int n = 0;

	for (int id = 0; id < ACCOUNT_IDS; id++)
		n += is_free(a, id, profile);
	while (n > 0 && !engines_suffice(a, profile, n))
		n--;
	return n;
}

unsigned account_ever_starts(const struct account *a, int profile)
{
	const struct account_profile *p = &a->family->profiles[profile];
	unsigned starts = 0;

	for (int id = 0; id < ACCOUNT_IDS; id++) {
		if (may_be(a, id, p->slots, p->compute_slices))
			starts |= 1U << account_start(a, id);
	}
	return starts;
}

/* The id that leaves most pairs, the lowest of equals; -1 when none is free. */
static int best_id(const struct account *a, int profile)
{
	int best = -1, most = -1;

	for (int id = 0; id < ACCOUNT_IDS; id++) {
		int left;

		if (!is_free(a, id, profile))
			continue;
		left = pairs_left(a, used(a) | span(a, id));
		if (left > most) {
			most = left;
			best = id;
		}
	}
	return best;
}

static int id_at(const struct account *a, int profile, int start)
{
	const struct account_profile *p = &a->family->profiles[profile];

	for (int id = 0; id < ACCOUNT_IDS; id++) {
		if (may_be(a, id, p->slots, p->compute_slices) && account_start(a, id) == start)
			return id;
	}
	return -1;
}

int account_gi_create(struct account *a, int profile, int start, int size, int *ret_id)
{
	int id;

	/* A size that the profile does not have is a bad argument, whatever the mode. */
	if (start >= 0 && size != account_size(a, profile))
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!a->is_on)
		return NVML_ERROR_NOT_SUPPORTED;
	id = start >= 0 ? id_at(a, profile, start) : best_id(a, profile);
	if (start >= 0 && id < 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (id < 0 || !is_free(a, id, profile) || !engines_suffice(a, profile, 1))
		return NVML_ERROR_INSUFFICIENT_RESOURCES;
	a->gi[id] = (struct account_gi){ .is_used = true, .profile = profile };
	*ret_id = id;
	return NVML_SUCCESS;
}

int account_gi_destroy(struct account *a, int id)
{
	if (account_n_cis(a, id) > 0)
		return NVML_ERROR_IN_USE;
	a->gi[id].is_used = false;
	return NVML_SUCCESS;
}

int account_n_gis(const struct account *a)
{
	int n = 0;

	for (int id = 0; id < ACCOUNT_IDS; id++)
		n += a->gi[id].is_used;
	return n;
}

/* --- Compute instances ------------------------------------------------------------ */

int account_kinds(const struct account_profile *p, struct account_kind kinds[ACCOUNT_KINDS])
{
	static const struct account_kind all[] = {
		/* GI slices in the order 1, 2, 3, 4, 7 */
		{ 0, 0, 1, 1, 0 }, { 1, 1, 2, 2, 0 }, { 2, 2, 3, 3, 0 },
		{ 3, 3, 4, 4, 0 }, { 4, 4, 7, 7, 0 },
	};
	static const int max[8][5] = {
		[1] = { 1 },          [2] = { 2, 1 },          [3] = { 3, 1, 1 },
		[4] = { 4, 2, 0, 1 }, [7] = { 7, 3, 2, 1, 1 },
	};
	int n = 0;

	for (int k = 0; k < 5; k++) {
		if (max[p->compute_slices][k] == 0)
			continue;
		kinds[n] = all[k];
		kinds[n++].max = max[p->compute_slices][k];
	}
	/* One compute slice over two memory slots has a CI profile of its own. */
	if (p->compute_slices == 1 && p->slots == 2)
		kinds[0] = (struct account_kind){ 7, 7, 1, 2, 1 };
	return n;
}

static unsigned ci_used(const struct account *a, int gi)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	unsigned slices = 0;

	account_kinds(&a->family->profiles[a->gi[gi].profile], kinds);
	for (int c = 0; c < ACCOUNT_CIS; c++) {
		const struct account_ci *ci = &a->gi[gi].ci[c];

		if (ci->is_used)
			slices |= ((1U << kinds[ci->kind].size) - 1) << ci->start;
	}
	return slices;
}

static bool ci_is_free(const struct account *a, int gi, const struct account_kind *kinds,
		       int kind, int start, unsigned taken)
{
	return (a->ci_starts[a->gi[gi].profile][kind] >> start & 1) &&
	       !(((1U << kinds[kind].size) - 1) << start & taken);
}

int account_ci_capacity(const struct account *a, int gi, int kind)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	const unsigned taken = ci_used(a, gi);
	int n = 0;

	account_kinds(&a->family->profiles[a->gi[gi].profile], kinds);
	for (int start = 0; start < ACCOUNT_CIS; start++)
		n += ci_is_free(a, gi, kinds, kind, start, taken);
	return n < kinds[kind].max ? n : kinds[kind].max;
}

static int ci_pairs_left(const struct account *a, int gi, const struct account_kind *kinds,
			 int n_kinds, unsigned taken)
{
	int n = 0;

	for (int k = 0; k < n_kinds; k++) {
		for (int start = 0; start < ACCOUNT_CIS; start++)
			n += ci_is_free(a, gi, kinds, k, start, taken);
	}
	return n;
}

static int ci_best_start(const struct account *a, int gi, int kind)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	const int n_kinds = account_kinds(&a->family->profiles[a->gi[gi].profile], kinds);
	const unsigned taken = ci_used(a, gi);
	int best = -1, most = -1;

	for (int start = 0; start < ACCOUNT_CIS; start++) {
		int left;

		if (!ci_is_free(a, gi, kinds, kind, start, taken))
			continue;
		left = ci_pairs_left(a, gi, kinds, n_kinds,
				     taken | ((1U << kinds[kind].size) - 1) << start);
		if (left > most) {
			most = left;
			best = start;
		}
	}
	return best;
}

int account_ci_create(struct account *a, int gi, int kind, int start, int size, int *ret_id)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	int id = 0;

	account_kinds(&a->family->profiles[a->gi[gi].profile], kinds);
	if (start >= 0) {
		if (size != kinds[kind].size ||
		    !(a->ci_starts[a->gi[gi].profile][kind] >> start & 1))
			return NVML_ERROR_INVALID_ARGUMENT;
	} else {
		start = ci_best_start(a, gi, kind);
	}
	if (start < 0 || !ci_is_free(a, gi, kinds, kind, start, ci_used(a, gi)))
		return NVML_ERROR_INSUFFICIENT_RESOURCES;
	while (a->gi[gi].ci[id].is_used)
		id++;
	a->gi[gi].ci[id] = (struct account_ci){
		.is_used = true, .kind = kind, .start = start, .serial = ++a->n_made
	};
	*ret_id = id;
	return NVML_SUCCESS;
}

int account_ci_destroy(struct account *a, int gi, int id)
{
	a->gi[gi].ci[id].is_used = false;
	return NVML_SUCCESS;
}

int account_n_cis(const struct account *a, int gi)
{
	int n = 0;

	for (int c = 0; c < ACCOUNT_CIS; c++)
		n += a->gi[gi].is_used && a->gi[gi].ci[c].is_used;
	return n;
}

/* --- The GPU ---------------------------------------------------------------------- */

int account_set_mode(struct account *a, bool on)
{
	if (!on && account_n_gis(a) > 0)
		return NVML_ERROR_IN_USE;
	a->is_on = on;
	return NVML_SUCCESS;
}

void account_reset(struct account *a)
{
	memset(a->gi, 0, sizeof(a->gi));
}

void account_reboot(struct account *a)
{
	memset(a->gi, 0, sizeof(a->gi));
	a->is_on = a->is_on && a->family->mode_survives_reboot;
}
