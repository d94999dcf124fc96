/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/verify/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

enum { N_ENGINES = 5 };

static const char *const engine_names[N_ENGINES] = { "copy engines", "decoders", "encoders",
						     "JPEG engines", "OFA engines" };

static int engine_need(const struct mig_profile *p, int engine)
{
	const int needs[N_ENGINES] = { p->copy_engines, p->decoders, p->encoders, p->jpeg,
				       p->ofa };

	return needs[engine];
}

/* The GPU has the engines of the profiles that span it: the most, if they differ. Where that
 * is not known of one of them, or none spans it, there is no limit: -1. */
static int64_t engine_capacity(const struct mig_gpu_type *type, int engine)
{
	int64_t most = -1;

	for (int i = 0; i < type->n_profiles; i++) {
		const int need = engine_need(&type->profiles[i], engine);

		if (type->profiles[i].size != type->units)
			continue;
		if (need < 0)
			return -1;
		if (need > most)
			most = need;
	}
	return most;
}

static int list_stocks(const struct mig_gpu_type *type, struct stock *ret)
{
	int n = 0;

	for (int e = 0; e < N_ENGINES; e++) {
		ret[n] = (struct stock){ .capacity = engine_capacity(type, e) };
		for (int i = 0; i < type->n_profiles; i++) {
			const int need = engine_need(&type->profiles[i], e);

			ret[n].takes[i] = need > 0 ? need : 0;
		}
		n += ret[n].capacity >= 0;
	}
	for (int i = 0; i < type->n_profiles; i++) {
		ret[n] = (struct stock){ .capacity = type->profiles[i].max_count };
		ret[n].takes[i] = 1;
		n += ret[n].capacity >= 0;
	}
	return n;
}

/* The most of a stock that instances could take if only their units stood in the way. */
static int64_t most_taken(const struct mig_gpu_type *type, const struct stock *stock)
{
	int64_t most[MIG_UNITS_MAX + 1] = { 0 };

	for (int u = type->units - 1; u >= 0; u--) {
		most[u] = most[u + 1];
		for (int i = 0; i < type->n_profiles; i++) {
			const struct mig_profile *p = &type->profiles[i];

			if ((p->starts >> u & 1) && u + p->size <= type->units &&
			    stock->takes[i] + most[u + p->size] > most[u])
				most[u] = stock->takes[i] + most[u + p->size];
		}
	}
	return most[0];
}

/* Can @a never run short before @b does? Each profile takes no larger a share of it. */
static bool is_implied(const struct stock *a, const struct stock *b, int n_profiles)
{
	if (b->capacity == 0)
		return false; /* there are no shares of nothing */
	for (int i = 0; i < n_profiles; i++) {
		if (a->takes[i] * b->capacity > b->takes[i] * a->capacity)
			return false;
	}
	return true;
}

/* Leave out each stock that cannot run short, and each that another one stands for. */
static void drop_stocks(struct shape *s)
{
	for (int i = s->n_stocks - 1; i >= 0; i--) {
		bool is_needed = most_taken(s->type, &s->stocks[i]) > s->stocks[i].capacity;

		for (int k = 0; k < s->n_stocks && is_needed; k++)
			is_needed = k == i || !is_implied(&s->stocks[i], &s->stocks[k],
							  s->type->n_profiles);
		if (!is_needed)
			s->stocks[i] = s->stocks[--s->n_stocks];
	}
}

/* A state is what is left of each stock, as the digits of a number. */
static void fill_fits(struct shape *s)
{
	for (int state = 0; state < s->n_states; state++) {
		for (int i = 0; i < s->type->n_profiles; i++) {
			bool fits = true;
			int rest = state;

			for (int k = 0; k < s->n_stocks; k++) {
				const int radix = (int)s->stocks[k].capacity + 1;

				fits &= s->stocks[k].takes[i] <= rest % radix;
				rest /= radix;
			}
			s->fits[state * MIG_PROFILES_MAX + i] = fits;
		}
	}
}

