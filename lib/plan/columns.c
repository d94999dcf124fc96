/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a source: every way to keep some of what stands on a GPU and to fill the
 * rest, but for those that another column beats. What can be put beside instances depends
 * on their units and counts alone, so it is enumerated once for all sources.
 */
#include "lib/plan/columns.h"

#include <stdlib.h>
#include <string.h>

enum { N_BUCKETS = 1 << 10 };

/* What instances take, as far as it matters to those beside them. */
struct base {
	int pool;
	uint16_t used;
	uint8_t counts[MIG_PROFILES_MAX];
};

/* One most-that-fits beside a base. */
struct filling {
	uint8_t supply[MIG_PROFILES_MAX];
	struct mig_layout layout; /* with the base it was found for */
};

struct fillings {
	struct base base;
	struct fillings *next; /* of the bucket */
	int n, room;
	struct filling *all;
};

struct plan_fillings {
	struct fillings *buckets[N_BUCKETS];
};

struct plan_fillings *plan_fillings_open(void)
{
	return calloc(1, sizeof(struct plan_fillings));
}

void plan_fillings_close(struct plan_fillings *f)
{
	if (!f)
		return;
	for (int i = 0; i < N_BUCKETS; i++) {
		struct fillings *next;

		for (struct fillings *at = f->buckets[i]; at; at = next) {
			next = at->next;
			free(at->all);
			free(at);
		}
	}
	free(f);
}

static unsigned bucket_of(const struct base *b)
{
	uint32_t h = (uint32_t)b->pool * 31U + b->used;

	for (int i = 0; i < MIG_PROFILES_MAX; i++)
		h = h * 31U + b->counts[i];
	return (h ^ h >> 10) % N_BUCKETS;
}

/* Does @a have all of @b? */
static bool has_all(const uint8_t *a, const uint8_t *b)
{
	for (int i = 0; i < MIG_PROFILES_MAX; i++) {
		if (a[i] < b[i])
			return false;
	}
	return true;
}

/* Grow an array of @size bytes an element so that one more than @n fits; NULL: no memory. */
static void *with_room(void *array, int n, int *room, size_t size)
{
	void *grown;

	if (n < *room)
		return array;
	grown = realloc(array, (size_t)(*room + 16) * 2 * size);
	if (grown)
		*room = (*room + 16) * 2;
	return grown;
}

struct visit {
	struct fillings *out;
	uint32_t profiles;
	int n_base; /* instances of the base */
	bool is_short;
};

static bool is_full(const struct mig_layout *lay, uint32_t profiles)
{
	for (int i = 0; i < lay->type->n_profiles; i++) {
		if ((profiles >> i & 1) && mig_layout_starts(lay, i))
			return false;
	}
	return true;
}

static int note_filling(const struct mig_layout *lay, void *arg)
{
	struct visit *v = arg;
	struct fillings *out = v->out;
	struct filling f = { .layout = *lay };
	struct filling *grown;

	if (!is_full(lay, v->profiles))
		return 0;
	for (int i = 0; i < lay->n_slots; i++)
		f.supply[lay->slots[i].profile]++;
	for (int i = 0; i < MIG_PROFILES_MAX; i++)
		f.supply[i] = (uint8_t)(f.supply[i] - out->base.counts[i]);
	for (int i = 0; i < out->n; i++) {
		if (has_all(out->all[i].supply, f.supply))
			return 0;
	}
	for (int i = 0; i < out->n; i++) {
		if (has_all(f.supply, out->all[i].supply))
			out->all[i--] = out->all[--out->n];
	}
	grown = with_room(out->all, out->n, &out->room, sizeof(f));
	if (!grown) {
		v->is_short = true;
		return 1;
	}
	out->all = grown;
	out->all[out->n++] = f;
	return 0;
}

