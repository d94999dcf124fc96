/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hold is a row of the image, and the lock byte of that row held by a descriptor which
 * the holder's children inherit. The row says what is held; the byte says that somebody
 * still holds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"
#include "sim/open.h"
#include "sim/state.h"
#include "sim/uuid.h"

struct sim_tenant {
	struct sim_open machine;
	int fd; /* holds the byte; survives exec */
	unsigned row;
};

/* --- Which device -------------------------------------------------------------------------- */

struct place {
	int gpu, gi, ci; /* gi, ci -1: the whole GPU */
};

/* One of "GPU:3", "3" and "3/2/0". */
static bool parse_ids(const char *device, struct place *ret)
{
	const char *text = strncasecmp(device, "GPU:", 4) == 0 ? device + 4 : device;
	int n = 0, got = 0;

	*ret = (struct place){ -1, -1, -1 };
	if (strspn(text, "0123456789/") != strlen(text) || strlen(text) > 16)
		return false;
	got = sscanf(text, "%3d%n/%3d/%3d%n", &ret->gpu, &n, &ret->gi, &ret->ci, &n);
	return (got == 1 || got == 3) && text[n] == '\0';
}

static bool is_mig_uuid(const struct sim_fixed *f, const struct place *p, const char *text)
{
	const struct sim_gpu *gpu = &f->gpus[p->gpu];
	char uuid[SIM_UUID_BYTES];

	sim_uuid_mig((uint16_t)(f->types[gpu->type].pci_id >> 16), gpu->pdi, (uint32_t)p->gi,
		     (uint32_t)p->ci, uuid);
	if (strcasecmp(uuid, text) == 0)
		return true;
	snprintf(uuid, sizeof(uuid), "MIG-%s/%d/%d", gpu->uuid, p->gi, p->ci);
	return strcasecmp(uuid, text) == 0;
}

static bool find_uuid(const struct sim_fixed *f, const char *uuid, struct place *ret)
{
	struct place p;

	for (p.gpu = 0; p.gpu < (int)f->n_gpus; p.gpu++) {
		if (strcasecmp(f->gpus[p.gpu].uuid, uuid) == 0) {
			*ret = (struct place){ p.gpu, -1, -1 };
			return true;
		}
		for (p.gi = 0; p.gi < SIM_GIS_MAX; p.gi++)
			for (p.ci = 0; p.ci < SIM_CIS_MAX; p.ci++)
				if (is_mig_uuid(f, &p, uuid)) {
					*ret = p;
					return true;
				}
	}
	return false;
}

static bool is_there(const struct sim_open *m, const struct place *p)
{
	const struct sim_gi *gi;

	if (p->gpu < 0 || p->gpu >= (int)m->img.fixed->n_gpus)
		return false;
	if (p->gi < 0)
		return true;
	if (p->gi >= SIM_GIS_MAX || p->ci < 0 || p->ci >= SIM_CIS_MAX)
		return false;
	gi = &m->half->gpus[p->gpu].gi[p->gi];
	return gi->generation && gi->ci[p->ci].generation;
}

static int find_device(const struct sim_open *m, const char *device, struct place *ret,
		       struct mig_error *err)
{
	const char *name = m->img.fixed->name;

	if ((!parse_ids(device, ret) && !find_uuid(m->img.fixed, device, ret)) ||
	    !is_there(m, ret))
		return mig_fail(
			err, MIG_E_NOENT,
			"machine %s has no device \"%s\"; name a UUID, a GPU's index or "
			"GPU/GI/CI as in 0/2/0",
			name, device);
	if (m->half->lost >> ret->gpu & 1)
		return mig_fail(err, MIG_E_NVML,
				"GPU %d of machine %s is lost: nothing can run there", ret->gpu,
				name);
	if (ret->gi < 0 && m->half->gpus[ret->gpu].mode)
		return mig_fail(
			err, MIG_E_UNSUPPORTED,
			"GPU %d of machine %s is in MIG mode: hold one of its MIG devices",
			ret->gpu, name);
	return 0;
}

/* --- Memory -------------------------------------------------------------------------------- */

static uint64_t free_bytes(const struct sim_open *m, const struct place *p)
{
	const struct sim_type *type = sim_state_type(m->img.fixed, p->gpu);
	uint64_t total, used;

	if (p->gi >= 0) {
		const struct sim_gi *gi = &m->half->gpus[p->gpu].gi[p->gi];

		total = (uint64_t)type->profiles[gi->profile].mem_mib << 20;
		used = sim_state_idle_bytes(&type->profiles[gi->profile]);
	} else {
		total = (uint64_t)type->mem_mib << 20;
		used = sim_state_reserved_bytes(type);
	}
	for (uint32_t i = 0; i < m->half->n_holds; i++) {
		const struct sim_hold *hold = &m->half->holds[i];

		if (hold->pid && hold->gpu == p->gpu && (p->gi < 0 || hold->gi == p->gi))
			used += hold->mem_bytes;
	}
	return used < total ? total - used : 0;
}

/* --- Rows ---------------------------------------------------------------------------------- */

