/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/file.h"
#include "shared/text.h"
#include "tests/catalog.h"

/* A whole file, small enough to break one line at a time. */
static const char good[] =
	"version: migctl-gpu/v1\n"                                    /* 1 */
	"gpu-type: Toy\n"                                             /* 2 */
	"name: {value: NVIDIA Toy, source: s}\n"                      /* 3 */
	"pci-ids: {value: [0x123410DE], source: s}\n"                 /* 4 */
	"also-sold-as:\n"                                             /* 5 */
	"  - {name: NVIDIA Toy Two, pci-id: 0x123510DE, source: s}\n" /* 6 */
	"architecture: {value: Ampere, source: s}\n"                  /* 7 */
	"compute-capability: {value: 8.0, source: s}\n"               /* 8 */
	"placement-units: {value: 4, source: s}\n"                    /* 9 */
	"memory-slices: {value: 4, source: s}\n"                      /* 10 */
	"compute-slices: {value: 4, source: s}\n"                     /* 11 */
	"max-mig-devices: {value: 4, source: s}\n"                    /* 12 */
	"mode-needs-reset: {value: true, source: s}\n"                /* 13 */
	"sm: {value: 56, source: s}\n"                                /* 14 */
	"memory-mib: {value: 24576, source: s}\n"                     /* 15 */
	"sources:\n"                                                  /* 16 */
	"  s: {basis: measured, text: a toy}\n"                       /* 17 */
	"gpu-instances:\n"                                            /* 18 */
	"  - gi: {name: 2g.12gb, nvml: 1, id: 5,\n"                   /* 19 */
	"         compute-slices: 2, size: 2, starts: [0, 2],\n"      /* 20 */
	"         count: 2, sm: 28, memory-mib: 11968,\n"             /* 21 */
	"         p2p: false, source: s}\n"                           /* 22 */
	"    ci:\n"                                                   /* 23 */
	"      - {nvml: 0, id: 0, compute-slices: 1, size: 1, count: 2, source: s}\n"
	"      - {nvml: 1, id: 1, compute-slices: 2, size: 2, count: 1, sm: 28,\n"
	"         source: s}\n";

/* @good with the first @from replaced by @to, parsed. */
static int parse_broken(const char *from, const char *to, struct mig_gpu_type *type,
			struct mig_error *err)
{
	const char *at = strstr(good, from);
	struct text t = { 0 };
	int rc;

	assert_non_null(at);
	text_add_bytes(&t, good, (size_t)(at - good));
	text_add(&t, "%s%s", to, at + strlen(from));
	assert_false(t.is_short);
	rc = mig_gpu_type_parse(t.s, t.len, "toy.yaml", type, err);
	text_free(&t);
	return rc;
}

static void the_toy_itself_is_read(void **state)
{
	struct mig_gpu_type type;
	struct mig_error err = { 0 };

	(void)state;
	if (parse_broken("Toy", "Toy", &type, &err) < 0)
		fail_msg("%s", err.msg);
	check_type(&type);
	assert_int_equal(type.basis, MIG_BASIS_MEASURED);
	assert_int_equal(type.mode_survives_reboot, MIG_UNKNOWN);
	assert_int_equal(type.l2_kib.v, MIG_UNKNOWN);
	assert_int_equal(type.l2_kib.basis, MIG_BASIS_NONE);
	assert_int_equal(type.profiles[0].decoders, MIG_UNKNOWN);
	assert_int_equal(type.profiles[0].ci[0].starts, 0x3);
	assert_int_equal(type.n_pci_ids, 2);
	assert_string_equal(type.pci_names[1], "NVIDIA Toy Two");
}

