/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call that a change makes fails once: those of the driver with every relevant error, and those
 * that write files; and at each of them the process is killed. Then what is unfinished is recovered,
 * and of some of these the recovery fails or is killed likewise.
 *
 *	change_faults [PART/PARTS [STRIDE]]
 *
 * PART of PARTS: of the transitions. STRIDE: only every STRIDE-th of all these tries, from another one
 * on in each transition.
 */
#include <errno.h>
#include <stdarg.h>

#include "tests/faults/files.h"
#include "tests/faults/world.h"
#include "tests/opened.h"

/* What a driver may answer to a call that looks, and to one that changes something. */
static const char *const look_errors[] = { "GPU_IS_LOST", "UNKNOWN", "TIMEOUT",
					   "RESET_REQUIRED", "MEMORY" };
static const char *const change_errors[] = { "IN_USE",           "INSUFFICIENT_RESOURCES",
					     "GPU_IS_LOST",      "TIMEOUT",
					     "NO_PERMISSION",    "NOT_FOUND",
					     "NOT_SUPPORTED",    "INVALID_ARGUMENT",
					     "UNINITIALIZED",    "DRIVER_NOT_LOADED",
					     "OPERATING_SYSTEM", "RESET_REQUIRED",
					     "MEMORY",           "IRQ_ISSUE",
					     "UNKNOWN" };

/* What a driver may answer though it has done what it was asked for. */
static const char *const late_errors[] = { "UNKNOWN", "TIMEOUT", "GPU_IS_LOST",
					   "OPERATING_SYSTEM" };

/* And what from then on it answers to that call. */
static const char *const good_errors[] = { "UNKNOWN", "GPU_IS_LOST", "NO_PERMISSION" };

enum {
	N_GOOD = sizeof(good_errors) / sizeof(good_errors[0]),
	N_LATE = sizeof(late_errors) / sizeof(late_errors[0]),
	N_LOOK = sizeof(look_errors) / sizeof(look_errors[0]),
	N_CHANGE = sizeof(change_errors) / sizeof(change_errors[0])
};

static struct {
	int errors, for_good, kills, on_way_back, in_recovery, file_errors, file_kills;
	int unfinished, went_old, went_new, mixed;
} n;

static int n_seen_of[FILE_CALLS_N];
static const struct transition *now_on;
static unsigned stride = 1, turn;

static bool changes_something(int call)
{
	const char *name = sim_call_name((enum sim_call_id)call);

	return strstr(name, "Create") || strstr(name, "Destroy") || strstr(name, "SetMigMode");
}

/* Is the next one tried? */
static bool is_tried(void)
{
	return turn++ % stride == 0;
}

/* One more try, and what it is. */
__attribute__((format(printf, 1, 2))) static void begin(const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	world_begin(what);
}

/* --- What has to come of it -------------------------------------------------------------- */

static void count(enum world_layout layout)
{
	n.went_old += layout == WORLD_OLD;
	n.went_new += layout == WORLD_NEW;
	n.mixed += layout == WORLD_MIXED;
}

/* Nothing is begun while something is unfinished. Where there is nothing to begin that is no news. */
static void check_refused(void)
{
	const struct outcome o = world_run(false);
	const bool is_told = strstr(o.err.msg, "migctl recover") ||
			     strstr(o.err.msg, "refused, and nothing was changed");

	EXPECT(o.rc < 0 ? is_told : now_on->has_no_steps, "another change was begun: %d, %s",
	       o.rc, o.err.msg);
}

static void check_words(const struct outcome *o, enum world_layout layout)
{
	const bool was_undone = strstr(o->err.msg, "undone") != NULL;

	EXPECT(o->err.msg[0] && o->err.code == -o->rc, "it says \"%s\" with %d", o->err.msg,
	       o->rc);
	if (layout == WORLD_OLD && !now_on->is_independent)
		EXPECT(was_undone == world_has_changed(), "it says \"%s\"", o->err.msg);
}

static void end_unfinished(enum mig_recover_way way)
{
	enum world_layout layout;
	struct outcome o;

	n.unfinished++;
	check_refused();
	o = world_recover(way, false);
	EXPECT(o.rc == 0, "it cannot be recovered: %s", o.err.msg);
	layout = world_check();
	EXPECT(way != MIG_RECOVER_BACK || layout == WORLD_OLD || now_on->is_independent,
	       "it did not go back");
	EXPECT(way != MIG_RECOVER_FORTH || layout == WORLD_NEW, "it did not go forth");
	count(layout);
}

