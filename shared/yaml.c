/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "shared/arena.h"
#include "shared/cleanup.h"
#include "shared/text.h"

struct yaml_file {
	const char *name;
	const struct yaml_node *root;
	struct arena memory; /* all of the tree */
};

/* What yaml_read() needs while it reads. */
struct reader {
	struct yaml_file *file;
	yaml_parser_t parser;
	struct mig_error *err;
	size_t n_nodes;
	struct yaml_node **stack; /* children of the collections that are still open */
	size_t n_stack, room;
};

static int out_of_memory(const struct reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", r->file->name);
}

static int fail_at(const struct reader *r, size_t line, const char *what)
{
	return mig_fail(r->err, MIG_E_SYNTAX, "%s:%zu: %s", r->file->name, line, what);
}

static size_t line_of_offset(const char *text, size_t len, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < len && i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* What libyaml found wrong. Of bytes that are no text it knows the offset, not the line. */
static int parser_failed(const struct reader *r, const char *text, size_t len)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return out_of_memory(r);
	if (p->error == YAML_READER_ERROR)
		line = line_of_offset(text, len, p->problem_offset);
	return fail_at(r, line, p->problem ? p->problem : "not YAML");
}

static int push_child(struct reader *r, struct yaml_node *node)
{
	if (r->n_stack == r->room) {
		const size_t room = r->room ? 2 * r->room : 64;
		struct yaml_node **stack = reallocarray(r->stack, room, sizeof(*stack));

		if (!stack)
			return out_of_memory(r);
		r->stack = stack;
		r->room = room;
	}
	r->stack[r->n_stack++] = node;
	return 0;
}

/* Every @step-th child from @first of the collection whose children begin at @base. */
static const struct yaml_node **copy_children(struct reader *r, size_t base, size_t first,
					      size_t step)
{
	const size_t n = (r->n_stack - base) / step;
	const struct yaml_node **copy =
		arena_alloc(&r->file->memory, (n + 1) * sizeof(struct yaml_node *));

	for (size_t i = 0; copy && i < n; i++)
		copy[i] = r->stack[base + first + i * step];
	return copy;
}

static int by_text_then_line(const void *a, const void *b)
{
	const struct yaml_node *x = *(const struct yaml_node *const *)a;
	const struct yaml_node *y = *(const struct yaml_node *const *)b;
	const int order = strcmp(x->text, y->text);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sorted first: comparing each key with each would let a long file cost hours. */
static int refuse_twins(const struct reader *r, const struct yaml_node *map)
{
	cleanup_free const struct yaml_node **sorted =
		reallocarray(NULL, map->n + 1, sizeof(struct yaml_node *));

	if (!sorted)
		return out_of_memory(r);
	for (size_t i = 0; i < map->n; i++)
		sorted[i] = map->keys[i];
	qsort(sorted, map->n, sizeof(sorted[0]), by_text_then_line);
	for (size_t i = 1; i < map->n; i++) {
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			return mig_fail(r->err, MIG_E_SYNTAX,
					"%s:%u: \"%s\" stands here and on line %u",
					r->file->name, sorted[i]->line, sorted[i]->text,
					sorted[i - 1]->line);
	}
	return 0;
}

/* What lies on the stack from @base on are the children of the node below them. */
static int close_list(struct reader *r, size_t base)
{
	struct yaml_node *list = r->stack[base - 1];

	list->items = copy_children(r, base, 0, 1);
	if (!list->items)
		return out_of_memory(r);
	list->n = r->n_stack - base;
	r->n_stack = base;
	return 0;
}

static int close_map(struct reader *r, size_t base)
{
	struct yaml_node *map = r->stack[base - 1];
	const struct yaml_node **keys = copy_children(r, base, 0, 2);

	map->items = copy_children(r, base, 1, 2);
	map->keys = keys;
	if (!keys || !map->items)
		return out_of_memory(r);
	map->n = (r->n_stack - base) / 2;
	r->n_stack = base;

	for (size_t i = 0; i < map->n; i++) {
		if (keys[i]->kind != YAML_TEXT)
			return fail_at(r, keys[i]->line,
				       "a key must be a word, not a list or map");
	}
	return refuse_twins(r, map);
}

/* A new node where @event begins, or NULL, and then *@ret_rc says why. */
static struct yaml_node *node_new(struct reader *r, const yaml_event_t *event,
				  enum yaml_kind kind, int *ret_rc)
{
	const size_t line = event->start_mark.line + 1;
	struct yaml_node *node;

	if (++r->n_nodes > YAML_NODES_MAX) {
		*ret_rc = fail_at(r, line, "more than 65536 values");
		return NULL;
	}
	node = arena_alloc(&r->file->memory, sizeof(*node));
	if (!node) {
		*ret_rc = out_of_memory(r);
		return NULL;
	}
	*node = (struct yaml_node){ .kind = kind, .line = (unsigned)line, .text = "" };
	return node;
}

static int add_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	const size_t len = event->data.scalar.length;
	int rc = 0;
	struct yaml_node *node = node_new(r, event, YAML_TEXT, &rc);
	char *copy;

	if (!node)
		return rc;
	if (memchr(value, '\0', len))
		return fail_at(r, node->line, "a NUL inside a text");
	copy = arena_alloc(&r->file->memory, len + 1);
	if (!copy)
		return out_of_memory(r);
	memcpy(copy, value, len);
	copy[len] = '\0';
	node->text = copy;
	node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return push_child(r, node);
}

