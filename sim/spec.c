/* SPDX-License-Identifier: Apache-2.0 */
/* "2xA100-SXM4-80GB@mirrored,1xH100-SXM5-80GB" */
#include <stdio.h>
#include <string.h>

#include "shared/text.h"
#include "sim/fill.h"
#include "sim/machine.h"

#define MIRRORED "@mirrored"

/* "8x" in front of a type; a type's own name may begin with a digit. */
static const char *read_count(const char *item, int *ret)
{
	size_t digits = strspn(item, "0123456789");
	int n = 0;

	*ret = 1;
	if (digits == 0 || item[digits] != 'x')
		return item;
	for (size_t i = 0; i < digits; i++)
		n = n > SIM_GPUS_MAX ? n : 10 * n + (item[i] - '0');
	*ret = n;
	return item + digits + 1;
}

static int parse_item(const char *item, struct mig_catalog *cat, struct sim_gpus *ret,
		      struct mig_error *err)
{
	const char *type = read_count(item, &ret->count);
	const char *at = strchr(type, '@');
	char key[MIG_NAME_MAX];
	size_t len = at ? (size_t)(at - type) : strlen(type);
	int rc;

	ret->is_mirrored = at != NULL;
	if (at && strcmp(at, MIRRORED) != 0)
		return mig_fail(err, MIG_E_SYNTAX,
				"\"%s\": after a type only %s may stand, not \"%s\"", item,
				MIRRORED, at);
	if (ret->count < 1)
		return mig_fail(err, MIG_E_SYNTAX, "\"%s\": the count must be 1 or more", item);
	if (len == 0 || len >= sizeof(key))
		return mig_fail(
			err, MIG_E_SYNTAX,
			"\"%s\": a GPU type is missing; write it as in 2xA100-SXM4-80GB", item);
	memcpy(key, type, len);
	key[len] = '\0';
	rc = mig_catalog_find(cat, key, &ret->type, err);
	if (rc < 0)
		return rc;
	if (ret->is_mirrored && !sim_fill_has_orientations(ret->type))
		return mig_fail(err, MIG_E_SYNTAX,
				"\"%s\": %s has one orientation only; leave %s out", item,
				ret->type->key, MIRRORED);
	return 0;
}

static int count_gpus(const struct sim_options *opt)
{
	int n = 0;

	for (int i = 0; i < opt->n_specs; i++)
		n += opt->specs[i].count;
	return n;
}

static int parse_next(const char **text, struct mig_catalog *cat, struct sim_options *opt,
		      struct mig_error *err)
{
	size_t len = strcspn(*text, ",");
	char item[MIG_NAME_MAX + 32];
	int rc;

	if (len >= sizeof(item))
		return mig_fail(err, MIG_E_SYNTAX, "\"%.40s…\" is too long for a GPU type",
				*text);
	if (opt->n_specs == SIM_SPECS_MAX)
		return mig_fail(err, MIG_E_NOSPACE, "a machine has at most %d kinds of GPUs",
				SIM_SPECS_MAX);
	memcpy(item, *text, len);
	item[len] = '\0';
	rc = parse_item(item, cat, &opt->specs[opt->n_specs], err);
	if (rc < 0)
		return rc;
	opt->n_specs++;
	if (count_gpus(opt) > SIM_GPUS_MAX)
		return mig_fail(err, MIG_E_NOSPACE, "a machine has at most %d GPUs",
				SIM_GPUS_MAX);
	*text += len;
	return 0;
}

int sim_spec_parse(const char *text, struct mig_catalog *cat, struct sim_options *ret,
		   struct mig_error *err)
{
	struct sim_options opt = { .n_specs = 0 };
	int rc;

	for (;;) {
		rc = parse_next(&text, cat, &opt, err);
		if (rc < 0)
			return rc;
		if (*text++ == '\0')
			break;
	}
	ret->n_specs = opt.n_specs;
	memcpy(ret->specs, opt.specs, sizeof(opt.specs));
	return 0;
}
