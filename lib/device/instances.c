/* SPDX-License-Identifier: Apache-2.0 */
/* The instances of one GPU, asked for with as few driver calls as will do. */
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "shared/text.h"

static int profile_by_id(const struct mig_gpu_type *type, int id)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (type->profiles[i].id == id)
			return i;
	}
	return -1;
}

static uint16_t units_of(int start, int size)
{
	return (uint16_t)(((1U << size) - 1U) << start);
}

/* Could an instance of @p stand somewhere without touching the units of @used? If not, none
 * does, and the driver need not be asked for them. */
static bool has_place(const struct mig_profile *p, uint16_t used)
{
	for (int s = 0; s < MIG_UNITS_MAX; s++) {
		if (p->starts >> s & 1 && !(used & units_of(s, p->size)))
			return true;
	}
	return false;
}

static int by_start(const void *a, const void *b)
{
	const struct mig_gi *x = a, *y = b;

	return x->start != y->start ? x->start - y->start : x->id - y->id;
}

static struct mig_gi *gi_of_id(struct mig_gpu *gpu, int id)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].id == id)
			return &gpu->gis[i];
	}
	return NULL;
}

static int add_gi(struct mig_machine *machine, struct mig_nvml_gi handle, struct mig_gpu *gpu,
		  uint16_t *used, struct mig_error *err)
{
	struct mig_nvml_gi_info info;
	int rc = mig_nvml_gi_info(machine->nvml, handle, &info, err);

	/* It went between two calls: another tool is at work. The next look will tell. */
	if (rc < 0)
		return rc == -MIG_E_INVAL || rc == -MIG_E_NOENT ? 0 : rc;
	if (gi_of_id(gpu, info.id)) /* it went and came back while we looked */
		return 0;
	if (gpu->n_gis == MIG_GIS_MAX || info.placement.size > MIG_UNITS_MAX ||
	    info.placement.start > MIG_UNITS_MAX - info.placement.size)
		return mig_fail(err, MIG_E_NVML, "GPU %d has more than this program knows of",
				gpu->index);
	gpu->gis[gpu->n_gis++] = (struct mig_gi){
		.id = info.id,
		.profile = profile_by_id(gpu->type, info.profile_id),
		.start = (int)info.placement.start,
	};
	*used |= units_of((int)info.placement.start, (int)info.placement.size);
	return 0;
}

int device_gis_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		    struct mig_gpu *gpu, struct mig_error *err)
{
	uint16_t used = 0;

	for (int i = 0; gpu->type && i < gpu->type->n_profiles; i++) {
		const struct mig_profile *p = &gpu->type->profiles[i];
		struct mig_nvml_gi gis[MIG_GIS_MAX];
		int n;

		if (!has_place(p, used))
			continue;
		n = mig_nvml_gi_list(machine->nvml, handle, p->id, gis, MIG_GIS_MAX, err);
		if (n == -MIG_E_UNSUPPORTED)
			continue;
		if (n < 0)
			return n;
		for (int k = 0; k < n; k++) {
			int rc = add_gi(machine, gis[k], gpu, &used, err);

			if (rc < 0)
				return rc;
		}
	}
	qsort(gpu->gis, (size_t)gpu->n_gis, sizeof(gpu->gis[0]), by_start);
	return 0;
}

/* Without privilege a MIG device's name is all that tells its profile: "… MIG 1c.3g.40gb". */
static int profile_from_name(struct mig_machine *machine, struct mig_nvml_gpu mig,
			     const struct mig_gpu_type *type)
{
	char name[MIG_NAME_MAX];
	const char *part, *g;

	if (!type || mig_nvml_name(machine->nvml, mig, name, sizeof(name), NULL) < 0)
		return -1;
	part = strstr(name, " MIG ");
	if (!part)
		return -1;
	part += strlen(" MIG ");
	g = strstr(part, "c.");
	for (int i = 0; i < type->n_profiles; i++) {
		if (strcmp(type->profiles[i].name, g ? g + 2 : part) == 0)
			return i;
	}
	return -1;
}

