/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/partition_file.h"

#include <stdlib.h>
#include <string.h>

#include "cli/verb.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/yaml.h"

int partition_read(struct partition *p, const char *path, const char *label,
		   struct mig_error *err)
{
	const char *name = cli_file(path);
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(name, YAML_BYTES_MAX, &text, &len, err);

	if (rc < 0)
		return rc;
	if (mig_layout_file_is(text, len)) {
		if (label && *label)
			return mig_fail(err, MIG_E_INVAL,
					"%s is a layout file, which has no configs to choose "
					"from; leave -c out",
					name);
		return mig_layout_file_parse(text, len, name, &p->layout, err);
	}
	rc = mig_config_parse(text, len, name, &p->config, err);
	return rc < 0 ? rc : mig_config_find(p->config, label, &p->label, err);
}

void partition_free(struct partition *p)
{
	mig_config_free(p->config);
	mig_layout_file_free(p->layout);
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
						   .type = g->type,
						   .uuid = g->uuid,
						   .bus_id = g->bus_id,
						   .is_lost = g->is_lost };
	}
	return gpus;
}

struct mig_layout_machine partition_machine(const struct mig_snapshot *snap)
{
	return (struct mig_layout_machine){ snap->is_simulated, snap->machine };
}

static int select_layout(struct partition *p, const struct mig_snapshot *snap,
			 const struct mig_config_gpu *gpus, struct mig_error *err)
{
	const struct mig_layout_machine here = partition_machine(snap);
	int rc = mig_layout_file_select(p->layout, p->is_any_machine ? NULL : &here, gpus,
					(size_t)snap->n_gpus, p->wants, err);

	return rc == -MIG_E_MACHINE ? mig_hint(err, rc, "--any-machine takes it all the same")
				    : rc;
}

int partition_select(struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus;
	struct mig_config_gpu *gpus = partition_gpus(snap);
	int rc;

	free(p->wants);
	p->wants = calloc(n + 1, sizeof(*p->wants));
	if (!gpus || !p->wants)
		rc = mig_fail(err, MIG_E_NOMEM, "read what %zu GPUs shall be", n);
	else if (p->layout)
		rc = select_layout(p, snap, gpus, err);
	else
		rc = mig_config_select(p->config, p->label, gpus, n, p->wants, err);
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
		ret[i] = (struct mig_wanted){ modes[p->wants[i].mode], p->wants[i].request,
					      p->wants[i].names };
	return rc;
}

struct mig_config_present partition_present(const struct mig_gpu *gpu)
{
	return (struct mig_config_present){ .index = gpu->index,
					    .pci_id = gpu->pci_id,
					    .mig_enabled = gpu->mode,
					    .have = mig_gpu_request(gpu),
					    .is_lost = gpu->is_lost };
}

const char *partition_wanted_text(const struct mig_config_want *want, char *buf, size_t size)
{
	if (want->mode == MIG_CONFIG_OFF)
		return "MIG off";
	return want->request.n ? mig_request_format(&want->request, buf, size) : "no instances";
}

const char *partition_present_text(const struct mig_config_want *want,
				   const struct mig_gpu *gpu, char *buf, size_t size)
{
	struct mig_request have = mig_gpu_request(gpu);

	if (gpu->is_lost)
		return "lost";
	if (!gpu->mode)
		return "MIG off";
	/* As in a partition file: names and counts, which have no place. */
	for (int i = 0; i < have.n && !want->is_exact; i++)
		have.want[i].start = -1;
	return have.n ? mig_request_format(&have, buf, size) : "no instances";
}

const char *partition_hidden_difference(const struct mig_config_want *want,
					const struct mig_gpu *gpu, const char *wanted,
					const char *has)
{
	const struct mig_config_present have = partition_present(gpu);
	struct mig_config_want anywhere = *want;

	for (int i = 0; i < anywhere.request.n; i++)
		memset(anywhere.request.want[i].ci_start, -1,
		       sizeof(anywhere.request.want[i].ci_start));
	if (mig_config_match(&anywhere, &have) == MIG_CONFIG_SAME)
		return "its compute instances begin elsewhere";
	return strcmp(wanted, has) == 0 ? "its compute instances are others" : "";
}
