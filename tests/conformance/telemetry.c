/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured agrees: with itself, with who holds the GPU, and with what MIG hides. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/inject.h"
#include "tests/door.h"

enum { GR_UTIL = 1, DRAM_UTIL = 10, PCIE_TX = 20 };
enum { EVENT_XID = 8, EVENT_MIG_CONFIG = 0x100 };
enum { SOON_MS = 60000 }; /* never waited out, unless something is lost */

static const char *machine;

static struct sim_tenant *hold(const char *device, unsigned sm, unsigned dram)
{
	struct sim_tenant *tenant = NULL;
	struct mig_error err = { 0 };

	if (sim_tenant_begin(machine_folder(), machine, device, getpid(), 0, &tenant, &err) <
		    0 ||
	    sim_tenant_load(tenant, sm, dram, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	return tenant;
}

static unsigned number(nvmlReturn_t (*get)(nvmlDevice_t, unsigned *), nvmlDevice_t device)
{
	unsigned value = ~0U;

	CHECK_RC(get(device, &value), NVML_SUCCESS);
	return value;
}

static unsigned long long energy(nvmlDevice_t device)
{
	unsigned long long mj = 0;

	CHECK_RC(nv.nvmlDeviceGetTotalEnergyConsumption(device, &mj), NVML_SUCCESS);
	return mj;
}

/* A GI of the profile with a CI over all of it. */
static void instance(unsigned gi_profile_id, unsigned ci_profile_id)
{
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(0), gi_profile_id, &gi), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, ci_profile_id, &ci), NVML_SUCCESS);
}

/* --- Power and what follows from it ---------------------------------------------------------- */

static void a_busy_gpu_draws_more_and_runs_hotter_and_faster(void)
{
	unsigned power, celsius, hot, mhz, limit, max;
	struct sim_tenant *tenant;
	nvmlUtilization_t util;

	machine = machine_start("2xA100-SXM4-80GB", NULL);
	power = number(nv.nvmlDeviceGetPowerUsage, gpu(0));
	limit = number(nv.nvmlDeviceGetEnforcedPowerLimit, gpu(0));
	CHECK_RC(nv.nvmlDeviceGetTemperature(gpu(0), 0, &celsius), NVML_SUCCESS);
	CHECK(power > 0 && power < limit / 2);
	tenant = hold("0", 100, 100);
	CHECK_EQ(number(nv.nvmlDeviceGetPowerUsage, gpu(0)), limit);
	CHECK(number(nv.nvmlDeviceGetPowerUsage, gpu(1)) < limit / 2);
	CHECK_RC(nv.nvmlDeviceGetTemperature(gpu(0), 0, &hot), NVML_SUCCESS);
	CHECK(hot > celsius);
	CHECK_RC(nv.nvmlDeviceGetClockInfo(gpu(0), 1, &mhz), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetMaxClockInfo(gpu(0), 1, &max), NVML_SUCCESS);
	CHECK_EQ(mhz, max);
	CHECK_RC(nv.nvmlDeviceGetUtilizationRates(gpu(0), &util), NVML_SUCCESS);
	CHECK_EQ(util.gpu, 100);
	CHECK_EQ(util.memory, 100);
	sim_tenant_end(tenant);
	CHECK_EQ(number(nv.nvmlDeviceGetPowerUsage, gpu(0)), power);
	CHECK_RC(nv.nvmlDeviceGetClockInfo(gpu(0), 1, &mhz), NVML_SUCCESS);
	CHECK(mhz < max);
	machine_stop();
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Between two readings of the meter lies what the power comes to in the time between, which
 * is bounded from both sides by the clock read before and after each. */
static void energy_is_power_over_time(void)
{
	uint64_t t[4], from, to, mw;
	struct sim_tenant *tenant;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	tenant = hold("0", 80, 20);
	mw = number(nv.nvmlDeviceGetPowerUsage, gpu(0));
	t[0] = now_us();
	from = energy(gpu(0));
	t[1] = now_us();
	usleep(50000);
	t[2] = now_us();
	to = energy(gpu(0));
	t[3] = now_us();
	CHECK(to - from + 1 >= mw * (t[2] - t[1]) / 1000000);
	CHECK(to - from <= mw * (t[3] - t[0]) / 1000000 + 1);
	sim_tenant_end(tenant);
	machine_stop();
}

static void energy_never_runs_backwards_though_tenants_die(void)
{
	unsigned long long last, idle;
	int status;
	pid_t pid;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	last = energy(gpu(0));
	idle = number(nv.nvmlDeviceGetPowerUsage, gpu(0));
	for (int i = 0; i < 10; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			(void)hold("0", 100, 100);
			raise(SIGKILL);
		}
		while (waitpid(pid, &status, WNOHANG) == 0) {
			CHECK(energy(gpu(0)) >= last);
			last = energy(gpu(0));
		}
		CHECK(energy(gpu(0)) >= last);
		CHECK_EQ(number(nv.nvmlDeviceGetPowerUsage, gpu(0)), idle);
	}
	machine_stop();
}

