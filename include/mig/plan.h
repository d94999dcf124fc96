/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning: which instances, on how many GPUs, and the proof that it takes as many.
 *
 *	problem   pools of GPUs     80 x A100-SXM4-80GB at 1.10 USD/h, H100 without limit ...
 *	          classes of work   200 x "chat", each 1900 requests/s, from 3g.40gb (545
 *	                            requests/s) or 7g.80gb (684 requests/s) of the first pool
 *	          present GPUs      12 of them look so, and slot 0 must not move
 *	          goals             fewest GPUs, then fewest moves
 *	   |
 *	mig_plan_solve()
 *	   |
 *	plan      groups of GPUs    31 of them: this layout, this class in each slot
 *	          covers            150 "chat" get 3 x 3g.40gb + 1 x 7g.80gb each
 *	          per goal          value, proven bound, and the certificate of the bound
 *
 * All of it is values: nothing here reads a file, a clock or a device, and one problem has
 * one answer. What is alike stands once with a count: a million workloads on 10^5 GPUs are
 * a few classes and groups. Rates and prices are the caller's, as integers; no proof
 * depends on a floating-point number.
 */
#ifndef MIG_PLAN_H
#define MIG_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <mig/geometry.h>

/* The sizes of a problem. mig_plan_solve() refuses what is beyond them by name; within
 * them no sum or product overflows, or the call says so. */
#define MIG_PLAN_COUNT_MAX INT64_C(1000000000)       /* GPUs of a pool, workloads of a class */
#define MIG_PLAN_RATE_MAX  INT64_C(1000000000000)    /* a rate */
#define MIG_PLAN_NEED_MAX  INT64_C(1000000000000000) /* a need */
#define MIG_PLAN_PRICE_MAX INT64_C(1000000000000)    /* a price, in micro-USD an hour */

enum {
	MIG_PLAN_POOLS_MAX = 16,
	MIG_PLAN_CLASSES_MAX = 1 << 20,
	MIG_PLAN_OPTIONS_MAX = 64, /* of one class */
	MIG_PLAN_PRESENT_MAX = 1 << 20,
	MIG_PLAN_RULES_MAX = 1024,
	MIG_PLAN_UNLIMITED = -1, /* as many GPUs as are needed */
	MIG_PLAN_NOBODY = -1,    /* a slot that serves no class */
};

/* What is to be made small; the first goal counts first. */
enum mig_plan_goal {
	MIG_PLAN_GPUS,  /* GPUs with an instance on them */
	MIG_PLAN_MONEY, /* their prices together, micro-USD an hour */
	MIG_PLAN_MOVES, /* present instances of a class that do not stay where they are; what a
			 * class has too much of counts too: say that it serves NOBODY */
	MIG_PLAN_UNITS, /* placement units under instances: the fewer, the more headroom */
	MIG_PLAN_N_GOALS
};

/** mig_plan_goal_name - "gpus", "money", "moves", "units". Static; never NULL. */
MIG_API const char *mig_plan_goal_name(enum mig_plan_goal goal);

/* GPUs that are alike: of one type, at one price. */
struct mig_plan_pool {
	const struct mig_gpu_type *type; /* borrowed; must outlive the plan */
	uint32_t profiles;        /* those that may be made, bit i for profile i; 0: all */
	int64_t n_gpus;           /* in all, present ones included; or UNLIMITED */
	int64_t n_reserved;       /* of these so many must bear no instance */
	int64_t price_uusd_per_h; /* of one GPU in use, micro-USD an hour; may be 0 */
	int gpus_per_node;        /* for rules about nodes; 0: a GPU is a node */
};

/* A profile that a workload may use, and what one instance of it does for the workload. */
struct mig_plan_option {
	int32_t pool;    /* index into the pools */
	int32_t profile; /* index into the profiles of the pool's type */
	int64_t rate;    /* > 0, in the unit of the class's need */
};

/*
 * Workloads that are alike. Each takes instances whose rates sum up to its need; one that
 * wants N instances has rates of 1 and a need of N. A profile that is no option is not
 * used: that is how memory, latency and pins are said.
 */
struct mig_plan_class {
	const char *name;      /* for messages; borrowed */
	int64_t count;         /* workloads; 0 is none, and allowed */
	int64_t need;          /* what each needs at least, over all its instances; > 0 */
	int64_t min_instances; /* each has at least so many, whatever their rates; 0: any number */
	int n_options;
	const struct mig_plan_option *options; /* no (pool, profile) twice; borrowed */
};

