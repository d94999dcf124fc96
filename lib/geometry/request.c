/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what somebody wants: "3x1g.10gb", "3g.40gb@4", "2x1c.3g.40gb". */
#include "lib/geometry/geometry.h"

#include <string.h>

#include "shared/text.h"

enum {
	COUNT_MAX = 9999, /* more is no count of anything on a GPU; keeps sums small */
	SHOWN = 80,       /* bytes of a malformed item that a message repeats */
};

/* One item, taken apart. */
struct item {
	const char *spec; /* as written */
	char name[MIG_NAME_MAX];
	int count; /* 0: not said */
	int n_starts;
	int starts[MIG_UNITS_MAX];
};

/* An item's profile: of a GPU instance, and of a compute instance when it splits one. */
struct found {
	int gi, ci;
	bool is_split;
};

struct mig_request mig_request_empty(const struct mig_gpu_type *type)
{
	return (struct mig_request){ .type = type };
}

struct mig_want mig_want_empty(int profile, int start)
{
	struct mig_want want = { .profile = (uint8_t)profile, .start = (int8_t)start };

	memset(want.ci_start, -1, sizeof(want.ci_start));
	return want;
}

static int syntax(const struct item *item, const char *what, struct mig_error *err)
{
	return mig_fail(
		err, MIG_E_SYNTAX,
		"\"%.*s\": %s; write [COUNTx]PROFILE[@START], such as 2x1g.10gb or 3g.40gb@4",
		SHOWN, item->spec, what);
}

/* The digits at *@s, if any, moving *@s behind them; -1: none there. */
static int take_number(const char **s)
{
	int n = 0;

	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; ++*s)
		n = n > COUNT_MAX ? n : 10 * n + (**s - '0');
	return n;
}

static int parse_starts(struct item *item, const char *s, struct mig_error *err)
{
	do {
		const int start = take_number(&s);

		if (start < 0 || (*s != '\0' && *s != ','))
			return syntax(item, "a start is the number of a placement unit", err);
		if (item->n_starts == MIG_UNITS_MAX)
			return syntax(item, "more starts than a GPU has units", err);
		for (int i = 0; i < item->n_starts; i++) {
			if (item->starts[i] == start)
				return syntax(item, "a start is named twice", err);
		}
		item->starts[item->n_starts++] = start;
	} while (*s++ == ',');
	return 0;
}

static int parse_item(const char *spec, struct item *ret, struct mig_error *err)
{
	struct item item = { .spec = spec };
	const char *s = spec, *at, *rest;
	size_t len;
	int rc;

	if (strncmp(s, "MIG ", 4) == 0)
		s += 4;
	rest = s;
	item.count = take_number(&rest);
	if (item.count >= 0 && *rest == 'x')
		s = rest + 1;
	else
		item.count = -1;
	if (item.count == 0)
		return syntax(&item, "a count is 1 or more", err);
	item.count = item.count < 0 ? 0 : item.count;

	at = strchr(s, '@');
	len = at ? (size_t)(at - s) : strlen(s);
	if (len == 0)
		return syntax(&item, "it names no profile", err);
	if (len >= sizeof(item.name))
		return syntax(&item, "no profile has so long a name", err);
	memcpy(item.name, s, len);
	rc = at ? parse_starts(&item, at + 1, err) : 0;
	if (rc < 0)
		return rc;
	*ret = item;
	return 0;
}

/* "5c.7g.80gb": the GI profile that the part behind "5c." names and the 5; -1: not such. */
static int split_name(const struct mig_gpu_type *type, const char *name, int *ret_slices)
{
	const struct mig_profile *gi;
	const char *s = name;

	if (strncmp(s, "MIG ", 4) == 0)
		s += 4;
	*ret_slices = take_number(&s);
	if (*ret_slices < 0 || s[0] != 'c' || s[1] != '.')
		return -1;
	gi = mig_profile_find(type, s + 2);
	/* Behind "1c." stands a name: "1c.19" is nothing that anybody writes. */
	return gi && strchr(s + 2, 'g') ? (int)(gi - type->profiles) : -1;
}

static int no_such_profile(const struct mig_gpu_type *type, const char *name, int gi,
			   struct mig_error *err)
{
	char names[700] = "";

	if (gi >= 0) {
		const struct mig_profile *p = &type->profiles[gi];

		for (int i = 0; i < p->n_ci; i++)
			text_append(names, sizeof(names), "%s%s", i ? ", " : "", p->ci[i].name);
		return mig_fail(err, MIG_E_NOENT,
				"%s: a %s has no such compute instance; it has %s", name,
				p->name, names);
	}
	for (int i = 0; i < type->n_profiles; i++)
		text_append(names, sizeof(names), "%s%s", i ? ", " : "",
			    type->profiles[i].name);
	return mig_fail(err, MIG_E_NOENT, "%s: %s has no such profile; it has %s", name,
			type->key, names);
}

static int find(const struct mig_gpu_type *type, const char *name, struct found *ret,
		struct mig_error *err)
{
	const struct mig_profile *gi = mig_profile_find(type, name);
	const struct mig_ci_profile *ci = NULL;
	int slices = 0, of = -1;

	if (!gi) {
		of = split_name(type, name, &slices);
		if (of < 0)
			return no_such_profile(type, name, -1, err);
		gi = &type->profiles[of];
		ci = mig_ci_profile_find(gi, name);
	}
	/* "3c.3g.40gb" is how go-nvlib's users spell the whole of a 3g.40gb. */
	if (of < 0 || (!ci && slices == gi->compute_slices))
		ci = mig_ci_profile_default(gi);
	if (!ci && of >= 0)
		return no_such_profile(type, name, of, err);
	if (!ci)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"%s: nothing is known of its compute instances", gi->name);
	*ret = (struct found){ .gi = (int)(gi - type->profiles),
			       .ci = (int)(ci - gi->ci),
			       .is_split = !ci->is_default };
	return 0;
}

