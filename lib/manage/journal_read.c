/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a journal that was found. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/manage/journal.h"
#include "lib/record/record.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

#define SCHEMA "migctl.journal/v1"

enum { JOURNAL_BYTES_MAX = 16 << 20, STEPS_MAX = 1 << 16, SUM_DIGITS = 8 };

void journal_text_free(struct journal_text *text)
{
	if (!text)
		return;
	free(text->gpus);
	free(text->states);
	free(text->steps);
	free(text->names);
	*text = (struct journal_text){ 0 };
}

static int kind_of(const char *name)
{
	const char *known;

	for (int kind = 0; (known = mig_step_kind_name(kind)); kind++) {
		if (strcmp(known, name) == 0)
			return kind;
	}
	return -1;
}

static bool step_read(json_t *json, const struct journal_text *text, struct journal_step *ret)
{
	struct mig_step *s = &ret->step;
	const char *kind, *profile, *ci_profile;
	int mode, k;

	if (json_unpack(json, "{s:s, s:i, s:i, s:s, s:i, s:i, s:i, s:s, s:i, s:i !}", "kind",
			&kind, "gpu", &s->gpu, "mode", &mode, "profile", &profile, "start",
			&s->start, "gi", &s->gi, "owner", &s->owner, "ci_profile", &ci_profile,
			"ci_start", &s->ci_start, "ci", &s->ci) < 0)
		return false;
	k = kind_of(kind);
	if (k < 0 || s->gpu < 0 || s->gpu >= text->n_gpus || mode < 0 || mode > 1 ||
	    strlen(profile) >= sizeof(ret->profile) ||
	    strlen(ci_profile) >= sizeof(ret->ci_profile))
		return false;
	s->kind = (enum mig_step_kind)k;
	s->mode = (unsigned)mode;
	ret->made_gi = ret->made_ci = -1;
	text_copy(ret->profile, sizeof(ret->profile), profile);
	text_copy(ret->ci_profile, sizeof(ret->ci_profile), ci_profile);
	return true;
}

static int names_read(const json_t *array, struct journal_text *ret, struct mig_error *err)
{
	const size_t n = json_array_size(array);

	ret->names = calloc(n + 1, sizeof(*ret->names));
	if (!ret->names)
		return mig_fail(err, MIG_E_NOMEM, "read %zu names", n);
	for (; (size_t)ret->n_names < n; ret->n_names++) {
		struct mig_change_name *c = &ret->names[ret->n_names];
		const char *name;

		if (json_unpack(json_array_get(array, (size_t)ret->n_names),
				"{s:i, s:i, s:i, s:i, s:s !}", "gpu", &c->gpu, "step", &c->step,
				"gi", &c->gi, "ci", &c->ci, "name", &name) < 0 ||
		    c->gpu < 0 || c->gpu >= ret->n_gpus || c->step < -1 ||
		    c->step >= ret->n_steps || !mig_instance_name_ok(name))
			return mig_fail(err, MIG_E_SYNTAX, "name %d cannot be", ret->n_names);
		text_copy(c->name, sizeof(c->name), name);
	}
	return 0;
}

static int states_new(struct journal_text *ret, int n_gpus, struct mig_error *err)
{
	ret->states = calloc((size_t)n_gpus + 1, sizeof(*ret->states));
	if (!ret->states)
		return mig_fail(err, MIG_E_NOMEM, "read %d GPUs", n_gpus);
	ret->n_gpus = n_gpus;
	for (int i = 0; i < n_gpus; i++)
		ret->states[i].n_written = ret->n_written;
	return 0;
}

static int header_read(json_t *json, const struct mig_home *home, struct journal_text *ret,
		       struct mig_error *err)
{
	json_t *machine, *before, *steps, *names;
	const char *schema, *verb, *boot;
	json_int_t pid, n_written = -1, part_of = 0;
	json_error_t why;
	int is_atomic, is_renewal = false, rc;
	size_t n;

