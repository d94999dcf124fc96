/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tree_state.h"

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

enum { PATH_BYTES = SIM_TREE_PATH_BYTES };

unsigned sim_cap_minor(int gpu, int gi, int ci)
{
	return (unsigned)(3 + 135 * gpu + 9 * gi + (ci < 0 ? 0 : 1 + ci));
}

/* --- What changes -------------------------------------------------------------------------- */

static void write_cap(struct tree_writer *w, const char *name, unsigned minor_number,
		      mode_t mode)
{
	char text[96];
	const int n = snprintf(text, sizeof(text),
			       "DeviceFileMinor: %u\nDeviceFileMode: %u\nDeviceFileModify: 1\n",
			       minor_number, (unsigned)mode);

	tree_file(w, name, mode, text, (size_t)n);
}

static void write_gi(struct tree_writer *w, int gpu, int gi, const struct sim_gi *g)
{
	char name[96];

	snprintf(name, sizeof(name), "capabilities/gpu%d/mig/gi%d", gpu, gi);
	tree_dir(w, name);
	text_append(name, sizeof(name), "/access");
	write_cap(w, name, sim_cap_minor(gpu, gi, -1), 0444);
	for (int ci = 0; ci < SIM_CIS_MAX; ci++) {
		if (!g->ci[ci].generation)
			continue;
		snprintf(name, sizeof(name), "capabilities/gpu%d/mig/gi%d/ci%d", gpu, gi, ci);
		tree_dir(w, name);
		text_append(name, sizeof(name), "/access");
		write_cap(w, name, sim_cap_minor(gpu, gi, ci), 0444);
	}
}

void sim_tree_write_capabilities(struct tree_writer *w, const struct sim_fixed *fixed,
				 const struct sim_half *half)
{
	char name[64];

	tree_dir(w, "capabilities/mig");
	write_cap(w, "capabilities/mig/config", SIM_CAP_CONFIG, 0400);
	write_cap(w, "capabilities/mig/monitor", SIM_CAP_MONITOR, 0444);
	for (int gpu = 0; gpu < (int)fixed->n_gpus; gpu++) {
		const struct sim_gpu_state *st = &half->gpus[gpu];

		if (!st->mode)
			continue;
		snprintf(name, sizeof(name), "capabilities/gpu%d/mig", gpu);
		tree_dir(w, name);
		for (int gi = 0; gi < SIM_GIS_MAX; gi++) {
			if (st->gi[gi].generation)
				write_gi(w, gpu, gi, &st->gi[gi]);
		}
	}
}

/* --- Nodes of capabilities ------------------------------------------------------------------ */

struct minors {
	bool is[SIM_CAPS_END];
};

static struct minors minors_of(const struct sim_fixed *fixed, const struct sim_half *half)
{
	struct minors m = { .is = { [SIM_CAP_CONFIG] = true, [SIM_CAP_MONITOR] = true } };

	for (int gpu = 0; gpu < (int)fixed->n_gpus; gpu++)
		for (int gi = 0; gi < SIM_GIS_MAX; gi++) {
			const struct sim_gi *g = &half->gpus[gpu].gi[gi];

			m.is[sim_cap_minor(gpu, gi, -1)] = g->generation != 0;
			for (int ci = 0; g->generation && ci < SIM_CIS_MAX; ci++)
				m.is[sim_cap_minor(gpu, gi, ci)] = g->ci[ci].generation != 0;
		}
	return m;
}

static void node_name(unsigned minor_number, char *buf, size_t len)
{
	snprintf(buf, len, "dev/nvidia-caps/nvidia-cap%u", minor_number);
}

static void add_node(struct tree_writer *w, unsigned minor_number)
{
	char name[64];

	node_name(minor_number, name, sizeof(name));
	tree_node(w, name, minor_number == SIM_CAP_CONFIG ? 0400 : 0444, SIM_MAJOR_CAPS,
		  minor_number);
}

void sim_tree_add_nodes(struct tree_writer *w, const struct sim_fixed *fixed,
			const struct sim_half *half)
{
	const struct minors m = minors_of(fixed, half);

	for (unsigned i = 0; i < SIM_CAPS_END; i++)
		if (m.is[i])
			add_node(w, i);
}

/* The nodes that there are. */
static int read_nodes(const struct sim_tree *tree, struct minors *ret)
{
	char path[PATH_BYTES];
	struct dirent *entry;
	uint64_t i;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/root/dev/nvidia-caps", tree->folder);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "nvidia-cap", 10) == 0 &&
		    text_parse_u64(entry->d_name + 10, &i) && i < SIM_CAPS_END)
			ret->is[i] = true;
	}
	closedir(dir);
	return 0;
}

/* --- Bringing it up to date ----------------------------------------------------------------- */

