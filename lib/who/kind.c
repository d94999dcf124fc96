/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of holders there are: what each is in the way of, its words, and what helps. */
#include "lib/who/who.h"

#include <stdio.h>
#include <string.h>

#include "shared/text.h"

enum { BOTH = MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE };

/* {field}: see field_of(). */
static const struct {
	const char *name;
	unsigned blocks; /* of an instance; of a whole GPU only the mode */
	const char *text, *remedy;
} kinds[] = {
	[MIG_HOLDER_PROCESS] = { "process", BOTH, "{unit}", "kill {pid}" },
	[MIG_HOLDER_UNIT] = { "unit", BOTH, "{unit}", "systemctl stop {unit}" },
	[MIG_HOLDER_DAEMON] = { "daemon", BOTH, "{unit}", "systemctl stop {unit}" },
	[MIG_HOLDER_DOCKER] = { "container", BOTH, "docker {container}",
				"docker stop {container}" },
	[MIG_HOLDER_PODMAN] = { "container", BOTH, "podman {container}",
				"podman stop {container}" },
	[MIG_HOLDER_CRI] = { "container", BOTH, "pod {pod_uid}", "crictl stop {container}" },
	[MIG_HOLDER_POD] = { "pod", BOTH, "pod {pod}",
			     "kubectl delete pod --namespace {namespace} {pod_name}" },
	[MIG_HOLDER_JOB] = { "job", BOTH, "job {job}", "scancel {job_id}" },
	[MIG_HOLDER_CLAIM] = { "claim", BOTH, "claim", "kill {pid}" },
	[MIG_HOLDER_MODULE] = { "module", MIG_BLOCKS_MODE, "kernel module",
				"modprobe -r {name}" },
};

/* By what the kernel calls them, 15 bytes. The unit that Debian, NVIDIA or Slurm ship each in. */
static const struct {
	const char *name, *unit;
} daemons[] = {
	{ "nvidia-persiste", "nvidia-persistenced.service" },
	{ "nv-fabricmanage", "nvidia-fabricmanager.service" },
	{ "nv-hostengine", "nvidia-dcgm.service" },
	{ "dcgm-exporter", "nvidia-dcgm-exporter.service" },
	{ "nvsm_core", "nvsm.service" },
	{ "nvsm_api_gateway", "nvsm.service" },
	{ "nvidia-mig-mana", "nvidia-mig-manager.service" },
	{ "nvidia-cuda-mps", "nvidia-mps.service" },
	{ "slurmd", "slurmd.service" },
	{ "kubelet", "kubelet.service" },
	{ "Xorg", "display-manager.service" },
};

/* Of those that are not named here nobody knows; a module that uses the driver is in the way. */
static const struct {
	const char *name;
	unsigned blocks;
	const char *remedy;
} modules[] = {
	{ "nvidia_drm", MIG_BLOCKS_MODE, "modprobe -r nvidia_drm nvidia_modeset" },
	{ "nvidia_modeset", MIG_BLOCKS_MODE, NULL },
	{ "nvidia_uvm", 0, NULL },     /* used by processes, which are found themselves */
	{ "nvidia_peermem", 0, NULL }, /* likewise, for RDMA */
};

const char *mig_holder_kind_name(enum mig_holder_kind kind)
{
	return kinds[kind].name;
}

unsigned who_blocks(enum mig_holder_kind kind, int gi)
{
	return gi < 0 ? kinds[kind].blocks & MIG_BLOCKS_MODE : kinds[kind].blocks;
}

const char *who_daemon_unit(const char *name)
{
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		if (strncmp(name, daemons[i].name, 15) == 0)
			return daemons[i].unit;
	}
	return NULL;
}

unsigned who_module_blocks(const char *name)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (strcmp(name, modules[i].name) == 0)
			return modules[i].blocks;
	}
	return MIG_BLOCKS_MODE;
}

static const char *module_remedy(const char *name)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (strcmp(name, modules[i].name) == 0 && modules[i].remedy)
			return modules[i].remedy;
	}
	return kinds[MIG_HOLDER_MODULE].remedy;
}

