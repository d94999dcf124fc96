/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mig-parted's command line: flags with one dash or two, single letters together ("-ms"),
 * "=VALUE" or the next word, "=false" for a flag without a value. What the command line does not
 * say the environment may.
 */
#include "cli/parted/parted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "shared/text.h"

const struct option parted_options[] = {
	[PARTED_CONFIG_FILE] = { "config-file", 'f', "FILE",
				 "the partition file; - is standard input" },
	[PARTED_SELECTED_CONFIG] = { "selected-config", 'c', "LABEL",
				     "the config in it; may be left out where there is but "
				     "one" },
	[PARTED_HOOKS_FILE] = { "hooks-file", 'k', "FILE",
				"run the commands of a hooks file around the change" },
	[PARTED_SKIP_RESET] = { "skip-reset", 's', NULL,
				"leave a MIG mode that waits for a reset waiting" },
	[PARTED_MODE_ONLY] = { "mode-only", 'm', NULL, "the MIG modes only, not the devices" },
	[PARTED_VALID_CONFIG] = { "valid-config", 'a', NULL,
				  "assert only that the config is there and can be had" },
	[PARTED_OUTPUT_FORMAT] = { "output-format", 'o', "yaml|json", "default: yaml" },
	[PARTED_CONFIG_LABEL] = { "config-label", 'l', "LABEL",
				  "what to call the config; default: current" },
	[PARTED_CHECKPOINT_FILE] = { "checkpoint-file", 'f', "FILE", "the checkpoint file" },
	[PARTED_OUTPUT_FILE] = { "output-file", 'f', "FILE",
				 "where to write; default: standard output" },
	[PARTED_DEBUG] = { "debug", 'd', NULL, "say the steps on stderr" },
	[PARTED_HOOK_TIMEOUT] = { "hook-timeout", 0, "SECONDS",
				  "what each hook may take; default: 120" },
	[PARTED_DRAIN_TIMEOUT] = { "drain-timeout", 0, "SECONDS",
				   "wait so long for processes in the way; default: 0" },
	[PARTED_N_FLAGS] = { 0 },
};

/* Whence a value comes that the command line does not say. */
static const struct {
	const char *variable, *fallback;
} sources[PARTED_N_FLAGS] = {
	[PARTED_CONFIG_FILE] = { "MIG_PARTED_CONFIG_FILE", "" },
	[PARTED_SELECTED_CONFIG] = { "MIG_PARTED_SELECTED_CONFIG", "" },
	[PARTED_HOOKS_FILE] = { "MIG_PARTED_HOOKS_FILE", "" },
	[PARTED_SKIP_RESET] = { "MIG_PARTED_SKIP_RESET", "false" },
	[PARTED_MODE_ONLY] = { "MIG_PARTED_MODE_CHANGE_ONLY", "false" },
	[PARTED_VALID_CONFIG] = { "MIG_PARTED_VALID_CONFIG", "false" },
	[PARTED_OUTPUT_FORMAT] = { "MIG_PARTED_OUTPUT_FORMAT", "yaml" },
	[PARTED_CONFIG_LABEL] = { "MIG_PARTED_CONFIG_LABEL", "current" },
	[PARTED_CHECKPOINT_FILE] = { "MIG_PARTED_CHECKPOINT_FILE", "" },
	[PARTED_OUTPUT_FILE] = { "MIG_PARTED_OUTPUT_FILE", "" },
	[PARTED_DEBUG] = { "MIG_PARTED_DEBUG", "false" },
	[PARTED_HOOK_TIMEOUT] = { NULL, NULL },
	[PARTED_DRAIN_TIMEOUT] = { NULL, NULL },
};

const char *parted_variable(enum parted_flag flag)
{
	return sources[flag].variable;
}

bool parted_is(const struct parted *p, enum parted_flag flag)
{
	return p->values[flag] && strcmp(p->values[flag], "true") == 0;
}

/* The words for true and false, which are Go's. NULL: it is neither. */
static const char *bool_word(const char *text)
{
	static const char *const words[2][6] = { { "0", "f", "F", "false", "False", "FALSE" },
						 { "1", "t", "T", "true", "True", "TRUE" } };

	for (int v = 0; v < 2; v++) {
		for (int i = 0; i < 6; i++) {
			if (strcmp(text, words[v][i]) == 0)
				return v ? "true" : "false";
		}
	}
	return NULL;
}

static const char *command_name(const struct parted *p)
{
	return p->command ? p->command->name : "parted";
}

/* Debugging may be asked for everywhere, as may help. */
static bool takes(const struct parted *p, int flag)
{
	return flag == PARTED_DEBUG || (p->command && p->command->flags >> flag & 1);
}

/* The flag of that name, or of that letter; -1: there is none for this command. */
static int find_flag(const struct parted *p, const char *name, size_t len)
{
	for (int i = 0; i < PARTED_N_FLAGS; i++) {
		const struct option *o = &parted_options[i];

		if (takes(p, i) && ((strlen(o->name) == len && !strncmp(o->name, name, len)) ||
				    (len == 1 && o->letter && o->letter == *name)))
			return i;
	}
	return -1;
}

