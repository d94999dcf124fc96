/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of migctl resolve share. */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include <mig/record.h>

#include "cli/verb.h"
#include "shared/table.h"

struct resolver {
	struct mig_snapshot snap;
	struct mig_caps caps;
	bool has_caps;
	const struct mig_home *home; /* NULL: nothing is known of what was */
	struct mig_record rec;
	struct table table;
	json_t *matches; /* NULL: text is wanted */
	int n;
};

/** resolve_minor - the minor number of the capability of a GPU instance, or with @ci >= 0 of a
 *  compute instance; -1: there is none. The GPU is named by its own minor number. */
int resolve_minor(const struct resolver *r, int gpu_minor, int gi, int ci);

/** resolve_slurm_type - the type that Slurm's AutoDetect makes of NVML's names, in @buf; returns
 *  it. @profile: of the MIG device; "": the GPU is whole. */
char *resolve_slurm_type(const struct mig_gpu *gpu, const char *profile, char *buf, size_t len);

/** resolve_profile - the name of a compute instance's profile; "" when not known. */
const char *resolve_profile(const struct mig_gpu *gpu, const struct mig_gi *gi,
			    const struct mig_ci *ci);

/** resolve_gone_text - "3g.40gb@4 (team-a/llm) until change 12, 2026-11-27 23:40:01 UTC", in @buf;
 *  returns it. */
const char *resolve_gone_text(const struct mig_record_gone *gone, char *buf, size_t len);

/** resolve_say - one device by every name: a GPU, a compute instance, or each of a GPU instance's. */
void resolve_say(struct resolver *r, const struct mig_ref *ref);

#endif
