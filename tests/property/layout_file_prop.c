/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random layouts of every GPU type that there is, compute instances and names among them: what
 * says one as a layout file is read as the same layout, and written as the same bytes; and it
 * is found where it stands.
 *
 *	layout_file_prop [SEED [STEPS]]
 */
#include <mig/config.h>

#include "tests/test.h"

static const struct mig_layout_machine machine = { true, "node-1" };

/* What the walk came by. */
static unsigned long n_split, n_empty, n_named, n_placed;

static bool is_free(const struct mig_request *req, struct mig_want want)
{
	struct mig_request more = *req;
	const struct mig_layout empty = mig_layout_empty(req->type);
	int starts[MIG_UNITS_MAX];

	more.want[more.n++] = want;
	return mig_request_place(&more, &empty, starts, NULL, NULL) == 0;
}

/* As many compute instances as fit of those that chance brings. */
static void split(const struct mig_profile *gi, struct mig_want *want, uint64_t *seed)
{
	for (unsigned tries = below(6, seed); tries > 0; tries--) {
		struct mig_want more = *want;

		if (more.n_ci == MIG_CI_PROFILES_MAX)
			return;
		more.ci[more.n_ci] = (uint8_t)below((unsigned)gi->n_ci, seed);
		more.ci_start[more.n_ci] = (int8_t)below(9, seed) - 1;
		more.n_ci++;
		if (mig_want_place(gi, &more, 0, NULL, NULL) == 0)
			*want = more;
	}
	n_split += want->n_ci > 1;
	n_empty += want->n_ci == 0;
}

static struct mig_want some_want(const struct mig_gpu_type *type, uint64_t *seed)
{
	const int profile = (int)below((unsigned)type->n_profiles, seed);
	const struct mig_profile *gi = &type->profiles[profile];
	struct mig_want want =
		mig_want_empty(profile, (int)below((unsigned)type->units + 1, seed) - 1);

	if (below(2, seed)) {
		split(gi, &want, seed);
	} else {
		want.n_ci = 1;
		want.ci[0] = (uint8_t)(mig_ci_profile_default(gi) - gi->ci);
	}
	return want;
}

static void some_names(const struct mig_request *req, struct mig_want_names *names,
		       uint64_t *seed)
{
	for (int i = 0; i < req->n; i++) {
		for (int k = 0; k < req->want[i].n_ci; k++) {
			struct mig_want_name *of = &names->of[names->n];

			if (names->n == MIG_WANT_NAMES_MAX || below(3, seed))
				continue;
			*of = (struct mig_want_name){ .want = (uint8_t)i, .ci = (uint8_t)k };
			snprintf(of->name, sizeof(of->name), "t%u/n-%d.%d", below(9, seed), i,
				 k);
			names->n++;
		}
	}
	n_named += (unsigned long)names->n;
}

static struct mig_layout_file *parsed(const char *text)
{
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	CHECK(mig_layout_file_is(text, strlen(text)));
	if (mig_layout_file_parse(text, strlen(text), "again", &file, &err) < 0)
		fprintf(stderr, "%s\n%s", err.msg, text);
	CHECK(file);
	return file;
}

static void check_same(const struct mig_config_want *got, const struct mig_request *req,
		       const struct mig_want_names *names)
{
	CHECK(got->mode == MIG_CONFIG_ON && got->is_exact);
	CHECK(got->request.n == req->n && got->names.n == names->n);
	for (int i = 0; i < req->n; i++) {
		const struct mig_want *a = &got->request.want[i], *b = &req->want[i];

		CHECK(a->profile == b->profile && a->start == b->start && a->n_ci == b->n_ci);
		for (int k = 0; k < a->n_ci; k++) {
			const struct mig_profile *gi = &req->type->profiles[a->profile];

			CHECK(a->ci[k] == b->ci[k]);
			/* The whole may begin at 0 only, so its start need not be said. */
			CHECK(a->ci_start[k] == b->ci_start[k] ||
			      (a->n_ci == 1 && gi->ci[a->ci[k]].is_default));
		}
	}
	for (int i = 0; i < names->n; i++)
		CHECK(memcmp(&got->names.of[i], &names->of[i], sizeof(names->of[i])) == 0);
}

