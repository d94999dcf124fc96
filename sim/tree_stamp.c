/* SPDX-License-Identifier: Apache-2.0 */
/* The file DIR/NAME/tree: who may write the tree, and of which state it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "shared/text.h"
#include "sim/tree_state.h"

/* Counts every change of what stands in a tree: an older one is made anew. */
enum { TREE_VERSION = 1 };

enum { STAMP_BYTES = 96 };

int sim_tree_lock(struct sim_tree *tree, bool may_make)
{
	char path[SIM_TREE_PATH_BYTES];
	int rc;

	snprintf(path, sizeof(path), "%s/tree", tree->folder);
	tree->lock =
		open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (may_make ? O_CREAT : 0), 0644);
	if (tree->lock < 0)
		return -1;
	if (geteuid() == 0 && fchown(tree->lock, tree->img->owner, (gid_t)-1) < 0)
		return -1;
	do
		rc = flock(tree->lock, LOCK_EX);
	while (rc < 0 && errno == EINTR);
	return rc;
}

void sim_tree_unlock(struct sim_tree *tree)
{
	if (tree->lock < 0)
		return;
	/* Not by closing alone: a child that another thread forked has the descriptor too. */
	flock(tree->lock, LOCK_UN);
	close(tree->lock);
	tree->lock = -1;
}

/* "1 <id of the machine> " in front of the number of the state. */
static void stamp_begin(const struct sim_tree *tree, char *buf, size_t len)
{
	snprintf(buf, len, "%d %s ", TREE_VERSION, tree->img->fixed->id);
}

bool sim_tree_seq(const struct sim_tree *tree, uint64_t *ret_seq)
{
	char begin[STAMP_BYTES], text[STAMP_BYTES], path[SIM_TREE_PATH_BYTES];
	const ssize_t n = pread(tree->lock, text, sizeof(text) - 1, 0);
	size_t len;

	snprintf(path, sizeof(path), "%s/" SIM_TREE_CAPABILITIES, tree->folder);
	if (n <= 0 || access(path, F_OK) < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	stamp_begin(tree, begin, sizeof(begin));
	len = strlen(begin);
	return strncmp(text, begin, len) == 0 && text_parse_u64(text + len, ret_seq);
}

int sim_tree_stamp(const struct sim_tree *tree, uint64_t seq)
{
	char text[STAMP_BYTES];

	stamp_begin(tree, text, sizeof(text));
	/* Always as long: a shorter one would leave the end of the longer. */
	text_append(text, sizeof(text), "%020llu\n", (unsigned long long)seq);
	return pwrite(tree->lock, text, strlen(text), 0) < 0 ? -1 : 0;
}
