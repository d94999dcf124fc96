/* SPDX-License-Identifier: Apache-2.0 */
#include <mig/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int exit;
	const char *name, *text;
} errors[] = {
	[MIG_OK] = { 0, "OK", "success" },
#define X(name, value, exit, text) [value] = { exit, #name, text },
#include <mig/errors.def>
#undef X
};

#define N_ERRORS ((int)(sizeof(errors) / sizeof(errors[0])))

/* A code of either sign as an index of errors, or N_ERRORS. */
static int index_of(int code)
{
	if (code > -N_ERRORS && code < 0)
		code = -code;
	return code >= 0 && code < N_ERRORS ? code : N_ERRORS;
}

const char *mig_strerror(int code)
{
	const int i = index_of(code);

	return i < N_ERRORS ? errors[i].text : "unknown error";
}

const char *mig_error_name(int code)
{
	const int i = index_of(code);

	return i < N_ERRORS ? errors[i].name : "UNKNOWN";
}

int mig_exit_status(int code)
{
	const int i = index_of(code);

	return i < N_ERRORS ? errors[i].exit : EXIT_FAILURE;
}

/* Names come from files and command lines: what would move a terminal's cursor is '?'. */
static void make_harmless(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		const bool is_c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;

		if ((*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f || is_c1)
			*c = '?';
		if (is_c1)
			*++c = '?';
	}
}

int mig_fail(struct mig_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;

	err->code = code;
	err->nvml = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	make_harmless(err->msg);
	return -code;
}

int mig_wrap(struct mig_error *err, int rc, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	int n;

	if (!err || rc >= 0)
		return rc;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);

	/* A message too long to keep whole loses its end, never its outermost context. */
	if (n >= 0 && (size_t)n < sizeof(err->msg))
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", inner);
	make_harmless(err->msg);
	return rc;
}

int mig_hint(struct mig_error *err, int rc, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	if (!err || rc >= 0)
		return rc;

	len = strnlen(err->msg, sizeof(err->msg) - 1);
	len += (size_t)snprintf(err->msg + len, sizeof(err->msg) - len, "; ");
	if (len >= sizeof(err->msg))
		return rc;
	va_start(ap, fmt);
	vsnprintf(err->msg + len, sizeof(err->msg) - len, fmt, ap);
	va_end(ap);
	make_harmless(err->msg + len);
	return rc;
}
