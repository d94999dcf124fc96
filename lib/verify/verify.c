/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/verify/verify.h"

static void tell(const struct document *doc, struct mig_verified *ret)
{
	*ret = (struct mig_verified){
		.is_optimal = doc->status == OPTIMAL,
		.is_infeasible = doc->status == INFEASIBLE,
		.n_pools = doc->n_pools,
		.n_classes = (int64_t)doc->n_classes,
		.n_layouts = (int64_t)doc->n_groups,
	};
	for (size_t k = 0; k < doc->n_classes; k++)
		ret->n_workloads += doc->classes[k].count;
	for (size_t h = 0; h < doc->n_present; h++)
		ret->n_present += doc->present[h].count;
	for (int i = 0; i < doc->n_measures && !ret->is_infeasible; i++) {
		const struct measure *m = &doc->measures[i];

		ret->goals[ret->n_goals++] =
			(struct mig_verified_goal){ mig_verify_goals[m->goal], m->value,
						    m->has_bound ? m->bound : MIG_UNKNOWN };
	}
}

/* What is measured is what was asked; of an infeasible problem it is the first goal alone. */
static int check_goals(const struct document *doc)
{
	bool is_same = doc->n_objective == doc->n_goals &&
		       (doc->n_measures == doc->n_goals || doc->status == INFEASIBLE);

	for (int i = 0; i < doc->n_goals && is_same; i++)
		is_same = doc->objective[i] == doc->goals[i];
	for (int i = 0; i < doc->n_measures && is_same; i++)
		is_same = doc->measures[i].goal == doc->goals[i];
	return is_same ? 0
		       : mig_verify_no(doc,
				       "objective and measures are not the problem's goals");
}

/* An infeasible document has no plan to look at, and must not look as if it had. */
static int check_plan(const struct document *doc)
{
	if (doc->status == OPTIMAL || doc->status == FEASIBLE) {
		const int rc = mig_verify_plan(doc);

		return rc < 0 ? rc : mig_verify_rules(doc);
	}
	if (doc->n_groups || doc->n_covers || doc->summary.has_value ||
	    doc->summary.has_lower_bound || doc->summary.has_gap || doc->summary.has_totals ||
	    doc->summary.has_n_gpus || doc->summary.has_usd_per_h)
		return mig_verify_no(doc, "there is no plan, and parts of one");
	return 0;
}

int mig_verify(struct mig_catalog *cat, const char *text, size_t len, const char *name,
	       struct mig_verified *ret, struct mig_error *err)
{
	struct document doc = { .name = name, .err = err };
	int rc = mig_verify_read(cat, text, len, &doc);

	if (rc == 0 && doc.status == NOT_FOUND)
		rc = mig_verify_no(&doc,
				   "it has neither a plan nor a proof that there is none");
	if (rc == 0)
		rc = check_goals(&doc);
	if (rc == 0)
		rc = check_plan(&doc);
	if (rc == 0)
		rc = mig_verify_proof(&doc);
	if (rc == 0)
		tell(&doc, ret);
	mig_verify_free(&doc);
	return rc;
}
