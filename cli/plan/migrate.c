/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/change.h"
#include "cli/plan/place.h"
#include "shared/cleanup.h"

static int make_change(struct cli *cli, const struct task *task, const struct seats *seats,
		       struct mig_change *ret, struct mig_error *err)
{
	const struct mig_snapshot *snap = &task->fleet->snap;
	cleanup_free struct mig_wanted *wanted =
		calloc((size_t)snap->n_gpus + 1, sizeof(*wanted));
	struct places places = { 0 };
	int rc = wanted ? places_make(task, seats, &places, err)
			: mig_fail(err, MIG_E_NOMEM, "plan a change");

	for (size_t i = 0; i < places.n && rc == 0; i++)
		wanted[places.places[i].gpu] =
			(struct mig_wanted){ .mode = MIG_WANT_ON,
					     .request = places.places[i].request,
					     .names = places.places[i].names };
	places_free(&places);
	return rc == 0 ? change_make(cli, snap, wanted, ret, err) : rc;
}

int migrate_print(struct cli *cli, const struct task *task, const struct mig_plan *plan,
		  const struct seats *seats, struct mig_error *err)
{
	struct change_facts facts;
	struct mig_change change;
	int rc = make_change(cli, task, seats, &change, err);

	if (rc < 0)
		return rc;
	rc = change_facts_take(cli, &task->fleet->snap, &change, &facts, err);
	if (rc == 0) {
		printf("\nfrom here to there: %" PRId64 " move%s of running models\n",
		       plan->totals[MIG_PLAN_MOVES],
		       plan->totals[MIG_PLAN_MOVES] == 1 ? "" : "s");
		change_print(&task->fleet->snap, &change, &facts);
		change_facts_free(&facts);
	}
	mig_change_free(&change);
	return rc;
}

int migrate_json(struct cli *cli, json_t *doc, const struct task *task,
		 const struct mig_plan *plan, const struct seats *seats, struct mig_error *err)
{
	struct change_facts facts;
	struct mig_change change;
	json_t *o = json_object();
	int rc = make_change(cli, task, seats, &change, err);

	if (rc == 0) {
		rc = change_facts_take(cli, &task->fleet->snap, &change, &facts, err);
		if (rc == 0) {
			json_object_set_new(o, "moves",
					    json_integer(plan->totals[MIG_PLAN_MOVES]));
			change_json(o, &task->fleet->snap, NULL, &change, &facts);
			change_facts_free(&facts);
		}
		mig_change_free(&change);
	}
	json_object_set_new(doc, "migration", o);
	return rc;
}
