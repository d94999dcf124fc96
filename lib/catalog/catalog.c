/* SPDX-License-Identifier: Apache-2.0 */
/* The collection: the built-in types, read when asked for, and a user's files over them. */
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

struct entry {
	const struct mig_builtin *builtin; /* NULL: from a file */
	struct mig_gpu_type *type;         /* NULL: built in and not yet read */
	int order; /* 0: built in; of two from files the larger one came later */
};

struct mig_catalog {
	struct entry *entries; /* by key */
	int n, room, n_files;
};

static const char *key_of(const struct entry *e)
{
	return e->type ? e->type->key : e->builtin->key;
}

static struct entry *entry_add(struct mig_catalog *cat)
{
	if (cat->n == cat->room) {
		const int room = cat->room ? 2 * cat->room : 32;
		struct entry *entries =
			reallocarray(cat->entries, (size_t)room, sizeof(*entries));

		if (!entries)
			return NULL;
		cat->entries = entries;
		cat->room = room;
	}
	cat->entries[cat->n] = (struct entry){ 0 };
	return &cat->entries[cat->n++];
}

static struct entry *entry_of_key(struct mig_catalog *cat, const char *key)
{
	for (int i = 0; i < cat->n; i++) {
		if (strcasecmp(key_of(&cat->entries[i]), key) == 0)
			return &cat->entries[i];
	}
	return NULL;
}

static int add_builtins(struct mig_catalog *cat)
{
	for (const struct mig_builtin *b = mig_builtins; b->file; b++) {
		struct entry *e = entry_add(cat);

		if (!e)
			return -1;
		e->builtin = b;
	}
	return 0;
}

/* A file's type takes the place of that with the same key. Takes @type. */
static int add_type(struct mig_catalog *cat, struct mig_gpu_type *type, struct mig_error *err)
{
	struct entry *e = entry_of_key(cat, type->key);

	if (!e)
		e = entry_add(cat);
	if (!e) {
		free(type);
		return mig_fail(err, MIG_E_NOMEM, "read GPU types");
	}
	free(e->type);
	*e = (struct entry){ .type = type, .order = ++cat->n_files };
	return 0;
}

