/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record as a file: read, and replaced whole. It is two lines of JSON: what is asked of it all
 * the time, which instance bears which name, is in the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/record/record.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

#define SCHEMA "migctl.record/v1"

enum { RECORD_BYTES_MAX = 8 << 20, COUNTS_MAX = 4096 };

static void record_path(const struct mig_home *home, char *buf, size_t len)
{
	snprintf(buf, len, "%s/record", home->keep);
}

/* --- Reading ---------------------------------------------------------------------------- */

static const char *counts_read(const json_t *array, struct mig_record *rec)
{
	const size_t n = json_array_size(array);

	if (!json_is_array(array) || n > COUNTS_MAX)
		return "counts is no list, or too long";
	rec->counts = calloc(n + 1, sizeof(*rec->counts));
	for (size_t i = 0; rec->counts && i < n; i++) {
		struct mig_record_count *c = &rec->counts[i];
		const char *gpu;
		json_int_t made;

		if (json_unpack(json_array_get(array, i), "{s:s, s:i, s:i, s:I !}", "gpu", &gpu,
				"gi_start", &c->gi_start, "ci_start", &c->ci_start, "n_made",
				&made) < 0 ||
		    strlen(gpu) >= sizeof(c->gpu) || made < 1)
			return "a count wants gpu, gi_start, ci_start and n_made";
		text_copy(c->gpu, sizeof(c->gpu), gpu);
		c->n = (uint64_t)made;
		rec->n_counts++;
	}
	return NULL;
}

static const char *gone_read(const json_t *array, struct mig_record *rec)
{
	const size_t n = json_array_size(array);

	if (!json_is_array(array) || n > MIG_RECORD_GONE_MAX)
		return "gone is no list, or too long";
	rec->gone = calloc(MIG_RECORD_GONE_MAX, sizeof(*rec->gone));
	for (size_t i = 0; rec->gone && i < n; i++) {
		struct mig_record_gone *g = &rec->gone[i];
		const char *gpu, *uuid, *gi, *ci, *name;
		json_int_t change, time_s;

		if (json_unpack(json_array_get(array, i),
				"{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:I !}", "gpu", &gpu,
				"uuid", &uuid, "gi_profile", &gi, "ci_profile", &ci, "gi_start",
				&g->gi_start, "ci_start", &g->ci_start, "name", &name, "change",
				&change, "time_s", &time_s) < 0 ||
		    strlen(gpu) >= sizeof(g->gpu) || strlen(uuid) >= sizeof(g->uuid) ||
		    strlen(gi) >= sizeof(g->gi_profile) ||
		    strlen(ci) >= sizeof(g->ci_profile) || strlen(name) >= sizeof(g->name))
			return "what is gone lacks a member, or one is too long";
		text_copy(g->gpu, sizeof(g->gpu), gpu);
		text_copy(g->uuid, sizeof(g->uuid), uuid);
		text_copy(g->gi_profile, sizeof(g->gi_profile), gi);
		text_copy(g->ci_profile, sizeof(g->ci_profile), ci);
		text_copy(g->name, sizeof(g->name), name);
		g->change = (uint64_t)change;
		g->time_s = time_s;
		rec->n_gone++;
	}
	return NULL;
}

/* Of a lost one nobody knows which it was: nothing of it is ever on record. */
static int known_gpus_read(const json_t *array, struct mig_record_gpu **ret,
			   struct mig_error *err)
{
	struct mig_record_gpu *gpus;
	int n = record_gpus_read(array, &gpus, err);

	for (int i = 0; i < n; i++) {
		if (*gpus[i].uuid)
			continue;
		free(gpus);
		return mig_fail(err, MIG_E_SYNTAX, "a GPU's uuid cannot be");
	}
	if (n >= 0)
		*ret = gpus;
	return n;
}

/* The first line: which machine, what stands, and all that says whether a name is valid. */
static int head_read(json_t *root, const struct mig_home *home, struct mig_record *rec,
		     struct mig_error *err)
{
	const char *schema, *verb;
	json_int_t n_written = 0, n_changes, time_s;
	json_t *machine, *gpus, *counts;
	json_error_t why;
	const char *wrong;
	int rc;

