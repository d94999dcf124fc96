/* SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi's command line: its options, and its words for what it does not take. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/smi/smi.h"
#include "shared/text.h"

enum { UNKNOWN_OPTION = 255, BAD_CALL = 2, OPTIONS_OF_MIG = 15 };

static const struct smi_format formats[] = {
	{ 535, 17, 10 },
	{ 570, 19, MIG_PROFILES_MAX },
};

enum value { NO_VALUE, VALUE, MAY_VALUE };

/* What an option of "mig" sets: a command, or a member of the call. */
struct mig_option {
	const char *name, *long_name;
	enum value value;
	int command; /* enum smi_command, or -1 */
	size_t member;
};

#define MEMBER(m) offsetof(struct smi_call, m)

static const struct mig_option mig_options[OPTIONS_OF_MIG] = {
	{ "-i", "--id", VALUE, -1, MEMBER(gpus) },
	{ "-gi", "--gpu-instance-id", VALUE, -1, MEMBER(gis) },
	{ "-ci", "--compute-instance-id", VALUE, -1, MEMBER(cis) },
	{ "-C", "--default-compute-instance", NO_VALUE, -1, 0 },
	{ "-lgip", "--list-gpu-instance-profiles", NO_VALUE, SMI_LGIP, 0 },
	{ "-lgipp", "--list-gpu-instance-possible-placements", NO_VALUE, SMI_LGIPP, 0 },
	{ "-cgi", "--create-gpu-instance", VALUE, SMI_CGI, MEMBER(items) },
	{ "-dgi", "--destroy-gpu-instance", NO_VALUE, SMI_DGI, 0 },
	{ "-lgi", "--list-gpu-instances", NO_VALUE, SMI_LGI, 0 },
	{ "-lcip", "--list-compute-instance-profiles", NO_VALUE, SMI_LCIP, 0 },
	{ "-lcipp", "--list-compute-instance-possible-placements", NO_VALUE, SMI_LCIPP, 0 },
	{ "-cci", "--create-compute-instance", MAY_VALUE, SMI_CCI, MEMBER(items) },
	{ "-dci", "--destroy-compute-instance", NO_VALUE, SMI_DCI, 0 },
	{ "-lci", "--list-compute-instances", NO_VALUE, SMI_LCI, 0 },
	{ "-h", "--help", NO_VALUE, -1, 0 },
};

static int refuse(char *words, size_t len, int status, const char *fmt, ...) MIG_PRINTF(4, 5);

static int refuse(char *words, size_t len, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, len, fmt, ap);
	va_end(ap);
	return status;
}

bool smi_item(const char **list, char *buf, size_t len)
{
	size_t n;

	while (**list == ',')
		(*list)++;
	n = strcspn(*list, ",");
	if (n == 0)
		return false;
	snprintf(buf, len, "%.*s", (int)n, *list);
	*list += n;
	return true;
}

bool smi_has_id(const char *list, int id)
{
	char item[64], *end;

	if (!list)
		return true;
	while (smi_item(&list, item, sizeof(item))) {
		const long n = strtol(item, &end, 10);

		if (end != item && !*end && n == id)
			return true;
	}
	return false;
}

/* --- nvidia-smi mig … ----------------------------------------------------------------- */

/* Is @arg this option? @ret_value: what stands behind a "=", or NULL. */
static bool is_option(const char *arg, const char *name, const char **ret_value)
{
	const size_t n = strlen(name);

	*ret_value = NULL;
	if (strncmp(arg, name, n) != 0 || (arg[n] && arg[n] != '='))
		return false;
	if (arg[n] == '=')
		*ret_value = arg + n + 1;
	return true;
}

static const struct mig_option *find_mig_option(const char *arg, const char **ret_value)
{
	for (int i = 0; i < OPTIONS_OF_MIG; i++) {
		if (is_option(arg, mig_options[i].name, ret_value) ||
		    is_option(arg, mig_options[i].long_name, ret_value))
			return &mig_options[i];
	}
	return NULL;
}

static void take_mig_option(const struct mig_option *opt, const char *value,
			    struct smi_call *call)
{
	/* Of -cgi and -cci the items stay with the command that is done. */
	if (opt->command >= 0 && opt->command >= (int)call->command)
		return;
	if (opt->command >= 0)
		call->command = (enum smi_command)opt->command;
	if (opt->value != NO_VALUE)
		memcpy((char *)call + opt->member, &value, sizeof(value));
	else if (opt->command < 0)
		call->is_default = true;
}

static int no_help(char *words, size_t len)
{
	return refuse(words, len, BAD_CALL,
		      "nvidia-smi's help is not reproduced here; see migctl-smi(1).\n");
}

