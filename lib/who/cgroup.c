/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control group's path tells of a process. Lines of /proc/PID/cgroup are
 * "hierarchy:controllers:path"; of version 2 there is one, of version 1 several, of which some may
 * say nothing. Parts of paths as they are made:
 *
 *	docker-ID.scope, docker/ID		Docker: with systemd, without
 *	libpod-ID.scope, libpod-ID		Podman
 *	cri-containerd-ID.scope, crio-ID.scope	containerd, CRI-O
 *	kubepods-burstable-podUID.slice		kubelet with systemd, without:
 *	kubepods/burstable/podUID/ID
 *	…podUID.slice:cri-containerd:ID		containerd that was not told of systemd
 *	uid_U/job_J/step_S, slurmstepd.scope/job_J/step_S	Slurm
 *	NAME.service, NAME.scope, NAME.slice	systemd
 *
 * The innermost container counts: a cluster's node may be a container itself.
 */
#include <stdio.h>
#include <string.h>

#include "lib/who/who.h"
#include "shared/text.h"

enum { PART_BYTES = 256, ID_MIN = 32, ID_MAX = 64, UID_BYTES = 36, STEP_BYTES = 16 };

static const struct {
	const char *prefix;
	enum mig_holder_kind kind;
} runtimes[] = {
	{ "docker-", MIG_HOLDER_DOCKER },
	{ "libpod-", MIG_HOLDER_PODMAN },
	{ "cri-containerd-", MIG_HOLDER_CRI },
	{ "crio-", MIG_HOLDER_CRI },
};

static bool ends_with(const char *text, const char *end)
{
	const size_t len = strlen(text), n = strlen(end);

	return len > n && strcmp(text + len - n, end) == 0;
}

/* An id of a container, followed by nothing or ".scope". */
static void read_id(const char *text, enum mig_holder_kind kind, struct mig_origin *ret)
{
	const size_t n = strspn(text, "0123456789abcdef");

	if (n < ID_MIN || n > ID_MAX || (text[n] && strcmp(text + n, ".scope") != 0))
		return;
	snprintf(ret->container, sizeof(ret->container), "%.*s", (int)n, text);
	ret->kind = kind;
}

/* @before: the part of the path before this one. */
static void read_container(const char *part, const char *before, struct mig_origin *ret)
{
	const char *colon = strrchr(part, ':');

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		const size_t n = strlen(runtimes[i].prefix);

		if (strncmp(part, runtimes[i].prefix, n) == 0)
			read_id(part + n, runtimes[i].kind, ret);
	}
	if (strcmp(before, "docker") == 0)
		read_id(part, MIG_HOLDER_DOCKER, ret);
	if (*ret->pod_uid)
		read_id(colon ? colon + 1 : part, MIG_HOLDER_CRI, ret);
}

/* 36 bytes with dashes, in a slice with underscores; the 32 of a static pod have none. */
static void read_pod(const char *part, struct mig_origin *ret)
{
	const char *at = strncmp(part, "pod", 3) == 0 ? part : strstr(part, "-pod");
	const char *uid = at ? at + (*at == '-') + 3 : "";
	const size_t n = strspn(uid, "0123456789abcdef-_");

	if (n != UID_BYTES && n != ID_MIN)
		return;
	snprintf(ret->pod_uid, sizeof(ret->pod_uid), "%.*s", (int)n, uid);
	for (char *p = ret->pod_uid; *p; p++)
		*p = *p == '_' ? '-' : *p;
}

/* "step_0", "step_batch", "step_0+1": all of it. */
static bool is_step(const char *part)
{
	const char *name = part + strlen("step_");

	return strncmp(part, "step_", 5) == 0 && *name && strlen(name) < STEP_BYTES &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+")];
}

/* "job_123", and behind it a step. */
static void read_job(const char *part, struct mig_origin *ret)
{
	const size_t n = strncmp(part, "job_", 4) == 0 ? strspn(part + 4, "0123456789") : 0;

	if (n > 0 && n < 12 && !part[4 + n])
		text_copy(ret->job, sizeof(ret->job), part + 4);
	else if (*ret->job && !strchr(ret->job, '.') && is_step(part))
		text_append(ret->job, sizeof(ret->job), ".%s", part + 5);
}

/* The innermost service or scope; a slice only where there is neither. */
static void read_unit(const char *part, struct mig_origin *ret)
{
	if (strlen(part) >= sizeof(ret->unit))
		return;
	if (ends_with(part, ".service") || ends_with(part, ".scope") ||
	    (ends_with(part, ".slice") && (!*ret->unit || ends_with(ret->unit, ".slice"))))
		text_copy(ret->unit, sizeof(ret->unit), part);
}

static void read_path(const char *path, size_t len, struct mig_origin *ret)
{
	char part[PART_BYTES] = "", before[PART_BYTES] = "";

	for (size_t at = 0; at < len;) {
		const size_t n = strcspn(path + at, "/\n");

		if (n > 0 && n < sizeof(part)) {
			text_copy(before, sizeof(before), part);
			snprintf(part, sizeof(part), "%.*s", (int)n, path + at);
			read_pod(part, ret);
			read_container(part, before, ret);
			read_job(part, ret);
			read_unit(part, ret);
		}
		at += n + 1;
	}
}

/* What of one line, for a member that another line has said nothing of. */
static void take_over(char *to, size_t size, const char *from)
{
	if (!*to)
		text_copy(to, size, from);
}

static void merge(struct mig_origin *to, const struct mig_origin *from)
{
	if (!*to->container)
		to->kind = from->kind;
	take_over(to->container, sizeof(to->container), from->container);
	take_over(to->pod_uid, sizeof(to->pod_uid), from->pod_uid);
	take_over(to->job, sizeof(to->job), from->job);
	take_over(to->unit, sizeof(to->unit), from->unit);
}

/* Services and containers of a user's own are known to that user's programs only, by which an
 * administrator does not stop them. */
static bool is_of_a_user(const char *text)
{
	return strstr(text, "/user.slice/") != NULL;
}

/* Services in which processes of others run: stopping one would hit them all, or none. */
static bool is_of_others(const char *unit)
{
	static const char *const units[] = {
		"slurmd.service", "ssh.service",     "sshd.service",       "cron.service",
		"crond.service",  "atd.service",     "docker.service",     "containerd.service",
		"crio.service",   "kubelet.service", "supervisor.service",
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i]) == 0)
			return true;
	}
	return false;
}

static enum mig_holder_kind kind_of(const struct mig_origin *from, bool is_user)
{
	if (*from->job)
		return MIG_HOLDER_JOB;
	if (is_user)
		return MIG_HOLDER_PROCESS;
	if (from->kind == MIG_HOLDER_PROCESS && ends_with(from->unit, ".service") &&
	    !is_of_others(from->unit))
		return MIG_HOLDER_UNIT;
	return from->kind;
}

void mig_origin_parse(const char *text, struct mig_origin *ret)
{
	const bool is_user = is_of_a_user(text);

	*ret = (struct mig_origin){ .kind = MIG_HOLDER_PROCESS };
	while (*text) {
		const size_t len = strcspn(text, "\n");
		const char *path = memchr(text, ':', len);

		path = path ? memchr(path + 1, ':', len - (size_t)(path + 1 - text)) : NULL;
		if (path) {
			struct mig_origin line = { .kind = MIG_HOLDER_PROCESS };

			read_path(path + 1, len - (size_t)(path + 1 - text), &line);
			merge(ret, &line);
		}
		text += len + (text[len] == '\n');
	}
	who_printable(ret->unit);
	ret->kind = kind_of(ret, is_user);
}
