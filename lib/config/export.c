/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands, as a config: first an entry for each content that a GPU has, then the
 * filters and lists of devices as short as they can be. Both as mig-parted's export does,
 * so that the two tools' files of one machine are alike.
 */
#include "config.h"

#include <string.h>

/* An entry while it is built. */
struct group {
	size_t first; /* the GPU whose content it has */
	size_t n_indices, n_filters;
	int *indices;                      /* rising */
	struct mig_config_filter *filters; /* rising, each once */
	size_t n_devices;
	struct mig_config_device *devices; /* by name */
};

struct export
{
	struct mig_config *cfg;
	const struct mig_config_present *gpus;
	size_t n;
	struct group *groups;
	size_t n_groups;
};

static const char *device_name(const struct mig_gpu_type *type, const struct mig_want *gi,
			       int i)
{
	const struct mig_profile *p = &type->profiles[gi->profile];
	const struct mig_ci_profile *c = &p->ci[gi->ci[i]];

	return c->is_default ? p->name : c->name;
}

/* One more MIG device of that name; they stay in the order of 1g.5gb before 1g.10gb. */
static void count_device(struct group *g, const char *name)
{
	size_t at = 0;

	while (at < g->n_devices && strverscmp(g->devices[at].profile, name) < 0)
		at++;
	if (at == g->n_devices || strcmp(g->devices[at].profile, name) != 0) {
		memmove(&g->devices[at + 1], &g->devices[at],
			(g->n_devices - at) * sizeof(g->devices[0]));
		g->devices[at] = (struct mig_config_device){ .profile = name };
		g->n_devices++;
	}
	g->devices[at].count++;
}

static void count_devices(struct group *g, const struct mig_config_present *gpu)
{
	for (int i = 0; gpu->mig_enabled && i < gpu->have.n; i++) {
		for (int k = 0; k < gpu->have.want[i].n_ci; k++)
			count_device(g, device_name(gpu->have.type, &gpu->have.want[i], k));
	}
}

static bool same_content(const struct export *x, const struct group *a, const struct group *b)
{
	if (x->gpus[a->first].mig_enabled != x->gpus[b->first].mig_enabled ||
	    a->n_devices != b->n_devices)
		return false;
	for (size_t i = 0; i < a->n_devices; i++) {
		if (strcmp(a->devices[i].profile, b->devices[i].profile) != 0 ||
		    a->devices[i].count != b->devices[i].count)
			return false;
	}
	return true;
}

static void add_index(struct group *g, int index)
{
	size_t at = g->n_indices++;

	for (; at > 0 && g->indices[at - 1] > index; at--)
		g->indices[at] = g->indices[at - 1];
	g->indices[at] = index;
}

static void add_filter(struct group *g, uint32_t pci_id)
{
	size_t at = 0;

	while (at < g->n_filters && g->filters[at].pci_id < pci_id)
		at++;
	if (at < g->n_filters && g->filters[at].pci_id == pci_id)
		return;
	memmove(&g->filters[at + 1], &g->filters[at],
		(g->n_filters - at) * sizeof(g->filters[0]));
	g->filters[at] = (struct mig_config_filter){ .pci_id = pci_id };
	g->n_filters++;
}

/* Names borrowed from the GPU type would not outlive it. */
static int own_names(struct export *x, struct group *g)
{
	for (size_t i = 0; i < g->n_devices; i++) {
		g->devices[i].profile = mig_config_copy(x->cfg, g->devices[i].profile);
		if (!g->devices[i].profile)
			return -1;
	}
	return 0;
}

/* The group that has the content of GPU @i, made if there is none; NULL: out of memory. */
static struct group *group_of(struct export *x, size_t i)
{
	const size_t room = MIG_UNITS_MAX * MIG_CI_PROFILES_MAX;
	struct group *g = &x->groups[x->n_groups];

	*g = (struct group){ .first = i };
	g->devices = mig_config_alloc(x->cfg, room, sizeof(*g->devices));
	if (!g->devices)
		return NULL;
	count_devices(g, &x->gpus[i]);
	for (size_t k = 0; k < x->n_groups; k++) {
		if (same_content(x, &x->groups[k], g))
			return &x->groups[k];
	}
	g->indices = mig_config_alloc(x->cfg, x->n, sizeof(*g->indices));
	g->filters = mig_config_alloc(x->cfg, x->n, sizeof(*g->filters));
	if (!g->indices || !g->filters || own_names(x, g) < 0)
		return NULL;
	x->n_groups++;
	return g;
}

static bool has_filter(const struct group *g, uint32_t pci_id)
{
	for (size_t i = 0; i < g->n_filters; i++) {
		if (g->filters[i].pci_id == pci_id)
			return true;
	}
	return false;
}

static bool is_one_kind(const struct export *x)
{
	for (size_t i = 1; i < x->n; i++) {
		if (x->gpus[i].pci_id != x->gpus[0].pci_id)
			return false;
	}
	return true;
}

static struct mig_config_entry finish(const struct export *x, const struct group *g)
{
	struct mig_config_entry e = { .mig_enabled = x->gpus[g->first].mig_enabled,
				      .n_devices = g->n_devices,
				      .devices = g->devices };
	/* No filter means a GPU whose PCI id is not known. */
	const bool is_filtered = x->n_groups > 1 && !is_one_kind(x) && !has_filter(g, 0);
	size_t n_passing = 0;

	for (size_t i = 0; i < x->n; i++)
		n_passing += !is_filtered || has_filter(g, x->gpus[i].pci_id);
	e.is_all = n_passing == g->n_indices;
	if (!e.is_all) {
		e.n_indices = g->n_indices;
		e.indices = g->indices;
	}
	if (is_filtered) {
		e.n_filters = g->n_filters;
		e.filters = g->filters;
	}
	return e;
}

static int fill(struct export *x, const char *name)
{
	struct mig_config_label *label = mig_config_alloc(x->cfg, 1, sizeof(*label));
	struct mig_config_entry *entries;

	x->groups = mig_config_alloc(x->cfg, x->n, sizeof(*x->groups));
	if (!label || !x->groups)
		return -1;
	for (size_t i = 0; i < x->n; i++) {
		struct group *g = group_of(x, i);

		if (!g)
			return -1;
		add_index(g, x->gpus[i].index);
		add_filter(g, x->gpus[i].pci_id);
	}
	entries = mig_config_alloc(x->cfg, x->n_groups, sizeof(*entries));
	label->name = mig_config_copy(x->cfg, name);
	if (!entries || !label->name)
		return -1;
	for (size_t i = 0; i < x->n_groups; i++)
		entries[i] = finish(x, &x->groups[i]);
	label->entries = entries;
	label->n_entries = x->n_groups;
	x->cfg->labels = label;
	x->cfg->n_labels = 1;
	return 0;
}

int mig_config_export(const char *label, const struct mig_config_present *gpus, size_t n,
		      struct mig_config **ret, struct mig_error *err)
{
	const char *name = label && *label ? label : "current";
	const char *fault = mig_config_label_fault(name);
	struct export x = { .gpus = gpus, .n = n };

	if (fault)
		return mig_fail(err, MIG_E_INVAL, "%s", fault);
	if (n == 0)
		return mig_fail(err, MIG_E_INVAL,
				"no GPU here whose partition could be exported");
	x.cfg = mig_config_new("export");
	if (!x.cfg || fill(&x, name) < 0) {
		mig_config_free(x.cfg);
		return mig_fail(err, MIG_E_NOMEM, "export %s", name);
	}
	*ret = x.cfg;
	return 0;
}
