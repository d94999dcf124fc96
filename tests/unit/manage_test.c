/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a GPU has to what is wanted of it. A handle of an instance that was destroyed
 * fails for ever, so one that still answers proves that nobody touched the instance.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/changes.h"

/* --- From each to each ------------------------------------------------------------ */

struct handles {
	int n;
	nvmlGpuInstance_t gi[MIG_GIS_MAX];
	nvmlComputeInstance_t ci[MIG_GIS_MAX][MIG_CIS_MAX];
};

static struct handles handles_now(void)
{
	const struct mig_gpu *g = &snap.gpus[0];
	struct handles h = { .n = g->n_gis };

	for (int i = 0; i < g->n_gis; i++) {
		CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), (unsigned)g->gis[i].id,
							 &h.gi[i]),
			 NVML_SUCCESS);
		for (int k = 0; k < g->gis[i].n_cis; k++)
			CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(
					 h.gi[i], (unsigned)g->gis[i].cis[k].id, &h.ci[i][k]),
				 NVML_SUCCESS);
	}
	return h;
}

static bool gi_goes(int id)
{
	for (int i = 0; i < change.n_steps; i++) {
		if (change.steps[i].kind == MIG_STEP_GI_DESTROY && change.steps[i].gi == id)
			return true;
	}
	return false;
}

static bool ci_goes(int gi, int id)
{
	for (int i = 0; i < change.n_steps; i++) {
		const struct mig_step *s = &change.steps[i];

		if (s->kind == MIG_STEP_CI_DESTROY && s->gi == gi && s->ci == id)
			return true;
	}
	return false;
}

/* The handles of what the steps do not name answer, those of the others are dead. */
static int check_handles(const struct mig_gpu *before, const struct handles *h)
{
	nvmlGpuInstanceInfo_t gi;
	nvmlComputeInstanceInfo_t ci;
	int n_kept = 0;

	for (int i = 0; i < h->n; i++) {
		const struct mig_gi *g = &before->gis[i];

		CHECK_RC(nv.nvmlGpuInstanceGetInfo(h->gi[i], &gi),
			 gi_goes(g->id) ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS);
		for (int k = 0; k < g->n_cis; k++) {
			const bool goes = ci_goes(g->id, g->cis[k].id);

			CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(h->ci[i][k], &ci),
				 goes ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS);
			n_kept += !goes;
		}
		n_kept += g->n_cis == 0 && !gi_goes(g->id);
	}
	return n_kept;
}

static int n_devices(const struct mig_gpu *g)
{
	int n = 0;

	for (int i = 0; i < g->n_gis; i++)
		n += g->gis[i].n_cis ? g->gis[i].n_cis : 1;
	return n;
}

static const char *const layouts[] = {
	"",
	"7x1g.10gb",
	"3g.40gb 2g.20gb 2x1g.10gb",
	"2x3g.40gb",
	"4g.40gb 3g.40gb",
	"7g.80gb",
	"1g.10gb+me 2x2g.20gb 2x1g.10gb",
	"3x1c.3g.40gb 3g.40gb",
	"1c.3g.40gb 2c.3g.40gb 1g.20gb",
	"7x1c.7g.80gb",
	"4x1c.4g.40gb 2g.20gb@4 1g.10gb",
	"2c.4g.40gb 2x1c.4g.40gb -3g.40gb",
	"2x1g.20gb 2g.20gb@4",
	"-2g.20gb 1c.2g.20gb 3g.40gb@4",
};

enum { N_LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static void from_to(const char *from, const char *to)
{
	struct mig_change again = { 0 };
	struct mig_gpu before;
	struct mig_wanted w;
	struct handles h;
	int n_kept;

	reach(from);
	before = snap.gpus[0];
	h = handles_now();
	make(to);
	if (run() < 0)
		fail_msg("%s -> %s: %s", from, to, err.msg);
	look();
	n_kept = check_handles(&before, &h);
	assert_int_equal(n_devices(&before) - n_kept, change.gpus[0].n_destroyed);
	assert_true(change.gpus[0].n_disturbed <= change.gpus[0].n_destroyed);

