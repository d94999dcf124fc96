/* SPDX-License-Identifier: Apache-2.0 */
/* Who on this host keeps a GPU from being reset, and what may we ourselves do? */
#include "cli/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cleanup.h"

/* A line of /proc/modules: "nvidia_drm 77824 4 - Live 0x0"; the third is who uses it. */
static int module_users(const char *modules, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = modules; p && *p;
	     p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *size;

		if (strncmp(p, name, len) != 0 || p[len] != ' ')
			continue;
		size = strchr(p + len + 1, ' ');
		return size ? (int)strtol(size, NULL, 10) : 0;
	}
	return -1;
}

static void drm(const struct doctor *d, struct finding *f)
{
	cleanup_free char *modules = doctor_read(d, "/proc/modules");
	const int users = module_users(modules, "nvidia_drm");

	if (!d->has_root || !modules) {
		finding_add(f, VERDICT_UNKNOWN, "/proc/modules cannot be read");
		return;
	}
	if (users < 0) {
		finding_add(f, VERDICT_PASS, "not loaded");
		return;
	}
	finding_add(f, d->is_pending ? VERDICT_FAIL : VERDICT_WARN, "loaded, with %d user%s%s",
		    users, users == 1 ? "" : "s",
		    d->is_pending ? ", and a switch of MIG waits" : "");
	finding_remedy(f, "it holds GPUs without being a process: before a reset, "
			  "modprobe -r nvidia_drm nvidia_modeset");
}

static void daemon_check(const struct doctor *d, struct finding *f, const char *name,
			 const char *unit)
{
	if (!d->has_root) {
		finding_add(f, VERDICT_UNKNOWN, "this machine has no files yet");
		return;
	}
	if (!doctor_holder(d, name, f))
		finding_add(f, VERDICT_PASS, "does not run");
	finding_remedy(f, "systemctl stop %s, reset, and start it again", unit);
}

/* From a container its process is not seen, and its socket may be. */
static void persistenced(const struct doctor *d, struct finding *f)
{
	char path[4096];

	if (d->has_root && !doctor_holder(d, "nvidia-persiste", f) &&
	    access(doctor_path(d, "/run/nvidia-persistenced/socket", path, sizeof(path)),
		   F_OK) == 0)
		finding_add(f, d->is_pending ? VERDICT_FAIL : VERDICT_PASS,
			    "its socket is there, so it runs%s",
			    d->is_pending ? ", and a switch of MIG waits" : "");
	if (f->evidence[0])
		finding_remedy(f,
			       "systemctl stop nvidia-persistenced, reset, and start it again");
	else
		daemon_check(d, f, "nvidia-persiste", "nvidia-persistenced");
}

static void dcgm(const struct doctor *d, struct finding *f)
{
	daemon_check(d, f, "nv-hostengine", "nvidia-dcgm");
}

/* GPUs behind switches do not start CUDA without it. */
static void fabric(const struct doctor *d, struct finding *f)
{
	char path[4096];
	const bool is_needed = access(doctor_path(d, "/proc/driver/nvidia-nvswitch/devices",
						  path, sizeof(path)),
				      F_OK) == 0;

	if (!d->has_root) {
		finding_add(f, VERDICT_UNKNOWN, "this machine has no files yet");
	} else if (!doctor_holder(d, "nv-fabricmanage", f)) {
		finding_add(f, is_needed ? VERDICT_FAIL : VERDICT_PASS, "%s",
			    is_needed ? "there are NVSwitches and it does not run"
				      : "no NVSwitch, and it does not run");
		finding_remedy(f, "systemctl start nvidia-fabricmanager");
	} else {
		finding_remedy(f, "systemctl stop nvidia-fabricmanager, reset, and start it "
				  "again");
	}
}