	if (json_unpack_ex(json, &why, 0,
			   "{s:s, s:o, s:s, s:s, s:I, s:b, s?b, s?I, s?I, s:o, s:o, s:o !}",
			   "schema", &schema, "machine", &machine, "boot", &boot, "verb", &verb,
			   "pid", &pid, "is_atomic", &is_atomic, "is_renewal", &is_renewal,
			   "n_written", &n_written, "part_of", &part_of, "before", &before,
			   "steps", &steps, "names", &names) < 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s", why.text);
	if (strcmp(schema, SCHEMA) != 0)
		return mig_fail(err, MIG_E_SYNTAX, "its schema is %.40s, not %s", schema,
				SCHEMA);
	rc = record_machine_check(machine, home, err);
	if (rc < 0)
		return rc;
	n = json_array_size(steps);
	if (strlen(verb) >= sizeof(ret->verb) || strlen(boot) >= sizeof(ret->boot) ||
	    !json_is_array(steps) || n > STEPS_MAX)
		return mig_fail(err, MIG_E_SYNTAX, "verb, boot or steps cannot be");
	text_copy(ret->verb, sizeof(ret->verb), verb);
	text_copy(ret->boot, sizeof(ret->boot), boot);
	ret->pid = pid;
	ret->is_atomic = is_atomic;
	ret->is_renewal = is_renewal;
	ret->n_written = n_written;
	ret->part_of = (uint64_t)part_of;
	rc = record_gpus_read(before, &ret->gpus, err);
	if (rc < 0)
		return rc;
	rc = states_new(ret, rc, err);
	if (rc < 0)
		return rc;
	ret->steps = calloc(n + 1, sizeof(*ret->steps));
	if (!ret->steps)
		return mig_fail(err, MIG_E_NOMEM, "read %zu steps", n);
	for (; (size_t)ret->n_steps < n; ret->n_steps++) {
		if (!step_read(json_array_get(steps, (size_t)ret->n_steps), ret,
			       &ret->steps[ret->n_steps]))
			return mig_fail(err, MIG_E_SYNTAX, "step %d cannot be", ret->n_steps);
	}
	return names_read(names, ret, err);
}

/* Of a GPU. Return: 0 - it is no such note; -1 - it cannot be. */
static int state_read(json_t *json, struct journal_text *text)
{
	json_int_t number;
	int left = -1, here = -1, ended = -1, gpu;

	if (json_unpack(json, "{s:i, s:I !}", "left", &left, "n_written", &number) < 0 &&
	    json_unpack(json, "{s:i, s:I !}", "here", &here, "n_written", &number) < 0 &&
	    json_unpack(json, "{s:i, s:I !}", "ended", &ended, "part_of", &number) < 0)
		return 0;
	gpu = left >= 0 ? left : here >= 0 ? here : ended;
	if (gpu < 0 || gpu >= text->n_gpus || number < -1)
		return -1;
	if (ended >= 0) {
		text->states[gpu].is_ended = true;
		text->part_of = number > 0 ? (uint64_t)number : text->part_of;
	} else {
		text->states[gpu].is_left = left >= 0;
		text->states[gpu].n_written = number;
	}
	return 1;
}

static bool note_read(json_t *json, struct journal_text *text)
{
	static const struct {
		const char *key;
		size_t member;
	} notes[] = {
		{ "begin", offsetof(struct journal_step, is_begun) },
		{ "done", offsetof(struct journal_step, is_done) },
		{ "undo_begin", offsetof(struct journal_step, is_undo_begun) },
		{ "undo_done", offsetof(struct journal_step, is_undone) },
	};

	if (json_is_true(json_object_get(json, "forth"))) {
		const json_t *n = json_object_get(json, "n_written");

		/* Of several the first: what was on record before any of it. */
		if (!text->is_forth)
			text->forth_n_written = n ? json_integer_value(n) : -1;
		text->is_forth = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		const json_t *value = json_object_get(json, notes[i].key);
		const json_int_t n = json_integer_value(value);

		if (!value)
			continue;
		if (!json_is_integer(value) || n < 0 || n >= text->n_steps)
			return false;
		*(bool *)((char *)&text->steps[n] + notes[i].member) = true;
		(void)json_unpack(json, "{s:i, s:i}", "gi", &text->steps[n].made_gi, "ci",
				  &text->steps[n].made_ci);
		return true;
	}
	return state_read(json, text) > 0;
}

/* The JSON of a line whose checksum is right, or NULL. */
static json_t *line_read(const char *line, size_t len)
{
	char digits[SUM_DIGITS + 1], *end;

	if (len < SUM_DIGITS + 1 || line[SUM_DIGITS] != ' ')
		return NULL;
	memcpy(digits, line, SUM_DIGITS);
	digits[SUM_DIGITS] = '\0';
	if (strtoul(digits, &end, 16) !=
		    journal_sum(line + SUM_DIGITS + 1, len - SUM_DIGITS - 1) ||
	    *end)
		return NULL;
	return json_loadb(line + SUM_DIGITS + 1, len - SUM_DIGITS - 1, JSON_REJECT_DUPLICATES,
			  NULL);
}

static int lines_read(const char *text, size_t len, const struct mig_home *home,
		      struct journal_text *ret, struct mig_error *err)
{
	int number = 0, rc = 0;

	for (size_t at = 0; at < len && rc == 0;) {
		const char *newline = memchr(text + at, '\n', len - at);
		const size_t n = newline ? (size_t)(newline - text) - at : len - at;
		json_t *json = newline ? line_read(text + at, n) : NULL;

		number++;
		at += n + 1;
		/* Cut short when its writer was killed: it was not written. */
		if (!newline && number > 1)
			break;
		if (!json)
			rc = mig_fail(err, MIG_E_SYNTAX, "line %d is damaged", number);
		else if (number == 1)
			rc = header_read(json, home, ret, err);
		else if (!note_read(json, ret))
			rc = mig_fail(err, MIG_E_SYNTAX, "line %d says nothing known", number);
		json_decref(json);
		ret->whole_bytes = at;
	}
	return rc == 0 && number == 0 ? mig_fail(err, MIG_E_SYNTAX, "it is empty") : rc;
}

int journal_parse(const char *text, size_t len, const char *where, const struct mig_home *home,
		  struct journal_text *ret, struct mig_error *err)
{
	const struct journal_text before = *ret;
	int rc;

	*ret = (struct journal_text){ 0 };
	rc = lines_read(text, len, home, ret, err);
	if (rc == 0)
		return 0;
	journal_text_free(ret);
	*ret = before;
	mig_wrap(err, rc, "%s", where);
	return mig_hint(err, rc,
			"look at 'migctl status', then 'migctl recover --forget' leaves it so");
}

/* Is somebody at it? */
static bool is_locked(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int journal_read(const struct mig_home *home, struct journal_text *ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	char path[1100];
	size_t len;
	int rc;

	journal_path(home, path, sizeof(path));
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (access(path, R_OK) < 0)
		return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO, "read %s: %s",
				path, strerror(errno));
	rc = mig_file_read_plain(path, JOURNAL_BYTES_MAX, &text, &len, err);
	if (rc == -MIG_E_IO || rc == -MIG_E_INVAL)
		mig_hint(err, rc, "move it away if it is no journal of migctl");
	if (rc == 0)
		rc = journal_parse(text, len, path, home, ret, err);
	if (rc < 0)
		return rc;
	ret->is_running = is_locked(path);
	return 1;
}
