/* SPDX-License-Identifier: Apache-2.0 */
/* Files that containers and schedulers go by: capabilities and their nodes, CDI. */
#include "cli/doctor/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shared/cleanup.h"
#include "shared/text.h"

static bool is_blind(const struct doctor *d, struct finding *f)
{
	if (!d->has_root)
		finding_add(f, VERDICT_UNKNOWN, "this machine has no files yet");
	else if (!d->has_snap)
		finding_add(f, VERDICT_UNKNOWN, "the GPUs could not be read");
	return !d->has_root || !d->has_snap;
}

static bool is_mig_on(const struct doctor *d)
{
	for (int i = 0; i < d->snap.n_gpus; i++) {
		if (d->snap.gpus[i].mode)
			return true;
	}
	return false;
}

static void minors(const struct doctor *d, struct finding *f)
{
	cleanup_free struct mig_caps *caps = malloc(sizeof(*caps));
	struct mig_error err = { 0 };
	int rc;

	if (!caps || is_blind(d, f))
		return;
	rc = mig_caps_read(d->root, caps, &err);
	if (rc == 0) {
		finding_add(f, VERDICT_PASS, "%d capabilities", caps->n);
		return;
	}
	finding_add(f, is_mig_on(d) ? VERDICT_FAIL : VERDICT_WARN, "%s", err.msg);
	finding_remedy(f, "containers cannot be given MIG devices without it: load the nvidia "
			  "module of a driver from 450 on");
}

/* Is the node of a capability there, and what it must be? An empty file stands for it in a
 * tree that was made without the privilege to make nodes. */
static void look_at_node(const struct doctor *d, int minor_number, const char *what,
			 struct finding *f)
{
	char path[4096], name[64];
	struct stat st;

	snprintf(name, sizeof(name), "/dev/nvidia-caps/nvidia-cap%d", minor_number);
	if (stat(doctor_path(d, name, path, sizeof(path)), &st) < 0) {
		finding_add(f, errno == ENOENT ? VERDICT_FAIL : VERDICT_UNKNOWN, "%s of %s: %s",
			    name + strlen("/dev/nvidia-caps/"), what, strerror(errno));
		return;
	}
	if (S_ISCHR(st.st_mode) && minor(st.st_rdev) != (unsigned)minor_number)
		finding_add(f, VERDICT_FAIL, "%s of %s has minor %u",
			    name + strlen("/dev/nvidia-caps/"), what, minor(st.st_rdev));
	else if (!S_ISCHR(st.st_mode) && (!d->snap.is_simulated || st.st_size > 0))
		finding_add(f, VERDICT_FAIL, "%s of %s is no device",
			    name + strlen("/dev/nvidia-caps/"), what);
}

static int look_at_gpu(const struct doctor *d, const struct mig_caps *caps,
		       const struct mig_gpu *gpu, struct finding *f)
{
	char what[64];
	int n = 0;

	for (int g = 0; g < gpu->n_gis; g++) {
		const struct mig_gi *gi = &gpu->gis[g];

		snprintf(what, sizeof(what), "%d/%d", gpu->index, gi->id);
		look_at_node(d, mig_caps_minor(caps, gpu->minor, gi->id, -1), what, f);
		for (int c = 0; c < gi->n_cis; c++) {
			snprintf(what, sizeof(what), "%d/%d/%d", gpu->index, gi->id,
				 gi->cis[c].id);
			look_at_node(d, mig_caps_minor(caps, gpu->minor, gi->id, gi->cis[c].id),
				     what, f);
		}
		n += 1 + gi->n_cis;
	}
	return n;
}

static void nodes(const struct doctor *d, struct finding *f)
{
	cleanup_free struct mig_caps *caps = malloc(sizeof(*caps));
	int n = 0;

	if (!caps || is_blind(d, f))
		return;
	if (mig_caps_read(d->root, caps, NULL) < 0) {
		finding_add(f, VERDICT_UNKNOWN, "there is no table of minors");
		return;
	}
	for (int i = 0; i < d->snap.n_gpus; i++)
		n += look_at_gpu(d, caps, &d->snap.gpus[i], f);
	finding_remedy(f,
		       "nvidia-modprobe -f /proc/driver/nvidia/capabilities/.../access makes "
		       "the node of one capability");
	if (f->verdict == VERDICT_PASS)
		finding_add(f, VERDICT_PASS, "%d of %d", n, n);
}