/* @from: the flag or variable that said it. */
static int set(struct parted *p, int flag, const char *value, const char *from)
{
	p->values[flag] = parted_options[flag].arg ? value : bool_word(value);
	if (p->values[flag])
		return 0;
	return mig_fail(p->err, MIG_E_INVAL, "%.*s is \"%s\": true or false is wanted",
			(int)strcspn(from, "="), from, value);
}

static int unknown(const struct parted *p, const char *word)
{
	const char *name = word + strspn(word, "-"), *best = NULL;
	unsigned least = UNLIKE;
	char typed[64];

	text_copy(typed, sizeof(typed), name);
	typed[strcspn(typed, "=")] = '\0';
	for (int i = 0; i < PARTED_N_FLAGS; i++) {
		const unsigned d = word_distance(typed, parted_options[i].name);

		if (takes(p, i) && strlen(typed) > 1 && d < least) {
			least = d;
			best = parted_options[i].name;
		}
	}
	if (best)
		return mig_fail(p->err, MIG_E_INVAL, "%s has no flag %s; did you mean --%s?",
				command_name(p), word, best);
	return mig_fail(p->err, MIG_E_INVAL, "%s has no flag %s; see 'migctl parted %s--help'",
			command_name(p), word, p->command ? "COMMAND " : "");
}

/* Is it "--help", "-h" or "--version", "-v"? */
static bool take_question(struct parted *p, const char *name)
{
	if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
		p->is_help = true;
	else if (!p->command && (strcmp(name, "version") == 0 || strcmp(name, "v") == 0))
		p->is_version = true;
	else
		return false;
	return true;
}

/* @flag at argv[*i], spelled @word; its value behind "=", or the next word. */
static int take_flag(struct parted *p, int flag, const char *word, const char *value, int argc,
		     char **argv, int *i)
{
	if (!parted_options[flag].arg)
		return set(p, flag, value && *value ? value : "true", word);
	if (!value) {
		if (*i + 1 >= argc)
			return mig_fail(p->err, MIG_E_INVAL, "flag %s wants a value: --%s %s",
					word, parted_options[flag].name,
					parted_options[flag].arg);
		value = argv[++*i];
	}
	return set(p, flag, value, word);
}

/* "-ms", "-mf FILE": letters; the last may take a value. */
static int take_letters(struct parted *p, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value = strchr(word, '=');
	const size_t n = strcspn(word, "=");

	for (size_t k = 1; k < n; k++) {
		const int flag = find_flag(p, &word[k], 1);
		int rc;

		if (flag < 0 || (parted_options[flag].arg && k + 1 < n))
			return unknown(p, word);
		rc = take_flag(p, flag, word, k + 1 == n && value ? value + 1 : NULL, argc,
			       argv, i);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_word(struct parted *p, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *name = word + (word[1] == '-' ? 2 : 1);
	const char *value = strchr(name, '=');
	const int flag = find_flag(p, name, strcspn(name, "="));

	if (take_question(p, name))
		return 0;
	if (flag >= 0)
		return take_flag(p, flag, word, value ? value + 1 : NULL, argc, argv, i);
	return word[1] == '-' ? unknown(p, word) : take_letters(p, argc, argv, i);
}

static const struct parted_command *find_command(const char *name)
{
	for (const struct parted_command *c = parted_commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static int no_command(const struct parted *p, const char *name)
{
	char list[256] = "";

	for (const struct parted_command *c = parted_commands; c->name; c++)
		text_append(list, sizeof(list), "%s%s", *list ? ", " : "", c->name);
	return mig_fail(p->err, MIG_E_NOENT, "no command '%s'; there are: %s", name, list);
}

/* A word without a dash: the command, or what follows "help". */
static int take_name(struct parted *p, const char *word)
{
	if (p->command)
		return mig_fail(p->err, MIG_E_INVAL, "%s takes no operands, and '%s' is one",
				p->command->name, word);
	if (strcmp(word, "help") == 0 || strcmp(word, "h") == 0) {
		p->is_help = true;
		return 0;
	}
	p->command = find_command(word);
	return p->command ? 0 : no_command(p, word);
}

/* An empty variable is an empty text, and no truth. */
static int take_variables(struct parted *p)
{
	for (int i = 0; i < PARTED_N_FLAGS; i++) {
		const char *name = sources[i].variable;
		const char *value = name ? getenv(name) : NULL;
		int rc;

		if (!takes(p, i) || p->values[i])
			continue;
		p->values[i] = sources[i].fallback;
		if (!value || (!*value && !parted_options[i].arg))
			continue;
		rc = set(p, i, value, name);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int parted_parse(int argc, char **argv, struct parted *ret)
{
	bool is_over = false; /* "--" was there: no more flags */

	for (int i = 0; i < argc; i++) {
		const bool is_flag = !is_over && argv[i][0] == '-' && argv[i][1];
		int rc = 0;

		if (is_flag && strcmp(argv[i], "--") == 0)
			is_over = true;
		else
			rc = is_flag ? take_word(ret, argc, argv, &i) : take_name(ret, argv[i]);
		if (rc < 0)
			return rc;
	}
	return ret->is_help || ret->is_version ? 0 : take_variables(ret);
}