static const struct broken {
	const char *from, *to;
	int line;
	const char *says;
} broken[] = {
	{ "migctl-gpu/v1", "migctl-gpu/v2", 1, "migctl-gpu/v1" },
	{ "gpu-type: Toy", "gpu-type: 2xToy", 2, "letter" },
	{ "gpu-type: Toy", "gpu-type: Toy@1", 2, "letters, digits" },
	{ "gpu-type: Toy", "gpu-typ: Toy", 2, "did you mean \"gpu-type\"" },
	{ "value: NVIDIA Toy,", "value: \"NVIDIA\\tToy\",", 3, "printable" },
	{ "value: NVIDIA Toy,", "", 3, "\"value\" is missing" },
	{ "source: s}\npci", "source: z}\npci", 3, "\"sources\" has no \"z\"" },
	{ ", source: s}\npci", "}\npci", 3, "\"source\" is missing" },
	{ "0x123410DE", "0x1234", 4, "10DE" },
	{ "0x123410DE", "0x123410DE, 0x123410DE", 4, "twice" },
	{ "[0x123410DE]", "0x123410DE", 4, "list" },
	{ "pci-id: 0x123510DE", "pci-id: Toy", 6, "no whole number" },
	{ "value: 8.0", "value: 8", 8, "compute capability" },
	{ "value: 8.0", "value: 8.x", 8, "compute capability" },
	{ "value: 8.0", "value: nan", 8, "compute capability" },
	{ "units: {value: 4", "units: {value: 17", 9, "17 is not from 1 to 16" },
	{ "units: {value: 4", "units: {value: 0", 9, "0 is not from" },
	{ "value: true", "value: yes", 13, "neither true nor false" },
	{ "sm: {value: 56", "sm: {value: 20", 19, "more than the GPU's 20" },
	{ "sm: {value: 56", "sm: {value: nan", 14, "no whole number; in \"sm\"" },
	{ "sm: {value: 56", "sm: {value: 18446744073709551617", 14, "no whole number" },
	{ "sm: {value: 56", "sm: {value: 5.6e1", 14, "no whole number" },
	{ "sm: {value: 56", "sm: {value: -1", 14, "-1 is not from" },
	{ "value: 24576", "value: 9223372036854775807", 15, "is not from" },
	{ "value: 24576", "value: 8192", 19, "more than the GPU's 8192" },
	{ "basis: measured", "basis: assumed", 17, "none of measured" },
	{ "text: a toy", "text: \"\"", 17, "without a text" },
	{ "text: a toy}", "text: a toy}\n  t: {basis: derived, text: unused}", 18, "no value" },
	{ "2g.12gb,", "2g12gb,", 19, "no name such as 3g.40gb" },
	{ "2g.12gb,", "2g.12gb+,", 19, "ends in no" },
	{ "2g.12gb,", "2g.12gbME,", 19, "ends in no" },
	{ "2g.12gb,", "1g.12gb,", 19, "1g.12gb with 2 compute slices" },
	{ "id: 5", "id: x", 19, "in \"id\"" },
	{ ", id: 5", "", 19, "\"id\" is missing" },
	{ "starts: [0, 2]", "starts: [0, 3]", 20, "3 is not from 0 to 2" },
	{ "starts: [0, 2]", "starts: [2, 0]", 20, "does not come after" },
	{ "starts: [0, 2]", "starts: [0, 0]", 20, "does not come after" },
	{ "starts: [0, 2]", "starts: []", 20, "[0, 4]" },
	{ "starts: [0, 2]", "starts: [0, 1]", 19, "count 2 is more than fit" },
	{ "size: 2, starts", "size: 5, starts", 19, "size 5 is more than the GPU's 4" },
	{ "count: 2, sm: 28", "count: 3, sm: 28", 19, "count 3 is more than fit" },
	{ "p2p: false", "p2p: 0", 22, "neither true nor false; in \"p2p\"" },
	{ "p2p: false", "gfx: false", 22, "unknown key \"gfx\"" },
	{ "size: 1, count: 2", "size: 2, count: 2", 24, "size 2, but 1 compute slices" },
	{ "size: 1, count: 2", "size: 1, count: 3", 24, "3 times 1 slices are more than 2" },
	{ "{nvml: 0, id: 0, compute-slices: 1", "{nvml: 0, id: 0, compute-slices: 3", 24,
	  "3 slices in a GPU instance of 2" },
	{ "id: 1, compute-slices: 2", "id: 0, compute-slices: 2", 25, "second time" },
	{ "sm: 28,\n         source", "sm: 14,\n         source", 25, "whole of 2g.12gb" },
	{ "compute-slices: 2, size: 2, count: 1", "compute-slices: 1, size: 1, count: 1", 25,
	  "second time" },
};

