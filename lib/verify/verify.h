/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan's document as structs, and the steps of checking it. What stands in lists of lists
 * (slots, options, numbers of a cover) is kept in one array of the document; who has some of
 * it says where they begin.
 */
#ifndef LIB_VERIFY_VERIFY_H
#define LIB_VERIFY_VERIFY_H

#include <mig/verify.h>

#include "lib/verify/json.h"

__extension__ typedef __int128 wide;

enum {
	POOLS_MAX = 16,
	CLASSES_MAX = 1 << 20,
	OPTIONS_MAX = 64, /* of a class */
	PRESENT_MAX = 1 << 20,
	RULES_MAX = 1024,
	NOBODY = -1,
	UNLIMITED = -1,
	NO_PRESENT = -1, /* GPUs with no instances now */
};

#define COUNT_MAX INT64_C(1000000000)
#define RATE_MAX  INT64_C(1000000000000)
#define NEED_MAX  INT64_C(1000000000000000)
#define PRICE_MAX INT64_C(1000000000000)

enum goal { GPUS, MONEY, MOVES, UNITS, N_GOALS };
enum status { OPTIMAL, FEASIBLE, INFEASIBLE, NOT_FOUND };

extern const char *const mig_verify_goals[N_GOALS + 1]; /* their names, ended by NULL */

struct slot {
	uint8_t profile, start;
	bool is_fixed; /* kept, or of present GPUs held */
	int32_t cls;   /* or NOBODY */
};

struct pool {
	const struct mig_gpu_type *type;
	uint32_t profiles; /* those that may be made, bit i for profile i */
	int64_t n_gpus, n_reserved, price, gpus_per_node;
	int64_t n_present; /* GPUs of present groups */
};

struct option {
	int32_t pool, profile;
	int64_t rate;
};

struct cls {
	struct json_text name; /* as the document writes it: safe to print */
	int64_t count, need, min_instances;
	size_t first; /* its options */
	int n_options;
};

struct rule {
	bool is_node;
	int64_t max;
	size_t first, n; /* its classes */
};

/* GPUs that look alike: now, or in the plan. */
struct gpus {
	int32_t pool;
	int32_t present; /* of the plan: what they are now, or NO_PRESENT */
	int64_t count;
	size_t first; /* its slots, by increasing start */
	int n_slots;
};

struct cover {
	int32_t cls;
	int64_t count;
	size_t first; /* its numbers, one for each option of the class */
};

struct certificate {
	int64_t denominator;
	int64_t prices[POOLS_MAX][MIG_PROFILES_MAX];
	int64_t rents[POOLS_MAX], fresh_rents[POOLS_MAX];
	int64_t budgets[N_GOALS];
	int64_t *class_least, *present_least;
};

struct measure {
	enum goal goal;
	int64_t value, bound;
	bool has_value, has_bound, has_certificate;
	struct certificate certificate;
};

/* What the document says first, for those who look no further. */
struct summary {
	int64_t n_gpus, value, lower_bound, gap, totals[N_GOALS];
	double usd_per_h;
	bool has_n_gpus, has_value, has_lower_bound, has_gap, has_totals, has_usd_per_h;
};

struct document {
	const char *name;
	struct mig_error *err;
	enum status status;
	int n_goals, n_objective, n_measures, n_pools;
	enum goal goals[N_GOALS], objective[N_GOALS];
	struct summary summary;
	struct measure measures[N_GOALS];
	struct pool pools[POOLS_MAX];
	size_t n_classes, n_rules, n_present, n_groups, n_covers;
	struct cls *classes;
	struct rule *rules;
	struct gpus *present, *groups;
	struct cover *covers;
	size_t n_options, n_ruled, n_slots, n_numbers;
	struct option *options;
	int32_t *ruled; /* classes of rules */
	struct slot *slots;
	int64_t *numbers; /* of covers */
};

/**
 * mig_verify_read - read all of a document, and whether its problem can be asked.
 * @doc:	zero but for name and err; mig_verify_free() it in any case.
 */
int mig_verify_read(struct mig_catalog *cat, const char *text, size_t len,
		    struct document *doc) MIG_MUST_USE;
void mig_verify_free(struct document *doc);

/* The parts of reading, in files of their own. Each leaves its failure in @j. */
/** mig_verify_read_goals - a list of goals into @ret: how many. */
int mig_verify_read_goals(struct json *j, enum goal *ret);
void mig_verify_read_problem(struct json *j, struct mig_catalog *cat, struct document *doc);
void mig_verify_read_layouts(struct json *j, struct document *doc);
void mig_verify_read_assignment(struct json *j, struct document *doc);
void mig_verify_read_measures(struct json *j, struct document *doc);

/** mig_verify_slots - read slots, whose flag is called @flag, into the document. */
void mig_verify_slots(struct json *j, struct document *doc, struct gpus *g, const char *flag);

/** mig_verify_profile - read the name of a profile of a pool's type: its index. */
int mig_verify_profile(struct json *j, const struct pool *pool);

/** mig_verify_room - room for one more behind @n items, at twice the room whenever it is used
 *  up. Returns the items, which may have moved, or NULL and a failure in @j. */
void *mig_verify_room(struct json *j, void *items, size_t n, size_t size);

/** mig_verify_slots_of - the slots of GPUs that look alike. */
static inline const struct slot *mig_verify_slots_of(const struct document *doc,
						     const struct gpus *g)
{
	return g->n_slots ? &doc->slots[g->first] : NULL;
}

/** mig_verify_no - the error of what is not so: UNPROVEN, with the document's name. */
int mig_verify_no(const struct document *doc, const char *fmt, ...) MIG_PRINTF(2, 3);

/** mig_verify_add - @sum plus @a times @b. false: that is beyond 127 bits. */
bool mig_verify_add(wide *sum, wide a, wide b) MIG_MUST_USE;

/** mig_verify_text - a number for a message; @buf has room for WIDE_TEXT bytes. */
enum { WIDE_TEXT = 48 };
const char *mig_verify_text(wide v, char *buf);

/** mig_verify_option - the option of a class for a pool's profile: its index, or -1. */
int mig_verify_option(const struct document *doc, int32_t cls, int pool, int profile);

/** mig_verify_plan - is the plan possible, does it do what was asked, are its values true? */
int mig_verify_plan(const struct document *doc) MIG_MUST_USE;

/** mig_verify_rules - are the rules about what stands apart kept? */
int mig_verify_rules(const struct document *doc) MIG_MUST_USE;

/** mig_verify_proof - do the certificates prove the bounds, and is the status said rightly? */
int mig_verify_proof(const struct document *doc) MIG_MUST_USE;

#endif
