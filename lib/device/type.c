/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a GPU that is present can be cut. The driver's word comes first; the catalog fills
 * what NVML has no call for (CI profiles of a GPU instance that does not exist yet) or does
 * not answer now (an older driver with MIG off).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "shared/text.h"

/* The number NVML calls a CI profile of that many slices by. Source: nvml.h, NVML 13.3. */
static const struct {
	int compute_slices, nvml_profile;
} ci_numbers[] = { { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 3 }, { 7, 4 }, { 8, 5 }, { 6, 6 } };

/* Numbers of NVML: a one-slice instance with more memory, and the CI of such a one. */
enum { GI_1_SLICE_REV1 = 7, GI_2_SLICE_REV1 = 8, GI_1_SLICE_REV2 = 9, CI_1_SLICE_REV1 = 7 };

/* Without a catalog entry only the CI that covers the whole GPU instance is known to exist. */
static void default_ci(struct mig_profile *p)
{
	struct mig_ci_profile *ci = &p->ci[0];

	for (size_t i = 0; i < sizeof(ci_numbers) / sizeof(ci_numbers[0]); i++) {
		const bool is_rev1 = p->nvml_profile == GI_1_SLICE_REV2;
		const int number = is_rev1 ? CI_1_SLICE_REV1 : ci_numbers[i].nvml_profile;

		if (ci_numbers[i].compute_slices != p->compute_slices)
			continue;
		*ci = (struct mig_ci_profile){
			.nvml_profile = number,
			.id = number,
			.compute_slices = p->compute_slices,
			.size = is_rev1 ? p->size : p->compute_slices,
			.max_count = 1,
			.sm = p->sm,
			.starts = 1,
			.is_default = true,
			.sm_basis = MIG_BASIS_DERIVED,
			.starts_basis = MIG_BASIS_DERIVED,
		};
		text_copy(ci->name, sizeof(ci->name), p->name);
		p->n_ci = 1;
		return;
	}
}

/* CI profiles of the catalog's profile with that id, under this profile's own name. */
static void cis_from_catalog(struct mig_profile *p, const struct mig_gpu_type *known)
{
	for (int i = 0; known && i < known->n_profiles; i++) {
		const struct mig_profile *k = &known->profiles[i];

		if (k->id != p->id || k->compute_slices != p->compute_slices)
			continue;
		memcpy(p->ci, k->ci, sizeof(p->ci));
		p->n_ci = k->n_ci;
		for (int c = 0; c < p->n_ci; c++) {
			struct mig_ci_profile *ci = &p->ci[c];

			ci->name[0] = '\0';
			if (!ci->is_default)
				text_append(ci->name, sizeof(ci->name), "%dc.",
					    ci->compute_slices);
			text_append(ci->name, sizeof(ci->name), "%s", p->name);
			if (ci->is_default)
				ci->sm = p->sm;
		}
		return;
	}
	default_ci(p);
}

static void set_placements(struct mig_profile *p, const struct mig_nvml_placement *places,
			   int n)
{
	p->size = 0;
	for (int i = 0; i < n; i++) {
		if (!places[i].size || places[i].size > MIG_UNITS_MAX ||
		    places[i].start > MIG_UNITS_MAX - places[i].size)
			continue;
		p->size = (int)places[i].size;
		p->starts |= (uint16_t)(1U << places[i].start);
	}
}

/*
 * The gigabytes in a profile's name: the eighths of the GPU's memory that it has, rounded up,
 * in whole GiB. Source: go-nvlib, pkg/nvlib/device, and every listing in data/gpu/.
 */
static uint64_t name_gb(int64_t mem_mib, uint64_t total)
{
	const uint64_t total_gib = (total + (1ULL << 30) - 1) >> 30;
	const uint64_t mem = (uint64_t)mem_mib << 20;

	if (!total || mem > total)
		return ((uint64_t)mem_mib + 512) / 1024;
	return ((mem * 8 + total - 1) / total * total_gib + 4) / 8;
}

/* Drivers before R510 do not name profiles; the catalog does, or else the formula. */
static void name_profile(struct mig_profile *p, const struct mig_gpu_type *known,
			 uint64_t total)
{
	const bool has_media =
		p->nvml_profile == GI_1_SLICE_REV1 || p->nvml_profile == GI_2_SLICE_REV1;

	if (p->name[0])
		return;
	for (int i = 0; known && i < known->n_profiles; i++) {
		if (known->profiles[i].id == p->id) {
			text_copy(p->name, sizeof(p->name), known->profiles[i].name);
			return;
		}
	}
	text_append(p->name, sizeof(p->name), "%dg.%llugb%s", p->compute_slices,
		    (unsigned long long)name_gb(p->mem_mib, total), has_media ? "+me" : "");
}

