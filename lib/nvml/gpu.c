/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs and MIG devices: who they are, how much memory, who runs there, the MIG mode. */
#include <string.h>

#include "lib/nvml/door.h"
#include "shared/text.h"

int mig_nvml_gpu_count(struct mig_nvml *nvml, unsigned *ret, struct mig_error *err)
{
	unsigned n = 0;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetCount_v2, &n), err, "count the GPUs");

	if (rc == 0)
		*ret = n;
	return rc;
}

int mig_nvml_gpu_by_index(struct mig_nvml *nvml, unsigned index, struct mig_nvml_gpu *ret,
			  struct mig_error *err)
{
	nvmlDevice_t dev;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetHandleByIndex_v2, index, &dev), err,
			   "open GPU %u", index);

	if (rc == 0)
		ret->h = dev;
	return rc;
}

int mig_nvml_name(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		  struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlDeviceGetName, gpu.h, buf, len), err,
			 "read a device's name");
}

int mig_nvml_uuid(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		  struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlDeviceGetUUID, gpu.h, buf, len), err,
			 "read a device's UUID");
}

int mig_nvml_serial(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, char *buf, unsigned len,
		    struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlDeviceGetSerial, gpu.h, buf, len), err,
			 "read a GPU's serial number");
}

int mig_nvml_minor(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret,
		   struct mig_error *err)
{
	unsigned minor = 0;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetMinorNumber, gpu.h, &minor), err,
			   "read a GPU's minor number");

	if (rc == 0)
		*ret = minor;
	return rc;
}

int mig_nvml_pci(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, struct mig_nvml_pci *ret,
		 struct mig_error *err)
{
	nvmlPciInfo_t info;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetPciInfo_v3, gpu.h, &info), err,
			   "read a GPU's PCI address");

	if (rc < 0)
		return rc;
	text_copy(ret->bus_id, sizeof(ret->bus_id), info.busId);
	ret->id = info.pciDeviceId;
	ret->subsystem = info.pciSubSystemId;
	return 0;
}

int mig_nvml_memory(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, struct mig_nvml_memory *ret,
		    struct mig_error *err)
{
	nvmlMemory_v2_t v2 = { .version = NVML_STRUCT_VERSION(v2, 2) };
	nvmlReturn_t result = CALL(nvml, nvmlDeviceGetMemoryInfo_v2, gpu.h, &v2);
	nvmlMemory_t v1 = { .total = v2.total, .used = v2.used };
	int rc;

	/* The older call counts the driver's own reserve as used; it is asked for want of better. */
	if (door_is_old(result))
		result = CALL(nvml, nvmlDeviceGetMemoryInfo, gpu.h, &v1);
	rc = door_fail(nvml, result, err, "read a device's memory");
	if (rc < 0)
		return rc;
	*ret = (struct mig_nvml_memory){ .total_bytes = v1.total, .used_bytes = v1.used };
	return 0;
}

typedef nvmlReturn_t (*process_fn)(nvmlDevice_t dev, unsigned *count, nvmlProcessInfo_t *infos);
typedef nvmlReturn_t (*process_v1_fn)(nvmlDevice_t dev, unsigned *count,
				      nvmlProcessInfo_v1_t *infos);

/* The forms of one call, the newest first. Versions 2 and 3 fill the same record. */
struct process_calls {
	process_fn v3, v2;
	process_v1_fn v1;
};

enum { PROCESSES_ROOM = 256 };

static nvmlReturn_t ask_v1(struct mig_nvml *nvml, nvmlDevice_t dev, process_v1_fn fn,
			   unsigned *count, nvmlProcessInfo_t *infos)
{
	nvmlProcessInfo_v1_t v1[PROCESSES_ROOM];
	nvmlReturn_t result;

	door_count(nvml);
	result = fn(dev, count, v1);
	for (unsigned i = 0; result == NVML_SUCCESS && i < *count && i < PROCESSES_ROOM; i++)
		infos[i] = (nvmlProcessInfo_t){ .pid = v1[i].pid,
						.usedGpuMemory = v1[i].usedGpuMemory };
	return result;
}

static nvmlReturn_t ask_processes(struct mig_nvml *nvml, nvmlDevice_t dev,
				  const struct process_calls *calls, unsigned *count,
				  nvmlProcessInfo_t *infos)
{
	const process_fn newer[] = { calls->v3, calls->v2 };

	for (int i = 0; i < 2; i++) {
		nvmlReturn_t result;

		door_count(nvml);
		result = newer[i](dev, count, infos);
		if (!door_is_old(result))
			return result;
	}
	return ask_v1(nvml, dev, calls->v1, count, infos);
}

/* Adds to the @n processes that @ret has room for @max of; the same pid counts once. */
static int add_processes(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
			 const struct process_calls *calls, struct mig_nvml_process *ret,
			 int max, int n, struct mig_error *err)
{
	nvmlProcessInfo_t infos[PROCESSES_ROOM] = { 0 };
	unsigned count = PROCESSES_ROOM;
	nvmlReturn_t result = ask_processes(nvml, gpu.h, calls, &count, infos);

	if (result == NVML_ERROR_NOT_SUPPORTED)
		return n;
	/* More than fit: those that were written, if any, are known by their pid. */
	if (result == NVML_ERROR_INSUFFICIENT_SIZE)
		count = PROCESSES_ROOM;
	else if (result != NVML_SUCCESS)
		return door_fail(nvml, result, err, "list the processes on a device");

	for (unsigned i = 0; i < count && i < PROCESSES_ROOM && n < max; i++) {
		bool is_known = infos[i].pid == 0 && result != NVML_SUCCESS;

		for (int k = 0; k < n; k++)
			is_known |= ret[k].pid == infos[i].pid;
		if (!is_known)
			ret[n++] = (struct mig_nvml_process){ infos[i].pid,
							      infos[i].usedGpuMemory };
	}
	if (result != NVML_SUCCESS && n == 0)
		return door_fail(nvml, result, err, "list the processes on a device");
	return n;
}

