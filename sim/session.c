/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/session.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/text.h"
#include "sim/log.h"
#include "sim/tree_state.h"

/* `changing` is taken first, by whoever changes the machine or starts or ends the session;
 * `mutex` guards everything below it. A change waits for other processes with `changing`
 * alone, so that readers go on. */
static struct {
	pthread_mutex_t changing, mutex;
	unsigned n_inits; /* nvmlInit nests: each one needs its own shutdown */
	uint64_t n_calls; /* since the library was loaded; see write_calls() */
	struct sim_image image;
	struct sim_log log;
	struct sim_version driver;
	uint32_t boot, mark;
	bool has_view;
	uint64_t seq; /* which state the view is */
	struct sim_half view;
	bool is_chosen;                  /* by select(); otherwise the environment says */
	char chosen[4096];               /* path of the image chosen */
	char current[4096];              /* path of the image open */
	char folder[4096];               /* of that image */
	char name[SIM_NAME_MAX], id[40]; /* of the machine last open: callers keep pointers */
} session = { .changing = PTHREAD_MUTEX_INITIALIZER,
	      .mutex = PTHREAD_MUTEX_INITIALIZER,
	      .image = { .fd = -1 },
	      .log = SIM_LOG_CLOSED };

static struct sim_half next; /* the state being made; guarded by `changing` */

const struct sim_fixed *sim_fixed(void)
{
	return session.image.fixed;
}

const struct sim_half *sim_view(void)
{
	return &session.view;
}

const struct sim_image *sim_image(void)
{
	return &session.image;
}

const struct sim_version *sim_driver(void)
{
	return &session.driver;
}

bool sim_is_privileged(void)
{
	return sim_image_is_privileged(&session.image);
}

uint32_t sim_session_boot(void)
{
	return session.boot;
}

uint32_t sim_session_mark(void)
{
	return session.mark;
}

/* --- Calls ------------------------------------------------------------------------------ */

static nvmlReturn_t refresh(void)
{
	if (session.has_view && sim_image_seq(&session.image) == session.seq)
		return NVML_SUCCESS;
	session.has_view =
		sim_image_read(&session.image, &session.view, &session.seq, NULL) == 0;
	return session.has_view ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}

/* The driver branch that first had a call, and the call's name: abi/nvml.def. */
static const struct {
	unsigned since;
	const char *name;
} calls[SIM_CALLS] = {
#define NVML_FN(use, branch, symbol, args) { branch, #symbol },
#include "abi/nvml.def"
#undef NVML_FN
};

static nvmlReturn_t is_ready(enum sim_call_id id)
{
	if (session.n_inits == 0)
		return NVML_ERROR_UNINITIALIZED;
	if (session.driver.branch < calls[id].since)
		return NVML_ERROR_FUNCTION_NOT_FOUND;
	return refresh();
}

static void record(const struct sim_deed *deed, int result)
{
	const struct sim_log_entry entry = { .call = calls[deed->call].name,
					     .asked = deed->asked,
					     .made = deed->made,
					     .result = result };

	sim_log_write(&session.log, session.current, session.image.fd, session.image.owner,
		      &entry);
}

static void die(const struct sim_deed *deed)
{
	if (deed)
		record(deed, SIM_LOG_KILLED);
	kill(getpid(), SIGKILL);
}

