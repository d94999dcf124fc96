/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a device: seen by every caller, refused to be destroyed, gone with its process. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/door.h"

enum { GIB = 1 << 30 };

static const char *machine;
static nvmlGpuInstance_t gi;
static nvmlComputeInstance_t ci;
static nvmlDevice_t mig;

static struct sim_tenant *hold(const char *device, int pid, uint64_t bytes)
{
	struct mig_error err = { 0 };
	struct sim_tenant *tenant = NULL;

	if (sim_tenant_begin(machine_folder(), machine, device, pid, bytes, &tenant, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(tenant);
	return tenant;
}

static int refusal(const char *device, int pid, uint64_t bytes)
{
	struct sim_tenant *tenant = NULL;
	struct mig_error err = { 0 };
	int rc = sim_tenant_begin(machine_folder(), machine, device, pid, bytes, &tenant, &err);

	CHECK(!tenant && err.msg[0]);
	return -rc;
}

/* One A100 with a 3g.40gb of one CI at GI 2. */
static void start(void)
{
	machine = machine_start("2xA100-SXM4-80GB", NULL);
	mig_on(0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(0), 9, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, 2, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), 0, &mig), NVML_SUCCESS);
}

static uint64_t used(nvmlDevice_t device)
{
	nvmlMemory_v2_t memory = { .version = NVML_STRUCT_VERSION(memory, 2) };

	CHECK_RC(nv.nvmlDeviceGetMemoryInfo_v2(device, &memory), NVML_SUCCESS);
	CHECK_EQ(memory.total, memory.used + memory.free + memory.reserved);
	return memory.used;
}

static unsigned n_processes(nvmlDevice_t device)
{
	nvmlProcessInfo_t infos[8];
	unsigned n = 8;

	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(device, &n, infos), NVML_SUCCESS);
	return n;
}

static void a_holder_shows_on_its_device_and_on_the_gpu(void)
{
	struct sim_tenant *tenant;
	nvmlProcessInfo_t info[2];
	unsigned n = 0;
	uint64_t idle;

	start();
	idle = used(mig);
	tenant = hold("0/2/0", getpid(), GIB);
	CHECK_EQ(used(mig), idle + GIB);
	CHECK_EQ(used(gpu(0)), idle + GIB);
	CHECK_EQ(n_processes(gpu(1)), 0);
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig, &n, NULL),
		 NVML_ERROR_INSUFFICIENT_SIZE);
	CHECK_EQ(n, 1);
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(gpu(0), &n, info), NVML_SUCCESS);
	CHECK_EQ(info[0].pid, getpid());
	CHECK_EQ(info[0].usedGpuMemory, GIB);
	CHECK_EQ(info[0].gpuInstanceId, 2);
	CHECK_EQ(info[0].computeInstanceId, 0);
	sim_tenant_end(tenant);
	CHECK_EQ(used(mig), idle);
	CHECK_EQ(n_processes(mig), 0);
	machine_stop();
}

static void what_is_held_is_not_destroyed(void)
{
	struct sim_tenant *tenant;

	start();
	tenant = hold("0/2/0", getpid(), 0);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_ERROR_IN_USE);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 0, NULL), -MIG_E_BUSY);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 1, NULL), 0);
	CHECK_EQ(sim_machine_rm(machine_folder(), machine, NULL), -MIG_E_BUSY);
	sim_tenant_end(tenant);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	machine_stop();
}

static void a_mode_switch_waits_for_the_holder_of_an_ampere_gpu(void)
{
	nvmlReturn_t status = NVML_SUCCESS;
	struct sim_tenant *tenant;
	unsigned now, later;

	start();
	tenant = hold("GPU:1", getpid(), GIB);
	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(1), 1, &status), NVML_SUCCESS);
	CHECK_EQ(status, NVML_ERROR_IN_USE);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(1), &now, &later), NVML_SUCCESS);
	CHECK(now == 0 && later == 1);
	sim_tenant_end(tenant);
	CHECK_EQ(sim_machine_reset(machine_folder(), machine, 1, NULL), 0);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(1), &now, &later), NVML_SUCCESS);
	CHECK(now == 1 && later == 1);
	machine_stop();
}

static void a_mode_switch_is_refused_on_a_held_hopper_gpu(void)
{
	nvmlReturn_t status;
	struct sim_tenant *tenant;
	unsigned now, later;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	tenant = hold("GPU:0", getpid(), 0);
	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(0), 1, &status), NVML_ERROR_IN_USE);
	CHECK_RC(nv.nvmlDeviceGetMigMode(gpu(0), &now, &later), NVML_SUCCESS);
	CHECK(now == 0 && later == 0);
	sim_tenant_end(tenant);
	machine_stop();
}

