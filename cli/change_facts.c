/* SPDX-License-Identifier: Apache-2.0 */
/* Making a change with all that is known of the machine, and what is told of it beforehand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "cli/holders.h"
#include "cli/home.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static bool goes(const struct mig_step *step)
{
	return step->kind == MIG_STEP_CI_DESTROY || step->kind == MIG_STEP_GI_DESTROY;
}

bool change_holds(const struct mig_holder *holder, const struct mig_step *step)
{
	if (step->kind == MIG_STEP_MODE)
		return holder->gpu == step->gpu && holder->gi < 0 &&
		       holder->blocks & MIG_BLOCKS_MODE;
	return goes(step) && holder->gpu == step->gpu && holder->gi == step->gi &&
	       (step->kind == MIG_STEP_GI_DESTROY || holder->ci < 0 || holder->ci == step->ci);
}

static bool goes_any(const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		if (goes(&change->steps[i]))
			return true;
	}
	return false;
}

int change_who(struct cli *cli, const struct mig_snapshot *snap,
	       const struct mig_change *change, const struct mig_who **ret,
	       struct mig_error *err)
{
	int rc;

	*ret = NULL;
	if (change && !goes_any(change) && !change_takes_names(cli, snap, change))
		return 0;
	if (!cli->has_who) {
		rc = holders_take(cli, snap, NULL, &cli->who, err);
		if (rc < 0)
			return rc;
		cli->has_who = true;
		for (int i = 0; i < cli->who.n_unknowns && !cli->is_unknown_told; i++)
			fprintf(stderr, "%s: unknown: %s\n", cli->who.unknowns[i].what,
				cli->who.unknowns[i].why);
		cli->is_unknown_told = true;
	}
	*ret = &cli->who;
	return 0;
}

void change_who_forget(struct cli *cli)
{
	if (cli->has_who)
		mig_who_free(&cli->who);
	cli->who = (struct mig_who){ 0 };
	cli->has_who = false;
}

static bool switches_any(const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		if (change->steps[i].kind == MIG_STEP_MODE)
			return true;
	}
	return false;
}

/* Those that are in the way of any of @blocks, of all GPUs. */
static int blocking_take(struct cli *cli, const struct mig_snapshot *snap,
			 const struct mig_change *change, unsigned blocks,
			 struct mig_holder **ret, int *ret_n, struct mig_error *err)
{
	const bool is_mode = blocks & MIG_BLOCKS_MODE && switches_any(change);
	const struct mig_who *who;
	int rc = change_who(cli, snap, is_mode ? NULL : change, &who, err);

	*ret_n = 0;
	*ret = NULL;
	if (rc < 0 || !who)
		return rc;
	*ret = calloc((size_t)who->n + 1, sizeof(**ret));
	if (!*ret)
		return mig_fail(err, MIG_E_NOMEM, "list %d holders", who->n);
	for (int i = 0; i < who->n; i++) {
		if (who->holders[i].gpu >= 0 && who->holders[i].blocks & blocks)
			(*ret)[(*ret_n)++] = who->holders[i];
	}
	return 0;
}

int change_named(struct cli *cli, const struct mig_snapshot *snap, struct mig_named **ret)
{
	const struct mig_home *home;
	struct mig_record rec;
	int n = 0;

	*ret = NULL;
	if (cli_home(cli, snap, &home, NULL) < 0 || mig_record_read_names(home, &rec, NULL) < 0)
		return 0;
	*ret = calloc((size_t)snap->n_gpus * MIG_WANT_NAMES_MAX + 1, sizeof(**ret));
	for (int g = 0; *ret && g < snap->n_gpus; g++)
		n += mig_record_named(&rec, home, snap, g, *ret + n, MIG_WANT_NAMES_MAX);
	mig_record_free(&rec);
	return n;
}

int change_make(struct cli *cli, const struct mig_snapshot *snap,
		const struct mig_wanted *wanted, struct mig_change *ret, struct mig_error *err)
{
	cleanup_free struct mig_holder *holders = NULL;
	cleanup_free struct mig_named *named = NULL;
	struct mig_change_hints hints = { 0 };
	struct mig_change change;
	int rc;

	hints.n_named = change_named(cli, snap, &named);
	hints.named = named;
	rc = mig_change_make(snap, wanted, &hints, &change, err);
	/* Where nothing goes, it does not matter who holds what. */
	if (rc == 0)
		rc = blocking_take(cli, snap, &change, MIG_BLOCKS_INSTANCE, &holders,
				   &hints.n_holders, err);
	else
		return rc;
	if (rc == 0 && hints.n_holders == 0) {
		*ret = change;
		return 0;
	}
	mig_change_free(&change);
	hints.holders = holders;
	return rc < 0 ? rc : mig_change_make(snap, wanted, &hints, ret, err);
}

static bool is_in_the_way(const struct mig_change *change, const struct mig_change_hints *hints,
			  int gpu)
{
	for (int i = 0; i < change->n_steps; i++) {
		for (int h = 0; h < hints->n_holders; h++) {
			if (change->steps[i].gpu == gpu &&
			    change_holds(&hints->holders[h], &change->steps[i]))
				return true;
		}
	}
	return false;
}

