/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a picture: a row for each kind of GPU, widths in proportion to placement units.
 * Every instance bears its name, and models differ in pattern as well as in colour, so that
 * nobody has to tell colours apart. */
#include "cli/plan/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/plan/print.h"
#include "shared/file.h"
#include "shared/text.h"

enum {
	WIDTH = 960,
	MARGIN = 20,
	TITLE = 64,
	ROW = 84, /* of a GPU: its title, the bar, room below */
	BAR = 44,
	ROWS_MAX = 400, /* further kinds are counted, not drawn */
	N_COLOURS = 8,
	N_PATTERNS = 4,
};

/* Okabe and Ito's colours, made for readers who see some colours alike. */
static const char *const colours[N_COLOURS] = { "#56b4e9", "#e69f00", "#009e73", "#f0e442",
						"#cc79a7", "#0072b2", "#d55e00", "#999999" };

static const char style[] =
	"<style>\n"
	"svg { background: #ffffff; color: #1a1a1a; font-family: sans-serif; }\n"
	"text { fill: currentColor; font-size: 13px; }\n"
	".title { font-size: 18px; font-weight: bold; }\n"
	".on { fill: #000000; font-size: 12px; }\n"
	".label { fill: #ffffff; fill-opacity: .92; }\n"
	".box { stroke: currentColor; stroke-width: 1; }\n"
	".free { fill: none; stroke: currentColor; stroke-dasharray: 4 3; }\n"
	".line { stroke: #000000; stroke-width: 1.4; stroke-opacity: .4; fill: none; }\n"
	".dot { fill: #000000; fill-opacity: .4; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"svg { background: #1b1b1f; color: #e8e8e8; }\n"
	"}\n"
	"</style>\n";

/* Plain, slanted, upright and dotted; the first of each colour is plain. */
static const char *const marks[N_PATTERNS] = {
	"",
	"<path class=\"line\" d=\"M0 10 L10 0 M-2 2 L2 -2 M8 12 L12 8\"/>",
	"<path class=\"line\" d=\"M5 0 V10\"/>",
	"<circle class=\"dot\" cx=\"5\" cy=\"5\" r=\"1.8\"/>",
};

static void add_escaped(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&' || *s == '"')
			text_add(t, "&#%d;", *s);
		else
			text_add_bytes(t, s, 1);
	}
}

/* Two models in a row differ in both; 32 differ in one of them. */
static int pattern_of(int cls)
{
	return cls % N_COLOURS + N_COLOURS * ((cls + cls / N_COLOURS) % N_PATTERNS);
}

static void add_patterns(struct text *t)
{
	text_add(t, "<defs>\n");
	for (int i = 0; i < N_COLOURS * N_PATTERNS; i++)
		text_add(t,
			 "<pattern id=\"p%d\" width=\"10\" height=\"10\" "
			 "patternUnits=\"userSpaceOnUse\"><rect width=\"10\" height=\"10\" "
			 "fill=\"%s\"/>%s</pattern>\n",
			 i, colours[i % N_COLOURS], marks[i / N_COLOURS]);
	text_add(t, "</defs>\n");
}

/* A label that fits in @width pixels: about seven to a letter. */
static void add_label(struct text *t, double x, double y, double width, const char *s)
{
	const double letters = (width - 12) / 7;
	char cut[64];

	if (letters < 2)
		return;
	text_copy(cut, (size_t)letters + 1 < sizeof(cut) ? (size_t)letters + 1 : sizeof(cut),
		  s);
	text_add(t,
		 "<rect class=\"label\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"15\" "
		 "rx=\"2\"/>",
		 x + 4, y - 12, (double)strlen(cut) * 7.6 + 5);
	text_add(t, "<text class=\"on\" x=\"%.1f\" y=\"%.1f\">", x + 6.5, y);
	add_escaped(t, cut);
	text_add(t, "</text>\n");
}

