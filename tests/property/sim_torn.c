/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of a machine's file who is held in the middle while a writer goes on answers one state
 * and never a mixture; nor does a reader who comes while a writer is held.
 *
 * No pause stands in the code that is tested: the file is mapped twice, and who is to be held has
 * a mapping whose pages may not be touched. The first touch of each is a SIGSEGV, whose handler
 * does meanwhile what the other one does, through the other mapping.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/image.h"
#include "tests/door.h"

enum { HOLDS = SIM_TENANTS_MAX };

static struct sim_image held, free_one; /* the same file twice */
static uint64_t begun;                  /* the number of the state before the first of ours */

/* State n says n from its first word to its last, where nothing else is meant by it. */
static void publish_next(const struct sim_image *image)
{
	const uint64_t n = sim_image_seq(&free_one) + 1 - begun;
	static struct sim_half half;

	half.boot = 1;
	half.generation = half.settle_ms = (uint32_t)n;
	half.n_holds = HOLDS;
	for (int i = 0; i < HOLDS; i++)
		half.holds[i] = (struct sim_hold){ .gi = -1, .ci = -1, .mem_bytes = n };
	for (uint32_t g = 0; g < image->fixed->n_gpus; g++) {
		for (int gi = 0; gi < SIM_GIS_MAX; gi++)
			half.gpus[g].gi[gi].emptied_ns = n;
	}
	sim_image_publish(image, &half);
}

static void read_one_state(const struct sim_image *image)
{
	static struct sim_half half;
	uint64_t seq = 0, n;

	CHECK(sim_image_read(image, &half, &seq, NULL) == 0);
	n = seq - begun;
	CHECK_EQ(half.generation, n);
	CHECK_EQ(half.settle_ms, n);
	CHECK_EQ(half.n_holds, HOLDS);
	for (int i = 0; i < HOLDS; i++)
		CHECK_EQ(half.holds[i].mem_bytes, n);
	for (uint32_t g = 0; g < image->fixed->n_gpus; g++) {
		for (int gi = 0; gi < SIM_GIS_MAX; gi++)
			CHECK_EQ(half.gpus[g].gi[gi].emptied_ns, n);
	}
}

/* --- Held in the middle ---------------------------------------------------------------------- */

static char *map;
static size_t map_bytes, page_bytes;
static void (*meanwhile)(int nth);
static int n_held, hold_at; /* pages touched so far, and at which one it happens */

static void protect(char *at, size_t bytes, int how)
{
	CHECK(mprotect(at, bytes, how) == 0);
}

/* The one who is held has touched a page for the first time, and is let go on. */
static void touched(int number, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)number;
	(void)context;
	CHECK(at >= map && at < map + map_bytes);
	at -= (size_t)(at - map) % page_bytes;
	protect(at, page_bytes, PROT_READ | PROT_WRITE);
	if (n_held++ == hold_at)
		meanwhile(hold_at);
}

/*
 * Let @work be done again and again, held once each time: where it first touches its first page
 * of the file, its second, and so on, while @what happens.
 */
static void hold_everywhere(void (*work)(const struct sim_image *), void (*what)(int nth))
{
	meanwhile = what;
	hold_at = 0;
	do {
		n_held = 0;
		protect(map, map_bytes, PROT_NONE);
		work(&held);
		protect(map, map_bytes, PROT_READ | PROT_WRITE);
	} while (n_held > hold_at++);
	printf("held at each of %d pages\n", hold_at - 1);
	CHECK(hold_at > 2); /* pages may be large */
}

static void open_both(const char *name)
{
	const struct sigaction action = { .sa_sigaction = touched, .sa_flags = SA_SIGINFO };
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/image", machine_folder(), name);
	CHECK(sim_image_open(path, &held, NULL) == 0 &&
	      sim_image_open(path, &free_one, NULL) == 0);
	CHECK(fstat(held.fd, &st) == 0);
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	map = (char *)held.map;
	map_bytes = ((size_t)st.st_size + page_bytes - 1) / page_bytes * page_bytes;
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
}

/* --- Tests ----------------------------------------------------------------------------------- */

/* One state on, the half that is being read still stands; two on, it is another's. */
static void publish_some(int nth)
{
	for (int i = 0; i <= nth % 3; i++)
		publish_next(&free_one);
}

static void a_reader_who_is_held_reads_one_state(void)
{
	hold_everywhere(read_one_state, publish_some);
}

static void read_it(int nth)
{
	(void)nth;
	read_one_state(&free_one);
}

static void a_writer_who_is_held_shows_one_state(void)
{
	hold_everywhere(publish_next, read_it);
}

int main(void)
{
	door_open();
	machine_make("torn", "32xA100-SXM4-80GB", NULL);
	open_both("torn");
	begun = sim_image_seq(&held);
	publish_next(&held);
	RUN(a_reader_who_is_held_reads_one_state);
	RUN(a_writer_who_is_held_shows_one_state);
	sim_image_close(&held);
	sim_image_close(&free_one);
	mig_catalog_close(catalog);
	return 0;
}
