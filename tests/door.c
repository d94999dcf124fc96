/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/door.h"

struct door nv;
struct mig_catalog *catalog;
unsigned settle_ms;

static void *library;
static char folder[256];
static char started[SIM_NAME_MAX];
static pid_t owner; /* of the folder; a forked child must not remove it */

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	if (getpid() == owner)
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Machines in memory where there is such a place: millions of steps are taken on them. */
static void make_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (access("/dev/shm", W_OK | X_OK) == 0)
		tmp = "/dev/shm";
	snprintf(folder, sizeof(folder), "%s/migctl-test-XXXXXX", tmp ? tmp : "/tmp");
	CHECK(mkdtemp(folder));
	CHECK(chmod(folder, 0755) == 0); /* some tests come as another user */
	owner = getpid();
	atexit(remove_folder);
}

void *door_symbol(const char *name)
{
	void *at = dlsym(library, name);

	if (!at)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(at);
	return at;
}

void door_open(void)
{
	struct mig_error err = { 0 };
	const char *path = getenv("MIG_TEST_NVML");

	library = dlopen(path ? path : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(library);
#define NVML_FN(use, since, name, args) *(void **)&nv.name = door_symbol(#name);
#include "abi/nvml.def"
#undef NVML_FN
	*(void **)&nv.nvmlErrorString = door_symbol("nvmlErrorString");
	nv.marker = door_symbol(SIM_MARKER_SYMBOL);
	CHECK(nv.marker->version == 2);
	if (mig_catalog_open(NULL, &catalog, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	make_folder();
}

const char *machine_folder(void)
{
	return folder;
}

void machine_make(const char *name, const char *spec, const char *driver)
{
	struct sim_options opt = { 0 };
	struct mig_error err = { 0 };
	int rc = sim_spec_parse(spec, catalog, &opt, &err);

	opt.driver = driver;
	opt.seed = 1;
	opt.settle_ms = settle_ms;
	if (rc == 0)
		rc = sim_machine_new(folder, name, &opt, &err);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", spec, err.msg);
	CHECK(rc == 0);
}

void machine_be(const char *name)
{
	CHECK_EQ(nv.marker->select(folder, name), 0);
	CHECK_RC(nv.nvmlInit_v2(), NVML_SUCCESS);
}

const char *machine_start(const char *spec, const char *driver)
{
	static unsigned n_made;

	snprintf(started, sizeof(started), "m%u", n_made++);
	machine_make(started, spec, driver);
	machine_be(started);
	return started;
}

void machine_stop(void)
{
	struct mig_error err = { 0 };

	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	if (sim_machine_rm(folder, started, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
}

nvmlDevice_t gpu(unsigned index)
{
	nvmlDevice_t device = NULL;

	CHECK_RC(nv.nvmlDeviceGetHandleByIndex_v2(index, &device), NVML_SUCCESS);
	return device;
}

nvmlDevice_t mig_on(unsigned index)
{
	nvmlReturn_t status = NVML_ERROR_UNKNOWN;
	nvmlDevice_t device = gpu(index);

	CHECK_RC(nv.nvmlDeviceSetMigMode(device, NVML_DEVICE_MIG_ENABLE, &status),
		 NVML_SUCCESS);
	CHECK_RC(status, NVML_SUCCESS);
	return gpu(index);
}

nvmlReturn_t gi_destroy(nvmlGpuInstance_t gi)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	nvmlReturn_t rc = nv.nvmlGpuInstanceDestroy(gi);

	for (int i = 0; settle_ms && rc == NVML_ERROR_IN_USE && i < 1000; i++) {
		nanosleep(&pause, NULL);
		rc = nv.nvmlGpuInstanceDestroy(gi);
	}
	return rc;
}

const struct mig_gpu_type *type_of(const char *key)
{
	const struct mig_gpu_type *type = NULL;
	struct mig_error err = { 0 };

	if (mig_catalog_find(catalog, key, &type, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(type);
	return type;
}

bool has_two_orientations(const struct mig_gpu_type *type)
{
	return type->units == 8;
}
