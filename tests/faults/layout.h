/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts of a machine in words, read and compared. A GPU after another, with "|" between:
 *
 *	off		MIG mode off
 *	waits		off, and on once it is reset
 *	.		as it is (of a new layout)
 *	ITEM[=NAME]...	as mig_request_add() reads them, each with its start; NAME is borne by
 *			the (first) compute instance of the item
 */
#ifndef TESTS_FAULTS_LAYOUT_H
#define TESTS_FAULTS_LAYOUT_H

#include <mig/manage.h>

enum { GPUS_MAX = 3, NAMES_MAX = 16, TEXT_MAX = 512 };

/* A name of a layout, and what bears it. */
struct borne {
	char name[MIG_INSTANCE_NAME_MAX];
	int gpu, gi_profile, gi_start, ci_profile;
};

struct layout {
	struct mig_wanted wanted[GPUS_MAX];
	bool waits[GPUS_MAX];
	char text[GPUS_MAX][TEXT_MAX]; /* as layout_stands() has it */
	int n_names;
	struct borne names[NAMES_MAX];
};

/** layout_read - a layout of a machine, in terms of @snap's types. @as_it_is: what "." stands for. */
void layout_read(const char *text, const struct mig_snapshot *snap,
		 const struct layout *as_it_is, struct layout *ret);

/** layout_stands - what a GPU has, in @buf of TEXT_MAX bytes. @is_exact: with the place of each
 *  compute instance. */
const char *layout_stands(const struct mig_gpu *gpu, bool is_exact, char *buf);

/** layout_is - does a GPU have it? */
bool layout_is(const struct layout *lay, const struct mig_snapshot *s, int gpu);

/** layout_borne - what bears that name in it, or NULL. */
const struct borne *layout_borne(const struct layout *lay, const char *called);

#endif
