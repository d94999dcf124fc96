/* SPDX-License-Identifier: Apache-2.0 */
/* What can be made to go wrong is seen to go wrong, by a client and in the machine's log. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/inject.h"
#include "sim/log.h"
#include "tests/door.h"

enum { A100_7G = 0, A100_1G = 19, A100_3G = 9 }; /* profile ids */

static const char *name;
static nvmlDevice_t device;

static void begin(void)
{
	name = machine_start("2xA100-SXM4-80GB", NULL);
	device = mig_on(0);
}

static void fault(const char *spec)
{
	struct mig_error err = { 0 };

	if (sim_inject_fault(machine_folder(), name, spec, &err) < 0) {
		fprintf(stderr, "%s: %s\n", spec, err.msg);
		exit(EXIT_FAILURE);
	}
}

static void clear(void)
{
	CHECK(sim_inject_clear(machine_folder(), name, NULL, NULL) >= 0);
}

static nvmlReturn_t create(unsigned profile)
{
	nvmlGpuInstance_t gi;

	return nv.nvmlDeviceCreateGpuInstance(device, profile, &gi);
}

static unsigned count(unsigned profile)
{
	nvmlGpuInstance_t gis[8];
	unsigned n = 8;

	CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, profile, gis, &n), NVML_SUCCESS);
	return n;
}

static nvmlReturn_t mode(void)
{
	unsigned current, pending;

	return nv.nvmlDeviceGetMigMode(device, &current, &pending);
}

/* --- Errors ------------------------------------------------------------------------------- */

static void a_fault_strikes_every_call_until_it_is_cleared(void)
{
	begin();
	fault("nvmlDeviceGetMigMode=TIMEOUT");
	for (int i = 0; i < 3; i++)
		CHECK_RC(mode(), NVML_ERROR_TIMEOUT);
	clear();
	CHECK_RC(mode(), NVML_SUCCESS);
	machine_stop();
}

static void the_nth_call_alone_is_struck(void)
{
	begin();
	fault("nvmlDeviceGetMigMode#2=NVML_ERROR_IN_USE");
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK_RC(mode(), NVML_ERROR_IN_USE);
	CHECK_RC(mode(), NVML_SUCCESS);
	fault("nvmlDeviceGetMigMode#2..=42");
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK_RC(mode(), (nvmlReturn_t)42);
	CHECK_RC(mode(), (nvmlReturn_t)42);
	machine_stop();
}

static void a_change_that_fails_by_a_fault_changes_nothing(void)
{
	begin();
	fault("nvmlDeviceCreateGpuInstance#1=INSUFFICIENT_RESOURCES");
	CHECK_RC(create(A100_7G), NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_EQ(count(A100_7G), 0);
	fault("nvmlDeviceCreateGpuInstance#1=TIMEOUT:after");
	CHECK_RC(create(A100_7G), NVML_ERROR_TIMEOUT);
	CHECK_EQ(count(A100_7G), 1);
	machine_stop();
}

static void every_call_can_be_struck(void)
{
#define NVML_FN(use, since, symbol, args) #symbol,
	static const char *const names[] = {
#include "abi/nvml.def"
	};
#undef NVML_FN
	struct sim_fault f;
	char spec[SIM_SPEC_MAX], back[SIM_SPEC_MAX];

	CHECK_EQ(sizeof(names) / sizeof(names[0]), SIM_CALLS);
	for (int i = 0; i < SIM_CALLS; i++) {
		snprintf(spec, sizeof(spec), "%s#7=IN_USE", names[i]);
		CHECK(sim_fault_parse(spec, &f, NULL) == 0);
		CHECK_EQ(f.call, i);
		CHECK(strcmp(sim_fault_format(&f, back, sizeof(back)), spec) == 0);
	}
}

static void starting_and_ending_can_fail_too(void)
{
	begin();
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	fault("nvmlInit_v2#1=LIB_RM_VERSION_MISMATCH");
	CHECK_RC(nv.nvmlInit_v2(), NVML_ERROR_LIB_RM_VERSION_MISMATCH);
	CHECK_RC(mode(), NVML_ERROR_UNINITIALIZED);
	CHECK_RC(nv.nvmlInit_v2(), NVML_SUCCESS);
	fault("nvmlShutdown#1=UNKNOWN");
	CHECK_RC(nv.nvmlShutdown(), NVML_ERROR_UNKNOWN);
	CHECK_RC(mode(), NVML_SUCCESS);
	machine_stop();
}

static void an_activation_status_leaves_the_mode_pending(void)
{
	nvmlReturn_t status;
	unsigned current, pending;

	begin();
	fault("nvmlDeviceSetMigMode@activation#1=RESET_REQUIRED");
	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(1), 1, &status), NVML_SUCCESS);
	CHECK_EQ(status, NVML_ERROR_RESET_REQUIRED);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(1), &current, &pending), NVML_SUCCESS);
	CHECK_EQ(current, 0);
	CHECK_EQ(pending, 1);
	machine_stop();
}

