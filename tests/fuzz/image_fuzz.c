/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged image: whatever bytes a machine's file holds, the readers of it refuse or
 * answer, and never leave their own memory. The input is laid over an image that is whole,
 * from an offset that its first bytes choose, so that damage reaches every part of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mig/catalog.h>

#include "sim/image.h"
#include "sim/state.h"

static char folder[] = "/tmp/migctl-fuzz-XXXXXX";
static char path[sizeof(folder) + 16];
static uint8_t *whole;
static size_t whole_bytes;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "image_fuzz: %s\n", what);
	exit(EXIT_FAILURE);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

/* Instances of several kinds and a hold, so that damage finds something to damage. */
static void furnish(const char *made)
{
	static struct sim_half half;
	struct sim_image img;
	nvmlReturn_t status;
	uint64_t seq;
	int gi = 0, ci = 0;

	must(sim_image_open(made, &img, NULL) == 0 && sim_image_lock(&img, NULL) == 0,
	     "no lock");
	must(sim_image_read(&img, &half, &seq, NULL) == 0, "no state");
	for (int gpu = 0; gpu < 2; gpu++) {
		sim_state_set_mode(img.fixed, &half, gpu, 1, &status);
		for (int kind = 3; kind >= 0; kind--)
			if (sim_state_create_gi(img.fixed, &half, gpu, kind, -1, &gi) == 0)
				sim_state_create_ci(img.fixed, &half, gpu, gi, 0, -1, &ci);
	}
	half.n_holds = 2;
	half.holds[1] = (struct sim_hold){ .pid = 1,
					   .generation = half.gpus[1].gi[gi].ci[ci].generation,
					   .gpu = 1,
					   .gi = (int8_t)gi,
					   .ci = (int8_t)ci };
	sim_image_publish(&img, &half);
	sim_image_close(&img);
}

/* Two types, both orientations. */
static void make_whole(void)
{
	struct sim_options opt = { .seed = 1 };
	struct mig_catalog *cat;
	char made[sizeof(folder) + 16];
	struct stat st;
	int fd;

	must(mig_catalog_open(NULL, &cat, NULL) == 0, "no catalog");
	must(sim_spec_parse("1xA100-SXM4-80GB@mirrored,1xA30", cat, &opt, NULL) == 0,
	     "no spec");
	must(mkdtemp(folder) != NULL, "no folder");
	must(sim_machine_new(folder, "m", &opt, NULL) == 0, "no machine");
	mig_catalog_close(cat);
	snprintf(made, sizeof(made), "%s/m/image", folder);
	snprintf(path, sizeof(path), "%s/image", folder);
	furnish(made);
	fd = open(made, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && fstat(fd, &st) == 0, "no image");
	whole_bytes = (size_t)st.st_size;
	whole = malloc(whole_bytes);
	must(whole && read(fd, whole, whole_bytes) == st.st_size, "no bytes");
	close(fd);
	must(sim_machine_rm(folder, "m", NULL) == 0, "not removed");
	atexit(remove_folder);
}

/* Four bytes of offset, one that says whether the file is cut there, then the damage. */
static void write_damaged(const uint8_t *data, size_t size)
{
	uint32_t at = 0;
	size_t n = 0;
	bool is_cut;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0, "no file");
	memcpy(&at, data, 4);
	at %= (uint32_t)whole_bytes;
	is_cut = data[4] == 0xff;
	n = size - 5 < whole_bytes - at ? size - 5 : whole_bytes - at;
	must(pwrite(fd, whole, is_cut ? at : whole_bytes, 0) >= 0, "not written");
	must(pwrite(fd, data + 5, n, at) >= 0, "not damaged");
	close(fd);
}

/* Everything that a changing call does, on a state that was accepted. */
static void walk(const struct sim_image *img, struct sim_half *half)
{
	for (int gpu = 0; gpu < (int)img->fixed->n_gpus; gpu++) {
		const struct sim_type *type = sim_state_type(img->fixed, gpu);
		nvmlReturn_t status;

		for (int gi = 0; gi < SIM_GIS_MAX; gi++) {
			const struct sim_gi *g = &half->gpus[gpu].gi[gi];
			int made;

			if (!g->generation)
				continue;
			for (int k = 0; k < type->profiles[g->profile].n_ci; k++)
				sim_state_create_ci(img->fixed, half, gpu, gi, k, -1, &made);
			for (int ci = 0; ci < SIM_CIS_MAX; ci++)
				if (g->ci[ci].generation)
					sim_state_destroy_ci(half, gpu, gi, ci, 1);
			sim_state_destroy_gi(half, gpu, gi, 2);
		}
		sim_state_set_mode(img->fixed, half, gpu, 1, &status);
		for (int k = 0; half->gpus[gpu].mode && k < type->n_profiles; k++) {
			int made;

			sim_state_create_gi(img->fixed, half, gpu, k, -1, &made);
		}
	}
	sim_state_reboot(img->fixed, half);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_half half;
	struct sim_image img;
	const char *why;
	uint64_t seq;

	if (!whole)
		make_whole();
	if (size < 5)
		return 0;
	write_damaged(data, size);
	if (sim_image_open(path, &img, NULL) < 0)
		return 0;
	if (sim_image_read(&img, &half, &seq, NULL) == 0) {
		walk(&img, &half);
		must(sim_half_is_sound(img.fixed, &half, &why), why);
	}
	sim_image_close(&img);
	return 0;
}