enum mig_plan_scope { MIG_PLAN_ON_GPU, MIG_PLAN_ON_NODE };

/*
 * What must stand apart: at most @max instances of @classes, all together, on one GPU or
 * node. One class and a @max of 1 spreads it; two classes and 1 keep them from each other
 * (and each of them spread).
 *
 * Nodes are told by order: the present groups of a pool, then its other GPUs as the plan's
 * groups have them, gpus_per_node at a time.
 */
struct mig_plan_rule {
	enum mig_plan_scope scope;
	int max; /* > 0 */
	int n_classes;
	const int32_t *classes; /* borrowed */
};

/* GPUs that look alike now. A GPU of a pool that no group tells of has no instances. */
struct mig_plan_present {
	int32_t pool;
	int64_t count;
	struct mig_layout layout;       /* of the pool's type */
	uint16_t held;                  /* bit i: slot i stays as it is, whatever the goals */
	int32_t classes[MIG_UNITS_MAX]; /* what slot i serves: a class, or NOBODY: then it may
					  * go or be used, unless held: then it is a stranger's */
};

struct mig_plan_problem {
	int n_pools, n_classes, n_rules, n_present, n_goals;
	const struct mig_plan_pool *pools;
	const struct mig_plan_class *classes;
	const struct mig_plan_rule *rules;
	const struct mig_plan_present *present;
	enum mig_plan_goal goals[MIG_PLAN_N_GOALS]; /* the first n_goals, no goal twice; with
						     * n_goals 0: fewest GPUs */
};

/* How hard to try. All zero is right for almost everybody. */
struct mig_plan_effort {
	int64_t max_nodes;  /* of each exact search; 0: a default. Work, not time: one effort
			     * has one answer, on every machine */
	const char *solver; /* path of libmig-solve.so, opened when an exact search was cut
			     * short; NULL: never */
};

enum mig_plan_status {
	MIG_PLAN_OPTIMAL,    /* every goal's value is its bound, and each has a certificate */
	MIG_PLAN_FEASIBLE,   /* a plan; where value and bound differ, that is the gap */
	MIG_PLAN_INFEASIBLE, /* there is no plan, and a certificate proves it: see reason */
	MIG_PLAN_NOT_FOUND,  /* none was found, nor a proof that there is none: see reason */
};

/* GPUs that are to be alike: each has @layout, and slot i serves classes[i]. */
struct mig_plan_group {
	int32_t pool;
	int32_t present; /* index into the problem's present groups, of what these GPUs are now;
			  * -1: GPUs with no instances now */
	int64_t count;
	uint16_t kept;            /* bit i: slot i stands there now and stays untouched */
	struct mig_layout layout; /* empty: nothing is left on these GPUs */
	/* Or NOBODY: held, and a stranger's or of no more use to its class. */
	int32_t classes[MIG_UNITS_MAX];
};

/* So many workloads of a class get these instances each. */
struct mig_plan_cover {
	int32_t cls;
	int64_t count;
	const int64_t *n_instances; /* one number for each option of the class */
};

/*
 * The proof of one goal's bound, in whole numbers. With D = denominator, and for a GPU of
 * pool t that is to have some layout:
 *
 *	weight = D * (what the GPU adds to this goal)
 *	       + sum over earlier goals i of budgets[i] * (what it adds to goal i)
 *	       + rents[t]                        if any instance is on it
 *	       + fresh_rents[t]                  if besides it has no instance now
 *	       - sum of prices[t][profile] over its instances that are not a stranger's
 *
 * these hold, as anyone can check with the catalog alone:
 *
 *	(1) a GPU without instances now: weight >= 0 for every layout of the pool's profiles;
 *	(2) present group h: weight >= present_least[h] for every layout that it can be given:
 *	    one that has the held slots where they are, any of the others left where they are
 *	    or not, and instances of the pool's profiles beside these. Each slot that serves a
 *	    class now and is not left there is one move;
 *	(3) class k: the prices of the instances of any cover of one workload sum up to
 *	    class_least[k] or more;
 *	(4) all numbers but present_least are >= 0.
 *
 * Therefore no plan that meets the earlier goals' values has less than
 *
 *	(   sum over classes of count * class_least[k]
 *	  + sum over present groups of count * present_least[h]
 *	  - sum over limited pools of rents[t] * (n_gpus - n_reserved)
 *	                            + fresh_rents[t] * (n_gpus - present GPUs)
 *	  - sum over earlier goals of budgets[i] * value[i] ) / D		(rounded up)
 *
 * of this goal; of money, rounded up further to the next multiple of the greatest common
 * divisor of the pools' prices. Rents are 0 for a pool without limit. A denominator of 0
 * proves that there is no plan at all: then the sum in brackets is above 0.
 */
