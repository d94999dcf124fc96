/* SPDX-License-Identifier: Apache-2.0 */
/* The money of a plan, model by model, from its document: migctl.plan/v1. */
#ifndef CLI_PLAN_MONEY_H
#define CLI_PLAN_MONEY_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <mig/catalog.h>

/* What one model costs, in micro-USD an hour. */
struct model_cost {
	const char *name;
	int64_t n_instances, uusd_per_h;
	int64_t n_alone, alone_uusd_per_h; /* with GPUs of its own, one replica to each */
};

/* A plan's money, from its document. */
struct plan_cost {
	size_t n;
	struct model_cost *models;
	int64_t n_gpus, uusd_per_h, room_uusd_per_h; /* room: nobody's share of these GPUs */
	int64_t n_alone, alone_uusd_per_h;
};

/**
 * plan_cost_count - add up what the GPUs of a plan cost, and whom each share of them serves.
 * @path:	what messages call the document.
 * @ret:	borrows the names of @doc; plan_cost_free() it in any case.
 *
 * Errors: SYNTAX - the document is not whole, or its numbers are beyond bounds; NOENT - a GPU
 * type that the catalog does not have; NOMEM.
 */
int plan_cost_count(struct mig_catalog *catalog, const json_t *doc, const char *path,
		    struct plan_cost *ret, struct mig_error *err) MIG_MUST_USE;
void plan_cost_free(struct plan_cost *c);

#endif
