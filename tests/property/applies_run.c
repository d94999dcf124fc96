/* SPDX-License-Identifier: Apache-2.0 */
/* How a command is run, and what goes wrong while it is. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/text.h"
#include "tests/property/applies.h"

enum { HANG_S = 90, OUT_BYTES = 1 << 16 };

static int streams[2] = { -1, -1 }; /* what a command prints on stdout and stderr */

void command_argv(char *line, char **argv, int max)
{
	int n = 0;

	for (char *word = strtok(line, " "); word && n < max - 1; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
}

static void open_streams(void)
{
	for (int i = 0; i < 2; i++) {
		if (streams[i] < 0)
			streams[i] = memfd_create("stream", MFD_CLOEXEC);
		CHECK(streams[i] >= 0 && ftruncate(streams[i], 0) == 0);
		CHECK(lseek(streams[i], 0, SEEK_SET) == 0);
	}
}

static void read_stream(int i, char *buf, size_t len)
{
	const ssize_t n = pread(streams[i], buf, len - 1, 0);

	CHECK(n >= 0);
	buf[n] = '\0';
}

static pid_t start(const struct command *c)
{
	const char *program = getenv("MIG_TEST_MIGCTL");
	char line[LINE + 64], *argv[64];
	pid_t pid;

	CHECK(program);
	snprintf(line, sizeof(line), "migctl --sim %s %s", machine, c->line);
	command_argv(line, argv, 64);
	open_streams();
	pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("MIGCTL_SIM_DIR", machine_folder(), 1);
	if (dup2(open("/dev/null", O_RDONLY), 0) == 0 && dup2(streams[0], 1) == 1 &&
	    dup2(streams[1], 2) == 2)
		execv(program, argv);
	_exit(126);
}

/* --- Killed from outside ---------------------------------------------------------------- */

static bool count_record(const struct sim_log_record *record, void *arg)
{
	(void)record;
	++*(int *)arg;
	return true;
}

static int count_records(void)
{
	struct mig_error err;
	int n = 0;

	CHECK(sim_log_each(machine_folder(), machine, false, count_record, &n, &err) == 0);
	return n;
}

/* What stands now, and after how many records that is. A record is there before its change. */
static void add_checkpoint(bool is_foreign, int victim)
{
	struct checkpoint *p;
	int n, i;

	pthread_mutex_lock(&scene->mutex);
	i = atomic_fetch_add(&scene->n_checkpoints, 1);
	CHECK(i < CHECKPOINTS);
	p = &scene->checkpoints[i];
	p->is_foreign = is_foreign;
	p->victim = victim;
	do {
		n = count_records();
		machine_look(p->gpus);
		p->n_records = count_records();
	} while (p->n_records != n);
	pthread_mutex_unlock(&scene->mutex);
}

/* Return: is it over after so long? */
static bool is_over_in(pid_t pid, uint64_t ns)
{
	const struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
				    .tv_nsec = (long)(ns % 1000000000) };
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int n;

	CHECK(p.fd >= 0);
	n = ppoll(&p, 1, &t, NULL);
	CHECK(n >= 0);
	close(p.fd);
	return n > 0;
}

/* It is stopped first: what it had written into the log and not yet done can be seen then. */
static void shoot(struct command *c, uint64_t after_ns)
{
	int status;

	if (is_over_in(c->pid, after_ns))
		return;
	kill(c->pid, SIGSTOP);
	CHECK(waitpid(c->pid, &status, WUNTRACED) == c->pid);
	if (!WIFSTOPPED(status)) {
		c->status = status;
		c->pid = -c->pid; /* it has been waited for */
		return;
	}
	add_checkpoint(false, c->number);
	c->is_shot = true;
	kill(c->pid, SIGKILL);
}

static void wait_for(struct command *c)
{
	if (c->pid < 0) {
		c->pid = -c->pid;
		return;
	}
	if (!is_over_in(c->pid, (uint64_t)HANG_S * 1000000000)) {
		fprintf(stderr, "hangs for %d s: migctl %s\n", HANG_S, c->line);
		kill(c->pid, SIGABRT);
		scene->is_wrong = true;
	}
	CHECK(waitpid(c->pid, &c->status, 0) == c->pid);
}

/* The sum of a member of its JSON; -1: it has none. */
static int sum_of(const char *json, const char *member)
{
	int sum = -1, n;

	for (const char *p = json; (p = strstr(p, member)) != NULL;) {
		p += strlen(member);
		if (sscanf(p, "\": %d", &n) == 1)
			sum = (sum < 0 ? 0 : sum) + n;
	}
	return sum;
}

static int run(struct command *c, uint64_t shot_after_ns, char *out, size_t len)
{
	c->end_ns = 0;
	c->begin_ns = now_ns();
	c->pid = start(c);
	if (shot_after_ns)
		shoot(c, shot_after_ns);
	wait_for(c);
	c->end_ns = now_ns();
	read_stream(0, out, len);
	read_stream(1, c->err, sizeof(c->err));
	c->created = c->is_json ? sum_of(out, "n_created") : -1;
	c->destroyed = c->is_json ? sum_of(out, "n_destroyed") : -1;
	return c->status;
}

int migctl_run(struct command *c, char *ret_out, size_t len)
{
	char out[4096];

	return run(c, 0, ret_out ? ret_out : out, ret_out ? len : sizeof(out));
}

/* --- Faults ----------------------------------------------------------------------------- */

