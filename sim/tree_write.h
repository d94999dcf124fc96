/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a folder of small files, nodes and links that belong to a machine's owner. The first
 * failure is kept, and what follows it is not tried: ask once, at the end.
 */
#ifndef SIM_TREE_WRITE_H
#define SIM_TREE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <mig/error.h>

struct tree_writer {
	int fd;          /* the folder that names are below */
	uid_t uid;       /* whose it all shall be, and */
	bool is_giving;  /* we are somebody else */
	int error;       /* errno of the first failure; 0: none */
	char failed[64]; /* what it was */
};

/** tree_writer_open - write below @folder, which exists, for user @uid. Check with
 *  tree_writer_close(). */
struct tree_writer tree_writer_open(const char *folder, uid_t uid);

/** tree_writer_close - Return: 0, or -1 when anything failed: error and failed say what. */
int tree_writer_close(struct tree_writer *w);

/** tree_dir - make a folder and those above it. */
void tree_dir(struct tree_writer *w, const char *name);

/** tree_file - make a file of @len bytes; its folder exists, it does not. */
void tree_file(struct tree_writer *w, const char *name, mode_t mode, const void *data,
	       size_t len);

/** tree_text - the same of a line of text. */
void tree_text(struct tree_writer *w, const char *name, const char *fmt, ...) MIG_PRINTF(3, 4);

void tree_link(struct tree_writer *w, const char *name, const char *target);

/** tree_node - make a character device, or where that is not permitted an empty file. One that is
 *  there already is kept. */
void tree_node(struct tree_writer *w, const char *name, mode_t mode, unsigned major_number,
	       unsigned minor_number);

/** tree_remove - remove a folder and all that is in it. Return: 0, or -1 with errno. */
int tree_remove(const char *path);

#endif
