/* SPDX-License-Identifier: Apache-2.0 */
/* What a change makes of who holds what and of names, and how long it takes; without a driver. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <mig/manage.h>

static struct mig_catalog *catalog;
static const struct mig_gpu_type *type;
static struct mig_gpu gpu;
static const struct mig_snapshot snap = { .n_gpus = 1, .gpus = &gpu };
static struct mig_wanted wanted;
static struct mig_change change;
static struct mig_error err;

static int open_catalog(void **state)
{
	(void)state;
	return mig_catalog_open(NULL, &catalog, NULL) ||
	       mig_catalog_find(catalog, "A100-SXM4-80GB", &type, NULL);
}

static int close_catalog(void **state)
{
	(void)state;
	mig_change_free(&change);
	mig_catalog_close(catalog);
	return 0;
}

static struct mig_request request(const char *text)
{
	struct mig_request req = mig_request_empty(type);
	char item[64];
	int n;

	for (; sscanf(text, " %63s%n", item, &n) == 1; text += n) {
		if (mig_request_add(&req, item, &err) < 0)
			fail_msg("%s: %s", item, err.msg);
	}
	return req;
}

/* The GPU has what @text says, all of it with starts; GI i has id 10 + i, its CIs 0, 1, ... */
static void stands(const char *text)
{
	const struct mig_request req = request(text);

	gpu = (struct mig_gpu){ .has_mig = true, .mode = 1, .mode_pending = 1, .type = type };
	for (int i = 0; i < req.n; i++) {
		const struct mig_want *want = &req.want[i];
		const struct mig_profile *p = &type->profiles[want->profile];
		struct mig_gi *gi = &gpu.gis[gpu.n_gis++];
		int starts[MIG_CI_PROFILES_MAX];

		assert_true(want->start >= 0);
		*gi = (struct mig_gi){ 10 + i, want->profile, want->start, want->n_ci };
		assert_int_equal(mig_want_place(p, want, 0, starts, NULL), 0);
		for (int k = 0; k < want->n_ci; k++)
			gi->cis[k] = (struct mig_ci){ .id = k,
						      .profile = want->ci[k],
						      .start = starts[k],
						      .size = p->ci[want->ci[k]].size };
	}
}

static void wants(const char *text)
{
	wanted = (struct mig_wanted){ MIG_WANT_ON, request(text), { 0 } };
}

static void wants_name(int want, int ci, const char *name)
{
	struct mig_want_name *n = &wanted.names.of[wanted.names.n++];

	*n = (struct mig_want_name){ .want = (uint8_t)want, .ci = (uint8_t)ci };
	strcpy(n->name, name);
}

