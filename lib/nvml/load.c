/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nvml/door.h"
#include "shared/cleanup.h"
#include "shared/text.h"

typedef void (*any_fn)(void);

/* What stands in for a symbol that an older driver lacks: an answer, never a NULL call. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define MISSING_REQUIRED(name, args) MISSING_OPTIONAL(name, args)
#define MISSING_OPTIONAL(name, args)                  \
	static nvmlReturn_t missing_##name args       \
	{                                             \
		return NVML_ERROR_FUNCTION_NOT_FOUND; \
	}
#define MISSING_UNUSED(name, args)
#define NVML_FN(use, since, name, args) MISSING_##use(name, args)
#include "abi/nvml.def"
#undef NVML_FN
#pragma GCC diagnostic pop

#define ROW_REQUIRED(name) \
	{ #name, offsetof(struct mig_nvml, name), true, (any_fn)missing_##name },
#define ROW_OPTIONAL(name) \
	{ #name, offsetof(struct mig_nvml, name), false, (any_fn)missing_##name },
#define ROW_UNUSED(name)

static const struct {
	const char *name;
	size_t offset;
	bool is_required;
	any_fn missing;
} symbols[] = {
#define NVML_FN(use, since, name, args) ROW_##use(name)
#include "abi/nvml.def"
#undef NVML_FN
};

static const struct {
	nvmlReturn_t result;
	int code;
} codes[] = {
	{ NVML_ERROR_NO_PERMISSION, MIG_E_PERM },
	{ NVML_ERROR_NOT_SUPPORTED, MIG_E_UNSUPPORTED },
	{ NVML_ERROR_FUNCTION_NOT_FOUND, MIG_E_UNSUPPORTED },
	{ NVML_ERROR_NOT_FOUND, MIG_E_NOENT },
	{ NVML_ERROR_INSUFFICIENT_RESOURCES, MIG_E_NOSPACE },
	{ NVML_ERROR_IN_USE, MIG_E_BUSY },
	{ NVML_ERROR_RESET_REQUIRED, MIG_E_PENDING },
	{ NVML_ERROR_INVALID_ARGUMENT, MIG_E_INVAL },
	{ NVML_ERROR_DRIVER_NOT_LOADED, MIG_E_NOLIB },
	{ NVML_ERROR_LIBRARY_NOT_FOUND, MIG_E_NOLIB },
	{ NVML_ERROR_LIB_RM_VERSION_MISMATCH, MIG_E_NOLIB },
};

static int code_of(nvmlReturn_t result)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].result == result)
			return codes[i].code;
	}
	return MIG_E_NVML;
}

int door_fail(const struct mig_nvml *nvml, nvmlReturn_t result, struct mig_error *err,
	      const char *what, ...)
{
	char attempt[256];
	va_list ap;
	int rc;

	if (result == NVML_SUCCESS)
		return 0;
	va_start(ap, what);
	vsnprintf(attempt, sizeof(attempt), what, ap);
	va_end(ap);
	rc = mig_fail(err, code_of(result), "%s: the driver answers \"%s\"", attempt,
		      nvml->error_string ? nvml->error_string(result) : "?");
	if (err)
		err->nvml = result;
	return rc;
}

void door_name(char *dst, const char *name)
{
	text_copy(dst, 96, strncmp(name, "MIG ", 4) == 0 ? name + 4 : name);
}

static int resolve(struct mig_nvml *nvml, struct mig_error *err)
{
	void *found = dlsym(nvml->dl, "nvmlErrorString");

	memcpy(&nvml->error_string, &found, sizeof(found));
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		any_fn fn = symbols[i].missing;

		found = dlsym(nvml->dl, symbols[i].name);
		if (!found && symbols[i].is_required)
			return mig_fail(err, MIG_E_NOLIB, "it has no symbol %s",
					symbols[i].name);
		if (found)
			memcpy(&fn, &found, sizeof(fn));
		memcpy((char *)nvml + symbols[i].offset, &fn, sizeof(fn));
	}
	return 0;
}

static int choose_machine(struct mig_nvml *nvml, const struct mig_nvml_options *opt,
			  struct mig_error *err)
{
	int rc;

	nvml->sim = dlsym(nvml->dl, SIM_MARKER_SYMBOL);
	if (!opt->sim_machine)
		return 0;
	if (!nvml->sim || nvml->sim->version != 2)
		return mig_fail(err, MIG_E_MACHINE,
				"simulated machine %s was asked for, and this library is %s",
				opt->sim_machine,
				nvml->sim ? "another version of the simulator"
					  : "a real driver's");
	if (!opt->sim_dir)
		return mig_fail(err, MIG_E_INVAL,
				"simulated machine %s: no folder of machines is named",
				opt->sim_machine);
	rc = nvml->sim->select(opt->sim_dir, opt->sim_machine);
	if (rc)
		return mig_fail(err, MIG_E_MACHINE, "simulated machine %s in %s: %s",
				opt->sim_machine, opt->sim_dir, strerror(rc));
	return 0;
}

static int start(struct mig_nvml *nvml, const struct mig_nvml_options *opt,
		 struct mig_error *err)
{
	int rc = resolve(nvml, err);

	if (rc < 0)
		return rc;
	rc = choose_machine(nvml, opt, err);
	if (rc < 0)
		return rc;
	return door_fail(nvml, CALL(nvml, nvmlInit_v2), err, "start NVML");
}

int mig_nvml_open(const struct mig_nvml_options *opt, struct mig_nvml **ret,
		  struct mig_error *err)
{
	const char *path = opt->library ? opt->library : "libnvidia-ml.so.1";
	cleanup_free struct mig_nvml *nvml = calloc(1, sizeof(*nvml));
	int rc;

	if (!nvml)
		return mig_fail(err, MIG_E_NOMEM, "open %s", path);
	nvml->dl = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!nvml->dl)
		return mig_fail(err, MIG_E_NOLIB, "%s", dlerror());
	rc = start(nvml, opt, err);
	if (rc < 0) {
		dlclose(nvml->dl);
		return mig_wrap(err, rc, "%s", path);
	}
	*ret = take(nvml);
	return 0;
}

void mig_nvml_close(struct mig_nvml *nvml)
{
	if (!nvml)
		return;
	nvml->nvmlShutdown();
	dlclose(nvml->dl);
	free(nvml);
}

const char *mig_nvml_sim_name(const struct mig_nvml *nvml)
{
	return nvml->sim ? nvml->sim->name() : NULL;
}

const char *mig_nvml_sim_id(const struct mig_nvml *nvml)
{
	return nvml->sim ? nvml->sim->id() : NULL;
}

bool mig_nvml_sim_is_assumed(const struct mig_nvml *nvml)
{
	return nvml->sim && nvml->sim->is_assumed();
}

unsigned mig_nvml_sim_boot(const struct mig_nvml *nvml)
{
	return nvml->sim ? nvml->sim->boot() : 0;
}

const char *mig_nvml_sim_folder(const struct mig_nvml *nvml)
{
	return nvml->sim ? nvml->sim->folder() : NULL;
}

uint64_t mig_nvml_calls(const struct mig_nvml *nvml)
{
	return nvml->n_calls;
}

int mig_nvml_driver_version(struct mig_nvml *nvml, char *buf, unsigned len,
			    struct mig_error *err)
{
	return door_fail(nvml, CALL(nvml, nvmlSystemGetDriverVersion, buf, len), err,
			 "read the driver's version");
}
