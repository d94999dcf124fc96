/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "shared/text.h"

const struct option global_options[] = {
	{ "sim", 0, "NAME",
	  "act on the simulated machine NAME, or on a new one made from a SPEC" },
	{ "hardware", 0, NULL, "act on this machine's own GPUs" },
	{ "catalog", 0, "DIR", "read more GPU types from DIR/*.yaml" },
	{ "json", 0, NULL, "print JSON" },
	{ "no-wait", 0, NULL,
	  "refuse, rather than wait, while another migctl changes the machine" },
	{ "help", 'h', NULL, "say what a verb does" },
	{ "version", 0, NULL, "print the version" },
	{ 0 },
};

const struct verb *find_verb(int argc, char **argv, int *ret_words)
{
	for (int words = 2; words >= 1; words--) {
		char name[64] = "";

		for (int i = 0; i < words && words <= argc; i++)
			text_append(name, sizeof(name), "%s%s", i ? " " : "", argv[i]);
		for (int i = 0; verbs[i]; i++) {
			if (strcmp(verbs[i]->name, name) == 0) {
				*ret_words = words;
				return verbs[i];
			}
		}
	}
	return NULL;
}

const char *cli_file(const char *path)
{
	return strcmp(path, "-") == 0 ? "/dev/stdin" : path;
}

const char *cli_option(const struct cli *cli, const char *name)
{
	for (int i = 0; cli->verb->options && cli->verb->options[i].name; i++) {
		if (strcmp(cli->verb->options[i].name, name) == 0)
			return cli->values[i];
	}
	return NULL;
}

/* The option that @arg names: "--file", "--file=X", "-f" or "-fX". NULL: none of @options. */
static const struct option *match(const struct option *options, const char *arg,
				  const char **ret_value)
{
	for (; options && options->name; options++) {
		const size_t len = strlen(options->name);

		*ret_value = NULL;
		if (arg[1] != '-') {
			if (!options->letter || arg[1] != options->letter)
				continue;
			*ret_value = arg[2] ? arg + 2 : NULL;
			return options;
		}
		if (strncmp(arg + 2, options->name, len) != 0)
			continue;
		if (arg[2 + len] == '=')
			*ret_value = arg + 3 + len;
		else if (arg[2 + len])
			continue;
		return options;
	}
	return NULL;
}

unsigned word_distance(const char *typed, const char *word)
{
	const size_t len = strlen(typed);
	const unsigned d = text_distance(typed, word);

	if (len > 1 && strncmp(typed, word, len) == 0)
		return 1;                 /* the beginning of it */
	return d <= len / 2 ? d : UNLIKE; /* more than half of it wrong is another word */
}

static void nearest(const struct option *options, const char *name, const char **best,
		    unsigned *distance)
{
	for (; options && options->name; options++) {
		const unsigned d = word_distance(name, options->name);

		if (d < *distance) {
			*distance = d;
			*best = options->name;
		}
	}
}

static int unknown(const struct cli *cli, const char *arg, struct mig_error *err)
{
	const char *best = NULL;
	unsigned distance = UNLIKE;
	const char *verb = cli->verb ? cli->verb->name : "";
	char name[64];

	text_copy(name, sizeof(name), arg + (arg[1] == '-' ? 2 : 1));
	name[strcspn(name, "=")] = '\0';

	if (arg[1] == '-') {
		nearest(cli->verb ? cli->verb->options : NULL, name, &best, &distance);
		nearest(global_options, name, &best, &distance);
	}
	if (!best && cli->verb && cli->verb->flags & VERB_COMMAND)
		return mig_fail(err, MIG_E_INVAL,
				"%s has no option %s; is it the command's? Then write -- "
				"before the command",
				verb, arg);
	if (best)
		return mig_fail(err, MIG_E_INVAL, "no option %s; did you mean --%s?", arg,
				best);
	return mig_fail(err, MIG_E_INVAL, "no option %s; see 'migctl %s%s--help'", arg, verb,
			*verb ? " " : "");
}

/* Of two values one would be ignored; that a flag is said twice changes nothing. */
static int check_once(const struct option *opt, const char *had, const char *value,
		      struct mig_error *err)
{
	if (!had || !opt->arg || strcmp(had, value) == 0)
		return 0;
	return mig_fail(err, MIG_E_INVAL, "option --%s is given twice: %s and %s", opt->name,
			had, value);
}

static void set_global(struct cli *cli, const struct option *opt, const char *value)
{
	if (strcmp(opt->name, "sim") == 0)
		cli->sim = value;
	else if (strcmp(opt->name, "catalog") == 0)
		cli->catalog_dir = value;
	else if (strcmp(opt->name, "json") == 0)
		cli->is_json = true;
	else if (strcmp(opt->name, "hardware") == 0)
		cli->is_hardware = true;
	else if (strcmp(opt->name, "no-wait") == 0)
		cli->is_hasty = true;
}

