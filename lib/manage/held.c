/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that is held is destroyed: the refusal, with names. */
#include <mig/manage.h>

#include "shared/text.h"

enum { NAMED_MAX = 4 }; /* holders named in a message; of more the number is told */

static int refuse(const struct mig_holder *holders, int n, struct mig_error *err)
{
	char names[768] = "", name[600], remedy[400] = "";
	int rc;

	for (int i = 0; i < n && i < NAMED_MAX; i++)
		text_append(names, sizeof(names), "%s%s", i ? ", " : "",
			    mig_holder_name(&holders[i], name, sizeof(name)));
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
