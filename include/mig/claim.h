/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims: somebody who will use an instance, or does, without the driver knowing a process.
 *
 *	DIR/claim-XXXXXX	a file a claim: JSON, and a lock
 *
 * A claim stands as long as its lock is held, and the lock belongs to an open descriptor: it goes
 * when the last process that has it ends, however it ends. A file without a lock is void, and the
 * next who looks with the right to removes it. DIR belongs to one machine (/run/migctl/claims, or
 * a folder of a simulated machine); a claim carries its machine's kind and id, and is refused on
 * another.
 *
 * A claim keeps instances from being destroyed; it does not keep a second claim away.
 */
#ifndef MIG_CLAIM_H
#define MIG_CLAIM_H

#include <mig/device.h>

#define MIG_CLAIM_SCHEMA "migctl.claim/v1"

enum { MIG_CLAIMS_MAX = 256 }; /* claims of a machine that are listed, at most */

struct mig_claim {
	char gpu_uuid[MIG_UUID_MAX];
	char profile[MIG_NAME_MAX]; /* of the GPU instance; "": the GPU as a whole */
	int start;                  /* placement unit, or -1 */
	int ci;                     /* CI id, or -1: the whole GPU instance */
	char uuid[MIG_UUID_MAX];    /* of the MIG device, or "" */
	char owner[128];            /* who, in words: "run chat/0" */
	int pid;                    /* of the owner, as it sees itself; 0: not known */
	int64_t uid; /* whose file it is; told by a list, not taken from the file */
};

/* A claim that one has; the descriptor is the claim. */
struct mig_claim_hold {
	int fd; /* close-on-exec; whoever inherits it holds the claim too */
	char path[4096];
};

/**
 * mig_claim_take - claim an instance, or with profile "" a GPU, until released or dead.
 * @dir:	the machine's claims; made when it is not there.
 * @snap:	of the machine.
 * @what:	uid is not looked at; pid 0: this process.
 * @ret:	written on success only; mig_claim_release() it.
 *
 * Errors: INVAL - the text of a member is no UTF-8; PERM - this user may make none there; IO.
 */
MIG_API MIG_MUST_USE int mig_claim_take(const char *dir, const struct mig_snapshot *snap,
					const struct mig_claim *what,
					struct mig_claim_hold *ret, struct mig_error *err);

/** mig_claim_release - take the file away and let go. A hold of zeros, or released, is fine. */
MIG_API void mig_claim_release(struct mig_claim_hold *hold);

struct mig_claims {
	int n; /* that stand, and could be read */
	struct mig_claim claims[MIG_CLAIMS_MAX];
	/* That stand, and could not be read, are another machine's, or are too many. */
	int n_refused;
	struct mig_error why; /* of the first of them */
};

/**
 * mig_claims_list - the claims that stand.
 * @dir:	need not be there: then there are none.
 * @ret:	some 110 KiB; written on success only.
 *
 * Claims whose owner is dead are removed where this user may. Errors: PERM, IO, NOMEM.
 */
MIG_API MIG_MUST_USE int mig_claims_list(const char *dir, const struct mig_snapshot *snap,
					 struct mig_claims *ret, struct mig_error *err);

/**
 * mig_claim_parse - read a claim's text.
 * @where:	what errors call it.
 * @ret:	written on success only; uid -1.
 *
 * Errors: SYNTAX; MACHINE - it is of another machine than @snap is.
 */
MIG_API MIG_MUST_USE int mig_claim_parse(const char *text, const char *where,
					 const struct mig_snapshot *snap, struct mig_claim *ret,
					 struct mig_error *err);

#endif
