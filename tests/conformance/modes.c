/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MIG mode. Ampere switches with a reset, which the driver does itself when nobody holds
 * the GPU, and keeps the mode over a reboot; Hopper and later switch at once and forget it.
 */
#include <unistd.h>

#include "tests/conformance/conformance.h"

#define AMPERE "1xA100-SXM4-80GB"
#define HOPPER "1xH100-SXM5-80GB"

static struct sim_tenant *tenant(const char *machine, const char *device)
{
	struct sim_tenant *t = NULL;
	struct mig_error err = { 0 };

	if (sim_tenant_begin(machine_folder(), machine, device, getpid(), 1 << 20, &t, &err) <
	    0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(t);
	return t;
}

static int reset(const char *machine)
{
	struct mig_error err = { 0 };

	return sim_machine_reset(machine_folder(), machine, 0, &err);
}

/* A reboot ends every process: the library is started anew. */
static void reboot(const char *machine)
{
	struct mig_error err = { 0 };

	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	CHECK_EQ(sim_machine_reboot(machine_folder(), machine, &err), 0);
	machine_be(machine);
}

static void idle_gpu_switches(const char *spec)
{
	machine_start(spec, NULL);
	mode_is(gpu(0), 0, 0);
	CHECK_RC(set_mode(gpu(0), 0), NVML_SUCCESS);
	mode_is(gpu(0), 0, 0);
	CHECK_RC(set_mode(gpu(0), 1), NVML_SUCCESS);
	mode_is(gpu(0), 1, 1);
	CHECK_RC(set_mode(gpu(0), 1), NVML_SUCCESS);
	CHECK_RC(set_mode(gpu(0), 0), NVML_SUCCESS);
	mode_is(gpu(0), 0, 0);
	machine_stop();
}

static void an_idle_gpu_switches_at_once(void)
{
	idle_gpu_switches(AMPERE);
	idle_gpu_switches(HOPPER);
	idle_gpu_switches("1xA30");
	idle_gpu_switches("1xRTX-PRO-6000-Blackwell");
}

static void on_ampere_a_tenant_keeps_the_switch_pending_until_a_reset(void)
{
	const char *machine = machine_start(AMPERE, NULL);
	struct sim_tenant *t = tenant(machine, "GPU:0");

	CHECK_RC(set_mode(gpu(0), 1), NVML_ERROR_IN_USE);
	mode_is(gpu(0), 0, 1);
	CHECK_EQ(reset(machine), -MIG_E_BUSY);
	mode_is(gpu(0), 0, 1);
	sim_tenant_end(t);
	mode_is(gpu(0), 0, 1);
	CHECK_EQ(reset(machine), 0);
	mode_is(gpu(0), 1, 1);
	machine_stop();
}

static void a_pending_switch_can_be_taken_back(void)
{
	const char *machine = machine_start(AMPERE, NULL);
	struct sim_tenant *t = tenant(machine, "GPU:0");

	CHECK_RC(set_mode(gpu(0), 1), NVML_ERROR_IN_USE);
	CHECK_RC(set_mode(gpu(0), 0), NVML_SUCCESS);
	mode_is(gpu(0), 0, 0);
	sim_tenant_end(t);
	CHECK_EQ(reset(machine), 0);
	mode_is(gpu(0), 0, 0);
	machine_stop();
}

static void a_pending_switch_takes_effect_at_a_reboot(void)
{
	const char *machine = machine_start(AMPERE, NULL);
	struct sim_tenant *t = tenant(machine, "GPU:0");

	CHECK_RC(set_mode(gpu(0), 1), NVML_ERROR_IN_USE);
	reboot(machine);
	mode_is(gpu(0), 1, 1);
	sim_tenant_end(t);
	machine_stop();
}

static void on_hopper_a_tenant_stops_the_switch(void)
{
	const char *machine = machine_start(HOPPER, NULL);
	struct sim_tenant *t = tenant(machine, "GPU:0");
	nvmlReturn_t status;

	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(0), 1, &status), NVML_ERROR_IN_USE);
	mode_is(gpu(0), 0, 0);
	sim_tenant_end(t);
	CHECK_RC(set_mode(gpu(0), 1), NVML_SUCCESS);
	mode_is(gpu(0), 1, 1);
	machine_stop();
}

static void instances_keep_mig_on(const char *spec)
{
	nvmlReturn_t status;
	nvmlGpuInstance_t gi;

	machine_start(spec, NULL);
	gi = gi_create(mig_on(0), 0);
	CHECK_RC(nv.nvmlDeviceSetMigMode(gpu(0), 0, &status), NVML_ERROR_IN_USE);
	mode_is(gpu(0), 1, 1);
	gi_info(gi);
	CHECK_RC(set_mode(gpu(0), 1), NVML_SUCCESS);
	gi_info(gi);
	CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	CHECK_RC(set_mode(gpu(0), 0), NVML_SUCCESS);
	mode_is(gpu(0), 0, 0);
	machine_stop();
}

