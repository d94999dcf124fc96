/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/open.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/state.h"

int sim_path(const char *dir, const char *name, char *buf, size_t len, struct mig_error *err)
{
	int n;

	if (!sim_name_ok(name))
		return mig_fail(err, MIG_E_INVAL, "\"%s\" cannot be a machine's name", name);
	n = snprintf(buf, len, "%s/%s/image", dir, name);
	if (n < 0 || (size_t)n >= len)
		return mig_fail(err, MIG_E_INVAL, "%s: the name of the folder is too long",
				dir);
	return 0;
}

static int read_state(struct sim_open *m, const char *dir, struct mig_error *err)
{
	uint64_t seq;
	int rc = sim_image_read(&m->img, m->half, &seq, err);

	if (rc == 0 && m->half->is_removed)
		rc = mig_fail(err, MIG_E_NOENT, "machine %s in %s is being removed",
			      m->img.fixed->name, dir);
	return rc;
}

int sim_open(const char *dir, const char *name, struct sim_open *ret, struct mig_error *err)
{
	struct sim_open m = { .img = { .fd = -1 } };
	char path[SIM_PATH_MAX];
	int rc = sim_path(dir, name, path, sizeof(path), err);

	if (rc == 0)
		rc = sim_image_open(path, &m.img, err);
	if (rc == -MIG_E_NOENT)
		return mig_fail(err, MIG_E_NOENT,
				"there is no simulated machine %s in %s; 'migctl sim list' "
				"shows those there are",
				name, dir);
	if (rc < 0)
		return rc;
	m.half = calloc(1, sizeof(*m.half));
	if (!m.half)
		rc = mig_fail(err, MIG_E_NOMEM, "machine %s: out of memory", name);
	else
		rc = read_state(&m, dir, err);
	if (rc < 0)
		sim_open_close(&m);
	else
		*ret = m;
	return rc;
}

int sim_open_lock(struct sim_open *m, struct mig_error *err)
{
	int rc = sim_image_lock(&m->img, err);

	if (rc < 0)
		return rc;
	m->is_locked = true;
	rc = read_state(m, "its folder", err);
	if (rc == 0)
		sim_state_sweep(&m->img, m->half);
	return rc;
}

int sim_open_locked(const char *dir, const char *name, struct sim_open *ret,
		    struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open(dir, name, &m, err);

	if (rc < 0)
		return rc;
	if (!sim_image_is_privileged(&m.img))
		rc = mig_fail(err, MIG_E_PERM, "machine %s may be changed by %s only", name,
			      m.img.fixed->is_strict ? "root" : "its owner and root");
	else
		rc = sim_open_lock(&m, err);
	if (rc < 0)
		sim_open_close(&m);
	else
		*ret = m;
	return rc;
}

void sim_open_unlock(struct sim_open *m)
{
	if (m->is_locked)
		sim_image_unlock(&m->img);
	m->is_locked = false;
}

void sim_open_close(struct sim_open *m)
{
	sim_open_unlock(m);
	sim_image_close(&m->img);
	free(m->half);
	m->half = NULL;
}
