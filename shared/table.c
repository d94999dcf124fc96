/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct table table_new(const struct table_column *columns, size_t n_columns)
{
	return (struct table){ .columns = columns, .n_columns = n_columns };
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){ 0 };
}

/* Append a cell that @t then owns. */
static void push(struct table *t, char *cell)
{
	if (t->n_cells == t->room) {
		const size_t room = t->room ? 2 * t->room : 64;
		char **cells = reallocarray(t->cells, room, sizeof(*cells));

		if (!cells) {
			free(cell);
			t->is_short = true;
			return;
		}
		t->cells = cells;
		t->room = room;
	}
	t->cells[t->n_cells++] = cell;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char *cell = NULL;
	va_list ap;
	int n;

	if (t->is_short)
		return;
	va_start(ap, fmt);
	n = vasprintf(&cell, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->is_short = true;
	else
		push(t, cell);
}

void table_unknown(struct table *t)
{
	if (!t->is_short)
		push(t, NULL);
}

static size_t n_rows(const struct table *t)
{
	return t->n_columns ? (t->n_cells + t->n_columns - 1) / t->n_columns : 0;
}

/* The cell, or NULL: unknown, or never filled in a last row that was cut short. */
static const char *cell_at(const struct table *t, size_t row, size_t col)
{
	const size_t i = row * t->n_columns + col;

	return i < t->n_cells ? t->cells[i] : NULL;
}

static const char *shown(const char *cell)
{
	return cell ? cell : "-";
}

/* Characters of UTF-8: every byte but those that continue one. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const struct table *t, size_t col)
{
	size_t widest = width(t->columns[col].title);

	for (size_t row = 0; row < n_rows(t); row++) {
		const size_t w = width(shown(cell_at(t, row, col)));

		widest = w > widest ? w : widest;
	}
	return widest;
}

static void put_spaces(FILE *out, size_t n)
{
	while (n-- > 0)
		fputc(' ', out);
}

/* The length of a control character at @s, of ASCII or U+0080 to U+009F; 0: it is none. */
static size_t control_length(const char *s)
{
	if (iscntrl((unsigned char)s[0]))
		return 1;
	return s[0] == '\xc2' && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0 ? 2
											   : 0;
}

/* A process may be called anything; what it is called must not steer the terminal. */
static void put_printable(FILE *out, const char *s)
{
	while (*s) {
		const size_t control = control_length(s);

		fputc(control ? '?' : *s, out);
		s += control ? control : 1;
	}
}

/* The last column that has a title, or n_columns. */
static size_t last_shown(const struct table *t)
{
	for (size_t col = t->n_columns; col-- > 0;) {
		if (t->columns[col].title)
			return col;
	}
	return t->n_columns;
}

/* One line; @row < 0: the heading. */
static void print_row(FILE *out, const struct table *t, const size_t *widths, ptrdiff_t row)
{
	const size_t last = last_shown(t);

	for (size_t col = 0; col < t->n_columns; col++) {
		const struct table_column *c = &t->columns[col];
		const char *cell;
		size_t pad;

		if (!c->title)
			continue;
		cell = row < 0 ? c->title : shown(cell_at(t, (size_t)row, col));
		pad = widths[col] - width(cell);
		if (c->type == TABLE_NUMBER)
			put_spaces(out, pad);
		put_printable(out, cell);
		if (col == last)
			break; /* no spaces at the end of a line */
		put_spaces(out, (c->type == TABLE_NUMBER ? 0 : pad) + 2);
	}
	fputc('\n', out);
}

void table_print(FILE *out, const struct table *t)
{
	size_t *widths = calloc(t->n_columns + 1, sizeof(*widths));

	if (!widths) {
		fputs("(out of memory)\n", out);
		return;
	}
	for (size_t col = 0; col < t->n_columns; col++)
		widths[col] = t->columns[col].title ? column_width(t, col) : 0;
	for (ptrdiff_t row = -1; row < (ptrdiff_t)n_rows(t); row++)
		print_row(out, t, widths, row);
	free(widths);
}

/* @s as JSON text. What is not UTF-8 keeps its ASCII, each other byte becomes '?'. */
static json_t *json_text(const char *s)
{
	json_t *value = json_string(s);
	char *ascii;

	if (value)
		return value;
	ascii = strdup(s);
	if (!ascii)
		return NULL;
	for (char *p = ascii; *p; p++)
		*p = (char)((unsigned char)*p < 0x80 ? *p : '?');
	value = json_string(ascii);
	free(ascii);
	return value;
}

static json_t *json_cell(enum table_type type, const char *cell)
{
	json_t *value;

	if (type == TABLE_BOOL)
		return json_boolean(strcmp(cell, "yes") == 0);
	if (type == TABLE_STRING)
		return json_text(cell);
	value = json_loads(cell, JSON_DECODE_ANY, NULL);
	if (json_is_number(value))
		return value;
	json_decref(value);
	return json_text(cell);
}

/* A row as an object; NULL when memory ran out. */
static json_t *json_row(const struct table *t, size_t row)
{
	json_t *object = json_object();

	for (size_t col = 0; object && col < t->n_columns; col++) {
		const char *cell = cell_at(t, row, col);

		if (cell && json_object_set_new(object, t->columns[col].key,
						json_cell(t->columns[col].type, cell)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *table_json(const struct table *t)
{
	json_t *array = t->is_short ? NULL : json_array();

	for (size_t row = 0; array && row < n_rows(t); row++) {
		if (json_array_append_new(array, json_row(t, row)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
