/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: a file and a lock each, in a folder that belongs to one machine. */
#include <mig/claim.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "shared/cleanup.h"
#include "shared/text.h"

enum { CLAIM_BYTES = 4096, TAKE_TRIES = 100, PID_MAX = 1 << 22 };

#define PREFIX     "claim-"
#define UNFINISHED ".claim-" /* until it is locked and whole */

static int fail_io(struct mig_error *err, const char *what, const char *path)
{
	return mig_fail(err,
			errno == EACCES || errno == EPERM || errno == EROFS ? MIG_E_PERM
									    : MIG_E_IO,
			"%s %s: %s", what, path, strerror(errno));
}

/* --- The text ---------------------------------------------------------------------------- */

static const char *kind_of(const struct mig_snapshot *snap)
{
	return snap->is_simulated ? "simulated" : "hardware";
}

static json_t *claim_json(const struct mig_snapshot *snap, const struct mig_claim *c)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:i, s:i, s:s, s:s, s:i}",
			 "schema", MIG_CLAIM_SCHEMA, "machine", "kind", kind_of(snap), "name",
			 snap->machine, "id", snap->id, "gpu_uuid", c->gpu_uuid, "profile",
			 c->profile, "start", c->start, "ci", c->ci, "uuid", c->uuid, "owner",
			 c->owner, "pid", c->pid ? c->pid : getpid());
}

/* Cut nowhere: what does not fit is no name of ours. */
static bool keep(char *dst, size_t size, const char *src)
{
	if (strlen(src) >= size)
		return false;
	text_copy(dst, size, src);
	return true;
}

int mig_claim_parse(const char *text, const char *where, const struct mig_snapshot *snap,
		    struct mig_claim *ret, struct mig_error *err)
{
	const char *schema, *kind, *name, *id, *gpu, *profile, *uuid, *owner;
	struct mig_claim c = { .uid = -1 };
	json_error_t why;
	json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	int rc = 0;

	if (!doc ||
	    json_unpack_ex(doc, &why, JSON_STRICT,
			   "{s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:i, s:i, s:s, s:s, s:i}",
			   "schema", &schema, "machine", "kind", &kind, "name", &name, "id",
			   &id, "gpu_uuid", &gpu, "profile", &profile, "start", &c.start, "ci",
			   &c.ci, "uuid", &uuid, "owner", &owner, "pid", &c.pid) < 0) {
		json_decref(doc);
		return mig_fail(err, MIG_E_SYNTAX, "%s:%d: no claim: %.120s", where, why.line,
				why.text);
	}
	if (strcmp(schema, MIG_CLAIM_SCHEMA) != 0 ||
	    !keep(c.gpu_uuid, sizeof(c.gpu_uuid), gpu) ||
	    !keep(c.profile, sizeof(c.profile), profile) ||
	    !keep(c.uuid, sizeof(c.uuid), uuid) || !keep(c.owner, sizeof(c.owner), owner) ||
	    c.start < -1 || c.start >= MIG_UNITS_MAX || c.ci < -1 || c.ci >= MIG_CIS_MAX ||
	    c.pid < 0 || c.pid > PID_MAX)
		rc = mig_fail(err, MIG_E_SYNTAX,
			      "%s: no claim of schema " MIG_CLAIM_SCHEMA ": a value is beyond "
			      "its bounds",
			      where);
	/* Not by name: containers of one host have names of their own. */
	else if (strcmp(kind, kind_of(snap)) != 0 || strcmp(id, snap->id) != 0)
		rc = mig_fail(err, MIG_E_MACHINE,
			      "%s: a claim of another machine (%.20s %.60s)", where, kind,
			      name);
	if (rc == 0)
		*ret = c;
	json_decref(doc);
	return rc;
}

/* --- Taking ------------------------------------------------------------------------------ */