struct mig_plan_certificate {
	int64_t denominator;
	int64_t prices[MIG_PLAN_POOLS_MAX][MIG_PROFILES_MAX];
	int64_t rents[MIG_PLAN_POOLS_MAX], fresh_rents[MIG_PLAN_POOLS_MAX];
	int64_t budgets[MIG_PLAN_N_GOALS]; /* of the goals before this one, in their order */
	const int64_t *class_least;        /* one for each class */
	const int64_t *present_least;      /* one for each present group */
};

struct mig_plan_measure {
	enum mig_plan_goal goal;
	int64_t value; /* of the plan */
	int64_t bound; /* no plan with the earlier goals' values has less; MIG_UNKNOWN: nothing
			* is proven, for an earlier goal has a gap */
	bool is_searched; /* an exact search found none better; where value and bound differ
			   * there is no certificate for that, only our word */
	struct mig_plan_certificate certificate; /* of @bound; of no use when it is unknown */
};

struct mig_plan {
	enum mig_plan_status status;
	int n_groups, n_covers, n_measures;
	const struct mig_plan_group
		*groups; /* every present GPU is in one of them; by pool, and
					      * in a pool with rules about nodes in their order */
	const struct mig_plan_cover *covers; /* by class */
	struct mig_plan_measure
		measures[MIG_PLAN_N_GOALS]; /* of the problem's goals, in order */
	int64_t totals[MIG_PLAN_N_GOALS];   /* of every goal, asked for or not, by its number */

	/* Where it is infeasible; the certificate is measures[0]'s, if n_measures is 1. */
	int32_t culprit;  /* the class that cannot be served alone already, or -1 */
	int32_t pool;     /* the pool that is too small, or -1 */
	char reason[512]; /* in words */
};

/**
 * mig_plan_problem_check - is that a problem that can be asked?
 *
 * Errors: INVAL - the first thing that is wrong, by name: an index that points nowhere, a
 * number out of its range, a present layout that is none of its type, more present GPUs
 * than the pool has, a class in two minds about a profile.
 */
MIG_API MIG_MUST_USE int mig_plan_problem_check(const struct mig_plan_problem *problem,
						struct mig_error *err);

/**
 * mig_plan_solve - find a plan, and prove how good it is.
 * @problem:	borrowed for the call.
 * @effort:	may be NULL.
 * @ret:	the plan, which the caller frees; written on success only. That there is no
 *		plan is an answer, not an error: look at its status.
 *
 * Which goal values are found does not depend on the order of classes, pools, options and
 * present groups, nor on alike ones standing together or apart, where they are optimal.
 *
 * Errors: INVAL - as mig_plan_problem_check(), sums beyond 64 bits, or rules over more GPUs
 * than are looked at one by one (2^18); NOMEM; NOLIB - the
 * solver of @effort is not there, or is none.
 */
MIG_API MIG_MUST_USE int mig_plan_solve(const struct mig_plan_problem *problem,
					const struct mig_plan_effort *effort,
					struct mig_plan **ret, struct mig_error *err);

/** mig_plan_free - accepts NULL. */
MIG_API void mig_plan_free(struct mig_plan *plan);

/**
 * mig_plan_check - does a plan do what its problem asks?
 *
 * It counts everything anew: that layouts are valid and use the pools' profiles, that held
 * and kept slots stand where they stood, that present GPUs and inventories come out even,
 * that covers meet needs and groups hold the instances of the covers, that rules are kept,
 * and that values and totals are what they say. Certificates are not looked at. An
 * infeasible plan says nothing that could be checked so.
 *
 * Errors: DIFFERENT - the first thing that is not so; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_plan_check(const struct mig_plan_problem *problem,
					const struct mig_plan *plan, struct mig_error *err);

#endif