static void look_at_device(const struct doctor *d, const char *name, struct finding *f)
{
	char path[4096];
	struct stat st;

	if (stat(doctor_path(d, name, path, sizeof(path)), &st) < 0)
		finding_add(f, VERDICT_FAIL, "%s: %s", name, strerror(errno));
	else if ((st.st_mode & 0666) != 0666)
		finding_add(f, VERDICT_WARN, "%s has mode %04o", name, st.st_mode & 07777);
}

static void devices(const struct doctor *d, struct finding *f)
{
	char name[32];

	if (is_blind(d, f))
		return;
	look_at_device(d, "/dev/nvidiactl", f);
	for (int i = 0; i < d->snap.n_gpus; i++) {
		snprintf(name, sizeof(name), "/dev/nvidia%d", d->snap.gpus[i].minor);
		if (d->snap.gpus[i].minor >= 0)
			look_at_device(d, name, f);
	}
	finding_remedy(f, "nvidia-modprobe makes them; the module's NVreg_DeviceFileMode says "
			  "who may open them");
	if (f->verdict == VERDICT_PASS)
		finding_add(f, VERDICT_PASS, "there, and open to everybody");
}

/* --- CDI -------------------------------------------------------------------------------- */

static bool has_uuid(const struct doctor *d, const char *uuid)
{
	struct mig_ref ref;

	return mig_ref_parse(&d->snap, uuid, &ref, NULL, NULL) == 0;
}

/* Every minor of an instance that stands. */
static bool has_minor(const struct doctor *d, const struct mig_caps *caps, int minor_number)
{
	if (minor_number == caps->config || minor_number == caps->monitor)
		return true;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		const struct mig_gpu *gpu = &d->snap.gpus[i];

		for (int g = 0; g < gpu->n_gis; g++) {
			const struct mig_gi *gi = &gpu->gis[g];

			if (mig_caps_minor(caps, gpu->minor, gi->id, -1) == minor_number)
				return true;
			for (int c = 0; c < gi->n_cis; c++) {
				if (mig_caps_minor(caps, gpu->minor, gi->id, gi->cis[c].id) ==
				    minor_number)
					return true;
			}
		}
	}
	return false;
}

/* What a specification names and is not there; a GPU that is lost may have it. */
static void missing(const struct doctor *d, struct finding *f, const char *file,
		    const char *what, const char *how)
{
	if (doctor_lost(d))
		finding_add(f, VERDICT_UNKNOWN, "%s: %s %s, or on a GPU that is lost", file,
			    what, how);
	else
		finding_add(f, VERDICT_FAIL, "%s: %s %s", file, what, how);
}

/* The specification is JSON or YAML; what it names looks the same in both. */
static void look_at_spec(const struct doctor *d, const struct mig_caps *caps, const char *file,
			 const char *text, struct finding *f)
{
	static const char id[] = "0123456789abcdefABCDEF-";
	char uuid[64], node[64];

	for (const char *p = strstr(text, "MIG-"); p; p = strstr(p + 1, "MIG-")) {
		const size_t len = 4 + strspn(p + 4, id);

		if (len != 40)
			continue;
		text_copy(uuid, len + 1, p);
		if (!has_uuid(d, uuid))
			missing(d, f, file, uuid, "is gone");
	}
	for (const char *p = strstr(text, "nvidia-cap"); caps && p;
	     p = strstr(p + 1, "nvidia-cap")) {
		const char *digits = p + strlen("nvidia-cap");

		snprintf(node, sizeof(node), "nvidia-cap%.*s",
			 (int)strspn(digits, "0123456789"), digits);
		if (*digits >= '0' && *digits <= '9' &&
		    !has_minor(d, caps, (int)strtol(digits, NULL, 10)))
			missing(d, f, file, node, "is of no instance");
	}
}

