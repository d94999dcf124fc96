/* SPDX-License-Identifier: Apache-2.0 */
/* Who would lose something if an instance went. */
#include <stdio.h>
#include <string.h>

#include "lib/device/machine.h"
#include "shared/cleanup.h"

/* A process may call itself anything: bytes that move a terminal's cursor, too. */
static void process_name(int pid, char *buf, size_t len)
{
	cleanup_fclose FILE *f = NULL;
	char path[64];

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(buf, (int)len, f))
		return;
	buf[strcspn(buf, "\n")] = '\0';
	for (char *p = buf; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
}

static int add(struct mig_machine *machine, struct mig_nvml_gpu handle, struct mig_holder like,
	       struct mig_holder *ret, int n, struct mig_error *err)
{
	struct mig_nvml_process procs[MIG_HOLDERS_MAX];
	int found = mig_nvml_processes(machine->nvml, handle, procs, MIG_HOLDERS_MAX, err);

	if (found < 0)
		return found;
	for (int i = 0; i < found && n < MIG_HOLDERS_MAX; i++) {
		ret[n] = like;
		ret[n].uid = -1;
		ret[n].seen = MIG_SEEN_DRIVER;
		ret[n].blocks =
			like.gi < 0 ? MIG_BLOCKS_MODE : MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE;
		ret[n].pid = (int)procs[i].pid;
		process_name(ret[n].pid, ret[n].name, sizeof(ret[n].name));
		n++;
	}
	return n;
}

/* There is no such device, or no more: nobody holds it. Any other failure may hide who does. */
static bool is_none(int rc)
{
	return rc == -MIG_E_NOENT || rc == -MIG_E_INVAL || rc == -MIG_E_UNSUPPORTED;
}

/* Does this handle mean that instance? An index means another one as soon as one goes. Return: 1
 * or 0. */
static int is_device(struct mig_machine *machine, struct mig_nvml_gpu mig, int gi, int ci,
		     struct mig_holder *ret, struct mig_error *err)
{
	unsigned gi_id, ci_id;
	int rc = mig_nvml_mig_ids(machine->nvml, mig, &gi_id, &ci_id, err);

	if (rc < 0)
		return is_none(rc) ? 0 : rc;
	ret->gi = (int)gi_id;
	ret->ci = (int)ci_id;
	return (gi < 0 || gi == ret->gi) && (ci < 0 || ci == ret->ci);
}

/* The index that the snapshot has of a compute instance, or -1. */
static int index_hint(const struct mig_gpu *gpu, int gi, int ci)
{
	const struct mig_gi *g = mig_gpu_find_gi(gpu, gi);

	for (int i = 0; g && i < g->n_cis; i++) {
		if (g->cis[i].id == ci)
			return g->cis[i].index;
	}
	return -1;
}

/* Go through the MIG devices there are now, whatever the snapshot says of them. */
static int add_devices(struct mig_machine *machine, struct mig_nvml_gpu handle,
		       const struct mig_gpu *gpu, int gi, int ci, struct mig_holder *ret,
		       struct mig_error *err)
{
	struct mig_holder like = { .gpu = gpu->index };
	struct mig_nvml_gpu mig;
	unsigned max = 0;
	int n = 0, rc = mig_nvml_mig_max(machine->nvml, handle, &max, err);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < max && n >= 0; i++) {
		rc = mig_nvml_mig_by_index(machine->nvml, handle, i, &mig, err);
		if (rc == 0)
			rc = is_device(machine, mig, gi, ci, &like, err);
		if (rc > 0)
			n = add(machine, mig, like, ret, n, err);
		else if (rc < 0 && !is_none(rc))
			return rc;
	}
	return n;
}

int mig_holders(struct mig_machine *machine, const struct mig_gpu *gpu, int gi, int ci,
		struct mig_holder *ret, struct mig_error *err)
{
	struct mig_holder like = { .gpu = gpu->index, .gi = -1, .ci = -1 };
	const int hint = gi < 0 || ci < 0 ? -1 : index_hint(gpu, gi, ci);
	struct mig_nvml_gpu handle, mig;
	int rc = mig_nvml_gpu_by_index(machine->nvml, (unsigned)gpu->index, &handle, err);

	if (rc < 0)
		return rc;
	if (gi < 0 && !gpu->mode)
		return add(machine, handle, like, ret, 0, err);
	if (hint >= 0 &&
	    mig_nvml_mig_by_index(machine->nvml, handle, (unsigned)hint, &mig, NULL) == 0 &&
	    is_device(machine, mig, gi, ci, &like, NULL) > 0)
		return add(machine, mig, like, ret, 0, err);
	return add_devices(machine, handle, gpu, gi, ci, ret, err);
}
