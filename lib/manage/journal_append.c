/* SPDX-License-Identifier: Apache-2.0 */
/* More notes of a recovery in a journal that was found. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/manage/journal.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static void add_lines(struct text *t, const json_t *notes)
{
	size_t i;
	json_t *note;

	json_array_foreach(notes, i, note)
	{
		cleanup_free char *json = json_dumps(note, JSON_COMPACT);

		if (!json)
			t->is_short = true;
		else
			text_add(t, "%08x %s\n", journal_sum(json, strlen(json)), json);
	}
}

static int append(const char *path, size_t whole_bytes, const struct text *t,
		  struct mig_error *err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	ssize_t n;
	int rc;

	/* What follows a line that was cut short would be a part of it. */
	if (fd < 0 || ftruncate(fd, (off_t)whole_bytes) < 0)
		return mig_fail(err, errno == EACCES || errno == EPERM ? MIG_E_PERM : MIG_E_IO,
				"write %s: %s", path, strerror(errno));
	n = write(fd, text_str(t), t->len);
	if (n == (ssize_t)t->len)
		return 0;
	rc = mig_fail(err, MIG_E_IO, "write %s: %s", path, strerror(n < 0 ? errno : ENOSPC));
	if (ftruncate(fd, (off_t)whole_bytes) < 0)
		mig_hint(err, rc, "and a part of it cannot be taken back");
	return rc;
}

int journal_append(const struct mig_home *home, json_t *notes, struct mig_error *err)
{
	struct journal_text now = { 0 };
	struct text t = { 0 };
	char path[1100];
	int rc = journal_read(home, &now, err);

	add_lines(&t, notes);
	json_decref(notes);
	if (rc > 0 && t.is_short)
		rc = mig_fail(err, MIG_E_NOMEM, "write the journal");
	else if (rc > 0 && t.len)
		rc = append(journal_path(home, path, sizeof(path)), now.whole_bytes, &t, err);
	journal_text_free(&now);
	text_free(&t);
	return rc < 0 ? rc : 0;
}
