/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine looks like in files: a tree that is to /proc, /sys and /dev of a node with a
 * driver as the image is to its GPUs. It is derived from the image and holds nothing of its own.
 *
 *	DIR/NAME/tree		a lock, and of which state the tree is
 *	DIR/NAME/root/		made once, and then only these change:
 *	    proc/driver/nvidia/capabilities/	an instance's folder is moved in or out; where
 *						more changes, made anew beside and exchanged
 *	    dev/nvidia-caps/			nodes come before a capability and go after it
 *	DIR/NAME/.caps-kept/	folders and nodes of instances that went, until they come back
 *
 * The folders above those two stay the same ones, so that a bind mount of /proc/driver or
 * /dev/nvidia-caps shows every change. Once there is a tree, whoever changes the machine brings
 * it up to date before the change is answered (sim/tree_state.h).
 */
#ifndef SIM_TREE_H
#define SIM_TREE_H

#include <stddef.h>

#include <mig/error.h>

/**
 * sim_tree_path - where a machine's tree is, whether it is there or not. Returns @buf.
 */
char *sim_tree_path(const char *dir, const char *name, char *buf, size_t len);

/**
 * sim_tree_refresh - make a machine's tree, or bring it up to date.
 *
 * Errors: NOENT, MACHINE - as for any machine; PERM - the tree is behind, and this user may not
 * write there; IO, NOMEM.
 */
int sim_tree_refresh(const char *dir, const char *name, struct mig_error *err) MIG_MUST_USE;

#endif