	/* What is wanted is there, and so there is nothing more to do. */
	w = want(to);
	assert_int_equal(mig_change_make_one(&snap, 0, &w, NULL, &again, &err), 0);
	if (again.n_steps)
		fail_msg("%s -> %s: %d steps are left", from, to, again.n_steps);
	assert_int_equal(again.gpus[0].n_kept, n_devices(&snap.gpus[0]));
	mig_change_free(&again);
}

static void every_layout_becomes_every_other(const char *spec)
{
	start(spec);
	for (int i = 0; i < N_LAYOUTS; i++) {
		for (int k = 0; k < N_LAYOUTS; k++)
			from_to(layouts[i], layouts[k]);
	}
	stop();
}

static void what_stays_is_never_touched(void **state)
{
	(void)state;
	every_layout_becomes_every_other(A100);
	every_layout_becomes_every_other(A100 "@mirrored");
}

static void compute_instances_change_inside_their_gpu_instance(void **state)
{
	(void)state;
	start(A100);
	reach("3x1c.3g.40gb@4");
	make("1c.3g.40gb@4 2c.3g.40gb@4");
	assert_int_equal(change.gpus[0].n_kept, 1);
	assert_int_equal(change.gpus[0].n_destroyed, 2);
	assert_int_equal(change.gpus[0].n_created, 1);
	for (int i = 0; i < change.n_steps; i++) {
		assert_int_not_equal(change.steps[i].kind, MIG_STEP_GI_DESTROY);
		assert_int_not_equal(change.steps[i].kind, MIG_STEP_GI_CREATE);
	}
	assert_int_equal(run(), 0);
	assert_string_equal(now(), "1c.3g.40gb@4 2c.3g.40gb@4");
	stop();
}

static void a_gpu_instance_without_compute_instances_is_wanted_and_kept(void **state)
{
	(void)state;
	start(A100);
	reach("-3g.40gb@0 -3g.40gb@4");
	assert_int_equal(snap.gpus[0].gis[0].n_cis, 0);
	make("-3g.40gb@0 3g.40gb@4");
	assert_int_equal(change.n_steps, 1);
	assert_int_equal(change.gpus[0].n_kept, 1);
	assert_int_equal(change.gpus[0].n_created, 1);
	assert_int_equal(change.gpus[0].n_destroyed, 0);
	assert_int_equal(run(), 0);
	make("2x3g.40gb");
	stop();
}

/* The CI that stands at that slice of the first GI, or NULL. */
static const struct mig_ci *ci_at(int start)
{
	const struct mig_gi *gi = &snap.gpus[0].gis[0];

	for (int i = 0; i < gi->n_cis; i++) {
		if (gi->cis[i].start == start)
			return &gi->cis[i];
	}
	return NULL;
}

static void what_stood_is_made_again_just_so(void **state)
{
	struct mig_wanted before;

	(void)state;
	start(A100);
	reach("4x1c.7g.80gb 2c.7g.80gb");
	before = want("1c.7g.80gb 2c.7g.80gb");
	before.request.want[0].ci_start[0] = 4;
	before.request.want[0].ci_start[1] = 2;
	mig_change_free(&change);
	assert_int_equal(mig_change_make_one(&snap, 0, &before, NULL, &change, &err), 0);
	assert_int_equal(run(), 0);
	look();
	before.request = mig_gpu_request(&snap.gpus[0]);
	assert_int_equal(before.request.want[0].n_ci, 2);
	reach("7x1c.7g.80gb");
	reach("");
	before.request.type = snap.gpus[0].type; /* the other went with its snapshot */
	mig_change_free(&change);
	assert_int_equal(mig_change_make_one(&snap, 0, &before, NULL, &change, &err), 0);
	assert_int_equal(run(), 0);
	look();
	assert_int_equal(snap.gpus[0].gis[0].n_cis, 2);
	assert_int_equal(ci_at(2)->size, 2);
	assert_int_equal(ci_at(4)->size, 1);
	stop();
}

static void what_must_move_is_told(void **state)
{
	(void)state;
	start(A100);
	reach("2g.20gb@2 1g.10gb@6");
	make("3g.40gb@0 2g.20gb 1g.10gb");
	assert_int_equal(change.gpus[0].n_kept, 1);
	assert_int_equal(change.gpus[0].n_destroyed, 1);
	assert_int_equal(change.gpus[0].n_disturbed, 1);
	make("3g.40gb@0");
	assert_int_equal(change.gpus[0].n_destroyed, 2);
	assert_int_equal(change.gpus[0].n_disturbed, 0);
	stop();
}

/* --- What cannot be made ---------------------------------------------------------- */

static void refused(const struct mig_wanted *w, int code, const char *words)
{
	struct mig_change out = { .n_steps = 77 };

	err = (struct mig_error){ 0 };
	assert_int_equal(mig_change_make_one(&snap, 0, w, NULL, &out, &err), -code);
	assert_true(has_words(err.msg, words));
	assert_int_equal(mig_change_make_one(&snap, 0, w, NULL, &out, NULL), -code);
	assert_int_equal(out.n_steps, 77);
}

static void what_fits_no_gpu_is_refused_in_words(void **state)
{
	struct mig_wanted w;

	(void)state;
	start(A100);
	w = want("2x3g.40gb 1g.10gb");
	refused(&w, MIG_E_NOSPACE, "GPU 0: ");
	w = want("3g.40gb");
	w.request.want[0].n_ci = 4;
	memset(w.request.want[0].ci, 0, 4);
	refused(&w, MIG_E_NOSPACE, "holds at most 3 of 1c.3g.40gb");
	w.request.want[0].ci[3] = 77;
	refused(&w, MIG_E_INVAL, "no compute instance profile 77");
	w.request.want[0].n_ci = 77;
	refused(&w, MIG_E_INVAL, "item 1 of the request");
	stop();
}

static void create_says_what_stands_in_the_way(void **state)
{
	struct mig_wanted w;
	struct mig_change out = { .n_steps = 77 };

	(void)state;
	start(A100);
	reach("3g.40gb@0");
	w = want("4g.40gb");
	assert_int_equal(mig_change_create(&snap, 0, &w.request, NULL, &out, &err),
			 -MIG_E_NOSPACE);
	assert_true(has_words(err.msg, "3g.40gb"));
	assert_int_equal(mig_change_create(&snap, 0, &w.request, NULL, &out, NULL),
			 -MIG_E_NOSPACE);
	assert_int_equal(out.n_steps, 77);
	w = want("1g.10gb 1c.2g.20gb@4");
	mig_change_free(&change);
	assert_int_equal(mig_change_create(&snap, 0, &w.request, NULL, &change, &err), 0);
	assert_int_equal(run(), 0);
	assert_string_equal(now(), "3g.40gb@0 1c.2g.20gb@4 1g.10gb@6");
	stop();
}

/* --- Destroying by name ----------------------------------------------------------- */

static void destroy(const struct mig_ref *refs, int n, bool keep_gi)
{
	look();
	mig_change_free(&change);
	assert_int_equal(mig_change_destroy(&snap, refs, n, keep_gi, &change, &err), 0);
	if (run() < 0)
		fail_msg("%s", err.msg);
}

static void gpu_instances_that_are_to_be_kept_lose_their_compute_instances_only(void **state)
{
	const struct mig_ref named[] = { { 0, -1, -1 }, { 0, 0, -1 }, { 0, 0, 0 } };

	(void)state;
	start(A100);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		reach("3x1c.3g.40gb@4");
		destroy(&named[i], 1, true);
		assert_int_equal(change.n_steps, named[i].ci < 0 ? 3 : 1);
		for (int k = 0; k < change.n_steps; k++)
			assert_int_equal(change.steps[k].kind, MIG_STEP_CI_DESTROY);
	}
	stop();
}

