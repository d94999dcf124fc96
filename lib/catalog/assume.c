/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody published, by rule. docs/CATALOG.md states the rules; whatever one of them
 * fills is marked ASSUMED. The rules for compute instances always apply, the rule
 * "per-slice" for GPU instances only when somebody asks for it.
 */
#include "catalog.h"

#include <string.h>

/* The profile of one slice that has the least: the plain "1g" row. */
static const struct mig_profile *one_slice(const struct mig_gpu_type *type)
{
	const struct mig_profile *first = &type->profiles[0];

	return type->n_profiles > 0 && first->compute_slices == 1 ? first : NULL;
}

/* Where a compute instance of some slices may begin, where it is not at every multiple. */
static const struct {
	int gi_slices, ci_slices;
	uint16_t starts;
} ci_starts[] = {
	{ 3, 2, 0x3 },  /* 0 or 1: a 2c was seen beside a 1c that came first */
	{ 7, 3, 0x11 }, /* 0 and 4, as 3g in the GPU */
	{ 7, 4, 0x1 },
};

static uint16_t assumed_starts(const struct mig_profile *gi, const struct mig_ci_profile *ci)
{
	uint16_t starts = 0;

	for (size_t i = 0; i < sizeof(ci_starts) / sizeof(ci_starts[0]); i++) {
		if (ci_starts[i].gi_slices == gi->compute_slices &&
		    ci_starts[i].ci_slices == ci->compute_slices)
			return ci_starts[i].starts;
	}
	if (ci->is_default)
		return 0x1;
	for (int start = 0; start + ci->size <= gi->compute_slices; start += ci->size)
		starts |= (uint16_t)(1U << start);
	return starts;
}

/* What was assumed before more was known of the GPU instance is assumed anew. */
static void fill_ci_sm(const struct mig_profile *gi, int sm_per_slice,
		       struct mig_ci_profile *ci)
{
	int sm;

	if (ci->sm_basis != MIG_BASIS_NONE && ci->sm_basis != MIG_BASIS_ASSUMED)
		return;
	if (ci->is_default) {
		ci->sm = gi->sm;
		ci->sm_basis = gi->sm == MIG_UNKNOWN
				       ? MIG_BASIS_NONE
				       : mig_basis_weaker(MIG_BASIS_DERIVED, gi->basis);
	} else if (sm_per_slice != MIG_UNKNOWN) {
		sm = ci->compute_slices * sm_per_slice;
		ci->sm = gi->sm != MIG_UNKNOWN && sm > gi->sm ? gi->sm : sm;
		ci->sm_basis = MIG_BASIS_ASSUMED;
	}
}

static void fill_ci(const struct mig_profile *gi, int sm_per_slice, struct mig_ci_profile *ci)
{
	fill_ci_sm(gi, sm_per_slice, ci);
	if (ci->starts == 0) {
		ci->starts = assumed_starts(gi, ci);
		ci->starts_basis = MIG_BASIS_ASSUMED;
	}
}

void mig_gpu_type_fill_ci(struct mig_gpu_type *type)
{
	const struct mig_profile *one = one_slice(type);

	for (int i = 0; i < type->n_profiles; i++) {
		struct mig_profile *gi = &type->profiles[i];

		for (int k = 0; k < gi->n_ci; k++)
			fill_ci(gi, one ? one->sm : MIG_UNKNOWN, &gi->ci[k]);
	}
}

/* What the rule "per-slice" reckons with: each a figure of one slice. */
struct per_slice {
	const struct mig_gpu_type *type;
	int sm, copy_engines, decoders, encoders, jpeg;
	int64_t mem_mib; /* of one placement unit, or MIG_UNKNOWN */
};

static int known_or(int v, int otherwise)
{
	return v != MIG_UNKNOWN ? v : otherwise;
}

/* SMs come in pairs (TPCs): an odd share rounds down. */
static int share_of_sm(const struct mig_gpu_type *type)
{
	int share;

	if (type->sm.v == MIG_UNKNOWN || type->compute_slices < 1)
		return MIG_UNKNOWN;
	share = (int)(type->sm.v / type->compute_slices);
	return share >= 2 ? share & ~1 : MIG_UNKNOWN;
}

static struct per_slice per_slice_of(const struct mig_gpu_type *type)
{
	const struct mig_profile *one = one_slice(type);
	struct per_slice s = { type, share_of_sm(type), 1, 1, 0, 1, MIG_UNKNOWN };

	if (!one)
		return s;
	s.sm = known_or(one->sm, s.sm);
	s.copy_engines = known_or(one->copy_engines, s.copy_engines);
	s.decoders = known_or(one->decoders, s.decoders);
	s.encoders = known_or(one->encoders, s.encoders);
	s.jpeg = known_or(one->jpeg, s.jpeg);
	if (one->mem_mib != MIG_UNKNOWN)
		s.mem_mib = one->mem_mib / one->size;
	return s;
}

