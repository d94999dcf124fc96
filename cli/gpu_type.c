/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/gpu_type.h"

#include <stdio.h>

static int choose_gpu(struct cli *cli, struct chosen_type *ret, struct mig_error *err)
{
	const char *name = cli_option(cli, "gpu");
	int rc = cli_machine(cli, &ret->snap, err);

	if (rc < 0)
		return mig_hint(err, rc, "or name a GPU type of the catalog with --gpu-type");
	for (int i = ret->snap.n_gpus - 1; i >= 0 && !name; i--)
		ret->gpu = ret->snap.gpus[i].has_mig ? i : ret->gpu;
	for (int i = 0; i < ret->snap.n_gpus && !name && ret->gpu < 0; i++)
		ret->gpu = ret->snap.gpus[i].is_lost ? i : -1;
	if (name)
		rc = cli_gpu(&ret->snap, name, &ret->gpu, err);
	else if (ret->gpu < 0)
		rc = mig_fail(err, MIG_E_UNSUPPORTED, "no GPU of machine %s can do MIG",
			      ret->snap.machine);
	if (rc == 0)
		rc = mig_gpu_check_lost(&ret->snap.gpus[ret->gpu], err);
	if (rc == 0 && !ret->snap.gpus[ret->gpu].type)
		rc = mig_fail(err, MIG_E_UNSUPPORTED,
			      "GPU %d (%s): neither driver nor catalog know how it can be cut",
			      ret->gpu, ret->snap.gpus[ret->gpu].name);
	if (rc < 0)
		return rc;
	ret->type = ret->snap.gpus[ret->gpu].type;
	ret->now = mig_gpu_layout(&ret->snap.gpus[ret->gpu]);
	return 0;
}

static int choose_key(struct cli *cli, const char *key, struct chosen_type *ret,
		      struct mig_error *err)
{
	struct mig_catalog *cat;
	int rc = cli_catalog(cli, &cat, err);

	if (rc == 0)
		rc = mig_catalog_find(cat, key, &ret->type, err);
	if (rc < 0)
		return rc;
	if (!ret->type->n_profiles)
		return mig_fail(
			err, MIG_E_UNSUPPORTED,
			"nobody has published the profiles of %s; describe them in a file "
			"for --catalog DIR",
			ret->type->key);
	ret->now = mig_layout_empty(ret->type);
	return 0;
}

int choose_type(struct cli *cli, struct chosen_type *ret, struct mig_error *err)
{
	const char *key = cli_option(cli, "gpu-type");
	struct chosen_type chosen = { .gpu = -1 };
	int rc;

	if (key && cli_option(cli, "gpu"))
		return mig_fail(err, MIG_E_INVAL, "--gpu and --gpu-type exclude each other");
	rc = key ? choose_key(cli, key, &chosen, err) : choose_gpu(cli, &chosen, err);
	if (rc < 0) {
		chosen_type_free(&chosen);
		return rc;
	}
	*ret = chosen;
	return 0;
}

void chosen_type_free(struct chosen_type *chosen)
{
	mig_snapshot_free(&chosen->snap);
}

int chosen_type_places(const struct chosen_type *chosen, struct mig_error *err)
{
	if (chosen->gpu < 0 || !chosen->snap.gpus[chosen->gpu].is_partial)
		return 0;
	return mig_fail(err, MIG_E_PERM,
			"GPU %d: what stands on it is told to root only (or with the config "
			"capability); try sudo, or --empty",
			chosen->gpu);
}

json_t *chosen_type_document(const char *schema, const struct chosen_type *chosen)
{
	json_t *doc = chosen->gpu >= 0
			      ? cli_document(schema, &chosen->snap)
			      : json_pack("{s:s, s:{s:s, s:s}}", "schema", schema, "machine",
					  "kind", "catalog", "name", chosen->type->key);

	if (chosen->gpu >= 0)
		json_object_set_new(doc, "gpu", json_integer(chosen->gpu));
	json_object_set_new(doc, "gpu_type", json_string(chosen->type->key));
	json_object_set_new(doc, "basis",
			    json_string(cli_basis(&chosen->snap, chosen->type->basis)));
	json_object_set_new(doc, "placement_units", json_integer(chosen->type->units));
	return doc;
}

const char *chosen_type_title(const struct chosen_type *chosen, char *buf, size_t len)
{
	const struct mig_gpu *gpu = chosen->gpu >= 0 ? &chosen->snap.gpus[chosen->gpu] : NULL;
	const bool is_told = chosen->type->basis == MIG_BASIS_DRIVER;
	char line[256];

	if (gpu)
		snprintf(buf, len, "%s\nGPU %d, %s%s, as the %s%s tells",
			 cli_machine_line(&chosen->snap, line, sizeof(line)), chosen->gpu,
			 gpu->name, gpu->mode ? "" : ", MIG off",
			 is_told && chosen->snap.is_simulated ? "simulated " : "",
			 is_told ? "driver" : "catalog");
	else
		snprintf(buf, len, "GPU type %s, from the catalog (%s)", chosen->type->key,
			 mig_basis_name(chosen->type->basis));
	return buf;
}
