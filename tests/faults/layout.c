/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/layout.h"

#include "shared/text.h"
#include "tests/test.h"

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* " 3g.40gb@4{1,1}": the compute instances by their profiles' numbers, wherever they stand. */
static void append_gi(char *buf, const struct mig_gpu_type *type, int profile, int start,
		      int *cis, int n_cis)
{
	qsort(cis, (size_t)n_cis, sizeof(*cis), by_number);
	text_append(buf, TEXT_MAX, " %s@%d{", type->profiles[profile].name, start);
	for (int i = 0; i < n_cis; i++)
		text_append(buf, TEXT_MAX, "%s%d", i ? "," : "", cis[i]);
	text_append(buf, TEXT_MAX, "}");
}

/* What a GPU has. @is_exact: with the place of each compute instance. */
const char *layout_stands(const struct mig_gpu *gpu, bool is_exact, char *buf)
{
	buf[0] = '\0';
	if (gpu->mode != gpu->mode_pending)
		text_append(buf, TEXT_MAX, "waits %u", gpu->mode_pending);
	else
		text_append(buf, TEXT_MAX, "%s", gpu->mode ? "on" : "off");
	for (int i = 0; i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];
		int cis[MIG_CIS_MAX];

		for (int k = 0; k < gi->n_cis; k++)
			cis[k] = gi->cis[k].profile + (is_exact ? gi->cis[k].start * 100 : 0);
		append_gi(buf, gpu->type, gi->profile, gi->start, cis, gi->n_cis);
	}
	return buf;
}

/* The same of what is wanted: by start. */
static void would_stand(const struct mig_wanted *w, bool waits, char *buf)
{
	snprintf(buf, TEXT_MAX, "%s",
		 waits                    ? "waits 1"
		 : w->mode == MIG_WANT_ON ? "on"
					  : "off");
	for (int start = 0; start < MIG_UNITS_MAX; start++) {
		for (int i = 0; w->mode == MIG_WANT_ON && i < w->request.n; i++) {
			const struct mig_want *item = &w->request.want[i];
			int cis[MIG_CI_PROFILES_MAX];

			if (item->start != start)
				continue;
			for (int k = 0; k < item->n_ci; k++)
				cis[k] = item->ci[k];
			append_gi(buf, w->request.type, item->profile, start, cis, item->n_ci);
		}
	}
}
static void read_item(char *item, int gpu, struct layout *lay)
{
	struct mig_wanted *w = &lay->wanted[gpu];
	struct mig_error err = { 0 };
	char *called = strchr(item, '=');
	const struct mig_want *want;
	int before = 0;

	if (called)
		*called++ = '\0';
	for (int i = 0; i < w->request.n; i++)
		before += w->request.want[i].n_ci;
	if (mig_request_add(&w->request, item, &err) < 0)
		fprintf(stderr, "%s: %s\n", item, err.msg);
	CHECK(err.code == 0);
	if (!called)
		return;
	for (int i = 0; i < w->request.n; before -= w->request.want[i++].n_ci) {
		want = &w->request.want[i];
		if (before >= want->n_ci)
			continue;
		w->names.of[w->names.n] =
			(struct mig_want_name){ .want = (uint8_t)i, .ci = (uint8_t)before };
		text_copy(w->names.of[w->names.n++].name, MIG_INSTANCE_NAME_MAX, called);
		lay->names[lay->n_names] = (struct borne){ .gpu = gpu,
							   .gi_profile = want->profile,
							   .gi_start = want->start,
							   .ci_profile = want->ci[before] };
		text_copy(lay->names[lay->n_names++].name, MIG_INSTANCE_NAME_MAX, called);
		return;
	}
}

/* @as_it_is: what "." stands for. */
void layout_read(const char *text, const struct mig_snapshot *snap,
		 const struct layout *as_it_is, struct layout *ret)
{
	char buf[TEXT_MAX], *rest = buf, *part, *words, *word;

	*ret = (struct layout){ 0 };
	snprintf(buf, sizeof(buf), "%s", text);
	for (int i = 0; (part = strsep(&rest, "|")); i++) {
		struct mig_wanted *w = &ret->wanted[i];

		w->mode = MIG_WANT_ON;
		w->request = mig_request_empty(snap->gpus[i].type);
		for (words = part; (word = strsep(&words, " "));) {
			if (!strcmp(word, "off") || !strcmp(word, "waits"))
				w->mode = MIG_WANT_OFF;
			else if (!strcmp(word, "."))
				w->mode = MIG_WANT_UNTOUCHED;
			else if (*word)
				read_item(word, i, ret);
			ret->waits[i] |= !strcmp(word, "waits");
		}
		if (w->mode != MIG_WANT_UNTOUCHED) {
			would_stand(w, ret->waits[i], ret->text[i]);
			continue;
		}
		text_copy(ret->text[i], TEXT_MAX, as_it_is->text[i]);
		for (int k = 0; k < as_it_is->n_names; k++) {
			if (as_it_is->names[k].gpu == i)
				ret->names[ret->n_names++] = as_it_is->names[k];
		}
	}
}
const struct borne *layout_borne(const struct layout *lay, const char *called)
{
	for (int i = 0; i < lay->n_names; i++) {
		if (strcmp(lay->names[i].name, called) == 0)
			return &lay->names[i];
	}
	return NULL;
}
bool layout_is(const struct layout *lay, const struct mig_snapshot *s, int gpu)
{
	char text[TEXT_MAX];

	return strcmp(layout_stands(&s->gpus[gpu], false, text), lay->text[gpu]) == 0;
}
