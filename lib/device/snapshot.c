/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/device/machine.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static int read_identity(struct mig_machine *machine, struct mig_nvml_gpu handle,
			 struct mig_gpu *gpu, struct mig_error *err)
{
	struct mig_nvml_memory mem;
	struct mig_nvml_pci pci;
	unsigned minor;
	int rc;

	rc = mig_nvml_uuid(machine->nvml, handle, gpu->uuid, sizeof(gpu->uuid), err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_name(machine->nvml, handle, gpu->name, sizeof(gpu->name), err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_pci(machine->nvml, handle, &pci, err);
	if (rc < 0)
		return rc;
	text_copy(gpu->bus_id, sizeof(gpu->bus_id), pci.bus_id);
	gpu->pci_id = pci.id;
	gpu->pci_subsystem = pci.subsystem;

	/* The rest is not for everybody, or not on every GPU: absent is no failure. */
	if (mig_nvml_memory(machine->nvml, handle, &mem, NULL) == 0) {
		gpu->mem_total_bytes = mem.total_bytes;
		gpu->mem_used_bytes = mem.used_bytes;
	}
	gpu->minor = -1;
	if (machine->is_brief)
		return 0;
	if (mig_nvml_serial(machine->nvml, handle, gpu->serial, sizeof(gpu->serial), NULL) < 0)
		gpu->serial[0] = '\0';
	if (mig_nvml_minor(machine->nvml, handle, &minor, NULL) == 0)
		gpu->minor = (int)minor;
	return 0;
}

static bool is_alike(const struct mig_gpu *a, const struct mig_gpu *b)
{
	return a->has_mig && a->pci_id == b->pci_id && a->pci_subsystem == b->pci_subsystem &&
	       a->mem_total_bytes == b->mem_total_bytes && a->mode == b->mode &&
	       strcmp(a->name, b->name) == 0;
}

/* GPUs of one kind are cut alike, so the driver is asked for the profiles of the first.
 * @ret: NULL where nobody knows them. */
static int type_of(struct mig_machine *machine, struct mig_nvml_gpu handle,
		   struct mig_snapshot *snap, const struct mig_gpu *gpu,
		   struct mig_gpu_type **ret, struct mig_error *err)
{
	int rc;

	*ret = NULL;
	for (int i = 0; i < gpu->index; i++) {
		if (is_alike(&snap->gpus[i], gpu) && snap->gpus[i].type) {
			*ret = &snap->types[snap->gpus[i].type - snap->types];
			return 0;
		}
	}
	rc = device_type_read(machine, handle, gpu, &snap->types[snap->n_types], err);
	if (rc == 0)
		*ret = &snap->types[snap->n_types++];
	return device_is_unanswered(rc) ? rc : 0;
}

static int read_reached(struct mig_machine *machine, struct mig_nvml_gpu handle,
			struct mig_snapshot *snap, struct mig_gpu *gpu, struct mig_error *err)
{
	struct mig_gpu_type *type;
	int rc;

	rc = read_identity(machine, handle, gpu, err);
	if (rc < 0)
		return rc;
	rc = mig_nvml_mode(machine->nvml, handle, &gpu->mode, &gpu->mode_pending, err);
	if (rc == -MIG_E_UNSUPPORTED)
		return 0;
	if (rc < 0)
		return rc;
	gpu->has_mig = true;
	rc = type_of(machine, handle, snap, gpu, &type, err);
	gpu->type = type;
	if (rc < 0 || !gpu->mode)
		return rc;
	rc = gpu->type ? device_gis_read(machine, handle, gpu, err) : -MIG_E_PERM;
	/* GPU instances are listed by profile: who may not list them, or knows no profiles,
	 * sees the MIG devices alone. */
	if (rc == -MIG_E_PERM) {
		gpu->is_partial = true;
		gpu->n_gis = 0;
	} else if (rc < 0) {
		return rc;
	}
	return device_migs_read(machine, handle, gpu, type, err);
}

/* What cannot be opened is beyond reach, whatever the driver calls it; a GPU can fall off the
 * bus between two questions too. Any other failure is one of asking, and the GPU's no more. */
static int read_once(struct mig_machine *machine, struct mig_snapshot *snap, int index,
		     struct mig_error *err)
{
	struct mig_gpu *gpu = &snap->gpus[index];
	struct mig_nvml_gpu handle;
	bool is_lost;
	int rc;

	*gpu = (struct mig_gpu){ .index = index };
	rc = mig_nvml_gpu_by_index(machine->nvml, (unsigned)index, &handle, err);
	is_lost = rc == -MIG_E_NVML || rc == -MIG_E_PENDING;
	if (rc == 0) {
		rc = read_reached(machine, handle, snap, gpu, err);
		is_lost = rc < 0 && mig_nvml_is_lost(err);
	}
	if (!is_lost)
		return rc;
	*gpu = (struct mig_gpu){
		.index = index, .minor = -1, .is_lost = true, .lost_code = err->nvml
	};
	return 0;
}

/* One answer that fails is not taken for the last: what is changed, and what is put on record of a
 * change, hangs on it. */
static int read_gpu(struct mig_machine *machine, struct mig_snapshot *snap, int index,
		    struct mig_error *err)
{
	const int n_types = snap->n_types;
	struct mig_error why = { 0 };
	int rc = read_once(machine, snap, index, &why);

	if (device_is_unanswered(rc) || snap->gpus[index].is_lost) {
		snap->n_types = n_types;
		rc = read_once(machine, snap, index, &why);
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}

static void read_names(struct mig_machine *machine, struct mig_snapshot *snap)
{
	const char *sim = mig_nvml_sim_name(machine->nvml);

	snap->is_simulated = sim != NULL;
	if (sim) {
		text_copy(snap->machine, sizeof(snap->machine), sim);
		text_copy(snap->id, sizeof(snap->id), mig_nvml_sim_id(machine->nvml));
		snap->is_assumed = mig_nvml_sim_is_assumed(machine->nvml);
	} else if (gethostname(snap->machine, sizeof(snap->machine)) < 0) {
		text_copy(snap->machine, sizeof(snap->machine), "localhost");
	}
	snap->machine[sizeof(snap->machine) - 1] = '\0';
	if (mig_nvml_driver_version(machine->nvml, snap->driver, sizeof(snap->driver), NULL) <
	    0)
		text_copy(snap->driver, sizeof(snap->driver), "unknown");
}

static int read_gpus(struct mig_machine *machine, struct mig_snapshot *snap,
		     struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		int rc = read_gpu(machine, snap, i, err);

		if (rc < 0)
			return mig_wrap(err, rc, "GPU %d", i);
	}
	for (int i = 0; i < snap->n_gpus; i++)
		device_cis_index(&snap->gpus[i]);
	return 0;
}

int mig_snapshot_take(struct mig_machine *machine, struct mig_snapshot *ret,
		      struct mig_error *err)
{
	cleanup_free struct mig_gpu_type *types = NULL;
	cleanup_free struct mig_gpu *gpus = NULL;
	struct mig_snapshot snap = { 0 };
	unsigned n;
	int rc = mig_nvml_gpu_count(machine->nvml, &n, err);

	if (device_is_unanswered(rc))
		rc = mig_nvml_gpu_count(machine->nvml, &n, err);
	if (rc < 0)
		return rc;
	gpus = calloc(n ? n : 1, sizeof(*gpus));
	types = calloc(n ? n : 1, sizeof(*types));
	if (!gpus || !types)
		return mig_fail(err, MIG_E_NOMEM, "read %u GPUs", n);
	snap.n_gpus = (int)n;
	snap.gpus = gpus;
	snap.types = types;
	read_names(machine, &snap);
	rc = read_gpus(machine, &snap, err);
	if (rc < 0)
		return rc;
	*ret = snap;
	ret->gpus = take(gpus);
	ret->types = take(types);
	return 0;
}

void mig_snapshot_free(struct mig_snapshot *snap)
{
	if (!snap)
		return;
	free(snap->gpus);
	free(snap->types);
	*snap = (struct mig_snapshot){ 0 };
}

int mig_gpu_check_lost(const struct mig_gpu *gpu, struct mig_error *err)
{
	const struct mig_error why = { .nvml = gpu->lost_code };
	char reason[64];
	int rc;

	if (!gpu->is_lost)
		return 0;
	if (mig_nvml_is_lost(&why))
		text_copy(reason, sizeof(reason), "it fell off the bus");
	else
		snprintf(reason, sizeof(reason), "the driver cannot open it (NVML error %d)",
			 gpu->lost_code);
	rc = mig_fail(err, MIG_E_NVML,
		      "GPU %d is lost: %s; look for its XID in the kernel's log (dmesg), then "
		      "reset it or reboot",
		      gpu->index, reason);
	if (err)
		err->nvml = gpu->lost_code;
	return rc;
}

int mig_blame_lost(const struct mig_snapshot *snap, int rc, struct mig_error *err)
{
	for (int i = 0; i < snap->n_gpus; i++) {
		if (snap->gpus[i].is_lost)
			return mig_hint(err, rc, "GPU %d is lost, and may be it", i);
	}
	return rc;
}

struct mig_layout mig_gpu_layout(const struct mig_gpu *gpu)
{
	struct mig_layout lay = { 0 };

	if (!gpu->type)
		return lay;
	lay = mig_layout_empty(gpu->type);
	for (int i = 0; i < gpu->n_gis && !gpu->is_partial; i++) {
		if (gpu->gis[i].profile >= 0 &&
		    mig_layout_add(&lay, gpu->gis[i].profile, gpu->gis[i].start, NULL) < 0)
			continue; /* the driver allows what the counting of engines does not */
	}
	return lay;
}

struct mig_request mig_gpu_request(const struct mig_gpu *gpu)
{
	struct mig_request req = mig_request_empty(gpu->type);

	for (int i = 0; i < gpu->n_gis && req.n < MIG_UNITS_MAX; i++) {
		const struct mig_gi *gi = &gpu->gis[i];
		struct mig_want want = mig_want_empty(gi->profile, gi->start);

		if (gi->profile < 0)
			continue;
		for (int k = 0; k < gi->n_cis && want.n_ci < MIG_CI_PROFILES_MAX; k++) {
			if (gi->cis[k].profile < 0)
				continue;
			want.ci_start[want.n_ci] = (int8_t)gi->cis[k].start;
			want.ci[want.n_ci++] = (uint8_t)gi->cis[k].profile;
		}
		req.want[req.n++] = want;
	}
	return req;
}

const struct mig_gi *mig_gpu_find_gi(const struct mig_gpu *gpu, int id)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].id == id)
			return &gpu->gis[i];
	}
	return NULL;
}