int mig_shape_open(const struct mig_gpu_type *type, struct shape *ret, struct mig_error *err)
{
	int64_t states = 1;

	*ret = (struct shape){ .type = type };
	ret->n_stocks = list_stocks(type, ret->stocks);
	drop_stocks(ret);
	for (int k = 0; k < ret->n_stocks; k++) {
		for (int i = 0; i < type->n_profiles; i++) {
			/* What takes more than there is fits in no state; its delta is not used. */
			if (ret->stocks[k].takes[i] <= ret->stocks[k].capacity)
				ret->delta[i] += (int)(ret->stocks[k].takes[i] * states);
		}
		states *= ret->stocks[k].capacity + 1;
		if (states > STATES_MAX)
			return mig_fail(err, MIG_E_UNSUPPORTED,
					"%s: its engines and counts have over %d states",
					type->key, STATES_MAX);
	}
	ret->n_states = (int)states;
	ret->fits = calloc((size_t)states * MIG_PROFILES_MAX, sizeof(*ret->fits));
	ret->least = calloc((size_t)(states * (MIG_UNITS_MAX + 1)), sizeof(*ret->least));
	if (!ret->fits || !ret->least)
		return mig_fail(err, MIG_E_NOMEM, "%s: out of memory", type->key);
	fill_fits(ret);
	return 0;
}

void mig_shape_close(struct shape *s)
{
	free(s->fits);
	free(s->least);
	*s = (struct shape){ 0 };
}

/* ------------------------------------------------------------ one layout */

/* The engine or profile that there is not enough of for these slots, into @buf; or NULL. */
static const char *short_stock(const struct mig_gpu_type *type, const struct slot *slots, int n,
			       char *buf, size_t len)
{
	for (int e = 0; e < N_ENGINES; e++) {
		const int64_t capacity = engine_capacity(type, e);
		int64_t taken = 0;

		for (int i = 0; i < n; i++) {
			const int need = engine_need(&type->profiles[slots[i].profile], e);

			taken += need > 0 ? need : 0;
		}
		if (capacity >= 0 && taken > capacity) {
			snprintf(buf, len, "it takes %lld %s and the GPU has %lld",
				 (long long)taken, engine_names[e], (long long)capacity);
			return buf;
		}
	}
	for (int p = 0; p < type->n_profiles; p++) {
		int count = 0;

		for (int i = 0; i < n; i++)
			count += slots[i].profile == p;
		if (type->profiles[p].max_count >= 0 && count > type->profiles[p].max_count) {
			snprintf(buf, len, "a GPU holds no more than %d x %s",
				 type->profiles[p].max_count, type->profiles[p].name);
			return buf;
		}
	}
	return NULL;
}

const char *mig_layout_wrong(const struct mig_gpu_type *type, const struct slot *slots, int n,
			     char *buf, size_t len)
{
	int free_from = 0;

	for (int i = 0; i < n; i++) {
		const struct mig_profile *p = &type->profiles[slots[i].profile];

		if (!(p->starts >> slots[i].start & 1) ||
		    slots[i].start + p->size > type->units) {
			snprintf(buf, len, "a %s cannot start at %d", p->name, slots[i].start);
			return buf;
		}
		if (slots[i].start < free_from) {
			snprintf(buf, len,
				 "the %s at %d begins before the end of the one before it",
				 p->name, slots[i].start);
			return buf;
		}
		free_from = slots[i].start + p->size;
	}
	return short_stock(type, slots, n, buf, len);
}

const char *mig_slots_text(const struct mig_gpu_type *type, const struct slot *slots, int n,
			   char *buf, size_t len)
{
	buf[0] = '\0';
	for (int p = type->n_profiles - 1; p >= 0; p--) {
		int count = 0;

		for (int i = 0; i < n; i++)
			count += slots[i].profile == p;
		if (count == 0)
			continue;
		text_append(buf, len, "%s", buf[0] ? " " : "");
		if (count > 1)
			text_append(buf, len, "%dx", count);
		text_append(buf, len, "%s", type->profiles[p].name);
		for (int i = 0, k = 0; i < n; i++) {
			if (slots[i].profile == p)
				text_append(buf, len, "%c%d", k++ ? ',' : '@', slots[i].start);
		}
	}
	return buf;
}

/* ------------------------------------------------------------ all layouts */

/* One walk from the last unit to the first: what the units from here on can weigh at least. */
struct walk {
	const struct shape *s;
	const struct weights *w;
	const struct slot *at[MIG_UNITS_MAX]; /* what is there now and starts at that unit */
};

/* What becomes of the slots that start in a range when they do not stay. false: they must. */
static bool move_away(const struct walk *k, int from, int size, wide *sum)
{
	for (int u = from; u < from + size; u++) {
		if (k->at[u] && k->at[u]->is_fixed)
			return false;
		if (k->at[u] && k->at[u]->cls != NOBODY)
			*sum += k->w->moved;
	}
	return true;
}

