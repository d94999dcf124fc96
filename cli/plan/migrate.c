/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/change.h"
#include "cli/plan/place.h"
#include "shared/cleanup.h"

/*
 * What a step takes, in milliseconds. Source: published, an A100-80GB's log, second hand: MIG
 * mode 6.46 s, seven 1g.10gb with their compute instances 2.46 s to create and 4.38 s to
 * destroy.
 */
enum { MODE_MS = 6460, CREATE_MS = 351, DESTROY_MS = 626 };

static const char *const basis =
	"predicted from published times of an A100-80GB: 0.35 s to create an instance, 0.63 s "
	"to destroy one, 6.46 s to switch MIG; one after the other";

static int make_change(const struct task *task, const struct seats *seats,
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
	return rc == 0 ? mig_change_make(snap, wanted, NULL, ret, err) : rc;
}

static int64_t milliseconds(const struct mig_change *change)
{
	int64_t ms = 0;

	for (int i = 0; i < change->n_steps; i++) {
		const enum mig_step_kind kind = change->steps[i].kind;

		ms += kind == MIG_STEP_MODE         ? MODE_MS
		      : kind == MIG_STEP_GI_CREATE  ? CREATE_MS
		      : kind == MIG_STEP_GI_DESTROY ? DESTROY_MS
						    : 0;
	}
	return ms;
}

int migrate_print(const struct task *task, const struct mig_plan *plan,
		  const struct seats *seats, struct mig_error *err)
{
	struct mig_change change;
	int rc = make_change(task, seats, &change, err);

	if (rc < 0)
		return rc;
	printf("\nfrom here to there: %" PRId64 " move%s of running models\n",
	       plan->totals[MIG_PLAN_MOVES], plan->totals[MIG_PLAN_MOVES] == 1 ? "" : "s");
	change_print(&task->fleet->snap, &change);
	if (change.n_steps > 0)
		printf("about %.1f s (%s)\n", (double)milliseconds(&change) / 1e3, basis);
	mig_change_free(&change);
	return 0;
}

int migrate_json(json_t *doc, const struct task *task, const struct mig_plan *plan,
		 const struct seats *seats, struct mig_error *err)
{
	struct mig_change change;
	json_t *o;
	int rc = make_change(task, seats, &change, err);

	if (rc < 0)
		return rc;
	o = json_object();
	json_object_set_new(o, "moves", json_integer(plan->totals[MIG_PLAN_MOVES]));
	json_object_set_new(o, "seconds", json_real((double)milliseconds(&change) / 1e3));
	json_object_set_new(o, "seconds_basis", json_string(basis));
	change_json(o, &task->fleet->snap, NULL, &change);
	json_object_set_new(doc, "migration", o);
	mig_change_free(&change);
	return 0;
}
