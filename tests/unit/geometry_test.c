/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: what fits beside what, where the driver would put it, and how it is shown. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include <mig/geometry.h>

#include "tests/layouts.h"
#include "tests/models.h"

static struct mig_gpu_type a100, a100_plain, a100_rev2, h100, a30, a30_plain, rtx, rtx_plain;

/* @type with those of its profiles whose names are in @names, between spaces. */
static struct mig_gpu_type only(const struct mig_gpu_type *type, const char *names)
{
	struct mig_gpu_type t = *type;
	char name[MIG_NAME_MAX + 2];

	t.n_profiles = 0;
	for (int i = 0; i < type->n_profiles; i++) {
		snprintf(name, sizeof(name), " %s ", type->profiles[i].name);
		if (strstr(names, name))
			t.profiles[t.n_profiles++] = type->profiles[i];
	}
	return t;
}

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	a100_plain = only(&a100, " 1g.10gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb ");
	a100_rev2 = only(&a100, " 1g.10gb 1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb ");
	h100 = model_h100();
	a30 = model_a30();
	a30_plain = only(&a30, " 1g.6gb 2g.12gb 4g.24gb ");
	rtx = model_rtx_pro_6000();
	rtx_plain = only(&rtx, " 1g.24gb 2g.48gb 4g.96gb ");
	return 0;
}

static void assert_same(const struct mig_layout *a, const struct mig_layout *b)
{
	assert_ptr_equal(a->type, b->type);
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->n_slots, b->n_slots);
	assert_memory_equal(a->engines, b->engines, sizeof(a->engines));
	assert_memory_equal(a->slots, b->slots, sizeof(a->slots));
}

static void two_halves_fill_the_gpu(void **state)
{
	struct mig_layout lay = layout_of(&h100, "3g.40gb@4 3g.40gb@0");

	(void)state;
	assert_int_equal(lay.used, 0xff);
	assert_int_equal(lay.slots[0].start, 0);
	assert_int_equal(lay.slots[1].start, 4);
	assert_true(mig_layout_is_maximal(&lay));
	assert_int_equal(mig_layout_starts(&lay, layout_profile(&h100, "1g.10gb")), 0);
}

static void what_is_taken_out_leaves_nothing_behind(void **state)
{
	struct mig_layout lay = layout_of(&a100, "1g.10gb+me@3 2g.20gb@4");
	const struct mig_layout before = lay, empty = mig_layout_empty(&a100);
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_layout_remove(&lay, 5, &err), -MIG_E_NOENT);
	assert_string_equal(err.msg, "no instance begins at unit 5");
	assert_same(&lay, &before);
	assert_int_equal(mig_layout_remove(&lay, 3, NULL), 0);
	assert_string_equal(layout_text(&lay), "2g.20gb@4");
	assert_int_equal(mig_layout_starts(&lay, layout_profile(&a100, "1g.10gb+me")), 0x4f);
	assert_int_equal(mig_layout_remove(&lay, 4, NULL), 0);
	assert_same(&lay, &empty);
}

