/* SPDX-License-Identifier: Apache-2.0 */
/* Is what stands what is wanted? */
#include "config.h"

#include <string.h>

enum { CIS_MAX = MIG_CI_PROFILES_MAX };

/* How many compute instances of every kind a GPU instance has: their order says nothing. */
struct ci_counts {
	uint8_t n[CIS_MAX];
};

static struct ci_counts count_cis(const struct mig_want *gi)
{
	struct ci_counts counts = { { 0 } };

	for (int i = 0; i < gi->n_ci; i++)
		counts.n[gi->ci[i]]++;
	return counts;
}

static bool is_alike(const struct mig_want *a, const struct mig_want *b)
{
	const struct ci_counts x = count_cis(a), y = count_cis(b);

	return a->profile == b->profile && memcmp(&x, &y, sizeof(x)) == 0;
}

/* Each GPU instance of the one has its own in the other. */
static bool same_instances(const struct mig_request *a, const struct mig_request *b)
{
	uint32_t taken = 0;

	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++) {
		int at = 0;

		while (at < b->n && ((taken >> at & 1) || !is_alike(&a->want[i], &b->want[at])))
			at++;
		if (at == b->n)
			return false;
		taken |= 1U << at;
	}
	return true;
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
	return same_devices(&want->request, &have->have) ? MIG_CONFIG_SAME_DEVICES
							 : MIG_CONFIG_DIFFERENT;
}