static void mig_stays_on_while_instances_stand(void)
{
	instances_keep_mig_on(AMPERE);
	instances_keep_mig_on(HOPPER);
}

static void instances_go_with(const char *spec, bool is_reboot, unsigned mode_after)
{
	const char *machine = machine_start(spec, NULL);
	nvmlGpuInstance_t gi = gi_create(mig_on(0), 0);

	ci_create(gi, 0);
	if (is_reboot)
		reboot(machine);
	else
		CHECK_EQ(reset(machine), 0);
	mode_is(gpu(0), mode_after, mode_after);
	set_mode(gpu(0), 1);
	CHECK_RC(nv.nvmlDeviceGetGpuInstanceById(gpu(0), 13, &gi), NVML_ERROR_NOT_FOUND);
	CHECK_EQ(capacity(gpu(0), 4), 1);
	machine_stop();
}

static void no_instance_survives_a_reset_or_a_reboot(void)
{
	instances_go_with(AMPERE, false, 1);
	instances_go_with(HOPPER, false, 1);
	instances_go_with(AMPERE, true, 1);
	instances_go_with(HOPPER, true, 0);
}

static void a_tenant_keeps_its_instances(void)
{
	const char *machine = machine_start(AMPERE, NULL);
	nvmlGpuInstance_t gi = gi_create(mig_on(0), 2), other = gi_create(gpu(0), 2);
	nvmlComputeInstance_t ci = ci_create(gi, 0), beside = ci_create(gi, 0);
	struct sim_tenant *t = tenant(machine, "0/2/0");

	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_ERROR_IN_USE);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(beside), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_ERROR_IN_USE);
	CHECK_RC(gi_destroy(other), NVML_SUCCESS);
	CHECK_EQ(reset(machine), -MIG_E_BUSY);
	sim_tenant_end(t);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(gi_destroy(gi), NVML_SUCCESS);
	machine_stop();
}

static void a_tenant_shows_as_a_process_of_its_device(void)
{
	const char *machine = machine_start(AMPERE, NULL);
	nvmlGpuInstance_t gi = gi_create(mig_on(0), 2);
	nvmlProcessInfo_t processes[4];
	struct sim_tenant *t;
	unsigned n = 4;

	ci_create(gi, 0);
	ci_create(gi, 0);
	t = tenant(machine, "0/2/1");
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig_device(gpu(0), 1), &n,
							    processes),
		 NVML_SUCCESS);
	CHECK_EQ(n, 1);
	CHECK_EQ(processes[0].pid, getpid());
	CHECK_EQ(processes[0].usedGpuMemory, 1 << 20);
	CHECK_EQ(processes[0].gpuInstanceId, 2);
	CHECK_EQ(processes[0].computeInstanceId, 1);
	n = 4;
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig_device(gpu(0), 0), &n,
							    processes),
		 NVML_SUCCESS);
	CHECK_EQ(n, 0);
	sim_tenant_end(t);
	n = 4;
	CHECK_RC(nv.nvmlDeviceGetComputeRunningProcesses_v3(mig_device(gpu(0), 1), &n,
							    processes),
		 NVML_SUCCESS);
	CHECK_EQ(n, 0);
	machine_stop();
}

static unsigned field(const char *spec, unsigned id)
{
	nvmlFieldValue_t value = { .fieldId = id };

	machine_start(spec, NULL);
	CHECK_RC(nv.nvmlDeviceGetFieldValues(gpu(0), 1, &value), NVML_SUCCESS);
	CHECK_RC(value.nvmlReturn, NVML_SUCCESS);
	machine_stop();
	return value.value.uiVal;
}

static void the_driver_tells_which_gpus_switch_without_a_reset(void)
{
	CHECK_EQ(field(AMPERE, NVML_FI_DEV_IS_RESETLESS_MIG_SUPPORTED), 0);
	CHECK_EQ(field(HOPPER, NVML_FI_DEV_IS_RESETLESS_MIG_SUPPORTED), 1);
}

void mode_tests(void)
{
	RUN(an_idle_gpu_switches_at_once);
	RUN(on_ampere_a_tenant_keeps_the_switch_pending_until_a_reset);
	RUN(a_pending_switch_can_be_taken_back);
	RUN(a_pending_switch_takes_effect_at_a_reboot);
	RUN(on_hopper_a_tenant_stops_the_switch);
	RUN(mig_stays_on_while_instances_stand);
	RUN(no_instance_survives_a_reset_or_a_reboot);
	RUN(a_tenant_keeps_its_instances);
	RUN(a_tenant_shows_as_a_process_of_its_device);
	RUN(the_driver_tells_which_gpus_switch_without_a_reset);
}
