/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Slurm has allocated, as "scontrol show job --details --oneliner" prints it, a job a line:
 *
 *	JobId=12 … JobState=RUNNING … Nodes=n[1-2] CPU_IDs=0 Mem=0 GRES=gpu:a100_3g.20gb:1(IDX:2) …
 *
 * IDX counts the devices of a node as slurmd lists them: by GPU, and by MIG device index on it. A type
 * names a profile, so what does not agree is told rather than mapped.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/who/who.h"
#include "shared/cleanup.h"
#include "shared/text.h"

enum { WORD_BYTES = 4096, INDICES_MAX = 1024 };

static const char *const what = "allocations of Slurm";

struct job {
	struct who *w;
	char id[24];
	bool has_devices; /* its state is one that holds what it was given */
	bool is_here;     /* what follows is of this node */
	int n;            /* allocations of all jobs so far */
};

/* --- Lists of hosts ---------------------------------------------------------------------- */

/* A number of the list is as many digits wide as its range says with a 0 before it, else as it is. */
static bool is_as_wide(const char *text, size_t len, const char *range)
{
	const size_t digits = strspn(range, "0123456789");

	if (*range == '0' && digits > 1)
		return len == digits;
	return len == 1 || *text != '0';
}

/* Is @text of @len bytes a number within "1-5,007" up to a bracket? */
static bool is_in_ranges(const char *ranges, const char *text, size_t len)
{
	uint64_t number, from, to;
	char word[24];

	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	if (len == 0 || len >= sizeof(word) || strspn(word, "0123456789") != len)
		return false;
	number = strtoull(word, NULL, 10);
	while (isdigit((unsigned char)*ranges)) {
		char *end;

		from = to = strtoull(ranges, &end, 10);
		if (*end == '-')
			to = strtoull(end + 1, &end, 10);
		if (number >= from && number <= to && is_as_wide(word, len, ranges))
			return true;
		ranges = end + (*end == ',');
	}
	return false;
}

/* "n1", or "n[1-3,07]" and "n[1-3]-gpu"; a second bracket is not understood and matches nothing. */
static bool is_host(const char *like, size_t len, const char *node)
{
	const char *open = memchr(like, '[', len);
	const char *close = open ? memchr(open, ']', len - (size_t)(open - like)) : NULL;
	const size_t node_len = strlen(node);
	size_t before, after;

	if (!close)
		return len == node_len && strncasecmp(like, node, len) == 0;
	before = (size_t)(open - like);
	after = len - (size_t)(close + 1 - like);
	return node_len > before + after && strncasecmp(like, node, before) == 0 &&
	       strncasecmp(close + 1, node + node_len - after, after) == 0 &&
	       is_in_ranges(open + 1, node + before, node_len - before - after);
}

static bool is_in_hostlist(const char *list, const char *node)
{
	while (*list) {
		size_t n = 0;

		for (int depth = 0; list[n] && (depth || list[n] != ','); n++)
			depth += (list[n] == '[') - (list[n] == ']');
		if (is_host(list, n, node))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* --- Devices ----------------------------------------------------------------------------- */

static bool find_mig(const struct mig_gpu *gpu, int index, struct mig_ref *ret)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (gpu->gis[i].cis[k].index != index)
				continue;
			ret->gi = i;
			ret->ci = k;
			return true;
		}
	}
	return false;
}

/* slurmd's device of that number. */
static bool find_device(const struct mig_snapshot *snap, int number, struct mig_ref *ret)
{
	for (int g = 0; g < snap->n_gpus; g++) {
		const struct mig_gpu *gpu = &snap->gpus[g];

		*ret = (struct mig_ref){ g, -1, -1 };
		if (!gpu->mode && number-- == 0)
			return true;
		/* slurmd stops at the first index that is not there, as we do. */
		for (int i = 0; gpu->mode && find_mig(gpu, i, ret); i++) {
			if (number-- == 0)
				return true;
		}
	}
	return false;
}

/* Does "nvidia_a100_3g.39gb" name what is there? Slurm's gigabytes are not the profile's, its slices
 * are. */
static bool is_of_type(const struct mig_snapshot *snap, const struct mig_ref *ref,
		       const char *type)
{
	const struct mig_gpu *gpu = &snap->gpus[ref->gpu];
	const char *profile = "";
	char slices[16];

	if (ref->gi >= 0 && gpu->gis[ref->gi].profile >= 0)
		profile = gpu->type->profiles[gpu->gis[ref->gi].profile].name;
	snprintf(slices, sizeof(slices), "%.*s.", (int)strcspn(profile, "."), profile);
	return !*type || !*profile || strstr(type, slices);
}

