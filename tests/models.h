/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU types as C tables, for tests of the rooms that need one and must not depend on how
 * the catalog reads its files. Only what geometry looks at is filled in.
 *
 * Sources: `nvidia-smi mig -lgip`, -lgipp and -lcip of the GPUs named at each table;
 * compute instance counts from NVIDIA/mig-parted, pkg/mig/config/known_configs.go.
 */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include <stdio.h>
#include <string.h>

#include <mig/catalog.h>

/* The compute instances that a GPU instance of some compute slices is split into. */
struct model_ci {
	int gi_slices, compute_slices, id, max_count;
	uint16_t starts;
};

static const struct model_ci model_cis[] = {
	{ 2, 1, 0, 2, 0x03 }, { 3, 1, 0, 3, 0x07 }, { 3, 2, 1, 1, 0x03 },
	{ 4, 1, 0, 4, 0x0f }, { 4, 2, 1, 2, 0x05 }, { 7, 1, 0, 7, 0x7f },
	{ 7, 2, 1, 3, 0x15 }, { 7, 3, 2, 2, 0x11 }, { 7, 4, 3, 1, 0x01 },
};

/* One row of -lgip, with the starts of -lgipp. */
struct model_row {
	const char *name;
	int nvml_profile, id, compute_slices, size, max_count;
	uint16_t starts;
	int copy_engines, decoders, encoders, jpeg, ofa;
};

/* A100-SXM4-80GB, drivers 515 to 550. */
static const struct model_row a100_rows[] = {
	{ "1g.10gb", 0, 19, 1, 1, 7, 0x7f, 1, 0, 0, 0, 0 },
	{ "1g.10gb+me", 7, 20, 1, 1, 1, 0x7f, 1, 1, 0, 1, 1 },
	{ "1g.20gb", 9, 15, 1, 2, 4, 0x55, 1, 1, 0, 0, 0 },
	{ "2g.20gb", 1, 14, 2, 2, 3, 0x15, 2, 1, 0, 0, 0 },
	{ "3g.40gb", 2, 9, 3, 4, 2, 0x11, 3, 2, 0, 0, 0 },
	{ "4g.40gb", 3, 5, 4, 4, 1, 0x01, 4, 2, 0, 0, 0 },
	{ "7g.80gb", 4, 0, 7, 8, 1, 0x01, 7, 5, 0, 1, 1 },
};

/* H100 80GB HBM3. */
static const struct model_row h100_rows[] = {
	{ "1g.10gb", 0, 19, 1, 1, 7, 0x7f, 1, 1, 0, 1, 0 },
	{ "1g.10gb+me", 7, 20, 1, 1, 1, 0x7f, 1, 1, 0, 1, 1 },
	{ "1g.20gb", 9, 15, 1, 2, 4, 0x55, 1, 1, 0, 1, 0 },
	{ "2g.20gb", 1, 14, 2, 2, 3, 0x15, 2, 2, 0, 2, 0 },
	{ "3g.40gb", 2, 9, 3, 4, 2, 0x11, 3, 3, 0, 3, 0 },
	{ "4g.40gb", 3, 5, 4, 4, 1, 0x01, 4, 4, 0, 4, 0 },
	{ "7g.80gb", 4, 0, 7, 8, 1, 0x01, 8, 7, 0, 7, 1 },
};

/* A30, driver 535.183. */
static const struct model_row a30_rows[] = {
	{ "1g.6gb", 0, 14, 1, 1, 4, 0x0f, 1, 1, 0, 0, 0 },
	{ "1g.6gb+me", 7, 21, 1, 1, 1, 0x0f, 1, 1, 0, 1, 1 },
	{ "2g.12gb", 1, 5, 2, 2, 2, 0x05, 2, 2, 0, 0, 0 },
	{ "2g.12gb+me", 8, 6, 2, 2, 1, 0x05, 2, 2, 0, 1, 1 },
	{ "4g.24gb", 3, 0, 4, 4, 1, 0x01, 4, 4, 0, 1, 1 },
};

