/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition files: what people write about how their GPUs shall be cut, in the format of
 * mig-parted, NVIDIA's MIG partition editor (version v1 of its "mig-configs").
 *
 *	version: v1
 *	mig-configs:
 *	  all-balanced:                     <- a label; struct mig_config_label
 *	  - device-filter: "0x20B210DE"     <- an entry; struct mig_config_entry
 *	    devices: [0, 1]
 *	    mig-enabled: true
 *	    mig-devices:
 *	      1g.10gb: 2                    <- struct mig_config_device
 *	      3g.40gb: 1
 *
 * What is accepted here mig-parted accepts too, so a team can go back with its files. What
 * mig-parted accepts and can never have been meant (a filter that is no PCI id, a GPU index
 * below 0, a file without configs) is refused, with the line. So are YAML's anchors, aliases
 * and tags, which no such file needs.
 *
 * Nothing here touches a driver: a machine's GPUs come in as values, and what is wanted of
 * each of them goes out as values.
 */
#ifndef MIG_CONFIG_H
#define MIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/catalog.h>
#include <mig/geometry.h>

/* One word of a device-filter: a PCI id, and perhaps that of the board. */
struct mig_config_filter {
	uint32_t pci_id;        /* 0x20B210DE: device 20B2, vendor 10DE */
	uint32_t pci_subsystem; /* with has_subsystem: must be equal too */
	bool has_subsystem;
};

/* One line of mig-devices. */
struct mig_config_device {
	const char *profile; /* of the grammar of mig_config_parse(); not checked for a GPU */
	int count;           /* 0 or more */
	unsigned line;
};

/* What one group of GPUs shall be. */
struct mig_config_entry {
	unsigned line;         /* in the file; 0 in a config that no file was read for */
	unsigned devices_line; /* of the value of "devices" */
	size_t n_filters;      /* 0: a GPU of any kind */
	const struct mig_config_filter *filters;
	bool is_filter_list; /* in the file they are a list, though of one maybe */
	bool is_all;         /* "devices: all"; otherwise a list, which may be empty */
	size_t n_indices;
	const int *indices; /* GPU indices, as NVML counts them */
	bool mig_enabled;
	size_t n_devices; /* 0 with mig_enabled: MIG mode on and no instances */
	const struct mig_config_device *devices; /* in the order of the file */
};

struct mig_config_label {
	const char *name;
	unsigned line;
	size_t n_entries; /* at least 1 */
	const struct mig_config_entry *entries;
};

/* A partition file. Everything it points to is its own and lives as long as it does. */
struct mig_config {
	const char *name;                      /* what messages call it */
	size_t n_labels;                       /* at least 1 */
	const struct mig_config_label *labels; /* in the order of the file; each name once */
	struct arena *memory;                  /* private: all of it */
};

/**
 * mig_config_parse - read a partition file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_config_free().
 *
 * A profile is [<C>c.]<G>g.<M>gb, then nothing, or "+" and attributes, or "-" and attributes;
 * attributes are letters, digits and inner dots, no digit first, with commas between, each
 * once. Whether a GPU has such a profile is asked by mig_config_select().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/spec/v1 and pkg/types; go-nvlib, pkg/nvlib/device.
 */
MIG_API MIG_MUST_USE int mig_config_parse(const char *text, size_t len, const char *name,
					  struct mig_config **ret, struct mig_error *err);

/** mig_config_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_config_read(const char *path, struct mig_config **ret,
					 struct mig_error *err);

/** mig_config_free - NULL is accepted. */
MIG_API void mig_config_free(struct mig_config *cfg);

/**
 * mig_config_find - the config with that label.
 * @label:	NULL or "": the only one, when there is only one.
 * @ret:	borrowed; lives as long as @cfg. Written on success only.
 *
 * Errors: NOENT - no such label; INVAL - none was named and there are several. Both messages
 * list the labels.
 */
MIG_API MIG_MUST_USE int mig_config_find(const struct mig_config *cfg, const char *label,
					 const struct mig_config_label **ret,
					 struct mig_error *err);

