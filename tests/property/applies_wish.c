/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted of GPUs: made at random such that it fits, written down, found in what stands. */
#include "shared/text.h"
#include "tests/property/applies.h"

static unsigned span(int start, int size)
{
	return ((1U << size) - 1) << start;
}

/* One of the starts in a mask at which so many are free; -1: none. */
static int free_start(unsigned starts, int size, unsigned taken, uint64_t *seed)
{
	int found[32], n = 0;

	for (int s = 0; s < 32 - size; s++) {
		if (starts >> s & 1 && !(taken & span(s, size)))
			found[n++] = s;
	}
	return n ? found[below((unsigned)n, seed)] : -1;
}

/* --- One instance ----------------------------------------------------------------------- */

static int whole_ci(const struct sim_gi_kind *kind)
{
	for (int k = 0; k < kind->n_ci; k++) {
		if (kind->ci[k].compute_slices == kind->compute_slices)
			return k;
	}
	return 0;
}

static void split(struct wish *w, const struct sim_gi_kind *kind, uint64_t *seed)
{
	const bool is_exact = below(2, seed);
	unsigned taken = 0;

	w->is_plain = false;
	w->n_ci = 0;
	for (unsigned tries = 1 + below(5, seed); tries > 0; tries--) {
		const int k = (int)below((unsigned)kind->n_ci, seed);
		const int start = free_start(kind->ci[k].starts, kind->ci[k].size, taken, seed);

		if (start < 0 || strchr(kind->ci[k].name, '+'))
			continue;
		taken |= span(start, kind->ci[k].size);
		w->ci_kind[w->n_ci] = k;
		w->ci_start[w->n_ci++] = is_exact ? start : -1;
	}
}

static struct wish wish_random(int gpu, int k, int start, uint64_t *seed)
{
	const struct sim_gi_kind *kind = &type_at(gpu)->profiles[k];
	struct wish w = { .kind = k, .start = start, .is_plain = true, .n_ci = 1 };
	const unsigned how = below(10, seed);

	w.ci_kind[0] = whole_ci(kind);
	w.ci_start[0] = -1;
	if (how < 3)
		split(&w, kind, seed);
	else if (how < 7)
		snprintf(w.name, sizeof(w.name), "team/n%u", below(NAMES, seed));
	return w;
}

/* --- One GPU ---------------------------------------------------------------------------- */

static int count_of(const struct target *t, int gpu, int kind)
{
	int n = 0;

	for (int i = 0; i < t->n[gpu]; i++)
		n += t->wish[gpu][i].kind == kind;
	return n;
}

/* Engines that go to one instance are asked for once: what else cannot be is left to migctl. */
static bool may_be(const struct target *t, int gpu, int k)
{
	const struct sim_gi_kind *kind = &type_at(gpu)->profiles[k];

	for (int i = 0; strchr(kind->name, '+') && i < t->n[gpu]; i++) {
		if (strchr(type_at(gpu)->profiles[t->wish[gpu][i].kind].name, '+'))
			return false;
	}
	return count_of(t, gpu, k) < kind->max_count;
}

/* What stands there now, most of it: what is wanted and there is to stay. Return: its units. */
static unsigned keep_some(struct target *t, int gpu, uint64_t *seed)
{
	struct sim_gpu_state gpus[GPUS];
	struct stand s;
	unsigned taken = 0;

	machine_look(gpus);
	stand_of(gpus, &s);
	for (int at = 0; at < MIG_UNITS_MAX; at++) {
		const struct stand_gi *gi = &s.gi[gpu][at];
		struct wish *w = &t->wish[gpu][t->n[gpu]];

		if (gi->kind < 0 || below(4, seed) == 0 || t->n[gpu] == WISHES)
			continue;
		*w = (struct wish){ .kind = gi->kind, .start = at };
		for (int k = 0; k < SIM_CIS_MAX; k++) {
			if (gi->ci_kind[k] < 0 || below(6, seed) == 0)
				continue;
			w->ci_kind[w->n_ci] = gi->ci_kind[k];
			w->ci_start[w->n_ci++] = k;
		}
		taken |= span(at, type_at(gpu)->profiles[gi->kind].size);
		t->n[gpu]++;
	}
	return taken;
}

