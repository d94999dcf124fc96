/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's file: what is read of it, whole, cut short or damaged, and when it is there. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "lib/manage/journal.h"
#include "tests/changes.h"

static struct mig_home home;
static char kept[1 << 16]; /* the journal while the last step is on its way */
static size_t kept_len;

static const char *path(char *buf, size_t len)
{
	return journal_path(&home, buf, len);
}

/* Looks into the journal before each step; after the last look all but one step is done. */
static void read_it(const struct mig_snapshot *s, const struct mig_step *step, bool is_undo,
		    void *arg)
{
	char buf[1100];
	FILE *f = fopen(path(buf, sizeof(buf)), "re");

	(void)s, (void)step, (void)is_undo, (void)arg;
	assert_non_null(f);
	kept_len = fread(kept, 1, sizeof(kept) - 1, f);
	fclose(f);
}

static int run_kept(void)
{
	const struct mig_run_options opt = {
		.home = &home, .verb = "test", .time_s = 1, .on_step = read_it
	};

	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &opt, &err);
}

static void begin(void)
{
	start(A100);
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
	make("3x1c.3g.40gb@4 2g.20gb@0");
	assert_int_equal(run_kept(), 0);
	look();
}

static void it_is_there_before_the_first_step_and_gone_after_the_last(void **state)
{
	struct journal_text j;
	char buf[1100];

	(void)state;
	begin();
	assert_int_equal(access(path(buf, sizeof(buf)), F_OK), -1);
	assert_int_equal(journal_parse(kept, kept_len, "j", &home, &j, &err), 0);
	assert_int_equal(j.n_steps, 6);
	for (int i = 0; i < j.n_steps; i++) {
		assert_int_equal(j.steps[i].is_begun, i < 5);
		assert_int_equal(j.steps[i].is_done, i < 5);
		assert_false(j.steps[i].is_undo_begun);
	}
	assert_string_equal(j.verb, "test");
	assert_string_equal(j.boot, home.boot);
	assert_true(j.is_atomic);
	assert_int_equal(j.n_gpus, 1);
	assert_int_equal(j.gpus[0].n_gis, 0);
	assert_string_equal(j.steps[0].profile, "3g.40gb");
	assert_int_equal(j.steps[0].step.start, 4);
	assert_int_equal(j.steps[0].made_gi, 2);
	journal_text_free(&j);
	stop();
}

static void a_line_cut_short_was_not_written(void **state)
{
	struct journal_text whole, cut;
	size_t last;

	(void)state;
	begin();
	assert_int_equal(journal_parse(kept, kept_len, "j", &home, &whole, &err), 0);
	last = kept_len - 1;
	while (kept[last - 1] != '\n')
		last--;
	for (size_t n = last + 1; n < kept_len; n++) {
		assert_int_equal(journal_parse(kept, n, "j", &home, &cut, &err), 0);
		assert_int_equal(cut.n_steps, whole.n_steps);
		assert_false(cut.steps[4].is_done);
		journal_text_free(&cut);
	}
	journal_text_free(&whole);
	/* One bit of a line that is there to its end: damaged, and said so. */
	for (size_t i = 0; i + 1 < kept_len; i++) {
		kept[i] ^= 1;
		assert_int_equal(journal_parse(kept, kept_len, "j", &home, &cut, &err),
				 -MIG_E_SYNTAX);
		assert_true(has_words(err.msg, "is damaged; look at 'migctl status'"));
		kept[i] ^= 1;
	}
	stop();
}

static void one_of_another_machine_is_refused(void **state)
{
	struct journal_text j;
	struct mig_home other;

	(void)state;
	begin();
	other = home;
	other.id[0] ^= 1;
	assert_int_equal(journal_parse(kept, kept_len, "j", &other, &j, &err), -MIG_E_MACHINE);
	assert_true(has_words(err.msg, "it is of the simulated machine"));
	stop();
}

static void what_cannot_be_written_down_is_not_begun(void **state)
{
	char before[512], buf[1100];

	(void)state;
	begin();
	snprintf(before, sizeof(before), "%s", now());
	make("7g.80gb");
	snprintf(home.run, sizeof(home.run), "/dev/null/nowhere");
	assert_int_equal(run_kept(), -MIG_E_IO);
	assert_string_equal(now(), before);
	/* The record's place: the journal is gone again, and nothing is unfinished. */
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
	snprintf(home.keep, sizeof(home.keep), "/dev/null/nowhere");
	assert_true(run_kept() < 0);
	assert_string_equal(now(), before);
	assert_int_equal(access(path(buf, sizeof(buf)), F_OK), -1);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_there_before_the_first_step_and_gone_after_the_last),
		cmocka_unit_test(a_line_cut_short_was_not_written),
		cmocka_unit_test(one_of_another_machine_is_refused),
		cmocka_unit_test(what_cannot_be_written_down_is_not_begun),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
