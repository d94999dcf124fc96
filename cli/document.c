/* SPDX-License-Identifier: Apache-2.0 */
/* The one JSON document that a run prints: its answer, its failure, or both. */
#include "cli/document.h"

#include <stdio.h>

#include "shared/text.h"

json_t *cli_document(const char *schema, const struct mig_snapshot *snap)
{
	json_t *machine =
		json_pack("{s:s, s:s}", "kind", snap->is_simulated ? "simulated" : "hardware",
			  "name", snap->machine);

	if (*snap->id)
		json_object_set_new(machine, "id", json_string(snap->id));
	json_object_set_new(machine, "driver", json_string(snap->driver));
	if (snap->is_assumed)
		json_object_set_new(machine, "assumed", json_true());
	return json_pack("{s:s, s:o}", "schema", schema, "machine", machine);
}

const char *cli_basis(const struct mig_snapshot *snap, enum mig_basis basis)
{
	if (basis != MIG_BASIS_DRIVER || !snap->is_simulated)
		return mig_basis_name(basis);
	return snap->is_assumed ? mig_basis_name(MIG_BASIS_ASSUMED) : "simulated";
}

int cli_print_json(struct cli *cli, json_t *doc, struct mig_error *err)
{
	if (!doc)
		return mig_fail(err, MIG_E_NOMEM, "make the JSON");
	json_decref(cli->doc);
	cli->doc = doc;
	return 0;
}

/* "migctl.sim-new/v1"; of no verb: "migctl/v1". */
static json_t *new_document(const struct cli *cli)
{
	char schema[64] = "migctl";

	if (cli->verb)
		text_append(schema, sizeof(schema), ".%s", cli->verb->name);
	for (char *c = schema; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	text_append(schema, sizeof(schema), "/v1");
	return json_pack("{s:s}", "schema", schema);
}

static json_t *json_error(int rc, int status, const struct mig_error *err)
{
	return json_pack("{s:s, s:i, s:s}", "code", mig_error_name(rc), "status", status,
			 "message", err->msg[0] ? err->msg : mig_strerror(rc));
}

void document_end(struct cli *cli, int rc, int status, const struct mig_error *err)
{
	const bool has_failed = rc < 0 && rc != -MIG_E_DIFFERENT;

	if (cli->is_json && has_failed && !cli->doc)
		cli->doc = new_document(cli);
	if (!cli->doc)
		return;
	if (has_failed)
		json_object_set_new(cli->doc, "error", json_error(rc, status, err));
	/* Where it cannot be written, the stream tells it in the end. */
	(void)json_dumpf(cli->doc, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(cli->doc);
	cli->doc = NULL;
}