/* The collections whose end has not come yet: where on the stack their children begin. */
struct nesting {
	size_t base[YAML_DEPTH_MAX];
	size_t depth;
};

static int open_collection(struct reader *r, const yaml_event_t *event, enum yaml_kind kind,
			   struct nesting *nest)
{
	int rc = 0;
	struct yaml_node *node;

	if (nest->depth == YAML_DEPTH_MAX)
		return fail_at(r, event->start_mark.line + 1, "nested deeper than 16");
	node = node_new(r, event, kind, &rc);
	if (!node)
		return rc;
	rc = push_child(r, node);
	if (rc < 0)
		return rc;
	nest->base[nest->depth++] = r->n_stack;
	return 0;
}

/* Anchors and tags are refused: aliases make small files into large ones, tags mean types
 * that no reader of ours has. */
static int refuse_decoration(const struct reader *r, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor || event->type == YAML_ALIAS_EVENT)
		return fail_at(r, event->start_mark.line + 1,
			       "anchors (&) and aliases (*) are not read; write the value out");
	if (tag)
		return fail_at(r, event->start_mark.line + 1, "tags (!) are not read");
	return 0;
}

static int take_event(struct reader *r, const yaml_event_t *event, struct nesting *nest)
{
	int rc = refuse_decoration(r, event);

	if (rc < 0)
		return rc;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(r, event, YAML_LIST, nest);
	case YAML_MAPPING_START_EVENT:
		return open_collection(r, event, YAML_MAP, nest);
	case YAML_SEQUENCE_END_EVENT:
		return close_list(r, nest->base[--nest->depth]);
	case YAML_MAPPING_END_EVENT:
		return close_map(r, nest->base[--nest->depth]);
	case YAML_DOCUMENT_START_EVENT:
		if (r->n_stack > 0)
			return fail_at(r, event->start_mark.line + 1,
				       "a second document (---); one file holds one");
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reader *r, const char *text, size_t len)
{
	struct nesting nest = { .depth = 0 };
	yaml_event_type_t type;
	int rc;

	do {
		yaml_event_t event;

		if (!yaml_parser_parse(&r->parser, &event))
			return parser_failed(r, text, len);
		type = event.type;
		rc = take_event(r, &event, &nest);
		yaml_event_delete(&event);
		if (rc < 0)
			return rc;
	} while (type != YAML_STREAM_END_EVENT);

	if (r->n_stack == 0)
		return fail_at(r, 1, "nothing in it");
	r->file->root = r->stack[0];
	return 0;
}

int yaml_read(const char *text, size_t len, const char *name, struct yaml_file **ret,
	      struct mig_error *err)
{
	struct reader r = { .err = err };
	int rc;

	if (len > YAML_BYTES_MAX)
		return mig_fail(err, MIG_E_SYNTAX, "%s:1: larger than 1 MiB", name);
	r.file = calloc(1, sizeof(*r.file));
	if (!r.file)
		return mig_fail(err, MIG_E_NOMEM, "read %s", name);
	r.file->name = name;
	if (!yaml_parser_initialize(&r.parser)) {
		rc = out_of_memory(&r);
	} else {
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
		rc = read_events(&r, text, len);
		yaml_parser_delete(&r.parser);
	}
	free(r.stack);
	if (rc < 0) {
		yaml_file_free(r.file);
		return rc;
	}
	*ret = r.file;
	return 0;
}

