/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"
#include "sim/inject.h"
#include "sim/machine.h"

static int number(const char *text)
{
	uint64_t n = 0;

	return text_parse_u64(text, &n) && n <= INT32_MAX ? (int)n : -1;
}

/* --- What a line can say: checked when it is read, done when its time has come ----------- */

typedef const struct sim_scenario_step step;

static int check_fault(step *s, struct mig_error *err)
{
	struct sim_fault f;

	return sim_fault_parse(s->words[0], &f, err);
}

static int check_call(step *s, struct mig_error *err)
{
	if (s->n_words == 0 || sim_call_find(s->words[0]) >= 0)
		return 0;
	return mig_fail(err, MIG_E_NOENT, "NVML has no call %s", s->words[0]);
}

static int check_profile(step *s, struct mig_error *err)
{
	if (strcmp(s->words[0], "published") == 0 || strcmp(s->words[0], "none") == 0)
		return 0;
	return mig_fail(err, MIG_E_NOENT, "'%s': a scenario knows latency published and none",
			s->words[0]);
}

static int check_numbers(step *s, struct mig_error *err)
{
	for (int i = 0; i < s->n_words; i++)
		if (number(s->words[i]) < 0)
			return mig_fail(err, MIG_E_SYNTAX, "'%s': a number is wanted",
					s->words[i]);
	return 0;
}

/* As 'migctl sim settle' and 'migctl sim xid' take them. */
static int check_settle(step *s, struct mig_error *err)
{
	const int ms = number(s->words[0]);

	if (ms >= 0 && ms <= SIM_SETTLE_MS_MAX)
		return 0;
	return mig_fail(err, MIG_E_SYNTAX, "'%s': milliseconds up to %d are wanted",
			s->words[0], SIM_SETTLE_MS_MAX);
}

static int check_xid(step *s, struct mig_error *err)
{
	const int code = number(s->words[1]);

	if (code < 1 || code > SIM_XID_MAX)
		return mig_fail(err, MIG_E_SYNTAX,
				"'%s' is no XID; a number from 1 to %d is wanted", s->words[1],
				SIM_XID_MAX);
	return check_numbers(s, err);
}

static int do_fault(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_inject_fault(dir, name, s->words[0], err);
}

static int do_clear(const char *dir, const char *name, step *s, struct mig_error *err)
{
	int n = sim_inject_clear(dir, name, s->n_words ? s->words[0] : NULL, err);

	return n < 0 ? n : 0;
}

static int do_latency(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_inject_latency(dir, name, s->words[0], err);
}

static int do_settle(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_inject_settle(dir, name, (unsigned)number(s->words[0]), err);
}

static int do_lost(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_inject_lost(dir, name, number(s->words[0]), true, err);
}

static int do_back(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_inject_lost(dir, name, number(s->words[0]), false, err);
}

static int do_xid(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_machine_xid(dir, name, number(s->words[0]), -1, -1,
			       (unsigned)number(s->words[1]), err);
}

static int do_reset(const char *dir, const char *name, step *s, struct mig_error *err)
{
	return sim_machine_reset(dir, name, s->n_words ? number(s->words[0]) : -1, err);
}

static int do_reboot(const char *dir, const char *name, step *s, struct mig_error *err)
{
	(void)s;
	return sim_machine_reboot(dir, name, err);
}

static const struct {
	const char *name;
	int min_words, max_words;
	int (*check)(step *s, struct mig_error *err);
	int (*run)(const char *dir, const char *name, step *s, struct mig_error *err);
} directives[] = {
	{ "fault", 1, 1, check_fault, do_fault },
	{ "clear", 0, 1, check_call, do_clear },
	{ "latency", 1, 1, check_profile, do_latency },
	{ "settle", 1, 1, check_settle, do_settle },
	{ "lost", 1, 1, check_numbers, do_lost },
	{ "back", 1, 1, check_numbers, do_back },
	{ "xid", 2, 2, check_xid, do_xid },
	{ "reset", 0, 1, check_numbers, do_reset },
	{ "reboot", 0, 0, check_numbers, do_reboot },
};

enum { N_DIRECTIVES = sizeof(directives) / sizeof(directives[0]) };

/* --- Reading ---------------------------------------------------------------------------- */

/* The next word, or NULL at the line's end or a comment. */
static char *next_word(char **rest)
{
	char *word = strtok_r(NULL, " \t\r", rest);

	return word && *word != '#' ? word : NULL;
}

