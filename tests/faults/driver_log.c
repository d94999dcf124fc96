/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/driver_log.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/test.h"

static FILE *file; /* read up to here */

/* What was done since it was read last; it may have been begun anew. */
bool driver_log_next(const char *folder, const char *machine, struct sim_log_record *ret)
{
	static char line[1024];
	char path[1100];

	if (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		CHECK(sim_log_parse(line, ret));
		return true;
	}
	if (file) {
		struct stat a, b;

		snprintf(path, sizeof(path), "%s/%s/log", folder, machine);
		clearerr(file);
		if (stat(path, &a) < 0 || fstat(fileno(file), &b) < 0 || a.st_ino == b.st_ino)
			return false;
		fclose(file);
	}
	snprintf(path, sizeof(path), "%s/%s/log", folder, machine);
	file = fopen(path, "re");
	return file && driver_log_next(folder, machine, ret);
}

void driver_log_close(void)
{
	if (file)
		fclose(file);
	file = NULL;
}