static void fill_gpu(struct target *t, int gpu, uint64_t *seed)
{
	const struct sim_type *type = type_at(gpu);
	const bool is_exact = below(2, seed);
	unsigned taken = 0;

	t->is_named[gpu] = true;
	if (below(3, seed))
		taken = keep_some(t, gpu, seed);
	for (unsigned tries = below(9, seed); tries > 0 && t->n[gpu] < WISHES; tries--) {
		const int k = (int)below((unsigned)type->n_profiles, seed);
		const struct sim_gi_kind *kind = &type->profiles[k];
		const int start = free_start(kind->starts, kind->size, taken, seed);

		if (start < 0 || !may_be(t, gpu, k))
			continue;
		taken |= span(start, kind->size);
		t->wish[gpu][t->n[gpu]++] = wish_random(gpu, k, is_exact ? start : -1, seed);
	}
}

/* A name stands once in a file. */
static void drop_twice(struct target *t)
{
	unsigned seen = 0;

	for (int g = 0; g < n_gpus; g++) {
		for (int i = 0; i < t->n[g]; i++) {
			struct wish *w = &t->wish[g][i];
			const unsigned bit = *w->name ? 1U << (w->name[6] - '0') : 0;

			if (seen & bit)
				w->name[0] = '\0';
			seen |= bit;
		}
	}
}

void target_random(struct target *ret, uint64_t *seed)
{
	const int one = (int)below((unsigned)n_gpus, seed);
	const bool is_one = below(2, seed);

	memset(ret, 0, sizeof(*ret));
	for (int g = 0; g < n_gpus; g++) {
		if (g == one || (!is_one && below(4, seed)))
			fill_gpu(ret, g, seed);
	}
	drop_twice(ret);
}

/* As an operand can say it: so many of one kind, wherever they are. */
static void simplify(struct wish *w)
{
	for (int k = 1; k < w->n_ci; k++)
		w->ci_kind[k] = w->ci_kind[0];
	for (int k = 0; k < w->n_ci; k++)
		w->ci_start[k] = -1;
}

void target_some(struct target *ret, int *ret_gpu, uint64_t *seed)
{
	const int gpu = (int)below((unsigned)n_gpus, seed);
	const struct sim_type *type = type_at(gpu);
	const unsigned n = 1 + below(2, seed);

	memset(ret, 0, sizeof(*ret));
	ret->is_named[gpu] = true;
	for (unsigned i = 0; i < n; i++) {
		/* The smaller of two: where much stands there is still room for it. */
		const unsigned one = below((unsigned)type->n_profiles, seed);
		const unsigned other = below((unsigned)type->n_profiles, seed);
		const int k = (int)(one < other ? one : other);
		const struct sim_gi_kind *kind = &type->profiles[k];
		struct wish w = wish_random(gpu, k, -1, seed);

		while (w.n_ci == 0 || (w.n_ci > 1 && w.ci_kind[0] == whole_ci(kind)))
			w = wish_random(gpu, k, -1, seed);
		simplify(&w);
		if (below(3, seed) == 0)
			w.start = free_start(kind->starts, kind->size, 0, seed);
		if (n > 1)
			w.name[0] = '\0';
		ret->wish[gpu][ret->n[gpu]++] = w;
	}
	*ret_gpu = gpu;
}

bool target_names(const struct target *t)
{
	for (int g = 0; g < n_gpus; g++) {
		for (int i = 0; i < t->n[g]; i++) {
			if (*t->wish[g][i].name)
				return true;
		}
	}
	return false;
}

/* --- Written down ----------------------------------------------------------------------- */

