/* SPDX-License-Identifier: Apache-2.0 */
/* A random command, and what it is to do in terms that are not migctl's. */
#include "shared/text.h"
#include "tests/property/applies.h"

const char *const verb_names[VERBS] = { "apply",   "create", "destroy", "undo",
					"restore", "save",   "recover", "look" };

static void say(struct command *c, const char *word)
{
	text_append(c->line, sizeof(c->line), "%s%s", *c->line ? " " : "", word);
}

/* The folder of the round's machine is its own: what a worker writes lies beside it. */
static void write_file(const struct command *c, const char *path)
{
	FILE *f = fopen(path, "we");

	CHECK(f && fputs(c->file, f) >= 0);
	CHECK(fclose(f) == 0);
}

static void say_file(struct command *c, const char *verb, const char *folder)
{
	char path[SIM_PATH_MAX];

	target_write(&c->target, c->file, sizeof(c->file));
	snprintf(path, sizeof(path), "%s/worker%d.yaml", folder, c->worker);
	write_file(c, path);
	say(c, verb);
	say(c, "-f");
	say(c, path);
}

static void make_apply(struct command *c, const char *folder, uint64_t *seed)
{
	target_random(&c->target, seed);
	say_file(c, "apply", folder);
	c->is_atomic = below(3, seed) == 0;
	c->is_json = below(2, seed);
	if (c->is_atomic)
		say(c, "--atomic");
	if (c->is_json)
		say(c, "--json");
}

static void make_create(struct command *c, uint64_t *seed)
{
	char word[64];
	int gpu;

	target_some(&c->target, &gpu, seed);
	snprintf(word, sizeof(word), "create --gpu %d", gpu);
	say(c, word);
	for (int i = 0; i < c->target.n[gpu]; i++) {
		struct wish *w = &c->target.wish[gpu][i];

		wish_write(w, gpu, word, sizeof(word));
		say(c, word);
		if (*w->name) {
			say(c, "--name");
			say(c, w->name);
		}
	}
}

/* --- What stands now, to be named ------------------------------------------------------- */

/* A random instance, or a random place where none may be. */
static void ref_random(struct ref *ret, uint64_t *seed)
{
	struct sim_gpu_state gpus[GPUS];
	struct stand s;

	machine_look(gpus);
	stand_of(gpus, &s);
	*ret = (struct ref){ .gpu = (int)below((unsigned)n_gpus, seed), .ci = -1 };
	ret->gi = (int)below(SIM_GIS_MAX, seed);
	for (unsigned i = 0, at = below(MIG_UNITS_MAX, seed); i < MIG_UNITS_MAX; i++) {
		const unsigned start = (at + i) % MIG_UNITS_MAX;
		const struct stand_gi *gi = &s.gi[ret->gpu][start];

		if (gi->kind < 0)
			continue;
		ret->gi = gi->id;
		ret->kind = gi->kind;
		ret->start = (int)start;
		ret->is_place = below(3, seed) == 0;
		if (!ret->is_place && below(2, seed))
			ret->ci = (int)below(4, seed) / 2;
		return;
	}
}

static void ref_write(const struct ref *r, char *buf, size_t len)
{
	if (r->is_all)
		snprintf(buf, len, "%d", r->gpu);
	else if (r->is_place)
		snprintf(buf, len, "%d:%s@%d", r->gpu, type_at(r->gpu)->profiles[r->kind].name,
			 r->start);
	else if (r->ci < 0)
		snprintf(buf, len, "%d/%d", r->gpu, r->gi);
	else
		snprintf(buf, len, "%d/%d/%d", r->gpu, r->gi, r->ci);
}

static void make_destroy(struct command *c, uint64_t *seed)
{
	const bool is_all = below(5, seed) == 0;
	char word[64];

	say(c, is_all ? "destroy --all" : "destroy");
	c->is_keep_gi = below(4, seed) == 0;
	if (c->is_keep_gi)
		say(c, "--keep-gi");
	c->n_refs = is_all || below(2, seed) ? 1 : 2 + (int)below(2, seed);
	for (int i = 0; i < c->n_refs; i++) {
		ref_random(&c->refs[i], seed);
		if (is_all)
			c->refs[i] = (struct ref){ .gpu = c->refs[i].gpu, .is_all = true };
		ref_write(&c->refs[i], word, sizeof(word));
		say(c, word);
	}
}

static void make_recover(struct command *c, uint64_t *seed)
{
	const unsigned way = below(12, seed);

	say(c, "recover");
	/* What another tool did while a change was unfinished can only be left as it is. */
	c->is_forget = way == 0 && scene->has_foreigners;
	if (c->is_forget)
		say(c, "--forget");
	else if (way == 1)
		say(c, "--back");
	else if (way == 2)
		say(c, "--finish");
}

static void make_look(struct command *c, const char *folder, uint64_t *seed)
{
	char word[64];

	switch (below(6, seed)) {
	case 0:
		say(c, "status --json");
		break;
	case 1:
		say(c, "status --long");
		break;
	case 2:
		target_random(&c->target, seed);
		say_file(c, "diff", folder);
		break;
	case 3:
		say(c, "who --json");
		break;
	case 4:
		snprintf(word, sizeof(word), "resolve team/n%u", below(NAMES, seed));
		say(c, word);
		break;
	default:
		say(c, "export --layout");
	}
}

static enum verb verb_random(bool is_unfinished, uint64_t *seed)
{
	static const struct {
		enum verb verb;
		unsigned percent;
	} rows[] = { { APPLY, 38 },  { CREATE, 15 }, { DESTROY, 13 }, { UNDO, 9 },
		     { RESTORE, 6 }, { SAVE, 2 },    { RECOVER, 7 },  { LOOK, 10 } };
	unsigned r = below(100, seed);

	if (is_unfinished && below(3, seed))
		return RECOVER;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (r < rows[i].percent)
			return rows[i].verb;
		r -= rows[i].percent;
	}
	return LOOK;
}

void command_random(struct command *c, const char *folder, bool is_unfinished, uint64_t *seed)
{
	c->verb = verb_random(is_unfinished, seed);
	switch (c->verb) {
	case APPLY:
		make_apply(c, folder, seed);
		break;
	case CREATE:
		make_create(c, seed);
		break;
	case DESTROY:
		make_destroy(c, seed);
		break;
	case RECOVER:
		make_recover(c, seed);
		break;
	case LOOK:
		make_look(c, folder, seed);
		break;
	default:
		say(c, verb_names[c->verb]);
	}
	c->is_hasty = below(5, seed) == 0;
	if (c->is_hasty)
		say(c, "--no-wait");
}