int mig_nvml_processes(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_process *ret, int max, struct mig_error *err)
{
	const struct process_calls compute = {
		nvml->nvmlDeviceGetComputeRunningProcesses_v3,
		nvml->nvmlDeviceGetComputeRunningProcesses_v2,
		nvml->nvmlDeviceGetComputeRunningProcesses,
	};
	const struct process_calls graphics = {
		nvml->nvmlDeviceGetGraphicsRunningProcesses_v3,
		nvml->nvmlDeviceGetGraphicsRunningProcesses_v2,
		nvml->nvmlDeviceGetGraphicsRunningProcesses,
	};
	int n = add_processes(nvml, gpu, &compute, ret, max, 0, err);

	return n < 0 ? n : add_processes(nvml, gpu, &graphics, ret, max, n, err);
}

int mig_nvml_mode(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret_current,
		  unsigned *ret_pending, struct mig_error *err)
{
	unsigned current = 0, pending = 0;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetMigMode, gpu.h, &current, &pending),
			   err, "read the MIG mode");

	if (rc < 0)
		return rc;
	*ret_current = current;
	*ret_pending = pending;
	return 0;
}

int mig_nvml_set_mode(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned mode,
		      struct mig_error *err)
{
	nvmlReturn_t activation = NVML_SUCCESS;
	nvmlReturn_t result = CALL(nvml, nvmlDeviceSetMigMode, gpu.h, mode, &activation);
	int rc = door_fail(nvml, result, err, "set the MIG mode to %u", mode);

	if (rc < 0 || activation == NVML_SUCCESS)
		return rc;
	rc = mig_fail(
		err, MIG_E_PENDING,
		"MIG will be %s after a reset of the GPU; the driver could not do it now: "
		"\"%s\"",
		mode ? "on" : "off", nvml->error_string ? nvml->error_string(activation) : "?");
	if (err)
		err->nvml = activation;
	return rc;
}

int mig_nvml_mig_max(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned *ret,
		     struct mig_error *err)
{
	unsigned max = 0;
	int rc = door_fail(nvml, CALL(nvml, nvmlDeviceGetMaxMigDeviceCount, gpu.h, &max), err,
			   "count a GPU's MIG devices");

	if (rc == 0)
		*ret = max;
	return rc;
}

int mig_nvml_mig_by_index(struct mig_nvml *nvml, struct mig_nvml_gpu gpu, unsigned index,
			  struct mig_nvml_gpu *ret, struct mig_error *err)
{
	nvmlDevice_t dev;
	nvmlReturn_t result =
		CALL(nvml, nvmlDeviceGetMigDeviceHandleByIndex, gpu.h, index, &dev);

	/* Drivers answer either for an index without a device. */
	if (result == NVML_ERROR_INVALID_ARGUMENT)
		result = NVML_ERROR_NOT_FOUND;
	if (result == NVML_SUCCESS)
		ret->h = dev;
	return door_fail(nvml, result, err, "open MIG device %u", index);
}

int mig_nvml_mig_ids(struct mig_nvml *nvml, struct mig_nvml_gpu mig, unsigned *ret_gi,
		     unsigned *ret_ci, struct mig_error *err)
{
	unsigned gi, ci;
	nvmlReturn_t result = CALL(nvml, nvmlDeviceGetGpuInstanceId, mig.h, &gi);

	if (result == NVML_SUCCESS)
		result = CALL(nvml, nvmlDeviceGetComputeInstanceId, mig.h, &ci);
	if (result != NVML_SUCCESS)
		return door_fail(nvml, result, err, "read the ids of a MIG device");
	*ret_gi = gi;
	*ret_ci = ci;
	return 0;
}

int mig_nvml_attributes(struct mig_nvml *nvml, struct mig_nvml_gpu mig,
			struct mig_nvml_attributes *ret, struct mig_error *err)
{
	nvmlDeviceAttributes_t a = { 0 };
	nvmlReturn_t result = CALL(nvml, nvmlDeviceGetAttributes_v2, mig.h, &a);
	int rc;

	/* The older struct ends before the slices, which then stay 0. */
	if (door_is_old(result))
		result = CALL(nvml, nvmlDeviceGetAttributes, mig.h, &a);
	rc = door_fail(nvml, result, err, "read the attributes of a MIG device");
	if (rc < 0)
		return rc;
	*ret = (struct mig_nvml_attributes){
		.sm = (int)a.multiprocessorCount,
		.copy_engines = (int)a.sharedCopyEngineCount,
		.decoders = (int)a.sharedDecoderCount,
		.encoders = (int)a.sharedEncoderCount,
		.jpeg = (int)a.sharedJpegCount,
		.ofa = (int)a.sharedOfaCount,
		.gi_slices = (int)a.gpuInstanceSliceCount,
		.ci_slices = (int)a.computeInstanceSliceCount,
		.mem_mib = (int64_t)a.memorySizeMB,
	};
	return 0;
}
