/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPU instances stay, and for which want each. */
#include "lib/manage/plan.h"

static bool add_staying(const struct plan *plan, const struct matching *m,
			struct mig_layout *lay)
{
	for (int i = 0; i < m->n_have; i++) {
		const struct mig_gi *gi = &plan->known.gpu->gis[i];

		if (m->serves[i] >= 0 && mig_layout_add(lay, gi->profile, gi->start, NULL) < 0)
			return false;
	}
	return true;
}

/* The wants that nothing serves. */
static struct mig_request rest_of(const struct plan *plan, const struct matching *m)
{
	struct mig_request rest = mig_request_empty(plan->request->type);
	const unsigned left = match_left(m);

	for (int w = 0; w < plan->request->n; w++) {
		if (left >> w & 1)
			rest.want[rest.n++] = plan->request->want[w];
	}
	return rest;
}

static bool gis_fit(const struct matching *m, const void *arg)
{
	const struct plan *plan = arg;
	struct mig_layout lay = mig_layout_empty(plan->known.gpu->type);
	struct mig_request rest;

	if (!match_left(m)) /* what stands stands, whatever the catalog thinks of it */
		return true;
	rest = rest_of(plan, m);
	return add_staying(plan, m, &lay) && mig_request_can_place(&rest, &lay);
}

static int64_t gi_worth(struct plan *plan, int g, int w)
{
	const struct mig_gi *gi = &plan->known.gpu->gis[g];
	const struct mig_want *want = &plan->request->want[w];

	if (gi->profile < 0 || gi->profile != want->profile ||
	    (want->start >= 0 && want->start != gi->start))
		return -1;
	plan->cis[g][w] = ci_match_best(&plan->known, g, plan->request, w);
	if (gi->n_cis)
		return WORTH_GI + plan->cis[g][w].worth;
	/* Without compute instances a GPU instance is a device itself. */
	return WORTH_GI + WORTH_DEVICE + (known_is_held(&plan->known, g, -1) ? WORTH_HELD : 0);
}

static int place_rest(struct plan *plan, struct mig_error *err)
{
	const struct mig_request rest = rest_of(plan, &plan->gis);
	const unsigned left = match_left(&plan->gis);
	struct mig_layout lay = mig_layout_empty(plan->known.gpu->type);
	int starts[MIG_UNITS_MAX], n = 0, rc;

	if (!rest.n)
		return 0;
	if (!add_staying(plan, &plan->gis, &lay))
		return mig_fail(err, MIG_E_NOSPACE, "what stays does not fit beside itself");
	rc = mig_request_place(&rest, &lay, starts, NULL, err);
	for (int w = 0; rc == 0 && w < plan->request->n; w++) {
		if (left >> w & 1)
			plan->starts[w] = starts[n++];
	}
	return rc;
}

int plan_make(struct plan *plan, struct mig_error *err)
{
	const struct mig_gpu *gpu = plan->known.gpu;
	const struct mig_request *req = plan->request;
	const struct mig_layout empty = mig_layout_empty(gpu->type);
	struct matching *m = &plan->gis;

	/* Asked of the empty GPU, the refusal speaks of the request itself. */
	if (!mig_request_can_place(req, &empty)) {
		int starts[MIG_UNITS_MAX];
		const int rc = mig_request_place(req, &empty, starts, NULL, err);

		return mig_wrap(err, rc, "GPU %d", gpu->index);
	}
	*m = (struct matching){
		.n_have = gpu->n_gis, .n_want = req->n, .rest_fits = gis_fit, .arg = plan
	};
	for (int w = 0; w < req->n; w++) {
		m->like[w] = req->want[w].profile * MIG_UNITS_MAX * 2 + req->want[w].start;
		for (int g = 0; g < gpu->n_gis; g++)
			m->worth[g][w] = gi_worth(plan, g, w);
	}
	(void)match_best(m);
	return place_rest(plan, err);
}