static const char *const changing_calls[] = {
	"nvmlDeviceCreateGpuInstanceWithPlacement",
	"nvmlGpuInstanceCreateComputeInstance",
	"nvmlGpuInstanceCreateComputeInstanceWithPlacement",
	"nvmlGpuInstanceDestroy",
	"nvmlComputeInstanceDestroy",
};
static const char *const reading_calls[] = {
	"nvmlInit_v2",
	"nvmlDeviceGetCount_v2",
	"nvmlDeviceGetHandleByIndex_v2",
	"nvmlDeviceGetMigMode",
	"nvmlDeviceGetGpuInstances",
	"nvmlDeviceGetGpuInstanceById",
	"nvmlGpuInstanceGetInfo",
	"nvmlGpuInstanceGetComputeInstances",
	"nvmlGpuInstanceGetComputeInstanceById",
	"nvmlComputeInstanceGetInfo_v2",
	"nvmlDeviceGetMigDeviceHandleByIndex",
	"nvmlDeviceGetUUID",
	"nvmlDeviceGetComputeRunningProcesses_v3",
	"nvmlDeviceGetGpuInstanceProfileInfoV",
	"nvmlDeviceGetGpuInstancePossiblePlacements_v2",
};
static const char *const answers[] = {
	"UNKNOWN",   "IN_USE",        "INSUFFICIENT_RESOURCES", "INVALID_ARGUMENT", "TIMEOUT",
	"NOT_FOUND", "NO_PERMISSION", "NOT_SUPPORTED",          "GPU_IS_LOST",
};
/* What it may say to a question. That there is none, or no such thing, would be an answer. */
static const char *const no_answers[] = { "UNKNOWN", "TIMEOUT", "MEMORY", "IN_USE" };
/* What a driver may say of what it did all the same. That there was no room is none of it: what
 * stands there then is somebody else's. */
static const char *const late_answers[] = { "UNKNOWN", "IN_USE", "TIMEOUT", "GPU_IS_LOST" };

#define PICK(list, seed) list[below(sizeof(list) / sizeof(list[0]), seed)]

static void set_fault(struct command *c, uint64_t *seed)
{
	const bool is_change = below(3, seed);
	const char *call = is_change ? PICK(changing_calls, seed) : PICK(reading_calls, seed);
	const unsigned n = 1 + below(is_change ? 5 : 40, seed), how = below(10, seed);
	/* What is on record of a GPU that is lost stays as it was, whatever stands there. */
	const bool is_loss = scene->has_foreigners && below(4, seed) == 0;
	const bool is_late = is_change && below(6, seed) == 0;
	const char *answer = !is_change ? (is_loss ? "GPU_IS_LOST" : PICK(no_answers, seed))
			     : is_late  ? PICK(late_answers, seed)
					: PICK(answers, seed);
	struct mig_error err;
	char spec[SIM_SPEC_MAX];

	if (how < 3)
		snprintf(spec, sizeof(spec), "%s#%u=kill%s", call, n,
			 is_change && below(2, seed) ? ":after" : "");
	else if (how < 4)
		snprintf(spec, sizeof(spec), "%s#%u=hang:%ums", call, n, 1 + below(12, seed));
	else
		snprintf(spec, sizeof(spec), "%s#%u=%s%s", call, n, answer,
			 is_late ? ":after" : "");
	text_append(c->fault, sizeof(c->fault), "%s%s", *c->fault ? " " : "", spec);
	/* Where there is no room for it, enough is set. */
	if (sim_inject_fault(machine_folder(), machine, spec, &err) == 0)
		atomic_fetch_add(&scene->n_faults, 1);
}

static void make_trouble(struct command *c, uint64_t *seed)
{
	struct mig_error err;
	const unsigned r = below(20, seed);

	if (r < 7)
		set_fault(c, seed);
	if (r < 1)
		set_fault(c, seed);
	if (r == 19) {
		snprintf(c->fault, sizeof(c->fault), "clear");
		CHECK(sim_inject_clear(machine_folder(), machine, NULL, &err) >= 0);
	}
}

/* --- Somebody who is no migctl ---------------------------------------------------------- */

/* A reset takes what nobody holds. It waits for its turn, so that what it took can be told. */
static void reset_one(uint64_t *seed)
{
	char path[SIM_PATH_MAX];
	struct mig_error err;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/lock", machine_folder(), machine);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	if (sim_machine_reset(machine_folder(), machine, (int)below((unsigned)n_gpus, seed),
			      &err) == 0)
		add_checkpoint(true, -1);
	close(fd);
}

/* --- A worker --------------------------------------------------------------------------- */

static struct command *next_command(int worker_number)
{
	const int i = atomic_fetch_add(&scene->n_commands, 1);
	struct command *c = &scene->commands[i];

	CHECK(i < COMMANDS);
	*c = (struct command){ .worker = worker_number, .number = i };
	return c;
}

_Noreturn void worker(int number, int steps, uint64_t seed)
{
	static char out[OUT_BYTES];
	uint64_t usual_ns = 8000000;
	bool is_unfinished = false;

	streams[0] = streams[1] = -1; /* those it has from before the fork are its parent's */
	for (int i = 0; i < steps; i++) {
		struct command *c = next_command(number);
		bool is_shot;

		command_random(c, machine_folder(), is_unfinished, &seed);
		make_trouble(c, &seed);
		is_shot = below(9, &seed) == 0;
		run(c, is_shot ? 1 + below((unsigned)usual_ns, &seed) : 0, out, sizeof(out));
		if (!is_shot)
			usual_ns = (usual_ns * 7 + (c->end_ns - c->begin_ns)) / 8;
		is_unfinished = !WIFEXITED(c->status) || WEXITSTATUS(c->status) == 17 ||
				WEXITSTATUS(c->status) == 15;
		if (scene->has_foreigners && below(25, &seed) == 0)
			reset_one(&seed);
	}
	_exit(0);
}
