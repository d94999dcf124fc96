/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drain.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/change.h"
#include "cli/turn.h"
#include "shared/text.h"

enum { FIRST_MS = 50, MOST_MS = 2000, NAMED_MAX = 4 };

/* Those who stand in the way, each once. */
struct crowd {
	int n;
	struct mig_holder who[MIG_HOLDERS_MAX];
};

/* Who is called the same has the same to stop. */
static bool is_same(const struct mig_holder *a, const struct mig_holder *b)
{
	char a_name[600], b_name[600];

	return a->gpu == b->gpu && strcmp(mig_holder_name(a, a_name, sizeof(a_name)),
					  mig_holder_name(b, b_name, sizeof(b_name))) == 0;
}

static void join(struct crowd *crowd, const struct mig_holder *one)
{
	for (int i = 0; i < crowd->n; i++) {
		if (is_same(&crowd->who[i], one))
			return;
	}
	if (crowd->n < MIG_HOLDERS_MAX)
		crowd->who[crowd->n++] = *one;
}

/* Who is in the way of one step. Return: how many are in @ret. */
static int in_the_way(struct cli *cli, const struct mig_snapshot *snap,
		      const struct mig_step *step, const struct mig_who *who,
		      struct mig_holder *ret, struct mig_error *err)
{
	const struct mig_gpu *gpu = &snap->gpus[step->gpu];
	int n;

	if (step->kind == MIG_STEP_MODE)
		return mig_holders(cli->machine, gpu, -1, -1, ret, err);
	if (step->kind != MIG_STEP_CI_DESTROY)
		return 0;
	n = mig_who_blocking(who, gpu->index, step->gi, step->ci, MIG_BLOCKS_INSTANCE, ret);
	return n < MIG_HOLDERS_MAX ? n : MIG_HOLDERS_MAX;
}

static int find(struct cli *cli, const struct mig_snapshot *snap,
		const struct mig_change *change, struct crowd *ret, struct mig_error *err)
{
	struct mig_holder holders[MIG_HOLDERS_MAX];
	const struct mig_who *who;
	int rc;

	ret->n = 0;
	change_who_forget(cli);
	rc = change_who(cli, snap, change, &who, err);
	for (int i = 0; i < change->n_steps && rc == 0; i++) {
		int n = in_the_way(cli, snap, &change->steps[i], who, holders, err);

		for (int k = 0; k < n; k++)
			join(ret, &holders[k]);
		rc = n < 0 ? n : 0;
	}
	return rc;
}

static bool is_same_crowd(const struct crowd *a, const struct crowd *b)
{
	bool is_equal = a->n == b->n;

	for (int i = 0; is_equal && i < a->n; i++)
		is_equal = is_same(&a->who[i], &b->who[i]);
	return is_equal;
}

static const char *names(const struct crowd *crowd, char *buf, size_t size)
{
	char name[600];

	buf[0] = '\0';
	for (int i = 0; i < crowd->n && i < NAMED_MAX; i++) {
		const struct mig_holder *h = &crowd->who[i];

		text_append(buf, size, "%s%s", i ? ", " : "",
			    mig_holder_name(h, name, sizeof(name)));
		if (h->gi < 0)
			text_append(buf, size, " on GPU %d", h->gpu);
	}
	if (crowd->n > NAMED_MAX)
		text_append(buf, size, " and %d more", crowd->n - NAMED_MAX);
	return buf;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The interrupts that wait for the end of a change end this wait. true: one came. */
static bool is_interrupted_within(int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	sigset_t set;

	turn_signals(&set);
	return sigtimedwait(&set, NULL, &t) > 0;
}

static int refuse(const struct crowd *crowd, const char *why, struct mig_error *err)
{
	char buf[512];

	return mig_fail(err, MIG_E_BUSY, "held by %s; %s", names(crowd, buf, sizeof(buf)), why);
}

int drain_wait(struct cli *cli, const struct mig_snapshot *snap,
	       const struct mig_change *change, long seconds, struct mig_error *err)
{
	const int64_t end_ms = now_ms() + seconds * 1000;
	struct crowd crowd, told = { 0 };
	int64_t ms = FIRST_MS;
	char buf[512], why[96];

	while (seconds > 0) {
		const int64_t left_ms = end_ms - now_ms();
		int rc = find(cli, snap, change, &crowd, err);

		if (rc < 0 || crowd.n == 0)
			return rc;
		if (left_ms <= 0) {
			snprintf(why, sizeof(why), "waited %ld s, and nothing was changed",
				 seconds);
			return refuse(&crowd, why, err);
		}
		if (!is_same_crowd(&crowd, &told))
			fprintf(stderr, "waiting up to %lld s for %s to end\n",
				(long long)(left_ms + 999) / 1000,
				names(&crowd, buf, sizeof(buf)));
		told = crowd;
		if (is_interrupted_within(ms < left_ms ? ms : left_ms))
			return refuse(&crowd, "interrupted, and nothing was changed", err);
		ms = ms * 3 / 2 < MOST_MS ? ms * 3 / 2 : MOST_MS;
	}
	return 0;
}
