/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated machines from outside: made, listed, reset, rebooted, removed. */
#include "sim/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"
#include "sim/fault.h"
#include "sim/fill.h"
#include "sim/open.h"
#include "sim/state.h"
#include "sim/tree_state.h"

/* --- Making ------------------------------------------------------------------------------- */

static int fail_io(struct mig_error *err, const char *what, const char *path)
{
	const int code = errno == EACCES || errno == EPERM ? MIG_E_PERM : MIG_E_IO;

	return mig_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

/* Like mkdir -p: the folder of machines is made with the first of them. */
static int make_dirs(const char *dir, struct mig_error *err)
{
	char path[SIM_PATH_MAX];

	text_copy(path, sizeof(path), dir);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fail_io(err, "create folder", path);
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail_io(err, "create folder", path);
	return 0;
}

/* The image is written in a folder of a hidden name, which then takes the machine's. */
static int write_machine(const char *dir, const char *name, struct sim_fixed *fixed,
			 struct mig_error *err)
{
	char hidden[SIM_PATH_MAX], image[SIM_PATH_MAX + 8], final[SIM_PATH_MAX];
	int rc;

	if (snprintf(hidden, sizeof(hidden), "%s/.new-%s-XXXXXX", dir, name) >=
	    (int)sizeof(hidden))
		return mig_fail(err, MIG_E_INVAL, "%s: the name of the folder is too long",
				dir);
	snprintf(final, sizeof(final), "%s/%s", dir, name);
	if (!mkdtemp(hidden) || chmod(hidden, 0755) < 0)
		return fail_io(err, "create a folder in", dir);
	snprintf(image, sizeof(image), "%s/image", hidden);
	rc = sim_image_create(image, fixed, err);
	if (rc == 0 && rename(hidden, final) < 0)
		rc = errno == ENOTEMPTY || errno == EEXIST
			     ? mig_fail(err, MIG_E_EXIST,
					"machine %s exists already in %s; remove it first or "
					"take another name",
					name, dir)
			     : mig_fail(err, MIG_E_IO, "rename to %s: %s", final,
					strerror(errno));
	if (rc < 0)
		tree_remove(hidden);
	return rc;
}

int sim_machine_new(const char *dir, const char *name, const struct sim_options *opt,
		    struct mig_error *err)
{
	cleanup_free struct sim_fixed *fixed = calloc(1, sizeof(*fixed));
	int rc;

	if (!fixed)
		return mig_fail(err, MIG_E_NOMEM, "machine %s: out of memory", name);
	rc = sim_fill(name, opt, fixed, err);
	if (rc == 0)
		rc = make_dirs(dir, err);
	if (rc == 0)
		rc = write_machine(dir, name, fixed, err);
	return rc;
}

/* --- Looking ------------------------------------------------------------------------------- */

static void count_state(const struct sim_open *m, struct sim_summary *ret)
{
	for (uint32_t g = 0; g < m->img.fixed->n_gpus; g++)
		for (int i = 0; i < SIM_GIS_MAX; i++) {
			const struct sim_gi *gi = &m->half->gpus[g].gi[i];

			ret->n_gis += gi->generation != 0;
			for (int c = 0; c < SIM_CIS_MAX; c++)
				ret->n_cis += gi->generation && gi->ci[c].generation;
		}
	for (uint32_t i = 0; i < m->half->n_holds; i++)
		ret->n_tenants += m->half->holds[i].pid && sim_image_is_held(&m->img, i);
}

static void count_mishaps(const struct sim_open *m, struct sim_summary *ret)
{
	const struct sim_faults *faults = sim_image_faults(&m->img);
	struct sim_fault f;

	ret->n_lost = __builtin_popcount(m->half->lost);
	ret->has_latency = faults->n_latencies > 0;
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		ret->n_faults += sim_fault_read(&faults->rows[i], &f) &&
				 (f.last == SIM_FAULT_EVER || (uint32_t)f.count < f.last);
}

/* "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB": as they were asked for. */
static void describe_gpus(const struct sim_fixed *fixed, char *buf, size_t len)
{
	buf[0] = '\0';
	for (uint32_t first = 0, end; first < fixed->n_gpus; first = end) {
		const struct sim_gpu *gpu = &fixed->gpus[first];

		end = first + 1;
		while (end < fixed->n_gpus && fixed->gpus[end].type == gpu->type &&
		       fixed->gpus[end].is_mirrored == gpu->is_mirrored)
			end++;
		text_append(buf, len, "%s%ux%s%s", first ? "," : "", end - first,
			    fixed->types[gpu->type].key, gpu->is_mirrored ? "@mirrored" : "");
	}
}

int sim_machine_summary(const char *dir, const char *name, struct sim_summary *ret,
			struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open(dir, name, &m, err);

	if (rc < 0)
		return rc;
	memset(ret, 0, sizeof(*ret));
	text_copy(ret->name, sizeof(ret->name), m.img.fixed->name);
	text_copy(ret->driver, sizeof(ret->driver), m.img.fixed->driver);
	text_copy(ret->id, sizeof(ret->id), m.img.fixed->id);
	describe_gpus(m.img.fixed, ret->gpus, sizeof(ret->gpus));
	ret->n_gpus = (int)m.img.fixed->n_gpus;
	ret->is_assumed = m.img.fixed->is_assumed;
	ret->is_strict = m.img.fixed->is_strict;
	count_state(&m, ret);
	count_mishaps(&m, ret);
	sim_open_close(&m);
	return 0;
}

static int is_machine(const struct dirent *entry)
{
	return sim_name_ok(entry->d_name);
}

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool has_image(const char *dir, const char *name)
{
	char path[SIM_PATH_MAX];
	struct stat st;

	return sim_path(dir, name, path, sizeof(path), NULL) == 0 && lstat(path, &st) == 0;
}

static void free_names(char **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

/* Return: how many, or -1 when memory ran out. */
static int take_names(const char *dir, struct dirent **entries, int n, char ***ret)
{
	char **names = calloc((size_t)n + 1, sizeof(*names));
	int n_names = 0;

	if (!names)
		return -1;
	for (int i = 0; i < n; i++) {
		if (!has_image(dir, entries[i]->d_name))
			continue;
		if (asprintf(&names[n_names], "%s", entries[i]->d_name) < 0) {
			free_names(names, n_names);
			return -1;
		}
		n_names++;
	}
	*ret = names;
	return n_names;
}

int sim_machine_list(const char *dir, char ***ret, struct mig_error *err)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_machine, compare), n_names;

	if (n < 0 && errno != ENOENT)
		return fail_io(err, "list", dir);
	if (n < 0)
		n = 0;
	n_names = take_names(dir, entries, n, ret);
	free_entries(entries, n);
	if (n_names < 0)
		return mig_fail(err, MIG_E_NOMEM, "list %s: out of memory", dir);
	return n_names;
}

