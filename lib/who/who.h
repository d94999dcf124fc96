/* SPDX-License-Identifier: Apache-2.0 */
/* A list of holders while it is made: each file of the room adds what it finds. */
#ifndef WHO_WHO_H
#define WHO_WHO_H

#include <mig/who.h>

enum {
	WHO_PATH = 4096,
	WHO_ANSWER_MAX = 16 << 20, /* bytes of what a program outside said */
	WHO_ALLOCATIONS_MAX = 4096,
};

struct who {
	const struct mig_snapshot *snap;
	const struct mig_who_options *opt;
	struct mig_who *ret;
	int room; /* of ret->holders */
	bool is_short;
};

/** who_path - @path below @root. Returns @buf of WHO_PATH bytes. */
char *who_path(const char *root, const char *path, char *buf);

/** who_add - one more holder; is_short when memory ran out. */
void who_add(struct who *w, const struct mig_holder *h);

/** who_is_process - is it one that was found as such: not a claim, an allocation or a module? */
bool who_is_process(const struct mig_holder *h);

/** who_is_same_place - the same GPU, GI and CI, or none of them? */
bool who_is_same_place(const struct mig_holder *a, const struct mig_holder *b);

/** who_unknown - something is not known: @what, "allocations of kubelet", and why. */
void who_unknown(struct who *w, const char *what, const char *fmt, ...) MIG_PRINTF(3, 4);

/** who_printable - bytes that move a terminal's cursor become '?', in place. */
void who_printable(char *text);

/** who_blocks - what a holder of @kind at that place is in the way of. */
unsigned who_blocks(enum mig_holder_kind kind, int gi);

/** who_ref - what a UUID, or anything else mig_ref_parse() takes, means; false: nothing here. */
bool who_ref(const struct mig_snapshot *snap, const char *text, struct mig_ref *ret);

/** who_place - the ids of what @ref means, into a holder. */
void who_place(const struct mig_snapshot *snap, const struct mig_ref *ref,
	       struct mig_holder *ret);

/** who_processes - where the processes found so far run, and those that have nodes open. */
void who_processes(struct who *w);

/** who_uid - whose that process is; -1: not known. */
int64_t who_uid(const char *root, int pid);

void who_modules(struct who *w);

/** who_modules_of - the same of the text of /proc/modules; NULL: of the folders in /sys/module. */
void who_modules_of(struct who *w, const char *list);
void who_claims(struct who *w);
void who_kubelet(struct who *w);
void who_slurm(struct who *w);

/** who_daemon_unit - the unit of a daemon of that name (the kernel keeps 15 bytes); NULL: it is
 *  none that holds GPUs as a matter of course. */
const char *who_daemon_unit(const char *name);

/** who_module_blocks - what a module that uses the driver is in the way of. */
unsigned who_module_blocks(const char *name);

#endif