static void round_trip(const struct mig_layout_file *file, enum mig_config_format format,
		       const struct mig_request *req, const struct mig_want_names *names)
{
	const struct mig_config_gpu gpu = { .index = 3, .has_mig = true, .type = req->type };
	struct mig_layout_file *again;
	struct mig_config_present have = { .mig_enabled = true, .have = *req };
	struct mig_config_want want;
	char *text = NULL, *second = NULL;

	CHECK(mig_layout_file_write(file, format, &text, NULL) == 0);
	again = parsed(text);
	CHECK(mig_layout_file_select(again, &machine, &gpu, 1, &want, NULL) == 0);
	check_same(&want, req, names);
	CHECK(mig_config_match(&want, &have) == MIG_CONFIG_SAME);
	CHECK(mig_layout_file_write(again, format, &second, NULL) == 0);
	CHECK_STR(second, text);
	mig_layout_file_free(again);
	free(text);
	free(second);
}

/* What stands, told in another order, is what is wanted, however many of its starts the want
 * leaves open; what stands elsewhere is not. */
static void matches(const struct mig_request *req, uint64_t *seed)
{
	struct mig_config_want want = { .mode = MIG_CONFIG_ON,
					.request = *req,
					.is_exact = true };
	struct mig_config_present have = { .mig_enabled = true, .have = *req };
	struct mig_layout lay;
	int starts[MIG_UNITS_MAX];
	const struct mig_layout empty = mig_layout_empty(req->type);

	CHECK(mig_request_place(req, &empty, starts, &lay, NULL) == 0);
	for (int i = 0; i < req->n; i++)
		have.have.want[i].start = (int8_t)starts[i];
	want.request = have.have;
	for (int i = req->n - 1; i > 0; i--) {
		const int k = (int)below((unsigned)i + 1, seed);
		const struct mig_want kept = have.have.want[i];

		have.have.want[i] = have.have.want[k];
		have.have.want[k] = kept;
	}
	CHECK(mig_config_match(&want, &have) == MIG_CONFIG_SAME);
	for (int i = 0; i < req->n; i++) {
		if (below(2, seed))
			want.request.want[i].start = -1;
	}
	CHECK(mig_config_match(&want, &have) == MIG_CONFIG_SAME);
	for (int i = 0; i < req->n; i++) {
		/* Nothing that stands begins behind the last unit. */
		want.request.want[i].start = (int8_t)req->type->units;
		CHECK(mig_config_match(&want, &have) == MIG_CONFIG_DIFFERENT);
		want.request.want[i].start = -1;
	}
}

static void step(const struct mig_gpu_type *type, uint64_t *seed)
{
	struct mig_request req = mig_request_empty(type);
	struct mig_want_names names = { 0 };
	const struct mig_layout_state state = {
		.index = 3,
		.gpu_type = below(2, seed) ? type->key : NULL,
		.mig_enabled = true,
		.request = &req,
		.names = &names,
	};
	struct mig_layout_file *file = NULL;

	for (unsigned tries = below(12, seed); tries > 0 && req.n < type->units; tries--) {
		const struct mig_want want = some_want(type, seed);

		if (is_free(&req, want)) {
			req.want[req.n++] = want;
			n_placed += want.start >= 0;
		}
	}
	some_names(&req, &names, seed);
	matches(&req, seed);
	CHECK(mig_layout_file_make(&machine, &state, 1, &file, NULL) == 0);
	round_trip(file, MIG_CONFIG_YAML, &req, &names);
	round_trip(file, MIG_CONFIG_JSON, &req, &names);
	mig_layout_file_free(file);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const long n = argc > 2 ? strtol(argv[2], NULL, 0) : 300;
	struct mig_catalog *catalog;
	const struct mig_gpu_type *type;

	printf("seed %llu, %ld layouts of each type\n", (unsigned long long)seed, n);
	CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		CHECK(mig_catalog_find(catalog, mig_catalog_key(catalog, i), &type, NULL) == 0);
		for (long k = 0; k < n && type->n_profiles > 0; k++)
			step(type, &seed);
	}
	mig_catalog_close(catalog);
	printf("%lu placed, %lu split, %lu without compute instances, %lu named\n", n_placed,
	       n_split, n_empty, n_named);
	CHECK(n_placed > 0 && n_split > 0 && n_empty > 0 && n_named > 0);
	return 0;
}
