/* SPDX-License-Identifier: Apache-2.0 */
/* Which library this is, what it lacks, and how a GPU is set. */
#include <dlfcn.h>
#include <link.h>

#include "lib/nvml/door.h"
#include "shared/text.h"

#define ROW_REQUIRED(name, since) { #name, since },
#define ROW_OPTIONAL(name, since) { #name, since },
#define ROW_UNUSED(name, since)

static const struct {
	const char *name;
	int since;
} asked[] = {
#define NVML_FN(use, since, name, args) ROW_##use(name, since)
#include "abi/nvml.def"
#undef NVML_FN
};

int mig_nvml_library_version(struct mig_nvml *nvml, char *buf, unsigned len,
			     struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlSystemGetNVMLVersion, buf, len), err,
			 "read the library's version");
}

void mig_nvml_library_path(const struct mig_nvml *nvml, char *buf, size_t len)
{
	struct link_map *map = NULL;

	if (dlinfo(nvml->dl, RTLD_DI_LINKMAP, &map) < 0 || !map)
		map = NULL;
	text_copy(buf, len, map ? map->l_name : "");
}

int mig_nvml_missing(const struct mig_nvml *nvml, int branch, const char **ret, int max)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		if ((branch == 0 || asked[i].since <= branch) && dlsym(nvml->dl, asked[i].name))
			continue;
		if (n < max)
			ret[n] = asked[i].name;
		n++;
	}
	return n;
}

typedef nvmlReturn_t (*number_fn)(nvmlDevice_t dev, unsigned *ret);

static int ask(struct mig_nvml *nvml, nvmlDevice_t dev, number_fn fn)
{
	unsigned value = 0;

	door_count(nvml);
	return fn(dev, &value) == NVML_SUCCESS ? (int)value : -1;
}

void mig_nvml_settings(struct mig_nvml *nvml, struct mig_nvml_gpu gpu,
		       struct mig_nvml_settings *ret)
{
	*ret = (struct mig_nvml_settings){
		.persistence = ask(nvml, gpu.h, nvml->nvmlDeviceGetPersistenceMode),
		.accounting = ask(nvml, gpu.h, nvml->nvmlDeviceGetAccountingMode),
		.compute_mode = ask(nvml, gpu.h, nvml->nvmlDeviceGetComputeMode),
		.virtualization = ask(nvml, gpu.h, nvml->nvmlDeviceGetVirtualizationMode),
	};
}