static void add_slot(struct text *t, const struct task *task, const struct mig_plan_group *g,
		     int i, double y)
{
	const struct mig_gpu_type *type = g->layout.type;
	const struct mig_profile *p = &type->profiles[g->layout.slots[i].profile];
	const double unit = (double)(WIDTH - 2 * MARGIN) / type->units;
	const double x = MARGIN + unit * g->layout.slots[i].start, width = unit * p->size;
	const int cls = g->classes[i];
	const char *name = cls == MIG_PLAN_NOBODY ? "held" : task->models->models[cls].name;

	text_add(t, "<g><title>");
	add_escaped(t, name);
	text_add(t, " on %s, units %d to %d</title>", p->name, g->layout.slots[i].start,
		 g->layout.slots[i].start + p->size - 1);
	text_add(t, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" ",
		 x + 1, y, width - 2, BAR);
	if (cls == MIG_PLAN_NOBODY)
		text_add(t, "fill=\"none\"/>\n");
	else
		text_add(t, "fill=\"url(#p%d)\"/>\n", pattern_of(cls));
	add_label(t, x, y + 17, width, name);
	add_label(t, x, y + 36, width, p->name);
	text_add(t, "</g>\n");
}

static void add_seat(struct text *t, const struct task *task, const struct seat *s, double y)
{
	const struct mig_plan_group *g = s->group;

	text_add(t, "<text x=\"%d\" y=\"%.1f\">", MARGIN, y + 18);
	if (s->count == 1)
		text_add(t, "GPU %" PRId64 ", ", s->first);
	else
		text_add(t, "GPUs %" PRId64 " to %" PRId64 ", %" PRId64 " alike, ", s->first,
			 s->first + s->count - 1, s->count);
	add_escaped(t, g->layout.type->key);
	text_add(t,
		 "</text>\n<rect class=\"free\" x=\"%d\" y=\"%.1f\" width=\"%d\" "
		 "height=\"%d\"/>\n",
		 MARGIN + 1, y + 26, WIDTH - 2 * MARGIN - 2, BAR);
	for (int i = 0; i < g->layout.n_slots; i++)
		add_slot(t, task, g, i, y + 26);
}

static void add_title(struct text *t, const struct task *task, const struct mig_plan *plan)
{
	const struct mig_plan_measure *m = &plan->measures[0];
	char line[256];

	text_add(t, "<text class=\"title\" x=\"%d\" y=\"28\">%" PRId64 " GPU%s", MARGIN,
		 plan->totals[MIG_PLAN_GPUS], plan->totals[MIG_PLAN_GPUS] == 1 ? "" : "s");
	if (m->goal == MIG_PLAN_GPUS && m->bound == m->value)
		text_add(t, ": proved, fewer cannot do it");
	text_add(t, "</text>\n<text x=\"%d\" y=\"50\">", MARGIN);
	add_escaped(t, plan_title(task->fleet, line, sizeof(line)));
	text_add(t, "</text>\n");
}

int svg_write(const struct task *task, const struct mig_plan *plan, const struct seats *seats,
	      const char *path, struct mig_error *err)
{
	const int rows = seats->n < ROWS_MAX ? seats->n : ROWS_MAX;
	const int height = TITLE + rows * ROW + MARGIN + (rows < seats->n ? MARGIN : 0);
	struct text t = { 0 };
	char line[256];
	int rc;

	text_add(&t,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		 "width=\"100%%\" role=\"img\">\n<title>migctl plan: ",
		 WIDTH, height);
	add_escaped(&t, plan_title(task->fleet, line, sizeof(line)));
	text_add(&t, "</title>\n%s", style);
	add_patterns(&t);
	add_title(&t, task, plan);
	for (int i = 0; i < rows; i++)
		add_seat(&t, task, &seats->seats[i], TITLE + (double)i * ROW);
	if (rows < seats->n)
		text_add(&t, "<text x=\"%d\" y=\"%d\">and %d further kinds of GPU</text>\n",
			 MARGIN, height - MARGIN, seats->n - rows);
	text_add(&t, "</svg>\n");
	rc = t.is_short ? mig_fail(err, MIG_E_NOMEM, "draw %s", path)
			: mig_file_replace(path, t.s, t.len, err);
	text_free(&t);
	return rc;
}
