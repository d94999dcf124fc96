/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated machine's files where programs look for a driver's: in a mount namespace of this
 * process's own, which ends with it and what it started.
 *
 *	/proc/driver, /sys/bus/pci	bound over: they exist on every Linux that has PCI
 *	/sys/module			a tmpfs of links into the real one, with our modules
 *	/proc/modules, /proc/devices	likewise; a kernel without modules has no /proc/modules,
 *					and no file can be made in /proc. Then /proc becomes a
 *					tmpfs of links into the real one, which is kept below it
 *	/dev				a tmpfs with the real nodes bound into it, and ours
 */
#include "cli/sim_root.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

enum { PATH_BYTES = 4096 + 512 };

static void cleanup_closedir_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define cleanup_closedir CLEANUP(cleanup_closedir_p)

static int fail_io(struct mig_error *err, const char *what, const char *path)
{
	return mig_fail(err, errno == EPERM || errno == EACCES ? MIG_E_PERM : MIG_E_IO,
			"sim exec --root: %s %s: %s", what, path, strerror(errno));
}

/* --- Namespaces ---------------------------------------------------------------------------- */

static int write_map(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* The caller stays who it is: only that user exists in the namespace. */
static int enter_user_namespace(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (write_map("/proc/self/setgroups", "deny") < 0 ||
	    write_map("/proc/self/uid_map", map) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return write_map("/proc/self/gid_map", map);
}

static int enter_namespace(struct mig_error *err)
{
	if (unshare(CLONE_NEWNS) < 0) {
		if (errno != EPERM)
			return fail_io(err, "make", "a mount namespace");
		if (enter_user_namespace() < 0)
			return mig_fail(
				err, MIG_E_PERM,
				"sim exec --root needs root, or a system that lets users "
				"have namespaces of their own (%s); without --root a "
				"program finds the driver all the same, and its files "
				"where 'migctl sim tree' says",
				strerror(errno));
	}
	/* What is mounted here is nobody else's business. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail_io(err, "make private", "the mounts");
	return 0;
}

/* --- Putting things in place ---------------------------------------------------------------- */

static int bind_over(const char *what, const char *where, struct mig_error *err)
{
	if (mount(what, where, NULL, MS_BIND | MS_REC, NULL) < 0)
		return fail_io(err, "put the tree over", where);
	return 0;
}

static int bind_tree(const char *root, const char *name, struct mig_error *err)
{
	char what[PATH_BYTES];

	snprintf(what, sizeof(what), "%s%s", root, name);
	return bind_over(what, name, err);
}

static int make_file(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* A place for @what at @where, of its kind, with @what bound to it; a link is copied. */
static int graft(const char *what, const char *where, struct mig_error *err)
{
	char target[PATH_BYTES];
	struct stat st;
	ssize_t n;
	int rc;

	if (lstat(what, &st) < 0)
		return errno == ENOENT ? 0 : fail_io(err, "look at", what);
	if (S_ISLNK(st.st_mode)) {
		n = readlink(what, target, sizeof(target) - 1);
		if (n < 0)
			return fail_io(err, "read the link", what);
		target[n] = '\0';
		return symlink(target, where) < 0 ? fail_io(err, "make", where) : 0;
	}
	rc = S_ISDIR(st.st_mode) ? mkdir(where, 0755) : make_file(where);
	return rc < 0 ? fail_io(err, "make", where) : bind_over(what, where, err);
}

/* A tmpfs at @at, which is the tree's own folder and used for this only. */
static int mount_blank(const char *at, struct mig_error *err)
{
	if (mkdir(at, 0755) < 0 && errno != EEXIST)
		return fail_io(err, "make", at);
	if (mount("migctl", at, "tmpfs", MS_NOSUID, "mode=755") < 0)
		return fail_io(err, "mount a tmpfs on", at);
	return 0;
}

static int move_to(const char *from, const char *to, struct mig_error *err)
{
	return mount(from, to, NULL, MS_MOVE, NULL) < 0 ? fail_io(err, "mount over", to) : 0;
}

/* --- /dev ------------------------------------------------------------------------------------ */

static bool is_nvidia(const char *name)
{
	return strncmp(name, "nvidia", 6) == 0;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* All entries of @from that are a driver's, or all that are none. */
static int graft_all(const char *from, const char *to, bool want_nvidia, struct mig_error *err)
{
	cleanup_closedir DIR *dir = opendir(from);
	struct dirent *entry;
	int rc = 0, n_null = 0;

	if (!dir)
		return fail_io(err, "list", from);
	while (rc == 0 && (entry = readdir(dir))) {
		char what[PATH_BYTES], where[PATH_BYTES];
		struct stat st;

		if (is_dot(entry->d_name) || is_nvidia(entry->d_name) != want_nvidia)
			continue;
		snprintf(what, sizeof(what), "%s/%s", from, entry->d_name);
		snprintf(where, sizeof(where), "%s/%s", to, entry->d_name);
		/* Where a node could not be made, one that opens is better than a file. */
		if (want_nvidia && lstat(what, &st) == 0 && S_ISREG(st.st_mode)) {
			text_copy(what, sizeof(what), "/dev/null");
			n_null++;
		}
		rc = graft(what, where, err);
	}
	if (n_null > 0)
		fputs("migctl: the machine's device nodes are /dev/null here and files in "
		      "/dev/nvidia-caps: making real ones needs root\n",
		      stderr);
	return rc;
}

static int enter_dev(const char *root, const char *blank, struct mig_error *err)
{
	char ours[PATH_BYTES];
	int rc = mount_blank(blank, err);

	snprintf(ours, sizeof(ours), "%s/dev", root);
	if (rc == 0)
		rc = graft_all("/dev", blank, false, err);
	if (rc == 0)
		rc = graft_all(ours, blank, true, err);
	return rc < 0 ? rc : move_to(blank, "/dev", err);
}

/* --- Where no file can be made: /proc, /sys/module ------------------------------------------- */

/* A folder that becomes a tmpfs of links into the real one, which is .real below it; but what
 * is_ours is the tree's, if the tree has it. */
struct view {
	const char *at;
	bool (*is_ours)(const char *name);
};

static bool is_ours_in_proc(const char *name)
{
	return strcmp(name, "driver") == 0 || strcmp(name, "modules") == 0 ||
	       strcmp(name, "devices") == 0;
}

static const struct view proc_view = { "/proc", is_ours_in_proc };
static const struct view module_view = { "/sys/module", is_nvidia };

/* The processes that there are now have links in /proc too, later ones have none. */
static int link_real(const struct view *view, const char *blank, struct mig_error *err)
{
	cleanup_closedir DIR *dir = opendir(view->at);
	struct dirent *entry;

	if (!dir)
		return fail_io(err, "list", view->at);
	while ((entry = readdir(dir))) {
		char where[PATH_BYTES], target[PATH_BYTES];

		if (is_dot(entry->d_name) || view->is_ours(entry->d_name))
			continue;
		snprintf(where, sizeof(where), "%s/%s", blank, entry->d_name);
		snprintf(target, sizeof(target), ".real/%s", entry->d_name);
		if (symlink(target, where) < 0)
			return fail_io(err, "make", where);
	}
	return 0;
}

static int graft_ours(const struct view *view, const char *root, const char *blank,
		      struct mig_error *err)
{
	char folder[PATH_BYTES], what[PATH_BYTES + 256], where[PATH_BYTES];
	cleanup_closedir DIR *dir = NULL;
	struct dirent *entry;
	int rc = 0;

	snprintf(folder, sizeof(folder), "%s%s", root, view->at);
	dir = opendir(folder);
	if (!dir)
		return fail_io(err, "list", folder);
	while (rc == 0 && (entry = readdir(dir))) {
		if (!view->is_ours(entry->d_name))
			continue;
		snprintf(what, sizeof(what), "%s/%s", folder, entry->d_name);
		snprintf(where, sizeof(where), "%s/%s", blank, entry->d_name);
		rc = graft(what, where, err);
	}
	return rc;
}

static int enter_view(const struct view *view, const char *root, const char *blank,
		      struct mig_error *err)
{
	char where[PATH_BYTES];
	int rc = mount_blank(blank, err);

	snprintf(where, sizeof(where), "%s/.real", blank);
	if (rc == 0)
		rc = graft(view->at, where, err);
	if (rc == 0)
		rc = link_real(view, blank, err);
	if (rc == 0)
		rc = graft_ours(view, root, blank, err);
	return rc < 0 ? rc : move_to(blank, view->at, err);
}

static int bind_if_there(const char *root, const char *name, struct mig_error *err)
{
	if (access(name, F_OK) == 0)
		return bind_tree(root, name, err);
	fprintf(stderr, "migctl: this kernel has no %s, so the machine's stays in %s%s\n", name,
		root, name);
	return 0;
}

static int enter_sys(const char *root, const char *blank, struct mig_error *err)
{
	int rc = bind_if_there(root, "/sys/bus/pci", err);

	if (rc == 0 && access(module_view.at, F_OK) == 0)
		rc = enter_view(&module_view, root, blank, err);
	return rc;
}

static int enter_proc(const char *root, const char *blank, bool keep_proc,
		      struct mig_error *err)
{
	const bool has_all =
		access("/proc/driver", F_OK) == 0 && access("/proc/modules", F_OK) == 0;
	int rc;

	if (!keep_proc && !has_all)
		return enter_view(&proc_view, root, blank, err);
	rc = bind_if_there(root, "/proc/driver", err);
	if (rc == 0)
		rc = bind_if_there(root, "/proc/modules", err);
	if (rc == 0 && !keep_proc)
		rc = bind_tree(root, "/proc/devices", err);
	return rc;
}

/* --- Libraries --------------------------------------------------------------------------------- */

/* Where a driver's library is, if it is installed: a program that goes by a path of its own must
 * not reach the real one from in here. */
static const char *const libraries[] = {
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
	"/usr/lib64",
	"/usr/lib",
	"/usr/lib/x86_64-linux-gnu/nvidia",
	"/usr/lib64/nvidia",
	"/usr/lib/nvidia",
	"/usr/lib/x86_64-linux-gnu/nvidia/current",
	"/usr/local/lib",
	"/usr/local/nvidia/lib64",
};

static int enter_libraries(const char *library, struct mig_error *err)
{
	char theirs[128];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		snprintf(theirs, sizeof(theirs), "%s/libnvidia-ml.so.1", libraries[i]);
		if (access(theirs, F_OK) == 0)
			rc = bind_over(library, theirs, err);
	}
	return rc;
}

int sim_root_enter(const char *root, const char *library, bool keep_proc, struct mig_error *err)
{
	char blank[] = "/tmp/.migctl-XXXXXX";
	int rc;

	/* Looked for before the namespace: a place to build on that everybody may write. */
	if (!mkdtemp(blank))
		return fail_io(err, "make a folder like", blank);
	rc = enter_namespace(err);
	if (rc == 0)
		rc = enter_libraries(library, err);
	if (rc == 0)
		rc = enter_sys(root, blank, err);
	if (rc == 0)
		rc = enter_dev(root, blank, err);
	if (rc == 0)
		rc = enter_proc(root, blank, keep_proc, err);
	rmdir(blank);
	return rc;
}