static int lock_file(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Is a writer's lock on it? A reader's would be anybody's. */
static bool is_locked(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

/* Everybody may claim what they use, and remove their own claims only. */
static int make_folder(const char *dir, struct mig_error *err)
{
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? 0 : fail_io(err, "make", dir);
	return chmod(dir, geteuid() == 0 ? 01777 : 0755) < 0 ? fail_io(err, "make", dir) : 0;
}

/* A locked file with a name that nobody reads yet. */
static int open_locked(const char *dir, char *path, size_t len, struct mig_error *err)
{
	int fd;

	if ((size_t)snprintf(path, len, "%s/" UNFINISHED "XXXXXX", dir) >= len)
		return mig_fail(err, MIG_E_INVAL, "%.60s…: the name is too long", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fail_io(err, "make a claim in", dir);
	if (lock_file(fd) < 0) {
		const int rc = fail_io(err, "lock", path);

		unlink(path);
		close(fd);
		return rc;
	}
	return fd;
}

static int write_claim(int fd, const char *path, const char *text, struct mig_error *err)
{
	const size_t len = strlen(text);

	if (fchmod(fd, 0644) < 0 || write(fd, text, len) != (ssize_t)len)
		return fail_io(err, "write", path);
	return 0;
}

/* Return: 1 when it has to be tried again: somebody who saw the file before it was locked took it
 * for a dead one, or the name is taken. */
static int take_once(const char *dir, const char *text, struct mig_claim_hold *ret,
		     struct mig_error *err)
{
	char path[sizeof(ret->path)];
	int rc, fd = open_locked(dir, path, sizeof(path), err);

	if (fd < 0)
		return fd;
	rc = write_claim(fd, path, text, err);
	snprintf(ret->path, sizeof(ret->path), "%s/" PREFIX "%s", dir,
		 strrchr(path, '/') + strlen("/" UNFINISHED));
	/* A link, as a rename would replace a claim that has the name already. */
	if (rc == 0 && link(path, ret->path) < 0)
		rc = errno == ENOENT || errno == EEXIST ? 1 : fail_io(err, "make", ret->path);
	unlink(path);
	ret->fd = fd;
	if (rc != 0)
		close(fd);
	return rc;
}

int mig_claim_take(const char *dir, const struct mig_snapshot *snap,
		   const struct mig_claim *what, struct mig_claim_hold *ret,
		   struct mig_error *err)
{
	struct mig_claim_hold hold = { .fd = -1 };
	json_t *doc = claim_json(snap, what);
	cleanup_free char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
	int rc;

	json_decref(doc);
	if (!text || strlen(text) >= CLAIM_BYTES)
		return mig_fail(err, MIG_E_INVAL, "claim %s: a name is no UTF-8 or too long",
				what->gpu_uuid);
	rc = make_folder(dir, err);
	if (rc < 0)
		return rc;
	rc = 1;
	for (int i = 0; i < TAKE_TRIES && rc == 1; i++)
		rc = take_once(dir, text, &hold, err);
	if (rc == 1)
		return mig_fail(err, MIG_E_IO, "make a claim in %s: it is taken away each time",
				dir);
	if (rc == 0)
		*ret = hold;
	return rc;
}

void mig_claim_release(struct mig_claim_hold *hold)
{
	if (!hold || !*hold->path)
		return;
	unlink(hold->path);
	close(hold->fd);
	*hold = (struct mig_claim_hold){ .fd = -1 };
}

/* --- Listing ----------------------------------------------------------------------------- */

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void refuse(struct mig_claims *ret, const struct mig_error *why)
{
	if (ret->n_refused++ == 0)
		ret->why = *why;
}

static void add(struct mig_claims *ret, const struct mig_claim *claim)
{
	struct mig_error why = { 0 };

	if (ret->n < MIG_CLAIMS_MAX) {
		ret->claims[ret->n++] = *claim;
		return;
	}
	(void)mig_fail(&why, MIG_E_NOSPACE, "more than %d claims", MIG_CLAIMS_MAX);
	refuse(ret, &why);
}

/* The folder may be everybody's: what stands in it may be a pipe, or huge. */
static void look_at(int dir, const char *dir_name, const char *name,
		    const struct mig_snapshot *snap, struct mig_claims *ret)
{
	cleanup_close int fd =
		openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[CLAIM_BYTES], path[4096];
	struct mig_error why = { 0 };
	struct mig_claim claim;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (!is_locked(fd)) {
		unlinkat(dir, name, 0);
		return;
	}
	if (has_prefix(name, UNFINISHED))
		return;
	snprintf(path, sizeof(path), "%s/%s", dir_name, name);
	n = st.st_size < CLAIM_BYTES ? pread(fd, text, sizeof(text) - 1, 0) : 0;
	text[n > 0 ? (size_t)n : 0] = '\0';
	if (mig_claim_parse(text, path, snap, &claim, &why) < 0) {
		refuse(ret, &why);
		return;
	}
	claim.uid = st.st_uid;
	add(ret, &claim);
}

int mig_claims_list(const char *dir, const struct mig_snapshot *snap, struct mig_claims *ret,
		    struct mig_error *err)
{
	CLEANUP(close_dir) DIR *entries = opendir(dir);
	struct dirent *e;

	if (!entries && errno != ENOENT && errno != ENOTDIR)
		return fail_io(err, "list", dir);
	ret->n = ret->n_refused = 0;
	while (entries && (e = readdir(entries))) {
		if (has_prefix(e->d_name, PREFIX) || has_prefix(e->d_name, UNFINISHED))
			look_at(dirfd(entries), dir, e->d_name, snap, ret);
	}
	return 0;
}