/* One GPU of the machine, as far as a config asks. */
struct mig_config_gpu {
	int index;
	uint32_t pci_id, pci_subsystem;  /* 0x20B210DE; 0: not known, no filter matches it */
	bool has_mig;                    /* can this GPU be cut at all? */
	const struct mig_gpu_type *type; /* borrowed; NULL: nobody knows its profiles */
};

enum mig_config_mode {
	MIG_CONFIG_UNTOUCHED, /* the config does not name this GPU: leave it as it is */
	MIG_CONFIG_OFF,       /* MIG mode off */
	MIG_CONFIG_ON,        /* MIG mode on, with these instances and no others */
};

/* What a config wants of one GPU. */
struct mig_config_want {
	enum mig_config_mode mode;
	unsigned line;              /* of the entry that decided; 0 when untouched */
	struct mig_request request; /* empty unless ON; type is the GPU's; every start is -1 */
};

/**
 * mig_config_select - what a config wants of each GPU of a machine.
 * @cfg:	the file that @label is from; names it in messages.
 * @gpus:	@n GPUs, in any order, each index once.
 * @ret:	@n answers, one for each of @gpus; written on success only.
 *
 * As mig-parted does it: an entry means the GPUs that pass its filter and are in its list,
 * and the entries are gone through in order, so that of two that name one GPU the later one
 * decides. Two that disagree about the MIG mode itself are refused, as it ends in an error
 * there too. "devices: all" passes over GPUs without MIG. Compute instances of one GPU
 * instance profile share GPU instances as far as they fit: "1c.3g.40gb: 3" is one GPU
 * instance, and so is "1c.3g.40gb: 1" beside "2c.3g.40gb: 1".
 *
 * Unlike mig-parted: a GPU index that the machine does not have is an error, unless the
 * entry's filter passes over every GPU here; and what cannot fit is refused now, not after
 * the old instances are gone.
 *
 * Errors, all beginning "NAME:LINE: ": NOENT - no such GPU, or its type has no such profile
 * (the message lists those it has); NOSPACE - the instances do not fit on an empty GPU;
 * UNSUPPORTED - MIG is asked of a listed GPU that has none, or instances of one whose
 * profiles nobody knows; SYNTAX - two entries disagree about a GPU's MIG mode. And NOMEM.
 */
MIG_API MIG_MUST_USE int mig_config_select(const struct mig_config *cfg,
					   const struct mig_config_label *label,
					   const struct mig_config_gpu *gpus, size_t n,
					   struct mig_config_want *ret, struct mig_error *err);

/* What stands on one GPU now. */
struct mig_config_present {
	int index;
	uint32_t pci_id; /* 0x20B210DE */
	bool mig_enabled;
	struct mig_request have; /* what stands; starts are ignored; empty unless mig_enabled */
};

enum mig_config_match {
	MIG_CONFIG_SAME,         /* the same GPU instances with the same compute instances */
	MIG_CONFIG_SAME_DEVICES, /* as many MIG devices of every name, cut in another way, or
				  * GPU instances without compute instances stand beside them.
				  * mig-parted, which counts names, calls this applied. */
	MIG_CONFIG_DIFFERENT,
};

/**
 * mig_config_match - is what stands what a config wants?
 * @want:	from mig_config_select().
 * @have:	the same GPU; its request is of the same GPU type.
 *
 * Placements do not count: a partition file cannot say them. A GPU that the config leaves
 * untouched matches always; so does one with MIG off, whatever a stale @have->have says, when
 * OFF is wanted.
 */
MIG_API enum mig_config_match mig_config_match(const struct mig_config_want *want,
					       const struct mig_config_present *have);

