/* SPDX-License-Identifier: Apache-2.0 */
/* How long calls take: a profile is lines of text, ours like a user's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/catalog.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "sim/inject.h"
#include "sim/open.h"

enum { PUBLISHED_BYTES = 8192 }; /* room for the lines of every type of a machine */

/* One GPU type's lines, of data/timing.yaml. @key: NULL for any type. */
static void write_timing(const struct mig_timing *timing, const char *key, char *buf,
			 size_t len)
{
	char of[MIG_NAME_MAX + 8] = "";

	if (key)
		text_append(of, sizeof(of), " gpu=%s", key);
	for (int i = 1; i <= MIG_UNITS_MAX; i++) {
		if (timing->create_ms[i] != MIG_UNKNOWN)
			text_append(buf, len,
				    "nvmlDeviceCreateGpuInstance*%s slices=%d %lldms\n", of, i,
				    (long long)timing->create_ms[i]);
	}
	text_append(buf, len, "nvmlGpuInstanceDestroy%s %lldms\n", of,
		    (long long)timing->destroy_ms);
}

/*
 * What is published of making and destroying GPU instances, as a profile. Compute instances
 * take no time here: they are measured together with their GPU instance.
 */
static int published(const struct sim_fixed *fixed, char *buf, size_t len,
		     struct mig_error *err)
{
	struct mig_timing any, own;
	int rc = mig_timing_find("", &any, err);

	if (rc < 0)
		return rc;
	buf[0] = '\0';
	write_timing(&any, NULL, buf, len);
	for (uint32_t i = 0; i < fixed->n_types; i++) {
		rc = mig_timing_find(fixed->types[i].key, &own, err);
		if (rc < 0)
			return rc;
		if (own.basis != MIG_BASIS_ASSUMED)
			write_timing(&own, fixed->types[i].key, buf, len);
	}
	return 0;
}

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
	const bool is_published = strcmp(profile, "published") == 0;
	cleanup_free char *read = NULL;
	char lines[PUBLISHED_BYTES] = "";
	struct sim_open m;
	int rc = 0, n;

	if (!is_published && strcmp(profile, "none") != 0)
		rc = mig_file_read(profile, &read, err);
	if (rc == 0)
		rc = sim_open_locked(dir, machine, &m, err);
	if (rc < 0)
		return rc;
	n = is_published ? published(m.img.fixed, lines, sizeof(lines), err) : 0;
	if (n == 0)
		n = sim_latency_parse(read ? read : lines, profile, m.img.fixed, rows, err);
	if (n >= 0)
		sim_fault_set_latencies(sim_image_faults(&m.img), profile, rows, (unsigned)n);
	sim_open_close(&m);
	return n < 0 ? n : 0;
}