static int find_directive(const char *word, struct mig_error *err)
{
	for (int i = 0; i < N_DIRECTIVES; i++)
		if (strcmp(directives[i].name, word) == 0)
			return i;
	return mig_fail(err, MIG_E_SYNTAX,
			"'%s' is nothing that a scenario does; that is: fault, clear, latency, "
			"settle, lost, back, xid, reset, reboot",
			word);
}

static int read_words(char **rest, struct sim_scenario_step *s, struct mig_error *err)
{
	const char *name = directives[s->directive].name;
	char *word;

	while ((word = next_word(rest))) {
		if (s->n_words == directives[s->directive].max_words)
			return mig_fail(err, MIG_E_SYNTAX, "%s: '%s' is too much", name, word);
		if (strlen(word) >= sizeof(s->words[0]))
			return mig_fail(err, MIG_E_SYNTAX, "%s: a word is too long", name);
		text_copy(s->words[s->n_words++], sizeof(s->words[0]), word);
	}
	if (s->n_words < directives[s->directive].min_words)
		return mig_fail(err, MIG_E_SYNTAX, "%s wants %d words, %d came", name,
				directives[s->directive].min_words, s->n_words);
	return directives[s->directive].check(s, err);
}

static int read_time(char **rest, struct sim_scenario_step *s, struct mig_error *err)
{
	const char *word = next_word(rest);
	uint64_t t_ns;

	if (!word || !sim_time_parse(word, &t_ns))
		return mig_fail(err, MIG_E_SYNTAX, "at %s: a time is wanted, like 1500ms",
				word ? word : "");
	if (t_ns < s->t_ns)
		return mig_fail(err, MIG_E_SYNTAX, "at %s: the line before is later", word);
	s->t_ns = t_ns;
	return 0;
}

/* @s holds the time of the line before. Return: 1; 0: the line is empty. */
static int read_step(char *line, struct sim_scenario_step *s, struct mig_error *err)
{
	char *rest = NULL, *word = strtok_r(line, " \t\r", &rest);
	int rc = 0;

	if (!word || *word == '#')
		return 0;
	if (strcmp(word, "at") == 0) {
		rc = read_time(&rest, s, err);
		if (rc < 0)
			return rc;
		word = next_word(&rest);
		if (!word)
			return mig_fail(err, MIG_E_SYNTAX, "nothing is to happen then");
	}
	s->directive = find_directive(word, err);
	rc = s->directive < 0 ? s->directive : read_words(&rest, s, err);
	return rc < 0 ? rc : 1;
}

static int add_step(struct sim_scenario *sc, const struct sim_scenario_step *s,
		    struct mig_error *err)
{
	struct sim_scenario_step *steps;

	if (sc->n == SIM_STEPS_MAX)
		return mig_fail(err, MIG_E_NOSPACE, "a scenario has room for %d lines",
				SIM_STEPS_MAX);
	steps = reallocarray(sc->steps, (size_t)sc->n + 1, sizeof(*steps));
	if (!steps)
		return mig_fail(err, MIG_E_NOMEM, "out of memory");
	sc->steps = steps;
	sc->steps[sc->n++] = *s;
	return 0;
}

int sim_scenario_parse(const char *text, const char *path, struct sim_scenario *ret,
		       struct mig_error *err)
{
	struct sim_scenario sc = { 0 };
	uint64_t t_ns = 0;
	int rc = 0;

	for (int number = 1; *text && rc >= 0; number++) {
		const size_t len = strcspn(text, "\n");
		cleanup_free char *line = strndup(text, len);
		struct sim_scenario_step s = { .t_ns = t_ns, .line = number };

		rc = line ? read_step(line, &s, err) : mig_fail(err, MIG_E_NOMEM, "no memory");
		if (rc > 0)
			rc = add_step(&sc, &s, err);
		if (rc < 0)
			rc = mig_wrap(err, rc, "%s:%d", path, number);
		t_ns = s.t_ns;
		text += len + (text[len] != '\0');
	}
	if (rc < 0)
		sim_scenario_free(&sc);
	else
		*ret = sc;
	return rc < 0 ? rc : 0;
}

void sim_scenario_free(struct sim_scenario *scenario)
{
	if (!scenario)
		return;
	free(scenario->steps);
	*scenario = (struct sim_scenario){ 0 };
}

int sim_scenario_step_run(const char *dir, const char *machine,
			  const struct sim_scenario_step *s, struct mig_error *err)
{
	return directives[s->directive].run(dir, machine, s, err);
}

const char *sim_scenario_step_format(const struct sim_scenario_step *s, char *buf, size_t len)
{
	snprintf(buf, len, "%s", directives[s->directive].name);
	for (int i = 0; i < s->n_words; i++)
		text_append(buf, len, " %s", s->words[i]);
	return buf;
}
