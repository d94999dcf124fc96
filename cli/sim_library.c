/* SPDX-License-Identifier: Apache-2.0 */
/* The library and the nvidia-smi in a machine's tree: copies, as containers are given them too. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/sim_root.h"
#include "cli/verb.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "sim/machine.h"

enum { LIBRARY_BYTES_MAX = 64 << 20, PATH_BYTES = 4096 + 512 };

/* As sim/tree_fixed.c has named it. */
static const char *folder_word(void)
{
	struct utsname host = { 0 };

	uname(&host);
	return strcmp(host.machine, "aarch64") == 0 ? "aarch64" : "x86_64";
}

/* Is @copy at least as new as @of, and as long? */
static bool is_current(const char *copy, const char *of)
{
	struct stat a, b;

	return stat(copy, &a) == 0 && stat(of, &b) == 0 && a.st_size == b.st_size &&
	       a.st_mtime >= b.st_mtime;
}

static int put_file(const char *path, const void *data, size_t len, struct mig_error *err)
{
	int rc = mig_file_replace(path, data, len, err);

	if (rc == 0 && chmod(path, 0755) < 0)
		rc = mig_fail(err, MIG_E_IO, "make %s executable: %s", path, strerror(errno));
	return rc;
}

static int put_library(const char *root, const char *driver, struct mig_error *err)
{
	char library[PATH_BYTES], copy[PATH_BYTES];
	cleanup_free char *bytes = NULL;
	size_t len = 0;
	int rc = cli_sim_library(library, sizeof(library), err);

	if (rc < 0)
		return rc;
	snprintf(copy, sizeof(copy), "%s/usr/lib/%s-linux-gnu/libnvidia-ml.so.%s", root,
		 folder_word(), driver);
	if (is_current(copy, library))
		return 0;
	rc = mig_file_read_bytes(library, LIBRARY_BYTES_MAX, &bytes, &len, err);
	return rc < 0 ? rc : put_file(copy, bytes, len, err);
}

/* In quotes, for a shell: a quote within ends them, is quoted itself, and begins them anew. */
static void add_quoted(struct text *t, const char *word)
{
	text_add(t, "'");
	for (; *word; word++) {
		if (*word == '\'')
			text_add(t, "'\\''");
		else
			text_add(t, "%c", *word);
	}
	text_add(t, "'");
}

static int put_smi(const char *root, struct mig_error *err)
{
	char path[PATH_BYTES], self[PATH_MAX];
	cleanup_free char *old = NULL;
	struct text t = { 0 };
	int rc = 0;

	if (!realpath("/proc/self/exe", self))
		return 0; /* as in a container without /proc: nvidia-smi is not everything */
	text_add(&t, "#!/bin/sh\nexec ");
	add_quoted(&t, self);
	text_add(&t, " smi \"$@\"\n");
	snprintf(path, sizeof(path), "%s/usr/bin/nvidia-smi", root);
	if (t.is_short)
		rc = mig_fail(err, MIG_E_NOMEM, "write %s", path);
	else if (mig_file_read(path, &old, NULL) < 0 || strcmp(old, text_str(&t)) != 0)
		rc = put_file(path, text_str(&t), t.len, err);
	text_free(&t);
	return rc;
}

int sim_library_put(struct cli *cli, const char *machine, const char *root,
		    struct mig_error *err)
{
	struct sim_summary summary;
	char folder[PATH_BYTES];
	struct stat st;
	int rc = sim_machine_summary(cli->sim_dir, machine, &summary, err);

	if (rc < 0)
		return rc;
	snprintf(folder, sizeof(folder), "%s/usr/bin", root);
	if (stat(folder, &st) < 0 || st.st_uid != geteuid())
		return 0;
	rc = put_library(root, summary.driver, err);
	return rc < 0 ? rc : put_smi(root, err);
}
