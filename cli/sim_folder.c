/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sim_folder.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/text.h"

static const char *home_of_caller(void)
{
	const char *sudo = getenv("SUDO_UID");
	const char *home = getenv("HOME");
	const struct passwd *pw;
	uint64_t uid;

	if (geteuid() == 0 && sudo && text_parse_u64(sudo, &uid) && uid != 0) {
		pw = getpwuid((uid_t)uid);
		if (pw)
			return pw->pw_dir;
	}
	return home && *home ? home : "/";
}

const char *sim_folder(char *buf, size_t len)
{
	const char *dir = getenv("MIGCTL_SIM_DIR");
	const char *state = getenv("XDG_STATE_HOME");

	if (dir && *dir)
		return text_copy(buf, len, dir);
	if (state && *state)
		snprintf(buf, len, "%s/migctl/sim", state);
	else
		snprintf(buf, len, "%s/.local/state/migctl/sim", home_of_caller());
	return buf;
}
