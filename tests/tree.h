/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of files of the machine that is open. After tests/door.h's machine_start(). */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "shared/file.h"
#include "sim/tree.h"
#include "tests/door.h"

static char root[4096];

static inline void refresh(const char *name)
{
	struct mig_error err = { 0 };

	if (sim_tree_refresh(machine_folder(), name, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(err.code == 0);
	sim_tree_path(machine_folder(), name, root, sizeof(root));
}

static inline char *content(const char *name)
{
	char path[8192], *text = NULL;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (mig_file_read(path, &text, NULL) < 0)
		fprintf(stderr, "cannot read %s\n", path);
	CHECK(text);
	return text;
}

static inline void says(const char *name, const char *want)
{
	char *text = content(name);

	CHECK_STR(text, want);
	free(text);
}

static inline bool is_there(const char *name, struct stat *ret)
{
	char path[8192];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return lstat(path, ret) == 0;
}

#endif