/* --- MIG hides ------------------------------------------------------------------------------- */

static void utilisation_is_not_supported_while_mig_is_on(void)
{
	unsigned util = 0, period = 0, watts = 0;
	nvmlUtilization_t rates;
	nvmlDevice_t mig;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	mig_on(0);
	instance(9, 2);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), 0, &mig), NVML_SUCCESS);
	for (int i = 0; i < 2; i++) {
		const nvmlDevice_t device = i ? mig : gpu(0);

		CHECK_RC(nv.nvmlDeviceGetUtilizationRates(device, &rates),
			 NVML_ERROR_NOT_SUPPORTED);
		CHECK_RC(nv.nvmlDeviceGetEncoderUtilization(device, &util, &period),
			 NVML_ERROR_NOT_SUPPORTED);
		CHECK_RC(nv.nvmlDeviceGetDecoderUtilization(device, &util, &period),
			 NVML_ERROR_NOT_SUPPORTED);
	}
	CHECK_RC(nv.nvmlDeviceGetPowerUsage(mig, &watts), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlDeviceGetFanSpeed(gpu(0), &watts), NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

static void a_gpu_uses_the_memory_of_its_instances(void)
{
	nvmlMemory_v2_t whole = { .version = NVML_STRUCT_VERSION(whole, 2) }, part = whole;
	unsigned long long sum = 0;
	nvmlDevice_t mig;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	mig_on(0);
	instance(9, 2);
	instance(14, 1);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), i, &mig), NVML_SUCCESS);
		CHECK_RC(nv.nvmlDeviceGetMemoryInfo_v2(mig, &part), NVML_SUCCESS);
		sum += part.used;
	}
	CHECK_RC(nv.nvmlDeviceGetMemoryInfo_v2(gpu(0), &whole), NVML_SUCCESS);
	CHECK(sum > 0);
	CHECK_EQ(whole.used, sum);
	machine_stop();
}

/* --- GPM ------------------------------------------------------------------------------------- */

static nvmlReturn_t sample(int gi, nvmlGpmSample_t s)
{
	return gi < 0 ? nv.nvmlGpmSampleGet(gpu(0), s)
		      : nv.nvmlGpmMigSampleGet(gpu(0), (unsigned)gi, s);
}

/* Means of a GPU (@gi < 0) or instance over a moment. */
static void measure(int gi, double ret[3])
{
	static const unsigned ids[3] = { GR_UTIL, DRAM_UTIL, PCIE_TX };
	nvmlGpmMetricsGet_t *get = calloc(1, sizeof(*get) + 3 * sizeof(get->metrics[0]));

	CHECK(get);
	CHECK_RC(nv.nvmlGpmSampleAlloc(&get->sample1), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpmSampleAlloc(&get->sample2), NVML_SUCCESS);
	CHECK_RC(sample(gi, get->sample1), NVML_SUCCESS);
	usleep(2000);
	CHECK_RC(sample(gi, get->sample2), NVML_SUCCESS);
	get->version = 1;
	get->numMetrics = 3;
	for (int i = 0; i < 3; i++)
		get->metrics[i].metricId = ids[i];
	CHECK_RC(nv.nvmlGpmMetricsGet(get), NVML_SUCCESS);
	for (int i = 0; i < 3; i++) {
		CHECK_RC(get->metrics[i].nvmlReturn, NVML_SUCCESS);
		CHECK(get->metrics[i].metricInfo.shortName && get->metrics[i].metricInfo.unit);
		ret[i] = get->metrics[i].value;
	}
	CHECK_RC(nv.nvmlGpmSampleFree(get->sample1), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpmSampleFree(get->sample2), NVML_SUCCESS);
	free(get);
}

static bool is_near(double a, double b)
{
	return fabs(a - b) < 0.01;
}

/* A real A100's, by DCGM: a 4g at SMACT 0.75 and DRAMA 0.8 makes 0.429 and 0.4 of the GPU. */
static void an_instance_counts_in_sevenths_and_eighths(void)
{
	double part[3], whole[3], idle[3];
	struct sim_tenant *tenant;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	mig_on(0);
	instance(5, 3); /* 4g.40gb is GI 1 */
	instance(9, 2); /* 3g.40gb is GI 2 */
	tenant = hold("0/1/0", 75, 80);
	measure(1, part);
	measure(2, idle);
	measure(-1, whole);
	CHECK(is_near(part[0], 75) && is_near(part[1], 80));
	CHECK(is_near(idle[0], 0) && is_near(idle[1], 0) && is_near(idle[2], 0));
	CHECK(is_near(whole[0], 75.0 * 4 / 7));
	CHECK(is_near(whole[1], 80.0 * 4 / 8));
	CHECK(part[2] > 0 && is_near(part[2], whole[2]));
	sim_tenant_end(tenant);
	machine_stop();
}