/* Those that people forget: they look, and so they hold. */
static void clients(const struct doctor *d, struct finding *f)
{
	static const char *const names[] = { "dcgm-exporter",
					     "nvidia-device-p",
					     "nvidia-mig-mana",
					     "nvidia-cuda-mps",
					     "slurmd",
					     "nvidia-smi",
					     "Xorg" };
	bool any = false;

	if (!d->has_root) {
		finding_add(f, VERDICT_UNKNOWN, "this machine has no files yet");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		any |= doctor_holder(d, names[i], f);
	finding_remedy(f, "stop them for the time of the reset");
	if (!any)
		finding_add(f, VERDICT_PASS, "none of those that are known");
}

/* Until it is ended nothing else is begun. */
static void unfinished(const struct doctor *d, struct finding *f)
{
	static const enum verdict verdicts[] = {
		[CHANGE_NONE] = VERDICT_PASS,       [CHANGE_UNDER_WAY] = VERDICT_PASS,
		[CHANGE_CUT_SHORT] = VERDICT_FAIL,  [CHANGE_DAMAGED] = VERDICT_FAIL,
		[CHANGE_UNKNOWN] = VERDICT_UNKNOWN,
	};

	if (!d->has_snap)
		finding_add(f, VERDICT_UNKNOWN, "the GPUs could not be read");
	else
		finding_add(f, verdicts[d->change], "%s",
			    d->change == CHANGE_NONE ? "none" : d->change_text);
	finding_remedy(f, d->change == CHANGE_DAMAGED ? "migctl recover --forget"
						      : "migctl recover");
}

/* What is wanted is what is on record: it is to be readable, and to stand. */
static void record(const struct doctor *d, struct finding *f)
{
	if (!d->has_snap) {
		finding_add(f, VERDICT_UNKNOWN, "the GPUs could not be read");
	} else if (d->record_rc < 0) {
		finding_add(f, d->record_rc == -MIG_E_PERM ? VERDICT_UNKNOWN : VERDICT_FAIL,
			    "%.*s", (int)strcspn(d->record_text, ";"), d->record_text);
		finding_remedy(
			f, "move the file away, then 'migctl save' records what stands; names "
			   "are to be given again");
	} else if (*d->record_text) {
		finding_add(f, VERDICT_WARN, "%s", d->record_text);
		finding_remedy(f,
			       "'migctl restore' brings back what is on record; at each boot "
			       "'systemctl enable migctl-restore' does");
	} else {
		finding_add(f, VERDICT_PASS, "nothing that a reboot took is missing");
	}
}

static bool is_listed(const struct doctor *d)
{
	for (int i = 0; i < d->snap.n_gpus; i++) {
		if (d->snap.gpus[i].is_partial && d->snap.gpus[i].type)
			return false;
	}
	return true;
}

static void privilege(const struct doctor *d, struct finding *f)
{
	char path[4096];

	if (!d->has_snap) {
		finding_add(f, VERDICT_UNKNOWN, "the GPUs could not be read");
		return;
	}
	if (!is_listed(d)) {
		finding_add(f, VERDICT_WARN, "GPU instances are not told to this user");
		finding_remedy(f, "root, or the right to read the device node of the "
				  "capability config (nvidia-cap1)");
	} else if (d->is_root) {
		finding_add(f, VERDICT_PASS, "root");
	} else if (access(doctor_path(d, "/dev/nvidia-caps/nvidia-cap1", path, sizeof(path)),
			  R_OK) == 0) {
		finding_add(f, VERDICT_PASS, "this user may read the capability config");
	} else if (d->snap.is_simulated) {
		finding_add(f, VERDICT_PASS, "this user sees everything");
	} else {
		finding_add(f, VERDICT_WARN, "this user may look, and change nothing");
		finding_remedy(f, "sudo, or the right to read /dev/nvidia-caps/nvidia-cap1");
	}
}

const struct check host_checks[] = {
	{ "nvidia-drm", "the display module holds no GPU", drm },
	{ "persistenced", "nvidia-persistenced is in nobody's way", persistenced },
	{ "fabric-manager", "the fabric manager runs where it is needed", fabric },
	{ "dcgm", "DCGM is in nobody's way", dcgm },
	{ "clients", "no other known client is in the way", clients },
	{ "unfinished", "no change was cut short", unfinished },
	{ "record", "the layout on record can be read, and stands", record },
	{ "privilege", "this user may change GPUs", privilege },
	{ 0 },
};