static bool is_whole(const struct mig_gpu_type *type, const struct mig_profile *p)
{
	return p->size == type->units && p->compute_slices == type->compute_slices;
}

static int slices_of_sm(const struct per_slice *s, const struct mig_profile *p)
{
	const int64_t total = s->type->sm.v;
	int sm;

	if (is_whole(s->type, p) && total != MIG_UNKNOWN)
		return (int)total;
	if (s->sm == MIG_UNKNOWN)
		return MIG_UNKNOWN;
	sm = p->compute_slices * s->sm;
	return total != MIG_UNKNOWN && sm > total ? (int)total : sm;
}

/* No less than what is published of a part of it. */
static int assumed_sm(const struct per_slice *s, const struct mig_profile *p)
{
	int sm = slices_of_sm(s, p);

	for (int i = 0; i < p->n_ci && sm != MIG_UNKNOWN; i++) {
		if (p->ci[i].sm_basis != MIG_BASIS_ASSUMED && p->ci[i].sm > sm)
			sm = p->ci[i].sm;
	}
	return sm;
}

/* The driver's figures are multiples of 64 MiB. */
static int64_t assumed_mem_mib(const struct per_slice *s, const struct mig_profile *p)
{
	const int64_t total = s->type->mem_mib.v;
	int64_t mem;

	if (s->mem_mib != MIG_UNKNOWN)
		mem = p->size * s->mem_mib;
	else if (total != MIG_UNKNOWN)
		mem = total * p->size / s->type->units;
	else
		return MIG_UNKNOWN;
	if (total != MIG_UNKNOWN && mem > total)
		mem = total;
	return mem >= 64 ? mem / 64 * 64 : MIG_UNKNOWN;
}

/* What "+me", "+me.all" and "-me" stand for, by NVML_GPU_INSTANCE_PROFILE_*. */
enum media { MEDIA_PLAIN, MEDIA_SOME, MEDIA_ALL, MEDIA_NONE };

static enum media media_of(const struct mig_gpu_type *type, const struct mig_profile *p)
{
	static const enum media by_nvml[] = {
		[7] = MEDIA_SOME,  [8] = MEDIA_SOME, [13] = MEDIA_NONE,
		[14] = MEDIA_NONE, [15] = MEDIA_ALL, [16] = MEDIA_ALL,
	};
	const unsigned n = (unsigned)p->nvml_profile;

	if (is_whole(type, p))
		return MEDIA_ALL;
	return n < sizeof(by_nvml) / sizeof(by_nvml[0]) ? by_nvml[n] : MEDIA_PLAIN;
}

static void fill_int(int *member, int v, bool *ret_filled)
{
	if (*member == MIG_UNKNOWN && v != MIG_UNKNOWN) {
		*member = v;
		*ret_filled = true;
	}
}

static void fill_engines(const struct per_slice *s, struct mig_profile *p, bool *filled)
{
	const enum media media = media_of(s->type, p);
	int slices = p->compute_slices;

	fill_int(&p->copy_engines, slices * s->copy_engines, filled);
	fill_int(&p->ofa, media == MEDIA_SOME || media == MEDIA_ALL, filled);
	if (media == MEDIA_ALL)
		slices = s->type->compute_slices;
	if (media == MEDIA_NONE)
		slices = 0;
	fill_int(&p->decoders, slices * s->decoders, filled);
	fill_int(&p->encoders, slices * s->encoders, filled);
	fill_int(&p->jpeg, slices * s->jpeg, filled);
}

static bool fill_profile(const struct per_slice *s, struct mig_profile *p)
{
	bool filled = false;

	fill_int(&p->sm, assumed_sm(s, p), &filled);
	if (p->mem_mib == MIG_UNKNOWN) {
		p->mem_mib = assumed_mem_mib(s, p);
		filled |= p->mem_mib != MIG_UNKNOWN;
	}
	fill_engines(s, p, &filled);
	fill_int(&p->p2p, 0, &filled);
	if (filled)
		p->basis = MIG_BASIS_ASSUMED;
	return filled;
}

void mig_gpu_type_assume(struct mig_gpu_type *type)
{
	const struct per_slice s = per_slice_of(type);
	const bool is_ampere = strcmp(type->arch, "Ampere") == 0;
	bool filled = false;

	for (int i = 0; i < type->n_profiles; i++)
		filled |= fill_profile(&s, &type->profiles[i]);
	if (filled)
		mig_gpu_type_fill_ci(type);
	fill_int(&type->mode_needs_reset, is_ampere, &filled);
	fill_int(&type->mode_survives_reboot, is_ampere, &filled);
	if (filled) {
		type->is_assumed = true;
		type->basis = MIG_BASIS_ASSUMED;
	}
}
