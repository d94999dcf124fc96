/* SPDX-License-Identifier: Apache-2.0 */
#include <mig/smi.h>

#include "lib/device/machine.h"
#include "shared/text.h"

static int gpu_handle(struct mig_machine *machine, int index, struct mig_nvml_gpu *ret,
		      struct mig_error *err)
{
	return mig_nvml_gpu_by_index(mig_machine_nvml(machine), (unsigned)index, ret, err);
}

int mig_smi_cuda_version(struct mig_machine *machine, int *ret, struct mig_error *err)
{
	return mig_nvml_cuda_version(mig_machine_nvml(machine), ret, err);
}

static void read_all(struct mig_machine *machine, struct mig_nvml_gpu handle,
		     struct mig_smi_readings *ret)
{
	struct mig_nvml_readings r;

	mig_nvml_readings(mig_machine_nvml(machine), handle, &r);
	*ret = (struct mig_smi_readings){
		.mem_total_bytes = r.mem_total_bytes,
		.mem_reserved_bytes = r.mem_reserved_bytes,
		.mem_used_bytes = r.mem_used_bytes,
		.mem_free_bytes = r.mem_free_bytes,
		.bar1_total_bytes = r.bar1_total_bytes,
		.bar1_used_bytes = r.bar1_used_bytes,
		.bar1_free_bytes = r.bar1_free_bytes,
		.persistence = r.persistence,
		.display_active = r.display_active,
		.ecc_mode = r.ecc_mode,
		.compute_mode = r.compute_mode,
		.ecc_volatile = r.ecc_volatile,
		.ecc_sram_volatile = r.ecc_sram_volatile,
		.fan_percent = r.fan_percent,
		.temperature_c = r.temperature_c,
		.pstate = r.pstate,
		.power_mw = r.power_mw,
		.power_limit_mw = r.power_limit_mw,
		.gpu_percent = r.gpu_percent,
	};
}

int mig_smi_read_gpu(struct mig_machine *machine, int index, struct mig_smi_readings *ret,
		     struct mig_error *err)
{
	struct mig_nvml_gpu handle;
	int rc = gpu_handle(machine, index, &handle, err);

	if (rc == 0)
		read_all(machine, handle, ret);
	return rc;
}

int mig_smi_read_device(struct mig_machine *machine, int index, int mig,
			struct mig_smi_device *ret, struct mig_error *err)
{
	struct mig_nvml *nvml = mig_machine_nvml(machine);
	struct mig_nvml_attributes a;
	struct mig_nvml_gpu gpu, device;
	int rc = gpu_handle(machine, index, &gpu, err);

	if (rc == 0)
		rc = mig_nvml_mig_by_index(nvml, gpu, (unsigned)mig, &device, err);
	if (rc == 0)
		rc = mig_nvml_attributes(nvml, device, &a, err);
	if (rc < 0)
		return rc;
	*ret = (struct mig_smi_device){
		.sm = a.sm,
		.copy_engines = a.copy_engines,
		.encoders = a.encoders,
		.decoders = a.decoders,
		.ofa = a.ofa,
		.jpeg = a.jpeg,
	};
	read_all(machine, device, &ret->readings);
	return 0;
}

int mig_smi_gi_free(struct mig_machine *machine, int index, int profile_id,
		    struct mig_error *err)
{
	struct mig_nvml_gpu handle;
	int rc = gpu_handle(machine, index, &handle, err);

	return rc < 0 ? rc
		      : mig_nvml_gi_remaining(mig_machine_nvml(machine), handle, profile_id,
					      err);
}

/* Drivers before R525 do not tell places: none are known then. */
static void read_places(struct mig_nvml *nvml, struct mig_nvml_gi gi,
			struct mig_smi_ci_profile *p)
{
	struct mig_nvml_placement places[16];
	int n = mig_nvml_ci_placements(nvml, gi, p->id, places, 16, NULL);

	for (int i = 0; i < n; i++) {
		if (places[i].start < 16)
			p->starts |= (uint16_t)(1U << places[i].start);
		p->size = (int)places[i].size;
	}
}

int mig_smi_ci_profiles(struct mig_machine *machine, int index, int gi_id,
			struct mig_smi_ci_profile *ret, int max, struct mig_error *err)
{
	struct mig_nvml *nvml = mig_machine_nvml(machine);
	struct mig_nvml_gpu gpu;
	struct mig_nvml_gi gi;
	int n = 0, rc = gpu_handle(machine, index, &gpu, err);

	if (rc == 0)
		rc = mig_nvml_gi_by_id(nvml, gpu, (unsigned)gi_id, &gi, err);
	for (unsigned i = 0; rc == 0 && i < MIG_NVML_CI_PROFILES && n < max; i++) {
		struct mig_nvml_ci_profile p;
		int n_free, got = mig_nvml_ci_profile(nvml, gi, i, &p, err);

		if (got == -MIG_E_INVAL)
			break;
		if (got == -MIG_E_UNSUPPORTED)
			continue;
		n_free = got < 0 ? got : mig_nvml_ci_remaining(nvml, gi, p.id, err);
		if (n_free < 0)
			return n_free;
		ret[n] = (struct mig_smi_ci_profile){
			.id = p.id,
			.compute_slices = p.compute_slices,
			.max_count = p.max_count,
			.n_free = n_free,
			.sm = p.sm,
		};
		text_copy(ret[n].name, sizeof(ret[n].name), p.name);
		read_places(nvml, gi, &ret[n++]);
	}
	return rc < 0 ? rc : n;
}
