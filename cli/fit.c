/* SPDX-License-Identifier: Apache-2.0 */
/* migctl fit - does this fit, where, and if not, what stands in the way? */
#include <stdio.h>

#include "cli/gpu_type.h"
#include "shared/text.h"

static int print_json(struct cli *cli, const struct chosen_type *chosen,
		      const struct mig_request *req, const int *starts,
		      const struct mig_layout *lay, struct mig_error *err)
{
	json_t *doc = chosen_type_document("migctl.fit/v1", chosen);
	json_t *items = json_array();
	char text[256];

	for (int i = 0; i < req->n; i++) {
		const struct mig_want *w = &req->want[i];
		json_t *cis = json_array();

		for (int k = 0; k < w->n_ci; k++)
			json_array_append_new(
				cis,
				json_string(req->type->profiles[w->profile].ci[w->ci[k]].name));
		json_array_append_new(items,
				      json_pack("{s:s, s:i, s:s, s:o}", "profile",
						req->type->profiles[w->profile].name, "start",
						starts[i], "reason",
						w->start >= 0
							? "asked for"
							: "keeps the most other places free of "
							  "those that leave room for the rest",
						"compute_instances", cis));
	}
	json_object_set_new(doc, "fits", json_true());
	json_object_set_new(doc, "instances", items);
	json_object_set_new(doc, "layout",
			    json_string(mig_layout_format(lay, text, sizeof(text))));
	return cli_print_json(cli, doc, err);
}

/* " (1c.3g.40gb, 2c.3g.40gb)" where it is not just the default compute instance. */
static void print_split(const struct mig_gpu_type *type, const struct mig_want *w)
{
	const struct mig_ci_profile *ci = type->profiles[w->profile].ci;

	if (w->n_ci == 0 || (w->n_ci == 1 && ci[w->ci[0]].is_default))
		return;
	for (int k = 0; k < w->n_ci; k++)
		printf("%s%s", k ? ", " : " (", ci[w->ci[k]].name);
	putchar(')');
}

static void print_text(const struct chosen_type *chosen, const struct mig_request *req,
		       const int *starts, const struct mig_layout *lay)
{
	const struct mig_picture pic = { .is_unicode = cli_is_unicode(), .has_ruler = true };
	char title[512], buf[MIG_PICTURE_BYTES];

	puts(chosen_type_title(chosen, title, sizeof(title)));
	fputs("fits:", stdout);
	for (int i = 0; i < req->n; i++) {
		printf(" %s@%d", req->type->profiles[req->want[i].profile].name, starts[i]);
		print_split(req->type, &req->want[i]);
	}
	printf("\n%s", mig_layout_draw(lay, &pic, buf, sizeof(buf)));
}

/* The answer is no; the error beside it says why. */
static int print_no_fit(struct cli *cli, const struct chosen_type *chosen,
			const struct mig_layout *from)
{
	json_t *doc = chosen_type_document("migctl.fit/v1", chosen);
	char text[256];

	json_object_set_new(doc, "fits", json_false());
	json_object_set_new(doc, "instances", json_array());
	json_object_set_new(doc, "layout",
			    json_string(mig_layout_format(from, text, sizeof(text))));
	return cli_print_json(cli, doc, NULL);
}

static int fit(struct cli *cli, const struct chosen_type *chosen, struct mig_error *err)
{
	const bool is_empty = cli_option(cli, "empty") != NULL;
	struct mig_request req = mig_request_empty(chosen->type);
	struct mig_layout lay, from = is_empty ? mig_layout_empty(chosen->type) : chosen->now;
	int starts[MIG_UNITS_MAX];
	int rc = is_empty ? 0 : chosen_type_places(chosen, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < cli->argc && rc == 0; i++)
		rc = mig_request_add(&req, cli->argv[i], err);
	if (rc == 0)
		rc = mig_request_place(&req, &from, starts, &lay, err);
	if (rc == -MIG_E_NOSPACE && cli->is_json)
		rc = print_no_fit(cli, chosen, &from) < 0 ? -MIG_E_NOMEM : rc;
	if (rc < 0)
		return chosen->gpu < 0 ? rc : mig_wrap(err, rc, "GPU %d", chosen->gpu);
	if (cli->is_json)
		return print_json(cli, chosen, &req, starts, &lay, err);
	print_text(chosen, &req, starts, &lay);
	return 0;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct chosen_type chosen;
	int rc = choose_type(cli, &chosen, err);

	if (rc < 0)
		return rc;
	rc = fit(cli, &chosen, err);
	chosen_type_free(&chosen);
	return rc;
}

static const struct option options[] = {
	{ "gpu", 'i', "GPU", "on this GPU: index, UUID or PCI bus id" },
	{ "gpu-type", 0, "TYPE", "on an empty GPU of this type of the catalog" },
	{ "empty", 'e', NULL, "as if nothing stood on the GPU" },
	{ 0 },
};

extern const struct verb verb_fit;
const struct verb verb_fit = {
	.name = "fit",
	.operands = "PROFILE...",
	.summary = "say where instances would go, or what stands in their way",
	.text = "Finds places for all the instances together beside what stands on the GPU, "
		"and draws the result. Nothing is changed.\n\n"
		"PROFILE is a profile's name or id, with a count before it and a start behind "
		"it where wanted: 3g.40gb, 9, 2x1g.10gb, 3g.40gb@4. A compute instance "
		"profile splits a GPU instance: 3x1c.3g.40gb is one 3g.40gb with three "
		"compute instances.\n\n"
		"When it does not fit, the exit status is 4 and the message names what stands "
		"in the way, the most that would fit, and what would have to go. Without "
		"--gpu or --gpu-type the first GPU that can do MIG is meant.",
	.example = "  migctl fit --gpu-type A100-SXM4-80GB 3g.40gb 2x2g.20gb\n"
		   "  migctl fit -i 0 4g.40gb\n",
	.options = options,
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