/* --- Changing ------------------------------------------------------------------------------ */

static int refuse_held(const struct sim_open *m, int gpu, struct mig_error *err)
{
	for (uint32_t i = 0; i < m->half->n_holds; i++) {
		const struct sim_hold *hold = &m->half->holds[i];

		if (!hold->pid || (gpu >= 0 && hold->gpu != gpu))
			continue;
		if (!hold->generation)
			return mig_fail(err, MIG_E_BUSY,
					"process %u holds GPU %u of machine %s; end it first",
					hold->pid, hold->gpu, m->img.fixed->name);
		return mig_fail(err, MIG_E_BUSY,
				"process %u holds GPU %u, GI %d, CI %d of machine %s; "
				"end it first",
				hold->pid, hold->gpu, hold->gi, hold->ci, m->img.fixed->name);
	}
	return 0;
}

/* What was changed is published, and the tree of files is brought after it. */
static void publish(struct sim_open *m, const char *dir, const char *name)
{
	char path[SIM_PATH_MAX];

	sim_image_publish(&m->img, m->half);
	sim_open_unlock(m);
	if (sim_path(dir, name, path, sizeof(path), NULL) == 0)
		sim_tree_follow(&m->img, path);
}

int sim_machine_reset(const char *dir, const char *name, int gpu, struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open_locked(dir, name, &m, err);

	if (rc < 0)
		return rc;
	if (gpu >= (int)m.img.fixed->n_gpus)
		rc = mig_fail(err, MIG_E_NOENT, "machine %s has no GPU %d; the last is GPU %u",
			      name, gpu, m.img.fixed->n_gpus - 1);
	else
		rc = refuse_held(&m, gpu, err);
	if (rc == 0) {
		for (int i = 0; i < (int)m.img.fixed->n_gpus; i++)
			if (gpu < 0 || i == gpu)
				sim_state_reset(m.half, i);
		publish(&m, dir, name);
	}
	sim_open_close(&m);
	return rc;
}

int sim_machine_reboot(const char *dir, const char *name, struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open_locked(dir, name, &m, err);

	if (rc < 0)
		return rc;
	sim_state_reboot(m.img.fixed, m.half);
	publish(&m, dir, name);
	sim_open_close(&m);
	return 0;
}

/* Out of sight in one step, then piece by piece. */
static int remove_machine(const char *dir, const char *name, struct mig_error *err)
{
	char path[SIM_PATH_MAX], hidden[SIM_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (snprintf(hidden, sizeof(hidden), "%s/.old-%s-XXXXXX", dir, name) >=
	    (int)sizeof(hidden))
		return mig_fail(err, MIG_E_INVAL, "%s: the name of the folder is too long",
				dir);
	if (!mkdtemp(hidden))
		return fail_io(err, "remove", path);
	if (rename(path, hidden) < 0) {
		const int rc = fail_io(err, "remove", path);

		rmdir(hidden);
		return rc;
	}
	if (tree_remove(hidden) != 0)
		return mig_fail(err, MIG_E_IO, "remove %s: %s", hidden, strerror(errno));
	return 0;
}

int sim_machine_rm(const char *dir, const char *name, struct mig_error *err)
{
	struct mig_error why = { 0 };
	struct sim_tree tree = { .lock = -1 };
	struct sim_open m;
	int rc = sim_open_locked(dir, name, &m, &why);

	/* An image that cannot be read has no tenants and nothing to lose. */
	if (rc == -MIG_E_MACHINE)
		return remove_machine(dir, name, err);
	if (rc < 0)
		return mig_fail(err, -rc, "%s", why.msg);
	rc = refuse_held(&m, -1, err);
	tree.img = &m.img;
	snprintf(tree.folder, sizeof(tree.folder), "%s/%s", dir, name);
	/* Nobody puts anything into the tree while it is removed; there may be none to lock. */
	if (sim_tree_lock(&tree, false) < 0)
		sim_tree_unlock(&tree);
	if (rc == 0)
		rc = remove_machine(dir, name, err);
	sim_tree_unlock(&tree);
	if (rc == 0) {
		m.half->is_removed = 1; /* to processes that have it open */
		sim_image_publish(&m.img, m.half);
	}
	sim_open_close(&m);
	return rc;
}
