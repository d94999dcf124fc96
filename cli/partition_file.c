/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/partition.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/yaml.h"

static int read_layout(struct cli *cli, struct partition *p, const char *text, size_t len,
		       struct mig_error *err)
{
	const char *path = cli_option(cli, "file");

	if (cli_option(cli, "config"))
		return mig_fail(err, MIG_E_INVAL,
				"%s is a layout file, which has no configs to choose from; "
				"leave -c out",
				path);
	return mig_layout_file_parse(text, len, path, &p->layout, err);
}

int partition_read(struct cli *cli, struct partition *p, struct mig_error *err)
{
	const char *path = cli_option(cli, "file");
	cleanup_free char *text = NULL;
	size_t len;
	int rc;

	if (!path)
		return mig_fail(err, MIG_E_INVAL,
				"%s wants a file: migctl %s -f FILE [-c NAME]", cli->verb->name,
				cli->verb->name);
	rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);
	if (rc < 0)
		return rc;
	if (mig_layout_file_is(text, len))
		return read_layout(cli, p, text, len, err);
	rc = mig_config_parse(text, len, path, &p->config, err);
	if (rc < 0)
		return rc;
	return mig_config_find(p->config, cli_option(cli, "config"), &p->label, err);
}

struct mig_layout_machine partition_machine(const struct mig_snapshot *snap)
{
	return (struct mig_layout_machine){ snap->is_simulated, snap->machine };
}

static int select_layout(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
			 const struct mig_config_gpu *gpus, struct mig_error *err)
{
	const struct mig_layout_machine here = partition_machine(snap);
	int rc =
		mig_layout_file_select(p->layout, cli_option(cli, "any-machine") ? NULL : &here,
				       gpus, (size_t)snap->n_gpus, p->wants, err);

	return rc == -MIG_E_MACHINE ? mig_hint(err, rc, "--any-machine takes it all the same")
				    : rc;
}

int partition_select(struct cli *cli, struct partition *p, const struct mig_snapshot *snap,
		     struct mig_error *err)
{
	const size_t n = (size_t)snap->n_gpus;
	cleanup_free struct mig_config_gpu *gpus = calloc(n + 1, sizeof(*gpus));

	free(p->wants);
	p->wants = calloc(n + 1, sizeof(*p->wants));
	if (!gpus || !p->wants)
		return mig_fail(err, MIG_E_NOMEM, "read what %zu GPUs shall be", n);
	for (size_t i = 0; i < n; i++) {
		const struct mig_gpu *g = &snap->gpus[i];

		gpus[i] = (struct mig_config_gpu){ .index = g->index,
						   .pci_id = g->pci_id,
						   .pci_subsystem = g->pci_subsystem,
						   .has_mig = g->has_mig,
						   .type = g->type,
						   .uuid = g->uuid,
						   .bus_id = g->bus_id };
	}
	if (p->layout)
		return select_layout(cli, p, snap, gpus, err);
	return mig_config_select(p->config, p->label, gpus, n, p->wants, err);
}

void partition_free(struct partition *p)
{
	mig_config_free(p->config);
	mig_layout_file_free(p->layout);
	free(p->wants);
}

struct mig_config_present partition_present(const struct mig_gpu *gpu)
{
	return (struct mig_config_present){ .index = gpu->index,
					    .pci_id = gpu->pci_id,
					    .mig_enabled = gpu->mode,
					    .have = mig_gpu_request(gpu) };
}
