/* SPDX-License-Identifier: Apache-2.0 */
/* From a config and the GPUs of a machine to what is wanted of each GPU. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"

struct selection {
	const struct mig_config *cfg;
	const struct mig_config_gpu *gpus;
	size_t n;
	struct mig_config_want *wants; /* @n */
	struct mig_error *err;
};

static bool passes_filter(const struct mig_config_entry *e, const struct mig_config_gpu *gpu)
{
	for (size_t i = 0; i < e->n_filters; i++) {
		const struct mig_config_filter *f = &e->filters[i];

		if (f->pci_id == gpu->pci_id && gpu->pci_id != 0 &&
		    (!f->has_subsystem || f->pci_subsystem == gpu->pci_subsystem))
			return true;
	}
	return e->n_filters == 0;
}

static bool is_listed(const struct mig_config_entry *e, int index)
{
	for (size_t i = 0; i < e->n_indices; i++) {
		if (e->indices[i] == index)
			return true;
	}
	return e->is_all;
}

bool mig_config_names(const struct mig_config_entry *entry, const struct mig_config_gpu *gpu)
{
	return passes_filter(entry, gpu) && is_listed(entry, gpu->index);
}

static bool is_for_us(const struct selection *sel, const struct mig_config_entry *e)
{
	for (size_t i = 0; i < sel->n; i++) {
		if (passes_filter(e, &sel->gpus[i]))
			return true;
	}
	return false;
}

/* A file is often written for several kinds of machine, with as many GPUs as each kind has:
 * an entry whose filter nothing here passes may list what it likes. */
static int check_indices(const struct selection *sel, const struct mig_config_entry *e)
{
	const bool is_meant = is_for_us(sel, e);

	for (size_t i = 0; is_meant && i < e->n_indices; i++) {
		size_t at = 0;

		while (at < sel->n && sel->gpus[at].index != e->indices[i])
			at++;
		if (at == sel->n)
			return mig_fail(
				sel->err, MIG_E_NOENT,
				"%s:%u: no GPU %d: this machine has %zu; take it out of "
				"\"devices\", or write devices: all",
				sel->cfg->name, e->devices_line, e->indices[i], sel->n);
	}
	return 0;
}

/* mig-parted reads "3c.3g.40gb" as the 3g.40gb that it is. true: @name splits a GPU instance. */
static bool canonical_name(const char *name, char *buf, size_t size)
{
	struct mig_config_profile p = { .attributes = "" };

	snprintf(buf, size, "%s", name);
	if (mig_config_profile_read(name, &p))
		return false;
	if (p.c == p.g)
		snprintf(buf, size, "%ug.%ugb%s", p.g, p.gb, p.attributes);
	else
		snprintf(buf, size, "%uc.%ug.%ugb%s", p.c, p.g, p.gb, p.attributes);
	return p.c != p.g;
}

/* The compute instances of every GPU instance of one profile, the largest first. */
struct pool {
	int n;
	uint8_t ci[MIG_UNITS_MAX * MIG_CI_PROFILES_MAX];
};

static void pool_add(struct pool *pool, const struct mig_profile *gi, uint8_t ci)
{
	int at = pool->n++;

	for (; at > 0 && gi->ci[pool->ci[at - 1]].compute_slices < gi->ci[ci].compute_slices;
	     at--)
		pool->ci[at] = pool->ci[at - 1];
	pool->ci[at] = ci;
}

/* Put @ci into the first of @req's GPU instances of @profile that has room. */
static bool pool_place(struct mig_request *req, uint8_t profile, uint8_t ci)
{
	const struct mig_profile *gi = &req->type->profiles[profile];

	for (int i = 0; i < req->n; i++) {
		struct mig_want *want = &req->want[i];

		if (want->profile != profile || want->n_ci == MIG_CI_PROFILES_MAX)
			continue;
		want->ci[want->n_ci] = ci;
		if (mig_ci_place(gi, want->ci, want->n_ci + 1, 0, NULL, NULL) == 0) {
			want->n_ci++;
			return true;
		}
	}
	return false;
}

/*
 * Share the GPU instances of a profile anew among its compute instances, the largest first.
 * mig-parted tries every order until one fits; the order of the file alone would take three
 * GPU instances for two 1c and two 2c of a 3g, where two do.
 */
static void share_gpu_instances(struct mig_request *req, uint8_t profile)
{
	const struct mig_profile *gi = &req->type->profiles[profile];
	struct mig_request shared = *req;
	struct pool pool = { 0 };
	int n = 0;

	for (int i = 0; i < shared.n; i++) {
		struct mig_want *want = &shared.want[i];

		if (want->profile != profile)
			continue;
		for (int k = 0; k < want->n_ci; k++)
			pool_add(&pool, gi, want->ci[k]);
		want->n_ci = 0;
	}
	for (int i = 0; i < pool.n; i++) {
		if (!pool_place(&shared, profile, pool.ci[i]))
			return;
	}
	for (int i = 0; i < shared.n; i++) {
		if (shared.want[i].n_ci > 0)
			shared.want[n++] = shared.want[i];
	}
	shared.n = n;
	*req = shared;
}

/* One at a time, so that the next finds room wherever there can be some. */
static int add_split(struct mig_request *req, const char *name, int count,
		     struct mig_error *err)
{
	for (int i = 0; i < count; i++) {
		int rc = mig_request_add_count(req, name, 1, err);

		if (rc < 0)
			return rc;
		for (int k = 0; k < req->type->n_profiles; k++)
			share_gpu_instances(req, (uint8_t)k);
	}
	return 0;
}