void change_nearest(struct cli *cli, const struct mig_snapshot *snap,
		    const struct mig_wanted *wanted, char *buf, size_t len)
{
	cleanup_free struct mig_holder *holders = NULL;
	struct mig_change_hints hints = { 0 };
	struct mig_change change;
	struct mig_nearest near;
	char text[512];

	buf[0] = '\0';
	if (change_make(cli, snap, wanted, &change, NULL) < 0)
		return;
	if (blocking_take(cli, snap, &change, MIG_BLOCKS_INSTANCE, &holders, &hints.n_holders,
			  NULL) == 0) {
		hints.holders = holders;
		for (int i = 0; i < snap->n_gpus; i++) {
			if (wanted[i].mode != MIG_WANT_ON ||
			    !is_in_the_way(&change, &hints, i) ||
			    mig_change_nearest(snap, i, &wanted[i], &hints, &near, NULL) < 0)
				continue;
			text_append(buf, len, "%sGPU %d: %s", *buf ? "; " : "", i,
				    mig_nearest_format(&near, text, sizeof(text)));
		}
	}
	mig_change_free(&change);
}

/* What of a GPU instance is not destroyed, as a want; false: nothing. */
static bool kept_of(const struct mig_change *change, const struct mig_gpu *gpu, int g,
		    struct mig_want *ret)
{
	const struct mig_gi *gi = &gpu->gis[g];
	struct mig_want want = mig_want_empty(gi->profile, gi->start);
	unsigned gone = 0;

	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];

		if (s->gpu != gpu->index || s->gi != gi->id)
			continue;
		if (s->kind == MIG_STEP_GI_DESTROY)
			return false;
		if (s->kind == MIG_STEP_CI_DESTROY)
			gone |= 1U << s->ci;
	}
	for (int k = 0; k < gi->n_cis; k++) {
		if (!(gone >> gi->cis[k].id & 1) && gi->cis[k].profile >= 0)
			want.ci[want.n_ci++] = (uint8_t)gi->cis[k].profile;
	}
	*ret = want;
	return gi->profile >= 0 && (want.n_ci || !gi->n_cis);
}

static struct mig_request kept(const struct mig_change *change, const struct mig_gpu *gpu)
{
	struct mig_request req = mig_request_empty(gpu->type);

	for (int g = 0; g < gpu->n_gis; g++) {
		if (kept_of(change, gpu, g, &req.want[req.n]))
			req.n++;
	}
	return req;
}

/* What the times of a GPU's instances, or of its mode, are from; "" where none is needed. */
static int origins_take(const struct mig_gpu *gpu, const struct mig_change *change,
			struct change_gpu_facts *ret, struct mig_error *err)
{
	struct mig_timing timing;
	int rc = mig_timing_find(gpu->type ? gpu->type->key : gpu->name, &timing, err);

	for (int i = 0; rc == 0 && i < change->n_steps; i++) {
		const enum mig_step_kind kind = change->steps[i].kind;

		if (change->steps[i].gpu != gpu->index)
			continue;
		if (kind == MIG_STEP_MODE)
			memcpy(ret->mode_origin, timing.switch_origin, MIG_ORIGIN_MAX);
		else if (kind == MIG_STEP_GI_CREATE || kind == MIG_STEP_GI_DESTROY)
			memcpy(ret->origin, timing.origin, MIG_ORIGIN_MAX);
	}
	return rc;
}

static int gpus_take(const struct mig_snapshot *snap, const struct mig_change *change,
		     struct change_facts *facts, struct mig_error *err)
{
	int rc = mig_change_times(snap, change, facts->times, err);

	for (int i = 0; rc == 0 && i < snap->n_gpus; i++) {
		facts->gpus[i].kept = kept(change, &snap->gpus[i]);
		rc = origins_take(&snap->gpus[i], change, &facts->gpus[i], err);
	}
	for (int i = 0; rc == 0 && i < change->n_steps; i++) {
		struct change_gpu_facts *gpu = &facts->gpus[change->steps[i].gpu];
		const double end_s = facts->times[i].end_s;

		gpu->duration_s = end_s; /* its steps are in order */
		facts->duration_s = end_s > facts->duration_s ? end_s : facts->duration_s;
	}
	return rc;
}

int change_facts_take(struct cli *cli, const struct mig_snapshot *snap,
		      const struct mig_change *change, struct change_facts *ret,
		      struct mig_error *err)
{
	struct change_facts facts = { 0 };
	int rc = 0;

	facts.times = calloc((size_t)change->n_steps + 1, sizeof(*facts.times));
	facts.gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*facts.gpus));
	if (!facts.times || !facts.gpus)
		rc = mig_fail(err, MIG_E_NOMEM, "time %d steps", change->n_steps);
	if (rc == 0)
		rc = gpus_take(snap, change, &facts, err);
	if (rc == 0)
		rc = blocking_take(cli, snap, change, MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE,
				   &facts.holders, &facts.n_holders, err);
	if (rc < 0)
		change_facts_free(&facts);
	else
		*ret = facts;
	return rc;
}

void change_facts_free(struct change_facts *facts)
{
	if (!facts)
		return;
	free(facts->times);
	free(facts->gpus);
	free(facts->holders);
}
