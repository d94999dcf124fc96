/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is asked something: its words, its status, and its end when it takes too long. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"

enum { LONG_MS = 60000, SHORT_MS = 100 };

static int ask(const char *script, int limit_ms, size_t max, struct child_answer *ret,
	       struct mig_error *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	*ret = (struct child_answer){ 0 };
	return child_ask(argv, limit_ms, max, ret, err);
}

static void what_a_program_says_is_kept(void **state)
{
	struct child_answer a;

	(void)state;
	assert_int_equal(ask("echo one; echo two; echo bad >&2; echo worse >&2; exit 3",
			     LONG_MS, 100, &a, NULL),
			 0);
	assert_string_equal(a.text, "one\ntwo\n");
	assert_string_equal(a.words, "worse");
	assert_int_equal(a.status, 3);
	free(a.text);
	assert_int_equal(ask("kill -TERM $$", LONG_MS, 100, &a, NULL), 0);
	assert_string_equal(a.text, "");
	assert_string_equal(a.words, "");
	assert_int_equal(a.status, 128 + SIGTERM);
	free(a.text);
}

/* More on stderr than a pipe holds, and more on stdout than was asked for. */
static void a_program_may_complain_at_length_but_not_answer_so(void **state)
{
	struct mig_error err = { 0 };
	struct child_answer a;

	(void)state;
	assert_int_equal(
		ask("head -c 300000 /dev/zero | tr '\\0' '\\n' >&2; echo last >&2; echo x",
		    LONG_MS, 100, &a, NULL),
		0);
	assert_string_equal(a.text, "x\n");
	assert_string_equal(a.words, "last");
	free(a.text);
	assert_int_equal(ask("yes", LONG_MS, 1000, &a, &err), -MIG_E_IO);
	assert_string_equal(err.msg, "sh said more than 1000 bytes");
	assert_null(a.text);
}

static void a_program_gets_no_stdin_and_no_descriptor_of_ours(void **state)
{
	int pipes[2];
	struct child_answer a;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(ask("cat; echo end", LONG_MS, 100, &a, NULL), 0);
	assert_string_equal(a.text, "end\n");
	free(a.text);
	close(pipes[0]);
	close(pipes[1]);
}

/* A killed process whose parent died before it may have nobody who asks for its status. */
static bool is_dead(const char *pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", atoi(pid));
	f = fopen(path, "re");
	if (!f)
		return true;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state == 'Z' || state == 'X';
}

/* What it started holds its output open, and is killed with it. */
static void a_program_that_takes_too_long_is_killed_with_its_children(void **state)
{
	char name[] = "/tmp/child-XXXXXX", script[128];
	struct mig_error err = { 0 };
	struct child_answer a;
	char pid[16] = "";
	int fd = mkstemp(name);

	(void)state;
	snprintf(script, sizeof(script), "sleep 1000 & echo $! >%s; wait", name);
	assert_int_equal(ask(script, 3000, 100, &a, &err), -MIG_E_IO);
	assert_string_equal(err.msg, "sh did not end in time");
	assert_true(pread(fd, pid, sizeof(pid) - 1, 0) > 0);
	for (int i = 0; i < 1000 && !is_dead(pid); i++)
		usleep(10000);
	assert_true(is_dead(pid));
	assert_int_equal(ask("exec >&- 2>&-; exec sleep 1000", SHORT_MS, 100, &a, &err),
			 -MIG_E_IO);
	close(fd);
	unlink(name);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
	const char *const argv[] = { "no-such-program-anywhere", NULL };
	struct mig_error err = { 0 };
	struct child_answer a;

	(void)state;
	assert_int_equal(child_ask(argv, LONG_MS, 100, &a, &err), -MIG_E_NOENT);
	assert_non_null(strstr(err.msg, "no-such-program-anywhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_says_is_kept),
		cmocka_unit_test(a_program_may_complain_at_length_but_not_answer_so),
		cmocka_unit_test(a_program_gets_no_stdin_and_no_descriptor_of_ours),
		cmocka_unit_test(a_program_that_takes_too_long_is_killed_with_its_children),
		cmocka_unit_test(a_program_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
