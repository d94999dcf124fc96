/* SPDX-License-Identifier: Apache-2.0 */
/* How long calls take: a profile is lines of text, ours like a user's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "sim/inject.h"
#include "sim/open.h"

/*
 * Measured through NVML on A30, A100 and H100 by the authors of a scheduler for MIG
 * (artecs-group/RL_MIG_scheduler, algorithm.py): a GPU instance and its compute instance
 * together, which is why the latter take no time here. For destroying they give a range:
 * its middle stands here. Other GPU types: as H100, which nobody has measured.
 */
static const char published[] = "nvmlDeviceCreateGpuInstance* slices=1 160ms\n"
				"nvmlDeviceCreateGpuInstance* slices=2 210ms\n"
				"nvmlDeviceCreateGpuInstance* slices=3 330ms\n"
				"nvmlDeviceCreateGpuInstance* slices=4 380ms\n"
				"nvmlDeviceCreateGpuInstance* slices=7 420ms\n"
				"nvmlGpuInstanceDestroy 235ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A100 slices=1 160ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A100 slices=2 170ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A100 slices=3 200ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A100 slices=4 210ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A100 slices=7 240ms\n"
				"nvmlGpuInstanceDestroy gpu=A100 210ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A30 slices=1 110ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A30 slices=2 120ms\n"
				"nvmlDeviceCreateGpuInstance* gpu=A30 slices=4 130ms\n"
				"nvmlGpuInstanceDestroy gpu=A30 100ms\n";

struct line {
	char *call, *gpu;
	uint64_t slices, ns;
};

/* The words of a line, taken apart in place. Return: 1; 0: it is empty. */
static int parse_line(char *text, struct line *ret, struct mig_error *err)
{
	char *rest = NULL, *word, *time = NULL;

	*ret = (struct line){ .slices = SIM_LATENCY_ANY };
	text[strcspn(text, "#")] = '\0';
	ret->call = strtok_r(text, " \t\r", &rest);
	if (!ret->call)
		return 0;
	while ((word = strtok_r(NULL, " \t\r", &rest))) {
		if (time)
			return mig_fail(err, MIG_E_SYNTAX, "'%s' behind the time", word);
		if (strncmp(word, "gpu=", 4) == 0)
			ret->gpu = word + 4;
		else if (strncmp(word, "slices=", 7) != 0)
			time = word;
		else if (!text_parse_u64(word + 7, &ret->slices) || ret->slices > 16)
			return mig_fail(err, MIG_E_SYNTAX, "'%s': compute slices are a number",
					word);
	}
	if (!time || !sim_time_parse(time, &ret->ns))
		return mig_fail(err, MIG_E_SYNTAX,
				"a line ends in a time, like 160ms, up to an hour%s%s",
				time ? "; this is none: " : "", time ? time : "");
	return 1;
}

static bool is_call(const char *pattern, const char *name)
{
	const size_t n = strlen(pattern);

	return n > 0 && pattern[n - 1] == '*' ? strncmp(pattern, name, n - 1) == 0
					      : strcmp(pattern, name) == 0;
}

/* One row for each GPU type of the machine that is meant; one for any if none is named. */
static int add_call(const struct line *line, int call, const struct sim_fixed *fixed,
		    struct sim_latency *rows, int n, struct mig_error *err)
{
	struct sim_latency row = { .call = (uint16_t)call,
				   .type = SIM_LATENCY_ANY,
				   .slices = (uint8_t)line->slices,
				   .us = (uint32_t)(line->ns / 1000) };

	for (uint32_t type = 0; type < (line->gpu ? fixed->n_types : 1); type++) {
		if (line->gpu &&
		    strncmp(fixed->types[type].key, line->gpu, strlen(line->gpu)) != 0)
			continue;
		if (line->gpu)
			row.type = (uint8_t)type;
		if (n == SIM_LATENCIES_MAX)
			return mig_fail(err, MIG_E_NOSPACE,
					"a profile has room for %d calls and GPU types",
					SIM_LATENCIES_MAX);
		rows[n++] = row;
	}
	return n;
}

static int add_line(char *text, const struct sim_fixed *fixed, struct sim_latency *rows, int n,
		    struct mig_error *err)
{
	bool is_known = false;
	struct line line;
	int rc = parse_line(text, &line, err);

	if (rc <= 0)
		return rc < 0 ? rc : n;
	for (int call = 0; call < SIM_CALLS; call++) {
		if (!is_call(line.call, sim_call_name((enum sim_call_id)call)))
			continue;
		is_known = true;
		n = add_call(&line, call, fixed, rows, n, err);
		if (n < 0)
			return n;
	}
	return is_known ? n : mig_fail(err, MIG_E_NOENT, "NVML has no call %s", line.call);
}

int sim_latency_parse(const char *text, const char *path, const struct sim_fixed *fixed,
		      struct sim_latency ret[SIM_LATENCIES_MAX], struct mig_error *err)
{
	int n = 0;

	for (int number = 1; *text; number++) {
		const size_t len = strcspn(text, "\n");
		cleanup_free char *line = strndup(text, len);

		if (!line)
			return mig_fail(err, MIG_E_NOMEM, "read %s", path);
		n = add_line(line, fixed, ret, n, err);
		if (n < 0)
			return mig_wrap(err, n, "%s:%d", path, number);
		text += len + (text[len] != '\0');
	}
	return n;
}

int sim_inject_latency(const char *dir, const char *machine, const char *profile,
		       struct mig_error *err)
{
	struct sim_latency rows[SIM_LATENCIES_MAX];
	cleanup_free char *read = NULL;
	const char *text = strcmp(profile, "published") == 0 ? published : "";
	struct sim_open m;
	int rc = 0, n;

	if (text != published && strcmp(profile, "none") != 0) {
		rc = mig_file_read(profile, &read, err);
		text = read;
	}
	if (rc == 0)
		rc = sim_open_locked(dir, machine, &m, err);
	if (rc < 0)
		return rc;
	n = sim_latency_parse(text, profile, m.img.fixed, rows, err);
	if (n >= 0)
		sim_fault_set_latencies(sim_image_faults(&m.img), profile, rows, (unsigned)n);
	sim_open_close(&m);
	return n < 0 ? n : 0;
}
