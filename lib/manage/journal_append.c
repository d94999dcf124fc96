/* SPDX-License-Identifier: Apache-2.0 */
/* More notes of a recovery in a journal that was found. */
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

/* What follows a line that was cut short would be a part of it. */
static int write_notes(const char *path, size_t whole_bytes, const struct text *t,
		       struct mig_error *err)
{
	struct journal j = { .fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW),
			     .len = (off_t)whole_bytes };
	int rc = 0;

	if (j.fd < 0 || ftruncate(j.fd, j.len) < 0 ||
	    journal_write(&j, text_str(t), t->len) < 0)
		rc = journal_fail("write", path, err);
	journal_leave(&j);
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
		rc = write_notes(journal_path(home, path, sizeof(path)), now.whole_bytes, &t,
				 err);
	journal_text_free(&now);
	text_free(&t);
	return rc < 0 ? rc : 0;
}
