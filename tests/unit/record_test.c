/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a machine: what stands, what went, and which name means what. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/record/record.h"
#include "tests/changes.h"

static struct mig_home home;
static struct mig_record rec;

static void begin(const char *spec)
{
	start(spec);
	assert_int_equal(mig_home_of(machine, &snap, &home, &err), 0);
}

static void read_record(void)
{
	mig_record_free(&rec);
	if (mig_record_read(&home, &rec, &err) < 0)
		fail_msg("%s", err.msg);
}

static void end(void)
{
	mig_record_free(&rec);
	stop();
}

/* GPU 0 becomes @text; the first compute instance of each want that @names names bears it. */
static void apply(const char *text, const char *const *names)
{
	const struct mig_run_options opt = { .home = &home, .verb = "apply", .time_s = 7 };
	struct mig_wanted w;

	look();
	w = want(text);
	for (int i = 0; names && names[i]; i++) {
		struct mig_want_name *n = &w.names.of[w.names.n];

		if (!*names[i])
			continue;
		w.names.n++;
		n->want = (uint8_t)i;
		snprintf(n->name, sizeof(n->name), "%s", names[i]);
	}
	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &w, NULL, &change, &err) < 0 ||
	    mig_change_run(machine, &snap, &change, &opt, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	look();
	read_record();
}

static int find(const char *called, struct mig_ref *ref)
{
	look();
	err = (struct mig_error){ 0 };
	return mig_record_find(&rec, &home, &snap, called, ref, &err);
}

static enum mig_record_knows knows(int gi, int ci)
{
	return mig_record_look(&rec, &home, &snap, &(struct mig_ref){ 0, gi, ci }, NULL);
}

/* Another tool: what stands in a GPU instance goes, and @profiles come instead. */
static void another_tool_splits(unsigned gi_id, const unsigned *profiles, int n)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), gi_id, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	for (int i = 0; i < n; i++)
		CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, profiles[i], &ci),
			 NVML_SUCCESS);
}

static void a_name_goes_where_its_instance_stands(void **state)
{
	static const char *const names[] = { "team-a/llm", "", "b", NULL };
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@0 2g.20gb@4 1g.10gb@6", names);
	assert_int_equal(find("team-a/llm", &ref), 0);
	assert_int_equal(snap.gpus[0].gis[ref.gi].start, 0);
	assert_int_equal(find("b", &ref), 0);
	assert_int_equal(snap.gpus[0].gis[ref.gi].start, 6);
	assert_int_equal(find("c", &ref), -MIG_E_NOENT);
	assert_true(has_words(err.msg, "the names are team-a/llm, b"));
	assert_int_equal(knows(1, 0), MIG_RECORD_MADE); /* without a name, and ours */

	/* Read in the quick way too. */
	mig_record_free(&rec);
	assert_int_equal(mig_record_read_names(&home, &rec, &err), 0);
	assert_int_equal(find("team-a/llm", &ref), 0);
	assert_int_equal(knows(1, 0), MIG_RECORD_MADE);
	end();
}

static void a_uuid_that_means_another_instance_is_no_proof_of_a_name(void **state)
{
	static const char *const names[] = { "llm", NULL };
	static const unsigned one_c[] = { 0 }; /* 1c */
	char uuid[MIG_UUID_MAX];
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@4", names);
	snprintf(uuid, sizeof(uuid), "%s", snap.gpus[0].gis[0].cis[0].uuid);
	another_tool_splits(2, one_c, 1);
	look();
	assert_string_equal(snap.gpus[0].gis[0].cis[0].uuid, uuid); /* the very same */
	assert_int_equal(find("llm", &ref), -MIG_E_STALE);
	assert_true(has_words(err.msg, "llm was given to 3g.40gb@4 on GPU 0"));
	assert_true(has_words(err.msg, "another one stands there now: 1c.3g.40gb"));
	assert_int_equal(knows(0, 0), MIG_RECORD_STALE);
	end();
}

static void a_name_of_an_instance_that_is_gone_is_stale(void **state)
{
	static const char *const names[] = { "llm", NULL };
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@4", names);
	another_tool_splits(2, NULL, 0);
	assert_int_equal(find("llm", &ref), -MIG_E_STALE);
	assert_true(has_words(err.msg, "nothing stands there now"));
	end();
}

