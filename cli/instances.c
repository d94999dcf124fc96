/* SPDX-License-Identifier: Apache-2.0 */
/* migctl create, migctl destroy - instances by name, id and place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "cli/home.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* The GPU to create on: the named one, or the only one. */
static int create_gpu(struct cli *cli, const struct mig_snapshot *snap, int *ret,
		      struct mig_error *err)
{
	const char *name = cli_option(cli, "gpu");

	if (name)
		return cli_gpu(snap, name, ret, err);
	*ret = 0;
	if (snap->n_gpus == 1)
		return 0;
	return mig_fail(err, MIG_E_INVAL, "machine %s has %d GPUs: say which with --gpu GPU",
			snap->machine, snap->n_gpus);
}

/* --name is for one MIG device. */
static int create_names(const struct cli *cli, const struct mig_request *req,
			struct mig_want_names *ret, struct mig_error *err)
{
	const char *name = cli_option(cli, "name");

	*ret = (struct mig_want_names){ 0 };
	if (!name)
		return 0;
	if (!mig_instance_name_ok(name))
		return mig_fail(
			err, MIG_E_INVAL,
			"'%s' cannot be a name: words of letters, digits and \"._-\", with "
			"\"/\" between them, and nothing that names instances already",
			name);
	if (req->n != 1 || req->want[0].n_ci != 1)
		return mig_fail(
			err, MIG_E_INVAL,
			"--name is for one MIG device, and more are asked for; a layout "
			"file names several");
	ret->n = 1;
	snprintf(ret->of[0].name, sizeof(ret->of[0].name), "%s", name);
	return 0;
}

static int create_on(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	struct mig_want_names names;
	struct mig_request req;
	struct mig_change change;
	int gpu, rc = create_gpu(cli, snap, &gpu, err);

	if (rc == 0)
		rc = mig_gpu_check_lost(&snap->gpus[gpu], err);
	if (rc < 0)
		return rc;
	if (!snap->gpus[gpu].type)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"GPU %d (%s) cannot be cut: it has no MIG, or nobody knows its "
				"profiles",
				gpu, snap->gpus[gpu].name);
	req = mig_request_empty(snap->gpus[gpu].type);
	for (int i = 0; i < cli->argc; i++) {
		rc = mig_request_add(&req, cli->argv[i], err);
		if (rc < 0)
			return rc;
	}
	if (cli_option(cli, "no-ci")) {
		for (int i = 0; i < req.n; i++)
			req.want[i].n_ci = 0;
	}
	rc = create_names(cli, &req, &names, err);
	if (rc < 0)
		return rc;
	rc = mig_change_create(snap, gpu, &req, &names, &change, err);
	if (rc < 0)
		return rc;
	rc = change_carry_out(cli, snap, &change, "migctl.create/v1", &(struct change_how){ 0 },
			      err);
	mig_change_free(&change);
	return rc;
}