/* 1: read; 0: this GPU has no such profile; negative: the driver will not say. */
static int read_profile(struct mig_machine *machine, struct mig_nvml_gpu handle,
			unsigned number, uint64_t total, const struct mig_gpu_type *known,
			struct mig_profile *ret, struct mig_error *err)
{
	struct mig_nvml_placement places[MIG_UNITS_MAX];
	struct mig_nvml_gi_profile info;
	int n, rc = mig_nvml_gi_profile(machine->nvml, handle, number, &info, err);

	if (rc < 0)
		return rc;
	*ret = (struct mig_profile){
		.nvml_profile = (int)number,
		.id = info.id,
		.compute_slices = info.compute_slices,
		.max_count = info.max_count,
		.sm = info.sm,
		.mem_mib = info.mem_mib,
		.copy_engines = info.copy_engines,
		.decoders = info.decoders,
		.encoders = info.encoders,
		.jpeg = info.jpeg,
		.ofa = info.ofa,
		.p2p = info.p2p,
		.gfx = info.gfx,
		.basis = MIG_BASIS_DRIVER,
	};
	text_copy(ret->name, sizeof(ret->name), info.name);
	n = mig_nvml_gi_placements(machine->nvml, handle, info.id, places, MIG_UNITS_MAX, err);
	if (n < 0)
		return n;
	set_placements(ret, places, n);
	if (!ret->starts)
		return 0;
	name_profile(ret, known, total);
	cis_from_catalog(ret, known);
	return 1;
}

/* A CI profile as the driver tells it, which it does only of a GI that exists. */
static int read_ci_profile(struct mig_machine *machine, struct mig_nvml_gi gi, unsigned number,
			   const struct mig_profile *p, struct mig_ci_profile *ret)
{
	struct mig_nvml_placement places[MIG_UNITS_MAX];
	struct mig_nvml_ci_profile info;
	int n, rc = mig_nvml_ci_profile(machine->nvml, gi, number, &info, NULL);

	if (rc < 0)
		return rc;
	*ret = (struct mig_ci_profile){
		.nvml_profile = (int)number,
		.id = info.id,
		.compute_slices = info.compute_slices,
		.size = info.compute_slices,
		.max_count = info.max_count,
		.sm = info.sm,
		.is_default = info.compute_slices == p->compute_slices,
		.sm_basis = MIG_BASIS_DRIVER,
	};
	if (!ret->is_default)
		text_append(ret->name, sizeof(ret->name), "%dc.", info.compute_slices);
	text_append(ret->name, sizeof(ret->name), "%s", p->name);
	n = mig_nvml_ci_placements(machine->nvml, gi, info.id, places, MIG_UNITS_MAX, NULL);
	for (int i = 0; i < n; i++) {
		if (places[i].start >= MIG_UNITS_MAX)
			continue;
		ret->starts |= (uint16_t)(1U << places[i].start);
		ret->size = (int)places[i].size;
		ret->starts_basis = MIG_BASIS_DRIVER;
	}
	return 0;
}

static int by_ci_slices(const void *a, const void *b)
{
	return ((const struct mig_ci_profile *)a)->compute_slices -
	       ((const struct mig_ci_profile *)b)->compute_slices;
}

static int by_slices(const void *a, const void *b)
{
	const struct mig_profile *x = a, *y = b;

	if (x->compute_slices != y->compute_slices)
		return x->compute_slices - y->compute_slices;
	return x->size != y->size ? x->size - y->size : x->nvml_profile - y->nvml_profile;
}

/* What the profiles say of the GPU as a whole. */
static void count_slices(struct mig_gpu_type *type)
{
	type->units = type->compute_slices = 0;
	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];

		type->compute_slices = p->compute_slices > type->compute_slices
					       ? p->compute_slices
					       : type->compute_slices;
		for (int s = 0; s < MIG_UNITS_MAX; s++) {
			if (p->starts >> s & 1 && s + p->size > type->units)
				type->units = s + p->size;
		}
	}
	if (type->mem_slices == MIG_UNKNOWN)
		type->mem_slices = type->units;
	if (type->max_mig_devices == MIG_UNKNOWN)
		type->max_mig_devices = type->compute_slices;
}

