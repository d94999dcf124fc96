/* SPDX-License-Identifier: Apache-2.0 */
/* Where instances go: where the driver would put one, and how a request is placed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <mig/geometry.h>

#include "tests/layouts.h"
#include "tests/models.h"

static struct mig_gpu_type a100, a30, rtx;

static int set_up(void **state)
{
	(void)state;
	a100 = model_a100();
	a30 = model_a30();
	rtx = model_rtx_pro_6000();
	return 0;
}

/* Which end of the silicon lacks its compute slice: it decides what the ids mean. */
enum orientation { NORMAL, MIRRORED, QUARTERS };

/*
 * The placement start that a GPU instance id stands for. Ids count a tree over the memory
 * slots: 0 the whole, 1-2 halves, 3-6 quarters, 7-14 eighths; a mirrored GPU reports its
 * upper half first. Source: NVIDIA/open-gpu-kernel-modules, kernel_mig_manager_ga100.c.
 */
static int start_of_id(const struct mig_gpu_type *type, enum orientation o, int id)
{
	const int level = id == 0 ? 0 : id < 3 ? 1 : id < 7 ? 2 : 3;
	const int start = (id + 1 - (1 << level)) * (type->units >> level);

	return o == MIRRORED ? (start + 4) % 8 : start;
}

/* A kind of profile, "3g", on @type. */
static int kind(const struct mig_gpu_type *type, const char *word)
{
	static const struct {
		const char *word;
		int nvml_profile;
	} kinds[] = { { "1g", 0 }, { "2g", 1 },    { "3g", 2 },   { "4g", 3 },
		      { "7g", 4 }, { "1g+me", 7 }, { "1g.r2", 9 } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int p = 0; p < type->n_profiles && strcmp(kinds[i].word, word) == 0; p++) {
			if (type->profiles[p].nvml_profile == kinds[i].nvml_profile)
				return p;
		}
	}
	fail_msg("%s has no %s", type->key, word);
	return -1;
}

/* What drivers did: the rows "create" of data/captures/placement_vectors.json. */
static const struct {
	const char *gpu, *command;
	const struct mig_gpu_type *type;
	enum orientation orientation;
	const char *prior; /* with its start */
	const char *sequence[8];
	int ids[8];
} vectors[] = {
	{ "A100-SXM4-40GB, R450",
	  "19,14,5",
	  &a100,
	  NORMAL,
	  "",
	  { "1g", "2g", "4g" },
	  { 13, 5, 1 } },
	{ "A100 40GB",
	  "19,19,19,19,19,19,19",
	  &a100,
	  NORMAL,
	  "",
	  { "1g", "1g", "1g", "1g", "1g", "1g", "1g" },
	  { 13, 11, 12, 7, 8, 9, 10 } },
	{ "A100 80GB", "19,1g.10gb", &a100, NORMAL, "", { "1g", "1g" }, { 13, 11 } },
	{ "A100", "9,19,14,19", &a100, NORMAL, "", { "3g", "1g", "2g", "1g" }, { 2, 7, 4, 8 } },
	{ "A100",
	  "14,19,19,19,19,19",
	  &a100,
	  NORMAL,
	  "",
	  { "2g", "1g", "1g", "1g", "1g", "1g" },
	  { 5, 13, 7, 8, 9, 10 } },
	{ "A100", "14,14", &a100, NORMAL, "", { "2g", "2g" }, { 5, 3 } },
	{ "A100 40GB; H100, 580.65", "9,9", &a100, NORMAL, "", { "3g", "3g" }, { 2, 1 } },
	{ "H100 80GB HBM3", "9,14", &a100, NORMAL, "", { "3g", "2g" }, { 2, 3 } },
	{ "A100",
	  "9,14,19,19",
	  &a100,
	  NORMAL,
	  "",
	  { "3g", "2g", "1g", "1g" },
	  { 2, 3, 9, 10 } },
	{ "A100-SXM4-40GB, 570.86", "1g; 3g", &a100, NORMAL, "", { "1g", "3g" }, { 13, 1 } },
	{ "H100",
	  "19 four times",
	  &a100,
	  NORMAL,
	  "",
	  { "1g", "1g", "1g", "1g" },
	  { 13, 11, 12, 7 } },
	{ "GH200 480GB",
	  "15,15,15",
	  &a100,
	  NORMAL,
	  "1g.10gb+me@6",
	  { "1g.r2", "1g.r2", "1g.r2" },
	  { 5, 3, 4 } },
	{ "A100-SXM4-80GB, 515.43.04", "5,9", &a100, NORMAL, "", { "4g", "3g" }, { 1, 2 } },
	{ "A100-SXM4-80GB, 515.43.04", "9", &a100, MIRRORED, "", { "3g" }, { 1 } },
	{ "A100-SXM4-80GB, 515.43.04", "5", &a100, MIRRORED, "", { "4g" }, { 2 } },
	{ "H100 PCIe, 570.169",
	  "19 seven times",
	  &a100,
	  MIRRORED,
	  "",
	  { "1g", "1g", "1g", "1g", "1g", "1g", "1g" },
	  { 9, 7, 8, 11, 12, 13, 14 } },
	{ "A100 on ESXi, 510.47",
	  "9,19,14,19",
	  &a100,
	  MIRRORED,
	  "",
	  { "3g", "1g", "2g", "1g" },
	  { 1, 11, 6, 12 } },
	{ "A100 80GB PCIe, 515.86", "3g,3g", &a100, MIRRORED, "", { "3g", "3g" }, { 1, 2 } },
	{ "A100-SXM4-80GB, 550.54",
	  "2g,2g,1g",
	  &a100,
	  MIRRORED,
	  "",
	  { "2g", "2g", "1g" },
	  { 3, 5, 9 } },
	{ "A100-SXM4-40GB, 580.126.09",
	  "4g; 2g; 1g",
	  &a100,
	  MIRRORED,
	  "",
	  { "4g", "2g", "1g" },
	  { 2, 3, 9 } },
	{ "A30, 535.183", "14; 14; 5", &a30, QUARTERS, "", { "1g", "1g", "2g" }, { 3, 4, 2 } },
	{ "RTX PRO 6000 Blackwell, 580.105",
	  "14 four times",
	  &rtx,
	  QUARTERS,
	  "",
	  { "1g", "1g", "1g", "1g" },
	  { 3, 4, 5, 6 } },
	{ "RTX PRO 6000 Blackwell, 580.105",
	  "2g,1g,1g",
	  &rtx,
	  QUARTERS,
	  "",
	  { "2g", "1g", "1g" },
	  { 1, 5, 6 } },
};