static int run_create(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = create_on(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option create_options[] = {
	{ "gpu", 'i', "GPU", "on this GPU: index, UUID or PCI bus id" },
	{ "name", 0, "NAME", "give the instance a stable name, such as team-a/llm" },
	{ "no-ci", 0, NULL, "make GPU instances without compute instances" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_create;
const struct verb verb_create = {
	.name = "create",
	.operands = "PROFILE...",
	.summary = "create instances on a GPU, all of them or none",
	.text = "Creates the instances together: each is a GPU instance with its compute "
		"instance, in one step. When any part fails, what was made before it is taken "
		"away again.\n\n"
		"PROFILE is a profile's name or id, with a count before it and a start behind "
		"it where wanted: 3g.40gb, 9, 2x1g.10gb, 3g.40gb@4. A compute instance "
		"profile splits a GPU instance: 3x1c.3g.40gb is one 3g.40gb with three "
		"compute instances. Where no start is given, the driver's own choice is taken "
		"as long as the rest fits.\n\n"
		"A name that another instance has is refused (exit status 13): names are not "
		"taken away.",
	.example = "  migctl create --gpu 0 3g.40gb 2x2g.20gb\n  migctl create -i 0 3g.40gb@4\n"
		   "  migctl create -i 1 3x1c.3g.40gb\n",
	.options = create_options,
	.flags = VERB_CHANGES,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_create,
};

/* An index means another instance as soon as one goes; a script must not destroy by it. */
static int refuse_index(const struct mig_snapshot *snap, const char *text,
			const struct mig_ref *ref, struct mig_error *err)
{
	const struct mig_gpu *gpu = &snap->gpus[ref->gpu];
	const struct mig_gi *gi = &gpu->gis[ref->gi];

	char place[MIG_NAME_MAX + 32] = "";

	if (gi->profile >= 0 && gi->start >= 0)
		snprintf(place, sizeof(place), " or %d:%s@%d", gpu->index,
			 gpu->type->profiles[gi->profile].name, gi->start);
	return mig_fail(
		err, MIG_E_INVAL,
		"'%s' is an index, and indices move when an instance goes; say %s, %d/%d/%d"
		"%s",
		text, gi->cis[ref->ci].uuid, gpu->index, gi->id, gi->cis[ref->ci].id, place);
}

static int read_refs(struct cli *cli, const struct mig_snapshot *snap, struct mig_ref *refs,
		     struct mig_error *err)
{
	for (int i = 0; i < cli->argc; i++) {
		bool is_index;
		int rc = cli_ref(cli, snap, cli->argv[i], &refs[i], &is_index, err);

		if (rc < 0)
			return rc;
		if (is_index)
			return refuse_index(snap, cli->argv[i], &refs[i], err);
		if (refs[i].gi < 0 && !cli_option(cli, "all"))
			return mig_fail(
				err, MIG_E_INVAL,
				"'%s' is a whole GPU: add --all to destroy everything on "
				"it",
				cli->argv[i]);
	}
	return 0;
}

static int destroy_on(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	cleanup_free struct mig_ref *refs = NULL;
	const bool is_all = cli_option(cli, "all") != NULL;
	struct mig_change change;
	int n = cli->argc, rc;

	if (n == 0 && !is_all)
		return mig_fail(err, MIG_E_INVAL,
				"name what is to go (migctl status lists it), or say --all");
	refs = calloc((size_t)(n + snap->n_gpus) + 1, sizeof(*refs));
	if (!refs)
		return mig_fail(err, MIG_E_NOMEM, "destroy");
	rc = read_refs(cli, snap, refs, err);
	if (rc < 0)
		return rc;
	for (int i = 0; cli->argc == 0 && i < snap->n_gpus; i++) {
		if (snap->gpus[i].n_gis)
			refs[n++] = (struct mig_ref){ i, -1, -1 };
	}
	rc = mig_change_destroy(snap, refs, n, cli_option(cli, "keep-gi") != NULL, &change,
				err);
	if (rc < 0)
		return rc;
	rc = change_carry_out(cli, snap, &change, "migctl.destroy/v1",
			      &(struct change_how){ 0 }, err);
	mig_change_free(&change);
	for (int i = 0; rc == 0 && cli->argc == 0 && i < snap->n_gpus; i++) {
		if (snap->gpus[i].is_lost)
			rc = mig_wrap(err, mig_gpu_check_lost(&snap->gpus[i], err),
				      "done where it could be");
	}
	return rc;
}

static int run_destroy(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = destroy_on(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option destroy_options[] = {
	{ "all", 'a', NULL, "every instance of the GPUs named, or of all GPUs" },
	{ "keep-gi", 0, NULL,
	  "leave GPU instances, and destroy only the compute instances in them" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_destroy;
const struct verb verb_destroy = {
	.name = "destroy",
	.operands = "INSTANCE...",
	.summary = "destroy instances that nothing holds",
	.text = "INSTANCE is a MIG device's UUID, of either form, ids as GPU/GI or GPU/GI/CI, "
		"a place as GPU:PROFILE@START, or the name that it was given. Indices (GPU:N) are refused, because they "
		"move when an instance goes. A GPU instance goes with its compute "
		"instances, and with the last of them, unless --keep-gi is given.\n\n"
		"An instance that a process holds is not destroyed: the refusal names the "
		"process, and nothing is changed, whatever else was named. When a step fails, "
		"the steps before it are undone.",
	.example = "  migctl destroy MIG-0929581a-2be6-5dec-bf34-0954c6c529a6\n"
		   "  migctl destroy 0/5 0:2g.20gb@4\n  migctl destroy --all 1\n",
	.options = destroy_options,
	.flags = VERB_CHANGES,
	.max_operands = -1,
	.run = run_destroy,
};
