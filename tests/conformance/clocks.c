/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks that somebody set: what Slurm's --gpu-freq does, and what nvidia-smi -ac and -lgc do. */
#include <unistd.h>

#include "sim/inject.h"
#include "tests/door.h"

enum { GRAPHICS, SM, MEM, VIDEO };
enum { IDLE = 1, SETTING = 2 };
enum { A100_MHZ = 1410, A100_MEM_MHZ = 1593, IDLE_MHZ = 210 };
enum { TDP = 0xffffff01, UNLIMITED = 0xffffff02 };

static const char *machine;
static struct mig_error err;

static unsigned clock_now(unsigned type)
{
	unsigned mhz = 0;

	CHECK_RC(nv.nvmlDeviceGetClockInfo(gpu(0), type, &mhz), NVML_SUCCESS);
	return mhz;
}

static unsigned app_clock(unsigned type)
{
	unsigned mhz = 0;

	CHECK_RC(nv.nvmlDeviceGetApplicationsClock(gpu(0), type, &mhz), NVML_SUCCESS);
	return mhz;
}

static unsigned long long reasons(void)
{
	unsigned long long by_new = 0, by_old = 0;

	CHECK_RC(nv.nvmlDeviceGetCurrentClocksEventReasons(gpu(0), &by_new), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetCurrentClocksThrottleReasons(gpu(0), &by_old), NVML_SUCCESS);
	CHECK_EQ(by_new, by_old);
	return by_new;
}

static struct sim_tenant *work(void)
{
	struct sim_tenant *tenant = NULL;

	if (sim_tenant_begin(machine_folder(), machine, "0", getpid(), 0, &tenant, &err) < 0 ||
	    sim_tenant_load(tenant, 50, 50, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return tenant;
}

/* Slurm asks which clocks there are, sets one of them, and takes it back when the job is done. */
static void slurm_sets_a_clock_that_there_is_for_what_runs(void)
{
	unsigned mem[8], sm[256], n_mem = 8, n_sm = 256;
	struct sim_tenant *tenant;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceGetSupportedMemoryClocks(gpu(0), &n_mem, mem), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetSupportedGraphicsClocks(gpu(0), mem[0], &n_sm, sm),
		 NVML_SUCCESS);
	CHECK_EQ(sm[0], A100_MHZ);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), mem[0], sm[20]), NVML_SUCCESS);
	CHECK_EQ(app_clock(SM), sm[20]);
	CHECK_EQ(app_clock(GRAPHICS), sm[20]);
	CHECK_EQ(app_clock(MEM), mem[0]);
	/* It is for what runs; nothing does. */
	CHECK_EQ(clock_now(SM), IDLE_MHZ);
	CHECK_EQ(reasons(), IDLE);
	tenant = work();
	CHECK_EQ(clock_now(SM), sm[20]);
	CHECK_EQ(clock_now(MEM), mem[0]);
	CHECK_EQ(reasons(), SETTING);
	CHECK_RC(nv.nvmlDeviceResetApplicationsClocks(gpu(0)), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), A100_MHZ);
	CHECK_EQ(app_clock(SM), A100_MHZ);
	CHECK_EQ(reasons(), 0);
	sim_tenant_end(tenant);
	machine_stop();
}

static void a_lock_holds_an_idle_gpu_too_and_goes_before_application_clocks(void)
{
	struct sim_tenant *tenant;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), A100_MEM_MHZ, 900), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 600, 1200), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), 600);
	CHECK_EQ(reasons(), SETTING);
	tenant = work();
	CHECK_EQ(clock_now(SM), 1200);
	CHECK_RC(nv.nvmlDeviceResetGpuLockedClocks(gpu(0)), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), 900);
	/* What there is not is the nearest that there is; the limits have names. */
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 1, 99999), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), A100_MHZ);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), TDP, TDP), NVML_SUCCESS);
	sim_tenant_end(tenant);
	CHECK_EQ(clock_now(SM), A100_MHZ);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), UNLIMITED, UNLIMITED), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), IDLE_MHZ);
	CHECK_EQ(reasons(), IDLE);
	machine_stop();
}

static void what_cannot_be_set_changes_nothing(void)
{
	nvmlDevice_t mig, parent;
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), 877, 900),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), A100_MEM_MHZ, 901),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), A100_MEM_MHZ, A100_MHZ + 15),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 1200, 600),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 600, TDP),
		 NVML_ERROR_INVALID_ARGUMENT);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(NULL, 600, 900), NVML_ERROR_INVALID_ARGUMENT);
	CHECK_EQ(app_clock(SM), A100_MHZ);
	CHECK_EQ(clock_now(SM), IDLE_MHZ);
	parent = mig_on(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(parent, 9, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(parent, 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(mig, A100_MEM_MHZ, 900),
		 NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

/* A reset of the GPU, or of the machine, takes settings back, as the driver's header says. */
static void settings_do_not_outlive_a_reset(void)
{
	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceSetApplicationsClocks(gpu(0), A100_MEM_MHZ, 900), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 600, 600), NVML_SUCCESS);
	CHECK_EQ(clock_now(SM), 600);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 0, &err), 0);
	CHECK_EQ(clock_now(SM), IDLE_MHZ);
	CHECK_EQ(app_clock(SM), A100_MHZ);
	machine_stop();
}

static bool see(const struct sim_log_record *r, void *arg)
{
	char *seen = arg;

	snprintf(seen, 256, "%s %s", r->call, r->asked);
	return true;
}

static void who_set_a_clock_is_in_the_log(void)
{
	char seen[256] = "";

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlDeviceSetGpuLockedClocks(gpu(0), 600, 900), NVML_SUCCESS);
	CHECK_EQ(sim_log_each(machine_folder(), machine, false, see, seen, NULL), 0);
	CHECK(strcmp(seen, "nvmlDeviceSetGpuLockedClocks GPU 0, clocks 600, 900") == 0);
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(slurm_sets_a_clock_that_there_is_for_what_runs);
	RUN(a_lock_holds_an_idle_gpu_too_and_goes_before_application_clocks);
	RUN(what_cannot_be_set_changes_nothing);
	RUN(settings_do_not_outlive_a_reset);
	RUN(who_set_a_clock_is_in_the_log);
	mig_catalog_close(catalog);
	return 0;
}