/* --- Several processes -------------------------------------------------------------------- */

/* A process that asks for the mode @n times. Return: how often it was refused. */
static int ask_elsewhere(int n)
{
	int refused = 0, status;
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < n; i++)
			refused += mode() != NVML_SUCCESS;
		_exit(refused);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void calls_are_counted_over_all_processes(void)
{
	enum { PROCESSES = 4, ASKS = 200 };
	struct sim_injected in;
	pid_t children[PROCESSES];
	int refused = 0, status;

	begin();
	fault("nvmlDeviceGetMigMode#2=IN_USE");
	CHECK_EQ(ask_elsewhere(1), 0);
	CHECK_RC(mode(), NVML_ERROR_IN_USE);
	CHECK_EQ(ask_elsewhere(1), 0);

	fault("nvmlDeviceGetMigMode#401=TIMEOUT"); /* at once, one of them in the midst */
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			for (int k = 0; k < ASKS; k++)
				refused += mode() == NVML_ERROR_TIMEOUT;
			_exit(refused);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		CHECK(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status));
		refused += WEXITSTATUS(status);
	}
	CHECK_EQ(refused, 1);
	CHECK(sim_inject_list(machine_folder(), name, &in, NULL) == 0);
	CHECK_EQ((uint32_t)in.faults[in.n_faults - 1].count, PROCESSES * ASKS);
	machine_stop();
}

static void create_elsewhere(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		create(A100_7G);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_kill_leaves_the_old_state_or_the_new(void)
{
	begin();
	fault("nvmlDeviceCreateGpuInstance#1=kill");
	create_elsewhere();
	CHECK_EQ(count(A100_7G), 0);
	fault("nvmlDeviceCreateGpuInstance#1=kill:after");
	create_elsewhere();
	CHECK_EQ(count(A100_7G), 1);
	CHECK_RC(create(A100_1G), NVML_ERROR_INSUFFICIENT_RESOURCES); /* nobody has the lock */
	machine_stop();
}

/* --- Time --------------------------------------------------------------------------------- */

/* How many calls the newest fault has seen. */
static unsigned n_seen(void)
{
	struct sim_injected in;

	CHECK(sim_inject_list(machine_folder(), name, &in, NULL) == 0 && in.n_faults > 0);
	return (uint32_t)in.faults[in.n_faults - 1].count;
}

static void *create_slowly(void *arg)
{
	(void)arg;
	create(A100_3G);
	return NULL;
}

/* A process of two threads: one is in a call that takes an hour, the other one looks. */
static pid_t start_slow_process(void)
{
	pthread_t thread;
	pid_t child = fork();

	if (child != 0)
		return child;
	if (pthread_create(&thread, NULL, create_slowly, NULL) != 0)
		_exit(1);
	while (n_seen() == 0)
		usleep(1000);
	if (mode() != NVML_SUCCESS)
		_exit(1);
	raise(SIGSTOP); /* tells the parent that it came so far */
	for (;;)
		pause();
}

/* The newest fault counts the calls of the slow one. */
static void others_go_on(void)
{
	nvmlReturn_t status;
	pid_t slow = start_slow_process();
	int how;

	CHECK(waitpid(slow, &how, WUNTRACED) == slow && WIFSTOPPED(how));
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(1), 1, &status), NVML_SUCCESS);
	CHECK_RC(create(A100_1G), NVML_SUCCESS);
	CHECK_EQ(count(A100_3G), 0); /* it is still on its way */
	CHECK(kill(slow, SIGKILL) == 0 && waitpid(slow, &how, 0) == slow);
	CHECK_EQ(count(A100_3G), 0);
}

