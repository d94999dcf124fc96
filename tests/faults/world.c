/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/world.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/text.h"
#include "tests/faults/driver_log.h"
#include "tests/faults/layout.h"
#include "tests/opened.h"

enum { HOLDERS_MAX = (GPUS_MAX + 1) * MIG_HOLDERS_MAX };

/* An instance that is in both layouts, by its ids. */
struct kept {
	char name[MIG_INSTANCE_NAME_MAX], uuid[MIG_UUID_MAX];
	int gpu, gi, ci;
};

static const struct transition *now_on;
static const char *name;
static struct mig_machine *machine;
static struct mig_snapshot snap; /* what the change was made from */
static struct mig_change change;
static struct mig_home home;
static struct mig_record record;
static struct layout old, new;
static char exactly[GPUS_MAX][TEXT_MAX]; /* what stood then, places of compute instances too */
static int n_kept;
static struct kept kept[NAMES_MAX];
static pid_t tenant;
static struct sim_tenant *hold; /* what it is on */
static char tried[256];
static bool is_changed;        /* by the driver's log, since world_begin() */
static struct outcome *shared; /* what a child came to */

static struct mig_snapshot look(void)
{
	return snapshot_of(machine);
}

static void print_what_stands(void)
{
	struct mig_snapshot s = look();
	char text[TEXT_MAX];

	for (int i = 0; i < s.n_gpus; i++)
		fprintf(stderr, "  GPU %d: %s; old %s, new %s\n", i,
			layout_stands(&s.gpus[i], false, text), old.text[i], new.text[i]);
	mig_snapshot_free(&s);
}

void world_fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: %s: ", now_on->what, tried);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	if (sim_inject_clear(machine_folder(), name, NULL, NULL) >= 0)
		print_what_stands();
	if (tenant)
		kill(tenant, SIGKILL);
	exit(EXIT_FAILURE);
}

/* --- The record ----------------------------------------------------------------------------- */

/* As the file has it now. */
static void read_record(void)
{
	struct mig_error err = { 0 };

	mig_record_free(&record);
	EXPECT(mig_record_read(&home, &record, &err) == 0, "%s", err.msg);
}

/* By the record as it was read last. */
static bool find(const struct mig_snapshot *s, const char *called, struct mig_ref *ret,
		 int *ret_rc)
{
	*ret_rc = mig_record_find(&record, &home, s, called, ret, NULL);
	return *ret_rc == 0;
}

/* --- The change -------------------------------------------------------------------------- */

/* Everybody who is on a GPU. */
static int holders_of(const struct mig_snapshot *s, struct mig_holder ret[HOLDERS_MAX])
{
	struct mig_error err = { 0 };
	int n = 0;

	for (int i = 0; i < s->n_gpus; i++) {
		const int more = mig_holders(machine, &s->gpus[i], -1, -1, ret + n, &err);

		EXPECT(more >= 0, "%s", err.msg);
		n += more;
	}
	return n;
}

static void make_change(const struct layout *to)
{
	static struct mig_holder holders[HOLDERS_MAX];
	struct mig_named named[GPUS_MAX * NAMES_MAX];
	struct mig_error err = { 0 };
	struct mig_change_hints hints = { .holders = holders, .named = named };

	hints.n_holders = holders_of(&snap, holders);
	for (int i = 0; i < snap.n_gpus; i++)
		hints.n_named += mig_record_named(&record, &home, &snap, i,
						  named + hints.n_named, NAMES_MAX);
	mig_change_free(&change);
	EXPECT(mig_change_make(&snap, to->wanted, &hints, &change, &err) == 0, "%s", err.msg);
}

static int reset_gpu(const struct mig_gpu *gpu, void *arg, struct mig_error *err)
{
	(void)arg;
	return sim_machine_reset(machine_folder(), name, gpu->index, err);
}

/* On, and still off until it is reset. */
static void keep_waiting(int gpu)
{
	nvmlReturn_t status;
	nvmlDevice_t device;

	world_set_fault("nvmlDeviceSetMigMode@activation", 1, false, "IN_USE");
	CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2((unsigned)gpu, &device), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceSetMigMode(device, NVML_DEVICE_MIG_ENABLE, &status),
		 NVML_SUCCESS);
	world_take_faults();
}

/* A reset is a step that is asked for by itself. */
static void make_reset(void)
{
	mig_change_free(&change);
	change = (struct mig_change){ .n_gpus = 1, .n_steps = 1 };
	change.gpus = calloc(1, sizeof(*change.gpus));
	change.steps = calloc(1, sizeof(*change.steps));
	CHECK(change.gpus && change.steps);
	change.steps[0] =
		(struct mig_step){ .kind = MIG_STEP_RESET, .gi = -1, .owner = -1, .ci = -1 };
}

