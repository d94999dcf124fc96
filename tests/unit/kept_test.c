/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal or a record that is damaged, cut short, another machine's, or no file at all: a change
 * and a recovery end with an error that names the file and the way out, before the driver is asked
 * for anything; and what was there is there still, to the byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/killed.h"

#define OLD "3g.40gb@0 2x1c.3g.40gb@4"
#define NEW "2g.20gb@0 1g.10gb@2 2x1c.3g.40gb@4"

enum { FILE_MAX = 1 << 16, HANG_S = 60 };

static char whole[FILE_MAX]; /* of the file that is tried, as it was written */
static size_t whole_len;
static char path[1100];

static int run_kept(void)
{
	const struct mig_run_options opt = { .home = &home, .verb = "test", .time_s = 1 };

	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

static void run_in_child(void)
{
	if (run_kept() < 0)
		_exit(1);
}

/* OLD is on record, and a change to NEW was cut short. */
static void cut_short(void)
{
	look();
	make(OLD);
	assert_int_equal(run_kept(), 0);
	look();
	make(NEW);
	set_fault("nvmlGpuInstanceCreateComputeInstance#1=kill");
	assert_true(dies(run_in_child));
	clear_faults();
	assert_true(is_unfinished());
}

static void write_file(const char *bytes, size_t len)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static size_t read_file(char *ret)
{
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(ret, 1, FILE_MAX, f);
	fclose(f);
	return n;
}

static void take_whole(const char *name_of_it)
{
	snprintf(path, sizeof(path), "%s/%s", home.run, name_of_it);
	whole_len = read_file(whole);
	assert_true(whole_len > 0 && whole_len < FILE_MAX);
}

static bool count_record(const struct sim_log_record *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return true;
}

static int n_calls(void)
{
	int n = 0;

	assert_int_equal(sim_log_each(machine_folder(), name, false, count_record, &n, NULL),
			 0);
	return n;
}

/* Neither is begun. @is_file: what is there can be read, and is the same afterwards. */
static void check_refused(const char *what, bool is_file)
{
	static char before[FILE_MAX], after[FILE_MAX];
	const int calls = n_calls();
	size_t len = is_file ? read_file(before) : 0;
	int rc;

	alarm(HANG_S);
	look();
	make("7g.80gb");
	rc = run_kept();
	if (rc >= 0 || !strstr(err.msg, path) || !strstr(err.msg, "migctl "))
		fail_msg("%s: a change: %d, %s", what, rc, err.msg);
	/* With a record alone nothing is unfinished. */
	rc = strstr(path, "/journal") ? recover_so(MIG_RECOVER_EITHER) : rc;
	if (rc >= 0 || !strstr(err.msg, path))
		fail_msg("%s: a recovery: %d, %s", what, rc, err.msg);
	alarm(0);
	assert_int_equal(n_calls(), calls);
	if (is_file) {
		assert_int_equal(read_file(after), len);
		assert_memory_equal(before, after, len);
	}
}

/* --- Damage ----------------------------------------------------------------------------- */

/* The start of its last line. */
static size_t last_line(void)
{
	size_t at = whole_len - 1;

	while (at > 0 && whole[at - 1] != '\n')
		at--;
	return at;
}

static void a_journal_with_one_wrong_byte_stops_all(void **state)
{
	char what[64];

	(void)state;
	begin(A100);
	cut_short();
	take_whole("journal");
	for (size_t i = 0; i + 1 < whole_len; i += 7) {
		snprintf(what, sizeof(what), "byte %zu", i);
		whole[i] ^= 1;
		write_file(whole, whole_len);
		whole[i] ^= 1;
		check_refused(what, true);
	}
	/* Mended, it does what it is for. */
	write_file(whole, whole_len);
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_string_equal(now(), OLD);
	stop();
}

/* In its last line that was never written, and anywhere else that is damage. */
static void a_journal_cut_short_stops_all_or_is_shorter_by_a_line(void **state)
{
	char what[64];

	(void)state;
	begin(A100);
	cut_short();
	take_whole("journal");
	for (size_t len = 0; len < whole_len; len += len < 40 ? 1 : 23) {
		const char *newline = memchr(whole, '\n', whole_len);

		if (len > (size_t)(newline - whole))
			break;
		snprintf(what, sizeof(what), "%zu bytes", len);
		write_file(whole, len);
		check_refused(what, true);
	}
	for (size_t len = last_line(); len < whole_len; len += 5) {
		write_file(whole, len);
		assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
		assert_string_equal(now(), OLD);
		assert_false(is_unfinished());
		cut_short();
	}
	stop();
}

static void a_damaged_record_stops_all(void **state)
{
	char what[64];

	(void)state;
	begin(A100);
	cut_short();
	take_whole("record");
	for (size_t i = 0; i < whole_len; i += 11) {
		snprintf(what, sizeof(what), "%zu bytes", i);
		write_file(whole, i);
		if (i > 0 && whole[i - 1] == '\n')
			continue;
		look();
		make("7g.80gb");
		assert_true(run_kept() < 0);
		if (!strstr(err.msg, "record") && !strstr(err.msg, "journal"))
			fail_msg("%s: %s", what, err.msg);
		assert_true(recover_so(MIG_RECOVER_EITHER) < 0);
		assert_true(has_words(err.msg, path) && has_words(err.msg, "move it away"));
	}
	write_file(whole, whole_len);
	assert_int_equal(recover_so(MIG_RECOVER_EITHER), 0);
	assert_string_equal(now(), OLD);
	stop();
}

/* --- Another machine's ------------------------------------------------------------------ */

static void those_of_another_machine_stop_all(void **state)
{
	static const char *const names[] = { "journal", "record" };
	static char foreign[2][FILE_MAX];
	size_t len[2];

	(void)state;
	begin(A100);
	cut_short();
	for (int i = 0; i < 2; i++) {
		take_whole(names[i]);
		memcpy(foreign[i], whole, whole_len);
		len[i] = whole_len;
	}
	stop();
	begin(A100);
	look();
	make(OLD);
	assert_int_equal(run_kept(), 0);
	for (int i = 0; i < 2; i++) {
		take_whole("record");
		snprintf(path, sizeof(path), "%s/%s", home.run, names[i]);
		write_file(foreign[i], len[i]);
		check_refused(names[i], true);
		assert_true(has_words(err.msg, "it is of the simulated machine"));
		unlink(path);
		snprintf(path, sizeof(path), "%s/record", home.run);
		write_file(whole, whole_len);
	}
	look();
	make(NEW);
	assert_int_equal(run_kept(), 0);
	stop();
}

/* --- No file at all --------------------------------------------------------------------- */

static void put_folder(void)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static void put_fifo(void)
{
	assert_int_equal(mkfifo(path, 0644), 0);
}

static void put_endless(void)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void put_binary(void)
{
	memset(whole, 0xff, FILE_MAX);
	write_file(whole, FILE_MAX);
}

static const struct {
	const char *what;
	void (*put)(void);
} things[] = {
	{ "a folder", put_folder },
	{ "a fifo", put_fifo },
	{ "an endless file", put_endless },
	{ "binary", put_binary },
};

/* What cannot be read is no journal that can be ended; nor is it no journal. */
static void what_is_no_journal_stops_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		begin(A100);
		look();
		make(OLD);
		assert_int_equal(run_kept(), 0);
		snprintf(path, sizeof(path), "%s/journal", home.run);
		things[i].put();
		check_refused(things[i].what, false);
		assert_int_equal(remove(path), 0);
		stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_with_one_wrong_byte_stops_all),
		cmocka_unit_test(a_journal_cut_short_stops_all_or_is_shorter_by_a_line),
		cmocka_unit_test(a_damaged_record_stops_all),
		cmocka_unit_test(those_of_another_machine_stop_all),
		cmocka_unit_test(what_is_no_journal_stops_all),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
