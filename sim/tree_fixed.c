/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a machine's tree that never changes: what its driver and its boards say. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "shared/text.h"
#include "sim/tree_state.h"
#include "sim/version.h"

enum {
	SUBSYSTEM_VENDOR = 0x10de,
	SUBSYSTEM_DEVICE = 0x0051, /* nobody's: the mark of a simulated board */
	CLASS_3D = 0x030200,
	REVISION = 0xa1,
	CONTROL_MINOR = 255, /* of nvidiactl */
	FIRST_IRQ = 100,
	CONFIG_BYTES = 256,
	FRONTEND_UNTIL =
		550, /* before, /proc/devices called the GPUs' driver nvidia-frontend */
};

/* "0000:07:00.0": the kernel's spelling of NVML's "00000000:07:00.0". */
static void kernel_bus_id(const struct sim_gpu *gpu, char *buf, size_t len)
{
	text_copy(buf, len, strlen(gpu->bus_id) > 12 ? gpu->bus_id + 4 : gpu->bus_id);
	for (char *p = buf; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static const char *machine_word(const struct utsname *host)
{
	return strcmp(host->machine, "aarch64") == 0 ? "aarch64" : "x86_64";
}

/* --- proc ---------------------------------------------------------------------------------- */

static void write_minors(struct tree_writer *w)
{
	struct text t = { 0 };

	text_add(&t, "config %d\nmonitor %d\n", SIM_CAP_CONFIG, SIM_CAP_MONITOR);
	for (int gpu = 0; gpu < SIM_GPUS_MAX; gpu++)
		for (int gi = 0; gi < SIM_GIS_MAX; gi++) {
			text_add(&t, "gpu%d/gi%d/access %u\n", gpu, gi,
				 sim_cap_minor(gpu, gi, -1));
			for (int ci = 0; ci < SIM_CIS_MAX; ci++)
				text_add(&t, "gpu%d/gi%d/ci%d/access %u\n", gpu, gi, ci,
					 sim_cap_minor(gpu, gi, ci));
		}
	tree_file(w, "proc/driver/nvidia-caps/mig-minors", 0444, text_str(&t), t.len);
	text_free(&t);
	tree_text(w, "proc/driver/nvidia-caps/nvlink-minors", "fabric-mgmt 0\n");
	tree_text(w, "proc/driver/nvidia-caps/sys-minors", "fabric-imex-mgmt %d\n",
		  SIM_CAPS_END);
}

static void write_information(struct tree_writer *w, const struct sim_fixed *fixed, int gpu)
{
	const struct sim_gpu *g = &fixed->gpus[gpu];
	char bus[32], name[96];

	kernel_bus_id(g, bus, sizeof(bus));
	snprintf(name, sizeof(name), "proc/driver/nvidia/gpus/%s", bus);
	tree_dir(w, name);
	text_append(name, sizeof(name), "/information");
	tree_text(w, name,
		  "Model: \t\t %s\n"
		  "IRQ:   \t\t %d\n"
		  "GPU UUID: \t %s\n"
		  "Video BIOS: \t ??.??.??.??.??\n"
		  "Bus Type: \t PCIe\n"
		  "DMA Size: \t 47 bits\n"
		  "DMA Mask: \t 0x7fffffffffff\n"
		  "Bus Location: \t %s\n"
		  "Device Minor: \t %d\n"
		  "GPU Firmware: \t %s\n"
		  "GPU Excluded:\t No\n",
		  fixed->types[g->type].name, FIRST_IRQ + gpu, g->uuid, bus, gpu,
		  fixed->driver);
}

static void write_devices(struct tree_writer *w, const struct sim_fixed *fixed)
{
	struct sim_version v = { 0 };
	const bool is_frontend =
		sim_version_parse(fixed->driver, &v) && v.branch < FRONTEND_UNTIL;

	tree_text(w, "proc/devices",
		  "Character devices:\n %d %s\n %d nvidia-caps\n %d nvidia-uvm\n\n"
		  "Block devices:\n",
		  SIM_MAJOR_GPU, is_frontend ? "nvidia-frontend" : "nvidia", SIM_MAJOR_CAPS,
		  SIM_MAJOR_UVM);
}

/*
 * Settings of the module that programs read: nvidia-modprobe and container toolkits, who may make
 * device nodes and how; profilers, whether counters are root's. Each with the driver's default.
 * Source: NVIDIA/open-gpu-kernel-modules 595.45.04, nv-reg.h.
 */
static const struct {
	const char *name;
	unsigned value;
} settings[] = {
	{ "ModifyDeviceFiles", 1 }, { "DeviceFileUID", 0 },        { "DeviceFileGID", 0 },
	{ "DeviceFileMode", 0666 }, { "RmProfilingAdminOnly", 1 },
};

enum { N_SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static void write_params(struct tree_writer *w)
{
	struct text t = { 0 };

	for (int i = 0; i < N_SETTINGS; i++)
		text_add(&t, "%s: %u\n", settings[i].name, settings[i].value);
	tree_file(w, "proc/driver/nvidia/params", 0444, text_str(&t), t.len);
	text_free(&t);
}

/* Who uses the module: every GPU, and nvidia_uvm. */
static unsigned module_users(const struct sim_fixed *fixed)
{
	return fixed->n_gpus + 1;
}

static void write_proc(struct tree_writer *w, const struct sim_fixed *fixed,
		       const struct utsname *host)
{
	tree_dir(w, "proc/driver/nvidia/gpus");
	tree_dir(w, "proc/driver/nvidia-caps");
	tree_text(w, "proc/driver/nvidia/version",
		  "NVRM version: NVIDIA UNIX %s Kernel Module  %s  (simulated by migctl)\n",
		  machine_word(host), fixed->driver);
	for (int gpu = 0; gpu < (int)fixed->n_gpus; gpu++)
		write_information(w, fixed, gpu);
	write_params(w);
	write_minors(w);
	write_devices(w, fixed);
	tree_text(w, "proc/modules",
		  "nvidia_uvm 4956160 0 - Live 0x0000000000000000 (POE)\n"
		  "nvidia 104071168 %u nvidia_uvm, Live 0x0000000000000000 (POE)\n",
		  module_users(fixed));
}

/* --- sys ----------------------------------------------------------------------------------- */

static void put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
}

/* The head of a PCI function's configuration space, as PCI defines it; no capabilities. */
static void write_config(struct tree_writer *w, const char *name, uint32_t pci_id)
{
	unsigned char config[CONFIG_BYTES] = { 0 };

	put16(config + 0x00, pci_id & 0xffff);
	put16(config + 0x02, pci_id >> 16);
	put16(config + 0x04, 0x0406); /* memory, bus master, no INTx */
	config[0x08] = REVISION;
	config[0x09] = CLASS_3D & 0xff;
	config[0x0a] = CLASS_3D >> 8 & 0xff;
	config[0x0b] = CLASS_3D >> 16;
	config[0x13] = 0xc0; /* BAR 0: 32 bits, memory */
	config[0x14] = 0x0c; /* BAR 1: 64 bits, prefetchable */
	config[0x1c] = 0x0c; /* BAR 3: likewise */
	put16(config + 0x2c, SUBSYSTEM_VENDOR);
	put16(config + 0x2e, SUBSYSTEM_DEVICE);
	tree_file(w, name, 0644, config, sizeof(config));
}

/* Lines of start, end and flags: BARs 0 to 5, the ROM, and what bridges have. Each GPU has a
 * terabyte of addresses of its own. */
static void write_resource(struct tree_writer *w, const char *name, int gpu, int64_t bar1_mib)
{
	const uint64_t base = ((uint64_t)gpu + 1) << 40,
		       small = 0x40000000 + ((uint64_t)gpu << 25);
	const uint64_t bar1 = (uint64_t)bar1_mib << 20, bar3 = base + (UINT64_C(1) << 39);
	struct text t = { 0 };

	for (int i = 0; i < 13; i++) {
		uint64_t start = 0, size = 0, flags = 0;

		if (i == 0)
			start = small, size = UINT64_C(16) << 20, flags = 0x40200;
		else if (i == 1)
			start = base, size = bar1, flags = 0x14220c;
		else if (i == 3)
			start = bar3, size = UINT64_C(32) << 20, flags = 0x14220c;
		text_add(&t, "0x%016llx 0x%016llx 0x%016llx\n", (unsigned long long)start,
			 (unsigned long long)(size ? start + size - 1 : 0),
			 (unsigned long long)flags);
	}
	tree_file(w, name, 0444, text_str(&t), t.len);
	text_free(&t);
}

static void write_pci(struct tree_writer *w, const struct sim_fixed *fixed, int gpu)
{
	const struct sim_gpu *g = &fixed->gpus[gpu];
	const struct sim_type *type = &fixed->types[g->type];
	char bus[32], dir[96], name[128], link[64];

	kernel_bus_id(g, bus, sizeof(bus));
	snprintf(dir, sizeof(dir), "sys/bus/pci/devices/%s", bus);
	tree_dir(w, dir);
	const struct {
		const char *name;
		unsigned value;
	} words[] = {
		{ "vendor", type->pci_id & 0xffff },
		{ "device", type->pci_id >> 16 },
		{ "subsystem_vendor", SUBSYSTEM_VENDOR },
		{ "subsystem_device", SUBSYSTEM_DEVICE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, words[i].name);
		tree_text(w, name, "0x%04x\n", words[i].value);
	}
	snprintf(name, sizeof(name), "%s/class", dir);
	tree_text(w, name, "0x%06x\n", CLASS_3D);
	snprintf(name, sizeof(name), "%s/numa_node", dir);
	tree_text(w, name, "0\n");
	snprintf(name, sizeof(name), "%s/config", dir);
	write_config(w, name, type->pci_id);
	snprintf(name, sizeof(name), "%s/resource", dir);
	write_resource(w, name, gpu, type->bar1_mib);
	snprintf(name, sizeof(name), "%s/driver", dir);
	tree_link(w, name, "../../drivers/nvidia");
	snprintf(name, sizeof(name), "sys/bus/pci/drivers/nvidia/%s", bus);
	snprintf(link, sizeof(link), "../../devices/%s", bus);
	tree_link(w, name, link);
}

static void write_modules(struct tree_writer *w, const struct sim_fixed *fixed)
{
	char name[96];

	tree_dir(w, "sys/module/nvidia/parameters");
	tree_text(w, "sys/module/nvidia/version", "%s\n", fixed->driver);
	tree_text(w, "sys/module/nvidia/initstate", "live\n");
	tree_text(w, "sys/module/nvidia/refcnt", "%u\n", module_users(fixed));
	for (int i = 0; i < N_SETTINGS; i++) {
		snprintf(name, sizeof(name), "sys/module/nvidia/parameters/NVreg_%s",
			 settings[i].name);
		tree_text(w, name, "%u\n", settings[i].value);
	}
	tree_dir(w, "sys/module/nvidia_uvm");
	tree_text(w, "sys/module/nvidia_uvm/version", "%s\n", fixed->driver);
	tree_text(w, "sys/module/nvidia_uvm/initstate", "live\n");
	tree_text(w, "sys/module/nvidia_uvm/refcnt", "0\n");
}

static void write_sys(struct tree_writer *w, const struct sim_fixed *fixed)
{
	write_modules(w, fixed);
	tree_dir(w, "sys/bus/pci/drivers/nvidia");
	tree_dir(w, "sys/bus/pci/devices");
	for (int gpu = 0; gpu < (int)fixed->n_gpus; gpu++)
		write_pci(w, fixed, gpu);
}

/* --- dev, and what is looked for beside ------------------------------------------------------ */

static void write_dev(struct tree_writer *w, const struct sim_fixed *fixed)
{
	char name[64];

	tree_dir(w, "dev/nvidia-caps");
	for (int gpu = 0; gpu < (int)fixed->n_gpus; gpu++) {
		snprintf(name, sizeof(name), "dev/nvidia%d", gpu);
		tree_node(w, name, 0666, SIM_MAJOR_GPU, (unsigned)gpu);
	}
	tree_node(w, "dev/nvidiactl", 0666, SIM_MAJOR_GPU, CONTROL_MINOR);
	tree_node(w, "dev/nvidia-uvm", 0666, SIM_MAJOR_UVM, 0);
	tree_node(w, "dev/nvidia-uvm-tools", 0666, SIM_MAJOR_UVM, 1);
}

/* Makers of CDI specifications look for the driver's libraries by their version, others by the
 * name that programs are linked with. libnvidia-ml.so.VERSION is put there by whoever has it. */
static void write_libraries(struct tree_writer *w, const char *folder, const char *version)
{
	char name[160], target[96];

	snprintf(name, sizeof(name), "%s/libcuda.so.%s", folder, version);
	tree_text(w, name, "%s", "");
	snprintf(target, sizeof(target), "libcuda.so.%s", version);
	snprintf(name, sizeof(name), "%s/libcuda.so.1", folder);
	tree_link(w, name, target);
	snprintf(target, sizeof(target), "libnvidia-ml.so.%s", version);
	snprintf(name, sizeof(name), "%s/libnvidia-ml.so.1", folder);
	tree_link(w, name, target);
	snprintf(name, sizeof(name), "%s/libnvidia-ml.so", folder);
	tree_link(w, name, "libnvidia-ml.so.1");
}

void sim_tree_write_fixed(struct tree_writer *w, const struct sim_fixed *fixed)
{
	struct utsname host = { 0 };
	char name[128];

	uname(&host);
	write_proc(w, fixed, &host);
	write_sys(w, fixed);
	write_dev(w, fixed);
	tree_dir(w, "usr/bin");
	snprintf(name, sizeof(name), "usr/lib/%s-linux-gnu", machine_word(&host));
	tree_dir(w, name);
	write_libraries(w, name, fixed->driver);
}
