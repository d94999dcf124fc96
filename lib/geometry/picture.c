/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout as a picture in text: cells along one line, each as wide as its units.
 *
 *	+-----------------+--------+........+
 *	|3g.40gb          |1g.10gb |  free  |
 *	+-----------------+--------+........+
 *	 0                 2        3
 */
#include "lib/geometry/geometry.h"

#include <string.h>

#include "shared/text.h"

enum {
	COLUMNS_DEFAULT = 80,
	UNIT_COLUMNS_MIN = 2, /* a border and something to see */
};

enum fill { INSTANCE, FREE, WASTED, N_FILLS };

/* Neighbouring units of one instance, or neighbouring free ones of one kind. */
struct cell {
	enum fill fill;
	int start, size;
	const char *label;
	bool is_profile; /* the label is a profile's name, and may be shortened as one */
};

/* What the lines are drawn with. Corners: [0] left end, [1] between, [2] right end. */
struct pen {
	const char *top[3], *bottom[3];
	const char *side;
	const char *edge[N_FILLS]; /* the border above and below a cell */
	const char *body[N_FILLS]; /* what fills a cell behind its label */
	const char *cut;           /* ends what was cut */
};

static const struct pen ascii_pen = {
	.top = { "+", "+", "+" },
	.bottom = { "+", "+", "+" },
	.side = "|",
	.edge = { "-", ".", "x" },
	.body = { " ", " ", "x" },
	.cut = "~",
};

static const struct pen unicode_pen = {
	.top = { "┌", "┬", "┐" },
	.bottom = { "└", "┴", "┘" },
	.side = "│",
	.edge = { "─", "╌", "╌" },
	.body = { " ", "·", "░" },
	.cut = "…",
};

/* Columns of valid UTF-8: its characters, each one wide. */
static int columns_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int cells_of(const struct mig_layout *lay, const struct mig_picture *pic,
		    struct cell *cells)
{
	const uint16_t wasted = mig_layout_wasted(lay);
	int n = 0, slot = 0, unit = 0;

	while (unit < lay->type->units) {
		struct cell *c = &cells[n++];

		if (slot < lay->n_slots && lay->slots[slot].start == unit) {
			const struct mig_profile *p =
				&lay->type->profiles[lay->slots[slot].profile];
			const char *label = pic->labels ? pic->labels[slot] : NULL;

			*c = (struct cell){ INSTANCE, unit, p->size, label ? label : p->name,
					    !label };
			unit += p->size;
			slot++;
			continue;
		}
		*c = (struct cell){ wasted >> unit & 1 ? WASTED : FREE, unit, 0, NULL, false };
		c->label = c->fill == WASTED ? " wasted " : " free ";
		do {
			c->size++;
			unit++;
		} while (unit < lay->type->units && !(lay->used >> unit & 1) &&
			 (wasted >> unit & 1) == (c->fill == WASTED));
	}
	return n;
}

/* "1g.10gb+me" as "1g.10+me", then as "1g+me". */
static void shorten_profile(char *name, int columns)
{
	char *gb = strstr(name, "gb"), *dot;

	if (!gb || columns_of(name) <= columns)
		return;
	memmove(gb, gb + 2, strlen(gb + 2) + 1);
	if (columns_of(name) <= columns)
		return;
	for (dot = gb; dot > name && *dot != '.';)
		dot--;
	if (*dot == '.')
		memmove(dot, gb, strlen(gb) + 1);
}

/* Bytes of the character at @s; 0 when it is no UTF-8, or controls a terminal. */
static size_t char_bytes(const char *s)
{
	const unsigned char c = (unsigned char)*s;
	const size_t n = c < 0x80   ? 1
			 : c < 0xc2 ? 0
			 : c < 0xe0 ? 2
			 : c < 0xf0 ? 3
			 : c < 0xf5 ? 4
				    : 0;

	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	}
	if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0))
		return 0;
	return n;
}

/* The characters of @s, as many as @size holds; "?" for each that cannot be shown. */
static void copy_showable(char *buf, size_t size, const char *s, bool is_unicode)
{
	size_t at = 0;

	while (*s) {
		const size_t n = char_bytes(s), used = n ? n : 1;

		if (at + used >= size)
			break;
		if (n == 0 || (n > 1 && !is_unicode)) {
			buf[at++] = '?';
		} else {
			memcpy(buf + at, s, n);
			at += n;
		}
		s += used;
	}
	buf[at] = '\0';
}

