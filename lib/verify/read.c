/* SPDX-License-Identifier: Apache-2.0 */
/* The document's first level. A problem stands behind the plan for it, and must be known
 * first: so it is read where it is met, and the plan, which was skipped, afterwards. */
#include "lib/verify/verify.h"

#include <stdlib.h>

const char *const mig_verify_goals[N_GOALS + 1] = { "gpus", "money", "moves", "units", NULL };

static const char *const statuses[] = { "optimal", "feasible", "infeasible", "not_found",
					NULL };

enum member {
	SCHEMA,
	STATUS,
	OBJECTIVE,
	N_GPUS,
	USD_PER_H,
	VALUE,
	LOWER_BOUND,
	GAP,
	TOTALS,
	MEASURES,
	LAYOUTS,
	ASSIGNMENT,
	PROBLEM,
	N_MEMBERS
};

static const char *const members[N_MEMBERS] = {
	[SCHEMA] = "schema",
	[STATUS] = "status",
	[OBJECTIVE] = "objective",
	[N_GPUS] = "n_gpus",
	[USD_PER_H] = "cost_usd_per_h",
	[VALUE] = "value",
	[LOWER_BOUND] = "lower_bound",
	[GAP] = "gap",
	[TOTALS] = "totals",
	[MEASURES] = "measures",
	[LAYOUTS] = "layouts",
	[ASSIGNMENT] = "assignment",
	[PROBLEM] = "problem",
};

/* Where each member's value stands; one without a name is not there. */
struct places {
	struct json at[N_MEMBERS];
};

static void read_schema(struct json *j)
{
	if (!mig_json_text_is(mig_json_string(j), "migctl.plan/v1"))
		mig_json_fail(j, "it is no migctl.plan/v1");
}

static enum member member_of(struct json_text key)
{
	int i = 0;

	while (i < N_MEMBERS && !mig_json_text_is(key, members[i]))
		i++;
	return (enum member)i;
}

/* What is none of ours is for people, and skipped. */
static void find_members(struct json *j, struct mig_catalog *cat, struct document *doc,
			 struct places *ret)
{
	struct json_text key;
	size_t n = 0;

	while (mig_json_member(j, &n, &key)) {
		const enum member i = member_of(key);

		if (i < N_MEMBERS && ret->at[i].name)
			mig_json_fail(j, "\"%s\" stands here twice", members[i]);
		else if (i < N_MEMBERS)
			ret->at[i] = *j;
		if (i == SCHEMA)
			read_schema(j);
		else if (i == PROBLEM)
			mig_verify_read_problem(j, cat, doc);
		else
			mig_json_skip(j);
	}
	mig_json_end(j);
	for (int i = 0; i < N_MEMBERS; i++) {
		if (!ret->at[i].name && (i <= OBJECTIVE || i >= MEASURES))
			mig_json_fail(j, "\"%s\" is missing", members[i]);
	}
}

int mig_verify_read_goals(struct json *j, enum goal *ret)
{
	size_t n = 0;

	while (mig_json_item(j, &n)) {
		if (n > N_GOALS) {
			mig_json_fail(j, "more than %d goals", N_GOALS);
			return 0;
		}
		ret[n - 1] = (enum goal)mig_json_word(j, mig_verify_goals, "goal");
		for (size_t i = 0; i + 1 < n; i++) {
			if (ret[i] == ret[n - 1])
				mig_json_fail(j, "the goal %s stands twice",
					      mig_verify_goals[ret[i]]);
		}
	}
	if (n == 0)
		mig_json_fail(j, "there is no goal");
	return (int)n;
}

static void read_totals(struct json *j, int64_t *ret)
{
	unsigned seen = 0;
	int i;

	while ((i = mig_json_field(j, mig_verify_goals, 0, &seen)) >= 0)
		ret[i] = mig_json_int(j, 0, INT64_MAX, mig_verify_goals[i]);
}

/* A number of the first level, if it is there. */
static bool read_number(struct places *places, enum member member, int64_t *ret, int *rc)
{
	struct json *j = &places->at[member];

	if (!j->name || *rc < 0)
		return false;
	*ret = mig_json_int(j, 0, INT64_MAX, members[member]);
	*rc = j->rc;
	return true;
}

static int read_summary(struct places *places, struct summary *ret)
{
	struct json *usd = &places->at[USD_PER_H], *totals = &places->at[TOTALS];
	int rc = 0;

	ret->has_n_gpus = read_number(places, N_GPUS, &ret->n_gpus, &rc);
	ret->has_value = read_number(places, VALUE, &ret->value, &rc);
	ret->has_lower_bound = read_number(places, LOWER_BOUND, &ret->lower_bound, &rc);
	ret->has_gap = read_number(places, GAP, &ret->gap, &rc);
	if (usd->name && rc == 0) {
		ret->has_usd_per_h = true;
		ret->usd_per_h = mig_json_real(usd);
		rc = usd->rc;
	}
	if (totals->name && rc == 0) {
		ret->has_totals = true;
		read_totals(totals, ret->totals);
		rc = totals->rc;
	}
	return rc;
}

/* What was found and skipped, now that the problem is known. */
static int read_rest(struct places *places, struct document *doc)
{
	struct json *const at = places->at;

	doc->status = (enum status)mig_json_word(&at[STATUS], statuses, "status");
	if (at[STATUS].rc < 0)
		return at[STATUS].rc;
	doc->n_objective = mig_verify_read_goals(&at[OBJECTIVE], doc->objective);
	if (at[OBJECTIVE].rc < 0)
		return at[OBJECTIVE].rc;
	mig_verify_read_measures(&at[MEASURES], doc);
	if (at[MEASURES].rc < 0)
		return at[MEASURES].rc;
	mig_verify_read_layouts(&at[LAYOUTS], doc);
	if (at[LAYOUTS].rc < 0)
		return at[LAYOUTS].rc;
	mig_verify_read_assignment(&at[ASSIGNMENT], doc);
	if (at[ASSIGNMENT].rc < 0)
		return at[ASSIGNMENT].rc;
	return read_summary(places, &doc->summary);
}

int mig_verify_read(struct mig_catalog *cat, const char *text, size_t len, struct document *doc)
{
	struct json j = { text, text + len, 1, doc->name, 0, doc->err };
	struct places places = { 0 };

	find_members(&j, cat, doc, &places);
	return j.rc < 0 ? j.rc : read_rest(&places, doc);
}

void mig_verify_free(struct document *doc)
{
	for (int i = 0; i < N_GOALS; i++) {
		free(doc->measures[i].certificate.class_least);
		free(doc->measures[i].certificate.present_least);
	}
	free(doc->classes);
	free(doc->rules);
	free(doc->present);
	free(doc->groups);
	free(doc->covers);
	free(doc->options);
	free(doc->ruled);
	free(doc->slots);
	free(doc->numbers);
	*doc = (struct document){ 0 };
}

void *mig_verify_room(struct json *j, void *items, size_t n, size_t size)
{
	void *more = items;

	if (j->rc < 0)
		return NULL;
	/* Used up at each power of two. */
	if ((n & (n - 1)) == 0)
		more = realloc(items, (n ? 2 * n : 1) * size);
	if (!more)
		mig_json_no_memory(j);
	return more;
}