static int parse_mig(int argc, char **argv, struct smi_call *call, char *words, size_t len)
{
	bool is_empty = true;

	call->command = SMI_MIG_NONE;
	for (int i = 0; i < argc; i++) {
		const char *value;
		const struct mig_option *opt = find_mig_option(argv[i], &value);

		if (!opt)
			return refuse(words, len, BAD_CALL,
				      "Option \"%s\" is not recognized.\n", argv[i]);
		if (strcmp(opt->name, "-h") == 0)
			return no_help(words, len);
		if (value && opt->value == NO_VALUE)
			return refuse(words, len, BAD_CALL,
				      "Option \"%s\" is not recognized.\n", value);
		if (!value && opt->value != NO_VALUE && i + 1 < argc && argv[i + 1][0] != '-')
			value = argv[++i];
		if (!value && opt->value == VALUE)
			return refuse(words, len, BAD_CALL,
				      "Option \"%s\" is missing its value.\n", argv[i]);
		is_empty &= opt->member == MEMBER(gpus) && opt->value == VALUE;
		take_mig_option(opt, value, call);
	}
	return is_empty ? no_help(words, len) : 0;
}

/* --- nvidia-smi … --------------------------------------------------------------------- */

static int wrong(char *words, size_t len, int status, const char *arg, const char *what)
{
	return refuse(words, len, status,
		      "ERROR: Option %s %s. Please run 'nvidia-smi -h' for help.\n\n", arg,
		      what);
}

/* -L takes nothing beside it. */
static int parse_list(int argc, char **argv, char *words, size_t len)
{
	const char *value;
	int n_lists = 0;

	for (int i = 0; i < argc; i++) {
		if (!is_option(argv[i], "-L", &value) &&
		    !is_option(argv[i], "--list-gpus", &value))
			return wrong(words, len, BAD_CALL, argv[i],
				     "is not valid for this command");
		n_lists++;
	}
	if (n_lists > 1)
		return refuse(words, len, BAD_CALL,
			      "ERROR: Only one command can be run at a time. Please run "
			      "'nvidia-smi -h' for help.\n\n");
	return 0;
}

/* "csv[,noheader][,nounits]" */
static int parse_csv(const char *list, struct smi_call *call, char *words, size_t len)
{
	bool is_csv = false;
	char item[64];

	while (smi_item(&list, item, sizeof(item))) {
		if (strcmp(item, "csv") == 0)
			is_csv = true;
		else if (strcmp(item, "noheader") == 0)
			call->no_header = true;
		else if (strcmp(item, "nounits") == 0)
			call->no_units = true;
		else
			return refuse(words, len, BAD_CALL,
				      "Format modifier is not recognized.\n");
	}
	if (!is_csv)
		return refuse(words, len, BAD_CALL,
			      "Format modifier --format=csv is mandatory.\n");
	return 0;
}

/* What stands at the top level, by its last value. */
struct top {
	const char *gpus, *mode, *fields, *csv;
	bool is_query, is_xml, is_fields, is_csv, is_mode;
};

/* 0: not this option. 1: taken. Otherwise negated, the status. */
static int take_value(int argc, char **argv, int *i, const char *name, const char *long_name,
		      const char **ret, char *words, size_t len)
{
	const char *value;

	if (!is_option(argv[*i], long_name, &value) &&
	    (!name || !is_option(argv[*i], name, &value)))
		return 0;
	/* What has a short form also takes its value as the next word. */
	if (!value && name && *i + 1 < argc && argv[*i + 1][0] != '-')
		value = argv[++*i];
	if (!value)
		return -wrong(words, len, UNKNOWN_OPTION, argv[*i], "is missing its value");
	*ret = value;
	return 1;
}

static int take_top(int argc, char **argv, int *i, struct top *top, char *words, size_t len)
{
	const struct {
		const char *name, *long_name;
		const char **value;
	} options[] = {
		{ "-i", "--id", &top->gpus },
		{ "-mig", "--multi-instance-gpu", &top->mode },
		{ NULL, "--query-gpu", &top->fields },
		{ NULL, "--format", &top->csv },
	};

	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
		int rc = 0;

		/* --format belongs to a query that stands before or behind it. */
		if (options[k].value == &top->csv && !top->is_fields)
			continue;
		rc = take_value(argc, argv, i, options[k].name, options[k].long_name,
				options[k].value, words, len);
		if (rc)
			return rc < 0 ? -rc : 0;
	}
	if (strcmp(argv[*i], "-q") == 0 || strcmp(argv[*i], "--query") == 0)
		top->is_query = true;
	else if (strcmp(argv[*i], "-x") == 0 || strcmp(argv[*i], "--xml-format") == 0)
		top->is_xml = true;
	else if (strcmp(argv[*i], "-h") == 0 || strcmp(argv[*i], "--help") == 0)
		return no_help(words, len);
	else if (top->mode)
		return wrong(words, len, UNKNOWN_OPTION, argv[*i], "is not recognized");
	else
		return refuse(
			words, len, UNKNOWN_OPTION,
			"ERROR: Option %s is not recognized. Please run 'nvidia-smi -h'.\n\n",
			argv[*i]);
	return 0;
}

