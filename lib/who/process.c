/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: which have the driver's device nodes open, and where those run that anybody found.
 *
 * A node is known by its file, so that a container's name for it does not matter: on hardware by its
 * device number, of which a container's own node has the same; of a simulated machine by its inode,
 * as all of them have the same numbers.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/who/who.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

enum { HOLDINGS_MAX = 256 };

struct node {
	struct stat st;
	int gpu, gi, ci;
};

struct scan {
	struct who *who;
	const char *root;   /* before the processes' /proc */
	struct node *nodes; /* borrowed */
	int n_nodes, room;
	int self; /* this process, as the /proc that is read calls it */
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* --- Device nodes ------------------------------------------------------------------------ */

static void add_node(struct scan *s, const char *name, int gpu, int gi, int ci)
{
	struct node node = { .gpu = gpu, .gi = gi, .ci = ci };
	char path[WHO_PATH];

	if (stat(who_path(s->who->opt->driver_root, name, path), &node.st) < 0)
		return;
	if (s->n_nodes == s->room) {
		const int room = s->room ? 2 * s->room : 64;
		struct node *nodes = reallocarray(s->nodes, (size_t)room, sizeof(*nodes));

		if (!nodes) {
			s->who->is_short = true;
			return;
		}
		s->nodes = nodes;
		s->room = room;
	}
	s->nodes[s->n_nodes++] = node;
}

static void add_cap(struct scan *s, const struct mig_caps *caps, const struct mig_gpu *gpu,
		    int gi, int ci)
{
	const int minor = mig_caps_minor(caps, gpu->minor, gi, ci);
	char name[64];

	if (minor < 0)
		return;
	snprintf(name, sizeof(name), "/dev/nvidia-caps/nvidia-cap%d", minor);
	add_node(s, name, gpu->index, gi, ci);
}

static void add_gpu(struct scan *s, const struct mig_caps *caps, const struct mig_gpu *gpu)
{
	char name[64];

	if (gpu->minor < 0)
		return;
	snprintf(name, sizeof(name), "/dev/nvidia%d", gpu->minor);
	add_node(s, name, gpu->index, -1, -1);
	for (int i = 0; caps && i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];

		add_cap(s, caps, gpu, gi->id, -1);
		for (int k = 0; k < gi->n_cis; k++)
			add_cap(s, caps, gpu, gi->id, gi->cis[k].id);
	}
}

/* Those of the driver as a whole count too: a reset wants it to have no client. */
static void find_nodes(struct scan *s)
{
	static const char *const common[] = { "/dev/nvidiactl", "/dev/nvidia-uvm",
					      "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset" };
	cleanup_free struct mig_caps *caps = malloc(sizeof(*caps));
	struct mig_error why = { 0 };
	int rc = caps ? mig_caps_read(s->who->opt->driver_root, caps, &why) : 0;

	if (rc < 0 && rc != -MIG_E_NOENT)
		who_unknown(s->who, "capability nodes", "%s", why.msg);
	for (int i = 0; i < s->who->snap->n_gpus; i++)
		add_gpu(s, caps && rc == 0 ? caps : NULL, &s->who->snap->gpus[i]);
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		add_node(s, common[i], -1, -1, -1);
}

static const struct node *find_node(const struct scan *s, const struct stat *st)
{
	for (int i = 0; i < s->n_nodes; i++) {
		const struct stat *node = &s->nodes[i].st;

		if (node->st_dev == st->st_dev && node->st_ino == st->st_ino)
			return &s->nodes[i];
		if (!s->who->snap->is_simulated && S_ISCHR(st->st_mode) &&
		    S_ISCHR(node->st_mode) && node->st_rdev == st->st_rdev)
			return &s->nodes[i];
	}
	return NULL;
}

/* --- One process ------------------------------------------------------------------------- */

/* The node that a descriptor has open, or NULL. */
static const struct node *node_of(const struct scan *s, int dir, const char *fd)
{
	char target[PATH_MAX], path[WHO_PATH];
	struct stat st;
	ssize_t n = readlinkat(dir, fd, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	if (!strstr(target, "nvidia")) /* most are something else, and a stat is dear */
		return NULL;
	if (*s->root ? stat(who_path(s->root, target, path), &st) : fstatat(dir, fd, &st, 0))
		return NULL;
	return find_node(s, &st);
}

/* Return: how many; -1: this caller may not see. */
static int holdings_of(const struct scan *s, int pid, const struct node **ret)
{
	char path[WHO_PATH], name[32];
	const struct dirent *e;
	int n = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	CLEANUP(close_dir) DIR *dir = opendir(who_path(s->root, name, path));

	if (!dir)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	while ((e = readdir(dir)) && n < HOLDINGS_MAX) {
		const struct node *node = isdigit((unsigned char)e->d_name[0])
						  ? node_of(s, dirfd(dir), e->d_name)
						  : NULL;

		if (node)
			ret[n++] = node;
	}
	return n;
}

/* The text of /proc/PID/@what, or NULL; the caller frees it. */
static char *read_proc(const char *root, int pid, const char *what)
{
	char path[WHO_PATH], name[64], *text = NULL;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, what);
	return mig_file_read(who_path(root, name, path), &text, NULL) < 0 ? NULL : text;
}