/* Add a GPU instance with one compute instance. */
static int add_gi(struct mig_request *req, const struct item *item, const struct found *f,
		  int start, struct mig_error *err)
{
	const struct mig_profile *p = &req->type->profiles[f->gi];
	struct mig_want want;
	char text[512] = "";
	int same = 0;

	if (start >= 0 && !mig_may_begin(p, start)) {
		mig_bad_start_text(p, start, text, sizeof(text));
		return mig_fail(err, MIG_E_NOSPACE, "%s", text);
	}
	for (int i = 0; i < req->n; i++)
		same += req->want[i].profile == f->gi;
	if (p->max_count >= 0 && same >= p->max_count)
		return mig_fail(
			err, MIG_E_NOSPACE,
			"%.*s: one %s holds at most %d of %s, and the request asks for more",
			SHOWN, item->spec, req->type->key, p->max_count, p->name);
	if (req->n >= req->type->units || req->n >= MIG_UNITS_MAX)
		return mig_fail(err, MIG_E_NOSPACE,
				"%.*s: a %s has %d placement units, and the request asks for "
				"more instances",
				SHOWN, item->spec, req->type->key, req->type->units);
	want = mig_want_empty(f->gi, start);
	want.ci[want.n_ci++] = (uint8_t)f->ci;
	req->want[req->n++] = want;
	return 0;
}

static bool has_room(const struct mig_profile *gi, const struct mig_want *want, int ci)
{
	uint8_t cis[MIG_CI_PROFILES_MAX + 1];

	if (want->n_ci == 0 || want->n_ci >= MIG_CI_PROFILES_MAX)
		return false;
	memcpy(cis, want->ci, want->n_ci);
	cis[want->n_ci] = (uint8_t)ci;
	return mig_ci_place(gi, cis, want->n_ci + 1, 0, NULL, NULL) == 0;
}

/* The last GPU instance of the request, at @start if that is not -1, with room for one
 * more compute instance; NULL: there is none. */
static struct mig_want *with_room(struct mig_request *req, const struct found *f, int start)
{
	for (int i = req->n - 1; i >= 0; i--) {
		struct mig_want *want = &req->want[i];

		if (want->profile == f->gi && (start < 0 || want->start == start) &&
		    has_room(&req->type->profiles[f->gi], want, f->ci))
			return want;
	}
	return NULL;
}

static int add_splits(struct mig_request *req, const struct item *item, const struct found *f,
		      struct mig_error *err)
{
	const int count = item->count ? item->count : 1;
	int n_used = 0; /* of item->starts */

	for (int i = 0; i < count; i++) {
		int start = n_used ? item->starts[n_used - 1] : -1, rc;
		struct mig_want *want = NULL;

		if (item->n_starts == 0 || n_used > 0)
			want = with_room(req, f, start);
		if (!want && n_used < item->n_starts) {
			start = item->starts[n_used++];
			want = with_room(req, f, start);
		} else if (!want && n_used > 0) {
			return mig_fail(
				err, MIG_E_NOSPACE,
				"%.*s: so many need more GPU instances than starts are named",
				SHOWN, item->spec);
		}
		if (want) {
			want->ci[want->n_ci++] = (uint8_t)f->ci;
			continue;
		}
		rc = add_gi(req, item, f, start, err);
		if (rc < 0)
			return rc;
	}
	if (n_used < item->n_starts)
		return syntax(item, "more starts than GPU instances", err);
	return 0;
}

static int add_wholes(struct mig_request *req, const struct item *item, const struct found *f,
		      struct mig_error *err)
{
	const int count = item->count ? item->count : item->n_starts ? item->n_starts : 1;

	if (item->n_starts > 0 && item->n_starts != count)
		return syntax(item, "one start for each instance, or none", err);
	for (int i = 0; i < count; i++) {
		const int rc = add_gi(req, item, f, item->n_starts ? item->starts[i] : -1, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_item(struct mig_request *req, const struct item *item, struct mig_error *err)
{
	struct mig_request out = *req;
	struct found f;
	int rc;

	rc = find(req->type, item->name, &f, err);
	if (rc == 0)
		rc = f.is_split ? add_splits(&out, item, &f, err)
				: add_wholes(&out, item, &f, err);
	if (rc == 0)
		*req = out;
	return rc;
}

int mig_request_add(struct mig_request *req, const char *spec, struct mig_error *err)
{
	struct item item;
	int rc;

	rc = parse_item(spec, &item, err);
	return rc < 0 ? rc : add_item(req, &item, err);
}

int mig_request_add_count(struct mig_request *req, const char *profile, int count,
			  struct mig_error *err)
{
	struct item item = { .spec = profile, .count = count };
	struct found f;

	if (count < 0)
		return mig_fail(err, MIG_E_INVAL, "%.*s: a count of %d; a count is 0 or more",
				SHOWN, profile, count);
	if (strlen(profile) >= sizeof(item.name))
		return mig_fail(err, MIG_E_NOENT, "\"%.*s\" is too long for a profile's name",
				SHOWN, profile);
	text_copy(item.name, sizeof(item.name), profile);
	if (count == 0)
		return find(req->type, item.name, &f, err);
	return add_item(req, &item, err);
}