static void one_after_another_goes_where_real_drivers_put_it(void **state)
{
	(void)state;
	for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
		struct mig_layout lay = layout_of(vectors[v].type, vectors[v].prior);

		for (int i = 0; i < 8 && vectors[v].sequence[i]; i++) {
			const int p = kind(vectors[v].type, vectors[v].sequence[i]);
			const int start = start_of_id(vectors[v].type, vectors[v].orientation,
						      vectors[v].ids[i]);

			if (mig_layout_best_start(&lay, p) != start)
				fail_msg("%s, %s: instance %d at %d, not %d", vectors[v].gpu,
					 vectors[v].command, i + 1,
					 mig_layout_best_start(&lay, p), start);
			assert_int_equal(mig_layout_add(&lay, p, start, NULL), 0);
		}
	}
}

/* A request for the same sequence goes where the driver alone would have put it. */
static void a_request_lands_where_the_driver_would_have_put_it(void **state)
{
	(void)state;
	for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
		const struct mig_layout lay = layout_of(vectors[v].type, vectors[v].prior);
		struct mig_request req = mig_request_empty(vectors[v].type);
		int starts[MIG_UNITS_MAX], n = 0;

		for (; n < 8 && vectors[v].sequence[n]; n++)
			assert_int_equal(
				mig_request_add_count(
					&req,
					req.type->profiles[kind(req.type,
								vectors[v].sequence[n])]
						.name,
					1, NULL),
				0);
		assert_int_equal(mig_request_place(&req, &lay, starts, NULL, NULL), 0);
		for (int i = 0; i < n; i++)
			assert_int_equal(starts[i],
					 start_of_id(req.type, vectors[v].orientation,
						     vectors[v].ids[i]));
	}
}

/*
 * The order in which a GPU that only ever saw creates takes its places: the same rule,
 * told as fixed lists, which is how both orientations show in transcripts.
 */
static const struct {
	int nvml_profile;
	const char *starts;
} preferences[] = {
	{ 0, "6450123" }, { 7, "6450123" }, { 9, "6402" }, { 1, "402" },
	{ 2, "40" },      { 3, "0" },       { 4, "0" },
};

static int first_preferred(const struct mig_layout *lay, int profile)
{
	const uint16_t open = mig_layout_starts(lay, profile);

	for (size_t i = 0; i < sizeof(preferences) / sizeof(preferences[0]); i++) {
		if (preferences[i].nvml_profile != lay->type->profiles[profile].nvml_profile)
			continue;
		for (const char *s = preferences[i].starts; *s; s++) {
			if (open >> (*s - '0') & 1)
				return *s - '0';
		}
	}
	return -1;
}