	if (json_unpack_ex(root, &why, 0, "{s:s, s:o, s?I, s:I, s:I, s:s, s:o, s:o !}",
			   "schema", &schema, "machine", &machine, "n_written", &n_written,
			   "n_changes", &n_changes, "time_s", &time_s, "verb", &verb, "gpus",
			   &gpus, "counts", &counts) < 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s", why.text);
	if (strcmp(schema, SCHEMA) != 0)
		return mig_fail(err, MIG_E_SYNTAX, "its schema is %.40s, not %s", schema,
				SCHEMA);
	rc = record_machine_check(machine, home, err);
	if (rc < 0)
		return rc;
	if (n_written < 0 || n_changes < 0 || strlen(verb) >= sizeof(rec->verb))
		return mig_fail(err, MIG_E_SYNTAX, "n_written, n_changes or verb cannot be");
	rec->n_written = (uint64_t)n_written;
	rec->n_changes = (uint64_t)n_changes;
	rec->time_s = time_s;
	text_copy(rec->verb, sizeof(rec->verb), verb);
	rc = known_gpus_read(gpus, &rec->gpus, err);
	rec->n_gpus = rc < 0 ? 0 : rc;
	if (rc < 0)
		return rc;
	wrong = counts_read(counts, rec);
	if (wrong)
		return mig_fail(err, MIG_E_SYNTAX, "%s", wrong);
	return rec->counts ? 0 : mig_fail(err, MIG_E_NOMEM, "read it");
}

/* The second: what went before. */
static int past_read(json_t *root, struct mig_record *rec, struct mig_error *err)
{
	json_t *before, *gone;
	json_error_t why;
	const char *wrong;
	int rc;

	if (json_unpack_ex(root, &why, 0, "{s:o, s:o !}", "before", &before, "gone", &gone) < 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s", why.text);
	rc = known_gpus_read(before, &rec->before, err);
	if (rc < 0)
		return rc;
	rec->n_before = rc;
	wrong = gone_read(gone, rec);
	if (wrong)
		return mig_fail(err, MIG_E_SYNTAX, "%s", wrong);
	return rec->gone ? 0 : mig_fail(err, MIG_E_NOMEM, "read it");
}

/* A line and what is made of it. */
static int line_read(const char *line, size_t len, int number, const struct mig_home *home,
		     struct mig_record *rec, struct mig_error *err)
{
	json_error_t why;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!root)
		return mig_fail(err, MIG_E_SYNTAX, "line %d: %s", number, why.text);
	rc = number == 1 ? head_read(root, home, rec, err) : past_read(root, rec, err);
	json_decref(root);
	return rc < 0 ? mig_wrap(err, rc, "line %d", number) : 0;
}

/* @is_names: the first line is enough. */
static int parse(const char *text, size_t len, const char *where, const struct mig_home *home,
		 bool is_names, struct mig_record *ret, struct mig_error *err)
{
	const char *newline = memchr(text, '\n', len);
	const size_t first = newline ? (size_t)(newline - text) : len;
	const struct mig_record before = *ret;
	int rc;

	*ret = (struct mig_record){ 0 };
	rc = line_read(text, first, 1, home, ret, err);
	if (rc == 0 && !is_names)
		rc = line_read(text + first, len - first, 2, home, ret, err);
	if (rc == 0)
		return 0;
	mig_record_free(ret);
	*ret = before;
	mig_wrap(err, rc, "%s", where);
	if (rc == -MIG_E_SYNTAX || rc == -MIG_E_MACHINE)
		mig_hint(err, rc, "move it away, then 'migctl save' records what stands");
	return rc;
}

int mig_record_parse(const char *text, size_t len, const char *where,
		     const struct mig_home *home, struct mig_record *ret, struct mig_error *err)
{
	return parse(text, len, where, home, false, ret, err);
}

/* Are all GPUs of it recorded in this boot? */
static bool is_of_boot(const char *gpus, size_t len, const char *boot)
{
	static const char key[] = "\"boot\":\"";
	const size_t n = strlen(key), n_boot = strlen(boot);
	const char *end = gpus + len, *p = memmem(gpus, len, key, n);

	for (; p; p = memmem(p, (size_t)(end - p), key, n)) {
		p += n;
		if ((size_t)(end - p) <= n_boot || memcmp(p, boot, n_boot) != 0 ||
		    p[n_boot] != '"')
			return false;
	}
	return true;
}

/* Two lines, and nothing cut off. */
static bool is_whole(const char *text, size_t len)
{
	const char *first = memchr(text, '\n', len);

	return len > 2 && first && first != text && first[-1] == '}' &&
	       first + 1 < text + len && text[len - 2] == '}' && text[len - 1] == '\n';
}

/* Most machines have no names at all, and are looked at often: then there is nothing to parse. */
static bool is_plain(const char *text, size_t len, const struct mig_home *home)
{
	static const char name[] = "\"name\":\"";
	const char *gpus = is_whole(text, len) ? strstr(text, "\"gpus\":") : NULL;
	const size_t n = gpus ? strcspn(gpus, "\n") : 0;

	return gpus && !memmem(gpus, n, name, strlen(name)) && is_of_boot(gpus, n, home->boot);
}

static int read_file(const struct mig_home *home, bool is_names, struct mig_record *ret,
		     struct mig_error *err)
{
	cleanup_free char *text = NULL;
	char path[1100];
	size_t len;
	int rc;

