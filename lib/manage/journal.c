/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the journal. */
#include "lib/manage/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/record/record.h"
#include "shared/cleanup.h"

#define SCHEMA "migctl.journal/v1"

/* Four lines for every step, if it is taken back too. */
enum { NOTE_BYTES = 64, NOTES_A_STEP = 4 };

const char *journal_path(const struct mig_home *home, char *buf, size_t len)
{
	snprintf(buf, len, "%s/journal", home->run);
	return buf;
}

/* CRC-32 as in ISO 3309, the one of gzip and PNG. */
uint32_t journal_sum(const char *bytes, size_t len)
{
	uint32_t sum = ~0U;

	for (size_t i = 0; i < len; i++) {
		sum ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (0xedb88320U & (0U - (sum & 1U)));
	}
	return ~sum;
}

static json_t *step_json(const struct mig_snapshot *snap, const struct mig_step *step)
{
	const struct mig_gpu *gpu = &snap->gpus[step->gpu];
	const struct mig_profile *p =
		gpu->type && step->profile >= 0 ? &gpu->type->profiles[step->profile] : NULL;
	const bool is_ci =
		step->kind == MIG_STEP_CI_CREATE || step->kind == MIG_STEP_CI_DESTROY;

	return json_pack("{s:s, s:i, s:i, s:s, s:i, s:i, s:i, s:s, s:i, s:i}", "kind",
			 mig_step_kind_name((int)step->kind), "gpu", step->gpu, "mode",
			 (int)step->mode, "profile", p ? p->name : "", "start", step->start,
			 "gi", step->gi, "owner", step->owner, "ci_profile",
			 p && is_ci && step->ci_profile >= 0 ? p->ci[step->ci_profile].name
							     : "",
			 "ci_start", step->ci_start, "ci", step->ci);
}

static json_t *names_json(const struct mig_snapshot *snap, const struct mig_change *change)
{
	json_t *names = json_array();

	for (int i = 0; i < change->n_names; i++) {
		const struct mig_change_name *n = &change->names[i];
		const struct mig_gi *gi = n->step < 0 ? &snap->gpus[n->gpu].gis[n->gi] : NULL;

		json_array_append_new(names,
				      json_pack("{s:i, s:i, s:i, s:i, s:s}", "gpu", n->gpu,
						"step", n->step, "gi", gi ? gi->id : -1, "ci",
						gi ? gi->cis[n->ci].id : -1, "name", n->name));
	}
	return names;
}

static json_t *header_json(const struct mig_home *home, const struct mig_snapshot *snap,
			   const struct mig_change *change, const struct journal_head *head)
{
	struct mig_record_gpu *gpus = calloc((size_t)snap->n_gpus + 1, sizeof(*gpus));
	json_t *steps = json_array(), *before = NULL;

	for (int i = 0; gpus && i < snap->n_gpus; i++)
		mig_record_gpu_of(&snap->gpus[i], &gpus[i]);
	before = gpus ? record_gpus_json(gpus, snap->n_gpus) : NULL;
	free(gpus);
	for (int i = 0; i < change->n_steps; i++)
		json_array_append_new(steps, step_json(snap, &change->steps[i]));
	return json_pack("{s:s, s:o, s:s, s:s, s:I, s:b, s:b, s:I, s:I, s:o, s:o, s:o}",
			 "schema", SCHEMA, "machine", record_machine_json(home), "boot",
			 home->boot, "verb", head->verb, "pid", (json_int_t)getpid(),
			 "is_atomic", head->is_atomic, "is_renewal", head->is_renewal,
			 "n_written", (json_int_t)head->n_written, "part_of",
			 (json_int_t)head->part_of, "before", before, "steps", steps, "names",
			 names_json(snap, change));
}

/* The line of a record; the caller frees it. NULL: out of memory. */
static char *line_of(json_t *json, size_t *ret_len)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char *line = NULL;
	int n = text ? asprintf(&line, "%08x %s\n", journal_sum(text, strlen(text)), text) : -1;

	free(text);
	json_decref(json);
	*ret_len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? NULL : line;
}

int journal_fail(const char *what, const char *path, struct mig_error *err)
{
	const bool is_perm = errno == EACCES || errno == EPERM || errno == EROFS;
	int rc = mig_fail(err,
			  errno == EROFS ? MIG_E_IO
			  : is_perm      ? MIG_E_PERM
					 : MIG_E_IO,
			  "%s %s: %s", what, path, strerror(errno));

	return rc == -MIG_E_PERM ? mig_hint(err, rc, "only root may; try sudo") : rc;
}

