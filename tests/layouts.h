/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts written as text, for tests: "3g.40gb@4 1g.10gb@0". What is wrong with one ends
 * the program, so that a test cannot pass on a layout that it did not get. */
#ifndef TESTS_LAYOUTS_H
#define TESTS_LAYOUTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/geometry.h>

/* The index of the profile of that name. */
static inline int layout_profile(const struct mig_gpu_type *type, const char *name)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (strcmp(type->profiles[i].name, name) == 0)
			return i;
	}
	fprintf(stderr, "%s has no profile %s\n", type->key, name);
	abort();
}

static inline struct mig_layout layout_of(const struct mig_gpu_type *type, const char *text)
{
	struct mig_layout lay = mig_layout_empty(type);
	struct mig_error err = { 0 };
	char name[MIG_NAME_MAX];
	int start, n;

	for (; sscanf(text, " %90[^@]@%d%n", name, &start, &n) == 2; text += n) {
		if (mig_layout_add(&lay, layout_profile(type, name), start, &err) == 0)
			continue;
		fprintf(stderr, "%s: %s\n", text, err.msg);
		abort();
	}
	return lay;
}

/* @lay as text; overwritten by the next call. */
static inline const char *layout_text(const struct mig_layout *lay)
{
	static char buf[512];

	return mig_layout_format(lay, buf, sizeof(buf));
}

#endif
