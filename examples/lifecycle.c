/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of MIG instances in one page, on libmig's public API:
 *
 *	lifecycle GPU enable | disable | profiles | create ID... | fill | destroy | devices
 *
 * create: GPU instances from profile ids or names, with their compute instances; fill: the
 * default compute instance where there is none; disable: destroys everything first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/mig.h>

static struct mig_machine *machine;
static struct mig_snapshot snap;
static struct mig_error err;

/* Run a change that was made, and let go of it. */
static int run(int rc, struct mig_change *change)
{
	if (rc < 0)
		return rc;
	rc = mig_change_run(machine, &snap, change, NULL, &err);
	mig_change_free(change);
	return rc;
}

static int want(int gpu, struct mig_wanted wanted)
{
	struct mig_change change;

	return run(mig_change_make_one(&snap, gpu, &wanted, NULL, &change, &err), &change);
}

static int list_profiles(const struct mig_gpu_type *type)
{
	for (int i = 0; type && i < type->n_profiles; i++)
		printf("%2d  %-16s %d of them, %d SMs, %lld MiB\n", type->profiles[i].id,
		       type->profiles[i].name, type->profiles[i].max_count,
		       type->profiles[i].sm, (long long)type->profiles[i].mem_mib);
	return 0;
}

static int create(int gpu, char **names)
{
	struct mig_request req = mig_request_empty(snap.gpus[gpu].type);
	struct mig_change change;
	int rc = req.type ? 0 : mig_fail(&err, MIG_E_UNSUPPORTED, "GPU %d has no MIG", gpu);

	for (; rc == 0 && *names; names++)
		rc = mig_request_add(&req, *names, &err);
	return run(rc < 0 ? rc : mig_change_create(&snap, gpu, &req, NULL, &change, &err),
		   &change);
}

/* What stands is what is wanted, and a compute instance where there is none. */
static int fill(int gpu)
{
	struct mig_wanted wanted = { .mode = MIG_WANT_ON,
				     .request = mig_gpu_request(&snap.gpus[gpu]) };

	for (int i = 0; i < wanted.request.n; i++) {
		struct mig_want *w = &wanted.request.want[i];
		const struct mig_profile *p = &wanted.request.type->profiles[w->profile];

		if (w->n_ci == 0)
			w->ci[w->n_ci++] = (uint8_t)(mig_ci_profile_default(p) - p->ci);
	}
	return want(gpu, wanted);
}

static int list_devices(const struct mig_gpu *g)
{
	for (int i = 0; i < g->n_gis; i++)
		for (int k = 0; k < g->gis[i].n_cis; k++)
			printf("GI %2d CI %d  %s\n", g->gis[i].id, g->gis[i].cis[k].id,
			       g->gis[i].cis[k].uuid);
	return 0;
}

static int act(int gpu, const char *verb, char **names)
{
	if (strcmp(verb, "profiles") == 0)
		return list_profiles(snap.gpus[gpu].type);
	if (strcmp(verb, "devices") == 0)
		return list_devices(&snap.gpus[gpu]);
	if (strcmp(verb, "create") == 0)
		return create(gpu, names);
	if (strcmp(verb, "fill") == 0)
		return fill(gpu);
	if (strcmp(verb, "enable") == 0)
		return want(gpu, (struct mig_wanted){ .mode = MIG_WANT_MODE });
	if (strcmp(verb, "disable") == 0)
		return want(gpu, (struct mig_wanted){ .mode = MIG_WANT_OFF });
	if (strcmp(verb, "destroy") == 0)
		return want(gpu,
			    (struct mig_wanted){ MIG_WANT_ON, { snap.gpus[gpu].type }, { 0 } });
	return mig_fail(&err, MIG_E_INVAL, "no verb %s", verb);
}

int main(int argc, char **argv)
{
	const struct mig_machine_options opt = { 0 };
	int gpu = argc > 2 ? atoi(argv[1]) : -1;
	int rc = mig_machine_open(&opt, &machine, &err);

	if (rc == 0)
		rc = mig_snapshot_take(machine, &snap, &err);
	if (rc == 0 && (gpu < 0 || gpu >= snap.n_gpus))
		rc = mig_fail(&err, MIG_E_INVAL, "no such GPU; lifecycle GPU VERB [ID...]");
	if (rc == 0)
		rc = act(gpu, argv[2], argv + 3);
	if (rc < 0)
		fprintf(stderr, "lifecycle: %s\n", err.msg);
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
	return mig_exit_status(rc);
}