static int run(bool is_renewal, struct mig_error *err)
{
	const struct mig_run_options opt = { .home = &home,
					     .verb = "test",
					     .time_s = 1,
					     .reset = reset_gpu,
					     .is_renewal = is_renewal,
					     .is_independent = now_on->is_independent };

	return mig_change_run(machine, &snap, &change, &opt, err);
}

/* Layouts are of a snapshot's types: an old driver tells of more profiles while MIG is on. */
static void look_anew(void)
{
	mig_snapshot_free(&snap);
	snap = look();
	layout_read(now_on->old, &snap, NULL, &old);
	layout_read(now_on->new, &snap, &old, &new);
}

static void go_to_old(void)
{
	struct mig_error err = { 0 };

	look_anew();
	make_change(&old);
	EXPECT(run(false, &err) == 0, "the old layout: %s", err.msg);
	look_anew();
	read_record();
	for (int i = 0; i < snap.n_gpus; i++) {
		if (old.waits[i])
			keep_waiting(i);
	}
	look_anew();
	for (int i = 0; i < snap.n_gpus; i++)
		EXPECT(layout_is(&old, &snap, i), "GPU %d is not as it was", i);
}

/* --- The driver's log -------------------------------------------------------------------- */

static bool is_at(const char *asked, const char *where)
{
	const size_t n = strlen(where);

	return strncmp(asked, where, n) == 0 && (asked[n] == '\0' || asked[n] == ',');
}

/* A call that would destroy what is kept, whether or not the driver did it. */
static void check_record(const struct sim_log_record *r)
{
	char gi[48], ci[48], gpu[48];

	for (int i = 0; i < n_kept; i++) {
		snprintf(gpu, sizeof(gpu), "GPU %d", kept[i].gpu);
		snprintf(gi, sizeof(gi), "%s GI %d", gpu, kept[i].gi);
		snprintf(ci, sizeof(ci), "%s CI %d", gi, kept[i].ci);
		EXPECT(!(strstr(r->call, "Destroy") &&
			 (is_at(r->asked, gi) || is_at(r->asked, ci))) &&
			       !(strstr(r->call, "SetMigMode") && is_at(r->asked, gpu)),
		       "%s was touched: %s %s", kept[i].name, r->call, r->asked);
	}
	is_changed |= r->result == NVML_SUCCESS;
}

static void read_log(void)
{
	struct sim_log_record r;

	while (driver_log_next(machine_folder(), name, &r))
		check_record(&r);
}

bool world_has_changed(void)
{
	read_log();
	return is_changed;
}

/* --- Faults ------------------------------------------------------------------------------ */

void world_set_fault(const char *call, unsigned n, bool is_for_good, const char *action)
{
	struct mig_error err = { 0 };
	char spec[SIM_SPEC_MAX];

	snprintf(spec, sizeof(spec), "%s#%u%s=%s", call, n, is_for_good ? ".." : "", action);
	EXPECT(sim_inject_fault(machine_folder(), name, spec, &err) == 0, "%s: %s", spec,
	       err.msg);
}

void world_take_faults(void)
{
	struct mig_error err = { 0 };

	EXPECT(sim_inject_clear(machine_folder(), name, NULL, &err) >= 0, "%s", err.msg);
}

void world_count(unsigned counts[SIM_CALLS], void (*before)(void), void (*act)(void))
{
	struct mig_error err = { 0 };
	struct sim_injected in;
	int call = 0;

	while (call < SIM_CALLS) {
		const int first = call;

		world_begin("how many calls it makes");
		before();
		/* Some places are left for faults that @act sets. */
		for (; call < SIM_CALLS && call - first < SIM_FAULTS_MAX - 2; call++)
			world_set_fault(sim_call_name((enum sim_call_id)call), UINT32_MAX - 1,
					false, "UNKNOWN");
		act();
		EXPECT(sim_inject_list(machine_folder(), name, &in, &err) == 0, "%s", err.msg);
		for (int i = 0; i < in.n_faults; i++) {
			if (in.faults[i].first == UINT32_MAX - 1)
				counts[in.faults[i].call] = (uint32_t)in.faults[i].count;
		}
		world_take_faults();
		if (world_is_unfinished())
			world_recover(MIG_RECOVER_EITHER, false);
	}
}

/* --- Opening and closing ----------------------------------------------------------------- */

