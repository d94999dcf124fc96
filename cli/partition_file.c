/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/partition_file.h"

#include <stdlib.h>
#include <string.h>

int partition_read(struct partition *p, const char *path, const char *label,
		   struct mig_error *err)
{
	int rc = mig_config_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &p->config, err);

	return rc < 0 ? rc : mig_config_find(p->config, label, &p->label, err);
}

void partition_free(struct partition *p)
{
	mig_config_free(p->config);
	free(p->wants);
}

struct mig_config_gpu *partition_gpus(const struct mig_snapshot *snap)
{
	struct mig_config_gpu *gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*gpus));

	for (int i = 0; gpus && i < snap->n_gpus; i++) {
		const struct mig_gpu *g = &snap->gpus[i];

		gpus[i] = (struct mig_config_gpu){ .index = g->index,
						   .pci_id = g->pci_id,
						   .pci_subsystem = g->pci_subsystem,
						   .has_mig = g->has_mig,
						   .type = g->type };
	}
	return gpus;
}

int partition_select(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus;
	struct mig_config_gpu *gpus = partition_gpus(snap);
	int rc;

	free(p->wants);
	p->wants = calloc(n + 1, sizeof(*p->wants));
	if (gpus && p->wants)
		rc = mig_config_select(p->config, p->label, gpus, n, p->wants, err);
	else
		rc = mig_fail(err, MIG_E_NOMEM, "read what %zu GPUs shall be", n);
	free(gpus);
	return rc;
}

int partition_wanted(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_wanted *ret, struct mig_error *err)
{
	static const enum mig_want_mode modes[] = {
		[MIG_CONFIG_UNTOUCHED] = MIG_WANT_UNTOUCHED,
		[MIG_CONFIG_OFF] = MIG_WANT_OFF,
		[MIG_CONFIG_ON] = MIG_WANT_ON,
	};
	int rc = partition_select(p, snap, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++)
		ret[i] = (struct mig_wanted){ modes[p->wants[i].mode], p->wants[i].request };
	return rc;
}

struct mig_config_present partition_present(const struct mig_gpu *gpu)
{
	return (struct mig_config_present){ .index = gpu->index,
					    .pci_id = gpu->pci_id,
					    .mig_enabled = gpu->mode,
					    .have = mig_gpu_request(gpu) };
}

const char *partition_wanted_text(const struct mig_config_want *want, char *buf, size_t size)
{
	if (want->mode == MIG_CONFIG_OFF)
		return "MIG off";
	return want->request.n ? mig_request_format(&want->request, buf, size) : "no instances";
}

const char *partition_present_text(const struct mig_gpu *gpu, char *buf, size_t size)
{
	struct mig_request have = mig_gpu_request(gpu);

	if (!gpu->mode)
		return "MIG off";
	/* As in the file: names and counts, which have no place. */
	for (int i = 0; i < have.n; i++)
		have.want[i].start = -1;
	return have.n ? mig_request_format(&have, buf, size) : "no instances";
}
