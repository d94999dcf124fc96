/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every verb that lists something fills one of these once; the text and the JSON are two
 * printings of it and so cannot disagree.
 */
#ifndef SHARED_TABLE_H
#define SHARED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include <mig/error.h>

enum table_type { TABLE_STRING, TABLE_NUMBER, TABLE_BOOL };

struct table_column {
	const char *key;   /* JSON member, with its unit: "mem_mib" */
	const char *title; /* text heading; NULL: in JSON only */
	enum table_type type;
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns, n_cells, room;
	char **cells;  /* row by row; NULL: unknown */
	bool is_short; /* memory ran out: the table is not whole */
};

struct table table_new(const struct table_column *columns, size_t n_columns);
void table_free(struct table *t);

/** table_cell - the next cell, left to right, row after row. NUMBER: digits; BOOL: "yes", "no". */
void table_cell(struct table *t, const char *fmt, ...) MIG_PRINTF(2, 3);

/** table_unknown - the next cell is not known: "-" in text, absent in JSON. */
void table_unknown(struct table *t);

/** table_print - as text: a heading, columns two spaces apart, numbers to the right. Widths
 *  are counted in characters of UTF-8, not bytes. */
void table_print(FILE *out, const struct table *t);

/** table_json - as an array of objects; the caller owns it. NULL when memory ran out. */
json_t *table_json(const struct table *t);

#endif
