/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/file.h"

static char dir[] = "/tmp/file_test.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(strrchr(dir, '.') + 1, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/it", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void expect_content(const char *want, size_t want_len)
{
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(mig_file_read_bytes(path, 1 << 20, &text, &len, NULL), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(text, want, len + 1);
	free(text);
}

static int entries(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void a_file_is_replaced_whole_and_nothing_is_left(void **state)
{
	(void)state;
	assert_int_equal(mig_file_replace(path, "one", 3, NULL), 0);
	expect_content("one", 3);
	assert_int_equal(mig_file_replace(path, "a\0b", 3, NULL), 0);
	expect_content("a\0b", 3);
	assert_int_equal(mig_file_replace(path, "", 0, NULL), 0);
	expect_content("", 0);
	assert_int_equal(entries(), 1);
}

static void the_mode_of_what_was_there_stays(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mig_file_replace(path, "x", 1, NULL), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(mig_file_replace(path, "y", 1, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void what_a_dead_writer_left_is_in_nobodys_way(void **state)
{
	char left[96];
	FILE *f;

	(void)state;
	snprintf(left, sizeof(left), "%s.tmp.%ld.0", path, (long)getpid());
	f = fopen(left, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(mig_file_replace(path, "new", 3, NULL), 0);
	expect_content("new", 3);
	assert_int_equal(unlink(left), 0);
	assert_int_equal(entries(), 1);
}

static void two_writers_leave_one_content_or_the_other(void **state)
{
	static char mine[70000], theirs[70000];
	char *text = NULL;
	size_t len = 0;
	int status;
	pid_t child;

	(void)state;
	memset(mine, 'm', sizeof(mine));
	memset(theirs, 't', sizeof(theirs));
	child = fork();
	assert_true(child >= 0);
	for (int i = 0; i < 50; i++) {
		const int rc =
			mig_file_replace(path, child ? mine : theirs, sizeof(mine), NULL);

		if (child == 0 && rc < 0)
			_exit(1);
		assert_int_equal(rc, 0);
	}
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(mig_file_read_bytes(path, 1 << 20, &text, &len, NULL), 0);
	assert_int_equal(len, sizeof(mine));
	assert_memory_equal(text, text[0] == 'm' ? mine : theirs, len);
	free(text);
	assert_int_equal(entries(), 1);
}

static void a_refused_replacement_says_why(void **state)
{
	struct mig_error err = { 0 };
	char deep[PATH_MAX];

	(void)state;
	assert_int_equal(mig_file_replace("/nowhere/at/all", "x", 1, &err), -MIG_E_IO);
	assert_string_equal(err.msg, "create a file beside /nowhere/at/all: "
				     "No such file or directory");
	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(mig_file_replace(deep, "x", 1, &err), -MIG_E_IO);
	assert_int_equal(mig_file_replace(dir, "x", 1, &err), -MIG_E_IO);
	assert_non_null(strstr(err.msg, "rename to /tmp/file_test."));
}

static void what_is_too_large_or_absent_is_not_read(void **state)
{
	struct mig_error err = { 0 };
	char *text = NULL;
	size_t len = 77;

	(void)state;
	assert_int_equal(mig_file_replace(path, "12345", 5, NULL), 0);
	assert_int_equal(mig_file_read_bytes(path, 4, &text, &len, &err), -MIG_E_INVAL);
	assert_non_null(strstr(err.msg, "/it: larger than 4 bytes"));
	/* A text is whole or refused. */
	assert_int_equal(mig_file_replace(path, "a\0b", 3, NULL), 0);
	assert_int_equal(mig_file_read(path, &text, &err), -MIG_E_INVAL);
	assert_non_null(strstr(err.msg, "NUL byte"));
	assert_int_equal(mig_file_replace(path, "hello", 5, NULL), 0);
	assert_int_equal(mig_file_read("/nowhere/at/all", &text, &err), -MIG_E_IO);
	assert_string_equal(err.msg, "open /nowhere/at/all: No such file or directory");
	assert_int_equal(mig_file_read(dir, &text, &err), -MIG_E_IO);
	assert_null(text);
	assert_int_equal(len, 77);
	assert_int_equal(mig_file_read_bytes(path, 5, &text, &len, &err), 0);
	assert_int_equal(len, 5);
	free(text);
}

static void a_large_file_is_read_whole(void **state)
{
	char *data = malloc(1 << 20), *text = NULL;

	(void)state;
	assert_non_null(data);
	memset(data, 'a', 1 << 20);
	assert_int_equal(mig_file_replace(path, data, 1 << 20, NULL), 0);
	assert_int_equal(mig_file_read(path, &text, NULL), 0);
	assert_int_equal(strlen(text), 1 << 20);
	free(text);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced_whole_and_nothing_is_left),
		cmocka_unit_test(the_mode_of_what_was_there_stays),
		cmocka_unit_test(what_a_dead_writer_left_is_in_nobodys_way),
		cmocka_unit_test(two_writers_leave_one_content_or_the_other),
		cmocka_unit_test(a_refused_replacement_says_why),
		cmocka_unit_test(what_is_too_large_or_absent_is_not_read),
		cmocka_unit_test(a_large_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
