/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's capability files: which minors there can be, and which capabilities there are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mig/device.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

#define MINORS_FILE    "/proc/driver/nvidia-caps/mig-minors"
#define CAPABILITY_DIR "/proc/driver/nvidia/capabilities"

enum { MINOR_MAX = (1 << 20) - 1, MODE_MAX = 0777, PATH_BYTES = 4096 };

/* --- Reading ------------------------------------------------------------------------------ */

/* A number of at most 7 digits at *@at, which moves behind it. */
static bool read_number(const char **at, int max, int *ret)
{
	const size_t digits = strspn(*at, "0123456789");
	int n = 0;

	if (digits == 0 || digits > 7)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + ((*at)[i] - '0');
	*at += digits;
	*ret = n;
	return n <= max;
}

static bool read_word(const char **at, const char *word)
{
	const size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* --- The table ---------------------------------------------------------------------------- */

/* Where the minor of a name goes; NULL: a name that we do not know. */
static int32_t *place_of(const char *name, struct mig_caps *caps)
{
	int gpu, gi, ci;

	if (strcmp(name, "config") == 0)
		return &caps->config;
	if (strcmp(name, "monitor") == 0)
		return &caps->monitor;
	if (!read_word(&name, "gpu") || !read_number(&name, MIG_CAPS_GPUS - 1, &gpu) ||
	    !read_word(&name, "/gi") || !read_number(&name, MIG_CAPS_GIS - 1, &gi))
		return NULL;
	if (strcmp(name, "/access") == 0)
		return &caps->gi[gpu][gi];
	if (!read_word(&name, "/ci") || !read_number(&name, MIG_CAPS_CIS - 1, &ci))
		return NULL;
	return strcmp(name, "/access") == 0 ? &caps->ci[gpu][gi][ci] : NULL;
}

/* @line: "gpu0/gi2/ci0/access 22". */
static int parse_line(const char *line, const char *where, int number, struct mig_caps *caps,
		      struct mig_error *err)
{
	const size_t len = strcspn(line, " ");
	const char *at = line + len;
	int32_t *place;
	char name[64];
	int minor;

	if (len == 0 || *at++ != ' ' || !read_number(&at, MINOR_MAX, &minor) || *at != '\0')
		return mig_fail(err, MIG_E_SYNTAX,
				"%s:%d: \"%.40s\" is not a capability's name and its minor",
				where, number, line);
	if (len >= sizeof(name))
		return 0;
	memcpy(name, line, len);
	name[len] = '\0';
	place = place_of(name, caps);
	if (!place)
		return 0;
	if (*place >= 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s:%d: %s stands there twice", where,
				number, name);
	*place = minor;
	caps->n++;
	return 0;
}

int mig_caps_parse(const char *text, const char *where, struct mig_caps *ret,
		   struct mig_error *err)
{
	cleanup_free struct mig_caps *caps = malloc(sizeof(*caps));
	char line[256];
	int rc = 0;

	if (!caps)
		return mig_fail(err, MIG_E_NOMEM, "read %s", where);
	memset(caps, 0xff, sizeof(*caps)); /* -1 in every place */
	caps->n = 0;
	for (int number = 1; *text && rc == 0; number++) {
		const size_t len = strcspn(text, "\n");

		if (len >= sizeof(line))
			return mig_fail(err, MIG_E_SYNTAX, "%s:%d: the line is too long", where,
					number);
		memcpy(line, text, len);
		line[len] = '\0';
		if (len > 0)
			rc = parse_line(line, where, number, caps, err);
		text += len + (text[len] == '\n');
	}
	if (rc == 0)
		*ret = *caps;
	return rc;
}

/* A file of the driver, below @root; @ret_path says where it was looked for. */
static int read_file(const char *root, const char *name, char *path, size_t len, char **ret,
		     struct mig_error *err)
{
	const int n = snprintf(path, len, "%s%s", root ? root : "", name);

	if (n < 0 || (size_t)n >= len)
		return mig_fail(err, MIG_E_INVAL, "%s: the name of its root is too long", name);
	if (access(path, R_OK) < 0)
		return mig_fail(err,
				errno == ENOENT || errno == ENOTDIR ? MIG_E_NOENT
				: errno == EACCES                   ? MIG_E_PERM
								    : MIG_E_IO,
				"%s: %s", path, strerror(errno));
	return mig_file_read(path, ret, err);
}

int mig_caps_read(const char *root, struct mig_caps *ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	char path[PATH_BYTES];
	int rc = read_file(root, MINORS_FILE, path, sizeof(path), &text, err);

	return rc < 0 || !text ? rc : mig_caps_parse(text, path, ret, err);
}

int mig_caps_minor(const struct mig_caps *caps, int gpu_minor, int gi, int ci)
{
	if (gpu_minor < 0 || gpu_minor >= MIG_CAPS_GPUS || gi < 0 || gi >= MIG_CAPS_GIS ||
	    ci >= MIG_CAPS_CIS)
		return -1;
	return ci < 0 ? caps->gi[gpu_minor][gi] : caps->ci[gpu_minor][gi][ci];
}

/* --- One capability ------------------------------------------------------------------------ */

/* The value of "KEY: VALUE" on a line of its own; false: there is no such line, or no number. */
static bool find_value(const char *text, const char *key, int max, int *ret)
{
	for (const char *at = text; *at; at += *at == '\n') {
		const char *value = at;

		if (read_word(&value, key) && read_word(&value, ": "))
			return read_number(&value, max, ret) &&
			       (*value == '\n' || *value == '\0');
		at += strcspn(at, "\n");
	}
	return false;
}

int mig_cap_parse(const char *text, const char *where, struct mig_cap *ret,
		  struct mig_error *err)
{
	int minor, mode, modify;

	if (!find_value(text, "DeviceFileMinor", MINOR_MAX, &minor))
		return mig_fail(err, MIG_E_SYNTAX, "%s: no DeviceFileMinor that is a minor",
				where);
	if (!find_value(text, "DeviceFileMode", MODE_MAX, &mode))
		return mig_fail(err, MIG_E_SYNTAX, "%s: no DeviceFileMode that is a mode",
				where);
	if (!find_value(text, "DeviceFileModify", 1, &modify))
		modify = 0;
	*ret = (struct mig_cap){ .minor = minor,
				 .mode = (unsigned)mode,
				 .may_be_modified = modify == 1 };
	return 0;
}

int mig_cap_read(const char *root, const char *name, struct mig_cap *ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	char path[PATH_BYTES], below[256];
	int rc;

	if (snprintf(below, sizeof(below), CAPABILITY_DIR "/%s", name) >= (int)sizeof(below))
		return mig_fail(err, MIG_E_INVAL, "%s: the name is too long", name);
	rc = read_file(root, below, path, sizeof(path), &text, err);
	return rc < 0 || !text ? rc : mig_cap_parse(text, path, ret, err);
}

char *mig_cap_name(int gpu_minor, int gi, int ci, char *buf, size_t len)
{
	if (ci < 0)
		snprintf(buf, len, "gpu%d/mig/gi%d/access", gpu_minor, gi);
	else
		snprintf(buf, len, "gpu%d/mig/gi%d/ci%d/access", gpu_minor, gi, ci);
	return buf;
}
