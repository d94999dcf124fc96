/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks over layouts and requests. After every step the layout is compared with a
 * second, slower account of the same rules, kept here and sharing no code with
 * lib/geometry/: it knows units one by one, counts engines afresh and tries everything.
 *
 *	geometry_prop [SEED [STEPS]]
 */
#include <mig/geometry.h>

#include "tests/models.h"
#include "tests/test.h"

enum { ITEMS_MAX = 5 };

/* What stands on each unit, and the unit it began at. */
struct account {
	const struct mig_gpu_type *type;
	const struct mig_profile *holder[MIG_UNITS_MAX];
	int start[MIG_UNITS_MAX];
};

/* What the walk came by. */
static unsigned long n_added, n_removed, n_placed, n_refused, n_partial, n_helped, n_hopeless;

static int account_count(const struct account *a, const struct mig_profile *p)
{
	int n = 0;

	for (int i = 0; i < a->type->units; i++)
		n += a->holder[i] == p && a->start[i] == i;
	return n;
}

static int engine(const struct mig_profile *p, int e)
{
	switch (e) {
	case 0:
		return p->copy_engines;
	case 1:
		return p->decoders;
	case 2:
		return p->encoders;
	case 3:
		return p->jpeg;
	default:
		return p->ofa;
	}
}

/* None of the types here has a gap, so there is no rule for one. */
static bool engines_suffice(const struct account *a, const struct mig_profile *p)
{
	for (int e = 0; e < 5; e++) {
		int total = 0, sum = engine(p, e);

		for (int i = 0; i < a->type->n_profiles; i++) {
			const struct mig_profile *q = &a->type->profiles[i];

			if (q->size == a->type->units && engine(q, e) > total)
				total = engine(q, e);
		}
		for (int i = 0; i < a->type->units; i++) {
			if (a->holder[i] && a->start[i] == i)
				sum += engine(a->holder[i], e);
		}
		if (sum > total)
			return false;
	}
	return true;
}

static bool account_may(const struct account *a, const struct mig_profile *p, int start)
{
	if (start < 0 || start >= MIG_UNITS_MAX || !(p->starts & 1U << start))
		return false;
	for (int i = start; i < start + p->size; i++) {
		if (a->holder[i])
			return false;
	}
	return account_count(a, p) < p->max_count && engines_suffice(a, p);
}

static bool account_add(struct account *a, const struct mig_profile *p, int start)
{
	if (!account_may(a, p, start))
		return false;
	for (int i = start; i < start + p->size; i++) {
		a->holder[i] = p;
		a->start[i] = start;
	}
	return true;
}

static bool account_remove(struct account *a, int start)
{
	bool is_found = false;

	for (int i = 0; i < a->type->units; i++) {
		if (a->holder[i] && a->start[i] == start) {
			a->holder[i] = NULL;
			is_found = true;
		}
	}
	return is_found;
}

/* Can the items of @req in @set stand beside @a? Every start of every item is tried. */
static bool account_fits(const struct account *a, const struct mig_request *req, unsigned set)
{
	int i = 0;

	if (!set)
		return true;
	while (!(set >> i & 1))
		i++;
	for (int start = 0; start < a->type->units; start++) {
		struct account next = *a;

		if (req->want[i].start >= 0 && req->want[i].start != start)
			continue;
		if (account_add(&next, &a->type->profiles[req->want[i].profile], start) &&
		    account_fits(&next, req, set & ~(1U << i)))
			return true;
	}
	return false;
}

/* How many (compute slices, size, start) are possible on what is free, by rule M2. */
static int account_capacity(const struct account *a)
{
	int n = 0;

	for (int size = 1; size <= a->type->units; size++) {
		for (int slices = 1; slices <= a->type->units; slices++) {
			for (int start = 0; start < a->type->units; start++) {
				bool is_possible = false;

				for (int i = 0; i < a->type->n_profiles; i++) {
					const struct mig_profile *p = &a->type->profiles[i];

					is_possible |= p->size == size &&
						       p->compute_slices == slices &&
						       (p->starts & 1U << start);
				}
				for (int u = start; is_possible && u < start + size; u++)
					is_possible = !a->holder[u];
				n += is_possible;
			}
		}
	}
	return n;
}