static void pass_time(uint64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* What is in store for the call. Delays pass with no lock held. */
static void suffer(enum sim_call_id id, const struct sim_deed *deed, struct sim_call *call)
{
	struct sim_faults *faults = sim_image_faults(&session.image);

	call->fate = sim_fault_take(faults, session.image.is_writable, id);
	if (!deed)
		call->fate.delay_ns += sim_fault_latency_ns(faults, id, -1, -1);
	if (call->fate.delay_ns) {
		pthread_mutex_unlock(&session.mutex);
		pass_time(call->fate.delay_ns);
		pthread_mutex_lock(&session.mutex);
		call->rc = is_ready(id);
		if (call->rc != NVML_SUCCESS)
			return;
	}
	if (call->fate.is_killed)
		die(deed);
	call->rc = call->fate.rc;
	if (deed && call->rc != NVML_SUCCESS)
		record(deed, (int)call->rc);
}

/* With SUCCESS the mutex is held. */
static struct sim_call enter(enum sim_call_id id, const struct sim_deed *deed)
{
	struct sim_call call = { .rc = NVML_SUCCESS };

	pthread_mutex_lock(&session.mutex);
	call.rc = is_ready(id);
	if (call.rc == NVML_SUCCESS && sim_fault_is_any(sim_image_faults(&session.image)))
		suffer(id, deed, &call);
	if (call.rc != NVML_SUCCESS)
		pthread_mutex_unlock(&session.mutex);
	return call;
}

static void count_call(void)
{
	__atomic_fetch_add(&session.n_calls, 1, __ATOMIC_RELAXED);
}

struct sim_call sim_enter(enum sim_call_id id)
{
	count_call();
	return enter(id, NULL);
}

void sim_leave(const struct sim_call *call)
{
	if (call->rc == NVML_SUCCESS)
		pthread_mutex_unlock(&session.mutex);
}

nvmlReturn_t sim_alive(struct sim_alive *ret)
{
	/* A row may change hands while it is asked for: ask again until the state stood still. */
	do {
		SIM_TRY(refresh());
		for (uint32_t i = 0; i < session.view.n_holds; i++)
			ret->is[i] = session.view.holds[i].pid &&
				     sim_image_is_held(&session.image, i);
	} while (session.view.n_holds && sim_image_seq(&session.image) != session.seq);
	return NVML_SUCCESS;
}

/* --- Changes ---------------------------------------------------------------------------- */

/* Only what is in use is copied and compared: a machine of one GPU is small. */
static void copy_half(struct sim_half *dst, const struct sim_half *src, uint32_t n_gpus)
{
	memcpy(dst, src, offsetof(struct sim_half, holds));
	memcpy(dst->holds, src->holds, src->n_holds * sizeof(src->holds[0]));
	memcpy(dst->gpus, src->gpus, n_gpus * sizeof(src->gpus[0]));
}

static bool is_same_half(const struct sim_half *a, const struct sim_half *b, uint32_t n_gpus)
{
	return memcmp(a, b, offsetof(struct sim_half, holds)) == 0 &&
	       memcmp(a->holds, b->holds, a->n_holds * sizeof(a->holds[0])) == 0 &&
	       memcmp(a->gpus, b->gpus, n_gpus * sizeof(a->gpus[0])) == 0;
}

typedef nvmlReturn_t apply_fn(struct sim_half *half, void *arg);

static nvmlReturn_t attempt(apply_fn *apply, void *arg)
{
	copy_half(&next, &session.view, session.image.fixed->n_gpus);
	sim_state_sweep(&session.image, &next);
	return apply(&next, arg);
}

static nvmlReturn_t become_writer(void)
{
	int rc;

	/* The descriptor of a forked child is its parent's: so would be the lock. */
	if (session.image.pid != getpid() && sim_image_own(&session.image) < 0)
		return NVML_ERROR_UNKNOWN;
	rc = sim_image_lock(&session.image, NULL);
	if (rc == -MIG_E_PERM)
		return NVML_ERROR_NO_PERMISSION;
	return rc < 0 ? NVML_ERROR_UNKNOWN : NVML_SUCCESS;
}

static nvmlReturn_t publish(const struct sim_deed *deed, apply_fn *apply, void *arg,
			    uint64_t seq)
{
	nvmlReturn_t rc = refresh();

	if (rc == NVML_SUCCESS && session.seq != seq)
		rc = attempt(apply, arg);
	record(deed, (int)rc);
	if (rc != NVML_SUCCESS)
		return rc;
	if (is_same_half(&next, &session.view, session.image.fixed->n_gpus))
		return NVML_SUCCESS;
	sim_image_publish(&session.image, &next);
	return refresh();
}

/* What it would come to, tried without the image's lock. */
static nvmlReturn_t try_change(struct sim_deed *deed, apply_fn *apply, void *arg,
			       uint64_t *ret_seq, uint64_t *ret_delay_ns)
{
	const struct sim_faults *faults;
	nvmlReturn_t rc;

	pthread_mutex_lock(&session.mutex);
	rc = is_ready(deed->call);
	if (rc == NVML_SUCCESS)
		rc = attempt(apply, arg);
	*ret_seq = session.seq;
	*ret_delay_ns = 0;
	if (rc == NVML_SUCCESS) {
		faults = sim_image_faults(&session.image);
		if (sim_fault_is_any(faults))
			*ret_delay_ns =
				sim_fault_latency_ns(faults, deed->call,
						     (int)sim_fixed()->gpus[deed->gpu].type,
						     deed->slices);
	} else if (session.n_inits > 0) {
		record(deed, (int)rc);
	}
	pthread_mutex_unlock(&session.mutex);
	return rc;
}

static nvmlReturn_t make_change(struct sim_deed *deed, apply_fn *apply, void *arg, uint64_t seq)
{
	nvmlReturn_t rc = become_writer();

	pthread_mutex_lock(&session.mutex);
	if (rc != NVML_SUCCESS) {
		record(deed, (int)rc);
		pthread_mutex_unlock(&session.mutex);
		return rc;
	}
	rc = publish(deed, apply, arg, seq);
	pthread_mutex_unlock(&session.mutex);
	sim_image_unlock(&session.image);
	return rc;
}

/* The call takes its time before the image is locked; another thread may change it then,
 * and even end the session. */
static nvmlReturn_t change(struct sim_deed *deed, apply_fn *apply, void *arg)
{
	uint64_t seq, delay_ns;

	SIM_TRY(try_change(deed, apply, arg, &seq, &delay_ns));
	if (delay_ns) {
		pthread_mutex_unlock(&session.changing);
		pass_time(delay_ns);
		pthread_mutex_lock(&session.changing);
		SIM_TRY(try_change(deed, apply, arg, &seq, &delay_ns));
	}
	return make_change(deed, apply, arg, seq);
}

nvmlReturn_t sim_change(struct sim_deed *deed, apply_fn *apply, void *arg)
{
	struct sim_call call;
	nvmlReturn_t rc;

	count_call();
	call = enter(deed->call, deed);
	sim_leave(&call);
	if (call.rc != NVML_SUCCESS)
		return call.rc;
	deed->has_answer = call.fate.has_answer;
	deed->answer = call.fate.answer;
	pthread_mutex_lock(&session.changing);
	rc = change(deed, apply, arg);
	if (rc == NVML_SUCCESS)
		sim_tree_follow(&session.image, session.current);
	if (rc == NVML_SUCCESS && call.fate.is_killed_after)
		die(NULL); /* its record is there */
	pthread_mutex_unlock(&session.changing);
	return rc == NVML_SUCCESS ? call.fate.rc_after : rc;
}

/* With both mutexes held. */
static bool has_dead(void)
{
	struct sim_alive alive;

	if (session.n_inits == 0 || sim_alive(&alive) != NVML_SUCCESS)
		return false;
	for (uint32_t i = 0; i < session.view.n_holds; i++)
		if (session.view.holds[i].pid && !alive.is[i])
			return true;
	return false;
}

static bool is_burial_due(void)
{
	bool is_due;

	pthread_mutex_lock(&session.mutex);
	is_due = has_dead();
	pthread_mutex_unlock(&session.mutex);
	return is_due;
}

static nvmlReturn_t bury(struct sim_half *half, void *arg)
{
	(void)half;
	(void)arg;
	return NVML_SUCCESS;
}

void sim_bury(void)
{
	pthread_mutex_lock(&session.changing);
	if (is_burial_due() && become_writer() == NVML_SUCCESS) {
		pthread_mutex_lock(&session.mutex);
		if (refresh() == NVML_SUCCESS && attempt(bury, NULL) == NVML_SUCCESS)
			sim_image_publish(&session.image, &next);
		pthread_mutex_unlock(&session.mutex);
		sim_image_unlock(&session.image);
	}
	pthread_mutex_unlock(&session.changing);
}

/* --- Which machine ---------------------------------------------------------------------- */

static int image_path(const char *dir, const char *name, char *buf, size_t len)
{
	int n;

	if (!dir || !*dir || !name || !sim_name_ok(name))
		return EINVAL;
	n = snprintf(buf, len, "%s/%s/image", dir, name);
	return n > 0 && (size_t)n < len ? 0 : ENAMETOOLONG;
}

/* The path of the image to open; false: no machine is named. */
static bool named_image(char *buf, size_t len)
{
	if (session.is_chosen)
		return text_copy(buf, len, session.chosen);
	return image_path(secure_getenv("MIGCTL_SIM_DIR"), secure_getenv("MIGCTL_SIM"), buf,
			  len) == 0;
}

static nvmlReturn_t open_failed(int rc, const struct mig_error *err)
{
	if (rc == -MIG_E_PERM)
		return NVML_ERROR_NO_PERMISSION;
	if (rc == -MIG_E_MACHINE && err->nvml)
		return err->nvml;
	return rc == -MIG_E_NOMEM ? NVML_ERROR_MEMORY : NVML_ERROR_DRIVER_NOT_LOADED;
}

static uint32_t mark_of(const char *id)
{
	uint32_t mark = 2166136261U; /* FNV-1a */

	for (; *id; id++)
		mark = (mark ^ (unsigned char)*id) * 16777619U;
	return mark;
}

static void close_image(void)
{
	sim_image_close(&session.image);
	sim_log_close(&session.log);
	session.has_view = false;
}

static nvmlReturn_t open_image(void)
{
	struct mig_error err = { 0 };
	int rc;

	if (!named_image(session.current, sizeof(session.current)))
		return NVML_ERROR_DRIVER_NOT_LOADED;
	rc = sim_image_open(session.current, &session.image, &err);
	if (rc < 0)
		return open_failed(rc, &err);
	if (refresh() != NVML_SUCCESS || session.view.is_removed) {
		close_image();
		return NVML_ERROR_DRIVER_NOT_LOADED;
	}
	sim_version_parse(sim_fixed()->driver, &session.driver);
	session.boot = session.view.boot;
	session.mark = mark_of(sim_fixed()->id);
	text_copy(session.name, sizeof(session.name), sim_fixed()->name);
	text_copy(session.id, sizeof(session.id), sim_fixed()->id);
	text_copy(session.folder, sizeof(session.folder), session.current);
	session.folder[strlen(session.folder) - strlen("/image")] = '\0';
	sim_index_reset();
	return NVML_SUCCESS;
}

static nvmlReturn_t init(void)
{
	nvmlReturn_t rc = NVML_SUCCESS;

	pthread_mutex_lock(&session.changing);
	pthread_mutex_lock(&session.mutex);
	if (session.n_inits == 0)
		rc = open_image();
	if (rc == NVML_SUCCESS)
		session.n_inits++;
	pthread_mutex_unlock(&session.mutex);
	pthread_mutex_unlock(&session.changing);
	return rc;
}

static void shut_down(void)
{
	pthread_mutex_lock(&session.changing);
	pthread_mutex_lock(&session.mutex);
	if (session.n_inits > 0 && --session.n_inits == 0)
		close_image();
	pthread_mutex_unlock(&session.mutex);
	pthread_mutex_unlock(&session.changing);
}

nvmlReturn_t sim_session_init(enum sim_call_id id)
{
	struct sim_call call;

	SIM_TRY(init());
	call = enter(id, NULL);
	sim_leave(&call);
	if (call.rc != NVML_SUCCESS)
		shut_down();
	return call.rc;
}

nvmlReturn_t sim_session_shutdown(void)
{
	const struct sim_call call = enter(SIM_CALL_nvmlShutdown, NULL);

	sim_leave(&call);
	if (call.fate.rc != NVML_SUCCESS)
		return call.fate.rc;
	shut_down();
	return NVML_SUCCESS;
}

void sim_session_driver(char *buf, size_t len)
{
	struct sim_image img;
	char path[4096];

	text_copy(buf, len, SIM_DEFAULT_DRIVER);
	pthread_mutex_lock(&session.mutex);
	if (session.n_inits > 0) {
		text_copy(buf, len, sim_fixed()->driver);
	} else if (named_image(path, sizeof(path)) && sim_image_open(path, &img, NULL) == 0) {
		text_copy(buf, len, img.fixed->driver);
		sim_image_close(&img);
	}
	pthread_mutex_unlock(&session.mutex);
}

bool sim_session_has(enum sim_feature feature)
{
	bool has;

	pthread_mutex_lock(&session.mutex);
	has = session.n_inits == 0 || sim_version_has(&session.driver, feature);
	pthread_mutex_unlock(&session.mutex);
	return has;
}

/* --- The marker ------------------------------------------------------------------------- */

static int choose(const char *path)
{
	if (session.n_inits > 0)
		return strcmp(path, session.current) == 0 ? 0 : EBUSY;
	text_copy(session.chosen, sizeof(session.chosen), path);
	session.is_chosen = true;
	return 0;
}

static int marker_select(const char *dir, const char *name)
{
	char path[sizeof(session.chosen)];
	int rc = image_path(dir, name, path, sizeof(path));

	if (rc == 0 && access(path, R_OK) < 0)
		rc = errno;
	if (rc != 0)
		return rc;
	pthread_mutex_lock(&session.mutex);
	rc = choose(path);
	pthread_mutex_unlock(&session.mutex);
	return rc;
}

static const char *while_open(const char *text)
{
	bool is_open;

	pthread_mutex_lock(&session.mutex);
	is_open = session.n_inits > 0;
	pthread_mutex_unlock(&session.mutex);
	return is_open ? text : NULL;
}

static const char *marker_name(void)
{
	return while_open(session.name);
}

static const char *marker_id(void)
{
	return while_open(session.id);
}

static int marker_is_assumed(void)
{
	int is_assumed;

	pthread_mutex_lock(&session.mutex);
	is_assumed = session.n_inits > 0 && sim_fixed()->is_assumed;
	pthread_mutex_unlock(&session.mutex);
	return is_assumed;
}

static unsigned marker_boot(void)
{
	unsigned boot;

	pthread_mutex_lock(&session.mutex);
	boot = session.n_inits > 0 ? session.boot : 0;
	pthread_mutex_unlock(&session.mutex);
	return boot;
}

static const char *marker_folder(void)
{
	return while_open(session.folder);
}

SIM_EXPORT extern const struct migctl_sim_marker migctl_sim_marker;
const struct migctl_sim_marker migctl_sim_marker = { .version = 2,
						     .select = marker_select,
						     .name = marker_name,
						     .id = marker_id,
						     .is_assumed = marker_is_assumed,
						     .boot = marker_boot,
						     .folder = marker_folder };

/* --- Loading, forking, unloading ---------------------------------------------------------- */

static void lock_all(void)
{
	pthread_mutex_lock(&session.changing);
	pthread_mutex_lock(&session.mutex);
}

static void unlock_all(void)
{
	pthread_mutex_unlock(&session.mutex);
	pthread_mutex_unlock(&session.changing);
}

__attribute__((constructor)) static void loaded(void)
{
	/* A child must not inherit a lock whose owner it does not have. */
	pthread_atfork(lock_all, unlock_all, unlock_all);
}

/* For whoever measures how often a program asks the driver: a line a process, in the file
 * that MIGCTL_SIM_CALLS names. Changing calls are counted once, init and shutdown are not. */
static void write_calls(void)
{
	const char *path = secure_getenv("MIGCTL_SIM_CALLS");
	FILE *f = path && session.n_calls ? fopen(path, "ae") : NULL;

	if (!f)
		return;
	fprintf(f, "%llu\n", (unsigned long long)session.n_calls);
	fclose(f);
}

__attribute__((destructor)) static void unloaded(void)
{
	/* At exit another thread may still be in a call, which then keeps what it uses. */
	if (pthread_mutex_trylock(&session.changing) != 0)
		return;
	if (pthread_mutex_trylock(&session.mutex) == 0) {
		write_calls();
		session.n_inits = 0;
		close_image();
		pthread_mutex_unlock(&session.mutex);
	}
	pthread_mutex_unlock(&session.changing);
}
