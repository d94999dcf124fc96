/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "shared/text.h"

enum { HELP_COLUMNS = 78 };

static void option_name(const struct option *o, char *buf, size_t len)
{
	buf[0] = '\0';
	if (o->letter)
		text_append(buf, len, "-%c, ", o->letter);
	text_append(buf, len, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void print_options(const struct option *o)
{
	for (; o && o->name; o++) {
		char name[64];

		option_name(o, name, sizeof(name));
		printf("  %-22s %s\n", name, o->text);
	}
}

static void print_usage(void)
{
	puts("migctl - cut NVIDIA GPUs into instances (MIG), plan the cut, and change it "
	     "safely\n"
	     "\n"
	     "Usage: migctl [OPTION...] VERB [OPTION...] [OPERAND...]\n");
	for (int i = 0; verbs[i]; i++)
		printf("  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
	puts("\nOptions of every verb:");
	print_options(global_options);
	puts("\n'migctl VERB --help' says more. No GPU here? "
	     "'migctl --sim 2xA100-SXM4-80GB status'\nmakes two that behave like real ones.");
}

void help_general(const char *option)
{
	if (strcmp(option, "--version") == 0)
		puts("migctl " MIG_VERSION);
	else
		print_usage();
}

/* Text in lines of at most HELP_COLUMNS; empty lines stay. */
static void print_wrapped(const char *s)
{
	for (int column = 0; *s;) {
		const int word = (int)strcspn(s, " \n");

		if (column && column + 1 + word > HELP_COLUMNS)
			column = 0, putchar('\n');
		column += printf("%s%.*s", column ? " " : "", word, s);
		s += word;
		for (; *s == ' ' || *s == '\n'; s++) {
			if (*s == '\n')
				column = 0, putchar('\n');
		}
	}
	putchar('\n');
}

void help_verb(const struct verb *v)
{
	printf("Usage: migctl %s [OPTION...]%s%s\n\n", v->name, *v->operands ? " " : "",
	       v->operands);
	print_wrapped(v->text);
	if (v->options && v->options->name) {
		puts("\nOptions:");
		print_options(v->options);
	}
	if (v->example)
		printf("\nExamples:\n%s", v->example);
	puts("\nOptions of every verb: see 'migctl --help'.");
}

/* Verbs of two words that begin with @word: "new | list | exec". */
static bool is_group(const char *word, char *buf, size_t size)
{
	const size_t len = strlen(word);

	buf[0] = '\0';
	for (int i = 0; verbs[i]; i++) {
		if (strncmp(verbs[i]->name, word, len) == 0 && verbs[i]->name[len] == ' ')
			text_append(buf, size, "%s%s", *buf ? " | " : "",
				    verbs[i]->name + len + 1);
	}
	return *buf != '\0';
}

static void help_group(const char *word)
{
	const size_t len = strlen(word);

	printf("Usage: migctl %s VERB [OPTION...] [OPERAND...]\n\n", word);
	for (int i = 0; verbs[i]; i++) {
		if (strncmp(verbs[i]->name, word, len) == 0 && verbs[i]->name[len] == ' ')
			printf("  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
	}
	printf("\n'migctl %s VERB --help' says more.\n", word);
}

static int unknown_verb(const char *word, struct mig_error *err)
{
	const char *best = NULL;
	unsigned distance = UNLIKE;

	for (int i = 0; verbs[i]; i++) {
		const unsigned d = word_distance(word, verbs[i]->name);

		if (d < distance) {
			distance = d;
			best = verbs[i]->name;
		}
	}
	if (best)
		return mig_fail(err, MIG_E_INVAL, "no verb '%s'; did you mean '%s'?", word,
				best);
	return mig_fail(err, MIG_E_INVAL, "no verb '%s'; see 'migctl --help'", word);
}

static bool asks_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int help_without_verb(int argc, char **argv, struct mig_error *err)
{
	const bool is_help = strcmp(argv[0], "help") == 0;
	const struct verb *verb;
	char group[256];
	int words;

	if (is_help && argc == 1) {
		print_usage();
		return 1;
	}
	if (is_help) {
		verb = find_verb(argc - 1, argv + 1, &words);
		if (verb)
			help_verb(verb);
		else if (is_group(argv[1], group, sizeof(group)))
			help_group(argv[1]);
		else
			return unknown_verb(argv[1], err);
		return 1;
	}
	if (!is_group(argv[0], group, sizeof(group)))
		return unknown_verb(argv[0], err);
	if (argc > 1 && asks_help(argv[1])) {
		help_group(argv[0]);
		return 1;
	}
	if (argc == 1)
		return mig_fail(err, MIG_E_INVAL, "%s wants a verb: migctl %s %s", argv[0],
				argv[0], group);
	return mig_fail(err, MIG_E_INVAL, "no verb '%s %s'; there are: migctl %s %s", argv[0],
			argv[1], argv[0], group);
}

/* --- man pages -------------------------------------------------------------------- */

/* Text as roff: a backslash, and a full stop or quote that begins a line, mean themselves. */
static void roff(const char *s)
{
	for (bool is_start = true; *s; s++) {
		if (is_start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
		is_start = *s == '\n';
	}
}

static void roff_paragraphs(const char *s)
{
	const char *gap;

	while ((gap = strstr(s, "\n\n")) != NULL) {
		char part[4096];

		snprintf(part, sizeof(part), "%.*s", (int)(gap - s), s);
		roff(part);
		puts("\n.PP");
		s = gap + 2;
	}
	roff(s);
	putchar('\n');
}

static void roff_options(const struct option *o)
{
	for (; o && o->name; o++) {
		char name[64];

		option_name(o, name, sizeof(name));
		fputs(".TP\n.B ", stdout);
		roff(name);
		putchar('\n');
		roff(o->text);
		puts(".");
	}
}

/* The codes share statuses: one entry a status, with all that it may mean. */
static void roff_statuses(void)
{
	static const int codes[] = {
		0,
#define X(name, value, exit, text) MIG_E_##name,
#include <mig/errors.def>
#undef X
	};
	enum { STATUSES = 32 };

	puts(".SH EXIT STATUS");
	for (int status = 0; status < STATUSES; status++) {
		const char *sep = NULL;

		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
			if (mig_exit_status(codes[i]) != status)
				continue;
			if (!sep)
				printf(".TP\n.B %d\n", status);
			printf("%s%s", sep ? sep : "", mig_strerror(codes[i]));
			sep = "; ";
		}
		if (sep)
			puts(".");
	}
	puts(".PP\nA command that migctl runs (sim exec, sim tenant) ends migctl with its own "
	     "status;\n125 to 127 are then migctl's failures, as with timeout(1).");
}

static void man_verb(const struct verb *v)
{
	char page[64];

	snprintf(page, sizeof(page), "migctl-%s", v->name);
	for (char *c = page; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	printf(".TH \"%s\" 1 \"\" \"migctl " MIG_VERSION "\" \"migctl\"\n.SH NAME\n", page);
	roff(page);
	fputs(" \\- ", stdout);
	roff(v->summary);
	printf("\n.SH SYNOPSIS\n.B migctl %s\n[OPTION...] ", v->name);
	roff(v->operands);
	puts("\n.SH DESCRIPTION");
	roff_paragraphs(v->text);
	puts(".SH OPTIONS");
	roff_options(v->options);
	roff_options(global_options);
	if (v->example) {
		puts(".SH EXAMPLES\n.nf");
		roff(v->example);
		puts(".fi");
	}
	roff_statuses();
	puts(".SH SEE ALSO\n.BR migctl (1)");
}

static const char json_text[] =
	"With --json a verb prints one document, whose \"schema\" says of which kind and version it "
	"is. A verb that fails prints one, too: it has an \"error\" with \"code\" (a word of "
	"<mig/errors.def>), \"status\" (the exit status) and \"message\" (what stderr says), and "
	"beside it whatever of the answer there is. That something differs (diff, assert) is an "
	"answer, and no error. A GPU's index is \"gpu\" everywhere.\n\n"
	"Where a change was run, each of its steps has an \"outcome\": done, undone (taken back "
	"because another step failed), failed (the driver refused it, and it took no effect), pending "
	"(it waits for a reset) or not_begun. Each GPU has one: done, unchanged (there was nothing to "
	"do), undone, failed (its first step, already), pending, not_begun, or half_done, which "
	"'migctl recover' ends; its counts are of what has come true. Ids are told of what stands.";

static const char signals_text[] =
	"SIGINT, SIGTERM and SIGHUP wait while a change is being made: it is made whole, or undone, and "
	"put on record, and then they end the program. A wait for processes (--drain-timeout) is ended "
	"at once, with nothing changed, and so is a hook. SIGKILL leaves the change unfinished: "
	"'migctl recover' ends it.";

static void man_program(void)
{
	puts(".TH \"migctl\" 1 \"\" \"migctl " MIG_VERSION "\" \"migctl\"\n.SH NAME\n"
	     "migctl \\- cut NVIDIA GPUs into instances (MIG)\n.SH SYNOPSIS\n.B migctl\n"
	     "[OPTION...] VERB [OPTION...] [OPERAND...]\n.SH DESCRIPTION\n"
	     "migctl shows, plans and changes how MIG\\-capable NVIDIA GPUs are divided. It "
	     "acts "
	     "on\nthis machine's own GPUs, or on a simulated machine that is named with\n"
	     ".B \\-\\-sim\nand behaves like one.\n.SH VERBS");
	for (int i = 0; verbs[i]; i++) {
		printf(".TP\n.B %s\n", verbs[i]->name);
		roff(verbs[i]->summary);
		puts(".");
	}
	puts(".SH OPTIONS");
	roff_options(global_options);
	puts(".SH JSON");
	roff_paragraphs(json_text);
	puts(".SH ENVIRONMENT\n.TP\n.B MIGCTL_SIM\nThe simulated machine to act on when "
	     "\\-\\-sim is not given.\nWhere a real driver is loaded, verbs that change "
	     "something "
	     "want\n.B \\-\\-sim\nor\n.BR \\-\\-hardware .\n.TP\n.B MIGCTL_SIM_DIR\nThe folder "
	     "of the simulated machines; see\n.BR migctl\\-sim\\-list (1).\n.TP\n"
	     ".B NO_COLOR\nNo colours.\n.SH FILES\n.TP\n"
	     ".I /etc/migctl/gpu.d/*.yaml\nGPU types beside the built\\-in ones.\n.TP\n"
	     ".I /var/lib/migctl/record\nThe layout that the last change left, with its names; "
	     "what\n.BR migctl\\-restore (1)\nbrings back.\n.TP\n"
	     ".I /run/migctl/journal\nOf a change on its way; what\n.BR migctl\\-recover (1)\n"
	     "ends. A simulated machine has both in its own folder.");
	puts(".SH SIGNALS");
	roff_paragraphs(signals_text);
	roff_statuses();
}

void help_man(const struct verb *verb)
{
	if (verb)
		man_verb(verb);
	else
		man_program();
}

/* --- completion ------------------------------------------------------------------- */

static void complete_options(const struct option *o)
{
	for (; o && o->name; o++)
		printf(" --%s", o->name);
}

static void complete_words(void)
{
	for (int i = 0; verbs[i]; i++) {
		const size_t len = strcspn(verbs[i]->name, " ");

		if (i && strncmp(verbs[i]->name, verbs[i - 1]->name, len + 1) == 0)
			continue;
		printf(" %.*s", (int)len, verbs[i]->name);
	}
}

static void complete_group(int first)
{
	const size_t len = strcspn(verbs[first]->name, " ");

	printf("\t'%.*s') words='", (int)len, verbs[first]->name);
	for (int i = first;
	     verbs[i] && strncmp(verbs[first]->name, verbs[i]->name, len + 1) == 0; i++)
		printf(" %s", verbs[i]->name + len + 1);
	puts("' ;;");
}

/* What a word behind certain options or verbs is taken from. */
static void complete_values(void)
{
	puts("_migctl_machines()\n{\n"
	     "\tmigctl sim list 2>/dev/null | sed '1d;s/ .*//'\n}\n\n"
	     "_migctl_values()\n{\n"
	     "\tcase $1 in\n"
	     "\t--sim | 'sim exec' | 'sim tenant' | 'sim reset' | 'sim reboot' | 'sim rm')\n"
	     "\t\t_migctl_machines ;;\n"
	     "\t--gpu-type) migctl profiles --list-types 2>/dev/null | sed '1d;s/ .*//' ;;\n"
	     "\tesac\n}\n");
}

void help_completion(void)
{
	puts("# bash completion of migctl, made from its table of verbs");
	complete_values();
	puts("_migctl()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	     "\tlocal verb= words= i\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase $prev in\n"
	     "\t-f | --file | --catalog) return ;; # the shell completes paths\n"
	     "\t--sim | --gpu-type)\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$(_migctl_values \"$prev\")\" -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\tesac\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tcase ${COMP_WORDS[i]} in\n"
	     "\t\t--sim | --catalog) ((i++)) ;;\n"
	     "\t\t--) return ;; # behind it is another program's command line\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) verb=\"${verb:+$verb }${COMP_WORDS[i]}\" ;;\n"
	     "\t\tesac\n\tdone\n\t[[ $cur == -* ]] || words=$(_migctl_values \"$verb\")\n"
	     "\tif [[ -n $words ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "\t\treturn\n\tfi\n\tcase $verb in");
	for (int i = 0; verbs[i]; i++) {
		printf("\t'%s' | '%s '*) words='", verbs[i]->name, verbs[i]->name);
		complete_options(verbs[i]->options);
		complete_options(global_options);
		puts("' ;;");
	}
	for (int i = 0; verbs[i]; i++) {
		const size_t len = strcspn(verbs[i]->name, " ");

		if (verbs[i]->name[len] &&
		    (!i || strncmp(verbs[i]->name, verbs[i - 1]->name, len + 1) != 0))
			complete_group(i);
	}
	fputs("\t*) words='", stdout);
	complete_words();
	complete_options(global_options);
	puts("' ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	     "complete -o default -F _migctl migctl");
}
