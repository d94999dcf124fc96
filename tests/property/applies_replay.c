/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the log to what stood after each call: each is done once more by the simulator's own rules,
 * on a machine in memory that starts empty. What migctl thinks of it is not asked.
 *
 * The last record of a process that was killed may be of a change that never came to be. It is
 * taken for done until something later contradicts that: then it is left out, and all begun anew.
 */
#include <sys/wait.h>

#include "sim/state.h"
#include "tests/property/applies.h"

bool is_create(const struct sim_log_record *r)
{
	return strstr(r->call, "Create") != NULL;
}

bool is_destroy(const struct sim_log_record *r)
{
	return strstr(r->call, "Destroy") != NULL;
}

bool record_place(const struct sim_log_record *r, struct place *ret)
{
	const char *ci = strstr(r->asked, " CI "), *gi = strstr(r->asked, " GI ");

	*ret = (struct place){ -1, -1, -1 };
	if (sscanf(r->asked, "GPU %d", &ret->gpu) != 1)
		return false;
	if (gi)
		sscanf(gi, " GI %d", &ret->gi);
	if (ci)
		sscanf(ci, " CI %d", &ret->ci);
	return true;
}

/* --- Reading ---------------------------------------------------------------------------- */

static bool add_record(const struct sim_log_record *record, void *arg)
{
	struct history *h = arg;

	CHECK(h->n < RECORDS);
	h->records[h->n++] = *record;
	return true;
}

static int owner_of(const struct sim_log_record *r)
{
	for (int i = scene->n_commands - 1; i >= 0; i--) {
		const struct command *c = &scene->commands[i];

		if (c->pid == r->pid && c->begin_ns <= r->t_ns && r->t_ns <= c->end_ns)
			return i;
	}
	return -1;
}

static void find_owners(struct history *h)
{
	for (int i = 0; i < scene->n_commands; i++) {
		scene->commands[i].first = h->n;
		scene->commands[i].last = -1;
	}
	for (int i = 0; i < h->n; i++) {
		struct command *c;

		h->owner[i] = owner_of(&h->records[i]);
		if (h->owner[i] < 0)
			wrong(h, i, NULL, "no command of ours made this call");
		c = &scene->commands[h->owner[i]];
		c->first = i < c->first ? i : c->first;
		c->last = i;
	}
}

/* --- One call once more ----------------------------------------------------------------- */

static int kind_by_id(int gpu, int gi_kind, int id)
{
	const struct sim_type *type = type_at(gpu);
	const int n = gi_kind < 0 ? type->n_profiles : type->profiles[gi_kind].n_ci;

	for (int k = 0; k < n; k++) {
		if ((gi_kind < 0 ? type->profiles[k].id : type->profiles[gi_kind].ci[k].id) ==
		    id)
			return k;
	}
	return -1;
}

static bool create(struct sim_half *half, const struct sim_log_record *r, const struct place *p)
{
	const char *at = strstr(r->asked, "placement "), *of = strstr(r->asked, "profile ");
	const int gi_kind = p->gi < 0 ? -1 : half->gpus[p->gpu].gi[p->gi].profile;
	int start = -1, id = -1, made, kind;
	nvmlReturn_t rc;

	if (at)
		sscanf(at, "placement %d", &start);
	CHECK(of && sscanf(of, "profile %d", &kind) == 1);
	CHECK(sscanf(r->made, "%*s %d", &made) == 1);
	if (p->gi >= 0 && !half->gpus[p->gpu].gi[p->gi].generation)
		return false;
	kind = kind_by_id(p->gpu, gi_kind, kind);
	if (kind < 0)
		return false;
	if (p->gi < 0)
		rc = sim_state_create_gi(&fixed, half, p->gpu, kind, start, &id);
	else
		rc = sim_state_create_ci(&fixed, half, p->gpu, p->gi, kind, start, &id);
	return rc == NVML_SUCCESS && id == made;
}

static bool is_there(const struct sim_half *half, const struct place *p)
{
	const struct sim_gi *gi = &half->gpus[p->gpu].gi[p->gi];

	return gi->generation && (p->ci < 0 || gi->ci[p->ci].generation);
}

static bool once_more(struct sim_half *half, const struct sim_log_record *r)
{
	struct place p;

	if (!record_place(r, &p) || p.gpu < 0 || p.gpu >= n_gpus)
		return false;
	if (is_create(r))
		return create(half, r, &p);
	if (!is_destroy(r) || p.gi < 0 || !is_there(half, &p))
		return false;
	if (p.ci < 0)
		return sim_state_destroy_gi(half, p.gpu, p.gi, UINT64_MAX) == NVML_SUCCESS;
	return sim_state_destroy_ci(half, p.gpu, p.gi, p.ci, UINT64_MAX) == NVML_SUCCESS;
}

