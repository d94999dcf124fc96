/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that is held is destroyed: the refusal, with names. */
#include <mig/manage.h>

#include "shared/text.h"

enum { NAMED_MAX = 4 }; /* holders named in a message; of more the number is told */

/* "sh (pid 4711) of pod team-a/chat on GPU 0 GI 2 CI 0", "job 12" */
static void name_one(const struct mig_holder *h, char *buf, size_t len)
{
	const bool is_claim = h->kind == MIG_HOLDER_CLAIM;
	char where[400];

	mig_holder_text(h, where, sizeof(where));
	if (is_claim)
		text_append(buf, len, "a claim of ");
	if (h->pid || is_claim)
		text_append(buf, len, "%s", *h->name ? h->name : "a process");
	if (h->pid)
		text_append(buf, len, " (pid %d)", h->pid);
	if (*where && !is_claim)
		text_append(buf, len, "%s%s", h->pid ? " of " : "", where);
	else if (!h->pid && !is_claim)
		text_append(buf, len, "%s %s", mig_holder_kind_name(h->kind), h->name);
	if (h->gi >= 0 && h->ci >= 0)
		text_append(buf, len, " on GPU %d GI %d CI %d", h->gpu, h->gi, h->ci);
	else if (h->gi >= 0)
		text_append(buf, len, " on GPU %d GI %d", h->gpu, h->gi);
}

static int refuse(const struct mig_holder *holders, int n, struct mig_error *err)
{
	char names[768] = "", remedy[400] = "";
	int rc;

	for (int i = 0; i < n && i < NAMED_MAX; i++) {
		text_append(names, sizeof(names), "%s", i ? ", " : "");
		name_one(&holders[i], names, sizeof(names));
	}
	if (n > NAMED_MAX)
		text_append(names, sizeof(names), " and %s%d more",
			    n >= MIG_HOLDERS_MAX ? "at least " : "", n - NAMED_MAX);
	rc = mig_fail(err, MIG_E_BUSY, "held by %s; stop %s first", names,
		      n == 1 ? "it" : "them");
	if (n == 1 && !holders[0].pid)
		mig_holder_remedy(&holders[0], remedy, sizeof(remedy));
	if (*remedy)
		return mig_hint(err, rc, "%s", remedy);
	return n == 1 ? rc : mig_hint(err, rc, "'migctl who' says how");
}

/* Of those asked before, processes that the driver alone knew of have been asked for again. */
static int others(const struct mig_who *who, int gpu, int gi, int ci, struct mig_holder *ret)
{
	int n = mig_who_blocking(who, gpu, gi, ci, MIG_BLOCKS_INSTANCE, ret), kept = 0;

	n = n < MIG_HOLDERS_MAX ? n : MIG_HOLDERS_MAX;
	for (int i = 0; i < n; i++) {
		if (ret[i].seen & ~(unsigned)MIG_SEEN_DRIVER)
			ret[kept++] = ret[i];
	}
	return kept;
}

int mig_check_free(struct mig_machine *machine, const struct mig_gpu *gpu, int gi, int ci,
		   const struct mig_who *who, struct mig_error *err)
{
	struct mig_holder holders[MIG_HOLDERS_MAX];
	int n = mig_holders(machine, gpu, gi, ci, holders, err);

	if (n < 0)
		return n;
	if (n == 0 && who)
		n = others(who, gpu->index, gi, ci, holders);
	return n ? refuse(holders, n, err) : 0;
}
