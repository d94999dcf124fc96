/* SPDX-License-Identifier: Apache-2.0 */
/* What all verbs that change a machine have in common once they know the steps. */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include <mig/manage.h>

#include "cli/verb.h"

/* How a change is carried out. */
struct change_how {
	bool keep_pending; /* a mode switch that waits for a reset is the answer, not undone */
	bool is_independent; /* a GPU that fails does not keep the others from their change */
	bool is_renewal;     /* what is on record is brought back: not a change to be undone */
	const struct mig_snapshot
		*before;                /* what it began with, where that is not the snapshot */
	struct mig_snapshot *ret_after; /* change_run(): filled on success; may be NULL */
	/* change_carry_out(): what takes back more than the change, where that failed and is told all
	 * the same: called first. Returns the error code that it got. May be NULL. */
	int (*back)(void *arg, int rc);
	void *arg;
};

/**
 * change_carry_out - show the steps with --dry-run, else run them and say what was done.
 * @snap:	the snapshot that @change was made from.
 * @schema:	of the JSON document: "migctl.create/v1".
 */
int change_carry_out(struct cli *cli, const struct mig_snapshot *snap,
		     struct mig_change *change, const char *schema,
		     const struct change_how *how, struct mig_error *err) MIG_MUST_USE;

/** change_run - the running alone, without a word on stdout. */
int change_run(struct cli *cli, const struct mig_snapshot *snap, struct mig_change *change,
	       const struct change_how *how, struct mig_error *err) MIG_MUST_USE;

/**
 * change_who - who holds what, where a change destroys anything or takes a name away; asked once.
 * @change:	or NULL: in any case.
 * @ret:	owned by @cli, or NULL where nothing would go.
 *
 * That somebody who may hold something could not be asked is said on stderr.
 */
int change_who(struct cli *cli, const struct mig_snapshot *snap,
	       const struct mig_change *change, const struct mig_who **ret,
	       struct mig_error *err) MIG_MUST_USE;

/** change_who_forget - time has passed, or hooks have run: who holds what is asked anew. */
void change_who_forget(struct cli *cli);

/**
 * change_make - mig_change_make(), which is told who holds what where something would go.
 * @wanted:	one for each GPU.
 */
int change_make(struct cli *cli, const struct mig_snapshot *snap,
		const struct mig_wanted *wanted, struct mig_change *ret,
		struct mig_error *err) MIG_MUST_USE;

/** change_named - the names that stand and are valid; free(@ret). Return: how many, none where they
 *  are not known. */
int change_named(struct cli *cli, const struct mig_snapshot *snap, struct mig_named **ret);

/**
 * change_nearest - where a change would destroy what is held, the most of what is wanted that
 * would not, in words: "GPU 1: 3g.40gb@0 3x1g.10gb@4,5,6, without 4x1g.10gb".
 * @buf:	"" where nothing held is in the way, or it cannot be told.
 */
void change_nearest(struct cli *cli, const struct mig_snapshot *snap,
		    const struct mig_wanted *wanted, char *buf, size_t len);

/**
 * change_moves - the names that a change takes from instances that stay; free(@ret). Return: how
 * many, none where they are not known.
 */
int change_moves(struct cli *cli, const struct mig_snapshot *snap,
		 const struct mig_change *change, struct mig_name_move **ret);

/** change_takes_names - are there any? */
bool change_takes_names(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_change *change);

/** change_print_moves - a line for each that may be, of a plan or of a change that was made. */
void change_print_moves(const struct mig_snapshot *snap, const struct mig_change *change,
			const struct mig_name_move *moves, int n, bool is_plan);

/** change_json_moves - the same into @doc: {names_lost: [{name, gpu, gi, ci}]}. */
void change_json_moves(json_t *doc, const struct mig_snapshot *snap,
		       const struct mig_change *change, const struct mig_name_move *moves,
		       int n);

/** change_check_record - would mig_change_run() refuse it for what is on record? Errors: its own. */
int change_check_record(struct cli *cli, const struct mig_snapshot *snap,
			const struct mig_change *change, struct mig_error *err) MIG_MUST_USE;

/* What is told of one GPU's part of a change before it is made. */
struct change_gpu_facts {
	double duration_s;
	struct mig_request kept; /* what is not touched */
	/* Of the times of its instances, and of its mode; "" where there is no such step. */
	char origin[MIG_ORIGIN_MAX], mode_origin[MIG_ORIGIN_MAX];
};

/* The same of a whole change. */
struct change_facts {
	double duration_s;
	struct change_gpu_facts *gpus; /* one for each of the snapshot's */
	struct mig_step_time *times;   /* one for each step */
	struct mig_holder *holders;    /* of whatever is on the GPUs that lose something */
	int n_holders;
};

/** change_facts_take - ask for them. @ret: written on success only. */
int change_facts_take(struct cli *cli, const struct mig_snapshot *snap,
		      const struct mig_change *change, struct change_facts *ret,
		      struct mig_error *err) MIG_MUST_USE;
void change_facts_free(struct change_facts *facts);

/** change_holds - does this holder hold what a step destroys? */
bool change_holds(const struct mig_holder *holder, const struct mig_step *step);

/**
 * change_json - a change as JSON: {gpus: [...], steps: [...]}, into @doc.
 * @now:	the machine afterwards, for the UUIDs of what was made; NULL: it was not run. What
 *		was run tells the outcome of each step and GPU, and counts what has come true.
 * @facts:	or NULL: the times and holders are left out.
 */
void change_json(json_t *doc, const struct mig_snapshot *snap, const struct mig_snapshot *now,
		 const struct mig_change *change, const struct change_facts *facts);

/** change_json_switched - the steps that switched modes between two snapshots, before those in @doc.
 *  @now: the machine after all. */
void change_json_switched(json_t *doc, const struct mig_snapshot *before,
			  const struct mig_snapshot *snap, const struct mig_snapshot *now);

/** change_made_ci - what a CI_CREATE step made, and in which GPU instance, as @now shows it; or
 *  NULL. */
const struct mig_ci *change_made_ci(const struct mig_snapshot *now,
				    const struct mig_change *change,
				    const struct mig_step *step, const struct mig_gi **ret_gi);

/** change_print - a change in words, GPU by GPU, untouched ones named. */
void change_print(const struct mig_snapshot *snap, const struct mig_change *change,
		  const struct change_facts *facts);

/**
 * change_outcome - what was done, or with --dry-run what would be.
 * @before:	as in struct change_how: the switches since are told in JSON; NULL: there are none.
 * @now:	the machine afterwards; NULL: it was not run.
 */
int change_outcome(struct cli *cli, const struct mig_snapshot *before,
		   const struct mig_snapshot *snap, const struct mig_snapshot *now,
		   const struct mig_change *change, const char *schema,
		   struct mig_error *err) MIG_MUST_USE;

/** change_diff - show what a change would do; DIFFERENT when it has any step, or @leaves_out what
 *  is wanted of a GPU that is lost. */
int change_diff(struct cli *cli, const struct mig_snapshot *snap,
		const struct mig_change *change, bool leaves_out,
		struct mig_error *err) MIG_MUST_USE;

/** reset_gpu - reset a GPU of hardware or of a simulated machine; @arg is the struct cli. */
int reset_gpu(const struct mig_gpu *gpu, void *arg, struct mig_error *err) MIG_MUST_USE;

/** change_reset - reset one GPU, if nothing holds it; @gpu: index into the snapshot's. */
int change_reset(struct cli *cli, const struct mig_snapshot *snap, int gpu,
		 struct mig_error *err) MIG_MUST_USE;

#endif
