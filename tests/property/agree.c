/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver says must be what the account says.
 */
#include "tests/property/walk.h"

void capacities_agree(const struct walk *w)
{
	for (int p = 0; p < w->acc.family->n_profiles; p++) {
		unsigned n = ~0U;

		CHECK_RC(nv.nvmlDeviceGetGpuInstanceRemainingCapacity(
				 w->device, (unsigned)profile_of(w, p)->id, &n),
			 NVML_SUCCESS);
		CHECK_EQ(n, account_capacity(&w->acc, p));
	}
}

static void ci_listing_agrees(const struct walk *w, nvmlGpuInstance_t gi, int id, int kind,
			      const struct account_kind *k)
{
	nvmlComputeInstance_t cis[ACCOUNT_CIS];
	unsigned n = ACCOUNT_CIS, n_free = ~0U, expected = 0;

	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstances(gi, (unsigned)k->id, cis, &n),
		 NVML_SUCCESS);
	for (unsigned i = 0; i < n; i++) {
		nvmlComputeInstanceInfo_t info;
		const struct account_ci *ci;

		CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(cis[i], &info), NVML_SUCCESS);
		CHECK(info.id < ACCOUNT_CIS);
		ci = &w->acc.gi[id].ci[info.id];
		CHECK(ci->is_used && ci->kind == kind);
		CHECK_EQ(info.placement.start, ci->start);
		CHECK_EQ(info.placement.size, k->size);
	}
	for (int c = 0; c < ACCOUNT_CIS; c++)
		expected += w->acc.gi[id].ci[c].is_used && w->acc.gi[id].ci[c].kind == kind;
	CHECK_EQ(n, expected);
	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi, (unsigned)k->id,
								       &n_free),
		 NVML_SUCCESS);
	CHECK_EQ(n_free, account_ci_capacity(&w->acc, id, kind));
}

static void gi_agrees(const struct walk *w, nvmlGpuInstance_t gi, int profile)
{
	struct account_kind kinds[ACCOUNT_KINDS];
	const int n_kinds = account_kinds(profile_of(w, profile), kinds);
	nvmlGpuInstanceInfo_t info;

	CHECK_RC(nv.nvmlGpuInstanceGetInfo(gi, &info), NVML_SUCCESS);
	CHECK(info.id < ACCOUNT_IDS && w->acc.gi[info.id].is_used);
	CHECK_EQ(w->acc.gi[info.id].profile, profile);
	CHECK_EQ(info.profileId, profile_of(w, profile)->id);
	CHECK_EQ(info.placement.start, account_start(&w->acc, (int)info.id));
	CHECK_EQ(info.placement.size, account_size(&w->acc, profile));
	for (int k = 0; k < n_kinds; k++)
		ci_listing_agrees(w, gi, (int)info.id, k, &kinds[k]);
}

/* The CI that the walk gave index @i, if it still stands. */
static bool has_index(const struct walk *w, int i)
{
	const struct account_gi *gi = &w->acc.gi[w->index[i].gi];

	return w->index[i].serial && gi->is_used && gi->ci[w->index[i].ci].is_used &&
	       gi->ci[w->index[i].ci].serial == w->index[i].serial;
}

static bool is_indexed(const struct walk *w, unsigned long serial)
{
	for (int i = 0; i < INDICES; i++) {
		if (w->index[i].serial == serial)
			return true;
	}
	return false;
}

/* A MIG device that goes leaves a hole; new ones, by GI and CI id, take the lowest free
 * indices; a fresh nvmlInit begins anew. */
static void number_mig_devices(struct walk *w)
{
	for (int i = 0; i < INDICES; i++) {
		if (!has_index(w, i))
			w->index[i].serial = 0;
	}
	for (int place = 0; place < ACCOUNT_IDS * ACCOUNT_CIS; place++) {
		const int gi = place / ACCOUNT_CIS, ci = place % ACCOUNT_CIS;
		const struct account_ci *c = &w->acc.gi[gi].ci[ci];
		int i = 0;

		if (!w->acc.gi[gi].is_used || !c->is_used || is_indexed(w, c->serial))
			continue;
		while (w->index[i].serial)
			i++;
		w->index[i] = (struct mig_index){ c->serial, gi, ci };
	}
}

static void mig_devices_agree(struct walk *w)
{
	unsigned max = 0;

	number_mig_devices(w);
	CHECK_RC(nv.nvmlDeviceGetMaxMigDeviceCount(w->device, &max), NVML_SUCCESS);
	CHECK(max <= INDICES);
	for (unsigned i = 0; i < INDICES; i++) {
		nvmlDevice_t mig;
		unsigned gi, ci;
		const nvmlReturn_t rc =
			nv.nvmlDeviceGetMigDeviceHandleByIndex(w->device, i, &mig);

		if (i >= max) {
			CHECK(rc != NVML_SUCCESS && !w->index[i].serial);
			continue;
		}
		CHECK_RC(rc, w->index[i].serial ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND);
		if (rc != NVML_SUCCESS)
			continue;
		CHECK_RC(nv.nvmlDeviceGetGpuInstanceId(mig, &gi), NVML_SUCCESS);
		CHECK_RC(nv.nvmlDeviceGetComputeInstanceId(mig, &ci), NVML_SUCCESS);
		CHECK_EQ(gi, w->index[i].gi);
		CHECK_EQ(ci, w->index[i].ci);
	}
}

void listings_agree(struct walk *w)
{
	unsigned current = ~0U, pending = ~0U;
	int n_listed = 0;

	CHECK_RC(nv.nvmlDeviceGetMigMode(w->device, &current, &pending), NVML_SUCCESS);
	CHECK_EQ(current, w->acc.is_on);
	CHECK_EQ(pending, w->acc.is_on);
	if (!w->acc.is_on)
		return;
	for (int p = 0; p < w->acc.family->n_profiles; p++) {
		nvmlGpuInstance_t gis[ACCOUNT_IDS];
		unsigned n = ACCOUNT_IDS;

		CHECK_RC(nv.nvmlDeviceGetGpuInstances(w->device, (unsigned)profile_of(w, p)->id,
						      gis, &n),
			 NVML_SUCCESS);
		for (unsigned i = 0; i < n; i++)
			gi_agrees(w, gis[i], p);
		n_listed += (int)n;
	}
	CHECK_EQ(n_listed, account_n_gis(&w->acc));
	mig_devices_agree(w);
}
