/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command is held to what it said. In the order of the log:
 *
 *	ended with 0	the GPUs are as it was to leave them
 *	another status	they are as they were before it; where each GPU stands for itself, each is
 *			one or the other. Else it says that it is unfinished
 *	killed		whatever it left; if that is in between, none but a recovery goes on
 */
#include <signal.h>
#include <sys/wait.h>

#include "tests/property/applies.h"

struct tally tally;

static struct known known;

static bool said(const struct command *c, const char *text)
{
	return strstr(c->err, text) != NULL;
}

static bool is_killed(const struct command *c)
{
	return WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL;
}

static bool has_ended(const struct command *c, int status)
{
	return WIFEXITED(c->status) && WEXITSTATUS(c->status) == status;
}

/* --- One at a time ---------------------------------------------------------------------- */

static void check_turns(const struct history *h)
{
	for (int i = 0; i < h->n; i++) {
		const struct command *c = &scene->commands[h->owner[i]];

		if (c->verb == LOOK)
			wrong(h, i, c, "a verb that only looks made a call that changes");
		for (int k = c->first; k <= c->last; k++) {
			if (h->owner[k] != h->owner[i])
				wrong(h, k, c, "two commands changed the machine at once");
		}
	}
}

/* Did a command of that kind run, in part at least, between two moments? */
static const struct command *ran_between(uint64_t from_ns, uint64_t to_ns,
					 bool (*is_such)(const struct command *c))
{
	for (int i = 0; i < scene->n_commands; i++) {
		const struct command *c = &scene->commands[i];

		if (c->end_ns > from_ns && c->begin_ns < to_ns && is_such(c))
			return c;
	}
	return NULL;
}

/* --- What is known ---------------------------------------------------------------------- */

static bool ends_changes(const struct command *c)
{
	return (c->verb == RECOVER || c->verb == RESTORE) && (has_ended(c, 0) || is_killed(c));
}

/* It may have had only names to give. */
static bool gives_names_alone(const struct command *c)
{
	return c->verb == APPLY && c->last < c->first && target_names(&c->target);
}

static bool saves(const struct command *c)
{
	return c->verb == SAVE;
}

/* What was to be done is done, and something else failed. */
static bool is_done_but(const struct command *c)
{
	return said(c, "migctl: done");
}

/* Before a command whose first call was at that time. */
static void forget_what_is_clouded(uint64_t ns)
{
	if (ran_between(known.last_ns, ns, gives_names_alone))
		known.is_last_known = false;
	for (int g = 0; g < n_gpus; g++) {
		const uint64_t since = known.recorded_ns[g];

		if (ran_between(since, ns, gives_names_alone) || ran_between(since, ns, saves))
			known.is_recorded[g] = false;
	}
}

static void on_record(const struct history *h, const struct command *c,
		      const struct stand *after)
{
	for (int g = 0; g < n_gpus; g++) {
		if (!changes_on(h, c, g)) {
			/* Its names may have put it on record anew, as it stands. */
			if (c->verb == UNDO || target_names(&c->target))
				known.is_recorded[g] = false;
			continue;
		}
		known.is_recorded[g] = true;
		known.recorded_ns[g] = c->end_ns;
		memcpy(known.record.gi[g], after->gi[g], sizeof(after->gi[g]));
	}
}

static void now_last(const struct history *h, const struct command *c,
		     const struct stand *before)
{
	bool is_any = false;

	if (c->verb == RESTORE || c->verb == SAVE)
		return;
	known.is_last_known = c->verb != RECOVER;
	known.before_last = *before;
	known.last_ns = c->end_ns;
	for (int g = 0; g < n_gpus; g++) {
		known.is_involved[g] = changes_on(h, c, g) > 0;
		is_any |= known.is_involved[g];
	}
	known.is_last_known &= is_any;
}

static void nothing_on_record(const struct history *h, const struct command *c)
{
	for (int g = 0; g < n_gpus; g++) {
		if (changes_on(h, c, g) || c->verb == RECOVER)
			known.is_recorded[g] = false;
	}
	known.is_last_known = false;
}

/* It is, or may be, unfinished from here on. What it began with is what one before it, which it
 * was to end, began with. */
static void leave_open(const struct command *c, const struct stand *before,
		       const struct stand *after, bool must_end)
{
	if (c->verb != RECOVER || !known.open) {
		known.open = c;
		known.before_open = *before;
	}
	known.after_open = *after;
	known.must_end = must_end;
	known.open_ns = c->end_ns;
}

/* --- How it ended ----------------------------------------------------------------------- */

