/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people write about how their GPUs shall be cut. There are two kinds of file, told apart
 * by their "version".
 *
 * Partition files are in the format of mig-parted, NVIDIA's MIG partition editor (version v1 of
 * its "mig-configs").
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
 * Layout files are ours, and say what that format cannot: where each instance stands, and what
 * it is called (docs/LAYOUT.md).
 *
 *	version: migctl/v1
 *	machine: {kind: hardware, name: node1}     <- struct mig_layout_machine
 *	gpus:
 *	  - gpu: 0                                 <- struct mig_layout_entry
 *	    mig-enabled: true
 *	    instances:
 *	      - {profile: 3g.40gb, start: 4, name: team-a/llm}   <- struct mig_layout_item
 *	      - profile: 3g.40gb
 *	        start: 0
 *	        compute-instances:
 *	          - {profile: 1c.3g.40gb, count: 3}              <- also one
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

/* One GPU of the machine, as far as a file asks. */
struct mig_config_gpu {
	int index;
	uint32_t pci_id, pci_subsystem;  /* 0x20B210DE; 0: not known, no filter matches it */
	bool has_mig;                    /* can this GPU be cut at all? */
	const struct mig_gpu_type *type; /* borrowed; NULL: nobody knows its profiles */
	const char *uuid, *bus_id;       /* borrowed, for layout files; NULL: not known */
	bool is_lost; /* the driver cannot reach it: nothing but the index is known */
};

enum mig_config_mode {
	MIG_CONFIG_UNTOUCHED, /* the file does not name this GPU: leave it as it is */
	MIG_CONFIG_OFF,       /* MIG mode off */
	MIG_CONFIG_ON,        /* MIG mode on, with these instances and no others */
};

/* What a file wants of one GPU. */
struct mig_config_want {
	enum mig_config_mode mode;
	unsigned line; /* of the entry that decided; 0 when untouched */
	/* Empty unless ON; its type is the GPU's. Of a partition file every start is -1. */
	struct mig_request request;
	struct mig_want_names names; /* of a partition file none */
	bool is_exact; /* of a layout file: as many MIG devices cut in another way are not it */
	bool is_lost; /* UNTOUCHED only because the GPU is lost: an entry for all means it too */
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
 * there too. "devices: all" passes over GPUs without MIG, and over those that are lost. Compute instances of one GPU
 * instance profile share GPU instances as far as they fit: "1c.3g.40gb: 3" is one GPU
 * instance, and so is "1c.3g.40gb: 1" beside "2c.3g.40gb: 1".
 *
 * Unlike mig-parted: a GPU index that the machine does not have is an error, unless the
 * entry's filter passes over every GPU here; and what cannot fit is refused now, not after
 * the old instances are gone.
 *
 * Errors, all beginning "NAME:LINE: ": NOENT - no such GPU, or its type has no such profile
 * (the message lists those it has); NVML - a GPU in its list is lost, and for all that is
 * known passes the filter; NOSPACE - the instances do not fit on an empty GPU;
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
	struct mig_request have; /* what stands; empty unless mig_enabled */
	bool is_lost;            /* what stands is not known */
};

enum mig_config_match {
	MIG_CONFIG_SAME,         /* the same GPU instances with the same compute instances */
	MIG_CONFIG_SAME_DEVICES, /* as many MIG devices of every name, cut in another way, or
				  * GPU instances without compute instances stand beside them.
				  * mig-parted, which counts names, calls this applied. */
	MIG_CONFIG_DIFFERENT,
};

/**
 * mig_config_match - is what stands what a file wants?
 * @want:	from mig_config_select() or mig_layout_file_select().
 * @have:	the same GPU; its request is of the same GPU type.
 *
 * Starts count where @want says them, which a partition file cannot; one of @have that is not
 * known is no other. Names do not count. A GPU that the file leaves untouched matches always;
 * so does one with MIG off, whatever a stale @have->have says, when OFF is wanted. An is_exact
 * @want is SAME or DIFFERENT.
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
 * they are there. So are GPUs that are lost, and "devices: all" is not said then: it would mean
 * them too.
 *
 * Errors: INVAL - no GPU that is not lost, or the label cannot be written (see mig_config_parse()); NOMEM.
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

/* A layout file names the machine that it was made of or for. */
struct mig_layout_machine {
	bool is_simulated;
	const char *name; /* the simulated machine's, or the host's */
};

/* A GPU as a layout file names it. */
struct mig_layout_gpu {
	int index;      /* as NVML counts, or -1: */
	const char *id; /* its UUID, "GPU-...", or PCI bus id */
	unsigned line;
};