static void make(const struct mig_change_hints *hints)
{
	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &wanted, hints, &change, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Does GI @gi, or its CI @ci, stay? By ids. */
static bool stays(int gi, int ci)
{
	for (int i = 0; i < change.n_steps; i++) {
		const struct mig_step *s = &change.steps[i];

		if ((s->kind == MIG_STEP_GI_DESTROY && s->gi == gi) ||
		    (s->kind == MIG_STEP_CI_DESTROY && s->gi == gi && s->ci == ci))
			return false;
	}
	return true;
}

/* --- Holders ---------------------------------------------------------------------- */

static void of_those_that_are_alike_the_held_one_stays(void **state)
{
	struct mig_holder holder = { .gi = 12, .ci = 0, .pid = 1 };
	const struct mig_change_hints hints = { &holder, 1, NULL, 0 };

	(void)state;
	stands("3x1g.10gb@0,1,2");
	wants("1g.10gb");
	make(NULL);
	assert_true(stays(10, 0));
	make(&hints);
	assert_false(stays(10, 0));
	assert_true(stays(12, 0));
	holder.ci = -1;
	make(&hints);
	assert_true(stays(12, 0));
}

static void one_that_is_held_outweighs_all_others(void **state)
{
	const struct mig_holder holder = { .gi = 10, .ci = 0, .pid = 1 };
	const struct mig_change_hints hints = { &holder, 1, NULL, 0 };

	(void)state;
	stands("3g.40gb@0 2g.20gb@4 1g.10gb@6");
	wants("4g.40gb@0 2g.20gb 1g.10gb");
	make(&hints);
	assert_false(stays(10, 0)); /* there is no other place for 4g.40gb */
	wants("3g.40gb 3g.40gb@4");
	make(&hints);
	assert_true(stays(10, 0));
	stands("2x1c.3g.40gb@0 2x1g.10gb@4,5");
	wants("2c.3g.40gb 1c.3g.40gb 2x1g.10gb");
	make(&hints);
	assert_true(stays(10, 0));
	assert_false(stays(10, 1));
}

/* --- Names ------------------------------------------------------------------------ */

static const struct mig_change_name *name_of(const char *name)
{
	for (int i = 0; i < change.n_names; i++) {
		if (strcmp(change.names[i].name, name) == 0)
			return &change.names[i];
	}
	return NULL;
}

static void a_named_instance_serves_the_want_of_its_name(void **state)
{
	const struct mig_named named[] = { { 0, 0, 0, "a" }, { 0, 1, 0, "b" } };
	const struct mig_change_hints hints = { NULL, 0, named, 2 };

	(void)state;
	stands("2x3g.40gb@0,4");
	wants("2x3g.40gb");
	wants_name(0, 0, "b");
	wants_name(1, 0, "a");
	make(&hints);
	assert_int_equal(change.n_steps, 0);
	assert_int_equal(change.n_names, 2);
	assert_int_equal(name_of("a")->step, -1);
	assert_int_equal(name_of("a")->gi, 0);
	assert_int_equal(name_of("b")->gi, 1);

	/* Of two that are alike the one whose name is wanted stays, though the other comes first. */
	wants("3g.40gb 4g.40gb");
	wants_name(0, 0, "b");
	make(&hints);
	assert_true(stays(11, 0));
	assert_int_equal(name_of("b")->gi, 1);
	assert_null(name_of("a"));
}

static void a_name_that_nothing_bears_goes_to_what_serves_its_want(void **state)
{
	const struct mig_named named = { 0, 0, 0, "a" };
	const struct mig_change_hints hints = { NULL, 0, &named, 1 };

	(void)state;
	stands("3g.40gb@0");
	wants("3g.40gb 2x1c.2g.20gb");
	wants_name(0, 0, "new");
	wants_name(1, 1, "half");
	make(&hints);
	assert_int_equal(change.n_names, 2);
	assert_int_equal(name_of("new")->step, -1);
	assert_int_equal(name_of("new")->gi, 0);
	assert_int_equal(change.n_steps, 3);
	assert_int_equal(name_of("half")->step, 2);
	assert_int_equal(name_of("half")->gi, -1);
}

static void a_name_that_nobody_speaks_of_is_kept(void **state)
{
	const struct mig_named named = { 0, 1, 0, "a" };
	const struct mig_change_hints hints = { NULL, 0, &named, 1 };

	(void)state;
	stands("2x1g.10gb@0,1");
	wants("1g.10gb");
	make(&hints);
	assert_true(stays(11, 0)); /* of two that are alike the one that has a name */
	assert_int_equal(name_of("a")->gi, 1);
	wants("1g.10gb 3g.40gb");
	wants_name(1, 0, "a");
	make(&hints);
	assert_int_equal(change.n_names, 1); /* now it is another's */
	assert_true(name_of("a")->step >= 0);
}

static void names_that_cannot_be_are_refused(void **state)
{
	(void)state;
	stands("3g.40gb@0");
	wants("3g.40gb 1g.10gb");
	wants_name(0, 0, "a");
	wants_name(1, 0, "a");
	assert_int_equal(mig_change_make_one(&snap, 0, &wanted, NULL, &change, &err),
			 -MIG_E_INVAL);
	assert_string_equal(err.msg, "GPU 0: the names a and a: one instance has one name, and "
				     "one name one instance");
	wants("3g.40gb");
	wants_name(0, 1, "a");
	assert_int_equal(mig_change_make_one(&snap, 0, &wanted, NULL, &change, &err),
			 -MIG_E_INVAL);
	assert_string_equal(err.msg, "GPU 0: the request has no instance for the name a");
}

/* --- Times ------------------------------------------------------------------------ */

static void near_s(double got, double want)
{
	if (got < want - 1e-9 || got > want + 1e-9)
		fail_msg("%f s instead of %f s", got, want);
}

static void what_is_made_again_is_away_for_as_long_as_it_takes(void **state)
{
	struct mig_step_time times[8];

	(void)state;
	stands("1g.10gb+me@0");
	wants("4g.40gb 1g.10gb+me");
	make(NULL);
	assert_int_equal(change.n_steps, 6);
	assert_int_equal(mig_change_times(&snap, &change, times, &err), 0);
	near_s(times[1].end_s, 0.21); /* destroy 1g.10gb+me */
	near_s(times[3].end_s, 0.37); /* create it elsewhere */
	near_s(times[5].end_s, 0.58); /* create 4g.40gb */
	assert_int_equal(mig_change_again(&change, 3), 0);
	near_s(mig_change_away_s(&change, times, 3), 0.37);
	assert_int_equal(mig_change_again(&change, 5), -1);
	near_s(mig_change_away_s(&change, times, 5), 0);
	assert_int_equal(mig_change_again(&change, 0), -1);
}

static void a_compute_instance_alone_takes_nobody_knows_how_long(void **state)
{
	struct mig_step_time times[8];

	(void)state;
	stands("1c.2g.20gb@0");
	wants("2g.20gb@0");
	make(NULL);
	assert_int_equal(change.n_steps, 2);
	assert_int_equal(mig_change_times(&snap, &change, times, &err), 0);
	assert_false(times[0].is_known || times[1].is_known);
	near_s(times[1].end_s, 0);
}

/* --- The nearest target ------------------------------------------------------------- */

static const char *nearest(const struct mig_change_hints *hints)
{
	static struct mig_nearest near;
	static char text[512];

	if (mig_change_nearest(&snap, 0, &wanted, hints, &near, &err) < 0)
		return err.msg;
	wanted.names = near.wanted.names;
	return mig_nearest_format(&near, text, sizeof(text));
}

static void the_nearest_is_what_stands_beside_the_held(void **state)
{
	const struct mig_holder holder = { .gi = 10, .ci = 1, .pid = 1 };
	const struct mig_change_hints hints = { &holder, 1, NULL, 0 };

	(void)state;
	stands("3x1c.3g.40gb@0 2g.20gb@4");
	wants("3g.40gb 3g.40gb@0");
	assert_string_equal(nearest(NULL), "2x3g.40gb@0,4");
	assert_string_equal(nearest(&hints), "1c.3g.40gb@0 3g.40gb@4, without 3g.40gb@0");
	wants("2c.3g.40gb 1c.3g.40gb@4 7g.80gb");
	assert_string_equal(nearest(&hints), "1c.3g.40gb@0 2c.3g.40gb@4, without "
					     "1c.3g.40gb@4 7g.80gb");
	wants("2c.3g.40gb@0 1c.3g.40gb@0");
	assert_string_equal(nearest(&hints), "1c.3g.40gb@0, without 2c.3g.40gb@0");
	wants("7g.80gb");
	assert_string_equal(nearest(&hints), "1c.3g.40gb@0, without 7g.80gb");
	gpu.gis[0].profile = -1;
	assert_string_equal(nearest(&hints),
			    "GPU 0: GPU instance 10 is held, and nobody knows its profile");
}

static void names_go_with_their_instances_to_the_nearest(void **state)
{
	const struct mig_holder holder = { .gi = 11, .ci = 0, .pid = 1 };
	const struct mig_named named = { 0, 1, 0, "b" };
	const struct mig_change_hints hints = { &holder, 1, &named, 1 };

	(void)state;
	stands("3g.40gb@0 3g.40gb@4");
	wants("7g.80gb 3g.40gb 3g.40gb");
	wants_name(0, 0, "all");
	wants_name(1, 0, "a");
	wants_name(2, 0, "b");
	assert_string_equal(nearest(&hints), "2x3g.40gb@0,4, without 7g.80gb");
	assert_int_equal(wanted.names.n, 2);
	for (int i = 0; i < 2; i++)
		assert_string_equal(wanted.names.of[i].name,
				    wanted.names.of[i].want == 1 ? "b" : "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_those_that_are_alike_the_held_one_stays),
		cmocka_unit_test(one_that_is_held_outweighs_all_others),
		cmocka_unit_test(a_named_instance_serves_the_want_of_its_name),
		cmocka_unit_test(a_name_that_nothing_bears_goes_to_what_serves_its_want),
		cmocka_unit_test(a_name_that_nobody_speaks_of_is_kept),
		cmocka_unit_test(names_that_cannot_be_are_refused),
		cmocka_unit_test(what_is_made_again_is_away_for_as_long_as_it_takes),
		cmocka_unit_test(a_compute_instance_alone_takes_nobody_knows_how_long),
		cmocka_unit_test(the_nearest_is_what_stands_beside_the_held),
		cmocka_unit_test(names_go_with_their_instances_to_the_nearest),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