static void a_killed_holder_holds_nothing(void)
{
	int pipes[2], status;
	uint64_t idle;
	pid_t child;
	char c;

	start();
	idle = used(mig);
	CHECK(pipe(pipes) == 0);
	fflush(NULL);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		hold("0/2/0", getpid(), GIB);
		CHECK(write(pipes[1], "x", 1) == 1);
		pause();
		_exit(0);
	}
	CHECK(read(pipes[0], &c, 1) == 1);
	CHECK_EQ(used(mig), idle + GIB);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_ERROR_IN_USE);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
	CHECK_EQ(used(mig), idle);
	CHECK_EQ(n_processes(gpu(0)), 0);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	close(pipes[0]);
	close(pipes[1]);
	machine_stop();
}

/* The hold is the descriptor's: it lives as long as the command that was given it. */
static void a_hold_survives_exec_and_ends_with_the_command(void)
{
	int status;
	pid_t child;

	start();
	fflush(NULL);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		hold("0/2/0", getpid(), 0);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 2000 && n_processes(mig) == 0; i++)
		usleep(5000);
	usleep(20000);
	CHECK_EQ(n_processes(mig), 1);
	CHECK(kill(child, SIGTERM) == 0 && waitpid(child, &status, 0) == child);
	CHECK_EQ(n_processes(mig), 0);
	machine_stop();
}

static void what_cannot_be_held_is_refused_by_name(void)
{
	char uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];

	start();
	CHECK_EQ(refusal("GPU:0", 1, 0), MIG_E_UNSUPPORTED); /* in MIG mode */
	CHECK_EQ(refusal("GPU:2", 1, 0), MIG_E_NOENT);
	CHECK_EQ(refusal("0/3/0", 1, 0), MIG_E_NOENT);
	CHECK_EQ(refusal("0/2", 1, 0), MIG_E_NOENT);
	CHECK_EQ(refusal("MIG-nothing", 1, 0), MIG_E_NOENT);
	CHECK_EQ(refusal("0/2/0", 0, 0), MIG_E_INVAL);
	CHECK_EQ(refusal("0/2/0", 1, 64ULL * GIB), MIG_E_NOSPACE);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, uuid, sizeof(uuid)), NVML_SUCCESS);
	sim_tenant_end(hold(uuid, getpid(), GIB));
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(1), uuid, sizeof(uuid)), NVML_SUCCESS);
	sim_tenant_end(hold(uuid, getpid(), GIB));
	machine_stop();
}

static void a_machine_has_room_for_so_many_holders(void)
{
	static struct sim_tenant *all[256];

	start();
	for (int i = 0; i < 256; i++)
		all[i] = hold("0/2/0", 1000 + i, 0);
	CHECK_EQ(refusal("0/2/0", 1, 0), MIG_E_NOSPACE);
	sim_tenant_end(all[7]);
	all[7] = hold("GPU:1", 1, 0);
	CHECK_EQ(n_processes(gpu(1)), 1);
	for (int i = 0; i < 256; i++)
		sim_tenant_end(all[i]);
	CHECK_EQ(n_processes(gpu(0)), 0);
	machine_stop();
}

static void a_reboot_ends_holds_and_loses_gpus(void)
{
	struct sim_tenant *tenant;
	unsigned n;

	start();
	tenant = hold("0/2/0", getpid(), 0);
	CHECK_EQ(sim_machine_reboot(machine_folder(), machine, NULL), 0);
	CHECK_RC(nv.nvmlDeviceGetMaxMigDeviceCount(gpu(0), &n), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_GPU_IS_LOST);
	sim_tenant_end(tenant);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_be(machine);
	CHECK_EQ(n_processes(gpu(0)), 0);
	CHECK_RC(nv.nvmlDeviceGetMaxMigDeviceCount(gpu(0), &n), NVML_SUCCESS);
	CHECK_EQ(n, 7); /* an A100 keeps its mode */
	machine_stop();
}

/* Every third is killed, the others end; the next one takes over what they left. */
static void of_a_thousand_tenants_nothing_stays_held(void)
{
	uint64_t idle;
	int status;

	start();
	idle = used(mig);
	fflush(NULL);
	for (int i = 0; i < 1000; i++) {
		const pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			struct sim_tenant *tenant = hold("0/2/0", getpid(), 30ULL * GIB);

			if (i % 3 == 0)
				raise(SIGKILL);
			if (i % 3 == 1)
				sim_tenant_end(tenant);
			_exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(i % 3 == 0 ? WIFSIGNALED(status)
				 : WIFEXITED(status) && !WEXITSTATUS(status));
	}
	CHECK_EQ(used(mig), idle);
	CHECK_EQ(n_processes(gpu(0)), 0);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(a_holder_shows_on_its_device_and_on_the_gpu);
	RUN(what_is_held_is_not_destroyed);
	RUN(a_mode_switch_waits_for_the_holder_of_an_ampere_gpu);
	RUN(a_mode_switch_is_refused_on_a_held_hopper_gpu);
	RUN(a_killed_holder_holds_nothing);
	RUN(a_hold_survives_exec_and_ends_with_the_command);
	RUN(what_cannot_be_held_is_refused_by_name);
	RUN(a_machine_has_room_for_so_many_holders);
	RUN(a_reboot_ends_holds_and_loses_gpus);
	RUN(of_a_thousand_tenants_nothing_stays_held);
	mig_catalog_close(catalog);
	return 0;
}