/* A GPU instance, or a compute instance in one. */
struct mig_layout_item {
	unsigned line;
	const char *profile; /* by the grammar of mig_config_parse(); not checked for a GPU */
	int start; /* placement unit, of a compute instance compute slice; -1: anywhere */
	int count; /* 1 or more; 1 of what has a start or a name */
	const char *name; /* of the MIG device, see mig_instance_name_ok(); NULL: none */
	/* Of a GPU instance. Not split, it has the compute instance that is all of it. */
	bool is_split;
	size_t n_cis; /* 0 with is_split: none at all */
	const struct mig_layout_item *cis;
};

/* What some GPUs shall be. */
struct mig_layout_entry {
	unsigned line;
	bool is_all; /* "gpus: all"; otherwise a list */
	size_t n_gpus;
	const struct mig_layout_gpu *gpus;
	const char *gpu_type; /* with is_all: only these; otherwise they must be; NULL: any */
	bool mig_enabled;
	size_t n_instances; /* 0 with mig_enabled: MIG mode on and no instances */
	const struct mig_layout_item *instances; /* in the order of the file */
};

/* A layout file. Everything it points to is its own and lives as long as it does. */
struct mig_layout_file {
	const char *name; /* what messages call it */
	bool has_machine;
	struct mig_layout_machine machine;
	unsigned machine_line;
	size_t n_entries; /* at least 1 */
	const struct mig_layout_entry *entries;
	struct arena *memory; /* private: all of it */
};

/**
 * mig_layout_file_is - is this the text of a layout file, by its "version"?
 *
 * A text that cannot be read is none: mig_config_parse() says why.
 */
MIG_API bool mig_layout_file_is(const char *text, size_t len);

/**
 * mig_layout_file_parse - read a layout file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_layout_file_free().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong", contradictions and names that stand twice among
 * it; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_layout_file_parse(const char *text, size_t len, const char *name,
					       struct mig_layout_file **ret,
					       struct mig_error *err);

/** mig_layout_file_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_layout_file_read(const char *path, struct mig_layout_file **ret,
					      struct mig_error *err);

/** mig_layout_file_free - NULL is accepted. */
MIG_API void mig_layout_file_free(struct mig_layout_file *file);

/**
 * mig_layout_file_select - what a layout file wants of each GPU of a machine.
 * @here:	the machine; NULL: any will do, whatever the file says.
 * @gpus:	@n GPUs, in any order, each index once.
 * @ret:	@n answers, one for each of @gpus; written on success only.
 *
 * GPUs that the file does not name are untouched; "gpus: all" passes over those without MIG, and
 * over those that are lost.
 * The wants of a request stand in the order of the file, a count written out.
 *
 * Errors, all beginning "NAME:LINE: ": MACHINE - the file is of another machine; NOENT - no such
 * GPU, or its type has no such profile; NOSPACE - the line's instance does not fit on an empty
 * GPU, or into its GPU instance, beside those of the lines before it; UNSUPPORTED - MIG is asked
 * of a named GPU that has none, or instances of one whose profiles nobody knows; NVML - a named
 * GPU is lost, or may be the one that is; SYNTAX - a GPU is named twice, or is not of the type
 * that is said. And NOMEM.
 */
MIG_API MIG_MUST_USE int mig_layout_file_select(const struct mig_layout_file *file,
						const struct mig_layout_machine *here,
						const struct mig_config_gpu *gpus, size_t n,
						struct mig_config_want *ret,
						struct mig_error *err);

/* How one GPU is cut, or shall be, for a layout file to say. All of it is borrowed. */
struct mig_layout_state {
	int index;
	const char *uuid;     /* NULL or "": the file names the GPU by @index */
	const char *gpu_type; /* its key; NULL: not said */
	bool mig_enabled;
	const struct mig_request *request;  /* NULL: no instances */
	const struct mig_want_names *names; /* NULL: none */
};

/**
 * mig_layout_file_make - a layout file that says how GPUs are cut.
 * @machine:	that the file is for alone; NULL: for any.
 * @gpus:	@n of them, at least 1.
 * @ret:	written on success only; the caller frees it with mig_layout_file_free().
 *
 * Starts are said where the request says them; of a compute instance that is all of its GPU
 * instance they need not be.
 *
 * Errors: INVAL - no GPU, a want that is none of its type, or a name that cannot be written or
 * stands twice; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_layout_file_make(const struct mig_layout_machine *machine,
					      const struct mig_layout_state *gpus, size_t n,
					      struct mig_layout_file **ret,
					      struct mig_error *err);

/**
 * mig_layout_file_write - a layout file, read or made, as text.
 * @ret:	NUL-terminated, ends in a newline; written on success only; the caller frees it.
 *
 * mig_layout_file_parse() of the text gives an equal file, but for the lines, and of that the
 * same text is written. A text past the bounds of reading (1 MiB) is refused there.
 * Errors: NOMEM.
 */
MIG_API MIG_MUST_USE int mig_layout_file_write(const struct mig_layout_file *file,
					       enum mig_config_format format, char **ret,
					       struct mig_error *err);

#endif
