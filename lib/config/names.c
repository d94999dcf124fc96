/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a partition file: profiles and labels, and the memory they are kept in. */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/text.h"

enum { LABEL_BYTES_MAX = 255, ATTRIBUTES_MAX = 8 };

/* isalnum() would ask the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_attribute_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
}

/* Digits, then @unit. Moves *@s behind them; leaves it where it is when they are not there. */
static bool take_number(const char **s, const char *unit, unsigned *ret)
{
	const char *p = *s;
	unsigned v = 0;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++) {
		if (v > (INT_MAX - 9) / 10)
			return false;
		v = 10 * v + (unsigned)(*p - '0');
	}
	if (strncmp(p, unit, strlen(unit)) != 0)
		return false;
	*s = p + strlen(unit);
	*ret = v;
	return true;
}

static const char *attribute_fault(const char *a, size_t len)
{
	if (len == 0)
		return "an attribute is empty";
	if (is_digit(a[0]))
		return "an attribute begins with a digit";
	if (a[0] == '.' || a[len - 1] == '.')
		return "an attribute begins or ends with a dot";
	for (size_t i = 0; i < len; i++) {
		if (!is_attribute_char(a[i]))
			return "an attribute has a character other than letters, digits, dots";
	}
	return NULL;
}

/* What follows "+" or "-": attributes with commas between, each once. */
static const char *attributes_fault(const char *s)
{
	const char *seen[ATTRIBUTES_MAX];
	size_t lens[ATTRIBUTES_MAX], n = 0;

	for (;; s++) {
		const size_t len = strcspn(s, ",");
		const char *fault = attribute_fault(s, len);

		if (fault)
			return fault;
		if (n == ATTRIBUTES_MAX)
			return "more than 8 attributes";
		for (size_t i = 0; i < n; i++) {
			if (lens[i] == len && memcmp(seen[i], s, len) == 0)
				return "an attribute stands twice";
		}
		seen[n] = s;
		lens[n++] = len;
		s += len;
		if (*s == '\0')
			return NULL;
	}
}

const char *mig_config_profile_read(const char *name, struct mig_config_profile *ret)
{
	struct mig_config_profile p = { 0 };
	const bool has_c = take_number(&name, "c.", &p.c);

	if (!take_number(&name, "g.", &p.g) || !take_number(&name, "gb", &p.gb))
		return "a profile looks like 3g.40gb, 1c.3g.40gb or 1g.10gb+me";
	if (!has_c)
		p.c = p.g;
	p.attributes = name;
	if (*name == '+' || *name == '-') {
		const char *fault = attributes_fault(name + 1);

		if (fault)
			return fault;
	} else if (*name != '\0') {
		return "only \"+\" or \"-\" and attributes may follow \"gb\"";
	}
	*ret = p;
	return NULL;
}

/* The code point at *@s, and *@s moved behind it; -1: these bytes are no UTF-8. */
static int32_t take_code_point(const unsigned char **s)
{
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = *s;
	const int n = *p < 0x80 ? 0 : *p < 0xc0 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	int32_t v = n == 0 ? *p : *p & (0x3f >> n);

	if (n < 0 || *p >= 0xf8)
		return -1;
	for (int i = 1; i <= n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		v = v << 6 | (p[i] & 0x3f);
	}
	*s = p + n + 1;
	return v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? -1 : v;
}

/* What YAML folds, or does not read at all, between quotes. */
static bool is_writable(int32_t v)
{
	static const struct {
		int32_t first, last;
	} never[] = {
		{ -1, 0x1f },       /* no UTF-8; control characters */
		{ 0x7f, 0x9f },     /* more of them, and "next line" */
		{ 0x2028, 0x2029 }, /* line and paragraph separators */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xfffe, 0xffff }, /* no characters */
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (v >= never[i].first && v <= never[i].last)
			return false;
	}
	return true;
}

const char *mig_config_label_fault(const char *label)
{
	if (label[0] == '\0')
		return "a label must not be empty";
	if (strlen(label) > LABEL_BYTES_MAX)
		return "a label must not be longer than 255 bytes";
	for (const unsigned char *p = (const unsigned char *)label; *p;) {
		if (!is_writable(take_code_point(&p)))
			return "a label must be UTF-8 without control characters or line "
			       "breaks";
	}
	return NULL;
}

void *mig_config_room(struct arena *memory, size_t n, size_t size)
{
	/* One more, so that an empty list is no NULL either. */
	void *p = arena_alloc(memory, (n + 1) * size);

	if (p)
		memset(p, 0, (n + 1) * size);
	return p;
}

const char *mig_config_string(struct arena *memory, const char *s)
{
	char *copy = mig_config_room(memory, strlen(s), 1);

	if (copy)
		memcpy(copy, s, strlen(s));
	return copy;
}

void *mig_config_alloc(struct mig_config *cfg, size_t n, size_t size)
{
	return mig_config_room(cfg->memory, n, size);
}

const char *mig_config_copy(struct mig_config *cfg, const char *s)
{
	return mig_config_string(cfg->memory, s);
}

struct mig_config *mig_config_new(const char *name)
{
	struct mig_config *cfg = calloc(1, sizeof(*cfg));

	if (!cfg)
		return NULL;
	cfg->memory = calloc(1, sizeof(*cfg->memory));
	if (cfg->memory)
		cfg->name = mig_config_copy(cfg, name);
	if (!cfg->name) {
		mig_config_free(cfg);
		return NULL;
	}
	return cfg;
}

void mig_config_free(struct mig_config *cfg)
{
	if (!cfg)
		return;
	if (cfg->memory)
		arena_free(cfg->memory);
	free(cfg->memory);
	free(cfg);
}

static const struct mig_config_label *nearest(const struct mig_config *cfg, const char *label)
{
	const struct mig_config_label *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < cfg->n_labels; i++) {
		const unsigned d = text_distance(label, cfg->labels[i].name);

		if (d < least && d < strlen(label)) {
			least = d;
			best = &cfg->labels[i];
		}
	}
	return best;
}

static int no_such_label(const struct mig_config *cfg, const char *label, const char *list,
			 struct mig_error *err)
{
	const struct mig_config_label *meant = nearest(cfg, label);

	if (meant)
		return mig_fail(err, MIG_E_NOENT,
				"%s: no config \"%s\": did you mean \"%s\"? (it has %s)",
				cfg->name, label, meant->name, list);
	return mig_fail(err, MIG_E_NOENT, "%s: no config \"%s\"; it has %s", cfg->name, label,
			list);
}

int mig_config_find(const struct mig_config *cfg, const char *label,
		    const struct mig_config_label **ret, struct mig_error *err)
{
	char list[512] = "";

	if ((!label || !*label) && cfg->n_labels == 1) {
		*ret = &cfg->labels[0];
		return 0;
	}
	for (size_t i = 0; i < cfg->n_labels; i++) {
		if (label && strcmp(cfg->labels[i].name, label) == 0) {
			*ret = &cfg->labels[i];
			return 0;
		}
		text_append(list, sizeof(list), "%s%s", i ? ", " : "", cfg->labels[i].name);
	}
	if (!label || !*label)
		return mig_fail(err, MIG_E_INVAL, "%s has several configs, so say which: %s",
				cfg->name, list);
	return no_such_label(cfg, label, list, err);
}
