/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node lists: which machines there are, how many GPUs of what kind each has, and what they
 * cost. docs/PLAN.md describes the format.
 */
#ifndef CLI_PLAN_NODES_H
#define CLI_PLAN_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

enum { NODE_GPUS_MAX = 64, NODE_NAME_MAX = 64 };

/* A node, or @count of them that are alike: then they are called NAME-0, NAME-1 ... */
struct node {
	unsigned line;
	char name[NODE_NAME_MAX];
	char gpu_type[96];
	int64_t count;
	bool is_many; /* "count" is said */
	int gpus;
	int64_t uusd_per_h; /* of one GPU; -1: not said */
};

struct node_list {
	size_t n;
	struct node *nodes;
};

/**
 * node_list_parse - read a node list.
 * @name:	what messages call it.
 * @ret:	written on success only; node_list_free() it.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 */
int node_list_parse(const char *text, size_t len, const char *name, struct node_list *ret,
		    struct mig_error *err) MIG_MUST_USE;
void node_list_free(struct node_list *list);

#endif