static int account_best_start(const struct account *a, const struct mig_profile *p)
{
	int best = -1, best_left = -1;

	for (int start = 0; start < a->type->units; start++) {
		struct account next = *a;

		if (account_add(&next, p, start) && account_capacity(&next) > best_left) {
			best = start;
			best_left = account_capacity(&next);
		}
	}
	return best;
}

static void agree(const struct mig_layout *lay, const struct account *a)
{
	for (int i = 0; i < MIG_UNITS_MAX; i++)
		CHECK((lay->used >> i & 1) == (a->holder[i] != NULL));
	for (int i = 0; i + 1 < lay->n_slots; i++)
		CHECK(lay->slots[i].start < lay->slots[i + 1].start);
	for (int i = 0; i < lay->n_slots; i++) {
		CHECK(a->start[lay->slots[i].start] == lay->slots[i].start);
		CHECK(a->holder[lay->slots[i].start] ==
		      &a->type->profiles[lay->slots[i].profile]);
	}
	for (int p = 0; p < a->type->n_profiles; p++) {
		const uint16_t starts = mig_layout_starts(lay, p);

		for (int i = 0; i < MIG_UNITS_MAX; i++)
			CHECK((starts >> i & 1) == account_may(a, &a->type->profiles[p], i));
	}
}

static struct mig_request random_request(const struct mig_gpu_type *type, uint64_t *seed)
{
	struct mig_request req = mig_request_empty(type);
	char item[MIG_NAME_MAX + 16];

	for (unsigned n = 1 + below(ITEMS_MAX, seed); n > 0; n--) {
		const struct mig_profile *p =
			&type->profiles[below((unsigned)type->n_profiles, seed)];

		/* Mostly anywhere, and mostly small, or nothing would ever fit. */
		if (p->compute_slices > 1 && below(3, seed) == 0)
			p = &type->profiles[0];
		if (below(4, seed) == 0)
			snprintf(item, sizeof(item), "%s@%u", p->name,
				 below((unsigned)type->units, seed));
		else
			snprintf(item, sizeof(item), "%s", p->name);
		if (mig_request_add(&req, item, NULL) < 0)
			continue; /* more than a GPU holds, or no such start */
	}
	return req;
}

/* How many instances "2x1g.10gb@0,1 and 3g.40gb@4" or "3x1g.10gb 3g.40gb" names. */
static int named(const char *from, const char *to)
{
	int n = 0;

	while (from < to) {
		char *end;
		const long count = strtol(from, &end, 10);

		n += *end == 'x' ? (int)count : 1;
		from += strcspn(from, " ") + 1;
		if (strncmp(from, "and ", 4) == 0)
			from += 4;
	}
	return n;
}

/* The number of instances named in @msg between @before and @after; -1: not there. */
static int named_between(const char *msg, const char *before, const char *after)
{
	const char *from = strstr(msg, before);

	if (!from)
		return -1;
	from += strlen(before);
	CHECK(strstr(from, after));
	return named(from, strstr(from, after));
}

/* What the error says of the part that fits and of what stands in the way is true, and
 * there is no larger part and nothing less in the way. */
static void check_refusal(const struct mig_request *req, const struct account *a,
			  const char *msg)
{
	const unsigned all = (1U << req->n) - 1;
	int standing[MIG_UNITS_MAX], n_standing = 0, most = 0, least = 99;

	for (unsigned set = 0; set <= all; set++) {
		if (__builtin_popcount(set) > most && account_fits(a, req, set))
			most = __builtin_popcount(set);
	}
	for (int i = 0; i < a->type->units; i++) {
		if (a->holder[i] && a->start[i] == i)
			standing[n_standing++] = i;
	}
	for (unsigned set = 1; set < 1U << n_standing; set++) {
		struct account without = *a;

		if (__builtin_popcount(set) >= least)
			continue;
		for (int i = 0; i < n_standing; i++) {
			if (set >> i & 1)
				account_remove(&without, standing[i]);
		}
		if (account_fits(&without, req, all))
			least = __builtin_popcount(set);
	}
	CHECK(strlen(msg) > 0 && strlen(msg) < sizeof(((struct mig_error *)0)->msg) - 1);
	if (req->n > 1 && most > 0)
		CHECK(named_between(msg, "; of the request, ", " would fit") == most);
	if (req->n > 1 && most == 0)
		CHECK(strstr(msg, "nothing of the request fits"));
	if (n_standing > 1 && least == n_standing)
		CHECK(strstr(msg, "; on an empty GPU "));
	else
		CHECK(named_between(msg, " would fit if ", " were gone") ==
		      (least < 99 ? least : -1));
	CHECK((strstr(msg, "an empty GPU would not hold") != NULL) ==
	      (n_standing > 0 && least == 99));
	n_partial += req->n > 1 && most > 0;
	n_helped += least < 99;
	n_hopeless += n_standing > 0 && least == 99;
}