static struct mig_gi *gi_unseen(struct mig_machine *machine, struct mig_nvml_gpu mig,
				struct mig_gpu *gpu, int id)
{
	struct mig_gi *gi;

	if (!gpu->is_partial || gpu->n_gis == MIG_GIS_MAX)
		return NULL;
	gi = &gpu->gis[gpu->n_gis++];
	*gi = (struct mig_gi){ .id = id,
			       .start = -1,
			       .profile = profile_from_name(machine, mig, gpu->type) };
	return gi;
}

/*
 * The CI's profile, from its slices; where a GI has one slice nothing need be asked. Drivers
 * before R455 do not tell slices, but what share of the GI's SMs the CI has.
 */
static int ci_profile(struct mig_machine *machine, struct mig_nvml_gpu mig,
		      const struct mig_profile *p)
{
	struct mig_nvml_attributes attr;

	if (p->n_ci == 1 && p->compute_slices == 1)
		return 0;
	if (mig_nvml_attributes(machine->nvml, mig, &attr, NULL) < 0)
		return -1;
	for (int i = 0; i < p->n_ci; i++) {
		if (attr.ci_slices ? p->ci[i].compute_slices == attr.ci_slices
				   : p->ci[i].sm == attr.sm)
			return i;
	}
	return -1;
}

/* An answer that there is none: it went between two calls, or the driver does not tell that, or
 * not us. Any other failure is one to ask, and what it hides may be there. */
static bool is_answer(int rc)
{
	return rc == -MIG_E_NOENT || rc == -MIG_E_INVAL || rc == -MIG_E_PERM ||
	       rc == -MIG_E_UNSUPPORTED;
}

/* Where a CI stands in its GI; one that covers the GI stands at 0. */
static int ci_place(struct mig_machine *machine, struct mig_nvml_gpu handle,
		    const struct mig_profile *p, int gi_id, struct mig_ci *ci,
		    struct mig_error *err)
{
	struct mig_nvml_gi gi_handle;
	struct mig_nvml_ci ci_handle;
	struct mig_nvml_ci_info info;
	int rc;

	ci->start = -1;
	if (ci->profile >= 0) {
		ci->size = p->ci[ci->profile].size;
		if (p->ci[ci->profile].is_default) {
			ci->start = 0;
			return 0;
		}
	}
	rc = mig_nvml_gi_by_id(machine->nvml, handle, (unsigned)gi_id, &gi_handle, err);
	if (rc == 0)
		rc = mig_nvml_ci_by_id(machine->nvml, gi_handle, (unsigned)ci->id, &ci_handle,
				       err);
	if (rc == 0)
		rc = mig_nvml_ci_info(machine->nvml, ci_handle, &info, err);
	if (rc == 0 && info.placement.size) {
		ci->start = (int)info.placement.start;
		ci->size = (int)info.placement.size;
	}
	return is_answer(rc) ? 0 : rc;
}

/* The CI of a MIG device in the GI that it is in, as far as the device itself tells. NULL and 0: it
 * is in none that is known. */
static int add_ci(struct mig_machine *machine, struct mig_nvml_gpu mig, int index,
		  struct mig_gpu *gpu, struct mig_gi **ret_gi, struct mig_error *err)
{
	unsigned gi_id, ci_id;
	struct mig_gi *gi;
	struct mig_ci *ci;
	int rc = mig_nvml_mig_ids(machine->nvml, mig, &gi_id, &ci_id, err);

	*ret_gi = NULL;
	if (rc < 0)
		return is_answer(rc) ? 0 : rc;
	gi = gi_of_id(gpu, (int)gi_id);
	if (!gi)
		gi = gi_unseen(machine, mig, gpu, (int)gi_id);
	if (!gi || gi->n_cis == MIG_CIS_MAX)
		return 0;
	ci = &gi->cis[gi->n_cis++];
	*ci = (struct mig_ci){ .id = (int)ci_id, .profile = -1, .start = -1, .index = index };
	rc = mig_nvml_uuid(machine->nvml, mig, ci->uuid, sizeof(ci->uuid), err);
	if (rc < 0)
		ci->uuid[0] = '\0';
	*ret_gi = gi;
	return is_answer(rc) ? 0 : rc;
}

