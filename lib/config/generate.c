/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file to choose from, for the GPUs that are here. Labels are named as mig-parted's
 * generate-config names them; the numbers come from geometry, not from what a driver says fits.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"

enum {
	BASE_SLICES_MAX = 3,                        /* all-balanced is made of 1g, 2g and 3g */
	LABEL_BYTES = MIG_NAME_MAX + sizeof("all-") /* "all-" and a profile's name */
};

/* GPUs of one PCI id. */
struct kind {
	uint32_t pci_id;
	const struct mig_gpu_type *type;
};

struct generation {
	struct mig_config *cfg;
	struct kind *kinds; /* by rising PCI id */
	size_t n_kinds;
	struct mig_config_label *labels;
	size_t n_labels;
};

/* --- what fits --------------------------------------------------------------------- */

static bool fits(const struct mig_gpu_type *type, const struct mig_config_device *devices,
		 size_t n)
{
	struct mig_request req = mig_request_empty(type);
	const struct mig_layout empty = mig_layout_empty(type);
	int starts[MIG_UNITS_MAX];

	for (size_t i = 0; i < n; i++) {
		if (mig_request_add_count(&req, devices[i].profile, devices[i].count, NULL) < 0)
			return false;
	}
	return mig_request_place(&req, &empty, starts, NULL, NULL) == 0;
}

/* How many instances of a profile an empty GPU holds. */
static int most(const struct mig_gpu_type *type, const struct mig_profile *p)
{
	int count = p->max_count;

	while (count > 0 && !fits(type, &(struct mig_config_device){ p->name, count, 0 }, 1))
		count--;
	return count;
}

/* The plain profiles of one, two and three slices, of each the one that most of fit. */
static unsigned base_profiles(const struct mig_gpu_type *type,
			      const struct mig_profile *ret[BASE_SLICES_MAX + 1])
{
	unsigned slices = 0;

	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];
		struct mig_config_profile name;

		if (mig_config_profile_read(p->name, &name) || *name.attributes)
			continue;
		slices = name.g > slices ? name.g : slices;
		if (name.g >= 1 && name.g <= BASE_SLICES_MAX &&
		    (!ret[name.g] || most(type, p) > most(type, ret[name.g])))
			ret[name.g] = p;
	}
	return slices;
}

/* Return: how many lines of @ret; 0: this GPU type has no balanced config. */
static size_t balance(const struct mig_gpu_type *type,
		      struct mig_config_device ret[BASE_SLICES_MAX])
{
	static const struct {
		unsigned slices;
		int counts[BASE_SLICES_MAX + 1];
	} rows[] = { { 7, { 0, 2, 1, 1 } }, { 4, { 0, 2, 1, 0 } } };
	const struct mig_profile *base[BASE_SLICES_MAX + 1] = { NULL };
	const unsigned slices = base_profiles(type, base);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;

		if (rows[i].slices != slices)
			continue;
		for (int g = 1; g <= BASE_SLICES_MAX; g++) {
			if (rows[i].counts[g] && !base[g])
				return 0;
			if (rows[i].counts[g])
				ret[n++] = (struct mig_config_device){ base[g]->name,
								       rows[i].counts[g], 0 };
		}
		return fits(type, ret, n) ? n : 0;
	}
	return 0;
}

/* --- kinds of GPU ------------------------------------------------------------------ */

static void add_kind(struct generation *x, const struct mig_config_gpu *gpu)
{
	size_t at = 0;

	while (at < x->n_kinds && x->kinds[at].pci_id < gpu->pci_id)
		at++;
	if (at < x->n_kinds && x->kinds[at].pci_id == gpu->pci_id)
		return;
	memmove(&x->kinds[at + 1], &x->kinds[at], (x->n_kinds - at) * sizeof(x->kinds[0]));
	x->kinds[at] = (struct kind){ gpu->pci_id, gpu->type };
	x->n_kinds++;
}

/* The names of all kinds' profiles, each once. Return: how many. */
static size_t profile_names(const struct generation *x, const char **ret)
{
	size_t n = 0;

	for (size_t k = 0; k < x->n_kinds; k++) {
		for (int i = 0; i < x->kinds[k].type->n_profiles; i++) {
			const char *name = x->kinds[k].type->profiles[i].name;
			size_t at = 0;

			while (at < n && strcmp(ret[at], name) != 0)
				at++;
			if (at == n)
				ret[n++] = name;
		}
	}
	return n;
}

/* --- labels ------------------------------------------------------------------------ */

/* A new label with room for @n entries; NULL: out of memory. */
static struct mig_config_entry *add_label(struct generation *x, const char *name, size_t n)
{
	struct mig_config_label *label = &x->labels[x->n_labels];
	struct mig_config_entry *entries = mig_config_alloc(x->cfg, n, sizeof(*entries));

	label->name = mig_config_copy(x->cfg, name);
	if (!entries || !label->name)
		return NULL;
	label->entries = entries;
	x->n_labels++;
	return entries;
}

/* An entry for the kinds of which @is_meant: MIG on with these devices. -1: out of memory. */
static int fill_entry(struct generation *x, struct mig_config_entry *entry,
		      const struct mig_config_device *devices, size_t n, const bool *is_meant)
{
	struct mig_config_device *own = mig_config_alloc(x->cfg, n, sizeof(*own));
	struct mig_config_filter *filters =
		mig_config_alloc(x->cfg, x->n_kinds, sizeof(*filters));

	if (!own || !filters)
		return -1;
	for (size_t i = 0; i < n; i++) {
		own[i] = devices[i];
		own[i].profile = mig_config_copy(x->cfg, devices[i].profile);
		if (!own[i].profile)
			return -1;
	}
	*entry = (struct mig_config_entry){ .is_all = true,
					    .mig_enabled = true,
					    .n_devices = n,
					    .devices = own,
					    .filters = filters,
					    .is_filter_list = true };
	for (size_t k = 0; k < x->n_kinds && x->n_kinds > 1; k++) {
		if (is_meant[k])
			filters[entry->n_filters++].pci_id = x->kinds[k].pci_id;
	}
	return 0;
}