static void find_kept(void)
{
	for (int i = 0; i < old.n_names; i++) {
		const struct borne *a = &old.names[i], *b = layout_borne(&new, a->name);
		struct kept *k = &kept[n_kept];
		const struct mig_gi *gi;
		struct mig_ref ref;
		int rc;

		if (!b || now_on->is_refused || a->gpu != b->gpu ||
		    a->gi_profile != b->gi_profile || a->gi_start != b->gi_start ||
		    a->ci_profile != b->ci_profile)
			continue;
		EXPECT(find(&snap, a->name, &ref, &rc), "%s is not there", a->name);
		gi = &snap.gpus[ref.gpu].gis[ref.gi];
		*k = (struct kept){ .gpu = ref.gpu, .gi = gi->id, .ci = gi->cis[ref.ci].id };
		text_copy(k->name, sizeof(k->name), a->name);
		text_copy(k->uuid, sizeof(k->uuid), gi->cis[ref.ci].uuid);
		n_kept++;
	}
}

/* A process that is on it until it is killed. */
static void begin_tenant(const char *called)
{
	struct mig_error err = { 0 };
	const struct mig_gi *gi;
	struct mig_ref ref;
	char device[48];
	int rc;

	EXPECT(find(&snap, called, &ref, &rc), "%s is not there", called);
	gi = &snap.gpus[ref.gpu].gis[ref.gi];
	snprintf(device, sizeof(device), "%d/%d/%d", ref.gpu, gi->id, gi->cis[ref.ci].id);
	fflush(NULL);
	tenant = fork();
	CHECK(tenant >= 0);
	if (tenant == 0) {
		pause();
		_exit(0);
	}
	EXPECT(sim_tenant_begin(machine_folder(), name, device, tenant, 1 << 20, &hold, &err) ==
		       0,
	       "%s", err.msg);
}

void world_open(const struct transition *t)
{
	struct mig_error err = { 0 };

	now_on = t;
	snprintf(tried, sizeof(tried), "the beginning");
	name = machine_start(t->spec, t->driver);
	machine = machine_open(name, catalog);
	look_anew();
	EXPECT(mig_home_of(machine, &snap, &home, &err) == 0, "%s", err.msg);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	CHECK(shared != MAP_FAILED);
	read_record();
	go_to_old();
	n_kept = 0;
	read_log();
	find_kept();
	CHECK(!t->held == !n_kept || t->is_refused);
	if (t->held)
		begin_tenant(t->held);
}

void world_close(void)
{
	if (tenant) {
		kill(tenant, SIGKILL);
		CHECK(waitpid(tenant, NULL, 0) == tenant);
		tenant = 0;
		sim_tenant_end(hold);
	}
	munmap(shared, sizeof(*shared));
	driver_log_close();
	mig_record_free(&record);
	mig_change_free(&change);
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
	machine_stop();
	now_on = NULL;
}

/* --- Trying ------------------------------------------------------------------------------ */

void world_begin(const char *what)
{
	bool is_old = true;
	struct mig_ref ref;
	int rc;

	snprintf(tried, sizeof(tried), "%s", what);
	look_anew();
	read_record();
	for (int i = 0; i < snap.n_gpus; i++)
		is_old &= layout_is(&old, &snap, i);
	for (int i = 0; i < old.n_names && is_old; i++)
		is_old = find(&snap, old.names[i].name, &ref, &rc);
	if (!is_old)
		go_to_old();
	for (int i = 0; i < snap.n_gpus; i++)
		layout_stands(&snap.gpus[i], true, exactly[i]);
	if (old.waits[0])
		make_reset();
	else
		make_change(&new);
	read_log();
	is_changed = false;
}

/* In a process of its own, which may be killed over it. */
static struct outcome in_child(struct outcome (*act)(enum mig_recover_way way),
			       enum mig_recover_way way)
{
	struct outcome ret = { 0 };
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		*shared = act(way);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		ret.is_killed = true;
		return ret;
	}
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it ended with status %#x",
	       status);
	return *shared;
}

static struct outcome run_here(enum mig_recover_way way)
{
	struct outcome o = { 0 };

	(void)way;
	o.rc = run(now_on->is_renewal, &o.err);
	return o;
}

static struct outcome recover_here(enum mig_recover_way way)
{
	const struct mig_recover_options opt = { .way = way, .time_s = 2, .reset = reset_gpu };
	struct mig_recovered recovered = { 0 };
	struct outcome o = { 0 };

	o.rc = mig_recover(machine, &home, &opt, &recovered, &o.err);
	o.n_left = recovered.n_left;
	mig_recovered_free(&recovered);
	return o;
}

struct outcome world_run(bool is_child)
{
	return is_child ? in_child(run_here, MIG_RECOVER_EITHER) : run_here(MIG_RECOVER_EITHER);
}

