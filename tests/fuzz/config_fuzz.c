/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is accepted as a partition file comes back from both of its written forms as it
 * was, can be had or is refused on a mixed machine, and what can be had survives an export.
 */
#include <stdlib.h>
#include <string.h>

#include <mig/config.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

enum { N_GPUS = 5, LABELS_TRIED = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mig_config_gpu *machine(void)
{
	static const char *const keys[N_GPUS] = { "A100-SXM4-80GB", "A100-SXM4-40GB", "A30",
						  "H100-SXM5-80GB", NULL };
	static const uint32_t pci_ids[N_GPUS] = { 0x20B210DE, 0x20B010DE, 0x20B710DE,
						  0x233010DE, 0x1EB810DE };
	static struct mig_config_gpu gpus[N_GPUS];
	static struct mig_catalog *catalog;

	for (int i = 0; !catalog && i < N_GPUS; i++)
		gpus[i] = (struct mig_config_gpu){ i, pci_ids[i], 0x16C110DE, keys[i] != NULL,
						   NULL };
	if (!catalog) {
		CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
		for (int i = 0; i < N_GPUS; i++)
			CHECK(!keys[i] ||
			      mig_catalog_find(catalog, keys[i], &gpus[i].type, NULL) == 0);
	}
	return gpus;
}

static void same_entry(const struct mig_config_entry *a, const struct mig_config_entry *b)
{
	CHECK(a->is_all == b->is_all && a->mig_enabled == b->mig_enabled);
	CHECK(a->n_filters == b->n_filters && a->n_indices == b->n_indices &&
	      a->n_devices == b->n_devices);
	for (size_t i = 0; i < a->n_filters; i++)
		CHECK(a->filters[i].pci_id == b->filters[i].pci_id &&
		      a->filters[i].has_subsystem == b->filters[i].has_subsystem &&
		      a->filters[i].pci_subsystem == b->filters[i].pci_subsystem);
	for (size_t i = 0; i < a->n_indices; i++)
		CHECK(a->indices[i] == b->indices[i]);
	for (size_t i = 0; i < a->n_devices; i++)
		CHECK(strcmp(a->devices[i].profile, b->devices[i].profile) == 0 &&
		      a->devices[i].count == b->devices[i].count);
}

static void same_config(const struct mig_config *a, const struct mig_config *b)
{
	CHECK(a->n_labels == b->n_labels);
	for (size_t i = 0; i < a->n_labels; i++) {
		CHECK(strcmp(a->labels[i].name, b->labels[i].name) == 0);
		CHECK(a->labels[i].n_entries == b->labels[i].n_entries);
		for (size_t k = 0; k < a->labels[i].n_entries; k++)
			same_entry(&a->labels[i].entries[k], &b->labels[i].entries[k]);
	}
}

static void round_trip(const struct mig_config *cfg, enum mig_config_format format)
{
	struct mig_config *again = NULL;
	char *text = NULL;

	CHECK(mig_config_write(cfg, format, &text, NULL) == 0);
	CHECK(mig_config_parse(text, strlen(text), "again", &again, NULL) == 0);
	same_config(cfg, again);
	mig_config_free(again);
	free(text);
}

/* A machine that is as @wants say, exported, wants the same. */
static void export_and_back(const struct mig_config_want *wants)
{
	struct mig_config_present present[N_GPUS];
	struct mig_config_want back[N_GPUS];
	struct mig_config *cfg = NULL;

	for (int i = 0; i < N_GPUS; i++) {
		present[i] = (struct mig_config_present){ i, machine()[i].pci_id,
							  wants[i].mode == MIG_CONFIG_ON,
							  wants[i].request };
		CHECK(mig_config_match(&wants[i], &present[i]) == MIG_CONFIG_SAME);
	}
	CHECK(mig_config_export("x", present, N_GPUS, &cfg, NULL) == 0);
	round_trip(cfg, MIG_CONFIG_YAML);
	CHECK(mig_config_select(cfg, cfg->labels, machine(), N_GPUS, back, NULL) == 0);
	for (int i = 0; i < N_GPUS; i++)
		CHECK(mig_config_match(&back[i], &present[i]) != MIG_CONFIG_DIFFERENT);
	mig_config_free(cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_config *cfg = NULL;
	struct mig_error err = { 0 };

	if (mig_config_parse((const char *)data, size, "fuzz", &cfg, &err) < 0) {
		CHECK(cfg == NULL && err.msg[0] != '\0');
		return 0;
	}
	round_trip(cfg, MIG_CONFIG_YAML);
	round_trip(cfg, MIG_CONFIG_JSON);
	for (size_t i = 0; i < cfg->n_labels && i < LABELS_TRIED; i++) {
		if (mig_config_select(cfg, &cfg->labels[i], machine(), N_GPUS, wants, &err) ==
		    0)
			export_and_back(wants);
		else
			CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
	}
	mig_config_free(cfg);
	return 0;
}