static void add_device(struct job *job, const char *type, int number)
{
	struct mig_holder h = { .uid = -1,
				.kind = MIG_HOLDER_JOB,
				.seen = MIG_SEEN_SLURM,
				.from.kind = MIG_HOLDER_JOB };
	struct mig_ref ref;

	if (job->n++ >= WHO_ALLOCATIONS_MAX)
		return;
	if (!find_device(job->w->snap, number, &ref) || !is_of_type(job->w->snap, &ref, type)) {
		who_unknown(job->w, what,
			    "job %s has device %d of Slurm's list, \"%.60s\", which "
			    "is not what stands there",
			    job->id, number, type);
		return;
	}
	who_place(job->w->snap, &ref, &h);
	h.blocks = who_blocks(h.kind, h.gi);
	text_copy(h.from.job, sizeof(h.from.job), job->id);
	who_add(job->w, &h);
}

/* --- The text ---------------------------------------------------------------------------- */

/* "IDX:0-1,3)" */
static void read_indices(struct job *job, const char *type, const char *text)
{
	while (isdigit((unsigned char)*text)) {
		char *end;
		unsigned long from = strtoul(text, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long i = from; i <= to && i < INDICES_MAX; i++)
			add_device(job, type, (int)i);
		text = end + (*end == ',');
	}
}

/* "gpu:TYPE:COUNT(IDX:…)" or "gpu:COUNT(IDX:…)"; other resources are none of ours. */
static void read_gres(struct job *job, const char *gres)
{
	char type[128] = "";
	const char *name = gres;

	while (*name) {
		const size_t len = strcspn(name, "(");
		const char *colon = memchr(name, ':', len);
		const char *end = name + len + strcspn(name + len, ")");
		const char *next =
			colon ? memchr(colon + 1, ':', len - (size_t)(colon + 1 - name)) : NULL;

		snprintf(type, sizeof(type), "%.*s", next ? (int)(next - colon - 1) : 0,
			 colon ? colon + 1 : "");
		if (strncmp(name, "gpu:", 4) == 0 && strncmp(name + len, "(IDX:", 5) == 0)
			read_indices(job, type, name + len + 5);
		name = *end ? end + 1 : end;
		name += *name == ',';
	}
}

static bool is_holding(const char *state)
{
	static const char *const states[] = { "RUNNING", "SUSPENDED", "COMPLETING",
					      "CONFIGURING", "STOPPED" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(state, states[i]) == 0)
			return true;
	}
	return false;
}

/* The value of a word "KEY=VALUE", or NULL. */
static const char *value_of(const char *word, const char *key)
{
	const size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static void read_word(struct job *job, const char *word)
{
	const char *value;

	if ((value = value_of(word, "JobState")))
		job->has_devices = is_holding(value);
	else if ((value = value_of(word, "Nodes")))
		job->is_here = is_in_hostlist(value, job->w->opt->node);
	else if ((value = value_of(word, "GRES")) && job->has_devices && job->is_here)
		read_gres(job, value);
}

/* The words of one line; one that is longer than any of ours is skipped. */
static void read_job(struct job *job, const char *line, size_t len)
{
	cleanup_free char *word = malloc(WORD_BYTES);
	const char *id = line + strlen("JobId=");
	const size_t digits = strspn(id, "0123456789");

	if (!word) {
		job->w->is_short = true;
		return;
	}
	job->has_devices = job->is_here = false;
	snprintf(job->id, sizeof(job->id), "%.*s", (int)digits, id);
	for (size_t at = 0; at < len;) {
		const size_t n = strcspn(line + at, " \n");

		if (n > 0 && n < WORD_BYTES) {
			snprintf(word, WORD_BYTES, "%.*s", (int)n, line + at);
			read_word(job, word);
		}
		at += n + 1;
	}
}

void who_slurm(struct who *w)
{
	const struct mig_who_answer *answer = &w->opt->slurm;
	struct job job = { .w = w };

	if (answer->why)
		who_unknown(w, what, "%s", answer->why);
	if (!answer->text || !w->opt->node)
		return;
	for (const char *line = answer->text; *line; line += *line == '\n') {
		const size_t len = strcspn(line, "\n");

		if (strncmp(line, "JobId=", 6) == 0)
			read_job(&job, line, len);
		line += len;
	}
	if (job.n > WHO_ALLOCATIONS_MAX)
		who_unknown(w, what, "there are more than %d", WHO_ALLOCATIONS_MAX);
}
