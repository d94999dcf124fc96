/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every GPU type that the catalog accepted, whoever wrote the file. */
#ifndef TESTS_CATALOG_H
#define TESTS_CATALOG_H

#include <mig/catalog.h>

#include "tests/test.h"

static inline void check_ci_profile(const struct mig_profile *gi,
				    const struct mig_ci_profile *ci)
{
	const int length = gi->size > gi->compute_slices ? gi->size : gi->compute_slices;

	CHECK(ci->name[0] && memchr(ci->name, '\0', sizeof(ci->name)));
	CHECK(ci->compute_slices >= 1 && ci->compute_slices <= gi->compute_slices);
	CHECK(ci->max_count >= 1 && ci->max_count * ci->compute_slices <= gi->compute_slices);
	CHECK(ci->starts != 0 && ci->starts_basis != MIG_BASIS_NONE);
	for (int start = 0; start < MIG_UNITS_MAX; start++) {
		if (ci->starts >> start & 1)
			CHECK(start + ci->size <= length);
	}
	CHECK(ci->is_default == (ci->compute_slices == gi->compute_slices));
	CHECK((ci->sm == MIG_UNKNOWN) == (ci->sm_basis == MIG_BASIS_NONE));
	CHECK(ci->sm == MIG_UNKNOWN || ci->sm > 0);
	CHECK(gi->sm == MIG_UNKNOWN || ci->sm <= gi->sm);
	CHECK(mig_ci_profile_find(gi, ci->name) == ci);
}

static inline void check_engines(const struct mig_profile *p)
{
	const int engines[] = { p->copy_engines, p->decoders, p->encoders, p->jpeg, p->ofa };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		CHECK(engines[i] >= MIG_UNKNOWN && engines[i] < 2000);
	CHECK(p->gfx == 0 || p->gfx == 1);
	CHECK(p->p2p >= MIG_UNKNOWN && p->p2p <= 1);
}

static inline void check_profile(const struct mig_gpu_type *type, const struct mig_profile *p)
{
	CHECK(p->name[0] && memchr(p->name, '\0', sizeof(p->name)));
	CHECK(mig_profile_find(type, p->name) == p);
	CHECK(p->id >= 0 && p->nvml_profile >= 0);
	CHECK(p->size >= 1 && p->size <= type->units);
	CHECK(p->starts != 0 && p->basis != MIG_BASIS_NONE);
	for (int start = 0; start < MIG_UNITS_MAX; start++) {
		if (p->starts >> start & 1)
			CHECK(start + p->size <= type->units);
	}
	CHECK(p->max_count >= 1 && p->max_count <= __builtin_popcount(p->starts));
	CHECK(p->max_count * p->compute_slices <= type->compute_slices);
	CHECK(p->sm == MIG_UNKNOWN || p->sm > 0);
	CHECK(p->mem_mib == MIG_UNKNOWN || p->mem_mib > 0);
	CHECK(type->mem_mib.v == MIG_UNKNOWN || p->mem_mib <= type->mem_mib.v);
	check_engines(p);
	CHECK(mig_ci_profile_default(p) != NULL);
	for (int i = 0; i < p->n_ci; i++) {
		check_ci_profile(p, &p->ci[i]);
		CHECK(i == 0 || p->ci[i - 1].compute_slices < p->ci[i].compute_slices);
	}
}

/* By compute slices, then size, then NVML's number. */
static inline bool is_before(const struct mig_profile *a, const struct mig_profile *b)
{
	if (a->compute_slices != b->compute_slices)
		return a->compute_slices < b->compute_slices;
	if (a->size != b->size)
		return a->size < b->size;
	return a->nvml_profile < b->nvml_profile;
}

static inline void check_type(const struct mig_gpu_type *type)
{
	CHECK(type->key[0] && type->name[0] && type->arch[0]);
	CHECK(type->n_pci_ids >= 0 && type->n_pci_ids <= MIG_PCI_IDS_MAX);
	CHECK(type->n_profiles >= 0 && type->n_profiles <= MIG_PROFILES_MAX);
	CHECK(type->units <= MIG_UNITS_MAX);
	CHECK((type->n_profiles == 0) == (type->basis == MIG_BASIS_NONE) || type->is_assumed);
	for (int i = 0; i < type->n_profiles; i++) {
		check_profile(type, &type->profiles[i]);
		CHECK(i == 0 || is_before(&type->profiles[i - 1], &type->profiles[i]));
	}
}

#endif