static void a_call_that_hangs_holds_nobody_up(void)
{
	begin();
	fault("nvmlDeviceCreateGpuInstance#1=hang:60min");
	others_go_on();
	machine_stop();
}

static void write_profile(char path[64], const char *text)
{
	FILE *f;
	int fd;

	snprintf(path, 64, "/tmp/migctl-latency-XXXXXX");
	fd = mkstemp(path);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void a_call_that_takes_its_time_holds_nobody_up(void)
{
	char path[64];

	begin();
	write_profile(path, "nvmlDeviceCreateGpuInstance* gpu=A100 slices=3 60min # 3g\n");
	CHECK(sim_inject_latency(machine_folder(), name, path, NULL) == 0);
	fault("nvmlDeviceCreateGpuInstance=hang:0s"); /* counts */
	others_go_on();
	unlink(path);
	machine_stop();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* At least so long: a sleep is never too short. */
static void published_latencies_are_of_the_profile(void)
{
	uint64_t t_ns;

	begin();
	CHECK(sim_inject_latency(machine_folder(), name, "published", NULL) == 0);
	t_ns = now_ns();
	CHECK_RC(create(A100_1G), NVML_SUCCESS);
	CHECK(now_ns() - t_ns >= 160000000);
	t_ns = now_ns();
	CHECK_RC(create(A100_3G), NVML_SUCCESS);
	CHECK(now_ns() - t_ns >= 200000000);
	machine_stop();
}

/* --- Lost GPUs, settling ------------------------------------------------------------------ */

static void a_lost_gpu_answers_so_until_it_is_reset(void)
{
	const char *folder = machine_folder();
	nvmlDevice_t h;
	unsigned n;

	begin();
	CHECK(sim_inject_lost(folder, name, 0, true, NULL) == 0);
	CHECK_RC(mode(), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2(0, &h), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2(1, &h), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&n), NVML_SUCCESS);
	CHECK_EQ(n, 2);
	CHECK(sim_inject_lost(folder, name, 0, false, NULL) == 0);
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK(sim_inject_lost(folder, name, 0, true, NULL) == 0);
	CHECK(sim_machine_reset(folder, name, 0, NULL) == 0);
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK(sim_inject_lost(folder, name, 2, true, NULL) == -MIG_E_NOENT);
	machine_stop();
}

static void the_settle_time_can_be_changed(void)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	begin();
	CHECK(sim_inject_settle(machine_folder(), name, 3600 * 1000, NULL) == 0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(device, A100_7G, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 4, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
	CHECK(sim_inject_settle(machine_folder(), name, 0, NULL) == 0);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	machine_stop();
}

/* --- The log ------------------------------------------------------------------------------ */

struct seen {
	int n;
	struct sim_log_record last, records[16];
};

static bool see(const struct sim_log_record *record, void *arg)
{
	struct seen *seen = arg;

	seen->last = *record;
	if (seen->n < 16)
		seen->records[seen->n] = *record;
	seen->n++;
	return true;
}

static struct seen look(void)
{
	struct seen seen = { 0 };

	CHECK(sim_log_each(machine_folder(), name, false, see, &seen, NULL) == 0);
	return seen;
}

static void the_log_has_every_changing_call_and_no_other(void)
{
	struct seen seen;

	begin();
	CHECK_RC(mode(), NVML_SUCCESS);
	CHECK_RC(create(A100_3G), NVML_SUCCESS);
	CHECK_RC(create(A100_7G), NVML_ERROR_INSUFFICIENT_RESOURCES);
	fault("nvmlDeviceCreateGpuInstance#1=TIMEOUT");
	CHECK_RC(create(A100_1G), NVML_ERROR_TIMEOUT);
	fault("nvmlDeviceCreateGpuInstance#1=kill");
	create_elsewhere();
	seen = look();
	CHECK_EQ(seen.n, 5);
	CHECK(strcmp(seen.records[0].call, "nvmlDeviceSetMigMode") == 0);
	CHECK(strcmp(seen.records[0].asked, "GPU 0, mode 1") == 0);
	CHECK(strcmp(seen.records[1].asked, "GPU 0, profile 9") == 0);
	CHECK(strcmp(seen.records[1].made, "GI 2") == 0);
	CHECK_EQ(seen.records[1].pid, getpid());
	CHECK(strcmp(seen.records[1].process, "faults") == 0);
	CHECK_EQ(seen.records[2].result, NVML_ERROR_INSUFFICIENT_RESOURCES);
	CHECK_EQ(seen.records[3].result, NVML_ERROR_TIMEOUT);
	CHECK_EQ(seen.records[4].result, SIM_LOG_KILLED);
	CHECK(seen.records[4].pid != getpid());
	machine_stop();
}

/* Many processes write at once, some die in it: every line is whole. */
static void records_are_whole_whoever_dies(void)
{
	enum { PROCESSES = 6, CHANGES = 100 };
	pid_t children[PROCESSES];
	struct seen seen;

	begin();
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			/* Three go on until they are killed. */
			for (int k = 0; i < 3 || k < CHANGES; k++)
				create(A100_7G);
			_exit(0);
		}
	}
	for (int i = 3; i < PROCESSES; i++)
		CHECK(waitpid(children[i], NULL, 0) == children[i]);
	for (int i = 0; i < 3; i++)
		CHECK(kill(children[i], SIGKILL) == 0 &&
		      waitpid(children[i], NULL, 0) == children[i]);
	seen = look();
	CHECK(seen.n > 3 * CHANGES);
	CHECK_EQ(count(A100_7G), 1);
	machine_stop();
}

