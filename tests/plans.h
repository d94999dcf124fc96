/* SPDX-License-Identifier: Apache-2.0 */
/* The plans of tests/plans, made by hand, and verifying them: for unit tests with cmocka. */
#ifndef TESTS_PLANS_H
#define TESTS_PLANS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <mig/verify.h>

#include "shared/text.h"

static struct mig_catalog *catalog;

static inline json_t *load(const char *name)
{
	char path[128];
	json_error_t err;
	json_t *doc;

	snprintf(path, sizeof(path), "tests/plans/%s.json", name);
	doc = json_load_file(path, JSON_REJECT_DUPLICATES, &err);
	if (!doc)
		fail_msg("%s:%d: %s", path, err.line, err.text);
	return doc;
}

static inline int verify_text(const char *text, struct mig_verified *ret, struct mig_error *err)
{
	return mig_verify(catalog, text, strlen(text), "p.json", ret, err);
}

static inline int verify(const json_t *doc, struct mig_verified *ret, struct mig_error *err)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int rc;

	assert_non_null(text);
	rc = verify_text(text, ret, err);
	free(text);
	return rc;
}

static inline bool is_verified(const json_t *doc)
{
	struct mig_verified verified;
	struct mig_error err = { 0 };
	const int rc = verify(doc, &verified, &err);

	if (rc < 0 && rc != -MIG_E_UNPROVEN && rc != -MIG_E_SYNTAX)
		fail_msg("%s", err.msg);
	return rc == 0;
}

/* What a path of members and indices leads to: "measures/0/certificate". */
static inline json_t *find(json_t *value, const char *path)
{
	char copy[256];

	text_copy(copy, sizeof(copy), path);
	for (char *rest = copy, *word; (word = strsep(&rest, "/"));) {
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
					     : json_object_get(value, word);
		if (!value)
			fail_msg("%s: there is no %s", path, word);
	}
	return value;
}

static inline int open_catalog(void **state)
{
	(void)state;
	return mig_catalog_open(NULL, &catalog, NULL);
}

static inline int close_catalog(void **state)
{
	(void)state;
	mig_catalog_close(catalog);
	return 0;
}

#endif