static void instances_go_by_name_and_a_gpu_instance_with_its_last(void **state)
{
	(void)state;
	start(A100);
	reach("3x1c.3g.40gb@0 2g.20gb@4 1g.10gb@6");
	destroy((struct mig_ref[]){ { 0, 0, 1 } }, 1, false);
	assert_string_equal(now(), "2x1c.3g.40gb@0 2g.20gb@4 1g.10gb@6");
	destroy((struct mig_ref[]){ { 0, 0, 1 }, { 0, 2, -1 } }, 2, false);
	assert_string_equal(now(), "1c.3g.40gb@0 2g.20gb@4");
	destroy((struct mig_ref[]){ { 0, 1, 0 } }, 1, true);
	assert_int_equal(change.n_steps, 1);
	look();
	assert_int_equal(snap.gpus[0].n_gis, 2);
	assert_int_equal(snap.gpus[0].gis[1].n_cis, 0);
	destroy((struct mig_ref[]){ { 0, 0, 0 }, { 0, 0, 0 } }, 2, false);
	assert_int_equal(change.gpus[0].n_destroyed, 1);
	destroy((struct mig_ref[]){ { 0, -1, -1 } }, 1, false);
	look();
	assert_int_equal(snap.gpus[0].n_gis, 0);
	stop();
}

