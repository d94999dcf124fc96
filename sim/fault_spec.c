/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as they are written: "nvmlGpuInstanceDestroy#2=IN_USE". */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/text.h"
#include "sim/inject.h"
#include "sim/log.h"

/* --- Names ------------------------------------------------------------------------------ */

static const char *const calls[SIM_CALLS] = {
#define NVML_FN(use, since, name, args) #name,
#include "abi/nvml.def"
#undef NVML_FN
};

#define R(name)                          \
	{                                \
		NVML_ERROR_##name, #name \
	}
static const struct {
	int code;
	const char *name;
} results[] = {
	{ NVML_SUCCESS, "SUCCESS" },
	{ SIM_LOG_KILLED, "KILLED" },
	R(UNINITIALIZED),
	R(INVALID_ARGUMENT),
	R(NOT_SUPPORTED),
	R(NO_PERMISSION),
	R(ALREADY_INITIALIZED),
	R(NOT_FOUND),
	R(INSUFFICIENT_SIZE),
	R(INSUFFICIENT_POWER),
	R(DRIVER_NOT_LOADED),
	R(TIMEOUT),
	R(IRQ_ISSUE),
	R(LIBRARY_NOT_FOUND),
	R(FUNCTION_NOT_FOUND),
	R(CORRUPTED_INFOROM),
	R(GPU_IS_LOST),
	R(RESET_REQUIRED),
	R(OPERATING_SYSTEM),
	R(LIB_RM_VERSION_MISMATCH),
	R(IN_USE),
	R(MEMORY),
	R(NO_DATA),
	R(VGPU_ECC_NOT_SUPPORTED),
	R(INSUFFICIENT_RESOURCES),
	R(FREQ_NOT_SUPPORTED),
	R(ARGUMENT_VERSION_MISMATCH),
	R(DEPRECATED),
	R(NOT_READY),
	R(GPU_NOT_FOUND),
	R(INVALID_STATE),
	R(RESET_TYPE_NOT_SUPPORTED),
	R(UNKNOWN),
};
#undef R

enum { N_RESULTS = sizeof(results) / sizeof(results[0]) };

/* Calls that change the machine: they alone have an "after". */
static const enum sim_call_id changing[] = {
	SIM_CALL_nvmlDeviceSetMigMode,
	SIM_CALL_nvmlDeviceSetApplicationsClocks,
	SIM_CALL_nvmlDeviceResetApplicationsClocks,
	SIM_CALL_nvmlDeviceSetGpuLockedClocks,
	SIM_CALL_nvmlDeviceResetGpuLockedClocks,
	SIM_CALL_nvmlDeviceCreateGpuInstance,
	SIM_CALL_nvmlDeviceCreateGpuInstanceWithPlacement,
	SIM_CALL_nvmlGpuInstanceDestroy,
	SIM_CALL_nvmlGpuInstanceCreateComputeInstance,
	SIM_CALL_nvmlGpuInstanceCreateComputeInstanceWithPlacement,
	SIM_CALL_nvmlComputeInstanceDestroy,
};

/* Answers other than an error that can be set. */
static const struct {
	enum sim_call_id call;
	const char *what;
} answers[] = {
	{ SIM_CALL_nvmlDeviceSetMigMode, "activation" },
	{ SIM_CALL_nvmlDeviceGetPersistenceMode, "mode" },
	{ SIM_CALL_nvmlDeviceGetVirtualizationMode, "mode" },
	{ SIM_CALL_nvmlDeviceGetCurrentClocksEventReasons, "reasons" },
};

enum { N_ANSWERS = sizeof(answers) / sizeof(answers[0]) };

int sim_call_find(const char *name)
{
	for (int i = 0; i < SIM_CALLS; i++)
		if (strcmp(calls[i], name) == 0)
			return i;
	return -1;
}

const char *sim_call_name(enum sim_call_id call)
{
	return calls[call];
}

const char *sim_result_name(int code, char *buf, size_t len)
{
	for (int i = 0; i < N_RESULTS; i++)
		if (results[i].code == code)
			return text_copy(buf, len, results[i].name);
	snprintf(buf, len, "%d", code);
	return buf;
}

/* "IN_USE", "NVML_ERROR_IN_USE" or "19". */
static bool find_result(const char *text, uint64_t *ret)
{
	static const char prefix[] = "NVML_ERROR_";

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	for (int i = 0; i < N_RESULTS; i++)
		if (results[i].code >= 0 && strcmp(results[i].name, text) == 0) {
			*ret = (uint64_t)results[i].code;
			return true;
		}
	return text_parse_u64(text, ret) && *ret <= INT32_MAX;
}

bool sim_time_parse(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "us", 1000 },
		      { "ms", 1000000 },
		      { "s", 1000000000 },
		      { "min", 60000000000ULL } };
	const size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (digits == 0 || digits > 10)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + digits, units[i].name) == 0 &&
		    n <= 3600000000000ULL / units[i].ns) {
			*ret_ns = n * units[i].ns;
			return true;
		}
	return false;
}

/* --- Reading ---------------------------------------------------------------------------- */

static int no_such_call(const char *name, struct mig_error *err)
{
	unsigned least = UINT32_MAX;
	const char *like = calls[0];

	if (!err)
		return -MIG_E_NOENT; /* nobody reads the rest */
	for (int i = 0; i < SIM_CALLS; i++) {
		const unsigned distance = text_distance(calls[i], name);

		if (distance < least) {
			least = distance;
			like = calls[i];
		}
	}
	return mig_fail(err, MIG_E_NOENT, "NVML has no call %s; the nearest is %s", name, like);
}

