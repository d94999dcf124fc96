/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a machine when something is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "lib/device/machine.h"
#include "shared/text.h"

int mig_gpu_check(struct mig_machine *machine, int index, struct mig_gpu_settings *ret,
		  struct mig_error *err)
{
	struct mig_nvml_settings set;
	struct mig_nvml_gpu gpu;
	char uuid[MIG_UUID_MAX];
	unsigned now, pending;
	int rc = mig_nvml_gpu_by_index(machine->nvml, (unsigned)index, &gpu, err);

	if (rc == 0)
		rc = mig_nvml_uuid(machine->nvml, gpu, uuid, sizeof(uuid), err);
	if (rc < 0)
		return rc;
	/* The name is remembered by the library; the mode has to come from the GPU. */
	rc = mig_nvml_mode(machine->nvml, gpu, &now, &pending, err);
	if (rc < 0 && rc != -MIG_E_UNSUPPORTED)
		return rc;
	mig_nvml_settings(machine->nvml, gpu, &set);
	*ret = (struct mig_gpu_settings){ .persistence = set.persistence,
					  .accounting = set.accounting,
					  .compute_mode = set.compute_mode,
					  .virtualization = set.virtualization,
					  .app_mhz = set.app_mhz,
					  .app_default_mhz = set.app_default_mhz,
					  .is_clock_set = set.is_clock_set,
					  .is_hot = set.is_hot,
					  .is_power_braked = set.is_power_braked };
	return 0;
}

int mig_machine_gpus(struct mig_machine *machine, struct mig_error *err)
{
	unsigned n;
	int rc = mig_nvml_gpu_count(machine->nvml, &n, err);

	return rc < 0 ? rc : (int)n;
}

void mig_machine_library(struct mig_machine *machine, struct mig_library *ret)
{
	const int room = (int)(sizeof(ret->missing) / sizeof(ret->missing[0]));
	char version[64] = "";
	const char *dot;

	*ret = (struct mig_library){ 0 };
	mig_nvml_library_path(machine->nvml, ret->path, sizeof(ret->path));
	if (mig_nvml_driver_version(machine->nvml, ret->driver, sizeof(ret->driver), NULL) < 0)
		ret->driver[0] = '\0';
	/* NVML puts CUDA's major version before the driver's: "13.580.126.09". */
	if (mig_nvml_library_version(machine->nvml, version, sizeof(version), NULL) < 0)
		version[0] = '\0';
	dot = strchr(version, '.');
	text_copy(ret->version, sizeof(ret->version), dot ? dot + 1 : "");
	ret->n_missing = mig_nvml_missing(machine->nvml, (int)strtol(ret->driver, NULL, 10),
					  ret->missing, room);
}