/* The label of an instance in at most @columns columns. */
static void fit_label(const struct cell *c, int columns, bool is_unicode, char *buf,
		      size_t size)
{
	const char *const cut = is_unicode ? unicode_pen.cut : ascii_pen.cut;
	char *s = buf;

	copy_showable(buf, size, c->label, is_unicode);
	if (c->is_profile)
		shorten_profile(buf, columns);
	if (columns_of(buf) <= columns)
		return;
	for (int i = 0; i < columns - 1; i++)
		s += char_bytes(s);
	*s = '\0';
	text_append(buf, size, "%s", cut);
}

/* Character by character, and a picture has hundreds: no format is read for each. */
static void append_times(const char *s, int n, char *buf, size_t len)
{
	const size_t bytes = strlen(s);
	size_t at = strlen(buf);

	for (; n > 0 && at + bytes < len; n--, at += bytes)
		memcpy(buf + at, s, bytes + 1);
}

static void draw_edge(const struct cell *cells, int n, int unit_columns, const struct pen *pen,
		      const char *const corners[3], char *buf, size_t len)
{
	for (int i = 0; i < n; i++) {
		text_append(buf, len, "%s", corners[i > 0]);
		append_times(pen->edge[cells[i].fill], cells[i].size * unit_columns - 1, buf,
			     len);
	}
	text_append(buf, len, "%s\n", corners[2]);
}

static void draw_names(const struct cell *cells, int n, int unit_columns, const struct pen *pen,
		       char *buf, size_t len)
{
	for (int i = 0; i < n; i++) {
		const struct cell *c = &cells[i];
		const int columns = c->size * unit_columns - 1;
		char label[4 * MIG_PICTURE_COLUMNS + 1] = "";
		int left = 0;

		if (c->fill == INSTANCE)
			fit_label(c, columns, pen == &unicode_pen, label, sizeof(label));
		else if (columns_of(c->label) <= columns) /* or the fill alone says it */
			text_copy(label, sizeof(label), c->label);
		if (c->fill != INSTANCE)
			left = (columns - columns_of(label)) / 2;
		text_append(buf, len, "%s", pen->side);
		append_times(pen->body[c->fill], left, buf, len);
		text_append(buf, len, "%s", label);
		append_times(pen->body[c->fill], columns - left - columns_of(label), buf, len);
	}
	text_append(buf, len, "%s\n", pen->side);
}

static void draw_ruler(int units, int unit_columns, char *buf, size_t len)
{
	const int mod = unit_columns > 2 ? 100 : 10; /* a narrow unit shows the last digit */

	for (int i = 0; i < units; i++)
		text_append(buf, len, " %-*d", i < units - 1 ? unit_columns - 1 : 0, i % mod);
	text_append(buf, len, "\n");
}

static int unit_columns_of(const struct mig_layout *lay, const struct mig_picture *pic)
{
	int columns = pic->columns > 0 ? pic->columns : COLUMNS_DEFAULT;

	if (columns > MIG_PICTURE_COLUMNS)
		columns = MIG_PICTURE_COLUMNS;
	columns = (columns - 1) / lay->type->units;
	return columns < UNIT_COLUMNS_MIN ? UNIT_COLUMNS_MIN : columns;
}

const char *mig_layout_draw(const struct mig_layout *lay, const struct mig_picture *pic,
			    char *buf, size_t len)
{
	static const struct mig_picture plain;
	struct cell cells[MIG_UNITS_MAX];
	const struct pen *pen;
	int n, unit_columns;

	if (len == 0)
		return buf;
	buf[0] = '\0';
	pic = pic ? pic : &plain;
	pen = pic->is_unicode ? &unicode_pen : &ascii_pen;
	n = cells_of(lay, pic, cells);
	unit_columns = unit_columns_of(lay, pic);
	if (!pic->is_line)
		draw_edge(cells, n, unit_columns, pen, pen->top, buf, len);
	draw_names(cells, n, unit_columns, pen, buf, len);
	if (!pic->is_line)
		draw_edge(cells, n, unit_columns, pen, pen->bottom, buf, len);
	if (pic->has_ruler)
		draw_ruler(lay->type->units, unit_columns, buf, len);
	return buf;
}