static int create_on(const struct mig_layout *lay)
{
	int n = 1;

	for (int p = 0; p < lay->type->n_profiles; p++) {
		const int start = mig_layout_best_start(lay, p);
		struct mig_layout next = *lay;

		assert_int_equal(start, first_preferred(lay, p));
		if (start < 0)
			continue;
		assert_int_equal(mig_layout_add(&next, p, start, NULL), 0);
		n += create_on(&next);
	}
	return n;
}

static void creates_alone_follow_a_fixed_order_of_places(void **state)
{
	const struct mig_layout lay = mig_layout_empty(&a100);

	(void)state;
	assert_true(create_on(&lay) > 500); /* sequences of creates */
}

static void after_a_destroy_the_least_loss_decides(void **state)
{
	const struct mig_layout lay = layout_of(&a100, "1g.10gb@4");

	(void)state;
	/* Unit 5 is of no use for a 2g any more; unit 6, the first choice otherwise, is. */
	assert_int_equal(mig_layout_best_start(&lay, layout_profile(&a100, "1g.10gb")), 5);
}

/* `nvidia-smi mig -lgip`, free instances; A100-SXM4-40GB, driver 580.126.09. */
static void as_many_places_are_free_as_the_driver_counts(void **state)
{
	static const char *const kinds[] = { "1g", "1g+me", "1g.r2", "2g", "3g", "4g", "7g" };
	static const struct {
		const char *there;
		int free[7];
	} rows[] = {
		{ "", { 7, 1, 4, 3, 2, 1, 1 } },
		{ "4g.40gb@0", { 3, 1, 2, 1, 1, 0, 0 } },
		{ "4g.40gb@0 2g.20gb@4", { 1, 1, 1, 0, 0, 0, 0 } },
		{ "4g.40gb@0 2g.20gb@4 1g.10gb@6", { 0, 0, 0, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mig_layout lay = layout_of(&a100, rows[i].there);

		for (int k = 0; k < 7; k++) {
			const int p = kind(&a100, kinds[k]);
			const int places = __builtin_popcount(mig_layout_starts(&lay, p));
			const int max = a100.profiles[p].max_count;

			assert_int_equal(places < max ? places : max, rows[i].free[k]);
		}
	}
}

/* @ask beside @there: the layout that comes of it, or the error. */
static const char *placed(const struct mig_gpu_type *type, const char *there, const char *ask)
{
	static char text[sizeof(((struct mig_error *)0)->msg)];
	struct mig_layout lay = layout_of(type, there), before = lay;
	struct mig_request req = mig_request_empty(type);
	int starts[MIG_UNITS_MAX] = { -7, -7, -7 };
	struct mig_error err = { 0 };
	char items[256], *save, *item;

	snprintf(items, sizeof(items), "%s", ask);
	for (item = strtok_r(items, " ", &save); item; item = strtok_r(NULL, " ", &save)) {
		if (mig_request_add(&req, item, &err) < 0)
			fail_msg("%s", err.msg);
	}
	if (mig_request_place(&req, &before, starts, &lay, &err) == 0)
		return mig_layout_format(&lay, text, sizeof(text));
	assert_int_equal(err.code, MIG_E_NOSPACE);
	assert_int_equal(starts[0], -7);
	assert_int_equal(lay.used, before.used);
	assert_int_equal(mig_request_place(&req, &before, starts, &lay, NULL), -MIG_E_NOSPACE);
	return strcpy(text, err.msg);
}

static void the_rest_of_a_request_moves_the_driver_s_choice(void **state)
{
	(void)state;
	assert_string_equal(placed(&a100, "1g.10gb@0", "1g.20gb"), "1g.20gb@6 1g.10gb@0");
	assert_string_equal(placed(&a100, "1g.10gb@0", "1g.20gb 3g.40gb"),
			    "3g.40gb@4 1g.20gb@2 1g.10gb@0");
	assert_string_equal(placed(&a100, "", "1g.10gb"), "1g.10gb@6");
	assert_string_equal(placed(&a100, "", "1g.10gb 3g.40gb@4"), "3g.40gb@4 1g.10gb@0");
	assert_string_equal(placed(&a100, "", "3g.40gb 4g.40gb"), "4g.40gb@0 3g.40gb@4");
}

static void a_refused_request_says_what_is_in_the_way_and_what_would_fit(void **state)
{
	static const struct {
		const struct mig_gpu_type *type;
		const char *there, *ask, *msg;
	} refused[] = {
		{ &a100, "2g.20gb@4 1g.10gb@6 1g.10gb@0", "3g.40gb",
		  "3g.40gb fits nowhere: it needs units 0-3 or 4-7; 2g.20gb@4 and "
		  "2x1g.10gb@0,6 stand there; "
		  "the largest that fits now is 2g.20gb@2; 3g.40gb would fit if 1g.10gb@0 were "
		  "gone" },
		{ &a100, "", "4g.40gb 3g.40gb 1g.10gb",
		  "instance 3 of 3: 1g.10gb fits nowhere: it needs one of units 0-6; "
		  "the request's own 4g.40gb@0 and 3g.40gb@4 stand there; of the request, "
		  "4g.40gb 3g.40gb would fit" },
		{ &a100, "1g.10gb@5", "1g.10gb 3g.40gb 4g.40gb",
		  "instance 3 of 3: 4g.40gb fits nowhere: it needs units 0-3; the request's "
		  "own 3g.40gb@0 stands there; "
		  "of the request, 1g.10gb 3g.40gb would fit; an empty GPU would not hold all "
		  "of it either" },
		{ &a100, "1g.10gb@5", "3g.40gb 4g.40gb",
		  "instance 2 of 2: 4g.40gb fits nowhere: it needs units 0-3; the request's "
		  "own 3g.40gb@0 stands there; "
		  "of the request, 3g.40gb would fit; all of it would fit if 1g.10gb@5 were "
		  "gone" },
		{ &a100, "7g.80gb@0", "2x1g.10gb",
		  "instance 1 of 2: 1g.10gb fits nowhere: it needs one of units 0-6; 7g.80gb@0 "
		  "stands there; "
		  "nothing of the request fits; all of it would fit if 7g.80gb@0 were gone" },
		{ &a100, "1g.10gb+me@3", "1g.10gb+me",
		  "1g.10gb+me needs an OFA engine; 1g.10gb+me@3 has the only one; 1g.10gb "
		  "would fit; "
		  "1g.10gb+me would fit if 1g.10gb+me@3 were gone" },
		{ &a30, "", "1g.6gb+me 2g.12gb+me",
		  "instance 2 of 2: 2g.12gb+me needs an OFA engine; the request's own "
		  "1g.6gb+me@0 has the only one; "
		  "2g.12gb would fit; of the request, 2g.12gb+me would fit" },
		{ &rtx, "1g.24gb+me.all@0", "2x1g.24gb-me 1g.24gb",
		  "instance 3 of 3: 1g.24gb needs a decoder; 1g.24gb+me.all@0 has all 4; "
		  "1g.24gb-me would fit; "
		  "of the request, 2x1g.24gb-me would fit; all of it would fit if "
		  "1g.24gb+me.all@0 were gone" },
		{ &a100, "3g.40gb@4", "2g.20gb@4",
		  "2g.20gb@4 does not fit: it needs units 4-5; 3g.40gb@4 stands there; it "
		  "could begin at 0 or 2; "
		  "2g.20gb would fit if 3g.40gb@4 were gone" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_string_equal(placed(refused[i].type, refused[i].there, refused[i].ask),
				    refused[i].msg);
}

static void a_request_is_placed_on_its_own_type_of_gpu_only(void **state)
{
	const struct mig_layout lay = mig_layout_empty(&a30);
	const struct mig_request req = mig_request_empty(&a100);
	struct mig_error err = { 0 };
	int starts[MIG_UNITS_MAX];

	(void)state;
	assert_int_equal(mig_request_place(&req, &lay, starts, NULL, &err), -MIG_E_INVAL);
	assert_string_equal(err.msg, "the request is for A100-SXM4-80GB, the GPU is A30");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_another_goes_where_real_drivers_put_it),
		cmocka_unit_test(a_request_lands_where_the_driver_would_have_put_it),
		cmocka_unit_test(creates_alone_follow_a_fixed_order_of_places),
		cmocka_unit_test(after_a_destroy_the_least_loss_decides),
		cmocka_unit_test(as_many_places_are_free_as_the_driver_counts),
		cmocka_unit_test(the_rest_of_a_request_moves_the_driver_s_choice),
		cmocka_unit_test(a_refused_request_says_what_is_in_the_way_and_what_would_fit),
		cmocka_unit_test(a_request_is_placed_on_its_own_type_of_gpu_only),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