static bool is_changing(int call)
{
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++)
		if ((int)changing[i] == call)
			return true;
	return false;
}

/* "2", "2.."; @text is cut off by the caller. */
static int parse_which(char *text, struct sim_fault *f, struct mig_error *err)
{
	char *dots = strstr(text, "..");
	uint64_t n;

	if (dots && dots[2] == '\0')
		*dots = '\0';
	if (!text_parse_u64(text, &n) || n == 0 || n >= SIM_FAULT_EVER)
		return mig_fail(err, MIG_E_SYNTAX,
				"'#%s': which call from now is wanted, like #2 or #2..", text);
	f->first = (uint32_t)n;
	f->last = dots ? SIM_FAULT_EVER : f->first;
	return 0;
}

static int parse_answer(const char *what, const char *action, struct sim_fault *f,
			struct mig_error *err)
{
	f->kind = SIM_FAULT_ANSWER;
	for (int i = 0; i < N_ANSWERS; i++) {
		if (answers[i].call != f->call || strcmp(answers[i].what, what) != 0)
			continue;
		if (find_result(action, &f->value))
			return 0;
		return mig_fail(err, MIG_E_SYNTAX,
				"'%s': a number or the name of an error is wanted", action);
	}
	return mig_fail(err, MIG_E_NOENT,
			"what %s says of '%s' cannot be set; what can is "
			"nvmlDeviceSetMigMode@activation, nvmlDeviceGetPersistenceMode@mode, "
			"nvmlDeviceGetVirtualizationMode@mode and "
			"nvmlDeviceGetCurrentClocksEventReasons@reasons",
			calls[f->call], what);
}

static int parse_action(char *action, struct sim_fault *f, struct mig_error *err)
{
	char *after = strstr(action, ":after");

	if (strncmp(action, "hang:", 5) == 0) {
		f->kind = SIM_FAULT_HANG;
		if (sim_time_parse(action + 5, &f->value))
			return 0;
		return mig_fail(err, MIG_E_SYNTAX,
				"'%s': how long is wanted, like hang:2s, up to an hour",
				action);
	}
	if (after && after[6] == '\0') {
		*after = '\0';
		f->is_after = 1;
		if (!is_changing(f->call))
			return mig_fail(err, MIG_E_SYNTAX,
					"%s changes nothing: it has no ':after'",
					calls[f->call]);
	}
	f->kind = strcmp(action, "kill") == 0 ? SIM_FAULT_KILL : SIM_FAULT_ERROR;
	if (f->kind == SIM_FAULT_KILL || (find_result(action, &f->value) && f->value != 0))
		return 0;
	return mig_fail(err, MIG_E_NOENT,
			"'%s' is no error of NVML, nor kill, nor hang:TIME; errors are like "
			"IN_USE, INSUFFICIENT_RESOURCES, GPU_IS_LOST, or numbers",
			action);
}

int sim_fault_parse(const char *spec, struct sim_fault *ret, struct mig_error *err)
{
	struct sim_fault f = { .first = 1, .last = SIM_FAULT_EVER };
	char text[SIM_SPEC_MAX], *action, *which, *what;
	int rc = 0, call;

	if (strlen(spec) >= sizeof(text) ||
	    !(action = strchr(text_copy(text, sizeof(text), spec), '=')))
		return mig_fail(err, MIG_E_SYNTAX,
				"'%s' is no fault; one is like nvmlGpuInstanceDestroy#2=IN_USE",
				spec);
	*action++ = '\0';
	which = strchr(text, '#');
	if (which)
		*which++ = '\0';
	what = strchr(text, '@');
	if (what)
		*what++ = '\0';
	if (!*text)
		return mig_fail(err, MIG_E_SYNTAX, "'%s' names no call of NVML", spec);
	call = sim_call_find(text);
	if (call < 0)
		return no_such_call(text, err);
	f.call = (uint16_t)call;
	if (which)
		rc = parse_which(which, &f, err);
	if (rc == 0)
		rc = what ? parse_answer(what, action, &f, err) : parse_action(action, &f, err);
	if (rc == 0)
		*ret = f;
	return rc;
}

/* --- Writing ---------------------------------------------------------------------------- */

static void format_time(uint64_t ns, char *buf, size_t len)
{
	if (ns % 1000000000 == 0)
		text_append(buf, len, "%llus", (unsigned long long)ns / 1000000000);
	else if (ns % 1000000 == 0)
		text_append(buf, len, "%llums", (unsigned long long)ns / 1000000);
	else
		text_append(buf, len, "%lluus", (unsigned long long)ns / 1000);
}

const char *sim_fault_format(const struct sim_fault *f, char *buf, size_t len)
{
	char name[40];

	snprintf(buf, len, "%s", calls[f->call]);
	for (int i = 0; i < N_ANSWERS && f->kind == SIM_FAULT_ANSWER; i++)
		if (answers[i].call == f->call)
			text_append(buf, len, "@%s", answers[i].what);
	if (f->last != SIM_FAULT_EVER)
		text_append(buf, len, "#%u", f->first);
	else if (f->first > 1)
		text_append(buf, len, "#%u..", f->first);
	if (f->kind == SIM_FAULT_HANG) {
		text_append(buf, len, "=hang:");
		format_time(f->value, buf, len);
	} else if (f->kind == SIM_FAULT_KILL) {
		text_append(buf, len, "=kill");
	} else {
		text_append(buf, len, "=%s",
			    sim_result_name((int)f->value, name, sizeof(name)));
	}
	if (f->is_after)
		text_append(buf, len, ":after");
	return buf;
}
