/* SPDX-License-Identifier: Apache-2.0 */
/* The list of holders while it grows. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/who/who.h"
#include "shared/text.h"

char *who_path(const char *root, const char *path, char *buf)
{
	snprintf(buf, WHO_PATH, "%s%s", root, path);
	return buf;
}

void who_printable(char *text)
{
	for (char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
}

bool who_is_process(const struct mig_holder *h)
{
	return h->seen & (MIG_SEEN_DRIVER | MIG_SEEN_FILE | MIG_SEEN_NAME);
}

bool who_is_same_place(const struct mig_holder *a, const struct mig_holder *b)
{
	return a->gpu == b->gpu && a->gi == b->gi && a->ci == b->ci;
}

void who_add(struct who *w, const struct mig_holder *h)
{
	struct mig_who *who = w->ret;

	for (int i = 0; i < who->n && who_is_process(h); i++) {
		struct mig_holder *other = &who->holders[i];

		if (who_is_process(other) && other->pid == h->pid &&
		    who_is_same_place(other, h)) {
			other->seen |= h->seen;
			return;
		}
	}
	if (who->n == w->room) {
		const int room = w->room ? 2 * w->room : 16;
		struct mig_holder *more =
			reallocarray(who->holders, (size_t)room, sizeof(*more));

		if (!more) {
			w->is_short = true;
			return;
		}
		who->holders = more;
		w->room = room;
	}
	who->holders[who->n++] = *h;
}

void who_unknown(struct who *w, const char *what, const char *fmt, ...)
{
	struct mig_who *who = w->ret;
	va_list ap;
	char *why;

	/* The last place says that there is more. */
	if (who->n_unknowns == MIG_WHO_UNKNOWNS_MAX) {
		text_copy(who->unknowns[MIG_WHO_UNKNOWNS_MAX - 1].what,
			  sizeof(who->unknowns[0].what), "more");
		text_copy(who->unknowns[MIG_WHO_UNKNOWNS_MAX - 1].why,
			  sizeof(who->unknowns[0].why),
			  "there are more unknowns than fit here");
		return;
	}
	text_copy(who->unknowns[who->n_unknowns].what, sizeof(who->unknowns[0].what), what);
	why = who->unknowns[who->n_unknowns++].why;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(who->unknowns[0].why), fmt, ap);
	va_end(ap);
	who_printable(why);
}

bool who_ref(const struct mig_snapshot *snap, const char *text, struct mig_ref *ret)
{
	return mig_ref_parse(snap, text, ret, NULL, NULL) == 0;
}

void who_place(const struct mig_snapshot *snap, const struct mig_ref *ref,
	       struct mig_holder *ret)
{
	const struct mig_gpu *gpu = &snap->gpus[ref->gpu];

	ret->gpu = gpu->index;
	ret->gi = ref->gi < 0 ? -1 : gpu->gis[ref->gi].id;
	ret->ci = ref->ci < 0 ? -1 : gpu->gis[ref->gi].cis[ref->ci].id;
}