static void ampere_has_no_gpm(void)
{
	nvmlGpmSupport_t support = { .version = 1, .isSupportedDevice = 7 };
	nvmlGpmSample_t s;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlGpmQueryDeviceSupport(gpu(0), &support), NVML_SUCCESS);
	CHECK_EQ(support.isSupportedDevice, 0);
	CHECK_RC(nv.nvmlGpmSampleAlloc(&s), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpmSampleGet(gpu(0), s), NVML_ERROR_NOT_SUPPORTED);
	CHECK_RC(nv.nvmlGpmSampleFree(s), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpmSampleFree(s), NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

static void a_killed_tenant_no_longer_keeps_its_instance_busy(void)
{
	double m[3];
	int status;
	pid_t pid;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	mig_on(0);
	instance(9, 2);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)hold("0/2/0", 100, 100);
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	measure(2, m);
	CHECK(is_near(m[0], 0));
	machine_stop();
}

/* --- Events ---------------------------------------------------------------------------------- */

static nvmlEventSet_t wait_set(unsigned index, unsigned long long types)
{
	nvmlEventSet_t set;

	CHECK_RC(nv.nvmlEventSetCreate(&set), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceRegisterEvents(gpu(index), types, set), NVML_SUCCESS);
	return set;
}

static void another_process_hears_of_a_new_instance(void)
{
	int status, ready[2];
	char byte = 0;
	pid_t pid;

	machine = machine_start("2xA100-SXM4-80GB", NULL);
	mig_on(0);
	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		nvmlEventSet_t set = wait_set(0, EVENT_MIG_CONFIG);
		nvmlEventData_t data;

		CHECK(write(ready[1], &byte, 1) == 1);
		CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, SOON_MS), NVML_SUCCESS);
		CHECK_EQ(data.eventType, EVENT_MIG_CONFIG);
		CHECK(data.device == gpu(0));
		_exit(0);
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	instance(9, 2);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(ready[0]);
	close(ready[1]);
	machine_stop();
}

static void an_xid_names_its_gpu_and_instance(void)
{
	nvmlEventData_t data;
	nvmlEventSet_t set;

	machine = machine_start("2xH100-SXM5-80GB", NULL);
	mig_on(1);
	set = wait_set(1, EVENT_XID);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_TIMEOUT);
	CHECK_EQ(sim_machine_xid(machine_folder(), machine, 0, -1, -1, 79, NULL), 0);
	CHECK_EQ(sim_machine_xid(machine_folder(), machine, 1, -1, -1, 94, NULL), 0);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, SOON_MS), NVML_SUCCESS);
	CHECK_EQ(data.eventType, EVENT_XID);
	CHECK_EQ(data.eventData, 94);
	CHECK(data.device == gpu(1));
	CHECK_EQ(data.gpuInstanceId, NVML_NO_INSTANCE_ID);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_TIMEOUT);
	CHECK_EQ(sim_machine_xid(machine_folder(), machine, 1, 2, 0, 94, NULL), -MIG_E_NOENT);
	CHECK_RC(nv.nvmlEventSetFree(set), NVML_SUCCESS);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_INVALID_ARGUMENT);
	machine_stop();
}

static void what_happened_before_is_not_told(void)
{
	nvmlEventData_t data;
	nvmlEventSet_t set;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlEventSetCreate(&set), NVML_SUCCESS);
	CHECK_EQ(sim_machine_xid(machine_folder(), machine, 0, -1, -1, 79, NULL), 0);
	CHECK_RC(nv.nvmlDeviceRegisterEvents(gpu(0), EVENT_XID, set), NVML_SUCCESS);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 0), NVML_ERROR_TIMEOUT);
	for (unsigned i = 0; i < 200; i++) /* more than are remembered */
		CHECK_EQ(sim_machine_xid(machine_folder(), machine, 0, -1, -1, 1000 + i, NULL),
			 0);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, 0), NVML_SUCCESS);
	CHECK(data.eventData > 1000);
	while (nv.nvmlEventSetWait_v2(set, &data, 0) == NVML_SUCCESS)
		;
	CHECK_EQ(data.eventData, 1199);
	machine_stop();
}