/* What came of a change. */
static void judge(const struct outcome *o, enum mig_recover_way way)
{
	enum world_layout layout;

	if (!o->is_killed && o->rc < 0 && getenv("FAULTS_SHOW"))
		printf("%d: %s\n", o->rc, o->err.msg);
	if (world_is_unfinished()) {
		EXPECT(o->is_killed || o->rc < 0, "it seems to be done, and is unfinished");
		EXPECT(o->is_killed || strstr(o->err.msg, "migctl recover"),
		       "it is unfinished, and says \"%s\"", o->err.msg);
		end_unfinished(way);
		return;
	}
	layout = world_check();
	count(layout);
	if (o->is_killed)
		return;
	EXPECT(o->rc < 0 || layout == WORLD_NEW, "it seems to be done");
	EXPECT(o->rc == 0 || layout != WORLD_NEW, "it seems to have failed: %s", o->err.msg);
	if (o->rc < 0)
		check_words(o, layout);
}

/* --- The driver fails -------------------------------------------------------------------- */

static const char *call_name(int call)
{
	return sim_call_name((enum sim_call_id)call);
}

static void nothing(void)
{
}

static void run_plain(void)
{
	(void)world_run(false);
}

/* A change with one fault of the driver. */
static struct outcome run_with(int call, unsigned at, const char *action, bool is_child)
{
	struct outcome o;

	world_set_fault(call_name(call), at, false, action);
	o = world_run(is_child);
	world_take_faults();
	return o;
}

static void fail_once(int call, unsigned at, const char *action)
{
	struct outcome o;

	begin("%s#%u=%s", call_name(call), at, action);
	o = run_with(call, at, action, false);
	judge(&o, MIG_RECOVER_EITHER);
	n.errors++;
}

/* The way back fails too; and so does a recovery, as long as the driver is so. */
static void fail_for_good(int call, unsigned at, const char *action)
{
	struct outcome o, again = { 0 };

	begin("%s#%u..=%s", call_name(call), at, action);
	world_set_fault(call_name(call), at, true, action);
	o = world_run(false);
	if (world_is_unfinished())
		again = world_recover(MIG_RECOVER_EITHER, false);
	world_take_faults();
	if (again.rc < 0)
		EXPECT(world_is_unfinished(), "a recovery that failed, %s, was the end",
		       again.err.msg);
	if (o.rc < 0 && !world_is_unfinished())
		count(world_check());
	else
		judge(&o, MIG_RECOVER_EITHER);
	n.for_good++;
}

static void each_call_of_the_driver_fails(const unsigned *counts)
{
	for (int call = 0; call < SIM_CALLS; call++) {
		const bool is_change = changes_something(call);
		const char *const *errors = is_change ? change_errors : look_errors;

		for (unsigned at = 1; at <= counts[call]; at++) {
			for (int e = 0; e < (is_change ? N_CHANGE : N_LOOK); e++)
				if (is_tried())
					fail_once(call, at, errors[e]);
			for (int e = 0; is_change && e < N_LATE; e++)
				if (is_tried())
					fail_once(call, at, late_errors[e]);
			for (int e = 0; is_change && e < N_GOOD; e++)
				if (is_tried())
					fail_for_good(call, at, good_errors[e]);
		}
	}
}

/* --- The driver kills -------------------------------------------------------------------- */

static const char *const kills[] = { "kill", "kill:after" };

static enum mig_recover_way next_way(void)
{
	static unsigned way;

	return now_on->is_one_way ? MIG_RECOVER_EITHER : (enum mig_recover_way)(way++ % 3);
}

static void each_call_of_the_driver_kills(const unsigned *counts)
{
	for (int call = 0; call < SIM_CALLS; call++) {
		for (unsigned at = 1; at <= counts[call]; at++) {
			for (int k = 0; k < 1 + changes_something(call); k++) {
				struct outcome o;

				if (!is_tried())
					continue;
				begin("%s#%u=%s", call_name(call), at, kills[k]);
				o = run_with(call, at, kills[k], true);
				EXPECT(o.is_killed, "it was not killed");
				judge(&o, next_way());
				n.kills++;
			}
		}
	}
}