static bool is_atomic(const struct command *c)
{
	if (c->verb == RECOVER)
		return known.open && known.open != c && is_atomic(known.open);
	return c->verb == APPLY ? c->is_atomic : c->verb != RESTORE;
}

/* Is each GPU at one end or the other, and not some of a whole here and some there? */
static bool is_at_an_end(const struct command *c, const struct stand *before,
			 const struct stand *after)
{
	bool is_all_before = true, is_all_met = true, is_each = true;

	for (int g = 0; g < n_gpus; g++) {
		const bool is_before = is_same_gpu(before, after, g);
		const bool is_met = goal_met(&known, c, before, after, g) != NO;

		is_all_before &= is_before;
		is_all_met &= is_met;
		is_each &= is_before || is_met;
	}
	return is_all_before || is_all_met || (!is_atomic(c) && is_each);
}

static void check_goal(const struct history *h, const struct command *c,
		       const struct stand *before, const struct stand *after)
{
	for (int g = 0; g < n_gpus; g++) {
		if (goal_met(&known, c, before, after, g) == NO)
			wrong(h, c->last, c,
			      "it ended with 0, and GPU %d is not as it should be", g);
	}
}

/* Cut short before its first call, it may be unfinished, and nothing tells of it. */
static bool left_no_trace(const struct history *h, const struct command *c)
{
	return c->verb != LOOK && c->verb != RECOVER && changes_on(h, c, -1) == 0 &&
	       (is_killed(c) || (said(c, "recover") && !has_ended(c, 17)));
}

/* Is what a recovery did the way forth of such a one? */
static bool ends_another(const struct history *h, const struct command *c,
			 const struct stand *before, const struct stand *after)
{
	const uint64_t to_ns = h->records[c->first].t_ns;
	const uint64_t from_ns = c->first ? h->records[c->first - 1].t_ns : 0;
	const struct known was = known;
	bool is_met = false;

	for (int i = 0; i < scene->n_commands && !is_met; i++) {
		const struct command *other = &scene->commands[i];

		if (!left_no_trace(h, other) || other->end_ns < from_ns ||
		    other->begin_ns > to_ns)
			continue;
		known.open = other;
		known.before_open = known.after_open = *before;
		known.is_last_known = false;
		is_met = is_at_an_end(other, before, after);
	}
	known = was;
	return is_met;
}

static void judge_recovery(const struct history *h, const struct command *c,
			   const struct stand *before, const struct stand *after)
{
	const bool is_back = known.open && is_same(&known.before_open, after);

	if (!ends_another(h, c, before, after)) {
		if (!known.open)
			wrong(h, c->first, c, "it recovered, and nothing was unfinished");
		check_goal(h, c, before, after);
		if (is_atomic(c) && is_same(&known.after_open, before) &&
		    !is_at_an_end(known.open, &known.before_open, after))
			wrong(h, c->last, c, "of a change that is all or none it left a part");
	}
	tally.back += is_back;
	tally.forth += !is_back;
	nothing_on_record(h, c);
}

static void judge_success(const struct history *h, const struct command *c,
			  const struct stand *before, const struct stand *after)
{
	if (c->verb == RECOVER) {
		judge_recovery(h, c, before, after);
	} else {
		check_goal(h, c, before, after);
		on_record(h, c, after);
		now_last(h, c, before);
	}
	tally.changed[c->verb]++;
	known.open = NULL;
	known.must_end = false;
}

static void judge_failure(const struct history *h, const struct command *c,
			  const struct stand *before, const struct stand *after)
{
	const bool is_unfinished = c->verb == RECOVER || has_ended(c, 15) || said(c, "recover");

	if (is_same(before, after) && !is_unfinished) {
		tally.undone++;
		return;
	}
	if (is_done_but(c)) {
		check_goal(h, c, before, after);
		nothing_on_record(h, c);
		known.open = NULL;
	}
	if (is_done_but(c) && !is_unfinished)
		return;
	if (!is_unfinished && (is_atomic(c) || !is_at_an_end(c, before, after)))
		wrong(h, c->last, c,
		      "it failed, and the GPUs are neither as they were nor as was wanted");
	if (is_unfinished)
		nothing_on_record(h, c);
	for (int g = 0; g < n_gpus && !is_unfinished; g++) {
		if (!is_same_gpu(before, after, g))
			known.is_recorded[g] = false;
		known.is_last_known = false;
	}
	tally.partly += !is_unfinished;
	tally.half_done += has_ended(c, 15);
	if (is_unfinished)
		leave_open(c, before, after, !is_at_an_end(c, before, after));
}

static void judge_killed(const struct history *h, const struct command *c,
			 const struct stand *before, const struct stand *after)
{
	const bool is_half_way = !is_at_an_end(c, before, after);

	tally.half_way += is_half_way;
	nothing_on_record(h, c);
	leave_open(c, before, after, is_half_way);
}

