/* SPDX-License-Identifier: Apache-2.0 */
/* What checks share: a finding that grows, and files below the root. */
#include "cli/doctor/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

void finding_add(struct finding *f, enum verdict verdict, const char *fmt, ...)
{
	char said[256], before[sizeof(f->evidence)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	/* Names of files and processes are anybody's: bytes that move a cursor, or are no UTF-8. */
	for (char *p = said; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	text_copy(before, sizeof(before), f->evidence);
	if (verdict > f->verdict)
		snprintf(f->evidence, sizeof(f->evidence), "%s%s%s", said, *before ? "; " : "",
			 before);
	else
		text_append(f->evidence, sizeof(f->evidence), "%s%s", *before ? "; " : "",
			    said);
	if (verdict > f->verdict)
		f->verdict = verdict;
	/* That there was more is said; with many GPUs there may be. */
	if (strlen(f->evidence) == sizeof(f->evidence) - 1)
		memcpy(f->evidence + sizeof(f->evidence) - 4, "...", 3);
}

void finding_remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	if (f->remedy[0])
		return;
	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

char *doctor_path(const struct doctor *d, const char *path, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s", d->root, path);
	return buf;
}

char *doctor_read(const struct doctor *d, const char *path)
{
	char whole[4096], *text = NULL;

	if (mig_file_read(doctor_path(d, path, whole, sizeof(whole)), &text, NULL) < 0)
		return NULL;
	return text;
}

const struct mig_gi *doctor_gi(const struct doctor *d, int gpu_minor, int gi)
{
	for (int i = 0; i < d->snap.n_gpus; i++) {
		if (d->snap.gpus[i].minor == gpu_minor)
			return mig_gpu_find_gi(&d->snap.gpus[i], gi);
	}
	return NULL;
}

int doctor_lost(const struct doctor *d)
{
	int n = 0;

	for (int i = 0; i < d->snap.n_gpus; i++)
		n += d->snap.gpus[i].is_lost;
	return n;
}

/* The kernel keeps 15 bytes of a name. */
static const char *const daemons[] = {
	"nvidia-persiste", "nv-fabricmanage",
	"nv-hostengine",   "dcgm-exporter",
	"nvidia-device-p", "nvidia-mig-mana",
	"nvidia-cuda-mps", "slurmd",
	"nvidia-smi",      "Xorg",
};

static bool is_daemon(const char *name)
{
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		if (strcmp(name, daemons[i]) == 0)
			return true;
	}
	return false;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

void doctor_processes(struct doctor *d)
{
	char path[4096];
	CLEANUP(close_dir) DIR *dir = opendir(doctor_path(d, "/proc", path, sizeof(path)));
	const struct dirent *e;

	while (dir && (e = readdir(dir)) && d->n_processes < DOCTOR_PROCESSES) {
		struct doctor_process *p = &d->processes[d->n_processes];
		cleanup_fclose FILE *f = NULL;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/proc/%s/comm", d->root, e->d_name);
		f = fopen(path, "re");
		if (!f || !fgets(p->name, sizeof(p->name), f))
			continue;
		p->name[strcspn(p->name, "\n")] = '\0';
		if (!is_daemon(p->name))
			continue;
		p->pid = (int)strtol(e->d_name, NULL, 10);
		d->n_processes++;
	}
}

bool doctor_holder(const struct doctor *d, const char *name, struct finding *f)
{
	bool is_there = false;

	for (int i = 0; i < d->n_processes; i++) {
		if (strcmp(d->processes[i].name, name) != 0)
			continue;
		finding_add(f, d->is_pending ? VERDICT_FAIL : VERDICT_PASS,
			    "%s (pid %d) runs%s", name, d->processes[i].pid,
			    d->is_pending ? " and holds the GPUs, and a switch of MIG waits"
					  : "");
		is_there = true;
	}
	return is_there;
}
