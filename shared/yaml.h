/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as a tree of nodes that know their line. libyaml reads; what is ours are the bounds
 * (a stranger's file cannot make us recurse or allocate without end) and the messages,
 * which always begin "NAME:LINE: ".
 */
#ifndef SHARED_YAML_H
#define SHARED_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 65536, YAML_BYTES_MAX = 1 << 20 };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;    /* from 1 */
	bool is_quoted;   /* TEXT: "80" or '80' rather than 80 */
	const char *text; /* TEXT: NUL-terminated; never NULL; a NUL inside is refused */
	size_t n;         /* LIST: items; MAP: pairs */
	const struct yaml_node *const *items; /* LIST: items; MAP: values, as keys */
	const struct yaml_node *const *keys;  /* MAP: always TEXT, each once */
};

/* A file that was read. The nodes live as long as it does. */
struct yaml_file;

/**
 * yaml_read - read one document.
 * @text:	@len bytes, need not end in NUL.
 * @name:	what messages call it; borrowed as long as the file lives.
 * @ret:	written on success only; yaml_file_free() it.
 *
 * Refused: more than one document, aliases and anchors, tags, a key that is no text or stands
 * twice, and more than the bounds above.
 * Errors: SYNTAX, NOMEM.
 */
int yaml_read(const char *text, size_t len, const char *name, struct yaml_file **ret,
	      struct mig_error *err) MIG_MUST_USE;
void yaml_file_free(struct yaml_file *file);

const struct yaml_node *yaml_root(const struct yaml_file *file);
const char *yaml_name(const struct yaml_file *file);

/** yaml_fail - mig_fail() with code SYNTAX and "NAME:LINE: " in front. */
int yaml_fail(const struct yaml_file *file, const struct yaml_node *node, struct mig_error *err,
	      const char *fmt, ...) MIG_PRINTF(4, 5);

/** yaml_get - the value of a key of a MAP, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/**
 * yaml_keys - refuse every key of @map that is not in the NULL-terminated @known; the message
 * names the key, its line and the known ones.
 */
int yaml_keys(const struct yaml_file *file, const struct yaml_node *map,
	      const char *const *known, struct mig_error *err) MIG_MUST_USE;

/** yaml_want - the value of a key that must be there and of that kind. @map must be a MAP. */
int yaml_want(const struct yaml_file *file, const struct yaml_node *map, const char *key,
	      enum yaml_kind kind, const struct yaml_node **ret,
	      struct mig_error *err) MIG_MUST_USE;

/** yaml_int - a plain whole number (decimal, or hexadecimal with 0x) from @min to @max. */
int yaml_int(const struct yaml_file *file, const struct yaml_node *node, int64_t min,
	     int64_t max, int64_t *ret, struct mig_error *err) MIG_MUST_USE;

/** yaml_bool - true or false, unquoted. */
int yaml_bool(const struct yaml_file *file, const struct yaml_node *node, bool *ret,
	      struct mig_error *err) MIG_MUST_USE;

#endif