/* --- Words ------------------------------------------------------------------------------- */

/* The value of a field, in @buf; "": not known. */
static void field_of(const struct mig_holder *h, const char *field, char *buf, size_t len)
{
	const char *slash = strchr(h->from.pod, '/');
	const struct {
		const char *field, *value;
		int cut; /* bytes of it, or -1: all */
	} fields[] = {
		{ "name", h->name, -1 },
		{ "container", h->from.container, 12 }, /* as everybody's lists show ids */
		{ "pod_uid", h->from.pod_uid, -1 },
		{ "pod", h->from.pod, -1 },
		{ "namespace", h->from.pod, slash ? (int)(slash - h->from.pod) : 0 },
		{ "pod_name", slash ? slash + 1 : "", -1 },
		{ "job", h->from.job, -1 },
		{ "job_id", h->from.job, (int)strcspn(h->from.job, ".") },
		{ "unit", h->from.unit, -1 },
	};

	buf[0] = '\0';
	if (strcmp(field, "pid") == 0 && h->pid > 0)
		snprintf(buf, len, "%d", h->pid);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(field, fields[i].field) == 0)
			snprintf(buf, len, "%.*s", fields[i].cut, fields[i].value);
	}
}

/* Of these a shell makes nothing but themselves. */
static bool is_plain(const char *word)
{
	return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789@%+=:,./_-")] == '\0';
}

static void add_word(const char *word, bool is_quoted, char *buf, size_t len)
{
	if (!is_quoted || is_plain(word)) {
		text_append(buf, len, "%s", word);
		return;
	}
	text_append(buf, len, "'");
	for (const char *p = word; *p; p++)
		text_append(buf, len, *p == '\'' ? "'\\''" : "%c", *p);
	text_append(buf, len, "'");
}

/* @like with its fields; "" when one of them is not known. */
static char *expand(const struct mig_holder *h, const char *like, bool is_quoted, char *buf,
		    size_t len)
{
	char field[16], word[sizeof(h->from.pod)];

	buf[0] = '\0';
	while (*like) {
		const size_t plain = strcspn(like, "{");
		const size_t end = strcspn(like + plain, "}");

		text_append(buf, len, "%.*s", (int)plain, like);
		like += plain;
		if (!*like)
			break;
		snprintf(field, sizeof(field), "%.*s", (int)end - 1, like + 1);
		field_of(h, field, word, sizeof(word));
		if (!*word) {
			buf[0] = '\0';
			break;
		}
		add_word(word, is_quoted, buf, len);
		like += end + 1;
	}
	return buf;
}

char *mig_holder_text(const struct mig_holder *h, char *buf, size_t len)
{
	return expand(h, kinds[h->kind].text, false, buf, len);
}

char *mig_holder_name(const struct mig_holder *h, char *buf, size_t len)
{
	const bool is_claim = h->kind == MIG_HOLDER_CLAIM;
	char where[400];

	buf[0] = '\0';
	mig_holder_text(h, where, sizeof(where));
	if (is_claim)
		text_append(buf, len, "a claim of ");
	if (h->pid || is_claim)
		text_append(buf, len, "%s", *h->name ? h->name : "a process");
	if (h->pid)
		text_append(buf, len, " (pid %d)", h->pid);
	if (*where && !is_claim)
		text_append(buf, len, "%s%s", h->pid ? " of " : "", where);
	else if (!h->pid && !is_claim)
		text_append(buf, len, "%s %s", mig_holder_kind_name(h->kind), h->name);
	if (h->gi >= 0 && h->ci >= 0)
		text_append(buf, len, " on GPU %d GI %d CI %d", h->gpu, h->gi, h->ci);
	else if (h->gi >= 0)
		text_append(buf, len, " on GPU %d GI %d", h->gpu, h->gi);
	return buf;
}

char *mig_holder_remedy(const struct mig_holder *h, char *buf, size_t len)
{
	buf[0] = '\0';
	if (!h->blocks)
		return buf;
	return expand(h,
		      h->kind == MIG_HOLDER_MODULE ? module_remedy(h->name)
						   : kinds[h->kind].remedy,
		      true, buf, len);
}