static int settle_mode(const struct top *top, struct smi_call *call, char *words, size_t len)
{
	char *end;
	const unsigned long mode = strtoul(top->mode, &end, 10);

	if (!*top->mode || *end)
		return refuse(
			words, len, BAD_CALL,
			"ERROR: Option %s is invalid for -mig. Please run 'nvidia-smi -h' "
			"for help.\n\n",
			top->mode);
	if (mode > 1)
		return refuse(words, len, BAD_CALL,
			      "Invalid MIG Mode: %s\nTerminating early due to previous "
			      "errors.\n",
			      top->mode);
	call->command = SMI_MODE;
	call->mode = (unsigned)mode;
	return 0;
}

static int settle_fields(const struct top *top, struct smi_call *call, char *words, size_t len)
{
	char field[64];
	int rc;

	if (!top->csv)
		return refuse(words, len, BAD_CALL,
			      "\"--format=\" switch is missing. Please run 'nvidia-smi -h' for "
			      "help.\n\n");
	rc = parse_csv(top->csv, call, words, len);
	if (rc)
		return rc;
	if (!top->fields)
		return wrong(words, len, UNKNOWN_OPTION, "--query-gpu", "is missing its value");
	if (!smi_fields_ok(top->fields, field, sizeof(field)))
		return refuse(words, len, BAD_CALL,
			      "Field \"%s\" is not a valid field to query.\n\n", field);
	call->command = SMI_QUERY;
	call->items = top->fields;
	return 0;
}

/* The command that the options of the top level come to. */
static int settle(const struct top *top, struct smi_call *call, char *words, size_t len)
{
	const int n = (top->mode != NULL) + top->is_fields + (top->is_query || top->is_xml);

	call->gpus = top->gpus;
	if (n > 1)
		return refuse(words, len, BAD_CALL,
			      "ERROR: Only one command can be run at a time. Please run "
			      "'nvidia-smi -h' for help.\n\n");
	if (top->mode)
		return settle_mode(top, call, words, len);
	if (top->is_fields)
		return settle_fields(top, call, words, len);
	if (top->is_xml && !top->is_query)
		return refuse(
			words, len, BAD_CALL,
			"Invalid combination of input arguments. Specify -q/--query and "
			"-x/--xml-format to run an XML query.  Please run 'nvidia-smi -h' "
			"for help.\n\n");
	if (top->is_query && !top->is_xml)
		return refuse(words, len, BAD_CALL,
			      "migctl smi has -q only with -x, and no text form of it.\n");
	call->command = top->is_xml ? SMI_XML : SMI_TABLE;
	return 0;
}

static int parse_top(int argc, char **argv, struct smi_call *call, char *words, size_t len)
{
	struct top top = { 0 };
	const char *value;

	for (int i = 0; i < argc; i++) {
		if (is_option(argv[i], "-L", &value) ||
		    is_option(argv[i], "--list-gpus", &value)) {
			call->command = SMI_LIST;
			return parse_list(argc, argv, words, len);
		}
		top.is_fields |= strncmp(argv[i], "--query-gpu", 11) == 0;
	}
	for (int i = 0; i < argc; i++) {
		int rc = take_top(argc, argv, &i, &top, words, len);

		if (rc)
			return rc;
	}
	return settle(&top, call, words, len);
}

/* "--format 570" before everything else is ours: which generation's tables. */
static int take_format(int *argc, char ***argv, struct smi_call *call, char *words, size_t len)
{
	const char *value;

	call->format = &formats[0];
	if (*argc == 0 || !is_option((*argv)[0], "--format", &value))
		return 0;
	if (value && strncmp(value, "csv", 3) == 0)
		return 0; /* nvidia-smi's own, before --query-gpu */
	if (!value && *argc > 1) {
		value = (*argv)[1];
		(*argc)--;
		(*argv)++;
	}
	for (size_t i = 0; value && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (value && atoi(value) == formats[i].version && strlen(value) == 3) {
			call->format = &formats[i];
			(*argc)--;
			(*argv)++;
			return 0;
		}
	}
	return refuse(words, len, BAD_CALL,
		      "--format %s: 535 and 570 are the formats there are.\n",
		      value ? value : "");
}

int smi_parse(int argc, char **argv, struct smi_call *ret, char *words, size_t len)
{
	struct smi_call call = { 0 };
	int rc = take_format(&argc, &argv, &call, words, len);

	if (rc == 0 && argc > 0 && strcmp(argv[0], "mig") == 0)
		rc = parse_mig(argc - 1, argv + 1, &call, words, len);
	else if (rc == 0)
		rc = parse_top(argc, argv, &call, words, len);
	if (rc == 0)
		*ret = call;
	return rc;
}
