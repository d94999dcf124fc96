/* SPDX-License-Identifier: Apache-2.0 */
/* Claims, as holders of what stands where they say. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/who/who.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static const struct mig_ci *find_ci(const struct mig_gi *gi, const struct mig_claim *c)
{
	for (int k = 0; k < gi->n_cis; k++) {
		if (gi->cis[k].id == c->ci ||
		    (*c->uuid && strcmp(gi->cis[k].uuid, c->uuid) == 0))
			return &gi->cis[k];
	}
	return NULL;
}

/* An instance of another profile or place is another one, whatever UUID it has now. */
static bool is_claimed(const struct mig_gpu *gpu, const struct mig_gi *gi,
		       const struct mig_claim *c)
{
	if (gi->profile < 0 || strcmp(gpu->type->profiles[gi->profile].name, c->profile) != 0)
		return false;
	if (gi->start >= 0)
		return gi->start == c->start && (c->ci < 0 || find_ci(gi, c));
	return *c->uuid && find_ci(gi, c); /* places are hidden from us */
}

static bool place(const struct mig_gpu *gpu, const struct mig_claim *c, struct mig_holder *ret)
{
	ret->gpu = gpu->index;
	if (!*c->profile)
		return true;
	for (int i = 0; i < gpu->n_gis; i++) {
		if (!is_claimed(gpu, &gpu->gis[i], c))
			continue;
		ret->gi = gpu->gis[i].id;
		ret->ci = c->ci < 0 ? -1 : find_ci(&gpu->gis[i], c)->id;
		return true;
	}
	return false;
}

static void add(struct who *w, const struct mig_claim *c)
{
	struct mig_holder h = { .gpu = -1,
				.gi = -1,
				.ci = -1,
				.pid = c->pid,
				.uid = c->uid,
				.kind = MIG_HOLDER_CLAIM,
				.seen = MIG_SEEN_CLAIM };
	bool is_there = false;

	/* The number is the owner's word, and anybody may claim: to have somebody else's process
	 * killed, say. In a container it is another's, too. */
	if (who_uid(w->opt->root, c->pid) != c->uid)
		h.pid = 0;
	text_copy(h.name, sizeof(h.name), c->owner);
	who_printable(h.name);
	for (int i = 0; i < w->snap->n_gpus && !is_there; i++) {
		if (strcasecmp(w->snap->gpus[i].uuid, c->gpu_uuid) == 0)
			is_there = place(&w->snap->gpus[i], c, &h);
	}
	if (!is_there) {
		who_unknown(w, "a claim",
			    "\"%.60s\" (pid %d) claims %.40s@%d on %.60s, and "
			    "nothing such is there",
			    h.name, c->pid, *c->profile ? c->profile : "a GPU", c->start,
			    c->gpu_uuid);
		return;
	}
	h.blocks = who_blocks(h.kind, h.gi);
	who_add(w, &h);
}

void who_claims(struct who *w)
{
	cleanup_free struct mig_claims *claims = malloc(sizeof(*claims));
	struct mig_error why = { 0 };

	if (!w->opt->claims)
		return;
	if (!claims) {
		w->is_short = true;
		return;
	}
	if (mig_claims_list(w->opt->claims, w->snap, claims, &why) < 0) {
		who_unknown(w, "claims", "%s", why.msg);
		return;
	}
	for (int i = 0; i < claims->n; i++)
		add(w, &claims->claims[i]);
	if (claims->n_refused)
		who_unknown(w, "claims", "%d cannot be read: %s", claims->n_refused,
			    claims->why.msg);
}
