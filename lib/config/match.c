/* SPDX-License-Identifier: Apache-2.0 */
/* Is what stands what is wanted? */
#include "config.h"

#include <string.h>

enum { CIS_MAX = MIG_CI_PROFILES_MAX };

/* edges[i], bit k: the k-th thing that stands could be the i-th that is wanted. */
struct pairing {
	uint16_t edges[MIG_UNITS_MAX];
	int owner[MIG_UNITS_MAX]; /* of each thing that stands: the want it is, or -1 */
};

/* Find want @i a thing of its own, moving other wants to others where that helps. */
static bool pair(struct pairing *p, int i, uint16_t *tried)
{
	for (int k = 0; k < MIG_UNITS_MAX; k++) {
		if (!(p->edges[i] >> k & 1) || *tried >> k & 1)
			continue;
		*tried |= (uint16_t)(1U << k);
		if (p->owner[k] < 0 || pair(p, p->owner[k], tried)) {
			p->owner[k] = i;
			return true;
		}
	}
	return false;
}

/* Has each of @n wants a thing of its own? */
static bool is_paired(struct pairing *p, int n)
{
	for (int k = 0; k < MIG_UNITS_MAX; k++)
		p->owner[k] = -1;
	for (int i = 0; i < n; i++) {
		uint16_t tried = 0;

		if (!pair(p, i, &tried))
			return false;
	}
	return true;
}

static bool is_at(int want, int have)
{
	return want < 0 || have < 0 || want == have;
}

/* Could the GPU instance @have be the one that is wanted? */
static bool is_alike(const struct mig_want *want, const struct mig_want *have)
{
	struct pairing cis = { 0 };

	if (want->profile != have->profile || want->n_ci != have->n_ci ||
	    !is_at(want->start, have->start))
		return false;
	for (int i = 0; i < want->n_ci; i++) {
		for (int k = 0; k < have->n_ci; k++) {
			if (want->ci[i] == have->ci[k] &&
			    is_at(want->ci_start[i], have->ci_start[k]))
				cis.edges[i] |= (uint16_t)(1U << k);
		}
	}
	return is_paired(&cis, want->n_ci);
}

static bool same_instances(const struct mig_request *want, const struct mig_request *have)
{
	struct pairing gis = { 0 };

	if (want->n != have->n)
		return false;
	for (int i = 0; i < want->n; i++) {
		for (int k = 0; k < have->n; k++) {
			if (is_alike(&want->want[i], &have->want[k]))
				gis.edges[i] |= (uint16_t)(1U << k);
		}
	}
	return is_paired(&gis, want->n);
}

static bool same_devices(const struct mig_request *a, const struct mig_request *b)
{
	int balance[MIG_PROFILES_MAX][CIS_MAX] = { { 0 } };

	for (int i = 0; i < a->n; i++) {
		for (int k = 0; k < a->want[i].n_ci; k++)
			balance[a->want[i].profile][a->want[i].ci[k]]++;
	}
	for (int i = 0; i < b->n; i++) {
		for (int k = 0; k < b->want[i].n_ci; k++)
			balance[b->want[i].profile][b->want[i].ci[k]]--;
	}
	for (int i = 0; i < MIG_PROFILES_MAX * CIS_MAX; i++) {
		if (balance[i / CIS_MAX][i % CIS_MAX] != 0)
			return false;
	}
	return true;
}

enum mig_config_match mig_config_match(const struct mig_config_want *want,
				       const struct mig_config_present *have)
{
	if (want->mode == MIG_CONFIG_UNTOUCHED)
		return MIG_CONFIG_SAME;
	if (have->mig_enabled != (want->mode == MIG_CONFIG_ON))
		return MIG_CONFIG_DIFFERENT;
	if (want->mode == MIG_CONFIG_OFF || same_instances(&want->request, &have->have))
		return MIG_CONFIG_SAME;
	return !want->is_exact && same_devices(&want->request, &have->have)
		       ? MIG_CONFIG_SAME_DEVICES
		       : MIG_CONFIG_DIFFERENT;
}
