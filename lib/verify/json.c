/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/verify/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, NUMBER_MAX = 40 };

void mig_json_fail(struct json *j, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (j->rc < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	j->rc = mig_fail(j->err, MIG_E_SYNTAX, "%s:%u: %s", j->name, j->line, what);
}

void mig_json_no_memory(struct json *j)
{
	if (j->rc == 0)
		j->rc = mig_fail(j->err, MIG_E_NOMEM, "%s: out of memory", j->name);
}

/* The next character that is no white space, or NUL: at the end, or after a failure. */
static char peek(struct json *j)
{
	if (j->rc < 0)
		return '\0';
	for (; j->p < j->end; j->p++) {
		if (*j->p == '\n')
			j->line++;
		else if (*j->p != ' ' && *j->p != '\t' && *j->p != '\r')
			return *j->p;
	}
	return '\0';
}

static bool expect(struct json *j, char c)
{
	if (peek(j) == c) {
		j->p++;
		return true;
	}
	if (j->p == j->end)
		mig_json_fail(j, "the document ends where '%c' is wanted", c);
	else
		mig_json_fail(j, "'%c' is wanted here", c);
	return false;
}

/* Common to arrays and objects: is there one more, or was that the end? */
static bool more(struct json *j, size_t *n, const char *brackets)
{
	if (*n == 0 && !expect(j, brackets[0]))
		return false;
	if (peek(j) == brackets[1]) {
		j->p++;
		return false;
	}
	if (*n > 0 && !expect(j, ','))
		return false;
	(*n)++;
	return j->rc == 0;
}

bool mig_json_item(struct json *j, size_t *n)
{
	return more(j, n, "[]");
}

bool mig_json_member(struct json *j, size_t *n, struct json_text *ret_key)
{
	if (!more(j, n, "{}"))
		return false;
	*ret_key = mig_json_string(j);
	return expect(j, ':');
}

int mig_json_field(struct json *j, const char *const *keys, unsigned optional, unsigned *seen)
{
	size_t n = *seen != 0;
	struct json_text key;
	int i = 0;

	if (!mig_json_member(j, &n, &key)) {
		for (; keys[i]; i++) {
			if (!((*seen | optional) >> i & 1))
				mig_json_fail(j, "\"%s\" is missing before here", keys[i]);
		}
		return -1;
	}
	while (keys[i] && !mig_json_text_is(key, keys[i]))
		i++;
	if (!keys[i])
		mig_json_fail(j, "\"%.*s\" has no meaning here",
			      (int)(key.len < 64 ? key.len : 64), key.s);
	else if (*seen >> i & 1)
		mig_json_fail(j, "\"%s\" stands here twice", keys[i]);
	*seen |= 1U << i;
	return j->rc < 0 ? -1 : i;
}

/* How many bytes the UTF-8 character at @s has, or 0: it is none, or one that controls. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t n = s[0] < 0x80         ? 1
			 : s[0] >> 5 == 0x06 ? 2
			 : s[0] >> 4 == 0x0e ? 3
			 : s[0] >> 3 == 0x1e ? 4
					     : 0;
	uint32_t c = n == 1 ? s[0] : n == 0 ? 0 : s[0] & (0x7fU >> n);

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 0x02)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

/* The bytes of an escape, or 0. */
static size_t escape_length(const char *s, size_t len)
{
	if (len < 2 || !s[1] || !strchr("\"\\/bfnrtu", s[1]))
		return 0;
	for (size_t i = 2; s[1] == 'u' && i < 6; i++) {
		if (i >= len || !s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return 0;
	}
	return s[1] == 'u' ? 6 : 2;
}

/* The bytes of what stands for one character of a string, or 0: it may not stand there. */
static inline size_t char_length(const char *s, const char *end)
{
	if (*s >= ' ' && *s < 0x7f && *s != '\\')
		return 1;
	return *s == '\\' ? escape_length(s, (size_t)(end - s))
			  : utf8_length((const unsigned char *)s, (size_t)(end - s));
}

struct json_text mig_json_string(struct json *j)
{
	struct json_text text = { "", 0 };
	const char *from;
	size_t n = 1;

	if (!expect(j, '"'))
		return text;
	from = j->p;
	while (j->p < j->end && *j->p != '"' && n > 0) {
		n = char_length(j->p, j->end);
		j->p += n;
	}
	if (n == 0)
		mig_json_fail(j, "a string with a byte that may not stand in one");
	else
		text = (struct json_text){ from, (size_t)(j->p - from) };
	expect(j, '"');
	return text;
}

static size_t digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* A number as JSON has it; @ret_is_whole: neither point nor exponent. 0: it is none. */
static size_t number_length(const char *p, const char *end, bool *ret_is_whole)
{
	const char *const from = p;
	size_t n;

	*ret_is_whole = true;
	p += p < end && *p == '-';
	n = digits(p, end);
	if (n == 0 || (n > 1 && *p == '0'))
		return 0;
	p += n;
	if (p < end && *p == '.') {
		*ret_is_whole = false;
		n = digits(++p, end);
		if (n == 0)
			return 0;
		p += n;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		*ret_is_whole = false;
		p++;
		p += p < end && (*p == '+' || *p == '-');
		n = digits(p, end);
		if (n == 0)
			return 0;
		p += n;
	}
	return (size_t)(p - from);
}

/* The length of the number that is here, or 0 and a failure: none is, or one that is longer
 * than any that is meant. */
static size_t find_number(struct json *j, bool *ret_is_whole)
{
	size_t n;

	peek(j);
	n = j->rc < 0 ? 0 : number_length(j->p, j->end, ret_is_whole);
	if (n > 0 && n < NUMBER_MAX)
		return n;
	mig_json_fail(j, "a number is wanted here");
	return 0;
}

/* The number here into @buf; false: there is none. */
static bool take_number(struct json *j, char *buf, bool *ret_is_whole)
{
	const size_t n = find_number(j, ret_is_whole);

	memcpy(buf, j->p, n);
	buf[n] = '\0';
	j->p += n;
	return n > 0;
}

int64_t mig_json_int(struct json *j, int64_t low, int64_t high, const char *what)
{
	char buf[NUMBER_MAX];
	bool is_whole;
	long long v;

	if (!take_number(j, buf, &is_whole))
		return low;
	if (!is_whole) {
		mig_json_fail(j, "%s is %s: it must be a whole number, written as one", what,
			      buf);
		return low;
	}
	errno = 0;
	v = strtoll(buf, NULL, 10);
	if (errno == 0 && v >= low && v <= high)
		return v;
	mig_json_fail(j, "%s is %s, not %" PRId64 " to %" PRId64, what, buf, low, high);
	return low;
}

double mig_json_real(struct json *j)
{
	char buf[NUMBER_MAX];
	bool is_whole;

	return take_number(j, buf, &is_whole) ? strtod(buf, NULL) : 0;
}

static bool take_word(struct json *j, const char *word)
{
	const size_t n = strlen(word);

	peek(j);
	if (j->rc < 0 || (size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return false;
	j->p += n;
	return true;
}

bool mig_json_bool(struct json *j)
{
	if (take_word(j, "true"))
		return true;
	if (!take_word(j, "false"))
		mig_json_fail(j, "true or false is wanted here");
	return false;
}

static void skip(struct json *j, int depth)
{
	struct json_text key;
	bool is_whole;
	size_t n = 0;

	if (depth > DEPTH_MAX)
		mig_json_fail(j, "deeper than %d levels", DEPTH_MAX);
	switch (peek(j)) {
	case '{':
		while (mig_json_member(j, &n, &key))
			skip(j, depth + 1);
		break;
	case '[':
		while (mig_json_item(j, &n))
			skip(j, depth + 1);
		break;
	case '"':
		mig_json_string(j);
		break;
	case 't':
	case 'f':
		mig_json_bool(j);
		break;
	case 'n':
		if (!take_word(j, "null"))
			mig_json_fail(j, "a value is wanted here");
		break;
	default:
		j->p += find_number(j, &is_whole);
	}
}

void mig_json_skip(struct json *j)
{
	skip(j, 1);
}

void mig_json_end(struct json *j)
{
	if (peek(j) || j->p < j->end)
		mig_json_fail(j, "something stands behind the document");
}

bool mig_json_text_is(struct json_text text, const char *word)
{
	return strlen(word) == text.len && memcmp(text.s, word, text.len) == 0;
}

int mig_json_word(struct json *j, const char *const *words, const char *what)
{
	const struct json_text text = mig_json_string(j);

	for (int i = 0; words[i]; i++) {
		if (mig_json_text_is(text, words[i]))
			return i;
	}
	mig_json_fail(j, "\"%.*s\" is no %s", (int)(text.len < 64 ? text.len : 64), text.s,
		      what);
	return 0;
}
