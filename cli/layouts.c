/* SPDX-License-Identifier: Apache-2.0 */
/* migctl layouts - every way to fill a GPU. */
#include <stdio.h>

#include "cli/gpu_type.h"
#include "shared/text.h"

struct listing {
	const struct chosen_type *chosen;
	bool is_all; /* those with room left, too */
	bool has_pictures;
	int n;
	json_t *json; /* NULL: print text */
};

static void print_layout(const struct listing *list, const struct mig_layout *lay)
{
	const struct mig_picture pic = { .is_unicode = cli_is_unicode(), .is_line = true };
	char buf[MIG_PICTURE_BYTES], text[256];

	mig_layout_format(lay, text, sizeof(text));
	printf("%4d  %s\n", list->n, *text ? text : "(nothing)");
	if (list->has_pictures)
		fputs(mig_layout_draw(lay, &pic, buf, sizeof(buf)), stdout);
}

static json_t *json_layout(const struct mig_layout *lay)
{
	json_t *slots = json_array();
	char text[256];

	for (int i = 0; i < lay->n_slots; i++) {
		const struct mig_profile *p = &lay->type->profiles[lay->slots[i].profile];

		json_array_append_new(slots,
				      json_pack("{s:s, s:i, s:i}", "profile", p->name, "start",
						lay->slots[i].start, "size", p->size));
	}
	return json_pack("{s:s, s:o}", "layout", mig_layout_format(lay, text, sizeof(text)),
			 "instances", slots);
}

static int visit(const struct mig_layout *lay, void *arg)
{
	struct listing *list = arg;

	if (!list->is_all && !mig_layout_is_maximal(lay))
		return 0;
	list->n++;
	if (list->json)
		json_array_append_new(list->json, json_layout(lay));
	else
		print_layout(list, lay);
	return 0;
}

/* Without being asked, the plain profiles: variants by engines multiply the same layouts. */
static uint32_t plain_profiles(const struct mig_gpu_type *type, bool is_every)
{
	uint32_t set = 0;

	for (int i = 0; i < type->n_profiles; i++) {
		const char *gb = type->profiles[i].name;

		while (*gb && *gb != 'b')
			gb++;
		if (is_every || (*gb && gb[1] == '\0'))
			set |= 1U << i;
	}
	return set;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct listing list = { .is_all = cli_option(cli, "all") != NULL,
				.has_pictures = cli_option(cli, "pictures") != NULL };
	struct chosen_type chosen;
	char title[512];
	json_t *doc = NULL;
	int rc = choose_type(cli, &chosen, err);

	if (rc < 0)
		return rc;
	list.chosen = &chosen;
	if (cli->is_json) {
		doc = chosen_type_document("migctl.layouts/v1", &chosen);
		list.json = json_array();
		json_object_set_new(doc, "layouts", list.json);
	} else {
		puts(chosen_type_title(&chosen, title, sizeof(title)));
	}
	(void)mig_layout_each(chosen.type,
			      plain_profiles(chosen.type,
					     cli_option(cli, "every-profile") != NULL),
			      visit, &list);
	if (cli->is_json)
		rc = cli_print_json(cli, doc, err);
	else
		printf("%d %slayout%s\n", list.n, list.is_all ? "" : "full ",
		       list.n == 1 ? "" : "s");
	chosen_type_free(&chosen);
	return rc;
}

static const struct option options[] = {
	{ "gpu", 'i', "GPU", "of this GPU: index, UUID or PCI bus id" },
	{ "gpu-type", 0, "TYPE", "of a GPU type of the catalog, present or not" },
	{ "all", 'a', NULL, "those with room left for another instance, too" },
	{ "every-profile", 0, NULL, "with the variants +me, +gfx, -me … of each profile, too" },
	{ "pictures", 'p', NULL, "draw each" },
	{ 0 },
};

extern const struct verb verb_layouts;
const struct verb verb_layouts = {
	.name = "layouts",
	.operands = "",
	.summary = "list the ways a GPU can be filled",
	.text = "Lists every layout to which no further instance can be added, as placed "
		"profiles: '3g.40gb@4' is a 3g.40gb that begins at placement unit 4.",
	.example = "  migctl layouts --gpu-type A100-SXM4-80GB --pictures\n",
	.options = options,
	.run = run,
};