/* A GPU that the catalog has not: what only the catalog tells is unknown, never 0. */
static void set_unknown(struct mig_gpu_type *type, const struct mig_gpu *gpu)
{
	static const struct mig_value unknown = { MIG_UNKNOWN, MIG_BASIS_NONE };

	*type = (struct mig_gpu_type){
		.nvml_arch = MIG_UNKNOWN,
		.cc_major = MIG_UNKNOWN,
		.cc_minor = MIG_UNKNOWN,
		.n_pci_ids = 1,
		.pci_ids = { gpu->pci_id },
		.mem_slices = MIG_UNKNOWN,
		.max_mig_devices = MIG_UNKNOWN,
		.mode_needs_reset = MIG_UNKNOWN,
		.mode_survives_reboot = MIG_UNKNOWN,
		.sm = unknown,
		.mem_mib = unknown,
		.bar1_mib = unknown,
		.l2_kib = unknown,
		.dram_mb_per_s = unknown,
		.fp16_dense_gflop_per_s = unknown,
	};
	text_copy(type->key, sizeof(type->key), gpu->name);
}

/* Every profile the driver tells of, into @type. Return: how many. Without one whose question
 * failed its instances would not be seen. */
static int read_profiles(struct mig_machine *machine, struct mig_nvml_gpu handle,
			 uint64_t total, const struct mig_gpu_type *known,
			 struct mig_gpu_type *type, struct mig_error *err)
{
	type->n_profiles = 0;
	for (unsigned i = 0; i < MIG_NVML_GI_PROFILES && type->n_profiles < MIG_PROFILES_MAX;
	     i++) {
		int rc = read_profile(machine, handle, i, total, known,
				      &type->profiles[type->n_profiles], err);

		/* Numbers are asked for until the driver has not heard of one (header of NVML). */
		if (rc == -MIG_E_INVAL || rc == -MIG_E_PERM)
			break;
		if (rc < 0 && rc != -MIG_E_UNSUPPORTED && rc != -MIG_E_NOENT)
			return rc;
		if (rc > 0)
			type->n_profiles++;
	}
	return type->n_profiles;
}

void device_cis_read(struct mig_machine *machine, struct mig_nvml_gpu handle, int gi_id,
		     struct mig_profile *p)
{
	struct mig_profile read = *p;
	struct mig_nvml_gi gi;

	if (mig_nvml_gi_by_id(machine->nvml, handle, (unsigned)gi_id, &gi, NULL) < 0)
		return;
	read.n_ci = 0;
	for (unsigned i = 0; i < MIG_NVML_CI_PROFILES && read.n_ci < MIG_CI_PROFILES_MAX; i++) {
		int rc = read_ci_profile(machine, gi, i, p, &read.ci[read.n_ci]);

		if (rc == -MIG_E_INVAL)
			break;
		if (rc == 0)
			read.n_ci++;
	}
	qsort(read.ci, (size_t)read.n_ci, sizeof(read.ci[0]), by_ci_slices);
	if (read.n_ci)
		*p = read;
}

/* What the catalog has of a GPU, if it must be asked. */
static const struct mig_gpu_type *catalog_type(struct mig_machine *machine,
					       const struct mig_gpu *gpu)
{
	return machine->catalog ? mig_catalog_find_pci(machine->catalog, gpu->pci_id) : NULL;
}

int device_type_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		     const struct mig_gpu *gpu, struct mig_gpu_type *ret, struct mig_error *err)
{
	const struct mig_gpu_type *known =
		machine->is_brief ? NULL : catalog_type(machine, gpu);
	int n;

	if (known)
		*ret = *known;
	else
		set_unknown(ret, gpu);
	n = read_profiles(machine, handle, gpu->mem_total_bytes, known, ret, err);
	if (n < 0)
		return n;
	if (n == 0) {
		known = catalog_type(machine, gpu);
		if (!known || !known->n_profiles)
			return mig_fail(
				err, MIG_E_UNSUPPORTED,
				"the profiles of %s (PCI id 0x%08X) are not known: the "
				"driver does not tell them now and the catalog has none",
				gpu->name, gpu->pci_id);
		*ret = *known;
		return 0;
	}
	ret->basis = MIG_BASIS_DRIVER;
	ret->is_assumed = false;
	text_copy(ret->name, sizeof(ret->name), gpu->name);
	count_slices(ret);
	qsort(ret->profiles, (size_t)ret->n_profiles, sizeof(ret->profiles[0]), by_slices);
	return 0;
}