/* Place a random request; keep it now and then. */
static void try_request(struct mig_layout *lay, struct account *a, uint64_t *seed)
{
	const struct mig_request req = random_request(a->type, seed);
	const bool fits = account_fits(a, &req, (1U << req.n) - 1);
	struct mig_layout out = *lay;
	struct account after = *a;
	struct mig_error err = { 0 };
	int starts[MIG_UNITS_MAX];

	if (!fits) {
		CHECK(mig_request_place(&req, lay, starts, &out, &err) == -MIG_E_NOSPACE);
		check_refusal(&req, a, err.msg);
		n_refused++;
		return;
	}
	CHECK(mig_request_place(&req, lay, starts, &out, &err) == 0);
	n_placed++;
	for (int i = 0; i < req.n; i++) {
		CHECK(req.want[i].start < 0 || req.want[i].start == starts[i]);
		CHECK(account_add(&after, &a->type->profiles[req.want[i].profile], starts[i]));
	}
	agree(&out, &after);
	if (req.n == 1 && req.want[0].start < 0)
		CHECK(starts[0] ==
		      account_best_start(a, &a->type->profiles[req.want[0].profile]));
	if (below(4, seed) == 0) {
		*lay = out;
		*a = after;
	}
}

static void step(struct mig_layout *lay, struct account *a, uint64_t *seed)
{
	const int start = (int)below((unsigned)a->type->units + 1, seed);
	const int p = (int)below((unsigned)a->type->n_profiles, seed);
	bool is_done;

	switch (below(5, seed)) {
	case 0:
	case 1:
		is_done = mig_layout_add(lay, p, start, NULL) == 0;
		CHECK(is_done == account_add(a, &a->type->profiles[p], start));
		n_added += is_done;
		break;
	case 2:
	case 3:
		is_done = mig_layout_remove(lay, start, NULL) == 0;
		CHECK(is_done == account_remove(a, start));
		n_removed += is_done;
		break;
	default:
		CHECK(mig_layout_best_start(lay, p) ==
		      account_best_start(a, &a->type->profiles[p]));
		try_request(lay, a, seed);
	}
	agree(lay, a);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned long steps = argc > 2 ? strtoul(argv[2], NULL, 0) : 40000;
	const struct mig_gpu_type types[] = { model_a100(), model_h100(), model_a30(),
					      model_rtx_pro_6000() };
	const unsigned long enough = steps / 100;

	printf("seed %llu, %lu steps on each GPU type\n", (unsigned long long)seed, steps);
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		struct mig_layout lay = mig_layout_empty(&types[t]);
		struct account a = { .type = &types[t] };

		n_added = n_removed = n_placed = n_refused = 0;
		n_partial = n_helped = n_hopeless = 0;
		for (unsigned long i = 0; i < steps; i++)
			step(&lay, &a, &seed);
		printf("%s: %lu added, %lu removed, %lu placed, %lu refused\n", types[t].key,
		       n_added, n_removed, n_placed, n_refused);
		/* The walk went somewhere, and through every kind of answer. */
		CHECK(n_added > enough && n_removed > enough);
		CHECK(n_placed > enough && n_refused > enough);
		CHECK(n_partial > enough && n_helped > enough && n_hopeless > enough / 10);
	}
	return 0;
}