/* An entry for each number that some kind holds of the profile, the smallest first. */
static int fill_profile(struct generation *x, struct mig_config_label *label,
			struct mig_config_entry *entries, const char *name, const int *counts,
			bool *is_meant)
{
	for (int count = 1; count <= MIG_UNITS_MAX; count++) {
		const struct mig_config_device device = { name, count, 0 };
		bool has_any = false;

		for (size_t k = 0; k < x->n_kinds; k++) {
			is_meant[k] = counts[k] == count;
			has_any |= is_meant[k];
		}
		if (has_any &&
		    fill_entry(x, &entries[label->n_entries++], &device, 1, is_meant) < 0)
			return -1;
	}
	return 0;
}

/* "1g.10gb+me" is of the config all-1g.10gb.me. */
static void label_name(char *buf, size_t size, const char *profile)
{
	snprintf(buf, size, "all-%s", profile);
	for (char *plus = buf; (plus = strchr(plus, '+')) != NULL;)
		*plus = '.';
}

static int add_profile(struct generation *x, const char *profile)
{
	cleanup_free int *counts = calloc(x->n_kinds + 1, sizeof(*counts));
	cleanup_free bool *is_meant = calloc(x->n_kinds + 1, sizeof(*is_meant));
	struct mig_config_label *label = &x->labels[x->n_labels];
	struct mig_config_entry *entries;
	char name[LABEL_BYTES];

	label_name(name, sizeof(name), profile);
	entries = add_label(x, name, x->n_kinds);
	if (!counts || !is_meant || !entries)
		return -1;
	for (size_t k = 0; k < x->n_kinds; k++) {
		const struct mig_profile *p = mig_profile_find(x->kinds[k].type, profile);

		counts[k] = p ? most(x->kinds[k].type, p) : 0;
	}
	if (fill_profile(x, label, entries, profile, counts, is_meant) < 0)
		return -1;
	x->n_labels -= label->n_entries == 0;
	return 0;
}

static int add_balanced(struct generation *x)
{
	cleanup_free bool *is_meant = calloc(x->n_kinds + 1, sizeof(*is_meant));
	struct mig_config_label *label = &x->labels[x->n_labels];
	struct mig_config_entry *entries = add_label(x, "all-balanced", x->n_kinds);

	if (!is_meant || !entries)
		return -1;
	for (size_t k = 0; k < x->n_kinds; k++) {
		struct mig_config_device devices[BASE_SLICES_MAX];
		const size_t n = balance(x->kinds[k].type, devices);

		is_meant[k] = true;
		if (n && fill_entry(x, &entries[label->n_entries++], devices, n, is_meant) < 0)
			return -1;
		is_meant[k] = false;
	}
	x->n_labels -= label->n_entries == 0;
	return 0;
}

/* all-disabled, all-enabled: of GPUs of any kind. */
static int add_modes(struct generation *x)
{
	static const char *const names[] = { "all-disabled", "all-enabled" };

	for (size_t i = 0; i < 2; i++) {
		struct mig_config_label *label = &x->labels[x->n_labels];
		struct mig_config_entry *entry = add_label(x, names[i], 1);

		if (!entry)
			return -1;
		*entry = (struct mig_config_entry){ .is_all = true, .mig_enabled = i == 1 };
		label->n_entries = 1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct mig_config_label *)a)->name,
			  ((const struct mig_config_label *)b)->name);
}

static int fill(struct generation *x)
{
	const size_t room = x->n_kinds * MIG_PROFILES_MAX;
	cleanup_free const char **names = calloc(room, sizeof(*names));
	size_t n;

	x->labels = mig_config_alloc(x->cfg, room + 3, sizeof(*x->labels));
	if (!names || !x->labels || add_modes(x) < 0 || add_balanced(x) < 0)
		return -1;
	n = profile_names(x, names);
	for (size_t i = 0; i < n; i++) {
		if (add_profile(x, names[i]) < 0)
			return -1;
	}
	qsort(x->labels, x->n_labels, sizeof(*x->labels), by_name);
	x->cfg->labels = x->labels;
	x->cfg->n_labels = x->n_labels;
	return 0;
}

int mig_config_generate(const struct mig_config_gpu *gpus, size_t n, struct mig_config **ret,
			struct mig_error *err)
{
	cleanup_free struct kind *kinds = calloc(n + 1, sizeof(*kinds));
	struct generation x = { .kinds = kinds };
	size_t n_capable = 0;

	if (!kinds)
		return mig_fail(err, MIG_E_NOMEM, "generate configs");
	for (size_t i = 0; i < n; i++) {
		n_capable += gpus[i].has_mig;
		if (gpus[i].has_mig && gpus[i].type && gpus[i].type->n_profiles > 0)
			add_kind(&x, &gpus[i]);
	}
	if (x.n_kinds == 0)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				n_capable ? "the profiles of the GPUs here are not known: "
					    "neither the driver nor the catalog tells them"
					  : "no GPU here can do MIG");
	x.cfg = mig_config_new("generated");
	if (!x.cfg || fill(&x) < 0) {
		mig_config_free(x.cfg);
		return mig_fail(err, MIG_E_NOMEM, "generate configs");
	}
	*ret = x.cfg;
	return 0;
}
