/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on a simulated machine, as a value that can be compared. */
#include <time.h>

#include "tests/property/applies.h"

const char *machine;
struct sim_fixed fixed;
int n_gpus;

const struct sim_type *type_at(int gpu)
{
	return &fixed.types[fixed.gpus[gpu].type];
}

static void stand_gi(const struct sim_gi *gi, int id, struct stand_gi *ret)
{
	ret->kind = (int8_t)gi->profile;
	ret->id = (int8_t)id;
	for (int k = 0; k < SIM_CIS_MAX; k++) {
		const struct sim_ci *ci = &gi->ci[k];

		if (!ci->generation)
			continue;
		ret->ci_kind[ci->start] = (int8_t)ci->profile;
		ret->ci_id[ci->start] = (int8_t)k;
	}
}

void stand_of(const struct sim_gpu_state *gpus, struct stand *ret)
{
	memset(ret, -1, sizeof(*ret));
	for (int g = 0; g < n_gpus; g++) {
		for (int i = 0; i < SIM_GIS_MAX; i++) {
			const struct sim_gi *gi = &gpus[g].gi[i];

			if (gi->generation)
				stand_gi(gi, i, &ret->gi[g][gi->start]);
		}
	}
}

void machine_look(struct sim_gpu_state ret[GPUS])
{
	struct mig_error err = { 0 };
	struct sim_open m;
	const int rc = sim_open(machine_folder(), machine, &m, &err);

	if (rc < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(rc == 0);
	memcpy(ret, m.half->gpus, (size_t)n_gpus * sizeof(*ret));
	sim_open_close(&m);
}

bool is_same_gpu(const struct stand *a, const struct stand *b, int gpu)
{
	for (int s = 0; s < MIG_UNITS_MAX; s++) {
		const struct stand_gi *x = &a->gi[gpu][s], *y = &b->gi[gpu][s];

		if (x->kind != y->kind ||
		    memcmp(x->ci_kind, y->ci_kind, sizeof(x->ci_kind)) != 0)
			return false;
	}
	return true;
}

bool is_same(const struct stand *a, const struct stand *b)
{
	for (int g = 0; g < n_gpus; g++) {
		if (!is_same_gpu(a, b, g))
			return false;
	}
	return true;
}

static void gi_print(FILE *f, int gpu, int start, const struct stand_gi *gi)
{
	const struct sim_gi_kind *kind = &type_at(gpu)->profiles[gi->kind];

	fprintf(f, " %s@%d#%d(", kind->name, start, gi->id);
	for (int k = 0, n = 0; k < SIM_CIS_MAX; k++) {
		if (gi->ci_kind[k] >= 0)
			fprintf(f, "%s%s@%d#%d", n++ ? " " : "", kind->ci[gi->ci_kind[k]].name,
				k, gi->ci_id[k]);
	}
	fputs(")", f);
}

void stand_print(FILE *f, const struct stand *s)
{
	for (int g = 0; g < n_gpus; g++) {
		fprintf(f, "    GPU %d:", g);
		for (int i = 0; i < MIG_UNITS_MAX; i++) {
			if (s->gi[g][i].kind >= 0)
				gi_print(f, g, i, &s->gi[g][i]);
		}
		fputs("\n", f);
	}
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