/* --- The way back ------------------------------------------------------------------------ */

/* A call that changes something, which fails or kills first: one that is made whatever comes before. */
static struct {
	int call;
	unsigned at;
} first;

static void fail_first(void)
{
	world_set_fault(call_name(first.call), first.at, false, "INSUFFICIENT_RESOURCES");
	run_plain();
}

/* The last call that changes something fails, and what was before it is undone; on that way each
 * call fails too, or kills. */
static void each_call_on_the_way_back(const unsigned *counts)
{
	static const char *const actions[] = { "UNKNOWN", "UNKNOWN:after", "kill",
					       "kill:after" };
	unsigned back[SIM_CALLS] = { 0 };

	world_count(back, nothing, fail_first);
	for (int call = 0; call < SIM_CALLS; call++) {
		for (unsigned at = counts[call] / 2 + 1; at <= back[call]; at++) {
			for (int i = 0; i < 4; i += changes_something(call) ? 1 : 2) {
				struct outcome o;

				if (!is_tried())
					continue;
				begin("%s#%u fails, and %s#%u=%s", call_name(first.call),
				      first.at, call_name(call), at, actions[i]);
				world_set_fault(call_name(first.call), first.at, false,
						"INSUFFICIENT_RESOURCES");
				o = run_with(call, at, actions[i], i >= 2);
				judge(&o, next_way());
				n.on_way_back++;
			}
		}
	}
}

/* --- Recoveries -------------------------------------------------------------------------- */

static enum mig_recover_way way_tried;

/* Killed before its last change: something is left both to undo and to do. */
static void cut_short(void)
{
	const struct outcome o = run_with(first.call, first.at, "kill", true);

	EXPECT(o.is_killed && world_is_unfinished(), "it was not cut short");
}

static void recover_plain(void)
{
	(void)world_recover(way_tried, false);
}

static void judge_recovery(const struct outcome *o)
{
	n.in_recovery++;
	EXPECT(o->is_killed || (o->rc < 0) == world_is_unfinished(),
	       "a recovery ended with %d, %s", o->rc, o->err.msg);
	if (world_is_unfinished())
		end_unfinished(MIG_RECOVER_EITHER);
	else
		count(world_check());
}

static void each_call_of_a_recovery(void)
{
	static const char *const actions[] = { "UNKNOWN", "UNKNOWN:after", "kill",
					       "kill:after" };
	unsigned counts[SIM_CALLS] = { 0 };

	world_count(counts, cut_short, recover_plain);
	for (int call = 0; call < SIM_CALLS; call++) {
		for (unsigned at = 1; at <= counts[call]; at++) {
			for (int i = 0; i < 4; i += changes_something(call) ? 1 : 2) {
				struct outcome o;

				if (!is_tried())
					continue;
				begin("a recovery (%d), %s#%u=%s", way_tried, call_name(call),
				      at, actions[i]);
				cut_short();
				world_set_fault(call_name(call), at, false, actions[i]);
				o = world_recover(way_tried, i >= 2);
				world_take_faults();
				judge_recovery(&o);
			}
		}
	}
}

/* --- Files ------------------------------------------------------------------------------- */

static const struct {
	enum file_fault_kind kind;
	const char *how;
	bool of_writes_only;
} ends[] = {
	{ FILE_KILLED, "killed before", false },
	{ FILE_KILLED_AFTER, "killed after", false },
	{ FILE_KILLED_HALF, "killed half-way", true },
	{ FILE_SHORT, "half of it", true },
};

static void fault_file(struct file_fault f, enum file_call call, bool is_recovery,
		       const char *how)
{
	const bool is_child = f.kind >= FILE_KILLED;
	struct outcome o;

	if (!is_tried())
		return;
	begin("%s, file call %u, %s: %s%s", is_recovery ? "a recovery" : "a change", f.at,
	      file_call_names[call], how, f.is_ever ? ", for good" : "");
	if (is_recovery)
		cut_short();
	files_arm(&f);
	o = is_recovery ? world_recover(way_tried, is_child) : world_run(is_child);
	files_disarm();
	if (is_recovery)
		judge_recovery(&o);
	else
		judge(&o, MIG_RECOVER_EITHER);
	n.file_kills += o.is_killed;
	n.file_errors += !o.is_killed;
}

