/* SPDX-License-Identifier: Apache-2.0 */
/* With nobody at work and no fault left: is the machine whole, and all that is kept of it? */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/property/applies.h"

enum { LISTED = 16 };

static char out[1 << 16];

/* A command beside those of the workers. */
static const struct command *run_one(const char *line)
{
	static struct command c;

	c = (struct command){ .worker = -1, .number = -1, .verb = LOOK, .last = -1 };
	snprintf(c.line, sizeof(c.line), "%s", line);
	migctl_run(&c, out, sizeof(out));
	return &c;
}

static bool has_ended(const struct command *c, int status)
{
	return WIFEXITED(c->status) && WEXITSTATUS(c->status) == status;
}

/* One that must end with one of the two. */
static const struct command *must_end(const struct history *h, const char *line, int status,
				      int or_status)
{
	const struct command *c = run_one(line);

	if (!has_ended(c, status) && !has_ended(c, or_status))
		wrong(h, h->n, c, "when all was over it should have ended with %d or %d",
		      status, or_status);
	return c;
}

/* --- Nothing is unfinished -------------------------------------------------------------- */

static void check_recovered(const struct history *h)
{
	const struct command *c = must_end(h, "recover", 0, scene->has_foreigners ? 17 : 5);

	/* A tenant may be in the way of both ends of it. */
	if (WEXITSTATUS(c->status) == 5)
		scene->may_leave = true;
	for (int tries = 0; WEXITSTATUS(c->status) == 5 && tries < 500; tries++) {
		usleep(10000);
		c = must_end(h, "recover", 0, 5);
	}
	if (WEXITSTATUS(c->status) == 17)
		c = must_end(h, "recover --forget", 0, 0);
	if (WEXITSTATUS(c->status) != 0)
		wrong(h, h->n, c, "nobody holds anything, and it cannot be recovered");
	must_end(h, "recover --dry-run", 0, 0);
	if (!strstr(out, "nothing to recover"))
		wrong(h, h->n, NULL, "after a recovery something is unfinished: %s", out);
}

/* --- Valid, as the driver itself tells -------------------------------------------------- */

static unsigned span(unsigned start, unsigned size)
{
	return ((1U << size) - 1) << start;
}

static bool is_possible(nvmlDevice_t device, unsigned profile_id,
			const nvmlGpuInstancePlacement_t *at)
{
	nvmlGpuInstancePlacement_t places[32];
	unsigned n = 32;

	CHECK_RC(nv.nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, profile_id, places,
								  &n),
		 NVML_SUCCESS);
	for (unsigned i = 0; i < n; i++) {
		if (places[i].start == at->start && places[i].size == at->size)
			return true;
	}
	return false;
}

/* Return: how many compute instances it has. */
static int check_cis(nvmlGpuInstance_t gi)
{
	nvmlComputeInstance_t cis[LISTED];
	nvmlComputeInstanceInfo_t info;
	unsigned taken = 0, n;
	int n_cis = 0;

	for (unsigned k = 0; k < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; k++) {
		nvmlComputeInstanceProfileInfo_t profile;

		n = LISTED;
		if (nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, k, 0, &profile) !=
			    NVML_SUCCESS ||
		    nv.nvmlGpuInstanceGetComputeInstances(gi, profile.id, cis, &n) !=
			    NVML_SUCCESS)
			continue;
		for (unsigned i = 0; i < n; i++, n_cis++) {
			CHECK_RC(nv.nvmlComputeInstanceGetInfo_v2(cis[i], &info), NVML_SUCCESS);
			CHECK(!(taken & span(info.placement.start, info.placement.size)));
			taken |= span(info.placement.start, info.placement.size);
		}
	}
	return n_cis;
}

/* Instances lie where their profile may, and no two on the same units. */
static void check_gpu(int g)
{
	nvmlGpuInstance_t gis[LISTED];
	nvmlGpuInstanceInfo_t info;
	const nvmlDevice_t device = gpu((unsigned)g);
	unsigned taken = 0, n;
	int n_cis = 0;

	for (unsigned k = 0; k < NVML_GPU_INSTANCE_PROFILE_COUNT; k++) {
		nvmlGpuInstanceProfileInfo_t profile;

		n = LISTED;
		if (nv.nvmlDeviceGetGpuInstanceProfileInfo(device, k, &profile) != NVML_SUCCESS)
			continue;
		CHECK_RC(nv.nvmlDeviceGetGpuInstances(device, profile.id, gis, &n),
			 NVML_SUCCESS);
		for (unsigned i = 0; i < n; i++) {
			CHECK_RC(nv.nvmlGpuInstanceGetInfo(gis[i], &info), NVML_SUCCESS);
			CHECK(is_possible(device, profile.id, &info.placement));
			CHECK(!(taken & span(info.placement.start, info.placement.size)));
			taken |= span(info.placement.start, info.placement.size);
			n_cis += check_cis(gis[i]);
		}
	}
	for (unsigned i = 0; n_cis > 0; i++) {
		nvmlDevice_t mig;

		CHECK(i < 64);
		n_cis -=
			nv.nvmlDeviceGetMigDeviceHandleByIndex(device, i, &mig) == NVML_SUCCESS;
	}
}

/* --- Tenants ---------------------------------------------------------------------------- */

