/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated machines from outside: made, listed, reset, rebooted, removed, held. One
 * machine is one image file, DIR/NAME/image; what is in it is sim/image.h's business.
 * The simulated libnvidia-ml.so.1 opens the same file.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <mig/catalog.h>
#include <mig/error.h>

#define SIM_DEFAULT_DRIVER "580.126.09"

enum {
	SIM_GPUS_MAX = 32, /* the capability minors of the driver's table reach GPU 31 */
	SIM_SPECS_MAX = 8, /* GPU types in one machine */
	SIM_SETTLE_MS_MAX = 60000,
	SIM_XID_MAX = 65535,
	SIM_NAME_MAX = 64, /* bytes of a machine's name, with the final NUL */
};

/* "2xA100-SXM4-80GB@mirrored": some GPUs of one type. */
struct sim_gpus {
	const struct mig_gpu_type *type; /* borrowed for the call */
	int count;
	bool is_mirrored; /* the other of the two silicon orientations */
};

struct sim_options {
	int n_specs;
	struct sim_gpus specs[SIM_SPECS_MAX];
	const char *driver; /* "580.126.09"; NULL: SIM_DEFAULT_DRIVER */
	uint64_t seed;      /* UUIDs and serials follow from it and the name */
	bool is_strict;     /* only euid 0 may change the machine, as on hardware */
	unsigned settle_ms; /* a GI answers IN_USE this long after its last CI went */
};

/** sim_name_ok - may a machine be called that? Letters, digits and "._-", not first "." or "-". */
bool sim_name_ok(const char *name);

/**
 * sim_spec_parse - read "8xA100-SXM4-80GB" or "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB".
 * @ret:	specs and n_specs are written on success only; types borrowed from @cat.
 *
 * Errors: SYNTAX, NOENT (unknown type), NOSPACE (more than SIM_GPUS_MAX).
 */
int sim_spec_parse(const char *text, struct mig_catalog *cat, struct sim_options *ret,
		   struct mig_error *err) MIG_MUST_USE;

/**
 * sim_machine_new - make a machine; nothing of it is visible before it is whole.
 *
 * Errors: EXIST, INVAL (name, driver version), UNSUPPORTED (a type has gaps: the message
 * lists them and says --assume), PERM, IO.
 */
int sim_machine_new(const char *dir, const char *name, const struct sim_options *opt,
		    struct mig_error *err) MIG_MUST_USE;

/* What `sim list` shows of one machine. */
struct sim_summary {
	char name[SIM_NAME_MAX];
	char driver[32];
	char gpus[256]; /* "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB" */
	char id[40];    /* never two alike */
	int n_gpus, n_gis, n_cis, n_tenants;
	int n_lost, n_faults; /* GPUs off the bus; faults that can still strike */
	bool has_latency;
	bool is_assumed, is_strict;
};

/** sim_machine_summary - Errors: NOENT, MACHINE (not an image, or of another version), IO. */
int sim_machine_summary(const char *dir, const char *name, struct sim_summary *ret,
			struct mig_error *err) MIG_MUST_USE;

/**
 * sim_machine_list - the names of the machines in @dir, sorted, whole or broken.
 * @ret:	array of @return strings; the caller frees each and the array.
 *
 * Return: how many; 0 when @dir does not exist. Errors: PERM, IO, NOMEM.
 */
int sim_machine_list(const char *dir, char ***ret, struct mig_error *err) MIG_MUST_USE;

/**
 * sim_machine_reset - reset one GPU, or all with @gpu < 0: instances go, a pending MIG mode
 * becomes current.
 *
 * Errors: NOENT, BUSY (a tenant holds one of them: named; nothing is reset), PERM, MACHINE, IO.
 */
int sim_machine_reset(const char *dir, const char *name, int gpu,
		      struct mig_error *err) MIG_MUST_USE;

/**
 * sim_machine_reboot - instances and tenants go, pending modes become current, and GPUs
 * whose MIG mode does not survive a reboot forget it.
 */
int sim_machine_reboot(const char *dir, const char *name, struct mig_error *err) MIG_MUST_USE;

/** sim_machine_rm - unlink a machine. Errors: NOENT, BUSY (a tenant runs), PERM, IO. */
int sim_machine_rm(const char *dir, const char *name, struct mig_error *err) MIG_MUST_USE;

/**
 * sim_machine_xid - raise an XID on a GPU: an event for every process that waits for one.
 * @gi:	GPU instance that is to blame, -1: the whole GPU. @ci: its compute instance, or -1.
 *
 * Errors: NOENT, PERM, MACHINE, IO.
 */
int sim_machine_xid(const char *dir, const char *name, int gpu, int gi, int ci, unsigned code,
		    struct mig_error *err) MIG_MUST_USE;

/* A hold on a GPU or MIG device, as a CUDA process has one. Ends with sim_tenant_end() or
 * when the process dies, however it dies. */
struct sim_tenant;

/**
 * sim_tenant_begin - hold a device for @pid.
 * @device:	UUID of a GPU or MIG device (both forms), or "GPU:N", a GPU's index, or
 *		"GPU/GI/CI", ids.
 * @mem_bytes:	memory it uses there.
 * @ret:	written on success only. Its descriptor survives exec, so that the hold lives
 *		as long as the command that follows.
 *
 * Errors: NOENT, NOSPACE (more memory than is free there), UNSUPPORTED (the whole of a GPU in
 * MIG mode), MACHINE, IO.
 */
int sim_tenant_begin(const char *dir, const char *name, const char *device, int pid,
		     uint64_t mem_bytes, struct sim_tenant **ret,
		     struct mig_error *err) MIG_MUST_USE;

/**
 * sim_tenant_load - from now on the tenant keeps its device that busy; at first not at all.
 * @sm_percent, @dram_percent:	of the device, up to 100.
 *
 * Errors: INVAL, NOENT (the machine was rebooted since, and the hold is gone), PERM, IO.
 */
int sim_tenant_load(struct sim_tenant *tenant, unsigned sm_percent, unsigned dram_percent,
		    struct mig_error *err) MIG_MUST_USE;
void sim_tenant_end(struct sim_tenant *tenant);

#endif
