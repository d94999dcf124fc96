/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is accepted as a request is placed or refused cleanly, changes nothing when it is
 * refused, and is read again from what it is written as.
 *
 * The first byte chooses the GPU type, the second what stands there already; the rest is
 * the request, one item a line.
 */
#include <mig/geometry.h>

#include "tests/models.h"
#include "tests/test.h"

static void check_same(const struct mig_request *a, const struct mig_request *b)
{
	CHECK(a->n == b->n);
	for (int i = 0; i < a->n; i++) {
		CHECK(a->want[i].profile == b->want[i].profile);
		CHECK(a->want[i].start == b->want[i].start);
		CHECK(a->want[i].n_ci == b->want[i].n_ci);
		CHECK(memcmp(a->want[i].ci, b->want[i].ci, a->want[i].n_ci) == 0);
	}
}

static void check_error(const struct mig_error *err)
{
	CHECK(err->code > 0 && err->msg[0] != '\0');
	CHECK(strlen(err->msg) < sizeof(err->msg) - 1);
}

static void add(struct mig_request *req, const char *item)
{
	const struct mig_request before = *req;
	struct mig_error err = { 0 };

	if (mig_request_add(req, item, &err) == 0)
		return;
	check_error(&err);
	check_same(req, &before);
}

/* Read every word that @text has between @seps. */
static void add_all(struct mig_request *req, char *text, const char *seps)
{
	char *save = NULL;

	for (char *item = strtok_r(text, seps, &save); item; item = strtok_r(NULL, seps, &save))
		add(req, item);
}

static void check_round_trip(const struct mig_request *req)
{
	struct mig_request again = mig_request_empty(req->type);
	char buf[2048];

	mig_request_format(req, buf, sizeof(buf));
	add_all(&again, buf, " ");
	check_same(req, &again);
}

static void check_splits(const struct mig_request *req)
{
	for (int i = 0; i < req->n; i++) {
		const struct mig_want *want = &req->want[i];
		const struct mig_profile *gi = &req->type->profiles[want->profile];
		int starts[MIG_CI_PROFILES_MAX];
		unsigned used = 0;

		CHECK(mig_ci_place(gi, want->ci, want->n_ci, 0, starts, NULL) == 0);
		for (int k = 0; k < want->n_ci; k++) {
			const struct mig_ci_profile *ci = &gi->ci[want->ci[k]];
			const unsigned span = ((1U << ci->size) - 1) << starts[k];

			CHECK(ci->starts >> starts[k] & 1 && !(used & span));
			used |= span;
		}
	}
}

static void check_placing(const struct mig_request *req, const struct mig_layout *lay)
{
	struct mig_layout out = *lay;
	struct mig_error err = { 0 };
	int starts[MIG_UNITS_MAX], n_units = 0;
	char buf[MIG_PICTURE_BYTES];

	if (mig_request_place(req, lay, starts, &out, &err) < 0) {
		check_error(&err);
		CHECK(out.used == lay->used && out.n_slots == lay->n_slots);
		return;
	}
	CHECK(out.n_slots == lay->n_slots + req->n);
	for (int i = 0; i < out.n_slots; i++)
		n_units += req->type->profiles[out.slots[i].profile].size;
	CHECK(n_units == __builtin_popcount(out.used) && out.used >> req->type->units == 0);
	for (int i = 0; i < req->n; i++)
		CHECK(req->want[i].start < 0 || req->want[i].start == starts[i]);
	CHECK(strlen(mig_layout_draw(&out, NULL, buf, sizeof(buf))) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mig_gpu_type types[3];
	struct mig_request there, req;
	struct mig_layout lay;
	int starts[MIG_UNITS_MAX];
	char *text;

	if (types[0].n_profiles == 0) {
		types[0] = model_a100();
		types[1] = model_a30();
		types[2] = model_rtx_pro_6000();
	}
	if (size < 2)
		return 0;
	lay = mig_layout_empty(&types[data[0] % 3]);
	there = mig_request_empty(lay.type);
	for (int bits = data[1]; bits; bits &= bits - 1)
		add(&there, lay.type->profiles[__builtin_ctz((unsigned)bits) % 5].name);
	if (mig_request_place(&there, &lay, starts, &lay, NULL) < 0)
		return 0;

	text = strndup((const char *)data + 2, size - 2);
	CHECK(text);
	req = mig_request_empty(lay.type);
	add_all(&req, text, "\n");
	free(text);
	check_round_trip(&req);
	check_splits(&req);
	check_placing(&req, &lay);
	return 0;
}