/**
 * mig_config_export - what stands, as a config of one label that would bring it back.
 * @label:	its name; NULL or "": "current", as mig-parted calls it.
 * @gpus:	@n GPUs, at least 1.
 * @ret:	written on success only; the caller frees it with mig_config_free().
 *
 * Grouped as mig-parted's export: one entry for all GPUs of equal content, "devices: all"
 * where the filter says it already, filters only where they tell something apart. GPU
 * instances without compute instances cannot be said in this format and are left out, as
 * they are there.
 *
 * Errors: INVAL - no GPU, or the label cannot be written (see mig_config_parse()); NOMEM.
 */
MIG_API MIG_MUST_USE int mig_config_export(const char *label,
					   const struct mig_config_present *gpus, size_t n,
					   struct mig_config **ret, struct mig_error *err);

enum mig_config_format { MIG_CONFIG_YAML, MIG_CONFIG_JSON };

/**
 * mig_config_write - a config as the text of a partition file, laid out as mig-parted does.
 * @ret:	NUL-terminated, ends in a newline; written on success only; the caller frees it.
 *
 * mig_config_parse() of the text gives an equal config, but for the lines; a text that has
 * grown past the bounds of reading (1 MiB) is refused there.
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_config_write(const struct mig_config *cfg,
					  enum mig_config_format format, char **ret,
					  struct mig_error *err);

/**
 * mig_config_names - does an entry mean this GPU: its kind by the filter, its index by the list?
 *
 * It asks nothing of the GPU's abilities: "devices: all" names a GPU without MIG too.
 */
MIG_API bool mig_config_names(const struct mig_config_entry *entry,
			      const struct mig_config_gpu *gpu);

/**
 * mig_config_generate - what one could want of these GPUs, as a file to choose from.
 * @gpus:	@n GPUs of a machine; those without MIG, or of unknown profiles, are passed over.
 * @ret:	written on success only; the caller frees it with mig_config_free().
 *
 * The labels are mig-parted's: all-disabled; all-enabled (MIG on, no instances); for every
 * profile all-<profile>, "+" written ".", with as many as fit; and all-balanced, two 1g, one 2g
 * and one 3g on GPUs of seven slices, two 1g and one 2g on those of four. Where the GPUs are
 * of several kinds, an entry says by its filter which kind it is for. Every entry fits: geometry
 * placed it. Equal GPUs give an equal file.
 *
 * Errors: UNSUPPORTED - none of the GPUs can be cut, or nobody knows how; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_config_generate(const struct mig_config_gpu *gpus, size_t n,
					     struct mig_config **ret, struct mig_error *err);

/*
 * Hooks files: commands that are to run around a change, in mig-parted's format.
 *
 *	version: v1
 *	hooks:
 *	  pre-apply-config:
 *	  - command: /usr/bin/systemctl
 *	    args: [stop, dcgm]
 *	    envs: {LANG: C}
 *	    workdir: /
 *
 * mig-parted passes over keys and names of hooks that it does not know; here they are refused.
 */
enum mig_hook_point {
	MIG_HOOK_APPLY_START,      /* before anything else */
	MIG_HOOK_PRE_APPLY_MODE,   /* a MIG mode is about to be switched */
	MIG_HOOK_PRE_APPLY_CONFIG, /* instances are about to be destroyed or made */
	MIG_HOOK_APPLY_EXIT,       /* at the end, whatever the end is */
	MIG_N_HOOK_POINTS
};

struct mig_hook {
	unsigned line;
	size_t n_args;
	const char *const *argv; /* the command, its n_args arguments, NULL */
	size_t n_envs;
	const char *const *envs; /* "NAME=value", then NULL */
	const char *workdir;     /* or NULL */
};

/* A hooks file. Everything it points to is its own and lives as long as it does. */
struct mig_hooks {
	const char *name; /* what messages call it */
	size_t n[MIG_N_HOOK_POINTS];
	const struct mig_hook *of[MIG_N_HOOK_POINTS]; /* in the order of the file */
	struct arena *memory;                         /* private: all of it */
};

/** mig_hook_point_name - "apply-start". Static; never NULL. */
MIG_API const char *mig_hook_point_name(enum mig_hook_point point);

