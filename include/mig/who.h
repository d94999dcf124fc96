/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds the GPUs and their instances: everything that would lose something, or be in the way,
 * if an instance went or a GPU was reset.
 *
 *	the driver	processes that it lists on a device
 *	/proc/PID/fd	processes that have /dev/nvidia* or a capability's node open
 *	/proc/PID/cgroup	their container, pod, Slurm job or unit
 *	claims		<mig/claim.h>
 *	kubelet, Slurm	what they have allocated, used or not
 *	/proc/modules	modules of the kernel that use the driver
 *
 * What this caller may not see is told as unknown, never left out as if it were not there.
 */
#ifndef MIG_WHO_H
#define MIG_WHO_H

#include <mig/claim.h>
#include <mig/device.h>

/* What a program outside said: its text, or why there is none; both NULL: it is not here. */
struct mig_who_answer {
	const char *text, *why;
};

struct mig_who_options {
	const char *root; /* before /proc of the processes; NULL or "": the system's own */
	const char
		*driver_root; /* before /dev, /proc/driver, /proc/modules and /sys; likewise */
	const char *claims;   /* the machine's claims, or NULL */
	/* Are the daemons of this host the machine's? Not so for a simulated machine: then only
	 * those of its processes count that hold it. */
	bool has_host;
	struct mig_who_answer kubelet; /* of migctl-pod-resources, JSON */
	struct mig_who_answer slurm;   /* of "scontrol show job --details --oneliner" */
	const char *node;              /* this node, as Slurm calls it; NULL: no allocation of
					* Slurm's is this machine's */
};

enum { MIG_WHO_UNKNOWNS_MAX = 16 };

struct mig_who {
	int n;
	struct mig_holder *holders; /* by GPU, GI, CI; those of no GPU in particular last */
	int n_hidden;               /* processes whose open files this caller may not see */
	int n_unknowns;             /* what else is not known, in words */
	struct {
		char what[48], why[320];
	} unknowns[MIG_WHO_UNKNOWNS_MAX];
};

/**
 * mig_who_take - look at everything there is to see; of a GPU that is lost there is nothing.
 * @snap:	of @machine; not a brief one, which has no minor numbers.
 * @ret:	written on success only; mig_who_free() it.
 *
 * Errors: NVML - the driver does not list processes though it can; NOMEM. Whatever else cannot be
 * read is an unknown.
 */
MIG_API MIG_MUST_USE int mig_who_take(struct mig_machine *machine,
				      const struct mig_snapshot *snap,
				      const struct mig_who_options *opt, struct mig_who *ret,
				      struct mig_error *err);
MIG_API void mig_who_free(struct mig_who *who);

/**
 * mig_who_blocking - the holders that are in the way of something.
 * @gi:		GI id, or -1: everything on the GPU.
 * @ci:		CI id, or -1: everything on the GPU instance.
 * @blocks:	one of enum mig_blocks. In the way of a mode switch is also who holds no GPU in
 *		particular.
 * @ret:	room for MIG_HOLDERS_MAX.
 *
 * Return: how many there are; only the first MIG_HOLDERS_MAX are in @ret.
 */
MIG_API int mig_who_blocking(const struct mig_who *who, int gpu, int gi, int ci,
			     unsigned blocks, struct mig_holder *ret);

/** mig_holder_kind_name - "process", "pod". Static. */
MIG_API const char *mig_holder_kind_name(enum mig_holder_kind kind);

/** mig_holder_text - where a holder belongs: "pod team-a/chat", "job 12.0", "session-3.scope"; ""
 *  when that is not known. Returns @buf. */
MIG_API char *mig_holder_text(const struct mig_holder *h, char *buf, size_t len);

/** mig_holder_name - a holder in words, "sh (pid 4711) of pod team-a/chat on GPU 0 GI 2 CI 0"; not
 *  the GPU of one that holds all of it. Returns @buf. */
MIG_API char *mig_holder_name(const struct mig_holder *h, char *buf, size_t len);

/** mig_holder_remedy - the command that makes it let go, quoted for a shell; "" where nothing is
 *  blocked or nobody knows one. Returns @buf. */
MIG_API char *mig_holder_remedy(const struct mig_holder *h, char *buf, size_t len);

/** mig_origin_parse - what the text of /proc/PID/cgroup tells, of either version of control groups
 *  or of both at once. @ret: always filled. */
MIG_API void mig_origin_parse(const char *text, struct mig_origin *ret);

#endif
