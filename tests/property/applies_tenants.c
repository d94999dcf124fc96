/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that begin to work on an instance at random, stay a while, and must find it there. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/property/applies.h"

enum { AT_ONCE = 3, LOOK_NS = 10000000 };

static void pause_ns(long ns)
{
	const struct timespec t = { .tv_nsec = ns };

	nanosleep(&t, NULL);
}

/* A compute instance that stands; false: none was hit upon. */
static bool find_ci(struct place *ret, uint64_t *seed)
{
	struct sim_gpu_state gpus[GPUS];

	machine_look(gpus);
	for (int tries = 0; tries < 40; tries++) {
		const struct place p = { (int)below((unsigned)n_gpus, seed),
					 (int)below(SIM_GIS_MAX, seed), (int)below(3, seed) };

		if (!gpus[p.gpu].gi[p.gi].generation ||
		    !gpus[p.gpu].gi[p.gi].ci[p.ci].generation)
			continue;
		*ret = p;
		return true;
	}
	return false;
}

/* Is the device still that which was found there? Nothing is read while nothing has changed. */
static bool is_mine(struct sim_open *m, const struct place *p, uint32_t generation)
{
	static uint64_t seq;

	if (sim_image_seq(&m->img) == seq)
		return true;
	CHECK(sim_image_read(&m->img, m->half, &seq, NULL) == 0);
	return m->half->gpus[p->gpu].gi[p->gi].ci[p->ci].generation == generation;
}

/* It holds the device from before begin_ns until after end_ns. */
static void stay(struct tenant *row, const struct place *p, uint64_t for_ns)
{
	struct sim_open m;
	uint32_t mine;

	CHECK(sim_open(machine_folder(), machine, &m, NULL) == 0);
	mine = m.half->gpus[p->gpu].gi[p->gi].ci[p->ci].generation;
	row->gpu = p->gpu;
	row->gi = p->gi;
	row->ci = p->ci;
	row->pid = getpid();
	row->begin_ns = now_ns();
	while (for_ns ? now_ns() < row->begin_ns + for_ns : !scene->may_leave) {
		pause_ns(LOOK_NS);
		if (is_mine(&m, p, mine))
			continue;
		fprintf(stderr, "tenant %d: its device %d/%d/%d is gone\n", getpid(), p->gpu,
			p->gi, p->ci);
		scene->is_wrong = true;
		_exit(1);
	}
	row->end_ns = now_ns();
	sim_open_close(&m);
}

_Noreturn static void tenant(uint64_t seed)
{
	const bool is_long = below(40, &seed) == 0;
	struct sim_tenant *hold;
	struct mig_error err;
	struct place p;
	char device[32];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!find_ci(&p, &seed))
		_exit(0);
	snprintf(device, sizeof(device), "%d/%d/%d", p.gpu, p.gi, p.ci);
	if (sim_tenant_begin(machine_folder(), machine, device, getpid(), 0, &hold, &err) < 0)
		_exit(0); /* it went just before */
	i = atomic_fetch_add(&scene->n_tenants, 1);
	CHECK(i < TENANTS);
	stay(&scene->tenants[i], &p, is_long ? 0 : 1000000 * (1 + below(80, &seed)));
	/* One that just dies lets go, too. */
	if (below(2, &seed))
		sim_tenant_end(hold);
	_exit(0);
}

static pid_t let_in(uint64_t *seed)
{
	const uint64_t its_seed = (uint64_t)below(~0U, seed) << 32 | below(~0U, seed);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		tenant(its_seed);
	return pid;
}

static void check_out(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	fprintf(stderr, "a tenant ended with %d\n", status);
	scene->is_wrong = true;
}

_Noreturn void landlord(uint64_t seed)
{
	int n = 0, status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!scene->may_leave) {
		while (n > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			check_out(status);
			n--;
		}
		/* As many as the commands are used to, however fast these are. */
		if (n < AT_ONCE && !scene->is_over &&
		    scene->n_tenants < AT_ONCE + scene->n_commands / 2) {
			let_in(&seed);
			n++;
		}
		pause_ns(1000000 * (1 + (long)below(90, &seed)));
	}
	for (; n > 0; n--) {
		CHECK(waitpid(-1, &status, 0) > 0);
		check_out(status);
	}
	_exit(0);
}