/* One option at argv[*i]; moves *i over a value that stands apart. 1: help or version asked. */
static int take_option(struct cli *cli, int argc, char **argv, int *i, struct mig_error *err)
{
	const char *arg = argv[*i], *value = NULL;
	const struct option *own = cli->verb ? cli->verb->options : NULL;
	const struct option *opt = match(own, arg, &value);
	const bool is_own = opt != NULL;
	int rc;

	if (!opt)
		opt = match(global_options, arg, &value);
	if (!opt)
		return unknown(cli, arg, err);
	if (!opt->arg && value)
		return mig_fail(err, MIG_E_INVAL, "option --%s takes no value", opt->name);
	if (opt->arg && !value) {
		if (*i + 1 >= argc)
			return mig_fail(err, MIG_E_INVAL, "option --%s wants a value: --%s %s",
					opt->name, opt->name, opt->arg);
		value = argv[++*i];
	}
	rc = check_once(opt,
			is_own                          ? cli->values[opt - own]
			: strcmp(opt->name, "sim") == 0 ? cli->sim
							: NULL,
			value, err);
	if (rc < 0)
		return rc;
	if (is_own)
		cli->values[opt - own] = value ? value : "";
	else
		set_global(cli, opt, value);
	return !is_own && (strcmp(opt->name, "help") == 0 || strcmp(opt->name, "version") == 0);
}

static int check_operands(const struct cli *cli, struct mig_error *err)
{
	const struct verb *v = cli->verb;

	if (cli->argc < v->min_operands)
		return mig_fail(err, MIG_E_INVAL,
				"%s wants at least %d operand%s: migctl %s %s", v->name,
				v->min_operands, v->min_operands == 1 ? "" : "s", v->name,
				v->operands);
	if (v->max_operands == 0 && cli->argc > 0 && !*v->operands)
		return mig_fail(err, MIG_E_INVAL, "%s takes no operands, and '%s' is one",
				v->name, cli->argv[0]);
	if (v->max_operands >= 0 && cli->argc > v->max_operands)
		return mig_fail(err, MIG_E_INVAL, "%s: operand '%s' is too much: migctl %s %s",
				v->name, cli->argv[v->max_operands], v->name, v->operands);
	return 0;
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

/* Options before the verb's name are everybody's; so the name is looked for behind them. */
static int find_name(struct cli *cli, int argc, char **argv, struct mig_error *err)
{
	int i = 0, words, rc;

	while (i < argc && is_option(argv[i])) {
		rc = take_option(cli, argc, argv, &i, err);
		if (rc) {
			if (rc > 0)
				help_general(argv[i]);
			return rc;
		}
		i++;
	}
	if (i == argc)
		return mig_fail(err, MIG_E_INVAL, "no verb; see 'migctl --help'");
	cli->verb = find_verb(argc - i, argv + i, &words);
	if (!cli->verb)
		return help_without_verb(argc - i, argv + i, err);
	cli->argv = argv + i + words;
	cli->argc = argc - i - words;
	return 0;
}

/* What is printed is the command's. */
static int check_json(const struct cli *cli, struct mig_error *err)
{
	if (!cli->is_json || !(cli->verb->flags & VERB_COMMAND))
		return 0;
	return mig_fail(err, MIG_E_INVAL, "%s prints what its command prints; it has no JSON",
			cli->verb->name);
}

bool options_ask_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

int options_parse(int argc, char **argv, struct cli *ret, struct mig_error *err)
{
	int n = 0, rc = find_name(ret, argc, argv, err);

	if (rc || ret->verb->flags & VERB_RAW)
		return rc;
	for (int i = 0; i < ret->argc; i++) {
		if (strcmp(ret->argv[i], "--") == 0) {
			while (++i < ret->argc)
				ret->argv[n++] = ret->argv[i];
			break;
		}
		if (!is_option(ret->argv[i])) {
			ret->argv[n++] = ret->argv[i];
			continue;
		}
		rc = take_option(ret, ret->argc, ret->argv, &i, err);
		if (rc > 0 && strcmp(ret->argv[i], "--version") == 0)
			help_general("--version");
		else if (rc > 0)
			help_verb(ret->verb);
		if (rc)
			return rc;
	}
	rc = check_json(ret, err);
	if (rc)
		return rc;
	ret->argc = n;
	ret->argv[n] = NULL; /* a command to run ends here, as execvp wants it */
	return check_operands(ret, err);
}