static void a_set_does_not_outlive_the_boot_or_the_machine(void)
{
	nvmlEventData_t data;
	nvmlEventSet_t set;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	set = wait_set(0, EVENT_XID);
	CHECK_EQ(sim_machine_reboot(machine_folder(), machine, NULL), 0);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, SOON_MS), NVML_ERROR_GPU_IS_LOST);
	machine_stop();
	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, SOON_MS), NVML_ERROR_GPU_IS_LOST);
	CHECK_RC(nv.nvmlEventSetFree(set), NVML_SUCCESS);
	machine_stop();
}

/* --- Other ways to ask ------------------------------------------------------------------------ */

static void fields_say_what_the_calls_say(void)
{
	nvmlFieldValue_t values[] = { { .fieldId = 83 },
				      { .fieldId = 186 },
				      { .fieldId = 91 },
				      { .fieldId = 3 },
				      { .fieldId = 9999 } };
	unsigned long long before;

	machine = machine_start("1xH100-SXM5-80GB", NULL);
	before = energy(gpu(0));
	CHECK_RC(nv.nvmlDeviceGetFieldValues(gpu(0), 5, values), NVML_SUCCESS);
	CHECK_RC(values[0].nvmlReturn, NVML_SUCCESS);
	CHECK(values[0].value.ullVal >= before && values[0].value.ullVal <= energy(gpu(0)));
	CHECK_EQ(values[1].value.uiVal, number(nv.nvmlDeviceGetPowerUsage, gpu(0)));
	CHECK_EQ(values[2].value.uiVal, 18);
	CHECK_RC(values[3].nvmlReturn, NVML_SUCCESS);
	CHECK_EQ(values[3].value.ullVal, 0);
	CHECK_RC(values[4].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
	machine_stop();
}

static void a_uuid_finds_its_device_in_either_form(void)
{
	nvmlUUID_t uuid = { .version = NVML_STRUCT_VERSION(uuid, 1), .type = 1 };
	nvmlDevice_t mig, found = NULL;
	char text[96];
	unsigned at = 4;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	mig_on(0);
	instance(9, 2);
	CHECK_RC(nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), 0, &mig), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(mig, text, sizeof(text)), NVML_SUCCESS);
	snprintf(uuid.value.str, sizeof(uuid.value.str), "%s", text);
	CHECK_RC(nv.nvmlDeviceGetHandleByUUIDV(&uuid, &found), NVML_SUCCESS);
	CHECK(found == mig);
	uuid.type = 2;
	for (int i = 0; i < 16; i++, at += 2) {
		unsigned byte;

		at += text[at] == '-';
		CHECK(sscanf(text + at, "%2x", &byte) == 1);
		uuid.value.bytes[i] = (unsigned char)byte;
	}
	found = NULL;
	CHECK_RC(nv.nvmlDeviceGetHandleByUUIDV(&uuid, &found), NVML_SUCCESS);
	CHECK(found == mig);
	machine_stop();
}

/* What a fault answers ends the wait at once, under either name of the call. */
static void a_fault_of_a_wait_ends_it(void)
{
	static const char *const faults[] = { "nvmlEventSetWait#1=UNKNOWN",
					      "nvmlEventSetWait_v2#1=TIMEOUT" };
	struct mig_error err;
	nvmlEventData_t data;
	nvmlEventSet_t set;

	machine = machine_start("1xA100-SXM4-80GB", NULL);
	CHECK_RC(nv.nvmlEventSetCreate(&set), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceRegisterEvents(gpu(0), EVENT_XID, set), NVML_SUCCESS);
	for (int i = 0; i < 2; i++)
		CHECK(sim_inject_fault(machine_folder(), machine, faults[i], &err) == 0);
	CHECK_RC(nv.nvmlEventSetWait(set, &data, SOON_MS), NVML_ERROR_UNKNOWN);
	CHECK_RC(nv.nvmlEventSetWait_v2(set, &data, SOON_MS), NVML_ERROR_TIMEOUT);
	CHECK_RC(nv.nvmlEventSetFree(set), NVML_SUCCESS);
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(a_busy_gpu_draws_more_and_runs_hotter_and_faster);
	RUN(energy_is_power_over_time);
	RUN(energy_never_runs_backwards_though_tenants_die);
	RUN(utilisation_is_not_supported_while_mig_is_on);
	RUN(a_gpu_uses_the_memory_of_its_instances);
	RUN(an_instance_counts_in_sevenths_and_eighths);
	RUN(ampere_has_no_gpm);
	RUN(a_killed_tenant_no_longer_keeps_its_instance_busy);
	RUN(another_process_hears_of_a_new_instance);
	RUN(an_xid_names_its_gpu_and_instance);
	RUN(what_happened_before_is_not_told);
	RUN(a_set_does_not_outlive_the_boot_or_the_machine);
	RUN(a_fault_of_a_wait_ends_it);
	RUN(fields_say_what_the_calls_say);
	RUN(a_uuid_finds_its_device_in_either_form);
	mig_catalog_close(catalog);
	return 0;
}
