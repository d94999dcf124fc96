/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is known of a machine is kept, and how it and this boot of it are told from others. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mig/record.h>

#include "lib/device/machine.h"
#include "shared/cleanup.h"
#include "shared/text.h"

#define RUN     "/run/migctl"
#define KEEP    "/var/lib/migctl"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* The first word of a file below the root. */
static bool read_word(const char *root, const char *path, char *buf, size_t len)
{
	cleanup_fclose FILE *f = NULL;
	char full[8192];

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f || !fgets(buf, (int)len, f))
		return false;
	for (size_t i = 0; buf[i]; i++) {
		if (!isalnum((unsigned char)buf[i]) && buf[i] != '-') {
			buf[i] = '\0';
			break;
		}
	}
	return *buf;
}

static int hardware(const char *root, const struct mig_snapshot *snap, struct mig_home *ret,
		    struct mig_error *err)
{
	const int n = snprintf(ret->run, sizeof(ret->run), "%s" RUN, root);

	if (n < 0 || (size_t)n >= sizeof(ret->run) - sizeof(KEEP))
		return mig_fail(err, MIG_E_INVAL, "%.40s…: the name of the root is too long",
				root);
	snprintf(ret->keep, sizeof(ret->keep), "%s" KEEP, root);
	if (!read_word(root, "/etc/machine-id", ret->id, sizeof(ret->id)))
		text_copy(ret->id, sizeof(ret->id), snap->machine);
	if (!read_word(root, BOOT_ID, ret->boot, sizeof(ret->boot)))
		return mig_fail(err, MIG_E_IO, "read %s" BOOT_ID ": %s", root, strerror(errno));
	return 0;
}

int mig_home_of(struct mig_machine *machine, const struct mig_snapshot *snap,
		struct mig_home *ret, struct mig_error *err)
{
	const struct mig_nvml *nvml = mig_machine_nvml(machine);
	const char *folder = mig_nvml_sim_folder(nvml);
	struct mig_home home = { .is_simulated = snap->is_simulated };
	int rc = 0;

	text_copy(home.machine, sizeof(home.machine), snap->machine);
	if (!snap->is_simulated) {
		rc = hardware(machine->root, snap, &home, err);
	} else if (strlen(folder) >= sizeof(home.run)) {
		rc = mig_fail(err, MIG_E_INVAL, "%.40s…: the name of the folder is too long",
			      folder);
	} else {
		text_copy(home.run, sizeof(home.run), folder);
		text_copy(home.keep, sizeof(home.keep), folder);
		text_copy(home.id, sizeof(home.id), snap->id);
		snprintf(home.boot, sizeof(home.boot), "%s-%u", snap->id,
			 mig_nvml_sim_boot(nvml));
	}
	if (rc == 0)
		*ret = home;
	return rc;
}