static void wish_file(const struct wish *w, int gpu, char *buf, size_t len)
{
	const struct sim_gi_kind *kind = &type_at(gpu)->profiles[w->kind];

	text_append(buf, len, "      - {profile: %s", kind->name);
	if (w->start >= 0)
		text_append(buf, len, ", start: %d", w->start);
	if (*w->name)
		text_append(buf, len, ", name: %s", w->name);
	if (!w->is_plain)
		text_append(buf, len, ", compute-instances: [");
	for (int k = 0; !w->is_plain && k < w->n_ci; k++) {
		text_append(buf, len, "%s{profile: %s", k ? ", " : "",
			    kind->ci[w->ci_kind[k]].name);
		if (w->ci_start[k] >= 0)
			text_append(buf, len, ", start: %d", w->ci_start[k]);
		text_append(buf, len, "}");
	}
	text_append(buf, len, "%s}\n", w->is_plain ? "" : "]");
}

void target_write(const struct target *t, char *buf, size_t len)
{
	buf[0] = '\0';
	text_append(buf, len, "version: migctl/v1\ngpus:\n");
	for (int g = 0; g < n_gpus; g++) {
		if (!t->is_named[g])
			continue;
		text_append(buf, len, "  - gpu: %d\n    mig-enabled: true\n    instances:%s\n",
			    g, t->n[g] ? "" : " []");
		for (int i = 0; i < t->n[g]; i++)
			wish_file(&t->wish[g][i], g, buf, len);
	}
}

void wish_write(const struct wish *w, int gpu, char *buf, size_t len)
{
	const struct sim_gi_kind *kind = &type_at(gpu)->profiles[w->kind];
	const char *name = kind->name;
	char at[16] = "";

	if (w->start >= 0)
		snprintf(at, sizeof(at), "@%d", w->start);
	if (!w->is_plain)
		name = kind->ci[w->ci_kind[0]].name;
	if (w->n_ci > 1)
		snprintf(buf, len, "%dx%s%s", w->n_ci, name, at);
	else
		snprintf(buf, len, "%s%s", name, at);
}

/* --- Found again ------------------------------------------------------------------------ */

/* Those with a start first: what is left is told apart by kind alone. */
static bool serves(const struct stand_gi *gi, const struct wish *w)
{
	struct stand_gi left = *gi;
	int n_stand = 0;

	if (gi->kind != w->kind)
		return false;
	for (int k = 0; k < SIM_CIS_MAX; k++)
		n_stand += gi->ci_kind[k] >= 0;
	if (n_stand != w->n_ci)
		return false;
	for (int k = 0; k < w->n_ci; k++) {
		if (w->ci_start[k] < 0)
			continue;
		if (left.ci_kind[w->ci_start[k]] != w->ci_kind[k])
			return false;
		left.ci_kind[w->ci_start[k]] = -1;
	}
	for (int k = 0; k < w->n_ci; k++) {
		int at = 0;

		while (w->ci_start[k] < 0 && at < SIM_CIS_MAX &&
		       left.ci_kind[at] != w->ci_kind[k])
			at++;
		if (at == SIM_CIS_MAX)
			return false;
		if (w->ci_start[k] < 0)
			left.ci_kind[at] = -1;
	}
	return true;
}

/* Is there a way to give each wish from @i on an instance that is not taken? */
static bool assign(const struct target *t, const struct stand *s, int gpu, int i,
		   unsigned taken)
{
	if (i == t->n[gpu])
		return true;
	for (int at = 0; at < MIG_UNITS_MAX; at++) {
		const struct wish *w = &t->wish[gpu][i];

		if (taken >> at & 1 || (w->start >= 0 && w->start != at) ||
		    !serves(&s->gi[gpu][at], w))
			continue;
		if (assign(t, s, gpu, i + 1, taken | 1U << at))
			return true;
	}
	return false;
}

bool target_is_met(const struct target *t, const struct stand *s, int gpu)
{
	int n = 0;

	for (int at = 0; at < MIG_UNITS_MAX; at++)
		n += s->gi[gpu][at].kind >= 0;
	return n == t->n[gpu] && assign(t, s, gpu, 0, 0);
}