static int take_row(struct sim_open *m, int fd, unsigned *ret, struct mig_error *err)
{
	for (unsigned i = 0; i < SIM_TENANTS_MAX; i++) {
		bool is_free = i >= m->half->n_holds || !m->half->holds[i].pid;

		/* The byte of a free row may still be held: by a child of one that ended. */
		if (!is_free || !sim_image_hold(fd, i))
			continue;
		for (; m->half->n_holds <= i; m->half->n_holds++)
			memset(&m->half->holds[m->half->n_holds], 0, sizeof(struct sim_hold));
		*ret = i;
		return 0;
	}
	return mig_fail(err, MIG_E_NOSPACE, "machine %s has %d tenants, as many as it can",
			m->img.fixed->name, SIM_TENANTS_MAX);
}

static int hold_device(struct sim_open *m, int fd, const struct place *p, int pid,
		       uint64_t mem_bytes, unsigned *ret_row, struct mig_error *err)
{
	uint64_t room = free_bytes(m, p);
	char want[32], have[32];
	int rc;

	if (mem_bytes > room)
		return mig_fail(err, MIG_E_NOSPACE,
				"%s of memory are wanted and %s are free there",
				text_bytes(mem_bytes, want, sizeof(want)),
				text_bytes(room, have, sizeof(have)));
	rc = take_row(m, fd, ret_row, err);
	if (rc < 0)
		return rc;
	m->half->holds[*ret_row] = (struct sim_hold){
		.pid = (uint32_t)pid,
		.generation =
			p->gi < 0 ? 0 : m->half->gpus[p->gpu].gi[p->gi].ci[p->ci].generation,
		.gpu = (uint8_t)p->gpu,
		.gi = (int8_t)p->gi,
		.ci = (int8_t)p->ci,
		.mem_bytes = mem_bytes,
	};
	sim_image_publish(&m->img, m->half);
	return 0;
}

/* With the lock held, the file of that name is the one that is open. */
static int begin_locked(struct sim_open *m, const char *path, const char *device, int pid,
			uint64_t mem_bytes, struct sim_tenant *tenant, struct mig_error *err)
{
	struct place p;
	int rc = find_device(m, device, &p, err);

	if (rc < 0)
		return rc;
	tenant->fd = open(path, O_RDWR); /* not O_CLOEXEC: the command that follows keeps it */
	if (tenant->fd < 0)
		return mig_fail(err, MIG_E_IO, "open %s: %s", path, strerror(errno));
	rc = hold_device(m, tenant->fd, &p, pid, mem_bytes, &tenant->row, err);
	if (rc < 0)
		close(tenant->fd);
	return rc;
}

int sim_tenant_begin(const char *dir, const char *name, const char *device, int pid,
		     uint64_t mem_bytes, struct sim_tenant **ret, struct mig_error *err)
{
	cleanup_free struct sim_tenant *tenant = calloc(1, sizeof(*tenant));
	char path[SIM_PATH_MAX];
	int rc;

	if (!tenant)
		return mig_fail(err, MIG_E_NOMEM, "tenant: out of memory");
	if (pid <= 0)
		return mig_fail(err, MIG_E_INVAL, "%d is no process", pid);
	rc = sim_path(dir, name, path, sizeof(path), err);
	if (rc == 0)
		rc = sim_open(dir, name, &tenant->machine, err);
	if (rc < 0)
		return rc;
	rc = sim_open_lock(&tenant->machine, err);
	if (rc == 0)
		rc = begin_locked(&tenant->machine, path, device, pid, mem_bytes, tenant, err);
	if (rc < 0) {
		sim_open_close(&tenant->machine);
		return rc;
	}
	sim_open_unlock(&tenant->machine);
	*ret = take(tenant);
	return 0;
}

int sim_tenant_load(struct sim_tenant *tenant, unsigned sm_percent, unsigned dram_percent,
		    struct mig_error *err)
{
	struct sim_open *m = &tenant->machine;
	struct sim_hold *hold;
	int rc;

	if (sm_percent > 100 || dram_percent > 100)
		return mig_fail(err, MIG_E_INVAL,
				"a tenant cannot keep its device busier than 100 %%");
	rc = sim_open_lock(m, err);
	if (rc < 0)
		return rc;
	hold = &m->half->holds[tenant->row];
	/* While the byte is held nobody else can have the row; but a reboot empties it. */
	if (tenant->row >= m->half->n_holds || !hold->pid) {
		sim_open_unlock(m);
		return mig_fail(err, MIG_E_NOENT, "machine %s was rebooted: the hold is gone",
				m->img.fixed->name);
	}
	hold->sm_percent = (uint8_t)sm_percent;
	hold->dram_percent = (uint8_t)dram_percent;
	sim_image_publish(&m->img, m->half);
	sim_open_unlock(m);
	return 0;
}

void sim_tenant_end(struct sim_tenant *tenant)
{
	struct sim_open *m;

	if (!tenant)
		return;
	m = &tenant->machine;
	/* While the byte is held nobody else can have the row, not even after a reboot. */
	if (sim_open_lock(m, NULL) == 0 && tenant->row < m->half->n_holds) {
		memset(&m->half->holds[tenant->row], 0, sizeof(m->half->holds[0]));
		sim_image_publish(&m->img, m->half);
	}
	sim_image_release(tenant->fd, tenant->row);
	close(tenant->fd);
	sim_open_close(m);
	free(tenant);
}
