/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's log, read: `log.1`, which it was before, then `log`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"
#include "sim/inject.h"
#include "sim/log.h"
#include "sim/open.h"

/* The next field of a line that is taken apart in place. */
static char *field(char **rest)
{
	return strsep(rest, "\t");
}

static bool copy_field(char **rest, char *dst, size_t size)
{
	const char *text = field(rest);

	if (!text || !*text)
		return false;
	text_copy(dst, size, strcmp(text, "-") == 0 ? "" : text);
	return true;
}

static bool parse_int(const char *text, int *ret)
{
	const bool is_negative = text && *text == '-';
	uint64_t n;

	if (!text || !text_parse_u64(text + is_negative, &n) || n > INT32_MAX)
		return false;
	*ret = is_negative ? -(int)n : (int)n;
	return true;
}

bool sim_log_parse(const char *line, struct sim_log_record *ret)
{
	struct sim_log_record r;
	char text[SIM_LOG_RECORD_MAX], *rest = text;
	const char *time;

	if (strlen(line) >= sizeof(text))
		return false;
	text_copy(text, sizeof(text), line);
	time = field(&rest);
	if (!text_parse_u64(time, &r.t_ns) || !parse_int(field(&rest), &r.pid) ||
	    !copy_field(&rest, r.process, sizeof(r.process)) ||
	    !copy_field(&rest, r.call, sizeof(r.call)) ||
	    !copy_field(&rest, r.asked, sizeof(r.asked)) ||
	    !parse_int(field(&rest), &r.result) || !copy_field(&rest, r.made, sizeof(r.made)) ||
	    rest)
		return false;
	*ret = r;
	return true;
}

struct reader {
	bool (*tell)(const struct sim_log_record *record, void *arg);
	void *arg;
	char *line; /* what was read of it so far */
	size_t room, len;
};

/* What stands there now. A line that is not whole yet is left for later. false: stop. */
static bool read_lines(FILE *f, struct reader *r)
{
	struct sim_log_record record;
	ssize_t n;
	long at;

	while (at = ftell(f), n = getline(&r->line, &r->room, f), n > 0) {
		if (r->line[n - 1] != '\n') {
			fseek(f, at, SEEK_SET);
			break;
		}
		r->line[n - 1] = '\0';
		if (sim_log_parse(r->line, &record) && !r->tell(&record, r->arg))
			return false;
	}
	clearerr(f);
	return true;
}

static bool read_file(const char *path, struct reader *r)
{
	FILE *f = fopen(path, "re");
	bool goes_on;

	if (!f)
		return true;
	goes_on = read_lines(f, r);
	fclose(f);
	return goes_on;
}

static bool is_now(FILE *f, const char *path)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(fileno(f), &b) == 0 && a.st_ino == b.st_ino;
}

/* @image goes with the machine. A log that took another's place is begun anew. */
static void follow_file(const char *image, const char *path, struct reader *r)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	FILE *f = fopen(path, "re");
	bool goes_on = true;

	while (goes_on) {
		goes_on = access(image, F_OK) == 0;
		if (f && !read_lines(f, r))
			break;
		if (f && !is_now(f, path)) {
			goes_on = read_lines(f, r);
			fclose(f);
			f = NULL;
		}
		if (!f)
			f = fopen(path, "re");
		if (goes_on)
			nanosleep(&pause, NULL);
	}
	if (f)
		fclose(f);
}

int sim_log_each(const char *dir, const char *machine, bool follow,
		 bool (*tell)(const struct sim_log_record *record, void *arg), void *arg,
		 struct mig_error *err)
{
	char image[SIM_PATH_MAX], path[SIM_PATH_MAX], old[SIM_PATH_MAX + 8];
	struct reader r = { .tell = tell, .arg = arg };
	struct sim_open m;
	int rc = sim_open(dir, machine, &m, err);

	if (rc == 0)
		rc = sim_path(dir, machine, image, sizeof(image), err);
	if (rc < 0)
		return rc;
	sim_open_close(&m);
	snprintf(path, sizeof(path), "%.*s/log", (int)(strrchr(image, '/') - image), image);
	snprintf(old, sizeof(old), "%s.1", path);
	if (read_file(old, &r)) {
		if (follow)
			follow_file(image, path, &r);
		else
			read_file(path, &r);
	}
	free(r.line);
	return 0;
}