static int add_file(struct mig_catalog *cat, const char *path, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	cleanup_free struct mig_gpu_type *type = malloc(sizeof(*type));
	size_t len;
	int rc;

	if (!type)
		return mig_fail(err, MIG_E_NOMEM, "read %s", path);
	rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);
	if (rc == 0)
		rc = mig_gpu_type_parse(text, len, path, type, err);
	return rc < 0 ? rc : add_type(cat, take(type), err);
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot != entry->d_name && strcmp(dot, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_dir(struct mig_catalog *cat, const char *dir, struct mig_error *err)
{
	struct dirent **names = NULL;
	const int n = scandir(dir, &names, is_yaml, by_name);
	int rc = 0;

	if (n < 0)
		return errno == ENOENT
			       ? 0
			       : mig_fail(err, MIG_E_IO, "list %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		cleanup_free char *path = NULL;

		if (rc == 0 && asprintf(&path, "%s/%s", dir, names[i]->d_name) < 0) {
			path = NULL;
			rc = mig_fail(err, MIG_E_NOMEM, "read %s", dir);
		}
		if (rc == 0)
			rc = add_file(cat, path, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(key_of(a), key_of(b));
}

int mig_catalog_open(const char *const *dirs, struct mig_catalog **ret, struct mig_error *err)
{
	struct mig_catalog *cat = calloc(1, sizeof(*cat));
	int rc = 0;

	if (!cat || add_builtins(cat) < 0) {
		mig_catalog_close(cat);
		return mig_fail(err, MIG_E_NOMEM, "open the catalog");
	}
	for (; rc == 0 && dirs && *dirs; dirs++)
		rc = add_dir(cat, *dirs, err);
	if (rc < 0) {
		mig_catalog_close(cat);
		return rc;
	}
	qsort(cat->entries, (size_t)cat->n, sizeof(cat->entries[0]), by_key);
	*ret = cat;
	return 0;
}

void mig_catalog_close(struct mig_catalog *cat)
{
	if (!cat)
		return;
	for (int i = 0; i < cat->n; i++)
		free(cat->entries[i].type);
	free(cat->entries);
	free(cat);
}

int mig_catalog_count(const struct mig_catalog *cat)
{
	return cat->n;
}

const char *mig_catalog_key(const struct mig_catalog *cat, int i)
{
	return i >= 0 && i < cat->n ? key_of(&cat->entries[i]) : NULL;
}

/* The type of an entry, read now if it was not yet. */
static int entry_type(struct entry *e, const struct mig_gpu_type **ret, struct mig_error *err)
{
	if (!e->type) {
		cleanup_free struct mig_gpu_type *type = malloc(sizeof(*type));
		int rc;

		if (!type)
			return mig_fail(err, MIG_E_NOMEM, "read GPU type %s", e->builtin->key);
		rc = mig_gpu_type_parse(e->builtin->text, strlen(e->builtin->text),
					e->builtin->file, type, err);
		if (rc < 0)
			return rc;
		e->type = take(type);
	}
	*ret = e->type;
	return 0;
}

static const char *without_nvidia(const char *name)
{
	return strncasecmp(name, "NVIDIA ", 7) == 0 ? name + 7 : name;
}

static bool is_same_card(const char *name, const char *asked)
{
	return *name && strcasecmp(without_nvidia(name), without_nvidia(asked)) == 0;
}

static bool entry_is_called(const struct entry *e, const char *asked)
{
	if (e->builtin) {
		for (const char *const *name = e->builtin->names; *name; name++) {
			if (is_same_card(*name, asked))
				return true;
		}
		return false;
	}
	for (int i = 0; i < e->type->n_pci_ids; i++) {
		if (is_same_card(e->type->pci_names[i], asked))
			return true;
	}
	return is_same_card(e->type->name, asked);
}

/* The entry that @is_asked, from the last file that has one, or else a built-in one. */
static struct entry *latest(struct mig_catalog *cat,
			    bool (*is_asked)(const struct entry *e, const void *arg),
			    const void *arg)
{
	struct entry *best = NULL;

	for (int i = 0; i < cat->n; i++) {
		struct entry *e = &cat->entries[i];

		if ((!best || e->order > best->order) && is_asked(e, arg))
			best = e;
	}
	return best;
}

static bool is_name(const struct entry *e, const void *asked)
{
	return entry_is_called(e, asked);
}

static bool has_pci_id(const struct entry *e, const void *arg)
{
	const uint32_t asked = *(const uint32_t *)arg;

	for (const uint32_t *id = e->builtin ? e->builtin->pci_ids : NULL; id && *id; id++) {
		if (*id == asked)
			return true;
	}
	for (int i = 0; !e->builtin && i < e->type->n_pci_ids; i++) {
		if (e->type->pci_ids[i] == asked)
			return true;
	}
	return false;
}

/* How little a key is like the word asked for: of "A100-80GB" an A100-SXM4-80GB has both
 * parts, an A30 neither. Among those that have as many, the spelling decides. */
static unsigned farness(const char *key, const char *asked)
{
	char word[MIG_NAME_MAX], *rest = NULL;
	unsigned missing = 0;

	text_copy(word, sizeof(word), asked);
	for (char *part = strtok_r(word, "-_ ", &rest); part;
	     part = strtok_r(NULL, "-_ ", &rest))
		missing += strcasestr(key, part) == NULL;
	return missing * 2 * MIG_NAME_MAX + text_distance(key, asked);
}

static int no_such_type(const struct mig_catalog *cat, const char *asked, struct mig_error *err)
{
	enum { NEAREST = 3 };
	const char *nearest[NEAREST] = { NULL };
	char list[NEAREST * (MIG_NAME_MAX + 2)] = "";

	for (int i = 0; i < cat->n; i++) {
		const char *key = key_of(&cat->entries[i]);

		for (int k = 0; k < NEAREST; k++) {
			const char *other = nearest[k];

			if (other && farness(key, asked) >= farness(other, asked))
				continue;
			nearest[k] = key;
			key = other;
			if (!key)
				break;
		}
	}
	for (int k = 0; k < NEAREST && nearest[k]; k++)
		text_append(list, sizeof(list), "%s%s", k ? ", " : "", nearest[k]);
	return mig_fail(err, MIG_E_NOENT, "no GPU type \"%s\"; the nearest are %s", asked,
			list);
}

int mig_catalog_find(struct mig_catalog *cat, const char *key, const struct mig_gpu_type **ret,
		     struct mig_error *err)
{
	struct entry *e = entry_of_key(cat, key);

	if (!e)
		e = latest(cat, is_name, key);
	return e ? entry_type(e, ret, err) : no_such_type(cat, key, err);
}

const struct mig_gpu_type *mig_catalog_find_pci(struct mig_catalog *cat, uint32_t pci_id)
{
	const struct mig_gpu_type *type = NULL;
	struct entry *e = latest(cat, has_pci_id, &pci_id);

	return e && entry_type(e, &type, NULL) == 0 ? type : NULL;
}