static void what_another_tool_made_is_unverified(void **state)
{
	const nvmlGpuInstancePlacement_t place = { 0, 4 };
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	(void)state;
	begin(A100);
	apply("3g.40gb@4", NULL);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), 9, &place, &gi),
		 NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
	look();
	assert_int_equal(knows(0, 0), MIG_RECORD_NOTHING);
	assert_int_equal(knows(1, 0), MIG_RECORD_MADE);
	/* Kept by a change it is on record, and still nobody's. */
	apply("3g.40gb@0 1g.10gb@4", NULL);
	assert_int_equal(knows(0, 0), MIG_RECORD_NOTHING);
	assert_int_equal(rec.gpus[0].n_gis, 2);
	assert_int_equal(rec.gpus[0].gis[0].cis[0].n_made, 0);
	end();
}

static void a_name_goes_with_its_instance_and_can_be_given_again(void **state)
{
	static const char *const one[] = { "x", "y", NULL };
	static const char *const other[] = { "", "x", NULL };
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@0 3g.40gb@4", one);
	apply("3g.40gb@0 2g.20gb@4", NULL); /* the one at 4 goes */
	assert_int_equal(find("x", &ref), 0);
	assert_int_equal(find("y", &ref), -MIG_E_NOENT);
	apply("3g.40gb@0 2g.20gb@4", other); /* nothing is made, and x moves */
	assert_int_equal(change.n_steps, 0);
	assert_int_equal(find("x", &ref), 0);
	assert_int_equal(snap.gpus[0].gis[ref.gi].start, 4);
	end();
}

static void names_that_are_on_record_already_are_no_change(void **state)
{
	static const char *const names[] = { "x", NULL };
	const struct mig_record_ci *before;
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@0", names);
	apply("3g.40gb@0 2g.20gb@4", names);
	assert_int_equal(rec.n_changes, 2);
	apply("3g.40gb@0 2g.20gb@4", names);
	assert_int_equal(rec.n_changes, 2);
	assert_int_equal(rec.n_before, 1);
	assert_int_equal(rec.before[0].n_gis, 1); /* the way back is that of the last change */
	before = &rec.before[0].gis[0].cis[0];
	assert_string_equal(before->name, "x");
	assert_int_equal(find("x", &ref), 0);
	end();
}

static void the_way_back_has_the_names_beside_another_tool_s_instance(void **state)
{
	static const char *const names[] = { "x", NULL };
	const nvmlGpuInstancePlacement_t place = { 0, 4 };
	nvmlGpuInstance_t gi;

	(void)state;
	begin(A100);
	apply("2g.20gb@4", names);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), 9, &place, &gi),
		 NVML_SUCCESS);
	apply("-3g.40gb@0", NULL);
	assert_int_equal(rec.n_before, 1);
	assert_int_equal(rec.before[0].n_gis, 2);
	assert_string_equal(rec.before[0].gis[1].cis[0].name, "x");
	end();
}

static void what_went_is_remembered_by_its_uuid(void **state)
{
	static const char *const names[] = { "old", NULL };
	const struct mig_record_gone *gone;
	char uuid[MIG_UUID_MAX];

	(void)state;
	begin(A100);
	apply("3g.40gb@4", names);
	snprintf(uuid, sizeof(uuid), "%s", snap.gpus[0].gis[0].cis[0].uuid);
	assert_null(mig_record_was(&rec, uuid));
	apply("3x1c.3g.40gb@4", NULL);
	assert_string_equal(snap.gpus[0].gis[0].cis[0].uuid, uuid);
	gone = mig_record_was(&rec, uuid);
	assert_non_null(gone);
	assert_string_equal(gone->ci_profile, "3g.40gb");
	assert_string_equal(gone->name, "old");
	assert_int_equal(gone->gi_start, 4);
	assert_int_equal(gone->change, 2);
	assert_int_equal(gone->time_s, 7);
	for (int i = 0; i < MIG_RECORD_GONE_MAX; i++) {
		apply("3g.40gb@4", NULL);
		apply("3x1c.3g.40gb@4", NULL);
	}
	assert_int_equal(rec.n_gone, MIG_RECORD_GONE_MAX);
	end();
}

static void how_often_it_was_made_at_a_place_is_counted(void **state)
{
	(void)state;
	begin(A100);
	apply("1g.10gb@0 3g.40gb@4", NULL);
	assert_int_equal(rec.gpus[0].gis[1].cis[0].n_made, 1);
	apply("1g.10gb@0 2g.20gb@4", NULL); /* the place counts, whatever stands on it */
	assert_int_equal(rec.gpus[0].gis[1].cis[0].n_made, 2);
	apply("1g.10gb@0", NULL);
	apply("1g.10gb@0 3g.40gb@4", NULL);
	assert_int_equal(rec.gpus[0].gis[1].cis[0].n_made, 3);
	assert_int_equal(rec.gpus[0].gis[0].cis[0].n_made, 1); /* it was never touched */
	assert_int_equal(rec.n_changes, 4);
	end();
}

