/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying: is a plan what it says, and is it proved?
 *
 * The document that `migctl plan --json` prints (docs/PLAN.md, "The document") is read and
 * checked in whole numbers with the catalog alone: this room shares no code with the one
 * that plans, nor with the one that knows what fits on a GPU. It has its own account of
 * layouts, covers and bounds, so that an error there is not repeated here.
 *
 *	the plan     layouts are possible, inventories and rules are kept, covers meet needs and
 *	             stand on GPUs, held slots stay, present GPUs come out even, values are true
 *	the proof    each certificate: no layout of a GPU weighs less than it says, no cover of
 *	             a workload costs less, and the bound is what follows from that
 *	the word     "optimal" and "infeasible" are said where that is proved, and only there
 *
 * What is there for people (models, prices with their sources, a migration and its seconds,
 * a reason with its culprit, "is_searched") is not proved and not looked at.
 */
#ifndef MIG_VERIFY_H
#define MIG_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/catalog.h>

enum { MIG_VERIFIED_GOALS_MAX = 4 };

/* One goal of a verified plan: no plan with the earlier goals' values has less than @bound. */
struct mig_verified_goal {
	const char *goal;     /* "gpus", "money", "moves", "units"; static */
	int64_t value, bound; /* a bound of MIG_UNKNOWN: the document claims none */
};

/* What a document that was verified says. */
struct mig_verified {
	bool is_optimal;    /* every goal's value is its bound */
	bool is_infeasible; /* there is no plan: that is what was proved */
	int n_goals;        /* 0 when infeasible */
	struct mig_verified_goal goals[MIG_VERIFIED_GOALS_MAX];
	int64_t n_pools, n_classes, n_workloads, n_present, n_layouts;
};

/**
 * mig_verify - read a plan and check all that it claims.
 * @cat:	the GPU types, by their keys; borrowed for the call.
 * @text:	the document; @len bytes, need not end in NUL.
 * @name:	what to call it in messages: a path.
 * @ret:	written on success only.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong": it is no such document, or a number is out of
 * its range or not a whole one; UNPROVEN - "NAME: what is not so, or not proved", the first of
 * what was found; NOENT - a GPU type that the catalog does not have; UNSUPPORTED - a GPU type
 * with more limits than can be tried; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_verify(struct mig_catalog *cat, const char *text, size_t len,
				    const char *name, struct mig_verified *ret,
				    struct mig_error *err);

#endif
