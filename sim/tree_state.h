/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a machine's tree that changes with it, and which state it is of. sim/tree.h says
 * what a tree is. */
#ifndef SIM_TREE_STATE_H
#define SIM_TREE_STATE_H

#include "sim/image.h"
#include "sim/tree_write.h"

/* Numbers of the nodes, from those that Linux keeps for local use: whatever else is on the host,
 * they are not a real GPU. */
enum { SIM_MAJOR_GPU = 60, SIM_MAJOR_CAPS = 61, SIM_MAJOR_UVM = 62 };

/* Minors of capabilities: 32 GPUs of 15 GPU instances of 9 minors each, from 3 on. Source:
 * NVIDIA/open-gpu-kernel-modules, nv-caps.c. */
enum { SIM_CAP_CONFIG = 1, SIM_CAP_MONITOR = 2, SIM_CAPS_END = 4323 };

/* Inside the machine's folder; a path there is so long at most. */
#define SIM_TREE_CAPABILITIES "root/proc/driver/nvidia/capabilities"
enum { SIM_TREE_PATH_BYTES = 4096 + 128 };

/** sim_cap_minor - of a GI, or with @ci >= 0 of a CI. */
unsigned sim_cap_minor(int gpu, int gi, int ci);

/* A tree that nobody else writes meanwhile. */
struct sim_tree {
	char folder[4096];           /* DIR/NAME */
	const struct sim_image *img; /* borrowed */
	int lock;                    /* -1: not open */
};

/* --- Lock and stamp (sim/tree_stamp.c) ------------------------------------------------------- */

/**
 * sim_tree_lock - become the only writer of the tree; waits.
 * @may_make:	make the lock file where there is none.
 *
 * Return: 0, or -1 with errno. sim_tree_unlock() it either way.
 */
int sim_tree_lock(struct sim_tree *tree, bool may_make) MIG_MUST_USE;
void sim_tree_unlock(struct sim_tree *tree);

/** sim_tree_seq - the state that the tree is of. false: there is no tree, or it is another's. */
bool sim_tree_seq(const struct sim_tree *tree, uint64_t *ret_seq);

/** sim_tree_stamp - say so. Return: 0, or -1 with errno. */
int sim_tree_stamp(const struct sim_tree *tree, uint64_t seq) MIG_MUST_USE;

/* --- Changing it ------------------------------------------------------------------------------- */

/** sim_tree_put - put @made in the place of @path in one step; what was there is then at @made,
 *  if anything was. Return: 0, or -1 with errno. */
int sim_tree_put(const char *made, const char *path) MIG_MUST_USE;

/** sim_tree_add_nodes - the nodes below dev/ of what is there; @w is the tree's root. */
void sim_tree_add_nodes(struct tree_writer *w, const struct sim_fixed *fixed,
			const struct sim_half *half);

/** sim_tree_write_capabilities - the folder capabilities/, below @w. */
void sim_tree_write_capabilities(struct tree_writer *w, const struct sim_fixed *fixed,
				 const struct sim_half *half);

/**
 * sim_tree_update - bring the tree to the current state.
 *
 * Return: 0, or -1 with errno, *ret_failed (static) saying what could not be done.
 */
int sim_tree_update(const struct sim_tree *tree, const char **ret_failed) MIG_MUST_USE;

/** sim_tree_forget_kept - remove what is kept of instances that went: a tree that is made anew may
 *  be of another version. */
void sim_tree_forget_kept(const struct sim_tree *tree);

/**
 * sim_tree_follow - the same for an open machine that has a tree, and nothing for one that has
 * none.
 * @image_path:	DIR/NAME/image.
 *
 * Does what it can and reports nothing: it runs inside other people's programs. Not under the
 * image's lock.
 */
void sim_tree_follow(const struct sim_image *img, const char *image_path);

/** sim_tree_write_fixed - all that never changes, below @w. (sim/tree_fixed.c) */
void sim_tree_write_fixed(struct tree_writer *w, const struct sim_fixed *fixed);

#endif
