/* SPDX-License-Identifier: Apache-2.0 */
/* The driver and its library: do they answer, belong together, and know enough? */
#include "cli/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/cleanup.h"
#include "shared/text.h"

static void answers(const struct doctor *d, struct finding *f)
{
	char of[32] = "";

	if (d->has_snap) {
		if (doctor_lost(d))
			snprintf(of, sizeof(of), "%d of ", d->snap.n_gpus - doctor_lost(d));
		finding_add(f, VERDICT_PASS, "driver %s answers for %s%d GPU%s", d->snap.driver,
			    of, d->snap.n_gpus, d->snap.n_gpus == 1 ? "" : "s");
		return;
	}
	finding_add(f, VERDICT_FAIL, "%s", d->why.msg);
	if (d->machine)
		finding_remedy(f, "look for what the kernel logged: dmesg | grep -i nvrm");
	else
		finding_remedy(f,
			       "install the driver or load it: modprobe nvidia; after an "
			       "update reboot, so that module and library are of one version");
}

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.126.09  ...", and open modules say
 * "... Open Kernel Module for x86_64  580.126.09 ...": the first word like a version. */
static void module_version(const char *text, char *ret, size_t len)
{
	char line[256], *save = NULL;

	*ret = '\0';
	text_copy(line, sizeof(line), text);
	line[strcspn(line, "\n")] = '\0';
	for (char *w = strtok_r(line, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (strspn(w, "0123456789.") == strlen(w) && strchr(w, '.')) {
			text_copy(ret, len, w);
			return;
		}
	}
}

static void versions(const struct doctor *d, struct finding *f)
{
	cleanup_free char *text = doctor_read(d, "/proc/driver/nvidia/version");
	char module[32] = "";

	if (text)
		module_version(text, module, sizeof(module));
	if (*d->library.version && *d->library.driver &&
	    strcmp(d->library.version, d->library.driver) != 0)
		finding_add(f, VERDICT_FAIL, "the library is of %s and the driver of %s",
			    d->library.version, d->library.driver);
	if (*module && *d->library.driver && strcmp(module, d->library.driver) != 0)
		finding_add(f, VERDICT_FAIL, "the kernel module is of %s and the driver of %s",
			    module, d->library.driver);
	if (f->verdict == VERDICT_FAIL)
		finding_remedy(f, "reboot, or unload and load the modules: an update has put "
				  "another version beside the one that runs");
	else if (!*d->library.version)
		finding_add(f, VERDICT_UNKNOWN, "the library does not tell its version");
	else
		finding_add(f, VERDICT_PASS, "library%s %s",
			    *module ? " and kernel module" : "", d->library.version);
}

static void symbols(const struct doctor *d, struct finding *f)
{
	const int listed = (int)(sizeof(d->library.missing) / sizeof(d->library.missing[0]));
	char names[256] = "";

	if (!d->machine) {
		finding_add(f, VERDICT_UNKNOWN, "there is no library to look at");
		return;
	}
	for (int i = 0; i < d->library.n_missing && i < 3 && i < listed; i++)
		text_append(names, sizeof(names), "%s%s", i ? ", " : "", d->library.missing[i]);
	if (d->library.n_missing == 0) {
		finding_add(f, VERDICT_PASS, "it has every symbol that migctl asks for");
		return;
	}
	finding_add(f, VERDICT_WARN, "%d that migctl asks for are not there: %s%s",
		    d->library.n_missing, names, d->library.n_missing > 3 ? " and more" : "");
	finding_remedy(f, "a newer driver; until then older forms of these calls are used, and "
			  "what has none is not told");
}

/* What drivers could not do before. Sources: docs/SIMULATOR.md, "What depends on the
 * driver's version". */
static const struct {
	int branch;
	const char *lacks;
} ages[] = {
	{ 460, "places of instances cannot be chosen" },
	{ 470, "MIG devices have no UUIDs of their own" },
	{ 510, "4g and 3g exclude each other on a GPU" },
	{ 545, "profiles are not told while MIG is off" },
};

static void age(const struct doctor *d, struct finding *f)
{
	const int branch = (int)strtol(d->library.driver, NULL, 10);

	if (branch == 0) {
		finding_add(f, VERDICT_UNKNOWN, "the driver's version is not known");
		return;
	}
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		if (branch < ages[i].branch)
			finding_add(f, VERDICT_WARN, "before %d %s", ages[i].branch,
				    ages[i].lacks);
	}
	if (f->verdict == VERDICT_PASS)
		finding_add(f, VERDICT_PASS, "%s can all that migctl asks of it",
			    d->library.driver);
	finding_remedy(f, "a driver of branch 545 or later; this is %s", d->library.driver);
}

enum { LIBRARIES_MAX = 8 };

struct libraries {
	int n;
	struct {
		dev_t dev;
		ino_t ino;
		char path[128];
	} at[LIBRARIES_MAX];
};

/* Two names of one file are one library. */
static void add_library(struct libraries *libs, const char *root, const char *folder)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s/libnvidia-ml.so.1", root, folder);
	if (stat(path, &st) < 0 || libs->n == LIBRARIES_MAX)
		return;
	for (int i = 0; i < libs->n; i++) {
		if (libs->at[i].dev == st.st_dev && libs->at[i].ino == st.st_ino)
			return;
	}
	libs->at[libs->n].dev = st.st_dev;
	libs->at[libs->n].ino = st.st_ino;
	text_copy(libs->at[libs->n].path, sizeof(libs->at[0].path), path + strlen(root));
	libs->n++;
}

/* Where the dynamic linker of the usual distributions looks. */
static const char *const folders[] = {
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
	"/lib/x86_64-linux-gnu",
	"/usr/lib64",
	"/usr/lib",
	"/lib64",
	"/usr/local/lib",
	"/usr/local/nvidia/lib64",
};

static void libraries(const struct doctor *d, struct finding *f)
{
	struct libraries libs = { 0 };
	char path[4096], *save = NULL;

	/* The variable is this process's: it does not belong to another root. */
	text_copy(path, sizeof(path), d->lib_path && !*d->root ? d->lib_path : "");
	for (char *p = strtok_r(path, ":", &save); p; p = strtok_r(NULL, ":", &save))
		add_library(&libs, "", p);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		add_library(&libs, d->root, folders[i]);
	if (libs.n <= 1) {
		finding_add(f, VERDICT_PASS, "%s",
			    libs.n ? libs.at[0].path : "none in the usual folders");
		return;
	}
	for (int i = 0; i < libs.n; i++)
		finding_add(f, VERDICT_WARN, "%s", libs.at[i].path);
	finding_remedy(f, "remove those that are not the driver's: which one a program loads "
			  "depends on its path");
}

const struct check driver_checks[] = {
	{ "driver", "the driver answers", answers },
	{ "versions", "library, kernel module and driver are of one version", versions },
	{ "symbols", "the library has the symbols that migctl asks for", symbols },
	{ "driver-age", "the driver is recent enough for everything", age },
	{ "libraries", "there is one libnvidia-ml.so.1", libraries },
	{ 0 },
};
