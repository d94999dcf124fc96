/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that is held is destroyed: the refusal, with names. */
#include <mig/manage.h>

#include "shared/text.h"

enum { NAMED_MAX = 4 }; /* holders named in a message; of more the number is told */

int mig_check_free(struct mig_machine *machine, const struct mig_gpu *gpu, int gi, int ci,
		   struct mig_error *err)
{
	struct mig_holder holders[MIG_HOLDERS_MAX];
	char names[512] = "";
	int n = mig_holders(machine, gpu, gi, ci, holders, err);

	if (n <= 0)
		return n;
	for (int i = 0; i < n && i < NAMED_MAX; i++) {
		text_append(names, sizeof(names), "%s%s (pid %d)", i ? ", " : "",
			    holders[i].name[0] ? holders[i].name : "a process", holders[i].pid);
		if (holders[i].gi >= 0)
			text_append(names, sizeof(names), " on GPU %d GI %d CI %d",
				    holders[i].gpu, holders[i].gi, holders[i].ci);
	}
	if (n > NAMED_MAX)
		text_append(names, sizeof(names), " and %s%d more",
			    n == MIG_HOLDERS_MAX ? "at least " : "", n - NAMED_MAX);
	return mig_fail(err, MIG_E_BUSY, "held by %s; stop %s first", names,
			n == 1 ? "it" : "them");
}
