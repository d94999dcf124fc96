/* SPDX-License-Identifier: Apache-2.0 */
/* What does not hold, told with all that led to it. */
#include <stdarg.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/property/applies.h"

enum { AROUND = 30 };

static void print_command(const struct command *c)
{
	const int status = c->status;

	fprintf(stderr, "  %3d worker %d pid %d %s", c->number, c->worker, c->pid, c->line);
	if (WIFSIGNALED(status))
		fprintf(stderr, "\n      signal %d%s", WTERMSIG(status),
			c->is_shot ? " from outside" : "");
	else
		fprintf(stderr, "\n      status %d", WEXITSTATUS(status));
	if (c->last >= c->first)
		fprintf(stderr, ", calls %d to %d", c->first, c->last);
	if (*c->fault)
		fprintf(stderr, ", set before it: %s", c->fault);
	fputs("\n", stderr);
	for (const char *p = c->err; *p;) {
		const int n = (int)strcspn(p, "\n");

		fprintf(stderr, "      | %.*s\n", n, p);
		p += n + (p[n] == '\n');
	}
}

static int by_turn(const void *a, const void *b)
{
	const struct command *x = *(const struct command *const *)a;
	const struct command *y = *(const struct command *const *)b;

	return x->end_ns < y->end_ns ? -1 : x->end_ns > y->end_ns;
}

static void print_commands(const struct command *culprit)
{
	static const struct command *sorted[COMMANDS];
	const int n = scene->n_commands;

	for (int i = 0; i < n; i++)
		sorted[i] = &scene->commands[i];
	qsort(sorted, (size_t)n, sizeof(sorted[0]), by_turn);
	fputs("the commands, by their ends:\n", stderr);
	for (int i = 0; i < n; i++)
		print_command(sorted[i]);
	if (culprit && *culprit->file)
		fprintf(stderr, "the file of command %d:\n%s", culprit->number, culprit->file);
}

static void print_log(const struct history *h, int at)
{
	const int from = at > AROUND ? at - AROUND : 0;
	const int to = at + AROUND < h->n ? at + AROUND : h->n;

	fputs("the log around it:\n", stderr);
	for (int i = from; i < to; i++) {
		const struct sim_log_record *r = &h->records[i];

		fprintf(stderr, "  %c%4d command %3d %s: %s = %d %s%s\n", i == at ? '*' : ' ',
			i, h->owner[i], r->call, r->asked, r->result, r->made,
			h->is_dropped[i] ? " (never came to be)" : "");
	}
	for (int i = 0; i < scene->n_checkpoints; i++) {
		const struct checkpoint *p = &scene->checkpoints[i];

		if (p->is_foreign)
			fprintf(stderr, "  after %d: a reset by somebody else\n", p->n_records);
	}
}

static void print_tenants(void)
{
	fputs("the tenants:\n", stderr);
	for (int i = 0; i < scene->n_tenants; i++) {
		const struct tenant *t = &scene->tenants[i];

		fprintf(stderr, "  process %d on %d/%d/%d from %llu to %llu\n", t->pid, t->gpu,
			t->gi, t->ci, (unsigned long long)t->begin_ns,
			(unsigned long long)t->end_ns);
	}
}

void wrong(const struct history *h, int at, const struct command *c, const char *format, ...)
{
	va_list args;

	if (scene->owner > 0)
		kill(scene->owner, SIGKILL); /* the tenants go with him */
	print_commands(c);
	print_tenants();
	if (h && at >= 0)
		print_log(h, at);
	if (h && c && c->last >= c->first) {
		fputs("before:\n", stderr);
		stand_print(stderr, &h->foreign[c->first]);
		fputs("after:\n", stderr);
		stand_print(stderr, &h->stood[c->last + 1]);
	}
	fputs("WRONG: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n", stderr);
	if (c)
		print_command(c);
	exit(EXIT_FAILURE);
}