	record_path(home, path, sizeof(path));
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret = (struct mig_record){ 0 };
		return 0;
	}
	if (access(path, R_OK) < 0)
		return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO, "read %s: %s",
				path, strerror(errno));
	rc = mig_file_read_plain(path, RECORD_BYTES_MAX, &text, &len, err);
	if (rc == 0 && is_names && is_plain(text, len, home)) {
		*ret = (struct mig_record){ 0 };
		return 0;
	}
	return rc < 0 ? rc : parse(text, len, path, home, is_names, ret, err);
}

int mig_record_read(const struct mig_home *home, struct mig_record *ret, struct mig_error *err)
{
	return read_file(home, false, ret, err);
}

int mig_record_read_names(const struct mig_home *home, struct mig_record *ret,
			  struct mig_error *err)
{
	return read_file(home, true, ret, err);
}

void mig_record_free(struct mig_record *rec)
{
	if (!rec)
		return;
	free(rec->gpus);
	free(rec->before);
	free(rec->counts);
	free(rec->gone);
	*rec = (struct mig_record){ 0 };
}

/* --- Writing ---------------------------------------------------------------------------- */

static json_t *counts_json(const struct mig_record *rec)
{
	json_t *array = json_array();

	for (int i = 0; i < rec->n_counts; i++) {
		const struct mig_record_count *c = &rec->counts[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:i, s:i, s:I}", "gpu", c->gpu,
						"gi_start", c->gi_start, "ci_start",
						c->ci_start, "n_made", (json_int_t)c->n));
	}
	return array;
}

static json_t *gone_json(const struct mig_record *rec)
{
	json_t *array = json_array();

	for (int i = 0; i < rec->n_gone; i++) {
		const struct mig_record_gone *g = &rec->gone[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:I}",
						"gpu", g->gpu, "uuid", g->uuid, "gi_profile",
						g->gi_profile, "ci_profile", g->ci_profile,
						"gi_start", g->gi_start, "ci_start",
						g->ci_start, "name", g->name, "change",
						(json_int_t)g->change, "time_s",
						(json_int_t)g->time_s));
	}
	return array;
}

