/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal fractions as people write them, without a digit lost. */
#include <stdio.h>
#include <string.h>

#include <mig/workload.h>

static const char digits[] = "0123456789";

/* @n more digits; false: beyond 64 bits. */
static bool add_digits(int64_t *v, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (__builtin_mul_overflow(*v, INT64_C(10), v) ||
		    __builtin_add_overflow(*v, (int64_t)(s[i] - '0'), v))
			return false;
	}
	return true;
}

const char *mig_decimal_parse(const char *s, struct mig_decimal *ret)
{
	const size_t n_whole = strspn(s, digits);
	const bool has_point = n_whole > 0 && s[n_whole] == '.';
	const char *fraction = s + n_whole + has_point;
	const size_t n_written = has_point ? strspn(fraction, digits) : 0;
	size_t n = n_written;
	struct mig_decimal d = { 0 };

	if (n_whole == 0 || fraction[n_written] != '\0' || (has_point && n_written == 0))
		return "is no number such as 1900 or 183.6, without unit, sign or exponent";
	if (n_whole > 1 && s[0] == '0')
		return "begins with a 0 that means nothing";
	while (n > 0 && fraction[n - 1] == '0')
		n--;
	if (n > MIG_DECIMAL_PLACES_MAX)
		return "has more than six digits behind the point";
	if (!add_digits(&d.digits, s, n_whole) || !add_digits(&d.digits, fraction, n))
		return "is too large";
	d.places = (int)n;
	*ret = d;
	return NULL;
}

int64_t mig_decimal_scale(struct mig_decimal d, int places, bool up)
{
	int64_t v = d.digits;
	bool is_exact = true;

	for (; places > d.places; places--) {
		if (__builtin_mul_overflow(v, INT64_C(10), &v))
			return -1;
	}
	for (; places < d.places; places++) {
		is_exact = is_exact && v % 10 == 0;
		v /= 10;
	}
	return up && !is_exact ? v + 1 : v;
}

bool mig_decimal_less(struct mig_decimal a, struct mig_decimal b)
{
	__int128 x = a.digits, y = b.digits;

	for (int i = a.places; i < b.places; i++)
		x *= 10;
	for (int i = b.places; i < a.places; i++)
		y *= 10;
	return x < y;
}

const char *mig_decimal_format(struct mig_decimal d, char *buf, size_t len)
{
	int64_t scale = 1;

	for (int i = 0; i < d.places; i++)
		scale *= 10;
	if (d.places == 0)
		snprintf(buf, len, "%lld", (long long)d.digits);
	else
		snprintf(buf, len, "%lld.%0*lld", (long long)(d.digits / scale), d.places,
			 (long long)(d.digits % scale));
	return buf;
}
