/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_JSON_H
#define CLI_PLAN_JSON_H

#include <jansson.h>

#include <mig/plan.h>

/**
 * plan_json - put a problem and its plan into a document: docs/PLAN.md, "The document".
 * @doc:	an object, which may hold a schema and a machine already.
 *
 * Whoever reads it needs the catalog and nothing else. Every number is a whole one, but for
 * cost_usd_per_h, which is there for people.
 */
void plan_json(json_t *doc, const struct mig_plan_problem *problem,
	       const struct mig_plan *plan);

#endif