/* While a change is unfinished nobody begins another. */
static void check_may_begin(const struct history *h, const struct command *c)
{
	const uint64_t ns = h->records[c->first].t_ns;

	if (!known.open || c->verb == RECOVER ||
	    (c->verb == RESTORE && known.open->verb == RESTORE))
		return;
	if (known.must_end && !ran_between(known.open_ns, ns, ends_changes))
		wrong(h, c->first, c,
		      "it began to change the machine, and command %d before it is unfinished",
		      known.open->number);
	known.open = NULL;
	known.must_end = false;
}

/* --- One command ------------------------------------------------------------------------ */

static void judge_change(const struct history *h, const struct command *c)
{
	const struct stand *before = &h->foreign[c->first], *after = &h->stood[c->last + 1];

	forget_what_is_clouded(h->records[c->first].t_ns);
	/* All that it tried was refused: as before, by nature. */
	if (changes_on(h, c, -1) == 0)
		return;
	check_may_begin(h, c);
	if (is_killed(c)) {
		judge_killed(h, c, before, after);
	} else if (has_ended(c, 0)) {
		judge_success(h, c, before, after);
		if (c->verb == APPLY)
			judge_apply(h, c, before, after);
	} else {
		judge_failure(h, c, before, after);
	}
}

static void judge_idle(const struct history *h, const struct command *c)
{
	const bool is_bound = c->verb == APPLY || c->verb == DESTROY;

	if (has_ended(c, 0) && c->verb == CREATE)
		wrong(h, -1, c, "it ended with 0 and created nothing");
	if (has_ended(c, 0) && is_bound && !goal_met_sometime(h, c))
		wrong(h, -1, c, "it ended with 0, changed nothing, and it was never so");
}

static void judge_status(const struct history *h, const struct command *c)
{
	if (!is_killed(c) && (!WIFEXITED(c->status) || WEXITSTATUS(c->status) > 20))
		wrong(h, -1, c, "this is no way to end");
	if (has_ended(c, 1) && c->verb != LOOK)
		wrong(h, -1, c, "only diff may end with 1");
	if (is_killed(c)) {
		tally.shot += c->is_shot;
		tally.fault_killed += !c->is_shot;
		return;
	}
	tally.ended[c->verb][WEXITSTATUS(c->status)]++;
	tally.waited += said(c, "waiting for another migctl");
	tally.refused_turn += said(c, "changes the machine now");
	tally.held += has_ended(c, 5) && said(c, "held by");
}

/* --- Tenants ---------------------------------------------------------------------------- */

static void judge_eviction(const struct history *h, int i, const struct tenant *t)
{
	const struct sim_log_record *r = &h->records[i];
	const struct command *c = &scene->commands[h->owner[i]];

	if (r->result == NVML_SUCCESS && !h->is_dropped[i])
		wrong(h, i, c, "it took the device of a tenant, process %d", t->pid);
	if (c->begin_ns > t->begin_ns)
		wrong(h, i, c,
		      "it tried to take the device of a tenant, process %d, who was there "
		      "before it",
		      t->pid);
	tally.evictions++;
}

static void judge_tenants(const struct history *h)
{
	struct place p;

	for (int i = 0; i < h->n; i++) {
		const struct sim_log_record *r = &h->records[i];

		for (int k = 0; is_destroy(r) && k < scene->n_tenants; k++) {
			const struct tenant *t = &scene->tenants[k];

			record_place(r, &p);
			if (t->begin_ns && p.gpu == t->gpu && p.gi == t->gi &&
			    (p.ci < 0 || p.ci == t->ci) && r->t_ns > t->begin_ns &&
			    (!t->end_ns || r->t_ns < t->end_ns))
				judge_eviction(h, i, t);
		}
	}
	tally.tenants += scene->n_tenants;
}

void judge(struct history *h)
{
	known = (struct known){ 0 };
	for (int i = 0; i < scene->n_commands; i++)
		judge_status(h, &scene->commands[i]);
	check_turns(h);
	for (int i = 0; i < h->n; i++) {
		const struct command *c = &scene->commands[h->owner[i]];

		if (i == c->first)
			judge_change(h, c);
	}
	for (int i = 0; i < scene->n_commands; i++) {
		if (scene->commands[i].last < scene->commands[i].first)
			judge_idle(h, &scene->commands[i]);
	}
	judge_tenants(h);
	for (int i = 0; i < scene->n_checkpoints; i++)
		tally.foreign += scene->checkpoints[i].is_foreign;
	tally.records += h->n;
	tally.faults += scene->n_faults;
}
