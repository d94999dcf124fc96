/* SPDX-License-Identifier: Apache-2.0 */
/* Which names an instance may bear. */
#include <ctype.h>
#include <string.h>

#include <mig/geometry.h>

/* "gpu0/...", "mig0", "cap12", "nvidia-cap12": the driver's and the container tools' own. */
static bool is_taken(const char *name)
{
	static const char *const words[] = { "gpu", "mig", "cap", "nvidia-cap", "gi", "ci" };

	if (strncasecmp(name, "gpu-", 4) == 0 || strncasecmp(name, "mig-", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t len = strlen(words[i]);
		size_t digits;

		if (strncasecmp(name, words[i], len) != 0)
			continue;
		digits = strspn(name + len, "0123456789");
		if (digits > 0 && (name[len + digits] == '\0' || name[len + digits] == '/'))
			return true;
	}
	return false;
}

bool mig_instance_name_ok(const char *name)
{
	const size_t len = strlen(name);
	char before = '/';

	if (len == 0 || len >= MIG_INSTANCE_NAME_MAX || !isalpha((unsigned char)name[0]) ||
	    is_taken(name))
		return false;
	for (const char *p = name; *p; p++) {
		const bool is_word = isascii((unsigned char)*p) && isalnum((unsigned char)*p);

		if (before == '/' ? !is_word : !is_word && !strchr("._-/", *p))
			return false;
		before = *p;
	}
	return before != '/';
}
