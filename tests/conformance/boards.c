/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a machine's driver say of its boards what its NVML says, and of module and libraries
 * that they are of one version. */
#include <string.h>
#include <unistd.h>

#include "tests/tree.h"

#ifdef __aarch64__
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "x86_64-linux-gnu"
#endif

static void check_word(const char *bus, const char *file, int digits, unsigned want)
{
	char name[128], text[32];

	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/%s", bus, file);
	snprintf(text, sizeof(text), "0x%0*x\n", digits, want);
	says(name, text);
}

/* A field of /proc/driver/nvidia/gpus/BUS/information. */
static void has_field(const char *text, const char *field, const char *want)
{
	char line[256];

	snprintf(line, sizeof(line), "%s%s\n", field, want);
	if (!strstr(text, line))
		fprintf(stderr, "no \"%s\" in:\n%s", line, text);
	CHECK(strstr(text, line));
}

static void check_board(unsigned index)
{
	char uuid[96], model[96], bus[16], name[8192], *text;
	unsigned char config[256];
	nvmlPciInfo_t pci = { 0 };
	FILE *f;

	CHECK_RC(nv.nvmlDeviceGetPciInfo_v3(gpu(index), &pci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetUUID(gpu(index), uuid, sizeof(uuid)), NVML_SUCCESS);
	CHECK_RC(nv.nvmlDeviceGetName(gpu(index), model, sizeof(model)), NVML_SUCCESS);
	snprintf(bus, sizeof(bus), "%04x:%02x:%02x.0", pci.domain, pci.bus, pci.device);
	check_word(bus, "vendor", 4, pci.pciDeviceId & 0xffff);
	check_word(bus, "device", 4, pci.pciDeviceId >> 16);
	check_word(bus, "subsystem_vendor", 4, pci.pciSubSystemId & 0xffff);
	check_word(bus, "subsystem_device", 4, pci.pciSubSystemId >> 16);
	check_word(bus, "class", 6, 0x030200);
	snprintf(name, sizeof(name), "%s/sys/bus/pci/devices/%s/config", root, bus);
	f = fopen(name, "rb");
	CHECK(f && fread(config, 1, sizeof(config), f) == sizeof(config) && fgetc(f) == EOF);
	fclose(f);
	CHECK_EQ(config[0] | config[1] << 8, pci.pciDeviceId & 0xffff);
	CHECK_EQ(config[2] | config[3] << 8, pci.pciDeviceId >> 16);
	snprintf(name, sizeof(name), "proc/driver/nvidia/gpus/%s/information", bus);
	text = content(name);
	has_field(text, "Model: \t\t ", model);
	has_field(text, "GPU UUID: \t ", uuid);
	has_field(text, "Bus Location: \t ", bus);
	free(text);
}

static void boards_are_those_that_nvml_tells(void)
{
	const char *name =
		machine_start("2xA100-SXM4-80GB,1xH100-SXM5-80GB,1xA30", "535.161.08");
	char *text;

	refresh(name);
	for (unsigned i = 0; i < 4; i++)
		check_board(i);
	says("sys/module/nvidia/version", "535.161.08\n");
	text = content("proc/driver/nvidia/version");
	CHECK(strncmp(text, "NVRM version: NVIDIA UNIX ", 26) == 0);
	CHECK(strstr(text, " Kernel Module  535.161.08  "));
	free(text);
	text = content("proc/modules");
	CHECK(strstr(text, "\nnvidia "));
	CHECK(strstr(text, "nvidia_uvm "));
	free(text);
	text = content("proc/devices");
	CHECK(strstr(text, " nvidia-frontend\n") && strstr(text, " nvidia-caps\n"));
	free(text);
	machine_stop();
}

/* nvidia-modprobe and container toolkits read the one, an operator's validator the other. */
static void the_module_has_the_same_settings_in_proc_and_in_sys(void)
{
	const char *name = machine_start("2xA100-SXM4-80GB", "550.163.01");
	char *params, *line, *save = NULL;
	int n = 0;

	refresh(name);
	says("sys/module/nvidia/version", "550.163.01\n");
	says("sys/module/nvidia/initstate", "live\n");
	says("sys/module/nvidia/refcnt", "3\n");
	says("sys/module/nvidia_uvm/refcnt", "0\n");
	params = content("proc/driver/nvidia/params");
	CHECK(strstr(params, "ModifyDeviceFiles: 1\n"));
	for (line = strtok_r(params, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char setting[64], value[16], path[128];

		CHECK_EQ(sscanf(line, "%63[A-Za-z]: %14s", setting, value), 2);
		snprintf(path, sizeof(path), "sys/module/nvidia/parameters/NVreg_%s", setting);
		strcat(value, "\n");
		says(path, value);
		n++;
	}
	CHECK_EQ(n, 5);
	free(params);
	/* As many use it as /proc/modules says. */
	params = content("proc/modules");
	CHECK(strstr(params, "nvidia 104071168 3 nvidia_uvm, Live"));
	free(params);
	machine_stop();
}

/* A program that is linked with the driver's libraries finds those of this version. */
static void libraries_lead_to_the_drivers_version(void)
{
	static const char *const libraries[] = { "libcuda", "libnvidia-ml" };
	const char *name = machine_start("1xA30", "535.261.03");
	char path[8192], target[128], want[64];
	ssize_t n;

	refresh(name);
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		snprintf(path, sizeof(path), "%s/usr/lib/" MULTIARCH "/%s.so.1", root,
			 libraries[i]);
		snprintf(want, sizeof(want), "%s.so.535.261.03", libraries[i]);
		n = readlink(path, target, sizeof(target) - 1);
		CHECK(n > 0);
		target[n] = '\0';
		CHECK_STR(target, want);
	}
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(boards_are_those_that_nvml_tells);
	RUN(the_module_has_the_same_settings_in_proc_and_in_sys);
	RUN(libraries_lead_to_the_drivers_version);
	return 0;
}