/**
 * mig_hooks_parse - read a hooks file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_hooks_free().
 *
 * Whether a command exists is asked when it is run.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/hooks/v1.
 */
MIG_API MIG_MUST_USE int mig_hooks_parse(const char *text, size_t len, const char *name,
					 struct mig_hooks **ret, struct mig_error *err);

/** mig_hooks_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_hooks_read(const char *path, struct mig_hooks **ret,
					struct mig_error *err);

/** mig_hooks_free - NULL is accepted. */
MIG_API void mig_hooks_free(struct mig_hooks *hooks);

/*
 * Checkpoint files: how the GPUs of a machine are cut, with the place of every GPU instance, as
 * mig-parted's checkpoint writes it and its restore reads it (JSON; version v1):
 *
 *	{"Version": "v1", "MigState": {"Devices": [{
 *	  "UUID": "GPU-…", "MigMode": 1, "GpuInstances": [{
 *	    "ProfileID": 2, "Placement": {"Start": 4, "Size": 4}, "ComputeInstances": [{
 *	      "ProfileID": 2, "EngProfileID": 0}]}]}]}}
 *
 * A ProfileID is the number that NVML is asked by (NVML_GPU_INSTANCE_PROFILE_*,
 * NVML_COMPUTE_INSTANCE_PROFILE_*), not the id that nvidia-smi prints.
 */
struct mig_checkpoint_gi {
	unsigned line;
	int nvml_profile;
	int start, size; /* placement units */
	size_t n_cis;
	const int *cis; /* their NVML profiles, in order of creation */
};

struct mig_checkpoint_gpu {
	unsigned line;
	const char *uuid;
	bool mig_enabled;
	size_t n_gis; /* 0 unless mig_enabled */
	const struct mig_checkpoint_gi *gis;
};

/* A checkpoint file. Everything it points to is its own and lives as long as it does. */
struct mig_checkpoint {
	const char *name; /* what messages call it */
	size_t n_gpus;
	const struct mig_checkpoint_gpu *gpus; /* each UUID once */
	struct arena *memory;                  /* private: all of it */
};

/**
 * mig_checkpoint_parse - read a checkpoint file, all of it or none.
 * @ret:	written on success only; the caller frees it with mig_checkpoint_free().
 *
 * Whether a GPU can be cut so is asked by mig_checkpoint_request().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/checkpoint/v1 and pkg/types.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_parse(const char *text, size_t len, const char *name,
					      struct mig_checkpoint **ret,
					      struct mig_error *err);

/** mig_checkpoint_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL. */
MIG_API MIG_MUST_USE int mig_checkpoint_read(const char *path, struct mig_checkpoint **ret,
					     struct mig_error *err);

/** mig_checkpoint_free - NULL is accepted. */
MIG_API void mig_checkpoint_free(struct mig_checkpoint *cp);

/**
 * mig_checkpoint_request - what a checkpoint wants of one GPU, every start told.
 * @gpu:	of @cp.
 * @type:	what that GPU is; borrowed by the answer.
 * @ret:	empty with MIG off; written on success only.
 *
 * Errors, all beginning "NAME:LINE: ": NOENT - the type has no such profile; NOSPACE - it cannot
 * stand there, or not all of it can stand together.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_request(const struct mig_checkpoint *cp,
						const struct mig_checkpoint_gpu *gpu,
						const struct mig_gpu_type *type,
						struct mig_request *ret, struct mig_error *err);

/* One GPU that can do MIG, as it is now. */
struct mig_checkpoint_present {
	const char *uuid;
	bool mig_enabled;
	struct mig_request have; /* every start told; those of one profile by rising id */
};

/**
 * mig_checkpoint_write - what stands as the text of a checkpoint file, in mig-parted's order.
 * @gpus:	@n GPUs.
 * @ret:	NUL-terminated, one line without a newline, as there; written on success only; the
 *		caller frees it.
 *
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_checkpoint_write(const struct mig_checkpoint_present *gpus,
					      size_t n, char **ret, struct mig_error *err);

#endif