static void a_refused_instance_changes_nothing_and_says_what_stands_there(void **state)
{
	static const struct {
		const struct mig_gpu_type *type;
		const char *there, *profile;
		int start;
		const char *msg;
	} refused[] = {
		{ &a100, "", "3g.40gb", 2,
		  "3g.40gb cannot begin at unit 2; it may begin at 0 or 4" },
		{ &a100, "", "1g.10gb", 99,
		  "1g.10gb cannot begin at unit 99; it may begin at 0, 1, 2, 3, 4, 5 or 6" },
		{ &a100, "", "7g.80gb", -1,
		  "7g.80gb cannot begin at unit -1; it may begin at 0" },
		{ &a100, "3g.40gb@4", "2g.20gb", 4,
		  "2g.20gb@4 does not fit: it needs units 4-5; 3g.40gb@4 stands there; it "
		  "could begin at 0 or 2" },
		{ &a100, "2g.20gb@4 1g.10gb@6", "3g.40gb", 4,
		  "3g.40gb@4 does not fit: it needs units 4-7; 2g.20gb@4 and 1g.10gb@6 stand "
		  "there; it could begin at 0" },
		{ &a100, "1g.10gb@0 1g.10gb@1 3g.40gb@4", "4g.40gb", 0,
		  "4g.40gb@0 does not fit: it needs units 0-3; 2x1g.10gb@0,1 stand there" },
		{ &a100, "1g.10gb+me@3", "1g.10gb+me", 0,
		  "1g.10gb+me needs an OFA engine; 1g.10gb+me@3 has the only one; 1g.10gb "
		  "would fit" },
		{ &a30, "2g.12gb+me@0", "1g.6gb+me", 2,
		  "1g.6gb+me needs an OFA engine; 2g.12gb+me@0 has the only one; 1g.6gb would "
		  "fit" },
		{ &rtx, "1g.24gb+me.all@0", "2g.48gb", 6,
		  "2g.48gb needs 2 decoders; 1g.24gb+me.all@0 has all 4; 2g.48gb-me would "
		  "fit" },
		{ &rtx, "1g.24gb@0 2g.48gb@6", "1g.24gb+me.all", 3,
		  "1g.24gb+me.all needs 4 decoders; 2g.48gb@6 and 1g.24gb@0 have 3 of 4; "
		  "1g.24gb would fit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct mig_layout lay = layout_of(refused[i].type, refused[i].there);
		const struct mig_layout before = lay;
		const int p = layout_profile(refused[i].type, refused[i].profile);
		struct mig_error err = { 0 };

		assert_int_equal(mig_layout_add(&lay, p, refused[i].start, &err),
				 -MIG_E_NOSPACE);
		assert_string_equal(err.msg, refused[i].msg);
		assert_same(&lay, &before);
	}
}

static void a_count_that_no_engine_explains_limits_too(void **state)
{
	struct mig_gpu_type two = a100_plain;
	struct mig_layout lay;
	struct mig_error err = { 0 };
	const int p = layout_profile(&two, "1g.10gb");

	(void)state;
	two.profiles[p].max_count = 2;
	lay = layout_of(&two, "1g.10gb@1 1g.10gb@5");
	assert_int_equal(mig_layout_starts(&lay, p), 0);
	assert_int_equal(mig_layout_add(&lay, p, 0, &err), -MIG_E_NOSPACE);
	assert_string_equal(err.msg,
			    "a GPU holds at most 2 of 1g.10gb; 2x1g.10gb@1,5 stand there");
	two.profiles[p].max_count = MIG_UNKNOWN;
	assert_int_equal(mig_layout_starts(&lay, p), 0x5d);
	assert_int_equal(mig_layout_add(&lay, two.n_profiles, 0, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "profile 5: A100-SXM4-80GB has profiles 0 to 4");
}

static void media_engines_go_to_one_instance_only(void **state)
{
	const struct mig_layout lay = layout_of(&h100, "1g.10gb+me@0");
	const struct mig_layout a30_me = layout_of(&a30, "1g.6gb+me@0");

	(void)state;
	assert_int_equal(mig_layout_starts(&lay, layout_profile(&h100, "1g.10gb+me")), 0);
	assert_int_equal(mig_layout_starts(&lay, layout_profile(&h100, "1g.10gb")), 0x7e);
	assert_int_equal(mig_layout_starts(&a30_me, layout_profile(&a30, "2g.12gb+me")), 0);
	assert_int_equal(mig_layout_starts(&a30_me, layout_profile(&a30, "2g.12gb")), 0x4);
}

static void beside_all_media_engines_only_profiles_without_any_fit(void **state)
{
	const struct mig_layout lay = layout_of(&rtx, "1g.24gb+me.all@3");

	(void)state;
	for (int i = 0; i < rtx.n_profiles; i++) {
		const char *name = rtx.profiles[i].name;
		const bool fits = mig_layout_starts(&lay, i) != 0;

		assert_int_equal(fits, strstr(name, "-me") != NULL);
	}
}

static void an_engine_count_that_nobody_published_limits_nothing(void **state)
{
	struct mig_gpu_type t = a100;
	struct mig_layout lay;
	const int me = layout_profile(&t, "1g.10gb+me"), whole = layout_profile(&t, "7g.80gb");

	(void)state;
	t.profiles[me].max_count = 7;
	t.profiles[whole].ofa = t.profiles[whole].jpeg = MIG_UNKNOWN;
	lay = layout_of(&t, "1g.10gb+me@0 1g.10gb+me@1 1g.10gb+me@2 1g.10gb+me@3");
	assert_int_equal(mig_layout_starts(&lay, me), 0x70); /* a decoder is left */
	lay = layout_of(&t, "1g.10gb+me@0 1g.10gb+me@1 1g.10gb+me@2 1g.10gb+me@3 1g.10gb+me@4");
	assert_int_equal(mig_layout_starts(&lay, me), 0); /* five decoders are published */

	t.profiles[me].decoders = MIG_UNKNOWN;
	lay = layout_of(&t, "1g.10gb+me@0 1g.10gb+me@1 1g.10gb+me@2 1g.10gb+me@3 1g.10gb+me@4");
	assert_int_equal(mig_layout_starts(&lay, me), 0x60);
}

static void the_unit_without_compute_is_wasted_behind_seven_small_ones(void **state)
{
	const struct mig_layout six = layout_of(&a100, "4g.40gb@0 1g.10gb@4 1g.10gb@5");
	const struct mig_layout seven =
		layout_of(&a100, "4g.40gb@0 1g.10gb@4 1g.10gb@5 1g.10gb@6");
	const struct mig_layout media = layout_of(&rtx, "1g.24gb+me.all@0");

	(void)state;
	assert_int_equal(mig_layout_wasted(&six), 0); /* 1g.20gb reaches it */
	assert_int_equal(mig_layout_wasted(&seven), 0x80);
	assert_int_equal(mig_layout_wasted(&media), 0);
}

/* Everything that mig_layout_each() finds, for counting. */
struct census {
	char *names[300];                /* of the maximal layouts */
	int sets[300][MIG_PROFILES_MAX]; /* how many of each profile */
	int n, n_maximal, n_sets;
};

static void count_set(const struct mig_layout *lay, int *counts)
{
	memset(counts, 0, MIG_PROFILES_MAX * sizeof(*counts));
	for (int i = 0; i < lay->n_slots; i++)
		counts[lay->slots[i].profile]++;
}

static int note(const struct mig_layout *lay, void *arg)
{
	struct census *c = arg;
	int counts[MIG_PROFILES_MAX], i;

	c->n++;
	if (!mig_layout_is_maximal(lay))
		return 0;
	count_set(lay, counts);
	c->names[c->n_maximal] = strdup(layout_text(lay));
	c->n_maximal++;
	for (i = 0; i < c->n_sets; i++) {
		if (memcmp(c->sets[i], counts, sizeof(counts)) == 0)
			return 0;
	}
	memcpy(c->sets[c->n_sets++], counts, sizeof(counts));
	return 0;
}

/* Sets that no other set contains. */
static int n_largest(const struct census *c)
{
	int n = 0;

	for (int i = 0; i < c->n_sets; i++) {
		bool is_inside = false;

		for (int j = 0; j < c->n_sets && !is_inside; j++) {
			bool is_within = i != j;

			for (int k = 0; k < MIG_PROFILES_MAX; k++)
				is_within &= c->sets[i][k] <= c->sets[j][k];
			is_inside = is_within;
		}
		n += !is_inside;
	}
	return n;
}

static void census_free(struct census *c)
{
	for (int i = 0; i < c->n_maximal; i++)
		free(c->names[i]);
}

static void every_layout_of_every_gpu_is_found_once(void **state)
{
	/* Counted by two independent enumerations of the published placements. */
	static const struct {
		const struct mig_gpu_type *type;
		int n, n_maximal, n_sets, n_largest; /* 0: not known from elsewhere */
	} known[] = {
		{ &a100_plain, 298, 19, 14, 12 }, { &a100_rev2, 723, 78, 38, 28 },
		{ &a100, 2319, 239, 0, 44 },      { &a30_plain, 26, 5, 4, 4 },
		{ &a30, 76, 17, 0, 8 },           { &rtx_plain, 26, 5, 4, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct census c = { 0 };

		assert_int_equal(mig_layout_each(known[i].type, UINT32_MAX, note, &c), 0);
		assert_int_equal(c.n, known[i].n);
		assert_int_equal(c.n_maximal, known[i].n_maximal);
		if (known[i].n_sets)
			assert_int_equal(c.n_sets, known[i].n_sets);
		assert_int_equal(n_largest(&c), known[i].n_largest);
		for (int a = 0; a < c.n_maximal; a++) {
			for (int b = 0; b < a; b++)
				assert_string_not_equal(c.names[a], c.names[b]);
		}
		census_free(&c);
	}
}

static int stop_at_third(const struct mig_layout *lay, void *arg)
{
	int *n = arg;

	(void)lay;
	return ++*n == 3 ? 42 : 0;
}

static void a_walk_over_layouts_obeys_its_visitor_and_its_profiles(void **state)
{
	struct census c = { 0 };
	int n = 0;

	(void)state;
	assert_int_equal(mig_layout_each(&a100, UINT32_MAX, stop_at_third, &n), 42);
	assert_int_equal(n, 3);
	/* Of 3g.40gb alone: none, either half, both. */
	assert_int_equal(mig_layout_each(&a100, 1U << layout_profile(&a100, "3g.40gb"), note,
					 &c),
			 0);
	assert_int_equal(c.n, 4);
	census_free(&c);
}

/* The maximal layouts, as `nvidia-smi mig -lgipp` lets one derive them by hand; those of
 * the 8-unit GPUs are the 19 rows of the MIG User Guide's table. */
static const char *const a100_maximal[] = {
	"7x1g.10gb@0,1,2,3,4,5,6",
	"2g.20gb@4 5x1g.10gb@0,1,2,3,6",
	"3g.40gb@4 4x1g.10gb@0,1,2,3",
	"2g.20gb@2 5x1g.10gb@0,1,4,5,6",
	"2x2g.20gb@2,4 3x1g.10gb@0,1,6",
	"3g.40gb@4 2g.20gb@2 2x1g.10gb@0,1",
	"2g.20gb@0 5x1g.10gb@2,3,4,5,6",
	"2x2g.20gb@0,4 3x1g.10gb@2,3,6",
	"3g.40gb@4 2g.20gb@0 2x1g.10gb@2,3",
	"2x2g.20gb@0,2 3x1g.10gb@4,5,6",
	"3x2g.20gb@0,2,4 1g.10gb@6",
	"3g.40gb@4 2x2g.20gb@0,2",
	"3g.40gb@0 3x1g.10gb@4,5,6",
	"3g.40gb@0 2g.20gb@4 1g.10gb@6",
	"2x3g.40gb@0,4",
	"4g.40gb@0 3x1g.10gb@4,5,6",
	"4g.40gb@0 2g.20gb@4 1g.10gb@6",
	"4g.40gb@0 3g.40gb@4",
	"7g.80gb@0",
};
static const char *const a30_maximal[] = {
	"4x1g.6gb@0,1,2,3", "2g.12gb@2 2x1g.6gb@0,1", "2g.12gb@0 2x1g.6gb@2,3", "2x2g.12gb@0,2",
	"4g.24gb@0",
};
static const char *const rtx_maximal[] = {
	"4x1g.24gb@0,3,6,9",
	"2g.48gb@6 2x1g.24gb@0,3",
	"2g.48gb@0 2x1g.24gb@6,9",
	"2x2g.48gb@0,6",
	"4g.96gb@0",
};

static void the_full_layouts_are_those_that_are_listed(void **state)
{
	static const struct {
		const struct mig_gpu_type *type;
		const char *const *names;
		int n;
	} listed[] = {
		{ &a100_plain, a100_maximal, 19 },
		{ &a30_plain, a30_maximal, 5 },
		{ &rtx_plain, rtx_maximal, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		struct census c = { 0 };

		mig_layout_each(listed[i].type, UINT32_MAX, note, &c);
		assert_int_equal(c.n_maximal, listed[i].n);
		for (int k = 0; k < listed[i].n; k++) {
			bool is_found = false;

			for (int m = 0; m < c.n_maximal; m++)
				is_found |= strcmp(c.names[m], listed[i].names[k]) == 0;
			if (!is_found)
				fail_msg("%s is not found", listed[i].names[k]);
		}
		census_free(&c);
	}
}

static void starts_are_shown_as_the_driver_prints_them(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(mig_starts_format(0x11, 4, buf, sizeof(buf)), "{0,4}:4");
	assert_string_equal(mig_starts_format(0x249, 3, buf, sizeof(buf)), "{0,3,6,9}:3");
	assert_string_equal(mig_starts_format(0x11, 4, buf, 4), "{0,");
}

static void a_layout_is_shown_by_profile_and_cut_at_the_buffer(void **state)
{
	const struct mig_layout lay = layout_of(&a100, "1g.10gb@1 3g.40gb@4 1g.10gb@0");
	const struct mig_layout empty = mig_layout_empty(&a100);
	char buf[64];

	(void)state;
	assert_string_equal(mig_layout_format(&lay, buf, sizeof(buf)),
			    "3g.40gb@4 2x1g.10gb@0,1");
	assert_string_equal(mig_layout_format(&lay, buf, 8), "3g.40gb");
	assert_string_equal(mig_layout_format(&empty, buf, sizeof(buf)), "");
}

static void assert_same_profile(const struct mig_profile *a, const struct mig_profile *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->nvml_profile, b->nvml_profile);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->compute_slices, b->compute_slices);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->starts, b->starts);
	assert_int_equal(a->max_count, b->max_count);
	assert_int_equal(a->copy_engines, b->copy_engines);
	assert_int_equal(a->decoders, b->decoders);
	assert_int_equal(a->encoders, b->encoders);
	assert_int_equal(a->jpeg, b->jpeg);
	assert_int_equal(a->ofa, b->ofa);
	assert_int_equal(a->n_ci, b->n_ci);
	for (int i = 0; i < a->n_ci; i++) {
		assert_string_equal(a->ci[i].name, b->ci[i].name);
		assert_int_equal(a->ci[i].size, b->ci[i].size);
		assert_int_equal(a->ci[i].starts, b->ci[i].starts);
		assert_int_equal(a->ci[i].max_count, b->ci[i].max_count);
	}
}

static void the_tables_of_these_tests_say_what_the_catalog_says(void **state)
{
	const struct mig_gpu_type *const tables[] = { &a100, &h100, &a30, &rtx }, *type;
	struct mig_catalog *cat;

	(void)state;
	assert_int_equal(mig_catalog_open(NULL, &cat, NULL), 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		assert_int_equal(mig_catalog_find(cat, tables[i]->key, &type, NULL), 0);
		assert_int_equal(type->units, tables[i]->units);
		assert_int_equal(type->n_profiles, tables[i]->n_profiles);
		for (int p = 0; p < type->n_profiles; p++)
			assert_same_profile(&type->profiles[p], &tables[i]->profiles[p]);
	}
	mig_catalog_close(cat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_of_these_tests_say_what_the_catalog_says),
		cmocka_unit_test(two_halves_fill_the_gpu),
		cmocka_unit_test(what_is_taken_out_leaves_nothing_behind),
		cmocka_unit_test(a_refused_instance_changes_nothing_and_says_what_stands_there),
		cmocka_unit_test(a_count_that_no_engine_explains_limits_too),
		cmocka_unit_test(media_engines_go_to_one_instance_only),
		cmocka_unit_test(beside_all_media_engines_only_profiles_without_any_fit),
		cmocka_unit_test(an_engine_count_that_nobody_published_limits_nothing),
		cmocka_unit_test(the_unit_without_compute_is_wasted_behind_seven_small_ones),
		cmocka_unit_test(every_layout_of_every_gpu_is_found_once),
		cmocka_unit_test(a_walk_over_layouts_obeys_its_visitor_and_its_profiles),
		cmocka_unit_test(the_full_layouts_are_those_that_are_listed),
		cmocka_unit_test(starts_are_shown_as_the_driver_prints_them),
		cmocka_unit_test(a_layout_is_shown_by_profile_and_cut_at_the_buffer),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