/* RTX PRO 6000 Blackwell, driver 580.105. */
static const struct model_row rtx_pro_6000_rows[] = {
	{ "1g.24gb", 0, 14, 1, 3, 4, 0x249, 1, 1, 1, 1, 0 },
	{ "1g.24gb+me", 7, 21, 1, 3, 1, 0x249, 1, 1, 1, 1, 1 },
	{ "1g.24gb+gfx", 10, 47, 1, 3, 4, 0x249, 1, 1, 1, 1, 0 },
	{ "1g.24gb-me", 13, 67, 1, 3, 4, 0x249, 1, 0, 0, 0, 0 },
	{ "1g.24gb+me.all", 15, 65, 1, 3, 1, 0x249, 1, 4, 4, 4, 1 },
	{ "2g.48gb", 1, 5, 2, 6, 2, 0x041, 2, 2, 2, 2, 0 },
	{ "2g.48gb+gfx", 11, 35, 2, 6, 2, 0x041, 2, 2, 2, 2, 0 },
	{ "2g.48gb-me", 14, 66, 2, 6, 2, 0x041, 2, 0, 0, 0, 0 },
	{ "2g.48gb+me.all", 16, 64, 2, 6, 1, 0x041, 2, 4, 4, 4, 1 },
	{ "4g.96gb", 3, 0, 4, 12, 1, 0x001, 4, 4, 4, 4, 1 },
	{ "4g.96gb+gfx", 12, 32, 4, 12, 1, 0x001, 4, 4, 4, 4, 1 },
};

/* A GPU instance's compute instances: the splits of its slices, then the whole. */
static inline void model_add_cis(struct mig_profile *p)
{
	/* The only CI of a 1g with two memory slices is two long: -lcipp prints {0}:2. */
	const int whole = p->nvml_profile == 9 ? p->size : p->compute_slices;

	for (size_t i = 0; i < sizeof(model_cis) / sizeof(model_cis[0]); i++) {
		const struct model_ci *c = &model_cis[i];
		struct mig_ci_profile *ci = &p->ci[p->n_ci];

		if (c->gi_slices != p->compute_slices)
			continue;
		snprintf(ci->name, sizeof(ci->name), "%dc.%.80s", c->compute_slices, p->name);
		ci->nvml_profile = ci->id = c->id;
		ci->compute_slices = ci->size = c->compute_slices;
		ci->max_count = c->max_count;
		ci->starts = c->starts;
		p->n_ci++;
	}
	p->ci[p->n_ci] = (struct mig_ci_profile){ .compute_slices = p->compute_slices,
						  .size = whole,
						  .max_count = 1,
						  .starts = 1,
						  .is_default = true };
	memcpy(p->ci[p->n_ci].name, p->name, sizeof(p->name));
	p->n_ci++;
}

static inline struct mig_gpu_type model_type(const char *key, int units,
					     const struct model_row *rows, size_t n)
{
	struct mig_gpu_type t = { .units = units, .n_profiles = (int)n };

	snprintf(t.key, sizeof(t.key), "%s", key);
	for (size_t i = 0; i < n; i++) {
		struct mig_profile *p = &t.profiles[i];
		const struct model_row *r = &rows[i];

		snprintf(p->name, sizeof(p->name), "%s", r->name);
		p->nvml_profile = r->nvml_profile;
		p->id = r->id;
		p->compute_slices = r->compute_slices;
		p->size = r->size;
		p->max_count = r->max_count;
		p->starts = r->starts;
		p->copy_engines = r->copy_engines;
		p->decoders = r->decoders;
		p->encoders = r->encoders;
		p->jpeg = r->jpeg;
		p->ofa = r->ofa;
		model_add_cis(p);
	}
	return t;
}

#define MODEL_TYPE(key, units, rows) \
	model_type(key, units, rows, sizeof(rows) / sizeof((rows)[0]))

static inline struct mig_gpu_type model_a100(void)
{
	return MODEL_TYPE("A100-SXM4-80GB", 8, a100_rows);
}

static inline struct mig_gpu_type model_h100(void)
{
	return MODEL_TYPE("H100-SXM5-80GB", 8, h100_rows);
}

static inline struct mig_gpu_type model_a30(void)
{
	return MODEL_TYPE("A30", 4, a30_rows);
}

static inline struct mig_gpu_type model_rtx_pro_6000(void)
{
	return MODEL_TYPE("RTX-PRO-6000-Blackwell", 12, rtx_pro_6000_rows);
}

#endif
