/* SPDX-License-Identifier: Apache-2.0 */
/* NVML: starting, ending, errors, and what is asked of no device. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/session.h"

SIM_EXPORT nvmlReturn_t nvmlInit(void)
{
	return sim_session_init(SIM_CALL_nvmlInit);
}

SIM_EXPORT nvmlReturn_t nvmlInit_v2(void)
{
	return sim_session_init(SIM_CALL_nvmlInit_v2);
}

SIM_EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
	(void)flags; /* drivers refuse none */
	return sim_session_init(SIM_CALL_nvmlInitWithFlags);
}

SIM_EXPORT nvmlReturn_t nvmlShutdown(void)
{
	/* Without an init too the driver says SUCCESS, whatever its header promises. */
	return sim_session_shutdown();
}

SIM_EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	static const char *const texts[] = {
		"Success",
		"Uninitialized",
		"Invalid Argument",
		"Not Supported",
		"Insufficient Permissions",
		"Already Initialized",
		"Not Found",
		"Insufficient Size",
		"Insufficient External Power",
		"Driver Not Loaded",
		"Timeout",
		"Interrupt Request Issue",
		"NVML Shared Library Not Found",
		"Function Not Found",
		"Corrupted infoROM",
		"GPU is lost",
		"GPU requires reset",
		"GPU access blocked by the operating system",
		"Driver/library version mismatch",
		"In use by another client",
		"Insufficient Memory",
		"No data",
		"vGPU ECC not supported",
		"Insufficient Resources",
		"Invalid Frequency",
		"Argument version mismatch",
		"Requested functionality has been deprecated",
		"System is not in ready state",
		"No supported GPUs were found",
		"Resource not in correct state to perform requested operation",
	};

	if (result < 0 || result >= (int)(sizeof(texts) / sizeof(texts[0])))
		return "Unknown Error";
	if (result >= NVML_ERROR_GPU_NOT_FOUND && !sim_session_has(SIM_TEXTS_28_29))
		return "Unknown Error";
	return texts[result];
}

nvmlReturn_t sim_text_out(const char *text, char *buf, unsigned len)
{
	size_t need = strlen(text) + 1;

	if (!buf || len == 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (need > len)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memcpy(buf, text, need);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
	SIM_ENTER(nvmlSystemGetDriverVersion);
	return sim_text_out(sim_fixed()->driver, version, length);
}

SIM_EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
	const struct sim_call call = sim_enter(SIM_CALL_nvmlSystemGetNVMLVersion);
	struct sim_version driver;
	char text[32], whole[48];

	sim_leave(&call);
	if (call.rc != NVML_SUCCESS && call.rc != NVML_ERROR_UNINITIALIZED)
		return call.rc;
	sim_session_driver(text, sizeof(text));
	if (!sim_version_parse(text, &driver))
		return NVML_ERROR_UNKNOWN;
	snprintf(whole, sizeof(whole), "%d.%s", sim_version_cuda(&driver) / 1000, text);
	return sim_text_out(whole, version, length);
}

static nvmlReturn_t cuda_version(int *cudaDriverVersion)
{
	if (!cudaDriverVersion)
		return NVML_ERROR_INVALID_ARGUMENT;
	*cudaDriverVersion = sim_version_cuda(sim_driver());
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *cudaDriverVersion)
{
	SIM_ENTER(nvmlSystemGetCudaDriverVersion);
	return cuda_version(cudaDriverVersion);
}

SIM_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *cudaDriverVersion)
{
	SIM_ENTER(nvmlSystemGetCudaDriverVersion_v2);
	return cuda_version(cudaDriverVersion);
}

/* The first word of a process's command line, or its short name when it has none. */
static bool process_name(unsigned pid, char *buf, size_t len)
{
	static const char *const files[] = { "cmdline", "comm" };

	for (int i = 0; i < 2; i++) {
		char path[64];
		cleanup_close int fd = -1;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%u/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, buf, len - 1);
		if (n <= 0)
			continue;
		buf[n] = '\0';
		buf[strcspn(buf, "\n")] = '\0';
		if (buf[0])
			return true;
	}
	return false;
}

SIM_EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned pid, char *name, unsigned length)
{
	SIM_ENTER(nvmlSystemGetProcessName);
	char text[4096];

	if (!name || length == 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!process_name(pid, text, sizeof(text)))
		return NVML_ERROR_NOT_FOUND;
	snprintf(name, length, "%s", text);
	return NVML_SUCCESS;
}
