/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assert. mig-parted wants every GPU of the node named by the config, and as it says; of the MIG
 * modes only those of the GPUs that it names. The answer on stdout is its; why not is ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/parted/parted.h"
#include "cli/partition_file.h"
#include "shared/cleanup.h"

/* The last entry that names a GPU decides; NULL: none does. */
static const struct mig_config_entry *entry_of(const struct partition *partition,
					       const struct mig_config_gpu *gpu)
{
	const struct mig_config_label *l = partition->label;

	for (size_t i = l->n_entries; i-- > 0;) {
		if (mig_config_names(&l->entries[i], gpu))
			return &l->entries[i];
	}
	return NULL;
}

/* Is the MIG mode of a GPU as an entry says? What has no MIG has it off. */
static bool is_mode_right(const struct mig_config_entry *entry, const struct mig_gpu *gpu)
{
	return entry->mig_enabled == (gpu->has_mig && gpu->mode);
}

/* NULL, or what is wrong with a GPU; @buf may hold it. */
static const char *fault(const struct parted *p, const struct mig_config_entry *entry,
			 const struct mig_config_want *want, const struct mig_gpu *gpu,
			 char *buf, size_t size)
{
	const bool is_mode_only = parted_is(p, PARTED_MODE_ONLY);
	const struct mig_config_present have = partition_present(gpu);
	char wanted[512], has[512];

	if (gpu->is_lost)
		return "it is lost: the driver cannot reach it";
	if (!entry)
		return is_mode_only ? NULL : "the config does not name it";
	if (!gpu->has_mig)
		return entry->mig_enabled ? "it has no MIG, and the config wants MIG on" : NULL;
	if (!is_mode_right(entry, gpu))
		return entry->mig_enabled ? "MIG is off, and wanted on"
					  : "MIG is on, and wanted off";
	if (is_mode_only || mig_config_match(want, &have) != MIG_CONFIG_DIFFERENT)
		return NULL;
	snprintf(buf, size, "wanted %s; has %s",
		 partition_wanted_text(want, wanted, sizeof(wanted)),
		 partition_present_text(want, gpu, has, sizeof(has)));
	return buf;
}

static int assert_machine(const struct parted *p, struct partition *partition,
			  const struct mig_snapshot *snap)
{
	cleanup_free struct mig_config_gpu *gpus = partition_gpus(snap);
	int n_wrong = 0, rc;

	if (!gpus)
		return mig_fail(p->err, MIG_E_NOMEM, "compare %d GPUs", snap->n_gpus);
	rc = partition_select(partition, snap, p->err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < snap->n_gpus; i++) {
		char buf[1200];
		const char *why = fault(p, entry_of(partition, &gpus[i]), &partition->wants[i],
					&snap->gpus[i], buf, sizeof(buf));

		if (why)
			fprintf(stderr, "migctl: GPU %d: %s\n", snap->gpus[i].index, why);
		n_wrong += why != NULL;
	}
	if (n_wrong) {
		fprintf(stderr, "migctl: config \"%s\" is not applied\n",
			partition->label->name);
		return -MIG_E_DIFFERENT;
	}
	puts(parted_is(p, PARTED_MODE_ONLY)
		     ? "Selected MIG mode settings from configuration currently applied"
		     : "Selected MIG configuration currently applied");
	return 0;
}

/* --- --valid-config ------------------------------------------------------------------ */

/* A GPU of that type and PCI id, such as an entry may mean. */
static struct mig_config_gpu gpu_for(const struct mig_config_entry *entry,
				     const struct mig_gpu_type *type, uint32_t pci_id)
{
	struct mig_config_gpu gpu = { .index = entry->n_indices ? entry->indices[0] : 0,
				      .pci_id = pci_id,
				      .has_mig = true,
				      .type = type };

	for (size_t i = 0; i < entry->n_filters; i++) {
		if (entry->filters[i].pci_id == pci_id)
			gpu.pci_subsystem = entry->filters[i].pci_subsystem;
	}
	return gpu;
}

/* Can an entry be had of a GPU type? 0: yes, or it does not mean that type; -: its refusal. */
static int try_type(struct partition *partition, const struct mig_config_entry *entry,
		    const struct mig_gpu_type *type, bool *ret_is_meant, struct mig_error *err)
{
	struct mig_config_entry one = *entry;
	const struct mig_config_label label = { partition->label->name, entry->line, 1, &one };
	struct mig_config_want want;

	one.n_indices = entry->n_indices ? 1 : 0;
	*ret_is_meant = false;
	for (int i = 0; i < type->n_pci_ids; i++) {
		const struct mig_config_gpu gpu = gpu_for(entry, type, type->pci_ids[i]);

		if (!mig_config_names(&one, &gpu))
			continue;
		*ret_is_meant = true;
		return mig_config_select(partition->config, &label, &gpu, 1, &want, err);
	}
	return 0;
}

/*
 * Can an entry be had of some GPU type that it may mean? One for unknown GPUs is believed. Of the
 * refusals that is told which comes nearest: of too many rather than of none.
 */
static int try_types(struct partition *partition, const struct mig_config_entry *entry,
		     struct mig_catalog *catalog, struct mig_error *err)
{
	int refused = 0;

	for (int i = 0; i < mig_catalog_count(catalog); i++) {
		const struct mig_gpu_type *type;
		struct mig_error why;
		bool is_meant;
		int rc = mig_catalog_find(catalog, mig_catalog_key(catalog, i), &type, err);

		if (rc < 0)
			return rc;
		rc = type->n_profiles ? try_type(partition, entry, type, &is_meant, &why) : 0;
		if (type->n_profiles && is_meant && rc == 0)
			return 0;
		if (rc < 0 && (!refused || (rc == -MIG_E_NOSPACE && refused != rc))) {
			refused = rc;
			*err = why;
		}
	}
	return refused;
}

/* Without a machine: each entry by itself, against every GPU type that it may mean. */
static int check_catalog(struct parted *p, struct partition *partition)
{
	struct mig_catalog *catalog;
	int rc = cli_catalog(p->cli, &catalog, p->err);

	for (size_t i = 0; rc == 0 && i < partition->label->n_entries; i++) {
		rc = try_types(partition, &partition->label->entries[i], catalog, p->err);
		if (rc < 0)
			mig_hint(p->err, rc,
				 "and no other GPU type of the catalog can be cut so");
	}
	return rc;
}

static int check_valid(struct parted *p, struct partition *partition)
{
	struct mig_snapshot snap;
	int rc = cli_machine(p->cli, &snap, p->err);

	if (rc == 0) {
		rc = partition_select(partition, &snap, p->err);
		mig_snapshot_free(&snap);
	} else if (rc == -MIG_E_NOLIB) {
		rc = check_catalog(p, partition);
	}
	if (rc == 0)
		puts("Selected MIG configuration is valid");
	return rc;
}

int parted_assert(struct parted *p)
{
	struct partition partition = { 0 };
	struct mig_snapshot snap = { 0 };
	int rc = parted_read(p, &partition);

	if (rc == 0 && parted_is(p, PARTED_VALID_CONFIG)) {
		rc = check_valid(p, &partition);
	} else if (rc == 0) {
		rc = cli_machine(p->cli, &snap, p->err);
		if (rc == 0)
			rc = assert_machine(p, &partition, &snap);
		mig_snapshot_free(&snap);
	}
	partition_free(&partition);
	return rc;
}