/* A line of JSON; the caller frees it. NULL: out of memory. */
static char *line_text(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

/* The caller frees it; NULL: out of memory. */
static char *record_text(const struct mig_home *home, const struct mig_record *rec)
{
	cleanup_free char *head = line_text(
		json_pack("{s:s, s:o, s:I, s:I, s:I, s:s, s:o, s:o}", "schema", SCHEMA,
			  "machine", record_machine_json(home), "n_written",
			  (json_int_t)rec->n_written + 1, "n_changes",
			  (json_int_t)rec->n_changes, "time_s", (json_int_t)rec->time_s, "verb",
			  rec->verb, "gpus", record_gpus_json(rec->gpus, rec->n_gpus), "counts",
			  counts_json(rec)));
	cleanup_free char *past = line_text(
		json_pack("{s:o, s:o}", "before", record_gpus_json(rec->before, rec->n_before),
			  "gone", gone_json(rec)));
	char *text = NULL;

	if (!head || !past || asprintf(&text, "%s\n%s\n", head, past) < 0)
		return NULL;
	return text;
}

size_t record_bytes(const struct mig_record *rec, int n_gpus)
{
	enum { BASE = 4096, A_GPU = 8 << 10, A_COUNT = 160, A_GONE = 512 };

	/* No GPU has more than 8 compute instances; with the longest names they are 4 KiB. */
	return BASE + (size_t)(rec->n_gpus + rec->n_before + 2 * n_gpus) * A_GPU +
	       (size_t)(rec->n_counts + n_gpus * MIG_CIS_MAX) * A_COUNT +
	       (size_t)MIG_RECORD_GONE_MAX * A_GONE;
}

int record_reserve(const struct mig_home *home, size_t bytes, struct record_slot *ret,
		   struct mig_error *err)
{
	cleanup_close int fd = -1;
	int rc;

	ret->fd = -1;
	snprintf(ret->path, sizeof(ret->path), "%s/record.next", home->keep);
	if (mkdir(home->keep, 0755) < 0 && errno != EEXIST)
		return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO, "make %s: %s",
				home->keep, strerror(errno));
	/* What was left by one that was killed may be another user's, and not to be opened. */
	(void)unlink(ret->path);
	fd = open(ret->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO, "create %s: %s",
				ret->path, strerror(errno));
	/* Some file systems cannot set room aside; there the disk may still turn out full. */
	if (fallocate(fd, 0, 0, (off_t)bytes) < 0 && errno != EOPNOTSUPP) {
		rc = mig_fail(err, MIG_E_IO, "set %zu bytes aside in %s: %s", bytes, ret->path,
			      strerror(errno));
		(void)unlink(ret->path);
		return rc;
	}
	ret->fd = fd;
	fd = -1;
	return 0;
}

void record_let_go(struct record_slot *slot)
{
	if (slot->fd < 0)
		return;
	close(slot->fd);
	slot->fd = -1;
	(void)unlink(slot->path);
}

static int sync_folder(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

static bool write_all(int fd, const char *text, size_t len)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < len && n > 0) {
		n = pwrite(fd, text + done, len - done, (off_t)done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	return done == len;
}

int record_commit(struct record_slot *slot, const struct mig_home *home,
		  const struct mig_record *rec, struct mig_error *err)
{
	cleanup_free char *text = record_text(home, rec);
	const size_t len = text ? strlen(text) : 0;
	char path[1100];
	int rc = 0;

	record_path(home, path, sizeof(path));
	if (!text)
		rc = mig_fail(err, MIG_E_NOMEM, "write the record");
	else if (!write_all(slot->fd, text, len) || ftruncate(slot->fd, (off_t)len) < 0 ||
		 fsync(slot->fd) < 0)
		rc = mig_fail(err, MIG_E_IO, "write %s: %s", slot->path, strerror(errno));
	else if (rename(slot->path, path) < 0 || sync_folder(home->keep) < 0)
		rc = mig_fail(err, MIG_E_IO, "replace %s: %s", path, strerror(errno));
	if (rc < 0) {
		record_let_go(slot);
		return rc;
	}
	close(slot->fd);
	slot->fd = -1;
	return 0;
}

int mig_record_write(const struct mig_home *home, const struct mig_record *rec,
		     struct mig_error *err)
{
	struct record_slot slot;
	int rc = record_reserve(home, record_bytes(rec, 0), &slot, err);

	return rc < 0 ? rc : record_commit(&slot, home, rec, err);
}