/* All that can be put beside @lay, found now or before; NULL: no memory. */
static const struct fillings *fill(struct plan_fillings *known, int pool,
				   const struct mig_layout *lay, uint32_t profiles)
{
	struct base base = { .pool = pool, .used = lay->used };
	struct visit v = { .profiles = profiles };
	struct fillings **bucket, *f;

	for (int i = 0; i < lay->n_slots; i++)
		base.counts[lay->slots[i].profile]++;
	bucket = &known->buckets[bucket_of(&base)];
	for (f = *bucket; f; f = f->next) {
		if (f->base.pool == pool && f->base.used == base.used &&
		    memcmp(f->base.counts, base.counts, sizeof(base.counts)) == 0)
			return f;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->base = base;
	f->next = *bucket;
	*bucket = f;
	v.out = f;
	mig_layout_each_beside(lay, profiles, note_filling, &v);
	return v.is_short ? NULL : f;
}

/* Put @col among the columns of its source, unless one there is as good in every way. */
static int note_column(struct plan_columns *cols, int first, const struct plan_column *col)
{
	void *grown;

	for (int i = first; i < cols->n; i++) {
		const struct plan_column *c = &cols->all[i];

		if (c->gpus <= col->gpus && c->moves <= col->moves &&
		    has_all(c->supply, col->supply))
			return 0;
	}
	for (int i = first; i < cols->n; i++) {
		const struct plan_column *c = &cols->all[i];

		if (col->gpus <= c->gpus && col->moves <= c->moves &&
		    has_all(col->supply, c->supply))
			cols->all[i--] = cols->all[--cols->n];
	}
	grown = with_room(cols->all, cols->n, &cols->room, sizeof(*col));
	if (!grown)
		return -MIG_E_NOMEM;
	cols->all = grown;
	cols->all[cols->n++] = *col;
	return 0;
}

/* The instances of @kept where they stand, then those of @f, placed anew beside them: it may
 * have been found for a base that stands elsewhere on the same units. */
static bool lay_out(struct mig_layout *lay, const struct filling *f, uint16_t base_used)
{
	for (int i = 0; i < f->layout.n_slots; i++) {
		const struct mig_slot *s = &f->layout.slots[i];

		if (base_used >> s->start & 1)
			continue;
		if (mig_layout_add(lay, s->profile, s->start, NULL) < 0)
			return false;
	}
	return true;
}

/* The columns of @src that keep exactly @kept. */
static int keep(struct plan_columns *cols, const struct plan_source *src, int source,
		uint16_t kept, uint32_t profiles, struct plan_fillings *known)
{
	struct plan_column base = { .source = source, .kept = kept };
	struct mig_layout lay = mig_layout_empty(src->layout.type);
	const struct fillings *f;
	int rc = 0;

	for (int i = 0; i < src->layout.n_slots; i++) {
		const struct mig_slot *s = &src->layout.slots[i];

		if (!(kept >> i & 1))
			base.moves++;
		else if (mig_layout_add(&lay, s->profile, s->start, NULL) == 0 &&
			 !(src->strangers >> i & 1))
			base.supply[s->profile]++;
	}
	base.layout = lay;
	base.gpus = lay.n_slots > 0;
	if (!base.gpus && !src->is_fresh)
		rc = note_column(cols, src->first_column, &base);
	f = fill(known, src->pool, &lay, profiles);
	if (!f)
		return -MIG_E_NOMEM;
	for (int i = 0; i < f->n && rc == 0; i++) {
		struct plan_column col = base;

		for (int p = 0; p < MIG_PROFILES_MAX; p++)
			col.supply[p] = (uint8_t)(col.supply[p] + f->all[i].supply[p]);
		if (lay_out(&col.layout, &f->all[i], lay.used) && col.layout.n_slots > 0) {
			col.gpus = 1;
			rc = note_column(cols, src->first_column, &col);
		}
	}
	return rc;
}

int plan_columns_add(struct plan_columns *cols, struct plan_source *src, int source,
		     uint32_t profiles, struct plan_fillings *known)
{
	const unsigned all = (1U << src->layout.n_slots) - 1;
	int rc = 0;

	src->first_column = cols->n;
	/* Those that keep the most first: most of the others lose against one of them. */
	for (int n = src->layout.n_slots; n >= 0 && rc == 0; n--) {
		for (unsigned kept = 0; kept <= all && rc == 0; kept++) {
			if (__builtin_popcount(kept) == n && (kept & src->held) == src->held)
				rc = keep(cols, src, source, (uint16_t)kept, profiles, known);
		}
	}
	src->n_columns = cols->n - src->first_column;
	return rc;
}