/* All of it, or nothing: half a line would be taken for damage, or swallow the next. */
int journal_write(struct journal *j, const char *bytes, size_t len)
{
	size_t done = 0;
	ssize_t n = 1;

	if (j->is_spoilt) {
		errno = EIO;
		return -1;
	}
	while (done < len && n > 0) {
		n = write(j->fd, bytes + done, len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (done == len) {
		j->len += (off_t)len;
		return 0;
	}
	if (n == 0)
		errno = EIO;
	if (done) {
		const int why = errno;

		j->is_spoilt = ftruncate(j->fd, j->len) < 0;
		errno = why;
	}
	return -1;
}

/* A journal that was being begun: is whoever began it gone, and the file too now? */
static bool take_away(const char *next)
{
	cleanup_close int fd = open(next, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat it, there;

	if (fd < 0) /* another user's is in the way, too */
		return errno == ENOENT || unlink(next) == 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return false;
	/* Whose lock we have cannot be renamed; but it may have been, before we had it. */
	if (fstat(fd, &it) < 0 || stat(next, &there) < 0 || it.st_ino != there.st_ino)
		return false;
	return unlink(next) == 0;
}

/* A new file, ours alone, whose lock we hold as long as we are at it: who finds it free finds a
 * change cut short. */
static int create(const char *next, struct mig_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
	int fd = open(next, flags, 0644);

	if (fd < 0 && errno == EEXIST && take_away(next))
		fd = open(next, flags, 0644);
	if (fd < 0 && errno != EEXIST)
		return journal_fail("create", next, err);
	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
		return fd;
	if (fd >= 0)
		close(fd);
	return mig_fail(err, MIG_E_BUSY,
			"another process begins a change now (%s is in use); try again", next);
}

static int unfinished(const char *path, struct mig_error *err)
{
	return mig_fail(err, MIG_E_UNFINISHED,
			"an earlier change is unfinished (%s); 'migctl recover' finishes "
			"or undoes it",
			path);
}

/* The header first in a file of another name: a journal that can be seen is whole. */
static int write_new(struct journal *j, const char *next, const char *line, size_t len,
		     size_t room, struct mig_error *err)
{
	/* What is set aside lies beyond the end: lines are appended into it. */
	if (fallocate(j->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)(len + room)) < 0 &&
	    errno != EOPNOTSUPP)
		return journal_fail("set room aside for", next, err);
	if (journal_write(j, line, len) < 0)
		return journal_fail("write", next, err);
	/* Nobody else is here: the file of the other name is ours. */
	if (access(j->path, F_OK) == 0)
		return unfinished(j->path, err);
	return rename(next, j->path) < 0 ? journal_fail("rename to", j->path, err) : 0;
}

int journal_begin(const struct mig_home *home, const struct mig_snapshot *snap,
		  const struct mig_change *change, const struct journal_head *head,
		  struct journal *ret, struct mig_error *err)
{
	const size_t room = (size_t)change->n_steps * NOTES_A_STEP * NOTE_BYTES;
	cleanup_free char *line = NULL;
	char next[1100];
	size_t len;
	int rc;

	*ret = (struct journal){ .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };
	journal_path(home, ret->path, sizeof(ret->path));
	snprintf(next, sizeof(next), "%s/journal.next", home->run);
	if (mkdir(home->run, 0755) < 0 && errno != EEXIST)
		return journal_fail("make", home->run, err);
	if (access(ret->path, F_OK) == 0)
		return unfinished(ret->path, err);
	line = line_of(header_json(home, snap, change, head), &len);
	if (!line)
		return mig_fail(err, MIG_E_NOMEM, "write the journal");
	ret->fd = create(next, err);
	if (ret->fd < 0)
		return ret->fd;
	rc = write_new(ret, next, line, len, room, err);
	if (rc < 0) {
		(void)unlink(next);
		journal_leave(ret);
	}
	return rc;
}

int journal_note(struct journal *j, enum journal_event event, int step, bool is_undo, int gi,
		 int ci, struct mig_error *err)
{
	static const char *const events[] = {
		[JOURNAL_BEGIN] = "begin", [JOURNAL_DONE] = "done"
	};
	char json[NOTE_BYTES], line[NOTE_BYTES + 16];
	int n, rc;

	if (j->fd < 0)
		return 0;
	if (event == JOURNAL_BEGIN)
		n = snprintf(json, sizeof(json), "{\"%s%s\":%d}", is_undo ? "undo_" : "",
			     events[event], step);
	else
		n = snprintf(json, sizeof(json), "{\"%s%s\":%d,\"gi\":%d,\"ci\":%d}",
			     is_undo ? "undo_" : "", events[event], step, gi, ci);
	n = snprintf(line, sizeof(line), "%08x %s\n", journal_sum(json, (size_t)n), json);
	pthread_mutex_lock(&j->lock);
	rc = journal_write(j, line, (size_t)n) < 0 ? journal_fail("write", j->path, err) : 0;
	pthread_mutex_unlock(&j->lock);
	return rc;
}

void journal_leave(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

int journal_end(struct journal *j, struct mig_error *err)
{
	int rc = 0;

	if (j->fd >= 0 && unlink(j->path) < 0 && errno != ENOENT)
		rc = journal_fail("remove", j->path, err);
	journal_leave(j);
	return rc;
}
