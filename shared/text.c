/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Room for @more bytes and the final NUL; false leaves @t as it was. */
static bool text_reserve(struct text *t, size_t more)
{
	size_t want, room = t->room ? t->room : 64;
	char *s;

	if (t->is_short)
		return false;
	if (__builtin_add_overflow(t->len, more, &want) || want > SIZE_MAX / 4) {
		t->is_short = true;
		return false;
	}
	if (t->s && want < t->room)
		return true;
	while (room <= want)
		room *= 2;
	s = realloc(t->s, room);
	if (!s) {
		t->is_short = true;
		return false;
	}
	t->s = s;
	t->room = room;
	return true;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !text_reserve(t, (size_t)n)) {
		t->is_short = true;
		return;
	}

	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void text_add_bytes(struct text *t, const char *s, size_t len)
{
	if (len == 0 || !text_reserve(t, len))
		return;
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_pad(struct text *t, size_t columns)
{
	const size_t n = columns > t->len ? columns - t->len : 0;

	if (n == 0 || !text_reserve(t, n))
		return;
	memset(t->s + t->len, ' ', n);
	t->len += n;
	t->s[t->len] = '\0';
}

const char *text_str(const struct text *t)
{
	return t->s ? t->s : "";
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}

char *text_copy(char *dst, size_t size, const char *src)
{
	const size_t len = strlen(src);

	if (size > 0) {
		const size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return dst;
}

void text_append(char *dst, size_t size, const char *fmt, ...)
{
	const size_t len = size > 0 ? strnlen(dst, size) : 0;
	va_list ap;

	if (len == size)
		return; /* full, or no buffer at all: @dst may be NULL then */
	va_start(ap, fmt);
	vsnprintf(dst + len, size - len, fmt, ap);
	va_end(ap);
}

/* The value of a digit in @base, or -1. */
static int digit_value(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && isxdigit((unsigned char)c))
		return tolower((unsigned char)c) - 'a' + 10;
	return -1;
}

/* The digits at *@s, of which there must be one; *@s is moved behind them. */
static bool take_digits(const char **s, unsigned base, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	for (int d; (d = digit_value(*p, base)) >= 0; p++) {
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	*ret = v;
	return true;
}

bool text_parse_u64(const char *s, uint64_t *ret)
{
	const bool is_hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	uint64_t v;

	if (is_hex)
		s += 2;
	if (!take_digits(&s, is_hex ? 16 : 10, &v) || *s != '\0')
		return false;
	*ret = v;
	return true;
}

static const char *const binary_units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

enum { N_BINARY_UNITS = (int)(sizeof(binary_units) / sizeof(binary_units[0])) };

char *text_bytes(uint64_t bytes, char *buf, size_t size)
{
	const uint64_t whole_mask = 1023;
	int unit = 0;

	while (unit + 1 < N_BINARY_UNITS && bytes >> (10 * (unit + 1)))
		unit++;
	/* "1023.96 KiB" would round to 1024.0: the next unit says it better. */
	if (unit > 0 && unit + 1 < N_BINARY_UNITS &&
	    (double)bytes / (double)(1ULL << (10 * unit)) >= 1023.95)
		unit++;

	if (unit == 0 || (bytes & ((1ULL << (10 * unit)) - 1) & ~(whole_mask >> 10)) == 0)
		snprintf(buf, size, "%llu %s", (unsigned long long)(bytes >> (10 * unit)),
			 binary_units[unit]);
	else
		snprintf(buf, size, "%.1f %s", (double)bytes / (double)(1ULL << (10 * unit)),
			 binary_units[unit]);
	return buf;
}

/* The bytes of a unit: "GiB" 2^30, "GB" 10^9, "" and "B" 1. 0: there is no such unit. */
static uint64_t unit_bytes(const char *s)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} decimal[] = { { "", 1 },         { "B", 1 },           { "kB", 1000 },
			{ "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 } };

	for (size_t i = 0; i < sizeof(decimal) / sizeof(decimal[0]); i++) {
		if (strcasecmp(s, decimal[i].name) == 0)
			return decimal[i].bytes;
	}
	for (int i = 1; i <= 4; i++) {
		if (strcasecmp(s, binary_units[i]) == 0)
			return 1ULL << (10 * i);
	}
	return 0;
}

/* Seven digits of a fraction times a TiB still fit 64 bits; later ones are dropped. */
enum { FRACTION_DIGITS = 7 };

/* The fraction behind a '.', as digits over a power of ten. */
static bool take_fraction(const char **s, uint64_t *ret_digits, uint64_t *ret_scale)
{
	const char *p = *s;
	uint64_t v = 0, scale = 1;

	for (int d, n = 0; (d = digit_value(*p, 10)) >= 0; p++, n++) {
		if (n < FRACTION_DIGITS) {
			v = v * 10 + (uint64_t)d;
			scale *= 10;
		}
	}
	if (p == *s)
		return false;
	*s = p;
	*ret_digits = v;
	*ret_scale = scale;
	return true;
}

bool text_parse_bytes(const char *s, uint64_t *ret)
{
	uint64_t whole, fraction = 0, scale = 1, unit, v;
	bool has_fraction;

	if (!take_digits(&s, 10, &whole))
		return false;
	has_fraction = *s == '.';
	if (has_fraction) {
		s++;
		if (!take_fraction(&s, &fraction, &scale))
			return false;
	}
	if (*s == ' ' && s[1] != '\0')
		s++;
	unit = unit_bytes(s);
	if (unit == 0 || (has_fraction && unit == 1))
		return false;
	if (__builtin_mul_overflow(whole, unit, &v) ||
	    __builtin_add_overflow(v, fraction * unit / scale, &v))
		return false;
	*ret = v;
	return true;
}

enum { WORD_MAX = 128 }; /* of a longer word the rest does not count */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	const unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

bool text_is_bus_id(const char *s, const char *bus)
{
	return strcasecmp(s, bus) == 0 ||
	       (strncmp(bus, "0000", 4) == 0 && strcasecmp(s, bus + 4) == 0) ||
	       (strncmp(bus, "00000000:", 9) == 0 && strcasecmp(s, bus + 9) == 0);
}

unsigned text_distance(const char *a, const char *b)
{
	const size_t n_a = strnlen(a, WORD_MAX), n_b = strnlen(b, WORD_MAX);
	unsigned row[WORD_MAX + 1]; /* distances of a[0..i] to each b[0..j] */

	for (size_t j = 0; j <= n_b; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n_a; i++) {
		unsigned corner = row[0]; /* of a[0..i-1] to b[0..j-1] */

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n_b; j++) {
			const bool is_same = tolower((unsigned char)a[i - 1]) ==
					     tolower((unsigned char)b[j - 1]);
			const unsigned next =
				least(row[j] + 1, row[j - 1] + 1, corner + !is_same);

			corner = row[j];
			row[j] = next;
		}
	}
	return row[n_b];
}