static void a_change_that_is_undone_is_none(void **state)
{
	static const char *const names[] = { "a", "b", NULL };
	const struct mig_run_options opt = { .home = &home, .verb = "apply", .time_s = 8 };
	const nvmlGpuInstancePlacement_t place = { 3, 1 };
	struct mig_wanted w;
	nvmlGpuInstance_t gi;
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("2g.20gb@0 3g.40gb@4", names);
	look();
	w = want("4g.40gb@0 3g.40gb@4"); /* for which a must go first */
	mig_change_free(&change);
	assert_int_equal(mig_change_make_one(&snap, 0, &w, NULL, &change, &err), 0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), 19, &place, &gi),
		 NVML_SUCCESS);
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_NOSPACE);
	read_record();
	assert_int_equal(rec.n_changes, 1);
	assert_int_equal(rec.time_s, 7);
	/* What had to be made again is as good as it was, name and all. */
	assert_int_equal(find("a", &ref), 0);
	assert_int_equal(rec.gpus[0].gis[0].cis[0].n_made, 2);
	assert_int_equal(find("b", &ref), 0);
	end();
}

static void a_recorded_layout_makes_the_same_again(void **state)
{
	struct mig_want_names names;
	struct mig_request req;
	char before[512], text[512];

	(void)state;
	begin(A100);
	apply("2x1c.3g.40gb@4 1g.10gb@2 1g.10gb+me@0", NULL);
	snprintf(before, sizeof(before), "%s", now());
	assert_true(mig_record_is_same(&rec.gpus[0], &snap.gpus[0]));
	assert_int_equal(mig_record_request(&rec.gpus[0], snap.gpus[0].type, &req, &names,
					    &err),
			 0);
	assert_string_equal(mig_request_format(&req, text, sizeof(text)), before);
	apply("7g.80gb", NULL);
	assert_false(mig_record_is_same(&rec.before[0], &snap.gpus[0]));
	assert_int_equal(rec.n_before, 1);
	assert_int_equal(mig_record_request(&rec.before[0], snap.gpus[0].type, &req, NULL,
					    &err),
			 0);
	assert_string_equal(mig_request_format(&req, text, sizeof(text)), before);
	snprintf(rec.gpus[0].gis[0].profile, MIG_NAME_MAX, "9g.90gb");
	assert_int_equal(mig_record_request(&rec.gpus[0], snap.gpus[0].type, &req, NULL, &err),
			 -MIG_E_NOENT);
	assert_true(has_words(err.msg, "has no profile 9g.90gb"));
	end();
}

/* --- The file --------------------------------------------------------------------------- */

static char *file_text(size_t *ret_len)
{
	char path[1100], *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof(path), "%s/record", home.keep);
	f = fopen(path, "re");
	assert_non_null(f);
	*ret_len = fread(text, 1, (1 << 16) - 1, f);
	fclose(f);
	return text;
}

static void another_machine_s_record_is_refused(void **state)
{
	struct mig_home other;
	struct mig_record got;

	(void)state;
	begin(A100);
	apply("3g.40gb@4", NULL);
	other = home;
	other.id[3] ^= 1;
	assert_int_equal(mig_record_read(&other, &got, &err), -MIG_E_MACHINE);
	assert_true(has_words(err.msg, "/record: line 1: it is of the simulated machine"));
	assert_true(has_words(err.msg, "migctl save"));
	end();
}

static void a_record_cut_short_or_changed_is_refused_whole(void **state)
{
	static const char *const names[] = { "x", NULL };
	struct mig_record got = { .n_changes = 77 };
	size_t len;
	char *text;

	(void)state;
	begin(A100);
	apply("3x1c.3g.40gb@4", names);
	text = file_text(&len);
	for (size_t n = 0; n + 1 < len; n += 3) {
		assert_true(mig_record_parse(text, n, "r", &home, &got, &err) < 0);
		assert_int_equal(got.n_changes, 77);
	}
	assert_int_equal(mig_record_parse(text, len, "r", &home, &got, &err), 0);
	assert_int_equal(got.n_gpus, 1);
	assert_string_equal(got.gpus[0].gis[0].cis[0].name, "x");
	mig_record_free(&got);
	free(text);
	end();
}

