/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/version.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct sim_version since[SIM_FEATURES] = {
	[SIM_UUID_V5] = { 470, 42, 1 },     [SIM_MIX_4G_3G] = { 510, 0, 0 },
	[SIM_ASK_MODE_OFF] = { 545, 0, 0 }, [SIM_PROFILE_V3] = { 545, 0, 0 },
	[SIM_FI_RESETLESS] = { 535, 0, 0 }, [SIM_FI_ASK_MODE_OFF] = { 550, 0, 0 },
	[SIM_TEXTS_28_29] = { 545, 0, 0 },
};

/* The branch that first knew NVML's profile number i. With them came +me (7, 8), the double
 * memory profiles (9), graphics (10-12, 17), and without or with all media engines (13-16). */
static const unsigned gi_profile_since[] = { 450, 450, 450, 450, 450, 455, 460, 470, 525,
					     525, 570, 570, 570, 575, 575, 575, 575, 595 };
static const unsigned ci_profile_since[] = { 450, 450, 450, 450, 450, 455, 460, 525, 610 };

static const struct {
	unsigned branch;
	int cuda;
} cuda_since[] = {
	{ 450, 11000 }, { 455, 11010 }, { 460, 11020 }, { 465, 11030 }, { 470, 11040 },
	{ 495, 11050 }, { 510, 11060 }, { 515, 11070 }, { 520, 11080 }, { 525, 12000 },
	{ 530, 12010 }, { 535, 12020 }, { 545, 12030 }, { 550, 12040 }, { 555, 12050 },
	{ 560, 12060 }, { 565, 12070 }, { 570, 12080 }, { 575, 12090 }, { 580, 13000 },
	{ 590, 13010 }, { 595, 13020 }, { 610, 13030 },
};

/* One number of at most three digits, and what follows it. */
static bool number(const char **p, unsigned *ret)
{
	unsigned n = 0;
	int digits = 0;

	for (; **p >= '0' && **p <= '9' && digits < 4; (*p)++, digits++)
		n = 10 * n + (unsigned)(**p - '0');
	*ret = n;
	return digits >= 1 && digits <= 3;
}

bool sim_version_parse(const char *text, struct sim_version *ret)
{
	struct sim_version v = { 0, 0, 0 };

	if (!number(&text, &v.branch) || *text++ != '.' || !number(&text, &v.minor))
		return false;
	if (*text == '.' && (text++, !number(&text, &v.patch)))
		return false;
	if (*text != '\0' || v.branch < 450)
		return false;
	*ret = v;
	return true;
}

static bool is_at_least(const struct sim_version *a, const struct sim_version *b)
{
	if (a->branch != b->branch)
		return a->branch > b->branch;
	if (a->minor != b->minor)
		return a->minor > b->minor;
	return a->patch >= b->patch;
}

bool sim_version_has(const struct sim_version *driver, enum sim_feature feature)
{
	return is_at_least(driver, &since[feature]);
}

static unsigned count_known(const unsigned *first, size_t n, unsigned branch)
{
	unsigned known = 0;

	while (known < n && first[known] <= branch)
		known++;
	return known;
}

unsigned sim_version_gi_profiles(const struct sim_version *driver)
{
	return count_known(gi_profile_since, N(gi_profile_since), driver->branch);
}

unsigned sim_version_ci_profiles(const struct sim_version *driver)
{
	return count_known(ci_profile_since, N(ci_profile_since), driver->branch);
}

int sim_version_cuda(const struct sim_version *driver)
{
	int cuda = cuda_since[0].cuda;

	for (size_t i = 0; i < N(cuda_since) && cuda_since[i].branch <= driver->branch; i++)
		cuda = cuda_since[i].cuda;
	return cuda;
}
