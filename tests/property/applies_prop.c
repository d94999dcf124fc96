/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processes run whole migctl commands at random on one machine, while calls fail, commands
 * are killed, and tenants come and go. Throughout: one changes the machine at a time, a command
 * leaves what it says, nothing that is held goes, and what was cut short is ended before anything
 * else begins. See tests/property/applies.h.
 *
 *	applies_prop [SEED [ROUNDS]]
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/property/applies.h"

enum { DEFAULT_ROUNDS = 6, STEPS = 20 };

struct scene *scene;

/* --- A machine -------------------------------------------------------------------------- */

static const char *const specs[] = {
	"1xA100-SXM4-80GB",       "2xA100-SXM4-40GB",
	"1xH100-SXM5-80GB,1xA30", "1xA30,1xA100-SXM4-80GB@mirrored,1xH200-141GB",
	"3xH100-SXM5-80GB",       "1xRTX-PRO-6000-Blackwell,1xA100-SXM4-80GB",
};
enum { N_SPECS = sizeof(specs) / sizeof(specs[0]) };

static const char *machine_begin(uint64_t *seed)
{
	const char *spec = specs[below(N_SPECS, seed)];
	char log[SIM_PATH_MAX];
	struct mig_error err;
	struct sim_open m;

	settle_ms = below(3, seed) ? 0 : 3;
	machine = machine_start(spec, NULL);
	CHECK(sim_open(machine_folder(), machine, &m, &err) == 0);
	fixed = *m.img.fixed;
	sim_open_close(&m);
	n_gpus = (int)fixed.n_gpus;
	for (int g = 0; g < n_gpus; g++)
		mig_on((unsigned)g);
	/* The log begins with the commands. */
	snprintf(log, sizeof(log), "%s/%s/log", machine_folder(), machine);
	CHECK(unlink(log) == 0);
	return spec;
}

/* --- A round ---------------------------------------------------------------------------- */

static void scene_new(void)
{
	pthread_mutexattr_t attr;

	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	CHECK(scene != MAP_FAILED);
	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_mutex_init(&scene->mutex, &attr) == 0);
}

static uint64_t next_seed(uint64_t *seed)
{
	const uint64_t high = below(~0U, seed);

	return high << 32 | below(~0U, seed);
}

/* @number -1: the landlord. */
static pid_t begin(int number, int steps, uint64_t seed)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (number < 0)
		landlord(seed);
	worker(number, steps, seed);
}

static bool is_well(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void play_round(uint64_t seed)
{
	const int n_workers = 4 + (int)below(WORKERS_MAX - 3, &seed);
	struct mig_error err;
	struct history h;
	pid_t workers[WORKERS_MAX];
	bool is_all_well = true;

	scene->has_foreigners = below(3, &seed) == 0;
	scene->owner = begin(-1, 0, next_seed(&seed));
	for (int i = 0; i < n_workers; i++)
		workers[i] = begin(i, STEPS, next_seed(&seed));
	for (int i = 0; i < n_workers; i++)
		is_all_well &= is_well(workers[i]);
	scene->is_over = true;
	CHECK(sim_inject_clear(machine_folder(), machine, NULL, &err) >= 0);
	if (!is_all_well || scene->is_wrong)
		wrong(NULL, -1, NULL, "a worker or tenant did not get through");
	history_read(&h);
	judge(&h);
	end_check(&h);
	scene->may_leave = true;
	if (!is_well(scene->owner) || scene->is_wrong)
		wrong(&h, h.n, NULL, "a tenant did not get through");
	end_check_folder(&h);
	history_free(&h);
}

/* --- What must have happened ------------------------------------------------------------ */

static void print_tally(void)
{
	for (int v = 0; v < VERBS; v++) {
		printf("   %-8s", verb_names[v]);
		for (int s = 0; s < 24; s++) {
			if (tally.ended[v][s])
				printf(" %d:%d", s, tally.ended[v][s]);
		}
		printf("  changed %d\n", tally.changed[v]);
	}
	printf("   %d calls that change, %d faults set; killed: %d from outside, %d by a fault, %d "
	       "half way, %d within a call\n",
	       tally.records, tally.faults, tally.shot, tally.fault_killed, tally.half_way,
	       tally.dropped);
	printf("   undone %d, in part %d, half done %d; recovered %d back, %d forth\n",
	       tally.undone, tally.partly, tally.half_done, tally.back, tally.forth);
	printf("   waited %d, would not wait %d; tenants %d, refused for them %d, met on the way "
	       "%d\n",
	       tally.waited, tally.refused_turn, tally.tenants, tally.held, tally.evictions);
	printf("   kept %d; names found %d; resets by others %d\n", tally.kept, tally.names,
	       tally.foreign);
}

/* A walk that went nowhere proves nothing. */
static void check_tally(void)
{
	CHECK(tally.changed[APPLY] > 0 && tally.changed[CREATE] > 0 &&
	      tally.changed[DESTROY] > 0 && tally.changed[UNDO] > 0);
	CHECK(tally.shot > 0 && tally.fault_killed > 0 && tally.half_way > 0);
	CHECK(tally.undone > 0 && tally.back > 0);
	CHECK(tally.ended[APPLY][17] > 0 && tally.ended[LOOK][0] > 0);
	CHECK(tally.waited > 0 && tally.refused_turn > 0);
	CHECK(tally.tenants > 0 && tally.held > 0);
	CHECK(tally.kept > 0 && tally.names > 0);
}

int main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const int rounds = argc > 2 ? atoi(argv[2]) : DEFAULT_ROUNDS;
	uint64_t walk = seed;

	printf("seed %llu, %d rounds\n", (unsigned long long)seed, rounds);
	door_open();
	for (int i = 0; i < rounds; i++) {
		const char *spec;

		scene_new();
		spec = machine_begin(&walk);
		fprintf(stderr, "seed %llu, round %d: %s\n", (unsigned long long)seed, i, spec);
		play_round(next_seed(&walk));
		machine_stop();
		munmap(scene, sizeof(*scene));
	}
	print_tally();
	if (rounds >= DEFAULT_ROUNDS)
		check_tally();
	mig_catalog_close(catalog);
	return 0;
}