void yaml_file_free(struct yaml_file *file)
{
	if (file)
		arena_free(&file->memory);
	free(file);
}

const struct yaml_node *yaml_root(const struct yaml_file *file)
{
	return file->root;
}

const char *yaml_name(const struct yaml_file *file)
{
	return file->name;
}

int yaml_fail(const struct yaml_file *file, const struct yaml_node *node, struct mig_error *err,
	      const char *fmt, ...)
{
	char what[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return mig_fail(err, MIG_E_SYNTAX, "%s:%u: %s", file->name, node ? node->line : 1,
			what);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++) {
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	}
	return NULL;
}

static bool is_listed(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(key, *known) == 0)
			return true;
	}
	return false;
}

/* "did you mean" when a known key is a slip or two away, else NULL. */
static const char *nearest(const char *key, const char *const *known)
{
	const char *best = NULL;
	unsigned least = 3;

	for (; *known; known++) {
		const unsigned d = text_distance(key, *known);

		if (d < least && d < strlen(*known)) {
			least = d;
			best = *known;
		}
	}
	return best;
}

int yaml_keys(const struct yaml_file *file, const struct yaml_node *map,
	      const char *const *known, struct mig_error *err)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->keys[i];
		const char *meant;
		char list[512] = "";

		if (is_listed(key->text, known))
			continue;
		for (const char *const *k = known; *k; k++)
			text_append(list, sizeof(list), "%s%s", k == known ? "" : ", ", *k);
		meant = nearest(key->text, known);
		if (meant)
			return yaml_fail(file, key, err,
					 "unknown key \"%s\": did you mean \"%s\"? (known: %s)",
					 key->text, meant, list);
		return yaml_fail(file, key, err, "unknown key \"%s\" (known: %s)", key->text,
				 list);
	}
	return 0;
}

static const char *kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_TEXT] = "a single value", [YAML_LIST] = "a list", [YAML_MAP] = "a map"
	};

	return names[kind];
}

int yaml_want(const struct yaml_file *file, const struct yaml_node *map, const char *key,
	      enum yaml_kind kind, const struct yaml_node **ret, struct mig_error *err)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (!node)
		return yaml_fail(file, map, err, "\"%s\" is missing here", key);
	if (node->kind != kind)
		return yaml_fail(file, node, err, "\"%s\" must be %s, not %s", key,
				 kind_name(kind), kind_name(node->kind));
	*ret = node;
	return 0;
}

/* A plain number, maybe negative, that fits an int64_t. 010 is none: some read it as 8. */
static bool plain_number(const struct yaml_node *node, int64_t *ret)
{
	const bool is_negative = node->text[0] == '-';
	const char *digits = node->text + is_negative;
	uint64_t v;

	if (node->kind != YAML_TEXT || node->is_quoted || !text_parse_u64(digits, &v))
		return false;
	if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
		return false;
	if (v > INT64_MAX)
		return false;
	*ret = is_negative ? -(int64_t)v : (int64_t)v;
	return true;
}

int yaml_int(const struct yaml_file *file, const struct yaml_node *node, int64_t min,
	     int64_t max, int64_t *ret, struct mig_error *err)
{
	int64_t v;

	if (!plain_number(node, &v))
		return yaml_fail(file, node, err, "%s%s%s is no whole number",
				 node->kind == YAML_TEXT ? "\"" : "",
				 node->kind == YAML_TEXT ? node->text : kind_name(node->kind),
				 node->kind == YAML_TEXT ? "\"" : "");
	if (v < min || v > max)
		return yaml_fail(file, node, err, "%s is not from %lld to %lld", node->text,
				 (long long)min, (long long)max);
	*ret = v;
	return 0;
}

int yaml_bool(const struct yaml_file *file, const struct yaml_node *node, bool *ret,
	      struct mig_error *err)
{
	const bool is_word = node->kind == YAML_TEXT && !node->is_quoted;

	if (is_word && strcmp(node->text, "true") == 0)
		*ret = true;
	else if (is_word && strcmp(node->text, "false") == 0)
		*ret = false;
	else
		return yaml_fail(file, node, err, "\"%s\" is neither true nor false",
				 node->text);
	return 0;
}