/* What may be done at a unit. */
enum { STEP_SKIP = -2, STEP_KEEP = -1 }; /* or the index of a profile, which is made here */

static int step_size(const struct walk *k, int u, int step)
{
	if (step == STEP_SKIP)
		return 1;
	return k->s->type->profiles[step == STEP_KEEP ? k->at[u]->profile : step].size;
}

/* What a step at a unit weighs with all that follows it. false: it cannot be done. */
static bool try_step(const struct walk *k, int u, int state, int step, wide *ret)
{
	const int profile = step == STEP_KEEP && k->at[u] ? k->at[u]->profile : step;
	const struct mig_profile *p = &k->s->type->profiles[profile < 0 ? 0 : profile];
	int next = state;

	*ret = 0;
	if (step == STEP_SKIP) {
		if (!move_away(k, u, 1, ret))
			return false;
	} else {
		if (step == STEP_KEEP && !k->at[u])
			return false;
		if (step >= 0 && (!(k->w->profiles >> step & 1) || !(p->starts >> u & 1)))
			return false;
		if (u + p->size > k->s->type->units ||
		    !k->s->fits[state * MIG_PROFILES_MAX + profile])
			return false;
		if (step >= 0 && !move_away(k, u, p->size, ret))
			return false;
		if (step == STEP_KEEP && !move_away(k, u + 1, p->size - 1, ret))
			return false;
		*ret += step == STEP_KEEP && k->at[u]->is_fixed && k->at[u]->cls == NOBODY
				? k->w->strange[profile]
				: k->w->made[profile];
		next -= k->s->delta[profile];
	}
	*ret += k->s->least[(u + step_size(k, u, step)) * k->s->n_states + next];
	return true;
}

static int best_step(const struct walk *k, int u, int state, wide *ret)
{
	int best = STEP_SKIP - 1;

	for (int step = STEP_SKIP; step < k->s->type->n_profiles; step++) {
		wide sum;

		if (try_step(k, u, state, step, &sum) && (best < STEP_SKIP || sum < *ret)) {
			*ret = sum;
			best = step;
		}
	}
	return best;
}

/* No layout from here on: more than anything weighs, and no sum of a few is too much. */
static const wide impossible = (wide)1 << 120;

static wide walk_back(const struct walk *k)
{
	const struct shape *s = k->s;

	for (int state = 0; state < s->n_states; state++)
		s->least[s->type->units * s->n_states + state] = 0;
	for (int u = s->type->units - 1; u >= 0; u--) {
		for (int state = 0; state < s->n_states; state++) {
			wide least = impossible;

			best_step(k, u, state, &least);
			s->least[u * s->n_states + state] = least;
		}
	}
	return s->least[s->n_states - 1];
}

/* The layout that the walk found. */
static void read_walk(const struct walk *k, struct slot *ret, int *ret_n)
{
	int state = k->s->n_states - 1;

	*ret_n = 0;
	for (int u = 0; u < k->s->type->units;) {
		wide sum = 0;
		const int step = best_step(k, u, state, &sum);
		struct slot slot = { .start = (uint8_t)u, .cls = NOBODY };

		if (step == STEP_KEEP)
			slot = *k->at[u];
		else if (step >= 0)
			slot.profile = (uint8_t)step;
		if (step != STEP_SKIP) {
			ret[(*ret_n)++] = slot;
			state -= k->s->delta[slot.profile];
		}
		u += step_size(k, u, step);
	}
}

wide mig_least_weight(const struct shape *s, const struct weights *w, const struct slot *now,
		      int n, struct slot *ret_slots, int *ret_n)
{
	struct walk k = { .s = s, .w = w };
	wide least, empty = 0;
	bool may_be_empty;

	for (int i = 0; i < n; i++)
		k.at[now[i].start] = &now[i];
	may_be_empty = move_away(&k, 0, s->type->units, &empty);
	/* Empty layouts have the base here too, but then they are not the least. */
	least = w->base + walk_back(&k);
	if (may_be_empty && empty <= least) {
		if (ret_n)
			*ret_n = 0;
		return empty;
	}
	if (ret_n)
		read_walk(&k, ret_slots, ret_n);
	return least;
}