static bool is_spec(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".yaml") == 0);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int look_at_folder(const struct doctor *d, const struct mig_caps *caps,
			  const char *folder, struct finding *f)
{
	char path[4096], name[512];
	CLEANUP(close_dir) DIR *dir = opendir(doctor_path(d, folder, path, sizeof(path)));
	const struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir))) {
		cleanup_free char *text = NULL;

		if (!is_spec(e->d_name))
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		text = doctor_read(d, name);
		if (!text)
			finding_add(f, VERDICT_UNKNOWN, "%s cannot be read", name);
		else
			look_at_spec(d, caps, name, text, f);
		n++;
	}
	return n;
}

static void cdi(const struct doctor *d, struct finding *f)
{
	cleanup_free struct mig_caps *caps = malloc(sizeof(*caps));
	const struct mig_caps *known = caps;
	int n;

	if (!caps || is_blind(d, f))
		return;
	if (mig_caps_read(d->root, caps, NULL) < 0)
		known = NULL;
	n = look_at_folder(d, known, "/etc/cdi", f);
	n += look_at_folder(d, known, "/var/run/cdi", f);
	finding_remedy(f, "make them anew: nvidia-ctk cdi generate, or restart "
			  "nvidia-cdi-refresh");
	if (!f->evidence[0])
		finding_add(f, VERDICT_PASS, "%d file%s, and all that they name is there", n,
			    n == 1 ? "" : "s");
}

/* --- What Kubernetes is told ------------------------------------------------------------- */

/* "nvidia.com/mig-1g.10gb.sharing-strategy=time-slicing", and beside it "….replicas=4". */
static void look_at_labels(const char *text, struct finding *f)
{
	static const char key[] = ".sharing-strategy=";

	for (const char *p = strstr(text, key); p; p = strstr(p + 1, key)) {
		const char *how = p + strlen(key), *line = p, *n;
		char replicas[128] = "";

		while (line > text && line[-1] != '\n')
			line--;
		if (strncmp(how, "none", 4) == 0)
			continue;
		snprintf(replicas, sizeof(replicas), "%.*s.replicas=", (int)(p - line), line);
		n = strstr(text, replicas);
		finding_add(f, VERDICT_WARN, "%.*s: %.*s, %.*s times", (int)(p - line), line,
			    (int)strcspn(how, "\n"), how,
			    n ? (int)strspn(n + strlen(replicas), "0123456789") : 1,
			    n ? n + strlen(replicas) : "?");
	}
}

static void sharing(const struct doctor *d, struct finding *f)
{
	/* Where gpu-feature-discovery leaves its labels for node-feature-discovery. */
	static const char folder[] = "/etc/kubernetes/node-feature-discovery/features.d";
	char path[4096], name[512];
	CLEANUP(close_dir) DIR *dir = opendir(doctor_path(d, folder, path, sizeof(path)));
	const struct dirent *e;

	if (!d->has_root) {
		finding_add(f, VERDICT_UNKNOWN, "this machine has no files yet");
		return;
	}
	while (dir && (e = readdir(dir))) {
		cleanup_free char *text = NULL;

		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.')
			text = doctor_read(d, name);
		if (text)
			look_at_labels(text, f);
	}
	finding_remedy(f,
		       "if that is not meant: take sharing out of the device plugin's config; "
		       "who shares a MIG device has none of its isolation");
	if (!f->evidence[0])
		finding_add(f, VERDICT_PASS, "%s",
			    dir ? "Kubernetes is told of none"
				: "nothing is told to Kubernetes here");
}

const struct check file_checks[] = {
	{ "minors", "the driver lists capabilities", minors },
	{ "nodes", "every instance has its device nodes", nodes },
	{ "devices", "the GPUs' device nodes are open", devices },
	{ "cdi", "CDI names no instance that is gone", cdi },
	{ "sharing", "no MIG device is shared by time-slicing or MPS", sharing },
	{ 0 },
};
