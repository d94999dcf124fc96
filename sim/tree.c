/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/text.h"
#include "sim/open.h"
#include "sim/tree_state.h"

char *sim_tree_path(const char *dir, const char *name, char *buf, size_t len)
{
	snprintf(buf, len, "%s/%s/root", dir, name);
	return buf;
}

static int fail_tree(struct mig_error *err, const struct sim_tree *tree, const char *what)
{
	const bool is_kept = errno == EACCES || errno == EPERM || errno == EROFS;

	return mig_fail(err, is_kept ? MIG_E_PERM : MIG_E_IO, "the tree %s/root: %s: %s",
			tree->folder, what, strerror(errno));
}

static int write_whole(const struct sim_tree *tree, const char *made,
		       const struct sim_half *half, struct mig_error *err)
{
	char inside[SIM_PATH_MAX + 64];
	struct tree_writer w = tree_writer_open(made, tree->img->owner), caps;
	int rc;

	sim_tree_write_fixed(&w, tree->img->fixed);
	sim_tree_add_nodes(&w, tree->img->fixed, half);
	rc = tree_writer_close(&w);
	errno = w.error;
	if (rc < 0)
		return fail_tree(err, tree, w.failed);
	snprintf(inside, sizeof(inside), "%s/proc/driver/nvidia", made);
	caps = tree_writer_open(inside, tree->img->owner);
	sim_tree_write_capabilities(&caps, tree->img->fixed, half);
	rc = tree_writer_close(&caps);
	errno = caps.error;
	return rc < 0 ? fail_tree(err, tree, caps.failed) : 0;
}

/* All of it beside, and then in its place in one step. */
static int make_whole(const struct sim_tree *tree, struct mig_error *err)
{
	char made[SIM_PATH_MAX + 64], path[SIM_PATH_MAX + 64];
	struct sim_half *half = calloc(1, sizeof(*half));
	uint64_t seq;
	int rc;

	if (!half)
		return mig_fail(err, MIG_E_NOMEM, "make the tree %s/root", tree->folder);
	snprintf(made, sizeof(made), "%s/.root-new", tree->folder);
	snprintf(path, sizeof(path), "%s/root", tree->folder);
	rc = sim_image_read(tree->img, half, &seq, err);
	tree_remove(made); /* of one who was killed */
	sim_tree_forget_kept(tree);
	if (rc == 0 && (mkdir(made, 0755) < 0 || chmod(made, 0755) < 0 ||
			(geteuid() == 0 && chown(made, tree->img->owner, (gid_t)-1) < 0)))
		rc = fail_tree(err, tree, "make a folder");
	if (rc == 0) {
		rc = write_whole(tree, made, half, err);
		if (rc == 0 && sim_tree_put(made, path) < 0)
			rc = fail_tree(err, tree, "put it in its place");
		if (rc == 0 && sim_tree_stamp(tree, seq) < 0)
			rc = fail_tree(err, tree, "stamp it");
		tree_remove(made);
	}
	free(half);
	return rc;
}

/* A reader's view: is it up to date, though we may not write it? */
static bool is_current(struct sim_tree *tree)
{
	char path[SIM_PATH_MAX + 64];
	uint64_t seq;

	snprintf(path, sizeof(path), "%s/tree", tree->folder);
	tree->lock = open(path, O_RDONLY | O_CLOEXEC);
	return tree->lock >= 0 && sim_tree_seq(tree, &seq) && seq == sim_image_seq(tree->img);
}

static int refresh(struct sim_tree *tree, struct mig_error *err)
{
	const char *failed;
	uint64_t seq;
	int rc;

	if (sim_tree_lock(tree, true) < 0) {
		const int error = errno;

		sim_tree_unlock(tree);
		if (is_current(tree))
			return 0;
		errno = error;
		return fail_tree(err, tree, "it is behind its machine");
	}
	rc = sim_image_mark_tree(tree->img, err);
	if (rc < 0)
		return rc;
	if (!sim_tree_seq(tree, &seq))
		return make_whole(tree, err);
	if (sim_tree_update(tree, &failed) < 0)
		return fail_tree(err, tree, failed);
	return 0;
}

int sim_tree_refresh(const char *dir, const char *name, struct mig_error *err)
{
	struct sim_tree tree = { .lock = -1 };
	struct sim_open m;
	int rc = sim_open(dir, name, &m, err);

	if (rc < 0)
		return rc;
	tree.img = &m.img;
	snprintf(tree.folder, sizeof(tree.folder), "%s/%s", dir, name);
	rc = refresh(&tree, err);
	sim_tree_unlock(&tree);
	sim_open_close(&m);
	return rc;
}