/* --- Several GPUs ----------------------------------------------------------------- */

static void a_gpu_that_nobody_named_is_untouched(void **state)
{
	struct mig_wanted w[3] = { { .mode = MIG_WANT_UNTOUCHED } };
	char text[512];
	struct mig_request req;

	(void)state;
	start("2xA100-SXM4-80GB,1xA30");
	reach("7g.80gb");
	w[1] = want("2x3g.40gb");
	w[2] = (struct mig_wanted){ .mode = MIG_WANT_OFF };
	mig_change_free(&change);
	assert_int_equal(mig_change_make(&snap, w, NULL, &change, &err), 0);
	assert_false(change.gpus[0].is_named);
	assert_int_equal(run(), 0);
	assert_string_equal(now(), "7g.80gb@0");
	req = mig_gpu_request(&snap.gpus[1]);
	assert_string_equal(mig_request_format(&req, text, sizeof(text)), "2x3g.40gb@0,4");
	assert_int_equal(snap.gpus[2].mode, 0);
	stop();
}

/* --- GPUs that cannot be changed -------------------------------------------------- */

static void a_gpu_that_cannot_be_changed_says_why(void **state)
{
	struct mig_gpu g = { .name = "Tesla T4" };
	struct mig_wanted w = { .mode = MIG_WANT_OFF };

	(void)state;
	snap = (struct mig_snapshot){ .n_gpus = 1, .gpus = &g };
	assert_int_equal(mig_change_make_one(&snap, 0, &w, NULL, &change, &err), 0);
	assert_int_equal(change.n_steps, 0);
	mig_change_free(&change);
	w.mode = MIG_WANT_MODE;
	refused(&w, MIG_E_UNSUPPORTED, "GPU 0 (Tesla T4) has no MIG");
	g.has_mig = true;
	w.mode = MIG_WANT_ON;
	refused(&w, MIG_E_UNSUPPORTED, "neither the driver nor the catalog");
	/* The mode needs no profiles: with MIG on the driver tells them. */
	w.mode = MIG_WANT_MODE;
	assert_int_equal(mig_change_make_one(&snap, 0, &w, NULL, &change, &err), 0);
	assert_int_equal(change.n_steps, 1);
	mig_change_free(&change);
	g.type = type_of("A30");
	g.is_partial = true;
	w.mode = MIG_WANT_ON;
	w.request = mig_request_empty(g.type);
	refused(&w, MIG_E_PERM, "root");
	snap = (struct mig_snapshot){ 0 };
}

static void a_step_reads_as_a_sentence(void **state)
{
	char text[160];

	(void)state;
	start(A100);
	reach("1c.3g.40gb@4");
	make("7g.80gb");
	assert_string_equal(mig_step_format(&snap, &change.steps[0], text, sizeof(text)),
			    "GPU 0: destroy compute instance 1c.3g.40gb 0 in 3g.40gb@4");
	assert_string_equal(mig_step_format(&snap, &change.steps[1], text, sizeof(text)),
			    "GPU 0: destroy 3g.40gb@4");
	assert_string_equal(mig_step_format(&snap, &change.steps[2], text, sizeof(text)),
			    "GPU 0: create 7g.80gb@0");
	assert_string_equal(mig_step_format(&snap, &change.steps[3], text, 8), "GPU 0: ");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_is_never_touched),
		cmocka_unit_test(compute_instances_change_inside_their_gpu_instance),
		cmocka_unit_test(a_gpu_instance_without_compute_instances_is_wanted_and_kept),
		cmocka_unit_test(what_stood_is_made_again_just_so),
		cmocka_unit_test(what_must_move_is_told),
		cmocka_unit_test(what_fits_no_gpu_is_refused_in_words),
		cmocka_unit_test(create_says_what_stands_in_the_way),
		cmocka_unit_test(instances_go_by_name_and_a_gpu_instance_with_its_last),
		cmocka_unit_test(a_gpu_that_nobody_named_is_untouched),
		cmocka_unit_test(a_gpu_that_cannot_be_changed_says_why),
		cmocka_unit_test(a_step_reads_as_a_sentence),
		cmocka_unit_test(
			gpu_instances_that_are_to_be_kept_lose_their_compute_instances_only),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
