/* SPDX-License-Identifier: Apache-2.0 */
/* A machine of several kinds of GPU, and partition files as strings. After <cmocka.h>. */
#ifndef TESTS_CONFIG_H
#define TESTS_CONFIG_H

#include <stdio.h>
#include <string.h>

#include <mig/config.h>

#define EXAMPLE "examples/partitions.yaml"

enum { N_GPUS = 4 };

/* The built-in GPU types; lives as long as the program. */
static inline struct mig_catalog *catalog(void)
{
	static struct mig_catalog *cat;

	if (!cat)
		assert_int_equal(mig_catalog_open(NULL, &cat, NULL), 0);
	return cat;
}

static inline const struct mig_gpu_type *type(const char *key)
{
	const struct mig_gpu_type *ret = NULL;

	assert_int_equal(mig_catalog_find(catalog(), key, &ret, NULL), 0);
	return ret;
}

/* Two A100-SXM4-80GB, an A30 on a board of its own, and a T4, which has no MIG. */
static inline const struct mig_config_gpu *machine(void)
{
	static struct mig_config_gpu gpus[N_GPUS];

	gpus[0] = (struct mig_config_gpu){ 0,
					   0x20B210DE,
					   0x146310DE,
					   true,
					   type("A100-SXM4-80GB"),
					   "GPU-00510000-0000",
					   "00000000:07:00.0" };
	gpus[1] = gpus[0];
	gpus[1].index = 1;
	gpus[1].uuid = "GPU-00510000-0001";
	gpus[1].bus_id = "00000000:0F:00.0";
	gpus[2] = (struct mig_config_gpu){ 2, 0x20B710DE, 0x153210DE, true, type("A30") };
	gpus[3] = (struct mig_config_gpu){ 3, 0x1EB810DE, 0x12A210DE, false, NULL };
	return gpus;
}

static inline struct mig_config *parse(const char *text)
{
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	if (mig_config_parse(text, strlen(text), "p.yaml", &cfg, &err) < 0)
		fail_msg("%s", err.msg);
	return cfg;
}

/* One config "c" with these entries. */
static inline struct mig_config *entries(const char *text)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "version: v1\nmig-configs:\n  c:\n%s", text);
	return parse(buf);
}

static inline const struct mig_config_label *label(const struct mig_config *cfg,
						   const char *name)
{
	const struct mig_config_label *ret = NULL;

	assert_int_equal(mig_config_find(cfg, name, &ret, NULL), 0);
	return ret;
}

static inline void select_all(const struct mig_config *cfg, const char *name,
			      struct mig_config_want wants[N_GPUS])
{
	struct mig_error err = { 0 };

	if (mig_config_select(cfg, label(cfg, name), machine(), N_GPUS, wants, &err) < 0)
		fail_msg("%s", err.msg);
}

static inline struct mig_layout_file *parse_layout(const char *text)
{
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	if (mig_layout_file_parse(text, strlen(text), "l.yaml", &file, &err) < 0)
		fail_msg("%s", err.msg);
	return file;
}

/* A layout file with these entries; the first is on line 3. */
static inline const char *layout_text(const char *entries)
{
	static char buf[8192];

	snprintf(buf, sizeof(buf), "version: migctl/v1\ngpus:\n%s", entries);
	return buf;
}

#endif