/* Return: the compute slices that the device takes. */
static int add_mig(struct mig_machine *machine, struct mig_nvml_gpu handle,
		   struct mig_nvml_gpu mig, int index, struct mig_gpu *gpu,
		   struct mig_gpu_type *type, struct mig_error *err)
{
	struct mig_nvml_memory mem;
	struct mig_profile *p;
	struct mig_gi *gi;
	struct mig_ci *ci;
	int rc = add_ci(machine, mig, index, gpu, &gi, err);

	if (rc < 0 || !gi)
		return rc;
	ci = &gi->cis[gi->n_cis - 1];
	/* The compute instances of one GI share its memory: it is asked for once. */
	if (!gi->mem_total_bytes && mig_nvml_memory(machine->nvml, mig, &mem, NULL) == 0) {
		gi->mem_total_bytes = mem.total_bytes;
		gi->mem_used_bytes = mem.used_bytes;
	}
	if (gi->profile < 0)
		return 0;
	p = &type->profiles[gi->profile];
	ci->profile = ci_profile(machine, mig, p);
	if (ci->profile < 0) {
		device_cis_read(machine, handle, gi->id, p);
		ci->profile = ci_profile(machine, mig, p);
	}
	rc = ci_place(machine, handle, p, gi->id, ci, err);
	if (rc < 0)
		return rc;
	/* The list of CI profiles may still grow, and an index with it: device_cis_index(). */
	if (ci->profile >= 0)
		ci->profile = p->ci[ci->profile].compute_slices;
	return ci->profile > 0 ? ci->profile : 0;
}

static int index_of_slices(const struct mig_profile *p, int compute_slices)
{
	for (int i = 0; i < p->n_ci; i++) {
		if (p->ci[i].compute_slices == compute_slices)
			return i;
	}
	return -1;
}

void device_cis_index(struct mig_gpu *gpu)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		struct mig_gi *gi = &gpu->gis[i];

		for (int k = 0; k < gi->n_cis && gi->profile >= 0; k++)
			gi->cis[k].profile = index_of_slices(&gpu->type->profiles[gi->profile],
							     gi->cis[k].profile);
	}
}

static int by_ci_id(const void *a, const void *b)
{
	return ((const struct mig_ci *)a)->id - ((const struct mig_ci *)b)->id;
}

int device_migs_read(struct mig_machine *machine, struct mig_nvml_gpu handle,
		     struct mig_gpu *gpu, struct mig_gpu_type *type, struct mig_error *err)
{
	unsigned max = 0;
	int slices = 0, rc;

	for (int i = 0; i < gpu->n_gis; i++)
		slices += gpu->gis[i].profile < 0
				  ? MIG_UNITS_MAX
				  : gpu->type->profiles[gpu->gis[i].profile].compute_slices;
	if (!gpu->is_partial && gpu->n_gis == 0)
		return 0;
	rc = mig_nvml_mig_max(machine->nvml, handle, &max, err);
	if (rc < 0)
		return rc == -MIG_E_PERM || rc == -MIG_E_UNSUPPORTED ? 0 : rc;
	/* Once every compute slice of every GI is accounted for no further device can exist. */
	for (unsigned i = 0; i < max && (gpu->is_partial || slices > 0); i++) {
		struct mig_error why = { 0 };
		struct mig_nvml_gpu mig;

		rc = mig_nvml_mig_by_index(machine->nvml, handle, i, &mig, &why);
		if (rc == 0)
			rc = add_mig(machine, handle, mig, (int)i, gpu, type, &why);
		if (rc < 0 && !is_answer(rc)) {
			if (err)
				*err = why;
			return rc;
		}
		slices -= rc > 0 ? rc : 0;
	}
	for (int i = 0; i < gpu->n_gis; i++)
		qsort(gpu->gis[i].cis, (size_t)gpu->gis[i].n_cis, sizeof(gpu->gis[i].cis[0]),
		      by_ci_id);
	return 0;
}