/* In one step where the file system can; elsewhere there is a moment with neither. */
static int exchange(const char *made, const char *path)
{
	char aside[PATH_BYTES];

	if (renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	snprintf(aside, sizeof(aside), "%s.old", made);
	if (rename(path, aside) < 0 || rename(made, path) < 0)
		return -1;
	return rename(aside, made);
}

int sim_tree_put(const char *made, const char *path)
{
	if (access(path, F_OK) < 0)
		return rename(made, path);
	return exchange(made, path);
}

/* What was there stays until the next change: a reader may be on its way through it. */
static void keep_a_while(const struct sim_tree *tree, const char *made)
{
	char before[PATH_BYTES];

	snprintf(before, sizeof(before), "%s/.caps-before", tree->folder);
	tree_remove(before);
	if (rename(made, before) < 0)
		tree_remove(made);
}

/* Where capabilities are made before they are put in their place. */
static int make_beside(const struct sim_tree *tree, char made[PATH_BYTES])
{
	snprintf(made, PATH_BYTES, "%s/.caps-new", tree->folder);
	tree_remove(made); /* of one who was killed */
	if (mkdir(made, 0755) < 0)
		return -1;
	/* The owner is to remove it some day. */
	return geteuid() == 0 ? chown(made, tree->img->owner, (gid_t)-1) : 0;
}

static int finish(const struct sim_tree *tree, const char *made, int rc)
{
	const int error = errno;

	if (rc == 0)
		keep_a_while(tree, made);
	else
		tree_remove(made);
	errno = error;
	return rc;
}

static int replace_capabilities(const struct sim_tree *tree, const struct sim_half *half)
{
	char made[PATH_BYTES], inside[PATH_BYTES + 16], path[PATH_BYTES];
	struct tree_writer w;
	int rc;

	if (make_beside(tree, made) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" SIM_TREE_CAPABILITIES, tree->folder);
	snprintf(inside, sizeof(inside), "%s/capabilities", made);
	w = tree_writer_open(made, tree->img->owner);
	sim_tree_write_capabilities(&w, tree->img->fixed, half);
	rc = tree_writer_close(&w);
	errno = w.error;
	if (rc == 0)
		rc = sim_tree_put(inside, path);
	return finish(tree, made, rc);
}

/* The minor that is in one set and not in the other; 0: none, or more than one. */
static unsigned only_difference(const struct minors *a, const struct minors *b)
{
	unsigned found = 0;

	for (unsigned i = 0; i < SIM_CAPS_END; i++) {
		if (a->is[i] == b->is[i])
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

/* --- What comes and goes --------------------------------------------------------------------- */

/*
 * A folder or node of an instance that goes is kept beside the tree, and comes back when the
 * instance does: of one minor it says the same each time. Nothing is made twice or deleted, which
 * is what takes time: ext4 passes over every inode that was freed a short while ago.
 */
#define KEPT ".caps-kept"

void sim_tree_forget_kept(const struct sim_tree *tree)
{
	char kept[PATH_BYTES], made[PATH_BYTES];

	snprintf(kept, sizeof(kept), "%s/" KEPT, tree->folder);
	snprintf(made, sizeof(made), "%s/.caps-new", tree->folder);
	tree_remove(made);
	rename(kept, made);
	tree_remove(made);
}

static void kept_path(const struct sim_tree *tree, const char *what, unsigned minor_number,
		      char buf[PATH_BYTES])
{
	snprintf(buf, PATH_BYTES, "%s/" KEPT "/%s%u", tree->folder, what, minor_number);
}

static void folder_path(const struct sim_tree *tree, unsigned minor_number,
			char buf[PATH_BYTES])
{
	const int nth = (int)minor_number - 3, ci = nth % 9 - 1;

	snprintf(buf, PATH_BYTES, "%s/" SIM_TREE_CAPABILITIES "/gpu%d/mig/gi%d", tree->folder,
		 nth / 135, nth % 135 / 9);
	if (ci >= 0)
		text_append(buf, PATH_BYTES, "/ci%d", ci);
}

static void node_path(const struct sim_tree *tree, unsigned minor_number, char buf[PATH_BYTES])
{
	snprintf(buf, PATH_BYTES, "%s/root/dev/nvidia-caps/nvidia-cap%u", tree->folder,
		 minor_number);
}

/* A folder that is being made or removed: killed there, one leaves nothing that is taken for
 * whole. */
static void scratch_path(const struct sim_tree *tree, char buf[PATH_BYTES])
{
	snprintf(buf, PATH_BYTES, "%s/" KEPT "/new", tree->folder);
}

/* Make the folder of an instance that never was there. */
static int make_instance(const struct sim_tree *tree, unsigned minor_number, const char *path)
{
	char made[PATH_BYTES];
	struct tree_writer w;
	int rc;

	scratch_path(tree, made);
	tree_remove(made); /* of one who was killed */
	w = tree_writer_open(tree->folder, tree->img->owner);
	tree_dir(&w, KEPT "/new");
	write_cap(&w, KEPT "/new/access", minor_number, 0444);
	rc = tree_writer_close(&w);
	errno = w.error;
	return rc < 0 ? rc : rename(made, path);
}

static int keep_instance(const struct sim_tree *tree, const char *path, const char *kept)
{
	char old[PATH_BYTES];

	if (rename(path, kept) == 0)
		return 0;
	/* One is kept already, from before all was made anew. */
	scratch_path(tree, old);
	tree_remove(old);
	rename(kept, old);
	tree_remove(old);
	return rename(path, kept);
}

/* One instance came or went, as with every call of the driver: its folder alone is moved in or
 * out. */
static int move_instance(const struct sim_tree *tree, unsigned minor_number, bool is_new)
{
	char path[PATH_BYTES], kept[PATH_BYTES];

	folder_path(tree, minor_number, path);
	kept_path(tree, "cap", minor_number, kept);
	if (!is_new)
		return keep_instance(tree, path, kept);
	return rename(kept, path) == 0 ? 0 : make_instance(tree, minor_number, path);
}

/* @is_next: those that are there are as they should be. */
static int add_nodes(const struct sim_tree *tree, const struct minors *there,
		     const struct minors *want, bool is_next)
{
	char path[PATH_BYTES], kept[PATH_BYTES];
	struct tree_writer w;
	int rc;

	snprintf(path, sizeof(path), "%s/root", tree->folder);
	w = tree_writer_open(path, tree->img->owner);
	for (unsigned i = 0; i < SIM_CAPS_END; i++) {
		if (!want->is[i] || (there->is[i] && is_next))
			continue;
		node_path(tree, i, path);
		kept_path(tree, "node", i, kept);
		if (!there->is[i])
			rename(kept, path);
		/* Makes what was not kept, and makes good what was not whole. */
		add_node(&w, i);
	}
	rc = tree_writer_close(&w);
	errno = w.error;
	return rc;
}

static void remove_nodes(const struct sim_tree *tree, const struct minors *there,
			 const struct minors *want)
{
	char path[PATH_BYTES], kept[PATH_BYTES];

	for (unsigned i = 0; i < SIM_CAPS_END; i++) {
		if (!there->is[i] || want->is[i])
			continue;
		node_path(tree, i, path);
		kept_path(tree, "node", i, kept);
		if (rename(path, kept) < 0)
			unlink(path);
	}
}

static int make_kept(const struct sim_tree *tree)
{
	struct tree_writer w = tree_writer_open(tree->folder, tree->img->owner);
	int rc;

	tree_dir(&w, KEPT);
	rc = tree_writer_close(&w);
	errno = w.error;
	return rc;
}

/* @is_next: the tree is whole and of the state just before, so that its nodes say what was. */
static int update_to(const struct sim_tree *tree, const struct sim_half *half, bool is_next,
		     const char **ret_failed)
{
	const struct minors want = minors_of(tree->img->fixed, half);
	struct minors there = { 0 };
	unsigned only = 0;

	*ret_failed = "make " KEPT;
	if (make_kept(tree) < 0)
		return -1;
	*ret_failed = "read dev/nvidia-caps";
	if (read_nodes(tree, &there) < 0)
		return -1;
	if (is_next)
		only = only_difference(&there, &want);
	*ret_failed = "make nodes in dev/nvidia-caps";
	if (add_nodes(tree, &there, &want, is_next) < 0)
		return -1;
	*ret_failed = "change proc/driver/nvidia/capabilities";
	if (!only || move_instance(tree, only, want.is[only]) < 0) {
		if (replace_capabilities(tree, half) < 0)
			return -1;
	}
	remove_nodes(tree, &there, &want);
	return 0;
}

int sim_tree_update(const struct sim_tree *tree, const char **ret_failed)
{
	cleanup_free struct sim_half *half = NULL;
	uint64_t seq, seq_before = 0;
	const bool is_whole = sim_tree_seq(tree, &seq_before);

	if (is_whole && seq_before == sim_image_seq(tree->img))
		return 0;
	*ret_failed = "read the machine";
	half = calloc(1, sizeof(*half));
	if (!half || sim_image_read(tree->img, half, &seq, NULL) < 0) {
		errno = half ? EIO : ENOMEM;
		return -1;
	}
	/* Ended in the middle, it is of no state at all: the next one makes all anew. */
	*ret_failed = "stamp it";
	if (sim_tree_stamp(tree, 0) < 0)
		return -1;
	if (update_to(tree, half, is_whole && seq_before && seq == seq_before + 1, ret_failed) <
	    0)
		return -1;
	*ret_failed = "stamp it";
	return sim_tree_stamp(tree, seq);
}

void sim_tree_follow(const struct sim_image *img, const char *image_path)
{
	const char *slash = strrchr(image_path, '/'), *failed;
	struct sim_tree tree = { .img = img, .lock = -1 };
	const int saved = errno;
	uint64_t seq;

	if (!sim_image_has_tree(img) || !slash ||
	    (size_t)(slash - image_path) >= sizeof(tree.folder))
		return;
	memcpy(tree.folder, image_path, (size_t)(slash - image_path));
	if (sim_tree_lock(&tree, false) == 0 && sim_tree_seq(&tree, &seq) &&
	    sim_tree_update(&tree, &failed) < 0)
		errno = saved; /* the tree stays behind, and its stamp says so */
	sim_tree_unlock(&tree);
	errno = saved;
}
