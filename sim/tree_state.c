/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tree_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"

/* Counts every change of what stands in a tree: an older one is made anew. */
enum { TREE_VERSION = 1 };

enum { STAMP_BYTES = 96, PATH_BYTES = 4096 + 128 };

#define CAPABILITIES "root/proc/driver/nvidia/capabilities"

unsigned sim_cap_minor(int gpu, int gi, int ci)
{
	return (unsigned)(3 + 135 * gpu + 9 * gi + (ci < 0 ? 0 : 1 + ci));
}

/* --- Lock and stamp ------------------------------------------------------------------------ */

int sim_tree_lock(struct sim_tree *tree, bool may_make)
{
	char path[PATH_BYTES];
	int rc;

	snprintf(path, sizeof(path), "%s/tree", tree->folder);
	tree->lock =
		open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (may_make ? O_CREAT : 0), 0644);
	if (tree->lock < 0)
		return -1;
	if (geteuid() == 0 && fchown(tree->lock, tree->img->owner, (gid_t)-1) < 0)
		return -1;
	do
		rc = flock(tree->lock, LOCK_EX);
	while (rc < 0 && errno == EINTR);
	return rc;
}

void sim_tree_unlock(struct sim_tree *tree)
{
	if (tree->lock < 0)
		return;
	/* Not by closing alone: a child that another thread forked has the descriptor too. */
	flock(tree->lock, LOCK_UN);
	close(tree->lock);
	tree->lock = -1;
}

/* "1 <id of the machine> " in front of the number of the state. */
static void stamp_begin(const struct sim_tree *tree, char *buf, size_t len)
{
	snprintf(buf, len, "%d %s ", TREE_VERSION, tree->img->fixed->id);
}

bool sim_tree_seq(const struct sim_tree *tree, uint64_t *ret_seq)
{
	char begin[STAMP_BYTES], text[STAMP_BYTES], path[PATH_BYTES];
	const ssize_t n = pread(tree->lock, text, sizeof(text) - 1, 0);
	size_t len;

	snprintf(path, sizeof(path), "%s/" CAPABILITIES, tree->folder);
	if (n <= 0 || access(path, F_OK) < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	stamp_begin(tree, begin, sizeof(begin));
	len = strlen(begin);
	return strncmp(text, begin, len) == 0 && text_parse_u64(text + len, ret_seq);
}

int sim_tree_stamp(const struct sim_tree *tree, uint64_t seq)
{
	char text[STAMP_BYTES];

	stamp_begin(tree, text, sizeof(text));
	/* Always as long: a shorter one would leave the end of the longer. */
	text_append(text, sizeof(text), "%020llu\n", (unsigned long long)seq);
	return pwrite(tree->lock, text, strlen(text), 0) < 0 ? -1 : 0;
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

void sim_tree_add_nodes(struct tree_writer *w, const struct sim_fixed *fixed,
			const struct sim_half *half)
{
	const struct minors m = minors_of(fixed, half);
	char name[64];

	for (unsigned i = 0; i < SIM_CAPS_END; i++) {
		if (!m.is[i])
			continue;
		snprintf(name, sizeof(name), "dev/nvidia-caps/nvidia-cap%u", i);
		tree_node(w, name, i == SIM_CAP_CONFIG ? 0400 : 0444, SIM_MAJOR_CAPS, i);
	}
}

/* Go through the nodes that there are: note them in @ret_there, remove those not in @keep. */
static int walk_nodes(const struct sim_tree *tree, struct minors *ret_there,
		      const struct minors *keep)
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
		if (strncmp(entry->d_name, "nvidia-cap", 10) != 0 ||
		    !text_parse_u64(entry->d_name + 10, &i))
			continue;
		if (ret_there && i < SIM_CAPS_END)
			ret_there->is[i] = true;
		if (keep && (i >= SIM_CAPS_END || !keep->is[i]))
			unlinkat(dirfd(dir), entry->d_name, 0);
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
	snprintf(path, sizeof(path), "%s/" CAPABILITIES, tree->folder);
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

/* One instance came or went, as with every call of the driver: its folder alone is moved in or
 * out, which is quicker than to make all anew. */
static int move_instance(const struct sim_tree *tree, unsigned minor_number, bool is_new)
{
	const int nth = (int)minor_number - 3, ci = nth % 9 - 1;
	char made[PATH_BYTES], inside[PATH_BYTES + 16], path[PATH_BYTES];
	struct tree_writer w;
	int rc = 0;

	if (make_beside(tree, made) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" CAPABILITIES "/gpu%d/mig/gi%d", tree->folder,
		 nth / 135, nth % 135 / 9);
	if (ci >= 0)
		text_append(path, sizeof(path), "/ci%d", ci);
	snprintf(inside, sizeof(inside), "%s/one", made);
	if (is_new) {
		w = tree_writer_open(made, tree->img->owner);
		tree_dir(&w, "one");
		write_cap(&w, "one/access", minor_number, 0444);
		rc = tree_writer_close(&w);
		errno = w.error;
	}
	if (rc == 0)
		rc = is_new ? rename(inside, path) : rename(path, inside);
	return finish(tree, made, rc);
}

static int add_nodes(const struct sim_tree *tree, const struct sim_half *half)
{
	char root[PATH_BYTES];
	struct tree_writer w;
	int rc;

	snprintf(root, sizeof(root), "%s/root", tree->folder);
	w = tree_writer_open(root, tree->img->owner);
	sim_tree_add_nodes(&w, tree->img->fixed, half);
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

	*ret_failed = "read dev/nvidia-caps";
	if (walk_nodes(tree, &there, NULL) < 0)
		return -1;
	if (is_next)
		only = only_difference(&there, &want);
	*ret_failed = "make nodes in dev/nvidia-caps";
	if (add_nodes(tree, half) < 0)
		return -1;
	*ret_failed = "change proc/driver/nvidia/capabilities";
	if (!only || move_instance(tree, only, want.is[only]) < 0) {
		if (replace_capabilities(tree, half) < 0)
			return -1;
	}
	return walk_nodes(tree, NULL, &want);
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

	if (!slash || (size_t)(slash - image_path) >= sizeof(tree.folder))
		return;
	memcpy(tree.folder, image_path, (size_t)(slash - image_path));
	if (sim_tree_lock(&tree, false) == 0 && sim_tree_seq(&tree, &seq) &&
	    sim_tree_update(&tree, &failed) < 0)
		errno = saved; /* the tree stays behind, and its stamp says so */
	sim_tree_unlock(&tree);
	errno = saved;
}