static void a_wrong_file_is_refused_with_its_line(void **state)
{
	static struct mig_gpu_type type, before;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const struct broken *b = &broken[i];
		struct mig_error err = { 0 };
		char place[32];
		int rc;

		type = before;
		rc = parse_broken(b->from, b->to, &type, &err);
		snprintf(place, sizeof(place), "toy.yaml:%d: ", b->line);
		if (rc != -MIG_E_SYNTAX || strncmp(err.msg, place, strlen(place)) != 0 ||
		    !strstr(err.msg, b->says))
			fail_msg("%s -> %s: %d, %s", b->from, b->to, rc, err.msg);
		assert_memory_equal(&type, &before, sizeof(type));
	}
}

static void a_second_row_like_the_first_is_refused(void **state)
{
	static const char row[] =
		"  - gi: {name: %s, nvml: %d, id: %d, compute-slices: 2, size: 2, starts: "
		"[0],\n"
		"         count: 1, source: s}\n"
		"    ci: [{nvml: 1, id: 1, compute-slices: 2, size: 2, count: 1, source: s}]\n";
	static const struct {
		const char *name;
		int nvml, id, rc;
	} rows[] = {
		{ "2g.12gb", 8, 6, -MIG_E_SYNTAX },
		{ "2g.12gb+me", 1, 6, -MIG_E_SYNTAX },
		{ "2g.12gb+me", 8, 5, -MIG_E_SYNTAX },
		{ "2g.12gb+me", 8, 6, 0 },
	};
	static struct mig_gpu_type type;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct text t = { 0 };
		struct mig_error err = { 0 };

		text_add(&t, "%s", good);
		text_add(&t, row, rows[i].name, rows[i].nvml, rows[i].id);
		assert_int_equal(mig_gpu_type_parse(t.s, t.len, "toy", &type, &err),
				 rows[i].rc);
		assert_true(rows[i].rc == 0 || strstr(err.msg, "toy:27: name, id or nvml"));
		text_free(&t);
	}
}

static void no_beginning_of_a_file_does_harm(void **state)
{
	static struct mig_gpu_type type;
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(mig_file_read_bytes("data/gpu/A30.yaml", 1 << 20, &text, &len, NULL),
			 0);
	for (size_t n = 0; n < len; n += 23) {
		if (mig_gpu_type_parse(text, n, "cut", &type, NULL) == 0)
			check_type(&type);
	}
	free(text);
}

/* Of 20 SMs two slices of four have a share of 8; but a half of them is known to have 16. */
static void an_instance_is_assumed_no_smaller_than_its_parts(void **state)
{
	static const char text[] =
		"version: migctl-gpu/v1\n"
		"gpu-type: Toy\n"
		"name: {value: NVIDIA Toy, source: s}\n"
		"architecture: {value: Hopper, source: s}\n"
		"compute-capability: {value: 9.0, source: s}\n"
		"placement-units: {value: 4, source: s}\n"
		"memory-slices: {value: 4, source: s}\n"
		"compute-slices: {value: 4, source: s}\n"
		"max-mig-devices: {value: 4, source: s}\n"
		"sm: {value: 20, source: s}\n"
		"sources: {s: {basis: measured, text: a toy}}\n"
		"gpu-instances:\n"
		"  - gi: {name: 2g.12gb, nvml: 1, id: 5, compute-slices: 2, size: 2,\n"
		"         starts: [0, 2], count: 2, source: s}\n"
		"    ci:\n"
		"      - {nvml: 1, id: 1, compute-slices: 2, size: 2, count: 1, source: s}\n"
		"      - {nvml: 0, id: 0, compute-slices: 1, size: 1, count: 2, sm: 16,\n"
		"         source: s}\n";
	static struct mig_gpu_type type;
	const struct mig_profile *p = &type.profiles[0];

	(void)state;
	assert_int_equal(mig_gpu_type_parse(text, strlen(text), "toy", &type, NULL), 0);
	assert_true(p->sm == MIG_UNKNOWN && p->ci[1].sm == MIG_UNKNOWN);
	mig_gpu_type_assume(&type);
	check_type(&type);
	assert_true(p->sm == 16 && p->ci[0].sm == 16 && p->ci[1].sm == 16);
	assert_int_equal(p->ci[0].sm_basis, MIG_BASIS_MEASURED);
	assert_int_equal(p->ci[1].sm_basis, MIG_BASIS_ASSUMED);
}