/* Else a name given to the first instance made there would be that of the next one's, too. */
static void a_gpu_that_is_forgotten_leaves_how_often_was_made_there(void **state)
{
	static const char *const names[] = { "llm", NULL };
	struct mig_ref ref;

	(void)state;
	begin(A100);
	apply("3g.40gb@4", names);
	assert_false(mig_record_forget(&rec, "GPU-none"));
	assert_int_equal(rec.n_gpus, 1);
	assert_true(mig_record_forget(&rec, snap.gpus[0].uuid));
	assert_int_equal(rec.n_gpus, 0);
	assert_int_equal(rec.n_before, 0);
	assert_int_equal(mig_record_write(&home, &rec, &err), 0);
	read_record();
	assert_null(mig_record_gpu(&rec, snap.gpus[0].uuid));
	assert_int_equal(find("llm", &ref), -MIG_E_NOENT);
	apply("", NULL);
	apply("3g.40gb@4", names);
	assert_int_equal(rec.gpus[0].gis[0].cis[0].n_made, 2);
	end();
}

static void a_machine_that_was_never_changed_has_an_empty_record(void **state)
{
	struct mig_ref ref;

	(void)state;
	begin(A100);
	read_record();
	assert_int_equal(rec.n_gpus, 0);
	assert_int_equal(find("x", &ref), -MIG_E_NOENT);
	assert_true(has_words(err.msg, "a layout file gives them"));
	end();
}

/* The machine is started anew: its instances are gone, and the record is of an earlier boot. */
static void reboot(void)
{
	const struct mig_wanted none = { .mode = MIG_WANT_ON,
					 .request = mig_request_empty(snap.gpus[0].type) };
	const struct mig_run_options opt = { 0 };

	look();
	mig_change_free(&change);
	assert_int_equal(mig_change_make_one(&snap, 0, &none, NULL, &change, &err), 0);
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), 0);
	snprintf(home.boot, sizeof(home.boot), "another");
	look();
}

static void what_a_reboot_took_is_not_overwritten_by_a_change_of_a_part(void **state)
{
	static const char *const names[] = { "a", NULL };
	struct mig_run_options opt = { .home = &home, .verb = "create", .time_s = 8 };
	struct mig_wanted w;

	(void)state;
	begin(A100);
	apply("3g.40gb@4 1g.10gb@0", names);
	assert_int_equal(mig_record_missing(&rec, &home, &snap.gpus[0]), 0);
	reboot();
	assert_int_equal(mig_record_missing(&rec, &home, &snap.gpus[0]), 2);
	w = want("1g.10gb@0");
	mig_change_free(&change);
	assert_int_equal(mig_change_create(&snap, 0, &w.request, NULL, &change, &err), 0);
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_STALE);
	assert_true(has_words(err.msg, "2 GPU instances on record went with a reboot"));
	look();
	assert_int_equal(snap.gpus[0].n_gis, 0);
	read_record();
	assert_int_equal(rec.gpus[0].n_gis, 2);
	/* What says all that the GPU shall have replaces it. */
	apply("1g.10gb@0", NULL);
	assert_int_equal(rec.gpus[0].n_gis, 1);
	assert_int_equal(mig_record_missing(&rec, &home, &snap.gpus[0]), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_goes_where_its_instance_stands),
		cmocka_unit_test(a_uuid_that_means_another_instance_is_no_proof_of_a_name),
		cmocka_unit_test(a_name_of_an_instance_that_is_gone_is_stale),
		cmocka_unit_test(what_another_tool_made_is_unverified),
		cmocka_unit_test(a_name_goes_with_its_instance_and_can_be_given_again),
		cmocka_unit_test(names_that_are_on_record_already_are_no_change),
		cmocka_unit_test(the_way_back_has_the_names_beside_another_tool_s_instance),
		cmocka_unit_test(what_went_is_remembered_by_its_uuid),
		cmocka_unit_test(how_often_it_was_made_at_a_place_is_counted),
		cmocka_unit_test(a_change_that_is_undone_is_none),
		cmocka_unit_test(a_recorded_layout_makes_the_same_again),
		cmocka_unit_test(another_machine_s_record_is_refused),
		cmocka_unit_test(a_record_cut_short_or_changed_is_refused_whole),
		cmocka_unit_test(a_gpu_that_is_forgotten_leaves_how_often_was_made_there),
		cmocka_unit_test(a_machine_that_was_never_changed_has_an_empty_record),
		cmocka_unit_test(what_a_reboot_took_is_not_overwritten_by_a_change_of_a_part),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