static int add_devices(const struct selection *sel, const struct mig_config_entry *e,
		       const struct mig_config_gpu *gpu, struct mig_request *req)
{
	char name[MIG_NAME_MAX + 32];

	for (size_t i = 0; i < e->n_devices; i++) {
		const struct mig_config_device *d = &e->devices[i];
		const bool is_split = canonical_name(d->profile, name, sizeof(name));
		int rc = is_split ? add_split(req, name, d->count, sel->err)
				  : mig_request_add_count(req, name, d->count, sel->err);

		if (rc < 0)
			return mig_wrap(sel->err, rc, "%s:%u: GPU %d", sel->cfg->name, d->line,
					gpu->index);
	}
	return 0;
}

static int make_request(const struct selection *sel, const struct mig_config_entry *e,
			const struct mig_config_gpu *gpu, struct mig_request *ret)
{
	struct mig_request req = mig_request_empty(gpu->type);
	int starts[MIG_UNITS_MAX];
	struct mig_layout empty;
	int rc;

	if (!gpu->type && e->n_devices > 0)
		return mig_fail(sel->err, MIG_E_UNSUPPORTED,
				"%s:%u: GPU %d: its profiles are not known: neither the driver "
				"nor the catalog tells them",
				sel->cfg->name, e->line, gpu->index);
	if (e->n_devices > 0) {
		rc = add_devices(sel, e, gpu, &req);
		if (rc < 0)
			return rc;
		empty = mig_layout_empty(gpu->type);
		rc = mig_request_place(&req, &empty, starts, NULL, sel->err);
		if (rc < 0)
			return mig_wrap(sel->err, rc, "%s:%u: GPU %d (%s)", sel->cfg->name,
					e->devices[0].line, gpu->index, gpu->type->key);
	}
	*ret = req;
	return 0;
}

/* @e names @gpu: write into @want what it asks. */
static int want_entry(const struct selection *sel, const struct mig_config_entry *e,
		      const struct mig_config_gpu *gpu, struct mig_config_want *want)
{
	const enum mig_config_mode mode = e->mig_enabled ? MIG_CONFIG_ON : MIG_CONFIG_OFF;
	struct mig_request req = mig_request_empty(gpu->type);
	int rc = 0;

	if (!gpu->has_mig && (e->is_all || !e->mig_enabled))
		return 0;
	if (!gpu->has_mig)
		return mig_fail(
			sel->err, MIG_E_UNSUPPORTED,
			"%s:%u: GPU %d has no MIG; take it out of \"devices\", or write "
			"devices: all, which passes over it",
			sel->cfg->name, e->devices_line, gpu->index);
	if (want->mode != MIG_CONFIG_UNTOUCHED && want->mode != mode)
		return mig_fail(sel->err, MIG_E_SYNTAX,
				"%s:%u: mig-enabled is %s here and %s on line %u for GPU %d; "
				"take the GPU out of one of the two",
				sel->cfg->name, e->line,
				mode == MIG_CONFIG_ON ? "true" : "false",
				mode == MIG_CONFIG_ON ? "false" : "true", want->line,
				gpu->index);
	if (mode == MIG_CONFIG_ON)
		rc = make_request(sel, e, gpu, &req);
	if (rc < 0)
		return rc;
	*want = (struct mig_config_want){ .mode = mode, .line = e->line, .request = req };
	return 0;
}

/* @gpu is lost, so whether it passes a filter is not known: it does if another here does. */
static int want_lost(const struct selection *sel, const struct mig_config_entry *e,
		     const struct mig_config_gpu *gpu, struct mig_config_want *want)
{
	if (!is_listed(e, gpu->index) || !is_for_us(sel, e))
		return 0;
	want->is_lost = true;
	if (e->is_all)
		return 0;
	return mig_fail(sel->err, MIG_E_NVML,
			"%s:%u: GPU %d is lost: the driver cannot reach it; take it out of "
			"\"devices\", or write devices: all, which passes over it",
			sel->cfg->name, e->devices_line, gpu->index);
}

static int apply_entry(const struct selection *sel, const struct mig_config_entry *e)
{
	int rc = check_indices(sel, e);

	for (size_t i = 0; rc == 0 && i < sel->n; i++) {
		const struct mig_config_gpu *gpu = &sel->gpus[i];

		if (gpu->is_lost)
			rc = want_lost(sel, e, gpu, &sel->wants[i]);
		else if (mig_config_names(e, gpu))
			rc = want_entry(sel, e, gpu, &sel->wants[i]);
	}
	return rc;
}

int mig_config_select(const struct mig_config *cfg, const struct mig_config_label *label,
		      const struct mig_config_gpu *gpus, size_t n, struct mig_config_want *ret,
		      struct mig_error *err)
{
	cleanup_free struct mig_config_want *wants = calloc(n + 1, sizeof(*wants));
	const struct selection sel = { cfg, gpus, n, wants, err };

	if (!wants)
		return mig_fail(err, MIG_E_NOMEM, "select %s of %s", label->name, cfg->name);
	for (size_t i = 0; i < n; i++)
		wants[i].request = mig_request_empty(gpus[i].type);
	for (size_t i = 0; i < label->n_entries; i++) {
		int rc = apply_entry(&sel, &label->entries[i]);

		if (rc < 0)
			return rc;
	}
	memcpy(ret, wants, n * sizeof(*wants));
	return 0;
}