static char dir[] = "/tmp/catalog_test.XXXXXX";

static void write_file(const char *name, const char *from, const char *to)
{
	char path[256];
	const char *at = strstr(good, from);
	struct text t = { 0 };

	assert_non_null(at);
	text_add_bytes(&t, good, (size_t)(at - good));
	text_add(&t, "%s%s", to, at + strlen(from));
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mig_file_replace(path, t.s, t.len, NULL), 0);
	text_free(&t);
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(strrchr(dir, '.') + 1, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "a.yaml", "b.yaml", "c.txt" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

static void a_users_file_adds_a_type_or_takes_the_place_of_one(void **state)
{
	const char *const dirs[] = { "/nowhere/at/all", dir, NULL };
	struct mig_catalog *cat = NULL;
	const struct mig_gpu_type *type = NULL;

	(void)state;
	write_file("a.yaml", "0x123410DE", "0x20B210DE");
	write_file("b.yaml", "gpu-type: Toy", "gpu-type: a30");
	write_file("c.txt", "version", "not a GPU type");
	assert_int_equal(mig_catalog_open(dirs, &cat, NULL), 0);
	assert_int_equal(mig_catalog_count(cat), 19);
	assert_int_equal(mig_catalog_find(cat, "A30", &type, NULL), 0);
	assert_string_equal(type->name, "NVIDIA Toy");
	assert_int_equal(mig_catalog_find(cat, "Toy", &type, NULL), 0);
	assert_ptr_equal(mig_catalog_find_pci(cat, 0x20b210de), type);
	assert_null(mig_catalog_find_pci(cat, 0x20b710de));
	/* Both files have the id and the name: the later one wins. */
	assert_string_equal(mig_catalog_find_pci(cat, 0x123510de)->key, "a30");
	assert_int_equal(mig_catalog_find(cat, "NVIDIA Toy Two", &type, NULL), 0);
	assert_string_equal(type->key, "a30");
	mig_catalog_close(cat);
}

static void a_wrong_file_of_the_users_is_named(void **state)
{
	const char *const dirs[] = { dir, NULL };
	struct mig_catalog *cat = NULL;
	struct mig_error err = { 0 };
	char place[256];

	(void)state;
	write_file("a.yaml", "size: 2, starts", "size: 9, starts");
	assert_int_equal(mig_catalog_open(dirs, &cat, &err), -MIG_E_SYNTAX);
	assert_null(cat);
	snprintf(place, sizeof(place), "%s/a.yaml:19: ", dir);
	assert_memory_equal(err.msg, place, strlen(place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_toy_itself_is_read),
		cmocka_unit_test(a_wrong_file_is_refused_with_its_line),
		cmocka_unit_test(a_second_row_like_the_first_is_refused),
		cmocka_unit_test(no_beginning_of_a_file_does_harm),
		cmocka_unit_test(an_instance_is_assumed_no_smaller_than_its_parts),
		cmocka_unit_test_setup_teardown(
			a_users_file_adds_a_type_or_takes_the_place_of_one, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(a_wrong_file_of_the_users_is_named, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