/* Return: how many file calls a change or recovery makes. */
static unsigned see_files(bool is_recovery, enum file_call *ret)
{
	unsigned n_seen;

	begin("which files it writes");
	if (is_recovery)
		cut_short();
	files_arm(&(struct file_fault){ .kind = FILE_WELL });
	if (is_recovery)
		recover_plain();
	else
		run_plain();
	n_seen = files_disarm();
	CHECK(n_seen < FILE_SEEN_MAX);
	for (unsigned i = 0; i < n_seen; i++)
		ret[i] = files_seen(i + 1);
	return n_seen;
}

static void each_file_call(bool is_recovery)
{
	enum file_call seen[FILE_SEEN_MAX];
	const unsigned n_seen = see_files(is_recovery, seen);

	for (unsigned i = 0; i < n_seen; i++) {
		const bool is_write = seen[i] == FILE_CALL_write || seen[i] == FILE_CALL_pwrite;
		const int *errors = file_errors[seen[i]];

		for (int e = 0; e < FILE_ERRORS_MAX && errors[e]; e++)
			fault_file((struct file_fault){ .at = i + 1,
							.kind = FILE_FAILED,
							.error = errors[e],
							.is_ever = e % 2 },
				   seen[i], is_recovery, strerror(errors[e]));
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
			if (is_write || !ends[k].of_writes_only)
				fault_file((struct file_fault){ .at = i + 1,
								.kind = ends[k].kind },
					   seen[i], is_recovery, ends[k].how);
		n_seen_of[seen[i]]++;
	}
}

/* --- All of it --------------------------------------------------------------------------- */

/* The last call that changes something, creates before anything else. */
static bool find_first(const unsigned *counts)
{
	static const char *const names[] = {
		"nvmlGpuInstanceCreateComputeInstanceWithPlacement",
		"nvmlGpuInstanceCreateComputeInstance", "nvmlGpuInstanceDestroy",
		"nvmlDeviceSetMigMode"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		first.call = sim_call_find(names[i]);
		first.at = counts[first.call];
		if (first.at)
			return true;
	}
	return false;
}

static void try(const struct transition *t)
{
	unsigned counts[SIM_CALLS] = { 0 };

	now_on = t;
	world_open(t);
	world_count(counts, nothing, run_plain);
	each_call_of_the_driver_fails(counts);
	each_call_of_the_driver_kills(counts);
	each_file_call(false);
	if (find_first(counts) && !t->is_refused) {
		each_call_on_the_way_back(counts);
		for (int way = 0; way < (t->is_one_way ? 1 : 3); way++) {
			way_tried = (enum mig_recover_way)way;
			each_call_of_a_recovery();
			each_file_call(true);
		}
	}
	world_close();
}

int main(int argc, char **argv)
{
	int part = 1, parts = 1, total;

	if (argc > 1)
		CHECK(sscanf(argv[1], "%d/%d", &part, &parts) == 2 && part >= 1);
	if (argc > 2)
		CHECK(sscanf(argv[2], "%u", &stride) == 1 && stride >= 1);
	door_open();
	for (int i = part - 1; i < n_transitions; i += parts) {
		turn = (unsigned)i;
		try(&transitions[i]);
	}
	total = n.errors + n.for_good + n.kills + n.on_way_back + n.in_recovery +
		n.file_errors + n.file_kills;
	printf("%d faults: %d answers of the driver, %d of them for good; %d kills in its calls; "
	       "%d on the way back; %d in recoveries; %d file calls that failed and %d that killed\n"
	       "%d left unfinished and recovered; %d as it was, %d as it was to be, %d each GPU for "
	       "itself\n",
	       total, n.errors + n.for_good, n.for_good, n.kills, n.on_way_back, n.in_recovery,
	       n.file_errors, n.file_kills, n.unfinished, n.went_old, n.went_new, n.mixed);
	CHECK(total > 50 && n.unfinished > 5 && n.went_old > 5 && n.went_new > 5);
	for (int i = 0; i < FILE_CALLS_N; i++) /* does the linker do as it is told? */
		CHECK(n_seen_of[i] > 0);
	mig_catalog_close(catalog);
	return 0;
}