/* --- All of them ------------------------------------------------------------------------ */

static struct sim_half half;

static bool is_alike(const struct sim_gpu_state *x, const struct sim_gpu_state *y)
{
	struct stand a, b;

	stand_of(x, &a);
	stand_of(y, &b);
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Who made the last change before that: of nobody else is it certain whether it was done yet. */
static int last_owner(const struct history *h, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		if (h->records[i].result == NVML_SUCCESS && !h->is_dropped[i])
			return h->owner[i];
	}
	return -1;
}

/* What was seen after @n records: does it agree? What strangers did is taken over. */
static bool agree(const struct history *h, int n)
{
	struct sim_gpu_state before[GPUS];
	bool is_well = true;

	memcpy(before, half.gpus, sizeof(before));
	for (int i = 0; i < scene->n_checkpoints; i++) {
		const struct checkpoint *p = &scene->checkpoints[i];

		if (p->n_records == n && p->is_foreign)
			memcpy(half.gpus, p->gpus, sizeof(p->gpus));
	}
	for (int i = 0; i < scene->n_checkpoints; i++) {
		const struct checkpoint *p = &scene->checkpoints[i];

		/* Who looked and who changed it need not have said so in that order. */
		if (p->n_records == n && !p->is_foreign && p->victim == last_owner(h, n))
			is_well &= is_alike(p->gpus, before) || is_alike(p->gpus, half.gpus);
	}
	return is_well;
}

/* Return: how many records were possible; with h->n + 1 all were, and led to what stands. */
static int play(struct history *h)
{
	struct sim_gpu_state now[GPUS];

	memset(&half, 0, sizeof(half));
	for (int g = 0; g < n_gpus; g++)
		half.gpus[g].mode = half.gpus[g].pending = 1;
	for (int i = 0; i <= h->n; i++) {
		const struct sim_log_record *r = i ? &h->records[i - 1] : NULL;

		if (r && r->result == NVML_SUCCESS && !h->is_dropped[i - 1] &&
		    !once_more(&half, r))
			return i - 1;
		stand_of(half.gpus, &h->stood[i]);
		if (!agree(h, i))
			return i;
		stand_of(half.gpus, &h->foreign[i]);
	}
	machine_look(now);
	return is_alike(now, half.gpus) ? h->n + 1 : h->n;
}

/* May this record be of a change that never came to be? */
static bool is_doubtful(const struct history *h, int i)
{
	const struct command *c = &scene->commands[h->owner[i]];

	if (h->records[i].result != NVML_SUCCESS || !WIFSIGNALED(c->status))
		return false;
	for (int k = i + 1; k <= c->last; k++) {
		if (h->records[k].result == NVML_SUCCESS)
			return false;
	}
	return true;
}

/* Leave out the last doubtful one before a contradiction; those after it are believed again. */
static bool doubt(struct history *h, int before)
{
	for (int i = before - 1; i >= 0; i--) {
		if (is_doubtful(h, i) && !h->is_dropped[i]) {
			h->is_dropped[i] = true;
			return true;
		}
		h->is_dropped[i] = false;
	}
	return false;
}

_Noreturn static void contradict(const struct history *h, int at)
{
	struct sim_gpu_state gpus[GPUS];
	struct stand now;

	machine_look(gpus);
	stand_of(gpus, &now);
	fputs("by the log:\n", stderr);
	stand_print(stderr, &h->stood[h->n]);
	fputs("now:\n", stderr);
	stand_print(stderr, &now);
	wrong(h, at, NULL, "what the log says and what stands contradict each other");
}

void history_read(struct history *h)
{
	struct mig_error err = { 0 };
	int first = -1, at;

	*h = (struct history){ .records = calloc(RECORDS, sizeof(*h->records)) };
	CHECK(h->records);
	CHECK(sim_log_each(machine_folder(), machine, false, add_record, h, &err) == 0);
	h->owner = calloc((size_t)h->n + 1, sizeof(*h->owner));
	h->is_dropped = calloc((size_t)h->n + 1, sizeof(*h->is_dropped));
	h->stood = calloc((size_t)h->n + 1, sizeof(*h->stood));
	h->foreign = calloc((size_t)h->n + 1, sizeof(*h->foreign));
	CHECK(h->owner && h->is_dropped && h->stood && h->foreign);
	find_owners(h);
	while ((at = play(h)) <= h->n) {
		first = first < 0 ? at : first;
		if (!doubt(h, at < h->n ? at + 1 : at))
			contradict(h, first);
	}
	for (int i = 0; i < h->n; i++)
		tally.dropped += h->is_dropped[i];
}

void history_free(struct history *h)
{
	free(h->records);
	free(h->owner);
	free(h->is_dropped);
	free(h->stood);
	free(h->foreign);
}
