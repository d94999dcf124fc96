/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models files: what people want to run, and what each of it needs of an instance.
 *
 *	version: migctl/v1
 *	models:
 *	  - name: sentiment                <- struct mig_model
 *	    memory: 1.2GiB                 what an instance of it must have
 *	    replicas: 3
 *	  - name: ranker
 *	    throughput:                    <- struct mig_model_row: any unit, of one instance
 *	      1g.10gb: 183.6
 *	      H100-SXM5-80GB/1g.10gb: 301
 *	    needs: {throughput: 1900}      the same unit, over all replicas together
 *
 * docs/PLAN.md has the whole format. What a profile can do for a model, and what of MIG itself
 * stands in the way, is asked by mig_model_limit().
 *
 * Numbers are decimal fractions and stay so: nothing is lost before a planner rounds them,
 * rates down and needs up.
 */
#ifndef MIG_WORKLOAD_H
#define MIG_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/catalog.h>

enum {
	MIG_MODELS_MAX = 4096,      /* models of a file */
	MIG_DECIMAL_PLACES_MAX = 6, /* digits behind the point */
};

/* digits / 10^places, without trailing zeros behind the point. */
struct mig_decimal {
	int64_t digits; /* >= 0 */
	int places;     /* 0 to MIG_DECIMAL_PLACES_MAX */
};

/**
 * mig_decimal_parse - read all of @s: digits, perhaps a point and at most six digits more.
 *
 * Return: NULL, or what is wrong with it, as the end of a sentence: "nan" is no number ...
 */
MIG_API const char *mig_decimal_parse(const char *s, struct mig_decimal *ret);

/**
 * mig_decimal_scale - @d * 10^@places as a whole number, rounded down, or @up.
 * @places:	may be negative.
 *
 * Return: it, or -1 when it is beyond 64 bits.
 */
MIG_API int64_t mig_decimal_scale(struct mig_decimal d, int places, bool up);

/** mig_decimal_less - is @a < @b? */
MIG_API bool mig_decimal_less(struct mig_decimal a, struct mig_decimal b);

/** mig_decimal_format - "183.6" into @buf; returns @buf. */
MIG_API const char *mig_decimal_format(struct mig_decimal d, char *buf, size_t len);

/* What an instance of a profile does: a line of "throughput" or "latency", or a pin. */
struct mig_model_row {
	unsigned line;
	const char *gpu_type; /* key or name of a type; NULL: any that has the profile */
	const char *profile;  /* a GI profile's name */
	struct mig_decimal v; /* of a pin: 0 */
};

struct mig_model_rows {
	size_t n;
	const struct mig_model_row *rows; /* in the order of the file */
};

enum mig_model_spread { MIG_SPREAD_NONE, MIG_SPREAD_GPU, MIG_SPREAD_NODE };

/* Another model that must not be on the same GPU, or node. */
struct mig_model_apart {
	int model; /* index into the file's models */
	bool on_node;
};

struct mig_model {
	unsigned line;
	const char *name;
	uint64_t mem_bytes; /* an instance has so much at least; 0: not said */
	unsigned mem_line;
	int64_t replicas;  /* of a model with a need for throughput: at least so many */
	bool has_replicas; /* otherwise 1, or as many as the need takes */
	struct mig_model_rows pins, throughput, latency;
	bool has_need, has_latency;
	struct mig_decimal need;        /* throughput, of all replicas together */
	struct mig_decimal max_latency; /* in the unit of the latency table */
	int tensor_parallel;            /* GPUs that one replica is spread over; 1: none */
	bool graphics, profiling, debugger;
	int nvdec, nvenc, nvjpeg, ofa; /* engines of each that a replica needs */
	enum mig_model_spread spread;
	size_t n_apart;
	const struct mig_model_apart *apart;
	bool keep_running; /* what runs of it now stays where it is */
	size_t n_command;
	const char *const *command; /* ended by NULL as well */
};

/* A models file. Everything it points to is its own and lives as long as it does. */
struct mig_models {
	const char *name; /* what messages call it */
	size_t n;         /* at least 1 */
	const struct mig_model *models;
	struct arena *memory; /* private: all of it */
};

/**
 * mig_models_parse - read a models file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_models_free().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong", contradictions among it; UNSUPPORTED - it asks
 * for a model to be sized from its files, which no call does yet; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_models_parse(const char *text, size_t len, const char *name,
					  struct mig_models **ret, struct mig_error *err);

/** mig_models_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_models_read(const char *path, struct mig_models **ret,
					 struct mig_error *err);

/** mig_models_free - NULL is accepted. */
MIG_API void mig_models_free(struct mig_models *models);

/* Why a model does not go onto a profile; the one that was reached last says the most. */
enum mig_limit {
	MIG_LIMIT_PIN,        /* the file names other profiles */
	MIG_LIMIT_VARIANT,    /* "+me", "+gfx" and the like, whose engines are not asked for */
	MIG_LIMIT_TENSOR,     /* tensor parallelism cannot cross instances */
	MIG_LIMIT_WHOLE,      /* profiling or a debugger on less than the whole GPU */
	MIG_LIMIT_GRAPHICS,   /* no graphics on this profile */
	MIG_LIMIT_ENGINES,    /* too few codecs */
	MIG_LIMIT_MEMORY,     /* too little, or nobody published how much */
	MIG_LIMIT_THROUGHPUT, /* the table does not have the profile */
	MIG_LIMIT_LATENCY,    /* too slow, or the table does not have the profile */
	MIG_LIMIT_NONE,       /* it fits */
};

/**
 * mig_model_limit - may one instance of a profile serve a model?
 * @profile:	index into @type's profiles.
 * @ret_rate:	what it does, by the throughput table; 1 where nothing is said. May be NULL;
 *		written on MIG_LIMIT_NONE only.
 */
MIG_API enum mig_limit mig_model_limit(const struct mig_model *model,
				       const struct mig_gpu_type *type, int profile,
				       struct mig_decimal *ret_rate);

/** mig_model_fits - is there a profile of @type that may serve @model? */
MIG_API bool mig_model_fits(const struct mig_model *model, const struct mig_gpu_type *type);

/**
 * mig_model_explain - why no profile of a type may serve a model, and the way out.
 *
 * Of a model that is served, "". Returns @buf.
 */
MIG_API const char *mig_model_explain(const struct mig_model *model,
				      const struct mig_gpu_type *type, char *buf, size_t len);

/**
 * mig_model_waste - how little of the smallest instance that it may use does a model fill?
 * @ret_profile:	index into @type's profiles. Written when the return is not 0.
 *
 * Return: per cent of the instance's memory, rounded down, where it is under a quarter; else 0.
 * (A model of less than one per cent counts as 1.)
 */
MIG_API int mig_model_waste(const struct mig_model *model, const struct mig_gpu_type *type,
			    int *ret_profile);

/**
 * mig_models_check - is every profile that a file names one of @types?
 * @types:	@n of them: those of a fleet, or of a whole catalog.
 *
 * Errors: NOENT - "NAME:LINE: ...", with the nearest profile or GPU type that there is.
 */
MIG_API MIG_MUST_USE int mig_models_check(const struct mig_models *models,
					  const struct mig_gpu_type *const *types, size_t n,
					  struct mig_error *err);

#endif