static void read_name(const char *root, struct mig_holder *h)
{
	cleanup_free char *comm = read_proc(root, h->pid, "comm");

	if (!comm)
		return;
	comm[strcspn(comm, "\n")] = '\0';
	text_copy(h->name, sizeof(h->name), comm);
	who_printable(h->name);
}

int64_t who_uid(const char *root, int pid)
{
	cleanup_free char *status = read_proc(root, pid, "status");
	const char *line = status ? strstr(status, "\nUid:\t") : NULL;

	/* The second is the one that it acts as. */
	line = line ? strchr(line + strlen("\nUid:\t"), '\t') : NULL;
	return line && isdigit((unsigned char)line[1]) ? strtol(line + 1, NULL, 10) : -1;
}

/* What can be told of a process by its number, into holders of kind PROCESS. */
static void describe(const char *root, struct mig_holder *h)
{
	cleanup_free char *groups = read_proc(root, h->pid, "cgroup");
	const char *unit;

	read_name(root, h);
	h->uid = who_uid(root, h->pid);
	if (groups)
		mig_origin_parse(groups, &h->from);
	h->kind = h->from.kind;
	unit = who_daemon_unit(h->name);
	if (!unit || (h->kind != MIG_HOLDER_PROCESS && h->kind != MIG_HOLDER_UNIT))
		return;
	if (h->kind == MIG_HOLDER_PROCESS)
		text_copy(h->from.unit, sizeof(h->from.unit), unit);
	h->kind = MIG_HOLDER_DAEMON;
}

/* A daemon that holds nothing now is worth a word; of one whose files are hidden the worst is
 * assumed. */
static void add_daemon(const struct scan *s, struct mig_holder *h, int n)
{
	if (n > 0 || !s->who->opt->has_host || !who_daemon_unit(h->name))
		return;
	describe(s->root, h);
	h->seen = MIG_SEEN_NAME;
	h->blocks = n < 0 ? MIG_BLOCKS_MODE : 0;
	who_add(s->who, h);
}

static void look_at(struct scan *s, int pid)
{
	struct mig_holder h = { .gpu = -1, .gi = -1, .ci = -1, .pid = pid, .uid = -1 };
	const struct node *nodes[HOLDINGS_MAX];
	const int n = holdings_of(s, pid, nodes);

	if (n < 0)
		s->who->ret->n_hidden++;
	read_name(s->root, &h);
	add_daemon(s, &h, n);
	for (int i = 0; i < n; i++) {
		h.gpu = nodes[i]->gpu;
		h.gi = nodes[i]->gi;
		h.ci = nodes[i]->ci;
		h.seen = MIG_SEEN_FILE;
		h.blocks = who_blocks(MIG_HOLDER_PROCESS, h.gi);
		who_add(s->who, &h);
	}
}

/* --- All of them ------------------------------------------------------------------------- */

/* We ask the driver, and so have it open. */
static int own_pid(const char *root)
{
	char path[WHO_PATH], target[32] = "";

	if (readlink(who_path(root, "/proc/self", path), target, sizeof(target) - 1) > 0 &&
	    isdigit((unsigned char)target[0]))
		return (int)strtol(target, NULL, 10);
	return *root ? 0 : getpid();
}

void who_processes(struct who *w)
{
	struct scan s = { .who = w, .root = w->opt->root, .self = own_pid(w->opt->root) };
	char path[WHO_PATH];
	CLEANUP(close_dir) DIR *dir = opendir(who_path(s.root, "/proc", path));
	const struct dirent *e;

	if (!dir)
		who_unknown(w, "processes", "%s: %s", path, strerror(errno));
	find_nodes(&s);
	while (dir && (e = readdir(dir))) {
		const int pid = isdigit((unsigned char)e->d_name[0])
					? (int)strtol(e->d_name, NULL, 10)
					: 0;

		if (pid > 0 && pid != s.self)
			look_at(&s, pid);
	}
	free(s.nodes);
	for (int i = 0; i < w->ret->n; i++)
		describe(s.root, &w->ret->holders[i]);
}