static void the_log_is_bounded(void)
{
	char path[4096], line[200];
	struct seen seen;
	FILE *f;

	begin();
	snprintf(path, sizeof(path), "%s/%s/log", machine_folder(), name);
	f = fopen(path, "a");
	CHECK(f);
	memset(line, '#', sizeof(line)); /* no record: readers leave it out */
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < SIM_LOG_BYTES / 200; i++)
		CHECK(fwrite(line, sizeof(line), 1, f) == 1);
	CHECK(fclose(f) == 0);
	for (int i = 0; i < 20; i++)
		create(A100_7G);
	seen = look();
	CHECK_EQ(seen.n, 21);
	f = fopen(path, "r");
	CHECK(f && fseek(f, 0, SEEK_END) == 0 && ftell(f) < SIM_LOG_BYTES / 2);
	fclose(f);
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(a_fault_strikes_every_call_until_it_is_cleared);
	RUN(the_nth_call_alone_is_struck);
	RUN(a_change_that_fails_by_a_fault_changes_nothing);
	RUN(every_call_can_be_struck);
	RUN(starting_and_ending_can_fail_too);
	RUN(an_activation_status_leaves_the_mode_pending);
	RUN(calls_are_counted_over_all_processes);
	RUN(a_kill_leaves_the_old_state_or_the_new);
	RUN(a_call_that_hangs_holds_nobody_up);
	RUN(a_call_that_takes_its_time_holds_nobody_up);
	RUN(published_latencies_are_of_the_profile);
	RUN(a_lost_gpu_answers_so_until_it_is_reset);
	RUN(the_settle_time_can_be_changed);
	RUN(the_log_has_every_changing_call_and_no_other);
	RUN(records_are_whole_whoever_dies);
	RUN(the_log_is_bounded);
	mig_catalog_close(catalog);
	return 0;
}
