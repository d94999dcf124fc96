/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvidia-smi's words. A command line is read into a struct smi_call, which asks nothing of
 * any machine; then one function answers it, with what nvidia-smi 535 would print and the
 * status with which it would end. The order of everything is nvidia-smi's.
 */
#ifndef CLI_SMI_SMI_H
#define CLI_SMI_SMI_H

#include <mig/manage.h>
#include <mig/smi.h>

#include "cli/verb.h"

enum smi_command {
	SMI_TABLE,
	SMI_LIST,
	SMI_MODE,
	SMI_QUERY,
	SMI_XML,
	/* Of "mig"; where several are given the first of these is done, as nvidia-smi does. */
	SMI_LGIP,
	SMI_LGIPP,
	SMI_CGI,
	SMI_DGI,
	SMI_LGI,
	SMI_LCIP,
	SMI_LCIPP,
	SMI_CCI,
	SMI_DCI,
	SMI_LCI,
	SMI_MIG_NONE, /* -C, -gi or -ci and nothing to do with them */
};

/* How wide a generation of nvidia-smi prints, and how far it numbers GI profiles. */
struct smi_format {
	int version;
	int name_width; /* of a GPU instance's profile */
	int n_profiles; /* NVML numbers of GI profiles that it knows */
};

struct smi_call {
	enum smi_command command;
	const struct smi_format *format;
	const char *gpus, *gis, *cis; /* -i, -gi, -ci as given, or NULL */
	const char *items;            /* -cgi, -cci: "" for the default; --query-gpu: fields */
	unsigned mode;                /* -mig */
	bool is_default;              /* -C */
	bool no_header, no_units;
};

/**
 * smi_parse - read the words behind "smi".
 * @words:	what to print, on standard output, when they are refused.
 *
 * Return: 0, or the status to end with; then @words is written and @ret is not.
 */
int smi_parse(int argc, char **argv, struct smi_call *ret, char *words, size_t len);

/** smi_item - the next of a list "a,b,,c", empty ones skipped, into @buf. false: no more. */
bool smi_item(const char **list, char *buf, size_t len);

/** smi_has_id - does a list of ids, "1,2", name @id? NULL names all. */
bool smi_has_id(const char *list, int id);

/* What a command works on. */
struct smi {
	struct cli *cli;
	struct mig_snapshot snap;
	const struct smi_call *call;
	bool *is_chosen; /* one for each GPU: -i names it */
	struct mig_error *err;
};

/* The driver's codes, as nvidia-smi words them and ends with them. */
enum {
	SMI_INVALID = 2,
	SMI_UNSUPPORTED = 3,
	SMI_NOT_FOUND = 6,
	SMI_NO_DRIVER = 9,
	SMI_LOST = 15,
};

/** smi_code - the driver's code behind a failure of libmig. */
int smi_code(int rc, const struct mig_error *err);
const char *smi_words(int code);
int smi_status(int code);

/** smi_say_lost - that a GPU is lost, which is called @what. Return: the status to end with. */
int smi_say_lost(const struct mig_gpu *gpu, const char *what);

/** smi_fields_ok - are all fields of --query-gpu known? Else @ret is the first that is not. */
bool smi_fields_ok(const char *fields, char *ret, size_t len);

/* A GPU instance of a chosen GPU, and the order in which nvidia-smi walks them. */
struct smi_gi {
	const struct mig_gpu *gpu;
	const struct mig_gi *gi;
	const struct mig_profile *p;
};

/** smi_gis - the GPU instances of a GPU, by NVML's number of the profile, then id. */
int smi_gis(const struct smi *s, const struct mig_gpu *gpu, struct smi_gi *ret);

/** smi_cis - the compute instances of a GI likewise; @ret has room for MIG_CIS_MAX. */
int smi_cis(const struct smi_gi *g, const struct mig_ci **ret);

/** smi_device_at - the MIG device of that index, and its GPU instance; or NULL. */
const struct mig_ci *smi_device_at(const struct mig_gpu *gpu, int index,
				   const struct mig_gi **ret_gi);

/** smi_is_on - is MIG on, and the GPU chosen? */
bool smi_is_on(const struct smi *s, int gpu);

/** smi_profiles - a GPU's GI profiles that the format knows, in the order of -lgip. */
int smi_profiles(const struct smi *s, const struct mig_gpu *gpu,
		 const struct mig_profile **ret);

/* What answers a command. Return: the status to end with, or an error of libmig. */
int smi_table(struct smi *s);
int smi_list(struct smi *s);
int smi_query(struct smi *s);
int smi_xml(struct smi *s);
int smi_mode(struct smi *s);
int smi_lgip(struct smi *s);
int smi_lgipp(struct smi *s);
int smi_lgi(struct smi *s);
int smi_lci(struct smi *s);
int smi_lcip(struct smi *s);
int smi_lcipp(struct smi *s);
int smi_cgi(struct smi *s);
int smi_cci(struct smi *s);
int smi_dgi(struct smi *s);
int smi_dci(struct smi *s);
int smi_mig_none(struct smi *s);

#endif