static bool is_listed(const struct tenant *t)
{
	nvmlProcessInfo_t infos[SIM_TENANTS_MAX];
	unsigned gi, ci;
	nvmlDevice_t mig;

	for (unsigned i = 0; i < 64; i++) {
		unsigned n = SIM_TENANTS_MAX;

		if (nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu((unsigned)t->gpu), i, &mig) !=
			    NVML_SUCCESS ||
		    nv.nvmlDeviceGetGpuInstanceId(mig, &gi) != NVML_SUCCESS ||
		    nv.nvmlDeviceGetComputeInstanceId(mig, &ci) != NVML_SUCCESS ||
		    (int)gi != t->gi || (int)ci != t->ci)
			continue;
		CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig, &n, infos),
			 NVML_SUCCESS);
		for (unsigned k = 0; k < n; k++) {
			if ((pid_t)infos[k].pid == t->pid)
				return true;
		}
	}
	return false;
}

/* Who has not left is alive, and on its device. */
static void check_tenants(const struct history *h)
{
	for (int i = 0; i < scene->n_tenants; i++) {
		const struct tenant *t = &scene->tenants[i];

		if (t->begin_ns && !t->end_ns && !is_listed(t) && !t->end_ns)
			wrong(h, h->n, NULL, "tenant %d of %d/%d/%d is not there any more",
			      t->pid, t->gpu, t->gi, t->ci);
	}
}

/* --- What is kept of it ----------------------------------------------------------------- */

static bool has_steps(const char *text)
{
	return strstr(text, ": create ") || strstr(text, ": destroy ");
}

/* What stands is what is on record, and the last change can be undone from it. */
static void check_record(const struct history *h)
{
	const struct command *c;

	if (!scene->has_foreigners) { /* in whose rounds the record may be behind */
		c = must_end(h, "restore --dry-run", 0, 3);
		if (has_steps(out))
			wrong(h, h->n, c, "what stands is not what is on record:\n%s", out);
		must_end(h, "undo --dry-run", 0, 3);
	}
	must_end(h, "save", 0, 0);
	c = must_end(h, "restore --dry-run", 0, 0);
	if (has_steps(out))
		wrong(h, h->n, c, "what was just saved would be restored:\n%s", out);
}

static int number_after(const char *text, const char *label)
{
	const char *p = strstr(text, label);
	int n = -1;

	if (p)
		sscanf(p + strlen(label), " %d", &n);
	return n;
}

/* Was that name asked for, for an instance of these profiles on that GPU? */
static bool was_asked(const char *name, int gpu_index, int kind, int ci_kind)
{
	for (int i = 0; i < scene->n_commands; i++) {
		const struct target *t = &scene->commands[i].target;

		for (int k = 0; k < t->n[gpu_index]; k++) {
			const struct wish *w = &t->wish[gpu_index][k];

			if (strcmp(w->name, name) == 0 && w->kind == kind &&
			    w->ci_kind[0] == ci_kind)
				return true;
		}
	}
	return false;
}

/* What a name leads to is such as was to be called so; or it is refused. */
static void check_names(const struct history *h)
{
	struct sim_gpu_state gpus[GPUS];

	machine_look(gpus);
	for (int i = 0; i < NAMES; i++) {
		const struct command *c;
		struct place p;
		char line[64], name[16];

		snprintf(name, sizeof(name), "team/n%d", i);
		snprintf(line, sizeof(line), "resolve %s", name);
		c = run_one(line);
		if (has_ended(c, 3) || has_ended(c, 18)) {
			tally.stale += has_ended(c, 18);
			continue;
		}
		if (!has_ended(c, 0))
			wrong(h, h->n, c, "a name should be found, or refused");
		p = (struct place){ number_after(out, "\ngpu "), number_after(out, "\ngi "),
				    number_after(out, "\nci ") };
		CHECK(p.gpu >= 0 && p.gi >= 0 && p.ci >= 0);
		if (!was_asked(name, p.gpu, gpus[p.gpu].gi[p.gi].profile,
			       gpus[p.gpu].gi[p.gi].ci[p.ci].profile))
			wrong(h, h->n, c, "%s leads to %d/%d/%d, which nobody called so:\n%s",
			      name, p.gpu, p.gi, p.ci, out);
		tally.names++;
	}
}

/* --- The folder ------------------------------------------------------------------------- */

/* The tree of a machine keeps what was there before, and what goes, under names of its own. */
static bool belongs(const char *file)
{
	static const char *const known_files[] = { ".",    "..",   "image",  "log",
						   "lock", "root", "record", "tree" };

	for (size_t i = 0; i < sizeof(known_files) / sizeof(known_files[0]); i++) {
		if (strcmp(file, known_files[i]) == 0)
			return true;
	}
	return strncmp(file, ".caps-", 6) == 0 || strncmp(file, ".root-", 6) == 0;
}

/* A whole change more, so that what the killed had left has been in its way. */
void end_check_folder(const struct history *h)
{
	char path[SIM_PATH_MAX];
	const struct dirent *e;
	DIR *dir;
	int fd;

	must_end(h, "destroy --all", 0, 0);
	must_end(h, "create --gpu 0 0", 0, 0);
	snprintf(path, sizeof(path), "%s/%s", machine_folder(), machine);
	dir = opendir(path);
	CHECK(dir);
	while ((e = readdir(dir)) != NULL) {
		if (!belongs(e->d_name))
			wrong(h, h->n, NULL, "a file is left: %s", e->d_name);
	}
	closedir(dir);
	snprintf(path, sizeof(path), "%s/%s/lock", machine_folder(), machine);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	close(fd);
}

void end_check(const struct history *h)
{
	check_recovered(h);
	for (int g = 0; g < n_gpus; g++)
		check_gpu(g);
	check_tenants(h);
	check_record(h);
	check_names(h);
}
