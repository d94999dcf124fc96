/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doctor looks at, once, and the checks, which only read that and files below a root.
 * A check is a row of a table; it says PASS unless it has found something.
 */
#ifndef CLI_DOCTOR_DOCTOR_H
#define CLI_DOCTOR_DOCTOR_H

#include <mig/device.h>

/* In the order of gravity. */
enum verdict { VERDICT_PASS, VERDICT_UNKNOWN, VERDICT_WARN, VERDICT_FAIL };

struct finding {
	enum verdict verdict;
	char evidence[512];
	char remedy[256];
};

enum { DOCTOR_GPUS = 64, DOCTOR_PROCESSES = 32 };

/* A process that holds GPUs as a matter of course, by the name that the kernel has of it. */
struct doctor_process {
	int pid;
	char name[16];
};

/* Of a change that migctl has begun here. */
enum doctor_change {
	CHANGE_NONE,
	CHANGE_UNDER_WAY,
	CHANGE_CUT_SHORT,
	CHANGE_DAMAGED, /* its journal is: no other can be begun */
	CHANGE_UNKNOWN,
};

struct doctor {
	struct mig_machine *machine; /* NULL: it could not be opened; why says why */
	struct mig_snapshot snap;    /* without GPUs when it could not be taken */
	bool has_snap;
	struct mig_error why;
	struct mig_library library;
	int n_gpus; /* that the driver counts */
	struct {
		bool answers;
		struct mig_gpu_settings set;
		struct mig_error why;
	} gpus[DOCTOR_GPUS];
	bool is_pending; /* a switch of MIG waits on some GPU */
	enum doctor_change change;
	char change_text[512]; /* which one, or why that is not known */
	int record_rc;         /* of reading what is on record: 0, or why it cannot be */
	char record_text[512]; /* then; or of what a reboot took, the first; else "" */
	const char *root;      /* before /proc, /dev, /sys, /etc; "": the system's own */
	bool has_root;         /* is there such a tree at all? */
	const char *lib_path;  /* LD_LIBRARY_PATH, or NULL */
	bool is_root;          /* euid 0 */
	int n_processes;
	struct doctor_process processes[DOCTOR_PROCESSES];
};

struct check {
	const char *id, *title;
	void (*look)(const struct doctor *d, struct finding *f);
};

extern const struct check driver_checks[], gpu_checks[], file_checks[], host_checks[];

/** finding_add - add to the evidence; the verdict only gets worse. What is found at a worse one
 *  goes first. */
void finding_add(struct finding *f, enum verdict verdict, const char *fmt, ...)
	MIG_PRINTF(3, 4);

/** finding_remedy - what to do about it; the first one said stays. */
void finding_remedy(struct finding *f, const char *fmt, ...) MIG_PRINTF(2, 3);

/** doctor_read - the text of a file below the root, or NULL; the caller frees it. */
char *doctor_read(const struct doctor *d, const char *path);

/** doctor_path - @path below the root. Returns @buf. */
char *doctor_path(const struct doctor *d, const char *path, char *buf, size_t len);

/** doctor_gi - the GPU instance of the GPU with that minor number, or NULL. */
const struct mig_gi *doctor_gi(const struct doctor *d, int gpu_minor, int gi);

/** doctor_lost - how many GPUs are lost: what stands on them is not known. */
int doctor_lost(const struct doctor *d);

/** doctor_processes - look for the daemons that hold GPUs, below the root's /proc. */
void doctor_processes(struct doctor *d);

/** doctor_holder - is a daemon there that keeps a GPU from being reset? Names its process. */
bool doctor_holder(const struct doctor *d, const char *name, struct finding *f);

#endif
