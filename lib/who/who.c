/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that holds a GPU or an instance, from every source, as one list. */
#include "lib/who/who.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* --- Making it --------------------------------------------------------------------------- */

static int add_listed(struct who *w, struct mig_machine *machine, struct mig_error *err)
{
	struct mig_holder *listed = calloc(MIG_HOLDERS_MAX, sizeof(*listed));
	int n = listed ? 0 : mig_fail(err, MIG_E_NOMEM, "list holders");

	for (int g = 0; g < w->snap->n_gpus && n >= 0; g++) {
		/* Of it the driver tells nothing, and the others are to be told all the same. */
		if (w->snap->gpus[g].is_lost)
			continue;
		n = mig_holders(machine, &w->snap->gpus[g], -1, -1, listed, err);
		for (int i = 0; i < n; i++)
			who_add(w, &listed[i]);
		if (n == MIG_HOLDERS_MAX)
			who_unknown(w, "processes",
				    "GPU %d has more than the %d that are listed",
				    w->snap->gpus[g].index, n);
	}
	free(listed);
	return n < 0 ? n : 0;
}

/* Does @a tell of the same process what @b tells more exactly? */
static bool is_vaguer(const struct mig_holder *a, const struct mig_holder *b)
{
	if (a == b || !who_is_process(a) || !who_is_process(b) || a->pid != b->pid)
		return false;
	if (a->gpu < 0)
		return b->gpu >= 0;
	return a->gpu == b->gpu &&
	       ((a->gi < 0 && b->gi >= 0) || (a->gi == b->gi && a->ci < 0 && b->ci >= 0));
}

/* Who uses an instance has its GPU and the driver open too. What is dropped was vaguer than something
 * that stays, so that it does not matter for those that come later. */
static void drop_vague(struct mig_who *who)
{
	int n = 0;

	for (int i = 0; i < who->n; i++) {
		bool is_vague = false;

		for (int k = 0; k < who->n && !is_vague; k++) {
			if (k < n || k > i)
				is_vague = is_vaguer(&who->holders[i], &who->holders[k]);
		}
		if (!is_vague)
			who->holders[n++] = who->holders[i];
	}
	who->n = n;
}

/* The pod that kubelet gave the instance to, for containers that know only its uid. */
static void name_pods(struct mig_who *who)
{
	for (int i = 0; i < who->n; i++) {
		struct mig_holder *h = &who->holders[i];
		const struct mig_holder *pod = NULL;
		int n = 0;

		for (int k = 0; k < who->n && h->kind == MIG_HOLDER_CRI; k++) {
			if (!(who->holders[k].seen & MIG_SEEN_KUBELET) || h->gpu < 0 ||
			    !who_is_same_place(h, &who->holders[k]))
				continue;
			pod = &who->holders[k];
			n++;
		}
		if (n != 1)
			continue;
		text_copy(h->from.pod, sizeof(h->from.pod), pod->from.pod);
		h->kind = MIG_HOLDER_POD;
	}
}

static int compare(const void *left, const void *right)
{
	const struct mig_holder *a = left, *b = right;
	const int keys[][2] = {
		{ a->gpu < 0, b->gpu < 0 },
		{ a->gpu, b->gpu },
		{ a->gi, b->gi },
		{ a->ci, b->ci },
		{ (int)a->kind, (int)b->kind },
		{ a->pid, b->pid },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	}
	return strcmp(a->name, b->name);
}

int mig_who_take(struct mig_machine *machine, const struct mig_snapshot *snap,
		 const struct mig_who_options *opt, struct mig_who *ret, struct mig_error *err)
{
	struct mig_who_options own = *opt;
	struct mig_who who = { 0 };
	struct who w = { .snap = snap, .opt = &own, .ret = &who };
	int rc;

	own.root = opt->root ? opt->root : "";
	own.driver_root = opt->driver_root ? opt->driver_root : "";
	rc = add_listed(&w, machine, err);
	if (rc < 0) {
		mig_who_free(&who);
		return rc;
	}
	who_processes(&w);
	drop_vague(&who);
	who_claims(&w);
	who_kubelet(&w);
	who_slurm(&w);
	who_modules(&w);
	if (w.is_short) {
		mig_who_free(&who);
		return mig_fail(err, MIG_E_NOMEM, "list holders");
	}
	name_pods(&who);
	if (who.n)
		qsort(who.holders, (size_t)who.n, sizeof(*who.holders), compare);
	*ret = who;
	return 0;
}

void mig_who_free(struct mig_who *who)
{
	if (!who)
		return;
	free(who->holders);
	*who = (struct mig_who){ 0 };
}

/* --- Asking it --------------------------------------------------------------------------- */

static bool is_in_the_way(const struct mig_holder *h, int gpu, int gi, int ci, unsigned blocks)
{
	if (!(h->blocks & blocks))
		return false;
	if (h->gpu < 0)
		return blocks == MIG_BLOCKS_MODE;
	return h->gpu == gpu && (gi < 0 || h->gi == gi) && (ci < 0 || h->ci < 0 || h->ci == ci);
}

int mig_who_blocking(const struct mig_who *who, int gpu, int gi, int ci, unsigned blocks,
		     struct mig_holder *ret)
{
	int n = 0;

	for (int i = 0; i < who->n; i++) {
		if (!is_in_the_way(&who->holders[i], gpu, gi, ci, blocks))
			continue;
		if (n < MIG_HOLDERS_MAX)
			ret[n] = who->holders[i];
		n++;
	}
	return n;
}