struct outcome world_recover(enum mig_recover_way way, bool is_child)
{
	return is_child ? in_child(recover_here, way) : recover_here(way);
}

bool world_is_unfinished(void)
{
	struct mig_error err = { 0 };
	struct mig_unfinished u;
	const int rc = mig_unfinished_look(&home, &u, &err);

	EXPECT(rc >= 0, "is it unfinished? %s", err.msg);
	return rc;
}

/* --- Checking ---------------------------------------------------------------------------- */

static void check_tenant(const struct mig_snapshot *s)
{
	static struct mig_holder holders[HOLDERS_MAX];
	bool is_on = false;
	int n;

	if (!tenant)
		return;
	EXPECT(waitpid(tenant, NULL, WNOHANG) == 0, "the tenant died");
	n = holders_of(s, holders);
	for (int i = 0; i < n; i++)
		is_on |= holders[i].pid == tenant;
	EXPECT(is_on, "the tenant has lost its device");
}

static void check_kept(const struct mig_snapshot *s)
{
	for (int i = 0; i < n_kept; i++) {
		const struct kept *k = &kept[i];
		const struct mig_gi *gi;
		struct mig_ref ref;
		int rc;

		EXPECT(find(s, k->name, &ref, &rc), "%s: %s", k->name, mig_error_name(rc));
		gi = &s->gpus[ref.gpu].gis[ref.gi];
		EXPECT(ref.gpu == k->gpu && gi->id == k->gi && gi->cis[ref.ci].id == k->ci &&
			       strcmp(gi->cis[ref.ci].uuid, k->uuid) == 0,
		       "%s is another now", k->name);
	}
}

/* Each name is where its layout has it, and nowhere if that has none. */
static void check_names(const struct mig_snapshot *s, const bool *is_new)
{
	const struct layout *both[] = { &old, &new };

	for (int l = 0; l < 2; l++) {
		for (int i = 0; i < both[l]->n_names; i++) {
			const char *called = both[l]->names[i].name;
			const struct borne *b = NULL;
			struct mig_ref ref;
			int rc;

			for (int k = 0; k < 2 && !b; k++) {
				b = layout_borne(both[k], called);
				b = b && is_new[b->gpu] == (k == 1) ? b : NULL;
			}
			EXPECT(find(s, called, &ref, &rc) == !!b && (b || rc == -MIG_E_NOENT),
			       "the name %s: %s", called,
			       rc ? mig_error_name(rc) : "it is borne");
			EXPECT(!b || (ref.gpu == b->gpu &&
				      s->gpus[ref.gpu].gis[ref.gi].profile == b->gi_profile &&
				      s->gpus[ref.gpu].gis[ref.gi].start == b->gi_start &&
				      s->gpus[ref.gpu].gis[ref.gi].cis[ref.ci].profile ==
					      b->ci_profile),
			       "the name %s is borne by another", called);
		}
	}
}

/* The order of names decides, where the layouts are the same. */
static bool is_new_by_names(const struct mig_snapshot *s)
{
	for (int i = 0; i < new.n_names; i++) {
		struct mig_ref ref;
		int rc;

		if (!layout_borne(&old, new.names[i].name) &&
		    find(s, new.names[i].name, &ref, &rc))
			return true;
	}
	return false;
}

enum world_layout world_check(void)
{
	bool is_new[GPUS_MAX], is_any_new = false, is_any_old = false;
	struct mig_snapshot s = look();
	char text[TEXT_MAX];

	EXPECT(!world_is_unfinished(), "it is unfinished");
	read_record();
	for (int i = 0; i < s.n_gpus; i++) {
		const bool is_same = strcmp(old.text[i], new.text[i]) == 0;

		is_new[i] = is_same ? is_new_by_names(&s) : layout_is(&new, &s, i);
		EXPECT(is_new[i] ||
			       strcmp(layout_stands(&s.gpus[i], true, text), exactly[i]) == 0,
		       "GPU %d is neither as it was (%s) nor as it was to be", i, exactly[i]);
		if (is_same && s.n_gpus > 1)
			continue;
		is_any_new |= is_new[i];
		is_any_old |= !is_new[i];
	}
	EXPECT(now_on->is_independent || is_any_new != is_any_old,
	       "some GPUs are as they were, and some are not");
	EXPECT(!(now_on->is_refused && is_any_new), "what is held is gone");
	check_names(&s, is_new);
	check_kept(&s);
	check_tenant(&s);
	read_log();
	mig_snapshot_free(&s);
	return is_any_new && is_any_old ? WORLD_MIXED : is_any_new ? WORLD_NEW : WORLD_OLD;
}
