/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules of the kernel that use the driver, or one that does. A line of /proc/modules is
 * "NAME SIZE COUNT USER,USER, …", with "-" for no user; where it is missing, /sys/module/NAME/holders
 * has a link a user.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/who/who.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

enum { MODULES_MAX = 64, MODULE_BYTES = 56 };

struct modules {
	int n;
	char names[MODULES_MAX][MODULE_BYTES]; /* the driver's own first */
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void add_module(struct modules *m, const char *name, size_t len)
{
	if (len == 0 || len >= MODULE_BYTES || *name == '.' || *name == '-')
		return;
	for (int i = 0; i < m->n; i++) {
		if (strncmp(m->names[i], name, len) == 0 && !m->names[i][len])
			return;
	}
	if (m->n < MODULES_MAX)
		text_copy(m->names[m->n++], len + 1, name);
}

/* The users that the list has of @name. */
static void add_listed(const char *list, const char *name, struct modules *m)
{
	const size_t len = strlen(name);

	for (const char *line = list; *line; line += *line == '\n') {
		const size_t end = strcspn(line, "\n");

		if (strncmp(line, name, len) == 0 && line[len] == ' ') {
			const char *users = memchr(line + len + 1, ' ', end - len - 1);

			users = users ? memchr(users + 1, ' ', end - (size_t)(users + 1 - line))
				      : NULL;
			while (users && ++users < line + end) {
				const size_t n = strcspn(users, ", \n");

				add_module(m, users, n);
				users = users[n] == ',' ? users + n : NULL;
			}
		}
		line += end;
	}
}

/* The same of /sys. */
static void add_linked(struct who *w, const char *name, struct modules *m)
{
	char path[WHO_PATH], below[MODULE_BYTES + 32];
	const struct dirent *e;

	snprintf(below, sizeof(below), "/sys/module/%s/holders", name);
	CLEANUP(close_dir) DIR *dir = opendir(who_path(w->opt->driver_root, below, path));

	if (!dir && errno != ENOENT)
		who_unknown(w, "kernel modules", "%s: %s", path, strerror(errno));
	while (dir && (e = readdir(dir)))
		add_module(m, e->d_name, strlen(e->d_name));
}

void who_modules_of(struct who *w, const char *list)
{
	cleanup_free struct modules *m = calloc(1, sizeof(*m));

	if (!m) {
		w->is_short = true;
		return;
	}
	add_module(m, "nvidia", strlen("nvidia"));
	for (int i = 0; i < m->n; i++) {
		struct mig_holder h = { .gpu = -1,
					.gi = -1,
					.ci = -1,
					.uid = -1,
					.kind = MIG_HOLDER_MODULE,
					.seen = MIG_SEEN_KERNEL };

		if (list)
			add_listed(list, m->names[i], m);
		else
			add_linked(w, m->names[i], m);
		if (i == 0)
			continue;
		text_copy(h.name, sizeof(h.name), m->names[i]);
		who_printable(h.name);
		h.blocks = who_module_blocks(h.name);
		who_add(w, &h);
	}
}

void who_modules(struct who *w)
{
	cleanup_free char *list = NULL;
	struct mig_error why = { 0 };
	char path[WHO_PATH];

	who_path(w->opt->driver_root, "/proc/modules", path);
	if (access(path, F_OK) == 0 && mig_file_read(path, &list, &why) < 0)
		who_unknown(w, "kernel modules", "%s", why.msg);
	else
		who_modules_of(w, list);
}
